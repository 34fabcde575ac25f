//! What a caller sets before and during a connection, without any judgement about when it may be set.
//!
//! In: values of the setters. Out: a [`Config`], shared behind an `Arc` and changed by `Arc::make_mut`.
//! Promise: session options are rows, so that both directions of every option come from one place.

use crate::crypto::ffdh::DhGroup;
use crate::crypto::hash::{Hash, Running};
use crate::crypto::secret::Secret;
use crate::crypto::sign::PrivateKey;
use crate::group::{self, Group};
use crate::profile::{Framing, Rank};
use crate::resumption::{DEFAULT_LIFETIME, Key, Place, SessionCache, Side, TicketKeys};
use crate::srtp::SrtpProfile;
use crate::suite::{self, Auth, Suite};
use crate::wire::ids::SuiteId;
use crate::x509::Certificate;
use core::time::Duration;
use std::sync::Arc;

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that accepts.
    Server,
    /// The end that connects.
    Client,
}

/// The time, given from outside: a monotonic clock for timers, seconds since 1970 for hellos and validity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Time since any fixed point.
    pub mono: core::time::Duration,
    /// Seconds since 1970-01-01 UTC.
    pub wall: u64,
}

/// A private key with the chain that proves it.
#[derive(Debug)]
pub struct Credentials {
    /// The key of the first certificate.
    pub key: Arc<PrivateKey>,
    /// Certificates in DER as they go on the wire: leaf first, the rest as given.
    pub chain: Vec<Vec<u8>>,
}

/// Whether a server asks for a client's certificate (SSLAuthenticate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// It does not.
    Never = 0,
    /// It does, and insists.
    Always = 1,
    /// It does, and goes on without one.
    Try = 2,
}

impl ClientAuth {
    /// The value of this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<ClientAuth> {
        [ClientAuth::Never, ClientAuth::Always, ClientAuth::Try].into_iter().find(|a| *a as i64 == number)
    }
}

/// The options of SSLSetSessionOption, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the public names
pub enum SessionOption {
    BreakOnServerAuth = 0,
    BreakOnCertRequested = 1,
    BreakOnClientAuth = 2,
    FalseStart = 3,
    SendOneByteRecord = 4,
    AllowServerIdentityChange = 5,
    Fallback = 6,
    BreakOnClientHello = 7,
    AllowRenegotiation = 8,
    EnableSessionTickets = 9,
}

/// Every option with its default.
pub static OPTIONS: &[(SessionOption, bool)] = &[
    (SessionOption::BreakOnServerAuth, false),
    (SessionOption::BreakOnCertRequested, false),
    (SessionOption::BreakOnClientAuth, false),
    (SessionOption::FalseStart, false),
    (SessionOption::SendOneByteRecord, true),
    (SessionOption::AllowServerIdentityChange, false),
    (SessionOption::Fallback, false),
    (SessionOption::BreakOnClientHello, false),
    (SessionOption::AllowRenegotiation, false),
    (SessionOption::EnableSessionTickets, false),
];

impl SessionOption {
    /// The option of this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<SessionOption> {
        OPTIONS.iter().map(|(option, _)| *option).find(|option| *option as i64 == number)
    }
}

/// The values of all options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options(u16);

impl Default for Options {
    fn default() -> Options {
        let mut options = Options(0);
        OPTIONS.iter().for_each(|(option, on)| options.set(*option, *on));
        options
    }
}

impl Options {
    /// Whether the option is on.
    #[must_use]
    pub fn get(self, option: SessionOption) -> bool {
        self.0 >> (option as u16) & 1 == 1
    }

    /// Turns the option on or off.
    pub fn set(&mut self, option: SessionOption, on: bool) {
        let bit = 1 << (option as u16);
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }
}

