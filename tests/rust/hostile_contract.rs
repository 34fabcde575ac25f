//! A peer that has every key and no manners: in the first handshake, in one that resumes by ID or by ticket, and in
//! renegotiations of either side's making it sends whatever it likes at every step. Each call ends, in a status that it
//! may return; nothing grows, nothing is delivered that was not sent as data, and the context can be closed.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod tap;

use common::{NOW, WOULD_BLOCK};
use st_core::session::{Call, State};
use st_core::status::{self, OsStatus};
use tap::*;

fn may_return(code: OsStatus) -> bool {
    code == 0 || (-9851..=-9800).contains(&code)
}

/// The records of a clean handshake of this phase, all of them legible.
fn steps(phase: Phase) -> Vec<(Way, usize)> {
    let mut tap = phase.tap(&RSA);
    assert_eq!(tap.handshake(&mut pass), (0, 0), "{phase:?}");
    let resumes = matches!(phase, Phase::ById | Phase::ByTicket | Phase::Shortened);
    assert_eq!(tap.client.session.report().resumed, resumes, "{phase:?}");
    assert!(tap.log.iter().all(|(_, record)| !record.raw), "{phase:?}: the tap has the keys");
    let mut counts = [0, 0];
    let mut steps = Vec::new();
    for (way, _) in &tap.log {
        steps.push((*way, counts[*way as usize]));
        counts[*way as usize] += 1;
    }
    assert!(steps.len() >= 6, "{phase:?} has {} steps", steps.len());
    steps
}

/// What is sent where it does not belong.
fn forgeries() -> Vec<Record> {
    let mut out = vec![
        Record::new(CCS, &[1]),
        Record::new(CCS, &[2, 1]),
        Record::new(CCS, &[]),
        Record::new(DATA, b"data out of place"),
        Record::new(DATA, &[]),
        Record::new(HANDSHAKE, &[]),
        Record::new(HANDSHAKE, &[1, 0, 0]),
        Record::new(HANDSHAKE, &[11, 0xff, 0xff, 0xff]),
        Record::new(ALERT, &[1]),
        Record::new(ALERT, &[1, 41, 1, 112, 1, 90]),
        Record::new(99, b"x"),
        Record::alert(1, 100),
        Record::alert(1, 0),
        Record::alert(2, 40),
    ];
    out.extend([0, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 22, 67].map(|typ| Record::message(typ, &[])));
    out.extend([1, 2, 4, 11, 16, 20].map(|typ| Record::message(typ, &[3; 300])));
    out.push(Record::message(4, &[&[0, 0, 1, 0, 0xff, 0xf0][..], &[7; 0xfff0]].concat()));
    out
}

/// What becomes of both ends behind an attack.
fn finish(tap: &mut Tap, what: &str) {
    for way in Way::BOTH {
        let mut delivered = Vec::new();
        for _ in 0..4 {
            let (code, out) = tap.read(way);
            assert!(may_return(code), "{what}: {code}");
            delivered.extend(out);
        }
        assert!(b"data out of place".starts_with(&delivered[..]), "{what}: {delivered:?}");
        let fault = tap.victim(way).session.report().fault;
        if fault.is_some() {
            assert_ne!(tap.victim(way).session.state(), State::Connected, "{what}");
        }
        assert!(may_return(tap.call(way, &mut Call::close(), &[], &mut Vec::new())), "{what}");
        assert_eq!(tap.victim(way).session.state(), State::Closed, "{what}");
        let out = if way == Way::Up { Way::Down } else { Way::Up };
        assert!(tap.take_output(out).len() < 20_000, "{what}: no more than a flight and alerts");
    }
}

#[test]
fn every_record_at_every_step_of_every_phase_comes_to_an_end() {
    for phase in Phase::ALL {
        for (way, step) in steps(phase) {
            for (number, forged) in forgeries().iter().enumerate() {
                for instead in [false, true] {
                    let what = format!("{phase:?} {way:?} {step} forgery {number} {instead}");
                    let mut tap = phase.tap(&SMALL);
                    let (c, s) = tap.handshake(&mut |w, n, record| match (w, n) == (way, step) {
                        true if instead => vec![forged.clone()],
                        true => vec![forged.clone(), record],
                        false => vec![record],
                    });
                    assert!(may_return(c) && may_return(s), "{what}: {c} {s}");
                    finish(&mut tap, &what);
                }
            }
        }
    }
}

/// For speed.
static SMALL: std::sync::LazyLock<std::sync::Arc<st_core::config::Credentials>> =
    std::sync::LazyLock::new(common::rsa1024);

/// A connected tap whose server allows renegotiation.
fn connected() -> Tap {
    let mut tap = Phase::First.tap(&SMALL);
    assert_eq!(tap.handshake(&mut pass), (0, 0));
    tap
}

#[test]
fn hello_requests_are_bounded_in_and_between_handshakes() {
    let request = || Record::message(0, &[]);
    let mut tap = connected();
    let mut ended = 0;
    for round in 1..40 {
        tap.forge(Way::Down, request());
        let (code, _) = tap.read(Way::Down);
        if code != WOULD_BLOCK {
            assert_eq!(code, status::SSL_PROTOCOL);
            ended = round;
            break;
        }
    }
    // The first one is answered with a hello, and the others come while it waits for the server's.
    assert_eq!(ended, 9);
    finish(&mut tap, "hello requests");
}

