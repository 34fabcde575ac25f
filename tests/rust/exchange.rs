//! Key exchanges and authentication, both ends of the engine against each other.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Pair, Pipe, WOULD_BLOCK, credentials};
use st_core::config::{ClientAuth, Credentials};
use st_core::fault::Alert;
use st_core::handshake::Verdict;
use st_core::session::{Call, ClientCertificate, State};
use st_core::status;
use st_core::x509::Certificate;
use std::sync::{Arc, OnceLock};

const DHE_RSA: i64 = 0x009e;
const DH_ANON: i64 = 0x00a6;
const ECDH_ECDSA: i64 = 0xc02d;
const ECDH_RSA: i64 = 0xc031;
const ECDHE_RSA: i64 = 0xc02f;
const ECDHE_ECDSA: i64 = 0xc02b;
const PSK: i64 = 0x00a8;
const DHE_PSK: i64 = 0x00aa;
const RSA_PSK: i64 = 0x00ac;
const ECDHE_PSK: i64 = 0xccac;

/// Types of handshake messages.
const SERVER_KEY_EXCHANGE: u8 = 12;
const CLIENT_KEY_EXCHANGE: u8 = 16;

/// Numbers of session options.
const BREAK_ON_SERVER_AUTH: i64 = 0;
const BREAK_ON_CERT_REQUESTED: i64 = 1;
const BREAK_ON_CLIENT_AUTH: i64 = 2;

fn client_keys() -> Vec<(&'static str, Arc<Credentials>)> {
    vec![
        ("rsa", rsa()),
        ("p256", credentials(&rcgen::PKCS_ECDSA_P256_SHA256)),
        ("p384", credentials(&rcgen::PKCS_ECDSA_P384_SHA384)),
        ("p521", credentials(&rcgen::PKCS_ECDSA_P521_SHA512)),
        ("ed25519", credentials(&rcgen::PKCS_ED25519)),
        ("rsapss", common::rsapss()),
        ("rsapss384", common::rsapss384()),
        ("rsa512", common::rsa512()),
        ("rsa1024", common::rsa1024()),
    ]
}

