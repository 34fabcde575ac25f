//! Records under an AEAD in TLS 1.2: GCM and CCM with an explicit nonce (RFC 5288, RFC 6655), ChaCha20-Poly1305 with a
//! mixed one (RFC 7905). The two differ in how the nonce is built and in nothing else.

use super::head::{Head, MAX_MAC_HEADER, mac_header};
use crate::crypto::aead::{AeadAlgorithm, AeadKey, NONCE_LEN};
use crate::crypto::record_mac::MacForm;
use crate::fault::{CryptoFault, Fault, RecordFault};
use crate::profile::AeadShape;
use crate::suite::Bulk;
use core::ops::Range;
use zeroize::Zeroize;

/// One direction's key and nonce rule.
pub struct AeadRecord {
    key: AeadKey,
    iv: [u8; NONCE_LEN],
    explicit: usize,
    shape: AeadShape,
}

impl Drop for AeadRecord {
    fn drop(&mut self) {
        self.iv.zeroize();
    }
}

impl AeadRecord {
    /// For this cipher with this key and fixed nonce part.
    pub fn new(bulk: Bulk, shape: AeadShape, key: &[u8], iv: &[u8]) -> Result<AeadRecord, Fault> {
        let refused = Fault::Crypto(CryptoFault::Primitive);
        // A counter mode's record carries the eight bytes that the key block leaves open.
        let (algorithm, explicit) = match bulk {
            Bulk::Counter(algorithm) => (algorithm, 8),
            Bulk::ChaCha => (AeadAlgorithm::ChaCha20Poly1305, 0),
            Bulk::Null | Bulk::Rc4 | Bulk::Cbc(_) => return Err(refused),
        };
        if iv.len() + explicit != NONCE_LEN {
            return Err(refused);
        }
        let mut fixed = [0; NONCE_LEN];
        fixed[..iv.len()].copy_from_slice(iv);
        Ok(AeadRecord { key: AeadKey::new(algorithm, key)?, iv: fixed, explicit, shape })
    }

    /// How much a record grows.
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.explicit + self.key.tag_len()
    }

    /// The fixed part, then the eight bytes of the record: carried by it, or mixed in.
    fn nonce(&self, eight: [u8; 8]) -> [u8; NONCE_LEN] {
        let mut nonce = self.iv;
        let tail = nonce.iter_mut().skip(NONCE_LEN - eight.len());
        tail.zip(eight).for_each(|(n, e)| *n ^= e);
        nonce
    }

    /// The additional data: what a MAC would cover before the content (RFC 5246 section 6.2.3.3).
    fn aad(&self, seq: u64, head: &Head, plain: usize) -> ([u8; MAX_MAC_HEADER], usize) {
        match self.shape {
            AeadShape::PseudoHeader => mac_header(MacForm::Hmac, seq, head, plain),
        }
    }

    /// Seals into `out`, which is [`AeadRecord::overhead`] longer than `plain`. The explicit nonce is the
    /// sequence number, which no other record of these keys has.
    pub fn seal(&self, seq: u64, head: &Head, plain: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        let eight = seq.to_be_bytes();
        let (explicit, body) =
            out.split_at_mut_checked(self.explicit).ok_or(Fault::Crypto(CryptoFault::Primitive))?;
        explicit.copy_from_slice(&eight[..self.explicit]);
        let (aad, used) = self.aad(seq, head, plain.len());
        self.key.seal(&self.nonce(eight), &aad[..used], plain, body)
    }

    /// Opens a body in place; says where in it the plaintext is.
    pub fn open(&self, seq: u64, head: &Head, body: &mut [u8]) -> Result<Range<usize>, Fault> {
        let plain = body.len().checked_sub(self.overhead()).ok_or(Fault::Record(RecordFault::TooShort))?;
        let (explicit, sealed) = body.split_at_mut(self.explicit);
        let eight = <[u8; 8]>::try_from(&*explicit).unwrap_or_else(|_| seq.to_be_bytes());
        let (aad, used) = self.aad(seq, head, plain);
        let n = self.key.open_in_place(&self.nonce(eight), &aad[..used], sealed)?;
        Ok(self.explicit..self.explicit + n)
    }
}
