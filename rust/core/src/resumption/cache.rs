//! The cache of sessions: one object, shared by all contexts it is given to.
//!
//! In: sessions under keys, with the time each may live. Out: the session of a key while it lives. Promise: storing
//! under a key that is there replaces the session and keeps its deadline; each side holds a bounded number of entries
//! and of bytes, and gives up what would end first.

use super::saved::Saved;
use crate::shared::{Access, Shared};
use core::fmt;
use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How long an entry lives unless a context says otherwise (`behaviours` section 13).
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// Bounds of one side. Peers decide how many sessions a server makes, and how long the chains in them are.
const MAX_ENTRIES: usize = 20_000;
const MAX_BYTES: usize = 32 << 20;

/// Whose session it is. A flood of one side leaves the other alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the two ends
pub enum Side {
    Client,
    Server,
}

/// Under what a session is found: a digest over everything that keeps sessions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whose.
    pub side: Side,
    /// The digest.
    pub digest: [u8; 32],
}

struct Entry {
    saved: Arc<Saved>,
    deadline: Duration,
    number: u64,
    cost: usize,
}

#[derive(Default)]
struct Store {
    entries: HashMap<[u8; 32], Entry>,
    /// In the order in which they end.
    order: BTreeMap<(Duration, u64), [u8; 32]>,
    bytes: usize,
    next: u64,
}

impl Store {
    fn remove(&mut self, digest: &[u8; 32]) {
        if let Some(entry) = self.entries.remove(digest) {
            self.order.remove(&(entry.deadline, entry.number));
            self.bytes -= entry.cost;
        }
    }

    fn drop_first(&mut self) {
        if let Some(digest) = self.order.first_key_value().map(|(_, digest)| *digest) {
            self.remove(&digest);
        }
    }

    fn expire(&mut self, now: Duration) {
        while self.order.first_key_value().is_some_and(|((deadline, _), _)| *deadline <= now) {
            self.drop_first();
        }
    }

    fn put(&mut self, digest: [u8; 32], saved: Arc<Saved>, deadline: Duration) {
        let deadline = self.entries.get(&digest).map_or(deadline, |entry| entry.deadline);
        self.remove(&digest);
        let (cost, number) = (saved.cost(), self.next);
        self.next += 1;
        self.bytes += cost;
        self.order.insert((deadline, number), digest);
        self.entries.insert(digest, Entry { saved, deadline, number, cost });
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            self.drop_first();
        }
    }
}

/// Sessions of many connections.
#[derive(Default)]
pub struct SessionCache {
    client: Shared<Store>,
    server: Shared<Store>,
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionCache({} entries)", self.len())
    }
}

impl SessionCache {
    /// Nothing remembered yet.
    #[must_use]
    pub fn new() -> SessionCache {
        SessionCache::default()
    }

    fn store(&self, side: Side) -> Access<'_, Store> {
        match side {
            Side::Client => self.client.lock(),
            Side::Server => self.server.lock(),
        }
    }

    /// The session of this key, if it still lives at the moment `now` of the monotonic clock.
    #[must_use]
    pub fn get(&self, key: &Key, now: Duration) -> Option<Arc<Saved>> {
        let mut store = self.store(key.side);
        store.expire(now);
        store.entries.get(&key.digest).map(|entry| Arc::clone(&entry.saved))
    }

    /// Remembers a session for `lifetime`; where the key is there already, until that one's end.
    pub fn put(&self, key: Key, saved: Arc<Saved>, now: Duration, lifetime: Duration) {
        let mut store = self.store(key.side);
        store.expire(now);
        store.put(key.digest, saved, now.saturating_add(lifetime));
    }

    /// Forgets the session of this key.
    pub fn remove(&self, key: &Key) {
        self.store(key.side).remove(&key.digest);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for side in [Side::Client, Side::Server] {
            *self.store(side) = Store::default();
        }
    }

    /// How many sessions are remembered, those that have ended and were not looked at included.
    #[must_use]
    pub fn len(&self) -> usize {
        let clients = self.store(Side::Client).entries.len();
        clients + self.store(Side::Server).entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where the session of one connection is, or would be.
#[derive(Clone, Debug)]
pub struct Place {
    /// In this cache.
    pub cache: Arc<SessionCache>,
    /// Under this key.
    pub key: Key,
}

impl Place {
    /// The session there.
    #[must_use]
    pub fn get(&self, now: Duration) -> Option<Arc<Saved>> {
        self.cache.get(&self.key, now)
    }

    /// A fatal alert ends the session as well as the connection (RFC 5246 section 7.2.2).
    pub fn forget(&self) {
        self.cache.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::super::saved::tests::sample;
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn key(n: u32) -> Key {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&n.to_be_bytes());
        Key { side: Side::Server, digest }
    }

    fn put(cache: &SessionCache, n: u32, byte: u8, now: u64, lifetime: u64) {
        cache.put(key(n), Arc::new(sample(byte)), S(now), S(lifetime));
    }

    #[test]
    fn an_entry_lives_until_its_deadline_and_no_longer() {
        let cache = SessionCache::new();
        put(&cache, 1, 1, 100, 600);
        assert!(cache.get(&key(1), S(699)).is_some());
        assert!(cache.get(&key(1), S(700)).is_none());
        assert!(cache.is_empty());
    }

    #[test]
    fn storing_again_replaces_the_session_and_keeps_the_deadline() {
        let cache = SessionCache::new();
        put(&cache, 1, 1, 100, 600);
        put(&cache, 1, 2, 600, 600);
        let Some(saved) = cache.get(&key(1), S(650)) else { panic!("it lives") };
        assert_eq!(saved.session_id[0], 2);
        assert!(cache.get(&key(1), S(700)).is_none());
        put(&cache, 1, 3, 700, 600);
        assert!(cache.get(&key(1), S(1299)).is_some(), "after its end a new life begins");
    }

    #[test]
    fn the_sides_do_not_meet() {
        let cache = SessionCache::new();
        put(&cache, 1, 1, 0, 600);
        assert!(cache.get(&Key { side: Side::Client, ..key(1) }, S(1)).is_none());
        cache.remove(&Key { side: Side::Client, ..key(1) });
        assert_eq!(cache.len(), 1);
        cache.remove(&key(1));
        assert!(cache.is_empty());
    }

    #[test]
    fn what_ends_first_goes_first_when_it_is_full() {
        let cache = SessionCache::new();
        put(&cache, 0, 1, 0, 10);
        for n in 1..=MAX_ENTRIES as u32 {
            put(&cache, n, 1, 0, 600);
        }
        assert_eq!(cache.len(), MAX_ENTRIES);
        assert!(cache.get(&key(0), S(1)).is_none());
        assert!(cache.get(&key(1), S(1)).is_some());
        let mut heavy = sample(1);
        heavy.ocsp = Some(vec![0; MAX_BYTES / 4]);
        for n in 0..10 {
            cache.put(key(n), Arc::new(heavy.clone()), S(2), S(900));
        }
        let store = cache.store(Side::Server);
        assert!(store.bytes <= MAX_BYTES && store.entries.len() == 3, "{}", store.entries.len());
        assert_eq!(store.order.len(), store.entries.len());
    }
}
