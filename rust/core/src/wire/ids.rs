//! The numbers of the protocol as types. Unknown values survive: a peer may know more than we do.

macro_rules! ids {
    ($(#[$doc:meta])* $type:ident($repr:ty) { $($name:ident = $value:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub $repr);
        #[allow(missing_docs)] // each is the registry's own name
        impl $type { $(pub const $name: $type = $type($value);)* }
    };
}

ids! { /// Record content types (RFC 5246 section 6.2.1).
/// V2_HELLO stands for what has no content type.
ContentType(u8) {
    CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23, V2_HELLO = 0x80,
} }

ids! { /// Handshake message types (RFC 5246 section 7.4 and later).
HandshakeType(u8) {
    HELLO_REQUEST = 0, CLIENT_HELLO = 1, SERVER_HELLO = 2, HELLO_VERIFY_REQUEST = 3, NEW_SESSION_TICKET = 4,
    CERTIFICATE = 11, SERVER_KEY_EXCHANGE = 12, CERTIFICATE_REQUEST = 13, SERVER_HELLO_DONE = 14,
    CERTIFICATE_VERIFY = 15, CLIENT_KEY_EXCHANGE = 16, FINISHED = 20, CERTIFICATE_STATUS = 22,
} }

ids! { /// Hello extensions (IANA registry).
ExtensionType(u16) {
    SERVER_NAME = 0, STATUS_REQUEST = 5, SUPPORTED_GROUPS = 10, EC_POINT_FORMATS = 11,
    SIGNATURE_ALGORITHMS = 13, USE_SRTP = 14, ALPN = 16, SIGNED_CERTIFICATE_TIMESTAMP = 18, PADDING = 21,
    ENCRYPT_THEN_MAC = 22, EXTENDED_MASTER_SECRET = 23, SESSION_TICKET = 35, RENEGOTIATION_INFO = 0xff01,
} }

ids! { /// Named groups (RFC 8422, RFC 7919).
GroupId(u16) { SECP256R1 = 23, SECP384R1 = 24, SECP521R1 = 25, X25519 = 29 } }

ids! { /// Signature schemes; the hash and signature pairs of TLS 1.2 are the same numbers (RFC 8446 section 4.2.3).
SchemeId(u16) {
    RSA_PKCS1_SHA1 = 0x0201, ECDSA_SHA1 = 0x0203,
    RSA_PKCS1_SHA256 = 0x0401, ECDSA_SHA256 = 0x0403,
    RSA_PKCS1_SHA384 = 0x0501, ECDSA_SHA384 = 0x0503,
    RSA_PKCS1_SHA512 = 0x0601, ECDSA_SHA512 = 0x0603,
    RSA_PSS_RSAE_SHA256 = 0x0804, RSA_PSS_RSAE_SHA384 = 0x0805, RSA_PSS_RSAE_SHA512 = 0x0806,
    ED25519 = 0x0807, DSA_SHA1 = 0x0202, DSA_SHA256 = 0x0402,
    RSA_PSS_PSS_SHA256 = 0x0809, RSA_PSS_PSS_SHA384 = 0x080a, RSA_PSS_PSS_SHA512 = 0x080b,
} }

ids! { /// Protection profiles of SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
SrtpId(u16) {
    AES128_CM_HMAC_SHA1_80 = 1, AES128_CM_HMAC_SHA1_32 = 2, AEAD_AES_128_GCM = 7, AEAD_AES_256_GCM = 8,
} }

ids! { /// Cipher suite numbers.
SuiteId(u16) { NULL = 0, EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff, FALLBACK_SCSV = 0x5600 } }

ids! { /// Client certificate types of a CertificateRequest (RFC 5246 section 7.4.4).
CertificateType(u8) { RSA_SIGN = 1, DSS_SIGN = 2, ECDSA_SIGN = 64 } }

ids! { /// Versions as they stand on the wire. Compared by value only through a profile's rank.
WireVersion(u16) {
    SSL3 = 0x0300, TLS10 = 0x0301, TLS11 = 0x0302, TLS12 = 0x0303, DTLS10 = 0xfeff, DTLS12 = 0xfefd,
} }
