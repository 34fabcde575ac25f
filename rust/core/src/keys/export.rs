//! Keying material for others: the exporter of RFC 5705, and the bare PRF of a version.
//!
//! In: the secrets of a complete handshake, labels of the caller. Out: bytes derived from them. Promise: no label of the
//! protocol's own can be asked for, so that what is exported never is a key in use.

use super::classic::{self, Randoms};
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::profile::{Profile, Schedule};

/// What the protocol derives itself (RFC 5705 section 4).
const RESERVED: [&[u8]; 5] =
    [b"client finished", b"server finished", b"master secret", b"extended master secret", b"key expansion"];

/// Longest output; nobody needs more, and the caller's number is not always the caller's own.
pub const MAX_OUTPUT: usize = 1 << 20;

/// The secrets of a handshake.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The master secret.
    pub master: Secret,
    /// Both randoms.
    pub randoms: Randoms,
}

/// The PRF of the version with a caller's secret, label and seed; `None` for SSLv3, which has none, and for too much.
#[must_use]
pub fn bare_prf(
    profile: &Profile,
    hash: Hash,
    secret: &Secret,
    label: &[u8],
    seed: &[u8],
    len: usize,
) -> Option<Secret> {
    if profile.schedule == Schedule::Ssl3 || len > MAX_OUTPUT {
        return None;
    }
    Some(classic::derive(profile, hash, secret, label, &[seed], len))
}

/// Keying material for a label, with or without a context (RFC 5705 section 4); an empty context is not the same as
/// none. `None` for reserved labels, for lengths of 0 and above the limits, and for SSLv3.
#[must_use]
pub fn export(
    profile: &Profile,
    hash: Hash,
    secrets: &Secrets,
    label: &[u8],
    context: Option<&[u8]>,
    len: usize,
) -> Option<Secret> {
    if label.is_empty() || RESERVED.contains(&label) || len == 0 {
        return None;
    }
    let Randoms { client, server } = &secrets.randoms;
    let mut seed = [client.as_slice(), server].concat();
    if let Some(context) = context {
        seed.extend_from_slice(&u16::try_from(context.len()).ok()?.to_be_bytes());
        seed.extend_from_slice(context);
    }
    bare_prf(profile, hash, &secrets.master, label, &seed, len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::PROFILES;

    fn secrets() -> Secrets {
        Secrets { master: Secret::copy_of(&[1; 48]), randoms: Randoms { client: [2; 32], server: [3; 32] } }
    }

    fn exported(version: usize, label: &[u8], context: Option<&[u8]>, len: usize) -> Option<Secret> {
        export(&PROFILES[version], Hash::Sha256, &secrets(), label, context, len)
    }

    #[test]
    fn an_empty_context_differs_from_none_and_longer_output_begins_with_the_shorter() {
        for version in 1..PROFILES.len() {
            let none = exported(version, b"EXPORTER-x", None, 40);
            let empty = exported(version, b"EXPORTER-x", Some(b""), 40);
            assert!(none.is_some() && none != empty, "{version}");
            let short = exported(version, b"EXPORTER-x", None, 20);
            assert_eq!(short.map(|s| s.as_bytes().to_vec()), none.map(|s| s.as_bytes()[..20].to_vec()));
        }
    }

    #[test]
    fn reserved_labels_bad_lengths_and_sslv3_give_nothing() {
        for label in RESERVED {
            assert_eq!(exported(3, label, None, 20), None);
        }
        assert_eq!(exported(3, b"", None, 20), None);
        assert_eq!(exported(3, b"x", None, 0), None);
        assert_eq!(exported(3, b"x", None, MAX_OUTPUT + 1), None);
        assert_eq!(exported(3, b"x", Some(&[0; 0x10000]), 20), None);
        assert_eq!(exported(0, b"x", None, 20), None);
    }
}
