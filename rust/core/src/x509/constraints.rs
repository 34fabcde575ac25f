//! Name constraints (RFC 5280 section 4.2.1.10): which names an authority may sign.
//!
//! In: the NameConstraints of an authority and the names of a certificate below it. Out: what is outside.
//! Promise: what cannot be compared is outside; the number of comparisons is bounded by a budget shared by a
//! whole evaluation, because names times subtrees is what hostile chains blow up.

use super::cert::Certificate;
use super::host::is_host_name;
use super::names::{self, GeneralName, normalise, quoted};
use super::walk::{self, Items, Malformed, context_number};
use der::Tag;

/// A constraint, ready for comparison.
#[derive(Clone, Debug)]
enum Subtree<'a> {
    Dns(&'a [u8]),
    Email(&'a [u8]),
    Uri(&'a [u8]),
    Ip {
        network: &'a [u8],
        mask: &'a [u8],
    },
    /// The normalised name.
    Directory(Box<[u8]>),
    Other(u32),
}

/// The constraints of one authority.
#[derive(Clone, Debug)]
pub(super) struct Constraints<'a> {
    permitted: Vec<Subtree<'a>>,
    excluded: Vec<Subtree<'a>>,
    /// Whether a DNS subtree begins with a dot, which RFC 5280 knows for URIs only.
    pub dotted_dns: bool,
}

/// What may still be compared in one evaluation.
pub(super) struct Budget(pub usize);

impl Budget {
    fn spend(&mut self, amount: usize) -> Result<(), Outside> {
        self.0 = self.0.checked_sub(amount).ok_or(Outside::TooMany)?;
        Ok(())
    }
}

/// Why a name may not stand below an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outside {
    /// This name, in words.
    Name(String),
    /// More comparisons than are made.
    TooMany,
}

impl<'a> Constraints<'a> {
    /// Reads a NameConstraints value; empty lists, unknown distances and senseless bases do not parse.
    pub fn read(value: &'a [u8]) -> Result<Constraints<'a>, Malformed> {
        let mut fields = Items::new(walk::only(value, Tag::Sequence)?.value);
        let permitted = fields.optional(0)?.map(|item| subtrees(item.value)).transpose()?.unwrap_or_default();
        let excluded = fields.optional(1)?.map(|item| subtrees(item.value)).transpose()?.unwrap_or_default();
        fields.end()?;
        if permitted.is_empty() && excluded.is_empty() {
            return Err(Malformed);
        }
        let dotted = |tree: &Subtree<'_>| matches!(tree, Subtree::Dns([b'.', ..]));
        let dotted_dns = permitted.iter().chain(&excluded).any(dotted);
        Ok(Constraints { permitted, excluded, dotted_dns })
    }

    /// Whether all names of a certificate may stand below this authority.
    pub fn allow(&self, certificate: &Certificate, budget: &mut Budget) -> Result<(), Outside> {
        // Reading many names again for every authority costs something too.
        budget.spend(certificate.alternative_names_size() / 64)?;
        let alternatives = certificate.alternative_names();
        for name in &alternatives {
            self.allow_name(name, budget)?;
        }
        let subject = certificate.subject_raw();
        if !names::is_empty(subject) {
            let attributes = names::attributes(subject).map_or(1, |list| list.len());
            budget.spend(attributes)?;
            self.allow_name(&GeneralName::Directory(subject), budget)?;
        }
        // RFC 5280: e-mail attributes of the subject count when there is no e-mail alternative name.
        if !alternatives.iter().any(|name| matches!(name, GeneralName::Email(_))) {
            for address in names::email_attributes(subject) {
                self.allow_name(&GeneralName::Email(address.as_bytes()), budget)?;
            }
        }
        Ok(())
    }

    fn allow_name(&self, name: &GeneralName<'_>, budget: &mut Budget) -> Result<(), Outside> {
        let directory = match name {
            GeneralName::Directory(raw) => normalise(raw),
            _ => Box::default(),
        };
        let weight = 1 + directory.len() / 256;
        budget.spend((self.permitted.len() + self.excluded.len()) * weight)?;
        let of_form = |tree: &&Subtree<'_>| tree.form() == name.form();
        let mut permitted = self.permitted.iter().filter(of_form).peekable();
        let outside_permitted = permitted.peek().is_some()
            && !permitted.any(|tree| tree.holds(name, &directory, Side::Permitted));
        let excluded =
            self.excluded.iter().filter(of_form).any(|tree| tree.holds(name, &directory, Side::Excluded));
        if outside_permitted || excluded { Err(Outside::Name(words(name))) } else { Ok(()) }
    }
}

fn subtrees(value: &[u8]) -> Result<Vec<Subtree<'_>>, Malformed> {
    let mut items = Items::new(value);
    let mut trees = Vec::new();
    while let Some(item) = items.next()? {
        let mut fields =
            Items::new(if item.tag == Tag::Sequence { item.value } else { return Err(Malformed) });
        let base = fields.need()?;
        // minimum must be 0 and maximum absent (RFC 5280); an explicit 0 is BER but harmless.
        if let Some(minimum) = fields.next()?
            && (context_number(minimum.tag) != Some(0) || minimum.value != [0])
        {
            return Err(Malformed);
        }
        fields.end()?;
        trees.push(Subtree::read(&base)?);
    }
    if trees.is_empty() { Err(Malformed) } else { Ok(trees) }
}

