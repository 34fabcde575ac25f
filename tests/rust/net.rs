//! A network between two sessions over datagrams, in a time of its own.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use crate::common::{End, WOULD_BLOCK, credentials};
use core::time::Duration;
use st_core::config::{Now, Role};
use st_core::profile::Framing;
use st_core::session::{Call, Event, Session, Turn};
use st_core::status::OsStatus;
use std::collections::VecDeque;

/// A generator of numbers that are random enough to test with (Marsaglia's xorshift).
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// Whether something happens that does so in `percent` of all cases.
    pub fn hits(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// How bad the network is, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub lost: u64,
    pub doubled: u64,
    pub delayed: u64,
    pub damaged: u64,
    /// The longest datagram that gets through.
    pub largest: Option<usize>,
}

/// One side: a session, and the datagram it is reading.
pub struct Side {
    pub end: End,
    pub inbox: VecDeque<Vec<u8>>,
    held: Vec<u8>,
    at: usize,
    pub sent: usize,
    pub sent_bytes: usize,
}

impl Side {
    pub fn new(role: Role) -> Side {
        let mut end = End::new(role);
        end.session = Session::new(role, Framing::Datagram);
        end.session.set_io(true);
        Side { end, inbox: VecDeque::new(), held: Vec::new(), at: 0, sent: 0, sent_bytes: 0 }
    }

    /// Serves a header and its body from the datagram held, as a callback does.
    fn get(&mut self, out: &mut [u8], in_datagram: bool) -> (usize, Event) {
        if self.at == self.held.len() {
            let next = if in_datagram { None } else { self.inbox.pop_front() };
            let Some(next) = next else { return (0, Event::Blocked) };
            (self.held, self.at) = (next, 0);
        }
        let n = out.len().min(self.held.len() - self.at);
        out[..n].copy_from_slice(&self.held[self.at..self.at + n]);
        self.at += n;
        if n < out.len() {
            self.at = self.held.len(); // the rest of this datagram is of no use
        }
        (n, Event::Done)
    }

    /// Runs a call to its end; gives what it sent.
    pub fn run(&mut self, call: &mut Call, data: &[u8], out: &mut Vec<u8>) -> (OsStatus, Vec<Vec<u8>>) {
        let (mut event, mut sent) = (Event::Begin, Vec::new());
        loop {
            event = match self.end.session.step(call, event, self.end.now) {
                Turn::Return(code) => {
                    self.sent += sent.len();
                    self.sent_bytes += sent.iter().map(Vec::len).sum::<usize>();
                    return (code, sent);
                }
                Turn::Read => {
                    let inside = self.end.session.is_in_datagram();
                    let mut loan = self.end.session.lend_input();
                    let (n, event) = self.get(loan.bytes_mut(), inside);
                    self.end.session.return_input(loan, n);
                    event
                }
                Turn::Write => {
                    let loan = self.end.session.lend_output(false).unwrap();
                    sent.push(loan.as_bytes().to_vec());
                    let n = loan.as_bytes().len();
                    self.end.session.settle_output(loan, n);
                    Event::Done
                }
                other => self.end.turn(call, other, data, out),
            };
        }
    }
}

/// A datagram under way: when it arrives, in which order, and where.
struct Flying {
    when: Duration,
    up: bool,
    bytes: Vec<u8>,
}

pub struct Net {
    pub client: Side,
    pub server: Side,
    pub dice: Dice,
    pub weather: Weather,
    pub now: Duration,
    flying: Vec<Flying>,
    /// Every datagram, as it was sent.
    pub log: Vec<(bool, Vec<u8>)>,
}

impl Net {
    pub fn new(seed: u64, weather: Weather) -> Net {
        let (client, server) = (Side::new(Role::Client), Side::new(Role::Server));
        Net {
            client,
            server,
            dice: Dice::new(seed),
            weather,
            now: Duration::ZERO,
            flying: vec![],
            log: vec![],
        }
    }

    pub fn quiet(version: i64) -> Net {
        let mut net = Net::new(1, Weather::default());
        net.server.end.session.set_credentials(Some(credentials(&rcgen::PKCS_ECDSA_P256_SHA256)));
        net.versions(version, version);
        net
    }

    pub fn versions(&mut self, min: i64, max: i64) {
        for side in [&mut self.client, &mut self.server] {
            assert_eq!(side.end.session.set_version_max(max), 0);
            assert_eq!(side.end.session.set_version_min(min), 0);
        }
    }

    pub fn side(&mut self, client: bool) -> &mut Side {
        if client { &mut self.client } else { &mut self.server }
    }

