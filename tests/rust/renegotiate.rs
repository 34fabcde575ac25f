//! Another handshake on a complete one: both sides' ideas, refusals, bindings, data in between.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{NOW, Pair, WOULD_BLOCK, credentials};
use st_core::session::{Call, State};
use st_core::{status, suite};

const ALLOW: i64 = 8;
const IDENTITY_CHANGE: i64 = 5;
const BREAK_ON_SERVER: i64 = 0;
const BREAK_ON_HELLO: i64 = 7;

fn connected(allow: bool) -> Pair {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.server.session.set_option(ALLOW, allow), 0);
    assert_eq!(pair.handshake(), (0, 0));
    pair
}

fn states(pair: &Pair) -> (State, State) {
    (pair.client.session.state(), pair.server.session.state())
}

/// One SSLRead of each end; what both said.
fn read_both(pair: &mut Pair) -> (i32, i32) {
    let client = pair.client_call(&mut Call::read(100), &[], &mut Vec::new());
    (client, pair.server_call(&mut Call::read(100), &[], &mut Vec::new()))
}

#[test]
fn a_client_begins_again_and_data_flows_under_the_new_keys() {
    for version in [2, 4, 7, 8] {
        let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
        assert_eq!(pair.server.session.set_option(ALLOW, true), 0);
        for end in [&mut pair.client.session, &mut pair.server.session] {
            assert_eq!(end.set_version_min(version), 0);
            assert_eq!(end.set_version_max(version), 0);
        }
        assert_eq!(pair.handshake(), (0, 0));
        for _ in 0..3 {
            assert_eq!(pair.transfer(true, b"before"), b"before");
            assert_eq!(pair.client.session.rehandshake(NOW), 0);
            assert_eq!(states(&pair), (State::Handshake, State::Connected));
            assert_eq!(pair.client.session.rehandshake(NOW), status::SEC_BAD_REQ);
            assert_eq!(pair.handshake(), (0, 0), "version {version}");
            assert_eq!(states(&pair), (State::Connected, State::Connected));
            assert_eq!(pair.transfer(false, b"after"), b"after");
        }
    }
}

#[test]
fn a_server_asks_and_reads_on_both_sides_carry_it_through() {
    let mut pair = connected(true);
    assert_eq!(pair.server.session.rehandshake(NOW), 0);
    assert_eq!(states(&pair), (State::Connected, State::Connected));
    let asked = pair.client.asked;
    for _ in 0..6 {
        assert_eq!(read_both(&mut pair), (WOULD_BLOCK, WOULD_BLOCK));
    }
    assert_eq!(states(&pair), (State::Connected, State::Connected));
    assert!(pair.client.asked > asked, "the chain is judged again");
    assert_eq!(pair.transfer(true, b"after"), b"after");
    assert_eq!(pair.transfer(false, b"after"), b"after");
}

#[test]
fn data_under_way_when_it_begins_is_not_lost() {
    let mut pair = connected(true);
    // The client has asked while the server's data is still under way, and the server writes before it looks.
    assert_eq!(pair.server_call(&mut Call::write(5), b"first", &mut Vec::new()), 0);
    assert_eq!(pair.client.session.rehandshake(NOW), 0);
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(pair.server_call(&mut Call::write(6), b"second", &mut Vec::new()), 0);
    assert_eq!(pair.handshake(), (0, 0));
    let mut out = Vec::new();
    while out.len() < 11 {
        let code = pair.client_call(&mut Call::read(100), &[], &mut out);
        assert!(code == 0 || code == WOULD_BLOCK, "{code}");
    }
    assert_eq!(out, b"firstsecond");
}

