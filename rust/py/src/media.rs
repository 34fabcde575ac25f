//! Keys for media beside a datagram connection.
//!
//! In: a context. Out: statuses, numbers, key bytes. Promise: as in `options`: meaning is the core session's.

use crate::context::SslContext;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::status::{self, OsStatus};

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(set_srtp_profiles, module)?)?;
    module.add_function(wrap_pyfunction!(get_srtp_profile, module)?)?;
    module.add_function(wrap_pyfunction!(copy_srtp_keys, module)?)
}

type Context<'a, 'py> = &'a Bound<'py, SslContext>;

#[pyfunction]
fn set_srtp_profiles(context: Context<'_, '_>, profiles: Vec<i64>) -> OsStatus {
    context.get().with_session(context.py(), |s| s.set_srtp_profiles(&profiles))
}

#[pyfunction]
fn get_srtp_profile(context: Context<'_, '_>) -> (OsStatus, Option<u16>) {
    match context.get().with_session(context.py(), |s| s.srtp_profile()) {
        Ok(profile) => (status::SEC_SUCCESS, Some(profile)),
        Err(code) => (code, None),
    }
}

/// The profile, then the client's key, the server's, the client's salt, the server's.
#[pyfunction]
#[allow(clippy::type_complexity)] // the shape of one tuple, unpacked at once
fn copy_srtp_keys<'py>(context: Context<'_, 'py>) -> (OsStatus, Option<(u16, [Bound<'py, PyBytes>; 4])>) {
    let py = context.py();
    match context.get().with_session(py, |s| s.srtp_keys()) {
        Ok(keys) => {
            let parts = [&keys.client_key, &keys.server_key, &keys.client_salt, &keys.server_salt];
            (
                status::SEC_SUCCESS,
                Some((keys.profile.id.0, parts.map(|part| PyBytes::new(py, part.as_bytes())))),
            )
        }
        Err(code) => (code, None),
    }
}
