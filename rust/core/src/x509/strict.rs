//! The letter of RFC 5280 and of the CA/Browser Forum's baseline requirements.
//!
//! In: a chain. Out: reasons for what a public authority may not issue although it harms nobody. Promise: only
//! a policy that asks for it gets it, because internal authorities break these rules every day.

use super::cert::Certificate;
use super::checks::{Ledger, called, is_root};
use super::constraints::Constraints;
use super::extensions::{Known, usage};
use super::host::is_host_name;
use super::names::{self, GeneralName};
use super::reason::ReasonKind;
use super::search::Path;
use crate::crypto::sign::KeyKind;

/// All strict rules over a whole chain.
pub(super) fn check(path: &Path<'_>, ledger: &mut Ledger) {
    for (depth, certificate) in path.certificates.iter().enumerate() {
        key_identifiers(depth, certificate, is_root(path, depth), ledger);
        criticality(depth, certificate, ledger);
        authority_bits(depth, certificate, ledger);
        key_length(depth, certificate, ledger);
        if certificate.version() != 3 {
            let words = format!("{} is not a version 3 certificate", called(certificate));
            ledger.add(depth, ReasonKind::Processing, words);
        }
        if !is_root(path, depth) {
            serial_number(depth, certificate, ledger);
        }
    }
    if let Some(leaf) = path.certificates.first() {
        leaf_names(leaf, ledger);
    }
}

/// RFC 5280 sections 4.2.1.1 and 4.2.1.2; baseline requirements 7.1.2.1.3 for roots.
fn key_identifiers(depth: usize, certificate: &Certificate, root: bool, ledger: &mut Ledger) {
    let name = called(certificate);
    let mut add = |what: &str| ledger.add(depth, ReasonKind::IdLinkage, format!("{name} {what}"));
    let authority = certificate.extensions().authority_key.as_ref();
    if certificate.is_ca() && certificate.subject_key_id().is_none() {
        add("is an authority without a subject key identifier");
    }
    match authority {
        None if !root => add("has no authority key identifier"),
        Some(key) if key.key_id.is_none() => add("has an authority key identifier without a key"),
        Some(key) if root && key.names_issuer => {
            add("names its issuer by serial number, which roots may not")
        }
        _ => {}
    }
    let differ =
        certificate.authority_key_id().is_some_and(|wanted| certificate.subject_key_id() != Some(wanted));
    if root && certificate.is_self_issued() && differ {
        add("is self-signed but names another key as its issuer's");
    }
}

/// Which extensions must, and which must not, be critical.
fn criticality(depth: usize, certificate: &Certificate, ledger: &mut Ledger) {
    let extensions = certificate.extensions();
    let name = called(certificate);
    let mut add = |kind, what: &str| ledger.add(depth, kind, format!("{name} {what}"));
    let critical = |known| extensions.criticality(known);
    if certificate.is_ca() && critical(Known::BasicConstraints) == Some(false) {
        add(ReasonKind::BasicConstraints, "does not mark its basic constraints as critical");
    }
    if critical(Known::PolicyConstraints) == Some(false) {
        add(ReasonKind::PolicyConstraints, "does not mark its policy constraints as critical");
    }
    let nameless = names::is_empty(certificate.subject_raw());
    match critical(Known::SubjectAltName) {
        Some(true) if !nameless => {
            add(
                ReasonKind::CriticalExtension,
                "marks its alternative names as critical although it has a subject",
            );
        }
        Some(false) if nameless => {
            add(
                ReasonKind::EmptySubject,
                "has no subject and does not mark its alternative names as critical",
            );
        }
        _ => {}
    }
    if critical(Known::NameConstraints) == Some(false) {
        add(ReasonKind::NameConstraints, "does not mark its name constraints as critical");
    }
    let constraints = certificate.name_constraints().and_then(|value| Constraints::read(value).ok());
    if constraints.is_some_and(|constraints| constraints.dotted_dns) {
        add(ReasonKind::UnparseableExtension, "constrains DNS names with a leading dot");
    }
}

