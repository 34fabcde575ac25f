//! Sequence numbers: every record of one set of keys gets the next one, and none twice.

use crate::fault::{Fault, RecordFault};

/// Records under one set of keys. Far below 2^64 and, for GCM, at the number of full records after which
/// indistinguishability is no longer given by a comfortable margin (RFC 8446 section 5.5 names 2^24.5 for TLS;
/// TLS 1.2 has no way to update keys short of renegotiation, so peers do go on, and only the hard limit binds).
const LIMIT: u64 = u64::MAX;

/// Bits of a sequence number that count records; on datagrams the epoch stands above them (RFC 6347 section 4.1).
const COUNTED: u32 = 48;

/// The counter of one direction.
#[derive(Debug)]
pub struct Sequence {
    next: u64,
    end: u64,
}

impl Default for Sequence {
    fn default() -> Sequence {
        Sequence::starting_at(0)
    }
}

impl Sequence {
    /// The number of the next record.
    pub fn take_next(&mut self) -> Result<u64, Fault> {
        if self.next == self.end {
            return Err(RecordFault::SequenceExhausted.into());
        }
        let number = self.next;
        self.next += 1;
        Ok(number)
    }

    /// A counter that has reached this number.
    #[must_use]
    pub fn starting_at(number: u64) -> Sequence {
        Sequence { next: number, end: LIMIT }
    }

    /// The counter of an epoch, whose number stands above that of each record.
    #[must_use]
    pub fn of_epoch(epoch: u16) -> Sequence {
        let next = u64::from(epoch) << COUNTED;
        Sequence { next, end: next | ((1 << COUNTED) - 1) }
    }

    /// Leaves out the numbers before this one of the same epoch.
    pub fn skip_to(&mut self, number: u64) {
        self.next = self.next.max(number).min(self.end);
    }
}

/// The epoch in a datagram record's sequence number.
#[must_use]
pub fn epoch_of(number: u64) -> u16 {
    (number >> COUNTED) as u16
}

/// Which records of an epoch have been seen: the last 64 before the highest (RFC 6347 section 4.1.2.6).
#[derive(Debug, Default)]
pub struct Window {
    /// One above the highest number seen; 0 before the first.
    end: u64,
    /// Bit `n` is the record `n` below the highest.
    seen: u64,
}

impl Window {
    /// Whether this number is new: not seen and not too old to tell.
    #[must_use]
    pub fn is_new(&self, number: u64) -> bool {
        match self.end.checked_sub(number + 1) {
            None => true,
            Some(age) => age < 64 && self.seen >> age & 1 == 0,
        }
    }

    /// The record of this number was authentic.
    pub fn mark(&mut self, number: u64) {
        match self.end.checked_sub(number + 1) {
            None => {
                let moved = number + 1 - self.end;
                self.seen = if moved < 64 { self.seen << moved } else { 0 } | 1;
                self.end = number + 1;
            }
            Some(age) if age < 64 => self.seen |= 1 << age,
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_comes_twice_and_the_last_one_is_never_used() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.take_next(), Ok(0));
        assert_eq!(sequence.take_next(), Ok(1));
        let mut sequence = Sequence::starting_at(LIMIT - 1);
        assert_eq!(sequence.take_next(), Ok(LIMIT - 1));
        assert_eq!(sequence.take_next(), Err(RecordFault::SequenceExhausted.into()));
    }

    #[test]
    fn an_epoch_has_48_bits_of_numbers_and_does_not_run_into_the_next() {
        let mut sequence = Sequence::of_epoch(2);
        assert_eq!(sequence.take_next(), Ok(2 << 48));
        sequence.skip_to(7);
        assert_eq!(sequence.take_next(), Ok((2 << 48) + 1));
        sequence.skip_to(u64::MAX);
        assert_eq!(sequence.take_next(), Err(RecordFault::SequenceExhausted.into()));
        assert_eq!(epoch_of((2 << 48) + 9), 2);
    }

    #[test]
    fn the_window_tells_new_from_seen_and_from_too_old() {
        let mut window = Window::default();
        for number in [0, 5, 3, 64, 70] {
            assert!(window.is_new(number), "{number}");
            window.mark(number);
            assert!(!window.is_new(number), "{number}");
        }
        for (number, new) in
            [(71, true), (69, true), (64, false), (7, true), (6, false), (5, false), (0, false)]
        {
            assert_eq!(window.is_new(number), new, "{number}");
        }
        window.mark(1 << 40);
        assert!(!window.is_new(71) && window.is_new((1 << 40) - 1));
        window.mark(3); // too old to matter
        assert!(window.is_new((1 << 48) - 1));
    }
}
