//! Kinds of keys and ways to sign, by name.
//!
//! In: nothing. Out: what the library of ciphers calls them. Promise: no key is touched here.

use super::ecdh::Curve;
use st_awslc::{Kind, Md, Signing};

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the kinds' own names
pub enum KeyKind {
    Rsa,
    RsaPss,
    EcP256,
    EcP384,
    EcP521,
    Ed25519,
    Dsa,
}

impl KeyKind {
    /// Whether it is an EC key for ECDSA.
    #[must_use]
    pub fn is_ec(self) -> bool {
        matches!(self, KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521)
    }

    /// The curve of an EC key.
    #[must_use]
    pub fn curve(self) -> Option<Curve> {
        match self {
            KeyKind::EcP256 => Some(Curve::P256),
            KeyKind::EcP384 => Some(Curve::P384),
            KeyKind::EcP521 => Some(Curve::P521),
            _ => None,
        }
    }

    pub(super) fn of(kind: Kind) -> KeyKind {
        match kind {
            Kind::Rsa => KeyKind::Rsa,
            Kind::RsaPss => KeyKind::RsaPss,
            Kind::P256 => KeyKind::EcP256,
            Kind::P384 => KeyKind::EcP384,
            Kind::P521 => KeyKind::EcP521,
            Kind::Ed25519 => KeyKind::Ed25519,
            Kind::Dsa => KeyKind::Dsa,
        }
    }
}

/// How a message is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the algorithms' own names
pub enum SignatureAlgorithm {
    RsaPkcs1Sha1,
    RsaPkcs1Sha256,
    RsaPkcs1Sha384,
    RsaPkcs1Sha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    EcdsaSha1,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
    DsaSha1,
    DsaSha256,
    /// RSA over MD5 and SHA-1, as before TLS 1.2.
    RsaMd5Sha1,
    /// The same over the two digests, as SSLv3's CertificateVerify makes them.
    RsaMd5Sha1Digest,
    /// DSA over a digest that SSLv3's CertificateVerify makes.
    DsaSha1Digest,
    /// In old certificates only.
    RsaPkcs1Md5,
}

impl SignatureAlgorithm {
    /// Whether what is signed is a digest already.
    pub(super) fn takes_digest(self) -> bool {
        matches!(self, SignatureAlgorithm::RsaMd5Sha1Digest | SignatureAlgorithm::DsaSha1Digest)
    }

    /// Whether an RSA key makes such a signature.
    #[must_use]
    pub fn is_rsa(self) -> bool {
        matches!(self.signing(), Signing::Pkcs1(_) | Signing::Pss(_))
    }

    pub(super) fn signing(self) -> Signing {
        match self {
            SignatureAlgorithm::RsaPkcs1Md5 => Signing::Pkcs1(Md::Md5),
            SignatureAlgorithm::RsaPkcs1Sha1 => Signing::Pkcs1(Md::Sha1),
            SignatureAlgorithm::RsaPkcs1Sha256 => Signing::Pkcs1(Md::Sha256),
            SignatureAlgorithm::RsaPkcs1Sha384 => Signing::Pkcs1(Md::Sha384),
            SignatureAlgorithm::RsaPkcs1Sha512 => Signing::Pkcs1(Md::Sha512),
            SignatureAlgorithm::RsaPssSha256 => Signing::Pss(Md::Sha256),
            SignatureAlgorithm::RsaPssSha384 => Signing::Pss(Md::Sha384),
            SignatureAlgorithm::RsaPssSha512 => Signing::Pss(Md::Sha512),
            SignatureAlgorithm::EcdsaSha1 => Signing::Ecdsa(Md::Sha1),
            SignatureAlgorithm::EcdsaSha256 => Signing::Ecdsa(Md::Sha256),
            SignatureAlgorithm::EcdsaSha384 => Signing::Ecdsa(Md::Sha384),
            SignatureAlgorithm::EcdsaSha512 => Signing::Ecdsa(Md::Sha512),
            SignatureAlgorithm::Ed25519 => Signing::Ed25519,
            SignatureAlgorithm::RsaMd5Sha1 | SignatureAlgorithm::RsaMd5Sha1Digest => {
                Signing::Pkcs1(Md::Md5Sha1)
            }
            SignatureAlgorithm::DsaSha1 | SignatureAlgorithm::DsaSha1Digest => Signing::Dsa(Md::Sha1),
            SignatureAlgorithm::DsaSha256 => Signing::Dsa(Md::Sha256),
        }
    }
}
