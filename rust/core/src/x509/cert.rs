//! One certificate: its bytes and what they say.
//!
//! In: DER. Out: [`Certificate`], a cheap handle with raw slices (signatures cover the bytes as they came) and
//! fields. Promise: version 1, negative serials, unknown algorithms and odd extensions load; whether they are
//! acceptable is the business of a policy.

use super::algorithms::{self, Algorithm};
use super::extensions::{Extension, Extensions, range};
use super::names::{self, GeneralName};
use super::time;
use super::walk::{self, Items, Malformed, dotted};
use crate::crypto::sign::{PublicKey, SignatureAlgorithm};
use crate::fault::{CertificateFault, Fault};
use crate::shared;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;
use der::Tag;
use std::sync::{Arc, OnceLock};

/// Bytes that are no certificate; the words name the field that does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct X509Error {
    field: &'static str,
}

impl fmt::Display for X509Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an X.509 certificate in DER: the {} does not parse", self.field)
    }
}

impl core::error::Error for X509Error {}

impl From<X509Error> for Fault {
    fn from(_: X509Error) -> Fault {
        Fault::Certificate(CertificateFault::Unusable)
    }
}

/// The contents of the extensions about policies.
pub(super) struct PolicyExtensions<'a> {
    pub policies: Option<&'a [u8]>,
    pub mappings: Option<&'a [u8]>,
    pub constraints: Option<&'a [u8]>,
    pub inhibit_any: Option<&'a [u8]>,
}

/// A certificate; clones share the bytes.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Box<[u8]>,
    tbs: Range<usize>,
    inner_algorithm: Range<usize>,
    outer_algorithm: Range<usize>,
    signature: Range<usize>,
    version: u32,
    serial: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    not_before: i64,
    not_after: i64,
    extensions: Extensions,
    issuer_key: Box<[u8]>,
    subject_key: Box<[u8]>,
    algorithm: Algorithm,
    key: OnceLock<Result<PublicKey, Fault>>,
    summary: OnceLock<Box<str>>,
}

trait Named<T> {
    fn named(self, field: &'static str) -> Result<T, X509Error>;
}

impl<T> Named<T> for Result<T, Malformed> {
    fn named(self, field: &'static str) -> Result<T, X509Error> {
        self.map_err(|Malformed| X509Error { field })
    }
}

impl Certificate {
    /// Reads one certificate from its DER.
    ///
    /// # Errors
    /// When the bytes do not have the outer structure of RFC 5280 section 4.1.
    pub fn parse(bytes: &[u8]) -> Result<Certificate, X509Error> {
        let der: Box<[u8]> = bytes.into();
        let inner = read(&der)?;
        Ok(Certificate(Arc::new(Inner { der, ..inner })))
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// A part of the encoding.
    pub(super) fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }

    /// The bytes the signature covers.
    #[must_use]
    pub fn tbs_raw(&self) -> &[u8] {
        self.slice(&self.0.tbs)
    }

    /// The subject's Name, encoded.
    #[must_use]
    pub fn subject_raw(&self) -> &[u8] {
        self.slice(&self.0.subject)
    }

    /// The issuer's Name, encoded.
    #[must_use]
    pub fn issuer_raw(&self) -> &[u8] {
        self.slice(&self.0.issuer)
    }

    /// The serial number's content octets, as they stand (two's complement).
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        self.slice(&self.0.serial)
    }

    /// The SubjectPublicKeyInfo, encoded.
    #[must_use]
    pub fn spki_raw(&self) -> &[u8] {
        self.slice(&self.0.spki)
    }

    /// The signature's octets.
    #[must_use]
    pub fn signature_raw(&self) -> &[u8] {
        self.slice(&self.0.signature)
    }

