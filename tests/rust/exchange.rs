//! Key exchanges and authentication, both ends of the engine against each other.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Pair, WOULD_BLOCK, credentials};
use st_core::config::{ClientAuth, Credentials};
use st_core::fault::Alert;
use st_core::handshake::Verdict;
use st_core::session::{Call, ClientCertificate, State};
use st_core::status;
use st_core::x509::Certificate;
use std::sync::Arc;

/// Numbers of session options.
const BREAK_ON_SERVER_AUTH: i64 = 0;
const BREAK_ON_CERT_REQUESTED: i64 = 1;
const BREAK_ON_CLIENT_AUTH: i64 = 2;

fn client_keys() -> Vec<(&'static str, Arc<Credentials>)> {
    vec![
        ("rsa", credentials(&rcgen::PKCS_RSA_SHA256)),
        ("p256", credentials(&rcgen::PKCS_ECDSA_P256_SHA256)),
        ("p384", credentials(&rcgen::PKCS_ECDSA_P384_SHA384)),
        ("p521", credentials(&rcgen::PKCS_ECDSA_P521_SHA512)),
        ("ed25519", credentials(&rcgen::PKCS_ED25519)),
    ]
}

/// A server that asks, and a client with or without a certificate.
fn asking(auth: ClientAuth, client: Option<&Arc<Credentials>>) -> Pair {
    let mut pair = Pair::new(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(pair.server.session.set_client_auth(auth as i64), 0);
    pair.client.session.set_credentials(client.cloned());
    pair
}

fn states(pair: &Pair) -> (ClientCertificate, ClientCertificate) {
    (pair.client.session.client_certificate(), pair.server.session.client_certificate())
}

#[test]
fn every_kind_of_client_certificate_proves_itself() {
    for (name, client) in client_keys() {
        let mut pair = asking(ClientAuth::Always, Some(&client));
        assert_eq!(states(&pair), (ClientCertificate::None, ClientCertificate::None));
        assert_eq!(pair.handshake(), (0, 0), "{name}");
        assert_eq!(pair.server.session.report().peer_chain, client.chain, "{name}");
        assert_eq!(states(&pair), (ClientCertificate::Sent, ClientCertificate::Sent), "{name}");
        assert_eq!(pair.server.asked, 2, "{name}: the key exchange signed, the chain judged");
        assert_eq!(pair.transfer(true, b"up"), b"up");
        assert_eq!(pair.transfer(false, b"down"), b"down");
    }
}

#[test]
fn a_server_that_does_not_ask_gets_no_certificate() {
    let mut pair = asking(ClientAuth::Never, Some(&credentials(&rcgen::PKCS_ED25519)));
    assert_eq!(pair.handshake(), (0, 0));
    assert!(pair.server.session.report().peer_chain.is_empty());
    assert_eq!(states(&pair), (ClientCertificate::None, ClientCertificate::None));
}

/// The table of `behaviours` section 14, with automatic verification, without it, and with the pause.
#[test]
fn the_verdict_table_holds_at_finished() {
    let client = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let failed = (status::SSL_PEER_CERT_UNKNOWN, status::SSL_X_CERT_CHAIN_INVALID);
    let (sent, none) = (Some(&client), None);
    let accepted = Verdict::Accepted;
    let rejected = Verdict::Rejected;
    let rows = [
        (ClientAuth::Try, none, accepted, true, (0, 0)),
        (ClientAuth::Try, sent, accepted, true, (0, 0)),
        (ClientAuth::Try, sent, rejected, true, failed),
        (ClientAuth::Always, none, accepted, true, failed),
        (ClientAuth::Always, sent, accepted, true, (0, 0)),
        (ClientAuth::Always, sent, rejected, true, failed),
        (ClientAuth::Try, none, rejected, false, (0, 0)),
        (ClientAuth::Try, sent, rejected, false, (0, 0)),
        (ClientAuth::Always, none, rejected, false, failed),
        (ClientAuth::Always, sent, rejected, false, (0, 0)),
    ];
    for (auth, client, verdict, verify, wanted) in rows {
        let mut pair = asking(auth, client);
        pair.server.verdict = verdict;
        assert_eq!(pair.server.session.set_cert_verify(verify), 0);
        let label = format!("{auth:?}, sent {}, {verdict:?}, verify {verify}", client.is_some());
        assert_eq!(pair.handshake(), wanted, "{label}");
        if wanted != (0, 0) {
            let report = pair.server.session.report();
            assert_eq!(report.alert_sent, Some(Alert::CERTIFICATE_UNKNOWN), "{label}");
            assert_eq!(pair.server.session.state(), State::Handshake, "{label}");
        }
        let state = match (client, verdict) {
            (None, _) => ClientCertificate::Requested,
            (Some(_), Verdict::Rejected) if verify => ClientCertificate::Rejected,
            _ => ClientCertificate::Sent,
        };
        assert_eq!(pair.server.session.client_certificate(), state, "{label}");
    }
}

#[test]
fn a_rejected_chain_fails_only_when_the_finished_arrived() {
    let mut pair = asking(ClientAuth::Try, Some(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256)));
    pair.server.verdict = Verdict::Rejected;
    let first = |pair: &mut Pair, client: bool| {
        if client {
            pair.client_call(&mut Call::handshake(), &[], &mut Vec::new())
        } else {
            pair.server_call(&mut Call::handshake(), &[], &mut Vec::new())
        }
    };
    assert_eq!(first(&mut pair, true), WOULD_BLOCK);
    assert_eq!(first(&mut pair, false), WOULD_BLOCK);
    assert_eq!(first(&mut pair, true), WOULD_BLOCK);
    // Everything but the last record, which holds the Finished.
    let kept = pair.up.bytes.split_off(pair.up.bytes.len() - 20);
    assert_eq!(first(&mut pair, false), WOULD_BLOCK);
    assert_eq!(pair.server.session.client_certificate(), ClientCertificate::Rejected);
    assert_eq!(pair.server.session.report().fault, None);
    pair.up.bytes.extend(kept);
    assert_eq!(first(&mut pair, false), status::SSL_X_CERT_CHAIN_INVALID);
}

