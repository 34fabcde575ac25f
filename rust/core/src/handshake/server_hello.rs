//! The opening of a server: what it makes of a ClientHello.
//!
//! In: a ClientHello, the caller's settings. Out: version, then suite, group, scheme and protocol, then the
//! flow of the version. Promise: the version is fixed first; everything else is chosen after the pause that
//! lets an application change certificate and protocols by the name the client asked for.

use super::auth;
use super::classic_server::{Choice, ClassicServer};
use super::extensions::{self, ClientOffer, Reply};
use super::hello::server_random;
use super::resume::{self, Found, Resumed};
use super::{ConnectionIds, Cx, Facts, Handshake, Message, Need, Pause, Step};
use crate::config::{ClientAuth, Config, Credentials, SessionOption};
use crate::fault::{Decode, Fault, Incompatible, Misuse};
use crate::group::{self, Group};
use crate::keys::classic::Randoms;
use crate::keys::transcript::Transcript;
use crate::profile::{self, Flow, Framing, Profile};
use crate::suite::{Kx, Suite};
use crate::wire::hello::{ClientHello, HelloVerifyRequest, ServerHello};
use crate::wire::ids::{GroupId, MAX_CID, SuiteId, WireVersion};
use crate::wire::v2hello;
use subtle::ConstantTimeEq;

/// A ClientHello whose version is settled.
pub struct Received {
    hello: ClientHello,
    offer: ClientOffer,
    profile: &'static Profile,
    transcript: Transcript,
}

/// Reads a ClientHello, fixes the version, and pauses or goes on.
pub fn on_client_hello(message: Message<'_>, cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
    if let Some(version) = message.body().first_chunk::<2>() {
        cx.facts.version_seen = Some(WireVersion(u16::from_be_bytes(*version)));
    }
    let hello = match cx.config.framing {
        Framing::Stream => ClientHello::parse(message.body())?,
        Framing::Datagram => ClientHello::parse_with_cookie(message.body())?,
    };
    on_hello(hello, message.raw, cx)
}

/// Reads a ClientHello in SSLv2's format (RFC 5246 appendix E.2); the transcript has it as it came.
pub fn on_v2_hello(raw: &[u8], cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
    let hello = v2hello::parse(raw)?;
    cx.facts.version_seen = Some(hello.version);
    on_hello(hello, raw, cx)
}

fn on_hello(hello: ClientHello, raw: &[u8], cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
    let (min, max) = cx.config.versions;
    let profile = profile::offered(cx.config.framing, hello.version)
        .and_then(|rank| profile::highest(cx.config.framing, min, max.min(rank)))
        .ok_or(Fault::Incompatible(Incompatible::Version))?;
    if hello.suites.contains(&SuiteId::FALLBACK_SCSV)
        && profile::highest(cx.config.framing, min, max).is_some_and(|best| best.rank > profile.rank)
    {
        return Err(Incompatible::Fallback.into());
    }
    if !hello.compressions.contains(&0) {
        return Err(Decode::BadValue.into());
    }
    if let Some(cookie) = missing_cookie(&hello, cx) {
        let request = HelloVerifyRequest { version: WireVersion::DTLS10, cookie };
        cx.flight.hello_verify(&request.encode()?)?;
        return Ok((Handshake::AwaitClientHello, Step::More));
    }
    cx.facts.profile = Some(profile);
    cx.facts.forget_client_certificate();
    cx.facts.server_name = None;
    cx.facts.alpn.clear();
    let offer = extensions::receive(hello.extensions(), &hello.suites, cx.facts)?;
    demand_binding(&hello, &offer, cx.facts)?;
    cx.facts.offered_suites.clone_from(&hello.suites);
    let mut transcript = Transcript::new();
    transcript.add(raw);
    let received = Received { hello, offer, profile, transcript };
    if cx.config.options.get(SessionOption::BreakOnClientHello) {
        return Ok((
            Handshake::ClientHelloRead(Box::new(received)),
            Step::Need(Need::App(Pause::ClientHello)),
        ));
    }
    choose(received, cx)
}

/// The cookie that a client has to show first, if it has not. Who has finished a handshake has shown where it is.
fn missing_cookie(hello: &ClientHello, cx: &Cx<'_>) -> Option<Vec<u8>> {
    let shown = hello.cookie.as_ref().filter(|_| cx.facts.finished.is_none())?;
    let wanted = cx.config.datagram.cookie.as_ref()?;
    (!bool::from(shown.ct_eq(wanted))).then(|| wanted.clone())
}

