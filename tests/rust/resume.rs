//! Sessions that begin where another one ended: by ID and by ticket, what keeps them apart, how long they live.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{End, NOW, Pair, WOULD_BLOCK, credentials};
use st_core::config::{Credentials, Now};
use st_core::crypto::secret::Secret;
use st_core::handshake::Verdict;
use st_core::resumption::{SessionCache, TicketKeys};
use st_core::session::{Call, State};
use st_core::status;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

static P256: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
static OTHER: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_ECDSA_P256_SHA256));
static RSA: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_RSA_SHA256));

const BREAK_ON_SERVER: i64 = 0;
const BREAK_ON_CERT_REQUESTED: i64 = 1;
const BREAK_ON_CLIENT: i64 = 2;
const BREAK_ON_HELLO: i64 = 7;
const ALLOW_RENEGOTIATION: i64 = 8;
const TICKETS: i64 = 9;

/// One process: what its contexts share.
struct World {
    cache: Arc<SessionCache>,
    keys: Option<Arc<TicketKeys>>,
    now: u64,
}

impl World {
    fn new() -> World {
        World { cache: Arc::new(SessionCache::new()), keys: None, now: 0 }
    }

    fn with_tickets() -> World {
        World { keys: Some(Arc::new(TicketKeys::rotating(3600))), ..World::new() }
    }

    /// A pair whose ends know each other by the same ID.
    fn pair(&self) -> Pair {
        let mut pair = Pair::new(&P256);
        for end in [&mut pair.client, &mut pair.server] {
            self.place(end);
            assert_eq!(end.session.set_peer_id(b"peer"), 0);
        }
        if let Some(keys) = &self.keys {
            pair.server.session.set_ticket_keys(Some(Arc::clone(keys)));
            pair.client.session.set_session_tickets(true);
        }
        pair
    }

    fn place(&self, end: &mut End) {
        end.session.set_cache(Some(Arc::clone(&self.cache)));
        let passed = Duration::from_secs(self.now);
        end.now = Now { mono: NOW.mono + passed, wall: NOW.wall + self.now };
    }
}

fn both(pair: &Pair) -> (bool, bool) {
    (pair.client.session.resumed_session().is_some(), pair.server.session.resumed_session().is_some())
}

/// Handshakes, moves data both ways; whether it was resumed.
fn run(pair: &mut Pair) -> bool {
    assert_eq!(pair.handshake(), (0, 0));
    let (client, server) = both(pair);
    assert_eq!(client, server, "both ends know whether it was");
    assert_eq!(pair.transfer(true, b"up"), b"up");
    assert_eq!(pair.transfer(false, b"down"), b"down");
    client
}

#[test]
fn a_second_connection_resumes_the_first_in_every_version() {
    for version in [2, 4, 7, 8] {
        let world = World::new();
        let mut ids = Vec::new();
        for round in 0..3 {
            let mut pair = world.pair();
            pair.server.session.set_credentials(Some(Arc::clone(&RSA)));
            for end in [&mut pair.client.session, &mut pair.server.session] {
                assert_eq!((end.set_version_min(version), end.set_version_max(version)), (0, 0));
            }
            assert_eq!(run(&mut pair), round > 0, "version {version} round {round}");
            assert_eq!(pair.client.asked, usize::from(round == 0), "nobody is asked about a resumed peer");
            if round > 0 {
                ids.push(pair.client.session.resumed_session().unwrap().to_vec());
                assert_eq!(pair.server.session.resumed_session(), Some(ids[0].as_slice()));
            }
        }
        assert_eq!(ids[0].len(), 16);
        assert_eq!(ids[0], ids[1]);
    }
}

#[test]
fn the_chain_is_still_there_and_not_judged() {
    let world = World::new();
    assert!(!run(&mut world.pair()));
    let mut pair = world.pair();
    assert!(run(&mut pair));
    let trust = pair.client.session.peer_trust().unwrap();
    let trust = trust.lock().unwrap();
    assert_eq!(trust.certificates()[0].der(), P256.chain[0]);
    assert_eq!(trust.result(), None);
}

