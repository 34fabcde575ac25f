//! What versions change: negotiation, hellos, alerts (`behaviours` section 9).
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{End, NOW, Pair, Pipe, WOULD_BLOCK, credentials};
use st_core::config::{ClientAuth, Credentials, Role};
use st_core::fault::Alert;
use st_core::session::Call;
use st_core::status;
use st_core::wire::hello::{ClientHello, ServerHello};
use st_core::wire::ids::{SuiteId, WireVersion};
use std::sync::{Arc, LazyLock};

/// Public numbers of the versions, with those on the wire.
const VERSIONS: [(i64, u16); 4] = [(2, 0x0300), (4, 0x0301), (7, 0x0302), (8, 0x0303)];

const ALLOW_RENEGOTIATION: i64 = 8;

fn bounded(end: &mut End, min: i64, max: i64) {
    assert_eq!(end.session.set_version_min(min), 0);
    assert_eq!(end.session.set_version_max(max), 0);
}

static RSA: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_RSA_SHA256));

fn between(client: (i64, i64), server: (i64, i64)) -> Pair {
    let mut pair = Pair::new(&RSA);
    bounded(&mut pair.client, client.0, client.1);
    bounded(&mut pair.server, server.0, server.1);
    pair
}

/// One record: its type, its version, its body.
type Record = (u8, u16, Vec<u8>);

fn records(bytes: &[u8]) -> Vec<Record> {
    let (mut rest, mut out) = (bytes, Vec::new());
    while let [typ, major, minor, high, low, tail @ ..] = rest {
        let (body, next) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        out.push((*typ, u16::from_be_bytes([*major, *minor]), body.to_vec()));
        rest = next;
    }
    out
}

fn server_hello(pipe: &Pipe) -> ServerHello {
    let record = records(&pipe.log).remove(0);
    assert_eq!((record.0, record.2[0]), (22, 2));
    ServerHello::parse(&record.2[4..]).unwrap()
}

/// The hello of a client with these bounds, in its record.
fn client_hello(min: i64, max: i64) -> (u16, ClientHello, usize) {
    let mut pair = between((min, max), (2, 8));
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    let record = records(&pair.up.log).remove(0);
    assert_eq!((record.0, record.2[0]), (22, 1));
    (record.1, ClientHello::parse(&record.2[4..]).unwrap(), record.2.len())
}

/// Gives a server the hello of the widest client, changed.
fn answered(server: (i64, i64), edit: impl Fn(&mut ClientHello)) -> (Pair, i32) {
    let mut pair = between((2, 8), server);
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    let (_, version, body) = records(&pair.up.log).remove(0);
    let mut hello = ClientHello::parse(&body[4..]).unwrap();
    edit(&mut hello);
    let body = hello.encode().unwrap();
    let message = [&[1], &(body.len() as u32).to_be_bytes()[1..], &body].concat();
    pair.up.bytes.clear();
    pair.up.bytes.extend([22, (version >> 8) as u8, version as u8]);
    pair.up.bytes.extend((message.len() as u16).to_be_bytes());
    pair.up.bytes.extend(message);
    let code = pair.server_call(&mut Call::handshake(), &[], &mut Vec::new());
    (pair, code)
}

#[test]
fn a_hello_goes_in_a_record_of_tls_1_0_where_that_lies_within_the_bounds() {
    for (min, low) in VERSIONS {
        for (max, high) in VERSIONS.into_iter().filter(|v| v.0 >= min) {
            let (record, hello, _) = client_hello(min, max);
            assert_eq!(record, if low <= 0x0301 && high >= 0x0301 { 0x0301 } else { low }, "{min} to {max}");
            assert_eq!(hello.version.0, high, "{min} to {max}");
        }
    }
}

#[test]
fn a_hello_of_ssl3_has_no_extensions_and_no_suites_of_later_versions() {
    let (_, hello, length) = client_hello(2, 2);
    assert_eq!(hello.extensions, None);
    let suites: Vec<u16> = hello.suites.iter().map(|suite| suite.0).collect();
    assert_eq!(suites, [0x00ff, 0x0035, 0x002f, 0x000a]);
    assert_eq!(length, 4 + 2 + 32 + 1 + 2 + 2 * suites.len() + 2);
}

#[test]
fn suites_of_tls_1_2_and_signature_schemes_are_offered_with_tls_1_2_only() {
    for (max, _) in VERSIONS.into_iter().filter(|v| v.0 > 2) {
        let (_, hello, _) = client_hello(2, max);
        let offers = |suite: u16| hello.suites.contains(&SuiteId(suite));
        assert!(offers(0xc014) && offers(0x0035), "{max}");
        for suite in [0xc030, 0xc028, 0xc027, 0x009d, 0x003d, 0x003c] {
            assert_eq!(offers(suite), max == 8, "{max} {suite:#x}");
        }
        assert_eq!(hello.extensions().iter().any(|e| e.typ().0 == 13), max == 8, "{max}");
    }
}

