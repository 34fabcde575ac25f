//! Certificates and policies as Python objects, and what is in files.
//!
//! In: DER. Out: immutable objects with the facts that Python's Sec* functions report. Promise: nothing here
//! judges anything.

use crate::exit;
use crate::keys::Key;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::x509;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

pub use crate::keys::Identity;

/// Adds this room's classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Certificate>()?;
    module.add_class::<Policy>()?;
    module.add_function(wrap_pyfunction!(is_pkcs12, module)?)?;
    module.add_function(wrap_pyfunction!(open_pkcs12, module)?)?;
    module.add_function(wrap_pyfunction!(open_pkcs7, module)?)
}

/// A hash for Python, of this process alone.
pub fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// One X.509 certificate; equal to every other one with the same DER.
///
/// SecCertificateCreateWithData makes it out of DER, `extensions.credentials_from_files` and SecItemImport out of files.
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

    /// The version as people count.
    #[getter]
    fn version(&self) -> u32 {
        self.inner.version()
    }

    /// The key usage bits, digitalSignature as 0x8000.
    #[getter]
    fn key_usage(&self) -> Option<u16> {
        self.inner.key_usage()
    }

    /// The extended key usages in dotted notation.
    #[getter]
    fn extended_key_usage(&self) -> Option<Vec<String>> {
        self.inner.extended_key_usage()
    }

    /// How many authorities may stand below this one, if it says so.
    #[getter]
    fn path_length(&self) -> Option<u32> {
        self.inner.path_len()
    }

    /// The subject key identifier.
    #[getter]
    fn subject_key_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.subject_key_id().map(|id| PyBytes::new(py, id))
    }

    /// The key identifier of the authority key identifier.
    #[getter]
    fn authority_key_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.authority_key_id().map(|id| PyBytes::new(py, id))
    }

    /// All extensions: identifier in dotted notation, whether critical, content.
    #[getter]
    fn extensions<'py>(&self, py: Python<'py>) -> Vec<(String, bool, Bound<'py, PyBytes>)> {
        let all = self.inner.all_extensions().into_iter();
        all.map(|(oid, critical, content)| (oid, critical, PyBytes::new(py, content))).collect()
    }

    /// The attributes of the subject: type in dotted notation, value.
    #[getter]
    fn subject_attributes(&self) -> Vec<(String, String)> {
        self.inner.subject_attributes()
    }

    /// The attributes of the issuer.
    #[getter]
    fn issuer_attributes(&self) -> Vec<(String, String)> {
        self.inner.issuer_attributes()
    }

    /// The signature's algorithm, in dotted notation.
    #[getter]
    fn signature_oid(&self) -> String {
        self.inner.signature_oid()
    }

    /// The key's algorithm, in dotted notation.
    #[getter]
    fn key_oid(&self) -> String {
        self.inner.key_oid()
    }

    /// The signature's octets.
    #[getter]
    fn signature<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.signature_raw())
    }

    /// The qualified certificate statements, in dotted notation.
    #[getter]
    fn qualified_statements(&self) -> Vec<String> {
        self.inner.qualified_statements().0
    }

    /// The public key, or `None` where its algorithm is not supported.
    fn key(&self) -> Option<Key> {
        self.inner.public_key().ok().map(Key::from)
    }

    fn __repr__(&self) -> String {
        let words = self.inner.not_after_words();
        format!("<SecCertificate {:?}, valid until {words}>", self.inner.subject_summary())
    }
}

/// What a chain is judged for: one of the SecPolicyCreate functions makes it. Equal to a policy with the same rules.
#[pyclass(frozen, eq, hash, name = "SecPolicy", module = "securetransport._native")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The core's policy.
    pub inner: x509::Policy,
}

impl From<x509::Policy> for Policy {
    fn from(inner: x509::Policy) -> Policy {
        Policy { inner }
    }
}

