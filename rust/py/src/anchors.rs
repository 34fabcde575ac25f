//! The certificates this machine trusts, loaded once.
//!
//! In: the platform's store (`SSL_CERT_FILE` and `SSL_CERT_DIR` win, as everywhere). Out: [`Anchors`]. Promise: a
//! certificate or file that does not load is left out; an empty store means that nothing is trusted.

use st_core::x509::{Anchors, Certificate};
use std::sync::OnceLock;

static STORE: OnceLock<Anchors> = OnceLock::new();

/// The platform's anchors. The first call reads files: make it detached.
pub fn system() -> &'static Anchors {
    STORE.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        Anchors::new(found.certs.iter().filter_map(|der| Certificate::parse(der).ok()).collect())
    })
}
