//! The Python module `securetransport._native`.
//!
//! In: Python calls. Out: statuses, values, objects. Promise: thin: names and shapes live in the Python package,
//! meaning in the core; here are buffers, callbacks, locks and small classes.
#![deny(unsafe_code)]

mod anchors;
#[allow(unsafe_code)] // the one place where Python memory becomes slices
mod buffer;
mod cache;
mod calls;
mod context;
mod datagram;
mod drive;
mod exit;
mod fork;
mod gate;
mod keys;
mod media;
mod metadata;
mod offer;
mod options;
mod security;
mod transport;
mod trust;

use pyo3::prelude::*;

/// The native half of `securetransport`; import from there, not from here.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::buffer::Scratch;
    #[pymodule_export]
    use super::calls::{ssl_handshake, ssl_read, ssl_write};
    #[pymodule_export]
    use super::context::SslContext;
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::metadata::register(module)?;
        super::options::register(module)?;
        super::datagram::register(module)?;
        super::media::register(module)?;
        super::security::register(module)?;
        super::keys::register(module)?;
        super::offer::register(module)?;
        super::gate::register(module)?;
        super::trust::register(module)?;
        super::exit::register(module)?;
        super::fork::register(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
