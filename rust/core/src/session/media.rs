//! Keys for media that travels beside a datagram connection (RFC 5764).
//!
//! In: numbers of protection profiles. Out: the one agreed on, and its keys. Promise: keys exist only where both ends named
//! the profile in the latest complete handshake.

use super::Session;
use crate::crypto::secret::Secret;
use crate::profile::Framing;
use crate::srtp::{self, SrtpProfile};
use crate::status::{self, OsStatus};
use crate::wire::ids::SrtpId;

/// The exporter's label (RFC 5764 section 4.2).
const LABEL: &[u8] = b"EXTRACTOR-dtls_srtp";

/// Master keys and salts of both directions.
#[derive(Debug)]
#[allow(missing_docs)] // the RFC's own names
pub struct SrtpKeys {
    pub profile: &'static SrtpProfile,
    pub client_key: Secret,
    pub server_key: Secret,
    pub client_salt: Secret,
    pub server_salt: Secret,
}

impl Session {
    /// Protection profiles in order of preference, any time, effective at the hello; none ends the negotiation. Refused on
    /// streams, for unknown numbers and for repeated ones.
    pub fn set_srtp_profiles(&mut self, numbers: &[i64]) -> OsStatus {
        let rows = numbers.iter().map(|n| srtp::by_id(SrtpId(u16::try_from(*n).ok()?)));
        let Some(rows) = rows.collect::<Option<Vec<_>>>() else { return status::SEC_PARAM };
        let repeated = rows.iter().enumerate().any(|(at, row)| rows[..at].contains(row));
        if self.config.framing == Framing::Stream || repeated {
            return status::SEC_PARAM;
        }
        self.config_mut().srtp = rows;
        status::SEC_SUCCESS
    }

    /// What the hellos agreed on; errSecParam without any.
    pub fn srtp_profile(&self) -> Result<u16, OsStatus> {
        self.engine.facts().srtp.map(|profile| profile.id.0).ok_or(status::SEC_PARAM)
    }

    /// The keys of the latest handshake: errSecBadReq before the first one is complete, errSecParam without a profile.
    pub fn srtp_keys(&self) -> Result<SrtpKeys, OsStatus> {
        let metadata = self.metadata()?;
        let profile = self.engine.facts().srtp.ok_or(status::SEC_PARAM)?;
        let lengths = [profile.key, profile.key, profile.salt, profile.salt];
        let material = metadata.export(LABEL, None, lengths.iter().sum()).ok_or(status::SSL_INTERNAL)?;
        let mut rest = material.as_bytes();
        let [client_key, server_key, client_salt, server_salt] = lengths.map(|n| {
            let (part, others) = rest.split_at(n);
            rest = others;
            Secret::copy_of(part)
        });
        Ok(SrtpKeys { profile, client_key, server_key, client_salt, server_salt })
    }
}
