//! Record headers and limits (RFC 5246 section 6.2).

use crate::fault::{Fault, Misstep, RecordFault};
use crate::wire::ids::{ContentType, WireVersion};

/// Type, version, length.
pub const HEADER: usize = 5;

/// Plaintext of one record.
pub const MAX_PLAIN: usize = 16384;

/// Body of a received record (`behaviours` section 7: 18432 with the header).
pub const MAX_BODY: usize = 18427;

/// The header of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the record carries.
    pub content_type: ContentType,
    /// The version field, which is not checked on input.
    pub version: WireVersion,
    /// Length of the body.
    pub len: usize,
}

impl Head {
    /// Reads a header. `first` makes the check that bytes of another protocol are told from a bad record.
    pub fn parse(bytes: &[u8; HEADER], first: bool) -> Result<Head, Fault> {
        let [typ, major, minor, high, low] = *bytes;
        let known = (ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::APPLICATION_DATA.0).contains(&typ);
        if first && (!known || major != 3) {
            return Err(Misstep::NotTls.into());
        }
        if !known {
            return Err(Misstep::UnknownContentType.into());
        }
        let len = usize::from(u16::from_be_bytes([high, low]));
        if len > MAX_BODY {
            return Err(RecordFault::Overflow.into());
        }
        let version = WireVersion(u16::from_be_bytes([major, minor]));
        Ok(Head { content_type: ContentType(typ), version, len })
    }

    /// The header of a record of ours, whose body is never longer than two bytes can say.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER] {
        let [major, minor] = self.version.0.to_be_bytes();
        let len = self.len.to_be_bytes();
        [self.content_type.0, major, minor, len[len.len() - 2], len[len.len() - 1]]
    }
}