/// Everything a caller can set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// What carries the records.
    pub framing: Framing,
    /// Lowest and highest version.
    pub versions: (Rank, Rank),
    /// Enabled suites in the caller's order; may name suites that this engine does not run.
    pub suites: Vec<u16>,
    /// Groups in order of preference.
    pub groups: Vec<&'static Group>,
    /// Session options.
    pub options: Options,
    /// The peer's name as the client wants it: for SNI and for the host name check.
    pub peer_name: Vec<u8>,
    /// ALPN protocols in order of preference.
    pub alpn: Vec<Vec<u8>>,
    /// Our certificate and key.
    pub credentials: Option<Arc<Credentials>>,
    /// Whether the peer's chain is judged automatically.
    pub verify: bool,
    /// Whether every chain passes.
    pub any_root: bool,
    /// Roots of the caller.
    pub roots: Vec<Certificate>,
    /// Whether the caller's roots are the only ones.
    pub roots_only: bool,
    /// Certificates of peers that pass whatever their chains say.
    pub trusted_leafs: Vec<Certificate>,
    /// Whether a server asks for a client's certificate.
    pub client_auth: ClientAuth,
    /// Certificates of authorities whose names a server's request lists.
    pub authorities: Vec<Certificate>,
    /// Distinguished names in a server's request, in DER, newest first.
    pub authority_names: Vec<Vec<u8>>,
    /// A server's group for DHE, with the encoding it came in; without it the built-in one is used.
    pub dh_group: Option<(DhGroup, Vec<u8>)>,
    /// The smallest prime a client accepts for DHE, in bits.
    pub dh_minimum: usize,
    /// The last word of SSLSetDHEEnabled.
    pub dhe_enabled: bool,
    /// Curves as the caller gave them; what can be run of it is in `groups`.
    pub curves: Vec<u16>,
    /// Protection profiles for SRTP in order of preference.
    pub srtp: Vec<&'static SrtpProfile>,
    /// The pre-shared keys of this end.
    pub psk: Psk,
    /// What this end remembers of complete handshakes, and where.
    pub memory: Memory,
    /// The OCSP response that a server staples.
    pub ocsp_response: Option<Vec<u8>>,
    /// Whether somebody wants to hear which protocol a server selected.
    pub alpn_news: bool,
    /// Whether somebody wants the secrets in a log.
    pub key_log: bool,
    /// What only datagrams have.
    pub datagram: Datagram,
}

/// Settings of a datagram context (`behaviours` section 8).
#[derive(Clone, Debug)]
pub struct Datagram {
    /// The largest datagram of a handshake, in bytes.
    pub record_size: usize,
    /// What a server wants to see in a ClientHello before it goes on (RFC 6347 section 4.2.1).
    pub cookie: Option<Vec<u8>>,
}

impl Default for Datagram {
    fn default() -> Datagram {
        Datagram { record_size: 1400, cookie: None }
    }
}

/// Where sessions are remembered (`behaviours` section 13).
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The caller's name for the peer; without one nothing is kept in the cache.
    pub peer_id: Option<Vec<u8>>,
    /// The cache.
    pub cache: Option<Arc<SessionCache>>,
    /// Seconds that what this context stores will live; 0 for the default.
    pub lifetime: u32,
    /// A server issues tickets under these keys.
    pub ticket_keys: Option<Arc<TicketKeys>>,
}

impl Memory {
    /// How long what is stored now lives.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        if self.lifetime == 0 { DEFAULT_LIFETIME } else { Duration::from_secs(self.lifetime.into()) }
    }
}

/// What an end knows about pre-shared keys (RFC 4279).
#[derive(Clone, Debug, Default)]
pub struct Psk {
    /// The secret of every identity that is not looked up.
    pub secret: Option<Secret>,
    /// The identity a client sends.
    pub identity: Option<Vec<u8>>,
    /// The hint a server sends.
    pub hint: Vec<u8>,
    /// A server asks the application for the secret of an identity.
    pub lookup: bool,
}

impl Psk {
    /// Whether there is, or can be found, a secret.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.secret.is_some() || self.lookup
    }
}

/// Bounds of the smallest prime, and where it begins (`behaviours` section 15).
pub const DH_MINIMUM: (usize, usize) = (512, 2048);
/// What a new context demands.
pub const DH_MINIMUM_DEFAULT: usize = 1024;

impl Config {
    /// The defaults of a new context.
    #[must_use]
    pub fn new(role: Role, framing: Framing) -> Config {
        Config {
            role,
            framing,
            versions: match framing {
                Framing::Stream => (Rank::Tls10, Rank::Tls12),
                Framing::Datagram => (Rank::Tls11, Rank::Tls11), // DTLS 1.0 alone (decisions 31)
            },
            suites: suite::DEFAULT.to_vec(),
            groups: group::GROUPS.iter().collect(),
            options: Options::default(),
            peer_name: Vec::new(),
            alpn: Vec::new(),
            credentials: None,
            verify: true,
            any_root: false,
            roots: Vec::new(),
            roots_only: false,
            trusted_leafs: Vec::new(),
            client_auth: ClientAuth::Never,
            authorities: Vec::new(),
            authority_names: Vec::new(),
            dh_group: None,
            dh_minimum: DH_MINIMUM_DEFAULT,
            dhe_enabled: false,
            curves: Vec::new(),
            srtp: Vec::new(),
            psk: Psk::default(),
            memory: Memory::default(),
            ocsp_response: None,
            alpn_news: false,
            key_log: false,
            datagram: Datagram::default(),
        }
    }

