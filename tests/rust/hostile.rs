//! What a hostile peer or wire can do at every step of a handshake, and behind it, to both roles: each case ends
//! in the status and alert of `behaviours` section 17 and the state of section 2, in bounded work, without a panic.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod tap;

use common::WOULD_BLOCK;
use st_core::session::{Call, State};
use st_core::wire::hello::{ClientHello, ServerHello};
use tap::*;

/// The records of a clean handshake in the order in which they were delivered.
fn recorded(suite: u16) -> Vec<(Way, usize, Record)> {
    let mut tap = tap(suite);
    assert_eq!(tap.handshake(&mut pass), (0, 0));
    let mut counts = [0, 0];
    let number = |way: Way, counts: &mut [usize; 2]| {
        counts[way as usize] += 1;
        counts[way as usize] - 1
    };
    tap.log.into_iter().map(|(way, record)| (way, number(way, &mut counts), record)).collect()
}

/// Every step of every handshake, with what follows in the same flight.
fn steps() -> Vec<(u16, Way, usize, Record, Option<Record>)> {
    let mut out = Vec::new();
    for suite in SCENES {
        let log = recorded(suite);
        for (i, (way, number, record)) in log.iter().enumerate() {
            let next = log.get(i + 1).filter(|(w, _, _)| w == way).map(|(_, _, r)| r.clone());
            out.push((suite, *way, *number, record.clone(), next));
        }
    }
    assert!(out.len() >= 29, "{} steps", out.len());
    out
}

/// Runs a handshake in which the record of one step is replaced.
fn replacing(suite: u16, way: Way, step: usize, with: &mut dyn FnMut(Record) -> Vec<Record>) -> Tap {
    let mut tap = tap(suite);
    tap.handshake(&mut |w, n, record| if (w, n) == (way, step) { with(record) } else { vec![record] });
    tap
}

/// Before the version field of a hello of the peer was read, nothing is told (decisions 25).
fn told(way: Way, step: usize, alert: u8) -> Option<u8> {
    let hello_was_read = step > 0 || (way == Way::Up && alert != UNEXPECTED);
    hello_was_read.then_some(alert)
}

