//! Trust objects: what is to be judged and by whom, shared between Python and a handshake.
//!
//! In: certificates, policies, anchors. Out: the verdict of `st_core::x509` in plain Python values. Promise: the
//! lock is only ever waited for detached, so a long evaluation in one thread never holds the interpreter.

use crate::anchors;
use crate::exit;
use crate::security::{Certificate, Policy};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use st_core::x509;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A trust object as a session and Python share it.
pub type TrustCell = Arc<Mutex<x509::Trust>>;

/// Adds this room's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Trust>()?;
    module.add_function(wrap_pyfunction!(system_anchors, module)?)
}

fn lock(cell: &TrustCell) -> MutexGuard<'_, x509::Trust> {
    // A panic below a setter or an evaluation leaves whole values behind; there is nothing half-done to fear.
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Judges, or repeats the verdict. The caller must be detached from the interpreter.
pub fn evaluate(cell: &TrustCell) -> x509::TrustResult {
    let system = anchors::system();
    lock(cell).evaluate(system, now())
}

/// Certificates to be judged, what for, by whose authority and at what time.
///
/// SSLCopyPeerTrust gives the one of a connection, SecTrustCreateWithCertificates makes others. The verdict is kept until
/// a setter changes what it rests on.
#[pyclass(frozen, name = "SecTrust", module = "securetransport._native")]
pub struct Trust {
    /// What is shared with a session.
    pub cell: TrustCell,
    network: AtomicBool,
}

impl From<TrustCell> for Trust {
    fn from(cell: TrustCell) -> Trust {
        Trust { cell, network: AtomicBool::new(false) }
    }
}

/// One broken rule in plain values: depth, name of the check, sentence, `errSec` number, whether it is fatal.
type PlainReason = (usize, &'static str, String, i32, bool);

fn plain(reason: &x509::Reason) -> PlainReason {
    (reason.depth, reason.kind.name(), reason.words.clone(), reason.status, reason.kind.is_fatal())
}

fn inner_certificates(list: &[Py<Certificate>]) -> Vec<x509::Certificate> {
    list.iter().map(|certificate| certificate.get().inner.clone()).collect()
}

fn inner_policies(list: &[Py<Policy>]) -> Vec<x509::Policy> {
    list.iter().map(|policy| policy.get().inner.clone()).collect()
}

fn outer_certificates(list: &[x509::Certificate]) -> Vec<Certificate> {
    list.iter().cloned().map(Certificate::from).collect()
}

impl Trust {
    /// Runs `work` on the core's object without the interpreter.
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut x509::Trust) -> T + Send) -> T {
        exit::detach(py, || work(&mut lock(&self.cell)))
    }

    /// The same after an evaluation, in one hold of the lock: the answer and its grounds belong together.
    fn judged<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&x509::Trust) -> T + Send) -> T {
        self.with(py, |trust| {
            trust.evaluate(anchors::system(), now());
            work(trust)
        })
    }
}

#[pymethods]
impl Trust {
    /// Leaf first; no policy means the basic one.
    #[new]
    fn new(certificates: Vec<Py<Certificate>>, policies: Vec<Py<Policy>>) -> PyResult<Trust> {
        if certificates.is_empty() {
            return Err(PyTypeError::new_err("a trust object needs at least one certificate"));
        }
        let trust = x509::Trust::new(inner_certificates(&certificates), inner_policies(&policies));
        Ok(Trust::from(Arc::new(Mutex::new(trust))))
    }

    /// Own anchors; a list switches the platform's off, `None` on again.
    #[pyo3(signature = (anchors))]
    fn set_anchors(&self, py: Python<'_>, anchors: Option<Vec<Py<Certificate>>>) {
        let anchors = anchors.as_deref().map(inner_certificates);
        self.with(py, |trust| trust.set_anchors(anchors));
    }

    fn set_anchors_only(&self, py: Python<'_>, only: bool) {
        self.with(py, |trust| trust.set_anchors_only(only));
    }

    /// Unix seconds, or `None` for now.
    #[pyo3(signature = (time))]
    fn set_verify_time(&self, py: Python<'_>, time: Option<i64>) {
        self.with(py, |trust| trust.set_verify_time(time));
    }

    fn set_policies(&self, py: Python<'_>, policies: Vec<Py<Policy>>) {
        let policies = inner_policies(&policies);
        self.with(py, |trust| trust.set_policies(policies));
    }

    fn set_ocsp(&self, py: Python<'_>, responses: Vec<Vec<u8>>) {
        self.with(py, |trust| trust.set_ocsp(responses));
    }

    fn set_scts(&self, py: Python<'_>, timestamps: Vec<Vec<u8>>) {
        self.with(py, |trust| trust.set_scts(timestamps));
    }

    /// Certificate revocation lists in DER; false, and nothing changed, when one is none.
    fn set_crls(&self, py: Python<'_>, crls: Vec<Vec<u8>>) -> bool {
        let read: Option<Vec<x509::Crl>> =
            exit::detach(py, || crls.iter().map(|der| x509::Crl::parse(der)).collect());
        match read {
            Some(crls) => {
                self.with(py, |trust| trust.set_crls(crls));
                true
            }
            None => false,
        }
    }