    /// The enabled suites that this engine runs at one of these ranks, in the caller's order, each once; none over
    /// curves where no curve is left.
    #[must_use]
    pub fn usable_suites(&self, lowest: Rank, highest: Rank) -> Vec<&'static Suite> {
        let mut out: Vec<&'static Suite> = Vec::new();
        for number in &self.suites {
            if let Some(row) = suite::by_id(SuiteId(*number))
                && *row.ranks.start() <= highest
                && *row.ranks.end() >= lowest
                && !out.contains(&row)
                && row.runs_over(self.framing)
                && !(row.is_elliptic() && self.groups.is_empty())
            {
                out.push(row);
            }
        }
        out
    }

    /// The options that keep sessions apart: the breaks, AllowServerIdentityChange, AllowRenegotiation and
    /// EnableSessionTickets. Three more bits of the published key are constant (decisions 34).
    #[must_use]
    pub fn session_flags(&self) -> u16 {
        const KEPT: [SessionOption; 7] = [
            SessionOption::BreakOnServerAuth,
            SessionOption::BreakOnCertRequested,
            SessionOption::BreakOnClientAuth,
            SessionOption::BreakOnClientHello,
            SessionOption::AllowServerIdentityChange,
            SessionOption::AllowRenegotiation,
            SessionOption::EnableSessionTickets,
        ];
        KEPT.iter().filter(|option| self.options.get(**option)).map(|option| 1 << (*option as u16)).sum()
    }

    /// Digest over everything by which a peer's chain is judged: any root, trusted leafs, own roots.
    #[must_use]
    pub fn trust_digest(&self) -> [u8; 32] {
        let mut running = Running::new(Hash::Sha256);
        running.update(&[u8::from(self.any_root), u8::from(self.roots_only)]);
        for list in [&self.trusted_leafs, &self.roots] {
            running.update(&list.len().to_be_bytes());
            for certificate in list {
                running.update(&certificate.der().len().to_be_bytes());
                running.update(certificate.der());
            }
        }
        digest(&running)
    }

    /// Where a client's session with this peer is, or will be; nowhere without a peer ID. The host name is no part
    /// of the key: callers put it into the ID.
    #[must_use]
    pub fn client_place(&self) -> Option<Place> {
        let id = self.memory.peer_id.as_ref()?;
        let parts = [&self.session_flags().to_be_bytes()[..], &self.trust_digest(), id];
        self.place(Side::Client, &parts)
    }

    /// Where a server's session with this ID is, or will be; nowhere without a peer ID.
    #[must_use]
    pub fn server_place(&self, session_id: &[u8]) -> Option<Place> {
        self.memory.peer_id.as_ref()?;
        self.place(Side::Server, &[&self.session_flags().to_be_bytes(), session_id])
    }

    fn place(&self, side: Side, parts: &[&[u8]]) -> Option<Place> {
        let cache = self.memory.cache.clone()?;
        let mut running = Running::new(Hash::Sha256);
        parts.iter().for_each(|part| running.update(part));
        Some(Place { cache, key: Key { side, digest: digest(&running) } })
    }

    /// Whether a DHE_DSS suite is enabled: only then is DSA among the schemes we announce.
    #[must_use]
    pub fn wants_dss(&self) -> bool {
        let rows = self.suites.iter().filter_map(|number| suite::by_id(SuiteId(*number)));
        rows.into_iter().any(|row| row.auth == Auth::Dss)
    }
}

/// A SHA-256 as an array.
fn digest(running: &Running) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(running.current().as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_record_splitting_is_on_by_default() {
        let options = Options::default();
        for (option, on) in OPTIONS {
            assert_eq!(options.get(*option), *on);
        }
        assert!(options.get(SessionOption::SendOneByteRecord));
    }

    #[test]
    fn an_option_set_and_unset_leaves_the_others_alone() {
        let mut options = Options::default();
        options.set(SessionOption::EnableSessionTickets, true);
        assert!(options.get(SessionOption::EnableSessionTickets));
        options.set(SessionOption::EnableSessionTickets, false);
        assert_eq!(options, Options::default());
        assert_eq!(SessionOption::from_number(10), None);
        assert_eq!(SessionOption::from_number(-1), None);
    }
}