#[test]
fn without_a_peer_id_on_either_end_nothing_is_kept() {
    for missing in [0, 1] {
        let world = World::new();
        for _ in 0..2 {
            let mut pair = Pair::new(&P256);
            let (mut with, mut without) = (&mut pair.client, &mut pair.server);
            if missing == 0 {
                core::mem::swap(&mut with, &mut without);
            }
            world.place(with);
            world.place(without);
            assert_eq!(with.session.set_peer_id(b"peer"), 0);
            assert!(!run(&mut pair));
        }
    }
}

#[test]
fn another_id_another_trust_or_another_break_is_another_session() {
    let changes: &[fn(&mut Pair)] = &[
        |pair| assert_eq!(pair.client.session.set_peer_id(b"other"), 0),
        |pair| assert_eq!(pair.client.session.set_allows_any_root(true), 0),
        |pair| assert_eq!(pair.client.session.set_trusted_roots(Vec::new(), true), 0),
        |pair| assert_eq!(pair.client.session.set_option(ALLOW_RENEGOTIATION, true), 0),
        |pair| assert_eq!(pair.client.session.set_option(5, true), 0),
        |pair| assert_eq!(pair.client.session.set_option(BREAK_ON_CERT_REQUESTED, true), 0),
        |pair| assert_eq!(pair.client.session.set_option(BREAK_ON_CLIENT, true), 0),
        |pair| assert_eq!(pair.client.session.set_option(BREAK_ON_HELLO, true), 0),
        |pair| assert_eq!(pair.client.session.set_option(TICKETS, true), 0),
        |pair| assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0),
        |pair| assert_eq!(pair.server.session.set_option(5, true), 0),
        |pair| assert_eq!(pair.client.session.set_enabled_ciphers(&[0xc02b]), 0),
        |pair| assert_eq!(pair.server.session.set_enabled_ciphers(&[0xc02b]), 0),
        |pair| assert_eq!(pair.client.session.set_version_max(7), 0),
        |pair| assert_eq!(pair.server.session.set_version_max(7), 0),
        |pair| assert_eq!(pair.server.session.set_credentials(Some(Arc::clone(&OTHER))), 0),
    ];
    for (index, change) in changes.iter().enumerate() {
        let world = World::new();
        assert!(!run(&mut world.pair()));
        let mut changed = world.pair();
        change(&mut changed);
        assert!(!run(&mut changed), "change {index}");
    }
    // What is no part of the key.
    let same: &[fn(&mut Pair)] = &[
        |pair| assert_eq!(pair.client.session.set_peer_domain_name(b"another.example"), 0),
        |pair| assert_eq!(pair.client.session.set_option(3, true), 0),
        |pair| assert_eq!(pair.client.session.set_option(4, false), 0),
        |pair| assert_eq!(pair.server.session.set_peer_id(b"another"), 0),
        |pair| assert_eq!(pair.client.session.set_version_min(8), 0),
    ];
    for (index, change) in same.iter().enumerate() {
        let world = World::new();
        assert!(!run(&mut world.pair()));
        let mut changed = world.pair();
        change(&mut changed);
        assert!(run(&mut changed), "change {index}");
    }
}

#[test]
fn a_client_that_speaks_more_now_does_not_hold_itself_back() {
    let world = World::new();
    let mut pair = world.pair();
    assert_eq!(pair.client.session.set_version_max(7), 0);
    assert!(!run(&mut pair));
    assert!(!run(&mut world.pair()), "the cached hello asked for less");
    assert!(run(&mut world.pair()));
}

