//! Certificate revocation lists (RFC 5280 section 5).
//!
//! In: DER. Out: a [`Crl`], and what it says of a certificate. Promise: a list counts only for certificates of its
//! own issuer, within its scope, while it is fresh and when that issuer signed it; what it does not say is never
//! taken for good, nor is anything where the issuer may not sign lists. Entries are read once and found by an index
//! of eight bytes each, which no choice of serial numbers makes slow.

use super::algorithms::{self, Algorithm};
use super::cert::Certificate;
use super::extensions::{Extension, range, usage};
use super::ledger::Status;
use super::names;
use super::time;
use super::walk::{self, Items, Malformed, boolean, context_number};
use core::hash::BuildHasher;
use core::ops::Range;
use der::Tag;
use std::collections::HashSet;
use std::hash::RandomState;
use std::sync::Arc;

/// A list; clones share the bytes.
#[derive(Clone, Debug)]
pub struct Crl(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    der: Box<[u8]>,
    tbs: Range<usize>,
    signature: Range<usize>,
    algorithm: Algorithm,
    issuer: Box<[u8]>,
    from: i64,
    until: Option<i64>,
    entries: Option<Range<usize>>,
    index: Index,
    /// The names of the point that it is published at.
    point: Option<Range<usize>>,
    scope: Scope,
}

/// Where the entry of a serial number is.
#[derive(Debug, Default)]
struct Index {
    /// Half of a keyed hash of the serial number, and where in the entries the entry begins: sorted.
    places: Box<[u64]>,
    hasher: RandomState,
    /// Whether an entry has a critical extension that is not understood.
    unknown: bool,
}

impl Index {
    /// Walks all entries once.
    fn read(entries: &[u8]) -> Result<Index, Malformed> {
        let mut index = Index::default();
        let mut places = Vec::new();
        let mut items = Items::new(entries);
        while let Some(item) = items.next()? {
            if item.tag != Tag::Sequence {
                return Err(Malformed);
            }
            let mut fields = Items::new(item.value);
            let serial = fields.expect(Tag::Integer)?.value;
            index.unknown |= has_unknown_extension(fields)?;
            let place = u32::try_from(range(entries, item.whole).start).map_err(|_| Malformed)?;
            places.push(index.mark(serial) | u64::from(place));
        }
        places.sort_unstable();
        index.places = places.into();
        Ok(index)
    }

    /// The upper half of what stands in the index.
    fn mark(&self, serial: &[u8]) -> u64 {
        self.hasher.hash_one(serial) & !u64::from(u32::MAX)
    }

    /// Where entries begin that may be about a serial number: its own in their order, and by chance another's.
    fn candidates(&self, serial: &[u8]) -> impl Iterator<Item = usize> {
        let mark = self.mark(serial);
        let start = self.places.partition_point(|place| *place < mark);
        let rest = self.places.get(start..).unwrap_or_default().iter();
        let of_mark = rest.take_while(move |place| **place & !u64::from(u32::MAX) == mark);
        of_mark.map(|place| (place & u64::from(u32::MAX)) as usize)
    }
}

/// What a list covers, by its extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Scope {
    /// Only certificates of users, or of authorities.
    users: bool,
    authorities: bool,
    /// Only some reasons: what is listed is revoked, what is not may be so elsewhere.
    partial: bool,
    /// Only certificates that name a certain point.
    pointed: bool,
    /// It may not be used at all: unknown critical extensions, lists of other issuers' certificates, deltas.
    unusable: bool,
    /// It is of the kind that RFC 5280 describes, but without the number of section 5.2.3 or with a critical one:
    /// what is listed is revoked, but the list is not good enough to vouch for anything.
    misnumbered: bool,
}

/// No CRL has more critical business than this many extensions.
const EXTENSIONS: usize = 64;
const REMOVED: &[u8] = &[8];

