//! Block ciphers in CBC mode, without padding: AES and 3DES.
//!
//! In: a key, an initialisation vector, whole blocks. Out: the same bytes encrypted or decrypted in place. Promise:
//! nothing is judged here; padding and MAC are the record layer's.
#![allow(deprecated)] // 3DES: the equipment that needs it has nothing else

use super::record_mac::MacHash;
use crate::fault::{CryptoFault, Fault};
use aws_lc_rs::cipher::{
    AES_128, AES_256, Algorithm, DES_EDE3_FOR_LEGACY_USE_ONLY, DecryptingKey, DecryptionContext,
    EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use st_awslc::{Stitched, StitchedHash};

/// A block cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the ciphers' own names
pub enum BlockCipher {
    Aes128,
    Aes256,
    TripleDes,
}

/// The longest block.
pub const MAX_BLOCK: usize = 16;

const REFUSED: Fault = Fault::Crypto(CryptoFault::Primitive);

impl BlockCipher {
    fn algorithm(self) -> &'static Algorithm {
        match self {
            BlockCipher::Aes128 => &AES_128,
            BlockCipher::Aes256 => &AES_256,
            BlockCipher::TripleDes => &DES_EDE3_FOR_LEGACY_USE_ONLY,
        }
    }

    /// Key length in bytes.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            BlockCipher::Aes128 => 16,
            BlockCipher::Aes256 => 32,
            BlockCipher::TripleDes => 24,
        }
    }

    /// Block length in bytes, which is that of the initialisation vector too.
    #[must_use]
    pub fn block_len(self) -> usize {
        self.algorithm().block_len()
    }

    fn unbound(self, key: &[u8]) -> Result<UnboundCipherKey, Fault> {
        UnboundCipherKey::new(self.algorithm(), key).map_err(|_| REFUSED)
    }
}

/// Encrypts.
pub struct CbcEncryptor(EncryptingKey);

impl CbcEncryptor {
    /// Expands a key.
    pub fn new(cipher: BlockCipher, key: &[u8]) -> Result<CbcEncryptor, Fault> {
        EncryptingKey::cbc(cipher.unbound(key)?).map(CbcEncryptor).map_err(|_| REFUSED)
    }

    /// Encrypts whole blocks in place.
    pub fn encrypt(&self, iv: &[u8], blocks: &mut [u8]) -> Result<(), Fault> {
        let context = match (<[u8; 16]>::try_from(iv), <[u8; 8]>::try_from(iv)) {
            (Ok(iv), _) => EncryptionContext::Iv128(FixedLength::from(iv)),
            (_, Ok(iv)) => EncryptionContext::Iv64(FixedLength::from(iv)),
            _ => return Err(REFUSED),
        };
        self.0.less_safe_encrypt(blocks, context).map(drop).map_err(|_| REFUSED)
    }
}

/// Decrypts.
pub struct CbcDecryptor(DecryptingKey);

impl CbcDecryptor {
    /// Expands a key.
    pub fn new(cipher: BlockCipher, key: &[u8]) -> Result<CbcDecryptor, Fault> {
        DecryptingKey::cbc(cipher.unbound(key)?).map(CbcDecryptor).map_err(|_| REFUSED)
    }

    /// Decrypts whole blocks in place.
    pub fn decrypt(&self, iv: &[u8], blocks: &mut [u8]) -> Result<(), Fault> {
        let context = match (<[u8; 16]>::try_from(iv), <[u8; 8]>::try_from(iv)) {
            (Ok(iv), _) => DecryptionContext::Iv128(FixedLength::from(iv)),
            (_, Ok(iv)) => DecryptionContext::Iv64(FixedLength::from(iv)),
            _ => return Err(REFUSED),
        };
        self.0.decrypt(blocks, context).map(drop).map_err(|_| REFUSED)
    }
}

/// Encryption and HMAC in one pass, where the processor can; half as fast again as one after the other.
pub struct CbcHmacSealer(Stitched);

impl CbcHmacSealer {
    /// `None` where there is no such code, for this processor or these algorithms.
    #[must_use]
    pub fn new(cipher: BlockCipher, hash: MacHash, key: &[u8], mac_key: &[u8]) -> Option<CbcHmacSealer> {
        let hash = match hash {
            MacHash::Sha1 => StitchedHash::Sha1,
            MacHash::Sha256 => StitchedHash::Sha256,
            MacHash::Md5 | MacHash::Sha384 => return None,
        };
        let fits =
            matches!(cipher, BlockCipher::Aes128 | BlockCipher::Aes256) && key.len() == cipher.key_len();
        let stitched = if fits { Stitched::new(hash, key, mac_key) } else { None };
        stitched.map(CbcHmacSealer)
    }

    /// Seals a record of TLS in place: plaintext at the front, room for tag and padding behind it; in versions with an
    /// explicit vector a block of random bytes in front, which encrypted is the vector.
    pub fn seal(&mut self, header: &[u8; 13], vector: &[u8], record: &mut [u8]) -> Result<(), Fault> {
        let vector = vector.try_into().map_err(|_| REFUSED)?;
        self.0.seal(header, vector, record).map_err(|_| REFUSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter_map(|b| (b as char).to_digit(16).map(|d| d as u8)).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// NIST SP 800-38A, F.2.1 and F.2.5, first two blocks; 3DES made with OpenSSL 3.0 (`enc -des-ede3-cbc -nopad`).
    #[test]
    fn published_blocks_come_out_both_ways() -> Result<(), Fault> {
        let plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
        let rows = [
            (
                BlockCipher::Aes128,
                "2b7e151628aed2a6abf7158809cf4f3c",
                "000102030405060708090a0b0c0d0e0f",
                "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
            ),
            (
                BlockCipher::Aes256,
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "000102030405060708090a0b0c0d0e0f",
                "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
            ),
            (BlockCipher::TripleDes, TDES_KEY, "0001020304050607", TDES_OUT),
        ];
        for (cipher, key, iv, wanted) in rows {
            let (key, iv, mut text) = (bytes(key), bytes(iv), bytes(plain));
            CbcEncryptor::new(cipher, &key)?.encrypt(&iv, &mut text)?;
            assert_eq!(text, bytes(wanted), "{cipher:?}");
            CbcDecryptor::new(cipher, &key)?.decrypt(&iv, &mut text)?;
            assert_eq!(text, bytes(plain), "{cipher:?}");
        }
        Ok(())
    }

    const TDES_KEY: &str = "0123456789abcdef23456789abcdef01456789abcdef0123";
    const TDES_OUT: &str = "df4fb48a5c3414fa340a1553efae84317b4c6aab8845fb9247ee5e08514dd2bc";
}
