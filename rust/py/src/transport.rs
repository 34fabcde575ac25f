//! The caller's read and write functions as a transport.
//!
//! In: callables of the shapes in `SSLSetIOFuncs`, memory to fill or to send. Out: how many bytes moved and what
//! came of it. Promise: what a callback returns is checked before it is believed; an exception is handed on
//! unchanged; views given out are worthless after the call.

use crate::buffer::{Input, Scratch};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyMemoryView, PyTuple};
use st_core::record::reader::InputLoan;
use st_core::record::writer::OutputLoan;
use st_core::session::Event;
use st_core::status::{self, OsStatus};

/// What one turn of the transport came to.
pub struct Outcome {
    /// Bytes that moved, whatever the event says.
    pub moved: usize,
    /// What to tell the session.
    pub event: Event,
    /// The exception of the callback.
    pub error: Option<PyErr>,
}

impl Outcome {
    fn new(moved: usize, event: Event) -> Outcome {
        Outcome { moved, event, error: None }
    }

    fn raised(moved: usize, error: PyErr) -> Outcome {
        Outcome { moved, event: Event::Raised, error: Some(error) }
    }
}

/// What a callback answered.
struct Reply<'py> {
    status: OsStatus,
    count: usize,
    data: Option<Bound<'py, PyAny>>,
}

fn shape(what: &str) -> PyErr {
    PyTypeError::new_err(format!("the I/O callback returned {what}"))
}

/// A status: an int that is no bool and fits an OSStatus.
fn status_of(value: &Bound<'_, PyAny>) -> PyResult<OsStatus> {
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return Err(shape("a status that is no integer"));
    }
    value.extract::<OsStatus>().map_err(|_| shape("a status outside the range of OSStatus"))
}

/// A count: an int that is no bool, not negative and at most `length`.
fn count_of(value: &Bound<'_, PyAny>, length: usize) -> PyResult<usize> {
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return Err(shape("a count that is no integer"));
    }
    let count = value.extract::<usize>().map_err(|_| shape("a count that is negative or too large"))?;
    if count > length {
        return Err(shape(&format!("the count {count} for a request of {length} bytes")));
    }
    Ok(count)
}

/// The shapes of a read callback: (status, count), (status, data), (status, data, count), or a failure alone.
fn read_reply<'py>(result: &Bound<'py, PyAny>, length: usize) -> PyResult<Reply<'py>> {
    let Ok(tuple) = result.cast::<PyTuple>() else {
        let status = status_of(result)?;
        if status == status::SEC_SUCCESS {
            return Err(shape("a bare 0 for a read; it must say how many bytes there are"));
        }
        return Ok(Reply { status, count: 0, data: None });
    };
    if !(2..=3).contains(&tuple.len()) {
        return Err(shape(
            "a tuple that is neither (status, count), (status, data) nor (status, data, count)",
        ));
    }
    let status = status_of(&tuple.get_item(0)?)?;
    let second = tuple.get_item(1)?;
    if tuple.len() == 2 && second.is_instance_of::<PyInt>() {
        return Ok(Reply { status, count: count_of(&second, length)?, data: None });
    }
    let available = Input::new(&second).map_err(|_| shape("neither a count nor bytes"))?.as_slice().len();
    let count =
        if tuple.len() == 3 { count_of(&tuple.get_item(2)?, length.min(available))? } else { available };
    if count > length {
        return Err(shape(&format!("{count} bytes for a request of {length}")));
    }
    Ok(Reply { status, count, data: Some(second) })
}

/// The shapes of a write callback: (status, count), or a status alone, 0 meaning all of it.
fn write_reply<'py>(result: &Bound<'py, PyAny>, length: usize) -> PyResult<Reply<'py>> {
    let Ok(tuple) = result.cast::<PyTuple>() else {
        let status = status_of(result)?;
        let count = if status == status::SEC_SUCCESS { length } else { 0 };
        return Ok(Reply { status, count, data: None });
    };
    if tuple.len() != 2 {
        return Err(shape("a tuple that is not (status, count)"));
    }
    let status = status_of(&tuple.get_item(0)?)?;
    Ok(Reply { status, count: count_of(&tuple.get_item(1)?, length)?, data: None })
}

