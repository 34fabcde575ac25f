//! Two sessions over a network that loses, doubles, delays, reorders and damages datagrams, by seed and in a time of its
//! own: every handshake ends, in a bounded number of sends, complete or with the documented time-out.
//!
//! `LOSSY_SEEDS` sets how many seeds are run, `LOSSY_FROM` the first one.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod net;

use common::{WOULD_BLOCK, credentials};
use net::{Net, Weather};
use st_core::config::{Credentials, Now};
use st_core::resumption::{SessionCache, TicketKeys};
use st_core::status::SSL_CONNECTION_REFUSED as REFUSED;
use std::sync::Arc;

/// Version, suite: with a pre-shared key, with a certificate, blocks, counters, a MAC alone.
const SUITES: &[(i64, i64)] = &[
    (11, 0xc0a8), // PSK, AES-128-CCM-8
    (11, 0x00a8), // PSK, AES-128-GCM
    (11, 0xccab), // PSK, ChaCha20
    (11, 0x00ae), // PSK, AES-128-CBC, SHA-256
    (9, 0x008c),  // PSK, AES-128-CBC, SHA-1
    (9, 0x002c),  // PSK, no cipher
    (11, 0xc02b), // ECDHE_ECDSA, AES-128-GCM
    (9, 0xc009),  // ECDHE_ECDSA, AES-128-CBC
    (11, 0xc024), // ECDHE_ECDSA, AES-256-CBC, SHA-384
    (9, 0xc035),  // ECDHE_PSK, AES-128-CBC
];

const SIZES: &[usize] = &[64, 100, 200, 300, 576, 1280, 1400, 1400, 1400];

struct World {
    server: Arc<Credentials>,
    client: Arc<Credentials>,
}

/// One network with everything about it chosen by the seed.
fn network(seed: u64, world: &World) -> Net {
    let mut net = Net::new(seed, Weather::default());
    let (version, suite) = SUITES[net.dice.below(SUITES.len() as u64) as usize];
    let certified = [0xc02b, 0xc009, 0xc024].contains(&suite);
    net.versions(version, version);
    for client in [true, false] {
        let size = SIZES[net.dice.below(SIZES.len() as u64) as usize];
        let session = &mut net.side(client).end.session;
        assert_eq!(session.set_enabled_ciphers(&[suite]), 0);
        assert_eq!(session.set_psk_secret(b"shared by both"), 0);
        assert_eq!(session.set_datagram_size(size), 0);
        assert_eq!(session.set_option(8, true), 0);
    }
    if certified {
        net.server.end.session.set_credentials(Some(Arc::clone(&world.server)));
        if net.dice.hits(40) {
            assert_eq!(net.server.end.session.set_client_auth(1), 0);
            net.client.end.session.set_credentials(Some(Arc::clone(&world.client)));
        }
    }
    if net.dice.hits(40) {
        assert_eq!(net.server.end.session.set_datagram_cookie(b"a cookie"), 0);
    }
    let bad = net.dice.below(4) * 9;
    net.weather = Weather {
        lost: net.dice.below(bad + 1),
        doubled: net.dice.below(bad + 1),
        delayed: net.dice.below(2 * bad + 1),
        damaged: net.dice.below(bad / 2 + 1),
        largest: net.dice.hits(10).then(|| 300 + net.dice.below(1200) as usize),
    };
    net
}

/// A flight has few messages, and the smallest datagrams hold 16 bytes of one.
const SENDS: usize = 20_000;

fn ended(net: &Net, codes: (i32, i32), what: &str) -> bool {
    assert!(
        net.client.sent <= SENDS && net.server.sent <= SENDS,
        "{what}: {} {}",
        net.client.sent,
        net.server.sent
    );
    if codes == (0, 0) {
        return true;
    }
    let known = |code: i32| [0, WOULD_BLOCK, REFUSED].contains(&code);
    let refused = codes.0 == REFUSED || codes.1 == REFUSED;
    assert!(known(codes.0) && known(codes.1) && refused, "{what}: {codes:?}");
    false
}

