//! What was sent and may have to be sent again, and when (RFC 6347 section 4.2.4).
//!
//! In: the items of a flight, the peer's progress, the time. Out: whether to send the flight again, and how small.
//! Promise: a flight is sent at most ten times by the clock and ten times because the peer repeats itself, never twice
//! within [`GAP`] for the latter; so nothing that somebody sends makes this side send much more.

use crate::config::Now;
use core::time::Duration;

/// The wait behind the first send; it doubles with each.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// How often a flight is sent before the peer counts as gone (`behaviours` section 8).
const SENDS: u32 = 10;

/// The least time between two answers to a peer that repeats itself.
const GAP: Duration = Duration::from_millis(250);

/// How long the last flight is kept: twice the longest life of a segment (RFC 6347 section 4.2.4).
const KEPT: Duration = Duration::from_secs(240);

/// Datagrams are no longer than this after so many sends without an answer: the path may carry less than was said
/// (RFC 6347 section 4.1.1.1). What every host of IPv4 takes, then what every path carries that carries anything.
const FALLBACK: [(u32, usize); 2] = [(3, 548), (5, 228)];

/// One thing that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A whole message.
    Message(Vec<u8>),
    /// A ChangeCipherSpec.
    ChangeCipher,
}

/// What to do at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Send the flight again.
    Resend,
    /// The peer does not answer.
    Lost,
}

/// The latest flight.
#[derive(Debug, Default)]
pub struct Retransmit {
    items: Vec<(u16, Kept)>,
    /// The peer has answered: the next item begins a new flight.
    answered: bool,
    sends: u32,
    answers: u32,
    timeout: Duration,
    deadline: Option<Duration>,
    sent_at: Duration,
    /// What datagrams are cut to for the rest of this handshake.
    cut: Option<usize>,
    /// The handshake is complete, and this was the last flight.
    complete: bool,
}

impl Retransmit {
    /// An item of this epoch goes out for the first time.
    pub fn keep(&mut self, epoch: u16, item: Kept) {
        if core::mem::take(&mut self.answered) {
            self.items.clear();
        }
        self.items.push((epoch, item));
    }

    /// What was added has been sent: the wait begins.
    pub fn sent(&mut self, now: Now) {
        (self.sends, self.answers, self.timeout, self.complete) = (1, 0, FIRST, false);
        self.arm(now);
    }

    fn arm(&mut self, now: Now) {
        self.sent_at = now.mono;
        self.deadline = Some(now.mono + self.timeout);
    }

    /// The flight.
    #[must_use]
    pub fn items(&self) -> &[(u16, Kept)] {
        &self.items
    }

    /// The peer got on: its next message has come. The wait begins again, since the rest of its flight may be lost and it
    /// need not be waiting itself.
    pub fn advance(&mut self, now: Now) {
        self.answered = true;
        if self.deadline.is_some() {
            (self.sends, self.timeout) = (1, FIRST);
            self.arm(now);
        }
    }

    /// It is this side's turn: nothing is owed to it.
    pub fn rest(&mut self) {
        self.deadline = None;
    }

    /// This side waits again.
    pub fn go_on(&mut self, now: Now) {
        if self.deadline.is_none() && !self.items.is_empty() && !self.complete {
            self.arm(now);
        }
    }

    /// The handshake is complete. The end that sent last keeps its flight for a peer that has not got it.
    pub fn complete(&mut self, sent_last: bool, now: Now) {
        self.deadline = None;
        self.cut = None;
        self.complete = true;
        self.sent_at = now.mono;
        self.answered = false;
        if !sent_last {
            self.items.clear();
        }
    }

    /// Nothing is to be sent again.
    pub fn clear(&mut self) {
        *self = Retransmit::default();
    }

    /// When the flight goes out again unless the peer answers.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Looks at the clock.
    pub fn at(&mut self, now: Now) -> Due {
        if self.complete && now.mono > self.sent_at + KEPT {
            self.items.clear();
        }
        match self.deadline {
            Some(deadline) if now.mono >= deadline => {}
            _ => return Due::Nothing,
        }
        if self.sends >= SENDS {
            self.deadline = None;
            return Due::Lost;
        }
        self.sends += 1;
        self.timeout = (self.timeout * 2).min(LONGEST);
        for (sends, size) in FALLBACK {
            if self.sends >= sends {
                self.cut = Some(size);
            }
        }
        self.arm(now);
        Due::Resend
    }

    /// Whether a peer that repeats itself is answered now.
    pub fn answers(&mut self, now: Now) -> bool {
        let due = !self.items.is_empty() && self.answers < SENDS && now.mono >= self.sent_at + GAP;
        if due {
            self.answers += 1;
            self.sent_at = now.mono;
            if self.deadline.is_some() {
                self.deadline = Some(now.mono + self.timeout);
            }
        }
        due
    }

    /// The longest datagram, where `size` was set.
    #[must_use]
    pub fn size(&self, size: usize) -> usize {
        self.cut.map_or(size, |cut| cut.min(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Now {
        Now { mono: Duration::from_millis(millis), wall: 0 }
    }

    fn sent(items: u16) -> Retransmit {
        let mut flight = Retransmit::default();
        (0..items).for_each(|n| flight.keep(0, Kept::Message(vec![n as u8])));
        flight.sent(at(0));
        flight
    }

    #[test]
    fn ten_sends_with_doubled_waits_of_at_most_a_minute_and_smaller_datagrams() {
        let mut flight = sent(1);
        let (mut now, mut sizes) = (0, vec![flight.size(1400)]);
        for wait in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert_eq!(flight.at(at(now + wait * 1000 - 1)), Due::Nothing);
            now += wait * 1000;
            assert_eq!(flight.deadline(), Some(at(now).mono));
            assert_eq!(flight.at(at(now)), Due::Resend);
            sizes.push(flight.size(1400));
        }
        assert_eq!(flight.at(at(now + 60_000)), Due::Lost);
        assert_eq!(flight.deadline(), None);
        assert_eq!(sizes, [1400, 1400, 548, 548, 228, 228, 228, 228, 228, 228]);
        assert_eq!(flight.size(100), 100);
    }

    #[test]
    fn a_peer_that_repeats_itself_is_answered_ten_times_and_not_at_once() {
        let mut flight = sent(2);
        flight.complete(true, at(0));
        let mut answers = 0;
        for now in 0..100_000 {
            answers += u32::from(flight.answers(at(now)));
            assert!(answers <= 1 + now as u32 / 250);
        }
        assert_eq!(answers, 10);
        assert_eq!(flight.at(at(1 << 30)), Due::Nothing);
        assert!(flight.items().is_empty());
    }

    #[test]
    fn what_is_sent_before_the_peer_answers_is_one_flight() {
        let mut flight = sent(2);
        flight.keep(1, Kept::ChangeCipher);
        assert_eq!(flight.items().len(), 3);
        flight.advance(at(10));
        assert_eq!(flight.items().len(), 3, "until the next flight begins");
        flight.keep(1, Kept::ChangeCipher);
        assert_eq!(flight.items().len(), 1);
    }
}
