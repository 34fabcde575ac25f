//! Hash functions: one-shot, and running ones that can be asked in between.

use aws_lc_rs::digest;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the functions' own names
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        }
    }

    /// Output length in bytes.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // no hash is empty
    pub fn len(self) -> usize {
        self.algorithm().output_len()
    }

    /// The hash of `bytes`.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Digest {
        Digest(digest::digest(self.algorithm(), bytes))
    }
}

/// A hash value.
#[derive(Clone, Copy, Debug)]
pub struct Digest(digest::Digest);

impl Digest {
    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// A hash over bytes that keep coming.
#[derive(Clone)]
pub struct Running(digest::Context);

impl Running {
    /// Over nothing yet.
    #[must_use]
    pub fn new(hash: Hash) -> Running {
        Running(digest::Context::new(hash.algorithm()))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn current(&self) -> Digest {
        Digest(self.0.clone().finish())
    }
}
