//! The hash over all handshake messages.
//!
//! In: messages in order. Out: their hash at any point, and their bytes while a signature may need them.
//! Promise: before the hash is known the bytes are kept, afterwards only as long as nobody dropped them.

use crate::crypto::hash::{Digest, Hash, Running};
use crate::crypto::secret::Secret;
use crate::profile::{Profile, Schedule};

/// The hashes of a version: one, or MD5 and SHA-1 side by side.
struct Hashes(Running, Option<Running>);

impl Hashes {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
        if let Some(second) = &mut self.1 {
            second.update(bytes);
        }
    }

    fn current(&self) -> Digest {
        let first = self.0.current();
        self.1.as_ref().map_or(first, |second| first.followed_by(&second.current()))
    }
}

/// The messages so far.
pub struct Transcript {
    bytes: Option<Vec<u8>>,
    running: Option<Hashes>,
}

impl Default for Transcript {
    fn default() -> Transcript {
        Transcript::new()
    }
}

impl Transcript {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Transcript {
        Transcript { bytes: Some(Vec::new()), running: None }
    }

    /// Version and suite are known: hashes what was kept and everything from here on.
    pub fn start(&mut self, profile: &Profile, prf: Hash) {
        let mut running = match profile.schedule {
            Schedule::PrfBySuite => Hashes(Running::new(prf), None),
            Schedule::PrfMd5Sha1 | Schedule::Ssl3 => {
                Hashes(Running::new(Hash::Md5), Some(Running::new(Hash::Sha1)))
            }
        };
        running.update(self.bytes.as_deref().unwrap_or_default());
        self.running = Some(running);
    }

    /// Adds a whole message.
    pub fn add(&mut self, message: &[u8]) {
        if let Some(bytes) = &mut self.bytes {
            bytes.extend_from_slice(message);
        }
        if let Some(running) = &mut self.running {
            running.update(message);
        }
    }

    /// The hash of everything so far: one value, or MD5's and SHA-1's side by side. Before [`Transcript::start`]
    /// there is none, and nobody asks.
    #[must_use]
    pub fn hash(&self) -> Digest {
        match &self.running {
            Some(running) => running.current(),
            None => Hash::Sha256.digest(self.bytes.as_deref().unwrap_or_default()),
        }
    }

    /// SSLv3's nested digests over the messages, a sender and the master secret: MD5's, then SHA-1's (RFC 6101 sections
    /// 5.6.8 and 5.6.9).
    #[must_use]
    pub fn ssl3(&self, sender: &[u8], master: &Secret) -> Secret {
        let mut out = Vec::new();
        if let Some(Hashes(md5, Some(sha1))) = &self.running {
            for (hash, running, pad) in [(Hash::Md5, md5, 48), (Hash::Sha1, sha1, 40)] {
                let mut inner = running.clone();
                inner.update(sender);
                inner.update(master.as_bytes());
                inner.update(&[0x36; 48][..pad]);
                let mut outer = Running::new(hash);
                outer.update(master.as_bytes());
                outer.update(&[0x5c; 48][..pad]);
                outer.update(inner.current().as_bytes());
                out.extend_from_slice(outer.current().as_bytes());
            }
        }
        Secret::new(out)
    }

    /// The messages themselves, for CertificateVerify, unless dropped.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    /// No signature over the messages will be needed.
    pub fn drop_bytes(&mut self) {
        self.bytes = None;
    }
}
