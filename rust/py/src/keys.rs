//! Keys and identities as Python objects.
//!
//! In: DER, or a Python object that holds a private key. Out: immutable objects that sign and decrypt. Promise: a
//! `repr` never shows key material, and private bytes leave through one method only.

use crate::exit;
use crate::security::{Certificate, hash_of};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use st_core::crypto::external::{ExternalKey, Opened};
use st_core::crypto::secret::Secret;
use st_core::crypto::sign::{KeyKind, PrivateKey, PublicKey, SignatureAlgorithm};
use st_core::fault::Fault;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Key>()?;
    module.add_class::<Identity>()?;
    module.add_function(wrap_pyfunction!(signature_names, module)?)
}

impl From<PublicKey> for Key {
    fn from(key: PublicKey) -> Key {
        Key { material: Material::Public(key) }
    }
}

/// What a key object holds.
enum Material {
    /// The private half and the encoding it came in, for the day its owner wants it back.
    Private { key: Arc<PrivateKey>, form: &'static str, encoded: Secret, spki: Vec<u8> },
    /// The public half alone.
    Public(PublicKey),
    /// A key whose private half a Python object holds.
    Held { key: Arc<PrivateKey>, holder: Arc<Holder>, spki: Vec<u8> },
    /// A key of a kind that TLS has no use for here, kept for Python's own operations.
    Other { kind: String, bits: usize, spki: Vec<u8>, pkcs8: Option<Secret> },
}

/// All signature algorithms, for what Python calls them.
const SIGNATURES: [SignatureAlgorithm; 17] = {
    use SignatureAlgorithm as S;
    [
        S::RsaPkcs1Sha1,
        S::RsaPkcs1Sha256,
        S::RsaPkcs1Sha384,
        S::RsaPkcs1Sha512,
        S::RsaPssSha256,
        S::RsaPssSha384,
        S::RsaPssSha512,
        S::EcdsaSha1,
        S::EcdsaSha256,
        S::EcdsaSha384,
        S::EcdsaSha512,
        S::Ed25519,
        S::DsaSha1,
        S::DsaSha256,
        S::RsaMd5Sha1,
        S::RsaMd5Sha1Digest,
        S::DsaSha1Digest,
    ]
};

/// The names by which a holder of a key is asked for signatures.
#[pyfunction]
fn signature_names() -> Vec<String> {
    SIGNATURES.iter().map(|algorithm| format!("{algorithm:?}")).collect()
}

/// A Python object that holds a private key: `sign(name, message) -> bytes`, `decrypt(ciphertext) -> bytes`.
struct Holder {
    object: Py<PyAny>,
    signs: Vec<SignatureAlgorithm>,
    /// Whether it decrypts, and if so whether it leaves the padding on.
    decrypts: Option<bool>,
}

impl Holder {
    /// Calls a method of the object. An exception has nobody to go to, as the handshake only knows that there is no
    /// answer: it is shown the way Python shows those.
    fn ask(
        &self,
        method: &str,
        arguments: impl FnOnce(Python<'_>) -> PyResult<Py<PyTuple>>,
    ) -> Option<Secret> {
        Python::attach(|py| {
            let answer = arguments(py)
                .and_then(|arguments| self.object.bind(py).call_method1(method, arguments.bind(py)))
                .and_then(|answer| Ok(Secret::copy_of(answer.extract::<&[u8]>()?)));
            answer.map_err(|error| error.write_unraisable(py, Some(self.object.bind(py)))).ok()
        })
    }
}

impl ExternalKey for Holder {
    fn can_sign(&self, algorithm: SignatureAlgorithm) -> bool {
        self.signs.contains(&algorithm)
    }

    fn can_decrypt(&self) -> bool {
        self.decrypts.is_some()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let name = format!("{algorithm:?}");
        let signature =
            self.ask("sign", |py| Ok((name, PyBytes::new(py, message)).into_pyobject(py)?.unbind()));
        signature.map(|signature| signature.as_bytes().to_vec())
    }

