//! Record protection as closed enums, made once at a key change; nothing is asked again per record.

use super::aead::AeadRecord;
use super::cbc::{CbcOpener, CbcSealer, CbcShape};
use super::head::Head;
use super::stream::StreamRecord;
use crate::crypto::record_mac::{MacHash, RecordMac};
use crate::crypto::stream::Rc4;
use crate::fault::{CryptoFault, Fault};
use crate::profile::Profile;
use crate::suite::{Bulk, Suite};
use core::ops::Range;

/// Opens records.
pub enum Opener {
    /// No protection yet.
    Plain,
    /// RC4, or a MAC alone.
    Stream(Box<StreamRecord>),
    /// A block cipher.
    Cbc(Box<CbcOpener>),
    /// An AEAD.
    Aead(AeadRecord),
}

/// Seals records.
pub enum Sealer {
    /// No protection yet.
    Plain,
    /// RC4, or a MAC alone.
    Stream(Box<StreamRecord>),
    /// A block cipher.
    Cbc(Box<CbcSealer>),
    /// An AEAD.
    Aead(AeadRecord),
}

/// What one direction's keys are and what was agreed about them.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// The MAC key; empty for AEADs.
    pub mac: &'a [u8],
    /// The cipher key.
    pub key: &'a [u8],
    /// The fixed part of the nonce, or the first vector.
    pub iv: &'a [u8],
    /// Whether the MAC goes outside (RFC 7366).
    pub encrypt_then_mac: bool,
}

/// The MAC that a suite without an AEAD has.
fn mac_of(suite: &Suite) -> Result<MacHash, Fault> {
    suite.mac.ok_or(Fault::Crypto(CryptoFault::Primitive))
}

fn stream(profile: &Profile, suite: &Suite, material: Material<'_>) -> Result<Box<StreamRecord>, Fault> {
    let cipher = if suite.bulk == Bulk::Rc4 { Some(Rc4::new(material.key)?) } else { None };
    let mac = RecordMac::new(mac_of(suite)?, profile.mac, material.mac);
    Ok(Box::new(StreamRecord::new(cipher, mac, profile.mac)))
}

/// Protection for reading.
pub fn opener(profile: &Profile, suite: &Suite, material: Material<'_>) -> Result<Opener, Fault> {
    let Material { mac, key, iv, encrypt_then_mac } = material;
    Ok(match suite.bulk {
        Bulk::Null | Bulk::Rc4 => Opener::Stream(stream(profile, suite, material)?),
        Bulk::Cbc(cipher) => {
            let shape = CbcShape::new(profile, encrypt_then_mac);
            Opener::Cbc(Box::new(CbcOpener::new(cipher, mac_of(suite)?, shape, key, mac, iv)?))
        }
        Bulk::Counter(_) | Bulk::ChaCha => Opener::Aead(AeadRecord::new(suite.bulk, profile.aead, key, iv)?),
    })
}

/// Protection for writing.
pub fn sealer(profile: &Profile, suite: &Suite, material: Material<'_>) -> Result<Sealer, Fault> {
    let Material { mac, key, iv, encrypt_then_mac } = material;
    Ok(match suite.bulk {
        Bulk::Null | Bulk::Rc4 => Sealer::Stream(stream(profile, suite, material)?),
        Bulk::Cbc(cipher) => {
            let shape = CbcShape::new(profile, encrypt_then_mac);
            Sealer::Cbc(Box::new(CbcSealer::new(cipher, mac_of(suite)?, shape, key, mac, iv)?))
        }
        Bulk::Counter(_) | Bulk::ChaCha => Sealer::Aead(AeadRecord::new(suite.bulk, profile.aead, key, iv)?),
    })
}

impl Opener {
    /// Opens a body in place; says where in it the plaintext is.
    pub fn open(&mut self, seq: u64, head: &Head, body: &mut [u8]) -> Result<Range<usize>, Fault> {
        match self {
            Opener::Plain => Ok(0..body.len()),
            Opener::Stream(stream) => stream.open(seq, head, body),
            Opener::Cbc(cbc) => cbc.open(seq, head, body),
            Opener::Aead(aead) => aead.open(seq, head, body),
        }
    }
}

impl Sealer {
    /// Exact length of the sealed body of `n` bytes.
    #[must_use]
    pub fn sealed_len(&self, n: usize) -> usize {
        match self {
            Sealer::Plain => n,
            Sealer::Stream(stream) => n + stream.overhead(),
            Sealer::Cbc(cbc) => cbc.sealed_len(n),
            Sealer::Aead(aead) => n + aead.overhead(),
        }
    }

    /// The longest plaintext whose sealed body has at most `room` bytes; 0 where there is none.
    #[must_use]
    pub fn fits(&self, room: usize) -> usize {
        let mut n = room;
        while n > 0 && self.sealed_len(n) > room {
            n -= 1; // at most a vector, a tag and a block
        }
        n
    }

    /// Seals into `out`, which has exactly [`Sealer::sealed_len`] bytes.
    pub fn seal(&mut self, seq: u64, head: &Head, plain: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        match self {
            Sealer::Plain => {
                out.copy_from_slice(plain);
                Ok(())
            }
            Sealer::Stream(stream) => stream.seal(seq, head, plain, out),
            Sealer::Cbc(cbc) => cbc.seal(seq, head, plain, out),
            Sealer::Aead(aead) => aead.seal(seq, head, plain, out),
        }
    }

    /// Whether the vector of the next record is known already, so that application data is split (`behaviours` 7).
    #[must_use]
    pub fn is_chained(&self) -> bool {
        matches!(self, Sealer::Cbc(cbc) if cbc.is_chained())
    }
}
