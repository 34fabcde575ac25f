//! Steps through DER one element at a time, keeping the raw bytes.
//!
//! In: bytes. Out: [`Item`]s that borrow from them. Promise: every element is read by the `der` crate's
//! reader (definite, minimal lengths), each byte is visited once, nothing is allocated.

use der::{Header, Reader, SliceReader, Tag};

/// One element: its tag, its value, and the whole encoding with the header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub tag: Tag,
    pub value: &'a [u8],
    pub whole: &'a [u8],
}

/// What did not parse; where does not matter to anybody who only has the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The elements of `bytes`, one after the other.
pub(super) struct Items<'a>(Option<SliceReader<'a>>);

impl<'a> Items<'a> {
    /// Over the value of a SEQUENCE, SET or the like.
    pub fn new(bytes: &'a [u8]) -> Items<'a> {
        Items(SliceReader::new(bytes).ok())
    }

    /// The next element, `None` at the end.
    pub fn next(&mut self) -> Result<Option<Item<'a>>, Malformed> {
        let reader = self.0.as_mut().ok_or(Malformed)?;
        if reader.is_finished() {
            return Ok(None);
        }
        let header = Header::peek(reader).map_err(|_| Malformed)?;
        let whole = reader.tlv_bytes().map_err(|_| Malformed)?;
        let length = usize::try_from(header.length()).map_err(|_| Malformed)?;
        let start = whole.len().checked_sub(length).ok_or(Malformed)?;
        Ok(Some(Item { tag: header.tag(), value: &whole[start..], whole }))
    }

    /// The next element, which must be there.
    pub fn need(&mut self) -> Result<Item<'a>, Malformed> {
        self.next()?.ok_or(Malformed)
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: Tag) -> Result<Item<'a>, Malformed> {
        let item = self.need()?;
        if item.tag == tag { Ok(item) } else { Err(Malformed) }
    }

    /// The next element if it carries the context-specific number; otherwise nothing is consumed.
    pub fn optional(&mut self, number: u32) -> Result<Option<Item<'a>>, Malformed> {
        let kept = self.0.clone();
        match self.next()? {
            Some(item) if context_number(item.tag) == Some(number) => Ok(Some(item)),
            _ => {
                self.0 = kept;
                Ok(None)
            }
        }
    }

    /// Fails if anything is left.
    pub fn end(mut self) -> Result<(), Malformed> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(Malformed),
        }
    }
}

/// The number of a context-specific tag.
pub(super) fn context_number(tag: Tag) -> Option<u32> {
    match tag {
        Tag::ContextSpecific { number, .. } => Some(number.value()),
        _ => None,
    }
}

/// `bytes` as exactly one element with this tag.
pub(super) fn only(bytes: &[u8], tag: Tag) -> Result<Item<'_>, Malformed> {
    let mut items = Items::new(bytes);
    let item = items.expect(tag)?;
    items.end()?;
    Ok(item)
}

/// The content of a BOOLEAN; BER's other encodings of true are accepted, as old authorities wrote 1.
pub(super) fn boolean(value: &[u8]) -> Result<bool, Malformed> {
    match value {
        [byte] => Ok(*byte != 0),
        _ => Err(Malformed),
    }
}

/// A non-negative INTEGER; values above `u32::MAX` are refused.
pub(super) fn small_unsigned(value: &[u8]) -> Result<u32, Malformed> {
    let digits = match value {
        [] => return Err(Malformed),
        [first, ..] if first & 0x80 != 0 => return Err(Malformed),
        [0, rest @ ..] => rest,
        all => all,
    };
    if digits.len() > 4 {
        return Err(Malformed);
    }
    Ok(digits.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
}

/// Dotted notation of an OBJECT IDENTIFIER's content, for people; long ones are cut.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut arcs: Vec<u128> = Vec::new();
    let mut arc: u128 = 0;
    for byte in oid.iter().take(64) {
        arc = (arc << 7 & (u128::MAX >> 1)) | u128::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc -= first * 40;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    let words: Vec<String> = arcs.iter().map(u128::to_string).collect();
    words.join(".")
}
