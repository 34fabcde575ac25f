//! Record headers and limits (RFC 5246 section 6.2).

use crate::crypto::record_mac::MacForm;
use crate::fault::{Fault, Misstep, RecordFault};
use crate::wire::ids::{ContentType, HandshakeType, WireVersion};

/// Type, version, length.
pub const HEADER: usize = 5;

/// Type, version, epoch, sequence number, length (RFC 6347 section 4.1).
pub const DATAGRAM_HEADER: usize = 13;

/// Where the length stands in it.
const LENGTH_AT: usize = 11;

/// Plaintext of one record.
pub const MAX_PLAIN: usize = 16384;

/// Body of a received record (`behaviours` section 7: 18432 with the header).
pub const MAX_BODY: usize = 18427;

/// The length in front of a ClientHello in SSLv2's format, and the least that it can say: what stands before the suites.
const V2_HEADER: usize = 2;
const V2_LEAST: u8 = 9;

/// The header of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the record carries.
    pub content_type: ContentType,
    /// The version field, which is not checked on input.
    pub version: WireVersion,
    /// Length of the body.
    pub len: usize,
    /// Bytes of the header itself that are not part of the body.
    pub skip: usize,
}

impl Head {
    /// The header of a record of SSLv3 or TLS.
    #[must_use]
    pub fn new(content_type: ContentType, version: WireVersion, len: usize) -> Head {
        Head { content_type, version, len, skip: HEADER }
    }

    /// Reads a header. `first` makes the check that bytes of another protocol are told from a bad record.
    pub fn parse(bytes: &[u8; HEADER], first: bool) -> Result<Head, Fault> {
        let [typ, major, minor, high, low] = *bytes;
        // SSLv2's format: a length with its high bit set, then the message (RFC 5246 appendix E.2).
        if first
            && typ & 0x80 != 0
            && major >= V2_LEAST
            && minor == HandshakeType::CLIENT_HELLO.0
            && high == 3
        {
            let len = usize::from(u16::from_be_bytes([typ & 0x7f, major]));
            if len > MAX_BODY {
                return Err(RecordFault::Overflow.into());
            }
            let version = WireVersion(u16::from_be_bytes([high, low]));
            return Ok(Head { content_type: ContentType::V2_HELLO, version, len, skip: V2_HEADER });
        }
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
        Ok(Head::new(ContentType(typ), version, len))
    }

    /// The header of a record of ours, whose body is never longer than two bytes can say.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER] {
        let [major, minor] = self.version.0.to_be_bytes();
        let len = self.len.to_be_bytes();
        [self.content_type.0, major, minor, len[len.len() - 2], len[len.len() - 1]]
    }
}

/// The header of a record in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramHead {
    /// What other records have, too.
    pub head: Head,
    /// Epoch and sequence number in one.
    pub number: u64,
}

impl DatagramHead {
    /// Reads a header. What it says is believed only as far as the length; see [`DatagramHead::is_usable`].
    #[must_use]
    pub fn parse(bytes: &[u8; DATAGRAM_HEADER]) -> DatagramHead {
        let [typ, major, minor, number @ .., high, low] = *bytes;
        let head = Head {
            content_type: ContentType(typ),
            version: WireVersion(u16::from_be_bytes([major, minor])),
            len: usize::from(u16::from_be_bytes([high, low])),
            skip: DATAGRAM_HEADER,
        };
        DatagramHead { head, number: u64::from_be_bytes(number) }
    }

    /// Whether such a record can be one of DTLS: its type, its major version and its length.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let Head { content_type, version, len, .. } = self.head;
        let known =
            (ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::APPLICATION_DATA.0).contains(&content_type.0);
        known && version.0 >> 8 == 0xfe && len <= MAX_BODY
    }

    /// The header of a record of ours.
    #[must_use]
    pub fn encode(&self) -> [u8; DATAGRAM_HEADER] {
        let [typ, major, minor, high, low] = self.head.encode();
        let mut out = [0; DATAGRAM_HEADER];
        out[..3].copy_from_slice(&[typ, major, minor]);
        out[3..LENGTH_AT].copy_from_slice(&self.number.to_be_bytes());
        out[LENGTH_AT..].copy_from_slice(&[high, low]);
        out
    }
}

/// What a MAC covers before the content: sequence number, type, version and length; SSLv3 leaves the version out
/// (RFC 6101 section 5.2.3.1). `len` may be secret.
#[must_use]
pub fn mac_header(form: MacForm, seq: u64, head: &Head, len: usize) -> ([u8; 13], usize) {
    let mut header = [0; 13];
    header[..8].copy_from_slice(&seq.to_be_bytes());
    let [typ, major, minor, high, low] = Head { len, ..*head }.encode();
    match form {
        MacForm::Hmac => {
            header[8..].copy_from_slice(&[typ, major, minor, high, low]);
            (header, 13)
        }
        MacForm::Ssl3 => {
            header[8..11].copy_from_slice(&[typ, high, low]);
            (header, 11)
        }
    }
}
