//! The only crate that speaks to AWS-LC's C interface.
//!
//! In: keys in DER, messages, ciphertexts. Out: owned bytes. Promise: every pointer is owned by one value and
//! freed with it; every failure is [`Error`], taken from AWS-LC's queue so that nothing is left behind for the
//! next caller on this thread. What the safe crate `aws-lc-rs` offers is not repeated here: this crate exists
//! for RSA keys below 2048 bits, SHA-1 signatures, the raw RSA operation, DSA, Diffie-Hellman over finite fields
//! and with the EC keys of certificates, the encryption of old key files, compression functions and stitched
//! ciphers, which it refuses or lacks.

mod cipher;
mod dh;
mod ec;

pub use cipher::FileCipher;
pub use dh::{Dh, Parameters};

mod compress;

pub use compress::{Compression, Compressor};

mod stitched;

pub use stitched::{Stitched, StitchedHash};

use aws_lc_sys as sys;
use core::fmt;
use core::ptr::{self, NonNull};
use zeroize::Zeroizing;

/// What AWS-LC said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(u32);

impl Error {
    /// Takes the oldest entry and clears the thread's queue.
    fn take() -> Error {
        // SAFETY: both functions only touch the calling thread's error queue.
        unsafe {
            let code = sys::ERR_get_error();
            sys::ERR_clear_error();
            Error(code)
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AWS-LC error {:#010x}", self.0)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl core::error::Error for Error {}

fn check(result: core::ffi::c_int) -> Result<(), Error> {
    if result == 1 { Ok(()) } else { Err(Error::take()) }
}

/// Which algorithm a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// rsaEncryption.
    Rsa,
    /// id-RSASSA-PSS.
    RsaPss,
    /// An EC key on P-256.
    P256,
    /// An EC key on P-384.
    P384,
    /// An EC key on P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// DSA.
    Dsa,
}

/// Digests for signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Md {
    /// MD5 and SHA-1 side by side, as TLS before 1.2 signs with RSA.
    Md5Sha1,
    /// MD5, for the signatures of old certificates only.
    Md5,
    /// SHA-1, for old peers only.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Md {
    /// Output length in bytes.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // no digest is empty
    pub fn len(self) -> usize {
        match self {
            Md::Md5Sha1 => 36,
            Md::Md5 => 16,
            Md::Sha1 => 20,
            Md::Sha256 => 32,
            Md::Sha384 => 48,
            Md::Sha512 => 64,
        }
    }

    fn raw(self) -> *const sys::EVP_MD {
        // SAFETY: these return pointers to static tables.
        unsafe {
            match self {
                Md::Md5Sha1 => sys::EVP_md5_sha1(),
                Md::Md5 => sys::EVP_md5(),
                Md::Sha1 => sys::EVP_sha1(),
                Md::Sha256 => sys::EVP_sha256(),
                Md::Sha384 => sys::EVP_sha384(),
                Md::Sha512 => sys::EVP_sha512(),
            }
        }
    }
}

/// How a message is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// RSA PKCS#1 v1.5.
    Pkcs1(Md),
    /// RSA-PSS, MGF1 and salt length after the digest.
    Pss(Md),
    /// ECDSA over this digest.
    Ecdsa(Md),
    /// Ed25519, which digests by itself.
    Ed25519,
    /// DSA over this digest.
    Dsa(Md),
}

impl Signing {
    fn md(self) -> *const sys::EVP_MD {
        match self {
            Signing::Pkcs1(md) | Signing::Pss(md) | Signing::Ecdsa(md) | Signing::Dsa(md) => md.raw(),
            Signing::Ed25519 => ptr::null(),
        }
    }