/// Ends the life of a view; one that was passed on keeps its memory, and nothing else.
fn end_view(view: &Bound<'_, PyAny>) {
    if let Err(error) = view.call_method0("release") {
        drop(error); // still exported somewhere: `reclaim` copies instead
    }
}

/// Runs the read callback once for the wanted bytes. Inside of a datagram there may be fewer, or none.
pub fn read(
    py: Python<'_>,
    callback: &Bound<'_, PyAny>,
    connection: &Bound<'_, PyAny>,
    loan: InputLoan,
    in_datagram: bool,
) -> (InputLoan, Outcome) {
    let (memory, room) = loan.into_parts();
    let length = room.len();
    let scratch = match Bound::new(py, Scratch::new(memory, room.start, room.end, true)) {
        Ok(scratch) => scratch,
        Err(error) => return (InputLoan::from_parts(Vec::new(), 0..0), Outcome::raised(0, error)),
    };
    let reply = call(&scratch, callback, connection, length).and_then(|result| read_reply(&result, length));
    let mut memory = scratch.get().reclaim();
    let outcome = match reply {
        Err(error) => Outcome::raised(0, error),
        Ok(reply) => filled(&reply, memory.get_mut(room.clone()).unwrap_or_default(), in_datagram),
    };
    (InputLoan::from_parts(memory, room), outcome)
}

fn filled(reply: &Reply<'_>, target: &mut [u8], in_datagram: bool) -> Outcome {
    if let Some(data) = &reply.data {
        match Input::new(data) {
            Err(error) => return Outcome::raised(0, error),
            Ok(bytes) if bytes.as_slice().len() >= reply.count && target.len() >= reply.count => {
                target[..reply.count].copy_from_slice(&bytes.as_slice()[..reply.count]);
            }
            Ok(_) => return Outcome::raised(0, shape("bytes that changed their length")),
        }
    }
    let event = match reply.status {
        // Success without a byte is the end of the transport, never a loop (decisions 10).
        status::SEC_SUCCESS if reply.count == 0 && !in_datagram => Event::Failed(status::SSL_CLOSED_ABORT),
        status::SEC_SUCCESS => Event::Done,
        status::SSL_WOULD_BLOCK if reply.count == target.len() => Event::Done,
        status::SSL_WOULD_BLOCK => Event::Blocked,
        code => Event::Failed(code),
    };
    Outcome::new(reply.count, event)
}

/// Runs the write callback once for a packet.
pub fn write(
    py: Python<'_>,
    callback: &Bound<'_, PyAny>,
    connection: &Bound<'_, PyAny>,
    loan: OutputLoan,
) -> (OutputLoan, Outcome) {
    let (memory, start, end) = loan.into_parts();
    let length = end.saturating_sub(start);
    let scratch = match Bound::new(py, Scratch::new(memory, start, end, false)) {
        Ok(scratch) => scratch,
        Err(error) => return (OutputLoan::from_parts(Vec::new(), 0, 0), Outcome::raised(0, error)),
    };
    let reply = call(&scratch, callback, connection, length).and_then(|result| write_reply(&result, length));
    let loan = OutputLoan::from_parts(scratch.get().reclaim(), start, end);
    let outcome = match reply {
        Err(error) => Outcome::raised(0, error),
        Ok(reply) => {
            let event = match reply.status {
                status::SEC_SUCCESS if reply.count == 0 && length > 0 => Event::Blocked,
                status::SEC_SUCCESS => Event::Done,
                status::SSL_WOULD_BLOCK if reply.count == length => Event::Done,
                status::SSL_WOULD_BLOCK => Event::Blocked,
                code => Event::Failed(code),
            };
            Outcome::new(reply.count, event)
        }
    };
    (loan, outcome)
}

fn call<'py>(
    scratch: &Bound<'py, Scratch>,
    callback: &Bound<'py, PyAny>,
    connection: &Bound<'py, PyAny>,
    length: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let view = PyMemoryView::from(scratch.as_any())?;
    let result = callback.call1((connection, &view, length));
    end_view(view.as_any());
    result
}
