//! Resumption: which session a hello asks for, whether it fits, and the short flow (RFC 5246 section 7.3, RFC 5077).
//!
//! In: what is remembered, a hello, then the peer's ChangeCipherSpec and Finished. Out: our Finished, and what is
//! remembered of a complete handshake. Promise: a session that does not fit is silently no session; who would judge the
//! peer itself is only ever given one whose peer was judged and accepted (decisions 34).

use super::auth::{self, FinishedVerified, PeerVerified};
use super::classic::material;
use super::extensions::{ClientOffer, ServerAnswer};
use super::hello::{Offer, Wanted};
use super::{Cx, Facts, Finished, Handshake, Input, Message, RecordEdge, Step, unexpected};
use crate::config::{ClientAuth, Config, Credentials, Role, SessionOption};
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::fault::{Fault, Incompatible, Misstep};
use crate::keys::classic::{self, DirectionKeys, Randoms};
use crate::keys::transcript::Transcript;
use crate::profile::Profile;
use crate::record::protect;
use crate::resumption::{Judged, Saved, Scope};
use crate::suite::Suite;
use crate::wire::hello::{ClientHello, ServerHello};
use crate::wire::ids::HandshakeType;
use crate::wire::tail::NewSessionTicket;
use core::time::Duration;
use std::sync::Arc;

/// What stands for the ID of a session that only a ticket holds, so that the server's echo can be seen
/// (`behaviours` section 11, RFC 5077 section 3.4).
const TICKET_ID: &[u8] = b"SESSION-TICKET";

/// IDs that resume something, and those that do not (`behaviours` section 11).
const ID: usize = 16;
const NO_ID: usize = 32;

