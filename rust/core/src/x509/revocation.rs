//! Whether certificates were taken back: by OCSP responses and CRLs that somebody handed over.
//!
//! In: a chain, what was handed over, what the policies ask. Out: reasons, and what was found out. Promise: nothing
//! is fetched; signatures are checked a bounded number of times; without data and without a policy that asks for
//! them nothing is held against anybody.

use super::cert::Certificate;
use super::crl::Crl;
use super::ledger::{Checked, Ledger, Path, Rules, Status, called};
use super::ocsp::Response;
use super::policy::{Policy, revocation_flags as flags};
use super::reason::ReasonKind;
use super::time;
use crate::crypto::hash::Hash;
use std::collections::HashMap;

/// Signatures of responses that are checked in one evaluation: they come from the peer.
const RESPONSES: usize = 64;
/// Signatures of lists that are checked in one evaluation; the lists come from the caller, the issuers do not.
const LISTS: usize = 1024;

/// What was handed over, with what has been found out about it.
pub(super) struct Evidence<'a> {
    responses: Vec<Response<'a>>,
    crls: &'a [Crl],
    /// What was found about signatures, by list or response, and issuer. An authority has many certificates, one for
    /// each chain that is tried: its name and key count, or the last chains would be judged without an answer.
    lists_signed: HashMap<(usize, Authority), bool>,
    responses_signed: HashMap<(usize, Authority), bool>,
    responses_left: usize,
    lists_left: usize,
}

/// A name with a key.
type Authority = [u8; 32];

fn authority(issuer: &Certificate) -> Authority {
    let name = issuer.normalized_subject();
    let whole = [&(name.len() as u64).to_be_bytes(), name, issuer.spki_raw()].concat();
    let mut digest = Authority::default();
    digest.copy_from_slice(Hash::Sha256.digest(&whole).as_bytes());
    digest
}

