//! What can go wrong in a connection, once for the whole engine.
//!
//! In: nothing. Out: [`Fault`], the catalogue every room reports from, and [`Alert`], what the peer is told.
//! Promise: the alert of a fault is chosen here and nowhere else, by matches without a wildcard, so a new
//! fault does not compile until someone has decided what the peer hears.

use core::fmt;

/// An alert description (RFC 5246 section 7.2); unknown numbers survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Alert(pub u8);

macro_rules! alerts {
    ($($name:ident = $value:literal, $words:literal;)*) => {
        #[allow(missing_docs)] // each is the RFC's own name
        impl Alert { $(pub const $name: Alert = Alert($value);)* }
        impl Alert {
            /// The name the RFCs give this alert, or `unknown`.
            #[must_use]
            pub fn name(self) -> &'static str { match self.0 { $($value => $words,)* _ => "unknown" } }
        }
    };
}

alerts! {
    CLOSE_NOTIFY = 0, "close_notify";
    UNEXPECTED_MESSAGE = 10, "unexpected_message";
    BAD_RECORD_MAC = 20, "bad_record_mac";
    DECRYPTION_FAILED = 21, "decryption_failed";
    RECORD_OVERFLOW = 22, "record_overflow";
    DECOMPRESSION_FAILURE = 30, "decompression_failure";
    HANDSHAKE_FAILURE = 40, "handshake_failure";
    NO_CERTIFICATE = 41, "no_certificate";
    BAD_CERTIFICATE = 42, "bad_certificate";
    UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
    CERTIFICATE_REVOKED = 44, "certificate_revoked";
    CERTIFICATE_EXPIRED = 45, "certificate_expired";
    CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
    ILLEGAL_PARAMETER = 47, "illegal_parameter";
    UNKNOWN_CA = 48, "unknown_ca";
    ACCESS_DENIED = 49, "access_denied";
    DECODE_ERROR = 50, "decode_error";
    DECRYPT_ERROR = 51, "decrypt_error";
    EXPORT_RESTRICTION = 60, "export_restriction";
    PROTOCOL_VERSION = 70, "protocol_version";
    INSUFFICIENT_SECURITY = 71, "insufficient_security";
    INTERNAL_ERROR = 80, "internal_error";
    INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
    USER_CANCELED = 90, "user_canceled";
    NO_RENEGOTIATION = 100, "no_renegotiation";
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
    UNRECOGNIZED_NAME = 112, "unrecognized_name";
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
}

impl Alert {
    /// What stands for this alert among those that SSLv3 has (RFC 6101 section 5.4), as the published tables have it.
    /// Those that they leave open follow the kind of what went wrong, but for inappropriate_fallback: clients that fall
    /// back to SSLv3 are to hear it, too (RFC 7507 section 3).
    #[must_use]
    pub fn for_ssl3(self) -> Alert {
        match self {
            Alert::UNKNOWN_CA => Alert::UNSUPPORTED_CERTIFICATE,
            Alert::INTERNAL_ERROR => Alert::CLOSE_NOTIFY,
            Alert::DECRYPTION_FAILED => Alert::BAD_RECORD_MAC,
            Alert::UNSUPPORTED_EXTENSION => Alert::ILLEGAL_PARAMETER,
            Alert::RECORD_OVERFLOW
            | Alert::ACCESS_DENIED
            | Alert::DECODE_ERROR
            | Alert::DECRYPT_ERROR
            | Alert::EXPORT_RESTRICTION
            | Alert::PROTOCOL_VERSION
            | Alert::INSUFFICIENT_SECURITY
            | Alert::USER_CANCELED
            | Alert::NO_RENEGOTIATION
            | Alert::UNRECOGNIZED_NAME
            | Alert::NO_APPLICATION_PROTOCOL => Alert::HANDSHAKE_FAILURE,
            other => other,
        }
    }
}

/// Bytes that do not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// A field or message ends before its stated length.
    Truncated,
    /// Bytes are left over behind a complete message or field.
    Trailing,
    /// A length, count or value lies outside what its field allows.
    BadValue,
    /// The extension block of a hello is malformed.
    Extensions,
    /// An extension stands twice in one block.
    DuplicateExtension,
    /// A handshake message announces more bytes than any message of its type may have.
    MessageTooLong,
    /// An alert record does not hold whole two-byte alerts.
    OddAlert,
    /// A ChangeCipherSpec is not the single byte 1.
    ChangeCipher,
}