    fn decrypt(&self, ciphertext: &[u8]) -> Option<Opened> {
        let raw = self.decrypts?;
        let plain =
            self.ask("decrypt", |py| Ok((PyBytes::new(py, ciphertext),).into_pyobject(py)?.unbind()))?;
        Some(if raw { Opened::Block(plain) } else { Opened::Message(plain) })
    }
}

/// A private or a public key: RSA, RSA-PSS, EC, Ed25519 or DSA.
///
/// Equal to the key with the same material; its `repr` shows kind and size, never the material. It comes out of
/// certificates, identities, files and the SecKeyCreate functions.
#[pyclass(frozen, eq, hash, weakref, name = "SecKey", module = "securetransport._native")]
pub struct Key {
    material: Material,
}

type Reader = fn(&[u8]) -> Result<PrivateKey, Fault>;

impl Key {
    /// The private half, if this is one.
    pub fn private(&self) -> Option<&Arc<PrivateKey>> {
        match &self.material {
            Material::Private { key, .. } | Material::Held { key, .. } => Some(key),
            Material::Public(_) | Material::Other { .. } => None,
        }
    }

    fn read(der: &[u8], form: &'static str, reader: Reader) -> PyResult<Key> {
        let key = reader(der).map_err(|fault| PyValueError::new_err(fault.to_string()))?;
        let spki = key.public_spki();
        let encoded = Secret::copy_of(der);
        Ok(Key { material: Material::Private { key: Arc::new(key), form, encoded, spki } })
    }

    fn spki_raw(&self) -> &[u8] {
        match &self.material {
            Material::Private { spki, .. } | Material::Held { spki, .. } | Material::Other { spki, .. } => {
                spki
            }
            Material::Public(key) => key.spki(),
        }
    }
}

impl PartialEq for Key {
    /// Two private keys are equal when they have the same public half: there is only one secret to it.
    fn eq(&self, other: &Key) -> bool {
        self.is_private() == other.is_private() && self.spki_raw() == other.spki_raw()
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_private().hash(state);
        self.spki_raw().hash(state);
    }
}

fn kind_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa => "RSA",
        KeyKind::RsaPss => "RSA-PSS",
        KeyKind::EcP256 => "P-256",
        KeyKind::EcP384 => "P-384",
        KeyKind::EcP521 => "P-521",
        KeyKind::Ed25519 => "Ed25519",
        KeyKind::Dsa => "DSA",
    }
}

#[pymethods]
impl Key {
    /// From an unencrypted PKCS#8 PrivateKeyInfo.
    #[staticmethod]
    fn from_pkcs8(der: &[u8]) -> PyResult<Key> {
        Key::read(der, "pkcs8", PrivateKey::from_pkcs8)
    }

    /// From a PKCS#1 RSAPrivateKey.
    #[staticmethod]
    fn from_pkcs1(der: &[u8]) -> PyResult<Key> {
        Key::read(der, "pkcs1", PrivateKey::from_pkcs1)
    }

    /// From a SEC 1 ECPrivateKey.
    #[staticmethod]
    fn from_sec1(der: &[u8]) -> PyResult<Key> {
        Key::read(der, "sec1", PrivateKey::from_sec1)
    }

    /// A public key, from a SubjectPublicKeyInfo.
    #[staticmethod]
    fn from_spki(der: &[u8]) -> PyResult<Key> {
        let key = PublicKey::from_spki(der).map_err(|fault| PyValueError::new_err(fault.to_string()))?;
        Ok(Key { material: Material::Public(key) })
    }

    /// A key whose private half `holder` holds; `public` is the other. `signs`: names of `signature_names` that it
    /// makes signatures for. `decrypts`: whether it decrypts RSA and leaves the padding on (`True`), takes it off
    /// (`False`), or does not decrypt (`None`).
    #[staticmethod]
    #[pyo3(signature = (public, holder, signs, decrypts))]
    fn held(public: &Key, holder: Py<PyAny>, signs: Vec<String>, decrypts: Option<bool>) -> PyResult<Key> {
        let Material::Public(public) = &public.material else {
            return Err(PyValueError::new_err("the public half has to be a public key of a kind TLS uses"));
        };
        let named = |algorithm: &SignatureAlgorithm| signs.contains(&format!("{algorithm:?}"));
        let signs = SIGNATURES.into_iter().filter(named).collect();
        let holder = Arc::new(Holder { object: holder, signs, decrypts });
        let key = Arc::new(PrivateKey::external(public, Arc::clone(&holder) as Arc<dyn ExternalKey>));
        Ok(Key { material: Material::Held { key, holder, spki: public.spki().to_vec() } })
    }

