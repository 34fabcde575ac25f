//! Finds a chain from a certificate to an anchor in a bag of certificates without order.
//!
//! In: the leaf, the peer's other certificates, the anchors, and a judge. Out: the best chain with the judge's
//! reasons. Promise: depth first over candidates by subject name, then key identifiers; every loop is cut;
//! signature checks, steps and judged chains are counted, so that a hostile bag costs a bounded time.

use super::algorithms::Algorithm;
use super::cert::Certificate;
use super::ledger::{End, Judged, Path};
use super::names::quoted;
use super::reason::{Reason, ReasonKind};
use std::collections::HashMap;

/// No chain is longer than this, anchor included.
const LONGEST: usize = 16;
/// At most so many issuers are tried for one certificate.
const CANDIDATES: usize = 32;
/// At most so many of the peer's certificates are looked at.
const BAG: usize = 512;
const SIGNATURE_CHECKS: usize = 100;
const STEPS: usize = 512;
const JUDGED: usize = 32;

/// Certificates that are trusted for what they sign, found by subject.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    certificates: Vec<Certificate>,
    by_subject: HashMap<Box<[u8]>, Vec<usize>>,
    /// What to do about there being none.
    lack: Option<&'static str>,
}

impl Anchors {
    /// Indexes the certificates.
    #[must_use]
    pub fn new(certificates: Vec<Certificate>) -> Anchors {
        let mut by_subject: HashMap<Box<[u8]>, Vec<usize>> = HashMap::new();
        for (index, certificate) in certificates.iter().enumerate() {
            by_subject.entry(certificate.normalized_subject().into()).or_default().push(index);
        }
        Anchors { certificates, by_subject, lack: None }
    }

    /// None at all. `advice` is for whoever finds that nothing is trusted because of that.
    #[must_use]
    pub fn none(advice: &'static str) -> Anchors {
        Anchors { lack: Some(advice), ..Anchors::default() }
    }

    /// All of them, in the order given.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether this very certificate is among them.
    #[must_use]
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.named(certificate.normalized_subject()).any(|anchor| anchor == certificate)
    }

    fn named(&self, subject: &[u8]) -> impl Iterator<Item = &Certificate> {
        let indexes = self.by_subject.get(subject).map(Vec::as_slice).unwrap_or_default();
        indexes.iter().filter_map(|index| self.certificates.get(*index))
    }
}

/// What a search found.
pub(super) struct Found {
    pub certificates: Vec<Certificate>,
    pub judged: Judged,
}

/// Whether one certificate's signature was made by another's key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Good,
    /// The names fit, but algorithm or key cannot be used; the judge says so.
    Unchecked,
    Wrong,
}

pub(super) struct Search<'a> {
    bag: HashMap<&'a [u8], Vec<&'a Certificate>>,
    custom: &'a Anchors,
    platform: Option<&'a Anchors>,
    now: i64,
    links: HashMap<(usize, usize), Link>,
    signature_checks: usize,
    steps: usize,
    judged: usize,
    exhausted: bool,
    best: Option<Found>,
    /// The longest chain that ended nowhere, and what its last certificate lacks.
    partial: Option<(Vec<Certificate>, Reason)>,
}

type Judge<'j> = dyn FnMut(&Path<'_>) -> Judged + 'j;

