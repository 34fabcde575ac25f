//! The form that RFC 5280 and the CA/Browser Forum's baseline requirements give to the chain of a TLS server.
//!
//! In: a chain. Out: reasons for what its authorities should not have issued. Promise: a leaf that is its own anchor
//! is let be, an anchor of the platform too; whoever uses none of an extension is not held to its details; what
//! authorities of old did otherwise is excused by the allowance for them. `docs/trust.md` has the rules in prose.

use super::allowances::Allowances;
use super::cert::Certificate;
use super::constraints::Constraints;
use super::extensions::{AuthorityKey, Known, usage};
use super::ledger::{End, Ledger, Path, Rules, called, is_root};
use super::names::{self, GeneralName};
use super::reason::ReasonKind;
use crate::crypto::sign::KeyKind;

/// All rules over a whole chain.
pub(super) fn check(path: &Path<'_>, rules: &Rules<'_>, ledger: &mut Ledger) {
    // A single certificate is trusted for itself, or ends nowhere.
    let [leaf, _, ..] = path.certificates else { return };
    for (depth, pair) in path.certificates.windows(2).enumerate() {
        let [child, issuer] = pair else { continue };
        let admitted = path.end == End::Platform && is_root(path, depth + 1);
        key_identifiers(depth, child, issuer, admitted, ledger);
        tls_features(depth, child, issuer, ledger);
        if !admitted {
            authority(depth + 1, issuer, path.end, ledger);
        }
    }
    if let Some(root) = path.certificates.last().filter(|root| root.is_self_issued())
        && path.end != End::Platform
    {
        own_identifier(path.certificates.len() - 1, root, ledger);
    }
    leaf_bits(leaf, rules.leaf_is_authority, ledger);
    alternative_names(leaf, ledger);
    common_name(leaf, ledger);
}

/// What authorities of old did otherwise; whoever lets those pass that say nothing of being an authority lets these
/// pass.
fn add(depth: usize, kind: ReasonKind, words: String, ledger: &mut Ledger) {
    let excuse = if depth > 0 { Allowances::V1_AUTHORITY } else { Allowances::default() };
    ledger.add_excusable(depth, kind, excuse, words);
}

/// RFC 5280 sections 4.2.1.1 and 4.2.1.2: key identifiers come in pairs, one in the issuer and one in what it
/// issues. A certificate without any is let pass, as is the issuer that it has: then the signature alone decides.
fn key_identifiers(
    depth: usize,
    child: &Certificate,
    issuer: &Certificate,
    admitted: bool,
    ledger: &mut Ledger,
) {
    let (child_name, issuer_name) = (called(child), called(issuer));
    let (own, wanted) = (child.subject_key_id(), child.authority_key_id());
    if own.is_some() && wanted.is_none() && issuer.subject_key_id().is_some() {
        let words = format!(
            "{child_name} has an identifier of its own key but none of the key of {issuer_name}: it has to be \
             issued anew with an authority key identifier"
        );
        add(depth, ReasonKind::IdLinkage, words, ledger);
    }
    if wanted.is_some() && issuer.subject_key_id().is_none() && !admitted {
        let words = format!(
            "{child_name} refers to {issuer_name} by a key identifier that it does not have: {issuer_name} has to \
             be issued anew with a subject key identifier"
        );
        add(depth + 1, ReasonKind::IdLinkage, words, ledger);
    }
}

/// RFC 7633 section 4.2.2: what an authority promises in its own certificate, all that it issues has to promise too.
fn tls_features(depth: usize, child: &Certificate, issuer: &Certificate, ledger: &mut Ledger) {
    let given = child.tls_features();
    let lacks = |feature: &&u32| given.binary_search(feature).is_err();
    if let Some(feature) = issuer.tls_features().iter().find(lacks) {
        let words = format!(
            "{} asks that all it issues promise the TLS feature {feature}, and {} does not: it has to be issued anew \
             with the extension of RFC 7633",
            called(issuer),
            called(child)
        );
        ledger.add(depth, ReasonKind::TlsFeatures, words);
    }
}