    /// A key of a kind that TLS has no use for here: a name for the kind, its size, the public half as
    /// SubjectPublicKeyInfo, the private half as PKCS#8 if it is one.
    #[staticmethod]
    #[pyo3(signature = (kind, bits, spki, pkcs8))]
    fn other(kind: String, bits: usize, spki: Vec<u8>, pkcs8: Option<&[u8]>) -> Key {
        Key { material: Material::Other { kind, bits, spki, pkcs8: pkcs8.map(Secret::copy_of) } }
    }

    /// The public half as an object of its own.
    fn public(&self) -> PyResult<Key> {
        match &self.material {
            Material::Other { kind, bits, spki, .. } => {
                Ok(Key::other(kind.clone(), *bits, spki.clone(), None))
            }
            _ => Key::from_spki(self.spki_raw()),
        }
    }

    /// The bare RSA operation on one block, with the private key.
    fn rsa_raw<'py>(&self, py: Python<'py>, block: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let Material::Private { key, .. } = &self.material else {
            return Err(PyValueError::new_err("only a private key in memory does this"));
        };
        let opened = exit::detach(py, || key.rsa_raw_decrypt(block));
        let opened = opened.map_err(|fault| PyValueError::new_err(fault.to_string()))?;
        Ok(PyBytes::new(py, opened.as_bytes()))
    }

    /// ECDSA over a digest of any length; the signature is in DER.
    fn ecdsa_sign<'py>(&self, py: Python<'py>, digest: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let Material::Private { key, .. } = &self.material else {
            return Err(PyValueError::new_err("only a private key in memory does this"));
        };
        let signature = key.sign_ecdsa_digest(digest);
        let signature = signature.map_err(|fault| PyValueError::new_err(fault.to_string()))?;
        Ok(PyBytes::new(py, &signature))
    }

    /// Whether a signature in DER is this public key's over a digest of any length.
    fn ecdsa_verify(&self, digest: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Public(key) => key.verify_ecdsa_digest(digest, signature).is_ok(),
            _ => false,
        }
    }

    /// A fresh RSA key with the exponent 65537.
    #[staticmethod]
    fn generate_rsa(py: Python<'_>, bits: u32) -> PyResult<Key> {
        let made = exit::detach(py, || PrivateKey::generate_rsa(bits));
        let made = made.map_err(|fault| PyValueError::new_err(fault.to_string()))?;
        Key::from_pkcs1(made.as_bytes())
    }

    /// The object that holds the private half.
    #[getter]
    fn holder<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match &self.material {
            Material::Held { holder, .. } => Some(holder.object.bind(py).clone()),
            _ => None,
        }
    }

    #[getter]
    fn is_private(&self) -> bool {
        match &self.material {
            Material::Private { .. } | Material::Held { .. } => true,
            Material::Other { pkcs8, .. } => pkcs8.is_some(),
            Material::Public(_) => false,
        }
    }

    #[getter]
    fn kind(&self) -> &str {
        match &self.material {
            Material::Private { key, .. } | Material::Held { key, .. } => kind_name(key.kind()),
            Material::Public(key) => kind_name(key.kind()),
            Material::Other { kind, .. } => kind,
        }
    }

    #[getter]
    fn bits(&self) -> usize {
        match &self.material {
            Material::Private { key, .. } | Material::Held { key, .. } => key.bits(),
            Material::Public(key) => key.bits(),
            Material::Other { bits, .. } => *bits,
        }
    }

    #[getter]
    fn spki<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.spki_raw())
    }

    /// The private key in the encoding it came in, `(form, bytes)`; `None` for a public key and one that is not here.
    fn _export<'py>(&self, py: Python<'py>) -> Option<(&'static str, Bound<'py, PyBytes>)> {
        match &self.material {
            Material::Private { form, encoded, .. } => Some((form, PyBytes::new(py, encoded.as_bytes()))),
            Material::Other { pkcs8: Some(encoded), .. } => {
                Some(("pkcs8", PyBytes::new(py, encoded.as_bytes())))
            }
            Material::Public(_) | Material::Held { .. } | Material::Other { pkcs8: None, .. } => None,
        }
    }

    fn __repr__(&self) -> String {
        let half = if self.is_private() { "private" } else { "public" };
        format!("<SecKey {half} {}, {} bits>", self.kind(), self.bits())
    }
}

