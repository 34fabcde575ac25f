//! The AEADs of TLS 1.2 and later.
//!
//! In: a key, a nonce, additional data, bytes. Out: the same bytes sealed or opened. Promise: one pass over the
//! data and no copy; a record that does not open is [`RecordFault::Decryption`] and nothing more.

use crate::fault::{CryptoFault, Fault, RecordFault};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// Bytes that sealing adds.
pub const TAG_LEN: usize = 16;

/// Bytes of nonce.
pub const NONCE_LEN: usize = 12;

/// An AEAD algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the algorithms' own names
pub enum AeadAlgorithm {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
}

impl AeadAlgorithm {
    fn algorithm(self) -> &'static aws_lc_rs::aead::Algorithm {
        match self {
            AeadAlgorithm::Aes128Gcm => &AES_128_GCM,
            AeadAlgorithm::Aes256Gcm => &AES_256_GCM,
            AeadAlgorithm::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        }
    }

    /// Key length in bytes.
    #[must_use]
    pub fn key_len(self) -> usize {
        self.algorithm().key_len()
    }
}

/// A key with its schedule.
pub struct AeadKey(LessSafeKey);

impl AeadKey {
    /// Expands a key.
    pub fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<AeadKey, Fault> {
        let key = UnboundKey::new(algorithm.algorithm(), key);
        Ok(AeadKey(LessSafeKey::new(key.map_err(|_| Fault::Crypto(CryptoFault::Primitive))?)))
    }

    /// Seals `plain` into `out`, which is [`TAG_LEN`] longer.
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        plain: &[u8],
        out: &mut [u8],
    ) -> Result<(), Fault> {
        let refused = Fault::Crypto(CryptoFault::Primitive);
        let (body, tag) = out.split_at_mut_checked(plain.len()).ok_or(refused)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let sealed = self.0.seal_out_of_place_scatter(nonce, Aad::from(aad), plain, body, &[], tag);
        sealed.map_err(|_| refused)
    }

    /// Opens ciphertext and tag in place; says how long the plaintext at the front is.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        body: &mut [u8],
    ) -> Result<usize, Fault> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(aad), body);
        opened.map(|plain| plain.len()).map_err(|_| Fault::Record(RecordFault::Decryption))
    }
}