impl Crl {
    /// Reads a CertificateList; `None` when the bytes are none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Crl> {
        let der: Box<[u8]> = bytes.into();
        let inner = read(&der).ok()?;
        Some(Crl(Arc::new(Inner { der, ..inner })))
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }

    /// A number that is equal for clones of one list.
    pub(super) fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Whether it speaks of this certificate at all, leaving its signature aside.
    pub(super) fn covers(&self, certificate: &Certificate, now: i64) -> bool {
        let inner = &self.0;
        let scope = inner.scope;
        let fresh = inner.from <= now && inner.until.is_none_or(|until| now <= until);
        let in_scope = if certificate.is_ca() { !scope.users } else { !scope.authorities };
        *inner.issuer == *certificate.normalized_issuer() && fresh && in_scope && !scope.unusable
    }

    /// Whether it may say of its issuer's certificates that they are good: not over MD5, which can be forged, and
    /// not where the issuer's key is not for lists. What it revokes is revoked all the same: an authority may have
    /// several certificates for its key, of which the peer chooses the one that is shown.
    pub(super) fn vouches(&self, issuer: &Certificate) -> bool {
        let may = issuer.key_usage().is_none_or(|bits| bits & usage::CRL_SIGN != 0);
        may && !self.0.algorithm.is_md5()
    }

    /// Whether the issuer's key signed it.
    pub(super) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let Algorithm::Known { verify, .. } = &self.0.algorithm else { return false };
        let signed = |key: &crate::crypto::sign::PublicKey| {
            key.verify(*verify, self.slice(&self.0.tbs), self.slice(&self.0.signature)).is_ok()
        };
        issuer.key().is_ok_and(signed)
    }

    /// What it says of a certificate that it covers.
    pub(super) fn status(&self, certificate: &Certificate) -> Option<Status> {
        if let Some(fields) = self.entry(certificate.serial()) {
            let (at, removed) = entry(fields).ok()?;
            return (!removed).then_some(Status::Revoked { at });
        }
        let until = self.0.until.unwrap_or(i64::MAX);
        let scope = self.0.scope;
        let whole = !scope.partial && !scope.misnumbered;
        let whole = whole && (!scope.pointed || self.is_pointed_at_by(certificate));
        whole.then_some(Status::Good { until })
    }

    /// What stands behind a serial number in its first entry.
    fn entry(&self, serial: &[u8]) -> Option<Items<'_>> {
        let entries = self.0.entries.as_ref().map(|range| self.slice(range)).unwrap_or_default();
        self.0.index.candidates(serial).find_map(|place| {
            let item = Items::new(entries.get(place..)?).need().ok()?;
            let mut fields = Items::new(item.value);
            (fields.expect(Tag::Integer).ok()?.value == serial).then_some(fields)
        })
    }

    /// Whether a certificate names the point that this list is published at (RFC 5280 section 6.3.3 (b)(2)(i)).
    fn is_pointed_at_by(&self, certificate: &Certificate) -> bool {
        let points = certificate.distribution_points().and_then(|value| point_names(value).ok());
        let points = points.unwrap_or_default();
        let mut names = Items::new(self.0.point.as_ref().map(|range| self.slice(range)).unwrap_or_default());
        while let Ok(Some(name)) = names.next() {
            if points.contains(name.whole) {
                return true;
            }
        }
        false
    }
}

fn read(der: &[u8]) -> Result<Inner, Malformed> {
    let mut outer = Items::new(walk::only(der, Tag::Sequence)?.value);
    let tbs = outer.expect(Tag::Sequence)?;
    let algorithm = algorithms::signature(outer.expect(Tag::Sequence)?.whole);
    let signature = match outer.expect(Tag::BitString)?.value {
        [0, octets @ ..] => range(der, octets),
        _ => return Err(Malformed),
    };
    outer.end()?;
    let mut fields = Items::new(tbs.value);
    let mut next = fields.need()?;
    if next.tag == Tag::Integer {
        next = fields.need()?; // after the version
    }
    if next.tag != Tag::Sequence {
        return Err(Malformed); // the signature algorithm once more
    }
    let issuer = names::normalise(fields.expect(Tag::Sequence)?.whole);
    let from = fields.need()?;
    let from = time::unix(from.tag, from.value)?;
    let mut until = None;
    let mut entries = None;
    let mut index = Index::default();
    let mut scope = Scope::default();
    let mut point = None;
    while let Some(item) = fields.next()? {
        match item.tag {
            Tag::UtcTime | Tag::GeneralizedTime if until.is_none() && entries.is_none() => {
                until = Some(time::unix(item.tag, item.value)?);
            }
            Tag::Sequence if entries.is_none() => {
                index = Index::read(item.value)?;
                entries = Some(range(der, item.value));
            }
            tag if context_number(tag) == Some(0) => point = read_scope(item.value, &mut scope)?,
            _ => return Err(Malformed),
        }
    }
    scope.unusable |= index.unknown;
    Ok(Inner {
        der: Box::default(),
        tbs: range(der, tbs.whole),
        signature,
        algorithm,
        issuer,
        from,
        until,
        entries,
        index,
        point: point.map(|names| range(der, names)),
        scope,
    })
}