impl<'a> Evidence<'a> {
    /// Responses that do not parse are nobody's answer.
    pub fn new(responses: &'a [Vec<u8>], crls: &'a [Crl]) -> Evidence<'a> {
        let responses = responses.iter().filter_map(|der| Response::read(der).ok()).collect();
        Evidence {
            responses,
            crls,
            lists_signed: HashMap::new(),
            responses_signed: HashMap::new(),
            responses_left: RESPONSES,
            lists_left: LISTS,
        }
    }

    fn by_ocsp(&mut self, certificate: &Certificate, issuer: &Certificate, now: i64) -> Option<Status> {
        let mut found = None;
        for (place, response) in self.responses.iter().enumerate() {
            let Some(status) = response.says(certificate, issuer, now) else { continue };
            let crls = self.crls;
            let signed =
                || response.is_signed(issuer, now, |responder| is_listed(crls, responder, issuer, now));
            match known(
                &mut self.responses_signed,
                &mut self.responses_left,
                (place, authority(issuer)),
                signed,
            ) {
                None => return found,
                Some(true) if matches!(status, Status::Revoked { .. }) => return Some(status),
                Some(true) if response.vouches() => found = Some(status),
                Some(_) => {}
            }
        }
        found
    }

    fn by_crl(&mut self, certificate: &Certificate, issuer: &Certificate, now: i64) -> Option<Status> {
        let mut found = None;
        for crl in self.crls.iter().filter(|crl| crl.covers(certificate, now)) {
            let signed = || crl.is_signed_by(issuer);
            match known(&mut self.lists_signed, &mut self.lists_left, (crl.id(), authority(issuer)), signed) {
                None => return found,
                Some(false) => continue,
                Some(true) => {}
            }
            match crl.status(certificate) {
                Some(revoked @ Status::Revoked { .. }) => return Some(revoked),
                Some(good) if crl.vouches(issuer) => found = Some(good),
                _ => {}
            }
        }
        found
    }

    /// Judges every certificate below the end of a chain.
    pub fn check(&mut self, path: &Path<'_>, rules: &Rules<'_>, ledger: &mut Ledger) -> Checked {
        let asked = rules.policies.iter().find_map(Policy::revocation_flags);
        let methods = asked.map_or(flags::OCSP | flags::CRL, |flags| flags);
        let mut checked = Checked { leaf: false, until: None };
        for (depth, pair) in path.certificates.windows(2).enumerate() {
            let [certificate, issuer] = pair else { continue };
            let stapled = depth == 0 && promises_staple(certificate, rules);
            let by_ocsp = |evidence: &mut Self| {
                let used = stapled || methods & flags::OCSP != 0;
                used.then(|| evidence.by_ocsp(certificate, issuer, rules.now)).flatten()
            };
            let by_crl = |evidence: &mut Self| {
                let used = methods & (flags::CRL | flags::PREFER_CRL) != 0;
                used.then(|| evidence.by_crl(certificate, issuer, rules.now)).flatten()
            };
            // Whoever says that it was revoked is right; in between, both are asked.
            let (ocsp, crl) = (by_ocsp(self), by_crl(self));
            let revoked = [ocsp, crl].into_iter().flatten().find_map(|status| match status {
                Status::Revoked { at } => Some(at),
                Status::Good { .. } => None,
            });
            let until = [ocsp, crl].into_iter().flatten().filter_map(|status| match status {
                Status::Good { until } => Some(until),
                Status::Revoked { .. } => None,
            });
            let until = until.max();
            if let Some(at) = revoked {
                let words = format!(
                    "{} was revoked by its issuer on {}: it must not be trusted any more and has to be replaced",
                    called(certificate),
                    time::words(at)
                );
                ledger.add(depth, ReasonKind::Revoked, words);
            } else if stapled && !matches!(ocsp, Some(Status::Good { .. })) {
                let words = format!(
                    "{} promises that an OCSP response comes with it, but none came that is fresh and signed by its issuer: \
                     the server has to staple one",
                    called(certificate)
                );
                ledger.add(depth, ReasonKind::RevocationUnknown, words);
            } else if until.is_none() && required(asked, rules.every_revocation, depth) {
                let words = format!(
                    "it is not known whether {} was revoked: neither a fresh OCSP response nor a CRL of its issuer is at hand",
                    called(certificate)
                );
                ledger.add(depth, ReasonKind::RevocationUnknown, words);
            }
            if depth == 0 {
                checked.leaf = revoked.is_some() || until.is_some();
            }
            checked.until = match (checked.until, until) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        checked
    }
}

/// Whether a list of the issuer revokes a responder that it made: its key may be in anybody's hands. Only lists that
/// mention it are verified.
fn is_listed(crls: &[Crl], responder: &Certificate, issuer: &Certificate, now: i64) -> bool {
    crls.iter().any(|crl| {
        crl.covers(responder, now)
            && matches!(crl.status(responder), Some(Status::Revoked { .. }))
            && crl.is_signed_by(issuer)
    })
}

/// What was found about a signature, or is found now; `None` when no more are checked.
fn known(
    found: &mut HashMap<(usize, Authority), bool>,
    left: &mut usize,
    key: (usize, Authority),
    check: impl FnOnce() -> bool,
) -> Option<bool> {
    if let Some(signed) = found.get(&key) {
        return Some(*signed);
    }
    *left = left.checked_sub(1)?;
    Some(*found.entry(key).or_insert_with(check))
}

/// Whether a TLS server has promised by its certificate that it staples (RFC 7633). Several responses, the other
/// feature with that meaning, are never asked for here.
fn promises_staple(leaf: &Certificate, rules: &Rules<'_>) -> bool {
    const STATUS_REQUEST: u32 = 5;
    leaf.tls_features().binary_search(&STATUS_REQUEST).is_ok()
        && rules.policies.iter().any(Policy::wants_form)
}

/// Whether an answer has to be there: about the leaf where the policy says so, about all where the caller does.
fn required(asked: Option<u32>, every: bool, depth: usize) -> bool {
    every || (depth == 0 && asked.is_some_and(|asked| asked & flags::REQUIRE_POSITIVE != 0))
}
