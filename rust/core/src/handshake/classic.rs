//! What both ends of a handshake up to TLS 1.2 do alike.
//!
//! In: keys, randoms, parameters. Out: what the record layer takes and what a signature covers. Promise: no state.

use crate::keys::classic::{DirectionKeys, Randoms};
use crate::record::protect::Material;

/// One direction's keys as the record layer takes them.
#[must_use]
pub fn material(keys: &DirectionKeys, encrypt_then_mac: bool) -> Material<'_> {
    let DirectionKeys { mac, key, iv } = keys;
    Material { mac: mac.as_bytes(), key: key.as_bytes(), iv: iv.as_bytes(), encrypt_then_mac }
}

/// What the signature of a ServerKeyExchange covers (RFC 5246 section 7.4.3).
#[must_use]
pub fn signed_params(randoms: &Randoms, params: &[u8]) -> Vec<u8> {
    [&randoms.client[..], &randoms.server[..], params].concat()
}
