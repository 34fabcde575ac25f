//! The hash over all handshake messages.
//!
//! In: messages in order. Out: their hash at any point, and their bytes while a signature may need them.
//! Promise: before the hash is known the bytes are kept, afterwards only as long as nobody dropped them.

use crate::crypto::hash::{Digest, Hash, Running};

/// The messages so far.
pub struct Transcript {
    bytes: Option<Vec<u8>>,
    running: Option<Running>,
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

    /// The suite is known: hashes what was kept and everything from here on.
    pub fn start(&mut self, hash: Hash) {
        let mut running = Running::new(hash);
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

    /// The hash of everything so far. Before [`Transcript::start`] there is none, and nobody asks.
    #[must_use]
    pub fn hash(&self) -> Digest {
        match &self.running {
            Some(running) => running.current(),
            None => Hash::Sha256.digest(self.bytes.as_deref().unwrap_or_default()),
        }
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