#[test]
fn an_entry_lives_ten_minutes_or_as_long_as_the_context_says() {
    for (client, server, lives) in [(0, 0, 600), (1, 0, 1), (0, 1, 1), (900, 900, 900), (900, 0, 600)] {
        let mut world = World::new();
        let mut first = world.pair();
        assert_eq!(first.client.session.set_cache_timeout(client), 0);
        assert_eq!(first.server.session.set_cache_timeout(server), 0);
        assert!(!run(&mut first));
        world.now = lives - 1;
        assert!(run(&mut world.pair()), "{client} {server}");
        world.now = lives;
        assert!(!run(&mut world.pair()), "{client} {server}: a resumption does not prolong it");
    }
}

#[test]
fn who_judges_takes_only_what_was_judged() {
    // Made without judgement, with automatic checking switched off by hand.
    let world = World::new();
    let mut unjudged = world.pair();
    assert_eq!(unjudged.client.session.set_cert_verify(false), 0);
    assert!(!run(&mut unjudged));
    let mut judging = world.pair();
    assert!(!run(&mut judging), "decisions 34");
    assert_eq!(judging.client.asked, 1);
    // The judged one has taken its place, and whoever does not judge takes that too.
    let mut indifferent = world.pair();
    assert_eq!(indifferent.client.session.set_cert_verify(false), 0);
    assert!(run(&mut indifferent));
}

