//! Signature schemes as rows.
//!
//! The order is the one in which we offer them (the published eight, then PSS and Ed25519; decisions 30), DSA only
//! together with DHE_DSS suites. When we choose, [`choose`] puts SHA-1 last.

use crate::crypto::sign::{KeyKind, PrivateKey, SignatureAlgorithm};
use crate::wire::ids::SchemeId;

/// A signature scheme this engine can run.
#[derive(Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its number on the wire.
    pub id: SchemeId,
    /// The registry's name.
    pub name: &'static str,
    /// The algorithm behind it.
    pub algorithm: SignatureAlgorithm,
    /// Which kind of key it needs.
    pub key: SchemeKey,
    /// Uses SHA-1: chosen only if nothing else in the peer's list fits.
    pub weak: bool,
}

/// The kind of key a scheme runs with. In TLS 1.2 an ECDSA scheme does not fix the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeKey {
    /// An rsaEncryption key.
    Rsa,
    /// An id-RSASSA-PSS key.
    RsaPss,
    /// Any EC key.
    Ec,
    /// An Ed25519 key.
    Ed25519,
    /// A DSA key.
    Dsa,
}

impl SchemeKey {
    /// Whether a key of this kind runs the scheme.
    #[must_use]
    pub fn fits(self, kind: KeyKind) -> bool {
        match self {
            SchemeKey::Rsa => kind == KeyKind::Rsa,
            SchemeKey::RsaPss => kind == KeyKind::RsaPss,
            SchemeKey::Ec => kind.is_ec(),
            SchemeKey::Ed25519 => kind == KeyKind::Ed25519,
            SchemeKey::Dsa => kind == KeyKind::Dsa,
        }
    }
}

macro_rules! schemes {
    ($($id:ident $algorithm:ident $key:ident $weak:literal;)*) => {
        /// All schemes, in the order in which they are offered.
        pub static SCHEMES: &[Scheme] = &[$(Scheme {
            id: SchemeId::$id, name: stringify!($id), algorithm: SignatureAlgorithm::$algorithm,
            key: SchemeKey::$key, weak: $weak,
        },)*];
    };
}

schemes! {
    RSA_PKCS1_SHA256 RsaPkcs1Sha256 Rsa false;
    RSA_PKCS1_SHA1 RsaPkcs1Sha1 Rsa true;
    RSA_PKCS1_SHA384 RsaPkcs1Sha384 Rsa false;
    RSA_PKCS1_SHA512 RsaPkcs1Sha512 Rsa false;
    ECDSA_SHA256 EcdsaSha256 Ec false;
    ECDSA_SHA1 EcdsaSha1 Ec true;
    ECDSA_SHA384 EcdsaSha384 Ec false;
    ECDSA_SHA512 EcdsaSha512 Ec false;
    RSA_PSS_RSAE_SHA256 RsaPssSha256 Rsa false;
    RSA_PSS_RSAE_SHA384 RsaPssSha384 Rsa false;
    RSA_PSS_RSAE_SHA512 RsaPssSha512 Rsa false;
    ED25519 Ed25519 Ed25519 false;
    RSA_PSS_PSS_SHA256 RsaPssSha256 RsaPss false;
    RSA_PSS_PSS_SHA384 RsaPssSha384 RsaPss false;
    RSA_PSS_PSS_SHA512 RsaPssSha512 RsaPss false;
    DSA_SHA256 DsaSha256 Dsa false;
    DSA_SHA1 DsaSha1 Dsa true;
}

/// The row of a scheme number, if this engine runs it.
#[must_use]
pub fn by_id(id: SchemeId) -> Option<&'static Scheme> {
    SCHEMES.iter().find(|s| s.id == id)
}

/// Our own preference within the peer's list for this key; SHA-1 only if nothing else fits. A peer without a
/// list accepts SHA-1 (RFC 5246 section 7.4.1.4.1).
#[must_use]
pub fn choose(key: &PrivateKey, peer: Option<&[SchemeId]>) -> Option<&'static Scheme> {
    let default = [SchemeId::RSA_PKCS1_SHA1, SchemeId::DSA_SHA1, SchemeId::ECDSA_SHA1];
    let listed = peer.unwrap_or(&default);
    let fits = |s: &&Scheme| s.key.fits(key.kind()) && listed.contains(&s.id) && key.can_sign(s.algorithm);
    SCHEMES.iter().filter(|s| !s.weak).find(fits).or_else(|| SCHEMES.iter().find(fits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    fn chosen(key: &[u8], peer: Option<&[SchemeId]>) -> Result<Option<SchemeId>, Fault> {
        Ok(choose(&PrivateKey::from_pkcs8(key)?, peer).map(|row| row.id))
    }

    const RSA: &[u8] = include_bytes!("../../../tests/rust/keys/rsa1024.key");
    const DSA: &[u8] = include_bytes!("../../../tests/rust/keys/dsa.key");
    const PSS384: &[u8] = include_bytes!("../../../tests/rust/keys/rsapss384.key");

    #[test]
    fn sha1_comes_last_and_only_if_nothing_else_fits() -> Result<(), Fault> {
        let (sha1, sha512) = (SchemeId::RSA_PKCS1_SHA1, SchemeId::RSA_PKCS1_SHA512);
        assert_eq!(chosen(RSA, Some(&[sha1, sha512]))?, Some(sha512));
        assert_eq!(chosen(RSA, Some(&[sha1, SchemeId::ECDSA_SHA256]))?, Some(sha1));
        assert_eq!(chosen(RSA, None)?, Some(sha1));
        assert_eq!(
            chosen(DSA, Some(&[SchemeId::DSA_SHA1, SchemeId::DSA_SHA256]))?,
            Some(SchemeId::DSA_SHA256)
        );
        assert_eq!(chosen(DSA, None)?, Some(SchemeId::DSA_SHA1));
        Ok(())
    }

    #[test]
    fn our_order_decides_and_a_key_decides_what_it_can() -> Result<(), Fault> {
        let every: Vec<SchemeId> = SCHEMES.iter().rev().map(|row| row.id).collect();
        assert_eq!(chosen(RSA, Some(&every))?, Some(SchemeId::RSA_PKCS1_SHA256));
        assert_eq!(chosen(PSS384, Some(&every))?, Some(SchemeId::RSA_PSS_PSS_SHA384));
        // A PSS signature with SHA-512 does not fit into 1024 bits.
        assert_eq!(chosen(RSA, Some(&[SchemeId::RSA_PSS_RSAE_SHA512]))?, None);
        assert_eq!(chosen(PSS384, Some(&[SchemeId::RSA_PSS_PSS_SHA256]))?, None);
        assert_eq!(chosen(PSS384, None)?, None);
        Ok(())
    }
}