/// The session that a client may ask for. `fits` is the judgement over versions.
pub fn wanted(
    best: &Profile,
    suites: &[&'static Suite],
    fits: impl Fn(&Saved) -> bool,
    cx: &mut Cx<'_>,
) -> Option<Wanted> {
    let config = cx.config;
    cx.facts.place = config.client_place();
    let saved = cx.facts.place.as_ref()?.get(cx.now.mono)?;
    if !fits(&saved) || !suites.contains(&saved.suite) || !is_acceptable(config, &saved) {
        return None;
    }
    let by_ticket =
        saved.ticket.is_some() && best.extensions && config.options.get(SessionOption::EnableSessionTickets);
    let id = match saved.session_id.as_slice() {
        [] if by_ticket => TICKET_ID.to_vec(),
        [] => return None,
        id => id.to_vec(),
    };
    Some(Wanted { saved, id })
}

/// A context that judges its peers takes only sessions whose peer was accepted (decisions 34).
fn is_acceptable(config: &Config, saved: &Saved) -> bool {
    match saved.judged {
        Judged::Accepted => true,
        Judged::Excused => !config.verify || config.any_root,
        Judged::Not => !config.verify,
    }
}

/// Whether the server agreed. Then nothing may differ from the session.
pub fn agreed(
    wanted: Option<Wanted>,
    hello: &ServerHello,
    profile: &Profile,
    suite: &Suite,
    facts: &Facts,
) -> Result<Option<Arc<Saved>>, Fault> {
    let Some(wanted) = wanted.filter(|wanted| wanted.id == hello.session_id) else { return Ok(None) };
    let saved = wanted.saved;
    let same = saved.profile == profile
        && saved.suite == suite
        && saved.extended_master_secret == facts.extended_master_secret;
    if same { Ok(Some(saved)) } else { Err(Incompatible::ResumptionAnswered.into()) }
}

/// A session that a server goes on with.
pub struct Found {
    /// The session.
    pub saved: Arc<Saved>,
    /// Its ticket is under an old key: the client gets another.
    pub renew: bool,
}

/// The session that a ClientHello asks for, if this server has it and it fits.
pub fn find(
    hello: &ClientHello,
    offer: &ClientOffer,
    profile: &'static Profile,
    usable: &[&'static Suite],
    cx: &mut Cx<'_>,
) -> Result<Option<Found>, Fault> {
    let Some(found) = look_up(hello, offer, cx)? else { return Ok(None) };
    let saved = &found.saved;
    let fits = saved.profile == profile
        && usable.contains(&saved.suite)
        && hello.suites.contains(&saved.suite.id)
        && is_acceptable(cx.config, saved)
        && is_ours(saved, cx.config);
    if !fits {
        return Ok(None);
    }
    match (saved.extended_master_secret, offer.extended_master_secret && profile.extensions) {
        (true, false) => Err(Incompatible::Resumption.into()), // RFC 7627 section 5.3
        (false, true) => Ok(None),
        _ => Ok(Some(found)),
    }
}

/// By ticket; without one by ID. Who presents a ticket is not looked for in the cache as well (RFC 5077 section 3.4).
fn look_up(hello: &ClientHello, offer: &ClientOffer, cx: &mut Cx<'_>) -> Result<Option<Found>, Fault> {
    let ticket = offer.ticket.as_deref().unwrap_or_default();
    if let Some(keys) = cx.config.memory.ticket_keys.as_ref().filter(|_| !ticket.is_empty()) {
        let opened = keys.open(cx.config.framing, ticket, cx.now.wall, cx.rng)?;
        return Ok(opened.map(|(saved, renew)| Found { saved: Arc::new(saved), renew }));
    }
    if hello.session_id.is_empty() {
        return Ok(None);
    }
    let place = cx.config.server_place(&hello.session_id);
    let saved = place.as_ref().and_then(|place| place.get(cx.now.mono));
    if saved.is_some() {
        cx.facts.place = place;
    }
    Ok(saved.map(|saved| Found { saved, renew: false }))
}

/// Whether the session was made by a server like this one: under the same options and with the same certificate, and,
/// where clients prove themselves, by the same standards. So a session of one name does not open another (RFC 6066
/// section 3), and one without a client's certificate does not stand for one with it.
fn is_ours(saved: &Saved, config: &Config) -> bool {
    let scope = scope(config, saved.suite, config.credentials.as_deref());
    let client = match config.client_auth {
        ClientAuth::Never => true,
        ClientAuth::Try => saved.asked,
        ClientAuth::Always => !saved.peer_chain.is_empty(),
    };
    let standards =
        saved.scope.trust == scope.trust || (!saved.asked && config.client_auth == ClientAuth::Never);
    client && standards && saved.scope.own == scope.own && saved.scope.flags == scope.flags
}

fn scope(config: &Config, suite: &Suite, credentials: Option<&Credentials>) -> Scope {
    let own = credentials.filter(|_| suite.has_certificate()).and_then(|c| c.chain.first());
    let mut scope = Scope { trust: config.trust_digest(), own: [0; 32], flags: config.session_flags() };
    if let Some(leaf) = own {
        scope.own.copy_from_slice(Hash::Sha256.digest(leaf).as_bytes());
    }
    scope
}

/// The ID of a session that begins now.
pub fn new_id(cx: &mut Cx<'_>) -> Result<Vec<u8>, Fault> {
    let remembers = cx.config.memory.peer_id.is_some() && cx.config.memory.cache.is_some();
    if remembers { Ok(cx.random::<ID>()?.to_vec()) } else { Ok(cx.random::<NO_ID>()?.to_vec()) }
}

/// A complete handshake, or one whose last message is about to leave.
pub struct Complete<'a> {
    /// The version.
    pub profile: &'static Profile,
    /// The highest version the client offered.
    pub requested: &'static Profile,
    /// The suite.
    pub suite: &'static Suite,
    /// The master secret.
    pub master: &'a Secret,
    /// On a client: what the server sent to keep.
    pub ticket: Option<NewSessionTicket>,
    /// On a server: whether a client's certificate was asked for.
    pub asked: bool,
    /// What became of the peer.
    pub judged: Judged,
    /// On a server: what proved it.
    pub own: Option<&'a Credentials>,
    /// On a server that resumed: what the session belonged to.
    pub scope: Option<Scope>,
}

impl Complete<'_> {
    fn saved(&self, cx: &Cx<'_>) -> Saved {
        let Facts { session_id, peer_chain, ocsp, scts, psk_identity, extended_master_secret, .. } =
            &*cx.facts;
        let scope = match cx.config.role {
            Role::Client => Scope::default(), // all of it is in the key
            Role::Server => self.scope.unwrap_or_else(|| scope(cx.config, self.suite, self.own)),
        };
        Saved {
            profile: self.profile,
            requested: self.requested,
            suite: self.suite,
            master: self.master.clone(),
            extended_master_secret: *extended_master_secret,
            session_id: session_id.clone(),
            ticket: self.ticket.as_ref().map(|t| t.ticket.clone()).filter(|t| !t.is_empty()),
            peer_chain: peer_chain.clone(),
            ocsp: ocsp.clone(),
            scts: scts.clone(),
            psk_identity: psk_identity.clone(),
            judged: self.judged,
            asked: self.asked,
            scope,
        }
    }

    /// Keeps it in the cache, where there is one and the peer has a name.
    pub fn remember(&self, cx: &mut Cx<'_>) {
        let place = match cx.config.role {
            Role::Client => cx.config.client_place(),
            Role::Server => cx.config.server_place(&cx.facts.session_id),
        };
        let Some(place) = place else { return };
        let saved = self.saved(cx);
        if saved.session_id.is_empty() && saved.ticket.is_none() {
            return; // there is nothing to ask for it with
        }
        let mut lifetime = cx.config.memory.lifetime();
        if let Some(NewSessionTicket { lifetime: hint @ 1.., .. }) = self.ticket {
            lifetime = lifetime.min(Duration::from_secs(hint.into()));
        }
        place.cache.put(place.key, Arc::new(saved), cx.now.mono, lifetime);
        cx.facts.place = Some(place);
    }

    /// What a server sends for its client to keep; an empty ticket where there is none after all.
    pub fn new_ticket(&self, cx: &mut Cx<'_>) -> Result<NewSessionTicket, Fault> {
        let Some(keys) = cx.config.memory.ticket_keys.clone() else {
            return Ok(NewSessionTicket { lifetime: 0, ticket: Vec::new() });
        };
        let lifetime = cx.config.memory.lifetime().as_secs();
        let saved = self.saved(cx);
        let ticket = keys.seal(&saved, cx.now.wall, lifetime, cx.rng)?;
        Ok(NewSessionTicket { lifetime: u32::try_from(lifetime).unwrap_or(0), ticket })
    }
}

