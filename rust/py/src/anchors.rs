//! The certificates this machine trusts, loaded once.
//!
//! In: the platform's store (`SSL_CERT_FILE` and `SSL_CERT_DIR` win, as everywhere); where there is none at all, the
//! package `certifi` if it is installed. Out: [`Anchors`]. Promise: a certificate or file that does not load is left
//! out; an empty store means that nothing is trusted, and says what to do about it; what the variables name is never
//! added to.

use pyo3::prelude::*;
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use st_core::shared;
use st_core::x509::{Anchors, Certificate};
use std::path::PathBuf;
use std::sync::OnceLock;

const NAMED: &str = "no authority is trusted here, because SSL_CERT_FILE and SSL_CERT_DIR name no certificates: correct or unset them";
const NONE: &str = "this machine has no trusted authorities at all: install those of the system (ca-certificates) or \
                    the package certifi (pip install 'securetransport[anchors]'), or set SSL_CERT_FILE to a file of them";

static STORE: OnceLock<Anchors> = OnceLock::new();

/// The platform's anchors. The first call reads files: make it detached.
pub fn system() -> &'static Anchors {
    STORE.get().unwrap_or_else(|| {
        let found = load(); // nobody waits for another's, which would never come in a forked child
        let _stay = shared::stay();
        STORE.get_or_init(|| found)
    })
}

fn load() -> Anchors {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some());
    let found = usable(&load_native_certs());
    if !found.is_empty() {
        return Anchors::new(found);
    }
    if named {
        return Anchors::none(NAMED);
    }
    let bundle = certifi().map(|path| load_certs_from_paths(Some(&path), None));
    match bundle.as_ref().map(usable) {
        Some(found) if !found.is_empty() => Anchors::new(found),
        _ => Anchors::none(NONE),
    }
}

fn usable(loaded: &CertificateResult) -> Vec<Certificate> {
    loaded.certs.iter().filter_map(|der| Certificate::parse(der).ok()).collect()
}

/// Where `certifi` keeps its bundle, if it is there.
fn certifi() -> Option<PathBuf> {
    let path = |py: Python<'_>| py.import("certifi")?.call_method0("where")?.extract();
    Python::attach(|py| path(py).ok())
}
