//! Incoming records.
//!
//! In: bytes of the transport in any portions. Out: one opened record at a time, in place. Promise: exact sizes
//! are asked for (a header, then its body) unless more was fed; a peer makes the buffer hold one maximal record
//! plus whatever the transport chose to read ahead; plaintext is wiped when the buffer goes.
//!
//! ```text
//! buffer:  | delivered | payload (opened) | tag | next records, sealed | free |
//!                      ^ plain.start      ^ plain.end  ^ start          ^ end
//! ```

mod datagrams;

use super::epoch::Sequence;
use super::head::{HEADER, Head, MAX_BODY, MAX_PLAIN};
use super::protect::Opener;
use crate::fault::{Fault, Misstep, RecordFault};
use crate::profile::Framing;
use crate::wire::ids::ContentType;
use core::ops::Range;
use datagrams::Incoming;
use zeroize::Zeroize;

/// One maximal record.
const RECORD: usize = HEADER + MAX_BODY;

/// Memory that an idle connection keeps: most handshake messages and small records fit.
const SMALL: usize = 4 * 1024;

/// What a transport may read ahead.
const AHEAD: usize = 64 * 1024;

/// Empty records in a row (RFC 5246 section 6.2.1 allows them; nobody needs many).
const MAX_EMPTY: u32 = 32;

/// The buffer while a transport fills it. What is written lands behind the bytes already there.
#[derive(Debug)]
pub struct InputLoan {
    buffer: Vec<u8>,
    room: Range<usize>,
}

impl InputLoan {
    /// Exactly the bytes that are wanted.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.room.clone()).unwrap_or_default()
    }

    /// How many bytes are wanted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.room.len()
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.room.is_empty()
    }

    /// The memory itself and the wanted part of it, for an owner that hands out views.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Range<usize>) {
        (self.buffer, self.room)
    }

    /// Back from its parts.
    #[must_use]
    pub fn from_parts(buffer: Vec<u8>, room: Range<usize>) -> InputLoan {
        InputLoan { buffer, room }
    }
}

