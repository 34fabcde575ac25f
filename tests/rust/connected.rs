//! What a hostile peer or wire can do to a connected session: each case ends in the status, alert and state of
//! `behaviours` sections 2, 7 and 17, and nothing of a broken connection is delivered.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod tap;

use common::WOULD_BLOCK;
use st_core::session::Call;
use st_core::status::OsStatus;
use tap::*;

fn connected() -> Tap {
    connected_in(KNOWN)
}

fn connected_in(scene: u16) -> Tap {
    let mut tap = tap(scene);
    assert_eq!(tap.handshake(&mut pass), (0, 0));
    tap
}

/// SSLRead failed with this status and alert, and the state is Aborted.
fn aborted(tap: &mut Tap, way: Way, code: OsStatus, alert: Option<u8>, what: &str) {
    assert_eq!(tap.read(way), (code, vec![]), "{what}");
    assert_eq!(tap.alert(way).map(|a| a.0), alert, "{what}");
    ended(tap, way, what);
}

#[test]
fn every_kind_of_record_is_answered_on_a_connected_session() {
    for way in Way::BOTH {
        let refused = [
            (Record::new(CCS, &[1]), PROTOCOL, UNEXPECTED),
            (Record::new(CCS, &[]), PROTOCOL, ILLEGAL),
            (Record::new(ALERT, &[2]), PROTOCOL, ILLEGAL),
            (Record::new(ALERT, &[]), PROTOCOL, ILLEGAL),
            (Record::message(20, &[0; 12]), PROTOCOL, UNEXPECTED),
            (Record::message(2, &[0; 40]), PROTOCOL, UNEXPECTED),
            (Record::message(4, &[0; 40]), PROTOCOL, UNEXPECTED),
            (Record::message(77, &[]), PROTOCOL, UNEXPECTED),
            (Record::new(HANDSHAKE, &[20, 0xff, 0, 0]), PROTOCOL, ILLEGAL),
            (plain_record(24, &[0; 64]), PROTOCOL, UNEXPECTED),
            (plain_record(DATA, b"in the clear, long enough to be sealed"), DECRYPTION_FAIL, BAD_MAC),
            (plain_record(DATA, &[0; 24]), DECRYPTION_FAIL, BAD_MAC),
            (plain_record(DATA, &[0; 23]), CLOSED_ABORT, BAD_MAC),
            (plain_record(DATA, &[]), CLOSED_ABORT, BAD_MAC),
            (Record::raw(&[DATA, 3, 3, 0x47, 0xfc]), RECORD_OVERFLOW, OVERFLOW),
        ];
        for (record, code, alert) in refused {
            let mut tap = connected();
            let what = format!("{way:?} {record:?}");
            tap.forge(way, record);
            aborted(&mut tap, way, code, Some(alert), &what);
        }
    }
}

/// Behaviours 7: what is wrong with a record of a block cipher, MAC outside. The vector stands in front or is chained.
#[test]
fn records_of_a_block_cipher_fail_by_their_length_or_their_mac() {
    for (scene, vector) in [(BLOCKS, 16), (OLD, 0)] {
        let lengths = [
            (0, CLOSED_ABORT, BAD_MAC),
            (19, CLOSED_ABORT, BAD_MAC),
            (20, CLOSED_ABORT, BAD_MAC),
            (20 + vector, CLOSED_ABORT, BAD_MAC),
            (20 + vector + 1, RECORD_OVERFLOW, OVERFLOW),
            (20 + vector + 15, RECORD_OVERFLOW, OVERFLOW),
            (20 + vector + 16, BAD_RECORD_MAC, BAD_MAC),
            (20 + vector + 17, RECORD_OVERFLOW, OVERFLOW),
            (20 + vector + 160, BAD_RECORD_MAC, BAD_MAC),
        ];
        for way in Way::BOTH {
            for (length, code, alert) in lengths {
                let mut tap = connected_in(scene);
                tap.forge(way, plain_record(DATA, &vec![0; length]));
                aborted(&mut tap, way, code, Some(alert), &format!("{scene:#x} {way:?} {length} bytes"));
            }
            for at in 0..20 + vector + 16 {
                let back = if way == Way::Up { Way::Down } else { Way::Up };
                let mut tap = connected_in(scene);
                tap.call(back, &mut Call::write(3), b"abc", &mut Vec::new());
                let mut bytes = tap.take_output(way);
                bytes[5 + at] ^= 0x80;
                tap.deliver(way, &bytes);
                aborted(
                    &mut tap,
                    way,
                    BAD_RECORD_MAC,
                    Some(BAD_MAC),
                    &format!("{scene:#x} {way:?} byte {at}"),
                );
            }
        }
    }
}

#[test]
fn a_replayed_removed_or_reordered_record_of_data_does_not_open() {
    for way in Way::BOTH {
        let back = if way == Way::Up { Way::Down } else { Way::Up };
        let sealed = |tap: &mut Tap, data: &[u8]| {
            let mut call = Call::write(data.len());
            assert_eq!(tap.call(back, &mut call, data, &mut Vec::new()), 0);
            tap.take_output(way)
        };
        let mut tap = connected();
        let first = sealed(&mut tap, b"first");
        let second = sealed(&mut tap, b"second");
        tap.deliver(way, &second);
        aborted(&mut tap, way, DECRYPTION_FAIL, Some(BAD_MAC), "the second before the first");
        let mut tap = connected();
        let again = sealed(&mut tap, b"again");
        tap.deliver(way, &[again.clone(), again].concat());
        assert_eq!(tap.read(way), (0, b"again".to_vec()));
        aborted(&mut tap, way, DECRYPTION_FAIL, Some(BAD_MAC), "the same again");
        let mut tap = connected();
        tap.deliver(back, &first);
        aborted(&mut tap, back, DECRYPTION_FAIL, Some(BAD_MAC), "reflected to its sender");
    }
}

