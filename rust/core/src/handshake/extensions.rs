//! Hello extensions as rules: who offers, what the other side does with it, what it answers.
//!
//! In: the caller's settings, the peer's extensions. Out: our extensions in their published order
//! (`behaviours` section 11). Promise: one row per extension; walking the rows in order is the only way an
//! extension gets into a hello.

use super::Facts;
use crate::config::Config;
use crate::fault::{Decode, Fault, Incompatible, Misstep};
use crate::profile::{Profile, Signing};
use crate::scheme::{SCHEMES, SchemeKey};
use crate::srtp::SrtpProfile;
use crate::suite::Suite;
use crate::wire::extension::Extension;
use crate::wire::ids::{ExtensionType, GroupId, SchemeId, SrtpId, SuiteId};
use subtle::ConstantTimeEq;

/// `uncompressed`, the one point format (RFC 8422 section 5.1.2).
const UNCOMPRESSED: u8 = 0;

/// What a client is about to offer.
pub struct Offering<'a> {
    /// The caller's settings.
    pub config: &'a Config,
    /// The suites in the hello.
    pub suites: &'a [&'static Suite],
    /// The highest version that is offered.
    pub profile: &'a Profile,
    /// What renegotiation_info holds; `None` without one, as in a first handshake.
    pub binding: Option<Vec<u8>>,
    /// What session_ticket holds; `None` without one.
    pub ticket: Option<Vec<u8>>,
}

impl Offering<'_> {
    fn elliptic(&self) -> bool {
        self.suites.iter().any(|s| s.is_elliptic())
    }
}

/// What a server learned from a ClientHello.
#[derive(Debug, Default)]
pub struct ClientOffer {
    /// Groups; `None` without the extension.
    pub groups: Option<Vec<GroupId>>,
    /// Signature schemes; `None` without the extension.
    pub schemes: Option<Vec<SchemeId>>,
    /// Whether a server name came.
    pub server_name: bool,
    /// ALPN protocols.
    pub alpn: Vec<Vec<u8>>,
    /// Whether the extended master secret was offered.
    pub extended_master_secret: bool,
    /// Whether secure renegotiation was signalled, by extension or suite.
    pub secure_renegotiation: bool,
    /// Whether it was by extension.
    pub bound: bool,
    /// Whether encrypt-then-MAC was offered.
    pub encrypt_then_mac: bool,
    /// Whether a stapled OCSP response was asked for.
    pub status: bool,
    /// What session_ticket held; `None` without the extension.
    pub ticket: Option<Vec<u8>>,
    /// Protection profiles for SRTP.
    pub srtp: Vec<SrtpId>,
}

/// What a server is about to answer.
pub struct Reply<'a> {
    /// The client's offer.
    pub offer: &'a ClientOffer,
    /// The protocol selected by ALPN.
    pub alpn: Option<&'a [u8]>,
    /// The protection profile for SRTP that was chosen.
    pub srtp: Option<&'static SrtpProfile>,
    /// The suite that was chosen.
    pub suite: &'a Suite,
    /// What renegotiation_info holds.
    pub binding: Vec<u8>,
    /// Whether a ticket will be sent.
    pub ticket: bool,
    /// Whether a stapled OCSP response will be sent.
    pub status: bool,
    /// Whether a session is resumed: then some answers were given the first time.
    pub resumed: bool,
}

