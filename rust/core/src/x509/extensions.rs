//! The extensions of a certificate that a judgement needs, read once.
//!
//! In: the value of the `extensions` field. Out: typed fields, and lists of what was odd. Promise: an odd
//! extension never keeps a certificate from loading.

use super::names;
use super::policies;
use super::walk::{self, Items, Malformed, dotted};
use core::ops::Range;
use der::Tag;

/// Basic constraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Basic {
    pub ca: bool,
    pub path_len: Option<u32>,
}

/// The authority key identifier (RFC 5280 section 4.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthorityKey {
    pub key_id: Option<Range<usize>>,
    /// The content of the GeneralNames of the issuer's own issuer.
    pub issuer: Option<Range<usize>>,
    /// The content of the issuer's serial number.
    pub serial: Option<Range<usize>>,
}

/// Bits of a key usage, first bit highest (RFC 5280 section 4.2.1.3).
pub(super) mod usage {
    pub const DIGITAL_SIGNATURE: u16 = 0x8000;
    pub const NON_REPUDIATION: u16 = 0x4000;
    pub const KEY_ENCIPHERMENT: u16 = 0x2000;
    pub const KEY_AGREEMENT: u16 = 0x0800;
    pub const KEY_CERT_SIGN: u16 = 0x0400;
    pub const CRL_SIGN: u16 = 0x0200;
}

/// The extensions that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    SubjectKeyId,
    KeyUsage,
    SubjectAltName,
    IssuerAltName,
    BasicConstraints,
    NameConstraints,
    DistributionPoints,
    Policies,
    PolicyMappings,
    AuthorityKeyId,
    PolicyConstraints,
    ExtendedKeyUsage,
    InhibitAnyPolicy,
    AuthorityInfo,
    QualifiedStatements,
    TlsFeatures,
}

impl Known {
    fn of(oid: &[u8]) -> Option<Known> {
        Some(match oid {
            [0x55, 0x1d, last] => match last {
                14 => Known::SubjectKeyId,
                15 => Known::KeyUsage,
                17 => Known::SubjectAltName,
                18 => Known::IssuerAltName,
                19 => Known::BasicConstraints,
                30 => Known::NameConstraints,
                31 => Known::DistributionPoints,
                32 => Known::Policies,
                33 => Known::PolicyMappings,
                35 => Known::AuthorityKeyId,
                36 => Known::PolicyConstraints,
                37 => Known::ExtendedKeyUsage,
                54 => Known::InhibitAnyPolicy,
                _ => return None,
            },
            [0x2b, 6, 1, 5, 5, 7, 1, 1] => Known::AuthorityInfo,
            [0x2b, 6, 1, 5, 5, 7, 1, 3] => Known::QualifiedStatements,
            [0x2b, 6, 1, 5, 5, 7, 1, 24] => Known::TlsFeatures,
            _ => return None,
        })
    }

    /// What RFC 5280 calls it, in words.
    pub fn words(self) -> &'static str {
        match self {
            Known::SubjectKeyId => "subject key identifier",
            Known::KeyUsage => "key usage",
            Known::SubjectAltName => "subject alternative name",
            Known::IssuerAltName => "issuer alternative name",
            Known::BasicConstraints => "basic constraints",
            Known::NameConstraints => "name constraints",
            Known::DistributionPoints => "CRL distribution points",
            Known::Policies => "certificate policies",
            Known::PolicyMappings => "policy mappings",
            Known::AuthorityKeyId => "authority key identifier",
            Known::PolicyConstraints => "policy constraints",
            Known::ExtendedKeyUsage => "extended key usage",
            Known::InhibitAnyPolicy => "inhibit any-policy",
            Known::AuthorityInfo => "authority information access",
            Known::QualifiedStatements => "qualified certificate statements",
            Known::TlsFeatures => "TLS features",
        }
    }

    /// Whether a critical extension of this kind is honoured when a chain is judged.
    fn processed(self) -> bool {
        self != Known::AuthorityInfo
    }
}

/// One Extension (RFC 5280 section 4.1): its identifier, whether it is critical, its content.
pub(super) struct Extension<'a> {
    pub oid: &'a [u8],
    pub critical: bool,
    pub content: &'a [u8],
}

