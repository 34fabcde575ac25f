//! Chains of 2, 3 and 10 certificates, and a hostile bag, judged here and by rustls-webpki.
//!
//! Parsing is part of both: a handshake begins with bytes. webpki takes at most six authorities between leaf and root,
//! so the longest chain is measured here alone.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use st_core::x509::{Anchors, Certificate, Policy, Trust};
use std::time::Duration;

const HOST: &str = "www.example.com";
/// 2030-01-01, within the years that rcgen gives its certificates.
const NOW: u64 = 1_893_456_000;

/// Leaf first, then its issuers from the bottom up; the last one is the root.
struct Chain(Vec<Vec<u8>>);

fn parameters(name: &str, authority: bool) -> CertificateParams {
    let names = if authority { Vec::new() } else { vec![HOST.to_owned()] };
    let mut parameters = CertificateParams::new(names).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, name);
    // Key identifiers come in pairs under the SSL server policy.
    parameters.use_authority_key_identifier_extension = true;
    if authority {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    } else {
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    }
    parameters
}

/// A chain of so many certificates.
fn chain(length: usize) -> Chain {
    let key = KeyPair::generate().unwrap();
    let root = parameters("root", true);
    let mut listed = vec![root.self_signed(&key).unwrap().der().to_vec()];
    let mut issuer = Issuer::new(root, key);
    for depth in 1..length {
        let authority = depth + 1 < length;
        let key = KeyPair::generate().unwrap();
        let made = parameters(&format!("certificate {depth}"), authority);
        listed.push(made.signed_by(&key, &issuer).unwrap().der().to_vec());
        issuer = Issuer::new(made, key);
    }
    listed.reverse();
    Chain(listed)
}

/// A leaf below authorities that all have one name and sign each other, none of them trusted.
fn hostile() -> Chain {
    let keys: Vec<KeyPair> = (0..24).map(|_| KeyPair::generate().unwrap()).collect();
    let issuer = |index: usize| Issuer::new(parameters("everybody", true), &keys[index % keys.len()]);
    let leaf = parameters("leaf", false).signed_by(&KeyPair::generate().unwrap(), &issuer(0)).unwrap();
    let mut listed = vec![leaf.der().to_vec()];
    for (index, key) in keys.iter().enumerate() {
        for other in [1, 5, 11] {
            let made = parameters("everybody", true).signed_by(key, &issuer(index + other)).unwrap();
            listed.push(made.der().to_vec());
        }
    }
    listed.push(parameters("root", true).self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec());
    Chain(listed)
}

fn judge(chain: &Chain) -> bool {
    let mut parsed: Vec<Certificate> = chain.0.iter().map(|der| Certificate::parse(der).unwrap()).collect();
    let root = parsed.pop().unwrap();
    let mut trust = Trust::new(parsed, vec![Policy::ssl(true, Some(HOST.into()))]);
    trust.set_anchors(Some(vec![root]));
    trust.evaluate(&Anchors::default(), i64::try_from(NOW).unwrap()).is_success()
}

fn judge_by_webpki(chain: &Chain) -> bool {
    let (root, rest) = chain.0.split_last().unwrap();
    let rest: Vec<CertificateDer<'_>> = rest.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let (root, name) = (CertificateDer::from(root.as_slice()), ServerName::try_from(HOST).unwrap());
    let anchors = [webpki::anchor_from_trusted_cert(&root).unwrap()];
    let leaf = webpki::EndEntityCert::try_from(&rest[0]).unwrap();
    let usage = webpki::KeyUsage::server_auth();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let path = leaf.verify_for_usage(algorithms, &anchors, &rest[1..], now, usage, None, None);
    path.is_ok() && leaf.verify_is_valid_for_subject_name(&name).is_ok()
}

fn chains(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("chain, parsed and judged");
    for length in [2, 3, 10] {
        let chain = chain(length);
        assert!(judge(&chain));
        group.bench_with_input(BenchmarkId::new("here", length), &chain, |b, chain| b.iter(|| judge(chain)));
        if judge_by_webpki(&chain) {
            group.bench_with_input(BenchmarkId::new("webpki", length), &chain, |b, chain| {
                b.iter(|| judge_by_webpki(chain));
            });
        }
    }
    let bag = hostile();
    assert!(!judge(&bag) && !judge_by_webpki(&bag));
    group.bench_with_input(BenchmarkId::new("here", "hostile bag"), &bag, |b, bag| b.iter(|| judge(bag)));
    group.bench_with_input(BenchmarkId::new("webpki", "hostile bag"), &bag, |b, bag| {
        b.iter(|| judge_by_webpki(bag));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = chains
}
criterion_main!(benches);
