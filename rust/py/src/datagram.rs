//! What only datagram contexts have.
//!
//! In: a context and plain values, already checked for their types. Out: statuses and values. Promise: as in `context`:
//! meaning is the core session's.

use crate::context::SslContext;
use crate::drive::now;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::status::{self, OsStatus};

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(set_datagram_size, module)?)?;
    module.add_function(wrap_pyfunction!(get_datagram_size, module)?)?;
    module.add_function(wrap_pyfunction!(get_datagram_write_size, module)?)?;
    module.add_function(wrap_pyfunction!(set_datagram_cookie, module)?)?;
    module.add_function(wrap_pyfunction!(set_connection_id, module)?)?;
    module.add_function(wrap_pyfunction!(get_connection_ids, module)?)?;
    module.add_function(wrap_pyfunction!(get_datagram_deadline, module)?)
}

type Context<'a, 'py> = &'a Bound<'py, SslContext>;

fn size(result: Result<usize, OsStatus>) -> (OsStatus, Option<usize>) {
    match result {
        Ok(size) => (status::SEC_SUCCESS, Some(size)),
        Err(code) => (code, None),
    }
}

#[pyfunction]
fn set_datagram_size(context: Context<'_, '_>, size: usize) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_datagram_size(size))
}

#[pyfunction]
fn get_datagram_size(context: Context<'_, '_>) -> (OsStatus, Option<usize>) {
    size(context.get().with_session(context.py(), |s| s.datagram_size()))
}

#[pyfunction]
fn get_datagram_write_size(context: Context<'_, '_>) -> (OsStatus, Option<usize>) {
    size(context.get().with_session(context.py(), |s| s.datagram_write_size()))
}

#[pyfunction]
fn set_datagram_cookie(context: Context<'_, '_>, cookie: &[u8]) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_datagram_cookie(cookie))
}

/// None: no name of either end.
#[pyfunction]
fn set_connection_id(context: Context<'_, '_>, name: Option<&[u8]>) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_connection_id(name))
}

type Name<'py> = Option<Bound<'py, PyBytes>>;

/// Ours and the peer's.
#[pyfunction]
fn get_connection_ids<'py>(context: Context<'_, 'py>) -> (OsStatus, Name<'py>, Name<'py>) {
    let py = context.py();
    match context.get().with_session(py, |s| s.connection_ids().map(|names| names.cloned())) {
        Ok(Some((ours, theirs))) => {
            (status::SEC_SUCCESS, Some(PyBytes::new(py, &ours)), Some(PyBytes::new(py, &theirs)))
        }
        Ok(None) => (status::SEC_SUCCESS, None, None),
        Err(code) => (code, None, None),
    }
}

/// Seconds until a flight is sent again; 0.0 when that is due, None when nothing waits for an answer.
#[pyfunction]
fn get_datagram_deadline(context: Context<'_, '_>) -> (OsStatus, Option<f64>) {
    match context.get().with_session(context.py(), |s| s.datagram_deadline(now())) {
        Ok(left) => (status::SEC_SUCCESS, left.map(|left| left.as_secs_f64())),
        Err(code) => (code, None),
    }
}
