//! Outgoing records.
//!
//! In: handshake messages, alerts, plaintext. Out: packets, each of which goes to the transport in one call.
//! Promise: plaintext is sealed from the caller's slice straight into the output buffer; while a transport
//! holds the buffer, new records go into a spare one; big buffers are given back when everything is sent.

mod datagrams;

use super::epoch::Sequence;
use super::head::{HEADER, Head, MAX_PLAIN};
use super::protect::Sealer;
use crate::fault::{Fault, Internal};
use crate::profile::Framing;
use crate::wire::ids::{ContentType, WireVersion};
use datagrams::Outgoing;
use std::collections::VecDeque;

/// Full records that one packet of application data holds at most (decisions 13).
const STRETCH: usize = 8;

/// A buffer above this is given back when it is empty.
const KEPT: usize = 192 * 1024;

/// Memory that an idle connection keeps.
const SMALL: usize = 4 * 1024;

/// Sealed bytes on their way to the transport.
#[derive(Debug)]
pub struct OutputLoan {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl OutputLoan {
    /// The bytes to send.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The memory itself, and where in it the bytes to send are, for an owner that hands out views.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, usize, usize) {
        (self.buffer, self.start, self.end)
    }

    /// Back from its parts.
    #[must_use]
    pub fn from_parts(buffer: Vec<u8>, start: usize, end: usize) -> OutputLoan {
        OutputLoan { buffer, start, end }
    }
}

/// Seals and queues.
pub struct Writer {
    /// Memory that was written before; what waits ends at `end`, and bytes behind it are old ones that were sent.
    buffer: Vec<u8>,
    /// Everything before this was sent.
    start: usize,
    /// Where what waits ends.
    end: usize,
    /// Where packets end, in order.
    ends: VecDeque<usize>,
    /// While the buffer is lent: where what was in it ends, and its packets.
    lent: Option<usize>,
    lent_ends: VecDeque<usize>,
    /// The buffer to use meanwhile.
    spare: Vec<u8>,
    sealer: Sealer,
    sequence: Sequence,
    version: WireVersion,
    /// Whether data is split where the cipher's vectors are chained.
    splits: bool,
    /// Whether the last sealed record held application data.
    after_data: bool,
    /// What only datagrams have.
    datagrams: Option<Box<Outgoing>>,
}

impl Writer {
    /// Nothing to send yet.
    #[must_use]
    pub fn new(framing: Framing) -> Writer {
        let datagrams: Option<Box<Outgoing>> = (framing == Framing::Datagram).then(Box::default);
        Writer {
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ends: VecDeque::new(),
            lent: None,
            lent_ends: VecDeque::new(),
            spare: Vec::new(),
            sealer: Sealer::Plain,
            sequence: datagrams.as_ref().map_or_else(Sequence::default, |_| Sequence::of_epoch(0)),
            version: WireVersion::TLS10,
            splits: true,
            after_data: false,
            datagrams,
        }
    }

    /// The version in the headers of what follows.
    pub fn set_version(&mut self, version: WireVersion) {
        self.version = version;
    }

    /// Whether data goes out as one byte, then the rest, where a peer could have foreseen the vector of its record
    /// (`behaviours` section 7).
    pub fn set_splits(&mut self, splits: bool) {
        self.splits = splits;
    }

    /// What follows is sealed with this, from sequence number 0; on datagrams in the next epoch.
    pub fn set_sealer(&mut self, sealer: Sealer) -> Result<(), Fault> {
        self.after_data = false;
        if self.datagrams.is_some() {
            return self.enter_epoch(sealer);
        }
        self.sealer = sealer;
        self.sequence = Sequence::default();
        Ok(())
    }

    /// Queues a message, alert or ChangeCipherSpec as a packet of its own.
    pub fn queue(&mut self, typ: ContentType, payload: &[u8]) -> Result<(), Fault> {
        self.grow(self.sealed_len(payload.len()));
        for piece in payload.chunks(MAX_PLAIN) {
            self.record(typ, piece)?;
        }
        self.ends.push_back(self.end);
        Ok(())
    }

