//! Block ciphers in CBC and RC4 over whole messages, for files that are locked with a password.
//!
//! In: key, IV, ciphertext. Out: plaintext without its padding. Promise: decryption alone, and only here: records
//! have ciphers of their own, and whoever wrote a file is told whether its padding was good.

use crate::{Error, check};
use aws_lc_sys as sys;
use core::ptr::{self, NonNull};
use zeroize::Zeroizing;

/// What a file may be encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the ciphers' own names
pub enum FileCipher {
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
    TripleDesCbc,
    /// With 128 effective bits.
    Rc2Cbc,
    /// With 40 effective bits.
    Rc2Cbc40,
    /// With a key of 128 bits.
    Rc4,
}

impl FileCipher {
    /// Length of a key in bytes.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            FileCipher::Aes128Cbc | FileCipher::Rc2Cbc | FileCipher::Rc4 => 16,
            FileCipher::Aes192Cbc | FileCipher::TripleDesCbc => 24,
            FileCipher::Aes256Cbc => 32,
            FileCipher::Rc2Cbc40 => 5,
        }
    }

    /// Length of an IV in bytes.
    #[must_use]
    pub fn iv_len(self) -> usize {
        match self {
            FileCipher::Aes128Cbc | FileCipher::Aes192Cbc | FileCipher::Aes256Cbc => 16,
            FileCipher::TripleDesCbc | FileCipher::Rc2Cbc | FileCipher::Rc2Cbc40 => 8,
            FileCipher::Rc4 => 0,
        }
    }

    fn raw(self) -> *const sys::EVP_CIPHER {
        // SAFETY: these return pointers to static tables.
        unsafe {
            match self {
                FileCipher::Aes128Cbc => sys::EVP_aes_128_cbc(),
                FileCipher::Aes192Cbc => sys::EVP_aes_192_cbc(),
                FileCipher::Aes256Cbc => sys::EVP_aes_256_cbc(),
                FileCipher::TripleDesCbc => sys::EVP_des_ede3_cbc(),
                FileCipher::Rc2Cbc => sys::EVP_rc2_cbc(),
                FileCipher::Rc2Cbc40 => sys::EVP_rc2_40_cbc(),
                FileCipher::Rc4 => sys::EVP_rc4(),
            }
        }
    }

    /// The plaintext; an error when key and IV are of a wrong length or the padding is not PKCS#7's.
    pub fn decrypt(self, key: &[u8], iv: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let len = core::ffi::c_int::try_from(ciphertext.len()).map_err(|_| Error(0))?;
        if key.len() != self.key_len() || iv.len() != self.iv_len() {
            return Err(Error(0));
        }
        // A block more than comes in is what the update may write.
        let mut out = Zeroizing::new(vec![0; ciphertext.len() + 16]);
        let (mut body, mut tail) = (0, 0);
        // SAFETY: the context is owned; key and IV have the lengths their cipher reads; the output holds what the
        // input and one block do.
        unsafe {
            let context = Context(NonNull::new(sys::EVP_CIPHER_CTX_new()).ok_or_else(Error::take)?);
            let raw = context.0.as_ptr();
            let iv = if iv.is_empty() { ptr::null() } else { iv.as_ptr() };
            check(sys::EVP_DecryptInit_ex(raw, self.raw(), ptr::null_mut(), key.as_ptr(), iv))?;
            let to = out.as_mut_ptr();
            check(sys::EVP_DecryptUpdate(raw, to, &raw mut body, ciphertext.as_ptr(), len))?;
            let body = usize::try_from(body).map_err(|_| Error(0))?;
            check(sys::EVP_DecryptFinal_ex(raw, to.add(body), &raw mut tail))?;
        }
        let whole = usize::try_from(body + tail).map_err(|_| Error(0))?;
        out.truncate(whole);
        Ok(out)
    }
}

struct Context(NonNull<sys::EVP_CIPHER_CTX>);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: owned by this value and freed once; AWS-LC wipes the key.
        unsafe { sys::EVP_CIPHER_CTX_free(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_padding_are_checked() {
        let cipher = FileCipher::Aes128Cbc;
        assert!(cipher.decrypt(&[0; 15], &[0; 16], &[0; 16]).is_err());
        assert!(cipher.decrypt(&[0; 16], &[0; 8], &[0; 16]).is_err());
        assert!(cipher.decrypt(&[0; 16], &[0; 16], &[0; 15]).is_err());
        assert!(cipher.decrypt(&[0; 16], &[0; 16], &[]).is_err());
        assert!(cipher.decrypt(&[0; 16], &[0; 16], &[0; 16]).is_err(), "zeros decrypt to no padding");
    }

    /// RFC 2268 section 5: a block of zeros under this key. An IV of eights makes it a block of padding.
    #[test]
    fn rc2_opens_the_published_block() {
        let key: [u8; 16] = 0x88bc_a90e_9087_5a7f_0f79_c384_627b_afb2_u128.to_be_bytes();
        let block = 0x2269_552a_b0f8_5ca6_u64.to_be_bytes();
        let open = |iv: u8| FileCipher::Rc2Cbc.decrypt(&key, &[iv; 8], &block).map(|out| out.to_vec());
        assert_eq!(open(8), Ok(Vec::new()));
        assert!(open(9).is_err());
    }

    /// The first vector of RFC 6229 (128-bit key 0102..10, offset 0).
    #[test]
    fn rc4_gives_the_published_stream() {
        let key: Vec<u8> = (1..=16).collect();
        let stream = FileCipher::Rc4.decrypt(&key, &[], &[0; 16]).map(|out| out.to_vec());
        let wanted =
            [0x9a, 0xc7, 0xcc, 0x9a, 0x60, 0x9d, 0x1e, 0xf7, 0xb2, 0x93, 0x28, 0x99, 0xcd, 0xe4, 0x1b, 0x97];
        assert_eq!(stream, Ok(wanted.to_vec()));
    }
}
