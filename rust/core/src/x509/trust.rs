//! The trust object: what is to be judged, by what, and the verdict once it was asked for.
//!
//! In: a peer's certificates, policies, anchors, a moment, stapled data. Out: a [`TrustResult`], the chain it
//! rests on and the reasons against it. Promise: nothing is evaluated before somebody asks; a verdict stays
//! until a setter changes what it rests on.

use super::allowances::Allowances;
use super::cert::Certificate;
use super::checks::{self, NAME_COMPARISONS};
use super::constraints::Budget;
use super::crl::Crl;
use super::exceptions::Exceptions;
use super::ledger::{Checked, Judged, Rules};
use super::policy::{Policy, Purpose};
use super::purposes;
use super::reason::{Reason, ReasonKind};
use super::revocation::Evidence;
use super::search::{Anchors, Search};

/// Options of `SecTrustSetOptions` that change a verdict.
pub mod options {
    /// Expired certificates are let pass.
    pub const ALLOW_EXPIRED: u32 = 1;
    /// A leaf may say that it is an authority.
    pub const LEAF_IS_AUTHORITY: u32 = 2;
    /// An expired anchor is let pass.
    pub const ALLOW_EXPIRED_ROOT: u32 = 8;
    /// An answer about the revocation of every certificate has to be there.
    pub const REQUIRE_REVOCATION: u32 = 16;
    /// Self-signed certificates among those given are anchors.
    pub const IMPLICIT_ANCHORS: u32 = 64;
}

/// The verdict, with the numbers of `SecTrustResultType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum TrustResult {
    /// Nothing to judge.
    Invalid = 0,
    /// The user said yes.
    Proceed = 1,
    /// The user said no.
    Deny = 3,
    /// Good; nobody was asked.
    Unspecified = 4,
    /// Not good, but a user may decide to go on.
    RecoverableTrustFailure = 5,
    /// Not good, and nothing helps.
    FatalTrustFailure = 6,
    /// Something else went wrong.
    OtherError = 7,
}

impl TrustResult {
    /// Whether a handshake may go on.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, TrustResult::Proceed | TrustResult::Unspecified)
    }
}

/// What an evaluation found.
#[derive(Clone, Debug)]
struct Outcome {
    result: TrustResult,
    reasons: Vec<Reason>,
    chain: Vec<Certificate>,
    used: Allowances,
    revocation: Checked,
    qualified: bool,
    at: i64,
}

/// What an evaluation found beside its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The moment it was judged for, unix seconds.
    pub at: i64,
    /// What had to be let off, by name.
    pub used: Allowances,
    /// Whether a response or list that counts spoke of the leaf.
    pub revocation_checked: bool,
    /// Until when what is known of revocation holds, unix seconds.
    pub revocation_until: Option<i64>,
    /// Whether the chain is good and its leaf a qualified certificate for websites.
    pub qualified: bool,
}

/// Certificates to be judged, and how.
#[derive(Clone, Debug)]
pub struct Trust {
    certificates: Vec<Certificate>,
    policies: Vec<Policy>,
    anchors: Option<Anchors>,
    anchors_only: bool,
    verify_time: Option<i64>,
    ocsp: Vec<Vec<u8>>,
    scts: Vec<Vec<u8>>,
    crls: Vec<Crl>,
    allowances: Allowances,
    options: u32,
    limit: Option<usize>,
    exceptions: Option<Exceptions>,
    outcome: Option<Outcome>,
}

impl Trust {
    /// Leaf first, the others in any order; no policy means the basic one.
    #[must_use]
    pub fn new(certificates: Vec<Certificate>, policies: Vec<Policy>) -> Trust {
        Trust {
            certificates,
            policies,
            anchors: None,
            anchors_only: false,
            verify_time: None,
            ocsp: Vec::new(),
            scts: Vec::new(),
            crls: Vec::new(),
            allowances: Allowances::default(),
            options: 0,
            limit: None,
            exceptions: None,
            outcome: None,
        }
    }

    /// Anchors of one's own; as `SecTrustSetAnchorCertificates` does, a list also switches those of the platform
    /// off, and `None` on again. [`Trust::set_anchors_only`] afterwards re-admits them.
    pub fn set_anchors(&mut self, anchors: Option<Vec<Certificate>>) {
        self.outcome = None;
        self.anchors_only = anchors.is_some();
        self.anchors = anchors.map(Anchors::new);
    }