/// One RSA key for all tests: making one takes longer than the handshakes it is for.
fn rsa() -> Arc<Credentials> {
    static MADE: OnceLock<Arc<Credentials>> = OnceLock::new();
    Arc::clone(MADE.get_or_init(|| credentials(&rcgen::PKCS_RSA_SHA256)))
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
    for client in [None, Some(rsa())] {
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
    let mut pair = asking(ClientAuth::Try, Some(&rsa()));
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
    let mut pair = asking(ClientAuth::Try, Some(&rsa()));
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

#[test]
fn a_dsa_certificate_is_asked_for_together_with_dss_suites_only() {
    for client in [common::dsa(), common::dsa1024()] {
        let mut pair = asking(ClientAuth::Always, Some(&client));
        let suites = [ECDHE_ECDSA, 0x00a2];
        assert_eq!(pair.server.session.set_enabled_ciphers(&suites), 0);
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.server.session.report().peer_chain, client.chain);
        assert_eq!(pair.client.session.client_auth_types(), Ok(vec![1, 64, 2]));

        let mut pair = asking(ClientAuth::Always, Some(&client));
        assert_eq!(pair.handshake().0, status::SSL_NEGOTIATION, "no scheme of the list fits the key");
    }
}

// --- client authentication in every version ----------------------------------------------------------------

/// SSLProtocol numbers of SSLv3 to TLS 1.2, and a suite they all have.
const VERSIONS: [i64; 4] = [2, 4, 7, 8];
const RSA_AES128_SHA: i64 = 0x002f;

/// Both ends at one version, the server asking.
fn asking_in(version: i64, auth: ClientAuth, client: Option<&Arc<Credentials>>) -> Pair {
    let mut pair = with_suite(RSA_AES128_SHA, &rsa());
    for end in [&mut pair.client.session, &mut pair.server.session] {
        assert_eq!(end.set_version_min(version), 0);
        assert_eq!(end.set_version_max(version), 0);
    }
    assert_eq!(pair.server.session.set_client_auth(auth as i64), 0);
    pair.client.session.set_credentials(client.cloned());
    pair
}

#[test]
fn client_certificates_prove_themselves_in_every_version_that_has_their_signature() {
    let mut keys = client_keys();
    keys.extend([("dsa", common::dsa()), ("dsa1024", common::dsa1024())]);
    for (name, client) in keys {
        for version in VERSIONS {
            let mut pair = asking_in(version, ClientAuth::Always, Some(&client));
            if name.starts_with("dsa") && version == 8 {
                // In TLS 1.2 DSA is among the schemes together with a DHE_DSS suite only.
                assert_eq!(pair.server.session.set_enabled_ciphers(&[RSA_AES128_SHA, 0x00a2]), 0);
            }
            let codes = pair.handshake();
            let signs = match name {
                "ed25519" | "rsapss" | "rsapss384" => version == 8,
                "p256" | "p384" | "p521" => version != 2, // no elliptic curves in SSLv3
                _ => true,
            };
            if !signs {
                assert_eq!(codes.0, status::SSL_NEGOTIATION, "{name} in {version}");
                continue;
            }
            assert_eq!(codes, (0, 0), "{name} in {version}");
            assert_eq!(i64::from(pair.server.session.negotiated_version()), version);
            assert_eq!(pair.server.session.report().peer_chain, client.chain);
            assert_eq!(states(&pair), (ClientCertificate::Sent, ClientCertificate::Sent));
            assert_eq!(pair.transfer(true, b"up"), b"up");
        }
    }
}

#[test]
fn the_verdict_table_holds_in_every_version() {
    let client = rsa();
    for version in VERSIONS {
        // SSLv3 has no certificate_unknown before its own number for it, which is the same.
        let failed = (status::SSL_PEER_CERT_UNKNOWN, status::SSL_X_CERT_CHAIN_INVALID);
        for (auth, sent, verdict, wanted) in [
            (ClientAuth::Try, false, Verdict::Accepted, (0, 0)),
            (ClientAuth::Try, true, Verdict::Rejected, failed),
            (ClientAuth::Always, false, Verdict::Accepted, failed),
            (ClientAuth::Always, true, Verdict::Accepted, (0, 0)),
            (ClientAuth::Always, true, Verdict::Rejected, failed),
        ] {
            let mut pair = asking_in(version, auth, sent.then_some(&client));
            pair.server.verdict = verdict;
            assert_eq!(pair.handshake(), wanted, "{auth:?} {sent} {verdict:?} in {version}");
        }
    }
}

#[test]
fn a_proof_by_another_key_is_a_wrong_proof_in_every_version() {
    for version in VERSIONS {
        let stolen =
            Arc::new(Credentials { key: Arc::clone(&common::rsa1024().key), chain: rsa().chain.clone() });
        let mut pair = asking_in(version, ClientAuth::Try, Some(&stolen));
        let (c, s) = pair.handshake();
        assert_eq!(s, status::SSL_CRYPTO, "{version}");
        // SSLv3 has no decrypt_error.
        let said =
            if version == 2 { status::SSL_PEER_HANDSHAKE_FAIL } else { status::SSL_PEER_DECRYPT_ERROR };
        assert_eq!(c, said, "{version}");
    }
}

/// SSLv3 says by alert that there is no certificate; the pause comes all the same, and the alert stands in no
/// transcript.
#[test]
fn a_missing_certificate_is_an_alert_in_ssl3_and_a_message_later() {
    for version in VERSIONS {
        let mut pair = asking_in(version, ClientAuth::Try, None);
        assert_eq!(pair.server.session.set_option(BREAK_ON_CLIENT_AUTH, true), 0);
        assert_eq!(pair.handshake(), (WOULD_BLOCK, status::SSL_PEER_AUTH_COMPLETED), "{version}");
        assert_eq!(pair.handshake(), (0, 0), "{version}");
        assert_eq!(states(&pair), (ClientCertificate::Requested, ClientCertificate::Requested));
        let alert = [21, 3, 0, 0, 2, 1, 41];
        let says = pair.up.log.windows(alert.len()).any(|bytes| bytes == alert);
        assert_eq!(says, version == 2, "{version}");
    }
}

/// Where nobody asked, the alert is one odd warning among others.
#[test]
fn a_no_certificate_alert_out_of_place_proves_nothing() {
    for version in VERSIONS {
        let mut pair = asking_in(version, ClientAuth::Always, Some(&rsa()));
        assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        assert_eq!(pair.server_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        pair.up.bytes.extend([21, 3, version_minor(version), 0, 2, 1, 41]);
        let codes = pair.handshake();
        if version == 2 {
            // There it is the answer, and the certificate behind it comes out of order.
            assert_eq!(codes.1, status::SSL_PROTOCOL);
        } else {
            assert_eq!(codes, (0, 0), "{version}");
            assert_eq!(pair.server.session.client_certificate(), ClientCertificate::Sent);
        }
    }
}

fn version_minor(version: i64) -> u8 {
    match version {
        2 => 0,
        4 => 1,
        7 => 2,
        _ => 3,
    }
}

// --- finite fields ---------------------------------------------------------------------------------------

/// Both ends with one suite, the server with this certificate, both with this secret.
fn with_suite(suite: i64, server: &Arc<Credentials>) -> Pair {
    let mut pair = Pair::new(server);
    for end in [&mut pair.client.session, &mut pair.server.session] {
        assert_eq!(end.set_enabled_ciphers(&[suite]), 0);
        assert_eq!(end.set_psk_secret(b"secret"), 0);
    }
    pair
}

/// A PKCS#3 DHParameter.
fn pkcs3(p: &[u8], g: u8) -> Vec<u8> {
    let item = |tag: u8, bytes: &[u8]| match bytes.len() {
        n @ 0..128 => [&[tag, n as u8], bytes].concat(),
        n @ 128..256 => [&[tag, 0x81, n as u8], bytes].concat(),
        n => [&[tag, 0x82, (n >> 8) as u8, n as u8], bytes].concat(),
    };
    let p = if p[0] & 0x80 == 0 { p.to_vec() } else { [&[0], p].concat() };
    item(0x30, &[item(2, &p), item(2, &[g])].concat())
}

/// The 1024-bit group of RFC 2409 section 6.2.
fn group_of_1024_bits() -> Vec<u8> {
    let hex = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
        020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
        4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
        EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF";
    let digits: Vec<u8> = hex.bytes().map(|b| (b as char).to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn a_servers_group_is_the_one_it_was_given() {
    let mut pair = with_suite(DHE_RSA, &rsa());
    assert_eq!(pair.server.session.dh_params(), None);
    let der = pkcs3(&group_of_1024_bits(), 2);
    assert_eq!(pair.server.session.set_dh_params(&der), 0);
    assert_eq!(pair.server.session.dh_params(), Some(&der[..]));
    assert_eq!(pair.client.session.set_dh_params(&der), 0, "without effect");
    assert_eq!(pair.client.session.dh_params(), None);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client.session.report().dh_bits, Some(1024));
    assert_eq!(pair.client.session.server_dh_group().unwrap().prime(), group_of_1024_bits());
    assert_eq!(pair.client.session.negotiated_curve(), Err(status::SEC_PARAM));
    assert_eq!(pair.server.session.set_dh_params(&der), status::SEC_BAD_REQ);
}

#[test]
fn parameters_that_are_no_group_are_refused_and_change_nothing() {
    let mut pair = with_suite(DHE_RSA, &rsa());
    let good = pkcs3(&group_of_1024_bits(), 2);
    assert_eq!(pair.server.session.set_dh_params(&good), 0);
    let mut even = group_of_1024_bits();
    *even.last_mut().unwrap() -= 1;
    let huge = [vec![1], vec![0xff; 1024]].concat();
    let cases = [
        Vec::new(),
        b"not DER".to_vec(),
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0]].concat(),
        pkcs3(&even, 2),
        pkcs3(&huge, 2),
        pkcs3(&group_of_1024_bits(), 0),
        pkcs3(&group_of_1024_bits(), 1),
    ];
    for der in cases {
        assert_eq!(pair.server.session.set_dh_params(&der), status::SEC_PARAM, "{} bytes", der.len());
        assert_eq!(pair.server.session.dh_params(), Some(&good[..]));
    }
}

#[test]
fn the_smallest_group_is_clamped_and_demanded() {
    let rsa = self::rsa();
    let weak = (status::SSL_WEAK_PEER_EPHEMERAL_DH_KEY, status::SSL_PEER_INSUFFICIENT_SECURITY);
    // A 768-bit number that is odd; a handshake never asks whether it is a prime.
    let of_768_bits = [vec![0xc1], vec![0x55; 95]].concat();
    let rows = [
        (None, None, 1024, (0, 0)),
        (None, Some(4096), 2048, (0, 0)),
        (Some(&of_768_bits), None, 1024, weak),
        (Some(&of_768_bits), Some(768), 768, (0, 0)),
        (Some(&of_768_bits), Some(769), 769, weak),
        (Some(&of_768_bits), Some(256), 512, (0, 0)),
        (Some(&of_768_bits), Some(-5), 512, (0, 0)),
        (Some(&group_of_1024_bits()), Some(2048), 2048, weak),
        (Some(&group_of_1024_bits()), None, 1024, (0, 0)),
    ];
    for suite in [DHE_RSA, DH_ANON, DHE_PSK] {
        for (group, minimum, kept, wanted) in &rows {
            let mut pair = with_suite(suite, &rsa);
            if let Some(p) = group {
                assert_eq!(pair.server.session.set_dh_params(&pkcs3(p, 2)), 0);
            }
            if let Some(minimum) = minimum {
                assert_eq!(pair.client.session.set_dh_minimum(*minimum), 0);
            }
            assert_eq!(pair.client.session.dh_minimum(), *kept);
            assert_eq!(pair.handshake(), *wanted, "{suite:#x} {minimum:?}");
        }
    }
}

/// Decisions 22: the weak group is named before the pause.
#[test]
fn a_weak_group_comes_before_the_server_pause() {
    let mut pair = with_suite(DHE_RSA, &rsa());
    assert_eq!(pair.server.session.set_dh_params(&pkcs3(&group_of_1024_bits(), 2)), 0);
    pair.client.session.set_dh_minimum(2048);
    assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER_AUTH, true), 0);
    assert_eq!(pair.handshake().0, status::SSL_WEAK_PEER_EPHEMERAL_DH_KEY);
    assert_eq!(pair.client.session.report().alert_sent, Some(Alert::INSUFFICIENT_SECURITY));
}

