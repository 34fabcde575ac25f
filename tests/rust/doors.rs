//! Wycheproof's vectors through every door to a primitive: the raw RSA operation and our unpadding of it, CBC without
//! padding, CCM with nonces of 12 bytes, the other AEADs, HMAC known and with a secret end, static ECDH, shares that are
//! no points, and signatures. Wycheproof has none for Diffie-Hellman over finite fields (`exchange.rs` has RFC 5114's),
//! for RC4 and for 3DES (`record_kat.rs` has a stranger's records).
#![allow(missing_docs, clippy::unwrap_used)]

use st_core::crypto::aead::{AeadAlgorithm, AeadKey};
use st_core::crypto::cbc::{BlockCipher, CbcDecryptor, CbcEncryptor};
use st_core::crypto::ecdh::{Curve, EcdhKey};
use st_core::crypto::record_mac::{MacForm, MacHash, RecordMac, SuffixMac};
use st_core::crypto::rsa::{PREMASTER, encrypt_premaster, open_premaster};
use st_core::crypto::secret::Secret;
use st_core::crypto::sign::{PrivateKey, PublicKey, SignatureAlgorithm};
use st_core::fault::{CryptoFault, Fault, RecordFault};
use wycheproof::TestResult::{self, Invalid, Valid};
use wycheproof::{aead, cipher, dsa, ecdh, ecdsa, eddsa, mac, rsa_pkcs1_decrypt, rsa_pkcs1_verify};
use wycheproof::{rsa_pss_verify, xdh};

/// Whether what happened is what should; what is merely acceptable may go either way.
fn fits(result: TestResult, worked: bool) -> bool {
    match result {
        Valid => worked,
        Invalid => !worked,
        TestResult::Acceptable => true,
    }
}

// --- RSA encryption -------------------------------------------------------------------------------------

/// The message in a PKCS#1 v1.5 block for encryption (RFC 8017 section 7.2.2), read with no care for time.
fn unpadded(block: &[u8]) -> Option<&[u8]> {
    let rest = block.strip_prefix(&[0, 2])?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    (end >= 8).then(|| &rest[end + 1..])
}

#[test]
fn rsa_decryption_gives_the_block_and_anything_but_a_premaster_gives_random_bytes() {
    let random = Secret::new(vec![0xa5; PREMASTER]);
    for name in rsa_pkcs1_decrypt::TestName::all() {
        let mut seen = [0; 2];
        for group in rsa_pkcs1_decrypt::TestSet::load(name).unwrap().test_groups {
            let key = PrivateKey::from_pkcs8(&group.pkcs8).unwrap();
            for test in group.tests {
                let block = key.rsa_raw_decrypt(&test.ct).ok();
                let message = block.as_ref().and_then(|block| unpadded(block.as_bytes()));
                let whole = test.ct.len() == group.key_size / 8;
                let message = message.filter(|_| whole);
                assert_eq!(message.is_some(), test.result == Valid, "{name:?} {}", test.tc_id);
                assert!(message.is_none_or(|m| m == &test.pt[..]), "{name:?} {}", test.tc_id);
                // No message is a premaster, though some end in bytes that could be one's.
                let tail = message.and_then(|m| m.last_chunk::<PREMASTER>());
                let version = tail.map_or(0x0303, |t| u16::from_be_bytes([t[0], t[1]]));
                let opened = open_premaster(&key, &test.ct, [version, version], &random);
                assert_eq!(opened, random, "{name:?} {}", test.tc_id);
                seen[usize::from(test.result == Valid)] += 1;
            }
            let premaster = [&[3, 1], &[7; PREMASTER - 2][..]].concat();
            let public = PublicKey::from_spki(&key.public_spki()).unwrap();
            let sealed = encrypt_premaster(&public, &premaster).unwrap();
            assert_eq!(open_premaster(&key, &sealed, [0x0303, 0x0301], &random).as_bytes(), premaster);
        }
        assert!(seen[0] > 20 && seen[1] > 35, "{name:?}: {seen:?}");
    }
}

// --- ciphers --------------------------------------------------------------------------------------------

/// The length without padding, if the padding is PKCS#5's.
fn pkcs5(text: &[u8]) -> Option<usize> {
    let padding = *text.last()?;
    let len = text.len().checked_sub(usize::from(padding))?;
    ((1..=16).contains(&padding) && text[len..].iter().all(|byte| *byte == padding)).then_some(len)
}