    fn fits(self, kind: Kind) -> bool {
        match self {
            Signing::Pkcs1(_) => kind == Kind::Rsa,
            Signing::Pss(_) => matches!(kind, Kind::Rsa | Kind::RsaPss),
            Signing::Ecdsa(_) => matches!(kind, Kind::P256 | Kind::P384 | Kind::P521),
            Signing::Ed25519 => kind == Kind::Ed25519,
            Signing::Dsa(_) => kind == Kind::Dsa,
        }
    }
}

/// A public or private key.
pub struct Pkey {
    raw: NonNull<sys::EVP_PKEY>,
    kind: Kind,
}

// SAFETY: an EVP_PKEY is reference counted with atomics and immutable once made; AWS-LC documents that signing
// and decrypting with one key on several threads is allowed (its blinding cache has a lock of its own).
unsafe impl Send for Pkey {}
// SAFETY: as above.
unsafe impl Sync for Pkey {}

impl Drop for Pkey {
    fn drop(&mut self) {
        // SAFETY: `raw` is owned by this value and freed once.
        unsafe { sys::EVP_PKEY_free(self.raw.as_ptr()) }
    }
}

impl fmt::Debug for Pkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pkey({:?}, {} bits)", self.kind, self.bits())
    }
}

/// A parser over borrowed bytes.
fn cbs(der: &[u8]) -> sys::CBS {
    let mut cbs = core::mem::MaybeUninit::uninit();
    // SAFETY: CBS_init writes the whole struct; `der` outlives every use by the callers below.
    unsafe {
        sys::CBS_init(cbs.as_mut_ptr(), der.as_ptr(), der.len());
        cbs.assume_init()
    }
}

/// A general key that shares this RSA key.
///
/// # Safety
/// `rsa` is valid for the duration of the call.
unsafe fn shared(rsa: *mut sys::RSA) -> Result<Pkey, Error> {
    // SAFETY: the fresh key takes a reference of its own, or is freed.
    unsafe {
        let key = sys::EVP_PKEY_new();
        if !key.is_null() && sys::EVP_PKEY_set1_RSA(key, rsa) == 1 {
            return Pkey::own(key);
        }
        sys::EVP_PKEY_free(key);
        Err(Error::take())
    }
}

impl Pkey {
    fn own(raw: *mut sys::EVP_PKEY) -> Result<Pkey, Error> {
        let raw = NonNull::new(raw).ok_or_else(Error::take)?;
        let mut key = Pkey { raw, kind: Kind::Rsa };
        key.kind = key.find_kind().ok_or_else(Error::take)?;
        Ok(key)
    }

    fn find_kind(&self) -> Option<Kind> {
        // SAFETY: the key is valid; the EC key and its group are borrowed from it.
        unsafe {
            match sys::EVP_PKEY_id(self.raw.as_ptr()) {
                sys::EVP_PKEY_RSA => Some(Kind::Rsa),
                sys::EVP_PKEY_RSA_PSS => Some(Kind::RsaPss),
                sys::EVP_PKEY_ED25519 => Some(Kind::Ed25519),
                sys::EVP_PKEY_DSA => Some(Kind::Dsa),
                sys::EVP_PKEY_EC => {
                    let ec = sys::EVP_PKEY_get0_EC_KEY(self.raw.as_ptr());
                    match sys::EC_GROUP_get_curve_name(sys::EC_KEY_get0_group(ec)) {
                        sys::NID_X9_62_prime256v1 => Some(Kind::P256),
                        sys::NID_secp384r1 => Some(Kind::P384),
                        sys::NID_secp521r1 => Some(Kind::P521),
                        _ => None,
                    }
                }
                _ => None,
            }
        }
    }

    /// A SubjectPublicKeyInfo; nothing may follow it.
    pub fn from_spki(der: &[u8]) -> Result<Pkey, Error> {
        let mut cbs = cbs(der);
        // SAFETY: `cbs` points into `der`, which is alive.
        let key = Pkey::own(unsafe { sys::EVP_parse_public_key(&raw mut cbs) })?;
        // SAFETY: reads the length out of a valid CBS.
        if unsafe { sys::CBS_len(&raw const cbs) } == 0 { Ok(key) } else { Err(Error(0)) }
    }