/// The body of the plaintext handshake message of this type that is under way, changed; whether there was one.
fn edit(pipe: &mut Pipe, typ: u8, change: impl Fn(&[u8]) -> Vec<u8>) -> bool {
    let bytes: Vec<u8> = pipe.bytes.drain(..).collect();
    let (mut rest, mut found) = (&bytes[..], false);
    while let [kind, major, minor, high, low, tail @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let (body, next) = tail.split_at(length);
        let mut record = body.to_vec();
        if *kind == 22 && body[0] == typ && !found {
            let changed = change(&body[4..]);
            record = [&[typ], &(changed.len() as u32).to_be_bytes()[1..], &changed].concat();
            found = true;
        }
        pipe.bytes.extend([*kind, *major, *minor, (record.len() >> 8) as u8, record.len() as u8]);
        pipe.bytes.extend(record);
        rest = next;
    }
    found
}

/// Runs a handshake in which one message is changed on the way.
fn edited(pair: &mut Pair, typ: u8, change: impl Fn(&[u8]) -> Vec<u8>) -> (i32, i32) {
    let (mut c, mut s, mut found) = (WOULD_BLOCK, WOULD_BLOCK, false);
    for _ in 0..8 {
        if c == WOULD_BLOCK {
            c = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
        }
        found |= !found && edit(&mut pair.up, typ, &change);
        if s == WOULD_BLOCK {
            s = pair.server_call(&mut Call::handshake(), &[], &mut Vec::new());
        }
        found |= !found && edit(&mut pair.down, typ, &change);
    }
    assert!(found, "message {typ} never came");
    (c, s)
}

