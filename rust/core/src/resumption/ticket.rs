//! Keys for tickets (RFC 5077), and tickets under them.
//!
//! In: keys of 48 bytes, newest first, or a time after which a new one is made. Out: sealed and opened tickets.
//! Promise: every ticket has an AES-256-GCM key of its own, derived from the ticket key and a random seed, so that no
//! nonce is ever used twice however many are made; what does not open is no ticket and nothing else is said.
//!
//! ```text
//! ticket:  | key name 16 | seed 16 | sealed session | tag 16 |
//! ```

use super::saved::Saved;
use crate::crypto::aead::{AeadAlgorithm, AeadKey, NONCE_LEN};
use crate::crypto::hash::Hash;
use crate::crypto::mac::hmac;
use crate::crypto::rng::Rng;
use crate::crypto::secret::Secret;
use crate::fault::Fault;
use crate::profile::Framing;
use crate::shared::Shared;
use core::fmt;

/// Bytes of one key: its name, which stands in every ticket, and the secret.
pub const TICKET_KEY: usize = 48;

const NAME: usize = 16;
const SEED: usize = 16;

/// What a session may take up. A chain of certificates that needs more is worth another handshake.
const MAX_SESSION: usize = 16 * 1024;

/// Keys that open tickets, those in front included.
const MAX_KEYS: usize = 16;

/// Keys that a rotation keeps: the current one and the one before.
const KEPT: usize = 2;

struct Inner {
    /// Newest first; empty until a rotating set is used for the first time.
    keys: Vec<Secret>,
    /// Seconds after which a new key is made.
    period: Option<u64>,
    /// When the newest key was made.
    since: u64,
}

/// The keys of one server, or of several that know each other's tickets.
pub struct TicketKeys(Shared<Inner>);

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketKeys({})", self.0.lock().keys.len())
    }
}

impl TicketKeys {
    /// These keys, until others are set: the first seals, all open. `None` unless there are 1 to 16 keys of 48 bytes
    /// with different names.
    #[must_use]
    pub fn fixed(keys: Vec<Secret>) -> Option<TicketKeys> {
        let valid = are_valid(&keys);
        valid.then(|| TicketKeys(Shared::new(Inner { keys, period: None, since: 0 })))
    }

    /// Keys made here, a new one every `period` seconds; the one before still opens.
    #[must_use]
    pub fn rotating(period: u64) -> TicketKeys {
        TicketKeys(Shared::new(Inner { keys: Vec::new(), period: Some(period.max(1)), since: 0 }))
    }

    /// Replaces the keys and ends rotation; says whether they were valid.
    pub fn set(&self, keys: Vec<Secret>) -> bool {
        let valid = are_valid(&keys);
        if valid {
            let mut inner = self.0.lock();
            (inner.keys, inner.period) = (keys, None);
        }
        valid
    }

    /// The keys, newest first, for another process or host.
    pub fn export(&self, now: u64, rng: &mut dyn Rng) -> Result<Vec<Secret>, Fault> {
        let mut inner = self.0.lock();
        inner.rotate(now, rng)?;
        Ok(inner.keys.clone())
    }

    /// A ticket with this session, which ends `lifetime` seconds from now; empty for one that is too big.
    pub fn seal(&self, saved: &Saved, now: u64, lifetime: u64, rng: &mut dyn Rng) -> Result<Vec<u8>, Fault> {
        let plain = saved.encode(now.saturating_add(lifetime))?;
        if plain.len() > MAX_SESSION {
            return Ok(Vec::new());
        }
        let mut seed = [0; SEED];
        rng.fill(&mut seed)?;
        let mut inner = self.0.lock();
        inner.rotate(now, rng)?;
        let Some(key) = inner.keys.first() else { return Ok(Vec::new()) };
        let name = &key.as_bytes()[..NAME];
        let aad = [name, &seed].concat();
        let sealer = one_time(key, &seed)?;
        let mut ticket = aad.clone();
        ticket.resize(aad.len() + plain.len() + sealer.tag_len(), 0);
        sealer.seal(&[0; NONCE_LEN], &aad, plain.as_bytes(), &mut ticket[aad.len()..])?;
        Ok(ticket)
    }

    /// The session of a ticket that one of the keys sealed and that has not ended, and whether a newer key exists.
    pub fn open(
        &self,
        framing: Framing,
        ticket: &[u8],
        now: u64,
        rng: &mut dyn Rng,
    ) -> Result<Option<(Saved, bool)>, Fault> {
        let mut inner = self.0.lock();
        inner.rotate(now, rng)?;
        let Some((aad, sealed)) = ticket.split_at_checked(NAME + SEED) else { return Ok(None) };
        if sealed.len() > MAX_SESSION + AeadAlgorithm::Aes256Gcm.tag_len() {
            return Ok(None);
        }
        let found = inner.keys.iter().position(|key| key.as_bytes()[..NAME] == aad[..NAME]);
        let Some(index) = found else { return Ok(None) };
        let opener = one_time(&inner.keys[index], &aad[NAME..])?;
        drop(inner);
        let mut plain = Secret::copy_of(sealed);
        let Ok(length) = opener.open_in_place(&[0; NONCE_LEN], aad, plain.as_mut_bytes()) else {
            return Ok(None);
        };
        let session = Saved::decode(framing, &plain.as_bytes()[..length]).ok();
        Ok(session.filter(|(_, ends)| now < *ends).map(|(saved, _)| (saved, index > 0)))
    }
}