#[test]
fn a_server_that_does_not_allow_it_warns_and_goes_on() {
    let mut pair = connected(false);
    assert_eq!(pair.client.session.rehandshake(NOW), 0);
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(pair.server_call(&mut Call::read(1), &[], &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(pair.server.session.state(), State::Connected);
    let refused = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(refused, status::SSL_PEER_NO_RENEGOTIATION);
}

#[test]
fn a_peer_may_not_repeat_it_for_ever_without_data() {
    let mut pair = connected(true);
    let mut ended = 0;
    for round in 0..20 {
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        let codes = pair.handshake();
        if codes != (0, 0) {
            assert_eq!(codes.1, status::SSL_PROTOCOL);
            ended = round;
            break;
        }
    }
    assert_eq!(ended, 8);
    // What the server asks for itself is not counted against the client.
    let mut pair = connected(true);
    for _ in 0..7 {
        assert_eq!(pair.server.session.rehandshake(NOW), 0);
        for _ in 0..6 {
            assert_eq!(read_both(&mut pair), (WOULD_BLOCK, WOULD_BLOCK));
        }
    }
    assert_eq!(states(&pair), (State::Connected, State::Connected));
}

#[test]
fn pauses_come_again_once_each() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.server.session.set_option(ALLOW, true), 0);
    assert_eq!(pair.server.session.set_option(BREAK_ON_HELLO, true), 0);
    assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER, true), 0);
    while pair.handshake() != (0, 0) {}
    assert_eq!(pair.server.session.rehandshake(NOW), 0);
    let mut seen = Vec::new();
    for _ in 0..10 {
        let (client, server) = read_both(&mut pair);
        if server == status::SSL_CLIENT_HELLO_RECEIVED {
            assert_eq!(pair.server.session.state(), State::Connected, "not begun yet while paused");
        }
        seen.extend([client, server].into_iter().filter(|code| *code != WOULD_BLOCK));
    }
    assert_eq!(seen, [status::SSL_CLIENT_HELLO_RECEIVED, status::SSL_PEER_AUTH_COMPLETED]);
    assert_eq!(states(&pair), (State::Connected, State::Connected));
}

#[test]
fn another_server_certificate_needs_the_option() {
    for allowed in [false, true] {
        let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
        assert_eq!(pair.server.session.set_option(ALLOW, true), 0);
        assert_eq!(pair.client.session.set_option(IDENTITY_CHANGE, allowed), 0);
        assert_eq!(pair.handshake(), (0, 0));
        let before = pair.client.session.peer_trust().unwrap();
        pair.server.session.set_credentials(Some(credentials(&rcgen::PKCS_ECDSA_P256_SHA256)));
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        let codes = pair.handshake();
        if allowed {
            assert_eq!(codes, (0, 0));
            let after = pair.client.session.peer_trust().unwrap();
            assert!(!std::sync::Arc::ptr_eq(&before, &after), "a trust object of its own");
        } else {
            assert_eq!(codes, (status::SSL_PROTOCOL, status::SSL_ILLEGAL_PARAM));
        }
    }
}

#[test]
fn each_state_has_its_answer() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.server.session.rehandshake(NOW), status::SSL_ILLEGAL_PARAM);
    assert_eq!(pair.client.session.rehandshake(NOW), 0);
    assert_eq!(pair.client.session.state(), State::Handshake);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client_call(&mut Call::close(), &[], &mut Vec::new()), 0);
    assert_eq!(pair.client.session.rehandshake(NOW), status::SSL_CLOSED_GRACEFUL);
    pair.server.session.set_error(1);
    assert_eq!(pair.server.session.rehandshake(NOW), status::SSL_CLOSED_ABORT);
}

// --- encrypt-then-MAC --------------------------------------------------------------------------------------

/// An end that agreed to it with CBC, moved on to GCM, and is now to use CBC again.
#[test]
fn encrypt_then_mac_once_on_stays_on_also_behind_a_suite_that_has_no_mac() {
    const CBC: i64 = 0xc027;
    const GCM: i64 = 0xc02f;
    for strip in [false, true] {
        let mut facts = st_core::handshake::Facts::default();
        let row = |id: i64| suite::SUITES.iter().find(|s| i64::from(s.id.0) == id).unwrap();
        facts.settle_encrypt_then_mac(true, row(CBC)).unwrap();
        facts.settle_encrypt_then_mac(true, row(GCM)).unwrap();
        assert!(!facts.encrypt_then_mac, "there is no MAC to move");
        facts.settle_encrypt_then_mac(false, row(GCM)).unwrap();
        assert_eq!(facts.settle_encrypt_then_mac(!strip, row(CBC)).is_err(), strip);
    }
}

// --- much data while it runs -------------------------------------------------------------------------------

/// Writes `data` as the server, in portions.
fn pour(pair: &mut Pair, data: &[u8]) {
    for part in data.chunks(100_000) {
        assert_eq!(pair.server_call(&mut Call::write(part.len()), part, &mut Vec::new()), 0);
    }
}

