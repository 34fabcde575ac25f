//! OCSP responses (RFC 6960), as servers staple them.
//!
//! In: DER, and a certificate with its issuer. Out: what the responder says of it. Promise: only a response that
//! the issuer or a responder of its making signed counts, and only while it is fresh; nothing is fetched; work is
//! bounded.

use super::algorithms::{self, Algorithm};
use super::cert::Certificate;
use super::ledger::Status;
use super::time;
use super::walk::{self, Items, Malformed, context_number};
use crate::crypto::hash::Hash;
use crate::fault::{CertificateFault, Fault};
use der::Tag;

const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
const NIST_HASH: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];

/// No more answers and responders' certificates are looked at in one response.
const ANSWERS: usize = 64;
const CERTIFICATES: usize = 8;
/// How far the clocks of responder and reader may differ, and how long an answer without end is taken for fresh.
const SKEW: i64 = 300;
const ENDLESS: i64 = 7 * 86_400;

/// Who signed.
enum Responder<'a> {
    Name(&'a [u8]),
    KeyHash(&'a [u8]),
}

/// The answer about one certificate.
struct Single<'a> {
    hash: Hash,
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    serial: &'a [u8],
    /// `None` where the responder does not know the certificate.
    good: Option<bool>,
    revoked_at: i64,
    from: i64,
    until: i64,
}

/// A response, read.
pub(super) struct Response<'a> {
    signed: &'a [u8],
    algorithm: Algorithm,
    signature: &'a [u8],
    responder: Responder<'a>,
    singles: Vec<Single<'a>>,
    certificates: Vec<Certificate>,
}