#[test]
fn any_root_accepts_a_client_chain_too() {
    let mut pair = asking(ClientAuth::Always, Some(&credentials(&rcgen::PKCS_ECDSA_P256_SHA256)));
    pair.server.verdict = Verdict::Rejected;
    pair.server.session.set_allows_any_root(true);
    assert_eq!(pair.handshake(), (0, 0));
}

#[test]
fn the_client_auth_pause_comes_once_even_for_an_empty_certificate() {
    for client in [None, Some(credentials(&rcgen::PKCS_RSA_SHA256))] {
        let mut pair = asking(ClientAuth::Try, client.as_ref());
        assert_eq!(pair.server.session.set_option(BREAK_ON_CLIENT_AUTH, true), 0);
        pair.server.verdict = Verdict::Rejected; // nobody is asked
        assert_eq!(pair.handshake(), (WOULD_BLOCK, status::SSL_PEER_AUTH_COMPLETED));
        assert_eq!(pair.server.session.peer_trust().is_some(), client.is_some());
        assert_eq!(pair.server.session.state(), State::Handshake);
        assert_eq!(pair.handshake(), (0, 0));
    }
    let mut pair = asking(ClientAuth::Always, None);
    assert_eq!(pair.server.session.set_option(BREAK_ON_CLIENT_AUTH, true), 0);
    assert_eq!(pair.handshake().1, status::SSL_PEER_AUTH_COMPLETED);
    assert_eq!(pair.handshake(), (status::SSL_PEER_CERT_UNKNOWN, status::SSL_X_CERT_CHAIN_INVALID));
}