/// Which list a subtree stands in: in doubt a name is not permitted, and is excluded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

impl<'a> Subtree<'a> {
    fn read(base: &walk::Item<'a>) -> Result<Subtree<'a>, Malformed> {
        Ok(match GeneralName::read(base)? {
            GeneralName::Dns(domain) => {
                let bare = domain.strip_prefix(b".").unwrap_or(domain);
                if !domain.is_empty() && !is_domain(bare) {
                    return Err(Malformed);
                }
                Subtree::Dns(domain)
            }
            GeneralName::Email(address) => {
                let at = address.iter().filter(|byte| **byte == b'@').count();
                let domain = address.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
                let bare = if at == 0 { domain.strip_prefix(b".").unwrap_or(domain) } else { domain };
                if at > 1
                    || (at == 1 && address.starts_with(b"@"))
                    || !(address.is_empty() || is_domain(bare))
                {
                    return Err(Malformed);
                }
                Subtree::Email(address)
            }
            GeneralName::Uri(domain) => Subtree::Uri(domain),
            GeneralName::Ip(octets) => {
                let (network, mask) = match octets.len() {
                    8 | 32 => octets.split_at(octets.len() / 2),
                    _ => return Err(Malformed),
                };
                if !is_prefix_mask(mask) {
                    return Err(Malformed);
                }
                Subtree::Ip { network, mask }
            }
            GeneralName::Directory(name) => {
                names::attributes(name)?;
                Subtree::Directory(normalise(name))
            }
            GeneralName::Other(number) => Subtree::Other(number),
        })
    }

    fn form(&self) -> u32 {
        match self {
            Subtree::Email(_) => 1,
            Subtree::Dns(_) => 2,
            Subtree::Directory(_) => 4,
            Subtree::Uri(_) => 6,
            Subtree::Ip { .. } => 7,
            Subtree::Other(number) => *number,
        }
    }

    /// Whether a name of the same form lies in the subtree (or might, for excluded ones).
    fn holds(&self, name: &GeneralName<'_>, directory: &[u8], side: Side) -> bool {
        let doubt = side == Side::Excluded;
        match (self, name) {
            (Subtree::Dns(tree), GeneralName::Dns(name)) => dns_holds(tree, name, side),
            (Subtree::Email(tree), GeneralName::Email(address)) => {
                email_holds(tree, address).unwrap_or(doubt)
            }
            (Subtree::Uri(tree), GeneralName::Uri(uri)) => match uri_host(uri) {
                Some(host) => host_holds(tree, host),
                None => doubt,
            },
            (Subtree::Ip { network, mask }, GeneralName::Ip(octets)) => match octets.len() {
                4 | 16 => {
                    octets.len() == network.len()
                        && octets.iter().zip(*mask).zip(*network).all(|((o, m), n)| o & m == n & m)
                }
                _ => doubt,
            },
            (Subtree::Directory(tree), GeneralName::Directory(_)) => {
                directory.starts_with(tree) || (doubt && directory.first() == Some(&0xff))
            }
            _ => doubt,
        }
    }
}

fn is_domain(name: &[u8]) -> bool {
    !name.is_empty() && is_host_name(name)
}

fn is_prefix_mask(mask: &[u8]) -> bool {
    let zeros_from = mask.iter().position(|byte| *byte != 0xff).unwrap_or(mask.len());
    mask[zeros_from..].split_first().is_none_or(|(first, rest)| {
        first.leading_ones() + first.trailing_zeros() >= 8 && rest.iter().all(|byte| *byte == 0)
    })
}

/// `name` is `domain` or lies below it, both without a leading dot.
fn at_or_below(name: &[u8], domain: &[u8]) -> bool {
    domain.is_empty() || name.eq_ignore_ascii_case(domain) || below(name, domain)
}

fn below(name: &[u8], domain: &[u8]) -> bool {
    name.len() > domain.len() && {
        let (head, tail) = name.split_at(name.len() - domain.len());
        head.ends_with(b".") && tail.eq_ignore_ascii_case(domain)
    }
}

/// A DNS name in a DNS subtree. A wildcard name stands for all its hosts: it is permitted only if all are,
/// and excluded if any may be (CVE-2025-61727).
fn dns_holds(tree: &[u8], name: &[u8], side: Side) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let wildcard = name.strip_prefix(b"*.");
    let base = wildcard.unwrap_or(name);
    if !is_domain(base) {
        return side == Side::Excluded;
    }
    match tree.strip_prefix(b".") {
        // A leading dot, as many authorities write it: only what is below.
        Some(tree) if wildcard.is_some() => {
            at_or_below(base, tree) || (side == Side::Excluded && child(tree, base))
        }
        Some(tree) => below(base, tree),
        None => {
            at_or_below(base, tree) || (wildcard.is_some() && side == Side::Excluded && child(tree, base))
        }
    }
}

