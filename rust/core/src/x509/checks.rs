//! The rules a chain is held to, one function each.
//!
//! In: a chain with what it ends in, the policies, the moment. Out: one [`Reason`] for every rule broken, with
//! a sentence a person can act on. Promise: all rules are looked at; none stops at the first fault.

use super::algorithms::Algorithm;
use super::cert::Certificate;
use super::constraints::{Budget, Constraints, Outside};
use super::extensions::usage;
use super::host::{Host, matches_host};
use super::names::{self, quoted};
use super::reason::{Reason, ReasonKind};
use super::search::{End, Path};
use super::trust::Policy;
use super::{strict, time};
use crate::crypto::sign::KeyKind;

/// Comparisons of names with name constraints in one evaluation, over all chains that are tried.
pub(super) const NAME_COMPARISONS: usize = 250_000;

const DAY: i64 = 86_400;
/// 2018-03-01 and 2020-09-01, from when public authorities may give 825 and 398 days at most.
const LIMIT_825: i64 = 1_519_862_400;
const LIMIT_398: i64 = 1_598_918_400;

const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// Step-up certificates of the export days: Microsoft's and Netscape's server-gated cryptography.
const MICROSOFT_SGC: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3];
const NETSCAPE_SGC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1];

/// What a chain is judged by.
pub(super) struct Rules<'a> {
    pub policies: &'a [Policy],
    pub now: i64,
}

/// The reasons gathered for one chain.
pub(super) struct Ledger(Vec<Reason>);

impl Ledger {
    pub fn add(&mut self, depth: usize, kind: ReasonKind, words: impl Into<String>) {
        let reason = Reason::new(depth, kind, words);
        if self.0.len() < 64 && !self.0.contains(&reason) {
            self.0.push(reason);
        }
    }
}

/// A certificate's name for sentences.
pub(super) fn called(certificate: &Certificate) -> String {
    let summary = certificate.subject_summary();
    if summary.is_empty() { "the certificate without a name".into() } else { quoted(&summary) }
}

/// Everything that is wrong with a chain, beyond where it ends.
pub(super) fn judge(path: &Path<'_>, rules: &Rules<'_>, budget: &mut Budget) -> Vec<Reason> {
    let mut ledger = Ledger(Vec::new());
    let server = rules.policies.iter().any(Policy::judges_server);
    for (depth, certificate) in path.certificates.iter().enumerate() {
        validity(depth, certificate, rules.now, &mut ledger);
        form(depth, certificate, &mut ledger);
        key_size(depth, certificate, server || path.end == End::Platform, &mut ledger);
        if !is_root(path, depth) {
            signature_strength(depth, certificate, server || path.end == End::Platform, &mut ledger);
        }
        if depth > 0 {
            issuer_rules(path, depth, &mut ledger);
        }
    }
    name_constraints(path, budget, &mut ledger);
    if let Some(leaf) = path.certificates.first() {
        leaf_rules(leaf, path, rules, &mut ledger);
    }
    if rules.policies.iter().any(Policy::is_strict) {
        strict::check(path, &mut ledger);
    }
    ledger.0
}

/// Whether nothing rests on the signature of this certificate: an anchor, or the self-signed end of a chain.
pub(super) fn is_root(path: &Path<'_>, depth: usize) -> bool {
    depth + 1 == path.certificates.len()
        && (path.end != End::Nowhere || path.certificates.get(depth).is_some_and(Certificate::is_self_issued))
}

fn leaf_rules(leaf: &Certificate, path: &Path<'_>, rules: &Rules<'_>, ledger: &mut Ledger) {
    if names::is_empty(leaf.subject_raw()) && leaf.alternative_names().is_empty() {
        ledger.add(
            0,
            ReasonKind::EmptySubject,
            "the certificate names nobody: it has no subject and no alternative name",
        );
    }
    for policy in rules.policies {
        if let Some(host) = policy.host() {
            host_name(leaf, host, ledger);
        }
        if let Some(server) = policy.ssl_side() {
            purposes(path, server, ledger);
            leaf_usage(leaf, server, ledger);
            if server && path.end == End::Platform {
                validity_period(leaf, ledger);
            }
        }
    }
}

fn validity(depth: usize, certificate: &Certificate, now: i64, ledger: &mut Ledger) {
    let name = called(certificate);
    let (from, to) = (certificate.not_before(), certificate.not_after());
    let words = if from > to {
        format!("{name} is never valid: it ends before it begins")
    } else if now < from {
        format!(
            "{name} is not valid before {}: check the clock, it says {}",
            time::words(from),
            time::words(now)
        )
    } else if now > to {
        format!(
            "{name} expired on {}: it has to be renewed (the clock says {})",
            time::words(to),
            time::words(now)
        )
    } else {
        return;
    };
    ledger.add(depth, ReasonKind::Validity, words);
}

