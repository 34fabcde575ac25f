//! Signatures: keys, and what is done with them.
//!
//! In: keys in DER, messages, signatures. Out: signatures, verdicts. Promise: which algorithm fits which key is
//! checked below; a wrong signature is one fault, whatever was wrong with it.

use super::external::ExternalKey;
use super::secret::Secret;
use crate::fault::{CertificateFault, CryptoFault, Fault};
use core::fmt;
use st_awslc::{Kind, Md, Pkey, Signing};
use std::sync::Arc;

pub use super::algorithm::{KeyKind, SignatureAlgorithm};

/// What PKCS#1 v1.5 puts before a digest: eleven bytes of padding and at most nineteen of DigestInfo.
const PKCS1_OVERHEAD: usize = 30;

/// Bounds on RSA moduli: below, nothing is a key; above, one operation costs too much.
const RSA_BITS: core::ops::RangeInclusive<usize> = 512..=16384;

/// The same for the primes of DSA.
const DSA_BITS: core::ops::RangeInclusive<usize> = 512..=4096;

/// Refuses RSA and DSA keys outside the bounds.
fn bounded(key: Pkey) -> Option<Pkey> {
    let fits = match key.kind() {
        Kind::Rsa | Kind::RsaPss => RSA_BITS.contains(&key.bits()),
        Kind::Dsa => DSA_BITS.contains(&key.bits()),
        Kind::P256 | Kind::P384 | Kind::P521 | Kind::Ed25519 => true,
    };
    fits.then_some(key)
}

/// Somebody's public key.
#[derive(Debug)]
pub struct PublicKey {
    key: Arc<Pkey>,
    spki: Vec<u8>,
}

impl PublicKey {
    /// Out of a SubjectPublicKeyInfo.
    pub fn from_spki(der: &[u8]) -> Result<PublicKey, Fault> {
        let key = Pkey::from_spki(der).ok().and_then(bounded);
        let key = key.ok_or(Fault::Certificate(CertificateFault::Unusable))?;
        Ok(PublicKey { key: Arc::new(key), spki: der.to_vec() })
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        KeyKind::of(self.key.kind())
    }

    /// Modulus or curve size.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.key.bits()
    }

    /// The SubjectPublicKeyInfo it came from.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Fault> {
        let signing = algorithm.signing();
        let verified = if algorithm.takes_digest() {
            self.key.verify_digest(signing, message, signature)
        } else {
            self.key.verify(signing, message, signature)
        };
        verified.map_err(|_| Fault::Crypto(CryptoFault::Primitive))
    }

    /// Whether `signature`, in DER, is this EC key's over a digest of any length.
    pub fn verify_ecdsa_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), Fault> {
        self.key.ecdsa_verify(digest, signature).map_err(|_| Fault::Crypto(CryptoFault::Primitive))
    }

    /// The public point in uncompressed form, for static ECDH.
    pub fn ec_point(&self) -> Result<Vec<u8>, Fault> {
        self.key.ec_point().map_err(|_| Fault::Crypto(CryptoFault::Primitive))
    }

    /// PKCS#1 v1.5 encryption, for the RSA key exchange.
    pub(super) fn rsa_encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.key.rsa_encrypt_pkcs1(plain).map_err(|_| Fault::Crypto(CryptoFault::Primitive))
    }
}

/// Our private key.
pub struct PrivateKey {
    key: Arc<Pkey>,
    spki: Vec<u8>,
    /// What the certificate says of it, where that is more than the file of the key says.
    stated: Option<Arc<Pkey>>,
    /// Who holds the private half, where that is not `key`.
    holder: Option<Arc<dyn ExternalKey>>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?}, {} bits)", self.kind(), self.bits())
    }
}

fn private(key: Result<Pkey, st_awslc::Error>) -> Result<PrivateKey, Fault> {
    let refused = Fault::Crypto(CryptoFault::PrivateKey);
    let key = key.ok().and_then(bounded).ok_or(refused)?;
    let spki = key.spki().map_err(|_| refused)?;
    Ok(PrivateKey { key: Arc::new(key), spki, stated: None, holder: None })
}

impl PrivateKey {
    /// Out of a PKCS#8 PrivateKeyInfo.
    pub fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, Fault> {
        private(Pkey::from_pkcs8(der))
    }

