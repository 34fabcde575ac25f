//! Hash functions: one-shot, and running ones that can be asked in between.

use aws_lc_rs::digest;
use md5::{Digest as _, Md5};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the functions' own names
pub enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// The longest output: that of SHA-512, and more than MD5 and SHA-1 side by side.
const MAX: usize = 64;

impl Hash {
    /// `None` for MD5, which another crate has.
    fn algorithm(self) -> Option<&'static digest::Algorithm> {
        match self {
            Hash::Md5 => None,
            Hash::Sha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            Hash::Sha256 => Some(&digest::SHA256),
            Hash::Sha384 => Some(&digest::SHA384),
            Hash::Sha512 => Some(&digest::SHA512),
        }
    }

    /// Output length in bytes.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // no hash is empty
    pub fn len(self) -> usize {
        self.algorithm().map_or(16, digest::Algorithm::output_len)
    }

    /// The hash of `bytes`.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Digest {
        match self.algorithm() {
            Some(algorithm) => Digest::of(digest::digest(algorithm, bytes).as_ref()),
            None => Digest::of(&Md5::digest(bytes)),
        }
    }
}

/// A hash value, or two side by side.
#[derive(Clone, Copy, Debug)]
pub struct Digest {
    bytes: [u8; MAX],
    len: usize,
}

impl Digest {
    fn of(value: &[u8]) -> Digest {
        let mut digest = Digest { bytes: [0; MAX], len: value.len().min(MAX) };
        digest.bytes[..digest.len].copy_from_slice(&value[..digest.len]);
        digest
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// This value with another one behind it.
    #[must_use]
    pub fn followed_by(&self, other: &Digest) -> Digest {
        Digest::of(&[self.as_bytes(), other.as_bytes()].concat())
    }
}

#[derive(Clone)]
enum State {
    Sha(digest::Context),
    Md5(Md5),
}

/// A hash over bytes that keep coming.
#[derive(Clone)]
pub struct Running(State);

impl Running {
    /// Over nothing yet.
    #[must_use]
    pub fn new(hash: Hash) -> Running {
        Running(match hash.algorithm() {
            Some(algorithm) => State::Sha(digest::Context::new(algorithm)),
            None => State::Md5(Md5::new()),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha(context) => context.update(bytes),
            State::Md5(md5) => md5.update(bytes),
        }
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn current(&self) -> Digest {
        match &self.0 {
            State::Sha(context) => Digest::of(context.clone().finish().as_ref()),
            State::Md5(md5) => Digest::of(&md5.clone().finalize()),
        }
    }
}