/// What is done to a message on its way.
type Change = fn(&[u8]) -> Vec<u8>;

/// Vectors of numbers behind two bytes of length.
fn vectors(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u16).to_be_bytes()[..], part].concat()).collect()
}

#[test]
fn a_client_refuses_bad_groups_and_values() {
    let p = group_of_1024_bits();
    let mut below = p.clone();
    *below.last_mut().unwrap() -= 1;
    let huge = [vec![1], vec![0xff; 1024]].concat();
    let cases: [(&str, [&[u8]; 3]); 13] = [
        ("empty p", [&[], &[2], &[4]]),
        ("p of zeros", [&[0, 0], &[2], &[4]]),
        ("even p", [&below, &[2], &[4]]),
        ("p too large", [&huge, &[2], &[4]]),
        ("empty g", [&p, &[], &[4]]),
        ("g 0", [&p, &[0], &[4]]),
        ("g 1", [&p, &[1], &[4]]),
        ("g p-1", [&p, &below, &[4]]),
        ("value 0", [&p, &[2], &[0]]),
        ("value 1", [&p, &[2], &[0, 1]]),
        ("value p-1", [&p, &[2], &below]),
        ("value p", [&p, &[2], &p]),
        ("value above p", [&p, &[2], &huge]),
    ];
    for (label, parts) in cases {
        let mut pair = with_suite(DH_ANON, &credentials(&rcgen::PKCS_ED25519));
        let codes = edited(&mut pair, SERVER_KEY_EXCHANGE, |_| vectors(&parts));
        assert_eq!(codes, (status::SSL_PROTOCOL, status::SSL_ILLEGAL_PARAM), "{label}");
    }
    // What is well formed and not the server's leads to different keys.
    let mut pair = with_suite(DH_ANON, &credentials(&rcgen::PKCS_ED25519));
    let codes = edited(&mut pair, SERVER_KEY_EXCHANGE, |_| vectors(&[&p, &[2], &[4]]));
    assert!(codes.0 != 0 && codes.1 != 0, "{codes:?}");
}

#[test]
fn a_server_refuses_bad_values() {
    let mut below = group_of_1024_bits();
    *below.last_mut().unwrap() -= 1;
    let cases: [&[u8]; 7] = [&[], &[0], &[1], &[0, 0, 1], &below, &group_of_1024_bits(), &[0xff; 200]];
    for suite in [DHE_RSA, DH_ANON, DHE_PSK] {
        for value in cases {
            let mut pair = with_suite(suite, &rsa());
            assert_eq!(pair.server.session.set_dh_params(&pkcs3(&group_of_1024_bits(), 2)), 0);
            let codes = edited(&mut pair, CLIENT_KEY_EXCHANGE, |_| match suite {
                DHE_PSK => vectors(&[b"me", value]),
                _ => vectors(&[value]),
            });
            assert_eq!(codes, (status::SSL_ILLEGAL_PARAM, status::SSL_PROTOCOL), "{suite:#x} {value:?}");
        }
    }
    // A value outside the subgroup of the built-in group.
    let mut pair = with_suite(DH_ANON, &rsa());
    let codes = edited(&mut pair, CLIENT_KEY_EXCHANGE, |_| vectors(&[&[3]]));
    assert_eq!(codes, (status::SSL_ILLEGAL_PARAM, status::SSL_PROTOCOL));
}