    /// A PKCS#8 PrivateKeyInfo; nothing may follow it.
    pub fn from_pkcs8(der: &[u8]) -> Result<Pkey, Error> {
        let mut cbs = cbs(der);
        // SAFETY: `cbs` points into `der`, which is alive.
        let key = Pkey::own(unsafe { sys::EVP_parse_private_key(&raw mut cbs) })?;
        // SAFETY: reads the length out of a valid CBS.
        if unsafe { sys::CBS_len(&raw const cbs) } == 0 { Ok(key) } else { Err(Error(0)) }
    }

    /// A PKCS#1 RSAPrivateKey.
    pub fn from_pkcs1(der: &[u8]) -> Result<Pkey, Error> {
        // SAFETY: the key is parsed from `der`, then shared with a fresh EVP_PKEY; our own reference is
        // dropped whatever happens.
        unsafe {
            let rsa = sys::RSA_private_key_from_bytes(der.as_ptr(), der.len());
            if rsa.is_null() {
                return Err(Error::take());
            }
            let key = shared(rsa);
            sys::RSA_free(rsa);
            key
        }
    }

    /// A SEC1 ECPrivateKey that names its curve.
    pub fn from_sec1(der: &[u8]) -> Result<Pkey, Error> {
        let mut cbs = cbs(der);
        // SAFETY: as in `from_pkcs1`.
        unsafe {
            let ec = sys::EC_KEY_parse_private_key(&raw mut cbs, ptr::null());
            if ec.is_null() {
                return Err(Error::take());
            }
            let key = sys::EVP_PKEY_new();
            let whole = sys::CBS_len(&raw const cbs) == 0;
            let set = if key.is_null() || !whole { 0 } else { sys::EVP_PKEY_set1_EC_KEY(key, ec) };
            sys::EC_KEY_free(ec);
            if set == 1 {
                return Pkey::own(key);
            }
            sys::EVP_PKEY_free(key);
            Err(Error::take())
        }
    }

    /// A fresh RSA key with the exponent 65537, as PKCS#1 RSAPrivateKey.
    pub fn generate_rsa(bits: u32) -> Result<Zeroizing<Vec<u8>>, Error> {
        let bits = core::ffi::c_int::try_from(bits).map_err(|_| Error(0))?;
        // SAFETY: key, exponent and encoding are fresh, and freed whatever happens; the encoding is copied before.
        unsafe {
            let (rsa, exponent) = (sys::RSA_new(), sys::BN_new());
            let (mut out, mut len) = (ptr::null_mut(), 0);
            let made = !rsa.is_null()
                && !exponent.is_null()
                && sys::BN_set_word(exponent, 65537) == 1
                && sys::RSA_generate_key_ex(rsa, bits, exponent, ptr::null_mut()) == 1
                && sys::RSA_private_key_to_bytes(&raw mut out, &raw mut len, rsa) == 1;
            sys::RSA_free(rsa);
            sys::BN_free(exponent);
            if !made {
                return Err(Error::take());
            }
            let encoded = Zeroizing::new(core::slice::from_raw_parts(out, len).to_vec());
            sys::OPENSSL_free(out.cast());
            Ok(encoded)
        }
    }

