//! HMAC, and the PRFs of TLS 1.2 (RFC 5246 section 5) and of TLS 1.0 and 1.1 (RFC 2246 section 5) over it.

use super::hash::Hash;
use aws_lc_rs::hmac;
use hmac_md5::{KeyInit, Mac};
use md5::{Digest, Md5};
use zeroize::Zeroize;

fn algorithm(hash: Hash) -> Option<hmac::Algorithm> {
    match hash {
        Hash::Md5 => None,
        Hash::Sha1 => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        Hash::Sha256 => Some(hmac::HMAC_SHA256),
        Hash::Sha384 => Some(hmac::HMAC_SHA384),
        Hash::Sha512 => Some(hmac::HMAC_SHA512),
    }
}

/// A prepared key.
pub(super) enum Key {
    /// Of the SHA family.
    Sha(Box<hmac::Key>),
    /// MD5's, from another crate.
    Md5(Box<hmac_md5::Hmac<Md5>>),
}

impl Key {
    /// Takes a key of any length.
    pub(super) fn new(hash: Hash, bytes: &[u8]) -> Key {
        match algorithm(hash) {
            Some(algorithm) => Key::Sha(Box::new(hmac::Key::new(algorithm, bytes))),
            None => {
                let mut block = [0; 64]; // a key is brought to the length of a block anyway (RFC 2104)
                if bytes.len() > block.len() {
                    block[..16].copy_from_slice(&Md5::digest(bytes));
                } else {
                    block[..bytes.len()].copy_from_slice(bytes);
                }
                let key = Key::Md5(Box::new(hmac_md5::Hmac::<Md5>::new(&block.into())));
                block.zeroize();
                key
            }
        }
    }

    /// The tag over the parts in order.
    pub(super) fn over(&self, parts: &[&[u8]]) -> Tag {
        match self {
            Key::Sha(key) => {
                let mut context = hmac::Context::with_key(key);
                parts.iter().for_each(|part| context.update(part));
                Tag::of(context.sign().as_ref())
            }
            Key::Md5(prepared) => {
                let mut mac = prepared.as_ref().clone();
                parts.iter().for_each(|part| mac.update(part));
                Tag::of(&mac.finalize().into_bytes())
            }
        }
    }
}

/// An HMAC, wiped when dropped: in a PRF it is key material.
pub struct Tag {
    bytes: [u8; 64],
    len: usize,
}

impl Tag {
    fn of(value: &[u8]) -> Tag {
        let mut tag = Tag { bytes: [0; 64], len: value.len().min(64) };
        tag.bytes[..tag.len].copy_from_slice(&value[..tag.len]);
        tag
    }
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// The HMAC of the parts in order.
#[must_use]
pub fn hmac(hash: Hash, key: &[u8], parts: &[&[u8]]) -> Tag {
    Key::new(hash, key).over(parts)
}

/// A key that is used again and again, prepared once.
pub struct PreparedKey(Key);

impl PreparedKey {
    /// Takes a key of any length.
    #[must_use]
    pub fn new(hash: Hash, key: &[u8]) -> PreparedKey {
        PreparedKey(Key::new(hash, key))
    }

    /// The HMAC of the parts in order.
    #[must_use]
    pub fn over(&self, parts: &[&[u8]]) -> Tag {
        self.0.over(parts)
    }
}

/// P_hash of RFC 5246 section 5: mixes a secret, a label and a seed in parts into `out` by exclusive or, so that two
/// of them can be laid over each other.
fn p_hash(hash: Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let key = Key::new(hash, secret);
    let labelled: Vec<&[u8]> = core::iter::once(label).chain(seed.iter().copied()).collect();
    let mut a = key.over(&labelled);
    for chunk in out.chunks_mut(hash.len()) {
        let mut parts = vec![a.as_ref()];
        parts.extend_from_slice(&labelled);
        let block = key.over(&parts);
        chunk.iter_mut().zip(block.as_ref()).for_each(|(out, byte)| *out ^= byte);
        a = key.over(&[a.as_ref()]);
    }
}

/// The PRF of TLS 1.2: fills `out`.
pub fn prf(hash: Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    out.fill(0);
    p_hash(hash, secret, label, seed, out);
}

/// The PRF of TLS 1.0 and 1.1: each half of the secret goes through one hash; with an odd length they share a byte.
pub fn prf_md5_sha1(secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let half = secret.len().div_ceil(2);
    out.fill(0);
    p_hash(Hash::Md5, &secret[..half], label, seed, out);
    p_hash(Hash::Sha1, &secret[secret.len() - half..], label, seed, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter_map(|b| (b as char).to_digit(16).map(|d| d as u8)).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// The vectors that circulate on the TLS working group's list, "test vectors for TLS 1.2 PRF".
    #[test]
    fn prf_sha256_gives_the_published_output() {
        let secret = bytes("9bbe436ba940f017b17652849a71db35");
        let seed = bytes("a0ba9f936cda311827a6f796ffd5198c");
        let mut out = [0; 100];
        prf(Hash::Sha256, &secret, b"test label", &[&seed], &mut out);
        let wanted = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a\
            6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab\
            4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701\
            87347b66";
        assert_eq!(out.to_vec(), bytes(wanted));
    }

    #[test]
    fn prf_sha384_gives_the_published_output() {
        let secret = bytes("b80b733d6ceefcdc71566ea48e5567df");
        let seed = bytes("cd665cf6a8447dd6ff8b27555edb7465");
        let mut out = [0; 148];
        prf(Hash::Sha384, &secret, b"test label", &[&seed], &mut out);
        let wanted = "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd\
            e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd\
            8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425\
            9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6\
            91c8f3a26854308d5eaa3be85e0990703d73e56f";
        assert_eq!(out.to_vec(), bytes(wanted));
    }

    /// What OpenSSL 3.0 gives: `openssl kdf -keylen 48 -kdfopt digest:MD5-SHA1 -kdfopt hexsecret:.. -kdfopt hexseed:..
    /// TLS1-PRF`, for a secret of even and one of odd length.
    #[test]
    fn prf_md5_sha1_gives_what_openssl_gives() {
        let rows = [
            (
                "000102030405060708090a0b0c0d0e0f1011121314151617",
                "271623671c6349ddff2143fe79cf04b1d1d9e5e8e13c64ce57a6c8a020d63e30234b108df146e468c6eb636b85e12fde",
            ),
            (
                "000102030405060708090a0b0c0d0e0f101112131415161718",
                "866201e3f40857418c678887870610273095677bb03385c352e8b568b4edd0b912cb168a7ad2a999ee18ea5263ad11e7",
            ),
        ];
        for (secret, wanted) in rows {
            let mut out = [0; 48];
            prf_md5_sha1(&bytes(secret), b"test label", &[b"seed", b"ling"], &mut out);
            assert_eq!(out.to_vec(), bytes(wanted));
        }
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_gives_the_published_output() {
        let tag = hmac(Hash::Sha256, b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(tag.as_ref().to_vec(), bytes(wanted));
    }
}
