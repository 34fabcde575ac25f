//! `SSLContext`, the object callers hold.
//!
//! In: Python arguments. Out: statuses and values in the shapes of the Python convention. Promise: names and
//! shapes are decided here or in Python, meaning in the core session; objects that Python gave are visible to
//! the garbage collector.

use crate::cache::process_cache;
use crate::drive::{Direction, Inside, Needs, Pump, lock};
use crate::exit;
use crate::security::{Certificate, Identity};
use crate::trust::Trust;
use pyo3::PyTraverseError;
use pyo3::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use st_core::config::{Credentials, Role};
use st_core::profile::Framing;
use st_core::session::{Call, Session, State};
use st_core::status::{self, OsStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The caller's Python objects.
#[derive(Default)]
struct Objects {
    read: Option<Py<PyAny>>,
    write: Option<Py<PyAny>>,
    connection: Option<Py<PyAny>>,
    certificate: Option<Py<PyAny>>,
    encryption: Option<Py<PyAny>>,
    trust: Option<Py<Trust>>,
    psk_lookup: Option<Py<PyAny>>,
    key_log: Option<Py<PyAny>>,
    alpn_news: Option<Py<PyAny>>,
}

/// One side of one connection (SSLContextRef); SSLCreateContext makes it.
///
/// Several threads may use it: one reads while another writes. After the end it is thrown away, as it serves one
/// connection only; dropping it sends nothing.
#[pyclass(frozen, weakref, name = "SSLContext", module = "securetransport")]
pub struct SslContext {
    pub(crate) session: Mutex<Session>,
    pub(crate) reading: Direction,
    pub(crate) writing: Direction,
    pub(crate) inside: Inside,
    objects: Mutex<Objects>,
    settled: AtomicBool,
    /// What SSLSetRsaBlinding stored; RSA operations are blinded whatever it says.
    blinding: AtomicBool,
    role: Role,
}

impl SslContext {
    /// Whether the last step left the session connected: then steps are short.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }

    /// Works on the session; waits for it only with the interpreter let go.
    pub(crate) fn with_session<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Session) -> R + Send,
    ) -> R {
        self.with_session_maybe(py, false, work)
    }

    /// The same; `detach` lets the interpreter go for the work as well.
    pub(crate) fn with_session_maybe<R: Send>(
        &self,
        py: Python<'_>,
        detach: bool,
        work: impl FnOnce(&mut Session) -> R + Send,
    ) -> R {
        let run = |session: &mut Session| {
            let result = work(session);
            self.settled.store(session.state() == State::Connected, Ordering::Relaxed);
            result
        };
        if !detach && let Ok(mut session) = self.session.try_lock() {
            return run(&mut session);
        }
        exit::detach(py, || run(&mut lock(&self.session)))
    }

    pub(crate) fn callbacks(&self, py: Python<'_>) -> Option<(Py<PyAny>, Py<PyAny>)> {
        let objects = lock(&self.objects);
        Some((objects.read.as_ref()?.clone_ref(py), objects.write.as_ref()?.clone_ref(py)))
    }

    pub(crate) fn connection(&self, py: Python<'_>) -> Py<PyAny> {
        lock(&self.objects).connection.as_ref().map_or_else(|| py.None(), |object| object.clone_ref(py))
    }

    pub(crate) fn psk_lookup(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.objects).psk_lookup.as_ref().map(|object| object.clone_ref(py))
    }

    pub(crate) fn key_log(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.objects).key_log.as_ref().map(|object| object.clone_ref(py))
    }

    pub(crate) fn alpn_news(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.objects).alpn_news.as_ref().map(|object| object.clone_ref(py))
    }

    /// The caller's function for what a server selects, or none; ignored while active.
    pub(crate) fn set_alpn_news(&self, py: Python<'_>, function: Option<Py<PyAny>>) {
        let on = function.is_some();
        if self.with_session(py, |s| s.set_alpn_news(on)) {
            self.replace(|o| &mut o.alpn_news, function);
        }
    }

    /// The caller's function for lines of the key log, or none.
    pub(crate) fn set_key_log(&self, py: Python<'_>, function: Option<Py<PyAny>>) -> OsStatus {
        let on = function.is_some();
        self.replace(|o| &mut o.key_log, function);
        self.with_session(py, |s| s.set_key_log(on))
    }

    /// Replaces one of the caller's objects; the old one is dropped outside the lock.
    fn replace<T>(&self, slot: impl FnOnce(&mut Objects) -> &mut Option<T>, value: Option<T>) {
        let old = std::mem::replace(slot(&mut lock(&self.objects)), value);
        drop(old);
    }
}

