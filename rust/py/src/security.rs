//! Certificates, keys, identities and policies as Python objects.
//!
//! In: DER. Out: immutable objects with the facts that Python's Sec* functions report. Promise: nothing here
//! judges anything, a `repr` never shows key material, and private bytes leave through one method only.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::crypto::secret::Secret;
use st_core::crypto::sign::{KeyKind, PrivateKey, PublicKey};
use st_core::fault::Fault;
use st_core::x509;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Adds this room's classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Certificate>()?;
    module.add_class::<Key>()?;
    module.add_class::<Identity>()?;
    module.add_class::<Policy>()?;
    module.add_function(wrap_pyfunction!(is_pkcs12, module)?)?;
    module.add_function(wrap_pyfunction!(open_pkcs12, module)?)
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// One X.509 certificate.
#[pyclass(frozen, eq, hash, name = "SecCertificate", module = "securetransport._native")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Certificate {
    /// The core's handle; clones share the bytes.
    pub inner: x509::Certificate,
}

impl From<x509::Certificate> for Certificate {
    fn from(inner: x509::Certificate) -> Certificate {
        Certificate { inner }
    }
}

#[pymethods]
impl Certificate {
    #[new]
    fn new(der: &[u8]) -> PyResult<Certificate> {
        let inner =
            x509::Certificate::parse(der).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Certificate { inner })
    }

    #[getter]
    fn der<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.der())
    }

    #[getter]
    fn subject(&self) -> String {
        self.inner.subject()
    }

    #[getter]
    fn issuer(&self) -> String {
        self.inner.issuer()
    }

    #[getter]
    fn subject_summary(&self) -> String {
        self.inner.subject_summary()
    }

    #[getter]
    fn issuer_summary(&self) -> String {
        self.inner.issuer_summary()
    }

    #[getter]
    fn common_name(&self) -> Option<String> {
        self.inner.common_name()
    }

    #[getter]
    fn dns_names(&self) -> Vec<String> {
        self.inner.dns_names()
    }

    #[getter]
    fn ip_addresses(&self) -> Vec<String> {
        self.inner.ip_addresses().iter().map(ToString::to_string).collect()
    }

    #[getter]
    fn email_addresses(&self) -> Vec<String> {
        self.inner.email_addresses()
    }

    #[getter]
    fn serial<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.serial())
    }

    /// Unix seconds.
    #[getter]
    fn not_before(&self) -> i64 {
        self.inner.not_before()
    }

    /// Unix seconds; the last one of validity.
    #[getter]
    fn not_after(&self) -> i64 {
        self.inner.not_after()
    }

    #[getter]
    fn is_ca(&self) -> bool {
        self.inner.is_ca()
    }

    #[getter]
    fn normalized_subject<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.normalized_subject())
    }

    #[getter]
    fn normalized_issuer<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.normalized_issuer())
    }

    #[getter]
    fn spki<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.spki_raw())
    }

    /// The public key, or `None` where its algorithm is not supported.
    fn key(&self) -> Option<Key> {
        self.inner.public_key().ok().map(|key| Key { material: Material::Public(key) })
    }

    fn __repr__(&self) -> String {
        let words = self.inner.not_after_words();
        format!("<SecCertificate {:?}, valid until {words}>", self.inner.subject_summary())
    }
}

/// What a key object holds.
enum Material {
    /// The private half and the encoding it came in, for the day its owner wants it back.
    Private { key: Arc<PrivateKey>, form: &'static str, encoded: Secret, spki: Vec<u8> },
    /// The public half alone.
    Public(PublicKey),
}

/// A private or a public key.
#[pyclass(frozen, eq, hash, name = "SecKey", module = "securetransport._native")]
pub struct Key {
    material: Material,
}

type Reader = fn(&[u8]) -> Result<PrivateKey, Fault>;

impl Key {
    /// The private half, if this is one.
    pub fn private(&self) -> Option<&Arc<PrivateKey>> {
        match &self.material {
            Material::Private { key, .. } => Some(key),
            Material::Public(_) => None,
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
            Material::Private { spki, .. } => spki,
            Material::Public(key) => key.spki(),
        }
    }

    fn key_kind(&self) -> KeyKind {
        match &self.material {
            Material::Private { key, .. } => key.kind(),
            Material::Public(key) => key.kind(),
        }
    }
}

impl PartialEq for Key {
    /// Two private keys are equal when they have the same public half: there is only one secret to it.
    fn eq(&self, other: &Key) -> bool {
        self.private().is_some() == other.private().is_some() && self.spki_raw() == other.spki_raw()
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.private().is_some().hash(state);
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

    /// The public half as an object of its own.
    fn public(&self) -> PyResult<Key> {
        Key::from_spki(self.spki_raw())
    }

    #[getter]
    fn is_private(&self) -> bool {
        self.private().is_some()
    }

    #[getter]
    fn kind(&self) -> &'static str {
        kind_name(self.key_kind())
    }