    /// Whether the platform's anchors do not count.
    pub fn set_anchors_only(&mut self, only: bool) {
        self.outcome = None;
        self.anchors_only = only;
    }

    /// The moment to judge for (unix seconds) instead of now.
    pub fn set_verify_time(&mut self, time: Option<i64>) {
        self.outcome = None;
        self.verify_time = time;
    }

    /// Replaces the policies.
    pub fn set_policies(&mut self, policies: Vec<Policy>) {
        self.outcome = None;
        self.policies = policies;
    }

    /// Stapled OCSP responses.
    pub fn set_ocsp(&mut self, responses: Vec<Vec<u8>>) {
        self.outcome = None;
        self.ocsp = responses;
    }

    /// Signed certificate timestamps from outside the certificate.
    pub fn set_scts(&mut self, timestamps: Vec<Vec<u8>>) {
        self.outcome = None;
        self.scts = timestamps;
    }

    /// Revocation lists.
    pub fn set_crls(&mut self, crls: Vec<Crl>) {
        self.outcome = None;
        self.crls = crls;
    }

    /// What may be let off, by name; see [`Allowances`].
    pub fn set_allowances(&mut self, allowances: Allowances) {
        self.outcome = None;
        self.allowances = allowances;
    }

    /// Flags of [`options`]; others are without effect.
    pub fn set_options(&mut self, options: u32) {
        self.outcome = None;
        self.options = options;
    }

    /// How many authorities may stand between leaf and anchor.
    pub fn set_path_limit(&mut self, limit: Option<usize>) {
        self.outcome = None;
        self.limit = limit;
    }

    /// Faults to live with, as [`Trust::exceptions`] recorded them; whether the record is for this leaf. One that is
    /// not, or `None`, removes what was set.
    pub fn set_exceptions(&mut self, record: Option<&[u8]>) -> bool {
        self.outcome = None;
        let leaf = self.certificates.first();
        self.exceptions = record.zip(leaf).and_then(|(record, leaf)| Exceptions::read(record, leaf));
        self.exceptions.is_some()
    }

    /// A record of the faults that a user may decide to live with. Evaluates, leaving earlier exceptions aside.
    #[must_use]
    pub fn exceptions(&self, system: &Anchors, now: i64) -> Vec<u8> {
        let bare = Trust { exceptions: None, outcome: None, ..self.clone() };
        let outcome = bare.judge(system, self.verify_time.unwrap_or(now));
        Exceptions::write(&outcome.chain, &outcome.reasons)
    }

    /// What was given, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The caller's own anchors.
    #[must_use]
    pub fn anchors(&self) -> Option<&[Certificate]> {
        self.anchors.as_ref().map(Anchors::certificates)
    }

    /// Whether the platform's anchors are switched off.
    #[must_use]
    pub fn anchors_only(&self) -> bool {
        self.anchors_only
    }

    /// The moment set, if any.
    #[must_use]
    pub fn verify_time(&self) -> Option<i64> {
        self.verify_time
    }

    /// The stapled responses.
    #[must_use]
    pub fn ocsp(&self) -> &[Vec<u8>] {
        &self.ocsp
    }

    /// The timestamps.
    #[must_use]
    pub fn scts(&self) -> &[Vec<u8>] {
        &self.scts
    }

    /// Judges, or repeats the verdict if nothing was set since. `now` counts where no moment was set.
    pub fn evaluate(&mut self, system: &Anchors, now: i64) -> TrustResult {
        if let Some(outcome) = &self.outcome {
            return outcome.result;
        }
        let outcome = self.judge(system, self.verify_time.unwrap_or(now));
        self.outcome.insert(outcome).result
    }