/// `name` is one label below `domain`.
fn child(name: &[u8], domain: &[u8]) -> bool {
    below(name, domain) && !name[..name.len() - domain.len() - 1].contains(&b'.')
}

/// The forms of a host constraint that e-mail and URI share: a host, or with a leading dot what is below.
fn host_holds(tree: &[u8], host: &[u8]) -> bool {
    match tree.strip_prefix(b".") {
        Some(domain) => below(host, domain),
        None => tree.is_empty() || host.eq_ignore_ascii_case(tree),
    }
}

/// `None` when the address is no address.
fn email_holds(tree: &[u8], address: &[u8]) -> Option<bool> {
    let at = address.iter().position(|byte| *byte == b'@')?;
    let (local, domain) = (&address[..at], &address[at + 1..]);
    if local.is_empty() || !is_domain(domain) {
        return None;
    }
    Some(match tree.iter().position(|byte| *byte == b'@') {
        Some(split) => local == &tree[..split] && domain.eq_ignore_ascii_case(&tree[split + 1..]),
        None => host_holds(tree, domain),
    })
}

/// The host of a URI, if it has one that is a name.
fn uri_host(uri: &[u8]) -> Option<&[u8]> {
    let start = uri.windows(3).position(|window| window == b"://")? + 3;
    let rest = &uri[start..];
    let authority = &rest[..rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len())];
    let host = authority.rsplit(|byte| *byte == b'@').next()?;
    let host = &host[..host.iter().position(|byte| *byte == b':').unwrap_or(host.len())];
    is_domain(host).then_some(host)
}