impl<'a> Extension<'a> {
    pub fn read(item: &walk::Item<'a>) -> Result<Extension<'a>, Malformed> {
        if item.tag != Tag::Sequence {
            return Err(Malformed);
        }
        let mut fields = Items::new(item.value);
        let oid = fields.expect(Tag::ObjectIdentifier)?.value;
        let mut content = fields.need()?;
        let mut critical = false;
        if content.tag == Tag::Boolean {
            critical = walk::boolean(content.value)?;
            content = fields.need()?;
        }
        if content.tag != Tag::OctetString {
            return Err(Malformed);
        }
        fields.end()?;
        Ok(Extension { oid, critical, content: content.value })
    }
}

/// What the extensions of one certificate say; ranges point into its DER.
#[derive(Clone, Debug, Default)]
pub(super) struct Extensions {
    /// The whole SEQUENCE OF Extension.
    pub whole: Range<usize>,
    pub basic: Option<Basic>,
    pub key_usage: Option<u16>,
    /// The contents of the object identifiers.
    pub extended_key_usage: Option<Vec<Range<usize>>>,
    /// The whole GeneralNames.
    pub alt_names: Option<Range<usize>>,
    pub subject_key: Option<Range<usize>>,
    pub authority_key: Option<AuthorityKey>,
    /// The whole NameConstraints.
    pub name_constraints: Option<Range<usize>>,
    /// The whole CRLDistributionPoints.
    pub distribution_points: Option<Range<usize>>,
    /// The whole QCStatements.
    pub qualified: Option<Range<usize>>,
    /// The TLS features that are promised, sorted.
    pub tls_features: Vec<u32>,
    /// Which known extensions are there, and whether critical.
    pub present: Vec<(Known, bool)>,
    /// Known extensions whose content does not parse.
    pub malformed: Vec<Known>,
    /// An extension that stands there more than once.
    pub duplicate: Option<String>,
    /// Critical ones that are not processed.
    pub unknown_critical: Vec<String>,
    /// The whole extensions about policies.
    pub policies: Option<Range<usize>>,
    pub policy_mappings: Option<Range<usize>>,
    pub policy_constraints: Option<Range<usize>>,
    pub inhibit_any: Option<Range<usize>>,
}

/// At most this many odd extensions are listed.
const LISTED: usize = 8;

impl Extensions {
    /// Reads the SEQUENCE OF Extension in `value`, which lies in `der`.
    pub fn read(der: &[u8], value: &[u8]) -> Result<Extensions, Malformed> {
        let mut found = Extensions { whole: range(der, value), ..Extensions::default() };
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut items = Items::new(walk::only(value, Tag::Sequence)?.value);
        while let Some(item) = items.next()? {
            let one = Extension::read(&item)?;
            seen.push(one.oid);
            found.add(der, one.oid, one.critical, one.content);
        }
        seen.sort_unstable();
        found.duplicate = seen.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| name_of(pair[0]));
        Ok(found)
    }

    fn add(&mut self, der: &[u8], oid: &[u8], critical: bool, content: &[u8]) {
        let Some(known) = Known::of(oid) else {
            if critical && self.unknown_critical.len() < LISTED {
                self.unknown_critical.push(dotted(oid));
            }
            return;
        };
        if self.present.len() < 64 {
            self.present.push((known, critical));
        }
        if critical && !known.processed() && self.unknown_critical.len() < LISTED {
            self.unknown_critical.push(known.words().into());
        }
        if self.fill(der, known, content).is_err() && self.malformed.len() < LISTED {
            self.malformed.push(known);
        }
    }

    fn fill(&mut self, der: &[u8], known: Known, content: &[u8]) -> Result<(), Malformed> {
        match known {
            Known::SubjectKeyId => {
                self.subject_key = Some(range(der, walk::only(content, Tag::OctetString)?.value));
            }
            Known::KeyUsage => self.key_usage = Some(key_usage(content)?),
            Known::SubjectAltName => {
                if names::general_names(content)?.is_empty() {
                    return Err(Malformed);
                }
                self.alt_names = Some(range(der, content));
            }
            Known::BasicConstraints => self.basic = Some(basic(content)?),
            Known::NameConstraints => {
                self.name_constraints = Some(range(der, content));
                super::constraints::Constraints::read(content)?;
            }
            Known::AuthorityKeyId => self.authority_key = Some(authority_key(der, content)?),
            Known::ExtendedKeyUsage => self.purposes(der, content)?,
            Known::AuthorityInfo | Known::DistributionPoints | Known::QualifiedStatements => {
                match known {
                    Known::DistributionPoints => self.distribution_points = Some(range(der, content)),
                    Known::QualifiedStatements => self.qualified = Some(range(der, content)),
                    _ => {}
                }
                let mut items = Items::new(walk::only(content, Tag::Sequence)?.value);
                while let Some(item) = items.next()? {
                    if item.tag != Tag::Sequence {
                        return Err(Malformed);
                    }
                }
            }
            Known::Policies => {
                self.policies = Some(range(der, content));
                policies::read_policies(content)?;
            }
            Known::PolicyMappings => {
                self.policy_mappings = Some(range(der, content));
                policies::read_mappings(content)?;
            }
            Known::PolicyConstraints => {
                self.policy_constraints = Some(range(der, content));
                policies::read_constraints(content)?;
            }
            Known::InhibitAnyPolicy => {
                self.inhibit_any = Some(range(der, content));
                policies::read_inhibit_any(content)?;
            }
            Known::IssuerAltName => {}
            Known::TlsFeatures => self.tls_features = tls_features(content)?,
        }
        Ok(())
    }