#[test]
fn trailing_and_missing_bytes_of_an_exchange_are_faults() {
    for suite in [DHE_RSA, DH_ANON, ECDHE_RSA, PSK, DHE_PSK, RSA_PSK, ECDHE_PSK] {
        for (typ, faulty) in [(SERVER_KEY_EXCHANGE, 0), (CLIENT_KEY_EXCHANGE, 1)] {
            let changes: [Change; 3] =
                [|body| [body, &[0]].concat(), |body| body[..body.len() - 1].to_vec(), |_| Vec::new()];
            for change in changes {
                let mut pair = with_suite(suite, &rsa());
                assert_eq!(pair.server.session.set_psk_hint(b"hint"), 0);
                let codes = edited(&mut pair, typ, change);
                let codes = if faulty == 0 { codes } else { (codes.1, codes.0) };
                assert_eq!(codes, (status::SSL_PROTOCOL, status::SSL_ILLEGAL_PARAM), "{suite:#x} {typ}");
            }
        }
    }
}

#[test]
fn a_signature_over_another_share_is_refused() {
    for (suite, server) in [
        (DHE_RSA, rsa()),
        (ECDHE_RSA, common::rsapss()),
        (ECDHE_ECDSA, credentials(&rcgen::PKCS_ECDSA_P384_SHA384)),
        (0x00a2, common::dsa()),
    ] {
        let mut pair = with_suite(suite, &server);
        let codes = edited(&mut pair, SERVER_KEY_EXCHANGE, |body| {
            let mut body = body.to_vec();
            let last = body.len() - 1;
            body[last] ^= 1;
            body
        });
        assert_eq!(codes, (status::SSL_CRYPTO, status::SSL_PEER_DECRYPT_ERROR), "{suite:#x}");
    }
}

// --- no certificate at all -------------------------------------------------------------------------------

#[test]
fn anonymous_exchanges_judge_nobody_and_never_pause() {
    for suite in [DH_ANON, PSK, DHE_PSK, ECDHE_PSK] {
        let mut pair = with_suite(suite, &rsa());
        pair.client.verdict = Verdict::Rejected;
        assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER_AUTH, true), 0);
        assert_eq!(pair.client.session.set_cert_verify(true), 0);
        assert_eq!(pair.handshake(), (0, 0), "{suite:#x}");
        assert!(pair.client.session.peer_trust().is_none());
        assert!(pair.client.session.report().peer_chain.is_empty());
        assert_eq!((pair.client.asked, pair.server.asked), (0, 0));
    }
}

#[test]
fn a_server_that_proves_nothing_may_not_ask_for_a_certificate() {
    for suite in [DH_ANON, PSK, DHE_PSK, ECDHE_PSK] {
        for auth in [ClientAuth::Always, ClientAuth::Try] {
            let mut pair = with_suite(suite, &rsa());
            assert_eq!(pair.server.session.set_client_auth(auth as i64), 0);
            let wanted = (status::SSL_PEER_INTERNAL_ERROR, status::SSL_BAD_CONFIGURATION);
            assert_eq!(pair.handshake(), wanted, "{suite:#x} {auth:?}");
        }
    }
}

/// A CertificateRequest slipped in front of ServerHelloDone.
#[test]
fn a_request_from_an_anonymous_server_is_a_fault() {
    for suite in [DH_ANON, PSK] {
        let mut pair = with_suite(suite, &rsa());
        assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        assert_eq!(pair.server_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        let done = pair.down.bytes.split_off(pair.down.bytes.len() - 9);
        let request = [13, 0, 0, 8, 1, 1, 0, 2, 4, 1, 0, 0];
        pair.down.bytes.extend([22, 3, 3, 0, request.len() as u8]);
        pair.down.bytes.extend(request);
        pair.down.bytes.extend(done);
        assert_eq!(pair.handshake(), (status::SSL_PROTOCOL, status::SSL_PEER_HANDSHAKE_FAIL), "{suite:#x}");
    }
}

// --- curves ----------------------------------------------------------------------------------------------

#[test]
fn a_curve_list_bounds_both_ends_and_reads_back_as_set() {
    let mut pair = with_suite(ECDHE_RSA, &rsa());
    assert!(pair.client.session.curves().is_empty());
    assert_eq!(pair.client.session.set_curves(&[25, 999, 24, 24]), 0);
    assert_eq!(pair.client.session.curves(), [25, 999, 24, 24]);
    assert_eq!(pair.server.session.set_curves(&[23, 24]), 0);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client.session.negotiated_curve(), Ok(24));
    assert_eq!(pair.server.session.negotiated_curve(), Ok(24));
    assert_eq!(pair.client.session.set_curves(&[23]), status::SEC_BAD_REQ);
}

