//! Both ends of the engine against each other: suites, keys, groups, transfers, endings.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Pair, WOULD_BLOCK, credentials, every_kind, kinds_for, signs_in, versions_of};
use st_core::handshake::Verdict;
use st_core::session::{Call, State};
use st_core::{status, suite};

#[test]
fn every_suite_runs_in_every_version_with_every_key_that_fits_and_with_no_other() {
    for (name, credentials) in every_kind() {
        for row in suite::SUITES {
            for version in versions_of(row) {
                let mut pair = Pair::new(&common::credentials(&rcgen::PKCS_ED25519));
                pair.server.session.set_credentials(credentials.clone());
                for end in [&mut pair.client.session, &mut pair.server.session] {
                    assert_eq!(end.set_version_min(version), 0);
                    assert_eq!(end.set_version_max(version), 0);
                    assert_eq!(end.set_enabled_ciphers(&[i64::from(row.id.0)]), 0);
                    assert_eq!(end.set_psk_secret(b"shared by both"), 0);
                }
                let codes = pair.handshake();
                let case = format!("{name} {} in {version}", row.name);
                if !kinds_for(row.name).contains(&name) || !signs_in(name, version, row) {
                    assert_eq!(codes, (status::SSL_PEER_HANDSHAKE_FAIL, status::SSL_NEGOTIATION), "{case}");
                    continue;
                }
                assert_eq!(codes, (0, 0), "{case}");
                assert_eq!(pair.client.session.negotiated_cipher(), Ok(row.id.0));
                assert_eq!(i64::from(pair.server.session.negotiated_version()), version);
                for data in [&b"up"[..], &[7; 300], &[9; 17_000]] {
                    assert_eq!(pair.transfer(true, data), data, "{case}");
                    assert_eq!(pair.transfer(false, data), data, "{case}");
                }
            }
        }
    }
}

#[test]
fn the_table_of_suites_is_whole() {
    for row in suite::SUITES {
        let twins = suite::SUITES.iter().filter(|other| other.id == row.id || other.name == row.name).count();
        assert_eq!(twins, 1, "{}", row.name);
    }
    assert_eq!(suite::SUITES.len(), 141);
    let missing: Vec<_> = suite::PUBLISHED.iter().filter(|n| !suite::can_be_enabled(**n)).collect();
    assert_eq!(missing, [&0x1301, &0x1302, &0x1303]);
}

#[test]
fn the_lower_of_both_maxima_is_spoken() {
    let versions = [2, 4, 7, 8];
    for client in versions {
        for server in versions {
            let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
            for (end, max) in [(&mut pair.client.session, client), (&mut pair.server.session, server)] {
                assert_eq!(end.set_version_min(2), 0);
                assert_eq!(end.set_version_max(max), 0);
            }
            assert_eq!(pair.handshake(), (0, 0), "{client} and {server}");
            assert_eq!(i64::from(pair.client.session.negotiated_version()), client.min(server));
        }
    }
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
fn versions_without_a_common_one_are_refused_by_the_side_that_sees_it() {
    let key = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mut pair = Pair::new(&key);
    assert_eq!(pair.client.session.set_version_max(7), 0);
    assert_eq!(pair.server.session.set_version_min(8), 0);
    assert_eq!(pair.handshake(), (status::SSL_PEER_PROTOCOL_VERSION, status::SSL_NEGOTIATION));
    let mut pair = Pair::new(&key);
    assert_eq!(pair.client.session.set_version_min(8), 0);
    assert_eq!(pair.server.session.set_version_max(7), 0);
    assert_eq!(pair.handshake(), (status::SSL_NEGOTIATION, status::SSL_PEER_HANDSHAKE_FAIL));
}

#[test]
fn a_fallback_is_refused_only_by_a_server_that_speaks_more() {
    for (server, wanted) in
        [(8, (status::SSL_FATAL_ALERT, status::SSL_PEER_PROTOCOL_VERSION)), (7, (0, 0)), (4, (0, 0))]
    {
        let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
        assert_eq!(pair.client.session.set_option(6, true), 0);
        assert_eq!(pair.client.session.set_version_max(7), 0);
        assert_eq!(pair.server.session.set_version_max(server), 0);
        assert_eq!(pair.handshake(), wanted, "server maximum {server}");
    }
}

/// Records for two successive writes of each size: (`behaviours` section 7).
#[test]
fn data_after_data_is_split_where_vectors_are_chained() {
    let table = [
        (1, 2, 2),
        (2, 2, 3),
        (3, 2, 3),
        (4, 2, 3),
        (16384, 2, 3),
        (16385, 4, 4),
        (16386, 4, 5),
        (16387, 4, 5),
        (16388, 4, 5),
        (32768, 4, 5),
        (32769, 6, 6),
        (32770, 6, 7),
        (32772, 6, 7),
    ];
    // Version, suite, option; whether writes are split: AES-CBC, 3DES-CBC, RC4, GCM.
    let cases = [
        (2, 0x2f, true, true),
        (4, 0x2f, true, true),
        (4, 0x0a, true, true),
        (4, 0x2f, false, false),
        (4, 0x05, true, false),
        (7, 0x2f, true, false),
        (8, 0x2f, true, false),
        (8, 0x9c, true, false),
    ];
    for (version, suite, option, split) in cases {
        for (n, plain, after) in table {
            let mut pair = Pair::new(&credentials(&rcgen::PKCS_RSA_SHA256));
            for end in [&mut pair.client.session, &mut pair.server.session] {
                assert_eq!(end.set_version_min(version), 0);
                assert_eq!(end.set_version_max(version), 0);
                assert_eq!(end.set_enabled_ciphers(&[suite]), 0);
                assert_eq!(end.set_option(4, option), 0);
            }
            assert_eq!(pair.handshake(), (0, 0));
            pair.up.log.clear();
            let data = vec![5; n];
            for _ in 0..2 {
                assert_eq!(pair.client_call(&mut Call::write(n), &data, &mut Vec::new()), 0);
            }
            let mut rest = &pair.up.log[..];
            let mut records = 0;
            while let [typ, _, _, high, low, tail @ ..] = rest {
                assert_eq!(*typ, 23);
                rest = &tail[usize::from(u16::from_be_bytes([*high, *low]))..];
                records += 1;
            }
            assert_eq!(
                records,
                if split { after } else { plain },
                "{n} bytes in {version}, {suite:#x}, {option}"
            );
        }
    }
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