/// A well-formed message that may not come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misstep {
    /// A handshake message out of order.
    UnexpectedMessage,
    /// A ChangeCipherSpec out of order, or within a fragmented message.
    UnexpectedChangeCipher,
    /// Application data before the handshake allows it.
    UnexpectedData,
    /// A record of a content type that does not exist.
    UnknownContentType,
    /// A handshake message of a type that does not exist.
    UnknownMessage,
    /// An extension in a reply that was never offered.
    UnsolicitedExtension,
    /// A CertificateRequest from a server that proved nothing itself.
    CertificateRequestFromAnonymous,
    /// Too many empty or ignorable records without progress.
    TooManyEmpty,
    /// Too many refused renegotiations without application data.
    TooManyRefusals,
    /// The first bytes are no TLS record at all (plain HTTP, for instance).
    NotTls,
}

/// The two sides have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incompatible {
    /// No protocol version both sides accept; on the side that decides.
    Version,
    /// The server answered with a version outside our range.
    VersionAnswered,
    /// No cipher suite in common, or none that fits the certificate.
    Suite,
    /// The server picked a suite that was not offered.
    SuiteAnswered,
    /// No group in common, or one that was not offered.
    Group,
    /// No signature algorithm in common.
    Scheme,
    /// The renegotiation information is wrong (RFC 5746).
    Renegotiation,
    /// A session with an extended master secret may not be resumed without (RFC 7627 section 5.3); on the server.
    Resumption,
    /// The server resumed a session with another version, suite or kind of master secret.
    ResumptionAnswered,
    /// The peer insists on a compression method.
    Compression,
    /// The client fell back although this server speaks a higher version (RFC 7507).
    Fallback,
    /// The server marked its random: it would have spoken a higher version (RFC 8446 section 4.1.3).
    Downgraded,
}

/// The peer's certificate or its proof of possession.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// The chain was judged and rejected.
    Rejected,
    /// The certificate does not parse, or its key cannot be used.
    Unusable,
    /// The key in the certificate does not fit the suite.
    WrongKey,
    /// A certificate was demanded and none came.
    Missing,
    /// A renegotiation came with another server certificate.
    IdentityChanged,
    /// The signature over the key exchange is wrong.
    KeyExchangeSignature,
    /// The signature of CertificateVerify is wrong.
    VerifySignature,
}

/// The record layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFault {
    /// A CBC or stream record whose MAC or padding is wrong.
    BadMac,
    /// An AEAD record that does not open.
    Decryption,
    /// A record longer than its limit, or not a whole number of blocks.
    Overflow,
    /// A record too short for its protection.
    TooShort,
    /// No further record may be sealed or opened under these keys.
    SequenceExhausted,
}

/// Key exchange and other cryptographic refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptoFault {
    /// The peer's key share is invalid for its group.
    BadKeyShare,
    /// The peer's Finished does not match.
    FinishedMismatch,
    /// The peer's Diffie-Hellman group is too small.
    WeakDh,
    /// A local private key operation failed.
    PrivateKey,
    /// A primitive refused its input.
    Primitive,
}

/// Something on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// Something a suite needs was never configured (a pre-shared key, a certificate).
    Configuration,
    /// No protocol version is enabled.
    NoVersion,
    /// An answer came that nobody asked for.
    UnexpectedAnswer,
}

/// Faults that should not be able to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internal {
    /// The operating system gave no random bytes.
    Random,
    /// A state of the engine contradicts itself.
    State,
    /// An outgoing message or field does not fit its length prefix.
    TooLong,
}

/// Why a connection ended other than in order. Sticky: the engine keeps the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Bytes that do not parse.
    Decode(Decode),
    /// A well-formed message that may not come now.
    Misstep(Misstep),
    /// The two sides have nothing in common.
    Incompatible(Incompatible),
    /// The peer's certificate or its proof.
    Certificate(CertificateFault),
    /// The record layer.
    Record(RecordFault),
    /// Key exchange and other cryptographic refusals.
    Crypto(CryptoFault),
    /// The peer sent a fatal alert, or one that counts as fatal.
    AlertReceived(Alert),
    /// The peer answered none of the sends of a flight.
    NoAnswer,
    /// Something on this side.
    Misuse(Misuse),
    /// Faults that should not be able to happen.
    Internal(Internal),
}

