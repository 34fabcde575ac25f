//! What a connection costs in memory: nothing is allocated per record, the buffers stay where they are, and an
//! idle connection gives the big ones back.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use allocation_counter::{AllocationInfo, measure};
use common::{End, NOW, Pair, credentials};
use st_core::profile::{self, Framing, Profile};
use st_core::record::head::Head;
use st_core::record::protect::{Material, opener, sealer};
use st_core::session::{Call, Event, Turn};
use st_core::status::{OsStatus, SSL_WOULD_BLOCK};
use st_core::suite;
use st_core::wire::ids::ContentType;

/// Bytes under way in memory that was taken beforehand.
struct Line {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Line {
    fn new() -> Line {
        Line { bytes: vec![0; 4 << 20], start: 0, end: 0 }
    }

    fn put(&mut self, bytes: &[u8]) -> Event {
        self.bytes[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
        Event::Done
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

/// Runs a call to its end; what a binding does, without memory of its own.
fn run(end: &mut End, call: &mut Call, line: &mut Line, data: &[u8], out: &mut [u8]) -> OsStatus {
    let mut event = Event::Begin;
    loop {
        event = match end.session.step(call, event, NOW) {
            Turn::Return(code) => return code,
            Turn::Read => {
                let mut loan = end.session.lend_input();
                let (n, event) = line.get(loan.bytes_mut());
                end.session.return_input(loan, n);
                event
            }
            Turn::Write => {
                let loan = end.session.lend_output(false).unwrap();
                let n = loan.as_bytes().len();
                let event = line.put(loan.as_bytes());
                end.session.settle_output(loan, n);
                event
            }
            Turn::Deliver(n) => {
                let at = call.processed();
                assert_eq!(end.session.take(call, &mut out[at..at + n]), n);
                Event::Done
            }
            Turn::Alone => Event::Done,
            Turn::Seal => {
                let from = call.processed();
                end.session.seal(call, &data[from..]);
                Event::Done
            }
            Turn::Need(_) => panic!("no question is left"),
        };
    }
}

/// ECDHE_ECDSA with AES-128-GCM.
const SUITE: i64 = 0xc02b;
/// The number of TLS 1.2 in SSLProtocol.
const TLS12: i64 = 8;

fn connected() -> Pair {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    for end in [&mut pair.client, &mut pair.server] {
        assert_eq!(end.session.set_enabled_ciphers(&[SUITE]), 0);
        assert_eq!(end.session.set_version_max(TLS12), 0);
    }
    assert_eq!(pair.handshake(), (0, 0));
    pair
}

/// One way and back.
fn exchange(pair: &mut Pair, line: &mut Line, data: &[u8], out: &mut [u8]) {
    transfer(&mut pair.client, &mut pair.server, line, data, out);
    transfer(&mut pair.server, &mut pair.client, line, data, out);
}

fn transfer(from: &mut End, to: &mut End, line: &mut Line, data: &[u8], out: &mut [u8]) {
    assert_eq!(run(from, &mut Call::write(data.len()), line, data, &mut []), 0);
    let mut got = 0;
    while got < data.len() {
        let mut read = Call::read(data.len() - got);
        let code = run(to, &mut read, line, &[], &mut out[got..]);
        assert!(code == 0 || code == SSL_WOULD_BLOCK);
        got += read.processed();
    }
    assert_eq!(out, data);
}

fn steady(size: usize, rounds: usize) -> AllocationInfo {
    let (mut pair, mut line) = (connected(), Line::new());
    let (data, mut out) = (vec![7; size], vec![0; size]);
    for _ in 0..3 {
        exchange(&mut pair, &mut line, &data, &mut out);
    }
    measure(|| {
        for _ in 0..rounds {
            exchange(&mut pair, &mut line, &data, &mut out);
        }
    })
}

#[test]
fn nothing_is_allocated_per_record() {
    // Up to one packet of eight records; several packets; odd sizes.
    for size in [1, 64, 1000, 1024, 16_384, 16_385, 131_072, 131_073, 1 << 20] {
        let info = steady(size, 20);
        assert_eq!(info.count_total, 0, "{size}: {} bytes in {} pieces", info.bytes_total, info.count_total);
    }
}

/// Version, suite: every kind of record protection, and CBC with chained and with random vectors. Two ends of ours put
/// the MAC outside from TLS 1.0 on; `seal_and_open` has it inside.
const KINDS: [(i64, u16); 19] = [
    (2, 0x002f),
    (2, 0x000a),
    (2, 0x0004),
    (2, 0x0002),
    (4, 0x0035),
    (4, 0x000a),
    (4, 0x0004),
    (4, 0x0001),
    (7, 0x002f),
    (7, 0x0005),
    (8, 0x002f),
    (8, 0x003d),
    (8, 0x000a),
    (8, 0xc028),
    (8, 0x0005),
    (8, 0x003b),
    (8, 0xc09c),
    (8, 0xc0a1),
    (8, 0xcca8),
];

#[test]
fn nothing_is_allocated_per_record_whatever_protects_it() {
    let (mut line, size) = (Line::new(), 20_000);
    let (data, mut out) = (vec![7; size], vec![0; size]);
    for (version, suite) in KINDS {
        let mut pair = Pair::new(&common::rsa1024());
        for end in [&mut pair.client.session, &mut pair.server.session] {
            assert_eq!(end.set_version_min(version), 0);
            assert_eq!(end.set_version_max(version), 0);
            assert_eq!(end.set_enabled_ciphers(&[i64::from(suite)]), 0);
        }
        assert_eq!(pair.handshake(), (0, 0), "{version} {suite:#x}");
        let mut all = || {
            for size in [1, 100, 1024, 20_000] {
                exchange(&mut pair, &mut line, &data[..size], &mut out[..size]);
            }
        };
        all();
        all();
        let info = measure(|| (0..20).for_each(|_| all()));
        assert_eq!(info.count_total, 0, "{suite:#x} in {version}: {} bytes", info.bytes_total);
    }
}

/// The record layer alone, under every version, cipher, MAC and order of the two.
#[test]
fn sealing_and_opening_allocate_nothing_in_any_form() {
    for profile in profile::of(Framing::Stream) {
        for suite in suite::SUITES.iter().filter(|suite| suite.ranks.contains(&profile.rank)) {
            for encrypt_then_mac in [false, suite.has_cbc()] {
                let info = seal_and_open(profile, suite, encrypt_then_mac);
                let name = format!("{} in {}, {encrypt_then_mac}", suite.name, profile.name);
                assert_eq!(info.count_total, 0, "{name}: {} bytes", info.bytes_total);
            }
        }
    }
}

fn seal_and_open(profile: &Profile, suite: &suite::Suite, encrypt_then_mac: bool) -> AllocationInfo {
    let key: Vec<u8> = (1..=32).collect();
    let material = Material {
        mac: &[5; 48][..suite.mac.map_or(0, |mac| mac.len())],
        key: &key[..suite.bulk.key_len()],
        iv: &[9; 16][..suite.bulk.fixed_iv(profile.iv)],
        encrypt_then_mac,
    };
    let mut sealer = sealer(profile, suite, material).unwrap();
    let mut opener = opener(profile, suite, material).unwrap();
    let (plain, mut body) = (vec![3; 1500], vec![0; 2000]);
    let mut turn = |sequence: u64, size: usize, damaged: bool| {
        let body = &mut body[..sealer.sealed_len(size)];
        let head = Head::new(ContentType::APPLICATION_DATA, profile.wire, body.len());
        sealer.seal(sequence, &head, &plain[..size], body).unwrap();
        body[0] ^= u8::from(damaged);
        let opened = opener.open(sequence, &head, body);
        assert_eq!(opened.is_err(), damaged);
    };
    turn(0, 100, false);
    measure(|| {
        for sequence in 1..20 {
            turn(sequence, [0, 1, 33, 1500][sequence as usize % 4], false);
        }
        turn(20, 33, true);
    })
}

#[test]
fn sizes_that_alternate_allocate_nothing_either() {
    let (mut pair, mut line) = (connected(), Line::new());
    let (data, mut out) = (vec![7; 131_072], vec![0; 131_072]);
    let mut all = |pair: &mut Pair| {
        for size in [131_072, 1, 16_384, 64, 40_000, 5] {
            exchange(pair, &mut line, &data[..size], &mut out[..size]);
        }
    };
    all(&mut pair);
    all(&mut pair);
    let info = measure(|| (0..10).for_each(|_| all(&mut pair)));
    assert_eq!(info.count_total, 0, "{} bytes", info.bytes_total);
}

/// Both ends after a handshake, some data, and a read that found nothing: what they hold, buffers included.
fn idle(size: usize) -> u64 {
    let credentials = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mut line = Line::new();
    let (data, mut out) = (vec![7; size], vec![0; size]);
    let mut kept = Vec::with_capacity(1);
    let info = measure(|| {
        let mut pair = Pair::new(&credentials);
        assert_eq!(pair.handshake(), (0, 0));
        exchange(&mut pair, &mut line, &data, &mut out);
        let Pair { mut client, mut server, .. } = pair;
        for end in [&mut client, &mut server] {
            let code = run(end, &mut Call::read(1), &mut line, &[], &mut [0]);
            assert_eq!(code, SSL_WOULD_BLOCK);
        }
        kept.push((client, server));
    });
    u64::try_from(info.bytes_current).unwrap() / 2
}

#[test]
fn an_idle_connection_keeps_little_whatever_went_through_it() {
    let (after_little, after_much) = (idle(100), idle(2 << 20));
    assert!(after_little < 8 * 1024, "{after_little} bytes");
    assert!(after_much < 8 * 1024, "{after_much} bytes");
}
