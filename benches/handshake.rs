//! Full handshakes, both ends in one thread over memory, for each kind of key; the chain is not judged.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/rust/common.rs"]
mod common;

use common::{Pair, credentials};
use criterion::{Criterion, criterion_group, criterion_main};
use st_core::config::{ClientAuth, Credentials};
use std::sync::Arc;
use std::time::Duration;

/// The public number of TLS 1.2.
const TLS12: i64 = 8;

fn shake(credentials: &Arc<Credentials>, suite: u16, version: i64, asks: bool) {
    let mut pair = Pair::new(credentials);
    for end in [&mut pair.client, &mut pair.server] {
        assert_eq!(end.session.set_version_min(version), 0);
        assert_eq!(end.session.set_version_max(version), 0);
        assert_eq!(end.session.set_enabled_ciphers(&[i64::from(suite)]), 0);
        assert_eq!(end.session.set_psk_secret(b"a secret of both"), 0);
    }
    if asks {
        assert_eq!(pair.server.session.set_client_auth(ClientAuth::Always as i64), 0);
        pair.client.session.set_credentials(Some(Arc::clone(credentials)));
    }
    assert_eq!(pair.handshake(), (0, 0));
}

fn handshakes(criterion: &mut Criterion) {
    let rsa = credentials(&rcgen::PKCS_RSA_SHA256);
    let p256 = credentials(&rcgen::PKCS_ECDSA_P256_SHA256);
    let kinds = [
        ("ECDHE, RSA 2048", Arc::clone(&rsa), 0xc02f),
        ("ECDHE, P-256", Arc::clone(&p256), 0xc02b),
        ("ECDHE, P-384", credentials(&rcgen::PKCS_ECDSA_P384_SHA384), 0xc02b),
        ("ECDHE, P-521", credentials(&rcgen::PKCS_ECDSA_P521_SHA512), 0xc02b),
        ("ECDHE, Ed25519", credentials(&rcgen::PKCS_ED25519), 0xc02b),
        ("ECDHE, anonymous", Arc::clone(&p256), 0xc018),
        ("ECDH, P-256", Arc::clone(&p256), 0xc02d),
        ("ECDH, P-256 signed by RSA", common::p256_by_rsa(Vec::new()), 0xc031),
        ("DHE 2048, RSA 2048", Arc::clone(&rsa), 0x009e),
        ("DHE 2048, DSA 2048", common::dsa(), 0x00a2),
        ("DHE 2048, anonymous", Arc::clone(&p256), 0x00a6),
        ("RSA 2048", Arc::clone(&rsa), 0x009c),
        ("PSK", Arc::clone(&p256), 0x00a8),
        ("ECDHE_PSK", Arc::clone(&p256), 0xd001),
        ("DHE_PSK 2048", Arc::clone(&p256), 0x00aa),
        ("RSA_PSK 2048", Arc::clone(&rsa), 0x00ac),
    ];
    let mut group = criterion.benchmark_group("handshake, both ends");
    for (name, credentials, suite) in kinds {
        group.bench_function(name, |b| b.iter(|| shake(&credentials, suite, TLS12, false)));
    }
    for (name, version) in [("SSLv3", 2), ("TLS 1.0", 4), ("TLS 1.1", 7), ("TLS 1.2", TLS12)] {
        let name = format!("RSA 2048, AES-128-CBC-SHA1, {name}");
        group.bench_function(name, |b| b.iter(|| shake(&rsa, 0x002f, version, false)));
    }
    group.bench_function("ECDHE, P-256 on both sides", |b| b.iter(|| shake(&p256, 0xc02b, TLS12, true)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = handshakes
}
criterion_main!(benches);
