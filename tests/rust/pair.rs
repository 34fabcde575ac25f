//! Both ends of the engine against each other: suites, keys, groups, transfers, endings.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Pair, WOULD_BLOCK, credentials, every_kind, kinds_for};
use st_core::handshake::Verdict;
use st_core::session::{Call, State};
use st_core::{status, suite};

#[test]
fn every_suite_runs_with_every_key_that_fits_it_and_with_no_other() {
    let mut ran = 0;
    for (name, credentials) in every_kind() {
        for row in suite::SUITES {
            let mut pair = Pair::new(&common::credentials(&rcgen::PKCS_ED25519));
            pair.server.session.set_credentials(credentials.clone());
            for end in [&mut pair.client.session, &mut pair.server.session] {
                assert_eq!(end.set_enabled_ciphers(&[i64::from(row.id.0)]), 0);
                assert_eq!(end.set_psk_secret(b"shared by both"), 0);
            }
            let codes = pair.handshake();
            if !kinds_for(row.name).contains(&name) {
                let refused = (status::SSL_PEER_HANDSHAKE_FAIL, status::SSL_NEGOTIATION);
                assert_eq!(codes, refused, "{name} {}", row.name);
                continue;
            }
            assert_eq!(codes, (0, 0), "{name} {}", row.name);
            assert_eq!(pair.client.session.negotiated_cipher(), Ok(row.id.0));
            assert_eq!(pair.transfer(true, b"up"), b"up");
            assert_eq!(pair.transfer(false, b"down"), b"down");
            ran += 1;
        }
    }
    let wanted: usize = suite::SUITES.iter().map(|row| kinds_for(row.name).len()).sum();
    assert_eq!(ran, wanted);
}

#[test]
fn large_and_small_transfers_arrive_whole() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.handshake(), (0, 0));
    for n in [1, 2, 16383, 16384, 16385, 131_072, 1_000_000] {
        let data: Vec<u8> = (0..n).map(|i| (i % 251) as u8).collect();
        assert_eq!(pair.transfer(true, &data), data);
        assert_eq!(pair.transfer(false, &data), data);
    }
}

#[test]
fn one_byte_pipes_change_nothing() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
    for pipe in [&mut pair.up, &mut pair.down] {
        (pipe.step, pipe.holds, pipe.stutter) = (1, 1, true);
    }
    assert_eq!(pair.handshake(), (0, 0));
    let data: Vec<u8> = (0..40_000u32).map(|i| (i % 251) as u8).collect();
    assert_eq!(pair.transfer(true, &data), data);
    assert_eq!(pair.transfer(false, &data), data);
}

#[test]
fn an_orderly_end_is_graceful_on_both_sides() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
    assert_eq!(pair.handshake(), (0, 0));
    let mut write = Call::write(4);
    assert_eq!(pair.client_call(&mut write, b"last", &mut Vec::new()), 0);
    assert_eq!(pair.client_call(&mut Call::close(), &[], &mut Vec::new()), 0);
    assert_eq!(pair.client.session.state(), State::Closed);
    let mut out = Vec::new();
    assert_eq!(pair.server_call(&mut Call::read(100), &[], &mut out), 0);
    assert_eq!(out, b"last");
    assert_eq!(pair.server_call(&mut Call::read(100), &[], &mut out), status::SSL_CLOSED_GRACEFUL);
    assert_eq!(pair.server.session.state(), State::Closed);
    assert_eq!(pair.server_call(&mut Call::close(), &[], &mut out), 0);
    assert_eq!(pair.client_call(&mut Call::read(1), &[], &mut out), status::SSL_CLOSED_GRACEFUL);
}

#[test]
fn a_rejected_chain_tells_the_server_why() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
    pair.client.verdict = Verdict::Rejected;
    assert_eq!(pair.handshake(), (status::SSL_X_CERT_CHAIN_INVALID, status::SSL_PEER_CERT_UNKNOWN));
    assert_eq!(pair.client.session.state(), State::Handshake);
    let again = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(again, status::SSL_X_CERT_CHAIN_INVALID);
    let read = pair.client_call(&mut Call::read(1), &[], &mut Vec::new());
    assert_eq!(read, status::SSL_X_CERT_CHAIN_INVALID);
    assert_eq!(pair.client.session.state(), State::Aborted);
    assert_eq!(pair.client_call(&mut Call::read(1), &[], &mut Vec::new()), status::SSL_CLOSED_ABORT);
}

