//! The classic key exchanges by verbs: what the server sends, what the client makes of it, what the server
//! reads back.
//!
//! In: shares and keys. Out: a premaster, or a question when a private key has to be asked. Promise: an RSA
//! premaster is never judged here; whether it was right shows at Finished (RFC 5246 section 7.4.7.1).

use super::{Cx, Need};
use crate::config::Credentials;
use crate::crypto::ecdh::EcdhKey;
use crate::crypto::rsa;
use crate::crypto::secret::Secret;
use crate::crypto::sign::PublicKey;
use crate::fault::{Fault, Incompatible};
use crate::group::{self, Group};
use crate::suite::{Kx, Suite};
use crate::wire::ids::{GroupId, WireVersion};
use crate::wire::kx::{EcdheParams, client_vector, encode_client_vector};
use std::sync::Arc;

/// Length of an RSA premaster secret.
const PREMASTER: usize = 48;

/// The server's secret half of an ephemeral exchange.
pub struct ServerShare {
    key: EcdhKey,
    /// The bytes that are sent and signed.
    pub params: Vec<u8>,
}

/// Makes the server's share; `None` where the suite has none.
pub fn server_params(suite: &Suite, group: Option<&'static Group>) -> Result<Option<ServerShare>, Fault> {
    match suite.kx {
        Kx::Rsa => Ok(None),
        Kx::Ecdhe => {
            let group = group.ok_or(Fault::Incompatible(Incompatible::Group))?;
            let key = EcdhKey::generate(group.curve)?;
            let params = EcdheParams { group: group.id, point: key.public().to_vec() }.encode()?;
            Ok(Some(ServerShare { key, params }))
        }
    }
}

/// What the client works with.
pub struct ClientSide<'a> {
    /// The negotiated suite.
    pub suite: &'static Suite,
    /// The server's verified share, for ephemeral exchanges.
    pub share: Option<&'a EcdheParams>,
    /// The server's key, for RSA.
    pub server_key: Option<&'a PublicKey>,
    /// The version of the ClientHello, which begins an RSA premaster.
    pub offered: WireVersion,
}

/// Makes the premaster and the body of the ClientKeyExchange.
pub fn client_make(side: &ClientSide<'_>, cx: &mut Cx<'_>) -> Result<(Secret, Vec<u8>), Fault> {
    match side.suite.kx {
        Kx::Rsa => {
            let mut premaster = Secret::zeroed(PREMASTER);
            cx.rng.fill(premaster.as_mut_bytes())?;
            premaster.as_mut_bytes()[..2].copy_from_slice(&side.offered.0.to_be_bytes());
            let key = side.server_key.ok_or_else(super::broken)?;
            let encrypted = rsa::encrypt_premaster(key, premaster.as_bytes())?;
            Ok((premaster, encode_client_vector(2, &encrypted)?))
        }
        Kx::Ecdhe => {
            let share = side.share.ok_or_else(super::broken)?;
            let group = group::by_id(share.group).ok_or(Fault::Incompatible(Incompatible::Group))?;
            let key = EcdhKey::generate(group.curve)?;
            let body = encode_client_vector(1, key.public())?;
            Ok((key.agree(&share.point)?, body))
        }
    }
}

/// Checks a server's group against what was offered.
pub fn group_offered(id: GroupId, cx: &Cx<'_>) -> Result<&'static Group, Fault> {
    cx.config.groups.iter().copied().find(|g| g.id == id).ok_or(Fault::Incompatible(Incompatible::Group))
}

/// What became of a ClientKeyExchange.
pub enum ServerRead {
    /// The premaster.
    Premaster(Secret),
    /// Our private key must be asked.
    Ask(Need),
}

/// Reads a ClientKeyExchange.
pub fn server_read(
    suite: &Suite,
    share: Option<ServerShare>,
    credentials: &Arc<Credentials>,
    versions: [WireVersion; 2],
    body: &[u8],
    cx: &mut Cx<'_>,
) -> Result<ServerRead, Fault> {
    match suite.kx {
        Kx::Rsa => {
            let ciphertext = client_vector(2, body)?.to_vec();
            let mut random = Secret::zeroed(PREMASTER);
            cx.rng.fill(random.as_mut_bytes())?;
            let credentials = Arc::clone(credentials);
            let versions = versions.map(|v| v.0);
            Ok(ServerRead::Ask(Need::Decrypt { credentials, ciphertext, versions, random }))
        }
        Kx::Ecdhe => {
            let share = share.ok_or_else(super::broken)?;
            Ok(ServerRead::Premaster(share.key.agree(client_vector(1, body)?)?))
        }
    }
}