/// The extensions of the list (RFC 5280 section 5.2); returns the names of its point.
fn read_scope<'a>(value: &'a [u8], scope: &mut Scope) -> Result<Option<&'a [u8]>, Malformed> {
    let mut point = None;
    let (mut identified, mut numbered) = (false, false);
    let mut items = Items::new(walk::only(value, Tag::Sequence)?.value);
    for _ in 0..EXTENSIONS {
        let Some(item) = items.next()? else {
            scope.misnumbered |= identified && !numbered;
            return Ok(point);
        };
        let found = Extension::read(&item)?;
        match found.oid {
            // An authority key identifier: the issuer's name and signature decide anyway.
            [0x55, 0x1d, 35] => identified = true,
            [0x55, 0x1d, 20] => {
                numbered = true;
                scope.misnumbered |= found.critical;
            }
            [0x55, 0x1d, 27] => scope.unusable = true,
            [0x55, 0x1d, 28] => point = distribution(found.content, scope)?,
            _ => scope.unusable |= found.critical,
        }
    }
    Err(Malformed)
}

/// IssuingDistributionPoint (RFC 5280 section 5.2.5).
fn distribution<'a>(content: &'a [u8], scope: &mut Scope) -> Result<Option<&'a [u8]>, Malformed> {
    let mut point = None;
    let mut items = Items::new(walk::only(content, Tag::Sequence)?.value);
    while let Some(item) = items.next()? {
        match context_number(item.tag) {
            Some(0) => {
                let mut choice = Items::new(item.value);
                scope.pointed = true;
                point = choice.optional(0)?.map(|names| names.value);
            }
            Some(1) => scope.users = boolean(item.value)?,
            Some(2) => scope.authorities = boolean(item.value)?,
            Some(3) => scope.partial = true,
            Some(4 | 5) => scope.unusable |= boolean(item.value)?,
            _ => return Err(Malformed),
        }
    }
    Ok(point)
}

/// Whether an entry has a critical extension that is not understood; `fields` stand behind the serial number.
fn has_unknown_extension(mut fields: Items<'_>) -> Result<bool, Malformed> {
    fields.need()?;
    let mut unknown = false;
    if let Some(list) = fields.next()? {
        let mut list = Items::new(list.value);
        while let Some(item) = list.next()? {
            let found = Extension::read(&item)?;
            unknown |= found.critical && !matches!(found.oid, [0x55, 0x1d, 21 | 24]);
        }
    }
    fields.end()?;
    Ok(unknown)
}

/// The names of the points of a CRLDistributionPoints that speak for all reasons, each encoded: those of the point, or
/// of the issuer of its lists where it has none (RFC 5280 section 6.3.3 (b)(2)(i)).
fn point_names(value: &[u8]) -> Result<HashSet<&[u8]>, Malformed> {
    let mut found = HashSet::new();
    let mut points = Items::new(walk::only(value, Tag::Sequence)?.value);
    while let Some(point) = points.next()? {
        let mut fields = Items::new(point.value);
        let (own, reasons, issuer) = (fields.optional(0)?, fields.optional(1)?, fields.optional(2)?);
        if reasons.is_some() {
            continue;
        }
        let full = match own {
            Some(own) => Items::new(own.value).optional(0)?,
            None => issuer,
        };
        let mut names = Items::new(full.map(|names| names.value).unwrap_or_default());
        while let Some(name) = names.next()? {
            found.insert(name.whole);
        }
    }
    Ok(found)
}