type OfferFn = fn(&Offering<'_>) -> Option<Extension>;
type ReceiveFn = fn(&mut ClientOffer, &mut Facts, &Extension) -> Result<(), Fault>;
type ReplyFn = fn(&Reply<'_>) -> Option<Extension>;
type SettleFn = fn(&mut Facts, &mut ServerAnswer, &Config, &Extension) -> Result<(), Fault>;

struct Rule {
    typ: ExtensionType,
    offer: OfferFn,
    receive: ReceiveFn,
    reply: ReplyFn,
    settle: SettleFn,
}

/// What a client learned from a ServerHello beyond the facts.
#[derive(Debug, Default)]
pub struct ServerAnswer {
    /// A CertificateStatus may follow.
    pub status: bool,
    /// renegotiation_info came.
    pub bound: bool,
    /// A ticket will come.
    pub ticket: bool,
}

fn no_reply(_: &Reply<'_>) -> Option<Extension> {
    None
}

fn settle_nothing(_: &mut Facts, _: &mut ServerAnswer, _: &Config, _: &Extension) -> Result<(), Fault> {
    Ok(())
}

fn receive_nothing(_: &mut ClientOffer, _: &mut Facts, _: &Extension) -> Result<(), Fault> {
    Ok(())
}

/// In the order of the ClientHello. The ServerHello's order is the same.
static RULES: &[Rule] = &[
    Rule {
        typ: ExtensionType::SESSION_TICKET,
        offer: |o| o.ticket.clone().map(Extension::SessionTicket),
        receive: |offer, _, extension| {
            if let Extension::SessionTicket(ticket) = extension {
                offer.ticket = Some(ticket.clone());
            }
            Ok(())
        },
        reply: |r| r.ticket.then(|| Extension::SessionTicket(Vec::new())),
        settle: |_, answer, _, _| {
            answer.ticket = true; // whether it was offered is for whoever knows the offer
            Ok(())
        },
    },
    Rule {
        typ: ExtensionType::SERVER_NAME,
        offer: |o| {
            let name = &o.config.peer_name;
            (!name.is_empty()).then(|| Extension::ServerName(Some(name.clone())))
        },
        receive: |offer, facts, extension| {
            if let Extension::ServerName(name) = extension {
                offer.server_name = name.is_some();
                facts.server_name.clone_from(name);
            }
            Ok(())
        },
        // RFC 6066 section 3: not in the reply that resumes.
        reply: |r| (r.offer.server_name && !r.resumed).then_some(Extension::ServerName(None)),
        settle: settle_nothing,
    },
    Rule {
        typ: ExtensionType::SUPPORTED_GROUPS,
        offer: |o| {
            let groups = o.config.groups.iter().map(|g| g.id).collect();
            o.elliptic().then_some(Extension::SupportedGroups(groups))
        },
        receive: |offer, _, extension| {
            if let Extension::SupportedGroups(groups) = extension {
                offer.groups = Some(groups.clone());
            }
            Ok(())
        },
        reply: no_reply,
        settle: settle_nothing,
    },
    Rule {
        typ: ExtensionType::EC_POINT_FORMATS,
        offer: |o| o.elliptic().then(|| Extension::EcPointFormats(vec![UNCOMPRESSED])),
        receive: |_, _, extension| match extension {
            // RFC 8422 section 5.1.2: uncompressed must be among them.
            Extension::EcPointFormats(formats) if !formats.contains(&UNCOMPRESSED) => {
                Err(Decode::BadValue.into())
            }
            _ => Ok(()),
        },
        reply: no_reply,
        settle: settle_nothing,
    },
    Rule {
        typ: ExtensionType::SIGNATURE_ALGORITHMS,
        offer: |o| {
            let listed = o.profile.signing == Signing::Listed;
            listed.then(|| Extension::SignatureAlgorithms(offered_schemes(o.config)))
        },
        receive: |offer, facts, extension| {
            if let Extension::SignatureAlgorithms(schemes) = extension {
                facts.peer_schemes.clone_from(schemes);
                offer.schemes = Some(schemes.clone());
            }
            Ok(())
        },
        reply: no_reply,
        settle: settle_nothing,
    },
    Rule {
        typ: ExtensionType::ALPN,
        offer: |o| (!o.config.alpn.is_empty()).then(|| Extension::Alpn(o.config.alpn.clone())),
        receive: |offer, facts, extension| {
            if let Extension::Alpn(names) = extension {
                offer.alpn.clone_from(names);
                facts.alpn.clone_from(names);
            }
            Ok(())
        },
        reply: |r| r.alpn.map(|name| Extension::Alpn(vec![name.to_vec()])),
        settle: |facts, _, config, extension| {
            if config.alpn.is_empty() {
                return Err(Misstep::UnsolicitedExtension.into());
            }
            if let Extension::Alpn(names) = extension {
                facts.alpn.clone_from(names); // not checked against the offer, as published
                facts.alpn_news = config.alpn_news;
            }
            Ok(())
        },
    },
    Rule {
        typ: ExtensionType::STATUS_REQUEST,
        offer: |_| Some(Extension::StatusRequest),
        receive: |offer, _, extension| {
            offer.status = matches!(extension, Extension::StatusRequest);
            Ok(())
        },
        reply: |r| r.status.then_some(Extension::StatusRequest),
        settle: |_, answer, _, _| {
            answer.status = true;
            Ok(())
        },
    },
    Rule {
        typ: ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
        offer: |_| Some(Extension::Sct(Vec::new())),
        receive: receive_nothing,
        reply: no_reply,
        settle: |facts, _, _, extension| {
            if let Extension::Sct(list) = extension {
                facts.scts.clone_from(list);
            }
            Ok(())
        },
    },
    Rule {
        typ: ExtensionType::RENEGOTIATION_INFO,
        offer: |_| None, // stands before all others, see `offer`
        receive: |offer, facts, extension| {
            offer.secure_renegotiation = true;
            offer.bound = true;
            bound_to(extension, facts.client_binding())
        },
        reply: |r| {
            let binding = || Extension::RenegotiationInfo(r.binding.clone());
            r.offer.secure_renegotiation.then(binding)
        },
        settle: |facts, answer, _, extension| {
            answer.bound = true;
            bound_to(extension, facts.server_binding())
        },
    },
    Rule {
        typ: ExtensionType::EXTENDED_MASTER_SECRET,
        offer: |_| Some(Extension::ExtendedMasterSecret),
        receive: |offer, _, _| {
            offer.extended_master_secret = true;
            Ok(())
        },
        reply: |r| r.offer.extended_master_secret.then_some(Extension::ExtendedMasterSecret),
        settle: |facts, _, _, _| {
            facts.extended_master_secret = true;
            Ok(())
        },
    },
    Rule {
        typ: ExtensionType::ENCRYPT_THEN_MAC,
        offer: |o| o.suites.iter().any(|s| s.has_cbc()).then_some(Extension::EncryptThenMac),
        receive: |offer, _, _| {
            offer.encrypt_then_mac = true;
            Ok(())
        },
        // Only for block ciphers (RFC 7366 section 3).
        reply: |r| (r.offer.encrypt_then_mac && r.suite.has_cbc()).then_some(Extension::EncryptThenMac),
        settle: |facts, _, _, _| {
            facts.encrypt_then_mac = true;
            Ok(())
        },
    },
    Rule {
        typ: ExtensionType::USE_SRTP,
        offer: |o| srtp(o.config.srtp.iter().map(|profile| profile.id)),
        receive: |offer, _, extension| {
            if let Extension::UseSrtp(profiles, _) = extension {
                offer.srtp.clone_from(profiles);
            }
            Ok(())
        },
        reply: |r| srtp(r.srtp.map(|profile| profile.id)),
        settle: settle_srtp,
    },
];

/// use_srtp with these profiles and no master key identifier; nothing without any.
fn srtp(profiles: impl IntoIterator<Item = SrtpId>) -> Option<Extension> {
    let profiles: Vec<SrtpId> = profiles.into_iter().collect();
    (!profiles.is_empty()).then(|| Extension::UseSrtp(profiles, Vec::new()))
}

/// A server selects one of the profiles that were offered, and repeats the master key identifier, which is none (RFC
/// 5764 section 4.1.3).
fn settle_srtp(
    facts: &mut Facts,
    _: &mut ServerAnswer,
    config: &Config,
    body: &Extension,
) -> Result<(), Fault> {
    let Extension::UseSrtp(selected, key_id) = body else { return Ok(()) };
    if config.srtp.is_empty() {
        return Err(Misstep::UnsolicitedExtension.into());
    }
    let known = config.srtp.iter().find(|profile| selected.contains(&profile.id));
    match known {
        Some(profile) if key_id.is_empty() => {
            facts.srtp = Some(profile);
            Ok(())
        }
        _ => Err(Decode::BadValue.into()),
    }
}

/// renegotiation_info holds the verify data of the handshake before, nothing in a first one (RFC 5746 sections 3.4 to
/// 3.7).
fn bound_to(extension: &Extension, binding: Option<Vec<u8>>) -> Result<(), Fault> {
    let wanted = binding.unwrap_or_default();
    match extension {
        Extension::RenegotiationInfo(data) if !bool::from(data.ct_eq(&wanted)) => {
            Err(Incompatible::Renegotiation.into())
        }
        _ => Ok(()),
    }
}

/// The schemes of our signature_algorithms.
#[must_use]
pub fn offered_schemes(config: &Config) -> Vec<SchemeId> {
    let dss = config.wants_dss();
    SCHEMES.iter().filter(|s| dss || s.key != SchemeKey::Dsa).map(|s| s.id).collect()
}

/// Our extensions for a ClientHello, padding excluded.
#[must_use]
pub fn offer(offering: &Offering<'_>) -> Vec<Extension> {
    if !offering.profile.extensions {
        return Vec::new();
    }
    let binding = offering.binding.clone().map(Extension::RenegotiationInfo);
    binding.into_iter().chain(RULES.iter().filter_map(|rule| (rule.offer)(offering))).collect()
}

/// Reads a client's extensions and its signalling suites.
pub fn receive(
    extensions: &[Extension],
    suites: &[SuiteId],
    facts: &mut Facts,
) -> Result<ClientOffer, Fault> {
    let mut offer = ClientOffer {
        secure_renegotiation: suites.contains(&SuiteId::EMPTY_RENEGOTIATION_INFO_SCSV),
        ..ClientOffer::default()
    };
    for extension in extensions {
        if let Some(rule) = RULES.iter().find(|rule| rule.typ == extension.typ()) {
            (rule.receive)(&mut offer, facts, extension)?;
        }
    }
    Ok(offer)
}

/// Our extensions for a ServerHello. The rules stand in the order of both hellos.
#[must_use]
pub fn reply(reply: &Reply<'_>) -> Vec<Extension> {
    RULES.iter().filter_map(|rule| (rule.reply)(reply)).collect()
}

/// Reads a server's extensions; unknown ones are ignored, as published.
pub fn settle(extensions: &[Extension], config: &Config, facts: &mut Facts) -> Result<ServerAnswer, Fault> {
    let mut answer = ServerAnswer::default();
    for extension in extensions {
        if let Some(rule) = RULES.iter().find(|rule| rule.typ == extension.typ()) {
            (rule.settle)(facts, &mut answer, config, extension)?;
        }
    }
    Ok(answer)
}
