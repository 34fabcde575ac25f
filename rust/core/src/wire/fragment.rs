//! The message header of DTLS, and messages in pieces (RFC 6347 section 4.2.2).
//!
//! In: the payload of a handshake record, a message. Out: its fragments, their headers. Promise: a fragment never reaches
//! beyond the length that it states for its message.

use super::ids::HandshakeType;
use super::tail;
use crate::fault::{Fault, Internal};

/// Type, length, message number, offset and length of the fragment.
pub const HEADER: usize = 12;

/// A piece of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// The message's type.
    pub typ: HandshakeType,
    /// The length of the whole body.
    pub length: usize,
    /// The message's number.
    pub seq: u16,
    /// Where in the body this piece begins.
    pub offset: usize,
    /// The piece.
    pub bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// The fragment at the front, and what is behind it; `None` for what is no fragment.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<(Fragment<'a>, &'a [u8])> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let [typ, l2, l1, l0, s1, s0, o2, o1, o0, n2, n1, n0] = *header;
        let [length, offset, n] = [[l2, l1, l0], [o2, o1, o0], [n2, n1, n0]].map(u24);
        let (piece, rest) = rest.split_at_checked(n)?;
        let seq = u16::from_be_bytes([s1, s0]);
        let fragment = Fragment { typ: HandshakeType(typ), length, seq, offset, bytes: piece };
        (offset + n <= length).then_some((fragment, rest))
    }
}

/// As [`tail::limit`], with the message that streams do not have.
#[must_use]
pub fn limit(typ: HandshakeType) -> Option<usize> {
    if typ == HandshakeType::HELLO_VERIFY_REQUEST { Some(0x200) } else { tail::limit(typ) }
}

fn u24([a, b, c]: [u8; 3]) -> usize {
    usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)
}

/// A header for `n` bytes at `offset` of a message's body.
fn header(
    typ: HandshakeType,
    length: usize,
    seq: u16,
    offset: usize,
    n: usize,
) -> Result<[u8; HEADER], Fault> {
    if length >= 1 << 24 {
        return Err(Internal::TooLong.into());
    }
    let three = |value: usize| {
        let [.., a, b, c] = (value as u32).to_be_bytes();
        [a, b, c]
    };
    let mut out = [0; HEADER];
    out[0] = typ.0;
    out[1..4].copy_from_slice(&three(length));
    out[4..6].copy_from_slice(&seq.to_be_bytes());
    out[6..9].copy_from_slice(&three(offset));
    out[9..12].copy_from_slice(&three(n));
    Ok(out)
}

/// One whole message as if it went in one piece, which is also what is hashed (RFC 6347 section 4.2.6).
pub fn frame(typ: HandshakeType, seq: u16, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.extend_from_slice(&header(typ, body.len(), seq, 0, body.len())?);
    out.extend_from_slice(body);
    Ok(out)
}

/// At most `n` bytes from `offset` on of a message out of [`frame`], as a fragment.
pub fn cut(whole: &[u8], offset: usize, n: usize) -> Result<Vec<u8>, Fault> {
    let (fragment, _) = Fragment::parse(whole).ok_or(Fault::Internal(Internal::State))?;
    let rest = fragment.bytes.get(offset..).unwrap_or_default();
    let piece = &rest[..n.min(rest.len())];
    let mut out = Vec::with_capacity(HEADER + piece.len());
    out.extend_from_slice(&header(fragment.typ, fragment.length, fragment.seq, offset, piece.len())?);
    out.extend_from_slice(piece);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_and_every_piece_says_where_it_belongs() -> Result<(), Fault> {
        let whole = frame(HandshakeType::FINISHED, 7, b"twelve bytes")?;
        assert_eq!(whole[..HEADER], [20, 0, 0, 12, 0, 7, 0, 0, 0, 0, 0, 12]);
        let piece = cut(&whole, 5, 4)?;
        assert_eq!(piece[..HEADER], [20, 0, 0, 12, 0, 7, 0, 0, 5, 0, 0, 4]);
        let parsed = Fragment::parse(&piece).map(|(f, rest)| (f.offset, f.bytes, rest));
        assert_eq!(parsed, Some((5, &b"e by"[..], &b""[..])));
        assert_eq!(cut(&whole, 12, 4)?.len(), HEADER);
        Ok(())
    }

    #[test]
    fn what_reaches_beyond_its_message_is_no_fragment() {
        assert_eq!(Fragment::parse(&[20, 0, 0, 12, 0, 7, 0, 0, 11, 0, 0, 2, 1, 2]), None);
        assert_eq!(Fragment::parse(&[20, 0, 0, 12, 0, 7, 0, 0, 0, 0, 0, 2, 1]), None);
        assert_eq!(Fragment::parse(&[20, 0, 0]), None);
    }
}