#[test]
fn with_pause_and_verification_the_pause_comes_first_and_the_failure_at_finished() {
    let mut pair = asking(ClientAuth::Try, Some(&credentials(&rcgen::PKCS_RSA_SHA256)));
    assert_eq!(pair.server.session.set_option(BREAK_ON_CLIENT_AUTH, true), 0);
    assert_eq!(pair.server.session.set_cert_verify(true), 0);
    pair.server.verdict = Verdict::Rejected;
    assert_eq!(pair.handshake().1, status::SSL_PEER_AUTH_COMPLETED);
    assert_eq!(pair.handshake(), (status::SSL_PEER_CERT_UNKNOWN, status::SSL_X_CERT_CHAIN_INVALID));
}

#[test]
fn the_client_auth_pause_does_not_come_when_nothing_was_asked() {
    let mut pair = asking(ClientAuth::Never, None);
    assert_eq!(pair.server.session.set_option(BREAK_ON_CLIENT_AUTH, true), 0);
    assert_eq!(pair.handshake(), (0, 0));
}

/// The third typical sequence of `behaviours` section 18.
#[test]
fn a_certificate_set_at_the_request_pause_is_sent() {
    let mut pair = asking(ClientAuth::Always, None);
    assert_eq!(pair.client.session.set_option(BREAK_ON_CERT_REQUESTED, true), 0);
    assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER_AUTH, true), 0);
    assert_eq!(pair.client.session.client_auth_types(), Err(status::SEC_PARAM));
    assert_eq!(pair.handshake().0, status::SSL_CLIENT_CERT_REQUESTED);
    assert_eq!(states(&pair).0, ClientCertificate::Requested);
    assert_eq!(pair.client.session.client_auth_types(), Ok(vec![1, 64]));
    assert!(pair.client.session.peer_trust().is_some());
    pair.client.session.set_credentials(Some(credentials(&rcgen::PKCS_ECDSA_P384_SHA384)));
    assert_eq!(pair.handshake().0, status::SSL_PEER_AUTH_COMPLETED);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(states(&pair), (ClientCertificate::Sent, ClientCertificate::Sent));
}

#[test]
fn the_request_pause_does_not_come_with_a_certificate_set() {
    let mut pair = asking(ClientAuth::Try, Some(&credentials(&rcgen::PKCS_ED25519)));
    assert_eq!(pair.client.session.set_option(BREAK_ON_CERT_REQUESTED, true), 0);
    assert_eq!(pair.handshake(), (0, 0));
}

#[test]
fn a_request_pause_without_a_certificate_sends_an_empty_one() {
    let mut pair = asking(ClientAuth::Try, None);
    assert_eq!(pair.client.session.set_option(BREAK_ON_CERT_REQUESTED, true), 0);
    assert_eq!(pair.handshake().0, status::SSL_CLIENT_CERT_REQUESTED);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(states(&pair), (ClientCertificate::Requested, ClientCertificate::Requested));
}

#[test]
fn set_error_at_a_pause_tells_the_other_side_why() {
    let mut pair = asking(ClientAuth::Try, Some(&credentials(&rcgen::PKCS_RSA_SHA256)));
    assert_eq!(pair.server.session.set_option(BREAK_ON_CLIENT_AUTH, true), 0);
    assert_eq!(pair.handshake().1, status::SSL_PEER_AUTH_COMPLETED);
    pair.server.session.set_error(status::SEC_CERTIFICATE_REVOKED);
    assert_eq!(pair.handshake(), (status::SSL_PEER_CERT_REVOKED, 0));
    assert_eq!(pair.server.session.state(), State::Closed);

    let mut pair = asking(ClientAuth::Try, None);
    assert_eq!(pair.client.session.set_option(BREAK_ON_CERT_REQUESTED, true), 0);
    assert_eq!(pair.handshake().0, status::SSL_CLIENT_CERT_REQUESTED);
    pair.client.session.set_error(-1);
    assert_eq!(pair.handshake(), (0, status::SSL_PEER_CERT_UNKNOWN));
}