    /// Keeps the purposes; an empty list too, though it is malformed.
    fn purposes(&mut self, der: &[u8], content: &[u8]) -> Result<(), Malformed> {
        let mut purposes = Vec::new();
        let mut items = Items::new(walk::only(content, Tag::Sequence)?.value);
        while let Some(item) = items.next()? {
            if item.tag != Tag::ObjectIdentifier {
                return Err(Malformed);
            }
            purposes.push(range(der, item.value));
        }
        let empty = purposes.is_empty();
        self.extended_key_usage = Some(purposes);
        if empty { Err(Malformed) } else { Ok(()) }
    }

    /// Whether an extension is there, and if so whether it is critical.
    pub fn criticality(&self, known: Known) -> Option<bool> {
        self.present.iter().find(|(kind, _)| *kind == known).map(|(_, critical)| *critical)
    }
}

fn name_of(oid: &[u8]) -> String {
    Known::of(oid).map_or_else(|| dotted(oid), |known| known.words().into())
}

/// Where `part`, a slice of `der`, lies in it.
pub(super) fn range(der: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(der.as_ptr() as usize).min(der.len());
    start..(start + part.len()).min(der.len())
}

fn key_usage(content: &[u8]) -> Result<u16, Malformed> {
    match walk::only(content, Tag::BitString)?.value {
        [0] => Ok(0),
        [unused @ 0..=7, bits @ ..] if !bits.is_empty() => {
            let first = bits.first().copied().unwrap_or(0);
            let second = bits.get(1).copied().unwrap_or(0);
            let mask = if bits.len() > 2 {
                0xffff
            } else {
                u16::MAX << (u16::from(*unused) + 16 - 8 * bits.len() as u16)
            };
            Ok(u16::from_be_bytes([first, second]) & mask)
        }
        _ => Err(Malformed),
    }
}

fn basic(content: &[u8]) -> Result<Basic, Malformed> {
    let mut fields = Items::new(walk::only(content, Tag::Sequence)?.value);
    let (mut ca, mut path_len) = (false, None);
    let mut next = fields.next()?;
    if let Some(item) = next.filter(|item| item.tag == Tag::Boolean) {
        ca = walk::boolean(item.value)?;
        next = fields.next()?;
    }
    if let Some(item) = next {
        if item.tag != Tag::Integer {
            return Err(Malformed);
        }
        path_len = Some(walk::small_unsigned(item.value)?);
    }
    fields.end()?;
    Ok(Basic { ca, path_len })
}

/// Features of RFC 7633 section 4: numbers of extensions of the hello.
fn tls_features(content: &[u8]) -> Result<Vec<u32>, Malformed> {
    let mut items = Items::new(walk::only(content, Tag::Sequence)?.value);
    let mut found = Vec::new();
    while let Some(item) = items.next()? {
        if item.tag != Tag::Integer {
            return Err(Malformed);
        }
        found.push(walk::small_unsigned(item.value)?);
    }
    found.sort_unstable();
    Ok(found)
}

fn authority_key(der: &[u8], content: &[u8]) -> Result<AuthorityKey, Malformed> {
    let mut fields = Items::new(walk::only(content, Tag::Sequence)?.value);
    let mut field = |number| Ok(fields.optional(number)?.map(|item| range(der, item.value)));
    let (key_id, issuer, serial) = (field(0)?, field(1)?, field(2)?);
    fields.end()?;
    Ok(AuthorityKey { key_id, issuer, serial })
}