/// What a self-signed authority says of its issuer is itself (baseline requirements 7.1.2.1.3; RFC 5280 section
/// 4.2.1.1 lets it say nothing).
fn own_identifier(depth: usize, root: &Certificate, ledger: &mut Ledger) {
    let Some(AuthorityKey { key_id, issuer, serial }) = root.extensions().authority_key.as_ref() else {
        return;
    };
    let own_name = || {
        let value = issuer.as_ref().map(|range| root.slice(range)).unwrap_or_default();
        let listed = names::listed(value).unwrap_or_default();
        listed.iter().any(|name| {
            matches!(name, GeneralName::Directory(raw) if *names::normalise(raw) == *root.normalized_subject())
        })
    };
    let own_serial = serial.as_ref().is_some_and(|range| root.slice(range) == root.serial());
    let itself = match (issuer.is_some() || serial.is_some(), key_id) {
        (false, None) => false,
        (named, _) => {
            (!named || own_serial && own_name())
                && (key_id.is_none() || root.authority_key_id() == root.subject_key_id())
        }
    };
    if !itself {
        let words = format!(
            "{} is signed by itself but its authority key identifier does not name itself: it has to be issued anew",
            called(root)
        );
        add(depth, ReasonKind::IdLinkage, words, ledger);
    }
}

/// RFC 5280 sections 4.2.1.9 to 4.2.1.11, and baseline requirements 6.1.5 on the keys of authorities.
fn authority(depth: usize, issuer: &Certificate, end: End, ledger: &mut Ledger) {
    let name = called(issuer);
    let extensions = issuer.extensions();
    let mut uncritical = vec![(Known::BasicConstraints, ReasonKind::BasicConstraints)];
    // Public authorities may leave constraints uncritical, and old ones among them put dots before domains.
    if end != End::Platform {
        uncritical.push((Known::PolicyConstraints, ReasonKind::PolicyConstraints));
        uncritical.push((Known::NameConstraints, ReasonKind::NameConstraints));
        let constraints = issuer.name_constraints().and_then(|value| Constraints::read(value).ok());
        if constraints.is_some_and(|constraints| constraints.dotted_dns) {
            let words = format!(
                "{name} constrains DNS names with a leading dot: it has to be issued anew without it, the domain \
                 stands for all below it"
            );
            add(depth, ReasonKind::UnparseableExtension, words, ledger);
        }
    }
    for (known, kind) in uncritical {
        if extensions.criticality(known) == Some(false) {
            let words =
                format!("{name} does not mark its {} as critical: it has to be issued anew", known.words());
            add(depth, kind, words, ledger);
        }
    }
    let Ok(key) = issuer.key() else { return };
    let words = match key.kind() {
        KeyKind::Dsa => {
            format!("{name} signs with a DSA key: an authority for TLS servers needs RSA or ECDSA")
        }
        KeyKind::Rsa | KeyKind::RsaPss if key.bits() % 8 != 0 => format!(
            "the RSA key of {name} has {} bits, not a multiple of 8: it has to be replaced",
            key.bits()
        ),
        _ => return,
    };
    add(depth, ReasonKind::KeySize, words, ledger);
}

/// RFC 5280 section 4.2.1.9: being an authority and signing certificates go together. An authority may show its own
/// certificate, as much old equipment does.
fn leaf_bits(leaf: &Certificate, may_be_authority: bool, ledger: &mut Ledger) {
    let name = called(leaf);
    let Some(bits) = leaf.key_usage() else { return };
    let signs = bits & usage::KEY_CERT_SIGN != 0;
    if signs && !leaf.is_ca() {
        let words = format!(
            "{name} may sign certificates by its key usage but is no authority by its basic constraints: it has to \
             be issued anew without keyCertSign"
        );
        add(0, ReasonKind::KeyUsage, words, ledger);
    }
    if !signs && leaf.is_ca() && !may_be_authority {
        let words = format!(
            "{name} is an authority by its basic constraints but not by its key usage: it has to be issued anew as \
             one or the other"
        );
        add(0, ReasonKind::BasicConstraintsCa, words, ledger);
    }
}