/// A certificate and the private key that belongs to it, as SSLSetCertificate takes it.
///
/// SecIdentityCreate, SecPKCS12Import and `extensions.identity_from_files` make it; halves that do not belong together
/// make none.
#[pyclass(frozen, name = "SecIdentity", module = "securetransport._native")]
pub struct Identity {
    /// The certificate.
    #[pyo3(get)]
    pub certificate: Py<Certificate>,
    /// The private key.
    #[pyo3(get)]
    pub key: Py<Key>,
    signer: Arc<PrivateKey>,
}

impl Identity {
    /// What signs; known to belong to the certificate.
    pub fn signer(&self) -> &Arc<PrivateKey> {
        &self.signer
    }
}

#[pymethods]
impl Identity {
    #[new]
    fn new(certificate: Py<Certificate>, key: Py<Key>) -> PyResult<Identity> {
        let signer = match key.get().private() {
            Some(signer) => Arc::clone(signer),
            None if key.get().is_private() => {
                let words = format!("{} keys are not for identities", key.get().kind());
                return Err(PyValueError::new_err(words));
            }
            None => return Err(PyValueError::new_err("an identity needs a private key, this one is public")),
        };
        let inner = &certificate.get().inner;
        if !same_key(inner.spki_raw(), key.get().spki_raw()) {
            let words = format!(
                "the private key ({}, {} bits) does not belong to the certificate of {:?}",
                key.get().kind(),
                key.get().bits(),
                inner.subject_summary()
            );
            return Err(PyValueError::new_err(words));
        }
        let stated = inner.public_key().ok().filter(|stated| stated.kind() == KeyKind::RsaPss);
        let signer = stated.map_or(signer.clone(), |stated| Arc::new(signer.as_stated(&stated)));
        Ok(Identity { certificate, key, signer })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Identity>().is_ok_and(|other| {
            let other = other.get();
            self.certificate.get() == other.certificate.get() && self.key.get() == other.key.get()
        })
    }

    fn __hash__(&self) -> u64 {
        hash_of(self.certificate.get())
    }

    fn __repr__(&self) -> String {
        let key = self.key.get();
        let name = self.certificate.get().inner.subject_summary();
        format!("<SecIdentity {name:?}, {} key of {} bits>", key.kind(), key.bits())
    }
}

/// `rsaEncryption` with its NULL, the AlgorithmIdentifier of a general RSA key (RFC 3279 section 2.3.1).
const RSA: &[u8] =
    &[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Whether two SubjectPublicKeyInfo hold the same key. An RSA key may be labelled as one for PSS alone in the
/// certificate and as a general one in its file (RFC 4055 section 1.2), so for RSA the label does not count: what
/// stands behind the general label, the whole BIT STRING, has to be the end of the other too.
fn same_key(stated: &[u8], held: &[u8]) -> bool {
    let key_behind = |spki: &[u8]| {
        let label = spki.windows(RSA.len()).take(8).position(|window| window == RSA)?;
        spki.get(label + RSA.len()..).map(<[u8]>::to_vec)
    };
    stated == held
        || key_behind(held).is_some_and(|key| stated.ends_with(&key))
        || key_behind(stated).is_some_and(|key| held.ends_with(&key))
}
