//! Protocol versions as rows: every behaviour that differs between versions is a field here.
//!
//! In: a wire number and a [`Framing`]. Out: a [`Profile`]. Promise: no other room compares versions;
//! they ask the profile for the behaviour they need. A row appears together with the code that runs it.

use crate::crypto::record_mac::MacForm;
use crate::wire::ids::WireVersion;

/// What carries the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// A reliable byte stream; 5-byte record headers.
    Stream,
    /// Datagrams that may be lost, doubled or reordered; 13-byte record headers.
    Datagram,
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
    /// Nested MD5 and SHA-1 (RFC 6101 section 6).
    Ssl3,
    /// The PRF of MD5 and SHA-1 (RFC 2246 section 5).
    PrfMd5Sha1,
    /// The TLS 1.2 PRF with the suite's hash (RFC 5246 section 5).
    PrfBySuite,
}

/// How AEAD nonces and additional data are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AeadShape {
    /// TLS 1.2: sequence, type, version and length as additional data (RFC 5246 section 6.2.3.3).
    PseudoHeader,
}

/// Where the initialisation vector of a CBC record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CbcIv {
    /// The last block of the record before (RFC 2246 section 6.2.3.2).
    Chained,
    /// Random, in front of the record (RFC 4346 section 6.2.3.2).
    Explicit,
}

/// What the padding of a CBC record must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CbcPadding {
    /// Of any content, shorter than a block behind its length (RFC 6101 section 5.2.3.2).
    Length,
    /// Every byte is the length.
    All,
}

/// How handshake signatures are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// One scheme for each kind of key, which is not said: MD5 and SHA-1 for RSA, SHA-1 for others (RFC 2246 section
    /// 7.4.3).
    Fixed,
    /// A scheme out of the peer's list stands before the signature (RFC 5246 section 7.4.1.4.1).
    Listed,
}

/// What the signature of a CertificateVerify covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Two nested digests of the messages and the master secret (RFC 6101 section 5.6.8).
    Ssl3,
    /// The messages (RFC 5246 section 7.4.8).
    Messages,
}

/// What a client without a certificate answers to a CertificateRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCertificate {
    /// The alert no_certificate (RFC 6101 section 5.6.6).
    Alert,
    /// A Certificate message with an empty list.
    EmptyMessage,
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
    /// How records are authenticated that no AEAD protects.
    pub mac: MacForm,
    /// Where the initialisation vectors of CBC records come from.
    pub iv: CbcIv,
    /// What the padding of CBC records must be.
    pub padding: CbcPadding,
    /// How handshake signatures are made.
    pub signing: Signing,
    /// What a CertificateVerify covers.
    pub proof: Proof,
    /// Whether hellos have extensions.
    pub extensions: bool,
    /// Whether a ClientHello has room for a cookie (RFC 6347 section 4.2.1).
    pub cookie: bool,
    /// Whether records may carry a connection ID (RFC 9146).
    pub connection_id: bool,
    /// Whether the alerts of TLS are known; SSLv3 has fewer.
    pub tls_alerts: bool,
    /// Whether an encrypted premaster has its length in front (RFC 2246 section 7.4.7.1, a correction of SSLv3).
    pub premaster_length: bool,
    /// What a client without a certificate answers.
    pub no_certificate: NoCertificate,
    /// Length of the Finished verify data.
    pub verify_data: usize,
}

const TLS12: Profile = Profile {
    wire: WireVersion::TLS12,
    rank: Rank::Tls12,
    framing: Framing::Stream,
    name: "TLS 1.2",
    public: 8,
    flow: Flow::Classic,
    schedule: Schedule::PrfBySuite,
    aead: AeadShape::PseudoHeader,
    mac: MacForm::Hmac,
    iv: CbcIv::Explicit,
    padding: CbcPadding::All,
    signing: Signing::Listed,
    proof: Proof::Messages,
    extensions: true,
    cookie: false,
    connection_id: false,
    tls_alerts: true,
    premaster_length: true,
    no_certificate: NoCertificate::EmptyMessage,
    verify_data: 12,
};

const TLS11: Profile = Profile {
    wire: WireVersion::TLS11,
    rank: Rank::Tls11,
    name: "TLS 1.1",
    public: 7,
    schedule: Schedule::PrfMd5Sha1,
    signing: Signing::Fixed,
    ..TLS12
};

const TLS10: Profile = Profile {
    wire: WireVersion::TLS10,
    rank: Rank::Tls10,
    name: "TLS 1.0",
    public: 4,
    iv: CbcIv::Chained,
    ..TLS11
};

