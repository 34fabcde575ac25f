//! Signature algorithms of certificates, by their AlgorithmIdentifier.
//!
//! In: the DER of an AlgorithmIdentifier. Out: something to verify with, or the name of what cannot be. Promise:
//! unknown and broken algorithms are values, not errors, so that a verdict can name them.

use super::walk::{self, Items, Malformed, context_number, dotted};
use crate::crypto::sign::SignatureAlgorithm;
use der::Tag;

/// What the algorithm of a signature allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// It can be verified; `weak` says which hash no longer proves anything.
    Known { verify: SignatureAlgorithm, weak: Option<Weak> },
    /// A hash so broken that it is not even tried.
    Broken(&'static str),
    /// Not implemented; its name or number.
    Unknown(String),
}

impl Algorithm {
    /// Whether it signs over MD5, which proves nothing to anybody who does not ask for it.
    pub fn is_md5(&self) -> bool {
        matches!(self, Algorithm::Known { weak: Some(Weak::Md5), .. })
    }
}

/// A hash that can be forged and is verified all the same, for those who allow it by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weak {
    Md5,
    Sha1,
}

impl Weak {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Weak::Md5 => "MD5",
            Weak::Sha1 => "SHA-1",
        }
    }
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
const DSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03];
const DSA_SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const OIW_MD5_RSA: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x03];
const OIW_SHA1_RSA: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1d];

/// Reads an AlgorithmIdentifier (RFC 5280 section 4.1.1.2, RFC 3279, RFC 4055, RFC 5758, RFC 8410).
pub(super) fn signature(identifier: &[u8]) -> Algorithm {
    let Ok((oid, parameters)) = split(identifier) else {
        return Algorithm::Unknown("an algorithm that does not parse".into());
    };
    use SignatureAlgorithm as S;
    let known = |verify| Algorithm::Known { verify, weak: None };
    let sha1 = |verify| Algorithm::Known { verify, weak: Some(Weak::Sha1) };
    let md5 = Algorithm::Known { verify: S::RsaPkcs1Md5, weak: Some(Weak::Md5) };
    match (oid.strip_prefix(RSA), oid.strip_prefix(ECDSA_SHA2)) {
        (Some([2]), _) => Algorithm::Broken("MD2"),
        (Some([3]), _) => Algorithm::Broken("MD4"),
        (Some([4]), _) => md5,
        (Some([5]), _) => sha1(S::RsaPkcs1Sha1),
        (Some([10]), _) => pss(parameters),
        (Some([11]), _) => known(S::RsaPkcs1Sha256),
        (Some([12]), _) => known(S::RsaPkcs1Sha384),
        (Some([13]), _) => known(S::RsaPkcs1Sha512),
        (_, Some([2])) => known(S::EcdsaSha256),
        (_, Some([3])) => known(S::EcdsaSha384),
        (_, Some([4])) => known(S::EcdsaSha512),
        _ if oid == ECDSA_SHA1 => sha1(S::EcdsaSha1),
        _ if oid == ED25519 => known(S::Ed25519),
        _ if oid == DSA_SHA256 => known(S::DsaSha256),
        _ if oid == DSA_SHA1 => sha1(S::DsaSha1),
        _ if oid == OIW_MD5_RSA => md5,
        _ if oid == OIW_SHA1_RSA => sha1(S::RsaPkcs1Sha1),
        _ => Algorithm::Unknown(format!("the signature algorithm {}", dotted(oid))),
    }
}

/// The object identifier's content and the parameters' whole encoding, if there are any.
fn split(identifier: &[u8]) -> Result<(&[u8], Option<&[u8]>), Malformed> {
    let mut items = Items::new(walk::only(identifier, Tag::Sequence)?.value);
    let oid = items.expect(Tag::ObjectIdentifier)?;
    let parameters = items.next()?.map(|item| item.whole);
    items.end()?;
    Ok((oid.value, parameters))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PssHash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

fn hash(identifier: &[u8]) -> Option<PssHash> {
    match split(identifier).ok()?.0 {
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Some(PssHash::Sha1),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last] => match last {
            1 => Some(PssHash::Sha256),
            2 => Some(PssHash::Sha384),
            3 => Some(PssHash::Sha512),
            _ => None,
        },
        _ => None,
    }
}

/// RSASSA-PSS-params (RFC 4055 section 3.1): one hash for both uses and a salt of its length, as TLS has it.
fn pss(parameters: Option<&[u8]>) -> Algorithm {
    match pss_parameters(parameters) {
        Some((PssHash::Sha1, _)) => Algorithm::Broken("SHA-1"),
        Some((PssHash::Sha256, 32)) => {
            Algorithm::Known { verify: SignatureAlgorithm::RsaPssSha256, weak: None }
        }
        Some((PssHash::Sha384, 48)) => {
            Algorithm::Known { verify: SignatureAlgorithm::RsaPssSha384, weak: None }
        }
        Some((PssHash::Sha512, 64)) => {
            Algorithm::Known { verify: SignatureAlgorithm::RsaPssSha512, weak: None }
        }
        Some(_) | None => Algorithm::Unknown("RSA-PSS with unusual parameters".into()),
    }
}

fn pss_parameters(parameters: Option<&[u8]>) -> Option<(PssHash, u32)> {
    let Some(parameters) = parameters else { return Some((PssHash::Sha1, 20)) };
    let (mut message, mut mask, mut salt) = (PssHash::Sha1, PssHash::Sha1, 20);
    let mut items = Items::new(walk::only(parameters, Tag::Sequence).ok()?.value);
    while let Some(item) = items.next().ok()? {
        match context_number(item.tag)? {
            0 => message = hash(item.value)?,
            1 => {
                let (oid, inner) = split(item.value).ok()?;
                if oid.strip_prefix(RSA) != Some(&[8]) {
                    return None;
                }
                mask = hash(inner?)?;
            }
            2 => salt = walk::small_unsigned(walk::only(item.value, Tag::Integer).ok()?.value).ok()?,
            3 if item.value == [2, 1, 1] => {}
            _ => return None,
        }
    }
    (message == mask).then_some((message, salt))
}
