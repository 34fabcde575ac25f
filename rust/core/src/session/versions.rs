//! Bounds of versions in all their public forms, and the named configurations (`behaviours` sections 9 and 9.1).
//!
//! In: numbers of SSLProtocol, names. Out: statuses and values. Promise: one pair of bounds stands behind all forms, so
//! that what one call sets every getter shows; configurations are rows.

use super::Session;
use crate::config::{DH_MINIMUM_DEFAULT, SessionOption};
use crate::profile::{self, Framing, Rank};
use crate::status::{self, OsStatus};
use crate::suite;

/// kTLSProtocolMaxSupported (decisions 31).
const MAX_SUPPORTED: i64 = 999;

/// kSSLProtocol2, which may only be disabled; kSSLProtocolAll; what only the deprecated setter takes.
const SSL2: i64 = 1;
const ALL: i64 = 6;
const SSL3_ONLY: i64 = 3;
const TLS10_ONLY: i64 = 5;
const UNKNOWN: i64 = 0;

/// Every version, and none: bounds between which nothing lies.
const WHOLE: (Rank, Rank) = (Rank::Ssl3, Rank::Tls12);
const NOTHING: (Rank, Rank) = (Rank::Tls12, Rank::Ssl3);

fn rank(framing: Framing, number: i64) -> Option<Rank> {
    profile::by_public(framing, number).map(|profile| profile.rank)
}

fn number(framing: Framing, rank: Rank) -> i32 {
    profile::by_rank(framing, rank).map_or(0, |profile| profile.public)
}

/// The version above this one.
fn above(rank: Rank) -> Option<Rank> {
    profile::of(Framing::Stream).map(|profile| profile.rank).find(|r| *r > rank)
}

/// One named configuration.
struct Preset {
    name: &'static str,
    versions: (Rank, Rank),
    suites: fn() -> Vec<u16>,
    /// A client marks its hello as a retry with a lower version (RFC 7507).
    fallback: bool,
}

/// On datagrams every configuration has this version alone.
const DTLS10: (Rank, Rank) = (Rank::Tls11, Rank::Tls11);
const TLS10_TO_12: (Rank, Rank) = (Rank::Tls10, Rank::Tls12);
const TLS10: (Rank, Rank) = (Rank::Tls10, Rank::Tls10);
const TLS12: (Rank, Rank) = (Rank::Tls12, Rank::Tls12);

macro_rules! presets {
    ($($name:literal $versions:ident $suites:path, $fallback:literal;)*) => {
        static PRESETS: &[Preset] = &[$(Preset {
            name: $name, versions: $versions, suites: $suites, fallback: $fallback,
        },)*];
    };
}

presets! {
    "default" TLS10_TO_12 suite::default, false;
    "legacy" TLS10_TO_12 suite::default, false;
    "legacy_DHE" TLS10_TO_12 suite::default_with_dhe, false;
    "standard" TLS10_TO_12 suite::standard, false;
    "RC4_fallback" TLS10_TO_12 suite::default, false;
    "3DES_fallback" TLS10_TO_12 suite::default, false;
    "TLSv1_fallback" TLS10 suite::default, true;
    "TLSv1_RC4_fallback" TLS10 suite::default, true;
    "TLSv1_3DES_fallback" TLS10 suite::default, true;
    "ATSv1" TLS12 suite::forward_secret, false;
    "ATSv1_noPFS" TLS12 suite::standard, false;
    "anonymous" TLS12 suite::anonymous, false;
}

impl Session {
    /// SSLSetProtocolVersionMin: a minimum above the maximum raises it.
    pub fn set_version_min(&mut self, version: i64) -> OsStatus {
        let Some(min) = rank(self.config.framing, version) else { return status::SSL_ILLEGAL_PARAM };
        let config = self.config_mut();
        config.versions = (min, config.versions.1.max(min));
        status::SEC_SUCCESS
    }

    /// SSLSetProtocolVersionMax: a maximum below the minimum lowers it.
    pub fn set_version_max(&mut self, version: i64) -> OsStatus {
        let highest = (version == MAX_SUPPORTED).then_some(WHOLE.1);
        let Some(max) = rank(self.config.framing, version).or(highest) else {
            return status::SSL_ILLEGAL_PARAM;
        };
        let config = self.config_mut();
        config.versions = (config.versions.0.min(max), max);
        status::SEC_SUCCESS
    }

