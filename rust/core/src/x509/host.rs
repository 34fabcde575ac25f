//! Whether a certificate's alternative names include a host (RFC 9525, and the rules of the SSL policy).
//!
//! In: alternative names and the host a caller asked for. Out: yes or no. Promise: the common name is never
//! looked at; an address is only ever matched by an address, a name only by a name.

use super::cert::Certificate;
use super::names::GeneralName;
use core::net::{Ipv4Addr, Ipv6Addr};

/// An address a host may be written as.
pub(super) enum Host<'a> {
    /// The octets of an IP address.
    Address(Vec<u8>),
    /// A DNS name without its trailing dot.
    Name(&'a [u8]),
}

impl<'a> Host<'a> {
    /// Reads a host as a caller gives it; brackets around an IPv6 address and one trailing dot are allowed.
    pub fn read(host: &'a [u8]) -> Host<'a> {
        let text = core::str::from_utf8(host).unwrap_or_default();
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Host::Address(address.octets().to_vec());
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<Ipv6Addr>() {
            return Host::Address(address.octets().to_vec());
        }
        Host::Name(host.strip_suffix(b".").unwrap_or(host))
    }
}

/// Whether one of the certificate's alternative names is this host.
#[must_use]
pub fn matches_host(certificate: &Certificate, host: &[u8]) -> bool {
    let host = Host::read(host);
    certificate.alternative_names().into_iter().any(|name| match (&host, name) {
        (Host::Address(address), GeneralName::Ip(octets)) => address == octets,
        (Host::Name(name), GeneralName::Dns(pattern)) => matches_pattern(pattern, name),
        _ => false,
    })
}

/// Whether a name as certificates write them, wildcards included, is this host; an address has to be spelt the same.
pub(super) fn matches_name(pattern: &[u8], host: &[u8]) -> bool {
    match Host::read(host) {
        Host::Address(address) => match Host::read(pattern) {
            Host::Address(other) => address == other,
            Host::Name(_) => false,
        },
        Host::Name(name) => matches_pattern(pattern, name),
    }
}

/// Label by label and without regard to case; `*` stands for one whole label, the left-most.
fn matches_pattern(pattern: &[u8], host: &[u8]) -> bool {
    let pattern = pattern.strip_suffix(b".").unwrap_or(pattern);
    if !is_host_name(host) {
        return false;
    }
    match pattern.strip_prefix(b"*.") {
        Some(rest) => {
            let Some(dot) = host.iter().position(|byte| *byte == b'.') else { return false };
            !is_top_level(rest) && is_host_name(rest) && host[dot + 1..].eq_ignore_ascii_case(rest)
        }
        None => is_host_name(pattern) && host.eq_ignore_ascii_case(pattern),
    }
}

/// Non-empty labels of at most 63 letters, digits, hyphens and underscores; 253 in all. Underscores are no
/// host names by RFC 952, but stand in many internal ones. All-numeric last labels would be addresses.
pub(super) fn is_host_name(name: &[u8]) -> bool {
    let label = |label: &[u8]| {
        (1..=63).contains(&label.len())
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with(b"-")
            && !label.ends_with(b"-")
    };
    let mut labels = name.rsplit(|byte| *byte == b'.');
    name.len() <= 253
        && labels.next().is_some_and(|last| label(last) && !last.iter().all(u8::is_ascii_digit))
        && labels.all(label)
}

/// Whether a wildcard may not stand directly before `domain`: a single label, or one of the second-level
/// registries below country codes (`co.uk`, `com.au`). A public suffix list would be out of date in a library.
fn is_top_level(domain: &[u8]) -> bool {
    const REGISTRIES: [&[u8]; 17] = [
        b"ac", b"co", b"com", b"edu", b"go", b"gob", b"gov", b"govt", b"gv", b"ltd", b"mil", b"ne", b"net",
        b"nom", b"or", b"org", b"sch",
    ];
    let mut labels = domain.split(|byte| *byte == b'.');
    match (labels.next(), labels.next(), labels.next()) {
        (Some(_), None, _) => true,
        (Some(second), Some(top), None) => {
            top.len() == 2 && REGISTRIES.iter().any(|registry| second.eq_ignore_ascii_case(registry))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str, host: &str) -> bool {
        match Host::read(host.as_bytes()) {
            Host::Name(name) => matches_pattern(pattern.as_bytes(), name),
            Host::Address(_) => false,
        }
    }

    #[test]
    fn names_match_label_by_label_without_regard_to_case_and_one_trailing_dot() {
        for (pattern, host) in [
            ("www.example.com", "WWW.Example.COM"),
            ("www.example.com", "www.example.com."),
            ("www.example.com.", "www.example.com"),
            ("localhost", "localhost"),
            ("*.example.com", "www.example.com"),
            ("*.Example.com", "a_b.example.com"),
            ("*.foo.co.uk", "www.foo.co.uk"),
        ] {
            assert!(matched(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn wildcards_stand_for_one_whole_left_label_and_never_for_a_domain_below_a_registry() {
        for (pattern, host) in [
            ("*.example.com", "example.com"),
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", ".example.com"),
            ("w*.example.com", "www.example.com"),
            ("*w.example.com", "www.example.com"),
            ("www.*.com", "www.example.com"),
            ("*.com", "example.com"),
            ("*.co.uk", "example.co.uk"),
            ("*", "localhost"),
            ("*.", "localhost"),
            ("*.*.example.com", "a.b.example.com"),
            ("www.example.com", "www.example.com.."),
            ("", ""),
            ("*.example.com", "*.example.com"),
        ] {
            assert!(!matched(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn addresses_are_recognised_in_all_their_spellings() {
        for (text, octets) in [("127.0.0.1", 4), ("::1", 16), ("[::1]", 16), ("2001:DB8::1", 16)] {
            assert!(matches!(Host::read(text.as_bytes()), Host::Address(address) if address.len() == octets));
        }
        for text in ["127.0.0.1.example", "0x7f.0.0.1", "1.2.3", "127.0.0.01"] {
            assert!(matches!(Host::read(text.as_bytes()), Host::Name(_)), "{text}");
        }
    }
}
