//! Files locked with a password: keys out of passwords, and what they open.
//!
//! In: a password, salts and counts as a file states them. Out: plaintext, MACs. Promise: opening alone; counts are
//! bounded, so that a file cannot make its reader work for hours.

use super::secret::Secret;
use aws_lc_rs::{digest, hmac, pbkdf2};
use core::num::NonZeroU32;
use zeroize::Zeroizing;

pub use st_awslc::FileCipher;

/// The largest count of iterations a file may ask for: some seconds of work.
pub const ITERATIONS: u32 = 10_000_000;

/// The hash below a derivation or a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the hashes' own names
pub enum PbeHash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl PbeHash {
    fn digest(self) -> &'static digest::Algorithm {
        match self {
            PbeHash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            PbeHash::Sha224 => &digest::SHA224,
            PbeHash::Sha256 => &digest::SHA256,
            PbeHash::Sha384 => &digest::SHA384,
            PbeHash::Sha512 => &digest::SHA512,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            PbeHash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            PbeHash::Sha224 => hmac::HMAC_SHA224,
            PbeHash::Sha256 => hmac::HMAC_SHA256,
            PbeHash::Sha384 => hmac::HMAC_SHA384,
            PbeHash::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// Length of its output in bytes.
    #[must_use]
    pub fn output_len(self) -> usize {
        self.digest().output_len()
    }

    /// Whether `tag` is the HMAC of `message`; compared in constant time.
    #[must_use]
    pub fn verify_hmac(self, key: &Secret, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&hmac::Key::new(self.hmac(), key.as_bytes()), message, tag).is_ok()
    }
}

/// What a derived key is for (RFC 7292 appendix B.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named by their purpose
pub enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// PKCS#12's own derivation (RFC 7292 appendix B.2). `password` is in UTF-16, big end first, with its closing
/// zero. `None` for a count of 0 or above [`ITERATIONS`].
#[must_use]
pub fn pkcs12(
    hash: PbeHash,
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    count: u32,
    len: usize,
) -> Option<Secret> {
    if !(1..=ITERATIONS).contains(&count) {
        return None;
    }
    let algorithm = hash.digest();
    let block = algorithm.block_len();
    let fill = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect()
    };
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new([fill(salt), fill(password)].concat());
    let mut out = Vec::with_capacity(len + algorithm.output_len());
    while out.len() < len {
        let mut context = digest::Context::new(algorithm);
        context.update(&diversifier);
        context.update(&input);
        let mut part = context.finish();
        for _ in 1..count {
            part = digest::digest(algorithm, part.as_ref());
        }
        out.extend_from_slice(part.as_ref());
        let addend: Vec<u8> = part.as_ref().iter().copied().cycle().take(block).collect();
        for chunk in input.chunks_mut(block) {
            add_one_more(chunk, &addend);
        }
    }
    let derived = Secret::copy_of(out.get(..len).unwrap_or_default());
    drop(Zeroizing::new(out));
    Some(derived)
}

/// `number += addend + 1`, both big-endian and of one length; the carry falls off.
fn add_one_more(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1;
    for (digit, more) in number.iter_mut().rev().zip(addend.iter().rev()) {
        let sum = u16::from(*digit) + u16::from(*more) + carry;
        *digit = sum.to_be_bytes()[1];
        carry = sum >> 8;
    }
}

/// PBKDF2 (RFC 8018 section 5.2). `None` for a count of 0 or above [`ITERATIONS`], and for SHA-224, which nobody
/// uses here.
#[must_use]
pub fn pbkdf2(hash: PbeHash, password: &[u8], salt: &[u8], count: u32, len: usize) -> Option<Secret> {
    let algorithm = match hash {
        PbeHash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        PbeHash::Sha224 => return None,
        PbeHash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        PbeHash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        PbeHash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let count = NonZeroU32::new(count).filter(|count| count.get() <= ITERATIONS)?;
    let mut out = Secret::zeroed(len);
    pbkdf2::derive(algorithm, count, salt, password, out.as_mut_bytes());
    Some(out)
}

/// The plaintext; `None` when the lengths do not fit or the padding is wrong, as it is after a wrong password.
#[must_use]
pub fn decrypt(cipher: FileCipher, key: &Secret, iv: &[u8], ciphertext: &[u8]) -> Option<Secret> {
    let plain = cipher.decrypt(key.as_bytes(), iv, ciphertext).ok()?;
    Some(Secret::copy_of(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter_map(|b| (b as char).to_digit(16).map(|d| d as u8)).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
    }

    /// The vectors that OpenSSL, Bouncy Castle and others share for the passwords "smeg" and "queeg".
    #[test]
    fn the_derivation_of_pkcs12_gives_the_published_output() {
        for (purpose, password, salt, count, wanted) in [
            (Purpose::Key, "smeg", "0A58CF64530D823F", 1, "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3"),
            (Purpose::Iv, "smeg", "0A58CF64530D823F", 1, "79993DFE048D3B76"),
            (
                Purpose::Key,
                "queeg",
                "05DEC959ACFF72F7",
                1000,
                "ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4",
            ),
            (Purpose::Iv, "queeg", "05DEC959ACFF72F7", 1000, "11DEDAD7758D4860"),
            (Purpose::Mac, "smeg", "3D83C0E4546AC140", 1, "8D967D88F6CAA9D714800AB3D48051D63F73A312"),
        ] {
            let wanted = bytes(wanted);
            let made = pkcs12(PbeHash::Sha1, purpose, &utf16(password), &bytes(salt), count, wanted.len());
            assert_eq!(made, Some(Secret::new(wanted)), "{purpose:?} {password}");
        }
    }

    /// RFC 6070, the third vector.
    #[test]
    fn pbkdf2_gives_the_published_output() {
        let wanted = bytes("4b007901b765489abead49d926f721d065a429c1");
        assert_eq!(pbkdf2(PbeHash::Sha1, b"password", b"salt", 4096, 20), Some(Secret::new(wanted)));
    }

    #[test]
    fn counts_out_of_bounds_are_refused() {
        for count in [0, ITERATIONS + 1, u32::MAX] {
            assert_eq!(pkcs12(PbeHash::Sha256, Purpose::Key, b"", b"salt", count, 16), None);
            assert_eq!(pbkdf2(PbeHash::Sha256, b"", b"salt", count, 16), None);
        }
    }
}