    /// Which algorithm it belongs to.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Modulus or curve size.
    #[must_use]
    pub fn bits(&self) -> usize {
        // SAFETY: the key is valid.
        usize::try_from(unsafe { sys::EVP_PKEY_bits(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// The public half as SubjectPublicKeyInfo. A key for RSA-PSS comes out labelled as a general RSA key (RFC 4055
    /// section 1.2): AWS-LC reads the other label but does not write it.
    pub fn spki(&self) -> Result<Vec<u8>, Error> {
        if self.kind == Kind::RsaPss {
            // SAFETY: the key is borrowed from this one and shared with a fresh one.
            let general = unsafe { shared(sys::EVP_PKEY_get0_RSA(self.raw.as_ptr()))? };
            return general.spki();
        }
        let mut cbb = core::mem::MaybeUninit::uninit();
        let mut out = ptr::null_mut();
        let mut len = 0;
        // SAFETY: the builder is initialised before use and either finished or cleaned up; the finished bytes
        // are copied and freed.
        unsafe {
            check(sys::CBB_init(cbb.as_mut_ptr(), 512))?;
            let done = sys::EVP_marshal_public_key(cbb.as_mut_ptr(), self.raw.as_ptr()) == 1
                && sys::CBB_finish(cbb.as_mut_ptr(), &raw mut out, &raw mut len) == 1;
            if !done {
                sys::CBB_cleanup(cbb.as_mut_ptr());
                return Err(Error::take());
            }
            let bytes = core::slice::from_raw_parts(out, len).to_vec();
            sys::OPENSSL_free(out.cast());
            Ok(bytes)
        }
    }

    /// Whether the key verifies this kind of signature, restrictions of an RSA-PSS key included.
    #[must_use]
    pub fn takes(&self, signing: Signing) -> bool {
        self.context(signing, false).is_ok()
    }

    /// Signs a message.
    pub fn sign(&self, signing: Signing, message: &[u8]) -> Result<Vec<u8>, Error> {
        let context = self.context(signing, true)?;
        let mut len = 0;
        // SAFETY: a null output asks for the length; the second call writes at most `len` bytes.
        unsafe {
            check(sys::EVP_DigestSign(
                context.0.as_ptr(),
                ptr::null_mut(),
                &raw mut len,
                message.as_ptr(),
                message.len(),
            ))?;
            let mut out = vec![0; len];
            check(sys::EVP_DigestSign(
                context.0.as_ptr(),
                out.as_mut_ptr(),
                &raw mut len,
                message.as_ptr(),
                message.len(),
            ))?;
            out.truncate(len);
            Ok(out)
        }
    }

    /// Verifies a signature over a message.
    pub fn verify(&self, signing: Signing, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let context = self.context(signing, false)?;
        // SAFETY: all pointers come with the lengths of the slices they belong to.
        check(unsafe {
            sys::EVP_DigestVerify(
                context.0.as_ptr(),
                signature.as_ptr(),
                signature.len(),
                message.as_ptr(),
                message.len(),
            )
        })
    }

    /// Signs a digest that was made elsewhere; not for RSA-PSS and Ed25519.
    pub fn sign_digest(&self, signing: Signing, digest: &[u8]) -> Result<Vec<u8>, Error> {
        let context = self.digest_context(signing, digest, true)?;
        let (data, n) = (digest.as_ptr(), digest.len());
        let mut len = 0;
        // SAFETY: a null output asks for the length; the second call writes at most `len` bytes.
        unsafe {
            check(sys::EVP_PKEY_sign(context.0.as_ptr(), ptr::null_mut(), &raw mut len, data, n))?;
            let mut out = vec![0; len];
            check(sys::EVP_PKEY_sign(context.0.as_ptr(), out.as_mut_ptr(), &raw mut len, data, n))?;
            out.truncate(len);
            Ok(out)
        }
    }

    /// Whether `signature` is this key's over a digest that was made elsewhere.
    pub fn verify_digest(&self, signing: Signing, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        let context = self.digest_context(signing, digest, false)?;
        // SAFETY: all pointers come with the lengths of the slices they belong to.
        check(unsafe {
            sys::EVP_PKEY_verify(
                context.0.as_ptr(),
                signature.as_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
            )
        })
    }

    fn digest_context(&self, signing: Signing, digest: &[u8], sign: bool) -> Result<KeyContext, Error> {
        let md = match signing {
            Signing::Pkcs1(md) | Signing::Ecdsa(md) | Signing::Dsa(md) => md,
            Signing::Pss(_) | Signing::Ed25519 => return Err(Error(0)),
        };
        if !signing.fits(self.kind) || digest.len() != md.len() {
            return Err(Error(0));
        }
        // SAFETY: the context is fresh and owned; it keeps a reference of its own to the key.
        unsafe {
            let raw = sys::EVP_PKEY_CTX_new(self.raw.as_ptr(), ptr::null_mut());
            let context = KeyContext(NonNull::new(raw).ok_or_else(Error::take)?);
            let init = if sign { sys::EVP_PKEY_sign_init } else { sys::EVP_PKEY_verify_init };
            check(init(context.0.as_ptr()))?;
            check(sys::EVP_PKEY_CTX_set_signature_md(context.0.as_ptr(), md.raw()))?;
            Ok(context)
        }
    }

    fn context(&self, signing: Signing, sign: bool) -> Result<MdContext, Error> {
        if !signing.fits(self.kind) {
            return Err(Error(0));
        }
        let mut key_context = ptr::null_mut();
        // SAFETY: the context is fresh and owned; the key context belongs to it and lives as long.
        unsafe {
            let context = MdContext(NonNull::new(sys::EVP_MD_CTX_new()).ok_or_else(Error::take)?);
            let init = if sign { sys::EVP_DigestSignInit } else { sys::EVP_DigestVerifyInit };
            let (md, key) = (signing.md(), self.raw.as_ptr());
            check(init(context.0.as_ptr(), &raw mut key_context, md, ptr::null_mut(), key))?;
            if let Signing::Pss(_) = signing {
                check(sys::EVP_PKEY_CTX_set_rsa_padding(key_context, sys::RSA_PKCS1_PSS_PADDING))?;
                check(sys::EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, sys::RSA_PSS_SALTLEN_DIGEST))?;
            }
            Ok(context)
        }
    }

    fn rsa(&self) -> Result<*mut sys::RSA, Error> {
        if self.kind != Kind::Rsa {
            return Err(Error(0));
        }
        // SAFETY: borrowed from a valid RSA key.
        Ok(unsafe { sys::EVP_PKEY_get0_RSA(self.raw.as_ptr()) })
    }

    /// The modulus length in bytes.
    pub fn rsa_size(&self) -> Result<usize, Error> {
        let rsa = self.rsa()?;
        // SAFETY: `rsa` is valid while `self` is.
        usize::try_from(unsafe { sys::RSA_size(rsa) }).map_err(|_| Error(0))
    }

    /// The bare private operation, blinded, without unpadding: as many bytes as the modulus has.
    pub fn rsa_decrypt_raw(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let rsa = self.rsa()?;
        let mut out = Zeroizing::new(vec![0; self.rsa_size()?]);
        let mut len = 0;
        // SAFETY: the output holds `out.len()` bytes, which is the modulus length.
        check(unsafe {
            sys::RSA_decrypt(
                rsa,
                &raw mut len,
                out.as_mut_ptr(),
                out.len(),
                ciphertext.as_ptr(),
                ciphertext.len(),
                sys::RSA_NO_PADDING,
            )
        })?;
        if len == out.len() { Ok(out) } else { Err(Error(0)) }
    }

    /// PKCS#1 v1.5 encryption to a public key.
    pub fn rsa_encrypt_pkcs1(&self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let rsa = self.rsa()?;
        let mut out = vec![0; self.rsa_size()?];
        let mut len = 0;
        // SAFETY: the output holds `out.len()` bytes, which is the modulus length.
        check(unsafe {
            sys::RSA_encrypt(
                rsa,
                &raw mut len,
                out.as_mut_ptr(),
                out.len(),
                plain.as_ptr(),
                plain.len(),
                sys::RSA_PKCS1_PADDING,
            )
        })?;
        out.truncate(len);
        Ok(out)
    }
}

/// Owns a context for one key.
struct KeyContext(NonNull<sys::EVP_PKEY_CTX>);

impl Drop for KeyContext {
    fn drop(&mut self) {
        // SAFETY: owned by this value and freed once.
        unsafe { sys::EVP_PKEY_CTX_free(self.0.as_ptr()) }
    }
}

/// An owned digest context.
struct MdContext(NonNull<sys::EVP_MD_CTX>);

impl Drop for MdContext {
    fn drop(&mut self) {
        // SAFETY: owned by this value and freed once.
        unsafe { sys::EVP_MD_CTX_free(self.0.as_ptr()) }
    }
}