/// When a certificate was revoked, and whether the entry takes that back (removeFromCRL).
fn entry(mut fields: Items<'_>) -> Result<(i64, bool), Malformed> {
    let at = fields.need()?;
    let at = time::unix(at.tag, at.value)?;
    let mut removed = false;
    if let Some(list) = fields.next()? {
        let mut list = Items::new(list.value);
        while let Some(item) = list.next()? {
            let found = Extension::read(&item)?;
            if found.oid == [0x55, 0x1d, 21] {
                removed = walk::only(found.content, Tag::Enumerated)?.value == REMOVED;
            }
        }
    }
    Ok((at, removed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let head = match length.iter().position(|byte| *byte != 0).unwrap_or(3) {
            3 if length[3] < 0x80 => vec![tag, length[3]],
            zeros => [&[tag, 0x84 - zeros as u8], &length[zeros..]].concat(),
        };
        [head, content].concat()
    }

    const DATE: &[u8] = b"\x17\x0d300101000000Z";

    fn listed(serials: impl Iterator<Item = u32>) -> Vec<u8> {
        let entries =
            serials.map(|serial| tlv(0x30, &[&tlv(2, &[&serial.to_be_bytes()]), DATE])).collect::<Vec<_>>();
        let ecdsa = tlv(0x30, &[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
        let name = tlv(0x30, &[]);
        let tbs = tlv(0x30, &[&ecdsa, &name, DATE, DATE, &tlv(0x30, &[&entries.concat()])]);
        tlv(0x30, &[&tbs, &ecdsa, &tlv(3, &[&[0, 1]])])
    }

    const MANY: u32 = 200_000;

    #[test]
    fn an_entry_of_a_huge_list_is_found_by_looking_at_a_few() {
        let der = listed((0..MANY).map(|number| number * 2));
        let crl = Crl::parse(&der).unwrap();
        let looked_at =
            |serial: u32| crl.0.index.candidates(&serial.to_be_bytes()).map(|_| 1_u32).sum::<u32>();
        for serial in 0..MANY * 2 {
            assert_eq!(crl.entry(&serial.to_be_bytes()).is_some(), serial % 2 == 0, "{serial}");
            assert!(looked_at(serial) < 8, "{serial}");
        }
        assert_eq!(crl.0.index.places.len(), MANY as usize);
        assert!(crl.0.index.places.len() * 8 < der.len() / 2, "less than half of the list again");
    }

    #[test]
    fn of_entries_with_one_serial_number_the_first_is_looked_at() {
        let mut der = listed(core::iter::repeat_n(7, 50_000));
        // The first date, behind those of the list, is another than those of all others.
        let at = der.windows(DATE.len()).enumerate().filter(|(_, found)| *found == DATE).nth(2).unwrap().0;
        der[at + 2..at + 4].copy_from_slice(b"29");
        let crl = Crl::parse(&der).unwrap();
        assert_eq!(crl.0.index.candidates(&7_u32.to_be_bytes()).next(), Some(0));
        let found = entry(crl.entry(&7_u32.to_be_bytes()).unwrap());
        assert_eq!(found, Ok((time::unix(Tag::UtcTime, b"290101000000Z").unwrap(), false)));
        assert!(crl.entry(&8_u32.to_be_bytes()).is_none());
    }

    #[test]
    fn serial_numbers_that_a_hasher_without_a_key_would_put_together_are_apart() {
        let der = listed((0..1000).map(|number: u32| number << 16));
        let (one, other) = (Crl::parse(&der).unwrap(), Crl::parse(&der).unwrap());
        let mark = |crl: &Crl| crl.0.index.mark(&[1]);
        assert_ne!(mark(&one), mark(&other), "every list has a key of its own");
    }
}
