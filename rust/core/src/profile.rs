//! Protocol versions as rows: every behaviour that differs between versions is a field here.
//!
//! In: a wire number and a [`Framing`]. Out: a [`Profile`]. Promise: no other room compares versions;
//! they ask the profile for the behaviour they need. A row appears together with the code that runs it.

use crate::wire::ids::WireVersion;

/// What carries the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// A reliable byte stream; 5-byte record headers.
    Stream,
}

/// The order of versions. DTLS 1.0 takes the rank of TLS 1.1, DTLS 1.2 that of TLS 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the versions' own names
pub enum Rank {
    Ssl3,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

/// Which handshake flow a version runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// SSLv3 to TLS 1.2: key exchange messages, ChangeCipherSpec, Finished.
    Classic,
}

/// How secrets and Finished values are derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// The TLS 1.2 PRF with the suite's hash (RFC 5246 section 5).
    PrfBySuite,
}

/// How AEAD nonces and additional data are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AeadShape {
    /// TLS 1.2: sequence, type, version and length as additional data (RFC 5246 section 6.2.3.3).
    PseudoHeader,
}

/// How handshake signatures are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// The key's kind says how: MD5 and SHA-1 together with RSA, SHA-1 with DSA and ECDSA (RFC 4346 section 7.4.3,
    /// RFC 4492 section 5.4).
    Fixed,
    /// A scheme out of the peer's list stands before the signature (RFC 5246 section 7.4.1.4.1).
    Listed,
}

impl Signing {
    /// Whether schemes stand on the wire.
    #[must_use]
    pub fn lists(self) -> bool {
        self == Signing::Listed
    }
}

/// What a client without a certificate answers to a CertificateRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCertificate {
    /// A warning, which stands in no transcript (RFC 6101 section 5.6.6).
    Alert,
    /// A Certificate message with an empty list.
    EmptyMessage,
}

/// How an encrypted premaster stands in a ClientKeyExchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PremasterForm {
    /// By itself: every implementation of SSLv3 left the length out (RFC 5246 section 7.4.7.1).
    Bare,
    /// Behind its length.
    Vector,
}

/// One protocol version over one framing.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// The version as hellos and record headers carry it.
    pub wire: WireVersion,
    /// Its place in the order of versions.
    pub rank: Rank,
    /// What carries its records.
    pub framing: Framing,
    /// For people: `TLS 1.2`.
    pub name: &'static str,
    /// The SSLProtocol number of the public API.
    pub public: i32,
    /// Which handshake flow runs.
    pub flow: Flow,
    /// How secrets are derived.
    pub schedule: Schedule,
    /// How AEAD records are shaped.
    pub aead: AeadShape,
    /// How handshake signatures are made.
    pub signing: Signing,
    /// What a client without a certificate answers.
    pub no_certificate: NoCertificate,
    /// How an encrypted premaster is sent.
    pub premaster: PremasterForm,
    /// Length of the Finished verify data.
    pub verify_data: usize,
}

/// The versions this engine runs, lowest first.
pub static PROFILES: &[Profile] = &[Profile {
    wire: WireVersion::TLS12,
    rank: Rank::Tls12,
    framing: Framing::Stream,
    name: "TLS 1.2",
    public: 8,
    flow: Flow::Classic,
    schedule: Schedule::PrfBySuite,
    aead: AeadShape::PseudoHeader,
    signing: Signing::Listed,
    no_certificate: NoCertificate::EmptyMessage,
    premaster: PremasterForm::Vector,
    verify_data: 12,
}];

/// The profile of exactly this version, if this engine runs it.
#[must_use]
pub fn by_wire(framing: Framing, wire: WireVersion) -> Option<&'static Profile> {
    PROFILES.iter().find(|p| p.framing == framing && p.wire == wire)
}

/// The profile of exactly this rank, if this engine runs it.
#[must_use]
pub fn by_rank(framing: Framing, rank: Rank) -> Option<&'static Profile> {
    PROFILES.iter().find(|p| p.framing == framing && p.rank == rank)
}

/// The highest profile within the bounds.
#[must_use]
pub fn highest(framing: Framing, min: Rank, max: Rank) -> Option<&'static Profile> {
    PROFILES.iter().rev().find(|p| p.framing == framing && p.rank >= min && p.rank <= max)
}

/// The lowest profile within the bounds.
#[must_use]
pub fn lowest(framing: Framing, min: Rank, max: Rank) -> Option<&'static Profile> {
    PROFILES.iter().find(|p| p.framing == framing && p.rank >= min && p.rank <= max)
}

/// The version of the records that carry a ClientHello: TLS 1.0 where it lies within the bounds, which old
/// servers want to see, else the lowest (`behaviours` section 11).
#[must_use]
pub fn hello_record(framing: Framing, min: Rank, max: Rank) -> Option<WireVersion> {
    let lowest = lowest(framing, min, max)?;
    let spans = (min..=max).contains(&Rank::Tls10);
    Some(if spans { WireVersion::TLS10 } else { lowest.wire })
}
