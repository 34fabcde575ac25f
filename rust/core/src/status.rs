//! Status codes: the only place in the engine with OSStatus numbers.
//!
//! In: a [`Fault`], a [`Pause`]. Out: the number that the public call returns. Promise: the map over faults
//! has no wildcard, so a new fault does not compile until it has a status.

use crate::fault::{
    Alert, CertificateFault, CryptoFault, Decode, Fault, Incompatible, Internal, Misstep, Misuse, RecordFault,
};
use crate::handshake::Pause;

/// What the public calls return.
pub type OsStatus = i32;

macro_rules! codes {
    ($($name:ident = $value:literal;)*) => {
        #[allow(missing_docs)] // each is the public name in capitals
        mod codes { $(pub const $name: super::OsStatus = $value;)* }
        pub use codes::*;
        /// Every code the engine names, for comparison with the published table.
        pub static CODES: &[(&str, OsStatus)] = &[$((stringify!($name), $value),)*];
    };
}

codes! {
    SEC_SUCCESS = 0;
    SEC_UNIMPLEMENTED = -4;
    SEC_IO = -36;
    SEC_PARAM = -50;
    SEC_BAD_REQ = -909;
    SSL_PROTOCOL = -9800;
    SSL_NEGOTIATION = -9801;
    SSL_FATAL_ALERT = -9802;
    SSL_WOULD_BLOCK = -9803;
    SSL_CLOSED_GRACEFUL = -9805;
    SSL_CLOSED_ABORT = -9806;
    SSL_X_CERT_CHAIN_INVALID = -9807;
    SSL_BAD_CERT = -9808;
    SSL_CRYPTO = -9809;
    SSL_INTERNAL = -9810;
    SSL_BUFFER_OVERFLOW = -9817;
    SSL_PEER_UNEXPECTED_MSG = -9819;
    SSL_PEER_BAD_RECORD_MAC = -9820;
    SSL_PEER_DECRYPTION_FAIL = -9821;
    SSL_PEER_RECORD_OVERFLOW = -9822;
    SSL_PEER_DECOMPRESS_FAIL = -9823;
    SSL_PEER_HANDSHAKE_FAIL = -9824;
    SSL_PEER_BAD_CERT = -9825;
    SSL_PEER_UNSUPPORTED_CERT = -9826;
    SSL_PEER_CERT_REVOKED = -9827;
    SSL_PEER_CERT_EXPIRED = -9828;
    SSL_PEER_CERT_UNKNOWN = -9829;
    SSL_ILLEGAL_PARAM = -9830;
    SSL_PEER_UNKNOWN_CA = -9831;
    SSL_PEER_ACCESS_DENIED = -9832;
    SSL_PEER_DECODE_ERROR = -9833;
    SSL_PEER_DECRYPT_ERROR = -9834;
    SSL_PEER_EXPORT_RESTRICTION = -9835;
    SSL_PEER_PROTOCOL_VERSION = -9836;
    SSL_PEER_INSUFFICIENT_SECURITY = -9837;
    SSL_PEER_INTERNAL_ERROR = -9838;
    SSL_PEER_USER_CANCELLED = -9839;
    SSL_PEER_NO_RENEGOTIATION = -9840;
    SSL_PEER_AUTH_COMPLETED = -9841;
    SSL_CLIENT_CERT_REQUESTED = -9842;
    SSL_CONNECTION_REFUSED = -9844;
    SSL_DECRYPTION_FAIL = -9845;
    SSL_BAD_RECORD_MAC = -9846;
    SSL_RECORD_OVERFLOW = -9847;
    SSL_BAD_CONFIGURATION = -9848;
    SSL_WEAK_PEER_EPHEMERAL_DH_KEY = -9850;
    SSL_CLIENT_HELLO_RECEIVED = -9851;
    SEC_CERTIFICATE_EXPIRED = -67818;
    SEC_CERTIFICATE_REVOKED = -67820;
}