    /// The version as people count: 1, 2 or 3.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// The key, ready to verify with.
    ///
    /// # Errors
    /// When the key's algorithm is not supported or the key is no key. A curve has to be named: one given by its
    /// numbers may be somebody's own under a known name (RFC 5480 section 2.1.1, CVE-2020-0601).
    pub fn public_key(&self) -> Result<PublicKey, Fault> {
        if names_no_curve(self.spki_raw()) {
            return Err(Fault::Certificate(CertificateFault::Unusable));
        }
        PublicKey::from_spki(self.spki_raw())
    }

    /// The bytes of the key alone, which OCSP hashes: the BIT STRING without its count of unused bits.
    pub(super) fn key_bits(&self) -> &[u8] {
        let bits = || {
            let mut fields = Items::new(walk::only(self.spki_raw(), Tag::Sequence)?.value);
            fields.expect(Tag::Sequence)?;
            fields.expect(Tag::BitString)
        };
        bits().ok().and_then(|item| item.value.get(1..)).unwrap_or_default()
    }

    /// Whether the issuer's key made the signature.
    pub(super) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let Algorithm::Known { verify, .. } = self.algorithm() else { return false };
        issuer.key().is_ok_and(|key| key.verify(*verify, self.tbs_raw(), self.signature_raw()).is_ok())
    }

    /// The extensions about policies, whole.
    pub(super) fn policy_extensions(&self) -> PolicyExtensions<'_> {
        let extensions = &self.0.extensions;
        let whole = |range: &Option<Range<usize>>| range.as_ref().map(|range| self.slice(range));
        PolicyExtensions {
            policies: whole(&extensions.policies),
            mappings: whole(&extensions.policy_mappings),
            constraints: whole(&extensions.policy_constraints),
            inhibit_any: whole(&extensions.inhibit_any),
        }
    }

    /// The TLS features that it promises, sorted (RFC 7633).
    pub(super) fn tls_features(&self) -> &[u32] {
        &self.0.extensions.tls_features
    }

    /// The whole CRLDistributionPoints value.
    pub(super) fn distribution_points(&self) -> Option<&[u8]> {
        self.0.extensions.distribution_points.as_ref().map(|range| self.slice(range))
    }

    /// All extensions: identifier in dotted notation, whether critical, content.
    #[must_use]
    pub fn all_extensions(&self) -> Vec<(String, bool, &[u8])> {
        let whole = self.slice(&self.0.extensions.whole);
        let mut items =
            Items::new(walk::only(whole, Tag::Sequence).map(|item| item.value).unwrap_or_default());
        let mut found = Vec::new();
        while let Ok(Some(item)) = items.next() {
            if let Ok(one) = Extension::read(&item) {
                found.push((dotted(one.oid), one.critical, one.content));
            }
        }
        found
    }

    /// The attributes of the subject, in their order: type in dotted notation and value as text.
    #[must_use]
    pub fn subject_attributes(&self) -> Vec<(String, String)> {
        names::texts(self.subject_raw())
    }

    /// The same of the issuer.
    #[must_use]
    pub fn issuer_attributes(&self) -> Vec<(String, String)> {
        names::texts(self.issuer_raw())
    }

    /// The object identifier of the signature's algorithm, in dotted notation.
    #[must_use]
    pub fn signature_oid(&self) -> String {
        oid_of(self.slice(&self.0.outer_algorithm))
    }

    /// The object identifier of the key's algorithm, in dotted notation.
    #[must_use]
    pub fn key_oid(&self) -> String {
        let algorithm =
            || Items::new(walk::only(self.spki_raw(), Tag::Sequence)?.value).expect(Tag::Sequence);
        algorithm().map(|item| oid_of(item.whole)).unwrap_or_default()
    }

    /// The qualified certificate statements (RFC 3739 section 3.2.6) and, of ETSI's statement on types, the types, in
    /// dotted notation; what does not parse is left out.
    #[must_use]
    pub fn qualified_statements(&self) -> (Vec<String>, Vec<String>) {
        let (mut statements, mut types) = (Vec::new(), Vec::new());
        let value = self.0.extensions.qualified.as_ref().map(|range| self.slice(range)).unwrap_or_default();
        let mut items =
            Items::new(walk::only(value, Tag::Sequence).map(|item| item.value).unwrap_or_default());
        while let Ok(Some(item)) = items.next() {
            let mut fields = Items::new(item.value);
            let Ok(oid) = fields.expect(Tag::ObjectIdentifier) else { continue };
            statements.push(dotted(oid.value));
            if oid.value == QC_TYPE
                && let Ok(list) = fields.expect(Tag::Sequence)
            {
                let mut list = Items::new(list.value);
                while let Ok(Some(item)) = list.next() {
                    types.push(dotted(item.value));
                }
            }
        }
        (statements, types)
    }

    /// How its issuer signed it, where that can be verified.
    #[must_use]
    pub fn signed_with(&self) -> Option<SignatureAlgorithm> {
        match &self.0.algorithm {
            Algorithm::Known { verify, .. } => Some(*verify),
            Algorithm::Broken(_) | Algorithm::Unknown(_) => None,
        }
    }

    /// The key, read once.
    pub(super) fn key(&self) -> Result<&PublicKey, Fault> {
        let key = self.0.key.get().unwrap_or_else(|| {
            let read = self.public_key();
            let _stay = shared::stay(); // a certificate may be shared, and its key half set in a forked child
            self.0.key.get_or_init(|| read)
        });
        key.as_ref().map_err(|fault| *fault)
    }

    /// Start of validity, unix seconds.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.0.not_before
    }

    /// Last second of validity, unix seconds.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.0.not_after
    }

    /// Start of validity in words.
    #[must_use]
    pub fn not_before_words(&self) -> String {
        time::words(self.0.not_before)
    }

    /// End of validity in words.
    #[must_use]
    pub fn not_after_words(&self) -> String {
        time::words(self.0.not_after)
    }

    /// The subject as people read it: `CN=www.example.com, O=Example`.
    #[must_use]
    pub fn subject(&self) -> String {
        names::display(self.subject_raw())
    }

    /// The issuer as people read it.
    #[must_use]
    pub fn issuer(&self) -> String {
        names::display(self.issuer_raw())
    }

    /// The short display name of `SecCertificateCopySubjectSummary`: common name, else an e-mail address or
    /// DNS name, else unit or organisation; empty if there is nothing at all.
    #[must_use]
    pub fn subject_summary(&self) -> String {
        self.summary().into()
    }

    /// The same, made once: a judgement asks for it in every sentence, and names may be many.
    pub(super) fn summary(&self) -> &str {
        self.0.summary.get().unwrap_or_else(|| {
            let made = self.summarise().into();
            let _stay = shared::stay(); // as for the key
            self.0.summary.get_or_init(|| made)
        })
    }

    fn summarise(&self) -> String {
        let (name, common) = names::summary(self.subject_raw());
        if common {
            return name.unwrap_or_default();
        }
        let listed = self.alternative_names();
        let text = |bytes: &[u8]| names::printable(&String::from_utf8_lossy(bytes));
        let address = listed.iter().find_map(|name| match name {
            GeneralName::Email(bytes) => Some(text(bytes)),
            _ => None,
        });
        let attribute =
            || names::email_attributes(self.subject_raw()).first().map(|address| names::printable(address));
        let host = || {
            listed.iter().find_map(|name| match name {
                GeneralName::Dns(bytes) => Some(text(bytes)),
                _ => None,
            })
        };
        address.or_else(attribute).or_else(host).or(name).unwrap_or_default()
    }

    /// The issuer in the same short form.
    #[must_use]
    pub fn issuer_summary(&self) -> String {
        names::summary(self.issuer_raw()).0.unwrap_or_default()
    }

    /// The last common name of the subject.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        names::common_name(self.subject_raw())
    }

    /// The key two equal subjects share, whatever their string types, case and spacing.
    #[must_use]
    pub fn normalized_subject(&self) -> &[u8] {
        &self.0.subject_key
    }

    /// The same for the issuer.
    #[must_use]
    pub fn normalized_issuer(&self) -> &[u8] {
        &self.0.issuer_key
    }

    /// Whether subject and issuer are the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.subject_key == self.0.issuer_key
    }

    /// Whether it says that it is an authority.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.0.extensions.basic.is_some_and(|basic| basic.ca)
    }

    /// How many authorities may stand below this one, if it says so.
    #[must_use]
    pub fn path_len(&self) -> Option<u32> {
        self.0.extensions.basic.and_then(|basic| basic.path_len)
    }

    /// The key usage bits, digitalSignature as the highest (0x8000).
    #[must_use]
    pub fn key_usage(&self) -> Option<u16> {
        self.0.extensions.key_usage
    }

    /// The extended key usages in dotted notation.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<Vec<String>> {
        self.purposes().map(|purposes| purposes.map(dotted).collect())
    }

    /// The extended key usages as contents of object identifiers.
    pub(super) fn purposes(&self) -> Option<impl Iterator<Item = &[u8]>> {
        self.0.extensions.extended_key_usage.as_ref().map(|list| list.iter().map(|range| self.slice(range)))
    }

    /// The subject key identifier.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.extensions.subject_key.as_ref().map(|range| self.slice(range))
    }

    /// The key identifier of the authority key identifier.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        let authority = self.0.extensions.authority_key.as_ref()?;
        authority.key_id.as_ref().map(|range| self.slice(range))
    }

    /// The names of the subject alternative name extension.
    pub(super) fn alternative_names(&self) -> Vec<GeneralName<'_>> {
        let value = self.0.extensions.alt_names.as_ref().map(|range| self.slice(range));
        value.and_then(|value| names::general_names(value).ok()).unwrap_or_default()
    }

    /// The bytes that the alternative names take.
    pub(super) fn alternative_names_size(&self) -> usize {
        self.0.extensions.alt_names.as_ref().map_or(0, ExactSizeIterator::len)
    }

    /// The DNS alternative names as they stand.
    #[must_use]
    pub fn dns_names(&self) -> Vec<String> {
        self.texts(|name| match name {
            GeneralName::Dns(text) => Some(text),
            _ => None,
        })
    }

    /// The e-mail addresses: alternative names, then those of the subject.
    #[must_use]
    pub fn email_addresses(&self) -> Vec<String> {
        let mut found = self.texts(|name| match name {
            GeneralName::Email(text) => Some(text),
            _ => None,
        });
        found.extend(names::email_attributes(self.subject_raw()));
        found
    }

    fn texts<'a>(&'a self, pick: impl Fn(GeneralName<'a>) -> Option<&'a [u8]>) -> Vec<String> {
        let names = self.alternative_names().into_iter();
        names.filter_map(pick).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    /// The IP alternative names.
    #[must_use]
    pub fn ip_addresses(&self) -> Vec<IpAddr> {
        let read = |name| match name {
            GeneralName::Ip(bytes) => match bytes.len() {
                4 => <[u8; 4]>::try_from(bytes).ok().map(|octets| IpAddr::V4(Ipv4Addr::from(octets))),
                16 => <[u8; 16]>::try_from(bytes).ok().map(|octets| IpAddr::V6(Ipv6Addr::from(octets))),
                _ => None,
            },
            _ => None,
        };
        self.alternative_names().into_iter().filter_map(read).collect()
    }

    pub(super) fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// The whole NameConstraints value, if there is one.
    pub(super) fn name_constraints(&self) -> Option<&[u8]> {
        self.0.extensions.name_constraints.as_ref().map(|range| self.slice(range))
    }

    pub(super) fn algorithm(&self) -> &Algorithm {
        &self.0.algorithm
    }

    /// Whether both places that name the signature's algorithm agree (RFC 5280 section 4.1.1.2).
    pub(super) fn algorithms_agree(&self) -> bool {
        self.slice(&self.0.inner_algorithm) == self.slice(&self.0.outer_algorithm)
    }

    /// A number that is equal for clones of one handle.
    pub(super) fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}

