//! Records under a block cipher in CBC mode: SSLv3 to TLS 1.2 (RFC 5246 section 6.2.3.2), with the MAC inside as ever or
//! outside (RFC 7366).
//!
//! In: plaintext or a sealed body. Out: the other. Promise: a MAC inside is checked in constant time
//! ([`super::cbc_mte`]), a MAC outside before anything is decrypted. Initialisation vectors are chained where the version
//! says so and random otherwise.

use super::cbc_mte::{MteCheck, all_equal};
use super::head::{Head, mac_header};
use crate::crypto::cbc::{BlockCipher, CbcDecryptor, CbcEncryptor, CbcHmacSealer, MAX_BLOCK};
use crate::crypto::mask::below;
use crate::crypto::record_mac::{MacForm, MacHash, RecordMac};
use crate::crypto::rng::{OsRng, Rng};
use crate::fault::{CryptoFault, Fault, RecordFault};
use crate::profile::{CbcIv, CbcPadding, Profile};
use core::ops::Range;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

const REFUSED: Fault = Fault::Crypto(CryptoFault::Primitive);

/// What the versions and extensions say about CBC records.
#[derive(Clone, Copy, Debug)]
pub struct CbcShape {
    mac: MacForm,
    iv: CbcIv,
    padding: CbcPadding,
    encrypt_then_mac: bool,
}

impl CbcShape {
    /// Of a version, with or without RFC 7366.
    #[must_use]
    pub fn new(profile: &Profile, encrypt_then_mac: bool) -> CbcShape {
        CbcShape { mac: profile.mac, iv: profile.iv, padding: profile.padding, encrypt_then_mac }
    }
}

/// The vector that the next record starts from, where records are chained.
struct Chain {
    bytes: [u8; MAX_BLOCK],
    block: usize,
}

impl Chain {
    fn new(iv: &[u8], block: usize) -> Result<Chain, Fault> {
        let mut bytes = [0; MAX_BLOCK];
        bytes.get_mut(..block).filter(|b| b.len() == iv.len()).ok_or(REFUSED)?.copy_from_slice(iv);
        Ok(Chain { bytes, block })
    }

    fn current(&self) -> &[u8] {
        &self.bytes[..self.block]
    }