    /// Queues at most eight full records of application data as one packet; says how many bytes were taken.
    pub fn seal(&mut self, plain: &[u8]) -> Result<usize, Fault> {
        let first = self.first_byte(plain.len());
        let taken = plain.len().min(STRETCH * MAX_PLAIN + first);
        let (first, rest) = plain[..taken].split_at(first);
        if taken > 0 {
            self.grow(self.sealed_len(taken));
            for piece in first.chunks(1).chain(rest.chunks(MAX_PLAIN)) {
                self.record(ContentType::APPLICATION_DATA, piece)?;
            }
            self.ends.push_back(self.end);
            self.close_packet();
        }
        Ok(taken)
    }

    /// How many bytes of data go out alone: one where data follows data under chained vectors.
    fn first_byte(&self, n: usize) -> usize {
        usize::from(n > 1 && self.splits && self.after_data && self.sealer.is_chained())
    }

    /// Room for `n` more bytes. Only memory that is new is written here; the sealer overwrites the rest.
    fn grow(&mut self, n: usize) {
        if self.buffer.len() < self.end + n {
            self.buffer.resize(self.end + n, 0);
        }
    }

    fn record(&mut self, typ: ContentType, plain: &[u8]) -> Result<(), Fault> {
        if self.datagrams.is_some() {
            return self.datagram_record(typ, plain);
        }
        let sequence = self.sequence.take_next()?;
        let len = self.sealer.sealed_len(plain.len());
        if len > usize::from(u16::MAX) {
            return Err(Internal::TooLong.into());
        }
        let head = Head::new(typ, self.version, len);
        let whole = HEADER + len;
        self.grow(whole);
        let (header, body) = self.buffer[self.end..self.end + whole].split_at_mut(HEADER);
        header.copy_from_slice(&head.encode());
        self.sealer.seal(sequence, &head, plain, body)?;
        self.after_data = typ == ContentType::APPLICATION_DATA;
        self.end += whole;
        Ok(())
    }

    /// Whether anything waits, lent packets excluded.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Lends the next packet, or everything that waits. Only one loan at a time.
    pub fn lend(&mut self, whole: bool) -> Option<OutputLoan> {
        if self.lent.is_some() {
            return None;
        }
        let whole = whole && self.datagrams.is_none();
        let end = if whole { self.ends.back() } else { self.ends.front() };
        let end = *end?;
        let buffer = core::mem::replace(&mut self.buffer, core::mem::take(&mut self.spare));
        core::mem::swap(&mut self.ends, &mut self.lent_ends);
        self.lent = Some(core::mem::take(&mut self.end));
        Some(OutputLoan { buffer, start: core::mem::take(&mut self.start), end })
    }

    /// Takes the loan back; `sent` bytes of it are gone. What was queued meanwhile goes behind the rest.
    pub fn settle(&mut self, loan: OutputLoan, sent: usize) {
        let Some(lent) = self.lent.take() else { return };
        // A datagram is taken whole or not at all.
        let sent = if sent > 0 && self.datagrams.is_some() { loan.end } else { sent };
        let start = loan.start.saturating_add(sent).min(loan.end);
        while self.lent_ends.front().is_some_and(|end| *end <= start) {
            self.lent_ends.pop_front();
        }
        if loan.buffer.len() < lent {
            self.lent_ends.clear(); // a transport that lost the memory lost what was in it
        }
        if self.lent_ends.is_empty() {
            self.spare = loan.buffer;
            if self.end == 0 {
                core::mem::swap(&mut self.buffer, &mut self.spare);
            }
            self.shrink(KEPT);
            return;
        }
        let mut meanwhile = core::mem::replace(&mut self.buffer, loan.buffer);
        let queued = core::mem::replace(&mut self.end, lent);
        self.grow(queued);
        self.buffer[lent..lent + queued].copy_from_slice(&meanwhile[..queued]);
        self.end += queued;
        self.start = start;
        self.lent_ends.extend(self.ends.drain(..).map(|end| end + lent));
        core::mem::swap(&mut self.ends, &mut self.lent_ends);
        core::mem::swap(&mut self.spare, &mut meanwhile);
    }

    /// Gives big buffers back to the system while nothing is in them.
    pub fn rest(&mut self) {
        self.shrink(SMALL);
    }

    /// Gives back buffers above this size in which nothing waits.
    fn shrink(&mut self, above: usize) {
        if self.lent.is_none() && self.ends.is_empty() && self.buffer.capacity() > above {
            self.buffer = Vec::new();
        }
        if self.spare.capacity() > above {
            self.spare = Vec::new();
        }
    }

