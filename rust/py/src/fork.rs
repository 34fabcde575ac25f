//! What `os.fork` runs before and behind itself, so that the child finds shared state free.
//!
//! In: the module. Out: two functions among those that the interpreter calls. Promise: the interpreter is not let go in
//! between, so that nobody who has it waits for the fork.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use st_core::shared;

#[pyfunction]
fn before_fork() {
    shared::before_fork();
}

#[pyfunction]
fn after_fork() {
    shared::after_fork();
}

/// Registers them where processes fork at all.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let Ok(register) = py.import("os")?.getattr("register_at_fork") else { return Ok(()) };
    let when = PyDict::new(py);
    when.set_item("before", wrap_pyfunction!(before_fork, py)?)?;
    let after = wrap_pyfunction!(after_fork, py)?;
    when.set_item("after_in_parent", &after)?;
    when.set_item("after_in_child", after)?;
    register.call((), Some(&when)).map(drop)
}