#[test]
fn curve_lists_without_a_common_member_fail() {
    let mut pair = with_suite(ECDHE_RSA, &rsa());
    assert_eq!(pair.client.session.set_curves(&[25]), 0);
    assert_eq!(pair.server.session.set_curves(&[23, 24, 29]), 0);
    assert_eq!(pair.handshake(), (status::SSL_PEER_HANDSHAKE_FAIL, status::SSL_NEGOTIATION));

    let mut pair = with_suite(ECDHE_RSA, &rsa());
    for bad in [&[][..], &[-1], &[0x10000]] {
        assert_eq!(pair.client.session.set_curves(bad), status::SEC_PARAM);
    }
    assert_eq!(pair.client.session.set_curves(&[1]), 0, "a curve that nobody runs");
    assert_eq!(pair.handshake().0, status::SSL_BAD_CONFIGURATION);
}

#[test]
fn a_client_refuses_a_curve_it_did_not_offer() {
    let mut pair = with_suite(ECDHE_RSA, &rsa());
    assert_eq!(pair.client.session.set_curves(&[23]), 0);
    let codes = edited(&mut pair, SERVER_KEY_EXCHANGE, |body| [&[3, 0, 24], &body[3..]].concat());
    assert_eq!(codes, (status::SSL_NEGOTIATION, status::SSL_PEER_HANDSHAKE_FAIL));
}

#[test]
fn points_that_are_none_are_refused_in_every_exchange_over_curves() {
    let p256 = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    for (suite, server) in [(ECDHE_ECDSA, &p256), (ECDH_ECDSA, &p256), (ECDHE_PSK, &p256)] {
        let mut off = vec![4; 65];
        off[64] = 5;
        let compressed = [vec![2], vec![7; 32]].concat();
        let infinity = vec![0];
        for point in [Vec::new(), infinity, compressed, off, vec![4; 97], vec![4; 64]] {
            let mut pair = with_suite(suite, server);
            assert_eq!(pair.client.session.set_curves(&[23]), 0);
            let codes = edited(&mut pair, CLIENT_KEY_EXCHANGE, |_| {
                let share = [&[point.len() as u8][..], &point].concat();
                if suite == ECDHE_PSK { [vectors(&[b"me"]), share].concat() } else { share }
            });
            assert_eq!(codes, (status::SSL_ILLEGAL_PARAM, status::SSL_PROTOCOL), "{suite:#x} {point:?}");
        }
    }
}

#[test]
fn static_exchanges_need_a_curve_both_know_and_the_usage() {
    use rcgen::KeyUsagePurpose::{DigitalSignature, KeyAgreement};
    let refused = (status::SSL_PEER_HANDSHAKE_FAIL, status::SSL_NEGOTIATION);
    let p384 = credentials(&rcgen::PKCS_ECDSA_P384_SHA384);
    let mut pair = with_suite(ECDH_ECDSA, &p384);
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client.session.negotiated_curve(), Ok(24));
    assert_eq!(pair.server.session.negotiated_curve(), Ok(24));
    for of_client in [true, false] {
        let mut pair = with_suite(ECDH_ECDSA, &p384);
        let end = if of_client { &mut pair.client } else { &mut pair.server };
        assert_eq!(end.session.set_curves(&[23, 25]), 0);
        assert_eq!(pair.handshake(), refused);
    }
    for (usages, wanted) in [
        (vec![KeyAgreement], (0, 0)),
        (vec![DigitalSignature, KeyAgreement], (0, 0)),
        (vec![DigitalSignature], refused),
    ] {
        let mut pair = with_suite(ECDH_RSA, &common::p256_by_rsa(usages));
        assert_eq!(pair.handshake(), wanted);
    }
}

// --- pre-shared keys -------------------------------------------------------------------------------------

const EVERY_PSK: [i64; 4] = [PSK, DHE_PSK, RSA_PSK, ECDHE_PSK];

#[test]
fn identity_and_hint_reach_the_other_end() {
    for suite in EVERY_PSK {
        let mut pair = with_suite(suite, &rsa());
        assert_eq!(pair.client.session.set_psk_identity(b"before"), 0);
        assert_eq!(pair.client.session.set_psk_identity(b"client \xff"), 0, "the last one wins");
        assert_eq!(pair.server.session.set_psk_identity(b"without effect"), 0);
        assert_eq!(pair.server.session.set_psk_hint(b"which one?"), 0);
        assert_eq!(pair.server.session.psk_identity(), None);
        assert_eq!(pair.handshake(), (0, 0), "{suite:#x}");
        assert_eq!(pair.server.session.psk_identity(), Some(&b"client \xff"[..]));
        assert_eq!(pair.client.session.psk_identity(), Some(&b"client \xff"[..]));
        assert_eq!(pair.client.session.psk_hint(), Some(&b"which one?"[..]));
    }
}

