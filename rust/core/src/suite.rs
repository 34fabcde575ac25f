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
    /// Ephemeral elliptic-curve Diffie-Hellman, signed.
    Ecdhe,
}

/// How the server proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// An RSA certificate.
    Rsa,
    /// An EC certificate (ECDSA, and Ed25519 by RFC 8422).
    Ecdsa,
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
    0x009d TLS_RSA_WITH_AES_256_GCM_SHA384               Rsa Rsa AES256, Sha384;
    0x009c TLS_RSA_WITH_AES_128_GCM_SHA256               Rsa Rsa AES128, Sha256;
}

/// The row of a suite number, if this engine runs it.
#[must_use]
pub fn by_id(id: SuiteId) -> Option<&'static Suite> {
    SUITES.iter().find(|s| s.id == id)
}
