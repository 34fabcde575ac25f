//! Record protection as closed enums, made once at a key change; nothing is asked again per record.

use super::aead::AeadRecord;
use super::head::Head;
use crate::fault::Fault;
use crate::profile::Profile;
use crate::suite::Suite;
use core::ops::Range;

/// Opens records.
pub enum Opener {
    /// No protection yet.
    Plain,
    /// An AEAD.
    Aead(AeadRecord),
}

/// Seals records.
pub enum Sealer {
    /// No protection yet.
    Plain,
    /// An AEAD.
    Aead(AeadRecord),
}

/// Protection for reading.
pub fn opener(profile: &Profile, suite: &Suite, key: &[u8], iv: &[u8]) -> Result<Opener, Fault> {
    Ok(Opener::Aead(AeadRecord::new(suite.bulk, profile.aead, key, iv)?))
}

/// Protection for writing.
pub fn sealer(profile: &Profile, suite: &Suite, key: &[u8], iv: &[u8]) -> Result<Sealer, Fault> {
    Ok(Sealer::Aead(AeadRecord::new(suite.bulk, profile.aead, key, iv)?))
}

impl Opener {
    /// Opens a body in place; says where in it the plaintext is.
    pub fn open(&mut self, seq: u64, head: &Head, body: &mut [u8]) -> Result<Range<usize>, Fault> {
        match self {
            Opener::Plain => Ok(0..body.len()),
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
            Sealer::Aead(aead) => n + aead.overhead(),
        }
    }

    /// Seals into `out`, which has exactly [`Sealer::sealed_len`] bytes.
    pub fn seal(&mut self, seq: u64, head: &Head, plain: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        match self {
            Sealer::Plain => {
                out.copy_from_slice(plain);
                Ok(())
            }
            Sealer::Aead(aead) => aead.seal(seq, head, plain, out),
        }
    }
}