    /// Out of a PKCS#1 RSAPrivateKey.
    pub fn from_pkcs1(der: &[u8]) -> Result<PrivateKey, Fault> {
        private(Pkey::from_pkcs1(der))
    }

    /// Out of a SEC1 ECPrivateKey that names its curve.
    pub fn from_sec1(der: &[u8]) -> Result<PrivateKey, Fault> {
        private(Pkey::from_sec1(der))
    }

    /// The key as its certificate labels it: one for PSS alone, even where its file calls it a general RSA key
    /// (RFC 4055 section 1.2). What a peer accepts depends on the label in the certificate, restriction to one
    /// digest included.
    #[must_use]
    pub fn as_stated(&self, certified: &PublicKey) -> PrivateKey {
        PrivateKey {
            key: Arc::clone(&self.key),
            spki: self.spki.clone(),
            stated: Some(Arc::clone(&certified.key)),
            holder: self.holder.clone(),
        }
    }

    /// A key somebody else holds, by its public half.
    #[must_use]
    pub fn external(public: &PublicKey, holder: Arc<dyn ExternalKey>) -> PrivateKey {
        let (key, spki) = (Arc::clone(&public.key), public.spki.clone());
        PrivateKey { key, spki, stated: None, holder: Some(holder) }
    }

    /// Who holds the private half, where that is somebody else.
    #[must_use]
    pub fn holder(&self) -> Option<&dyn ExternalKey> {
        self.holder.as_deref()
    }

    /// Whether an RSA key exchange can be opened with it.
    #[must_use]
    pub fn can_decrypt(&self) -> bool {
        self.kind() == KeyKind::Rsa && self.holder().is_none_or(ExternalKey::can_decrypt)
    }

    /// Whether static ECDH can be done with it.
    #[must_use]
    pub fn can_agree(&self) -> bool {
        self.kind().is_ec() && self.holder.is_none()
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match KeyKind::of(self.key.kind()) {
            KeyKind::Rsa => self.stated.as_ref().map_or(KeyKind::Rsa, |stated| KeyKind::of(stated.kind())),
            kind => kind,
        }
    }

    /// Modulus or curve size.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.key.bits()
    }

    /// The public half as SubjectPublicKeyInfo.
    pub fn public_spki(&self) -> Vec<u8> {
        self.spki.clone()
    }

    /// Whether the key takes this algorithm: an RSA modulus must hold the encoded digest (RFC 8017 sections 9.1
    /// and 9.2), and a key for RSA-PSS may be restricted to one digest.
    #[must_use]
    pub fn can_sign(&self, algorithm: SignatureAlgorithm) -> bool {
        let signing = algorithm.signing();
        let least = match signing {
            Signing::Pkcs1(Md::Md5Sha1) => Md::Md5Sha1.len() + 11, // without a DigestInfo
            Signing::Pkcs1(md) => md.len() + PKCS1_OVERHEAD,
            Signing::Pss(md) => 2 * md.len() + 2,
            Signing::Ecdsa(_) | Signing::Ed25519 | Signing::Dsa(_) => 0,
        };
        let fits = |key: &Pkey| self.bits() >= 8 * least && key.takes(signing);
        fits(&self.key)
            && self.stated.as_deref().is_none_or(fits)
            && self.holder().is_none_or(|holder| holder.can_sign(algorithm))
    }

    /// Signs a message.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let signing = algorithm.signing();
        if let Some(holder) = self.holder() {
            let signature = holder.sign(algorithm, message).ok_or(CryptoFault::PrivateKey)?;
            let public = PublicKey { key: Arc::clone(&self.key), spki: Vec::new() };
            let verified = public.verify(algorithm, message, &signature);
            return verified.map(|()| signature).map_err(|_| CryptoFault::PrivateKey.into());
        }
        let signature = if algorithm.takes_digest() {
            self.key.sign_digest(signing, message)
        } else {
            self.key.sign(signing, message)
        };
        signature.map_err(|_| Fault::Crypto(CryptoFault::PrivateKey))
    }

    /// Signs a digest of any length with an EC key; the signature is in DER.
    pub fn sign_ecdsa_digest(&self, digest: &[u8]) -> Result<Vec<u8>, Fault> {
        self.key.ecdsa_sign(digest).map_err(|_| Fault::Crypto(CryptoFault::PrivateKey))
    }

    /// A fresh RSA key with the exponent 65537, as PKCS#1 RSAPrivateKey.
    pub fn generate_rsa(bits: u32) -> Result<Secret, Fault> {
        let made = Pkey::generate_rsa(bits).map_err(|_| Fault::Crypto(CryptoFault::Primitive))?;
        Ok(Secret::copy_of(&made))
    }

    /// Whether a peer's share is an uncompressed point on the curve of this EC key.
    #[must_use]
    pub fn is_share(&self, share: &[u8]) -> bool {
        self.key.is_ec_point(share)
    }

    /// Static ECDH: the shared secret with the peer's share.
    pub fn agree(&self, share: &[u8]) -> Result<Secret, Fault> {
        let shared = self.key.ecdh(share);
        shared.map(|x| Secret::copy_of(&x)).map_err(|_| Fault::Crypto(CryptoFault::PrivateKey))
    }

    /// The modulus length in bytes, for RSA keys.
    pub(super) fn rsa_size(&self) -> Result<usize, Fault> {
        self.key.rsa_size().map_err(|_| Fault::Crypto(CryptoFault::PrivateKey))
    }

    /// The bare RSA operation without unpadding: as many bytes as the modulus has.
    pub fn rsa_raw_decrypt(&self, ciphertext: &[u8]) -> Result<Secret, Fault> {
        let block = self.key.rsa_decrypt_raw(ciphertext);
        block.map(|b| Secret::copy_of(&b)).map_err(|_| Fault::Crypto(CryptoFault::PrivateKey))
    }
}