#[test]
fn without_a_hint_there_is_no_needless_message() {
    for (suite, sends) in [(PSK, false), (RSA_PSK, false), (DHE_PSK, true), (ECDHE_PSK, true)] {
        let mut pair = with_suite(suite, &rsa());
        assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        assert_eq!(pair.server_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        assert_eq!(edit(&mut pair.down, SERVER_KEY_EXCHANGE, <[u8]>::to_vec), sends, "{suite:#x}");
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.client.session.psk_hint(), sends.then_some(&b""[..]));
    }
}

#[test]
fn different_secrets_fail_at_finished() {
    for suite in EVERY_PSK {
        let mut pair = with_suite(suite, &rsa());
        assert_eq!(pair.server.session.set_psk_secret(b"another"), 0);
        let (c, s) = pair.handshake();
        assert_eq!(s, status::SSL_DECRYPTION_FAIL, "{suite:#x}");
        assert_eq!(c, status::SSL_PEER_BAD_RECORD_MAC, "{suite:#x}");
    }
}

#[test]
fn a_lookup_finds_the_secret_of_each_identity_and_an_unknown_one_fails_like_a_wrong_secret() {
    for suite in EVERY_PSK {
        for (identity, wanted) in [
            (&b"one"[..], (0, 0)),
            (b"two", (0, 0)),
            (b"three", (status::SSL_PEER_BAD_RECORD_MAC, status::SSL_DECRYPTION_FAIL)),
            (b"empty", (status::SSL_PEER_BAD_RECORD_MAC, status::SSL_DECRYPTION_FAIL)),
        ] {
            let mut pair = with_suite(suite, &rsa());
            pair.server.session.set_psk_lookup(true);
            pair.server.secrets = vec![
                (b"one".to_vec(), b"secret".to_vec()),
                (b"two".to_vec(), b"the second one, a longer one".to_vec()),
                (b"empty".to_vec(), Vec::new()),
            ];
            if identity == b"two" {
                assert_eq!(pair.client.session.set_psk_secret(b"the second one, a longer one"), 0);
            }
            assert_eq!(pair.client.session.set_psk_identity(identity), 0);
            assert_eq!(pair.handshake(), wanted, "{suite:#x} {identity:?}");
            assert_eq!(pair.server.session.psk_identity(), Some(identity));
        }
    }
}

#[test]
fn a_secret_never_configured_is_a_mistake_of_this_side() {
    for suite in EVERY_PSK {
        let mut pair = with_suite(suite, &rsa());
        assert_eq!(pair.client.session.set_psk_secret(b""), 0, "taken away");
        assert_eq!(pair.handshake().0, status::SSL_BAD_CONFIGURATION, "{suite:#x}");
        assert!(pair.up.log.is_empty());

        let mut pair = with_suite(suite, &rsa());
        assert_eq!(pair.server.session.set_psk_secret(b""), 0);
        let wanted = (status::SSL_PEER_INTERNAL_ERROR, status::SSL_BAD_CONFIGURATION);
        assert_eq!(pair.handshake(), wanted, "{suite:#x}");
    }
}

#[test]
fn suites_without_a_secret_are_passed_over_where_others_are_left() {
    let rsa = self::rsa();
    for of_client in [true, false] {
        let mut pair = Pair::new(&rsa);
        for end in [&mut pair.client.session, &mut pair.server.session] {
            assert_eq!(end.set_enabled_ciphers(&[PSK, RSA_PSK, ECDHE_RSA]), 0);
        }
        let with = if of_client { &mut pair.client } else { &mut pair.server };
        assert_eq!(with.session.set_psk_secret(b"secret"), 0);
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.client.session.negotiated_cipher(), Ok(ECDHE_RSA as u16));
    }
}

/// Decisions 33: with RSA_PSK there is a certificate, and it is judged.
#[test]
fn rsa_psk_judges_the_server_and_pauses() {
    let rsa = self::rsa();
    let mut pair = with_suite(RSA_PSK, &rsa);
    pair.client.verdict = Verdict::Rejected;
    assert_eq!(pair.handshake(), (status::SSL_X_CERT_CHAIN_INVALID, status::SSL_PEER_CERT_UNKNOWN));
    let mut pair = with_suite(RSA_PSK, &rsa);
    assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER_AUTH, true), 0);
    assert_eq!(pair.handshake().0, status::SSL_PEER_AUTH_COMPLETED);
    assert_eq!(pair.handshake(), (0, 0));
    // And a server with a certificate may ask for one.
    let mut pair = with_suite(RSA_PSK, &rsa);
    let client = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    assert_eq!(pair.server.session.set_client_auth(ClientAuth::Always as i64), 0);
    pair.client.session.set_credentials(Some(Arc::clone(&client)));
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.server.session.report().peer_chain, client.chain);
}