/// In a first handshake renegotiation is signalled by extension or suite; later the extension must be there and the suite
/// must not, or neither where the client never knew them (RFC 5746 sections 3.6, 3.7 and 4.4).
fn demand_binding(hello: &ClientHello, offer: &ClientOffer, facts: &mut Facts) -> Result<(), Fault> {
    if facts.finished.is_none() {
        let answers = facts.profile.is_some_and(|profile| profile.extensions);
        facts.secure_renegotiation = offer.secure_renegotiation && answers;
        return Ok(());
    }
    let by_suite = hello.suites.contains(&SuiteId::EMPTY_RENEGOTIATION_INFO_SCSV);
    if offer.bound == facts.secure_renegotiation && !by_suite {
        Ok(())
    } else {
        Err(Incompatible::Renegotiation.into())
    }
}

/// The client's first group that we run; without the extension P-256 is assumed (RFC 8422 section 4).
fn choose_group(offer: &ClientOffer, ours: &[&'static Group]) -> Option<&'static Group> {
    let assumed = [GroupId::SECP256R1];
    let listed = offer.groups.as_deref().unwrap_or(&assumed);
    listed.iter().find_map(|id| ours.iter().copied().find(|g| g.id == *id))
}

/// The first suite of our own list that the client offers and that fits version, certificate, group and scheme.
fn choose_suite(
    received: &Received,
    group: Option<&'static Group>,
    cx: &Cx<'_>,
) -> Result<&'static Suite, Fault> {
    let rank = received.profile.rank;
    let usable = cx.config.usable_suites(rank, rank);
    let mut offered = usable.into_iter().filter(|suite| received.hello.suites.contains(&suite.id));
    let mut keyless = false;
    let fits = |suite: &&'static Suite| {
        let fits = fits(suite, received, group, cx.config);
        let configured = !suite.has_psk() || cx.config.psk.is_configured();
        keyless |= fits && !configured;
        fits && configured
    };
    match offered.find(fits) {
        Some(suite) => Ok(suite),
        // A secret that was never configured is a mistake on this side (decisions 33).
        None if keyless => Err(Misuse::Configuration.into()),
        None => Err(Incompatible::Suite.into()),
    }
}

/// Whether certificate, group and scheme allow this suite.
fn fits(suite: &Suite, received: &Received, group: Option<&'static Group>, config: &Config) -> bool {
    if suite.kx == Kx::Ecdhe && group.is_none() {
        return false;
    }
    if !suite.has_certificate() {
        return true;
    }
    let Some(credentials) = config.credentials.as_ref().filter(|c| auth::key_fits(suite, c.key.kind()))
    else {
        return false;
    };
    if suite.is_signed() {
        let listed = received.offer.schemes.as_deref();
        return auth::scheme_for(received.profile, &credentials.key, listed).is_ok();
    }
    match suite.kx {
        Kx::Ecdh => credentials.key.can_agree() && serves_statically(suite, credentials, received, config),
        _ => credentials.key.can_decrypt(),
    }
}

/// Static ECDH runs on the curve of our certificate, which both ends must know.
fn serves_statically(suite: &Suite, credentials: &Credentials, received: &Received, config: &Config) -> bool {
    let own = credentials.key.kind().curve().and_then(group::by_curve);
    let known = own.is_some_and(|own| {
        let listed = received.offer.groups.as_ref().is_none_or(|listed| listed.contains(&own.id));
        listed && config.groups.contains(&own)
    });
    known && auth::serves_statically(suite, &credentials.chain)
}

/// What the ServerHello says about the session.
struct Session {
    id: Vec<u8>,
    ticket: bool,
    status: bool,
    resumed: bool,
}

/// Our connection ID and the client's, where both ends have one and the version has a place for it.
fn connection_ids(profile: &Profile, offer: &ClientOffer, config: &Config) -> Option<ConnectionIds> {
    let ours = config.datagram.connection_id.clone().filter(|_| profile.connection_id)?;
    let theirs = offer.connection_id.clone().filter(|name| name.len() <= MAX_CID)?;
    Some((ours, theirs))
}