#[test]
fn every_flipped_bit_of_a_sealed_record_is_noticed() {
    for way in Way::BOTH {
        let back = if way == Way::Up { Way::Down } else { Way::Up };
        let mut length = 1;
        let mut at = 0;
        while at < length * 8 {
            let mut tap = connected();
            tap.call(back, &mut Call::write(9), b"plaintext", &mut Vec::new());
            let mut bytes = tap.take_output(way);
            length = bytes.len();
            bytes[at / 8] ^= 1 << (at % 8);
            tap.deliver(way, &bytes);
            tap.end_of_stream(way);
            let (mut code, mut data) = tap.read(way);
            if code == WOULD_BLOCK {
                (code, data) = tap.read(way); // a longer record than there is; now comes the end of the stream
            }
            assert_eq!(data, b"", "{way:?} bit {at}");
            assert!(code < 0 && code != WOULD_BLOCK, "{way:?} bit {at}: {code}");
            ended(&mut tap, way, &format!("{way:?} bit {at}"));
            at += if at / 8 < 13 { 1 } else { 5 };
        }
    }
}

#[test]
fn data_before_a_fault_is_delivered_with_it_or_before_it() {
    for way in Way::BOTH {
        let mut tap = connected();
        tap.forge(way, Record::new(DATA, b"good"));
        tap.forge(way, plain_record(DATA, &[0; 64]));
        let (code, data) = tap.read(way);
        assert_eq!(data, b"good");
        if code == 0 {
            aborted(&mut tap, way, DECRYPTION_FAIL, Some(BAD_MAC), "behind the data");
        } else {
            assert_eq!(code, DECRYPTION_FAIL);
            ended(&mut tap, way, "with the data");
        }
    }
}

#[test]
fn empty_data_warnings_and_hellos_are_counted_on_a_connected_session() {
    let cases = [
        (Record::new(DATA, b""), 33, Way::BOTH.to_vec()),
        (Record::new(HANDSHAKE, b""), 33, Way::BOTH.to_vec()),
        (Record::alert(1, 200), 9, Way::BOTH.to_vec()),
        (Record::message(0, &[]), 9, vec![Way::Down]),
        (Record::message(1, &[3; 50]), 9, vec![Way::Up]),
    ];
    for (record, limit, ways) in cases {
        for way in ways {
            let what = format!("{way:?} {record:?}");
            let mut tap = connected();
            for _ in 1..limit {
                tap.forge(way, record.clone());
                assert_eq!(tap.read(way), (WOULD_BLOCK, vec![]), "{what}");
            }
            tap.forge(way, record.clone());
            aborted(&mut tap, way, PROTOCOL, Some(UNEXPECTED), &what);
        }
    }
}

#[test]
fn data_in_between_starts_the_count_again() {
    let mut tap = connected();
    for _ in 0..40 {
        for _ in 0..8 {
            tap.forge(Way::Down, Record::message(0, &[]));
        }
        tap.forge(Way::Down, Record::new(DATA, b"x"));
        let mut data = Vec::new();
        while data.is_empty() {
            let (code, bytes) = tap.read(Way::Down);
            assert!(code == 0 || code == WOULD_BLOCK);
            data = bytes;
        }
        assert_eq!(data, b"x");
    }
}

#[test]
fn named_alerts_abort_a_connected_session_and_nothing_is_sent_back() {
    for way in Way::BOTH {
        for code in 1..=255 {
            for level in [1, 2] {
                let mut tap = connected();
                tap.forge(way, Record::alert(level, code));
                let what = format!("{way:?} alert {level} {code}");
                match received(level, code) {
                    Some(status) => aborted(&mut tap, way, status, None, &what),
                    None => assert_eq!(tap.read(way), (WOULD_BLOCK, vec![]), "{what}"),
                }
            }
        }
    }
}

/// Behaviours 2.2: application data that meets SSLHandshake.
#[test]
fn data_is_no_part_of_a_handshake() {
    for way in Way::BOTH {
        let mut tap = connected();
        tap.forge(way, Record::new(DATA, b"late"));
        assert_eq!(tap.call(way, &mut Call::handshake(), &[], &mut Vec::new()), PROTOCOL);
        assert_eq!(tap.alert(way).map(|a| a.0), Some(UNEXPECTED));
        aftermath(&mut tap, way, PROTOCOL, "data in a handshake");
    }
}

/// Decisions 19: a fatal SSLHandshake is answered by the same code out of every call that moves data, whatever
/// there is or is not to move.
#[test]
fn a_write_behind_a_fatal_handshake_gives_its_code_and_aborts() {
    for length in [0, 1, 20_000] {
        for way in Way::BOTH {
            let mut tap = connected();
            tap.forge(way, plain_record(DATA, &[0; 64]));
            assert_eq!(tap.call(way, &mut Call::handshake(), &[], &mut Vec::new()), DECRYPTION_FAIL);
            let mut call = Call::write(length);
            let data = vec![7; length];
            assert_eq!(tap.call(way, &mut call, &data, &mut Vec::new()), DECRYPTION_FAIL, "{length}");
            assert_eq!(call.processed(), 0);
            ended(&mut tap, way, "write behind a fault");
        }
    }
}
