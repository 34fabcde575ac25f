//! Sealing and opening one record under every form of protection, by the record layer alone.
//!
//! Each opened record was sealed just before, outside the measured time, because chained vectors, key streams and
//! sequence numbers let no record be opened twice.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use st_core::profile::{self, Framing, Rank};
use st_core::record::head::Head;
use st_core::record::protect::{Material, Opener, Sealer, opener, sealer};
use st_core::suite;
use st_core::wire::ids::{ContentType, SuiteId};
use std::hint::black_box;
use std::time::{Duration, Instant};

const SIZES: [usize; 2] = [1024, 16 * 1024];

/// Records sealed ahead for opening.
const BATCH: u64 = 16;

/// A name, a version, a suite, and whether the MAC goes outside.
const FORMS: [(&str, Rank, u16, bool); 20] = [
    ("SSLv3 AES-128-CBC-SHA1", Rank::Ssl3, 0x002f, false),
    ("SSLv3 3DES-CBC-SHA1", Rank::Ssl3, 0x000a, false),
    ("TLS 1.0 AES-128-CBC-SHA1", Rank::Tls10, 0x002f, false),
    ("AES-128-CBC-SHA1", Rank::Tls12, 0x002f, false),
    ("AES-256-CBC-SHA1", Rank::Tls12, 0x0035, false),
    ("AES-128-CBC-SHA256", Rank::Tls12, 0x003c, false),
    ("AES-256-CBC-SHA256", Rank::Tls12, 0x003d, false),
    ("AES-256-CBC-SHA384", Rank::Tls12, 0xc028, false),
    ("3DES-CBC-SHA1", Rank::Tls12, 0x000a, false),
    ("AES-128-CBC-SHA1, MAC outside", Rank::Tls12, 0x002f, true),
    ("AES-128-CBC-SHA256, MAC outside", Rank::Tls12, 0x003c, true),
    ("AES-256-CBC-SHA384, MAC outside", Rank::Tls12, 0xc028, true),
    ("RC4-MD5", Rank::Tls12, 0x0004, false),
    ("RC4-SHA1", Rank::Tls12, 0x0005, false),
    ("NULL-MD5", Rank::Tls12, 0x0001, false),
    ("NULL-SHA1", Rank::Tls12, 0x0002, false),
    ("NULL-SHA256", Rank::Tls12, 0x003b, false),
    ("AES-128-CCM", Rank::Tls12, 0xc09c, false),
    ("AES-256-CCM-8", Rank::Tls12, 0xc0a1, false),
    ("AES-128-GCM", Rank::Tls12, 0x009c, false),
];

/// Both directions of one form, and how far they have come.
struct Form {
    sealer: Sealer,
    opener: Opener,
    head: Head,
    sealed: u64,
    opened: u64,
}

impl Form {
    fn new(rank: Rank, number: u16, encrypt_then_mac: bool) -> Form {
        let profile = profile::by_rank(Framing::Stream, rank).unwrap();
        let suite = suite::by_id(SuiteId(number)).unwrap();
        let key: Vec<u8> = (1..=32).collect();
        let material = Material {
            mac: &[5; 48][..suite.mac.map_or(0, |mac| mac.len())],
            key: &key[..suite.bulk.key_len()],
            iv: &[9; 16][..suite.bulk.fixed_iv(profile.iv)],
            encrypt_then_mac,
        };
        Form {
            sealer: sealer(profile, suite, material).unwrap(),
            opener: opener(profile, suite, material).unwrap(),
            head: Head::new(ContentType::APPLICATION_DATA, profile.wire, 0),
            sealed: 0,
            opened: 0,
        }
    }

    fn seal(&mut self, plain: &[u8], out: &mut [u8]) {
        let head = Head { len: out.len(), ..self.head };
        self.sealer.seal(self.sealed, &head, plain, out).unwrap();
        self.sealed += 1;
    }

    fn open(&mut self, body: &mut [u8], size: usize) {
        let head = Head { len: body.len(), ..self.head };
        let plain = self.opener.open(self.opened, &head, body).unwrap();
        assert_eq!(plain.len(), size);
        self.opened += 1;
    }
}

fn opening(form: &mut Form, plain: &[u8], iterations: u64) -> Duration {
    let len = form.sealer.sealed_len(plain.len());
    let mut bodies = vec![vec![0; len]; usize::try_from(BATCH).unwrap()];
    let (mut spent, mut left) = (Duration::ZERO, iterations);
    while left > 0 {
        let batch = left.min(BATCH);
        left -= batch;
        let bodies = &mut bodies[..usize::try_from(batch).unwrap()];
        bodies.iter_mut().for_each(|body| form.seal(plain, body));
        let start = Instant::now();
        bodies.iter_mut().for_each(|body| form.open(black_box(body), plain.len()));
        spent += start.elapsed();
    }
    spent
}

fn forms(criterion: &mut Criterion) {
    for size in SIZES {
        let plain = vec![1; size];
        for (name, rank, number, outside) in FORMS {
            let mut group = criterion.benchmark_group(format!("{name}, {size} bytes"));
            group.throughput(Throughput::Bytes(size as u64));
            let mut form = Form::new(rank, number, outside);
            let mut out = vec![0; form.sealer.sealed_len(size)];
            group.bench_function("seal", |b| b.iter(|| form.seal(black_box(&plain), &mut out)));
            let mut form = Form::new(rank, number, outside);
            group.bench_function("open", |b| b.iter_custom(|n| opening(&mut form, &plain, n)));
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    targets = forms
}
criterion_main!(benches);
