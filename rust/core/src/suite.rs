//! Cipher suites as rows.
//!
//! In: a suite number. Out: a [`Suite`]. Promise: which key exchange, which proof, which cipher and which
//! versions a suite means is said here once; a row appears together with the code that runs it.

use crate::crypto::aead::AeadAlgorithm;
use crate::crypto::hash::Hash;
use crate::profile::Rank;
use crate::wire::ids::SuiteId;
use core::ops::RangeInclusive;

/// Key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kx {
    /// The premaster is encrypted to the server's RSA key.
    Rsa,
    /// Ephemeral Diffie-Hellman over a finite field.
    Dhe,
    /// Ephemeral elliptic-curve Diffie-Hellman.
    Ecdhe,
    /// Elliptic-curve Diffie-Hellman with the key in the server's certificate.
    Ecdh,
    /// Nothing but the pre-shared key.
    Psk,
}

/// How the server proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// An RSA certificate.
    Rsa,
    /// A DSA certificate.
    Dss,
    /// An EC certificate (ECDSA, and Ed25519 by RFC 8422).
    Ecdsa,
    /// Not at all.
    Anonymous,
    /// By knowing the pre-shared key.
    Psk,
    /// By knowing the pre-shared key and with an RSA certificate.
    RsaPsk,
}

/// Record protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bulk {
    /// GCM with 4 bytes of fixed and 8 bytes of explicit nonce (RFC 5288).
    Gcm(AeadAlgorithm),
    /// ChaCha20-Poly1305 with a 12-byte nonce mixed with the sequence number (RFC 7905).
    ChaCha,
}

impl Bulk {
    /// The AEAD behind it.
    #[must_use]
    pub fn algorithm(self) -> AeadAlgorithm {
        match self {
            Bulk::Gcm(algorithm) => algorithm,
            Bulk::ChaCha => AeadAlgorithm::ChaCha20Poly1305,
        }
    }

    /// Bytes of nonce that come out of the key block.
    #[must_use]
    pub fn fixed_iv(self) -> usize {
        match self {
            Bulk::Gcm(_) => 4,
            Bulk::ChaCha => 12,
        }
    }

    /// Bytes of nonce that each record carries.
    #[must_use]
    pub fn explicit_iv(self) -> usize {
        match self {
            Bulk::Gcm(_) => 8,
            Bulk::ChaCha => 0,
        }
    }
}

/// One cipher suite.
#[derive(Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its number.
    pub id: SuiteId,
    /// Its name in the registry.
    pub name: &'static str,
    /// Key exchange.
    pub kx: Kx,
    /// How the server proves itself.
    pub auth: Auth,
    /// Record protection.
    pub bulk: Bulk,
    /// The hash of the TLS 1.2 PRF and of Finished.
    pub prf: Hash,
    /// The versions it exists in.
    pub ranks: RangeInclusive<Rank>,
}

impl Suite {
    /// Whether a pre-shared key goes into the premaster (RFC 4279, RFC 5489).
    #[must_use]
    pub fn has_psk(&self) -> bool {
        matches!(self.auth, Auth::Psk | Auth::RsaPsk)
    }

    /// Whether the server sends a certificate.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        !matches!(self.auth, Auth::Anonymous | Auth::Psk)
    }

    /// Whether the server signs its share.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        matches!(self.kx, Kx::Dhe | Kx::Ecdhe) && self.has_certificate()
    }

    /// Whether it needs a curve that both ends know.
    #[must_use]
    pub fn is_elliptic(&self) -> bool {
        matches!(self.kx, Kx::Ecdhe | Kx::Ecdh)
    }
}

macro_rules! suites {
    ($($id:literal $name:ident $kx:ident $auth:ident $bulk:expr, $prf:ident;)*) => {
        /// The suites this engine runs.
        pub static SUITES: &[Suite] = &[$(Suite {
            id: SuiteId($id), name: stringify!($name), kx: Kx::$kx, auth: Auth::$auth, bulk: $bulk,
            prf: Hash::$prf, ranks: Rank::Tls12..=Rank::Tls12,
        },)*];
    };
}

const AES128: Bulk = Bulk::Gcm(AeadAlgorithm::Aes128Gcm);
const AES256: Bulk = Bulk::Gcm(AeadAlgorithm::Aes256Gcm);

