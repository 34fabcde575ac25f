//! What a client offers, for those who choose an identity by it.
//!
//! In: a server's context at the pause after the ClientHello or later. Out: numbers as they came. Promise: unknown
//! ones are among them.

use crate::context::SslContext;
use pyo3::prelude::*;

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(offered_suites, module)?)
}

/// The cipher suites of the latest ClientHello; empty on a client and before one came.
#[pyfunction]
fn offered_suites(py: Python<'_>, context: &SslContext) -> Vec<u16> {
    context.with_session(py, |session| session.offered_suites())
}
