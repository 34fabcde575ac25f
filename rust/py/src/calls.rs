//! SSLHandshake, SSLRead and SSLWrite as native functions: a Python function in front would cost more than the call.
//!
//! In: Python arguments. Out: statuses and values in the shapes of the Python convention. Promise: state is judged before
//! values (decisions 3), and what a callback raised comes through.

use crate::buffer::{Input, View, new_bytes};
use crate::context::SslContext;
use crate::drive::{Needs, Pump, Sink};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyTuple};
use st_core::session::Call;
use st_core::status::{self, OsStatus};

/// A context, or None for None; TypeError for anything else.
fn context<'a, 'py>(object: &'a Bound<'py, PyAny>) -> PyResult<Option<&'a Bound<'py, SslContext>>> {
    if object.is_none() {
        return Ok(None);
    }
    object.cast::<SslContext>().map(Some).map_err(|_| {
        let name = object.get_type().name().map_or_else(|_| "object".to_owned(), |n| n.to_string());
        PyTypeError::new_err(format!("the context must be an SSLContext or None, not {name}"))
    })
}

/// A length: an int that is no bool (TypeError); `None` for what is negative or beyond any buffer.
fn length(object: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    if object.is_instance_of::<PyBool>() || !object.is_instance_of::<PyInt>() {
        let name = object.get_type().name().map_or_else(|_| "object".to_owned(), |n| n.to_string());
        return Err(PyTypeError::new_err(format!("a length must be an int, not {name}")));
    }
    Ok(object.extract::<i64>().ok().and_then(|n| usize::try_from(n).ok()))
}

fn tuple<'py>(py: Python<'py>, code: OsStatus, data: Py<PyAny>, n: usize) -> PyResult<Bound<'py, PyTuple>> {
    (code, data, n).into_pyobject(py)
}

/// SSLHandshake(context) -> status
///
/// Starts or goes on with the handshake; call again until it returns 0. Returns errSSLWouldBlock when a callback
/// could not finish, a pause (errSSLPeerAuthCompleted, errSSLClientCertRequested, errSSLClientHelloReceived),
/// errSSLClosedGraceful or errSSLClosedAbort on an ended context, errSecBadReq without I/O functions or out of
/// one of this context's callbacks, or why the handshake failed. Raises what a callback raised.
#[pyfunction]
#[pyo3(name = "SSLHandshake", signature = (context, /))]
pub fn ssl_handshake(context: &Bound<'_, PyAny>) -> PyResult<OsStatus> {
    let py = context.py();
    let Some(context) = self::context(context)? else { return Ok(status::SEC_PARAM) };
    let context = context.get();
    if context.inside.is_this_thread() {
        return Ok(status::SEC_BAD_REQ);
    }
    Pump::new(context, py, Call::handshake().beside_a_reader(), Needs::Neither).run()
}

/// SSLRead(context, data, dataLength, processed=None) -> (status, data, processed)
///
/// Reads at most dataLength bytes of application data. With None as data new `bytes` come back; a writable buffer
/// is filled in place and comes back itself. Data may come together with a status other than 0: always look at
/// processed. errSecParam for a length that is negative or above the buffer, errSecBadReq without I/O functions or
/// out of one of this context's callbacks. Raises TypeError for a read-only buffer, and what a callback raised.
#[pyfunction]
#[pyo3(name = "SSLRead", signature = (context, data, dataLength, processed=None, /))]
#[allow(non_snake_case)] // the published name of the parameter
pub fn ssl_read<'py>(
    context: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    dataLength: &Bound<'py, PyAny>,
    processed: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let _ = processed; // an out-parameter
    let py = context.py();
    let Some(context) = self::context(context)? else {
        return tuple(py, status::SEC_PARAM, data.clone().unbind(), 0);
    };
    let n = length(dataLength)?;
    let mut view = if data.is_none() { None } else { Some(View::writing(data)?) };
    let context = context.get();
    let refused = refusal(context, py, n, view.as_ref().map(View::len), false);
    if refused != status::SEC_SUCCESS {
        return tuple(py, refused, data.clone().unbind(), 0);
    }
    let n = n.unwrap_or(0);
    let mut pump = Pump::new(context, py, Call::read(n), Needs::Read);
    match &mut view {
        Some(view) => {
            pump.sink = Sink::Buffer(view.as_mut_slice());
            let code = pump.run()?;
            tuple(py, code, data.clone().unbind(), pump.call.processed())
        }
        None => {
            pump.sink = Sink::New(Vec::new());
            let code = pump.run()?;
            let n = pump.call.processed();
            let Sink::New(chunks) = pump.sink else { return tuple(py, code, py.None(), n) };
            tuple(py, code, join(py, chunks)?.unbind().into_any(), n)
        }
    }
}

/// The chunks as one object; a single one as it is.
fn join<'py>(py: Python<'py>, mut chunks: Vec<Bound<'py, PyBytes>>) -> PyResult<Bound<'py, PyBytes>> {
    if chunks.len() == 1 {
        return Ok(chunks.remove(0));
    }
    let n = chunks.iter().map(|chunk| chunk.as_bytes().len()).sum();
    new_bytes(py, n, |out| {
        let mut at = 0;
        for chunk in &chunks {
            let bytes = chunk.as_bytes();
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        }
        at
    })
}

/// State before values (decisions 3): errSecBadReq, then errSecParam.
fn refusal(
    context: &SslContext,
    py: Python<'_>,
    n: Option<usize>,
    held: Option<usize>,
    write: bool,
) -> OsStatus {
    if context.inside.is_this_thread() {
        return status::SEC_BAD_REQ;
    }
    let state = context.with_session(py, |s| s.may_transfer(write));
    if state != status::SEC_SUCCESS {
        return state;
    }
    match n {
        Some(n) if held.is_none_or(|held| n <= held) => status::SEC_SUCCESS,
        _ => status::SEC_PARAM,
    }
}

/// SSLWrite(context, data, dataLength, processed=None) -> (status, processed)
///
/// Encrypts and sends the first dataLength bytes of any contiguous bytes-like object; processed is 0 or dataLength.
/// errSSLWouldBlock with processed == dataLength: the data is owned, do not send it again, SSLWrite(context, None, 0)
/// flushes; with processed == 0: older output is stuck, offer the same data again. errSecBadReq before the first
/// SSLHandshake, errSecParam for a length that is negative or above the data. Raises what a callback raised.
#[pyfunction]
#[pyo3(name = "SSLWrite", signature = (context, data, dataLength, processed=None, /))]
#[allow(non_snake_case)] // the published name of the parameter
pub fn ssl_write<'py>(
    context: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    dataLength: &Bound<'py, PyAny>,
    processed: Option<&Bound<'py, PyAny>>,
) -> PyResult<(OsStatus, usize)> {
    let _ = processed; // an out-parameter
    let py = context.py();
    let Some(context) = self::context(context)? else { return Ok((status::SEC_PARAM, 0)) };
    let n = length(dataLength)?;
    let input = if data.is_none() { None } else { Some(Input::new(data)?) };
    let bytes = input.as_ref().map_or(&[][..], Input::as_slice);
    let context = context.get();
    let refused = refusal(context, py, n, Some(bytes.len()), true);
    if refused != status::SEC_SUCCESS {
        return Ok((refused, 0));
    }
    let n = n.unwrap_or(0);
    let mut pump = Pump::new(context, py, Call::write(n).beside_a_reader(), Needs::Write);
    pump.data = &bytes[..n];
    let code = pump.run()?;
    Ok((code, pump.call.processed()))
}