#[test]
fn what_passed_by_excuse_passes_only_where_everything_does() {
    let world = World::new();
    let mut excused = world.pair();
    excused.client.verdict = Verdict::Rejected;
    assert_eq!(excused.client.session.set_allows_any_root(true), 0);
    assert!(!run(&mut excused));
    let mut again = world.pair();
    assert_eq!(again.client.session.set_allows_any_root(true), 0);
    assert!(run(&mut again));
    // The switch may be turned at any time: here between the verdict and the moment of storing.
    let world = World::new();
    let mut sly = world.pair();
    sly.client.verdict = Verdict::Rejected;
    assert_eq!(sly.client.session.set_allows_any_root(true), 0);
    loop {
        assert_eq!(sly.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        if sly.client.asked > 0 {
            break;
        }
        assert_eq!(sly.server_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    }
    assert_eq!(sly.client.session.set_allows_any_root(false), 0);
    assert_eq!(sly.handshake(), (0, 0));
    assert!(!run(&mut world.pair()));
}

#[test]
fn pauses_do_not_fire_on_a_resumed_session_but_the_one_at_the_hello_does() {
    let world = World::new();
    let prepared = || {
        let mut pair = world.pair();
        assert_eq!(pair.client.session.set_option(BREAK_ON_SERVER, true), 0);
        assert_eq!(pair.server.session.set_option(BREAK_ON_HELLO, true), 0);
        pair
    };
    let mut first = prepared();
    let (mut seen, mut codes) = (Vec::new(), first.handshake());
    while codes != (0, 0) {
        seen.push(codes);
        codes = first.handshake();
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    let mut second = prepared();
    assert_eq!(second.handshake().1, status::SSL_CLIENT_HELLO_RECEIVED);
    assert_eq!(second.handshake(), (0, 0));
    assert_eq!(both(&second), (true, true));
}

#[test]
fn a_peer_id_may_be_given_at_the_pause_for_a_certificate() {
    let world = World::new();
    for round in 0..2 {
        let mut pair = Pair::new(&P256);
        for end in [&mut pair.client, &mut pair.server] {
            world.place(end);
        }
        assert_eq!(pair.server.session.set_peer_id(b"peer"), 0);
        assert_eq!(pair.server.session.set_client_auth(2), 0);
        assert_eq!(pair.client.session.set_option(BREAK_ON_CERT_REQUESTED, true), 0);
        assert_eq!(pair.handshake().0, status::SSL_CLIENT_CERT_REQUESTED, "round {round}");
        assert_eq!(pair.client.session.set_peer_id(b""), status::SEC_PARAM);
        assert_eq!(pair.client.session.set_peer_id(b"peer"), 0);
        assert_eq!(pair.handshake(), (0, 0));
        assert_eq!(pair.client.session.set_peer_id(b"late"), status::SEC_BAD_REQ);
    }
    let mut pair = world.pair();
    assert_eq!(pair.server.session.set_client_auth(2), 0);
    assert_eq!(pair.client.session.set_option(BREAK_ON_CERT_REQUESTED, true), 0);
    assert!(run(&mut pair), "what was kept under the late name is found by it");
}

#[test]
fn a_session_without_a_client_certificate_does_not_stand_for_one_with_it() {
    let world = World::new();
    assert!(!run(&mut world.pair()));
    let mut pair = world.pair();
    assert_eq!(pair.server.session.set_client_auth(1), 0);
    pair.client.session.set_credentials(Some(Arc::clone(&RSA)));
    assert!(!run(&mut pair));
    let mut pair = world.pair();
    assert_eq!(pair.server.session.set_client_auth(1), 0);
    assert!(run(&mut pair), "now it does, and the certificate need not be there");
    let chain = pair.server.session.peer_trust().unwrap();
    assert_eq!(chain.lock().unwrap().certificates()[0].der(), RSA.chain[0]);
    assert_eq!(pair.server.session.client_certificate() as i32, 0, "it was not asked for this time");
    // Another standard for clients is another server.
    let mut pair = world.pair();
    assert_eq!(pair.server.session.set_client_auth(1), 0);
    assert_eq!(pair.server.session.set_trusted_roots(Vec::new(), true), 0);
    pair.client.session.set_credentials(Some(Arc::clone(&RSA)));
    assert!(!run(&mut pair));
}

#[test]
fn a_fatal_alert_ends_the_session_of_both_ends() {
    for sender_is_client in [true, false] {
        let world = World::new();
        assert!(!run(&mut world.pair()));
        assert_eq!(world.cache.len(), 2);
        let mut pair = world.pair();
        assert!(run(&mut pair));
        let (sender, pipe) = if sender_is_client {
            (&mut pair.client, &mut pair.down)
        } else {
            (&mut pair.server, &mut pair.up)
        };
        // A record that cannot be opened: a fatal alert goes out.
        pipe.bytes.extend([23, 3, 3, 0, 40].iter().chain(&[0; 40]));
        let _ = sender;
        let mut out = Vec::new();
        let code = if sender_is_client {
            pair.client_call(&mut Call::read(10), &[], &mut out)
        } else {
            pair.server_call(&mut Call::read(10), &[], &mut out)
        };
        assert_eq!(code, status::SSL_DECRYPTION_FAIL);
        assert_eq!(world.cache.len(), 1);
        let code = if sender_is_client {
            pair.server_call(&mut Call::read(10), &[], &mut out)
        } else {
            pair.client_call(&mut Call::read(10), &[], &mut out)
        };
        assert_eq!(code, status::SSL_PEER_BAD_RECORD_MAC);
        assert!(world.cache.is_empty());
        assert!(!run(&mut world.pair()));
    }
}

#[test]
fn a_warning_that_ends_the_connection_leaves_the_session() {
    let world = World::new();
    let mut pair = world.pair();
    assert!(!run(&mut pair));
    // The client asks to renegotiate, the server refuses with a warning.
    assert_eq!(pair.client.session.rehandshake(NOW), 0);
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(pair.server_call(&mut Call::read(1), &[], &mut Vec::new()), WOULD_BLOCK);
    let refused = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(refused, status::SSL_PEER_NO_RENEGOTIATION);
    assert!(run(&mut world.pair()));
}

#[test]
fn an_error_set_by_the_application_ends_the_session() {
    let world = World::new();
    let mut pair = world.pair();
    assert!(!run(&mut pair));
    assert_eq!(pair.client.session.set_error(status::SEC_CERTIFICATE_REVOKED), 0);
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), 0);
    assert_eq!(pair.client.session.state(), State::Closed);
    let told = pair.server_call(&mut Call::read(1), &[], &mut Vec::new());
    assert_eq!(told, status::SSL_PEER_CERT_REVOKED);
    assert!(world.cache.is_empty());
}

#[test]
fn one_byte_pipes_change_nothing() {
    for world in [World::new(), World::with_tickets()] {
        for round in 0..2 {
            let mut pair = world.pair();
            for pipe in [&mut pair.up, &mut pair.down] {
                (pipe.step, pipe.holds, pipe.stutter) = (1, 1, true);
            }
            assert_eq!(run(&mut pair), round > 0);
        }
    }
}

#[test]
fn a_renegotiation_of_a_peer_with_a_name_may_be_resumed() {
    let world = World::new();
    let mut pair = world.pair();
    assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0);
    assert!(!run(&mut pair));
    assert_eq!(pair.client.session.rehandshake(NOW), 0);
    assert!(run(&mut pair));
    assert_eq!(pair.client.asked, 1);
}