#[pymethods]
impl SslContext {
    #[new]
    #[pyo3(signature = (client, datagram=false))]
    fn new(client: bool, datagram: bool) -> SslContext {
        let role = if client { Role::Client } else { Role::Server };
        let mut session = Session::new(role, if datagram { Framing::Datagram } else { Framing::Stream });
        session.set_cache(Some(process_cache()));
        SslContext {
            session: Mutex::new(session),
            reading: Direction::default(),
            writing: Direction::default(),
            inside: Inside::default(),
            objects: Mutex::default(),
            settled: AtomicBool::new(false),
            blinding: AtomicBool::new(true),
            role,
        }
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (state, report) = self.with_session(py, |s| (s.state(), s.report()));
        let side = if self.role == Role::Client { "client" } else { "server" };
        match (report.version, report.suite) {
            (Some(version), Some(suite)) => format!("<SSLContext {side} {state:?} {version} {suite}>"),
            _ => format!("<SSLContext {side} {state:?}>"),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // While another thread holds the objects they are in use and no garbage.
        let Ok(objects) = self.objects.try_lock() else { return Ok(()) };
        let Objects { read, write, connection, certificate, encryption, trust, .. } = &*objects;
        let Objects { psk_lookup, key_log, alpn_news, .. } = &*objects;
        for object in [read, write, connection, certificate, encryption, psk_lookup, key_log, alpn_news] {
            visit.call(object)?;
        }
        visit.call(trust)
    }

    fn __clear__(&self) {
        let old = std::mem::take(&mut *lock(&self.objects));
        drop(old);
    }

    /// Whether it is a client's.
    #[getter]
    fn is_client(&self) -> bool {
        self.role == Role::Client
    }

    fn get_state(&self, py: Python<'_>) -> i32 {
        self.with_session(py, |s| s.state() as i32)
    }

    /// errSecBadReq while active, for setters whose values are judged after the state.
    fn may_set(&self, py: Python<'_>) -> OsStatus {
        self.with_session(py, |s| s.may_set())
    }

    fn set_io(&self, py: Python<'_>, read: Option<Py<PyAny>>, write: Option<Py<PyAny>>) -> OsStatus {
        let present = read.is_some() && write.is_some();
        let code = self.with_session(py, |s| s.set_io(present));
        if code == status::SEC_SUCCESS {
            self.replace(|o| &mut o.read, read);
            self.replace(|o| &mut o.write, write);
        }
        code
    }

    fn set_connection(&self, py: Python<'_>, connection: Option<Py<PyAny>>) -> OsStatus {
        let code = self.may_set(py);
        if code == status::SEC_SUCCESS {
            self.replace(|o| &mut o.connection, connection);
        }
        code
    }

    fn get_connection(&self, py: Python<'_>) -> Py<PyAny> {
        self.connection(py)
    }

    /// Identity and further certificates, or None to clear; `array` is what SSLGetCertificate gives back.
    #[pyo3(signature = (identity, certificates, array))]
    fn set_certificate(
        &self,
        py: Python<'_>,
        identity: Option<&Bound<'_, Identity>>,
        certificates: Vec<Bound<'_, Certificate>>,
        array: Option<Py<PyAny>>,
    ) -> OsStatus {
        let credentials = identity.map(|identity| {
            let identity = identity.get();
            let mut chain = vec![identity.certificate.get().inner.der().to_vec()];
            chain.extend(certificates.iter().map(|c| c.get().inner.der().to_vec()));
            Arc::new(Credentials { key: Arc::clone(identity.signer()), chain })
        });
        self.replace(|o| &mut o.certificate, array);
        self.with_session(py, |s| s.set_credentials(credentials))
    }

    fn set_rsa_blinding(&self, on: bool) {
        self.blinding.store(on, Ordering::Relaxed);
    }

    fn get_rsa_blinding(&self) -> bool {
        self.blinding.load(Ordering::Relaxed)
    }

    /// Remembered for its getter, and nothing else.
    fn set_encryption_certificate(&self, array: Py<PyAny>) -> OsStatus {
        self.replace(|o| &mut o.encryption, Some(array));
        status::SEC_SUCCESS
    }

    fn get_encryption_certificate(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.objects).encryption.as_ref().map(|object| object.clone_ref(py))
    }

