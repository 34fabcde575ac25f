//! What contexts share: the process's session cache, and the keys of tickets.
//!
//! In: key bytes. Out: objects that several contexts may hold. Promise: one cache for the process, which every new context
//! gets; key bytes leave through `export` only and are never in a `repr`.

use crate::drive::now;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::crypto::rng::OsRng;
use st_core::crypto::secret::Secret;
use st_core::resumption::{SessionCache, TICKET_KEY, TicketKeys};
use std::sync::{Arc, OnceLock};

/// The cache of this process.
pub fn process_cache() -> Arc<SessionCache> {
    static CACHE: OnceLock<Arc<SessionCache>> = OnceLock::new();
    Arc::clone(CACHE.get_or_init(Arc::default))
}

/// Copies of key bytes that are wiped.
pub fn secrets(keys: &[Bound<'_, PyBytes>]) -> Vec<Secret> {
    keys.iter().map(|key| Secret::copy_of(key.as_bytes())).collect()
}

/// The bytes of keys for Python.
pub fn export<'py>(py: Python<'py>, keys: &TicketKeys) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let keys = keys.export(now().wall, &mut OsRng).map_err(|fault| PyOSError::new_err(fault.to_string()))?;
    Ok(keys.iter().map(|key| PyBytes::new(py, key.as_bytes())).collect())
}

/// Keys under which servers issue session tickets (RFC 5077), shared by all contexts they are given to.
///
/// SSLSessionTicketKeys(period=43200): random keys, a new one every `period` seconds; the one before still opens its
/// tickets. SSLSessionTicketKeys.fixed(keys): 1 to 16 keys of 48 bytes, newest first, until `set` is called. Workers
/// and hosts with the same keys resume each other's sessions, and `export` gives them the keys, which are secrets.
/// ValueError for keys of another length or number.
#[pyclass(frozen, name = "SSLSessionTicketKeys", module = "securetransport.extensions")]
pub struct SessionTicketKeys {
    pub inner: Arc<TicketKeys>,
}

fn invalid() -> PyErr {
    PyValueError::new_err(format!(
        "session ticket keys are 1 to 16 values of {TICKET_KEY} bytes with different first 16 bytes"
    ))
}

#[pymethods]
impl SessionTicketKeys {
    #[new]
    #[pyo3(signature = (period=43200))]
    fn new(period: u64) -> SessionTicketKeys {
        SessionTicketKeys { inner: Arc::new(TicketKeys::rotating(period)) }
    }

    /// These keys and no rotation.
    #[staticmethod]
    fn fixed(keys: Vec<Bound<'_, PyBytes>>) -> PyResult<SessionTicketKeys> {
        let inner = TicketKeys::fixed(secrets(&keys)).ok_or_else(invalid)?;
        Ok(SessionTicketKeys { inner: Arc::new(inner) })
    }

    /// Replaces the keys, in every context that has them, and ends rotation.
    fn set(&self, keys: Vec<Bound<'_, PyBytes>>) -> PyResult<()> {
        if self.inner.set(secrets(&keys)) { Ok(()) } else { Err(invalid()) }
    }

    /// The keys, newest first, for another process or host. They are secrets.
    fn export<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        export(py, &self.inner)
    }
}