/// Rules every certificate is held to, wherever it stands.
fn form(depth: usize, certificate: &Certificate, ledger: &mut Ledger) {
    let name = called(certificate);
    let extensions = certificate.extensions();
    for oid in &extensions.unknown_critical {
        let words = format!(
            "{name} has a critical extension that is not understood ({oid}), so it may not be used here"
        );
        ledger.add(depth, ReasonKind::CriticalExtension, words);
    }
    if let Some(rule) = extensions.policy_rules {
        let words =
            format!("{name} restricts certificate policies ({}), which are not processed here", rule.words());
        ledger.add(depth, ReasonKind::PolicyConstraints, words);
    }
    for known in &extensions.malformed {
        let words =
            format!("the {} of {name} cannot be read: the certificate has to be issued anew", known.words());
        ledger.add(depth, ReasonKind::UnparseableExtension, words);
    }
    if let Some(twice) = &extensions.duplicate {
        let words = format!("{name} has the extension {twice} twice: the certificate has to be issued anew");
        ledger.add(depth, ReasonKind::DuplicateExtension, words);
    }
    if !certificate.algorithms_agree() {
        let words =
            format!("{name} names two different signature algorithms: the certificate has to be issued anew");
        ledger.add(depth, ReasonKind::Processing, words);
    }
}

/// Below 1024 bits nothing holds; servers and public authorities need 2048. EC keys start at 256 bits: smaller
/// curves are not supported at all.
fn key_size(depth: usize, certificate: &Certificate, strong: bool, ledger: &mut Ledger) {
    let name = called(certificate);
    let Ok(key) = certificate.key() else {
        let words = format!(
            "the public key of {name} is of a kind or size that is not supported: it needs RSA, DSA, ECDSA on P-256, P-384 or P-521, or Ed25519"
        );
        return ledger.add(depth, ReasonKind::Processing, words);
    };
    let kind = match key.kind() {
        KeyKind::Rsa | KeyKind::RsaPss => "RSA",
        KeyKind::Dsa => "DSA",
        KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 | KeyKind::Ed25519 => return,
    };
    let bits = key.bits();
    let words = format!("the {kind} key of {name} has {bits} bits and can be forged: it needs 2048 or more");
    if bits < 1024 {
        ledger.add(depth, ReasonKind::WeakKey, words);
    } else if bits < 2048 && strong {
        ledger.add(depth, ReasonKind::KeySize, words);
    }
}

fn signature_strength(depth: usize, certificate: &Certificate, strong: bool, ledger: &mut Ledger) {
    let name = called(certificate);
    match certificate.algorithm() {
        Algorithm::Known { weak: Some(hash), .. } if strong => {
            let words = format!(
                "{name} is signed with {hash}, which can be forged: it has to be issued anew with SHA-256"
            );
            ledger.add(depth, ReasonKind::SignatureHash, words);
        }
        Algorithm::Known { .. } => {}
        Algorithm::Broken(hash) => {
            let words = format!(
                "{name} is signed with {hash}, which can be forged: it has to be issued anew with SHA-256"
            );
            ledger.add(depth, ReasonKind::WeakSignature, words);
        }
        Algorithm::Unknown(what) => {
            let words = format!("the signature of {name} cannot be checked: it uses {what}");
            ledger.add(depth, ReasonKind::Processing, words);
        }
    }
}

/// Rules for every certificate that issued another one of the chain.
fn issuer_rules(path: &Path<'_>, depth: usize, ledger: &mut Ledger) {
    let (Some(issuer), Some(child)) = (path.certificates.get(depth), path.certificates.get(depth - 1)) else {
        return;
    };
    let name = called(issuer);
    match issuer.extensions().basic {
        Some(basic) if basic.ca => {}
        Some(_) => {
            let words =
                format!("{name} issued a certificate but says that it is no authority (basic constraints)");
            ledger.add(depth, ReasonKind::BasicConstraintsCa, words);
        }
        None if issuer.version() < 3 => {
            let words = format!(
                "{name} is a version {} certificate, which cannot say that it is an authority: it has to be issued anew as version 3",
                issuer.version()
            );
            ledger.add(depth, ReasonKind::BasicConstraints, words);
        }
        None => {
            let words = format!(
                "{name} issued a certificate but does not say that it is an authority (no basic constraints)"
            );
            ledger.add(depth, ReasonKind::BasicConstraints, words);
        }
    }
    if issuer.key_usage().is_some_and(|bits| bits & usage::KEY_CERT_SIGN == 0) {
        let words = format!("the key of {name} may not sign certificates (key usage)");
        ledger.add(depth, ReasonKind::KeyUsage, words);
    }
    if names::is_empty(issuer.subject_raw()) {
        ledger.add(depth, ReasonKind::EmptySubject, "an authority of the chain has no name");
    }
    if let Some(allowed) = issuer.path_len() {
        let between = path.certificates.get(1..depth).unwrap_or_default();
        let count = between.iter().filter(|certificate| !certificate.is_self_issued()).count();
        if u32::try_from(count).is_ok_and(|count| count > allowed) {
            let words =
                format!("{name} allows {allowed} authorities below it, but there are {count} (path length)");
            ledger.add(depth, ReasonKind::PathLength, words);
        }
    }
    if let (Some(wanted), Some(given)) = (child.authority_key_id(), issuer.subject_key_id())
        && wanted != given
    {
        let words = format!(
            "{} names another key of its issuer than that of {name} (key identifiers)",
            called(child)
        );
        ledger.add(depth - 1, ReasonKind::IdLinkage, words);
    }
}

