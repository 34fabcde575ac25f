//! What a context does beside one plain handshake: false start, stapling, exported secrets, the key log, data that another
//! thread writes during a renegotiation.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{NOW, Pair, WOULD_BLOCK, credentials};
use st_core::config::Credentials;
use st_core::crypto::secret::Secret;
use st_core::resumption::SessionCache;
use st_core::session::{Call, Event, State, Turn};
use st_core::{status, suite};
use std::sync::{Arc, LazyLock};

static P256: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
static RSA: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_RSA_SHA256));

const BREAK_ON_SERVER: i64 = 0;
const FALSE_START: i64 = 3;
const ALLOW_RENEGOTIATION: i64 = 8;

fn client_step(pair: &mut Pair) -> i32 {
    pair.client_call(&mut Call::handshake(), &[], &mut Vec::new())
}

fn server_step(pair: &mut Pair) -> i32 {
    pair.server_call(&mut Call::handshake(), &[], &mut Vec::new())
}

/// The client has the server's flight and has answered it or will with its next call.
fn up_to_the_servers_flight(suite: u16, option: bool) -> Pair {
    let mut pair = Pair::new(&RSA);
    for end in [&mut pair.client.session, &mut pair.server.session] {
        assert_eq!(end.set_enabled_ciphers(&[i64::from(suite)]), 0);
    }
    assert_eq!(pair.client.session.set_option(FALSE_START, option), 0);
    assert_eq!(client_step(&mut pair), WOULD_BLOCK);
    assert_eq!(server_step(&mut pair), WOULD_BLOCK);
    pair
}

// --- false start -------------------------------------------------------------------------------------------

#[test]
fn data_follows_our_finished_at_once_where_suite_and_option_allow() {
    // ECDHE_RSA AES-128-GCM and AES-128-CBC, DHE_RSA AES-256-CBC; then RSA, 3DES, ChaCha20.
    for (suite, allowed) in
        [(0xc02f, true), (0xc027, true), (0x0039, true), (0x009c, false), (0xc012, false), (0xcca8, false)]
    {
        for option in [true, false] {
            let mut pair = up_to_the_servers_flight(suite, option);
            let mut early = Call::write(5);
            let code = pair.client_call(&mut early, b"early", &mut Vec::new());
            let expected = if allowed && option { (0, 5) } else { (WOULD_BLOCK, 0) };
            assert_eq!((code, early.processed()), expected, "{suite:04x} {option}");
            assert_eq!(pair.client.session.state(), State::Handshake);
            assert_eq!(client_step(&mut pair), WOULD_BLOCK, "only the server's Finished completes it");
            if expected.0 == 0 {
                let mut out = Vec::new();
                assert_eq!(pair.client_call(&mut Call::read(9), &[], &mut out), WOULD_BLOCK);
                assert_eq!(pair.server_call(&mut Call::read(9), &[], &mut out), 0);
                assert_eq!(out, b"early");
            }
            assert_eq!(pair.handshake().0, 0);
            assert_eq!(pair.client.session.state(), State::Connected);
            assert_eq!(pair.transfer(true, b"up"), b"up");
            assert_eq!(pair.transfer(false, b"down"), b"down");
        }
    }
}

#[test]
fn the_pause_comes_before_false_data() {
    let mut pair = up_to_the_servers_flight(0xc02f, true);
    assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER, true), status::SEC_BAD_REQ);
    let mut pair = Pair::new(&RSA);
    assert_eq!(pair.client.session.set_option(FALSE_START, true), 0);
    assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER, true), 0);
    assert_eq!(client_step(&mut pair), WOULD_BLOCK);
    assert_eq!(server_step(&mut pair), WOULD_BLOCK);
    let mut early = Call::write(5);
    assert_eq!(pair.client_call(&mut early, b"early", &mut Vec::new()), status::SSL_PEER_AUTH_COMPLETED);
    assert_eq!(early.processed(), 0);
    assert_eq!(pair.client_call(&mut early_again(), b"early", &mut Vec::new()), 0);
    let mut out = Vec::new();
    assert_eq!(pair.server_call(&mut Call::read(9), &[], &mut out), 0);
    assert_eq!(out, b"early");
}

fn early_again() -> Call {
    Call::write(5)
}

// --- stapling ----------------------------------------------------------------------------------------------

#[test]
fn a_server_staples_what_it_was_given_to_clients_that_ask() {
    let mut pair = Pair::new(&P256);
    assert_eq!(pair.server.session.set_ocsp_response(b"a response in DER"), 0);
    assert_eq!(pair.client.session.set_ocsp_response(b"without effect"), 0);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client.session.metadata().unwrap().ocsp.as_deref(), Some(&b"a response in DER"[..]));
    let trust = pair.client.session.peer_trust().unwrap();
    assert_eq!(trust.lock().unwrap().ocsp(), [b"a response in DER".to_vec()]);
    // None, and none for a suite without a certificate.
    for (response, suite) in [(&b""[..], 0xc02b), (&b"x"[..], 0xc018)] {
        let mut pair = Pair::new(&P256);
        for end in [&mut pair.client.session, &mut pair.server.session] {
            assert_eq!(end.set_enabled_ciphers(&[suite]), 0);
        }
        assert_eq!(pair.server.session.set_ocsp_response(response), 0);
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.client.session.metadata().unwrap().ocsp, None);
    }
}