const SSL3: Profile = Profile {
    wire: WireVersion::SSL3,
    rank: Rank::Ssl3,
    name: "SSLv3",
    public: 2,
    schedule: Schedule::Ssl3,
    mac: MacForm::Ssl3,
    padding: CbcPadding::Length,
    proof: Proof::Ssl3,
    extensions: false,
    tls_alerts: false,
    premaster_length: false,
    no_certificate: NoCertificate::Alert,
    verify_data: 36,
    ..TLS10
};

const DTLS12: Profile = Profile {
    wire: WireVersion::DTLS12,
    framing: Framing::Datagram,
    name: "DTLS 1.2",
    public: 11,
    cookie: true,
    connection_id: true,
    ..TLS12
};

const DTLS10: Profile = Profile {
    wire: WireVersion::DTLS10,
    framing: Framing::Datagram,
    name: "DTLS 1.0",
    public: 9,
    cookie: true,
    ..TLS11
};

/// The versions this engine runs, lowest first within each framing.
pub static PROFILES: &[Profile] = &[SSL3, TLS10, TLS11, TLS12, DTLS10, DTLS12];

/// The versions over one framing, lowest first.
pub fn of(framing: Framing) -> impl DoubleEndedIterator<Item = &'static Profile> {
    PROFILES.iter().filter(move |p| p.framing == framing)
}

/// The profile of exactly this version, if this engine runs it.
#[must_use]
pub fn by_wire(framing: Framing, wire: WireVersion) -> Option<&'static Profile> {
    of(framing).find(|p| p.wire == wire)
}

/// The profile of exactly this rank, if this engine runs it.
#[must_use]
pub fn by_rank(framing: Framing, rank: Rank) -> Option<&'static Profile> {
    of(framing).find(|p| p.rank == rank)
}

/// The highest profile within the bounds.
#[must_use]
pub fn highest(framing: Framing, min: Rank, max: Rank) -> Option<&'static Profile> {
    of(framing).rev().find(|p| p.rank >= min && p.rank <= max)
}

/// The lowest profile within the bounds.
#[must_use]
pub fn lowest(framing: Framing, min: Rank, max: Rank) -> Option<&'static Profile> {
    of(framing).find(|p| p.rank >= min && p.rank <= max)
}

/// The profile of this SSLProtocol number.
#[must_use]
pub fn by_public(framing: Framing, number: i64) -> Option<&'static Profile> {
    of(framing).find(|p| i64::from(p.public) == number)
}

/// The highest rank that the version field of a client's hello allows; a version that we have never heard of stands for
/// the highest that we know (`behaviours` section 9). Numbers of DTLS descend (RFC 6347 section 4.1).
#[must_use]
pub fn offered(framing: Framing, version: WireVersion) -> Option<Rank> {
    match (framing, version.0) {
        (Framing::Stream, 0x0300) => Some(Rank::Ssl3),
        (Framing::Stream, 0x0301) => Some(Rank::Tls10),
        (Framing::Stream, 0x0302) | (Framing::Datagram, 0xfefe | 0xfeff) => Some(Rank::Tls11),
        (Framing::Stream, 0x0303..) | (Framing::Datagram, 0xfe00..=0xfefd) => Some(Rank::Tls12),
        _ => None,
    }
}

/// The version of the records that carry a ClientHello: TLS 1.0 where it lies within the bounds, which old
/// servers want to see, else the lowest (`behaviours` section 11); DTLS 1.0 on datagrams (RFC 6347 section 4.2.1).
#[must_use]
pub fn hello_record(framing: Framing, min: Rank, max: Rank) -> Option<WireVersion> {
    let lowest = lowest(framing, min, max)?;
    Some(match framing {
        Framing::Stream if (min..=max).contains(&Rank::Tls10) => WireVersion::TLS10,
        Framing::Stream => lowest.wire,
        Framing::Datagram => WireVersion::DTLS10,
    })
}

/// The version of an alert's record before one is agreed on: the lower of the peer's and our highest (decisions 25).
#[must_use]
pub fn alert_record(framing: Framing, seen: WireVersion, highest: Option<&Profile>) -> WireVersion {
    match framing {
        Framing::Stream => seen.min(highest.map_or(seen, |profile| profile.wire)).max(WireVersion::SSL3),
        Framing::Datagram => match (offered(framing, seen), highest) {
            (Some(theirs), Some(ours)) if theirs >= ours.rank => ours.wire,
            _ => WireVersion::DTLS10,
        },
    }
}