impl<'a> Search<'a> {
    pub fn new(
        bag: &'a [Certificate],
        custom: &'a Anchors,
        platform: Option<&'a Anchors>,
        now: i64,
    ) -> Search<'a> {
        let mut by_subject: HashMap<&[u8], Vec<&Certificate>> = HashMap::new();
        for certificate in bag.iter().take(BAG) {
            by_subject.entry(certificate.normalized_subject()).or_default().push(certificate);
        }
        Search {
            bag: by_subject,
            custom,
            platform,
            now,
            links: HashMap::new(),
            signature_checks: SIGNATURE_CHECKS,
            steps: STEPS,
            judged: JUDGED,
            exhausted: false,
            best: None,
            partial: None,
        }
    }

    /// The first chain without reasons, else the one with the lightest.
    pub fn run(mut self, leaf: &Certificate, judge: &mut Judge<'_>) -> Found {
        let mut path = vec![leaf.clone()];
        self.extend(&mut path, judge);
        let too_complex = self.exhausted.then(|| {
            let words = "the search for a chain to a trusted authority was given up, because the peer's \
                         certificates allow too many: it should send only those that are needed";
            Reason::new(0, ReasonKind::ChainTooComplex, words)
        });
        if let Some(best) = self.best {
            return best;
        }
        let (certificates, mut lacking) = self.partial.unwrap_or_else(|| {
            (path, Reason::new(0, ReasonKind::MissingIntermediate, "no chain of certificates could be built"))
        });
        let advice = self.platform.and_then(|platform| platform.lack);
        if let Some(advice) = advice.filter(|_| self.custom.certificates.is_empty()) {
            lacking.words = format!("{}; {advice}", lacking.words);
        }
        let mut judged = judge(&Path { certificates: &certificates, end: End::Nowhere });
        judged.reasons.insert(0, too_complex.unwrap_or(lacking));
        Found { certificates, judged }
    }

    /// Follows the path upwards; true when nothing better can come.
    fn extend(&mut self, path: &mut Vec<Certificate>, judge: &mut Judge<'_>) -> bool {
        let Some(last) = path.last().cloned() else { return true };
        let end = self.end_of(&last);
        if end != End::Nowhere && self.judge(path, end, judge) {
            return true;
        }
        let (mut extended, mut wrong) = (false, false);
        for candidate in self.candidates(&last) {
            if path.iter().any(|seen| same_authority(seen, &candidate)) {
                continue;
            }
            if self.steps == 0 || path.len() >= LONGEST {
                self.exhausted = true;
                break;
            }
            self.steps -= 1;
            match self.link(&last, &candidate) {
                Some(Link::Good | Link::Unchecked) => {}
                Some(Link::Wrong) => {
                    wrong = true;
                    continue;
                }
                None => break,
            }
            extended = true;
            path.push(candidate);
            let done = self.extend(path, judge);
            path.pop();
            if done {
                return true;
            }
        }
        if !extended && end == End::Nowhere {
            self.keep_partial(path, wrong);
        }
        false
    }

    fn end_of(&self, certificate: &Certificate) -> End {
        if self.custom.contains(certificate) {
            End::Custom
        } else if self.platform.is_some_and(|platform| platform.contains(certificate)) {
            End::Platform
        } else {
            End::Nowhere
        }
    }

    /// Judges a whole chain; true when it is beyond reproach or no more may be judged.
    fn judge(&mut self, path: &[Certificate], end: End, judge: &mut Judge<'_>) -> bool {
        if self.judged == 0 {
            self.exhausted = true;
            return true;
        }
        self.judged -= 1;
        let judged = judge(&Path { certificates: path, end });
        let done = judged.weight() == (0, 0, 0);
        if self.best.as_ref().is_none_or(|best| judged.weight() < best.judged.weight()) {
            self.best = Some(Found { certificates: path.to_vec(), judged });
        }
        done
    }

    /// Possible issuers, the likeliest first: matching key identifiers, anchors, valid now.
    fn candidates(&self, of: &Certificate) -> Vec<Certificate> {
        let name = of.normalized_issuer();
        let anchors =
            self.custom.named(name).chain(self.platform.into_iter().flat_map(|set| set.named(name)));
        let bag = self.bag.get(name).map(Vec::as_slice).unwrap_or_default().iter().copied();
        let mut ranked: Vec<(u8, &Certificate)> = Vec::new();
        let all = anchors.take(CANDIDATES).map(|anchor| (0, anchor)).chain(bag.map(|other| (2, other)));
        for (place, candidate) in all {
            if ranked.len() >= CANDIDATES || candidate == of {
                continue;
            }
            if ranked.iter().any(|(_, seen)| *seen == candidate) {
                continue;
            }
            let key = match (of.authority_key_id(), candidate.subject_key_id()) {
                (Some(wanted), Some(given)) if wanted != given => 8,
                _ => 0,
            };
            let valid = (candidate.not_before()..=candidate.not_after()).contains(&self.now);
            let authority = u8::from(!candidate.is_ca()) * 4;
            ranked.push((key + authority + place + u8::from(!valid), candidate));
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, candidate)| candidate.clone()).collect()
    }

    /// Whether `issuer` signed `child`; `None` when no more signatures are checked.
    fn link(&mut self, child: &Certificate, issuer: &Certificate) -> Option<Link> {
        let pair = (child.id(), issuer.id());
        if let Some(link) = self.links.get(&pair) {
            return Some(*link);
        }
        let link = match (child.algorithm(), issuer.key()) {
            (Algorithm::Known { verify, .. }, Ok(key)) => {
                if self.signature_checks == 0 {
                    self.exhausted = true;
                    return None;
                }
                self.signature_checks -= 1;
                match key.verify(*verify, child.tbs_raw(), child.signature_raw()) {
                    Ok(()) => Link::Good,
                    Err(_) => Link::Wrong,
                }
            }
            _ => Link::Unchecked,
        };
        self.links.insert(pair, link);
        Some(link)
    }

    fn keep_partial(&mut self, path: &[Certificate], wrong: bool) {
        if self.partial.as_ref().is_some_and(|(kept, _)| kept.len() >= path.len()) {
            return;
        }
        let Some(last) = path.last() else { return };
        let depth = path.len() - 1;
        let subject = quoted(&last.subject_summary());
        let issuer = quoted(&last.issuer_summary());
        let reason = if wrong {
            let words = format!(
                "the signature of {subject} was not made by the key of {issuer}: the certificate was changed, \
                 or another authority of that name issued it"
            );
            Reason::new(depth, ReasonKind::Processing, words)
        } else if last.is_self_issued() {
            let words = match depth {
                0 => format!(
                    "{subject} is signed by itself and not among the trusted authorities: add it as an anchor \
                     if you know that it is genuine"
                ),
                _ => format!(
                    "the chain ends in {subject}, which is not among the trusted authorities: add it as an \
                     anchor if you mean to trust it"
                ),
            };
            Reason::new(depth, ReasonKind::AnchorTrusted, words)
        } else {
            let words = format!(
                "the certificate of the issuer {issuer} is missing: the peer should send it with its own, or it \
                 has to be given as an anchor"
            );
            Reason::new(depth, ReasonKind::MissingIntermediate, words)
        };
        self.partial = Some((path.to_vec(), reason));
    }
}