    fn record_len(&self, n: usize) -> usize {
        if self.datagrams.is_some() {
            return self.datagram_record_len(n);
        }
        HEADER + self.sealer.sealed_len(n)
    }

    /// Exact number of bytes that `n` bytes of application data become.
    #[must_use]
    pub fn sealed_len(&self, n: usize) -> usize {
        let record = |n| self.record_len(n);
        let first = self.first_byte(n);
        let (full, rest) = ((n - first) / MAX_PLAIN, (n - first) % MAX_PLAIN);
        let split = if first > 0 { record(first) } else { 0 };
        split + full * record(MAX_PLAIN) + if rest > 0 { record(rest) } else { 0 }
    }

    /// Seals application data into memory of the caller, of exactly [`Writer::sealed_len`] bytes; not possible
    /// while anything waits to go out before it.
    pub fn seal_into(&mut self, plain: &[u8], out: &mut [u8]) -> Result<usize, Fault> {
        let busy = self.has_output() || self.lent.is_some() || self.datagrams.is_some();
        if busy || out.len() != self.sealed_len(plain.len()) {
            return Err(Internal::State.into());
        }
        let mut rest = out;
        let (first, others) = plain.split_at(self.first_byte(plain.len()));
        for piece in first.chunks(1).chain(others.chunks(MAX_PLAIN)) {
            let sequence = self.sequence.take_next()?;
            let len = self.sealer.sealed_len(piece.len());
            let head = Head::new(ContentType::APPLICATION_DATA, self.version, len);
            let (record, tail) = rest.split_at_mut(HEADER + len);
            let (header, body) = record.split_at_mut(HEADER);
            header.copy_from_slice(&head.encode());
            self.sealer.seal(sequence, &head, piece, body)?;
            self.after_data = true;
            rest = tail;
        }
        Ok(plain.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(writer: &mut Writer, whole: bool, n: usize) -> Vec<u8> {
        let Some(loan) = writer.lend(whole) else { return Vec::new() };
        let bytes = loan.as_bytes()[..n.min(loan.as_bytes().len())].to_vec();
        writer.settle(loan, bytes.len());
        bytes
    }

    #[test]
    fn each_message_is_a_packet_of_its_own() -> Result<(), Fault> {
        let mut writer = Writer::new(Framing::Stream);
        writer.queue(ContentType::HANDSHAKE, b"one")?;
        writer.queue(ContentType::ALERT, b"\x01\x00")?;
        assert_eq!(sent(&mut writer, false, 99), b"\x16\x03\x01\x00\x03one");
        assert_eq!(sent(&mut writer, false, 99), b"\x15\x03\x01\x00\x02\x01\x00");
        assert!(!writer.has_output());
        Ok(())
    }

    #[test]
    fn partial_sends_and_records_queued_meanwhile_keep_their_order() -> Result<(), Fault> {
        let mut writer = Writer::new(Framing::Stream);
        writer.queue(ContentType::HANDSHAKE, b"abcdef")?;
        let mut got = sent(&mut writer, false, 4);
        let loan = writer.lend(false);
        writer.queue(ContentType::HANDSHAKE, b"xyz")?;
        assert!(writer.lend(false).is_none());
        if let Some(loan) = loan {
            got.extend_from_slice(&loan.as_bytes()[..2]);
            writer.settle(loan, 2);
        }
        while writer.has_output() {
            got.extend(sent(&mut writer, true, 1));
        }
        assert_eq!(got, b"\x16\x03\x01\x00\x06abcdef\x16\x03\x01\x00\x03xyz");
        Ok(())
    }

    #[test]
    fn data_is_cut_at_16_kib_and_at_eight_records() -> Result<(), Fault> {
        let mut writer = Writer::new(Framing::Stream);
        assert_eq!(writer.seal(&vec![7; 9 * MAX_PLAIN])?, 8 * MAX_PLAIN);
        assert_eq!(sent(&mut writer, false, usize::MAX).len(), 8 * (MAX_PLAIN + HEADER));
        assert_eq!(writer.seal(&[])?, 0);
        assert!(!writer.has_output());
        assert_eq!(writer.sealed_len(MAX_PLAIN + 1), MAX_PLAIN + 1 + 2 * HEADER);
        Ok(())
    }
}
