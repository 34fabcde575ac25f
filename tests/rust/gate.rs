//! The cookie gate under a flood: nothing is allocated, nothing is kept, nothing is amplified.
#![allow(missing_docs, clippy::unwrap_used)]

use allocation_counter::measure;
use st_core::cookie::{CookieGate, Verdict};
use st_core::crypto::rng::OsRng;

/// A hello with this random, as short as a hello can be.
fn hello(random: u64) -> Vec<u8> {
    let mut body = vec![0xfe, 0xfd];
    body.extend_from_slice(&[0; 24]);
    body.extend_from_slice(&random.to_be_bytes());
    body.extend_from_slice(&[0, 0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let n = u8::try_from(body.len()).unwrap();
    let mut record =
        vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12 + n, 1, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, n];
    record.extend_from_slice(&body);
    record
}

#[test]
fn a_hundred_thousand_forged_hellos_cost_no_memory_and_gain_no_bytes() {
    let mut gate = CookieGate::new(60, &mut OsRng).unwrap();
    let hellos: Vec<Vec<u8>> = (0..100).map(hello).collect();
    let (mut got, mut given) = (0, 0);
    let memory = measure(|| {
        for forged in 0..100_000_u64 {
            let datagram = &hellos[usize::try_from(forged % 100).unwrap()];
            let address = forged.to_be_bytes();
            got += datagram.len();
            // Ten periods pass meanwhile.
            given += match gate.check(datagram, &address, forged / 180) {
                Verdict::Reply(reply) => reply.len(),
                other => panic!("{other:?}"),
            };
        }
    });
    assert_eq!(memory.bytes_current, 0);
    assert!(memory.count_total < 100, "{} allocations", memory.count_total); // new keys, once a period
    assert!(given < got);
}
