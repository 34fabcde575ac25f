//! Well-formed messages whose contents no peer may send: each ends in the status and alert of `behaviours`
//! section 17, on the side that has to notice.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod tap;

use common::credentials;
use st_core::profile;
use st_core::status::OsStatus;
use st_core::wire::certs::CertificateMessage;
use st_core::wire::extension::Extension;
use st_core::wire::hello::{ClientHello, ServerHello};
use st_core::wire::ids::{ExtensionType, SuiteId, WireVersion};
use tap::*;

/// A handshake in which the first message of this type is given another body.
fn rewriting(suite: u16, way: Way, typ: u8, edit: &dyn Fn(&[u8]) -> Vec<u8>) -> Tap {
    let mut tap = tap(suite);
    let mut done = false;
    tap.handshake(&mut |w, _, record| {
        let this = w == way && record.typ == HANDSHAKE && record.body.first() == Some(&typ);
        if !this || std::mem::replace(&mut done, true) {
            return vec![record];
        }
        vec![Record::message(typ, &edit(&record.body[4..]))]
    });
    assert!(done, "no message {typ} went {way:?}");
    tap
}

type Body = fn(&[u8]) -> Vec<u8>;
type Edit<T> = (&'static str, fn(&mut T), OsStatus, u8);

const NEGOTIATION: OsStatus = -9801;
const CRYPTO: OsStatus = -9809;
const BAD_CHAIN: OsStatus = -9807;
const PEER_PROTOCOL_VERSION: OsStatus = -9836;
const FAILURE: u8 = 40;
const CERTIFICATE_UNKNOWN: u8 = 46;
const DECRYPT: u8 = 51;
const VERSION: u8 = 70;
const FALLBACK: u8 = 86;

fn extension(number: u16, body: &[u8]) -> Extension {
    Extension::Unknown(ExtensionType(number), body.to_vec())
}

fn without(extensions: &mut Option<Vec<Extension>>, number: u16) -> &mut Vec<Extension> {
    let list = extensions.get_or_insert_default();
    list.retain(|e| e.typ().0 != number);
    list
}

#[test]
fn a_server_hello_that_answers_what_was_not_asked_is_refused() {
    let edits: &[Edit<ServerHello>] = &[
        ("SSL 3", |h| h.version = WireVersion(0x0300), NEGOTIATION, FAILURE),
        ("TLS 1.3 in the old field", |h| h.version = WireVersion(0x0304), NEGOTIATION, FAILURE),
        ("no version at all", |h| h.version = WireVersion(0), NEGOTIATION, FAILURE),
        ("a suite that was not offered", |h| h.suite = SuiteId(0x003b), NEGOTIATION, FAILURE),
        ("a suite that does not exist", |h| h.suite = SuiteId(0xfafa), NEGOTIATION, FAILURE),
        ("the signalling suite", |h| h.suite = SuiteId(0x00ff), NEGOTIATION, FAILURE),
        ("compression", |h| h.compression = 1, PROTOCOL, ILLEGAL),
        ("a ticket", |h| without(&mut h.extensions, 35).push(extension(35, b"")), PROTOCOL, ILLEGAL),
        (
            "a protocol",
            |h| without(&mut h.extensions, 16).push(extension(16, b"\0\x03\x02h2")),
            PROTOCOL,
            ILLEGAL,
        ),
        (
            "old verify data",
            |h| without(&mut h.extensions, 0xff01).push(extension(0xff01, b"\x02ab")),
            NEGOTIATION,
            FAILURE,
        ),
        (
            "an extension twice",
            |h| h.extensions.get_or_insert_default().push(extension(23, b"")),
            PROTOCOL,
            DECODE,
        ),
        (
            "bytes in an empty one",
            |h| without(&mut h.extensions, 23).push(extension(23, b"x")),
            PROTOCOL,
            DECODE,
        ),
        (
            "two protocols",
            |h| without(&mut h.extensions, 16).push(extension(16, b"\0\x04\x01a\x01b")),
            PROTOCOL,
            DECODE,
        ),
    ];
    for suite in SCENES {
        for (what, edit, code, alert) in edits {
            let mut tap = rewriting(suite, Way::Down, 2, &|body| {
                let mut hello = ServerHello::parse(body).unwrap();
                edit(&mut hello);
                hello.encode().unwrap()
            });
            failed(&mut tap, Way::Down, *code, Some(*alert), what);
        }
        let mut tap = rewriting(suite, Way::Down, 2, &|body| [&body[..34], &[33; 34], &body[35..]].concat());
        failed(&mut tap, Way::Down, PROTOCOL, Some(ILLEGAL), "a session ID of 33 bytes");
    }
}

#[test]
fn a_client_hello_that_leaves_no_choice_is_refused_by_its_reason() {
    let edits: &[Edit<ClientHello>] = &[
        ("SSL 2", |h| h.version = WireVersion(0x0002), NEGOTIATION, VERSION),
        ("below every version", |h| h.version = WireVersion(0x02ff), NEGOTIATION, VERSION),
        ("below the minimum", |h| h.version = WireVersion(0x0300), NEGOTIATION, VERSION),
        ("no null compression", |h| h.compressions = vec![1], PROTOCOL, ILLEGAL),
        ("no compression", |h| h.compressions.clear(), PROTOCOL, ILLEGAL),
        ("no suite", |h| h.suites.clear(), PROTOCOL, ILLEGAL),
        ("no suite in common", |h| h.suites = vec![SuiteId(0x0005), SuiteId(0xfafa)], NEGOTIATION, FAILURE),
        ("only signals", |h| h.suites = vec![SuiteId(0x00ff)], NEGOTIATION, FAILURE),
        (
            "old verify data",
            |h| without(&mut h.extensions, 0xff01).push(extension(0xff01, b"\x02ab")),
            NEGOTIATION,
            FAILURE,
        ),
        (
            "compressed points only",
            |h| without(&mut h.extensions, 11).push(extension(11, b"\x01\x01")),
            PROTOCOL,
            ILLEGAL,
        ),
        ("no point format", |h| without(&mut h.extensions, 11).push(extension(11, b"\0")), PROTOCOL, DECODE),
        (
            "an extension twice",
            |h| h.extensions.get_or_insert_default().push(extension(23, b"")),
            PROTOCOL,
            DECODE,
        ),
        (
            "an unknown one twice",
            |h| {
                h.extensions.get_or_insert_default().extend([extension(0xfafa, b""), extension(0xfafa, b"")]);
            },
            PROTOCOL,
            DECODE,
        ),
        (
            "an empty name",
            |h| without(&mut h.extensions, 0).push(extension(0, b"\0\x03\0\0\0")),
            PROTOCOL,
            DECODE,
        ),
        (
            "two names",
            |h| without(&mut h.extensions, 0).push(extension(0, b"\0\x08\0\0\x01a\0\0\x01b")),
            PROTOCOL,
            DECODE,
        ),
        (
            "half a group",
            |h| without(&mut h.extensions, 10).push(extension(10, b"\0\x01\x17")),
            PROTOCOL,
            DECODE,
        ),
        ("no groups", |h| without(&mut h.extensions, 10).push(extension(10, b"\0\0")), PROTOCOL, DECODE),
        ("no schemes", |h| without(&mut h.extensions, 13).push(extension(13, b"\0\0")), PROTOCOL, DECODE),
        (
            "an empty protocol",
            |h| without(&mut h.extensions, 16).push(extension(16, b"\0\x01\0")),
            PROTOCOL,
            DECODE,
        ),
    ];
    for suite in SCENES {
        for (what, edit, code, alert) in edits {
            client_hello(suite, what, *edit, *code, *alert);
        }
    }
    let ephemeral: &[Edit<ClientHello>] = &[
        (
            "no group in common",
            |h| without(&mut h.extensions, 10).push(extension(10, b"\0\x02\xfa\xfa")),
            NEGOTIATION,
            FAILURE,
        ),
        (
            "no scheme in common",
            |h| without(&mut h.extensions, 13).push(extension(13, b"\0\x02\xfa\xfa")),
            NEGOTIATION,
            FAILURE,
        ),
        (
            "schemes of another key",
            |h| without(&mut h.extensions, 13).push(extension(13, b"\0\x02\x04\x01")),
            NEGOTIATION,
            FAILURE,
        ),
    ];
    for (what, edit, code, alert) in ephemeral {
        client_hello(EPHEMERAL, what, *edit, *code, *alert);
    }
}

fn client_hello(suite: u16, what: &str, edit: fn(&mut ClientHello), code: OsStatus, alert: u8) {
    let mut tap = rewriting(suite, Way::Up, 1, &|body| {
        let mut hello = ClientHello::parse(body).unwrap();
        edit(&mut hello);
        hello.encode().unwrap()
    });
    failed(&mut tap, Way::Up, code, Some(alert), what);
}

/// Decisions 24 and 25, behaviours 9: a fallback to a version below our highest. One version below exists for it
/// only where the row of that version does, so the highest is what the server may not be told.
#[test]
fn a_fallback_below_our_highest_version_is_told() {
    let lowest = profile::PROFILES.first().unwrap();
    if lowest.wire == WireVersion::TLS12 {
        // With one version there is nothing to fall back to: the signal changes nothing.
        let mut tap = rewriting(EPHEMERAL, Way::Up, 1, &|body| {
            let mut hello = ClientHello::parse(body).unwrap();
            hello.suites.push(SuiteId::FALLBACK_SCSV);
            hello.encode().unwrap()
        });
        assert_eq!(tap.alert(Way::Up).map(|a| a.0), Some(BAD_MAC), "only the transcript differs");
        return;
    }
    let mut tap = rewriting(EPHEMERAL, Way::Up, 1, &|body| {
        let mut hello = ClientHello::parse(body).unwrap();
        hello.suites.push(SuiteId::FALLBACK_SCSV);
        hello.version = WireVersion::TLS11;
        hello.encode().unwrap()
    });
    failed(&mut tap, Way::Up, PEER_PROTOCOL_VERSION, Some(FALLBACK), "fallback");
}

#[test]
fn a_certificate_that_is_none_or_does_not_fit_is_refused() {
    let list = |certificates: &[&[u8]]| {
        let chain: Vec<Vec<u8>> = certificates.iter().map(|c| c.to_vec()).collect();
        CertificateMessage::encode(&chain).unwrap()
    };
    let (rsa, ec) = (RSA.chain[0].clone(), EC.chain[0].clone());
    let noise = vec![0x30; 300];
    for suite in SCENES.into_iter().filter(|scene| *scene != SHARED) {
        let (good, other) = if suite == EPHEMERAL { (&ec, &rsa) } else { (&rsa, &ec) };
        let cut = &good[..good.len() - 1];
        let cases: [(&str, Vec<u8>, OsStatus, u8); 7] = [
            ("none", list(&[]), PROTOCOL, ILLEGAL),
            ("an empty one", vec![0, 0, 3, 0, 0, 0], PROTOCOL, ILLEGAL),
            ("noise", list(&[&noise]), BAD_CHAIN, CERTIFICATE_UNKNOWN),
            ("a cut one", list(&[cut]), BAD_CHAIN, CERTIFICATE_UNKNOWN),
            ("noise behind the leaf", list(&[good, &noise]), BAD_CHAIN, CERTIFICATE_UNKNOWN),
            ("a key of another kind", list(&[other]), PROTOCOL, ILLEGAL),
            ("a list that ends early", [&list(&[good])[..20], &[0; 3]].concat(), PROTOCOL, ILLEGAL),
        ];
        for (what, body, code, alert) in cases {
            let mut tap = rewriting(suite, Way::Down, 11, &|_| body.clone());
            failed(&mut tap, Way::Down, code, Some(alert), &format!("{suite:#x} {what}"));
        }
    }
}

#[test]
fn a_key_exchange_that_the_certificate_did_not_sign_is_refused() {
    let edits: &[Edit<Vec<u8>>] = &[
        ("an explicit curve", |b| b[0] = 1, PROTOCOL, ILLEGAL),
        ("a group nobody knows", |b| b[1..3].copy_from_slice(&[0xfa, 0xfa]), NEGOTIATION, FAILURE),
        ("another group", |b| b[1..3].copy_from_slice(&[0, 24]), CRYPTO, DECRYPT),
        ("another point", |b| b[10] ^= 1, CRYPTO, DECRYPT),
        ("no point", |b| drop(b.splice(3..4 + 65, [0])), CRYPTO, DECRYPT),
        ("another signature", |b| *b.last_mut().unwrap() ^= 1, CRYPTO, DECRYPT),
        (
            "no signature",
            |b| {
                b.truncate(4 + 65 + 2);
                b.extend([0, 0]);
            },
            CRYPTO,
            DECRYPT,
        ),
        ("a scheme nobody offered", |b| b[69..71].copy_from_slice(&[0xfa, 0xfa]), PROTOCOL, ILLEGAL),
        ("a scheme of another key", |b| b[69..71].copy_from_slice(&[4, 1]), PROTOCOL, ILLEGAL),
        ("another hash", |b| b[69..71].copy_from_slice(&[5, 3]), CRYPTO, DECRYPT),
    ];
    for (what, edit, code, alert) in edits {
        let mut tap = rewriting(EPHEMERAL, Way::Down, 12, &|body| {
            let mut body = body.to_vec();
            edit(&mut body);
            body
        });
        failed(&mut tap, Way::Down, *code, Some(*alert), what);
    }
}

#[test]
fn a_share_that_is_no_point_of_the_group_is_refused() {
    let edits: &[(&str, Body)] = &[
        ("off the curve", |b| [&b[..40], &[b[40] ^ 1], &b[41..]].concat()),
        ("compressed", |b| [&[33, 2], &b[2..34]].concat()),
        ("hybrid", |b| [&[65, 6], &b[2..]].concat()),
        ("infinity", |_| vec![1, 0]),
        ("empty", |_| vec![0]),
        ("zeros", |_| [&[65, 4], &[0; 64][..]].concat()),
        ("above the prime", |_| [&[65, 4], &[0xff; 64][..]].concat()),
        ("of another curve", |_| [&[97, 4], &[1; 96][..]].concat()),
    ];
    for (what, edit) in edits {
        let mut tap = rewriting(EPHEMERAL, Way::Up, 16, &|body| edit(body));
        failed(&mut tap, Way::Up, PROTOCOL, Some(ILLEGAL), what);
    }
}

#[test]
fn a_client_that_does_not_prove_its_certificate_is_refused() {
    let list = |certificates: &[&Vec<u8>]| {
        let chain: Vec<Vec<u8>> = certificates.iter().map(|c| (*c).clone()).collect();
        CertificateMessage::encode(&chain).unwrap()
    };
    let other = credentials(&rcgen::PKCS_ECDSA_P256_SHA256).chain[0].clone();
    let cases = [
        ("noise", list(&[&vec![0x30; 300]]), BAD_CHAIN, CERTIFICATE_UNKNOWN),
        ("somebody else's", list(&[&other]), CRYPTO, DECRYPT),
        ("of another kind", list(&[&RSA.chain[0]]), PROTOCOL, ILLEGAL),
        ("an empty one", vec![0, 0, 3, 0, 0, 0], PROTOCOL, ILLEGAL),
        // The proof of a certificate that was not sent.
        ("none", list(&[]), PROTOCOL, UNEXPECTED),
    ];
    for (what, body, code, alert) in cases {
        let mut tap = rewriting(MUTUAL, Way::Up, 11, &|_| body.clone());
        failed(&mut tap, Way::Up, code, Some(alert), what);
    }
    let edits: &[Edit<Vec<u8>>] = &[
        ("another signature", |b| *b.last_mut().unwrap() ^= 1, CRYPTO, DECRYPT),
        ("no signature", |b| drop(b.splice(2.., [0, 0])), CRYPTO, DECRYPT),
        ("another hash", |b| b[0] = 5, CRYPTO, DECRYPT),
        ("a scheme of another key", |b| b[..2].copy_from_slice(&[4, 1]), PROTOCOL, ILLEGAL),
        ("a scheme nobody asked for", |b| b[..2].copy_from_slice(&[0xfa, 0xfa]), PROTOCOL, ILLEGAL),
    ];
    for (what, edit, code, alert) in edits {
        let mut tap = rewriting(MUTUAL, Way::Up, 15, &|body| {
            let mut body = body.to_vec();
            edit(&mut body);
            body
        });
        failed(&mut tap, Way::Up, *code, Some(*alert), what);
    }
}

#[test]
fn a_request_for_a_certificate_that_makes_no_sense_is_refused() {
    let edits: &[Edit<Vec<u8>>] = &[
        ("no types", |b| drop(b.splice(..1 + usize::from(b[0]), [0])), PROTOCOL, ILLEGAL),
        (
            "half a scheme",
            |b| {
                let at = 1 + usize::from(b[0]);
                b[at + 1] -= 1;
            },
            PROTOCOL,
            ILLEGAL,
        ),
        (
            "a name longer than its list",
            |b| {
                let n = b.len();
                b.splice(n - 2.., [0, 3, 0, 9, 1]);
            },
            PROTOCOL,
            ILLEGAL,
        ),
    ];
    for (what, edit, code, alert) in edits {
        let mut tap = rewriting(MUTUAL, Way::Down, 13, &|body| {
            let mut body = body.to_vec();
            edit(&mut body);
            body
        });
        failed(&mut tap, Way::Down, *code, Some(*alert), what);
    }
}

/// A number behind two bytes of length.
fn number(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// The prime of a ServerKeyExchange, and one less.
fn prime(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
    let prime = body[2..2 + length].to_vec();
    let mut less = prime.clone();
    *less.last_mut().unwrap() -= 1;
    (prime, less)
}

/// The ServerKeyExchange of a clean handshake over a finite field.
fn recorded_share() -> Vec<u8> {
    let mut tap = tap(FINITE);
    tap.handshake(&mut pass);
    let share = tap.log.iter().find(|(_, record)| record.typ == HANDSHAKE && record.body[0] == 12);
    share.unwrap().1.body[4..].to_vec()
}

/// RFC 7919 section 3 and 5.1: values that give the secret away.
#[test]
fn a_finite_share_outside_its_group_is_refused_by_both_ends() {
    type Values = fn(&[u8], &[u8]) -> Vec<u8>;
    let values: [(&str, Values); 7] = [
        ("zero", |_, _| vec![0]),
        ("one", |_, _| vec![1]),
        ("one, in full length", |p, _| [&vec![0; p.len() - 1][..], &[1]].concat()),
        ("minus one", |_, less| less.to_vec()),
        ("the prime", |p, _| p.to_vec()),
        ("above the prime", |p, _| vec![0xff; p.len() + 1]),
        ("nothing", |_, _| vec![]),
    ];
    for (what, value) in values {
        let mut tap = rewriting(FINITE, Way::Down, 12, &|body| {
            let (p, less) = prime(body);
            let (head, rest) = body.split_at(2 + p.len() + 3);
            [head, &number(&value(&p, &less)), &rest[2 + p.len()..]].concat()
        });
        failed(&mut tap, Way::Down, PROTOCOL, Some(ILLEGAL), what);
        let (p, less) = prime(&recorded_share());
        let mut tap = rewriting(FINITE, Way::Up, 16, &|_| number(&value(&p, &less)));
        failed(&mut tap, Way::Up, PROTOCOL, Some(ILLEGAL), what);
    }
}

#[test]
fn a_finite_group_that_is_none_is_refused_before_its_signature_is_looked_at() {
    type Change = fn(Vec<u8>, Vec<u8>) -> Vec<u8>;
    let changes: [(&str, Change, OsStatus, u8); 6] = [
        ("even", |p, rest| [number(&prime(&number(&p)).1), rest].concat(), PROTOCOL, ILLEGAL),
        ("zero", |_, rest| [number(&[0]), rest].concat(), PROTOCOL, ILLEGAL),
        ("one", |_, rest| [number(&[1]), rest].concat(), PROTOCOL, ILLEGAL),
        ("none", |_, rest| [number(&[]), rest].concat(), PROTOCOL, ILLEGAL),
        ("of 16,392 bits", |_, rest| [number(&[0xff; 2049]), rest].concat(), PROTOCOL, ILLEGAL),
        (
            "another",
            |mut p, rest| {
                p[1] ^= 1;
                [number(&p), rest].concat()
            },
            CRYPTO,
            DECRYPT,
        ),
    ];
    for (what, change, code, alert) in changes {
        let mut tap = rewriting(FINITE, Way::Down, 12, &|body| {
            let (p, _) = prime(body);
            let rest = body[2 + p.len()..].to_vec();
            change(p, rest)
        });
        failed(&mut tap, Way::Down, code, Some(alert), what);
    }
}
