//! The gate before a datagram server.
//!
//! In: datagrams of somebody unknown and where they came from. Out: a verdict as a word, and what belongs to it. Promise:
//! as in the core: nothing is kept about anybody.

use crate::drive::{lock, now};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::cookie::{CookieGate, SECRET, Verdict};
use st_core::crypto::rng::OsRng;
use st_core::crypto::secret::Secret;
use std::sync::Mutex;

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Gate>()
}

/// Lets a datagram server keep nothing about peers that have not shown their address (RFC 6347 section 4.2.1).
///
/// CookieGate(secret=None, period=60): `secret` is 32 bytes that several processes may share, by default random ones;
/// every `period` seconds cookies get another key, and those of the period before still count. `check(datagram, address)`
/// judges a first datagram; `address` are bytes that tell peers apart. It gives `("drop", None)`, `("reply", bytes)` with
/// what to send back, or `("accept", cookie)`: then SSLSetDatagramHelloCookie of a fresh context takes the cookie, and its
/// read callback the datagram. Any number of threads.
#[pyclass(frozen, name = "CookieGate", module = "securetransport._native")]
struct Gate(Mutex<CookieGate>);

#[pymethods]
impl Gate {
    #[new]
    #[pyo3(signature = (secret=None, period=60))]
    fn new(secret: Option<&[u8]>, period: u64) -> PyResult<Gate> {
        if period == 0 {
            return Err(PyValueError::new_err("the period of a cookie gate is at least one second"));
        }
        let gate = match secret {
            None => {
                CookieGate::new(period, &mut OsRng).map_err(|fault| PyOSError::new_err(fault.to_string()))?
            }
            Some(secret) if secret.len() == SECRET => {
                CookieGate::with_secret(Secret::copy_of(secret), period)
            }
            Some(secret) => {
                let message =
                    format!("the secret of a cookie gate has {SECRET} bytes, these are {}", secret.len());
                return Err(PyValueError::new_err(message));
            }
        };
        Ok(Gate(Mutex::new(gate)))
    }

    fn check<'py>(
        &self,
        py: Python<'py>,
        datagram: &[u8],
        address: &[u8],
    ) -> (&'static str, Option<Bound<'py, PyBytes>>) {
        match lock(&self.0).check(datagram, address, now().wall) {
            Verdict::Drop => ("drop", None),
            Verdict::Reply(reply) => ("reply", Some(PyBytes::new(py, &reply))),
            Verdict::Accept(cookie) => ("accept", Some(PyBytes::new(py, &cookie))),
        }
    }
}
