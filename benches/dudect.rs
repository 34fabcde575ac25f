//! Does the time of a check depend on what it must not depend on? Statistics after Reparaz, Balasch and Verbauwhede,
//! "Dude, is my code constant time?" (2016): two classes of inputs in random order, one time each, and Welch's t over
//! all of them and over the quicker ones.
//!
//! ```sh
//! cargo bench -p securetransport-bench --bench dudect               # 100,000 samples a test
//! cargo bench -p securetransport-bench --bench dudect -- 1000000    # or as many as you have time for
//! ```
//!
//! A t beyond 4.5 on either side is a hint, one that grows with the number of samples is a leak. The first line is a
//! check that leaks on purpose, and has to be seen. Nothing here is for CI: machines that do other things lie. What CI
//! holds is the number of instructions (`tests/rust/timing.rs`).
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/rust/common.rs"]
mod common;

use st_core::crypto::cbc::CbcEncryptor;
use st_core::crypto::record_mac::RecordMac;
use st_core::crypto::rsa::{PREMASTER, encrypt_premaster, open_premaster, select_premaster};
use st_core::crypto::secret::Secret;
use st_core::crypto::sign::PublicKey;
use st_core::profile::{self, CbcIv, Framing, Rank};
use st_core::record::head::{Head, mac_header};
use st_core::record::protect::{Material, opener};
use st_core::suite::{self, Bulk};
use st_core::wire::ids::{ContentType, SuiteId};
use std::hint::black_box;
use std::time::Instant;

/// Beyond this there may be a leak.
const HINT: f64 = 4.5;

/// What is kept for one value of t: the quickest of all samples, in hundredths of a percent.
const CROPS: [usize; 7] = [10_000, 9_990, 9_900, 9_500, 9_000, 7_500, 5_000];

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next()).unwrap() % n
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next().to_be_bytes()[7]).collect()
    }
}