#[test]
fn a_spoilt_premaster_shows_at_finished_only() {
    for suite in [0x009c, RSA_PSK] {
        let mut pair = with_suite(suite, &rsa());
        let codes = edited(&mut pair, CLIENT_KEY_EXCHANGE, |body| {
            let mut body = body.to_vec();
            let last = body.len() - 1;
            body[last] ^= 1;
            body
        });
        assert_eq!(codes, (status::SSL_PEER_BAD_RECORD_MAC, status::SSL_DECRYPTION_FAIL), "{suite:#x}");
    }
}

#[test]
fn fields_that_fit_no_message_are_refused() {
    let mut pair = with_suite(PSK, &rsa());
    let long = vec![1; 0x10000];
    assert_eq!(pair.client.session.set_psk_identity(&long), status::SEC_PARAM);
    assert_eq!(pair.client.session.set_psk_identity(b""), status::SEC_PARAM);
    assert_eq!(pair.client.session.set_psk_secret(&long), status::SEC_PARAM);
    assert_eq!(pair.server.session.set_psk_hint(&long), status::SEC_PARAM);
    assert_eq!(pair.client.session.set_psk_secret(&long[1..]), 0);
    assert_eq!(pair.server.session.set_psk_secret(&long[1..]), 0);
    assert_eq!(pair.handshake(), (0, 0));
}

#[test]
fn dhe_enabled_puts_seven_suites_in_front_of_rsa() {
    let mut pair = Pair::new(&rsa());
    let session = &mut pair.client.session;
    assert!(!session.dhe_enabled());
    assert_eq!(session.set_dhe_enabled(true), 0);
    assert_eq!((session.enabled_ciphers().len(), session.dhe_enabled()), (28, true));
    assert_eq!(session.enabled_ciphers()[14..16], [0x009f, 0x009e]);
    assert_eq!(session.enabled_ciphers()[21], 0x009d);
    assert_eq!(session.set_dhe_enabled(false), 0);
    assert_eq!(session.enabled_ciphers(), st_core::suite::DEFAULT);
}

// --- hostile bytes ---------------------------------------------------------------------------------------

/// A handshake in which one byte of one direction is flipped on the way.
fn flipped(pair: &mut Pair, up: bool, at: usize) -> (i32, i32) {
    let flip = |pipe: &mut Pipe, this_one: bool| {
        let passed = pipe.log.len() - pipe.bytes.len();
        if this_one && at >= passed && at < pipe.log.len() {
            pipe.bytes[at - passed] ^= 0x40;
        }
    };
    let (mut c, mut s) = (WOULD_BLOCK, WOULD_BLOCK);
    for _ in 0..12 {
        if c == WOULD_BLOCK {
            c = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
        }
        flip(&mut pair.up, up);
        if s == WOULD_BLOCK {
            s = pair.server_call(&mut Call::handshake(), &[], &mut Vec::new());
        }
        flip(&mut pair.down, !up);
    }
    (c, s)
}

/// Every exchange, and clients' certificates: a typed status and never a panic; where both ends succeed nothing but
/// the version field of a record, which nobody reads, can have been flipped.
#[test]
fn flipped_bytes_of_every_exchange_end_in_a_status() {
    let small = pkcs3(&[vec![0xc1], vec![0x55; 63]].concat(), 2);
    let client = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let cases = [
        (PSK, false, None),
        (DHE_PSK, false, None),
        (ECDHE_PSK, false, None),
        (RSA_PSK, false, Some(common::rsa512())),
        (DH_ANON, false, None),
        (0x00a2, false, Some(common::dsa1024())),
        (ECDH_ECDSA, true, Some(Arc::clone(&client))),
        (ECDHE_ECDSA, true, Some(Arc::clone(&client))),
    ];
    for (suite, asks, server) in cases {
        let make = || {
            let mut pair = with_suite(suite, server.as_ref().unwrap_or(&client));
            assert_eq!(pair.server.session.set_dh_params(&small), 0);
            pair.client.session.set_dh_minimum(512);
            assert_eq!(pair.server.session.set_psk_hint(b"hint"), 0);
            if asks {
                assert_eq!(pair.server.session.set_client_auth(ClientAuth::Always as i64), 0);
                pair.client.session.set_credentials(Some(Arc::clone(&client)));
            }
            pair
        };
        let mut clean = make();
        assert_eq!(clean.handshake(), (0, 0), "{suite:#x}");
        for (up, length) in [(true, clean.up.log.len()), (false, clean.down.log.len())] {
            for at in 0..length {
                let mut pair = make();
                let (c, s) = flipped(&mut pair, up, at);
                let allowed = |code: i32| code == 0 || code == WOULD_BLOCK || (-9851..=-9800).contains(&code);
                assert!(allowed(c) && allowed(s), "{suite:#x} byte {at} up {up}: {c} {s}");
                let versions =
                    [pair.client.session.negotiated_cipher(), pair.server.session.negotiated_cipher()];
                let unnoticed = (c, s) == (0, 0);
                assert!(!unnoticed || versions == [Ok(suite as u16); 2], "{suite:#x} byte {at} up {up}");
            }
        }
    }
}