/// The same certificate, or the same authority under another signature; either would close a loop.
fn same_authority(one: &Certificate, other: &Certificate) -> bool {
    one == other
        || (one.spki_raw() == other.spki_raw() && one.normalized_subject() == other.normalized_subject())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    fn parameters(name: &str, year: i32) -> CertificateParams {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
        parameters
    }

    fn made(name: &str, year: i32, key: &KeyPair, issuer: &Issuer<'_, &KeyPair>) -> Certificate {
        let made = parameters(name, year).signed_by(key, issuer).unwrap();
        Certificate::parse(made.der()).unwrap()
    }

    /// What a search looked at, with a judge who is never content.
    struct Counts {
        judged: usize,
        exhausted: bool,
        steps: usize,
        signature_checks: usize,
        links: usize,
    }

    fn counted(leaf: Certificate, bag: &[Certificate], anchors: &Anchors) -> Counts {
        let mut search = Search::new(bag, anchors, None, 1_893_456_000);
        let mut judged = 0;
        let mut judge = |path: &Path<'_>| {
            assert!(path.certificates.len() <= LONGEST);
            judged += 1;
            Judged { reasons: vec![Reason::new(0, ReasonKind::HostName, "never")], ..Judged::default() }
        };
        search.extend(&mut vec![leaf], &mut judge);
        Counts {
            judged,
            exhausted: search.exhausted,
            steps: STEPS - search.steps,
            signature_checks: SIGNATURE_CHECKS - search.signature_checks,
            links: search.links.len(),
        }
    }

    #[test]
    fn authorities_that_all_sign_each_other_cost_so_many_signature_checks_and_no_more() {
        let keys: Vec<KeyPair> = (0..12).map(|_| KeyPair::generate().unwrap()).collect();
        let issuer = |key| Issuer::new(parameters("everybody", 2040), key);
        let crossed = keys.iter().flat_map(|key| {
            keys.iter().map(|above| made("everybody", 2040, key, &issuer(above))).collect::<Vec<_>>()
        });
        let bag: Vec<Certificate> = crossed.collect();
        let leaf = made("leaf", 2040, &KeyPair::generate().unwrap(), &issuer(&keys[0]));
        let counts = counted(leaf, &bag, &Anchors::default());
        assert!(counts.exhausted);
        assert_eq!((counts.judged, counts.signature_checks), (0, SIGNATURE_CHECKS));
        assert!(counts.links <= SIGNATURE_CHECKS && counts.steps <= STEPS);
    }

    #[test]
    fn so_many_chains_to_an_anchor_are_judged_and_no_more() {
        let (root, middle) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let above = Issuer::new(parameters("root", 2040), &root);
        let between = Issuer::new(parameters("middle", 2040), &middle);
        let anchors: Vec<Certificate> =
            (0..10).map(|more| made("root", 2040 + more, &root, &above)).collect();
        let bag: Vec<Certificate> =
            (0..10).map(|more| made("middle", 2040 + more, &middle, &above)).collect();
        let leaf = made("leaf", 2040, &KeyPair::generate().unwrap(), &between);
        let counts = counted(leaf, &bag, &Anchors::new(anchors));
        assert_eq!((counts.judged, counts.exhausted), (JUDGED, true));
        assert!(counts.signature_checks <= SIGNATURE_CHECKS && counts.steps <= STEPS);
    }

    #[test]
    fn so_many_issuers_are_tried_of_so_many_certificates() {
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let above = Issuer::new(parameters("issuer", 2040), &key);
        let stranger = Issuer::new(parameters("issuer", 2040), &other);
        let leaf = made("leaf", 2040, &KeyPair::generate().unwrap(), &above);
        let wrong = (0..BAG as i32).map(|more| made("issuer", 2041 + more, &other, &stranger));
        let mut bag: Vec<Certificate> = wrong.collect();
        let counts = counted(leaf.clone(), &bag, &Anchors::default());
        assert_eq!((counts.links, counts.signature_checks), (CANDIDATES, CANDIDATES));
        // The one that did sign stands behind all that are looked at.
        bag.push(made("issuer", 2040, &key, &above));
        let nothing = Anchors::default();
        let search = Search::new(&bag, &nothing, None, 1_893_456_000);
        assert_eq!(search.bag.values().map(Vec::len).sum::<usize>(), BAG);
    }
}