/// RFC 5280 section 6.1.3: constraints bind everything below, except self-issued certificates in between.
fn name_constraints(path: &Path<'_>, budget: &mut Budget, ledger: &mut Ledger) {
    for (depth, authority) in path.certificates.iter().enumerate().skip(1) {
        let Some(Ok(constraints)) = authority.name_constraints().map(Constraints::read) else { continue };
        for (below, certificate) in path.certificates.iter().enumerate().take(depth) {
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            let words = match constraints.allow(certificate, budget) {
                Ok(()) => continue,
                Err(Outside::Name(what)) => {
                    format!("{} may not issue a certificate for {what} (name constraints)", called(authority))
                }
                Err(Outside::TooMany) => {
                    format!(
                        "{} and its name constraints hold too many names to be compared",
                        called(certificate)
                    )
                }
            };
            ledger.add(below, ReasonKind::NameConstraints, words);
        }
    }
}

fn host_name(leaf: &Certificate, host: &[u8], ledger: &mut Ledger) {
    if matches_host(leaf, host) {
        return;
    }
    let wanted = quoted(&String::from_utf8_lossy(host));
    let is_address = matches!(Host::read(host), Host::Address(_));
    let mut given: Vec<String> = leaf.dns_names().iter().take(5).map(|name| names::printable(name)).collect();
    given.extend(leaf.ip_addresses().iter().take(5).map(ToString::to_string));
    let words = if given.is_empty() {
        format!(
            "the certificate has no alternative names, so it cannot be for {wanted}: it has to be issued anew with \
             that name as a subject alternative name (the common name is not looked at)"
        )
    } else {
        let hint = if is_address { ": connect by one of these names" } else { "" };
        format!("the certificate is not for {wanted} but for {}{hint}", given.join(", "))
    };
    ledger.add(0, ReasonKind::HostName, words);
}

/// Purposes bind the leaf and every authority below the anchor that lists some.
fn purposes(path: &Path<'_>, server: bool, ledger: &mut Ledger) {
    let accepted: &[&[u8]] = if server {
        &[SERVER_AUTH, ANY_PURPOSE, MICROSOFT_SGC, NETSCAPE_SGC]
    } else {
        &[CLIENT_AUTH, ANY_PURPOSE]
    };
    for (depth, certificate) in path.certificates.iter().enumerate() {
        if depth > 0 && is_root(path, depth) {
            continue;
        }
        let Some(mut purposes) = certificate.purposes() else { continue };
        if !purposes.any(|purpose| accepted.contains(&purpose)) {
            let words = format!(
                "{} is not meant for TLS {} (extended key usage)",
                called(certificate),
                if server { "servers" } else { "clients" }
            );
            ledger.add(depth, ReasonKind::ExtendedKeyUsage, words);
        }
    }
}

/// A TLS key signs or, in servers, is encrypted to (RFC 5246 section 7.4.2); a key for certificates alone does neither.
fn leaf_usage(leaf: &Certificate, server: bool, ledger: &mut Ledger) {
    let mut wanted = usage::DIGITAL_SIGNATURE | usage::KEY_AGREEMENT;
    if server {
        wanted |= usage::KEY_ENCIPHERMENT;
    }
    if leaf.key_usage().is_some_and(|bits| bits & wanted == 0) {
        let words = format!("the key of {} may not be used for TLS (key usage)", called(leaf));
        ledger.add(0, ReasonKind::KeyUsage, words);
    }
}

fn validity_period(leaf: &Certificate, ledger: &mut Ledger) {
    let days = match leaf.not_before() {
        issued if issued >= LIMIT_398 => 398,
        issued if issued >= LIMIT_825 => 825,
        _ => return,
    };
    if leaf.not_after().saturating_sub(leaf.not_before()) > days * DAY {
        let words = format!(
            "{} is valid for more than the {days} days a public authority may give: it has to be issued anew for a shorter time",
            called(leaf)
        );
        ledger.add(0, ReasonKind::ValidityPeriod, words);
    }
}
