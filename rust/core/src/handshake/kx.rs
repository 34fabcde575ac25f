//! The classic key exchanges by verbs: what the server sends, what the client makes of it, what the server
//! reads back.
//!
//! In: shares and keys. Out: a premaster, or a question when a private key or a pre-shared key has to be asked for.
//! Promise: an RSA premaster is never judged here; whether it was right shows at Finished (RFC 5246 section
//! 7.4.7.1). A pre-shared key is mixed in one place, whatever exchange it rides on.

use super::{Cx, Facts, Need};
use crate::config::{Config, Credentials};
use crate::crypto::ecdh::EcdhKey;
use crate::crypto::ffdh::{DhGroup, DhKey};
use crate::crypto::rng::Rng;
use crate::crypto::rsa;
use crate::crypto::secret::Secret;
use crate::crypto::sign::PublicKey;
use crate::fault::{CryptoFault, Fault, Incompatible, Misuse};
use crate::group::{self, Group};
use crate::profile::{PremasterForm, Profile};
use crate::suite::{Kx, Suite};
use crate::wire::ids::{GroupId, WireVersion};
use crate::wire::kx::{
    ClientKeyExchange, ClientShape, DheParams, EcdheParams, Params, ParamsKind, ServerShape, ShareForm,
};
use std::sync::Arc;

/// Length of an RSA premaster secret.
const PREMASTER: usize = 48;

/// Length of the secret that stands in for an identity nobody knows.
const STAND_IN: usize = 32;

fn params_kind(suite: &Suite) -> ParamsKind {
    match suite.kx {
        Kx::Dhe => ParamsKind::Dhe,
        Kx::Ecdhe => ParamsKind::Ecdhe,
        Kx::Rsa | Kx::Ecdh | Kx::Psk => ParamsKind::None,
    }
}

/// What a ServerKeyExchange of this suite holds.
#[must_use]
pub fn server_shape(suite: &Suite, profile: &Profile) -> ServerShape {
    let (hint, params, signed) = (suite.has_psk(), params_kind(suite), suite.is_signed());
    ServerShape { hint, params, signed, listed: profile.signing.lists() }
}

/// Whether a ServerKeyExchange may come, and whether it must. Without a share it is there for a hint only.
#[must_use]
pub fn server_sends(suite: &Suite) -> (bool, bool) {
    let share = params_kind(suite) != ParamsKind::None;
    (share || suite.has_psk(), share)
}

fn client_shape(suite: &Suite, profile: &Profile) -> ClientShape {
    let share = match (suite.kx, profile.premaster) {
        (Kx::Rsa, PremasterForm::Bare) => ShareForm::Bare,
        (Kx::Rsa | Kx::Dhe, _) => ShareForm::Vector(2),
        (Kx::Ecdhe | Kx::Ecdh, _) => ShareForm::Vector(1),
        (Kx::Psk, _) => ShareForm::None,
    };
    ClientShape { identity: suite.has_psk(), share }
}

/// The secret half of a fresh share.
enum OwnKey {
    Ecdhe(EcdhKey),
    Dhe(DhKey),
}

/// The server's half of an ephemeral exchange.
pub struct ServerShare {
    key: OwnKey,
    /// The bytes that are sent and signed.
    pub params: Vec<u8>,
}

/// Makes the server's share; `None` where the suite has none.
pub fn server_params(
    suite: &Suite,
    group: Option<&'static Group>,
    config: &Config,
    facts: &mut Facts,
) -> Result<Option<ServerShare>, Fault> {
    match suite.kx {
        Kx::Rsa | Kx::Ecdh | Kx::Psk => Ok(None),
        Kx::Ecdhe => {
            let group = group.ok_or(Fault::Incompatible(Incompatible::Group))?;
            let key = EcdhKey::generate(group.curve)?;
            let params = EcdheParams { group: group.id, point: key.public().to_vec() }.encode()?;
            Ok(Some(ServerShare { key: OwnKey::Ecdhe(key), params }))
        }
        Kx::Dhe => {
            let group = match &config.dh_group {
                Some((group, _)) => group.clone(),
                None => DhGroup::built_in()?,
            };
            let key = DhKey::generate(&group)?;
            let (p, g) = (group.prime().to_vec(), group.generator().to_vec());
            let params = DheParams { p, g, share: key.public().to_vec() }.encode()?;
            facts.dh_group = Some(group);
            Ok(Some(ServerShare { key: OwnKey::Dhe(key), params }))
        }
    }
}