#[cfg(test)]
mod tests {
    use super::SignatureAlgorithm as S;
    use super::*;
    use crate::crypto::hash::Hash;

    const RSA512: &[u8] = include_bytes!("../../../../tests/rust/keys/rsa512.key");
    const DSA: &[u8] = include_bytes!("../../../../tests/rust/keys/dsa.key");
    const PSS384: &[u8] = include_bytes!("../../../../tests/rust/keys/rsapss384.key");

    #[test]
    fn a_message_and_its_digest_have_the_same_signature() -> Result<(), Fault> {
        let digest = |message: &[u8]| Hash::Sha1.digest(message).as_bytes().to_vec();
        let both = |message: &[u8]| [Hash::Md5.digest(message).as_bytes(), &digest(message)].concat();
        for (der, of_message, of_digest) in
            [(DSA, S::DsaSha1, S::DsaSha1Digest), (RSA512, S::RsaMd5Sha1, S::RsaMd5Sha1Digest)]
        {
            let key = PrivateKey::from_pkcs8(der)?;
            let public = PublicKey::from_spki(&key.public_spki())?;
            let made = |message| if der == DSA { digest(message) } else { both(message) };
            let signature = key.sign(of_digest, &made(b"message"))?;
            public.verify(of_message, b"message", &signature)?;
            let signature = key.sign(of_message, b"message")?;
            public.verify(of_digest, &made(b"message"), &signature)?;
            assert!(public.verify(of_digest, &made(b"massage"), &signature).is_err());
        }
        Ok(())
    }

    #[test]
    fn a_key_takes_what_its_size_kind_and_restriction_allow() -> Result<(), Fault> {
        let small = PrivateKey::from_pkcs8(RSA512)?;
        for algorithm in [S::RsaMd5Sha1, S::RsaPkcs1Sha1, S::RsaPkcs1Sha256] {
            assert!(small.can_sign(algorithm) && small.sign(algorithm, b"").is_ok(), "{algorithm:?}");
        }
        for algorithm in [S::RsaPkcs1Sha384, S::RsaPkcs1Sha512, S::RsaPssSha256, S::DsaSha1, S::Ed25519] {
            assert!(!small.can_sign(algorithm), "{algorithm:?}");
        }
        let pss = PrivateKey::from_pkcs8(PSS384)?;
        assert!(pss.can_sign(S::RsaPssSha384) && pss.sign(S::RsaPssSha384, b"").is_ok());
        for algorithm in [S::RsaPssSha256, S::RsaPssSha512, S::RsaPkcs1Sha384, S::RsaMd5Sha1] {
            assert!(!pss.can_sign(algorithm), "{algorithm:?}");
        }
        Ok(())
    }
}
