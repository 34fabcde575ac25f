//! Whole handshake messages out of the fragments that stream records carry (RFC 5246 section 6.2.1).
//!
//! In: payloads of handshake records. Out: messages, header included. Promise: a message is refused by its
//! header when it is longer than its type allows, so that a peer decides neither how much is collected nor
//! how often the collected bytes are moved.

use crate::fault::{Decode, Fault, Misstep};
use crate::wire::ids::HandshakeType;
use crate::wire::tail::{self, HEADER};

/// Proof that no fragment of a handshake message is pending: keys may change.
#[derive(Debug)]
pub struct RecordEdge(());

/// Collects fragments.
#[derive(Debug, Default)]
pub struct Assembler {
    bytes: Vec<u8>,
    start: usize,
}

impl Assembler {
    /// Adds the payload of one record.
    pub fn push(&mut self, payload: &[u8]) -> Result<(), Fault> {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(payload);
        self.length().map(|_| ())
    }

    /// Length of the message at the front, header included, as soon as its header is in.
    fn length(&self) -> Result<Option<usize>, Fault> {
        let Some(head) = self.bytes[self.start..].first_chunk::<HEADER>() else { return Ok(None) };
        let (typ, length) = tail::header(head);
        let limit = tail::limit(typ).ok_or(Fault::Misstep(Misstep::UnknownMessage))?;
        if length > limit { Err(Decode::MessageTooLong.into()) } else { Ok(Some(HEADER + length)) }
    }

    /// The next whole message.
    pub fn next_message(&mut self) -> Result<Option<(HandshakeType, Vec<u8>)>, Fault> {
        let Some(length) = self.length()? else { return Ok(None) };
        let Some(raw) = self.bytes.get(self.start..self.start + length) else { return Ok(None) };
        let raw = raw.to_vec();
        self.start += length;
        if self.start == self.bytes.len() {
            *self = Assembler::default();
        }
        Ok(Some((HandshakeType(raw[0]), raw)))
    }

    /// Whether a whole message waits to be taken.
    #[must_use]
    pub fn holds_message(&self) -> bool {
        matches!(self.length(), Ok(Some(length)) if self.bytes.len() - self.start >= length)
    }

    /// Proof that nothing is pending, if that is so.
    #[must_use]
    pub fn edge(&self) -> Option<RecordEdge> {
        (self.start == self.bytes.len()).then_some(RecordEdge(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(byte: u8) -> Vec<u8> {
        let mut message = vec![20, 0, 0, 12];
        message.extend_from_slice(&[byte; 12]);
        message
    }

    #[test]
    fn fragments_of_one_byte_give_the_same_message() {
        let mut assembler = Assembler::default();
        let message = finished(7);
        for (i, byte) in message.iter().enumerate() {
            assert_eq!(assembler.next_message(), Ok(None), "before byte {i}");
            assert_eq!(assembler.push(&[*byte]), Ok(()));
        }
        assert_eq!(assembler.next_message(), Ok(Some((HandshakeType::FINISHED, message))));
        assert!(assembler.edge().is_some());
    }

    #[test]
    fn two_messages_in_one_record_come_one_after_the_other() {
        let mut assembler = Assembler::default();
        let both = [finished(1), finished(2)].concat();
        assert_eq!(assembler.push(&both), Ok(()));
        assert_eq!(assembler.next_message(), Ok(Some((HandshakeType::FINISHED, finished(1)))));
        assert!(assembler.edge().is_none());
        assert_eq!(assembler.next_message(), Ok(Some((HandshakeType::FINISHED, finished(2)))));
        assert!(assembler.edge().is_some());
    }

    #[test]
    fn a_message_is_refused_by_its_header() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.push(&[20, 0xff, 0xff, 0xff]), Err(Decode::MessageTooLong.into()));
        let mut assembler = Assembler::default();
        assert_eq!(assembler.push(&[99, 0, 0, 0]), Err(Misstep::UnknownMessage.into()));
    }
}
