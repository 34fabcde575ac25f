//! Why a chain is not good: the kinds of fault, their numbers and their weight.
//!
//! In: a fault found by a check. Out: a [`Reason`] with a sentence for people and the number callers of
//! Secure Transport know. Promise: the numbers stand here and nowhere else in this room.

use super::allowances::Allowances;

/// What rule is broken. The names follow the checks of `SecTrustCopyResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonKind {
    /// No name in the certificate is the host's.
    HostName,
    /// Not valid yet or no longer.
    Validity,
    /// The key is too small for any use.
    WeakKey,
    /// The signature's hash is broken.
    WeakSignature,
    /// The key is smaller than the policy asks.
    KeySize,
    /// The signature's hash is weaker than the policy asks.
    SignatureHash,
    /// The key may not be used like this.
    KeyUsage,
    /// The certificate is not meant for this purpose.
    ExtendedKeyUsage,
    /// An issuer without basic constraints (version 1 certificates among them).
    BasicConstraints,
    /// An issuer that says it is no authority.
    BasicConstraintsCa,
    /// More certificates below an authority than it allows.
    PathLength,
    /// The chain ends in something that is not trusted.
    AnchorTrusted,
    /// The issuer's certificate is not at hand.
    MissingIntermediate,
    /// No subject where one is needed.
    EmptySubject,
    /// Key identifiers of certificate and issuer differ or are missing.
    IdLinkage,
    /// A critical extension that is not understood.
    CriticalExtension,
    /// A known extension whose content does not parse.
    UnparseableExtension,
    /// One extension stands twice.
    DuplicateExtension,
    /// A signature that is wrong or cannot be checked, or fields that contradict each other.
    Processing,
    /// A name outside what an authority may sign.
    NameConstraints,
    /// No certificate policy that all agree on, although an authority asks for one.
    PolicyConstraints,
    /// A longer validity than public authorities may give.
    ValidityPeriod,
    /// A search for a chain that took too long.
    ChainTooComplex,
    /// Taken back by the issuer.
    Revoked,
    /// Not known whether it was taken back, although that is asked for.
    RevocationUnknown,
    /// Not all TLS features that its issuer asks of what it issues.
    TlsFeatures,
    /// Not a qualified certificate for websites, although that is asked for.
    Unqualified,
}

impl ReasonKind {
    /// The `errSec` number of the fault.
    #[must_use]
    pub fn status(self) -> i32 {
        match self {
            ReasonKind::HostName => -67602,
            ReasonKind::Validity => -67818,
            ReasonKind::WeakKey | ReasonKind::KeySize => -67735,
            ReasonKind::WeakSignature | ReasonKind::SignatureHash => -67815,
            ReasonKind::KeyUsage => -67608,
            ReasonKind::ExtendedKeyUsage => -67609,
            ReasonKind::BasicConstraints => -67604,
            ReasonKind::BasicConstraintsCa => -67605,
            ReasonKind::PathLength => -67611,
            ReasonKind::AnchorTrusted => -67843,
            ReasonKind::MissingIntermediate | ReasonKind::ChainTooComplex => -25318,
            ReasonKind::EmptySubject => -67655,
            ReasonKind::IdLinkage => -67610,
            ReasonKind::CriticalExtension => -67603,
            ReasonKind::UnparseableExtension => -67618,
            ReasonKind::DuplicateExtension => -67903,
            ReasonKind::Processing => -67690,
            ReasonKind::NameConstraints => -67689,
            ReasonKind::PolicyConstraints => -67835,
            ReasonKind::ValidityPeriod => -67901,
            ReasonKind::Revoked => -67820,
            ReasonKind::RevocationUnknown => -67635,
            ReasonKind::TlsFeatures => -67880,
            ReasonKind::Unqualified => -67904,
        }
    }

    /// Whether no user may decide to go on (`kSecTrustResultFatalTrustFailure`).
    #[must_use]
    pub fn is_fatal(self) -> bool {
        matches!(self, ReasonKind::WeakKey | ReasonKind::WeakSignature | ReasonKind::Revoked)
    }

    /// The name of the check in `SecTrustCopyResult`'s details.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReasonKind::HostName => "SSLHostname",
            ReasonKind::Validity => "TemporalValidity",
            ReasonKind::WeakKey => "WeakKeySize",
            ReasonKind::WeakSignature => "WeakSignature",
            ReasonKind::KeySize => "KeySize",
            ReasonKind::SignatureHash => "SignatureHashAlgorithms",
            ReasonKind::KeyUsage => "KeyUsage",
            ReasonKind::ExtendedKeyUsage => "ExtendedKeyUsage",
            ReasonKind::BasicConstraints => "BasicConstraints",
            ReasonKind::BasicConstraintsCa => "BasicConstraintsCA",
            ReasonKind::PathLength => "BasicConstraintsPathLen",
            ReasonKind::AnchorTrusted => "AnchorTrusted",
            ReasonKind::MissingIntermediate | ReasonKind::ChainTooComplex => "MissingIntermediate",
            ReasonKind::EmptySubject => "NonEmptySubject",
            ReasonKind::IdLinkage => "IdLinkage",
            ReasonKind::CriticalExtension => "CriticalExtensions",
            ReasonKind::UnparseableExtension => "UnparseableExtension",
            ReasonKind::DuplicateExtension => "DuplicateExtension",
            ReasonKind::Processing => "BasicCertificateProcessing",
            ReasonKind::NameConstraints => "NameConstraints",
            ReasonKind::PolicyConstraints => "PolicyConstraints",
            ReasonKind::ValidityPeriod => "SystemTrustValidityPeriod",
            ReasonKind::Revoked => "Revocation",
            ReasonKind::RevocationUnknown => "RevocationResponseRequired",
            ReasonKind::TlsFeatures => "TLSFeatures",
            ReasonKind::Unqualified => "QWAC",
        }
    }
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which certificate of the chain; 0 is the leaf.
    pub depth: usize,
    /// What rule.
    pub kind: ReasonKind,
    /// A sentence that says what is wrong and what can be done.
    pub words: String,
    /// The `errSec` number of the kind.
    pub status: i32,
    /// The one allowance that excuses it, if there is one.
    pub excuse: Allowances,
}

impl Reason {
    /// A reason with the number that belongs to its kind.
    pub(super) fn new(depth: usize, kind: ReasonKind, words: impl Into<String>) -> Reason {
        Reason { depth, kind, words: words.into(), status: kind.status(), excuse: Allowances::default() }
    }
}
