//! Derivations of the classic versions (RFC 6101 section 6, RFC 5246 sections 6.3, 7.4.9 and 8.1, RFC 7627).

use super::transcript::Transcript;
use crate::crypto::hash::{Hash, Running};
use crate::crypto::mac::{prf, prf_md5_sha1};
use crate::crypto::record_mac::MacHash;
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

/// What a version derives from a secret, a label and a seed in parts; SSLv3 knows no labels.
pub(super) fn derive(
    profile: &Profile,
    hash: Hash,
    secret: &Secret,
    label: &[u8],
    seed: &[&[u8]],
    len: usize,
) -> Secret {
    let mut out = Secret::zeroed(len);
    match profile.schedule {
        Schedule::Ssl3 => ssl3_mix(secret.as_bytes(), seed, out.as_mut_bytes()),
        Schedule::PrfMd5Sha1 => prf_md5_sha1(secret.as_bytes(), label, seed, out.as_mut_bytes()),
        Schedule::PrfBySuite => prf(hash, secret.as_bytes(), label, seed, out.as_mut_bytes()),
    }
    out
}

/// SSLv3's derivation: MD5 over the secret and SHA-1 over a letter, the secret and the randoms, with `A`, `BB`, `CCC`
/// and so on (RFC 6101 sections 6.1 and 6.2.2).
fn ssl3_mix(secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    for (index, chunk) in out.chunks_mut(Hash::Md5.len()).enumerate() {
        let letters = vec![b'A' + index as u8; index + 1]; // a key block has at most nine rounds
        let mut inner = Running::new(Hash::Sha1);
        inner.update(&letters);
        inner.update(secret);
        seed.iter().for_each(|part| inner.update(part));
        let mut outer = Running::new(Hash::Md5);
        outer.update(secret);
        outer.update(inner.current().as_bytes());
        chunk.copy_from_slice(&outer.current().as_bytes()[..chunk.len()]);
    }
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
    let mac = suite.mac.map_or(0, MacHash::len);
    let (key, iv) = (suite.bulk.key_len(), suite.bulk.fixed_iv(profile.iv));
    let seed: [&[u8]; 2] = [&randoms.server, &randoms.client];
    let block = derive(profile, suite.prf, master, b"key expansion", &seed, 2 * (mac + key + iv));
    let mut rest = block.as_bytes();
    let mut next = |n: usize| {
        let (head, tail) = rest.split_at(n);
        rest = tail;
        Secret::copy_of(head)
    };
    let (client_mac, server_mac) = (next(mac), next(mac));
    let (client_key, server_key, client_iv, server_iv) = (next(key), next(key), next(iv), next(iv));
    KeyBlock {
        client: DirectionKeys { mac: client_mac, key: client_key, iv: client_iv },
        server: DirectionKeys { mac: server_mac, key: server_key, iv: server_iv },
    }
}

/// The verify data of a Finished.
#[must_use]
pub fn verify_data(
    profile: &Profile,
    hash: Hash,
    master: &Secret,
    from_client: bool,
    transcript: &Transcript,
) -> Vec<u8> {
    if profile.schedule == Schedule::Ssl3 {
        let sender: &[u8] = if from_client { b"CLNT" } else { b"SRVR" };
        return transcript.ssl3(sender, master).as_bytes().to_vec();
    }
    finished(profile, hash, master, from_client, transcript.hash().as_bytes())
}

/// The verify data of TLS, from the hash of the messages.
#[must_use]
pub fn finished(
    profile: &Profile,
    hash: Hash,
    master: &Secret,
    from_client: bool,
    messages: &[u8],
) -> Vec<u8> {
    let label: &[u8] = if from_client { b"client finished" } else { b"server finished" };
    derive(profile, hash, master, label, &[messages], profile.verify_data).as_bytes().to_vec()
}
