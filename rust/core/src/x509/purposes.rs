//! What the purposes ask of a leaf, and of the authorities above it: names, key usage, extended key usage,
//! qualified statements.
//!
//! In: a chain and its policies. Out: reasons. Promise: `docs/trust.md` has the same rules in prose.

use super::allowances::Allowances;
use super::cert::Certificate;
use super::extensions::usage;
use super::host::{Host, matches_host, matches_name};
use super::ledger::{End, Ledger, Path, Rules, called, is_root};
use super::names::{self, GeneralName, quoted};
use super::policy::{Policy, Purpose};
use super::reason::ReasonKind;
use super::walk::dotted;

const DAY: i64 = 86_400;
/// 2018-03-01 and 2020-09-01, from when public authorities may give 825 and 398 days at most.
const LIMIT_825: i64 = 1_519_862_400;
const LIMIT_398: i64 = 1_598_918_400;

const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
const EMAIL_PROTECTION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
/// EAP over PPP and over LAN (RFC 4334).
const EAP_PPP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 13];
const EAP_LAN: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 14];
/// IKE (RFC 4945), its forerunner, and the three retired ones of IPsec.
const IPSEC_IKE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 17];
const IKE_INTERMEDIATE: &[u8] = &[0x2b, 6, 1, 5, 5, 8, 2, 2];
const IPSEC_END_SYSTEM: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 5];
const IPSEC_TUNNEL: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 6];
const IPSEC_USER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 7];
/// Step-up certificates of the export days: Microsoft's and Netscape's server-gated cryptography.
const MICROSOFT_SGC: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3];
const NETSCAPE_SGC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1];

/// Qualified certificates for websites (ETSI EN 319 412-5 and EN 319 411-2).
const QC_COMPLIANCE: &[u8] = &[0x04, 0, 0x8e, 0x46, 1, 1];
const QC_TYPE_WEB: &[u8] = &[0x04, 0, 0x8e, 0x46, 1, 6, 3];

/// What a purpose asks for.
struct Wanted {
    /// In words, for "is not meant for ...".
    what: &'static str,
    /// Extended key usages, one of which has to be there if any are.
    purposes: &'static [&'static [u8]],
    /// Whether they have to be there.
    must: bool,
    /// Key usage bits, one of which has to be set if the extension is there.
    usage: u16,
}

const SIGNS: u16 = usage::DIGITAL_SIGNATURE | usage::NON_REPUDIATION;
/// A TLS key signs or, in servers, is encrypted to (RFC 5246 section 7.4.2).
const TLS_CLIENT: u16 = usage::DIGITAL_SIGNATURE | usage::KEY_AGREEMENT;
const TLS_SERVER: u16 = TLS_CLIENT | usage::KEY_ENCIPHERMENT;

fn wanted(purpose: &Purpose) -> Option<Wanted> {
    let (what, purposes, must, usage): (_, &[&[u8]], _, _) = match purpose {
        Purpose::Ssl { server: true, .. } => {
            ("TLS servers", &[SERVER_AUTH, ANY_PURPOSE, MICROSOFT_SGC, NETSCAPE_SGC], false, TLS_SERVER)
        }
        Purpose::Ssl { server: false, .. } => ("TLS clients", &[CLIENT_AUTH, ANY_PURPOSE], false, TLS_CLIENT),
        Purpose::Eap { server: true, .. } => {
            ("EAP servers", &[SERVER_AUTH, ANY_PURPOSE, EAP_LAN, EAP_PPP], false, TLS_SERVER)
        }
        Purpose::Eap { server: false, .. } => {
            ("EAP clients", &[CLIENT_AUTH, ANY_PURPOSE, EAP_LAN, EAP_PPP], false, TLS_CLIENT)
        }
        Purpose::Ipsec { server: true, .. } => (
            "IPsec servers",
            &[
                SERVER_AUTH,
                ANY_PURPOSE,
                IPSEC_IKE,
                IKE_INTERMEDIATE,
                IPSEC_END_SYSTEM,
                IPSEC_TUNNEL,
                IPSEC_USER,
            ],
            false,
            SIGNS,
        ),
        Purpose::Ipsec { server: false, .. } => (
            "IPsec clients",
            &[
                CLIENT_AUTH,
                ANY_PURPOSE,
                IPSEC_IKE,
                IKE_INTERMEDIATE,
                IPSEC_END_SYSTEM,
                IPSEC_TUNNEL,
                IPSEC_USER,
            ],
            false,
            SIGNS,
        ),
        Purpose::Mail { .. } => (
            "mail",
            &[EMAIL_PROTECTION, ANY_PURPOSE],
            false,
            SIGNS | usage::KEY_ENCIPHERMENT | usage::KEY_AGREEMENT,
        ),
        Purpose::CodeSigning => ("signing programs", &[CODE_SIGNING], true, usage::DIGITAL_SIGNATURE),
        Purpose::TimeStamping => ("time stamps", &[TIME_STAMPING], true, SIGNS),
        Purpose::Basic | Purpose::Revocation { .. } => return None,
    };
    Some(Wanted { what, purposes, must, usage })
}

/// All rules of all policies.
pub(super) fn check(path: &Path<'_>, rules: &Rules<'_>, ledger: &mut Ledger) {
    let Some(leaf) = path.certificates.first() else { return };
    for policy in rules.policies {
        names(leaf, policy, ledger);
        if let Some(wanted) = wanted(&policy.0) {
            extended_usage(path, &wanted, ledger);
            leaf_usage(leaf, &wanted, ledger);
        }
        if let Purpose::Ssl { server: true, qualified, .. } = policy.0 {
            if path.end == End::Platform {
                validity_period(leaf, ledger);
            }
            if qualified {
                qualified_statements(leaf, ledger);
            }
        }
    }
}

