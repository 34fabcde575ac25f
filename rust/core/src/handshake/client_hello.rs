//! The opening of a client: its hello, and what it makes of the server's.
//!
//! In: the caller's settings, a ServerHello. Out: a ClientHello, then the flow of the negotiated version.
//! Promise: the answer is held against what was offered, and against nothing that was set since.

use super::auth;
use super::classic_client::ClassicClient;
use super::extensions::{self, Offering, ServerAnswer};
use super::hello::{DOWNGRADED, Offer, best, hello_random, is_downgrade};
use super::resume::{self, Resumed};
use super::{Cx, Facts, Handshake, Message, Step};
use crate::config::{Config, SessionOption};
use crate::fault::{Decode, Fault, Incompatible, Misstep, Misuse};
use crate::keys::classic::Randoms;
use crate::keys::transcript::Transcript;
use crate::profile::{self, Flow, Profile};
use crate::resumption::Saved;
use crate::suite::Suite;
use crate::wire::extension::Extension;
use crate::wire::hello::{ClientHello, HelloVerifyRequest, ServerHello};
use crate::wire::ids::{HandshakeType, SuiteId, WireVersion};
use crate::wire::tail;

/// A client that waits for the ServerHello.
pub struct Sent {
    offer: Offer,
    transcript: Transcript,
    /// The hello itself and how often it was sent, where a server may demand a cookie in it.
    again: Option<(ClientHello, u32)>,
}

/// Cookies that a client sends in one handshake: one may have expired meanwhile.
const MAX_COOKIES: u32 = 4;

/// Builds and sends the ClientHello.
pub fn start(cx: &mut Cx<'_>) -> Result<Handshake, Fault> {
    let (min, max) = cx.config.versions;
    let best = best(cx.config)?;
    cx.facts.forget_client_certificate();
    // Without a secret a suite with a pre-shared key is not offered (decisions 28).
    let psk = cx.config.psk.secret.is_some();
    let suites: Vec<_> =
        cx.config.usable_suites(min, max).into_iter().filter(|s| psk || !s.has_psk()).collect();
    if suites.is_empty() {
        return Err(Misuse::Configuration.into());
    }
    // A hello that offers more than the session's would have the server hold back (behaviours 13).
    let fits = |saved: &Saved| {
        let enabled = saved.profile.framing == cx.config.framing && (min..=max).contains(&saved.profile.rank);
        enabled && saved.requested.rank >= best.rank
    };
    let offer = Offer {
        random: hello_random(cx)?,
        highest: best,
        bounds: (min, max),
        schemes: extensions::offered_schemes(cx.config),
        tickets: best.extensions && cx.config.options.get(SessionOption::EnableSessionTickets),
        wanted: resume::wanted(best, &suites, fits, cx),
        suites,
    };
    let hello = build(&offer, cx.config, cx.facts)?;
    let mut transcript = Transcript::new();
    cx.flight.message(&mut transcript, HandshakeType::CLIENT_HELLO, &hello.encode()?)?;
    let again = hello.cookie.is_some().then_some((hello, 0));
    Ok(Handshake::AwaitServerHello(Box::new(Sent { offer, transcript, again })))
}

/// Sends the same hello with the server's cookie; neither the first one nor the request is hashed (RFC 6347 section 4.2.1).
pub fn on_hello_verify(
    sent: Sent,
    message: Message<'_>,
    cx: &mut Cx<'_>,
) -> Result<(Handshake, Step), Fault> {
    let Some((mut hello, sends)) = sent.again.filter(|(_, sends)| *sends < MAX_COOKIES) else {
        return Err(Misstep::UnexpectedMessage.into());
    };
    let request = HelloVerifyRequest::parse(message.body())?;
    // DTLS 1.0 by the RFC; some say what they mean to answer.
    if profile::by_wire(cx.config.framing, request.version).is_none() {
        return Err(Incompatible::VersionAnswered.into());
    }
    hello.cookie = Some(request.cookie);
    let mut transcript = Transcript::new();
    cx.flight.message(&mut transcript, HandshakeType::CLIENT_HELLO, &hello.encode()?)?;
    let sent = Sent { offer: sent.offer, transcript, again: Some((hello, sends + 1)) };
    Ok((Handshake::AwaitServerHello(Box::new(sent)), Step::More))
}

fn build(offer: &Offer, config: &Config, facts: &Facts) -> Result<ClientHello, Fault> {
    // A renegotiation is bound to the handshake before where the server knows how (RFC 5746 section 3.5).
    let renegotiates = facts.finished.is_some();
    let binding = facts.client_binding().filter(|_| facts.secure_renegotiation);
    let mut suites = Vec::new();
    if binding.is_none() && !renegotiates {
        suites.push(SuiteId::EMPTY_RENEGOTIATION_INFO_SCSV); // a first handshake signals by suite number
    }
    if config.options.get(SessionOption::Fallback) {
        suites.push(SuiteId::FALLBACK_SCSV);
    }
    suites.extend(offer.suites.iter().map(|s| s.id));
    let mut hello = ClientHello {
        version: offer.highest.wire,
        random: offer.random,
        session_id: offer.wanted.as_ref().map(|wanted| wanted.id.clone()).unwrap_or_default(),
        // Empty in a renegotiation, too (RFC 6347 section 4.2.1); mbedTLS and Java take nothing else.
        cookie: offer.highest.cookie.then(Vec::new),
        suites,
        compressions: vec![0],
        extensions: Some(extensions::offer(&Offering {
            config,
            suites: &offer.suites,
            profile: offer.highest,
            binding,
            ticket: offer.tickets.then(|| offer.ticket()),
        })),
    };
    // A hello with a cookie field goes to servers that are too young to hang, and should fit into one datagram.
    if offer.highest.extensions
        && hello.cookie.is_none()
        && let Some(padding) = padding(hello.encode()?.len() + tail::HEADER)
    {
        hello.extensions.get_or_insert_default().push(Extension::Padding(padding));
    }
    Ok(hello)
}

