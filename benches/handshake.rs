//! Full handshakes, both ends in one thread over memory, for each kind of key; the chain is not judged.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/rust/common.rs"]
mod common;

use common::{Pair, credentials};
use criterion::{Criterion, criterion_group, criterion_main};
use st_core::config::Credentials;
use std::sync::Arc;
use std::time::Duration;

fn shake(credentials: &Arc<Credentials>, suite: u16) {
    let mut pair = Pair::new(credentials);
    for end in [&mut pair.client, &mut pair.server] {
        assert_eq!(end.session.set_enabled_ciphers(&[i64::from(suite)]), 0);
    }
    assert_eq!(pair.handshake(), (0, 0));
}

fn handshakes(criterion: &mut Criterion) {
    let kinds: [(&str, &'static rcgen::SignatureAlgorithm, u16); 6] = [
        ("ECDHE, RSA 2048", &rcgen::PKCS_RSA_SHA256, 0xc02f),
        ("ECDHE, P-256", &rcgen::PKCS_ECDSA_P256_SHA256, 0xc02b),
        ("ECDHE, P-384", &rcgen::PKCS_ECDSA_P384_SHA384, 0xc02b),
        ("ECDHE, P-521", &rcgen::PKCS_ECDSA_P521_SHA512, 0xc02b),
        ("ECDHE, Ed25519", &rcgen::PKCS_ED25519, 0xc02b),
        ("RSA 2048", &rcgen::PKCS_RSA_SHA256, 0x009c),
    ];
    let mut group = criterion.benchmark_group("handshake, both ends");
    for (name, algorithm, suite) in kinds {
        let credentials = credentials(algorithm);
        group.bench_function(name, |b| b.iter(|| shake(&credentials, suite)));
    }
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