    /// The last block of a ciphertext is the vector of the next record.
    fn advance(&mut self, ciphertext: &[u8]) {
        let last = &ciphertext[ciphertext.len().saturating_sub(self.block)..];
        self.bytes[..last.len()].copy_from_slice(last);
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// Random vectors, fetched several at a time: one call into the system costs as much as a small record.
struct Vectors {
    bytes: [u8; 16 * MAX_BLOCK],
    used: usize,
}

impl Vectors {
    fn new() -> Vectors {
        Vectors { bytes: [0; 16 * MAX_BLOCK], used: 16 * MAX_BLOCK }
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        if self.used + out.len() > self.bytes.len() {
            OsRng.fill(&mut self.bytes)?;
            self.used = 0;
        }
        out.copy_from_slice(&self.bytes[self.used..self.used + out.len()]);
        self.used += out.len();
        Ok(())
    }
}

/// Seals records.
pub struct CbcSealer {
    cipher: CbcEncryptor,
    /// The same in one pass, for the MAC of TLS inside.
    stitched: Option<CbcHmacSealer>,
    mac: RecordMac,
    shape: CbcShape,
    block: usize,
    chain: Option<Chain>,
    vectors: Vectors,
}

impl CbcSealer {
    /// With these keys.
    pub fn new(
        cipher: BlockCipher,
        hash: MacHash,
        shape: CbcShape,
        key: &[u8],
        mac: &[u8],
        iv: &[u8],
    ) -> Result<CbcSealer, Fault> {
        let block = cipher.block_len();
        let can_be_stitched = shape.mac == MacForm::Hmac && !shape.encrypt_then_mac;
        Ok(CbcSealer {
            cipher: CbcEncryptor::new(cipher, key)?,
            stitched: can_be_stitched.then(|| CbcHmacSealer::new(cipher, hash, key, mac)).flatten(),
            mac: RecordMac::new(hash, shape.mac, mac),
            shape,
            block,
            chain: (shape.iv == CbcIv::Chained).then(|| Chain::new(iv, block)).transpose()?,
            vectors: Vectors::new(),
        })
    }

    /// Whether a record's vector is known before its plaintext is chosen, so that data is split (`behaviours` 7).
    #[must_use]
    pub fn is_chained(&self) -> bool {
        self.chain.is_some()
    }

    fn prefix(&self) -> usize {
        if self.chain.is_some() { 0 } else { self.block }
    }

    /// Bytes of ciphertext and what is in it beside the plaintext.
    fn encrypted(&self, n: usize) -> usize {
        let inside = if self.shape.encrypt_then_mac { n } else { n + self.mac.tag_len() };
        (inside + 1).next_multiple_of(self.block)
    }

    /// Exact length of the sealed body of `n` bytes.
    #[must_use]
    pub fn sealed_len(&self, n: usize) -> usize {
        let outside = if self.shape.encrypt_then_mac { self.mac.tag_len() } else { 0 };
        self.prefix() + self.encrypted(n) + outside
    }

    /// Seals into `out`, which has exactly [`CbcSealer::sealed_len`] bytes.
    pub fn seal(&mut self, seq: u64, head: &Head, plain: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        if out.len() != self.sealed_len(plain.len()) {
            return Err(REFUSED);
        }
        let prefix = self.prefix();
        out[prefix..prefix + plain.len()].copy_from_slice(plain);
        let stitched = self.stitched.as_mut().filter(|_| head.cid.is_empty());
        if let Some(stitched) = stitched {
            let (header, _) = mac_header(self.shape.mac, seq, head, plain.len());
            let header = header.first_chunk().ok_or(REFUSED)?;
            return match &mut self.chain {
                Some(chain) => {
                    stitched.seal(header, chain.current(), out)?;
                    chain.advance(out);
                    Ok(())
                }
                None => {
                    self.vectors.fill(&mut out[..prefix])?;
                    stitched.seal(header, &[0; MAX_BLOCK], out)
                }
            };
        }
        let (covered, outer) = out.split_at_mut(prefix + self.encrypted(plain.len()));
        let (iv, body) = covered.split_at_mut(prefix);
        let end = &mut body[plain.len()..];
        let padding = if self.shape.encrypt_then_mac {
            end
        } else {
            let (header, used) = mac_header(self.shape.mac, seq, head, plain.len());
            let (inside, padding) = end.split_at_mut(self.mac.tag_len());
            inside.copy_from_slice(self.mac.tag(&header[..used], plain).as_bytes());
            padding
        };
        padding.fill((padding.len() - 1) as u8);
        match &mut self.chain {
            Some(chain) => {
                self.cipher.encrypt(chain.current(), body)?;
                chain.advance(body);
            }
            None => {
                self.vectors.fill(iv)?;
                self.cipher.encrypt(iv, body)?;
            }
        }
        if self.shape.encrypt_then_mac {
            let (header, used) = mac_header(self.shape.mac, seq, head, covered.len());
            outer.copy_from_slice(self.mac.tag(&header[..used], covered).as_bytes());
        }
        Ok(())
    }
}

enum Check {
    /// The MAC is inside.
    Inside(Box<MteCheck>),
    /// The MAC is outside.
    Outside(RecordMac),
}

/// Opens records.
pub struct CbcOpener {
    cipher: CbcDecryptor,
    check: Check,
    form: MacForm,
    block: usize,
    chain: Option<Chain>,
}

impl CbcOpener {
    /// With these keys.
    pub fn new(
        cipher: BlockCipher,
        hash: MacHash,
        shape: CbcShape,
        key: &[u8],
        mac: &[u8],
        iv: &[u8],
    ) -> Result<CbcOpener, Fault> {
        let block = cipher.block_len();
        let check = if shape.encrypt_then_mac {
            Check::Outside(RecordMac::new(hash, shape.mac, mac))
        } else {
            Check::Inside(Box::new(MteCheck::new(hash, shape.mac, mac, shape.padding, block)?))
        };
        Ok(CbcOpener {
            cipher: CbcDecryptor::new(cipher, key)?,
            check,
            form: shape.mac,
            block,
            chain: (shape.iv == CbcIv::Chained).then(|| Chain::new(iv, block)).transpose()?,
        })
    }

    /// Opens a body in place; says where in it the plaintext is.
    pub fn open(&mut self, seq: u64, head: &Head, body: &mut [u8]) -> Result<Range<usize>, Fault> {
        let prefix = if self.chain.is_some() { 0 } else { self.block };
        let outside = match &self.check {
            Check::Inside(_) => 0,
            Check::Outside(mac) => mac.tag_len(),
        };
        let sealed = body.len().checked_sub(outside).ok_or(Fault::Record(RecordFault::TooShort))?;
        if !sealed.is_multiple_of(self.block) {
            return Err(RecordFault::Overflow.into());
        }
        let least = match &self.check {
            Check::Inside(check) => check.least(),
            Check::Outside(_) => 1,
        };
        if sealed < prefix + least {
            return Err(RecordFault::TooShort.into());
        }
        if let Check::Outside(mac) = &self.check {
            let (header, used) = mac_header(self.form, seq, head, sealed);
            let wanted = mac.tag(&header[..used], &body[..sealed]);
            if !bool::from(wanted.as_bytes().ct_eq(&body[sealed..])) {
                return Err(RecordFault::BadMac.into());
            }
        }
        self.decrypt(prefix, &mut body[..sealed])?;
        let text = &body[prefix..sealed];
        let len = match &self.check {
            Check::Inside(check) => check.plaintext(seq, head, text)?,
            Check::Outside(_) => unpadded(text)?,
        };
        Ok(prefix..prefix + len)
    }

    fn decrypt(&mut self, prefix: usize, body: &mut [u8]) -> Result<(), Fault> {
        let (iv, text) = body.split_at_mut(prefix);
        match &mut self.chain {
            Some(chain) => {
                let mut next = Chain { bytes: [0; MAX_BLOCK], block: self.block };
                next.advance(text);
                self.cipher.decrypt(chain.current(), text)?;
                *chain = next;
                Ok(())
            }
            None => self.cipher.decrypt(iv, text),
        }
    }
}

/// The length without padding of text whose MAC was right. What is wrong here is the peer's own doing; how long the
/// padding is, is nobody else's business.
fn unpadded(text: &[u8]) -> Result<usize, Fault> {
    let wrong = Fault::Record(RecordFault::BadMac);
    let padding = usize::from(*text.last().ok_or(wrong)?);
    let good = !below(text.len(), padding + 1) & all_equal(text, padding);
    if good == 0xff { Ok(text.len() - padding - 1) } else { Err(wrong) }
}
