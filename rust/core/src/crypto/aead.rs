//! The AEADs of TLS 1.2 and later.
//!
//! In: a key, a nonce, additional data, bytes. Out: the same bytes sealed or opened. Promise: one pass over the
//! data and no copy (CCM: two passes, its design); a record that does not open is [`RecordFault::Decryption`] and
//! nothing more.

use crate::fault::{CryptoFault, Fault, RecordFault};
use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ccm::Ccm;
use ccm::aead::consts::{U8, U12, U16};
use ccm::aead::{AeadInOut, KeyInit, Tag, inout::InOutBuf};

/// Bytes of nonce.
pub const NONCE_LEN: usize = 12;

/// An AEAD algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the algorithms' own names
pub enum AeadAlgorithm {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
    Aes128Ccm,
    Aes256Ccm,
    Aes128Ccm8,
    Aes256Ccm8,
}

impl AeadAlgorithm {
    /// Key length in bytes.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Aes128Ccm | AeadAlgorithm::Aes128Ccm8 => 16,
            AeadAlgorithm::Aes256Gcm
            | AeadAlgorithm::ChaCha20Poly1305
            | AeadAlgorithm::Aes256Ccm
            | AeadAlgorithm::Aes256Ccm8 => 32,
        }
    }

    /// Bytes that sealing adds.
    #[must_use]
    pub fn tag_len(self) -> usize {
        if matches!(self, AeadAlgorithm::Aes128Ccm8 | AeadAlgorithm::Aes256Ccm8) { 8 } else { 16 }
    }
}

enum Key {
    /// GCM and ChaCha20-Poly1305.
    Fast(LessSafeKey),
    Ccm128(Box<Ccm<Aes128, U16, U12>>),
    Ccm256(Box<Ccm<Aes256, U16, U12>>),
    Ccm128Short(Box<Ccm<Aes128, U8, U12>>),
    Ccm256Short(Box<Ccm<Aes256, U8, U12>>),
}

/// A key with its schedule.
pub struct AeadKey {
    key: Key,
    tag: usize,
}

const REFUSED: Fault = Fault::Crypto(CryptoFault::Primitive);

fn ccm<C: KeyInit>(key: &[u8]) -> Result<Box<C>, Fault> {
    C::new_from_slice(key).map(Box::new).map_err(|_| REFUSED)
}

fn fast(algorithm: &'static aws_lc_rs::aead::Algorithm, key: &[u8]) -> Result<Key, Fault> {
    let key = UnboundKey::new(algorithm, key).map_err(|_| REFUSED)?;
    Ok(Key::Fast(LessSafeKey::new(key)))
}

fn seal_ccm<C: AeadInOut<NonceSize = U12>>(
    cipher: &C,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    plain: &[u8],
    out: &mut [u8],
    tag: &mut [u8],
) -> Result<(), Fault> {
    let buffer = InOutBuf::new(plain, out).map_err(|_| REFUSED)?;
    let made = cipher.encrypt_inout_detached(&(*nonce).into(), aad, buffer).map_err(|_| REFUSED)?;
    tag.copy_from_slice(&made);
    Ok(())
}

fn open_ccm<C: AeadInOut<NonceSize = U12>>(
    cipher: &C,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    body: &mut [u8],
    tag: usize,
) -> Result<usize, Fault> {
    let refused = Fault::Record(RecordFault::Decryption);
    let at = body.len().checked_sub(tag).ok_or(refused)?;
    let (text, tag) = body.split_at_mut(at);
    let tag = Tag::<C>::try_from(&*tag).map_err(|_| refused)?;
    cipher
        .decrypt_inout_detached(&(*nonce).into(), aad, InOutBuf::from(&mut *text), &tag)
        .map_err(|_| refused)?;
    Ok(text.len())
}

impl AeadKey {
    /// Expands a key.
    pub fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<AeadKey, Fault> {
        let expanded = match algorithm {
            AeadAlgorithm::Aes128Gcm => fast(&AES_128_GCM, key)?,
            AeadAlgorithm::Aes256Gcm => fast(&AES_256_GCM, key)?,
            AeadAlgorithm::ChaCha20Poly1305 => fast(&CHACHA20_POLY1305, key)?,
            AeadAlgorithm::Aes128Ccm => Key::Ccm128(ccm(key)?),
            AeadAlgorithm::Aes256Ccm => Key::Ccm256(ccm(key)?),
            AeadAlgorithm::Aes128Ccm8 => Key::Ccm128Short(ccm(key)?),
            AeadAlgorithm::Aes256Ccm8 => Key::Ccm256Short(ccm(key)?),
        };
        Ok(AeadKey { key: expanded, tag: algorithm.tag_len() })
    }

    /// Bytes that sealing adds.
    #[must_use]
    pub fn tag_len(&self) -> usize {
        self.tag
    }

    /// Seals `plain` into `out`, which is [`AeadKey::tag_len`] longer.
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        plain: &[u8],
        out: &mut [u8],
    ) -> Result<(), Fault> {
        let (body, tag) =
            out.split_at_mut_checked(plain.len()).filter(|(_, t)| t.len() == self.tag).ok_or(REFUSED)?;
        match &self.key {
            Key::Fast(key) => {
                let nonce = Nonce::assume_unique_for_key(*nonce);
                let sealed = key.seal_out_of_place_scatter(nonce, Aad::from(aad), plain, body, &[], tag);
                sealed.map_err(|_| REFUSED)
            }
            Key::Ccm128(cipher) => seal_ccm(cipher.as_ref(), nonce, aad, plain, body, tag),
            Key::Ccm256(cipher) => seal_ccm(cipher.as_ref(), nonce, aad, plain, body, tag),
            Key::Ccm128Short(cipher) => seal_ccm(cipher.as_ref(), nonce, aad, plain, body, tag),
            Key::Ccm256Short(cipher) => seal_ccm(cipher.as_ref(), nonce, aad, plain, body, tag),
        }
    }

    /// Opens ciphertext and tag in place; says how long the plaintext at the front is.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        body: &mut [u8],
    ) -> Result<usize, Fault> {
        match &self.key {
            Key::Fast(key) => {
                let nonce = Nonce::assume_unique_for_key(*nonce);
                let opened = key.open_in_place(nonce, Aad::from(aad), body);
                opened.map(|plain| plain.len()).map_err(|_| Fault::Record(RecordFault::Decryption))
            }
            Key::Ccm128(cipher) => open_ccm(cipher.as_ref(), nonce, aad, body, self.tag),
            Key::Ccm256(cipher) => open_ccm(cipher.as_ref(), nonce, aad, body, self.tag),
            Key::Ccm128Short(cipher) => open_ccm(cipher.as_ref(), nonce, aad, body, self.tag),
            Key::Ccm256Short(cipher) => open_ccm(cipher.as_ref(), nonce, aad, body, self.tag),
        }
    }
}