#[test]
fn absurd_versions_mean_the_highest_we_have() {
    for absurd in [0x0304, 0x0305, 0x03ff, 0x0400, 0x0401, 0x0501, 0x1010, 0xffff] {
        for (max, wire) in VERSIONS {
            let (pair, code) = answered((2, max), |hello| hello.version = WireVersion(absurd));
            assert_eq!(code, WOULD_BLOCK, "{absurd:#x}");
            assert_eq!(server_hello(&pair.down).version.0, wire, "{absurd:#x}");
        }
    }
}

/// Decisions 25: the lower of the peer's version and our own highest.
#[test]
fn an_alert_before_a_version_is_agreed_on_goes_in_a_record_both_can_read() {
    let no_null = |hello: &mut ClientHello| hello.compressions = vec![1];
    for (max, ours) in VERSIONS.into_iter().filter(|v| v.0 > 2) {
        for theirs in [0x0300, 0x0301, 0x0302, 0x0303, 0x0505] {
            let (pair, code) = answered((max, max), |hello| {
                hello.version = WireVersion(theirs);
                no_null(hello);
            });
            assert!(code < 0 && code != WOULD_BLOCK);
            let alert = records(&pair.down.log).pop().unwrap();
            assert_eq!((alert.0, alert.1), (21, theirs.min(ours)), "{theirs:#x} to {max}");
        }
    }
}

#[test]
fn a_version_below_the_minimum_is_refused_by_its_name() {
    for (min, low) in VERSIONS.into_iter().filter(|v| v.0 > 2) {
        let (pair, code) = answered((min, 8), |hello| hello.version = WireVersion(low - 1));
        assert_eq!(code, status::SSL_NEGOTIATION);
        assert_eq!(records(&pair.down.log), [(21, low - 1, vec![2, 70])]);
    }
}

/// The published rule, in the words of the table: `a, b become c; d becomes e.`
fn published_substitutes() -> Vec<(String, String)> {
    let table = include_str!("../reference/result_codes.json");
    let rule =
        table.split("When the settled version is SSL 3.0: ").nth(1).unwrap().split('.').next().unwrap();
    let mut found = Vec::new();
    for clause in rule.split("; ") {
        let (from, to) = clause.split_once(" become").unwrap();
        let to = to.trim_start_matches('s').trim();
        found.extend(from.split(", ").map(|name| (name.to_owned(), to.to_owned())));
    }
    found
}

#[test]
fn ssl3_hears_only_alerts_that_it_knows() {
    let known = [0, 10, 20, 30, 40, 41, 42, 43, 44, 45, 46, 47, 86]; // the last by RFC 7507
    let published = published_substitutes();
    assert_eq!(published.len(), 10);
    for number in 0..=255 {
        let alert = Alert(number);
        if alert.name() == "unknown" {
            continue;
        }
        let told = alert.for_ssl3();
        if let Some((_, to)) = published.iter().find(|(from, _)| from == alert.name()) {
            assert_eq!(told.name(), to, "{}", alert.name());
        } else if known.contains(&number) {
            assert_eq!(told, alert);
        }
        assert!(known.contains(&told.0), "{number} became {told:?}");
    }
}