/// What a resumed session gives back to the connection.
fn restore(saved: &Saved, randoms: &Randoms, cx: &mut Cx<'_>) -> Result<(), Fault> {
    cx.know(randoms, &saved.master);
    auth::set_chain(saved.peer_chain.clone(), cx)?;
    cx.facts.extended_master_secret = saved.extended_master_secret;
    cx.facts.ocsp.clone_from(&saved.ocsp);
    cx.facts.scts.clone_from(&saved.scts);
    cx.facts.psk_identity.clone_from(&saved.psk_identity);
    cx.facts.resumed = true;
    Ok(())
}

/// What the state waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Ticket,
    ChangeCipher,
    Finished,
}

/// The short flow: who speaks second checks first, then both have proved that they have the master secret.
pub struct Resumed {
    role: Role,
    saved: Arc<Saved>,
    requested: &'static Profile,
    transcript: Transcript,
    ours: DirectionKeys,
    theirs: DirectionKeys,
    at: At,
    ticket: Option<NewSessionTicket>,
    own_finished: Vec<u8>,
}

impl Resumed {
    fn new(
        role: Role,
        saved: Arc<Saved>,
        requested: &'static Profile,
        randoms: &Randoms,
        transcript: Transcript,
    ) -> Resumed {
        let block = classic::key_block(saved.profile, saved.suite, &saved.master, randoms);
        let (ours, theirs) = match role {
            Role::Client => (block.client, block.server),
            Role::Server => (block.server, block.client),
        };
        let (at, ticket, own_finished) = (At::ChangeCipher, None, Vec::new());
        Resumed { role, saved, requested, transcript, ours, theirs, at, ticket, own_finished }
    }

    /// Enters the flow behind the ServerHello.
    pub fn client(
        saved: Arc<Saved>,
        offer: &Offer,
        answer: &ServerAnswer,
        randoms: &Randoms,
        mut transcript: Transcript,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        restore(&saved, randoms, cx)?;
        cx.facts.session_id.clone_from(&saved.session_id);
        transcript.drop_bytes();
        let mut state = Resumed::new(Role::Client, saved, offer.highest, randoms, transcript);
        if answer.ticket {
            state.at = At::Ticket;
        }
        Ok((Handshake::Resumed(Box::new(state)), Step::More))
    }