#[pymethods]
impl Policy {
    /// Chain building alone.
    #[staticmethod]
    fn basic() -> Policy {
        x509::Policy::basic().into()
    }

    /// For TLS: a server's certificate, with a name to look for, or a client's.
    #[staticmethod]
    #[pyo3(signature = (server, host))]
    fn ssl(server: bool, host: Option<Vec<u8>>) -> Policy {
        x509::Policy::ssl(server, host).into()
    }

    /// For TLS: a server's certificate that is a qualified one for websites.
    #[staticmethod]
    #[pyo3(signature = (host))]
    fn qualified(host: Option<Vec<u8>>) -> Policy {
        x509::Policy::qualified(host).into()
    }

    /// For EAP; one of the names has to fit if there are any.
    #[staticmethod]
    fn eap(server: bool, names: Vec<Vec<u8>>) -> Policy {
        x509::Policy::eap(server, names).into()
    }

    /// For IPsec.
    #[staticmethod]
    #[pyo3(signature = (server, name))]
    fn ipsec(server: bool, name: Option<Vec<u8>>) -> Policy {
        x509::Policy::ipsec(server, name).into()
    }

    /// For mail.
    #[staticmethod]
    #[pyo3(signature = (address))]
    fn mail(address: Option<Vec<u8>>) -> Policy {
        x509::Policy::mail(address).into()
    }

    /// For signatures over programs.
    #[staticmethod]
    fn code_signing() -> Policy {
        x509::Policy::code_signing().into()
    }

    /// For time stamps.
    #[staticmethod]
    fn time_stamping() -> Policy {
        x509::Policy::time_stamping().into()
    }

    /// What is done with OCSP responses and CRLs, in addition to others.
    #[staticmethod]
    fn revocation(flags: u32) -> Policy {
        x509::Policy::revocation(flags).into()
    }

    /// A word for the purpose.
    #[getter]
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    /// Whether servers are judged, or clients, where there are such sides.
    #[getter]
    fn server(&self) -> Option<bool> {
        self.inner.side()
    }

    /// The names asked for.
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.inner.names().into_iter().map(|name| PyBytes::new(py, name)).collect()
    }

    /// The flags of a revocation policy.
    #[getter]
    fn flags(&self) -> Option<u32> {
        self.inner.revocation_flags()
    }

    fn __repr__(&self) -> String {
        let side = match self.inner.side() {
            Some(true) => " server",
            Some(false) => " client",
            None => "",
        };
        let names = self.inner.names();
        let names: Vec<String> =
            names.iter().map(|name| format!(" {:?}", String::from_utf8_lossy(name))).collect();
        format!("<SecPolicy {}{side}{}>", self.inner.kind(), names.concat())
    }
}

/// Whether bytes look like a PKCS#12 file.
#[pyfunction]
fn is_pkcs12(data: &[u8]) -> bool {
    x509::is_pkcs12(data)
}

/// The certificates of a PKCS#7 bundle in DER; `None` when it is none.
#[pyfunction]
fn open_pkcs7<'py>(py: Python<'py>, data: &[u8]) -> Option<Vec<Bound<'py, PyBytes>>> {
    let found = x509::open_pkcs7(data)?;
    Some(found.iter().map(|der| PyBytes::new(py, der)).collect())
}

/// One thing in a PKCS#12 file: whether it is a key, its DER (PKCS#8 for keys), friendly name, local key identifier.
type PlainItem<'py> = (bool, Bound<'py, PyBytes>, Option<String>, Option<Bound<'py, PyBytes>>);

/// What a PKCS#12 file holds; `None` when the password is wrong. Anything else that is wrong is a `ValueError`.
#[pyfunction]
fn open_pkcs12<'py>(py: Python<'py>, data: &[u8], password: &[u8]) -> PyResult<Option<Vec<PlainItem<'py>>>> {
    let items = match exit::detach(py, || x509::open_pkcs12(data, password)) {
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
