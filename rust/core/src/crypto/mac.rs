//! HMAC, and the TLS 1.2 PRF over it (RFC 5246 section 5).

use super::hash::Hash;
use aws_lc_rs::hmac;

fn algorithm(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

fn over(key: &hmac::Key, parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    context.sign()
}

/// The HMAC of the parts in order.
#[must_use]
pub fn hmac(hash: Hash, key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    over(&hmac::Key::new(algorithm(hash), key), parts)
}

/// P_hash of RFC 5246 section 5: fills `out` from a secret, a label and a seed in parts.
pub fn prf(hash: Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let key = hmac::Key::new(algorithm(hash), secret);
    let labelled: Vec<&[u8]> = core::iter::once(label).chain(seed.iter().copied()).collect();
    let mut a = over(&key, &labelled);
    for chunk in out.chunks_mut(hash.len()) {
        let mut parts = vec![a.as_ref()];
        parts.extend_from_slice(&labelled);
        let block = over(&key, &parts);
        chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        a = over(&key, &[a.as_ref()]);
    }
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

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_gives_the_published_output() {
        let tag = hmac(Hash::Sha256, b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(tag.as_ref().to_vec(), bytes(wanted));
    }
}