#[test]
fn the_server_pause_comes_once_and_turns_judgement_off() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
    assert_eq!(pair.client.session.set_option(0, true), 0);
    let codes = pair.handshake();
    assert_eq!(codes.0, status::SSL_PEER_AUTH_COMPLETED);
    assert!(pair.client.session.peer_trust().is_some());
    assert_eq!(pair.client.session.state(), State::Handshake);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client.asked, 0);
}

#[test]
fn a_stuck_write_is_owned_and_flushes_later() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.handshake(), (0, 0));
    pair.up.holds = 100;
    let data = vec![5; 300_000];
    let mut write = Call::write(data.len());
    assert_eq!(pair.client_call(&mut write, &data, &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(write.processed(), data.len());
    let mut more = Call::write(3);
    assert_eq!(pair.client_call(&mut more, b"abc", &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(more.processed(), 0);
    pair.up.holds = usize::MAX;
    assert_eq!(pair.client_call(&mut Call::write(0), &[], &mut Vec::new()), 0);
    let mut out = Vec::new();
    while out.len() < data.len() {
        assert_eq!(pair.server_call(&mut Call::read(1 << 20), &[], &mut out), 0);
    }
    assert_eq!(out, data);
}

#[test]
fn alpn_selects_the_servers_first_that_the_client_offers() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.client.session.set_alpn(vec![b"h2".to_vec(), b"http/1.1".to_vec()]), 0);
    assert_eq!(pair.server.session.set_alpn(vec![b"x".to_vec(), b"http/1.1".to_vec(), b"h2".to_vec()]), 0);
    assert_eq!(pair.client.session.set_peer_domain_name(b"localhost\0junk"), 0);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client.session.alpn(), Ok(vec![b"http/1.1".to_vec()]));
    assert_eq!(pair.server.session.alpn(), Ok(vec![b"http/1.1".to_vec()]));
    assert_eq!(pair.server.session.requested_peer_name(), Some(&b"localhost"[..]));
}

#[test]
fn a_version_that_does_not_exist_yet_is_refused_by_alert() {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.server.session.set_version_max(4), 0);
    assert_eq!(pair.handshake(), (status::SSL_PEER_PROTOCOL_VERSION, status::SSL_NEGOTIATION));
}

/// Every byte of a recorded handshake flipped, one at a time, in both directions: a typed status, the state of
/// the contract, and never a panic. What is flipped behind the header of a record must never go unnoticed.
#[test]
fn every_flipped_byte_ends_in_a_status() {
    let credentials = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mut clean = Pair::new(&credentials);
    assert_eq!(clean.handshake(), (0, 0));
    for up in [true, false] {
        let length = if up { clean.up.log.len() } else { clean.down.log.len() };
        for at in 0..length {
            let mut pair = Pair::new(&credentials);
            let codes = flipped(&mut pair, up, at);
            let allowed = |code: i32| code == 0 || code == WOULD_BLOCK || (-9851..=-9800).contains(&code);
            assert!(allowed(codes.0) && allowed(codes.1), "byte {at} up {up}: {codes:?}");
            assert!(pair.client.session.state() as u8 <= 2 && pair.server.session.state() as u8 <= 2);
        }
    }
}

fn flipped(pair: &mut Pair, up: bool, at: usize) -> (i32, i32) {
    let (mut c, mut s) = (WOULD_BLOCK, WOULD_BLOCK);
    for _ in 0..12 {
        if c == WOULD_BLOCK {
            c = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
        }
        flip(&mut pair.up, up, at);
        if s == WOULD_BLOCK {
            s = pair.server_call(&mut Call::handshake(), &[], &mut Vec::new());
        }
        flip(&mut pair.down, !up, at);
    }
    (c, s)
}

fn flip(pipe: &mut common::Pipe, this_one: bool, at: usize) {
    let passed = pipe.log.len() - pipe.bytes.len();
    if this_one && at >= passed && at < pipe.log.len() {
        pipe.bytes[at - passed] ^= 0x40;
    }
}
