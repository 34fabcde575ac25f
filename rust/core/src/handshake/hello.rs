//! What the hellos of both sides have in common: what was offered, randoms, and the highest version to speak.
//!
//! In: the caller's settings. Out: randoms with the mark of RFC 8446 section 4.1.3, an [`Offer`]. Promise: what was
//! offered is frozen when the hello is built; a later setter changes nothing.

use super::Cx;
use crate::config::Config;
use crate::fault::{Fault, Misuse};
use crate::profile::{self, Profile, Rank};
use crate::resumption::Saved;
use crate::suite::Suite;
use crate::wire::ids::SchemeId;
use std::sync::Arc;

/// What the hello offered.
#[derive(Debug)]
pub struct Offer {
    /// Our random.
    pub random: [u8; 32],
    /// The version in the hello.
    pub highest: &'static Profile,
    /// The bounds within which the server may answer.
    pub bounds: (Rank, Rank),
    /// The suites.
    pub suites: Vec<&'static Suite>,
    /// The signature schemes.
    pub schemes: Vec<SchemeId>,
    /// Whether session_ticket is among the extensions.
    pub tickets: bool,
    /// The session we ask for.
    pub wanted: Option<Wanted>,
}

impl Offer {
    /// What session_ticket holds.
    #[must_use]
    pub fn ticket(&self) -> Vec<u8> {
        self.wanted.as_ref().and_then(|wanted| wanted.saved.ticket.clone()).unwrap_or_default()
    }
}

/// A session in a ClientHello.
#[derive(Debug)]
pub struct Wanted {
    /// The session.
    pub saved: Arc<Saved>,
    /// The ID that stands for it, and that the server echoes if it agrees.
    pub id: Vec<u8>,
}

/// A random that begins with the time (RFC 5246 section 7.4.1.2).
pub fn hello_random(cx: &mut Cx<'_>) -> Result<[u8; 32], Fault> {
    let mut random = cx.random::<32>()?;
    let seconds = (cx.now.wall & 0xffff_ffff) as u32;
    random[..4].copy_from_slice(&seconds.to_be_bytes());
    Ok(random)
}

/// How the random of a server ends that speaks TLS 1.2 and was made to agree on less (RFC 8446 section 4.1.3).
pub const DOWNGRADED: &[u8; 8] = b"DOWNGRD\0";

/// Whether an end that speaks up to `best` owes or is owed that mark at `chosen`.
#[must_use]
pub fn is_downgrade(best: Rank, chosen: Rank) -> bool {
    best >= Rank::Tls12 && chosen < Rank::Tls12
}

/// A server's random, marked if the version is lower than it had to be.
pub fn server_random(chosen: Rank, cx: &mut Cx<'_>) -> Result<[u8; 32], Fault> {
    let mut random = hello_random(cx)?;
    if is_downgrade(best(cx.config)?.rank, chosen) {
        random[24..].copy_from_slice(DOWNGRADED);
    }
    Ok(random)
}

/// The highest profile that we would speak.
pub fn best(config: &Config) -> Result<&'static Profile, Fault> {
    let (min, max) = config.versions;
    profile::highest(config.framing, min, max).ok_or(Fault::Misuse(Misuse::NoVersion))
}