#[test]
fn a_resumed_session_has_the_response_of_the_first_and_none_is_sent() {
    let cache = Arc::new(SessionCache::new());
    for round in 0..2 {
        let mut pair = Pair::new(&P256);
        for end in [&mut pair.client.session, &mut pair.server.session] {
            end.set_cache(Some(Arc::clone(&cache)));
            assert_eq!(end.set_peer_id(b"peer"), 0);
        }
        let response: &[u8] = if round == 0 { b"first" } else { b"second" };
        assert_eq!(pair.server.session.set_ocsp_response(response), 0);
        assert_eq!(pair.handshake(), (0, 0));
        let metadata = pair.client.session.metadata().unwrap();
        assert_eq!(metadata.resumed, round == 1);
        assert_eq!(metadata.ocsp.as_deref(), Some(&b"first"[..]));
    }
}

// --- secrets -----------------------------------------------------------------------------------------------

#[test]
fn both_ends_export_the_same_in_every_version_but_sslv3() {
    for version in [2, 4, 7, 8] {
        let mut pair = Pair::new(&RSA);
        for end in [&mut pair.client.session, &mut pair.server.session] {
            assert_eq!((end.set_version_min(version), end.set_version_max(version)), (0, 0));
            assert!(end.metadata().is_err_and(|code| code == status::SEC_BAD_REQ));
            assert_eq!(end.master_secret(), Secret::zeroed(48));
            assert_eq!(end.randoms(), ([0; 32], [0; 32]));
            let unsettled = end.prf(&Secret::zeroed(1), b"x", b"y", 4);
            assert_eq!(unsettled, Err(status::SSL_INTERNAL));
        }
        assert_eq!(pair.handshake(), (0, 0));
        let (client, server) = (&pair.client.session, &pair.server.session);
        assert_eq!(client.master_secret(), server.master_secret());
        assert_ne!(client.master_secret(), Secret::zeroed(48));
        assert_eq!(client.randoms(), server.randoms());
        let export = |context| {
            let ours = client.metadata().unwrap().export(b"EXPORTER-test", context, 33);
            assert_eq!(ours, server.metadata().unwrap().export(b"EXPORTER-test", context, 33));
            ours
        };
        let (plain, with) = (export(None), export(Some(&b"context"[..])));
        assert_eq!(plain.is_some(), version != 2);
        if version == 2 {
            assert_eq!(client.prf(&Secret::zeroed(1), b"x", b"y", 4), Err(status::SSL_INTERNAL));
            continue;
        }
        assert_ne!(plain, with);
        // The recipe for an exporter out of the private calls (RFC 5705 without a context).
        let (c, s) = client.randoms();
        let seed = [c, s].concat();
        let by_hand = client.prf(&client.master_secret(), b"EXPORTER-test", &seed, 33);
        assert_eq!(by_hand.ok(), plain);
        let joined = [b"EXPORTER-test", &seed[..]].concat();
        assert_eq!(client.prf(&client.master_secret(), b"", &joined, 33).ok(), plain);
    }
}

#[test]
fn the_log_gets_one_line_for_each_handshake_of_whoever_asked() {
    let cache = Arc::new(SessionCache::new());
    for round in 0..2 {
        let mut pair = Pair::new(&P256);
        for end in [&mut pair.client.session, &mut pair.server.session] {
            end.set_cache(Some(Arc::clone(&cache)));
            assert_eq!(end.set_peer_id(b"peer"), 0);
        }
        assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0);
        assert_eq!(pair.client.session.set_key_log(true), 0);
        if round == 1 {
            assert_eq!(pair.server.session.set_key_log(true), 0);
        }
        assert_eq!(pair.handshake(), (0, 0));
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let session = &pair.client.session;
        let line = format!(
            "CLIENT_RANDOM {} {}",
            hex(&session.randoms().0),
            hex(session.master_secret().as_bytes())
        );
        assert_eq!(pair.client.logged, std::slice::from_ref(&line), "round {round}");
        assert_eq!(pair.server.logged, if round == 0 { vec![] } else { vec![line] });
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.client.logged.len(), 2);
    }
}

#[test]
fn words_about_a_context_hold_no_secret() {
    let mut pair = Pair::new(&P256);
    assert_eq!(pair.client.session.set_key_log(true), 0);
    assert_eq!(pair.handshake(), (0, 0));
    let master = pair.client.session.master_secret();
    let metadata = pair.client.session.metadata().unwrap();
    let words = format!("{metadata:?} {:?}", pair.client.session.report());
    let digits: String = master.as_bytes()[..8].iter().map(|b| format!("{b}, ")).collect();
    assert!(!words.contains(digits.trim_end_matches(", ")), "{words}");
}

// --- renegotiation -----------------------------------------------------------------------------------------

