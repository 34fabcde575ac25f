//! Whole handshake messages out of the fragments that datagrams carry (RFC 6347 section 4.2.3).
//!
//! In: payloads of handshake records in any order, any number of times. Out: messages in the order of their numbers.
//! Promise: what contradicts itself is dropped and never a fault; a peer decides neither how much is collected nor how
//! long the search takes.

use crate::wire::fragment::{self, Fragment};
use crate::wire::ids::HandshakeType;
use std::collections::VecDeque;

/// Messages that are collected ahead of their turn: more than any flight has under one set of keys.
const AHEAD: u16 = 8;

/// Bytes of them all.
const MAX_BYTES: usize = 256 * 1024;

/// Separate stretches that one message may lie in while it is incomplete.
const MAX_STRETCHES: usize = 256;

/// A first message has one of these numbers: those before it were HelloVerifyRequests, or a HelloRequest that got lost.
const FIRST: core::ops::RangeInclusive<u16> = 0..=15;

/// What may come now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// The messages that may begin a handshake now: such a one is taken whatever its number is.
    pub openers: &'static [HandshakeType],
    /// Whether this handshake's keys are in use: a Finished before that is the one of the handshake before.
    pub finished: bool,
}

/// A message that is being collected.
struct Slot {
    typ: HandshakeType,
    length: usize,
    bytes: Vec<u8>,
    /// What of it is there: stretches that neither touch nor overlap, in order.
    have: Vec<(usize, usize)>,
}

impl Slot {
    fn is_complete(&self) -> bool {
        self.length == 0 || self.have.first() == Some(&(0, self.length))
    }

    fn add(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        // The first stretch that touches the new one, and the first behind it that does not.
        let from = self.have.partition_point(|(_, e)| *e < offset);
        let to = self.have.partition_point(|(s, _)| *s <= end);
        if from == to && self.have.len() >= MAX_STRETCHES {
            return;
        }
        let touched = &self.have[from..to];
        let start = touched.first().map_or(offset, |(s, _)| offset.min(*s));
        let stop = touched.last().map_or(end, |(_, e)| end.max(*e));
        self.have.splice(from..to, [(start, stop)]);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(bytes);
    }
}

/// Collects fragments.
#[derive(Default)]
pub struct Reassembler {
    /// The number of the next message.
    next: u16,
    /// From that one on.
    slots: VecDeque<Option<Slot>>,
}

impl Reassembler {
    /// Adds the payload of one record; says whether a message that was complete before came again: the peer has not heard
    /// from us.
    pub fn push(&mut self, payload: &[u8], expected: Expected) -> bool {
        let (mut repeated, mut rest) = (false, payload);
        while let Some((fragment, behind)) = Fragment::parse(rest) {
            repeated |= self.take(&fragment, expected);
            rest = behind;
        }
        repeated
    }

    fn take(&mut self, fragment: &Fragment<'_>, expected: Expected) -> bool {
        let openers = expected.openers;
        let late = match fragment.typ {
            HandshakeType::FINISHED => !expected.finished,
            // Under way already: one that came late, or one that would take the number of another message.
            HandshakeType::HELLO_REQUEST => !openers.contains(&fragment.typ),
            _ => false,
        };
        if late {
            return true;
        }
        if openers.contains(&fragment.typ) && fragment.seq != self.next && FIRST.contains(&fragment.seq) {
            self.next = fragment.seq;
            self.clear();
        }
        let Some(ahead) = fragment.seq.checked_sub(self.next) else { return true };
        let fits = fragment::limit(fragment.typ).is_some_and(|limit| fragment.length <= limit);
        if ahead >= AHEAD || !fits {
            return false;
        }
        let held: usize = self.slots.iter().flatten().map(|slot| slot.bytes.len()).sum();
        let place = usize::from(ahead);
        while self.slots.len() <= place {
            self.slots.push_back(None);
        }
        let fresh =
            || Slot { typ: fragment.typ, length: fragment.length, bytes: Vec::new(), have: Vec::new() };
        let Some(entry) = self.slots.get_mut(place) else { return false };
        let slot = entry.get_or_insert_with(fresh);
        let agrees = slot.typ == fragment.typ && slot.length == fragment.length;
        let grows = (fragment.offset + fragment.bytes.len()).saturating_sub(slot.bytes.len());
        if agrees && held + grows <= MAX_BYTES && !slot.is_complete() {
            slot.add(fragment.offset, fragment.bytes);
        }
        false
    }

    /// The next message, if it is complete: as if it had come in one piece.
    pub fn next_message(&mut self) -> Option<(HandshakeType, u16, Vec<u8>)> {
        let front = self.slots.front()?.as_ref()?;
        if !front.is_complete() {
            return None;
        }
        let slot = self.slots.pop_front()??;
        let seq = self.next;
        self.next = self.next.saturating_add(1);
        let raw = fragment::frame(slot.typ, seq, &slot.bytes).ok()?;
        Some((slot.typ, seq, raw))
    }

    /// Whether a whole message waits to be taken.
    #[must_use]
    pub fn holds_message(&self) -> bool {
        matches!(self.slots.front(), Some(Some(slot)) if slot.is_complete())
    }

    /// Forgets what was collected, as at a change of keys: nothing of it may be read under the new ones.
    pub fn clear(&mut self) {
        self.slots.clear();
    }