/// RFC 5280 sections 4.2.1.3 and 4.2.1.9: being an authority and signing certificates go together; and a TLS
/// server's certificate is no authority (baseline requirements 7.1.2.7.8).
fn authority_bits(depth: usize, certificate: &Certificate, ledger: &mut Ledger) {
    let name = called(certificate);
    let signs = certificate.key_usage().map(|bits| bits & usage::KEY_CERT_SIGN != 0);
    if signs == Some(true) && !certificate.is_ca() {
        let words = format!("{name} may sign certificates by its key usage but is no authority");
        ledger.add(depth, ReasonKind::KeyUsage, words);
    }
    // An authority may show its own certificate (RFC 5280 section 4.2.1.9); a server's may not say that it is one.
    if certificate.is_ca() && depth == 0 && signs != Some(true) {
        ledger.add(
            depth,
            ReasonKind::BasicConstraintsCa,
            format!("{name} is an authority, not a server or client"),
        );
    }
}

/// RFC 5280 section 4.1.2.2: positive, and at most 20 octets. Roots of old have 0.
fn serial_number(depth: usize, certificate: &Certificate, ledger: &mut Ledger) {
    let serial = certificate.serial();
    let negative = serial.first().is_some_and(|first| first & 0x80 != 0);
    if negative || serial.iter().all(|octet| *octet == 0) || serial.len() > 20 {
        let words = format!("the serial number of {} is not positive or too long", called(certificate));
        ledger.add(depth, ReasonKind::Processing, words);
    }
}

fn key_length(depth: usize, certificate: &Certificate, ledger: &mut Ledger) {
    let Ok(key) = certificate.key() else { return };
    if key.kind() == KeyKind::Dsa {
        let words =
            format!("{} has a DSA key, which public authorities may not certify", called(certificate));
        ledger.add(depth, ReasonKind::KeySize, words);
    }
    if matches!(key.kind(), KeyKind::Rsa | KeyKind::RsaPss) && key.bits() % 8 != 0 {
        let words =
            format!("the RSA key of {} has {} bits, not a multiple of 8", called(certificate), key.bits());
        ledger.add(depth, ReasonKind::KeySize, words);
    }
}

/// Alternative names are host names in preferred syntax or addresses, and the common name, which nobody looks
/// at any more, repeats one of them letter by letter (baseline requirements 7.1.4.2 and 7.1.4.3).
fn leaf_names(leaf: &Certificate, ledger: &mut Ledger) {
    let alternatives = leaf.alternative_names();
    let dns_is_good = |name: &[u8]| {
        let base = name.strip_prefix(b"*.").unwrap_or(name);
        is_host_name(base) && !base.contains(&b'_')
    };
    for name in &alternatives {
        if let GeneralName::Dns(domain) = name
            && !dns_is_good(domain)
        {
            let words = format!(
                "{} has the alternative name {}, which is no host name",
                called(leaf),
                names::quoted(&String::from_utf8_lossy(domain))
            );
            ledger.add(0, ReasonKind::UnparseableExtension, words);
        }
    }
    common_name(leaf, ledger);
}

/// Baseline requirements 7.1.4.3: a host in the common name repeats one of the alternative names of its kind. One
/// that the alternative names lie below is let pass: many certificates are labelled by their domain.
fn common_name(leaf: &Certificate, ledger: &mut Ledger) {
    let Some(common) = leaf.common_name() else { return };
    let (domains, addresses) = (leaf.dns_names(), leaf.ip_addresses());
    let as_address = common.parse::<core::net::IpAddr>().ok();
    let hexadecimal = common.strip_prefix("0x").is_some_and(|rest| u32::from_str_radix(rest, 16).is_ok());
    let wrong = if as_address.is_some() || hexadecimal || looks_like_address(&common) {
        !addresses.is_empty() && !addresses.iter().any(|address| address.to_string() == common)
    } else {
        let below =
            |name: &String| name.strip_suffix(common.as_str()).is_some_and(|head| head.ends_with('.'));
        common.contains('.')
            && !common.contains('@')
            && !domains.is_empty()
            && !domains.iter().any(|name| *name == common || below(name))
    };
    if wrong {
        let words = format!(
            "the common name {} is not among the alternative names in the same spelling",
            names::quoted(&common)
        );
        ledger.add(0, ReasonKind::HostName, words);
    }
}

/// Digits and separators of an address, in whatever spelling.
fn looks_like_address(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
    text.contains(':') && text.chars().all(digits)
        || text.split('.').count() == 4 && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}
