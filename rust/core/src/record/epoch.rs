//! Sequence numbers: every record of one set of keys gets the next one, and none twice.

use crate::fault::{Fault, RecordFault};

/// Records under one set of keys. Far below 2^64 and, for GCM, at the number of full records after which
/// indistinguishability is no longer given by a comfortable margin (RFC 8446 section 5.5 names 2^24.5 for TLS;
/// TLS 1.2 has no way to update keys short of renegotiation, so peers do go on, and only the hard limit binds).
const LIMIT: u64 = u64::MAX;

/// The counter of one direction.
#[derive(Debug, Default)]
pub struct Sequence(u64);

impl Sequence {
    /// The number of the next record.
    pub fn take_next(&mut self) -> Result<u64, Fault> {
        if self.0 == LIMIT {
            return Err(RecordFault::SequenceExhausted.into());
        }
        let number = self.0;
        self.0 += 1;
        Ok(number)
    }

    /// A counter that has reached this number.
    #[must_use]
    pub fn starting_at(number: u64) -> Sequence {
        Sequence(number)
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
}