impl Inner {
    /// Makes a new key when it is time for one. A clock that was set back makes no difference.
    fn rotate(&mut self, now: u64, rng: &mut dyn Rng) -> Result<(), Fault> {
        let Some(period) = self.period else { return Ok(()) };
        let age = now.saturating_sub(self.since);
        if !self.keys.is_empty() && age < period {
            return Ok(());
        }
        if age >= period.saturating_mul(KEPT as u64) {
            self.keys.clear(); // nothing was used for so long that the old ones have ended too
        }
        let mut key = Secret::zeroed(TICKET_KEY);
        rng.fill(key.as_mut_bytes())?;
        self.keys.insert(0, key);
        self.keys.truncate(KEPT);
        self.since = now;
        Ok(())
    }
}

fn are_valid(keys: &[Secret]) -> bool {
    let names: std::collections::HashSet<_> =
        keys.iter().filter_map(|key| key.as_bytes().get(..NAME)).collect();
    (1..=MAX_KEYS).contains(&keys.len())
        && keys.iter().all(|key| key.len() == TICKET_KEY)
        && names.len() == keys.len()
}

/// The key of one ticket, with which one thing is sealed.
fn one_time(key: &Secret, seed: &[u8]) -> Result<AeadKey, Fault> {
    let tag = hmac(Hash::Sha256, &key.as_bytes()[NAME..], &[b"session ticket", seed]);
    let derived = Secret::copy_of(tag.as_ref());
    AeadKey::new(AeadAlgorithm::Aes256Gcm, derived.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::saved::tests::sample;
    use super::*;
    use crate::crypto::rng::OsRng;

    fn key(byte: u8) -> Secret {
        Secret::copy_of(&[byte; TICKET_KEY])
    }

    fn fixed(bytes: &[u8]) -> TicketKeys {
        let keys = TicketKeys::fixed(bytes.iter().copied().map(key).collect());
        keys.unwrap_or_else(|| TicketKeys::rotating(1))
    }

    fn seal(keys: &TicketKeys, now: u64, lifetime: u64) -> Vec<u8> {
        keys.seal(&sample(9), now, lifetime, &mut OsRng).unwrap_or_default()
    }

    fn open(keys: &TicketKeys, ticket: &[u8], now: u64) -> Option<bool> {
        let opened = keys.open(Framing::Stream, ticket, now, &mut OsRng);
        opened.ok().flatten().map(|(saved, old)| {
            assert_eq!(saved.master, sample(9).master);
            old
        })
    }

    #[test]
    fn a_ticket_opens_under_every_key_of_a_list_and_until_its_end() {
        let ticket = seal(&fixed(&[1]), 1000, 600);
        assert_eq!(open(&fixed(&[1]), &ticket, 1599), Some(false));
        assert_eq!(open(&fixed(&[2, 1]), &ticket, 1599), Some(true), "a newer key exists");
        assert_eq!(open(&fixed(&[1]), &ticket, 1600), None);
        assert_eq!(open(&fixed(&[2]), &ticket, 1000), None);
    }

    #[test]
    fn not_one_bit_may_change() {
        let keys = fixed(&[1]);
        let ticket = seal(&keys, 1000, 600);
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(open(&keys, &changed, 1000), None, "byte {at}");
            assert_eq!(open(&keys, &ticket[..at], 1000), None, "{at} bytes");
        }
    }

    #[test]
    fn a_rotation_keeps_the_key_before() {
        let keys = TicketKeys::rotating(100);
        let first = seal(&keys, 1000, 600);
        assert_eq!(open(&keys, &first, 1099), Some(false));
        assert_eq!(open(&keys, &first, 1100), Some(true));
        let second = seal(&keys, 1150, 600);
        assert_eq!(open(&keys, &second, 1200), Some(true));
        assert_eq!(open(&keys, &first, 1201), None);
        assert_eq!(open(&keys, &second, 1500), None, "both periods are over");
    }

    #[test]
    fn keys_are_checked_and_exported_as_they_are() {
        assert!(TicketKeys::fixed(Vec::new()).is_none());
        assert!(TicketKeys::fixed(vec![key(1), key(1)]).is_none());
        assert!(TicketKeys::fixed(vec![Secret::zeroed(47)]).is_none());
        assert!(TicketKeys::fixed((0..17).map(key).collect()).is_none());
        let keys = fixed(&[3, 4]);
        assert_eq!(keys.export(0, &mut OsRng), Ok(vec![key(3), key(4)]));
        assert!(!keys.set(Vec::new()) && keys.set(vec![key(5)]));
        assert_eq!(keys.export(0, &mut OsRng), Ok(vec![key(5)]));
        let rotating = TicketKeys::rotating(10);
        let exported = rotating.export(50, &mut OsRng).unwrap_or_default();
        let ticket = seal(&rotating, 51, 600);
        assert_eq!(TicketKeys::fixed(exported).and_then(|keys| open(&keys, &ticket, 52)), Some(false));
    }

    #[test]
    fn a_session_that_is_too_big_gives_no_ticket() {
        let mut saved = sample(1);
        saved.psk_identity = Some(vec![0; MAX_SESSION]);
        assert_eq!(fixed(&[1]).seal(&saved, 0, 1, &mut OsRng), Ok(Vec::new()));
    }
}
