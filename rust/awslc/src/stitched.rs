//! AES-CBC and HMAC over one record in one pass, where the processor has the instructions and AWS-LC the code.
//!
//! In: keys, then a record's plaintext in place. Out: the same record, tag and padding added, encrypted. Promise: the
//! bytes are those that the two passes would make; sealing only, since nothing is gained by it in opening.

use crate::{Error, check};
use aws_lc_sys as sys;
use core::ptr::{self, NonNull};

/// Bytes of a block and of a vector.
const BLOCK: usize = 16;

/// What a MAC covers before the content: sequence number, type, version, length.
const HEADER: usize = 13;

/// The hash in the MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StitchedHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl StitchedHash {
    fn len(self) -> usize {
        match self {
            StitchedHash::Sha1 => 20,
            StitchedHash::Sha256 => 32,
        }
    }
}

/// Seals records of TLS.
pub struct Stitched {
    context: NonNull<sys::EVP_CIPHER_CTX>,
    hash: StitchedHash,
}

// SAFETY: the context is owned by this value and reached only through it, and it is not tied to a thread.
unsafe impl Send for Stitched {}
// SAFETY: nothing can be done with it through a shared reference.
unsafe impl Sync for Stitched {}

impl Drop for Stitched {
    fn drop(&mut self) {
        // SAFETY: `context` is owned by this value and freed once; AWS-LC wipes what it frees.
        unsafe { sys::EVP_CIPHER_CTX_free(self.context.as_ptr()) }
    }
}

impl Stitched {
    /// For these keys; `None` where this processor or this build has no such code, or where no such cipher exists.
    #[must_use]
    pub fn new(hash: StitchedHash, key: &[u8], mac_key: &[u8]) -> Option<Stitched> {
        // SAFETY: these return pointers to static tables, or null.
        let cipher = unsafe {
            match (hash, key.len()) {
                (StitchedHash::Sha1, 16) => sys::EVP_aes_128_cbc_hmac_sha1(),
                (StitchedHash::Sha1, 32) => sys::EVP_aes_256_cbc_hmac_sha1(),
                (StitchedHash::Sha256, 16) => sys::EVP_aes_128_cbc_hmac_sha256(),
                (StitchedHash::Sha256, 32) => sys::EVP_aes_256_cbc_hmac_sha256(),
                _ => return None,
            }
        };
        let mut mac_key = zeroize::Zeroizing::new(mac_key.to_vec());
        let length = core::ffi::c_int::try_from(mac_key.len()).ok()?;
        if cipher.is_null() {
            return None;
        }
        // SAFETY: a fresh context, owned by the value from here on.
        let context = NonNull::new(unsafe { sys::EVP_CIPHER_CTX_new() })?;
        let stitched = Stitched { context, hash };
        let set_key = sys::EVP_CTRL_AEAD_SET_MAC_KEY;
        // SAFETY: the key has the length of the cipher, by the match above; the control call reads `length` bytes of
        // `mac_key` and copies them.
        let made = unsafe {
            sys::EVP_EncryptInit_ex(
                context.as_ptr(),
                cipher,
                ptr::null_mut(),
                key.as_ptr(),
                [0; BLOCK].as_ptr(),
            ) == 1
                && sys::EVP_CIPHER_CTX_ctrl(context.as_ptr(), set_key, length, mac_key.as_mut_ptr().cast())
                    == 1
        };
        if made {
            Some(stitched)
        } else {
            Error::take();
            None
        }
    }

    /// Seals `record` in place: the plaintext at its front, room for tag and padding behind it. `header` is what the MAC
    /// covers before the content, with the content's length in it.
    ///
    /// Up to TLS 1.0 `vector` is the one that the record is chained to. From TLS 1.1 on the record begins with a block
    /// in front of the content that the MAC leaves out: random bytes, which encrypted become the vector (RFC 4346 section
    /// 6.2.3.2, the method with a mask, which is `vector`).
    pub fn seal(
        &mut self,
        header: &[u8; HEADER],
        vector: &[u8; BLOCK],
        record: &mut [u8],
    ) -> Result<(), Error> {
        let mut header = *header;
        let explicit = if [header[9], header[10]] >= [3, 2] { BLOCK } else { 0 };
        let content = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let covered = content + explicit;
        let length = u16::try_from(covered).map_err(|_| Error(0))?.to_be_bytes();
        header[11..].copy_from_slice(&length);
        if record.len() != (covered + self.hash.len() + BLOCK) / BLOCK * BLOCK {
            return Err(Error(0));
        }
        let context = self.context.as_ptr();
        // SAFETY: the vector has the length of a block; the control call reads and writes the 13 bytes of `header`; the
        // cipher reads and writes `record.len()` bytes in place, the length that it demands for `content`, as just
        // checked.
        unsafe {
            check(sys::EVP_EncryptInit_ex(
                context,
                ptr::null(),
                ptr::null_mut(),
                ptr::null(),
                vector.as_ptr(),
            ))?;
            let added = sys::EVP_CIPHER_CTX_ctrl(
                context,
                sys::EVP_CTRL_AEAD_TLS1_AAD,
                HEADER as core::ffi::c_int,
                header.as_mut_ptr().cast(),
            );
            if added <= 0 {
                return Err(Error::take());
            }
            let bytes = record.as_mut_ptr();
            check(sys::EVP_Cipher(context, bytes, bytes, record.len()))
        }
    }
}