    /// The next handshake begins; its messages are counted from 0.
    pub fn restart(&mut self) {
        *self = Reassembler::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    const NO: Expected = Expected { openers: &[], finished: false };

    fn message(seq: u16, n: usize) -> Result<Vec<u8>, Fault> {
        let body: Vec<u8> = (0..n).map(|i| (i * 7 + usize::from(seq)) as u8).collect();
        fragment::frame(HandshakeType::CERTIFICATE, seq, &body)
    }

    #[test]
    fn fragments_in_any_order_with_overlaps_give_the_message_once() -> Result<(), Fault> {
        let whole = message(0, 1000)?;
        let mut pieces = Vec::new();
        for (offset, n) in [(900, 100), (0, 300), (250, 400), (250, 400), (600, 310), (0, 10)] {
            pieces.push(fragment::cut(&whole, offset, n)?);
        }
        for turn in 0..pieces.len() {
            let mut reassembler = Reassembler::default();
            pieces.rotate_left(turn);
            for piece in &pieces {
                assert!(!reassembler.push(piece, NO));
            }
            assert!(reassembler.holds_message());
            assert_eq!(reassembler.next_message(), Some((HandshakeType::CERTIFICATE, 0, whole.clone())));
            assert_eq!(reassembler.next_message(), None);
            assert!(reassembler.push(&pieces[0], NO));
        }
        Ok(())
    }

    #[test]
    fn later_messages_wait_for_their_turn_and_only_a_few_of_them() -> Result<(), Fault> {
        let mut reassembler = Reassembler::default();
        for seq in (0..20).rev() {
            reassembler.push(&message(seq, 5)?, NO);
        }
        let mut seen = Vec::new();
        while let Some((_, seq, _)) = reassembler.next_message() {
            seen.push(seq);
        }
        assert_eq!(seen, (0..AHEAD).collect::<Vec<u16>>());
        Ok(())
    }

    #[test]
    fn a_contradiction_is_dropped_and_the_first_word_holds() -> Result<(), Fault> {
        let mut reassembler = Reassembler::default();
        let whole = message(0, 100)?;
        reassembler.push(&fragment::cut(&whole, 0, 50)?, NO);
        reassembler.push(&fragment::cut(&message(0, 99)?, 50, 49)?, NO);
        reassembler.push(&fragment::frame(HandshakeType::SERVER_HELLO, 0, &[1; 100])?, NO);
        assert_eq!(reassembler.next_message(), None);
        reassembler.push(&fragment::cut(&whole, 50, 50)?, NO);
        assert_eq!(reassembler.next_message().map(|(_, _, raw)| raw), Some(whole));
        Ok(())
    }

    #[test]
    fn a_peer_cannot_make_it_collect_without_end() -> Result<(), Fault> {
        let mut reassembler = Reassembler::default();
        let limit = fragment::limit(HandshakeType::CERTIFICATE).unwrap_or(0);
        for seq in 0..AHEAD {
            let whole = message(seq, limit)?;
            for offset in (0..limit).step_by(3) {
                reassembler.push(&fragment::cut(&whole, limit - 1 - offset, 1)?, NO);
            }
        }
        let slots: Vec<&Slot> = reassembler.slots.iter().flatten().collect();
        assert!(slots.iter().map(|slot| slot.bytes.len()).sum::<usize>() <= MAX_BYTES);
        assert!(slots.iter().all(|slot| slot.have.len() <= MAX_STRETCHES));
        reassembler.clear();
        reassembler.push(&fragment::cut(&message(0, 1 << 20)?, 0, 10)?, NO); // longer than any certificate
        assert!(reassembler.slots.iter().flatten().next().is_none());
        Ok(())
    }

    #[test]
    fn an_opener_is_taken_under_any_small_number() -> Result<(), Fault> {
        let openers = Expected { openers: &[HandshakeType::CLIENT_HELLO], finished: false };
        for (first, second) in [(0, 1), (1, 0), (3, 3), (0, 15)] {
            let mut reassembler = Reassembler::default();
            for seq in [first, second] {
                reassembler.push(&fragment::frame(HandshakeType::CLIENT_HELLO, seq, b"hello")?, openers);
                assert_eq!(reassembler.next_message().map(|(_, seq, _)| seq), Some(seq));
            }
        }
        let mut reassembler = Reassembler::default();
        reassembler.push(&fragment::frame(HandshakeType::CLIENT_HELLO, 16, b"hello")?, openers);
        assert_eq!(reassembler.next_message(), None);
        Ok(())
    }

    #[test]
    fn a_finished_before_its_keys_is_an_old_one() -> Result<(), Fault> {
        let finished = fragment::frame(HandshakeType::FINISHED, 0, &[0; 12])?;
        let mut reassembler = Reassembler::default();
        assert!(reassembler.push(&finished, NO) && reassembler.next_message().is_none());
        assert!(!reassembler.push(&finished, Expected { finished: true, ..NO }));
        assert!(reassembler.holds_message());
        Ok(())
    }

    #[test]
    fn a_hello_request_during_a_handshake_takes_nobodys_number() -> Result<(), Fault> {
        let mut reassembler = Reassembler::default();
        assert!(reassembler.push(&fragment::frame(HandshakeType::HELLO_REQUEST, 0, &[])?, NO));
        reassembler.push(&fragment::frame(HandshakeType::HELLO_VERIFY_REQUEST, 0, &[0xfe, 0xff, 0])?, NO);
        assert_eq!(
            reassembler.next_message().map(|(typ, _, _)| typ),
            Some(HandshakeType::HELLO_VERIFY_REQUEST)
        );
        Ok(())
    }
}
