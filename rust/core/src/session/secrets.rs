//! What a context tells of its handshake's secrets and findings, to whoever asks for them by name.
//!
//! In: labels, lengths. Out: copies of secrets, keying material, a [`Metadata`]. Promise: nothing of this is in any
//! report or message; secrets are wiped with their copies.

use super::Session;
use crate::config::Role;
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::keys::classic::MASTER;
use crate::keys::export::{self, Secrets};
use crate::profile::Profile;
use crate::status::{self, OsStatus};
use crate::wire::certs::CertificateRequest;
use crate::x509::Certificate;

/// What a handshake found out (sec_protocol_metadata_*), frozen when it was asked for.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The version on the wire.
    pub wire_version: u16,
    /// The version as an SSLProtocol number.
    pub public_version: i32,
    /// The suite.
    pub suite: u16,
    /// The protocol that was selected by ALPN.
    pub alpn: Option<Vec<u8>>,
    /// The server name: sent by a client, received by a server.
    pub server_name: Option<Vec<u8>>,
    /// The peer's chain as it was sent, leaf first.
    pub peer_chain: Vec<Certificate>,
    /// The stapled response: received by a client.
    pub ocsp: Option<Vec<u8>>,
    /// The signed certificate timestamps that came with the handshake.
    pub scts: Vec<Vec<u8>>,
    /// The signature schemes that the peer announced.
    pub peer_schemes: Vec<u16>,
    /// What a server asked of its client's certificate.
    pub certificate_request: Option<CertificateRequest>,
    /// The pre-shared key of this end and its identity, where the suite has one.
    pub psk: Option<(Secret, Vec<u8>)>,
    /// Whether the session was resumed.
    pub resumed: bool,
    profile: &'static Profile,
    hash: Hash,
    secrets: Secrets,
}

impl Metadata {
    /// Keying material for a label (RFC 5705).
    #[must_use]
    pub fn export(&self, label: &[u8], context: Option<&[u8]>, len: usize) -> Option<Secret> {
        export::export(self.profile, self.hash, &self.secrets, label, context, len)
    }
}

impl Session {
    /// SSLInternalMasterSecret: zeros before it is known.
    #[must_use]
    pub fn master_secret(&self) -> Secret {
        let secrets = self.engine.facts().secrets.as_ref();
        secrets.map_or_else(|| Secret::zeroed(MASTER), |secrets| secrets.master.clone())
    }

    /// SSLInternalClientRandom and SSLInternalServerRandom: zeros before the hellos.
    #[must_use]
    pub fn randoms(&self) -> ([u8; 32], [u8; 32]) {
        self.engine.facts().randoms.map_or(([0; 32], [0; 32]), |randoms| (randoms.client, randoms.server))
    }

    /// SSLInternal_PRF: errSSLInternal before version and suite are settled, for SSLv3 and for too much.
    pub fn prf(&self, secret: &Secret, label: &[u8], seed: &[u8], len: usize) -> Result<Secret, OsStatus> {
        let facts = self.engine.facts();
        let (Some(profile), Some(suite)) = (facts.profile, facts.suite) else {
            return Err(status::SSL_INTERNAL);
        };
        export::bare_prf(profile, suite.prf, secret, label, seed, len).ok_or(status::SSL_INTERNAL)
    }

    /// Whether lines for a log of secrets are made, any time; from the next handshake on.
    pub fn set_key_log(&mut self, on: bool) -> OsStatus {
        self.config_mut().key_log = on;
        status::SEC_SUCCESS
    }

    /// SSLSetOCSPResponse, any time: what a server staples from the next ServerHello on; an empty one is none. Without
    /// effect on a client.
    pub fn set_ocsp_response(&mut self, response: &[u8]) -> OsStatus {
        const LONGEST: usize = (1 << 24) - 1;
        if response.len() > LONGEST - 4 {
            return status::SEC_PARAM;
        }
        if !self.is_client() {
            self.config_mut().ocsp_response = (!response.is_empty()).then(|| response.to_vec());
        }
        status::SEC_SUCCESS
    }

    /// What the latest handshake found out; errSecBadReq before the first one is complete.
    pub fn metadata(&self) -> Result<Metadata, OsStatus> {
        let facts = self.engine.facts();
        let (Some(profile), Some(suite), Some(secrets), true) =
            (facts.profile, facts.suite, &facts.secrets, self.engine.is_established())
        else {
            return Err(status::SEC_BAD_REQ);
        };
        let config = &self.config;
        let sent = Some(config.peer_name.clone()).filter(|name| !name.is_empty());
        let identity = self.psk_identity().unwrap_or_default().to_vec();
        let psk = config.psk.secret.clone().filter(|_| suite.has_psk()).map(|secret| (secret, identity));
        Ok(Metadata {
            wire_version: profile.wire.0,
            public_version: profile.public,
            suite: suite.id.0,
            alpn: facts.alpn.first().cloned(),
            server_name: if config.role == Role::Client { sent } else { facts.server_name.clone() },
            peer_chain: facts.peer_chain.clone(),
            ocsp: facts.ocsp.clone(),
            scts: facts.scts.clone(),
            peer_schemes: facts.peer_schemes.iter().map(|scheme| scheme.0).collect(),
            certificate_request: facts.certificate_request.clone(),
            psk,
            resumed: facts.resumed,
            profile,
            hash: suite.prf,
            secrets: secrets.clone(),
        })
    }
}