    #[getter]
    fn bits(&self) -> usize {
        match &self.material {
            Material::Private { key, .. } => key.bits(),
            Material::Public(key) => key.bits(),
        }
    }

    #[getter]
    fn spki<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.spki_raw())
    }

    /// The private key in the encoding it came in, `(form, bytes)`; `None` for a public key.
    fn _export<'py>(&self, py: Python<'py>) -> Option<(&'static str, Bound<'py, PyBytes>)> {
        match &self.material {
            Material::Private { form, encoded, .. } => Some((form, PyBytes::new(py, encoded.as_bytes()))),
            Material::Public(_) => None,
        }
    }

    fn __repr__(&self) -> String {
        let half = if self.is_private() { "private" } else { "public" };
        format!("<SecKey {half} {}, {} bits>", self.kind(), self.bits())
    }
}

/// A certificate and the private key that belongs to it.
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

/// What a chain is judged for.
#[pyclass(frozen, eq, hash, name = "SecPolicy", module = "securetransport._native")]
#[derive(Clone, PartialEq, Eq)]
pub struct Policy {
    /// The core's policy.
    pub inner: x509::Policy,
}

impl Hash for Policy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.inner.ssl_side(), self.inner.host(), self.inner.is_strict()).hash(state);
    }
}

#[pymethods]
impl Policy {
    /// Chain building alone.
    #[staticmethod]
    fn basic() -> Policy {
        Policy { inner: x509::Policy::basic() }
    }

    /// For TLS: a server's certificate, with a name to look for, or a client's.
    #[staticmethod]
    #[pyo3(signature = (server, host))]
    fn ssl(server: bool, host: Option<Vec<u8>>) -> Policy {
        Policy { inner: x509::Policy::ssl(server, host) }
    }

    /// The letter of the standards, in addition to others.
    #[staticmethod]
    fn strict() -> Policy {
        Policy { inner: x509::Policy::strict() }
    }

    /// For a TLS policy, whether it judges servers.
    #[getter]
    fn server(&self) -> Option<bool> {
        self.inner.ssl_side()
    }

    #[getter]
    fn host<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.host().map(|host| PyBytes::new(py, host))
    }

    #[getter]
    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn __repr__(&self) -> String {
        let words = match (self.inner.ssl_side(), self.inner.host()) {
            (Some(true), Some(host)) => format!("TLS server {:?}", String::from_utf8_lossy(host)),
            (Some(true), None) => "TLS server, any name".to_owned(),
            (Some(false), _) => "TLS client".to_owned(),
            (None, _) if self.inner.is_strict() => "strict".to_owned(),
            (None, _) => "basic X.509".to_owned(),
        };
        format!("<SecPolicy {words}>")
    }
}

/// Whether bytes look like a PKCS#12 file.
#[pyfunction]
fn is_pkcs12(data: &[u8]) -> bool {
    x509::is_pkcs12(data)
}

/// One thing in a PKCS#12 file: whether it is a key, its DER (PKCS#8 for keys), friendly name, local key identifier.
type PlainItem<'py> = (bool, Bound<'py, PyBytes>, Option<String>, Option<Bound<'py, PyBytes>>);

/// What a PKCS#12 file holds; `None` when the password is wrong. Anything else that is wrong is a `ValueError`.
#[pyfunction]
fn open_pkcs12<'py>(py: Python<'py>, data: &[u8], password: &[u8]) -> PyResult<Option<Vec<PlainItem<'py>>>> {
    let items = match py.detach(|| x509::open_pkcs12(data, password)) {
        Ok(items) => items,
        Err(x509::Pkcs12Error::Password) => return Ok(None),
        Err(error) => return Err(PyValueError::new_err(error.to_string())),
    };
    let plain = |item: &x509::Pkcs12Item| {
        let (is_key, bytes) = match &item.content {
            x509::Pkcs12Content::Certificate(der) => (false, der.as_slice()),
            x509::Pkcs12Content::Key(pkcs8) => (true, pkcs8.as_bytes()),
        };
        let id = item.id.as_deref().map(|id| PyBytes::new(py, id));
        (is_key, PyBytes::new(py, bytes), item.name.clone(), id)
    };
    Ok(Some(items.iter().map(plain).collect()))
}
