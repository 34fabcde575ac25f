//! What hostile certificates and lists make a judgement cost, counted: allocations, never time.
#![allow(missing_docs, clippy::unwrap_used)]

use allocation_counter::{AllocationInfo, measure};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, NameConstraints, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use st_core::x509::{Anchors, Certificate, Crl, Policy, ReasonKind, Trust, TrustResult};

const NOW: i64 = 1_893_456_000;
const HOST: &str = "www.example.com";
const SERIAL: u64 = 1 << 32;

fn authority(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters
}

fn parse(made: &rcgen::Certificate) -> Certificate {
    Certificate::parse(made.der()).unwrap()
}

/// A leaf for so many hosts, the host asked for as the last of them, and perhaps with a common name.
fn leaf(names: usize, common: Option<&str>, issuer: &Issuer<'_, &KeyPair>) -> Certificate {
    let listed = (1..names).map(|number| format!("n{number}.example.com")).chain([HOST.into()]);
    let mut parameters = CertificateParams::new(listed.collect::<Vec<_>>()).unwrap();
    parameters.distinguished_name = DistinguishedName::new();
    if let Some(common) = common {
        parameters.distinguished_name.push(DnType::CommonName, common);
    }
    parameters.serial_number = Some(SerialNumber::from(SERIAL));
    parse(&parameters.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap())
}

fn judged(mut trust: Trust) -> (Trust, TrustResult, AllocationInfo) {
    let mut result = TrustResult::Invalid;
    let info = measure(|| result = trust.evaluate(&Anchors::default(), NOW));
    (trust, result, info)
}

/// A leaf of so many names below an authority that is there many times, in versions that are all expired, so that all
/// chains are judged; and what judging them allocates.
fn by_names(names: usize, common: Option<&str>, policy: Policy) -> AllocationInfo {
    let (root, middle) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let above = Issuer::new(authority("root"), &root);
    let versions = (0..40).map(|day| {
        let mut parameters = authority("middle");
        parameters.not_after = date_time_ymd(2020, 1, 1).replace_day(1 + day % 28).unwrap();
        parameters.serial_number = Some(SerialNumber::from(u64::from(day) + 1));
        parse(&parameters.signed_by(&middle, &above).unwrap())
    });
    let mut chain = vec![leaf(names, common, &Issuer::new(authority("middle"), &middle))];
    chain.extend(versions);
    let mut trust = Trust::new(chain, vec![policy]);
    trust.set_anchors(Some(vec![parse(&authority("root").self_signed(&root).unwrap())]));
    let (trust, result, info) = judged(trust);
    assert_eq!(result, TrustResult::RecoverableTrustFailure);
    assert!(trust.reasons().iter().any(|reason| reason.kind == ReasonKind::Validity));
    info
}

#[test]
fn many_names_are_listed_a_few_times_a_chain_and_never_copied_one_by_one() {
    let host = |host: &str| Policy::ssl(true, Some(host.into()));
    for (common, policy) in [
        (None, host(HOST)),
        (Some(HOST), host(HOST)),
        (Some("www.example.org"), host("other.example")),
        (None, Policy::mail(Some(b"a@example.com".to_vec()))),
    ] {
        let few = by_names(10, common, policy.clone());
        let many = by_names(10_000, common, policy);
        // Lists grow by doubling: ten times more for a thousand times the names, in each of 32 chains and a few rules.
        assert!(many.count_total < few.count_total + 32 * 100, "{common:?} {few:?} {many:?}");
        assert!(many.bytes_max < few.bytes_max + 2_000_000, "{common:?} {few:?} {many:?}");
    }
}

fn under_constraints(names: usize, subtrees: usize) -> (Trust, TrustResult) {
    let root = KeyPair::generate().unwrap();
    let mut parameters = authority("root");
    let others = (1..subtrees).map(|number| format!("t{number}.test")).chain(["example.com".into()]);
    let permitted_subtrees = others.map(GeneralSubtree::DnsName).collect();
    parameters.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let anchor = parse(&parameters.self_signed(&root).unwrap());
    let made = leaf(names, None, &Issuer::new(authority("root"), &root));
    let mut trust = Trust::new(vec![made], vec![Policy::ssl(true, Some(HOST.into()))]);
    trust.set_anchors(Some(vec![anchor]));
    let (trust, result, _) = judged(trust);
    (trust, result)
}

#[test]
fn names_times_constraints_above_the_bound_are_refused_and_below_it_compared() {
    let (trust, result) = under_constraints(500, 490);
    assert_eq!(result, TrustResult::Unspecified, "{:?}", trust.reasons());
    let (trust, result) = under_constraints(500, 501);
    assert_eq!(result, TrustResult::RecoverableTrustFailure);
    let words: Vec<&str> = trust.reasons().iter().map(|reason| reason.words.as_str()).collect();
    assert_eq!(trust.reasons()[0].kind, ReasonKind::NameConstraints);
    assert!(words[0].ends_with("hold too many names to be compared"), "{words:?}");
}

/// A list of so many serial numbers, the leaf's among them.
fn list(entries: u64, issuer: &Issuer<'_, &KeyPair>) -> Vec<u8> {
    let revoked_certs = (0..entries).map(|number| RevokedCertParams {
        serial_number: SerialNumber::from(SERIAL - number),
        revocation_time: date_time_ymd(2025, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let parameters = CertificateRevocationListParams {
        this_update: date_time_ymd(2029, 1, 1),
        next_update: date_time_ymd(2031, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked_certs.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    parameters.signed_by(issuer).unwrap().der().to_vec()
}

#[test]
fn a_long_list_is_read_once_and_asked_without_reading_it_again() {
    let root = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority("root"), &root);
    let anchor = parse(&authority("root").self_signed(&root).unwrap());
    let chain = vec![leaf(1, None, &issuer)];
    let by_list = |entries: u64| {
        let der = list(entries, &issuer);
        let mut read = None;
        let reading = measure(|| read = Crl::parse(&der));
        let mut trust = Trust::new(chain.clone(), vec![Policy::ssl(true, None)]);
        trust.set_anchors(Some(vec![anchor.clone()]));
        trust.set_crls(vec![read.unwrap()]);
        let (_, result, asking) = judged(trust);
        assert_eq!(result, TrustResult::FatalTrustFailure, "{entries}");
        (der.len() as u64, reading, asking)
    };
    by_list(1); // keys and names of the certificates are read the first time
    let (_, _, few) = by_list(1);
    let (size, reading, many) = by_list(100_000);
    assert_eq!((few.count_total, few.bytes_total), (many.count_total, many.bytes_total));
    assert!(reading.bytes_max < 3 * size, "{size} {reading:?}");
    assert!(reading.count_total < 100, "{reading:?}");
}
