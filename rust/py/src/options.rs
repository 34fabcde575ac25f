//! Settings of a context that came after the first ones: sessions, tickets, stapling, secrets.
//!
//! In: a context and plain values, already checked for their types. Out: statuses and values. Promise: as in `context`:
//! meaning is the core session's.

use crate::cache::{self, SessionTicketKeys};
use crate::context::SslContext;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::crypto::secret::Secret;
use st_core::resumption::TicketKeys;
use st_core::status::{self, OsStatus};
use std::sync::Arc;

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SessionTicketKeys>()?;
    module.add_function(wrap_pyfunction!(set_peer_id, module)?)?;
    module.add_function(wrap_pyfunction!(get_peer_id, module)?)?;
    module.add_function(wrap_pyfunction!(set_session_cache_timeout, module)?)?;
    module.add_function(wrap_pyfunction!(get_resumed_session, module)?)?;
    module.add_function(wrap_pyfunction!(set_session_tickets, module)?)?;
    module.add_function(wrap_pyfunction!(set_ticket_keys, module)?)?;
    module.add_function(wrap_pyfunction!(share_ticket_keys, module)?)?;
    module.add_function(wrap_pyfunction!(get_ticket_keys, module)?)?;
    module.add_function(wrap_pyfunction!(set_ocsp_response, module)?)?;
    module.add_function(wrap_pyfunction!(set_key_log, module)?)?;
    module.add_function(wrap_pyfunction!(get_master_secret, module)?)?;
    module.add_function(wrap_pyfunction!(get_randoms, module)?)?;
    module.add_function(wrap_pyfunction!(run_prf, module)?)?;
    module.add_function(wrap_pyfunction!(set_alpn_func, module)?)?;
    module.add_function(wrap_pyfunction!(set_alpn_data, module)?)?;
    module.add_function(wrap_pyfunction!(get_alpn_data, module)?)?;
    module.add_function(wrap_pyfunction!(get_cipher_sizes, module)?)
}

type Context<'a, 'py> = &'a Bound<'py, SslContext>;

fn bytes<'py>(py: Python<'py>, value: Option<Vec<u8>>) -> Option<Bound<'py, PyBytes>> {
    value.map(|value| PyBytes::new(py, &value))
}

#[pyfunction]
fn set_peer_id(context: Context<'_, '_>, id: &[u8]) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_peer_id(id))
}

#[pyfunction]
fn get_peer_id<'py>(context: Context<'_, 'py>) -> Option<Bound<'py, PyBytes>> {
    let py = context.py();
    bytes(py, context.get().with_session(py, |s| s.peer_id().map(<[u8]>::to_vec)))
}

#[pyfunction]
fn set_session_cache_timeout(context: Context<'_, '_>, seconds: i64) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_cache_timeout(seconds))
}

/// The ID of a session that was resumed; None where none was.
#[pyfunction]
fn get_resumed_session<'py>(context: Context<'_, 'py>) -> Option<Bound<'py, PyBytes>> {
    let py = context.py();
    bytes(py, context.get().with_session(py, |s| s.resumed_session().map(<[u8]>::to_vec)))
}

#[pyfunction]
fn set_session_tickets(context: Context<'_, '_>, on: bool) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_session_tickets(on))
}

/// Keys of this context alone; None ends the issuing of tickets.
#[pyfunction]
fn set_ticket_keys(context: Context<'_, '_>, keys: Option<Vec<Bound<'_, PyBytes>>>) -> OsStatus {
    let keys = match keys.map(|keys| TicketKeys::fixed(cache::secrets(&keys))) {
        None => None,
        Some(Some(keys)) => Some(Arc::new(keys)),
        Some(None) => return status::SEC_PARAM,
    };
    context.get().with_session(context.py(), |s| s.set_ticket_keys(keys))
}

/// Keys that other contexts may have as well.
#[pyfunction]
fn share_ticket_keys(context: Context<'_, '_>, keys: &Bound<'_, SessionTicketKeys>) -> OsStatus {
    let keys = Arc::clone(&keys.get().inner);
    context.get().with_session(context.py(), |s| s.set_ticket_keys(Some(keys)))
}

#[pyfunction]
fn get_ticket_keys<'py>(context: Context<'_, 'py>) -> PyResult<Option<Vec<Bound<'py, PyBytes>>>> {
    let py = context.py();
    let keys = context.get().with_session(py, |s| s.ticket_keys().cloned());
    keys.map(|keys| cache::export(py, &keys)).transpose()
}

#[pyfunction]
fn set_ocsp_response(context: Context<'_, '_>, response: &[u8]) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_ocsp_response(response))
}

/// `function(line)`, or None to end it.
#[pyfunction]
fn set_key_log(context: Context<'_, '_>, function: Option<Py<PyAny>>) -> OsStatus {
    context.get().set_key_log(context.py(), function)
}

/// Zeros before it is known.
#[pyfunction]
fn get_master_secret<'py>(context: Context<'_, 'py>) -> Bound<'py, PyBytes> {
    let py = context.py();
    PyBytes::new(py, context.get().with_session(py, |s| s.master_secret()).as_bytes())
}

/// The client's and the server's; zeros before the hellos.
#[pyfunction]
fn get_randoms<'py>(context: Context<'_, 'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
    let py = context.py();
    let (client, server) = context.get().with_session(py, |s| s.randoms());
    (PyBytes::new(py, &client), PyBytes::new(py, &server))
}

/// The PRF of the negotiated version.
#[pyfunction]
fn run_prf<'py>(
    context: Context<'_, 'py>,
    secret: &[u8],
    label: &[u8],
    seed: &[u8],
    length: usize,
) -> (OsStatus, Option<Bound<'py, PyBytes>>) {
    let py = context.py();
    let secret = Secret::copy_of(secret);
    match context.get().with_session(py, |s| s.prf(&secret, label, seed, length)) {
        Ok(out) => (status::SEC_SUCCESS, Some(PyBytes::new(py, out.as_bytes()))),
        Err(code) => (code, None),
    }
}

/// `function(data)`, or None to end it; ignored while active.
#[pyfunction]
fn set_alpn_func(context: Context<'_, '_>, function: Option<Py<PyAny>>) {
    context.get().set_alpn_news(context.py(), function);
}

#[pyfunction]
fn set_alpn_data(context: Context<'_, '_>, data: &[u8]) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_alpn_data(data))
}

#[pyfunction]
fn get_alpn_data<'py>(context: Context<'_, 'py>) -> Option<Bound<'py, PyBytes>> {
    let py = context.py();
    bytes(py, context.get().with_session(py, |s| s.alpn_data()))
}

/// Bytes of MAC, key and vector or nonce.
#[pyfunction]
fn get_cipher_sizes(context: Context<'_, '_>) -> (usize, usize, usize) {
    context.get().with_session(context.py(), |s| s.cipher_sizes())
}
