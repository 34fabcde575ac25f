//! Sealing and opening application data: the raw AEAD, and what a session makes of it, side by side.
//!
//! The distance between `aead` and `session` is what the record layer and the contract cost. `aead` seals whole
//! records of at most 16 KiB from one slice into another, as the session does.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/rust/common.rs"]
mod common;
mod support;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use st_core::session::Call;
use std::hint::black_box;
use std::time::{Duration, Instant};
use support::{Line, connected, run};

const SIZES: [usize; 4] = [64, 1024, 16 * 1024, 1024 * 1024];
const RECORD: usize = 16 * 1024;
const TAG: usize = 16;

/// How much is sealed ahead, untimed, for opening; little enough to stay in a cache, as it would with a socket.
const AHEAD: usize = 256 * 1024;

const CIPHERS: [(&str, u16, &aead::Algorithm); 3] = [
    ("AES-128-GCM", 0xc02b, &aead::AES_128_GCM),
    ("AES-256-GCM", 0xc02c, &aead::AES_256_GCM),
    ("ChaCha20-Poly1305", 0xcca9, &aead::CHACHA20_POLY1305),
];

fn key(algorithm: &'static aead::Algorithm) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(algorithm, &[7; 32][..algorithm.key_len()]).unwrap())
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([9; 12])
}

fn raw_seal(group: &mut BenchmarkGroup<'_, WallTime>, algorithm: &'static aead::Algorithm, size: usize) {
    let (key, plain, mut out) = (key(algorithm), vec![1; size], vec![0; size]);
    group.bench_function(format!("aead/{size}"), |b| {
        b.iter(|| {
            for (plain, out) in plain.chunks(RECORD).zip(out.chunks_mut(RECORD)) {
                let mut tag = [0; TAG];
                let aad = Aad::from([0; 13]);
                key.seal_out_of_place_scatter(nonce(), aad, black_box(plain), out, &[], &mut tag).unwrap();
                black_box(tag);
            }
        });
    });
}

fn raw_open(group: &mut BenchmarkGroup<'_, WallTime>, algorithm: &'static aead::Algorithm, size: usize) {
    let (key, mut record) = (key(algorithm), vec![1; size.min(RECORD)]);
    let aad = || Aad::from([0; 13]);
    let tag = key.seal_in_place_separate_tag(nonce(), aad(), &mut record).unwrap();
    let mut out = vec![0; record.len()];
    group.bench_function(format!("aead/{size}"), |b| {
        b.iter(|| {
            for _ in 0..size.div_ceil(RECORD) {
                let opened =
                    key.open_separate_gather(nonce(), aad(), black_box(&record), tag.as_ref(), &mut out);
                opened.unwrap();
            }
        });
    });
}

fn session_seal(group: &mut BenchmarkGroup<'_, WallTime>, suite: u16, size: usize) {
    let mut pair = connected(&rcgen::PKCS_ECDSA_P256_SHA256, suite);
    let plain = vec![1; size];
    group.bench_function(format!("session/{size}"), |b| {
        b.iter(|| {
            let code = run(&mut pair.client, &mut Call::write(size), None, black_box(&plain), &mut []);
            assert_eq!(code, 0);
        });
    });
}

fn session_open(group: &mut BenchmarkGroup<'_, WallTime>, suite: u16, size: usize) {
    let mut pair = connected(&rcgen::PKCS_ECDSA_P256_SHA256, suite);
    let (plain, mut out, mut line) = (vec![1; size], vec![0; size], Line::new(2 * AHEAD.max(size)));
    group.bench_function(format!("session/{size}"), |b| {
        b.iter_custom(|iterations| {
            let mut spent = Duration::ZERO;
            let mut left = iterations;
            while left > 0 {
                let batch = left.min((AHEAD / size).max(1) as u64);
                left -= batch;
                for _ in 0..batch {
                    run(&mut pair.client, &mut Call::write(size), Some(&mut line), &plain, &mut []);
                }
                let start = Instant::now();
                for _ in 0..batch {
                    read(&mut pair.server, &mut line, &mut out);
                }
                spent += start.elapsed();
            }
            spent
        });
    });
}

/// As many calls as it takes to fill `out`.
fn read(end: &mut common::End, line: &mut Line, out: &mut [u8]) {
    let mut got = 0;
    while got < out.len() {
        let mut call = Call::read(out.len() - got);
        let code = run(end, &mut call, Some(line), &[], &mut out[got..]);
        assert_eq!(code, 0);
        got += call.processed();
    }
}

fn records(criterion: &mut Criterion) {
    for (name, suite, algorithm) in CIPHERS {
        for (direction, raw, session) in [
            (
                "seal",
                raw_seal as fn(&mut BenchmarkGroup<'_, WallTime>, &'static aead::Algorithm, usize),
                session_seal as fn(&mut BenchmarkGroup<'_, WallTime>, u16, usize),
            ),
            ("open", raw_open, session_open),
        ] {
            let mut group = criterion.benchmark_group(format!("{direction} {name}"));
            for size in SIZES {
                group.throughput(Throughput::Bytes(size as u64));
                raw(&mut group, algorithm, size);
                session(&mut group, suite, size);
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = records
}
criterion_main!(benches);
