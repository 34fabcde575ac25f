//! What a judgement is made of: a chain with its end, what it is judged by, and the book that the rules write in.
//!
//! In: reasons, one by one. Out: [`Judged`]. Promise: a reason that was let off is no reason but a note; the book has an
//! end, whatever a chain is guilty of.

use super::allowances::Allowances;
use super::cert::Certificate;
use super::names::quoted;
use super::policy::Policy;
use super::reason::{Reason, ReasonKind};

/// What a chain ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// An anchor the caller named.
    Custom,
    /// An anchor of the platform.
    Platform,
    /// Nothing that is trusted.
    Nowhere,
}

/// A chain, leaf first.
pub(super) struct Path<'a> {
    pub certificates: &'a [Certificate],
    pub end: End,
}

/// Whether nothing rests on the signature of this certificate: an anchor, or the self-signed end of a chain.
pub(super) fn is_root(path: &Path<'_>, depth: usize) -> bool {
    depth + 1 == path.certificates.len()
        && (path.end != End::Nowhere || path.certificates.get(depth).is_some_and(Certificate::is_self_issued))
}

/// A certificate's name for sentences.
pub(super) fn called(certificate: &Certificate) -> String {
    let summary = certificate.summary();
    if summary.is_empty() { "the certificate without a name".into() } else { quoted(summary) }
}

/// What a chain is judged by.
pub(super) struct Rules<'a> {
    pub policies: &'a [Policy],
    pub now: i64,
    /// What may be let off.
    pub allowed: Allowances,
    /// Whether a leaf may say that it is an authority.
    pub leaf_is_authority: bool,
    /// Whether an anchor's expiry alone does not count.
    pub old_roots: bool,
    /// Whether an answer about the revocation of every certificate has to be there.
    pub every_revocation: bool,
    /// How many authorities may stand between leaf and anchor.
    pub limit: Option<usize>,
}

/// The reasons gathered for one chain.
#[derive(Default)]
pub(super) struct Ledger {
    reasons: Vec<Reason>,
    allowed: Allowances,
    used: Allowances,
}

impl Ledger {
    pub fn allowing(allowed: Allowances) -> Ledger {
        Ledger { allowed, ..Ledger::default() }
    }

    /// The judgement, with what was found out about revocation.
    pub fn close(self, revocation: Checked) -> Judged {
        Judged { reasons: self.reasons, used: self.used, revocation }
    }

    pub fn add(&mut self, depth: usize, kind: ReasonKind, words: impl Into<String>) {
        self.add_excusable(depth, kind, Allowances::default(), words);
    }

    /// A reason that one allowance excuses: where that is given, its use is noted instead.
    pub fn add_excusable(
        &mut self,
        depth: usize,
        kind: ReasonKind,
        excuse: Allowances,
        words: impl Into<String>,
    ) {
        if self.allowed.cover(excuse) {
            self.used = self.used.with(excuse);
            return;
        }
        let reason = Reason { excuse, ..Reason::new(depth, kind, words) };
        if self.reasons.len() < 64 && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// What a judge says of a chain.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub reasons: Vec<Reason>,
    /// What had to be let off.
    pub used: Allowances,
    pub revocation: Checked,
}

impl Judged {
    /// Lighter is better: fatal reasons, reasons, allowances.
    pub fn weight(&self) -> (usize, usize, u32) {
        let fatal = self.reasons.iter().filter(|reason| reason.kind.is_fatal()).count();
        (fatal, self.reasons.len(), self.used.0.count_ones())
    }
}

/// What is known of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Not revoked, as far as is known until then.
    Good { until: i64 },
    /// Revoked at that moment.
    Revoked { at: i64 },
}

/// What was found out about a whole chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Whether there was an answer that counts about the leaf.
    pub leaf: bool,
    /// Until when all answers hold.
    pub until: Option<i64>,
}
