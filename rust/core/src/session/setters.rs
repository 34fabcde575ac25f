//! What may be set and asked in which state (`behaviours` section 3).
//!
//! In: values as the public calls take them. Out: statuses and values. Promise: state is judged before values
//! (decisions 3), and a refused setter changes nothing.

use super::{Session, State};
use crate::config::{Config, Credentials, SessionOption};
use crate::status::{self, OsStatus};
use crate::suite;
use crate::wire::codec::Reader;
use crate::x509::Certificate;
use std::sync::Arc;

/// Longest ALPN name that is kept, and longest encoded list (`behaviours` 11.2).
const ALPN_NAME: usize = 31;
const ALPN_LIST: usize = 255;

impl Session {
    pub(super) fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }

    /// Active: from the first SSLHandshake until Closed or Aborted.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Handshake | State::Connected)
    }

    /// errSecBadReq while active, for setters that must not change a running connection.
    pub fn may_set(&self) -> OsStatus {
        if self.is_active() { status::SEC_BAD_REQ } else { status::SEC_SUCCESS }
    }

    /// errSecBadReq where SSLRead or SSLWrite may not be called at all, before any value is looked at. What an
    /// ended context answers comes later (decisions 3 and 9).
    pub fn may_transfer(&self, write: bool) -> OsStatus {
        match self.state {
            State::Closed | State::Aborted => status::SEC_SUCCESS,
            State::Idle if write => status::SEC_BAD_REQ,
            _ if !self.has_io => status::SEC_BAD_REQ,
            _ => status::SEC_SUCCESS,
        }
    }

    /// Sets when not active.
    pub(super) fn idle(&mut self, set: impl FnOnce(&mut Self) -> OsStatus) -> OsStatus {
        match self.may_set() {
            status::SEC_SUCCESS => set(self),
            refused => refused,
        }
    }

    /// SSLSetIOFuncs: whether both callbacks are there.
    pub fn set_io(&mut self, present: bool) -> OsStatus {
        self.idle(|s| {
            s.has_io = present;
            status::SEC_SUCCESS
        })
    }

    /// SSLSetSessionOption. The two options that let the application judge the peer turn automatic
    /// verification off and on again; the last call made wins.
    pub fn set_option(&mut self, option: i64, on: bool) -> OsStatus {
        self.idle(|s| {
            let Some(option) = SessionOption::from_number(option) else { return status::SEC_PARAM };
            let config = s.config_mut();
            config.options.set(option, on);
            if matches!(option, SessionOption::BreakOnServerAuth | SessionOption::BreakOnClientAuth) {
                config.verify = !on;
            }
            status::SEC_SUCCESS
        })
    }

    /// SSLGetSessionOption.
    pub fn option(&self, option: i64) -> Result<bool, OsStatus> {
        let option = SessionOption::from_number(option).ok_or(status::SEC_PARAM)?;
        Ok(self.config.options.get(option))
    }

    /// SSLGetSupportedCiphers.
    #[must_use]
    pub fn supported_ciphers(&self) -> Vec<u16> {
        suite::supported().collect()
    }

    /// SSLGetEnabledCiphers.
    #[must_use]
    pub fn enabled_ciphers(&self) -> &[u16] {
        &self.config.suites
    }

    /// SSLSetEnabledCiphers: keeps what can be run, in the caller's order (decisions 28). Numbers beyond the
    /// C type are errSecParam, unknown ones are dropped.
    pub fn set_enabled_ciphers(&mut self, numbers: &[i64]) -> OsStatus {
        self.idle(|s| {
            if numbers.iter().any(|n| u32::try_from(*n).is_err()) {
                return status::SEC_PARAM;
            }
            let kept = numbers.iter().filter_map(|n| u16::try_from(*n).ok());
            let kept: Vec<u16> = kept.filter(|n| suite::can_be_enabled(*n)).collect();
            if kept.is_empty() {
                return status::SEC_PARAM;
            }
            s.config_mut().suites = kept;
            status::SEC_SUCCESS
        })
    }

    /// SSLGetNegotiatedCipher: 0 while active and not chosen yet.
    pub fn negotiated_cipher(&self) -> Result<u16, OsStatus> {
        if !self.is_active() {
            return Err(status::SEC_BAD_REQ);
        }
        Ok(self.engine.facts().suite.map_or(0, |s| s.id.0))
    }

    /// SSLSetPeerDomainName: cut at the first NUL; without effect on a server.
    pub fn set_peer_domain_name(&mut self, name: &[u8]) -> OsStatus {
        self.idle(|s| {
            if s.config.role == crate::config::Role::Client {
                let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
                s.config_mut().peer_name = name[..end].to_vec();
            }
            status::SEC_SUCCESS
        })
    }

    /// SSLGetPeerDomainName.
    #[must_use]
    pub fn peer_domain_name(&self) -> &[u8] {
        &self.config.peer_name
    }

    /// SSLCopyRequestedPeerName without the trailing NUL.
    #[must_use]
    pub fn requested_peer_name(&self) -> Option<&[u8]> {
        self.engine.facts().server_name.as_deref()
    }

    /// SSLSetALPNProtocols: names above 31 bytes are skipped, an encoded list above 255 bytes is refused.
    pub fn set_alpn(&mut self, names: Vec<Vec<u8>>) -> OsStatus {
        if names.is_empty() || names.iter().any(Vec::is_empty) {
            return status::SEC_PARAM;
        }
        let kept: Vec<Vec<u8>> = names.into_iter().filter(|name| name.len() <= ALPN_NAME).collect();
        if kept.iter().map(|name| name.len() + 1).sum::<usize>() > ALPN_LIST {
            return status::SEC_PARAM;
        }
        self.config_mut().alpn = kept;
        status::SEC_SUCCESS
    }

    /// SSLSetALPNData, any time: names behind one byte of length each, 255 bytes in all; without the limit on a name.
    pub fn set_alpn_data(&mut self, data: &[u8]) -> OsStatus {
        let mut names = Vec::new();
        let mut rest = Reader::new(data);
        while let Ok(mut name) = rest.vec8() {
            names.push(name.rest().to_vec());
        }
        if !rest.is_empty() || names.is_empty() || names.iter().any(Vec::is_empty) || data.len() > ALPN_LIST {
            return status::SEC_PARAM;
        }
        self.config_mut().alpn = names;
        status::SEC_SUCCESS
    }

    /// SSLGetALPNData: what the peer sent, in the same form.
    #[must_use]
    pub fn alpn_data(&self) -> Option<Vec<u8>> {
        let names = &self.engine.facts().alpn;
        let length = |name: &Vec<u8>| u8::try_from(name.len()).unwrap_or(0); // it stood behind one byte of length
        (!names.is_empty())
            .then(|| names.iter().flat_map(|name| [&[length(name)], name.as_slice()].concat()).collect())
    }

    /// SSLSetALPNFunc: whether the application is told which protocol the server selected; ignored while active.
    pub fn set_alpn_news(&mut self, on: bool) -> bool {
        let allowed = self.may_set() == status::SEC_SUCCESS;
        if allowed {
            self.config_mut().alpn_news = on;
        }
        allowed
    }

    /// SSLGetCipherSizes: bytes of MAC, key and vector or nonce of the negotiated suite; zeros before.
    #[must_use]
    pub fn cipher_sizes(&self) -> (usize, usize, usize) {
        self.engine.facts().suite.map_or((0, 0, 0), suite::Suite::sizes)
    }

    /// SSLCopyALPNProtocols: what the peer sent, or the one selected (decisions 21).
    pub fn alpn(&self) -> Result<Vec<Vec<u8>>, OsStatus> {
        let names = &self.engine.facts().alpn;
        if names.is_empty() { Err(status::SEC_PARAM) } else { Ok(names.clone()) }
    }

    /// SSLSetCertificate, any time; `None` clears.
    pub fn set_credentials(&mut self, credentials: Option<Arc<Credentials>>) -> OsStatus {
        self.config_mut().credentials = credentials;
        status::SEC_SUCCESS
    }

    /// SSLSetTrustedRoots: instead of the platform's roots, or beside them.
    pub fn set_trusted_roots(&mut self, roots: Vec<Certificate>, replace: bool) -> OsStatus {
        self.idle(|s| {
            let config = s.config_mut();
            config.roots_only |= replace; // once only the caller's roots count, it stays so
            if replace {
                config.roots = roots;
            } else {
                config.roots.extend(roots);
            }
            status::SEC_SUCCESS
        })
    }

    /// SSLCopyTrustedRoots: the caller's roots, and whether they are the only ones.
    #[must_use]
    pub fn trusted_roots(&self) -> (&[Certificate], bool) {
        (&self.config.roots, self.config.roots_only)
    }

    /// SSLSetTrustedLeafCertificates: a peer with one of these passes although its chain does not; an empty list clears.
    pub fn set_trusted_leafs(&mut self, leafs: Vec<Certificate>) -> OsStatus {
        self.idle(|s| {
            s.config_mut().trusted_leafs = leafs;
            status::SEC_SUCCESS
        })
    }

    /// SSLCopyTrustedLeafCertificates.
    #[must_use]
    pub fn trusted_leafs(&self) -> &[Certificate] {
        &self.config.trusted_leafs
    }

    /// SSLSetEnableCertVerify.
    pub fn set_cert_verify(&mut self, on: bool) -> OsStatus {
        self.idle(|s| {
            s.config_mut().verify = on;
            status::SEC_SUCCESS
        })
    }

    /// SSLGetEnableCertVerify.
    #[must_use]
    pub fn cert_verify(&self) -> bool {
        self.config.verify
    }

    /// SSLSetAllowsAnyRoot, any time.
    pub fn set_allows_any_root(&mut self, on: bool) -> OsStatus {
        self.config_mut().any_root = on;
        status::SEC_SUCCESS
    }

    /// SSLGetAllowsAnyRoot.
    #[must_use]
    pub fn allows_any_root(&self) -> bool {
        self.config.any_root
    }

    /// SSLSetError: always success; the next SSLHandshake tells the peer (behaviours 4.4).
    pub fn set_error(&mut self, code: OsStatus) -> OsStatus {
        self.state = State::Aborted;
        self.error_set = Some(code);
        status::SEC_SUCCESS
    }
}