suites! {
    0xc02c TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384       Ecdhe Ecdsa AES256, Sha384;
    0xc02b TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256       Ecdhe Ecdsa AES128, Sha256;
    0xcca9 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 Ecdhe Ecdsa Bulk::ChaCha, Sha256;
    0xc030 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384         Ecdhe Rsa AES256, Sha384;
    0xc02f TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256         Ecdhe Rsa AES128, Sha256;
    0xcca8 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256   Ecdhe Rsa Bulk::ChaCha, Sha256;
    0xc02e TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384        Ecdh Ecdsa AES256, Sha384;
    0xc02d TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256        Ecdh Ecdsa AES128, Sha256;
    0xc032 TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384          Ecdh Rsa AES256, Sha384;
    0xc031 TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256          Ecdh Rsa AES128, Sha256;
    0x009f TLS_DHE_RSA_WITH_AES_256_GCM_SHA384           Dhe Rsa AES256, Sha384;
    0x009e TLS_DHE_RSA_WITH_AES_128_GCM_SHA256           Dhe Rsa AES128, Sha256;
    0xccaa TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256     Dhe Rsa Bulk::ChaCha, Sha256;
    0x00a3 TLS_DHE_DSS_WITH_AES_256_GCM_SHA384           Dhe Dss AES256, Sha384;
    0x00a2 TLS_DHE_DSS_WITH_AES_128_GCM_SHA256           Dhe Dss AES128, Sha256;
    0x009d TLS_RSA_WITH_AES_256_GCM_SHA384               Rsa Rsa AES256, Sha384;
    0x009c TLS_RSA_WITH_AES_128_GCM_SHA256               Rsa Rsa AES128, Sha256;
    0x00a7 TLS_DH_anon_WITH_AES_256_GCM_SHA384           Dhe Anonymous AES256, Sha384;
    0x00a6 TLS_DH_anon_WITH_AES_128_GCM_SHA256           Dhe Anonymous AES128, Sha256;
    0xd002 TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384         Ecdhe Psk AES256, Sha384;
    0xd001 TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256         Ecdhe Psk AES128, Sha256;
    0xccac TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256   Ecdhe Psk Bulk::ChaCha, Sha256;
    0x00ab TLS_DHE_PSK_WITH_AES_256_GCM_SHA384           Dhe Psk AES256, Sha384;
    0x00aa TLS_DHE_PSK_WITH_AES_128_GCM_SHA256           Dhe Psk AES128, Sha256;
    0xccad TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256     Dhe Psk Bulk::ChaCha, Sha256;
    0x00ad TLS_RSA_PSK_WITH_AES_256_GCM_SHA384           Rsa RsaPsk AES256, Sha384;
    0x00ac TLS_RSA_PSK_WITH_AES_128_GCM_SHA256           Rsa RsaPsk AES128, Sha256;
    0xccae TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256     Rsa RsaPsk Bulk::ChaCha, Sha256;
    0x00a9 TLS_PSK_WITH_AES_256_GCM_SHA384               Psk Psk AES256, Sha384;
    0x00a8 TLS_PSK_WITH_AES_128_GCM_SHA256               Psk Psk AES128, Sha256;
    0xccab TLS_PSK_WITH_CHACHA20_POLY1305_SHA256         Psk Psk Bulk::ChaCha, Sha256;
}

/// The row of a suite number, if this engine runs it.
#[must_use]
pub fn by_id(id: SuiteId) -> Option<&'static Suite> {
    SUITES.iter().find(|s| s.id == id)
}

/// What SSLGetSupportedCiphers lists, in the published order (decisions 27); [`supported`] adds our own behind.
pub static PUBLISHED: &[u16] = &[
    0xc02c, 0xc02b, 0xc024, 0xc023, 0xc00a, 0xc009, 0xc008, 0xc030, 0xc02f, 0xc028, 0xc027, 0xc014, 0xc013,
    0xc012, 0xc02e, 0xc02d, 0xc026, 0xc025, 0xc005, 0xc004, 0xc003, 0xc032, 0xc031, 0xc02a, 0xc029, 0xc00f,
    0xc00e, 0xc00d, 0x009f, 0x009e, 0x006b, 0x0067, 0x0039, 0x0033, 0x0016, 0x009d, 0x009c, 0x003d, 0x003c,
    0x0035, 0x002f, 0x000a, 0x1301, 0x1302, 0x1303, 0x00a7, 0x00a6, 0x006c, 0x006d, 0x0034, 0x003a, 0x001b,
    0xc006, 0xc010, 0xc001, 0xc00b, 0x00af, 0x00ae, 0x008d, 0x008c, 0x008b, 0x00b1, 0x00b0, 0x002c, 0x003b,
    0x0002, 0x0001,
];

/// What is enabled in a new context.
pub static DEFAULT: &[u16] = &[
    0xc02c, 0xc02b, 0xc024, 0xc023, 0xc00a, 0xc009, 0xc008, 0xc030, 0xc02f, 0xc028, 0xc027, 0xc014, 0xc013,
    0xc012, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a,
];

/// What SSLSetDHEEnabled enables beside the default, in front of the suites with RSA key exchange.
const DHE: &[u16] = &[0x009f, 0x009e, 0x006b, 0x0067, 0x0039, 0x0033, 0x0016];

/// The default with the DHE_RSA suites, or without (`behaviours` section 10).
#[must_use]
pub fn with_dhe(on: bool) -> Vec<u16> {
    let mut out = DEFAULT.to_vec();
    if on {
        let at = out.iter().position(|number| *number == 0x009d).unwrap_or(out.len());
        out.splice(at..at, DHE.iter().copied());
    }
    out
}

/// The numbers of TLS 1.3, listed as supported but dropped when enabled while that version does not exist.
const TLS13: core::ops::RangeInclusive<u16> = 0x1301..=0x1303;

/// The published list, then the suites of ours that are not in it.
pub fn supported() -> impl Iterator<Item = u16> {
    let additions = SUITES.iter().map(|s| s.id.0).filter(|id| !PUBLISHED.contains(id));
    PUBLISHED.iter().copied().chain(additions)
}

/// Whether SSLSetEnabledCiphers keeps this number.
#[must_use]
pub fn can_be_enabled(number: u16) -> bool {
    !TLS13.contains(&number) && supported().any(|id| id == number)
}
