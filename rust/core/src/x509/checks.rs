//! The rules a chain is held to, one function each.
//!
//! In: a chain with what it ends in, the policies, the moment. Out: one [`Reason`] for every rule broken, with
//! a sentence a person can act on. Promise: all rules are looked at; none stops at the first fault.

use super::algorithms::{Algorithm, Weak};
use super::allowances::Allowances;
use super::cert::Certificate;
use super::constraints::{Budget, Constraints, Outside};
use super::extensions::{Known, usage};
use super::ledger::{End, Judged, Ledger, Path, Rules, called, is_root};
use super::names;
use super::policy::Policy;
use super::reason::ReasonKind;
use super::revocation::Evidence;
use super::{form, policies, purposes, time};
use crate::crypto::sign::KeyKind;

/// Comparisons of names with name constraints in one evaluation, over all chains that are tried.
pub(super) const NAME_COMPARISONS: usize = 250_000;

/// Everything that is wrong with a chain, beyond where it ends.
pub(super) fn judge(
    path: &Path<'_>,
    rules: &Rules<'_>,
    evidence: &mut Evidence<'_>,
    budget: &mut Budget,
) -> Judged {
    let mut ledger = Ledger::allowing(rules.allowed);
    let strong = rules.policies.iter().any(Policy::wants_strength) || path.end == End::Platform;
    for (depth, certificate) in path.certificates.iter().enumerate() {
        let root = is_root(path, depth);
        if !(root && depth > 0 && rules.old_roots) {
            validity(depth, certificate, rules.now, &mut ledger);
        }
        shape(depth, certificate, &mut ledger);
        key_size(depth, certificate, strong, &mut ledger);
        if !root {
            signature_strength(depth, certificate, strong, &mut ledger);
        }
        if depth > 0 {
            issuer_rules(path, depth, &mut ledger);
        }
    }
    path_limit(path, rules.limit, &mut ledger);
    name_constraints(path, budget, &mut ledger);
    policy_constraints(path, &mut ledger);
    let leaf = path.certificates.first();
    if leaf.is_some_and(|leaf| names::is_empty(leaf.subject_raw()) && leaf.alternative_names().is_empty()) {
        ledger.add(
            0,
            ReasonKind::EmptySubject,
            "the certificate names nobody: it has no subject and no alternative name",
        );
    }
    purposes::check(path, rules, &mut ledger);
    if rules.policies.iter().any(Policy::wants_form) {
        form::check(path, rules, &mut ledger);
    }
    let revocation = evidence.check(path, rules, &mut ledger);
    ledger.close(revocation)
}

fn validity(depth: usize, certificate: &Certificate, now: i64, ledger: &mut Ledger) {
    let name = called(certificate);
    let (from, to) = (certificate.not_before(), certificate.not_after());
    let mut excuse = Allowances::default();
    let words = if from > to {
        format!("{name} is never valid: it ends before it begins")
    } else if now < from {
        format!(
            "{name} is not valid before {}: check the clock, it says {}",
            time::words(from),
            time::words(now)
        )
    } else if now > to {
        excuse = Allowances::EXPIRED;
        format!(
            "{name} expired on {}: it has to be renewed (the clock says {})",
            time::words(to),
            time::words(now)
        )
    } else {
        return;
    };
    ledger.add_excusable(depth, ReasonKind::Validity, excuse, words);
}

/// Rules every certificate is held to, wherever it stands.
fn shape(depth: usize, certificate: &Certificate, ledger: &mut Ledger) {
    let name = called(certificate);
    let extensions = certificate.extensions();
    for oid in &extensions.unknown_critical {
        let words = format!(
            "{name} has a critical extension that is not understood ({oid}), so it may not be used here"
        );
        ledger.add(depth, ReasonKind::CriticalExtension, words);
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
    // RFC 5280 sections 4.2.1.1, 4.2.1.2 and 4.2.1.10: nobody has a reason to do otherwise.
    let critical = |known| extensions.criticality(known) == Some(true);
    if critical(Known::SubjectKeyId) || critical(Known::AuthorityKeyId) {
        let words = format!("{name} marks a key identifier as critical: it has to be issued anew");
        ledger.add(depth, ReasonKind::CriticalExtension, words);
    }
    if !certificate.is_ca() && extensions.criticality(Known::NameConstraints).is_some() {
        let words = format!("{name} constrains names although it is no authority: it has to be issued anew");
        ledger.add(depth, ReasonKind::NameConstraints, words);
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
        ledger.add_excusable(depth, ReasonKind::WeakKey, Allowances::SMALL_RSA, words);
    } else if bits < 2048 && strong {
        ledger.add_excusable(depth, ReasonKind::KeySize, Allowances::SMALL_RSA, words);
    }
}

fn signature_strength(depth: usize, certificate: &Certificate, strong: bool, ledger: &mut Ledger) {
    let name = called(certificate);
    let forged = |hash: &str| {
        format!("{name} is signed with {hash}, which can be forged: it has to be issued anew with SHA-256")
    };
    match certificate.algorithm() {
        Algorithm::Known { weak: Some(Weak::Md5), .. } => {
            let words = forged(Weak::Md5.name());
            ledger.add_excusable(depth, ReasonKind::WeakSignature, Allowances::MD5, words);
        }
        Algorithm::Known { weak: Some(Weak::Sha1), .. } if strong => {
            let words = forged(Weak::Sha1.name());
            ledger.add_excusable(depth, ReasonKind::SignatureHash, Allowances::SHA1, words);
        }
        Algorithm::Known { .. } => {}
        Algorithm::Broken(hash) => ledger.add(depth, ReasonKind::WeakSignature, forged(hash)),
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
            ledger.add_excusable(depth, ReasonKind::BasicConstraints, Allowances::V1_AUTHORITY, words);
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

/// RFC 5280 section 6.1: an authority may ask the chain below it to agree on a policy.
fn policy_constraints(path: &Path<'_>, ledger: &mut Ledger) {
    let Err(depth) = policies::check(path.certificates) else { return };
    let name = path.certificates.get(depth).map(called).unwrap_or_default();
    let words = format!(
        "an authority of the chain asks for a certificate policy, and at {name} none is left that all agree on"
    );
    ledger.add(depth, ReasonKind::PolicyConstraints, words);
}

/// The caller's own limit; as with path lengths, self-issued certificates are not counted.
fn path_limit(path: &Path<'_>, limit: Option<usize>, ledger: &mut Ledger) {
    let Some(limit) = limit else { return };
    let between = path.certificates.get(1..path.certificates.len().saturating_sub(1)).unwrap_or_default();
    let count = between.iter().filter(|certificate| !certificate.is_self_issued()).count();
    if count > limit {
        let words = format!(
            "there are {count} authorities between the certificate and its anchor, more than the {limit} allowed"
        );
        ledger.add(0, ReasonKind::PathLength, words);
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