/// ETSI's statement on the type of a qualified certificate (EN 319 412-5 section 4.2.3).
const QC_TYPE: &[u8] = &[0x04, 0, 0x8e, 0x46, 1, 6];
const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// The identifier in an AlgorithmIdentifier, in dotted notation.
fn oid_of(identifier: &[u8]) -> String {
    let oid = || Items::new(walk::only(identifier, Tag::Sequence)?.value).expect(Tag::ObjectIdentifier);
    oid().map(|item| dotted(item.value)).unwrap_or_default()
}

/// Whether a key is an EC key on a curve without a name.
fn names_no_curve(spki: &[u8]) -> bool {
    let nameless = || -> Result<bool, Malformed> {
        let mut fields = Items::new(walk::only(spki, Tag::Sequence)?.value);
        let mut algorithm = Items::new(fields.expect(Tag::Sequence)?.value);
        let oid = algorithm.expect(Tag::ObjectIdentifier)?.value;
        Ok(oid == EC_KEY && algorithm.expect(Tag::ObjectIdentifier).is_err())
    };
    nameless().unwrap_or(false)
}

/// Everything but the bytes themselves.
fn read(der: &[u8]) -> Result<Inner, X509Error> {
    let mut outer = Items::new(walk::only(der, Tag::Sequence).named("outer structure")?.value);
    let tbs = outer.expect(Tag::Sequence).named("part to be signed")?;
    let outer_algorithm = outer.expect(Tag::Sequence).named("signature algorithm")?.whole;
    let signature = match outer.expect(Tag::BitString).named("signature")?.value {
        [0, octets @ ..] => octets,
        _ => return Err(X509Error { field: "signature" }),
    };
    outer.end().named("outer structure")?;

    let mut fields = Items::new(tbs.value);
    let version = match fields.optional(0).named("version")? {
        Some(item) => {
            let number =
                walk::only(item.value, Tag::Integer).and_then(|item| walk::small_unsigned(item.value));
            number.named("version")?.saturating_add(1)
        }
        None => 1,
    };
    let serial = fields.expect(Tag::Integer).named("serial number")?.value;
    let inner_algorithm = fields.expect(Tag::Sequence).named("signature algorithm")?.whole;
    let issuer = fields.expect(Tag::Sequence).named("issuer")?.whole;
    let mut dates = Items::new(fields.expect(Tag::Sequence).named("validity")?.value);
    let mut date = || dates.need().and_then(|item| time::unix(item.tag, item.value)).named("validity");
    let (not_before, not_after) = (date()?, date()?);
    let subject = fields.expect(Tag::Sequence).named("subject")?.whole;
    let spki = fields.expect(Tag::Sequence).named("public key")?.whole;
    fields.optional(1).and_then(|_| fields.optional(2)).named("unique identifier")?;
    let extensions = match fields.optional(3).named("extensions")? {
        Some(item) => Extensions::read(der, item.value).named("extensions")?,
        None => Extensions::default(),
    };
    fields.end().named("part to be signed")?;
    Ok(Inner {
        der: Box::default(),
        tbs: range(der, tbs.whole),
        inner_algorithm: range(der, inner_algorithm),
        outer_algorithm: range(der, outer_algorithm),
        signature: range(der, signature),
        version,
        serial: range(der, serial),
        issuer: range(der, issuer),
        subject: range(der, subject),
        spki: range(der, spki),
        not_before,
        not_after,
        extensions,
        issuer_key: names::normalise(issuer),
        subject_key: names::normalise(subject),
        algorithm: algorithms::signature(outer_algorithm),
        key: OnceLock::new(),
        summary: OnceLock::new(),
    })
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", names::quoted(&self.subject_summary()))
    }
}