    /// Sends the ServerHello and all that follows it.
    pub fn server(
        found: Found,
        hello: &ServerHello,
        randoms: &Randoms,
        mut transcript: Transcript,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        restore(&found.saved, randoms, cx)?;
        transcript.drop_bytes();
        let requested = found.saved.requested;
        let renew = found.renew;
        let mut state = Resumed::new(Role::Server, found.saved, requested, randoms, transcript);
        cx.flight.message(&mut state.transcript, HandshakeType::SERVER_HELLO, &hello.encode()?)?;
        if renew {
            let ticket = state.complete().new_ticket(cx)?.encode()?;
            cx.flight.message(&mut state.transcript, HandshakeType::NEW_SESSION_TICKET, &ticket)?;
        }
        state.finish(cx)?;
        Ok((Handshake::Resumed(Box::new(state)), Step::More))
    }

    fn complete(&self) -> Complete<'_> {
        Complete {
            profile: self.saved.profile,
            requested: self.requested,
            suite: self.saved.suite,
            master: &self.saved.master,
            ticket: self.ticket.clone(),
            asked: self.saved.asked,
            judged: self.saved.judged,
            own: None,
            scope: Some(self.saved.scope),
        }
    }

    /// ChangeCipherSpec, keys, Finished.
    fn finish(&mut self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let Saved { profile, suite, master, .. } = &*self.saved;
        let material = material(&self.ours, cx.facts.encrypt_then_mac);
        cx.flight.change_cipher(protect::sealer(profile, suite, material)?);
        let client = self.role == Role::Client;
        let data = classic::verify_data(profile, suite.prf, master, client, &self.transcript);
        cx.flight.message(&mut self.transcript, HandshakeType::FINISHED, &data)?;
        self.own_finished = data;
        Ok(())
    }

    /// Whether the peer's ChangeCipherSpec is next.
    #[must_use]
    pub fn awaits_change_cipher(&self) -> bool {
        matches!(self.at, At::ChangeCipher)
    }

    /// Takes one input.
    pub fn on_input(
        mut self: Box<Self>,
        input: Input<'_>,
        edge: Option<RecordEdge>,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        match (self.at, input) {
            (At::Ticket, Input::Message(m)) if m.typ == HandshakeType::NEW_SESSION_TICKET => {
                self.ticket = Some(NewSessionTicket::parse(m.body())?);
                self.transcript.add(m.raw);
                self.at = At::ChangeCipher;
            }
            (At::ChangeCipher, Input::ChangeCipher) => {
                let edge = edge.ok_or(Fault::Misstep(Misstep::UnexpectedChangeCipher))?;
                let material = material(&self.theirs, cx.facts.encrypt_then_mac);
                cx.install_read(edge, protect::opener(self.saved.profile, self.saved.suite, material)?);
                self.at = At::Finished;
            }
            (At::Finished, Input::Message(m)) if m.typ == HandshakeType::FINISHED => {
                return self.on_finished(m, cx);
            }
            _ => return Err(unexpected(input)),
        }
        Ok((Handshake::Resumed(self), Step::More))
    }

    fn on_finished(
        mut self: Box<Self>,
        message: Message<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        let from_client = self.role == Role::Server;
        let Saved { profile, suite, master, .. } = &*self.saved;
        let finished: FinishedVerified =
            auth::check_finished(profile, suite, master, from_client, &self.transcript, message.body())?;
        let theirs = message.body().to_vec();
        let both = match self.role {
            Role::Server => Finished { client: theirs, server: self.own_finished.clone() },
            Role::Client => {
                self.transcript.add(message.raw);
                self.finish(cx)?;
                self.keep(cx);
                Finished { client: self.own_finished.clone(), server: theirs }
            }
        };
        cx.facts.finished = Some(both);
        Ok((Handshake::Open, Step::Established(PeerVerified::resumed(&self.saved), finished)))
    }

    /// A new ticket replaces the one that was used.
    fn keep(&self, cx: &mut Cx<'_>) {
        if self.ticket.as_ref().is_some_and(|ticket| !ticket.ticket.is_empty()) {
            self.complete().remember(cx);
        }
    }
}
