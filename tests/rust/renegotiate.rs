//! Another handshake on a complete one: both sides' ideas, refusals, bindings, data in between.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{NOW, Pair, WOULD_BLOCK, credentials};
use st_core::session::{Call, State};
use st_core::status;

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
