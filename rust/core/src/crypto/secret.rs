//! Secret bytes: wiped when dropped, compared in constant time, never printed.

use core::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Key material of any kind: premaster and master secrets, record keys, PRF output.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes ownership of bytes that are already in memory; they are wiped with this value.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Secret {
        Secret(bytes)
    }

    /// `len` zero bytes to be filled in place, so that no copy is left elsewhere.
    #[must_use]
    pub fn zeroed(len: usize) -> Secret {
        Secret(vec![0; len])
    }

    /// A copy of `bytes`; wiping the original stays the caller's business.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Secret {
        Secret(bytes.to_vec())
    }

    /// The bytes themselves.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be filled in place.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// How many bytes there are; the length is not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_contains_the_bytes() {
        let secret = Secret::copy_of(b"hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(7 bytes)");
    }

    /// What keeps keys in its own memory wipes them too; AWS-LC's contexts do so in C.
    #[test]
    fn ciphers_and_hashes_of_other_crates_wipe_their_keys() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<aes::Aes128>(); // inside CCM
        wiped::<aes::Aes256>();
        wiped::<rc4::Rc4>();
        wiped::<md5::Md5>(); // twice inside HMAC-MD5, which holds nothing else
    }

    #[test]
    fn equality_is_by_content_and_length() {
        assert_eq!(Secret::copy_of(b"a"), Secret::copy_of(b"a"));
        assert_ne!(Secret::copy_of(b"a"), Secret::copy_of(b"b"));
        assert_ne!(Secret::copy_of(b"a"), Secret::copy_of(b"aa"));
    }
}