    /// What may be let off, by name.
    fn set_allowances(&self, py: Python<'_>, flags: u32) {
        self.with(py, |trust| trust.set_allowances(x509::Allowances(flags)));
    }

    /// Flags of SecTrustSetOptions.
    fn set_options(&self, py: Python<'_>, flags: u32) {
        self.with(py, |trust| trust.set_options(flags));
    }

    /// How many authorities may stand between leaf and anchor.
    #[pyo3(signature = (limit))]
    fn set_path_limit(&self, py: Python<'_>, limit: Option<usize>) {
        self.with(py, |trust| trust.set_path_limit(limit));
    }

    /// A record of faults to live with, or `None`; whether it is for this leaf.
    #[pyo3(signature = (record))]
    fn set_exceptions(&self, py: Python<'_>, record: Option<&[u8]>) -> bool {
        self.with(py, |trust| trust.set_exceptions(record))
    }

    /// A record of the faults that a user may decide to live with.
    fn exceptions<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let record = self.with(py, |trust| trust.exceptions(anchors::system(), now()));
        PyBytes::new(py, &record)
    }

    /// What was found beside the verdict: the moment it was judged for, the allowances used, whether there was an
    /// answer about the leaf's revocation, until when such answers hold, whether the leaf is a qualified website
    /// certificate.
    fn findings(&self, py: Python<'_>) -> (i64, u32, bool, Option<i64>, bool) {
        self.judged(py, |trust| {
            trust.findings().map_or((0, 0, false, None, false), |found| {
                (found.at, found.used.0, found.revocation_checked, found.revocation_until, found.qualified)
            })
        })
    }

    /// Judges, or repeats the verdict if nothing was set since: a number of SecTrustResultType.
    fn evaluate(&self, py: Python<'_>) -> u32 {
        exit::detach(py, || evaluate(&self.cell)) as u32
    }

    /// The last verdict, if nothing was set since.
    fn result(&self, py: Python<'_>) -> Option<u32> {
        self.with(py, |trust| trust.result()).map(|result| result as u32)
    }

    /// The verdict and what speaks against the chain, gravest first and then by depth.
    fn reasons(&self, py: Python<'_>) -> (u32, Vec<PlainReason>) {
        self.judged(py, |trust| {
            let result = trust.result().map_or(0, |result| result as u32);
            let main = trust.main_reason();
            let others = trust.reasons().iter().filter(|reason| main != Some(*reason));
            (result, main.into_iter().chain(others).map(plain).collect())
        })
    }

    /// The chain that was judged, leaf first.
    fn chain(&self, py: Python<'_>) -> Vec<Certificate> {
        self.judged(py, |trust| outer_certificates(trust.chain()))
    }

    /// What was given, leaf first; needs no evaluation.
    fn certificates(&self, py: Python<'_>) -> Vec<Certificate> {
        self.with(py, |trust| outer_certificates(trust.certificates()))
    }

    fn policies(&self, py: Python<'_>) -> Vec<Policy> {
        let policies = self.with(py, |trust| trust.policies().to_vec());
        policies.into_iter().map(Policy::from).collect()
    }

    fn anchors(&self, py: Python<'_>) -> Option<Vec<Certificate>> {
        self.with(py, |trust| trust.anchors().map(outer_certificates))
    }

    fn anchors_only(&self, py: Python<'_>) -> bool {
        self.with(py, |trust| trust.anchors_only())
    }

    /// Unix seconds.
    fn verify_time(&self, py: Python<'_>) -> Option<i64> {
        self.with(py, |trust| trust.verify_time())
    }

    /// The moment in use; where none was set, now, which is from here on the one set.
    fn pin_verify_time(&self, py: Python<'_>) -> i64 {
        self.with(py, |trust| {
            let time = trust.verify_time().unwrap_or_else(now);
            if trust.verify_time().is_none() {
                trust.set_verify_time(Some(time));
            }
            time
        })
    }

    fn ocsp<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        let responses = self.with(py, |trust| trust.ocsp().to_vec());
        responses.iter().map(|response| PyBytes::new(py, response)).collect()
    }

    /// The timestamps that came beside the certificate.
    fn scts<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        let timestamps = self.with(py, |trust| trust.scts().to_vec());
        timestamps.iter().map(|timestamp| PyBytes::new(py, timestamp)).collect()
    }

    /// The caller's permission to use the network; nothing ever does.
    fn network_allowed(&self) -> bool {
        self.network.load(Ordering::Relaxed)
    }

    fn set_network_allowed(&self, allowed: bool) {
        self.network.store(allowed, Ordering::Relaxed);
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Trust>().is_ok_and(|other| Arc::ptr_eq(&self.cell, &other.get().cell))
    }

    fn __hash__(&self) -> usize {
        Arc::as_ptr(&self.cell).addr()
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (name, result) = self.with(py, |trust| {
            let name = trust.certificates().first().map(x509::Certificate::subject_summary);
            (name.unwrap_or_default(), trust.result())
        });
        let verdict = result.map_or_else(|| "not evaluated".to_owned(), |result| format!("{result:?}"));
        format!("<SecTrust {name:?}, {verdict}>")
    }
}

/// The platform's anchors.
#[pyfunction]
fn system_anchors(py: Python<'_>) -> Vec<Certificate> {
    outer_certificates(exit::detach(py, anchors::system).certificates())
}
