//! Derivations of the classic versions (RFC 5246 sections 6.3, 7.4.9 and 8.1, RFC 7627).

use crate::crypto::hash::Hash;
use crate::crypto::mac::prf;
use crate::crypto::secret::Secret;
use crate::profile::{Profile, Schedule};
use crate::suite::Suite;

/// Length of a master secret.
pub const MASTER: usize = 48;

/// Both randoms of a handshake.
#[derive(Clone, Copy, Debug)]
pub struct Randoms {
    /// The client's.
    pub client: [u8; 32],
    /// The server's.
    pub server: [u8; 32],
}

/// The keys of one direction.
pub struct DirectionKeys {
    /// The MAC key; empty for AEADs.
    pub mac: Secret,
    /// The cipher key.
    pub key: Secret,
    /// The fixed part of the nonce.
    pub iv: Secret,
}

/// The keys of both directions.
pub struct KeyBlock {
    /// What the client writes with.
    pub client: DirectionKeys,
    /// What the server writes with.
    pub server: DirectionKeys,
}

fn derive(
    profile: &Profile,
    hash: Hash,
    secret: &Secret,
    label: &[u8],
    seed: &[&[u8]],
    len: usize,
) -> Secret {
    let mut out = Secret::zeroed(len);
    match profile.schedule {
        Schedule::PrfBySuite => prf(hash, secret.as_bytes(), label, seed, out.as_mut_bytes()),
    }
    out
}

/// The master secret of RFC 5246.
#[must_use]
pub fn master_secret(profile: &Profile, hash: Hash, premaster: &Secret, randoms: &Randoms) -> Secret {
    derive(profile, hash, premaster, b"master secret", &[&randoms.client, &randoms.server], MASTER)
}

/// The extended master secret of RFC 7627, over the transcript up to the ClientKeyExchange.
#[must_use]
pub fn extended_master_secret(
    profile: &Profile,
    hash: Hash,
    premaster: &Secret,
    session_hash: &[u8],
) -> Secret {
    derive(profile, hash, premaster, b"extended master secret", &[session_hash], MASTER)
}

/// The record keys of both directions.
#[must_use]
pub fn key_block(profile: &Profile, suite: &Suite, master: &Secret, randoms: &Randoms) -> KeyBlock {
    let (key, iv) = (suite.bulk.algorithm().key_len(), suite.bulk.fixed_iv());
    let seed: [&[u8]; 2] = [&randoms.server, &randoms.client];
    let block = derive(profile, suite.prf, master, b"key expansion", &seed, 2 * (key + iv));
    let mut rest = block.as_bytes();
    let mut next = |n: usize| {
        let (head, tail) = rest.split_at(n);
        rest = tail;
        Secret::copy_of(head)
    };
    let (client_key, server_key, client_iv, server_iv) = (next(key), next(key), next(iv), next(iv));
    let keys = |key, iv| DirectionKeys { mac: Secret::zeroed(0), key, iv };
    KeyBlock { client: keys(client_key, client_iv), server: keys(server_key, server_iv) }
}

/// The verify data of a Finished.
#[must_use]
pub fn verify_data(
    profile: &Profile,
    hash: Hash,
    master: &Secret,
    from_client: bool,
    transcript: &[u8],
) -> Vec<u8> {
    let label: &[u8] = if from_client { b"client finished" } else { b"server finished" };
    derive(profile, hash, master, label, &[transcript], profile.verify_data).as_bytes().to_vec()
}