    fn judge(&self, system: &Anchors, now: i64) -> Outcome {
        let Some((leaf, bag)) = self.certificates.split_first() else {
            let reason = Reason::new(0, ReasonKind::MissingIntermediate, "there is no certificate to judge");
            return Outcome::new(TrustResult::OtherError, vec![reason], now);
        };
        let implicit = self.implicit_anchors();
        let nothing = Anchors::default();
        let custom = implicit.as_ref().or(self.anchors.as_ref()).unwrap_or(&nothing);
        let platform = (!self.anchors_only).then_some(system);
        let rules = self.rules(now);
        let mut budget = Budget(NAME_COMPARISONS);
        let mut evidence = Evidence::new(&self.ocsp, &self.crls);
        let search = Search::new(bag, custom, platform, now);
        let found = search.run(leaf, &mut |path| checks::judge(path, &rules, &mut evidence, &mut budget));
        let Judged { mut reasons, used, revocation } = found.judged;
        let mut result = verdict(&reasons);
        if let Some(exceptions) = &self.exceptions {
            reasons.retain(|reason| !exceptions.excuse(&found.certificates, reason));
            // The user has been asked, whether there was anything to excuse or not.
            result = if reasons.is_empty() { TrustResult::Proceed } else { verdict(&reasons) };
        }
        let web = |policy: &Policy| matches!(policy.0, Purpose::Ssl { server: true, .. });
        let qualified =
            reasons.is_empty() && self.policies.iter().any(web) && purposes::is_qualified_for_web(leaf);
        Outcome { result, reasons, chain: found.certificates, used, revocation, qualified, at: now }
    }

    fn rules(&self, now: i64) -> Rules<'_> {
        let mut allowed = self.allowances;
        if self.options & options::ALLOW_EXPIRED != 0 {
            allowed = allowed.with(Allowances::EXPIRED);
        }
        Rules {
            policies: &self.policies,
            now,
            allowed,
            leaf_is_authority: self.options & options::LEAF_IS_AUTHORITY != 0,
            old_roots: self.options & options::ALLOW_EXPIRED_ROOT != 0,
            every_revocation: self.options & options::REQUIRE_REVOCATION != 0,
            limit: self.limit,
        }
    }

    /// The anchors with the self-signed certificates among those given, if the caller asked for that.
    fn implicit_anchors(&self) -> Option<Anchors> {
        if self.options & options::IMPLICIT_ANCHORS == 0 {
            return None;
        }
        let own = self.anchors.as_ref().map(Anchors::certificates).unwrap_or_default();
        let given = self.certificates.iter().filter(|given| given.is_self_issued()).take(16);
        let signed = given.filter(|given| given.is_signed_by(given));
        Some(Anchors::new(own.iter().chain(signed).cloned().collect()))
    }

    /// The last verdict, if nothing was set since.
    #[must_use]
    pub fn result(&self) -> Option<TrustResult> {
        self.outcome.as_ref().map(|outcome| outcome.result)
    }

    /// What was found beside the verdict; `None` before an evaluation.
    #[must_use]
    pub fn findings(&self) -> Option<Findings> {
        self.outcome.as_ref().map(|outcome| Findings {
            at: outcome.at,
            used: outcome.used,
            revocation_checked: outcome.revocation.leaf,
            revocation_until: outcome.revocation.until,
            qualified: outcome.qualified,
        })
    }

    /// What speaks against the chain; empty before an evaluation and after a good one.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        self.outcome.as_ref().map(|outcome| outcome.reasons.as_slice()).unwrap_or_default()
    }

    /// The gravest reason: fatal before recoverable, then the order of the checks.
    #[must_use]
    pub fn main_reason(&self) -> Option<&Reason> {
        let reasons = self.reasons();
        reasons.iter().find(|reason| reason.kind.is_fatal()).or_else(|| reasons.first())
    }

    /// The chain that was judged, leaf first, with its anchor if it has one; empty before an evaluation.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        self.outcome.as_ref().map(|outcome| outcome.chain.as_slice()).unwrap_or_default()
    }
}

impl Outcome {
    fn new(result: TrustResult, reasons: Vec<Reason>, at: i64) -> Outcome {
        Outcome {
            result,
            reasons,
            chain: Vec::new(),
            used: Allowances::default(),
            revocation: Checked::default(),
            qualified: false,
            at,
        }
    }
}

/// Reasons into a verdict.
fn verdict(reasons: &[Reason]) -> TrustResult {
    if reasons.iter().any(|reason| reason.kind.is_fatal()) {
        TrustResult::FatalTrustFailure
    } else if reasons.is_empty() {
        TrustResult::Unspecified
    } else {
        TrustResult::RecoverableTrustFailure
    }
}