/// One of the names a policy asks for has to be in the leaf.
fn names(leaf: &Certificate, policy: &Policy, ledger: &mut Ledger) {
    let names = policy.names();
    if names.is_empty() {
        return;
    }
    let fits = |name: &&&[u8]| match policy.0 {
        Purpose::Ssl { .. } | Purpose::Eap { server: true, .. } => matches_host(leaf, name),
        Purpose::Mail { .. } => has_address(leaf, name),
        _ => matches_host(leaf, name) || has_address(leaf, name),
    };
    if names.iter().find(fits).is_some() {
        return;
    }
    let wanted: Vec<String> = names.iter().map(|name| quoted(&String::from_utf8_lossy(name))).collect();
    host_name(leaf, &names, &wanted.join(" or "), ledger);
}

/// Whether an e-mail address stands in the certificate; the part before the at sign counts letter by letter.
fn has_address(leaf: &Certificate, wanted: &[u8]) -> bool {
    let split = |address: &[u8]| {
        let at = address.iter().rposition(|byte| *byte == b'@')?;
        Some((address[..at].to_vec(), address[at + 1..].to_ascii_lowercase()))
    };
    let Some(wanted) = split(wanted) else { return false };
    let fits = |address: &[u8]| split(address).as_ref() == Some(&wanted);
    let alternative = |name: &GeneralName<'_>| matches!(name, GeneralName::Email(address) if fits(address));
    leaf.alternative_names().iter().any(alternative)
        || names::email_attributes(leaf.subject_raw()).iter().any(|address| fits(address.as_bytes()))
}

fn host_name(leaf: &Certificate, hosts: &[&[u8]], wanted: &str, ledger: &mut Ledger) {
    let alternatives = leaf.alternative_names();
    let domains = alternatives.iter().filter_map(|name| match name {
        GeneralName::Dns(text) => Some(names::printable(&String::from_utf8_lossy(text))),
        _ => None,
    });
    let mut given: Vec<String> = domains.take(5).collect();
    given.extend(leaf.ip_addresses().iter().take(5).map(ToString::to_string));
    let for_hosts = |name: &GeneralName<'_>| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_));
    let nameless = !alternatives.iter().any(for_hosts);
    let common = leaf.common_name().unwrap_or_default();
    let by_common = nameless && hosts.iter().any(|host| matches_name(common.as_bytes(), host));
    let words = if nameless && !common.is_empty() {
        format!(
            "the certificate is for {} by its common name alone, which does not count: it has to be issued anew \
             with {wanted} as a subject alternative name",
            quoted(&common)
        )
    } else if given.is_empty() {
        format!(
            "the certificate has no alternative names, so it cannot be for {wanted}: it has to be issued anew with \
             that name as a subject alternative name"
        )
    } else {
        let addresses = hosts.iter().any(|host| matches!(Host::read(host), Host::Address(_)));
        let hint = if addresses { ": connect by one of these names" } else { "" };
        format!("the certificate is not for {wanted} but for {}{hint}", given.join(", "))
    };
    let excuse = if by_common { Allowances::COMMON_NAME } else { Allowances::default() };
    ledger.add_excusable(0, ReasonKind::HostName, excuse, words);
}

/// Purposes bind the leaf and every authority below the anchor that lists some.
fn extended_usage(path: &Path<'_>, wanted: &Wanted, ledger: &mut Ledger) {
    for (depth, certificate) in path.certificates.iter().enumerate() {
        if depth > 0 && is_root(path, depth) {
            continue;
        }
        let fits = match certificate.purposes() {
            Some(mut listed) => listed.any(|purpose| wanted.purposes.contains(&purpose)),
            None => depth > 0 || !wanted.must,
        };
        if !fits {
            let words =
                format!("{} is not meant for {} (extended key usage)", called(certificate), wanted.what);
            ledger.add(depth, ReasonKind::ExtendedKeyUsage, words);
        }
    }
}

/// A key that is for certificates alone does nothing else; an authority that shows its own certificate, as much old
/// equipment does, is what it is.
fn leaf_usage(leaf: &Certificate, wanted: &Wanted, ledger: &mut Ledger) {
    if !leaf.is_ca() && leaf.key_usage().is_some_and(|bits| bits & wanted.usage == 0) {
        let words = format!("the key of {} may not be used for {} (key usage)", called(leaf), wanted.what);
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
            "{} is valid for more than the {days} days a public authority may give: it has to be issued anew for a \
             shorter time",
            called(leaf)
        );
        ledger.add(0, ReasonKind::ValidityPeriod, words);
    }
}

/// Whether the statements are there that make a certificate a qualified one for websites.
pub(super) fn is_qualified_for_web(leaf: &Certificate) -> bool {
    let (statements, types) = leaf.qualified_statements();
    let stated = statements.iter().any(|oid| *oid == dotted(QC_COMPLIANCE));
    stated && types.iter().any(|oid| *oid == dotted(QC_TYPE_WEB))
}

fn qualified_statements(leaf: &Certificate, ledger: &mut Ledger) {
    if !is_qualified_for_web(leaf) {
        let words = format!(
            "{} does not state that it is a qualified certificate for websites (QcCompliance and QcType web)",
            called(leaf)
        );
        ledger.add(0, ReasonKind::Unqualified, words);
    }
}