#[test]
fn a_renegotiation_into_a_session_of_another_certificate_needs_the_option() {
    for allowed in [false, true] {
        let world = World::new();
        let prepared = |credentials: &Arc<Credentials>, id: &[u8]| {
            let mut pair = world.pair();
            for end in [&mut pair.client.session, &mut pair.server.session] {
                assert_eq!(end.set_option(ALLOW_RENEGOTIATION, true), 0);
                assert_eq!(end.set_option(5, allowed), 0);
            }
            pair.server.session.set_credentials(Some(Arc::clone(credentials)));
            assert_eq!(pair.client.session.set_peer_id(id), 0);
            pair
        };
        let mut pair = prepared(&P256, b"one");
        assert!(!run(&mut pair));
        // Another connection under the same name replaces what is remembered.
        let mut other = prepared(&OTHER, b"one");
        assert!(!run(&mut other));
        pair.server.session.set_credentials(Some(Arc::clone(&OTHER)));
        assert_eq!(pair.client.session.rehandshake(NOW), 0);
        let codes = pair.handshake();
        if allowed {
            assert_eq!(codes, (0, 0));
            assert_eq!(both(&pair), (true, true));
        } else {
            assert_eq!(codes, (status::SSL_PROTOCOL, status::SSL_ILLEGAL_PARAM));
        }
    }
}

#[test]
fn alpn_is_chosen_anew() {
    let world = World::new();
    for round in 0..2 {
        let mut pair = world.pair();
        let name: &[u8] = if round == 0 { b"h2" } else { b"http/1.1" };
        assert_eq!(pair.client.session.set_alpn(vec![name.to_vec()]), 0);
        assert_eq!(pair.server.session.set_alpn(vec![b"h2".to_vec(), b"http/1.1".to_vec()]), 0);
        assert_eq!(run(&mut pair), round > 0);
        assert_eq!(pair.client.session.alpn(), Ok(vec![name.to_vec()]));
        assert_eq!(pair.server.session.alpn(), Ok(vec![name.to_vec()]));
    }
}

/// Replaces bytes that are under way.
fn tamper(bytes: &mut std::collections::VecDeque<u8>, from: &[u8], to: &[u8]) {
    let flat = bytes.make_contiguous();
    let at = flat.windows(from.len()).position(|window| window == from).expect("the bytes are there");
    flat[at..at + to.len()].copy_from_slice(to);
}

const EMS: &[u8] = &[0, 23, 0, 0];
const UNKNOWN: &[u8] = &[0xfa, 0xfa, 0, 0];