/// Drives the client's handshake by hand until its Finished of a renegotiation is queued, while a write of another
/// thread is between two portions: what it seals then goes out when the handshake is complete.
#[test]
fn a_write_that_is_overtaken_by_new_keys_is_owned_and_arrives_in_order() {
    let mut pair = Pair::new(&P256);
    assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0);
    assert_eq!(pair.handshake(), (0, 0));
    let data: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
    let mut write = Call::write(data.len());
    let client = &mut pair.client.session;
    assert!(matches!(client.step(&mut write, Event::Begin, NOW), Turn::Seal));
    client.seal(&mut write, &data);
    let first = write.processed();
    assert!(first < data.len());
    // The reading thread meets a HelloRequest and answers it, all the way to its Finished.
    assert_eq!(pair.server.session.rehandshake(NOW), 0);
    let mut out = Vec::new();
    let mut read = |pair: &mut Pair| {
        let code = pair.server_call(&mut Call::read(1 << 20), &[], &mut out);
        assert!(code == 0 || code == WOULD_BLOCK, "{code}");
        assert_eq!(pair.client_call(&mut Call::read(1), &[], &mut Vec::new()), WOULD_BLOCK);
        out.len()
    };
    let judged = |pair: &Pair| pair.client.asked;
    for _ in 0..20 {
        read(&mut pair);
        if judged(&pair) == 2 {
            break;
        }
    }
    assert_eq!((judged(&pair), pair.client.session.state()), (2, State::Handshake));
    // The write goes on: none of it may leave under keys that the server has not confirmed.
    let client = &mut pair.client.session;
    while write.processed() < data.len() {
        let done = write.processed();
        client.seal(&mut write, &data[done..]);
    }
    for _ in 0..50 {
        if read(&mut pair) >= data.len() {
            break;
        }
    }
    assert!(out == data, "{} of {} bytes", out.len(), data.len());
    assert_eq!(pair.client.session.state(), State::Connected);
}

#[test]
fn small_reads_of_what_waited_during_a_renegotiation_come_to_an_end() {
    let mut pair = Pair::new(&P256);
    assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.server_call(&mut Call::write(9), b"under way", &mut Vec::new()), 0);
    assert_eq!(pair.client.session.rehandshake(NOW), 0);
    assert_eq!(client_step(&mut pair), WOULD_BLOCK);
    // The handshake is not complete; what came before it is there already.
    let mut out = Vec::new();
    assert_eq!(pair.client_call(&mut Call::read(5), &[], &mut out), 0);
    assert_eq!(out, b"under");
    assert_eq!(pair.client.session.buffered_read_size(), 4);
    assert_eq!(pair.client_call(&mut Call::read(0), &[], &mut out), WOULD_BLOCK);
    assert_eq!(pair.client_call(&mut Call::read(4), &[], &mut out), 0);
    assert_eq!(out, b"under way");
    assert_eq!(pair.handshake().0, 0);
}

#[test]
fn data_that_meets_our_hello_request_is_kept_for_the_next_read() {
    let mut pair = Pair::new(&P256);
    assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client_call(&mut Call::write(5), b"first", &mut Vec::new()), 0);
    assert_eq!(pair.server.session.rehandshake(NOW), 0);
    assert_eq!(server_step(&mut pair), WOULD_BLOCK);
    assert_eq!(pair.server.session.state(), State::Connected);
    for _ in 0..4 {
        let code = pair.client_call(&mut Call::read(1), &[], &mut Vec::new());
        assert_eq!(code, WOULD_BLOCK);
        let code = server_step(&mut pair);
        assert!(code == 0 || code == WOULD_BLOCK);
        if code == 0 {
            break;
        }
    }
    let mut out = Vec::new();
    assert_eq!(pair.server_call(&mut Call::read(9), &[], &mut out), WOULD_BLOCK);
    assert_eq!(out, b"first");
    // Without a request of ours it is an error, as published (behaviours 2.2).
    assert_eq!(pair.client_call(&mut Call::write(5), b"again", &mut Vec::new()), 0);
    assert_eq!(server_step(&mut pair), status::SSL_PROTOCOL);
}

#[test]
fn a_peer_of_a_certificate_does_not_become_anonymous() {
    let anonymous = i64::from(suite::SUITES.iter().find(|s| s.name.contains("ECDH_anon")).unwrap().id.0);
    for allowed in [false, true] {
        let mut pair = Pair::new(&P256);
        assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0);
        assert_eq!(pair.client.session.set_option(5, allowed), 0);
        for end in [&mut pair.client.session, &mut pair.server.session] {
            assert_eq!(end.set_enabled_ciphers(&[0xc02b, anonymous]), 0);
        }
        assert_eq!(pair.handshake(), (0, 0));
        pair.server.session.set_credentials(None);
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        let codes = pair.handshake();
        if allowed {
            assert_eq!(codes, (0, 0));
            assert!(pair.client.session.peer_trust().is_none(), "nobody was proved");
        } else {
            assert_eq!(codes, (status::SSL_PROTOCOL, status::SSL_ILLEGAL_PARAM));
        }
    }
}