/// The code of an alert that the peer sent.
#[must_use]
pub fn of_alert(alert: Alert) -> OsStatus {
    match alert {
        Alert::CLOSE_NOTIFY => SSL_CLOSED_GRACEFUL,
        Alert::UNEXPECTED_MESSAGE => SSL_PEER_UNEXPECTED_MSG,
        Alert::BAD_RECORD_MAC => SSL_PEER_BAD_RECORD_MAC,
        Alert::DECRYPTION_FAILED => SSL_PEER_DECRYPTION_FAIL,
        Alert::RECORD_OVERFLOW => SSL_PEER_RECORD_OVERFLOW,
        Alert::DECOMPRESSION_FAILURE => SSL_PEER_DECOMPRESS_FAIL,
        Alert::HANDSHAKE_FAILURE => SSL_PEER_HANDSHAKE_FAIL,
        Alert::BAD_CERTIFICATE => SSL_PEER_BAD_CERT,
        Alert::UNSUPPORTED_CERTIFICATE => SSL_PEER_UNSUPPORTED_CERT,
        Alert::CERTIFICATE_REVOKED => SSL_PEER_CERT_REVOKED,
        Alert::CERTIFICATE_EXPIRED => SSL_PEER_CERT_EXPIRED,
        Alert::CERTIFICATE_UNKNOWN => SSL_PEER_CERT_UNKNOWN,
        Alert::ILLEGAL_PARAMETER => SSL_ILLEGAL_PARAM,
        Alert::UNKNOWN_CA => SSL_PEER_UNKNOWN_CA,
        Alert::ACCESS_DENIED => SSL_PEER_ACCESS_DENIED,
        Alert::DECODE_ERROR => SSL_PEER_DECODE_ERROR,
        Alert::DECRYPT_ERROR => SSL_PEER_DECRYPT_ERROR,
        Alert::EXPORT_RESTRICTION => SSL_PEER_EXPORT_RESTRICTION,
        Alert::PROTOCOL_VERSION => SSL_PEER_PROTOCOL_VERSION,
        Alert::INSUFFICIENT_SECURITY => SSL_PEER_INSUFFICIENT_SECURITY,
        Alert::INTERNAL_ERROR => SSL_PEER_INTERNAL_ERROR,
        Alert::USER_CANCELED => SSL_PEER_USER_CANCELLED,
        Alert::NO_RENEGOTIATION => SSL_PEER_NO_RENEGOTIATION,
        _ => SSL_FATAL_ALERT,
    }
}

/// The code of a pause.
#[must_use]
pub fn of_pause(pause: Pause) -> OsStatus {
    match pause {
        Pause::ClientHello => SSL_CLIENT_HELLO_RECEIVED,
        Pause::PeerAuth => SSL_PEER_AUTH_COMPLETED,
        Pause::CertRequest => SSL_CLIENT_CERT_REQUESTED,
    }
}

/// The code of a fault.
#[must_use]
pub fn of_fault(fault: Fault) -> OsStatus {
    match fault {
        Fault::Decode(d) => match d {
            Decode::Truncated
            | Decode::Trailing
            | Decode::BadValue
            | Decode::Extensions
            | Decode::DuplicateExtension
            | Decode::MessageTooLong
            | Decode::OddAlert
            | Decode::ChangeCipher => SSL_PROTOCOL,
        },
        Fault::Misstep(m) => match m {
            Misstep::UnexpectedMessage
            | Misstep::UnexpectedChangeCipher
            | Misstep::UnexpectedData
            | Misstep::UnknownContentType
            | Misstep::UnknownMessage
            | Misstep::UnsolicitedExtension
            | Misstep::CertificateRequestFromAnonymous
            | Misstep::TooManyEmpty
            | Misstep::TooManyRefusals
            | Misstep::NotTls => SSL_PROTOCOL,
        },
        Fault::Incompatible(i) => match i {
            Incompatible::Version
            | Incompatible::VersionAnswered
            | Incompatible::Suite
            | Incompatible::SuiteAnswered
            | Incompatible::Group
            | Incompatible::Scheme
            | Incompatible::Renegotiation => SSL_NEGOTIATION,
            Incompatible::Compression | Incompatible::ResumptionAnswered | Incompatible::Downgraded => {
                SSL_PROTOCOL
            }
            Incompatible::Resumption => SSL_FATAL_ALERT,
            Incompatible::Fallback => SSL_PEER_PROTOCOL_VERSION,
        },
        Fault::Certificate(c) => match c {
            CertificateFault::Rejected | CertificateFault::Unusable | CertificateFault::Missing => {
                SSL_X_CERT_CHAIN_INVALID
            }
            CertificateFault::WrongKey | CertificateFault::IdentityChanged => SSL_PROTOCOL,
            CertificateFault::KeyExchangeSignature | CertificateFault::VerifySignature => SSL_CRYPTO,
        },
        Fault::Record(r) => match r {
            RecordFault::BadMac => SSL_BAD_RECORD_MAC,
            RecordFault::Decryption => SSL_DECRYPTION_FAIL,
            RecordFault::Overflow => SSL_RECORD_OVERFLOW,
            RecordFault::TooShort => SSL_CLOSED_ABORT,
            RecordFault::SequenceExhausted => SSL_INTERNAL,
        },
        Fault::Crypto(c) => match c {
            CryptoFault::BadKeyShare | CryptoFault::FinishedMismatch => SSL_PROTOCOL,
            CryptoFault::WeakDh => SSL_WEAK_PEER_EPHEMERAL_DH_KEY,
            CryptoFault::PrivateKey | CryptoFault::Primitive => SSL_CRYPTO,
        },
        Fault::AlertReceived(alert) => of_alert(alert),
        Fault::NoAnswer => SSL_CONNECTION_REFUSED,
        Fault::Misuse(m) => match m {
            Misuse::Configuration => SSL_BAD_CONFIGURATION,
            Misuse::NoVersion => SEC_PARAM,
            Misuse::UnexpectedAnswer => SSL_INTERNAL,
        },
        Fault::Internal(i) => match i {
            Internal::Random | Internal::State | Internal::TooLong => SSL_INTERNAL,
        },
    }
}
