//! The trust object: what is to be judged, by what, and the verdict once it was asked for.
//!
//! In: a peer's certificates, policies, anchors, a moment, stapled data. Out: a [`TrustResult`], the chain it
//! rests on and the reasons against it. Promise: nothing is evaluated before somebody asks; a verdict stays
//! until a setter changes what it rests on.

use super::cert::Certificate;
use super::checks::{self, NAME_COMPARISONS, Rules};
use super::constraints::Budget;
use super::reason::{Reason, ReasonKind};
use super::search::{Anchors, Search};

/// What a chain is judged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy(Purpose);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Purpose {
    Basic,
    Ssl { server: bool, host: Option<Vec<u8>> },
    Strict,
}

impl Policy {
    /// Chain building alone: dates, signatures, basic constraints, weak keys and hashes.
    #[must_use]
    pub fn basic() -> Policy {
        Policy(Purpose::Basic)
    }

    /// A TLS server's certificate (`server`, what a client needs) or a client's; a name is checked if given.
    #[must_use]
    pub fn ssl(server: bool, host: Option<Vec<u8>>) -> Policy {
        Policy(Purpose::Ssl { server, host })
    }

    /// In addition to others: the letter of RFC 5280 and of the CA/Browser Forum's rules, as public authorities
    /// keep them and internal ones often do not.
    #[must_use]
    pub fn strict() -> Policy {
        Policy(Purpose::Strict)
    }

    /// For an SSL policy, whether it judges servers.
    #[must_use]
    pub fn ssl_side(&self) -> Option<bool> {
        match self.0 {
            Purpose::Ssl { server, .. } => Some(server),
            Purpose::Basic | Purpose::Strict => None,
        }
    }

    /// The host name an SSL policy asks for.
    #[must_use]
    pub fn host(&self) -> Option<&[u8]> {
        match &self.0 {
            Purpose::Ssl { host, .. } => host.as_deref(),
            Purpose::Basic | Purpose::Strict => None,
        }
    }

    /// Whether this is the strict addition.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.0 == Purpose::Strict
    }

    pub(super) fn judges_server(&self) -> bool {
        self.ssl_side() == Some(true)
    }
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
            return Outcome { result: TrustResult::OtherError, reasons: vec![reason], chain: Vec::new() };
        };
        let nothing = Anchors::default();
        let custom = self.anchors.as_ref().unwrap_or(&nothing);
        let platform = (!self.anchors_only).then_some(system);
        let rules = Rules { policies: &self.policies, now };
        let mut budget = Budget(NAME_COMPARISONS);
        let search = Search::new(bag, custom, platform, now);
        let found = search.run(leaf, &mut |path| checks::judge(path, &rules, &mut budget));
        Outcome { result: verdict(&found.reasons), reasons: found.reasons, chain: found.certificates }
    }

    /// The last verdict, if nothing was set since.
    #[must_use]
    pub fn result(&self) -> Option<TrustResult> {
        self.outcome.as_ref().map(|outcome| outcome.result)
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

/// Reasons into a verdict; the one place where something may be allowed in spite of a reason.
fn verdict(reasons: &[Reason]) -> TrustResult {
    if reasons.iter().any(|reason| reason.kind.is_fatal()) {
        TrustResult::FatalTrustFailure
    } else if reasons.is_empty() {
        TrustResult::Unspecified
    } else {
        TrustResult::RecoverableTrustFailure
    }
}