/// The ServerHello, and what it settles.
fn answer(
    profile: &'static Profile,
    suite: &'static Suite,
    offer: &ClientOffer,
    session: Session,
    cx: &mut Cx<'_>,
) -> Result<ServerHello, Fault> {
    let alpn = cx.config.alpn.iter().find(|name| offer.alpn.contains(name)).cloned();
    let srtp = cx.config.srtp.iter().copied().find(|profile| offer.srtp.contains(&profile.id));
    let connection_ids = connection_ids(profile, offer, cx.config);
    let connection_id = connection_ids.as_ref().map(|(ours, _)| ours.clone());
    let binding = cx.facts.server_binding().unwrap_or_default();
    let Session { id, ticket, status, resumed } = session;
    let reply =
        Reply { offer, alpn: alpn.as_deref(), srtp, connection_id, suite, binding, ticket, status, resumed };
    let extensions = profile.extensions.then(|| extensions::reply(&reply));
    cx.facts.suite = Some(suite);
    cx.facts.forget_exchange();
    cx.facts.alpn = alpn.into_iter().collect();
    cx.facts.srtp = srtp;
    cx.facts.connection_ids = connection_ids;
    cx.facts.settle_encrypt_then_mac(offer.encrypt_then_mac && profile.extensions, suite)?;
    cx.facts.session_id.clone_from(&id);
    let random = server_random(profile.rank, cx)?;
    Ok(ServerHello {
        version: profile.wire,
        random,
        session_id: id,
        suite: suite.id,
        compression: 0,
        extensions,
    })
}

/// Answers with the session that the client asked for.
fn go_on(received: Received, found: Found, cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
    let Received { hello, offer, profile, mut transcript } = received;
    let suite = found.saved.suite;
    let session = Session { id: hello.session_id, ticket: found.renew, status: false, resumed: true };
    let server = answer(profile, suite, &offer, session, cx)?;
    transcript.start(profile, suite.prf);
    let randoms = Randoms { client: hello.random, server: server.random };
    cx.facts.randoms = Some(randoms);
    Resumed::server(found, &server, &randoms, transcript, cx)
}

/// Chooses everything that is left to choose, and answers.
pub fn choose(received: Received, cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
    cx.facts.resumed = false;
    let rank = received.profile.rank;
    let usable = cx.config.usable_suites(rank, rank);
    if let Some(found) = resume::find(&received.hello, &received.offer, received.profile, &usable, cx)? {
        return go_on(received, found, cx);
    }
    let group = choose_group(&received.offer, &cx.config.groups);
    let suite = choose_suite(&received, group, cx)?;
    if !suite.has_certificate() && cx.config.client_auth != ClientAuth::Never {
        return Err(Misuse::Configuration.into()); // who proves nothing may ask for nothing (behaviours 14)
    }
    let credentials = cx.config.credentials.clone().filter(|_| suite.has_certificate());
    let Received { hello, offer, profile, mut transcript } = received;
    let id = resume::new_id(cx)?;
    let ticket = offer.ticket.is_some() && cx.config.memory.ticket_keys.is_some() && profile.extensions;
    // What is stapled is frozen here, like everything that the ServerHello says.
    let asked = offer.status && profile.extensions && suite.has_certificate();
    let staple = cx.config.ocsp_response.clone().filter(|_| asked);
    let session = Session { id, ticket, status: staple.is_some(), resumed: false };
    let server = answer(profile, suite, &offer, session, cx)?;
    cx.facts.group = match suite.kx {
        Kx::Ecdhe => group,
        Kx::Ecdh => credentials.as_ref().and_then(|c| c.key.kind().curve()).and_then(group::by_curve),
        Kx::Rsa | Kx::Dhe | Kx::Psk => None,
    };
    cx.facts.extended_master_secret = offer.extended_master_secret && profile.extensions;
    transcript.start(profile, suite.prf);
    match profile.flow {
        Flow::Classic => {
            let randoms = Randoms { client: hello.random, server: server.random };
            let client_version = hello.version;
            let choice =
                Choice { profile, suite, group, credentials, randoms, client_version, ticket, staple };
            cx.facts.randoms = Some(randoms);
            ClassicServer::answer(choice, &server, offer.schemes.as_deref(), transcript, cx)
        }
    }
}