/// The server's share as the client keeps it.
pub enum Share {
    /// A curve that was offered, and a point.
    Ecdhe(&'static Group, Vec<u8>),
    /// A group of the server's choice, and a value in it.
    Dhe(DhGroup, Vec<u8>),
}

/// What a client makes of a server's share before its signature is looked at: a curve must have been offered, a
/// prime must be bearable and a value must lie in the group. Whether the prime is large enough is asked later
/// (decisions 22).
pub fn take_params(params: Params, cx: &mut Cx<'_>) -> Result<Share, Fault> {
    match params {
        Params::Ecdhe(EcdheParams { group, point }) => {
            let group = group_offered(group, cx)?;
            cx.facts.group = Some(group);
            Ok(Share::Ecdhe(group, point))
        }
        Params::Dhe(DheParams { p, g, share }) => {
            let group = DhGroup::new(&p, &g)?;
            group.check_share(&share)?;
            cx.facts.dh_group = Some(group.clone());
            Ok(Share::Dhe(group, share))
        }
    }
}

/// What a client does with the certificate's key under static ECDH: its curve must have been offered.
pub fn take_static(key: &PublicKey, cx: &mut Cx<'_>) -> Result<(), Fault> {
    let group = key.kind().curve().and_then(group::by_curve).ok_or_else(super::broken)?;
    cx.facts.group = Some(group_offered(group.id, cx)?);
    Ok(())
}

/// Checks a server's group against what was offered.
fn group_offered(id: GroupId, cx: &Cx<'_>) -> Result<&'static Group, Fault> {
    cx.config.groups.iter().copied().find(|g| g.id == id).ok_or(Fault::Incompatible(Incompatible::Group))
}

/// Refuses a group that is smaller than the caller accepts.
pub fn demand_strength(share: Option<&Share>, config: &Config) -> Result<(), Fault> {
    match share {
        Some(Share::Dhe(group, _)) if group.bits() < config.dh_minimum => Err(CryptoFault::WeakDh.into()),
        _ => Ok(()),
    }
}

/// What the client works with.
pub struct ClientSide<'a> {
    /// The negotiated version.
    pub profile: &'static Profile,
    /// The negotiated suite.
    pub suite: &'static Suite,
    /// The server's verified share, for ephemeral exchanges.
    pub share: Option<Share>,
    /// The server's key, for RSA and static ECDH.
    pub server_key: Option<&'a PublicKey>,
    /// The version of the ClientHello, which begins an RSA premaster.
    pub offered: WireVersion,
}

/// Makes the premaster and the body of the ClientKeyExchange.
pub fn client_make(side: ClientSide<'_>, cx: &mut Cx<'_>) -> Result<(Secret, Vec<u8>), Fault> {
    let (suite, shape) = (side.suite, client_shape(side.suite, side.profile));
    let mut message = ClientKeyExchange::default();
    let psk = if suite.has_psk() {
        message.identity = Some(cx.config.psk.identity.clone().unwrap_or_default());
        cx.facts.psk_identity.clone_from(&message.identity);
        Some(cx.config.psk.secret.clone().ok_or(Fault::Misuse(Misuse::Configuration))?)
    } else {
        None
    };
    let (premaster, share) = client_share(side, psk.as_ref(), cx)?;
    message.share = share;
    Ok((with_psk(premaster, psk.as_ref()), message.encode(shape)?))
}

/// The premaster of the exchange itself, and our share.
fn client_share(
    side: ClientSide<'_>,
    psk: Option<&Secret>,
    cx: &mut Cx<'_>,
) -> Result<(Secret, Vec<u8>), Fault> {
    match (side.suite.kx, side.share) {
        (Kx::Rsa, _) => {
            let mut premaster = random(PREMASTER, cx.rng)?;
            premaster.as_mut_bytes()[..2].copy_from_slice(&side.offered.0.to_be_bytes());
            let key = side.server_key.ok_or_else(super::broken)?;
            let encrypted = rsa::encrypt_premaster(key, premaster.as_bytes())?;
            Ok((premaster, encrypted))
        }
        (Kx::Ecdhe, Some(Share::Ecdhe(group, point))) => {
            let key = EcdhKey::generate(group.curve)?;
            let share = key.public().to_vec();
            Ok((key.agree(&point)?, share))
        }
        (Kx::Dhe, Some(Share::Dhe(group, theirs))) => {
            let key = DhKey::generate(&group)?;
            let share = key.public().to_vec();
            Ok((key.agree(&theirs)?, share))
        }
        (Kx::Ecdh, _) => {
            let theirs = side.server_key.ok_or_else(super::broken)?;
            let curve = theirs.kind().curve().ok_or_else(super::broken)?;
            let key = EcdhKey::generate(curve)?;
            let share = key.public().to_vec();
            Ok((key.agree(&theirs.ec_point()?)?, share))
        }
        (Kx::Psk, _) => Ok((zeros(psk), Vec::new())),
        (Kx::Ecdhe | Kx::Dhe, _) => Err(super::broken()),
    }
}

fn random(length: usize, rng: &mut dyn Rng) -> Result<Secret, Fault> {
    let mut out = Secret::zeroed(length);
    rng.fill(out.as_mut_bytes())?;
    Ok(out)
}

/// What stands in the other half of the premaster when there is nothing but the pre-shared key (RFC 4279
/// section 2).
fn zeros(psk: Option<&Secret>) -> Secret {
    Secret::zeroed(psk.map_or(0, Secret::len))
}

/// The premaster with a pre-shared key: both behind their lengths (RFC 4279 section 2, RFC 5489 section 2).
fn with_psk(other: Secret, psk: Option<&Secret>) -> Secret {
    let Some(psk) = psk else { return other };
    let mut out = Secret::zeroed(4 + other.len() + psk.len());
    let mut rest = out.as_mut_bytes();
    for part in [&other, psk] {
        let (length, tail) = rest.split_at_mut(2);
        length.copy_from_slice(&(part.len() as u16).to_be_bytes()); // both come from fields of two-byte lengths
        let (bytes, tail) = tail.split_at_mut(part.len());
        bytes.copy_from_slice(part.as_bytes());
        rest = tail;
    }
    out
}

/// A ClientKeyExchange under way: read, and waiting for one secret or the other.
pub struct Exchange {
    suite: &'static Suite,
    share: Option<ServerShare>,
    theirs: Vec<u8>,
    psk: Option<Secret>,
}

/// What became of a ClientKeyExchange.
pub enum ServerRead {
    /// The premaster.
    Premaster(Secret),
    /// The pre-shared key of this identity must be looked up.
    Lookup(Exchange, Need),
    /// Our private key must be asked.
    Ask(Exchange, Need),
}

/// What the server works with.
pub struct ServerSide<'a> {
    /// The negotiated version.
    pub profile: &'static Profile,
    /// The negotiated suite.
    pub suite: &'static Suite,
    /// Our certificate and key, where the suite has one.
    pub credentials: Option<&'a Arc<Credentials>>,
    /// The versions that may begin an RSA premaster.
    pub versions: [WireVersion; 2],
}