/// The handshake did not complete on the receiving side.
fn stalls(tap: &mut Tap, way: Way, what: &str) {
    assert_eq!(tap.code(way), WOULD_BLOCK, "{what}");
    assert_eq!(tap.victim(way).session.state(), State::Handshake, "{what}");
    tap.end_of_stream(way);
    let code = tap.call(way, &mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(code, CLOSED_ABORT, "{what}: the end of the stream");
}

fn sealed(scene: u16, record: &Record) -> bool {
    assert!(!record.raw || BLIND.contains(&scene));
    record.raw
}

#[test]
fn a_dropped_record_is_a_gap_or_a_wait() {
    for (suite, way, step, record, next) in steps() {
        let mut tap = replacing(suite, way, step, &mut |_| vec![]);
        let what = format!("{suite:#x} {way:?} {step} dropped");
        match next {
            None => stalls(&mut tap, way, &what),
            // A client that was not asked sends no certificate, which the server waits for.
            Some(_) if record.body[0] == 13 => failed(&mut tap, Way::Up, PROTOCOL, Some(UNEXPECTED), &what),
            // A sealed Finished where ChangeCipherSpec was dropped is read as it stands: noise.
            Some(next) if sealed(suite, &next) => {
                let alert = tap.alert(way).map(|a| a.0);
                assert!(matches!(alert, Some(UNEXPECTED | ILLEGAL)), "{what}: {alert:?}");
                failed(&mut tap, way, PROTOCOL, alert, &what);
            }
            Some(_) => {
                assert!(record.typ == HANDSHAKE || record.typ == CCS);
                let alert = told(way, step, UNEXPECTED);
                failed(&mut tap, way, PROTOCOL, alert, &what);
            }
        }
    }
}

#[test]
fn a_repeated_record_is_refused() {
    for (suite, way, step, record, next) in steps() {
        let mut tap = replacing(suite, way, step, &mut |r| vec![r.clone(), r]);
        let what = format!("{suite:#x} {way:?} {step} repeated");
        let (code, alert) = match (BLIND.contains(&suite), record.typ) {
            // Replayed as it was: under the next number it does not open.
            (true, 0) => (DECRYPTION_FAIL, BAD_MAC),
            // Read under the new keys it is too short.
            (true, CCS) => (CLOSED_ABORT, BAD_MAC),
            _ => (PROTOCOL, UNEXPECTED),
        };
        let finished = next.is_none() && (record.raw || record.body.first() == Some(&20));
        if !finished {
            failed(&mut tap, way, code, Some(alert), &what);
            continue;
        }
        // The handshake was complete with the first one; the second meets SSLRead.
        assert_eq!(tap.code(way), 0, "{what}");
        assert_eq!(tap.read(way), (code, vec![]), "{what}");
        assert_eq!(tap.alert(way).map(|a| a.0), Some(alert), "{what}");
        ended(&mut tap, way, &what);
    }
}

#[test]
fn two_swapped_records_are_out_of_order() {
    for (suite, way, step, _, next) in steps().into_iter().filter(|s| s.4.is_some()) {
        let mut held = None;
        let mut tap = tap(suite);
        tap.handshake(&mut |w, n, record| match (w == way, n) {
            (true, n) if n == step => {
                held = Some(record);
                vec![]
            }
            (true, n) if n == step + 1 => vec![record, held.take().unwrap()],
            _ => vec![record],
        });
        let what = format!("{suite:#x} {way:?} {step} swapped");
        let mut alert = told(way, step, UNEXPECTED);
        if sealed(suite, &next.unwrap()) {
            alert = tap.alert(way).map(|a| a.0);
            assert!(matches!(alert, Some(UNEXPECTED | ILLEGAL)), "{what}: {alert:?}");
        }
        failed(&mut tap, way, PROTOCOL, alert, &what);
    }
}

/// Whether the body of a hello still parses: cut where its extensions begin, it is a hello of another kind.
fn is_hello(typ: u8, body: &[u8]) -> bool {
    (typ == 1 && ClientHello::parse(body).is_ok()) || (typ == 2 && ServerHello::parse(body).is_ok())
}

#[test]
fn a_message_cut_with_consistent_lengths_is_malformed() {
    for (suite, way, step, record, _) in steps() {
        if record.typ != HANDSHAKE || record.body.len() == 4 {
            continue;
        }
        let (typ, body) = (record.body[0], &record.body[4..]);
        // Finite fields are slow, and their numbers are long.
        let all = if suite == FINITE { 8 } else { 120 };
        let lengths = (0..body.len()).filter(|n| *n < all || n % 37 == 0 || n + 3 > body.len());
        for n in lengths {
            let what = format!("{suite:#x} {way:?} {step} cut to {n} of {}", body.len());
            let mut tap = replacing(suite, way, step, &mut |_| vec![Record::message(typ, &body[..n])]);
            if is_hello(typ, &body[..n]) {
                let codes = (tap.code(Way::Down), tap.code(Way::Up));
                assert!(codes.0 != 0 && codes.1 != 0, "{what}: {codes:?}");
                continue;
            }
            let alert = tap.alert(way).map(|a| a.0);
            let unread = n < 2 && typ <= 2; // without its version field a hello is answered by nothing
            let fits = if unread { alert.is_none() } else { matches!(alert, Some(ILLEGAL | DECODE)) };
            assert!(fits, "{what}: {alert:?}");
            failed(&mut tap, way, PROTOCOL, alert, &what);
        }
    }
}

#[test]
fn a_message_with_bytes_behind_its_end_is_malformed() {
    for (suite, way, step, record, _) in steps().into_iter().filter(|s| s.3.typ == HANDSHAKE) {
        for more in [1, 100] {
            let mut tap = replacing(suite, way, step, &mut |r| {
                vec![Record::message(r.body[0], &[&r.body[4..], &vec![0; more]].concat())]
            });
            let what = format!("{suite:#x} {way:?} {step} {} with {more} more", record.body[0]);
            failed(&mut tap, way, PROTOCOL, Some(ILLEGAL), &what);
        }
    }
}

#[test]
fn a_message_that_announces_too_much_is_refused_by_its_header() {
    for (suite, way, step, record, _) in steps().into_iter().filter(|s| s.3.typ == HANDSHAKE) {
        for length in [[0xff, 0xff, 0xff], [0x02, 0x02, 0x01]] {
            let header = [&record.body[..1], &length].concat();
            let mut tap = replacing(suite, way, step, &mut |_| vec![Record::new(HANDSHAKE, &header)]);
            let what = format!("{suite:#x} {way:?} {step} announces {length:?}");
            let alert = if step == 0 { None } else { Some(ILLEGAL) };
            failed(&mut tap, way, PROTOCOL, alert, &what);
        }
    }
}

#[test]
fn a_message_of_another_type_is_out_of_order_or_malformed() {
    let known = [0, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 22];
    for (suite, way, step, record, _) in steps().into_iter().filter(|s| s.3.typ == HANDSHAKE) {
        for typ in (0..=255).filter(|typ| *typ != record.body[0]) {
            if step > 1 && suite != KNOWN && !known.contains(&typ) {
                continue; // the same states as in the first scene
            }
            let mut tap = replacing(suite, way, step, &mut |r| vec![Record::message(typ, &r.body[4..])]);
            let what = format!("{suite:#x} {way:?} {step} as {typ}");
            if typ == 0 && way == Way::Down && record.body.len() == 4 {
                stalls(&mut tap, way, &what); // a HelloRequest is ignored
                continue;
            }
            let alert = tap.alert(way).map(|a| a.0);
            let fits = match alert {
                None => step == 0,
                Some(UNEXPECTED) => step > 0,
                Some(ILLEGAL) => known.contains(&typ),
                // A request by a server that has no certificate itself.
                Some(40) => typ == 13 && suite == SHARED,
                Some(_) => false,
            };
            assert!(fits, "{what}: {alert:?}");
            failed(&mut tap, way, PROTOCOL, alert, &what);
        }
    }
}

#[test]
fn a_foreign_record_before_any_step_is_refused() {
    for (suite, way, step, record, _) in steps() {
        if sealed(suite, &record) {
            continue; // the tap has no keys to forge with there; the other suite covers that step
        }
        let foreign = [
            (Record::new(DATA, b"early"), UNEXPECTED),
            (Record::new(DATA, b""), UNEXPECTED),
            (Record::new(CCS, &[1]), UNEXPECTED),
            (Record::new(CCS, &[0]), ILLEGAL),
            (Record::new(CCS, &[2]), ILLEGAL),
            (Record::new(CCS, &[]), ILLEGAL),
            (Record::new(CCS, &[1, 1]), ILLEGAL),
            (Record::new(ALERT, &[]), ILLEGAL),
            (Record::new(ALERT, &[1]), ILLEGAL),
            (Record::new(ALERT, &[1, 90, 1]), ILLEGAL),
            (Record::new(HANDSHAKE, &[77, 0, 0, 0]), UNEXPECTED),
            (plain_record(0, &[0; 40]), UNEXPECTED),
            (plain_record(19, &[0; 40]), UNEXPECTED),
            (plain_record(24, &[1, 0, 3, 1, 2, 3]), UNEXPECTED),
            (plain_record(255, &[0; 40]), UNEXPECTED),
        ];
        for (foreign, alert) in foreign {
            let what = format!("{suite:#x} {way:?} before {step}: {foreign:?}");
            if record.typ == CCS && foreign.typ == CCS && foreign.body == [1] {
                continue; // the one that belongs there
            }
            let mut tap = replacing(suite, way, step, &mut |r| vec![foreign.clone(), r]);
            failed(&mut tap, way, PROTOCOL, if step == 0 { None } else { Some(alert) }, &what);
        }
    }
}

#[test]
fn oversized_records_are_refused_by_their_header_or_their_plaintext() {
    for (suite, way, step, record, _) in steps() {
        if sealed(suite, &record) {
            continue;
        }
        let alert = if step == 0 { None } else { Some(OVERFLOW) };
        for header in [[22, 3, 3, 0x47, 0xfc], [22, 3, 3, 0xff, 0xff], [23, 3, 3, 0x48, 0x00]] {
            let mut tap = replacing(suite, way, step, &mut |_| vec![Record::raw(&header)]);
            failed(&mut tap, way, RECORD_OVERFLOW, alert, &format!("{suite:#x} {way:?} {step} {header:?}"));
        }
        if tap_has_keys(suite, way, step) {
            continue; // an oversized plaintext cannot be sealed by a sealer that keeps the limit
        }
        let mut tap = replacing(suite, way, step, &mut |_| vec![plain_record(HANDSHAKE, &[0; 16385])]);
        failed(&mut tap, way, RECORD_OVERFLOW, alert, &format!("{suite:#x} {way:?} {step} 16385"));
    }
}

/// Whether records of this step are sealed.
fn tap_has_keys(suite: u16, way: Way, step: usize) -> bool {
    let log = recorded(suite);
    log.iter().any(|(w, n, r)| *w == way && *n < step && r.typ == CCS)
}

fn alerted(suite: u16, way: Way, step: usize, level: u8, code: u8) {
    let mut tap = replacing(suite, way, step, &mut |r| vec![Record::alert(level, code), r]);
    let what = format!("{suite:#x} {way:?} before {step}: alert {level} {code}");
    match received(level, code) {
        Some(status) => failed(&mut tap, way, status, None, &what),
        None => assert_eq!((tap.code(Way::Down), tap.code(Way::Up)), (0, 0), "{what}"),
    }
}

#[test]
fn every_named_alert_ends_the_handshake_at_every_step_with_its_own_status() {
    for (suite, way, step, record, _) in steps() {
        if sealed(suite, &record) || suite == FINITE {
            continue; // the states of the other ephemeral scene
        }
        for (code, _) in RECEIVED {
            alerted(suite, way, step, 2, *code);
            alerted(suite, way, step, 1, *code);
        }
    }
}

#[test]
fn every_number_of_an_alert_is_answered_at_each_level() {
    for way in Way::BOTH {
        for code in 1..=255 {
            for level in [0, 1, 2, 3] {
                alerted(EPHEMERAL, way, 1, level, code);
            }
        }
    }
}

#[test]
fn close_notify_during_a_handshake_is_graceful_and_answered() {
    for (suite, way, step, record, _) in steps() {
        if sealed(suite, &record) {
            continue;
        }
        for level in [1, 2] {
            let mut tap = replacing(suite, way, step, &mut |_| vec![Record::alert(level, 0)]);
            let what = format!("{suite:#x} {way:?} {step} close_notify {level}");
            assert_eq!(tap.code(way), CLOSED_GRACEFUL, "{what}");
            assert_eq!(tap.alert(way).map(|a| a.0), if step == 0 { None } else { Some(0) }, "{what}");
            assert_eq!(tap.victim(way).session.state(), State::Handshake, "{what}");
            assert_eq!(tap.read(way), (CLOSED_GRACEFUL, vec![]), "{what}");
            assert_eq!(tap.victim(way).session.state(), State::Closed, "{what}");
        }
    }
}

#[test]
fn a_stream_that_ends_at_any_byte_is_an_abort() {
    for suite in SCENES {
        for way in Way::BOTH {
            let total = wire_length(suite, way);
            for at in (0..total).filter(|n| *n < 300 || n % 13 == 0) {
                ends_behind(suite, way, at);
            }
        }
    }
}

fn wire_length(suite: u16, way: Way) -> usize {
    let mut tap = tap(suite);
    tap.handshake(&mut pass);
    tap.delivered(way)
}

fn ends_behind(suite: u16, way: Way, at: usize) {
    let mut tap = tap(suite);
    tap.limit(way, at);
    tap.handshake(&mut pass);
    let what = format!("{suite:#x} {way:?} ends behind {at}");
    assert_eq!(tap.code(way), WOULD_BLOCK, "{what}");
    tap.end_of_stream(way);
    let code = tap.call(way, &mut Call::handshake(), &[], &mut Vec::new());
    // Behind a header the callback's own code comes out, here closed-graceful (behaviours 5).
    assert!(code == CLOSED_ABORT || code == CLOSED_GRACEFUL, "{what}: {code}");
    assert_eq!(tap.victim(way).session.state(), State::Handshake, "{what}");
    let (code, _) = tap.read(way);
    assert!(code == CLOSED_ABORT || code == CLOSED_GRACEFUL, "{what}: {code}");
    ended(&mut tap, way, &what);
}

#[test]
fn messages_in_fragments_of_one_byte_and_flights_in_one_record_are_the_same_handshake() {
    for suite in SCENES {
        let mut tap = tap(suite);
        let codes = tap.handshake(&mut |_, _, record| match record.typ {
            HANDSHAKE => record.body.iter().map(|byte| Record::new(HANDSHAKE, &[*byte])).collect(),
            _ => vec![record],
        });
        assert_eq!(codes, (0, 0));
    }
    for suite in SCENES {
        let mut tap = tap(suite);
        let mut held: Vec<u8> = Vec::new();
        let codes = tap.handshake(&mut |way, _, record| {
            let collected = way == Way::Down && record.typ == HANDSHAKE;
            if collected && record.body[0] != 14 && record.body[0] != 20 {
                held.extend_from_slice(&record.body);
                return vec![];
            }
            match (collected, record.typ) {
                (true, _) => vec![Record::new(HANDSHAKE, &[held.split_off(0), record.body].concat())],
                _ => vec![record],
            }
        });
        assert_eq!(codes, (0, 0));
    }
}

#[test]
fn keys_never_change_within_a_message() {
    // Either role has a message before the peer's ChangeCipherSpec that can be left unfinished.
    for (way, step) in [(Way::Up, 2), (Way::Down, 3)] {
        let log = recorded(KNOWN);
        assert!(log.iter().any(|(w, n, r)| (*w, *n, r.typ) == (way, step, CCS)));
        for fragment in [&[20][..], &[20, 0, 0, 12, 1]] {
            let part = Record::new(HANDSHAKE, fragment);
            let mut tap = replacing(KNOWN, way, step, &mut |r| vec![part.clone(), r]);
            failed(&mut tap, way, PROTOCOL, Some(UNEXPECTED), &format!("{way:?} {fragment:?}"));
        }
    }
}

/// RFC 5246 section 7.4.7.1: whatever is wrong with the encrypted premaster, the server goes on to the Finished
/// and fails there, in one and the same way.
#[test]
fn a_bad_premaster_is_not_noticed_before_the_finished() {
    let log = recorded(KNOWN);
    let (_, step, record) = log.iter().find(|(w, _, r)| *w == Way::Up && r.body[0] == 16).unwrap();
    let body = record.body[4..].to_vec();
    let size = body.len() - 2;
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let mut flipped = body[2..].to_vec();
    flipped[size - 1] ^= 1;
    let ciphertexts =
        [flipped, vec![0; size], vec![0xff; size], vec![7; size - 1], vec![7; size + 1], vec![], vec![7; 3]];
    for ciphertext in ciphertexts {
        let body = vector(&ciphertext);
        let mut seen_before_finished = WOULD_BLOCK;
        let mut tap = tap(KNOWN);
        let mut finished = None;
        tap.handshake(&mut |w, n, record| match (w, n) {
            (Way::Up, n) if n == *step => vec![Record::message(16, &body)],
            (Way::Up, n) if n == *step + 2 => {
                finished = Some(record);
                vec![]
            }
            _ => vec![record],
        });
        seen_before_finished = tap.code(Way::Up).min(seen_before_finished);
        assert_eq!(seen_before_finished, WOULD_BLOCK, "{} bytes", ciphertext.len());
        assert_eq!(tap.take_output(Way::Down), b"");
        tap.forge(Way::Up, finished.unwrap());
        tap.round(&mut pass);
        failed(&mut tap, Way::Up, DECRYPTION_FAIL, Some(BAD_MAC), &format!("{} bytes", ciphertext.len()));
    }
}

#[test]
fn a_wrong_finished_is_refused_under_right_keys() {
    for (way, step) in [(Way::Up, 3), (Way::Down, 4)] {
        for byte in 0..12 {
            let mut tap = replacing(KNOWN, way, step, &mut |mut r| {
                assert_eq!(r.body[..4], [20, 0, 0, 12]);
                r.body[4 + byte] ^= 1;
                vec![r]
            });
            failed(&mut tap, way, PROTOCOL, Some(ILLEGAL), &format!("{way:?} byte {byte}"));
        }
    }
}

// --- endless things -------------------------------------------------------------------------------------

/// Sends `record` before a step until the victim has had enough; says how many that took.
fn patience(suite: u16, way: Way, step: usize, record: &Record, at_most: usize) -> (Tap, usize) {
    let mut taken = 0;
    let mut tap = tap(suite);
    tap.handshake(&mut |w, n, r| if w == way && n >= step { vec![] } else { vec![r] });
    while tap.code(way) == WOULD_BLOCK && taken < at_most {
        tap.forge(way, record.clone());
        tap.round(&mut |w, _, r| if w == way { vec![] } else { vec![r] });
        taken += 1;
    }
    (tap, taken)
}

#[test]
fn nothing_that_leads_nowhere_can_be_sent_for_ever() {
    // Empty records of any number of bytes above the header, warnings nobody knows, requests to say hello again.
    let endless = [
        (Record::new(HANDSHAKE, &[]), 33, Way::BOTH.to_vec()),
        (Record::alert(1, 200), 9, Way::BOTH.to_vec()),
        (Record::new(ALERT, &[1, 200, 1, 201]), 5, Way::BOTH.to_vec()),
        (Record::message(0, &[]), 9, vec![Way::Down]),
    ];
    for (suite, way, step, original, _) in steps() {
        for (record, limit, ways) in &endless {
            let hello_request = record.typ == HANDSHAKE && !record.body.is_empty();
            if !ways.contains(&way) || sealed(suite, &original) || (hello_request && step == 0) {
                continue;
            }
            let (mut tap, taken) = patience(suite, way, step, record, 200);
            let what = format!("{suite:#x} {way:?} {step} {record:?}");
            assert_eq!(taken, *limit, "{what}");
            failed(&mut tap, way, PROTOCOL, if step == 0 { None } else { Some(UNEXPECTED) }, &what);
        }
    }
}

#[test]
fn a_full_buffer_of_junk_is_worked_off_in_one_call() {
    let mut tap = tap(EPHEMERAL);
    tap.round(&mut |_, _, _| vec![]);
    let warnings: Vec<u8> = [1, 200].repeat(8192);
    tap.deliver(Way::Down, &[&[21, 3, 3, 0x40, 0], &warnings[..]].concat());
    assert_eq!(tap.call(Way::Down, &mut Call::handshake(), &[], &mut Vec::new()), PROTOCOL);
}