/// RFC 5280 section 4.2.1.6: alternative names are critical exactly where they are all the names there are, and host
/// names are letters, digits and hyphens. What is no host name for other reasons never matches one.
fn alternative_names(leaf: &Certificate, ledger: &mut Ledger) {
    let name = called(leaf);
    let nameless = names::is_empty(leaf.subject_raw());
    match leaf.extensions().criticality(Known::SubjectAltName) {
        Some(true) if !nameless => {
            let words = format!(
                "{name} marks its alternative names as critical although it has a subject: it has to be issued anew"
            );
            add(0, ReasonKind::CriticalExtension, words, ledger);
        }
        Some(false) if nameless => {
            let words = "the certificate has no subject and does not mark its alternative names as critical: it has \
                         to be issued anew with one or the other";
            add(0, ReasonKind::EmptySubject, words.into(), ledger);
        }
        _ => {}
    }
    let underscored =
        |name: &&GeneralName<'_>| matches!(name, GeneralName::Dns(text) if text.contains(&b'_'));
    if let Some(GeneralName::Dns(text)) = leaf.alternative_names().iter().find(underscored) {
        let words = format!(
            "{name} has the alternative name {}, which is no host name because of the underscore: it has to be \
             issued anew with a hyphen instead",
            names::quoted(&String::from_utf8_lossy(text))
        );
        add(0, ReasonKind::UnparseableExtension, words, ledger);
    }
}

/// Baseline requirements 7.1.4.3: a host in the common name repeats an alternative name letter by letter. Nobody looks
/// at common names to find out whether a host is the right one, but people read them.
fn common_name(leaf: &Certificate, ledger: &mut Ledger) {
    let Some(common) = leaf.common_name() else { return };
    let alternatives = leaf.alternative_names();
    let domains = alternatives.iter().filter_map(|name| match name {
        GeneralName::Dns(text) => core::str::from_utf8(text).ok(),
        _ => None,
    });
    let domains: Vec<&str> = domains.collect();
    let misleads = match address_of(&common) {
        Some(address) => leaf.ip_addresses().iter().any(|one| *one == address && one.to_string() != common),
        None if domains.is_empty() || domains.contains(&common.as_str()) => false,
        None => may_be_taken_for_one(&common, &domains),
    };
    if misleads {
        let words = format!(
            "the common name {} is a host that is not among the alternative names in this spelling: the certificate \
             has to be issued anew with the host among them, or without a common name",
            names::quoted(&common)
        );
        add(0, ReasonKind::HostName, words, ledger);
    }
}

/// Whether a common name could be read as one of the hosts: another spelling, an international name (letters of many
/// scripts look alike), a host beside one of them.
fn may_be_taken_for_one(common: &str, domains: &[&str]) -> bool {
    let Some((_, domain)) = common.split_once('.') else { return false };
    let international = !common.is_ascii() || common.split('.').any(|label| label.starts_with("xn--"));
    let beside =
        |name: &str| name.split_once('.').is_some_and(|(_, other)| other.contains('.') && other == domain);
    let host = !common.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '/' | ':' | '*'));
    let respelt = |name: &str| name.eq_ignore_ascii_case(common);
    host && (international || domains.iter().any(|name| respelt(name) || beside(name)))
}

/// The address a text stands for, in whatever spelling: leading zeros and hexadecimal ones too.
fn address_of(text: &str) -> Option<core::net::IpAddr> {
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return u32::from_str_radix(hexadecimal, 16)
            .ok()
            .map(|number| core::net::Ipv4Addr::from(number).into());
    }
    let octets: Vec<u8> = text.split('.').map_while(|part| part.parse().ok()).collect();
    match <[u8; 4]>::try_from(octets) {
        Ok(octets) if text.split('.').count() == 4 => Some(octets.into()),
        _ => text.parse().ok(),
    }
}
