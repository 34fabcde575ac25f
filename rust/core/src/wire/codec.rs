//! A reader and a writer for the presentation language of RFC 5246 section 4.
//!
//! In: borrowed bytes, or values. Out: values, or bytes with correct length prefixes. Promise: the reader
//! never looks past its end and the writer never emits a prefix that its content does not match.

use crate::fault::{Decode, Fault, Internal};

/// A cursor over the bytes of one message or field.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from the start.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Exactly `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        if n > self.rest.len() {
            return Err(Decode::Truncated.into());
        }
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        Ok(head)
    }

    /// Exactly `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.take(N)?;
        let mut out = [0; N];
        out.copy_from_slice(bytes);
        Ok(out)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    /// Two bytes, most significant first.
    pub fn u16(&mut self) -> Result<u16, Fault> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// Three bytes, most significant first.
    pub fn u24(&mut self) -> Result<usize, Fault> {
        let [a, b, c] = self.array()?;
        Ok(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// A vector with a one-byte length.
    pub fn vec8(&mut self) -> Result<Reader<'a>, Fault> {
        let n = usize::from(self.u8()?);
        Ok(Reader::new(self.take(n)?))
    }

    /// A vector with a two-byte length.
    pub fn vec16(&mut self) -> Result<Reader<'a>, Fault> {
        let n = usize::from(self.u16()?);
        Ok(Reader::new(self.take(n)?))
    }

    /// A vector with a three-byte length.
    pub fn vec24(&mut self) -> Result<Reader<'a>, Fault> {
        let n = self.u24()?;
        Ok(Reader::new(self.take(n)?))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// All two-byte numbers that are left.
    pub fn u16s<T>(mut self, make: impl Fn(u16) -> T) -> Result<Vec<T>, Fault> {
        if !self.len().is_multiple_of(2) {
            return Err(Decode::BadValue.into());
        }
        let mut out = Vec::with_capacity(self.len() / 2);
        while !self.is_empty() {
            out.push(make(self.u16()?));
        }
        Ok(out)
    }

    /// Demands that nothing is left.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.is_empty() { Ok(()) } else { Err(Decode::Trailing.into()) }
    }
}

/// Appends to a byte vector.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    #[must_use]
    pub fn new() -> Writer {
        Writer::default()
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// How many bytes were written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Two bytes, most significant first.
    pub fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// What `body` writes, behind a length of `width` bytes.
    pub fn scope(
        &mut self,
        width: usize,
        body: impl FnOnce(&mut Writer) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let at = self.out.len();
        self.out.resize(at + width, 0);
        body(self)?;
        let length = self.out.len() - at - width;
        if length >> (8 * width) != 0 {
            return Err(Internal::TooLong.into());
        }
        let bytes = length.to_be_bytes();
        self.out[at..at + width].copy_from_slice(&bytes[bytes.len() - width..]);
        Ok(())
    }

    /// Bytes behind a length of `width` bytes.
    pub fn vector(&mut self, width: usize, bytes: &[u8]) -> Result<(), Fault> {
        self.scope(width, |w| {
            w.bytes(bytes);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_never_reads_past_its_end() {
        let mut reader = Reader::new(&[0, 3, 1, 2]);
        assert_eq!(reader.vec16().err(), Some(Fault::Decode(Decode::Truncated)));
        assert_eq!(Reader::new(&[]).u8().err(), Some(Fault::Decode(Decode::Truncated)));
    }

    #[test]
    fn a_writer_refuses_what_its_prefix_cannot_say() {
        let mut writer = Writer::new();
        assert_eq!(writer.vector(1, &[0; 256]).err(), Some(Fault::Internal(Internal::TooLong)));
        let mut writer = Writer::new();
        writer.vector(1, &[7; 255]).unwrap_or_default();
        assert_eq!(writer.len(), 256);
    }

    #[test]
    fn nested_scopes_patch_their_lengths() {
        let mut writer = Writer::new();
        let done = writer.scope(2, |w| {
            w.u8(9);
            w.vector(3, b"abc")
        });
        assert_eq!(done, Ok(()));
        assert_eq!(writer.into_bytes(), [0, 7, 9, 0, 0, 3, b'a', b'b', b'c']);
    }
}
