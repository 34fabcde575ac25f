//! Record headers and limits (RFC 5246 section 6.2).

use crate::crypto::record_mac::MacForm;
use crate::fault::{Fault, Misstep, RecordFault};
use crate::wire::ids::{ContentType, HandshakeType, MAX_CID, WireVersion};

/// Type, version, length.
pub const HEADER: usize = 5;

/// Type, version, epoch, sequence number, length (RFC 6347 section 4.1).
pub const DATAGRAM_HEADER: usize = 13;

/// Where the length stands in it, or the connection ID that goes before the length (RFC 9146 section 4).
const LENGTH_AT: usize = 11;

/// The most that a MAC covers before the content: see [`mac_header`].
pub const MAX_MAC_HEADER: usize = 23 + MAX_CID;

/// Plaintext of one record.
pub const MAX_PLAIN: usize = 16384;

/// Body of a received record (`behaviours` section 7: 18432 with the header).
pub const MAX_BODY: usize = 18427;

/// The length in front of a ClientHello in SSLv2's format, and the least that it can say: what stands before the suites.
const V2_HEADER: usize = 2;
const V2_LEAST: u8 = 9;

/// A name for an association that outlives its addresses (RFC 9146); an empty one stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionId {
    bytes: [u8; MAX_CID],
    len: u8,
}

impl ConnectionId {
    /// No name.
    pub const NONE: ConnectionId = ConnectionId { bytes: [0; MAX_CID], len: 0 };

    /// Of these bytes, at most [`MAX_CID`].
    #[must_use]
    pub fn new(name: &[u8]) -> Option<ConnectionId> {
        let mut id = ConnectionId { len: u8::try_from(name.len()).ok()?, ..ConnectionId::NONE };
        id.bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(id)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len.into()).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.into()
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

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
    /// The receiver's name for the association, in records that carry it.
    pub cid: ConnectionId,
}

impl Head {
    /// The header of a record of SSLv3 or TLS.
    #[must_use]
    pub fn new(content_type: ContentType, version: WireVersion, len: usize) -> Head {
        Head { content_type, version, len, skip: HEADER, cid: ConnectionId::NONE }
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
            let head = Head::new(ContentType::V2_HELLO, version, len);
            return Ok(Head { skip: V2_HEADER, ..head });
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
    /// Length of the header that begins with this byte, for a receiver whose connection IDs are this long.
    #[must_use]
    pub fn len_of(first: Option<&u8>, cid: usize) -> usize {
        let named = first == Some(&ContentType::TLS12_CID.0);
        DATAGRAM_HEADER + if named { cid } else { 0 }
    }

    /// Reads a header, for a receiver whose connection IDs are this long; `None` when there are too few bytes. What it
    /// says is believed only as far as the length; see [`DatagramHead::is_usable`].
    #[must_use]
    pub fn parse(bytes: &[u8], cid: usize) -> Option<DatagramHead> {
        let skip = DatagramHead::len_of(bytes.first(), cid);
        let (before, rest) = bytes.get(..skip)?.split_first_chunk::<LENGTH_AT>()?;
        let (name, length) = rest.split_last_chunk()?;
        let [typ, major, minor, number @ ..] = *before;
        let head = Head {
            content_type: ContentType(typ),
            version: WireVersion(u16::from_be_bytes([major, minor])),
            len: usize::from(u16::from_be_bytes(*length)),
            skip,
            cid: ConnectionId::new(name)?,
        };
        Some(DatagramHead { head, number: u64::from_be_bytes(number) })
    }

    /// Whether such a record can be one of DTLS: its type, its major version and its length.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let Head { content_type, version, len, .. } = self.head;
        let known =
            (ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::APPLICATION_DATA.0).contains(&content_type.0);
        let known = known || content_type == ContentType::TLS12_CID;
        known && version.0 >> 8 == 0xfe && len <= MAX_BODY
    }

    /// The header of a record of ours, into as many bytes as it has.
    pub fn encode(&self, out: &mut [u8]) {
        let [typ, major, minor, high, low] = self.head.encode();
        let name = self.head.cid.as_bytes();
        let parts = [&[typ, major, minor], &self.number.to_be_bytes()[..], name, &[high, low]];
        let bytes = parts.into_iter().flatten();
        out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = *byte);
    }
}

/// What a MAC covers before the content: sequence number, type, version and length; SSLv3 leaves the version out
/// (RFC 6101 section 5.2.3.1), and a connection ID makes it another one (RFC 9146 section 5). `len` may be secret.
#[must_use]
pub fn mac_header(form: MacForm, seq: u64, head: &Head, len: usize) -> ([u8; MAX_MAC_HEADER], usize) {
    let mut header = [0; MAX_MAC_HEADER];
    let [typ, major, minor, high, low] = Head { len, ..*head }.encode();
    if !head.cid.is_empty() {
        let at = 21 + head.cid.len();
        header[..8].fill(0xff); // where a record without a name has its number: the two are never mistaken
        header[8..13].copy_from_slice(&[typ, head.cid.len, typ, major, minor]);
        header[13..21].copy_from_slice(&seq.to_be_bytes());
        header[21..at].copy_from_slice(head.cid.as_bytes());
        header[at..at + 2].copy_from_slice(&[high, low]);
        return (header, at + 2);
    }
    header[..8].copy_from_slice(&seq.to_be_bytes());
    match form {
        MacForm::Hmac => {
            header[8..13].copy_from_slice(&[typ, major, minor, high, low]);
            (header, 13)
        }
        MacForm::Ssl3 => {
            header[8..11].copy_from_slice(&[typ, high, low]);
            (header, 11)
        }
    }
}