    /// Makes a call on one side; what it sends is under way afterwards.
    pub fn call(&mut self, client: bool, call: &mut Call, data: &[u8], out: &mut Vec<u8>) -> OsStatus {
        let now = Now { mono: self.now, wall: crate::common::NOW.wall };
        let side = self.side(client);
        side.end.now = now;
        let (code, sent) = side.run(call, data, out);
        for bytes in sent {
            self.log.push((client, bytes.clone()));
            self.post(client, bytes);
        }
        code
    }

    fn post(&mut self, up: bool, bytes: Vec<u8>) {
        let Weather { lost, doubled, delayed, damaged, largest } = self.weather;
        if largest.is_some_and(|largest| bytes.len() > largest) || self.dice.hits(lost) {
            return;
        }
        let copies = 1 + usize::from(self.dice.hits(doubled));
        for _ in 0..copies {
            let late = if self.dice.hits(delayed) { self.dice.below(3000) } else { self.dice.below(20) };
            let mut bytes = bytes.clone();
            if self.dice.hits(damaged) {
                self.damage(&mut bytes);
            }
            self.flying.push(Flying { when: self.now + Duration::from_millis(10 + late), up, bytes });
        }
    }

    /// Cuts a datagram short, or flips a bit where that must not be noticed: in a header, or in what is protected. What
    /// nothing protects can be turned into another message, whose end is another one.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let protected = bytes[3..5] != [0, 0];
        if self.dice.hits(30) {
            bytes.truncate(self.dice.below(bytes.len() as u64) as usize);
            return;
        }
        let within = if protected { bytes.len() } else { 13 };
        let at = self.dice.below(within as u64) as usize;
        bytes[at] ^= 1 << self.dice.below(8);
    }

    /// Lets time pass until the next thing happens; `false` when nothing ever will.
    pub fn wait(&mut self) -> bool {
        let arrival = self.flying.iter().map(|f| f.when).min();
        let mut next = arrival;
        for client in [true, false] {
            let now = Now { mono: self.now, wall: 0 };
            let left = self.side(client).end.session.datagram_deadline(now).unwrap();
            if let Some(left) = left {
                let at = now.mono + left;
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        let Some(next) = next else { return false };
        self.now = self.now.max(next);
        let (arrived, flying): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.flying).into_iter().partition(|f| f.when <= next);
        self.flying = flying;
        for Flying { up, bytes, .. } in arrived {
            self.side(!up).inbox.push_back(bytes);
        }
        true
    }

    /// Handshakes until both ends have an answer other than would-block.
    pub fn handshake(&mut self) -> (OsStatus, OsStatus) {
        self.drive(WOULD_BLOCK, WOULD_BLOCK)
    }

    /// Lets an end that is at would-block handshake and one that is done read, until neither waits or nothing happens any
    /// more.
    pub fn drive(&mut self, mut c: OsStatus, mut s: OsStatus) -> (OsStatus, OsStatus) {
        while c == WOULD_BLOCK || s == WOULD_BLOCK {
            let before = (c, s, self.log.len());
            c = self.carry_on(true, c);
            s = self.carry_on(false, s);
            if (c, s, self.log.len()) == before && !self.wait() {
                break;
            }
        }
        (c, s)
    }

    fn carry_on(&mut self, client: bool, code: OsStatus) -> OsStatus {
        match code {
            WOULD_BLOCK => self.call(client, &mut Call::handshake(), &[], &mut Vec::new()),
            0 => match self.call(client, &mut Call::read(20_000), &[], &mut Vec::new()) {
                WOULD_BLOCK => 0,
                code => code,
            },
            other => other,
        }
    }

    /// Reads what there is, datagram by datagram.
    fn read_all(&mut self, client: bool) -> Result<Vec<Vec<u8>>, OsStatus> {
        let mut all = Vec::new();
        loop {
            let mut out = Vec::new();
            match self.call(client, &mut Call::read(20_000), &[], &mut out) {
                0 => all.push(out),
                WOULD_BLOCK if out.is_empty() => return Ok(all),
                code => return Err(code),
            }
        }
    }

    /// Sends data both ways until it has come through once; what was sent before may still come, too.
    pub fn exchange(&mut self, data: &[u8]) -> Result<(), OsStatus> {
        for up in [true, false] {
            let mut tries = 0;
            loop {
                tries += 1;
                if tries > 20_000 {
                    return Err(WOULD_BLOCK); // it does not come through
                }
                let code = self.call(up, &mut Call::write(data.len()), data, &mut Vec::new());
                if code != 0 && code != WOULD_BLOCK {
                    return Err(code);
                }
                self.wait();
                let (there, here) = (self.read_all(!up)?, self.read_all(up)?);
                let whole = |read: &Vec<u8>| read.iter().all(|byte| *byte == read[0]);
                assert!(there.iter().chain(&here).all(whole), "data that nobody sent");
                if there.iter().any(|read| read == data) {
                    break;
                }
            }
        }
        Ok(())
    }
}