impl Fault {
    /// The fatal alert that tells the peer about this fault, if it is told at all (before substitution for
    /// SSLv3 by the profile). `behaviours` section 17 wins over the RFC's finer choices where callers of the
    /// other side can see the difference: malformed content is illegal_parameter.
    #[must_use]
    pub fn alert(self) -> Option<Alert> {
        Some(match self {
            Fault::Decode(d) => match d {
                Decode::Truncated
                | Decode::Trailing
                | Decode::BadValue
                | Decode::MessageTooLong
                | Decode::OddAlert => Alert::ILLEGAL_PARAMETER,
                Decode::Extensions | Decode::DuplicateExtension => Alert::DECODE_ERROR,
                Decode::ChangeCipher => Alert::ILLEGAL_PARAMETER,
            },
            Fault::Misstep(m) => match m {
                Misstep::UnexpectedMessage
                | Misstep::UnexpectedChangeCipher
                | Misstep::UnexpectedData
                | Misstep::UnknownContentType
                | Misstep::UnknownMessage
                | Misstep::TooManyEmpty
                | Misstep::TooManyRefusals
                | Misstep::NotTls => Alert::UNEXPECTED_MESSAGE,
                Misstep::UnsolicitedExtension => Alert::ILLEGAL_PARAMETER,
                Misstep::CertificateRequestFromAnonymous => Alert::HANDSHAKE_FAILURE,
            },
            Fault::Incompatible(i) => match i {
                Incompatible::Version => Alert::PROTOCOL_VERSION,
                Incompatible::VersionAnswered
                | Incompatible::Suite
                | Incompatible::SuiteAnswered
                | Incompatible::Group
                | Incompatible::Scheme
                | Incompatible::Renegotiation
                | Incompatible::Resumption => Alert::HANDSHAKE_FAILURE,
                Incompatible::Compression | Incompatible::ResumptionAnswered | Incompatible::Downgraded => {
                    Alert::ILLEGAL_PARAMETER
                }
                Incompatible::Fallback => Alert::INAPPROPRIATE_FALLBACK,
            },
            Fault::Certificate(c) => match c {
                CertificateFault::Rejected | CertificateFault::Unusable | CertificateFault::Missing => {
                    Alert::CERTIFICATE_UNKNOWN
                }
                CertificateFault::WrongKey | CertificateFault::IdentityChanged => Alert::ILLEGAL_PARAMETER,
                CertificateFault::KeyExchangeSignature | CertificateFault::VerifySignature => {
                    Alert::DECRYPT_ERROR
                }
            },
            Fault::Record(r) => match r {
                RecordFault::BadMac | RecordFault::Decryption | RecordFault::TooShort => {
                    Alert::BAD_RECORD_MAC
                }
                RecordFault::Overflow => Alert::RECORD_OVERFLOW,
                RecordFault::SequenceExhausted => Alert::INTERNAL_ERROR,
            },
            Fault::Crypto(c) => match c {
                CryptoFault::BadKeyShare | CryptoFault::FinishedMismatch => Alert::ILLEGAL_PARAMETER,
                CryptoFault::WeakDh => Alert::INSUFFICIENT_SECURITY,
                CryptoFault::PrivateKey | CryptoFault::Primitive => Alert::INTERNAL_ERROR,
            },
            Fault::AlertReceived(_) | Fault::NoAnswer => return None,
            Fault::Misuse(m) => match m {
                Misuse::Configuration | Misuse::UnexpectedAnswer => Alert::INTERNAL_ERROR,
                Misuse::NoVersion => return None,
            },
            Fault::Internal(_) => Alert::INTERNAL_ERROR,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::AlertReceived(a) => write!(f, "the peer sent the alert {} ({})", a.name(), a.0),
            Fault::NoAnswer => write!(f, "the peer does not answer"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl core::error::Error for Fault {}

macro_rules! from_part {
    ($($part:ident => $variant:ident),*) => { $(
        impl From<$part> for Fault { fn from(part: $part) -> Fault { Fault::$variant(part) } }
    )* };
}
from_part!(Decode => Decode, Misstep => Misstep, Incompatible => Incompatible, CertificateFault => Certificate,
    RecordFault => Record, CryptoFault => Crypto, Misuse => Misuse, Internal => Internal);