/// Data goes both ways, or the end that still waits for the other's last flight has waited too long.
fn exchanged(net: &mut Net, data: &[u8], what: &str) -> bool {
    let done = net.exchange(data);
    assert!(done == Ok(()) || done == Err(REFUSED), "{what}: {done:?}");
    done.is_ok()
}

/// Whether everything came to its end without a time-out.
fn run(seed: u64, world: &World) -> bool {
    let mut net = network(seed, world);
    let what = format!("seed {seed} {:?}", net.weather);
    let remembers = net.dice.hits(30);
    let by_ticket = net.dice.hits(50);
    let caches = [Arc::new(SessionCache::new()), Arc::new(SessionCache::new())];
    let keys = Arc::new(TicketKeys::rotating(86_400));
    let remember = |net: &mut Net| {
        for (client, cache) in [(true, &caches[0]), (false, &caches[1])] {
            let session = &mut net.side(client).end.session;
            session.set_cache(Some(Arc::clone(cache)));
            assert_eq!(session.set_peer_id(b"peer"), 0);
            assert_eq!(session.set_cache_timeout(86_400), 0);
            if by_ticket {
                assert_eq!(session.set_session_tickets(true), 0);
            }
        }
        if by_ticket {
            net.server.end.session.set_ticket_keys(Some(Arc::clone(&keys)));
        }
    };
    if remembers {
        remember(&mut net);
    }
    let codes = net.handshake();
    if !ended(&net, codes, &what) {
        return false;
    }
    if !exchanged(&mut net, &[9; 40], &what) || (net.dice.hits(30) && !renegotiate(&mut net, &what)) {
        return false;
    }
    if remembers {
        let mut second = network(seed, world);
        remember(&mut second);
        second.now = net.now;
        let codes = second.handshake();
        if !ended(&second, codes, &format!("{what} resumed")) {
            return false;
        }
        assert!(second.client.end.session.report().resumed, "{what}");
        return exchanged(&mut second, &[8; 40], &format!("{what} resumed"));
    }
    true
}

/// Either end may begin; afterwards data flows under the new keys.
fn renegotiate(net: &mut Net, what: &str) -> bool {
    let client = net.dice.hits(50);
    let now = Now { mono: net.now, wall: common::NOW.wall };
    assert_eq!(net.side(client).end.session.rehandshake(now), 0, "{what}");
    let waiting = |one: bool| if one == client { WOULD_BLOCK } else { 0 };
    let codes = net.drive(waiting(true), waiting(false));
    let what = format!("{what} again by {}", if client { "the client" } else { "the server" });
    if codes == (0, WOULD_BLOCK) && !client {
        return false; // its HelloRequests were lost, and nobody has to answer them
    }
    if !ended(net, codes, &what) {
        return false;
    }
    exchanged(net, &[7; 40], &what)
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn every_seed_ends_in_a_connection_or_the_time_out() {
    let world = World {
        server: credentials(&rcgen::PKCS_ECDSA_P256_SHA256),
        client: credentials(&rcgen::PKCS_ECDSA_P256_SHA256),
    };
    let (from, seeds) = (number("LOSSY_FROM", 0), number("LOSSY_SEEDS", 10_000));
    let complete: u64 = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            let world = &world;
            scope.spawn(move || {
                (from..from + seeds).filter(|n| n % 2 == half && run(*n, world)).count() as u64
            })
        });
        halves.into_iter().map(|half| half.join().unwrap()).sum()
    });
    println!("{complete} of {seeds} seeds without a time-out");
    assert!(complete * 100 >= seeds * 95, "{complete} of {seeds}");
}

#[test]
fn a_quiet_network_takes_one_flight_after_the_other() {
    for version in [9, 11] {
        let mut net = Net::quiet(version);
        assert_eq!(net.handshake(), (0, 0), "{version}");
        assert_eq!(net.client.end.session.negotiated_version(), version as i32);
        assert_eq!((net.client.sent, net.server.sent), (2, 2), "a datagram for each flight");
        assert_eq!(net.exchange(&[7; 1000]), Ok(()));
    }
}