/// A pair whose ClientHello is under way, as `change` left it.
fn under_way(world: &World, change: impl Fn(&mut Pair)) -> Pair {
    let mut pair = world.pair();
    assert_eq!(pair.client_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    change(&mut pair);
    pair
}

#[test]
fn extended_master_secrets_are_neither_lost_nor_gained() {
    // A session with one, a hello without: fatal (RFC 7627 section 5.3).
    let world = World::new();
    assert!(!run(&mut world.pair()));
    let mut pair = under_way(&world, |pair| tamper(&mut pair.up.bytes, EMS, UNKNOWN));
    assert_eq!(pair.handshake(), (status::SSL_PEER_HANDSHAKE_FAIL, status::SSL_FATAL_ALERT));
    // A session without one (made by an end that does not know it), a hello with: a full handshake.
    let world = World::new();
    let mut old = world.pair();
    assert_eq!((old.client.session.set_version_min(2), old.client.session.set_version_max(2)), (0, 0));
    assert_eq!((old.server.session.set_version_min(2), old.server.session.set_version_max(2)), (0, 0));
    old.server.session.set_credentials(Some(Arc::clone(&RSA)));
    assert!(!run(&mut old), "SSLv3 has none");
    let mut again = world.pair();
    again.server.session.set_credentials(Some(Arc::clone(&RSA)));
    assert_eq!(again.server.session.set_version_min(2), 0);
    assert_eq!((again.client.session.set_version_min(2), again.client.session.set_version_max(2)), (0, 0));
    assert_eq!(again.server.session.set_version_max(2), 0);
    assert!(run(&mut again), "without on both sides it goes on");
}

#[test]
fn a_server_that_resumes_something_else_is_refused() {
    for change in 0..3 {
        let world = World::new();
        assert!(!run(&mut world.pair()));
        let mut pair = under_way(&world, |_| {});
        assert_eq!(pair.server_call(&mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
        match change {
            0 => tamper(&mut pair.down.bytes, EMS, UNKNOWN),
            // Another suite that was offered, behind the ID of 16 bytes.
            1 => {
                let id = pair.server.session.resumed_session().unwrap().to_vec();
                tamper(
                    &mut pair.down.bytes,
                    &[&id[..], &[0xc0, 0x2c]].concat(),
                    &[&id[..], &[0xc0, 0x2b]].concat(),
                );
            }
            // An older version within the range.
            _ => tamper(&mut pair.down.bytes, &[2, 0, 0], &[2, 0, 0]),
        }
        if change == 2 {
            let flat = pair.down.bytes.make_contiguous();
            assert_eq!(flat[9..11], [3, 3]);
            flat[10] = 2;
        }
        let code = pair.client_call(&mut Call::handshake(), &[], &mut Vec::new());
        if change == 2 {
            // The suite does not exist there, which is seen first.
            assert_eq!(code, status::SSL_NEGOTIATION);
        } else {
            assert_eq!(code, status::SSL_PROTOCOL, "change {change}");
            let told = pair.server_call(&mut Call::handshake(), &[], &mut Vec::new());
            assert_eq!(told, status::SSL_ILLEGAL_PARAM);
        }
        assert!(world.cache.is_empty() || change == 2);
    }
}

#[test]
fn a_server_that_does_not_know_the_session_makes_a_new_one() {
    let world = World::new();
    assert!(!run(&mut world.pair()));
    let elsewhere = World::new();
    let mut pair = world.pair();
    elsewhere.place(&mut pair.server);
    assert!(!run(&mut pair));
    assert_eq!(elsewhere.cache.len(), 1);
    assert_eq!(world.cache.len(), 2, "the client's entry was replaced");
}

// --- tickets -----------------------------------------------------------------------------------------------

#[test]
fn tickets_resume_without_a_memory_of_the_server() {
    for version in [4, 7, 8] {
        let world = World::with_tickets();
        for round in 0..3 {
            let mut pair = world.pair();
            // The server has no name for its peer, so only the ticket remembers.
            pair.server = End::new(st_core::config::Role::Server);
            world.place(&mut pair.server);
            pair.server.session.set_credentials(Some(Arc::clone(&RSA)));
            pair.server.session.set_ticket_keys(world.keys.clone());
            for end in [&mut pair.client.session, &mut pair.server.session] {
                assert_eq!((end.set_version_min(version), end.set_version_max(version)), (0, 0));
            }
            assert_eq!(run(&mut pair), round > 0, "version {version} round {round}");
            assert_eq!(world.cache.len(), 1);
        }
    }
}

#[test]
fn tickets_need_both_ends() {
    for (keys, client, id) in [(false, true, true), (true, false, true), (true, true, false)] {
        let world = World::with_tickets();
        for _ in 0..2 {
            let mut pair = Pair::new(&P256);
            for end in [&mut pair.client, &mut pair.server] {
                world.place(end);
            }
            pair.server.session.set_ticket_keys(world.keys.clone().filter(|_| keys));
            pair.client.session.set_session_tickets(client);
            pair.server.session.set_session_tickets(true); // alone it issues nothing
            if id {
                assert_eq!(pair.client.session.set_peer_id(b"peer"), 0);
            }
            assert!(!run(&mut pair));
        }
    }
}

fn key(byte: u8) -> Secret {
    Secret::copy_of(&[byte; 48])
}

#[test]
fn workers_with_the_same_keys_resume_each_others_sessions_across_a_rotation() {
    let client = World::with_tickets();
    let worker = |keys: &[u8]| {
        let keys = TicketKeys::fixed(keys.iter().copied().map(key).collect()).unwrap();
        World { keys: Some(Arc::new(keys)), ..World::new() }
    };
    let connect = |worker: &World| {
        let mut pair = worker.pair();
        client.place(&mut pair.client);
        let resumed = run(&mut pair);
        let cached = client.cache.len();
        (resumed, cached, pair)
    };
    assert!(!connect(&worker(&[1])).0);
    assert!(connect(&worker(&[1])).0, "another process");
    // A new key comes, the old one still opens, and the client gets a ticket under the new one.
    assert!(connect(&worker(&[2, 1])).0);
    assert!(connect(&worker(&[2])).0, "the ticket was renewed");
    assert!(!connect(&worker(&[3])).0, "a key that nobody knows");
    assert!(connect(&worker(&[3])).0);
}

#[test]
fn a_ticket_ends_with_its_lifetime_on_both_ends() {
    let mut world = World::with_tickets();
    let mut first = world.pair();
    assert_eq!(first.server.session.set_cache_timeout(100), 0);
    assert!(!run(&mut first));
    world.now = 99;
    assert!(run(&mut world.pair()));
    world.now = 100;
    assert!(!run(&mut world.pair()), "the hint ended the client's entry");
}

#[test]
fn a_ticket_of_another_kind_of_server_is_no_ticket() {
    let changes: &[fn(&mut Pair)] = &[
        |pair| assert_eq!(pair.server.session.set_credentials(Some(Arc::clone(&OTHER))), 0),
        |pair| assert_eq!(pair.server.session.set_option(ALLOW_RENEGOTIATION, true), 0),
        |pair| assert_eq!(pair.server.session.set_enabled_ciphers(&[0xc02b]), 0),
        |pair| {
            assert_eq!(pair.server.session.set_client_auth(1), 0);
            pair.client.session.set_credentials(Some(Arc::clone(&RSA)));
        },
    ];
    for (index, change) in changes.iter().enumerate() {
        let world = World::with_tickets();
        assert!(!run(&mut world.pair()));
        let mut pair = world.pair();
        change(&mut pair);
        assert!(!run(&mut pair), "change {index}");
    }
}

#[test]
fn a_ticket_carries_the_clients_certificate() {
    let world = World::with_tickets();
    let prepared = || {
        let mut pair = world.pair();
        assert_eq!(pair.server.session.set_client_auth(1), 0);
        pair.client.session.set_credentials(Some(Arc::clone(&RSA)));
        pair
    };
    assert!(!run(&mut prepared()));
    let mut pair = prepared();
    pair.client.session.set_credentials(None);
    assert!(run(&mut pair));
    let trust = pair.server.session.peer_trust().unwrap();
    assert_eq!(trust.lock().unwrap().certificates()[0].der(), RSA.chain[0]);
}
