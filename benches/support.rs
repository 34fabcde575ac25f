//! Sessions and memory for the benches.
#![allow(dead_code)]

use crate::common::{End, NOW, Pair};
use st_core::session::{Call, Event, Turn};
use st_core::status::OsStatus;

/// Bytes under way, in memory that was taken beforehand.
pub struct Line {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Line {
    /// Room for so many bytes.
    pub fn new(size: usize) -> Line {
        Line { bytes: vec![0; size], start: 0, end: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    fn get(&mut self, out: &mut [u8]) -> (usize, Event) {
        let n = out.len().min(self.end - self.start);
        out[..n].copy_from_slice(&self.bytes[self.start..self.start + n]);
        self.start += n;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        (n, if n == out.len() { Event::Done } else { Event::Blocked })
    }
}

/// Runs a call to its end as a binding does. Without a line what is written is taken and forgotten.
pub fn run(
    end: &mut End,
    call: &mut Call,
    mut line: Option<&mut Line>,
    data: &[u8],
    out: &mut [u8],
) -> OsStatus {
    let mut event = Event::Begin;
    loop {
        event = match end.session.step(call, event, NOW) {
            Turn::Return(code) => return code,
            Turn::Read => {
                let mut loan = end.session.lend_input();
                let (n, event) = line.as_mut().map_or((0, Event::Blocked), |line| line.get(loan.bytes_mut()));
                end.session.return_input(loan, n);
                event
            }
            Turn::Write => {
                let Some(loan) = end.session.lend_output(true) else { return -1 };
                let n = loan.as_bytes().len();
                if let Some(line) = line.as_mut() {
                    line.put(loan.as_bytes());
                }
                end.session.settle_output(loan, n);
                Event::Done
            }
            Turn::Deliver(n) => {
                let at = call.processed();
                end.session.take(call, &mut out[at..at + n]);
                Event::Done
            }
            Turn::Alone => Event::Done,
            Turn::Seal => {
                let from = call.processed();
                end.session.seal(call, &data[from..]);
                Event::Done
            }
            Turn::Need(_) => return -1,
        };
    }
}

/// Two ends that have shaken hands under one suite.
pub fn connected(algorithm: &'static rcgen::SignatureAlgorithm, suite: u16) -> Pair {
    let mut pair = Pair::new(&crate::common::credentials(algorithm));
    for end in [&mut pair.client, &mut pair.server] {
        assert_eq!(end.session.set_enabled_ciphers(&[i64::from(suite)]), 0);
    }
    assert_eq!(pair.handshake(), (0, 0));
    pair
}