    /// SSLGetProtocolVersionMin; 0 where no version is enabled.
    #[must_use]
    pub fn version_min(&self) -> i32 {
        self.bound(|(min, _)| min)
    }

    /// SSLGetProtocolVersionMax; 0 where no version is enabled.
    #[must_use]
    pub fn version_max(&self) -> i32 {
        self.bound(|(_, max)| max)
    }

    fn bound(&self, of: fn((Rank, Rank)) -> Rank) -> i32 {
        let (min, max) = self.config.versions;
        if min > max { UNKNOWN as i32 } else { number(self.config.framing, of((min, max))) }
    }

    /// SSLGetNegotiatedProtocolVersion: 0 until a version is fixed.
    #[must_use]
    pub fn negotiated_version(&self) -> i32 {
        self.engine.facts().profile.map_or(0, |p| p.public)
    }

    /// The deprecated forms of versions know streams only.
    fn idle_stream(&mut self, set: impl FnOnce(&mut Self) -> OsStatus) -> OsStatus {
        if self.is_datagram() { status::SEC_BAD_REQ } else { self.idle(set) }
    }

    /// SSLSetProtocolVersionEnabled: enabling widens the bounds, disabling raises the lower one past the version.
    pub fn set_version_enabled(&mut self, version: i64, on: bool) -> OsStatus {
        self.idle_stream(|s| {
            let bounds = &mut s.config_mut().versions;
            let (min, max) = *bounds;
            let empty = min > max;
            *bounds = match (version, rank(Framing::Stream, version), on) {
                (ALL, _, true) => WHOLE,
                (ALL, _, false) => NOTHING,
                (_, Some(rank), true) if empty => (rank, rank),
                (_, Some(rank), true) => (min.min(rank), max.max(rank)),
                // The highest version cannot be disabled (`behaviours` section 9).
                (_, Some(rank), false) => match above(rank) {
                    Some(next) if next > max && !empty => NOTHING,
                    Some(next) if !empty => (min.max(next), max),
                    _ => (min, max),
                },
                (SSL2, None, false) => (min, max),
                _ => return status::SEC_PARAM,
            };
            status::SEC_SUCCESS
        })
    }

    /// SSLGetProtocolVersionEnabled.
    pub fn version_enabled(&self, version: i64) -> Result<bool, OsStatus> {
        if self.is_datagram() {
            return Err(status::SEC_BAD_REQ);
        }
        let (min, max) = self.config.versions;
        match (version, rank(Framing::Stream, version)) {
            (ALL, _) => Ok((min, max) == WHOLE),
            (SSL2, _) => Ok(false),
            (_, Some(rank)) => Ok(min <= rank && rank <= max),
            _ => Err(status::SEC_PARAM),
        }
    }

    /// SSLSetProtocolVersion: the highest version, everything below it from SSLv3 on included unless it is an "only".
    pub fn set_protocol_version(&mut self, version: i64) -> OsStatus {
        self.idle_stream(|s| {
            s.config_mut().versions = match (version, rank(Framing::Stream, version)) {
                (SSL3_ONLY, _) => (Rank::Ssl3, Rank::Ssl3),
                (TLS10_ONLY, _) => TLS10,
                (ALL | UNKNOWN, _) => WHOLE,
                (_, Some(rank)) => (Rank::Ssl3, rank),
                _ => return status::SEC_PARAM,
            };
            status::SEC_SUCCESS
        })
    }

    /// SSLGetProtocolVersion: only bounds that begin with SSLv3 have a member of their own.
    pub fn protocol_version(&self) -> Result<i32, OsStatus> {
        if self.is_datagram() {
            return Err(status::SEC_BAD_REQ);
        }
        match self.config.versions {
            WHOLE => Ok(ALL as i32),
            (Rank::Ssl3, max) => Ok(number(Framing::Stream, max)),
            _ => Err(status::SEC_PARAM),
        }
    }

    /// SSLSetSessionConfig, any time: versions, suites, the smallest group and a client's fallback mark.
    pub fn set_session_config(&mut self, name: &str) -> OsStatus {
        let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) else {
            return status::SEC_PARAM;
        };
        let (client, datagram) = (self.is_client(), self.is_datagram());
        let config = self.config_mut();
        config.versions = if datagram { DTLS10 } else { preset.versions };
        config.suites = (preset.suites)();
        config.dh_minimum = DH_MINIMUM_DEFAULT;
        if client {
            config.options.set(SessionOption::Fallback, preset.fallback);
        }
        status::SEC_SUCCESS
    }
}