/// Reads a ClientKeyExchange.
pub fn server_read(
    side: &ServerSide<'_>,
    share: Option<ServerShare>,
    body: &[u8],
    cx: &mut Cx<'_>,
) -> Result<ServerRead, Fault> {
    let message = ClientKeyExchange::parse(body, client_shape(side.suite, side.profile))?;
    let mut exchange = Exchange { suite: side.suite, share, theirs: message.share, psk: None };
    if let Some(identity) = message.identity {
        cx.facts.psk_identity = Some(identity.clone());
        if cx.config.psk.lookup {
            return Ok(ServerRead::Lookup(exchange, Need::Psk { identity }));
        }
        exchange.psk = Some(cx.config.psk.secret.clone().ok_or(Fault::Misuse(Misuse::Configuration))?);
    }
    exchange.go_on(side, cx)
}

impl Exchange {
    /// Goes on with the pre-shared key that was found. An identity nobody knows gets a random one, so that it
    /// fails at Finished like a wrong one (decisions 33, RFC 4279 section 5.1).
    pub fn found(
        mut self,
        psk: Option<Secret>,
        side: &ServerSide<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<ServerRead, Fault> {
        self.psk = Some(match psk.filter(|psk| !psk.is_empty() && psk.len() <= 0xffff) {
            Some(psk) => psk,
            None => random(STAND_IN, cx.rng)?,
        });
        self.go_on(side, cx)
    }

    /// Goes on with what our private key gave.
    #[must_use]
    pub fn opened(self, premaster: Secret) -> Secret {
        with_psk(premaster, self.psk.as_ref())
    }

    fn go_on(mut self, side: &ServerSide<'_>, cx: &mut Cx<'_>) -> Result<ServerRead, Fault> {
        let credentials = || side.credentials.map(Arc::clone).ok_or_else(super::broken);
        let need = match (self.suite.kx, self.share.take().map(|share| share.key)) {
            (Kx::Rsa, _) => Need::Decrypt {
                credentials: credentials()?,
                ciphertext: core::mem::take(&mut self.theirs),
                versions: side.versions.map(|v| v.0),
                random: random(PREMASTER, cx.rng)?,
            },
            (Kx::Ecdh, _) => {
                let credentials = credentials()?;
                if !credentials.key.is_share(&self.theirs) {
                    return Err(CryptoFault::BadKeyShare.into());
                }
                Need::Agree { credentials, share: core::mem::take(&mut self.theirs) }
            }
            (Kx::Ecdhe, Some(OwnKey::Ecdhe(key))) => {
                let premaster = key.agree(&self.theirs)?;
                return Ok(ServerRead::Premaster(self.opened(premaster)));
            }
            (Kx::Dhe, Some(OwnKey::Dhe(key))) => {
                let premaster = key.agree(&self.theirs)?;
                return Ok(ServerRead::Premaster(self.opened(premaster)));
            }
            (Kx::Psk, _) => {
                let other = zeros(self.psk.as_ref());
                return Ok(ServerRead::Premaster(self.opened(other)));
            }
            (Kx::Ecdhe | Kx::Dhe, _) => return Err(super::broken()),
        };
        Ok(ServerRead::Ask(self, need))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4279 section 2: "if the PSK is N octets long, concatenate a uint16 with the value N, N zero octets, a
    /// second uint16 with the value N, and the PSK itself".
    #[test]
    fn a_bare_pre_shared_key_stands_behind_as_many_zeros() {
        let psk = Secret::copy_of(b"abc");
        let premaster = with_psk(zeros(Some(&psk)), Some(&psk));
        assert_eq!(premaster.as_bytes(), b"\0\x03\0\0\0\0\x03abc");
        let premaster = with_psk(Secret::copy_of(b"zz"), Some(&psk));
        assert_eq!(premaster.as_bytes(), b"\0\x02zz\0\x03abc");
        assert_eq!(with_psk(Secret::copy_of(b"zz"), None).as_bytes(), b"zz");
    }
}