#[test]
fn hellos_that_are_refused_are_bounded() {
    let mut tap = scene(KNOWN, &SMALL, &SMALL);
    assert_eq!(tap.handshake(&mut pass), (0, 0));
    let hello = tap.log.iter().find(|(way, _)| *way == Way::Up).map(|(_, record)| record.clone()).unwrap();
    for round in 1..=9 {
        tap.forge(Way::Up, hello.clone());
        let (code, _) = tap.read(Way::Up);
        assert_eq!(code, if round < 9 { WOULD_BLOCK } else { status::SSL_PROTOCOL }, "{round}");
    }
    finish(&mut tap, "refused hellos");
}

/// A hello of a renegotiation that says nothing of the handshake before, or something else.
#[test]
fn a_renegotiation_that_is_bound_to_nothing_is_refused() {
    let mut tap = connected();
    let hello = tap.log.iter().find(|(way, _)| *way == Way::Up).map(|(_, record)| record.clone()).unwrap();
    tap.forge(Way::Up, hello);
    assert_eq!(tap.read(Way::Up).0, status::SSL_NEGOTIATION);
    assert_eq!(tap.alert(Way::Up).map(|alert| alert.0), Some(40));
    finish(&mut tap, "unbound");
    for way in Way::BOTH {
        let mut tap = Phase::ByClient.tap(&SMALL);
        let finished =
            |record: &Record| record.body.windows(5).position(|w| w[..2] == [0xff, 1] && w[2] == 0);
        tap.handshake(&mut |w, n, mut record| {
            if (w, n) == (way, 0) {
                let at = finished(&record).unwrap();
                record.body[at + 6] ^= 1;
            }
            vec![record]
        });
        assert_eq!(tap.code(way), status::SSL_NEGOTIATION, "{way:?}");
        assert_eq!(tap.alert(way).map(|alert| alert.0), Some(40), "{way:?}");
        finish(&mut tap, &format!("{way:?} bound to another"));
    }
}

#[test]
fn a_ticket_comes_once_and_only_where_it_was_announced() {
    let ticket = Record::message(4, &[0, 0, 1, 0, 0, 3, 1, 2, 3]);
    for phase in [Phase::First, Phase::ById] {
        let steps = steps(phase);
        let change = |tap: &mut Tap| {
            tap.handshake(&mut |way, _, record| match record.typ == CCS && way == Way::Down {
                true => vec![ticket.clone(), record],
                false => vec![record],
            })
        };
        let mut tap = phase.tap(&RSA);
        change(&mut tap);
        failed(&mut tap, Way::Down, PROTOCOL, Some(UNEXPECTED), &format!("{phase:?} of {steps:?}"));
    }
    let mut tap = Phase::ByTicket.tap(&RSA);
    tap.handshake(&mut |_, _, record| match record.body.first() {
        Some(4) if record.typ == HANDSHAKE => vec![record.clone(), record],
        _ => vec![record],
    });
    failed(&mut tap, Way::Down, PROTOCOL, Some(UNEXPECTED), "a second ticket");
    let mut tap = Phase::ByTicket.tap(&RSA);
    tap.handshake(&mut |_, _, record| match record.body.first() {
        Some(4) if record.typ == HANDSHAKE => vec![],
        _ => vec![record],
    });
    failed(&mut tap, Way::Down, PROTOCOL, Some(UNEXPECTED), "none, although one was announced");
}

/// Data between the new keys of a peer and its Finished proves nothing about who sends it.
#[test]
fn no_data_is_taken_between_new_keys_and_finished() {
    for phase in Phase::ALL {
        for way in Way::BOTH {
            let mut tap = phase.tap(&SMALL);
            tap.handshake(&mut |w, _, record| match w == way && record.typ == CCS {
                true => vec![record, Record::new(DATA, b"too early")],
                false => vec![record],
            });
            failed(&mut tap, way, PROTOCOL, Some(UNEXPECTED), &format!("{phase:?} {way:?}"));
        }
    }
}

/// Many renegotiations with data between them: nothing is kept of those before.
#[test]
fn renegotiations_leave_nothing_behind() {
    let mut tap = connected();
    let mut sizes = Vec::new();
    for round in 0..30 {
        assert_eq!(tap.client.session.rehandshake(NOW), 0);
        tap.again();
        assert_eq!(tap.handshake(&mut pass), (0, 0), "{round}");
        sizes.push(tap.log.iter().map(|(_, record)| record.body.len()).sum::<usize>());
        for way in Way::BOTH {
            let sender = if way == Way::Up { Way::Down } else { Way::Up };
            assert_eq!(tap.call(sender, &mut Call::write(4), b"data", &mut Vec::new()), 0);
            tap.carry(way, &mut pass);
            assert_eq!(tap.read(way), (0, b"data".to_vec()));
        }
    }
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
}
