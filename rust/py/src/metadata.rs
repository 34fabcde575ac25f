//! What a complete handshake found out, as one object (sec_protocol_metadata_t).
//!
//! In: a connected context. Out: a frozen copy. Promise: it does not change with the connection; secrets leave through
//! `export` only.

use crate::context::SslContext;
use crate::security::Certificate;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::session;
use st_core::status::{self, OsStatus};

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Metadata>()?;
    module.add_function(wrap_pyfunction!(copy_metadata, module)?)
}

/// What a complete handshake found out; read with the sec_protocol_metadata_* functions.
#[pyclass(frozen, name = "sec_protocol_metadata_t", module = "securetransport")]
pub struct Metadata {
    inner: session::Metadata,
}

type Bytes<'py> = Bound<'py, PyBytes>;

fn listed<'py>(py: Python<'py>, values: &[Vec<u8>]) -> Vec<Bytes<'py>> {
    values.iter().map(|value| PyBytes::new(py, value)).collect()
}

#[pymethods]
impl Metadata {
    #[getter]
    fn wire_version(&self) -> u16 {
        self.inner.wire_version
    }

    #[getter]
    fn public_version(&self) -> i32 {
        self.inner.public_version
    }

    #[getter]
    fn suite(&self) -> u16 {
        self.inner.suite
    }

    #[getter]
    fn alpn<'py>(&self, py: Python<'py>) -> Option<Bytes<'py>> {
        self.inner.alpn.as_ref().map(|name| PyBytes::new(py, name))
    }

    #[getter]
    fn server_name<'py>(&self, py: Python<'py>) -> Option<Bytes<'py>> {
        self.inner.server_name.as_ref().map(|name| PyBytes::new(py, name))
    }

    #[getter]
    fn peer_chain(&self) -> Vec<Certificate> {
        self.inner.peer_chain.iter().cloned().map(Certificate::from).collect()
    }

    #[getter]
    fn ocsp<'py>(&self, py: Python<'py>) -> Option<Bytes<'py>> {
        self.inner.ocsp.as_ref().map(|response| PyBytes::new(py, response))
    }

    #[getter]
    fn scts<'py>(&self, py: Python<'py>) -> Vec<Bytes<'py>> {
        listed(py, &self.inner.scts)
    }

    #[getter]
    fn peer_schemes(&self) -> Vec<u16> {
        self.inner.peer_schemes.clone()
    }

    #[getter]
    fn distinguished_names<'py>(&self, py: Python<'py>) -> Vec<Bytes<'py>> {
        let request = self.inner.certificate_request.as_ref();
        listed(py, request.map(|request| request.names.as_slice()).unwrap_or_default())
    }

    /// Kinds of certificate in a request, None without one.
    #[getter]
    fn certificate_types(&self) -> Option<Vec<u8>> {
        let request = self.inner.certificate_request.as_ref();
        request.map(|request| request.types.iter().map(|t| t.0).collect())
    }

    /// Secret and identity, where the suite has a pre-shared key.
    #[getter]
    fn psk<'py>(&self, py: Python<'py>) -> Option<(Bytes<'py>, Bytes<'py>)> {
        let psk = self.inner.psk.as_ref();
        psk.map(|(secret, identity)| (PyBytes::new(py, secret.as_bytes()), PyBytes::new(py, identity)))
    }

    #[getter]
    fn resumed(&self) -> bool {
        self.inner.resumed
    }

    /// Keying material (RFC 5705), or None.
    fn export<'py>(
        &self,
        py: Python<'py>,
        label: &[u8],
        context: Option<&[u8]>,
        length: usize,
    ) -> Option<Bytes<'py>> {
        self.inner.export(label, context, length).map(|secret| PyBytes::new(py, secret.as_bytes()))
    }

    fn __repr__(&self) -> String {
        let name = self.inner.peer_chain.first().map(st_core::x509::Certificate::subject_summary);
        let peer = name.map_or_else(|| "no certificate".to_owned(), |name| format!("{name:?}"));
        format!(
            "<sec_protocol_metadata_t {:#06x} {:#06x}, {peer}>",
            self.inner.wire_version, self.inner.suite
        )
    }
}

#[pyfunction]
fn copy_metadata(context: &Bound<'_, SslContext>) -> (OsStatus, Option<Metadata>) {
    match context.get().with_session(context.py(), |s| s.metadata()) {
        Ok(inner) => (status::SEC_SUCCESS, Some(Metadata { inner })),
        Err(code) => (code, None),
    }
}