/// Some servers hang on a hello of 256 to 511 bytes (RFC 7685): such a one is padded to 512.
fn padding(length: usize) -> Option<usize> {
    (256..512).contains(&length).then(|| (512 - length).saturating_sub(4))
}

/// Reads the ServerHello and enters the flow of its version.
pub fn on_server_hello(
    sent: Sent,
    message: Message<'_>,
    cx: &mut Cx<'_>,
) -> Result<(Handshake, Step), Fault> {
    if let Some(version) = message.body().first_chunk::<2>() {
        cx.facts.version_seen = Some(WireVersion(u16::from_be_bytes(*version)));
    }
    let hello = ServerHello::parse(message.body())?;
    let Sent { mut offer, mut transcript, .. } = sent;
    let (profile, suite) = chosen(&hello, &offer, cx.config)?;
    (cx.facts.extended_master_secret, cx.facts.encrypt_then_mac) = (false, false);
    (cx.facts.ocsp, cx.facts.scts) = (None, Vec::new());
    cx.facts.alpn.clear();
    cx.facts.srtp = None;
    cx.facts.connection_ids = None;
    let answer = extensions::settle(hello.extensions(), cx.config, cx.facts)?;
    if answer.ticket && !offer.tickets {
        return Err(Misstep::UnsolicitedExtension.into());
    }
    demand_binding(&answer, cx.facts)?;
    if cx.facts.connection_ids.is_some() && !profile.connection_id {
        return Err(Decode::BadValue.into()); // the version has no place for names
    }
    // A server may say so, but SSLv3 derives without the transcript and only block ciphers have a MAC to move.
    cx.facts.extended_master_secret &= profile.extensions;
    cx.facts.settle_encrypt_then_mac(cx.facts.encrypt_then_mac && profile.extensions, suite)?;
    cx.facts.profile = Some(profile);
    cx.facts.suite = Some(suite);
    cx.facts.forget_exchange();
    cx.facts.resumed = false;
    transcript.start(profile, suite.prf);
    transcript.add(message.raw);
    let resumed = resume::agreed(offer.wanted.take(), &hello, profile, suite, cx.facts)?;
    match profile.flow {
        Flow::Classic => {
            let randoms = Randoms { client: offer.random, server: hello.random };
            cx.facts.randoms = Some(randoms);
            if let Some(saved) = resumed {
                return Resumed::client(saved, &offer, &answer, &randoms, transcript, cx);
            }
            if !suite.has_certificate() {
                auth::set_chain(Vec::new(), cx)?;
            }
            cx.facts.session_id = hello.session_id;
            let state = ClassicClient::new(profile, suite, randoms, transcript, offer, answer);
            Ok((Handshake::ClassicClient(Box::new(state)), Step::More))
        }
    }
}

/// What the server chose, if we offered it.
fn chosen(
    hello: &ServerHello,
    offer: &Offer,
    config: &Config,
) -> Result<(&'static Profile, &'static Suite), Fault> {
    let profile = profile::by_wire(config.framing, hello.version)
        .filter(|p| (offer.bounds.0..=offer.bounds.1).contains(&p.rank))
        .ok_or(Fault::Incompatible(Incompatible::VersionAnswered))?;
    // Someone between us has lowered the version that we offered.
    if is_downgrade(offer.bounds.1, profile.rank) && hello.random.ends_with(DOWNGRADED) {
        return Err(Incompatible::Downgraded.into());
    }
    let suite = *offer
        .suites
        .iter()
        .find(|s| s.id == hello.suite && s.ranks.contains(&profile.rank))
        .ok_or(Fault::Incompatible(Incompatible::SuiteAnswered))?;
    if hello.compression != 0 {
        return Err(Incompatible::Compression.into());
    }
    Ok((profile, suite))
}

/// In a first handshake renegotiation_info says that the server knows it; later it must be there, or must not (RFC 5746
/// sections 3.5 and 4.2).
fn demand_binding(answer: &ServerAnswer, facts: &mut Facts) -> Result<(), Fault> {
    if facts.finished.is_none() {
        facts.secure_renegotiation = answer.bound;
        return Ok(());
    }
    if answer.bound == facts.secure_renegotiation { Ok(()) } else { Err(Incompatible::Renegotiation.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hello_is_between_256_and_511_bytes_long() {
        for length in 0..1000 {
            let padded = padding(length).map_or(length, |n| length + 4 + n);
            assert!(!(256..512).contains(&padded), "{length} became {padded}");
        }
        assert_eq!(padding(300), Some(208));
    }
}