#[test]
fn a_failed_handshake_of_ssl3_tells_the_other_end_in_its_own_words() {
    let mut pair = between((2, 2), (2, 2));
    assert_eq!(pair.client.session.set_enabled_ciphers(&[0x39]), 0);
    assert_eq!(pair.server.session.set_enabled_ciphers(&[0x39]), 0);
    let (mut client, mut server) = (WOULD_BLOCK, WOULD_BLOCK);
    while client == WOULD_BLOCK {
        client = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
        server = if server == WOULD_BLOCK {
            pair.server_call(&mut Call::handshake(), &[], &mut Vec::new())
        } else {
            server
        };
        if let Some(last) = pair.down.bytes.iter_mut().rev().nth(12) {
            *last ^= 1; // the last byte of the signature, in front of ServerHelloDone and its header
        }
    }
    assert_eq!(client, status::SSL_CRYPTO);
    assert_eq!(pair.client.session.report().alert_sent, Some(Alert::HANDSHAKE_FAILURE));
    let server = pair.server_call(&mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(server, status::SSL_PEER_HANDSHAKE_FAIL);
}

/// A hello in SSLv2's format (RFC 5246 appendix E.2).
fn v2_hello(version: u16, suites: &[u16], challenge: usize) -> Vec<u8> {
    let mut body = vec![1];
    for number in [version, 3 * (suites.len() as u16 + 1), 0, challenge as u16] {
        body.extend(number.to_be_bytes());
    }
    body.extend([7, 0, 0xc0]); // a suite of SSLv2 itself
    for suite in suites {
        body.extend([0, (suite >> 8) as u8, *suite as u8]);
    }
    body.extend((0..challenge).map(|i| i as u8));
    [&(0x8000 | body.len() as u16).to_be_bytes()[..], &body].concat()
}

#[test]
fn a_server_answers_a_hello_in_the_format_of_ssl2() {
    for (max, wire) in VERSIONS {
        for step in [1, usize::MAX] {
            let mut server = End::new(Role::Server);
            bounded(&mut server, 2, 8);
            server.session.set_credentials(Some(Arc::clone(&RSA)));
            let (mut up, mut down) = (Pipe::new(), Pipe::new());
            up.step = step;
            up.bytes.extend(v2_hello(wire, &[0x0035, 0x000a], 32));
            for _ in 0..200 {
                let code = server.run(&mut Call::handshake(), &mut up, &mut down, &[], &mut Vec::new());
                assert_eq!(code, WOULD_BLOCK, "{max}");
            }
            let hello = server_hello(&down);
            assert_eq!((hello.version.0, hello.suite), (wire, SuiteId(0x0035)), "{max}");
        }
    }
}

#[test]
fn a_hello_in_the_format_of_ssl2_is_the_first_thing_or_nothing() {
    let mut pair = between((2, 8), (2, 8));
    pair.down.bytes.extend(v2_hello(0x0301, &[0x0035], 32));
    let code = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(code, status::SSL_PROTOCOL, "to a client");
    let mut pair = between((2, 8), (2, 8));
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(pair.server_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    pair.up.bytes.extend(v2_hello(0x0301, &[0x0035], 32));
    let code = pair.server_call(&mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(code, status::SSL_PROTOCOL, "after another hello");
}

#[test]
fn bounds_that_are_crossed_drag_each_other() {
    let mut session = End::new(Role::Client).session;
    assert_eq!((session.version_min(), session.version_max()), (4, 8));
    assert_eq!(session.set_version_max(2), 0);
    assert_eq!((session.version_min(), session.version_max()), (2, 2));
    assert_eq!(session.set_version_min(7), 0);
    assert_eq!((session.version_min(), session.version_max()), (7, 7));
    for number in [-1, 0, 1, 3, 5, 6, 9, 10, 11, 12, 998, 1 << 40] {
        assert_eq!(session.set_version_min(number), status::SSL_ILLEGAL_PARAM, "{number}");
        assert_eq!(session.set_version_max(number), status::SSL_ILLEGAL_PARAM, "{number}");
    }
    assert_eq!(session.set_version_min(999), status::SSL_ILLEGAL_PARAM);
    assert_eq!(session.set_version_max(999), 0);
    assert_eq!((session.version_min(), session.version_max()), (7, 8));
}

#[test]
fn without_a_version_there_is_no_handshake() {
    for role in [Role::Client, Role::Server] {
        let mut end = End::new(role);
        end.session.set_credentials(Some(Arc::clone(&RSA)));
        assert_eq!(end.session.set_version_enabled(6, false), 0);
        assert_eq!((end.session.version_min(), end.session.version_max()), (0, 0));
        let (mut up, mut down) = (Pipe::new(), Pipe::new());
        let code = end.run(&mut Call::handshake(), &mut up, &mut down, &[], &mut Vec::new());
        assert_eq!(code, status::SEC_PARAM);
        assert!(up.log.is_empty() && down.log.is_empty());
    }
}

#[test]
fn ssl3_says_again_in_a_renegotiation_that_there_is_no_certificate() {
    let mut pair = between((2, 2), (2, 2));
    assert_eq!(pair.server.session.set_client_auth(ClientAuth::Try as i64), 0);
    assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0);
    assert_eq!(pair.handshake(), (0, 0));
    for _ in 0..2 {
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.transfer(true, b"still nobody"), b"still nobody");
    }
}

/// RFC 5746 section 4.5: there is no warning that says so.
#[test]
fn a_refused_renegotiation_ends_a_connection_of_ssl3_and_no_other() {
    for (version, _) in VERSIONS {
        let mut pair = between((version, version), (version, version));
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        let client = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
        assert_eq!(client, WOULD_BLOCK);
        let server = pair.server_call(&mut Call::read(1), &[], &mut Vec::new());
        let client = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
        let wanted = if version == 2 {
            (status::SSL_PEER_HANDSHAKE_FAIL, status::SSL_NEGOTIATION)
        } else {
            (status::SSL_PEER_NO_RENEGOTIATION, WOULD_BLOCK)
        };
        assert_eq!((client, server), wanted, "{version}");
    }
}