fn mean_and_variance(times: &[f64]) -> (f64, f64) {
    let n = times.len() as f64;
    let mean = times.iter().sum::<f64>() / n;
    (mean, times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Welch's t of the samples of two classes that took no longer than this.
fn welch(samples: &[(bool, f64)], longest: f64) -> f64 {
    let of = |class: bool| {
        let kept = samples.iter().filter(|(c, time)| *c == class && *time <= longest);
        kept.map(|(_, time)| *time).collect::<Vec<f64>>()
    };
    let (a, b) = (of(false), of(true));
    if a.len() < 100 || b.len() < 100 {
        return 0.0;
    }
    let ((mean_a, var_a), (mean_b, var_b)) = (mean_and_variance(&a), mean_and_variance(&b));
    let error = (var_a / a.len() as f64 + var_b / b.len() as f64).sqrt();
    if error == 0.0 { 0.0 } else { (mean_a - mean_b) / error }
}

/// Times `act` over inputs of two classes and prints the worst t. What `make` makes for a class is not timed.
fn measure<T>(
    name: &str,
    count: usize,
    mut make: impl FnMut(bool, &mut Numbers) -> T,
    mut act: impl FnMut(&mut T),
) -> f64 {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut samples = Vec::with_capacity(count);
    for round in 0..count + count / 20 {
        let class = numbers.next() & 1 == 1;
        let mut input = make(class, &mut numbers);
        let start = Instant::now();
        act(black_box(&mut input));
        let time = start.elapsed().as_nanos() as f64;
        if round >= count / 20 {
            samples.push((class, time)); // the first ones warm up
        }
    }
    let mut sorted: Vec<f64> = samples.iter().map(|(_, time)| *time).collect();
    sorted.sort_by(f64::total_cmp);
    let cut = |crop: usize| sorted[(sorted.len() * crop / 10_000).clamp(1, sorted.len()) - 1];
    let worst = CROPS.iter().map(|crop| welch(&samples, cut(*crop)));
    let worst = worst.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
    let median = cut(5_000);
    let hint = if worst.abs() > HINT { "  <- look closer" } else { "" };
    println!("{name:76} {median:9.0} ns   t = {worst:8.2}{hint}");
    worst
}

// --- records --------------------------------------------------------------------------------------------

/// Records of each class.
const POOL: usize = 256;

const KEY: &[u8; 32] = b"three different keys for 3DES...";
const MAC_KEY: [u8; 48] = [5; 48];
const IV: [u8; 16] = [9; 16];

/// A record of 320 bytes of ciphertext: this many bytes of padding behind the length, and one bit flipped or none.
fn record(rank: Rank, number: u16, padding: usize, flip: Option<usize>) -> Vec<u8> {
    let profile = profile::by_rank(Framing::Stream, rank).unwrap();
    let suite = suite::by_id(SuiteId(number)).unwrap();
    let Bulk::Cbc(cipher) = suite.bulk else { panic!("no block cipher") };
    let hash = suite.mac.unwrap();
    let mut data = vec![0x5a; 320 - hash.len() - padding - 1];
    let mac = RecordMac::new(hash, profile.mac, &MAC_KEY[..hash.len()]);
    let head = Head::new(ContentType::APPLICATION_DATA, profile.wire, 0);
    let (header, used) = mac_header(profile.mac, 0, &head, data.len());
    let tag = mac.tag(&header[..used], &data);
    data.extend_from_slice(tag.as_bytes());
    data.resize(320, padding as u8);
    if let Some(at) = flip {
        data[at] ^= 1;
    }
    let iv = &IV[..cipher.block_len()];
    CbcEncryptor::new(cipher, &KEY[..cipher.key_len()]).unwrap().encrypt(iv, &mut data).unwrap();
    if profile.iv == CbcIv::Explicit { [iv, &data].concat() } else { data }
}

fn opening(
    what: &str,
    rank: Rank,
    number: u16,
    count: usize,
    classes: impl Fn(bool, &mut Numbers) -> (usize, Option<usize>),
) {
    let profile = profile::by_rank(Framing::Stream, rank).unwrap();
    let suite = suite::by_id(SuiteId(number)).unwrap();
    let material = Material {
        mac: &MAC_KEY[..suite.mac.unwrap().len()],
        key: &KEY[..suite.bulk.key_len()],
        iv: &IV[..suite.bulk.fixed_iv(profile.iv)],
        encrypt_then_mac: false,
    };
    // Made beforehand: making one leaves traces in the processor that tell its class.
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let mut pool = |class: bool| {
        let one = |numbers: &mut Numbers| {
            let (padding, flip) = classes(class, numbers);
            record(rank, number, padding, flip)
        };
        (0..POOL).map(|_| one(&mut numbers)).collect::<Vec<_>>()
    };
    let pools = [pool(false), pool(true)];
    let make = |class: bool, numbers: &mut Numbers| {
        let body = pools[usize::from(class)][numbers.below(POOL)].clone();
        (opener(profile, suite, material).unwrap(), body)
    };
    let act = |(opener, body): &mut (st_core::record::protect::Opener, Vec<u8>)| {
        let head = Head::new(ContentType::APPLICATION_DATA, profile.wire, body.len());
        black_box(opener.open(0, &head, body).is_ok());
    };
    measure(&format!("{} in {}, {what}", &suite.name[4..], profile.name), count, make, act);
}

fn records(count: usize) {
    let kinds = [
        (Rank::Tls12, 0x002f, 256),
        (Rank::Tls12, 0x003c, 256),
        (Rank::Tls12, 0xc028, 256),
        (Rank::Tls10, 0x000a, 256),
        (Rank::Ssl3, 0x0035, 16),
    ];
    for (rank, number, paddings) in kinds {
        opening("no padding or any", rank, number, count, |class, numbers| {
            let any = numbers.below(paddings);
            (if class { any } else { 0 }, None)
        });
        opening("wrong tag or wrong padding", rank, number, count, |class, numbers| {
            let any = numbers.below(paddings - 1) + 1;
            (any, Some(if class { 319 } else { 0 }))
        });
    }
}

// --- premasters -----------------------------------------------------------------------------------------

/// A right block, or noise with the right beginning and a zero anywhere.
fn block(right: bool, numbers: &mut Numbers) -> Vec<u8> {
    let noise = numbers.bytes(256);
    let mut block: Vec<u8> = noise.into_iter().map(|byte| byte | 1).collect();
    block[..2].copy_from_slice(&[0, 2]);
    let zero = if right { 256 - PREMASTER - 1 } else { 10 + numbers.below(246) };
    block[zero] = 0;
    block[256 - PREMASTER..256 - PREMASTER + 2].copy_from_slice(&[3, 3]);
    block
}

fn premasters(count: usize) {
    let random = Secret::zeroed(PREMASTER);
    let act = |block: &mut Vec<u8>| drop(black_box(select_premaster(block, [0x0303; 2], &random)));
    measure("unpadding, a right block or a wrong one", count, block, act);
    let credentials = common::credentials(&rcgen::PKCS_RSA_SHA256);
    let key = &credentials.key;
    let public = PublicKey::from_spki(&key.public_spki()).unwrap();
    let right = encrypt_premaster(&public, &[&[3, 3], &[7; 46][..]].concat()).unwrap();
    let make = |class: bool, numbers: &mut Numbers| {
        let mut noise = numbers.bytes(256);
        noise[0] = 0; // below the modulus
        if class { noise } else { right.clone() }
    };
    let act = |sealed: &mut Vec<u8>| drop(black_box(open_premaster(key, sealed, [0x0303; 2], &random)));
    measure("RSA 2048, a premaster or noise", count / 20, make, act);
}

/// What a careless check does: it stops at the first zero.
fn control(count: usize) -> bool {
    let act = |block: &mut Vec<u8>| {
        black_box(block.iter().skip(2).position(|byte| *byte == 0));
    };
    measure("careless control", count, block, act).abs() > HINT
}

fn main() {
    let count = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(100_000).max(2_000);
    let seen = control(count);
    premasters(count);
    records(count);
    assert!(seen, "the control leaks and was not seen: take more samples");
}