fn words(name: &GeneralName<'_>) -> String {
    let text = |kind: &str, bytes: &[u8]| format!("the {kind} {}", quoted(&String::from_utf8_lossy(bytes)));
    match name {
        GeneralName::Email(address) => text("e-mail address", address),
        GeneralName::Dns(domain) => text("name", domain),
        GeneralName::Uri(uri) => text("URI", uri),
        GeneralName::Directory(raw) => format!("the subject {}", quoted(&names::display(raw))),
        GeneralName::Ip(octets) => match (<[u8; 4]>::try_from(*octets), <[u8; 16]>::try_from(*octets)) {
            (Ok(octets), _) => format!("the address {}", core::net::Ipv4Addr::from(octets)),
            (_, Ok(octets)) => format!("the address {}", core::net::Ipv6Addr::from(octets)),
            _ => "an address of a wrong length".into(),
        },
        GeneralName::Other(_) => "a name of a form that is not understood".into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, KeyPair};

    fn with_names(count: usize) -> Certificate {
        let names: Vec<String> = (0..count).map(|number| format!("n{number}.example")).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name = DistinguishedName::new();
        let made = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::parse(made.der()).unwrap()
    }

    /// So many permitted domains, of which the last is `example`.
    fn value(count: usize) -> Vec<u8> {
        let tree = |domain: &str| {
            let base = [&[0x82, domain.len() as u8], domain.as_bytes()].concat();
            [&[0x30, base.len() as u8], &base[..]].concat()
        };
        let trees = (1..count).map(|number| tree(&format!("t{number}.test"))).chain([tree("example")]);
        let wrapped = |tag: u8, content: Vec<u8>| {
            [&[tag, 0x82][..], &(content.len() as u16).to_be_bytes(), &content].concat()
        };
        wrapped(0x30, wrapped(0xa0, trees.collect::<Vec<_>>().concat()))
    }

    #[test]
    fn every_comparison_is_paid_for() {
        let (value, certificate) = (value(300), with_names(200));
        let constraints = Constraints::read(&value).unwrap();
        let reading = certificate.alternative_names_size() / 64;
        let mut budget = Budget(100_000);
        assert_eq!(constraints.allow(&certificate, &mut budget), Ok(()));
        assert_eq!(budget.0, 100_000 - 200 * 300 - reading);
        let mut exact = Budget(200 * 300 + reading);
        assert_eq!(constraints.allow(&certificate, &mut exact), Ok(()));
        assert_eq!(exact.0, 0);
    }

    #[test]
    fn long_directory_names_cost_more() {
        let (value, key) = (value(300), KeyPair::generate().unwrap());
        let constraints = Constraints::read(&value).unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "n".repeat(10_000));
        let made = parameters.self_signed(&key).unwrap();
        let mut budget = Budget(100_000);
        assert_eq!(constraints.allow(&Certificate::parse(made.der()).unwrap(), &mut budget), Ok(()));
        assert_eq!(budget.0, 100_000 - 1 - 300 * (1 + 10_000 / 256));
    }

    #[test]
    fn nothing_is_compared_that_was_not_paid_for() {
        let (value, certificate) = (value(300), with_names(200));
        let constraints = Constraints::read(&value).unwrap();
        let reading = certificate.alternative_names_size() / 64;
        let mut budget = Budget(200 * 300 + reading - 1);
        assert_eq!(constraints.allow(&certificate, &mut budget), Err(Outside::TooMany));
        assert_eq!(budget.0, 299, "all names but the last");
        let mut nothing = Budget(reading - 1);
        assert_eq!(constraints.allow(&certificate, &mut nothing), Err(Outside::TooMany));
        assert_eq!(nothing.0, reading - 1, "the names were not even read");
    }
}