#[test]
fn a_call_that_cannot_deliver_gives_way_where_too_much_data_waits() {
    for writes in [true, false] {
        let mut pair = connected(true);
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        let data: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
        pour(&mut pair, &data);
        let call = |pair: &mut Pair| {
            let mut call = if writes { Call::write(4) } else { Call::handshake() };
            let code = pair.client_call(&mut call, b"more", &mut Vec::new());
            (code, call.processed())
        };
        for _ in 0..3 {
            assert_eq!(call(&mut pair), (WOULD_BLOCK, 0));
        }
        assert_eq!(pair.client.session.state(), State::Handshake);
        let kept = pair.client.session.buffered_read_size();
        assert!((1 << 20..(1 << 20) + 20_000).contains(&kept), "{kept}");
        let mut out = Vec::new();
        while out.len() < data.len() {
            let code = pair.client_call(&mut Call::read(100_000), &[], &mut out);
            assert!(code == 0 || code == WOULD_BLOCK, "{code}");
        }
        assert!(out == data);
        assert_eq!(read_both(&mut pair), (WOULD_BLOCK, WOULD_BLOCK));
        assert_eq!(pair.handshake().0, 0);
        assert_eq!(call(&mut pair), if writes { (0, 4) } else { (WOULD_BLOCK, 0) });
    }
}

// --- calls in any order ------------------------------------------------------------------------------------

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What one end has written and what has arrived of it.
#[derive(Default)]
struct Stream {
    written: Vec<u8>,
    read: Vec<u8>,
    /// Bytes that a write was refused for now.
    offered: Vec<u8>,
}

fn write(pair: &mut Pair, up: bool, stream: &mut Stream, dice: &mut Dice) {
    if stream.offered.is_empty() {
        let n = dice.roll(40_000) as usize + 1;
        stream.offered = (0..n).map(|i| (i % 251) as u8).collect();
    }
    let mut call = Call::write(stream.offered.len());
    let code = if up {
        pair.client_call(&mut call, &stream.offered, &mut Vec::new())
    } else {
        pair.server_call(&mut call, &stream.offered, &mut Vec::new())
    };
    assert!(code == 0 || code == WOULD_BLOCK, "a write gave {code}");
    if call.processed() > 0 {
        stream.written.append(&mut stream.offered);
    }
}

fn read(pair: &mut Pair, up: bool, stream: &mut Stream, n: usize) {
    let mut call = Call::read(n);
    let code = if up {
        pair.server_call(&mut call, &[], &mut stream.read)
    } else {
        pair.client_call(&mut call, &[], &mut stream.read)
    };
    assert!(code == 0 || code == WOULD_BLOCK, "a read of {n} gave {code}");
}

/// One call of either end. SSLHandshake only where a handshake is to be driven: with data under way it is an error.
fn any_call(pair: &mut Pair, streams: &mut [Stream; 2], fresh: &mut u32, dice: &mut Dice) {
    let up = dice.roll(2) == 0;
    match dice.roll(8) {
        0..=1 => write(pair, up, &mut streams[usize::from(up)], dice),
        2 => {
            let end = if up { &mut pair.client.session } else { &mut pair.server.session };
            if *fresh < 2 && end.rehandshake(NOW) == 0 {
                *fresh += 1;
            }
        }
        3 => {
            let (end, call) = (if up { &pair.client } else { &pair.server }, &mut Call::handshake());
            if end.session.state() == State::Handshake {
                let code = if up {
                    pair.client_call(call, &[], &mut Vec::new())
                } else {
                    pair.server_call(call, &[], &mut Vec::new())
                };
                assert!(code == 0 || code == WOULD_BLOCK, "a handshake gave {code}");
            }
        }
        _ => {
            let n = [0, 1, 5, 100, 30_000][dice.roll(5) as usize];
            let stream = &mut streams[usize::from(up)];
            let had = stream.read.len();
            read(pair, up, stream, n);
            if stream.read.len() > had {
                *fresh = 0;
            }
        }
    }
}

#[test]
fn no_order_of_calls_loses_a_byte_or_comes_to_no_end() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut pair = connected(true);
        for pipe in [&mut pair.up, &mut pair.down] {
            (pipe.step, pipe.holds) = [(usize::MAX, usize::MAX), (1, 1), (700, 5_000)][seed as usize % 3];
            pipe.stutter = seed % 2 == 1;
        }
        let mut streams = [Stream::default(), Stream::default()];
        let mut fresh = 0;
        for _ in 0..150 {
            any_call(&mut pair, &mut streams, &mut fresh, &mut dice);
        }
        for _ in 0..400_000 {
            for up in [false, true] {
                read(&mut pair, up, &mut streams[usize::from(up)], 30_000);
            }
            if streams.iter().all(|s| s.read.len() == s.written.len()) && states(&pair) == CONNECTED {
                break;
            }
        }
        assert_eq!(states(&pair), CONNECTED, "seed {seed}");
        for stream in &streams {
            assert!(stream.read == stream.written, "seed {seed}");
        }
    }
}

const CONNECTED: (State, State) = (State::Connected, State::Connected);