#[test]
fn aes_in_cbc_mode_does_what_wycheproof_says() {
    let mut seen = 0;
    for group in cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap().test_groups {
        let cipher = match group.key_size {
            128 => BlockCipher::Aes128,
            256 => BlockCipher::Aes256,
            _ => continue, // TLS has no AES with 192 bits
        };
        for test in group.tests {
            let mut text = test.ct.to_vec();
            let decrypted = CbcDecryptor::new(cipher, &test.key).unwrap().decrypt(&test.nonce, &mut text);
            let len = decrypted.ok().and_then(|()| pkcs5(&text));
            assert_eq!(len.is_some(), test.result == Valid, "{}", test.tc_id);
            if let Some(len) = len {
                assert_eq!(text[..len], test.pt[..], "{}", test.tc_id);
                CbcEncryptor::new(cipher, &test.key).unwrap().encrypt(&test.nonce, &mut text).unwrap();
                assert_eq!(text, test.ct[..], "{}", test.tc_id);
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

fn algorithm(name: aead::TestName, key: usize, tag: usize) -> Option<AeadAlgorithm> {
    Some(match (name, key, tag) {
        (aead::TestName::AesCcm, 128, 128) => AeadAlgorithm::Aes128Ccm,
        (aead::TestName::AesCcm, 256, 128) => AeadAlgorithm::Aes256Ccm,
        (aead::TestName::AesCcm, 128, 64) => AeadAlgorithm::Aes128Ccm8,
        (aead::TestName::AesCcm, 256, 64) => AeadAlgorithm::Aes256Ccm8,
        (aead::TestName::AesGcm, 128, 128) => AeadAlgorithm::Aes128Gcm,
        (aead::TestName::AesGcm, 256, 128) => AeadAlgorithm::Aes256Gcm,
        (aead::TestName::ChaCha20Poly1305, 256, 128) => AeadAlgorithm::ChaCha20Poly1305,
        _ => return None,
    })
}

/// Tags of 64 bits are what Wycheproof calls too short; what they authenticate must be right all the same.
fn should_open(test: &aead::Test) -> bool {
    test.result != Invalid || test.flags.iter().all(|flag| *flag == aead::TestFlag::InsecureTagSize)
}

#[test]
fn aeads_with_nonces_of_twelve_bytes_do_what_wycheproof_says() {
    for (name, least) in [
        (aead::TestName::AesCcm, 150),
        (aead::TestName::AesGcm, 100),
        (aead::TestName::ChaCha20Poly1305, 200),
    ] {
        let mut seen = 0;
        for group in aead::TestSet::load(name).unwrap().test_groups.iter().filter(|g| g.nonce_size == 96) {
            let Some(algorithm) = algorithm(name, group.key_size, group.tag_size) else { continue };
            for test in &group.tests {
                let what = format!("{algorithm:?} {}", test.tc_id);
                let key = AeadKey::new(algorithm, &test.key).unwrap();
                let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
                let sealed = [&test.ct[..], &test.tag].concat();
                let mut body = sealed.clone();
                let opened = key.open_in_place(&nonce, &test.aad, &mut body);
                seen += 1;
                if !should_open(test) {
                    assert_eq!(opened, Err(Fault::Record(RecordFault::Decryption)), "{what}");
                    continue;
                }
                assert_eq!(opened, Ok(test.pt.len()), "{what}");
                assert_eq!(body[..test.pt.len()], test.pt[..], "{what}");
                let mut out = vec![0; sealed.len()];
                key.seal(&nonce, &test.aad, &test.pt, &mut out).unwrap();
                assert_eq!(out, sealed, "{what}");
            }
        }
        assert!(seen >= least, "{name:?}: {seen}");
    }
}

#[test]
fn hmac_gives_wycheproofs_tags_with_a_known_and_with_a_secret_end() {
    let sets = [
        (mac::TestName::HmacSha1, MacHash::Sha1),
        (mac::TestName::HmacSha256, MacHash::Sha256),
        (mac::TestName::HmacSha384, MacHash::Sha384),
    ];
    for (name, hash) in sets {
        let mut seen = 0;
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests.iter().filter(|_| group.tag_size == 8 * hash.len()) {
                let tag = RecordMac::new(hash, MacForm::Hmac, &test.key).tag(&[], &test.msg);
                assert!(fits(test.result, tag.as_bytes() == &test.tag[..]), "{name:?} {}", test.tc_id);
                if test.key.len() > hash.len() {
                    continue; // record keys are as long as the tag
                }
                let secret = SuffixMac::new(hash, MacForm::Hmac, &test.key).unwrap();
                let (header, content) = test.msg.split_at(test.msg.len().min(13));
                let longer = [content, &[0x33; 100]].concat();
                let tag = secret.tag(header, &longer, 0, content.len());
                assert!(fits(test.result, tag.as_bytes() == &test.tag[..]), "{name:?} {}", test.tc_id);
                seen += 1;
            }
        }
        assert!(seen > 50, "{name:?}: {seen}");
    }
}

// --- key agreement --------------------------------------------------------------------------------------

/// A SEC1 ECPrivateKey (RFC 5915) with its curve and without its point.
fn sec1(curve: Curve, scalar: &[u8]) -> Vec<u8> {
    let (size, oid): (usize, &[u8]) = match curve {
        Curve::P256 => (32, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
        Curve::P384 => (48, &[0x2b, 0x81, 4, 0, 34]),
        Curve::P521 => (66, &[0x2b, 0x81, 4, 0, 35]),
        Curve::X25519 => panic!("no such key"),
    };
    let scalar = &scalar[scalar.len().saturating_sub(size)..];
    let mut key = vec![0; size - scalar.len()];
    key.extend_from_slice(scalar);
    let short = |n: usize| u8::try_from(n).unwrap();
    let body =
        [&[2, 1, 1, 4, short(size)], &key[..], &[0xa0, short(oid.len() + 2), 6, short(oid.len())], oid]
            .concat();
    [&[0x30, short(body.len())], &body[..]].concat()
}

#[test]
fn static_ecdh_gives_wycheproofs_secrets_and_takes_no_other_points() {
    let sets = [
        (ecdh::TestName::EcdhSecp256r1Ecpoint, Curve::P256),
        (ecdh::TestName::EcdhSecp384r1Ecpoint, Curve::P384),
        (ecdh::TestName::EcdhSecp521r1Ecpoint, Curve::P521),
    ];
    for (name, curve) in sets {
        let mut seen = [0; 2];
        for test in ecdh::TestSet::load(name).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
            let what = format!("{name:?} {}", test.tc_id);
            let key = PrivateKey::from_sec1(&sec1(curve, &test.private_key)).unwrap();
            let shared = key.agree(&test.public_key);
            let again = EcdhKey::generate(curve).unwrap().agree(&test.public_key);
            // A compressed point is right elsewhere; in TLS it is refused (RFC 8422 section 5.11).
            let compressed = test.flags.contains(&ecdh::TestFlag::CompressedPoint);
            let point = test.result == Valid && !compressed;
            seen[usize::from(point)] += 1;
            assert_eq!(key.is_share(&test.public_key), point, "{what}");
            assert_eq!(shared.is_ok(), point, "{what}");
            assert_eq!(again.is_ok(), point, "{what}");
            if point {
                assert_eq!(shared.unwrap().as_bytes(), &test.shared_secret[..], "{what}");
            }
        }
        assert!(seen[0] > 5 && seen[1] > 150, "{name:?}: {seen:?}");
    }
}

#[test]
fn x25519_refuses_the_shares_that_would_give_nothing() {
    let mut seen = [0; 2];
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let nothing = test.shared_secret.iter().all(|byte| *byte == 0);
            let agreed = EcdhKey::generate(Curve::X25519).unwrap().agree(&test.public_key);
            seen[usize::from(nothing)] += 1;
            if nothing {
                assert_eq!(agreed, Err(CryptoFault::BadKeyShare.into()), "{}", test.tc_id);
            } else {
                assert!(agreed.is_ok(), "{}", test.tc_id);
            }
        }
    }
    assert!(seen[0] > 400 && seen[1] > 10, "{seen:?}");
}

// --- signatures -----------------------------------------------------------------------------------------

fn verifies(spki: &[u8], algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
    PublicKey::from_spki(spki).unwrap().verify(algorithm, message, signature).is_ok()
}

macro_rules! signatures {
    ($module:ident, $least:literal, $($name:ident $algorithm:ident,)*) => {
        for (name, algorithm) in [$(($module::TestName::$name, SignatureAlgorithm::$algorithm)),*] {
            let mut seen = 0;
            for group in $module::TestSet::load(name).unwrap().test_groups {
                for test in &group.tests {
                    let verified = verifies(&group.der, algorithm, &test.msg, &test.sig);
                    assert!(fits(test.result, verified), "{name:?} {} {:?}", test.tc_id, test.flags);
                    seen += 1;
                }
            }
            assert!(seen >= $least, "{name:?}: {seen}");
        }
    };
}

#[test]
fn rsa_signatures_are_judged_as_wycheproof_judges_them() {
    signatures!(
        rsa_pkcs1_verify, 200,
        Rsa2048Sha256 RsaPkcs1Sha256,
        Rsa2048Sha384 RsaPkcs1Sha384,
        Rsa2048Sha512 RsaPkcs1Sha512,
        Rsa3072Sha256 RsaPkcs1Sha256,
        Rsa4096Sha512 RsaPkcs1Sha512,
    );
    signatures!(
        rsa_pss_verify, 50,
        RsaPss2048Sha256Mgf1SaltLen32 RsaPssSha256,
        RsaPss2048Sha384Mgf1SaltLen48 RsaPssSha384,
        RsaPss3072Sha256Mgf1SaltLen32 RsaPssSha256,
        RsaPss4096Sha512Mgf1SaltLen64 RsaPssSha512,
    );
}

#[test]
fn dsa_ecdsa_and_ed25519_signatures_are_judged_as_wycheproof_judges_them() {
    signatures!(
        dsa, 100,
        Dsa2048_224Sha256 DsaSha256,
        Dsa2048_256Sha256 DsaSha256,
        Dsa3072_256Sha256 DsaSha256,
    );
    signatures!(
        ecdsa, 200,
        EcdsaSecp256r1Sha256 EcdsaSha256,
        EcdsaSecp256r1Sha512 EcdsaSha512,
        EcdsaSecp384r1Sha256 EcdsaSha256,
        EcdsaSecp384r1Sha384 EcdsaSha384,
        EcdsaSecp384r1Sha512 EcdsaSha512,
        EcdsaSecp521r1Sha512 EcdsaSha512,
    );
    signatures!(eddsa, 100, Ed25519 Ed25519,);
}