impl<'a> Response<'a> {
    /// Reads an OCSPResponse that holds answers; one that says why there are none does not parse.
    pub fn read(der: &'a [u8]) -> Result<Response<'a>, Malformed> {
        let mut outer = Items::new(walk::only(der, Tag::Sequence)?.value);
        if outer.expect(Tag::Enumerated)?.value != [0] {
            return Err(Malformed);
        }
        let bytes = outer.optional(0)?.ok_or(Malformed)?.value;
        let mut bytes = Items::new(walk::only(bytes, Tag::Sequence)?.value);
        if bytes.expect(Tag::ObjectIdentifier)?.value != BASIC {
            return Err(Malformed);
        }
        let basic = bytes.expect(Tag::OctetString)?.value;
        let mut basic = Items::new(walk::only(basic, Tag::Sequence)?.value);
        let data = basic.expect(Tag::Sequence)?;
        let algorithm = algorithms::signature(basic.expect(Tag::Sequence)?.whole);
        let signature = match basic.expect(Tag::BitString)?.value {
            [0, octets @ ..] => octets,
            _ => return Err(Malformed),
        };
        let mut certificates = Vec::new();
        if let Some(list) = basic.optional(0)? {
            let mut list = Items::new(walk::only(list.value, Tag::Sequence)?.value);
            while let Some(item) = list.next()?.filter(|_| certificates.len() < CERTIFICATES) {
                certificates.extend(Certificate::parse(item.whole));
            }
        }
        let (responder, singles) = response_data(data.value)?;
        Ok(Response { signed: data.whole, algorithm, signature, responder, singles, certificates })
    }

    /// What it says of a certificate at a moment, whoever signed it; `None` if it says nothing of use. Of several
    /// answers that are fresh a revocation counts, and that it is good only where all say so.
    pub fn says(&self, certificate: &Certificate, issuer: &Certificate, now: i64) -> Option<Status> {
        let fresh = |single: &&Single<'_>| single.from <= now.saturating_add(SKEW) && now <= single.until;
        let about = self.singles.iter().filter(|single| single.is_about(certificate, issuer)).filter(fresh);
        let revoked = about.clone().find(|single| single.good == Some(false));
        if let Some(single) = revoked {
            return Some(Status::Revoked { at: single.revoked_at });
        }
        let good = about.clone().all(|single| single.good == Some(true));
        let until = about.map(|single| single.until).min()?;
        good.then_some(Status::Good { until })
    }

    /// Whether its word is taken that a certificate is good: MD5 can be forged, so what is signed over it may be
    /// anybody's, and revokes at most.
    pub fn vouches(&self) -> bool {
        !self.algorithm.is_md5()
    }

    /// Whether it counts: the issuer signed it, or a responder of its making that it has not taken back.
    pub fn is_signed(
        &self,
        issuer: &Certificate,
        now: i64,
        is_revoked: impl Fn(&Certificate) -> bool,
    ) -> bool {
        if self.is_by(issuer) {
            return self.verify(issuer).is_ok();
        }
        // RFC 6960 section 4.2.2.2: a responder the issuer made, by this very key.
        self.certificates.iter().filter(|candidate| self.is_by(candidate)).any(|responder| {
            let meant = responder.purposes().is_some_and(|mut list| list.any(|oid| oid == OCSP_SIGNING));
            let valid = (responder.not_before()..=responder.not_after()).contains(&now);
            meant
                && valid
                && responder.normalized_issuer() == issuer.normalized_subject()
                && !responder.algorithm().is_md5()
                && responder.is_signed_by(issuer)
                && self.verify(responder).is_ok()
                && !is_revoked(responder)
        })
    }

    fn is_by(&self, certificate: &Certificate) -> bool {
        match self.responder {
            Responder::Name(name) => super::names::normalise(name)[..] == *certificate.normalized_subject(),
            Responder::KeyHash(hash) => Hash::Sha1.digest(certificate.key_bits()).as_bytes() == hash,
        }
    }

    fn verify(&self, signer: &Certificate) -> Result<(), Fault> {
        match &self.algorithm {
            Algorithm::Known { verify, .. } => signer.key()?.verify(*verify, self.signed, self.signature),
            Algorithm::Broken(_) | Algorithm::Unknown(_) => {
                Err(Fault::Certificate(CertificateFault::Unusable))
            }
        }
    }
}

fn response_data(value: &[u8]) -> Result<(Responder<'_>, Vec<Single<'_>>), Malformed> {
    let mut fields = Items::new(value);
    fields.optional(0)?; // the version, of which there is one
    let item = fields.need()?;
    let responder = match context_number(item.tag) {
        Some(1) => Responder::Name(walk::only(item.value, Tag::Sequence)?.whole),
        Some(2) => Responder::KeyHash(walk::only(item.value, Tag::OctetString)?.value),
        _ => return Err(Malformed),
    };
    fields.expect(Tag::GeneralizedTime)?;
    let mut list = Items::new(fields.expect(Tag::Sequence)?.value);
    let mut singles = Vec::new();
    while let Some(item) = list.next()?.filter(|_| singles.len() < ANSWERS) {
        // An answer in a hash that is not known is about nobody here.
        singles.extend(Single::read(item.value)?);
    }
    Ok((responder, singles))
}

impl<'a> Single<'a> {
    fn read(value: &'a [u8]) -> Result<Option<Single<'a>>, Malformed> {
        let mut fields = Items::new(value);
        let mut id = Items::new(fields.expect(Tag::Sequence)?.value);
        let mut algorithm = Items::new(id.expect(Tag::Sequence)?.value);
        let oid = algorithm.expect(Tag::ObjectIdentifier)?.value;
        let issuer_name = id.expect(Tag::OctetString)?.value;
        let issuer_key = id.expect(Tag::OctetString)?.value;
        let serial = id.expect(Tag::Integer)?.value;
        let status = fields.need()?;
        let (mut good, mut revoked_at) = (None, 0);
        match context_number(status.tag) {
            Some(0) => good = Some(true),
            Some(1) => {
                let at = Items::new(status.value).expect(Tag::GeneralizedTime)?;
                good = Some(false);
                revoked_at = time::unix(at.tag, at.value)?;
            }
            Some(2) => {}
            _ => return Err(Malformed),
        }
        let from = fields.expect(Tag::GeneralizedTime)?;
        let from = time::unix(from.tag, from.value)?;
        let until = match fields.optional(0)? {
            Some(item) => {
                let item = walk::only(item.value, Tag::GeneralizedTime)?;
                time::unix(item.tag, item.value)?
            }
            None => from.saturating_add(ENDLESS),
        };
        let hash = match oid.strip_prefix(NIST_HASH) {
            Some([1]) => Hash::Sha256,
            Some([2]) => Hash::Sha384,
            Some([3]) => Hash::Sha512,
            _ if oid == SHA1 => Hash::Sha1,
            _ => return Ok(None),
        };
        Ok(Some(Single { hash, issuer_name, issuer_key, serial, good, revoked_at, from, until }))
    }

    fn is_about(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        self.serial == certificate.serial()
            && self.hash.digest(certificate.issuer_raw()).as_bytes() == self.issuer_name
            && self.hash.digest(issuer.key_bits()).as_bytes() == self.issuer_key
    }
}