    fn get_certificate(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.objects).certificate.as_ref().map(|object| object.clone_ref(py))
    }

    fn set_option(&self, py: Python<'_>, option: i64, on: bool) -> OsStatus {
        self.with_session(py, |s| s.set_option(option, on))
    }

    fn get_option(&self, py: Python<'_>, option: i64) -> (OsStatus, Option<bool>) {
        pair(self.with_session(py, |s| s.option(option)))
    }

    fn set_version_min(&self, py: Python<'_>, version: i64) -> OsStatus {
        self.with_session(py, |s| s.set_version_min(version))
    }

    fn set_version_max(&self, py: Python<'_>, version: i64) -> OsStatus {
        self.with_session(py, |s| s.set_version_max(version))
    }

    fn get_version_min(&self, py: Python<'_>) -> i32 {
        self.with_session(py, |s| s.version_min())
    }

    fn get_version_max(&self, py: Python<'_>) -> i32 {
        self.with_session(py, |s| s.version_max())
    }

    fn get_negotiated_version(&self, py: Python<'_>) -> i32 {
        self.with_session(py, |s| s.negotiated_version())
    }

    fn get_supported_ciphers(&self, py: Python<'_>) -> Vec<u16> {
        self.with_session(py, |s| s.supported_ciphers())
    }

    fn get_enabled_ciphers(&self, py: Python<'_>) -> Vec<u16> {
        self.with_session(py, |s| s.enabled_ciphers().to_vec())
    }

    fn set_enabled_ciphers(&self, py: Python<'_>, numbers: Vec<i64>) -> OsStatus {
        self.with_session(py, |s| s.set_enabled_ciphers(&numbers))
    }

    fn get_negotiated_cipher(&self, py: Python<'_>) -> (OsStatus, Option<u16>) {
        pair(self.with_session(py, |s| s.negotiated_cipher()))
    }

    fn set_peer_domain_name(&self, py: Python<'_>, name: Vec<u8>) -> OsStatus {
        self.with_session(py, |s| s.set_peer_domain_name(&name))
    }

    fn get_peer_domain_name<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.with_session(py, |s| s.peer_domain_name().to_vec()))
    }

    fn get_requested_peer_name<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let name = self.with_session(py, |s| s.requested_peer_name().map(<[u8]>::to_vec));
        name.map(|name| PyBytes::new(py, &name))
    }

    fn set_alpn(&self, py: Python<'_>, names: Vec<Vec<u8>>) -> OsStatus {
        self.with_session(py, |s| s.set_alpn(names))
    }

    fn get_alpn<'py>(&self, py: Python<'py>) -> (OsStatus, Option<Vec<Bound<'py, PyBytes>>>) {
        let (code, names) = pair(self.with_session(py, |s| s.alpn()));
        (code, names.map(|names| names.iter().map(|name| PyBytes::new(py, name)).collect()))
    }

    fn set_trusted_roots(
        &self,
        py: Python<'_>,
        roots: Vec<Bound<'_, Certificate>>,
        replace: bool,
    ) -> OsStatus {
        let roots = roots.iter().map(|root| root.get().inner.clone()).collect();
        self.with_session(py, |s| s.set_trusted_roots(roots, replace))
    }

    /// The caller's roots, and whether they are the only ones.
    fn get_trusted_roots(&self, py: Python<'_>) -> (Vec<Certificate>, bool) {
        self.with_session(py, |s| {
            let (roots, only) = s.trusted_roots();
            (roots.iter().map(|inner| Certificate::from(inner.clone())).collect(), only)
        })
    }

    fn set_cert_verify(&self, py: Python<'_>, on: bool) -> OsStatus {
        self.with_session(py, |s| s.set_cert_verify(on))
    }

    fn get_cert_verify(&self, py: Python<'_>) -> bool {
        self.with_session(py, |s| s.cert_verify())
    }

    fn set_allows_any_root(&self, py: Python<'_>, on: bool) -> OsStatus {
        self.with_session(py, |s| s.set_allows_any_root(on))
    }

    fn get_allows_any_root(&self, py: Python<'_>) -> bool {
        self.with_session(py, |s| s.allows_any_root())
    }

    fn set_client_auth(&self, py: Python<'_>, auth: i64) -> OsStatus {
        self.with_session(py, |s| s.set_client_auth(auth))
    }

    fn get_client_auth(&self, py: Python<'_>) -> i32 {
        self.with_session(py, |s| s.client_auth())
    }

    fn add_distinguished_name(&self, py: Python<'_>, name: Vec<u8>) -> OsStatus {
        self.with_session(py, |s| s.add_distinguished_name(&name))
    }

    fn get_distinguished_names<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        let names = self.with_session(py, |s| s.distinguished_names().to_vec());
        names.iter().map(|name| PyBytes::new(py, name)).collect()
    }

    fn set_certificate_authorities(
        &self,
        py: Python<'_>,
        certificates: Vec<Bound<'_, Certificate>>,
        replace: bool,
    ) -> OsStatus {
        let certificates = certificates.iter().map(|c| c.get().inner.clone()).collect();
        self.with_session(py, |s| s.set_certificate_authorities(certificates, replace))
    }

    fn get_certificate_authorities(&self, py: Python<'_>) -> Vec<Certificate> {
        let kept = self.with_session(py, |s| s.certificate_authorities().to_vec());
        kept.into_iter().map(Certificate::from).collect()
    }

    fn get_client_certificate_state(&self, py: Python<'_>) -> i32 {
        self.with_session(py, |s| s.client_certificate() as i32)
    }

    fn get_client_auth_types(&self, py: Python<'_>) -> (OsStatus, Option<Vec<u16>>) {
        let types = self.with_session(py, |s| s.client_auth_types());
        pair(types.map(|types| types.into_iter().map(u16::from).collect()))
    }

    /// Pairs of hash and signature as one number: `0x0401` is SHA-256 with RSA.
    fn get_peer_signature_algorithms(&self, py: Python<'_>) -> Vec<u16> {
        self.with_session(py, |s| s.peer_signature_algorithms())
    }

    fn set_session_config(&self, py: Python<'_>, name: String) -> OsStatus {
        self.with_session(py, |s| s.set_session_config(&name))
    }

    fn set_version_enabled(&self, py: Python<'_>, version: i64, on: bool) -> OsStatus {
        self.with_session(py, |s| s.set_version_enabled(version, on))
    }

    fn get_version_enabled(&self, py: Python<'_>, version: i64) -> (OsStatus, Option<bool>) {
        pair(self.with_session(py, |s| s.version_enabled(version)))
    }

    fn set_protocol_version(&self, py: Python<'_>, version: i64) -> OsStatus {
        self.with_session(py, |s| s.set_protocol_version(version))
    }

    fn get_protocol_version(&self, py: Python<'_>) -> (OsStatus, Option<i32>) {
        pair(self.with_session(py, |s| s.protocol_version()))
    }

    fn set_trusted_leafs(&self, py: Python<'_>, leafs: Vec<Bound<'_, Certificate>>) -> OsStatus {
        let leafs = leafs.iter().map(|leaf| leaf.get().inner.clone()).collect();
        self.with_session(py, |s| s.set_trusted_leafs(leafs))
    }

    fn get_trusted_leafs(&self, py: Python<'_>) -> Vec<Certificate> {
        self.with_session(py, |s| s.trusted_leafs().iter().map(|c| Certificate::from(c.clone())).collect())
    }

    fn set_dh_params(&self, py: Python<'_>, der: Vec<u8>) -> OsStatus {
        self.with_session(py, |s| s.set_dh_params(&der))
    }

    fn get_dh_params<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let der = self.with_session(py, |s| s.dh_params().map(<[u8]>::to_vec));
        der.map(|der| PyBytes::new(py, &der))
    }

    fn set_dh_minimum(&self, py: Python<'_>, bits: i64) -> OsStatus {
        self.with_session(py, |s| s.set_dh_minimum(bits))
    }

    fn get_dh_minimum(&self, py: Python<'_>) -> usize {
        self.with_session(py, |s| s.dh_minimum())
    }

    fn set_dhe_enabled(&self, py: Python<'_>, on: bool) -> OsStatus {
        self.with_session(py, |s| s.set_dhe_enabled(on))
    }

    fn get_dhe_enabled(&self, py: Python<'_>) -> bool {
        self.with_session(py, |s| s.dhe_enabled())
    }

    /// Whether the server's group is over a prime that is no safe one; works it out here, with no lock held.
    fn is_dh_unsafe(&self, py: Python<'_>) -> bool {
        let group = self.with_session(py, |s| s.server_dh_group());
        group.is_some_and(|group| exit::detach(py, || !group.is_safe()))
    }

    fn set_curves(&self, py: Python<'_>, numbers: Vec<i64>) -> OsStatus {
        self.with_session(py, |s| s.set_curves(&numbers))
    }

    fn get_curves(&self, py: Python<'_>) -> Vec<u16> {
        self.with_session(py, |s| s.curves().to_vec())
    }

    fn get_negotiated_curve(&self, py: Python<'_>) -> (OsStatus, Option<u16>) {
        pair(self.with_session(py, |s| s.negotiated_curve()))
    }

    /// An empty secret takes it away.
    fn set_psk_secret(&self, py: Python<'_>, secret: &Bound<'_, PyBytes>) -> OsStatus {
        let secret = secret.as_bytes();
        self.with_session(py, |s| s.set_psk_secret(secret))
    }

    fn set_psk_identity(&self, py: Python<'_>, identity: Vec<u8>) -> OsStatus {
        self.with_session(py, |s| s.set_psk_identity(&identity))
    }

    fn get_psk_identity<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let identity = self.with_session(py, |s| s.psk_identity().map(<[u8]>::to_vec));
        identity.map(|identity| PyBytes::new(py, &identity))
    }

    fn set_psk_hint(&self, py: Python<'_>, hint: Vec<u8>) -> OsStatus {
        self.with_session(py, |s| s.set_psk_hint(&hint))
    }

    fn get_psk_hint<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let hint = self.with_session(py, |s| s.psk_hint().map(<[u8]>::to_vec));
        hint.map(|hint| PyBytes::new(py, &hint))
    }

    /// `lookup(connection, identity)` gives the secret as bytes, or None for an identity it does not know; None
    /// here goes back to the one secret. What it raises comes out of the call that ran it.
    fn set_psk_lookup(&self, py: Python<'_>, lookup: Option<Py<PyAny>>) -> OsStatus {
        let on = lookup.is_some();
        self.replace(|o| &mut o.psk_lookup, lookup);
        self.with_session(py, |s| s.set_psk_lookup(on))
    }

    fn get_buffered_read_size(&self, py: Python<'_>) -> usize {
        self.with_session(py, |s| s.buffered_read_size())
    }

    fn set_error(&self, py: Python<'_>, code: i32) -> OsStatus {
        let code = self.with_session(py, |s| s.set_error(code));
        self.reading.stir(); // who waits there is told
        code
    }

    /// The trust object of this handshake: the same object each time.
    fn copy_peer_trust(slf: &Bound<'_, Self>) -> PyResult<Option<Py<Trust>>> {
        let (py, this) = (slf.py(), slf.get());
        let Some(cell) = this.with_session(py, Session::peer_trust) else { return Ok(None) };
        let known = lock(&this.objects).trust.as_ref().map(|trust| trust.clone_ref(py));
        if let Some(trust) = known.filter(|trust| Arc::ptr_eq(&trust.get().cell, &cell)) {
            return Ok(Some(trust));
        }
        let trust = Py::new(py, Trust::from(cell))?;
        this.replace(|o| &mut o.trust, Some(trust.clone_ref(py)));
        Ok(Some(trust))
    }

    /// SSLReHandshake; nothing is sent by it.
    fn rehandshake(&self, py: Python<'_>) -> OsStatus {
        if self.inside.is_this_thread() {
            return status::SEC_BAD_REQ;
        }
        self.with_session(py, |s| s.rehandshake(crate::drive::now()))
    }

    /// SSLClose; exceptions of the write callback come through.
    fn close(&self, py: Python<'_>) -> PyResult<OsStatus> {
        if self.inside.is_this_thread() {
            return Ok(status::SEC_BAD_REQ);
        }
        Pump::new(self, py, Call::close(), Needs::Neither).run()
    }

    /// What is known about the connection, in words, for people and logs; never a secret.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = self.with_session(py, |s| s.report());
        let dict = PyDict::new(py);
        dict.set_item("version", report.version)?;
        dict.set_item("suite", report.suite)?;
        dict.set_item("group", report.group)?;
        dict.set_item("dh_bits", report.dh_bits)?;
        dict.set_item("scheme", report.scheme)?;
        dict.set_item("fault", report.fault.map(|f| f.to_string()))?;
        dict.set_item("alert_sent", report.alert_sent.map(st_core::fault::Alert::name))?;
        dict.set_item("alert_received", report.alert_received.map(st_core::fault::Alert::name))?;
        dict.set_item("extended_master_secret", report.extended_master_secret)?;
        dict.set_item("encrypt_then_mac", report.encrypt_then_mac)?;
        dict.set_item("secure_renegotiation", report.secure_renegotiation)?;
        dict.set_item("resumed", report.resumed)?;
        Ok(dict)
    }
}

/// A result as status and value; the value is None with an error.
fn pair<T>(result: Result<T, OsStatus>) -> (OsStatus, Option<T>) {
    match result {
        Ok(value) => (status::SEC_SUCCESS, Some(value)),
        Err(code) => (code, None),
    }
}
