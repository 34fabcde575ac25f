//! Setters and getters of who the two ends are: client authentication (`behaviours` section 14).
//!
//! In: values as the public calls take them. Out: statuses and values. Promise: state is judged before values
//! (decisions 3); calls that mean something on the other side only are without effect (decisions 8).

use super::Session;
use crate::config::{ClientAuth, Role};
use crate::status::{self, OsStatus};
use crate::wire::certs::CertificateRequest;
use crate::x509::Certificate;

/// What the names in a CertificateRequest may take up in all, each with two bytes of length.
const NAMES: usize = 0xffff;

/// SSLClientCertificateState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the public names
pub enum ClientCertificate {
    None = 0,
    Requested = 1,
    Sent = 2,
    Rejected = 3,
}

impl Session {
    pub(super) fn is_client(&self) -> bool {
        self.config.role == Role::Client
    }

    /// SSLSetClientSideAuthenticate.
    pub fn set_client_auth(&mut self, number: i64) -> OsStatus {
        self.idle(|s| {
            let Some(auth) = ClientAuth::from_number(number) else { return status::SEC_PARAM };
            if !s.is_client() {
                s.config_mut().client_auth = auth;
            }
            status::SEC_SUCCESS
        })
    }

    /// SSLGetClientSideAuthenticate.
    #[must_use]
    pub fn client_auth(&self) -> i32 {
        self.config.client_auth as i32
    }

    /// Whether these names, behind the ones there are, still fit into a CertificateRequest.
    fn names_fit<'a>(kept: &[Vec<u8>], more: impl Iterator<Item = &'a [u8]>) -> bool {
        let kept = kept.iter().map(|name| name.len() + 2).sum::<usize>();
        kept + more.map(|name| name.len() + 2).sum::<usize>() <= NAMES
    }

    /// SSLAddDistinguishedName: the newest goes first. What would not fit into the message is refused.
    pub fn add_distinguished_name(&mut self, name: &[u8]) -> OsStatus {
        self.idle(|s| {
            if name.is_empty() || !Self::names_fit(&s.config.authority_names, [name].into_iter()) {
                return status::SEC_PARAM;
            }
            if !s.is_client() {
                s.config_mut().authority_names.insert(0, name.to_vec());
            }
            status::SEC_SUCCESS
        })
    }

    /// SSLCopyDistinguishedNames: a client's are those of the request, in its order; a server's its own.
    #[must_use]
    pub fn distinguished_names(&self) -> &[Vec<u8>] {
        if self.is_client() {
            self.certificate_request().map_or(&[], |request| &request.names)
        } else {
            &self.config.authority_names
        }
    }

    fn certificate_request(&self) -> Option<&CertificateRequest> {
        self.engine.facts().certificate_request.as_ref()
    }

    /// SSLSetCertificateAuthorities: certificates whose names go into the request. Replacing clears the names that
    /// were added one by one as well.
    pub fn set_certificate_authorities(&mut self, certificates: Vec<Certificate>, replace: bool) -> OsStatus {
        if self.is_client() || self.is_active() {
            return status::SEC_PARAM;
        }
        let kept: &[Vec<u8>] = if replace { &[] } else { &self.config.authority_names };
        if !Self::names_fit(kept, certificates.iter().map(Certificate::subject_raw)) {
            return status::SEC_PARAM;
        }
        let config = self.config_mut();
        if replace {
            config.authorities.clear();
            config.authority_names.clear();
        }
        for certificate in certificates {
            config.authority_names.insert(0, certificate.subject_raw().to_vec());
            config.authorities.push(certificate);
        }
        status::SEC_SUCCESS
    }

    /// SSLCopyCertificateAuthorities, in order of addition.
    #[must_use]
    pub fn certificate_authorities(&self) -> &[Certificate] {
        &self.config.authorities
    }

    /// SSLGetClientCertificateState. Between request and answer a client says what it would send.
    #[must_use]
    pub fn client_certificate(&self) -> ClientCertificate {
        let facts = self.engine.facts();
        let would_send = self.is_client() && self.config.credentials.is_some();
        match (&facts.certificate_request, facts.certificate_sent.unwrap_or(would_send)) {
            (None, _) => ClientCertificate::None,
            _ if facts.certificate_rejected => ClientCertificate::Rejected,
            (Some(_), true) => ClientCertificate::Sent,
            (Some(_), false) => ClientCertificate::Requested,
        }
    }

    /// SSLGetClientAuthTypes: errSecParam on a server and before a request.
    pub fn client_auth_types(&self) -> Result<Vec<u8>, OsStatus> {
        let request = self.certificate_request().filter(|_| self.is_client()).ok_or(status::SEC_PARAM)?;
        Ok(request.types.iter().map(|t| t.0).collect())
    }

    /// SSLGetSignatureAlgorithms: the pairs of hash and signature that the peer announced.
    #[must_use]
    pub fn peer_signature_algorithms(&self) -> Vec<u16> {
        self.engine.facts().peer_schemes.iter().map(|scheme| scheme.0).collect()
    }

    /// The cipher suites that the client offered, on a server; nothing on a client.
    #[must_use]
    pub fn offered_suites(&self) -> Vec<u16> {
        self.engine.facts().offered_suites.iter().map(|suite| suite.0).collect()
    }
}