/// Takes bytes in and gives records out.
pub struct Reader {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    head: Option<Head>,
    plain: Range<usize>,
    opener: Opener,
    sequence: Sequence,
    first: bool,
    empty: u32,
    /// What only datagrams have.
    datagrams: Option<Box<Incoming>>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Reader {
    /// Nothing received yet; memory is taken with the first bytes.
    #[must_use]
    pub fn new(framing: Framing) -> Reader {
        Reader {
            buffer: Vec::new(),
            start: 0,
            end: 0,
            head: None,
            plain: 0..0,
            opener: Opener::Plain,
            sequence: Sequence::default(),
            first: true,
            empty: 0,
            datagrams: (framing == Framing::Datagram).then(Box::default),
        }
    }

    /// As a slice: a vector would also wipe its spare capacity, of which there is none, byte by byte again.
    fn wipe(&mut self) {
        self.buffer.as_mut_slice().zeroize();
    }

    /// What follows is opened with this, from sequence number 0.
    pub fn set_opener(&mut self, opener: Opener) {
        self.opener = opener;
        self.sequence = Sequence::default();
        if self.datagrams.is_some() {
            self.enter_epoch();
        }
    }

    /// Whether a header is still incomplete.
    #[must_use]
    pub fn wants_header(&self) -> bool {
        self.head.is_none()
    }

    /// Whether the beginning of a record is here and its end is not.
    #[must_use]
    pub fn is_in_record(&self) -> bool {
        self.end > self.start
    }

    /// Exact number of bytes to the next boundary: the end of a header, then of its body.
    #[must_use]
    pub fn wanted(&self) -> usize {
        let header = || if self.datagrams.is_some() { self.datagram_header() } else { HEADER };
        let whole = self.head.map_or_else(header, |head| head.skip + head.len);
        whole.saturating_sub(self.end - self.start)
    }

    /// Makes room for `n` bytes behind the end: at the front first, then by growing.
    fn reserve(&mut self, n: usize) {
        if self.start == self.end && self.plain.is_empty() {
            (self.start, self.end) = (0, 0);
        }
        if self.end + n > self.buffer.len() && self.plain.is_empty() && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end + n > self.buffer.len() {
            let size = if self.end + n <= SMALL { SMALL } else { RECORD.max(self.end + n) };
            let mut grown = vec![0; size];
            grown[..self.end].copy_from_slice(&self.buffer[..self.end]);
            self.wipe();
            self.buffer = grown;
        }
    }

    /// Lends the buffer for exactly the wanted bytes. Until it is given back nothing can be read.
    pub fn lend(&mut self) -> InputLoan {
        let wanted = self.wanted();
        self.reserve(wanted);
        InputLoan { buffer: core::mem::take(&mut self.buffer), room: self.end..self.end + wanted }
    }

    /// Takes the buffer back with `n` more bytes in it.
    pub fn give_back(&mut self, loan: InputLoan, n: usize) {
        let n = n.min(loan.room.len());
        self.buffer = loan.buffer;
        self.end = (loan.room.start + n).min(self.buffer.len());
        self.start = self.start.min(self.end); // a transport that lost the memory lost what was in it
        if self.datagrams.is_some() && n < loan.room.len() {
            self.abandon(); // the rest of a datagram never comes (decisions 15)
        }
    }

    /// Copies bytes in, any number up to what may be read ahead; says how many.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        if self.datagrams.is_some() {
            return self.feed_datagram(bytes);
        }
        let held = self.end - self.start;
        let n = bytes.len().min(AHEAD.saturating_sub(held));
        self.reserve(n);
        self.buffer[self.end..self.end + n].copy_from_slice(&bytes[..n]);
        self.end += n;
        n
    }

    /// Opens the next whole record and makes it current; `None` when more bytes are needed.
    pub fn next_record(&mut self) -> Result<Option<ContentType>, Fault> {
        if self.datagrams.is_some() {
            return Ok(self.next_of_datagrams());
        }
        let Some(head) = self.parse_head()? else { return Ok(None) };
        let body = self.start + head.skip..self.start + head.skip + head.len;
        if body.end > self.end {
            return Ok(None);
        }
        let sequence = self.sequence.take_next()?;
        let opened = self.opener.open(sequence, &head, &mut self.buffer[body.clone()])?;
        if opened.len() > MAX_PLAIN {
            return Err(RecordFault::Overflow.into());
        }
        self.empty = if opened.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > MAX_EMPTY {
            return Err(Misstep::TooManyEmpty.into());
        }
        self.plain = body.start + opened.start..body.start + opened.end;
        self.start = body.end;
        self.head = None;
        self.first = false;
        Ok(Some(head.content_type))
    }

    fn parse_head(&mut self) -> Result<Option<Head>, Fault> {
        if self.head.is_none() {
            let Some(bytes) = self.buffer.get(self.start..self.end).and_then(|b| b.first_chunk()) else {
                return Ok(None);
            };
            self.head = Some(Head::parse(bytes, self.first)?);
        }
        Ok(self.head)
    }

    /// The undelivered rest of the current record.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.buffer.get(self.plain.clone()).unwrap_or_default()
    }

    /// `n` bytes of the current record were delivered.
    pub fn consume(&mut self, n: usize) {
        self.plain.start = self.plain.start.saturating_add(n).min(self.plain.end);
        if self.plain.is_empty() && self.start == self.end {
            (self.start, self.end, self.plain) = (0, 0, 0..0);
        }
    }

    /// Gives a big buffer back to the system while nothing is in it.
    pub fn rest(&mut self) {
        if self.plain.is_empty() && self.start == self.end && self.buffer.len() > SMALL {
            self.wipe();
            self.buffer = Vec::new();
            (self.start, self.end, self.plain) = (0, 0, 0..0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Misstep;

    fn record(typ: u8, body: &[u8]) -> Vec<u8> {
        let len = body.len().to_be_bytes();
        [&[typ, 3, 3, len[6], len[7]], body].concat()
    }

    #[test]
    fn one_byte_at_a_time_gives_the_same_records() {
        let wire = [record(22, b"hello"), record(23, b""), record(21, b"\x01\x00")].concat();
        let mut reader = Reader::new(Framing::Stream);
        let mut seen = Vec::new();
        for byte in wire {
            assert_eq!(reader.feed(&[byte]), 1);
            while let Ok(Some(typ)) = reader.next_record() {
                seen.push((typ.0, reader.payload().to_vec()));
                let n = reader.payload().len();
                reader.consume(n);
            }
        }
        assert_eq!(seen, [(22, b"hello".to_vec()), (23, vec![]), (21, vec![1, 0])]);
    }

    #[test]
    fn exact_sizes_are_asked_for() {
        let mut reader = Reader::new(Framing::Stream);
        assert_eq!(reader.wanted(), 5);
        let mut loan = reader.lend();
        loan.bytes_mut()[..3].copy_from_slice(&[22, 3, 1]);
        reader.give_back(loan, 3);
        assert_eq!(reader.next_record(), Ok(None));
        assert_eq!(reader.wanted(), 2);
        assert_eq!(reader.feed(&[0, 7]), 2);
        assert_eq!(reader.next_record(), Ok(None));
        assert_eq!(reader.wanted(), 7);
        assert!(!reader.wants_header());
    }

    #[test]
    fn bytes_of_another_protocol_are_told_from_a_bad_record() {
        for bytes in [b"HTTP/1.1 400", b"GET / HTTP/1", b"SSH-2.0-open"] {
            let mut reader = Reader::new(Framing::Stream);
            reader.feed(bytes);
            assert_eq!(reader.next_record(), Err(Misstep::NotTls.into()));
        }
        let mut reader = Reader::new(Framing::Stream);
        reader.feed(&record(22, b"x"));
        assert_eq!(reader.next_record(), Ok(Some(ContentType::HANDSHAKE)));
        reader.consume(1);
        reader.feed(&record(99, b"x"));
        assert_eq!(reader.next_record(), Err(Misstep::UnknownContentType.into()));
    }

    #[test]
    fn lengths_above_the_limit_are_refused_by_the_header() {
        let mut reader = Reader::new(Framing::Stream);
        reader.feed(&[22, 3, 3, 0x47, 0xfc]);
        assert_eq!(reader.next_record(), Err(RecordFault::Overflow.into()));
        let mut reader = Reader::new(Framing::Stream);
        reader.feed(&record(22, &vec![0; MAX_PLAIN + 1]));
        assert_eq!(reader.next_record(), Err(RecordFault::Overflow.into()));
    }

    #[test]
    fn empty_records_are_counted() {
        let mut reader = Reader::new(Framing::Stream);
        for _ in 0..MAX_EMPTY {
            reader.feed(&record(23, b""));
            assert_eq!(reader.next_record(), Ok(Some(ContentType::APPLICATION_DATA)));
        }
        reader.feed(&record(23, b""));
        assert_eq!(reader.next_record(), Err(Misstep::TooManyEmpty.into()));
    }

    #[test]
    fn no_more_is_held_than_may_be_read_ahead() {
        let mut reader = Reader::new(Framing::Stream);
        assert_eq!(reader.feed(&vec![23; 1 << 20]), AHEAD);
        assert_eq!(reader.feed(&[1]), 0);
    }
}