#[test]
fn names_go_from_the_server_to_the_client() {
    let authority = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let certificate = Certificate::parse(&authority.chain[0]).unwrap();
    let mut pair = asking(ClientAuth::Try, None);
    assert!(pair.client.session.distinguished_names().is_empty());
    assert_eq!(pair.server.session.add_distinguished_name(b"0\x00first"), 0);
    assert_eq!(pair.server.session.set_certificate_authorities(vec![certificate.clone()], false), 0);
    let wanted = vec![certificate.subject_raw().to_vec(), b"0\x00first".to_vec()];
    assert_eq!(pair.server.session.distinguished_names(), wanted);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client.session.distinguished_names(), wanted);
    assert_eq!(pair.client.session.peer_signature_algorithms()[..2], [0x0401, 0x0201]);
}

#[test]
fn authorities_replace_names_and_refuse_what_they_must() {
    let authority = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let certificate = Certificate::parse(&authority.chain[0]).unwrap();
    let mut pair = asking(ClientAuth::Try, None);
    let server = &mut pair.server.session;
    assert_eq!(server.add_distinguished_name(b"name"), 0);
    assert_eq!(server.set_certificate_authorities(vec![certificate.clone()], true), 0);
    assert_eq!(server.distinguished_names().len(), 1);
    assert_eq!(server.certificate_authorities().len(), 1);
    assert_eq!(server.add_distinguished_name(b""), status::SEC_PARAM);
    assert_eq!(server.add_distinguished_name(&[1; 0x10000]), status::SEC_PARAM);
    assert_eq!(server.add_distinguished_name(&vec![1; 0xff00]), 0);
    assert_eq!(server.add_distinguished_name(&[1; 0x100]), status::SEC_PARAM);
    assert_eq!(server.set_client_auth(3), status::SEC_PARAM);
    let client = &mut pair.client.session;
    assert_eq!(client.set_certificate_authorities(vec![certificate], false), status::SEC_PARAM);
    assert_eq!(client.add_distinguished_name(b"name"), 0);
    assert!(client.distinguished_names().is_empty());
    assert_eq!(client.set_client_auth(1), 0);
    assert_eq!(client.client_auth(), 0);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.server.session.set_client_auth(0), status::SEC_BAD_REQ);
    assert_eq!(pair.server.session.add_distinguished_name(b"n"), status::SEC_BAD_REQ);
    assert_eq!(pair.server.session.set_certificate_authorities(Vec::new(), true), status::SEC_PARAM);
}

#[test]
fn a_proof_by_another_key_is_a_wrong_proof() {
    let owner = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let thief = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let stolen = Arc::new(Credentials { key: Arc::clone(&thief.key), chain: owner.chain.clone() });
    let mut pair = asking(ClientAuth::Try, Some(&stolen));
    assert_eq!(pair.handshake(), (status::SSL_PEER_DECRYPT_ERROR, status::SSL_CRYPTO));
    assert_eq!(pair.server.session.report().alert_sent, Some(Alert::DECRYPT_ERROR));
    assert_eq!(pair.server.session.client_certificate(), ClientCertificate::Rejected);
}

#[test]
fn a_client_certificate_that_does_not_parse_fails_at_once_without_a_pause() {
    let key = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let broken = Arc::new(Credentials { key: Arc::clone(&key.key), chain: vec![vec![0x30, 0]] });
    let mut pair = asking(ClientAuth::Try, Some(&broken));
    assert_eq!(pair.server.session.set_option(BREAK_ON_CLIENT_AUTH, true), 0);
    assert_eq!(pair.handshake(), (status::SSL_PEER_CERT_UNKNOWN, status::SSL_X_CERT_CHAIN_INVALID));
}
