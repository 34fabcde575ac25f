//! DTLS by the contract: suites, sizes, cookies, the clock, what is dropped, what ends a connection.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod net;

use common::{NOW, WOULD_BLOCK, credentials, every_kind, kinds_for, signs_in};
use core::time::Duration;
use net::{Dice, Net, Side, Weather};
use st_core::config::{Credentials, Now, Role};
use st_core::crypto::sign::PrivateKey;
use st_core::profile::{self, Framing};
use st_core::session::{Call, State};
use st_core::status;
use st_core::suite::{self, Bulk};
use std::sync::Arc;

/// Public numbers of the versions of DTLS in which a suite exists.
fn versions_of(row: &suite::Suite) -> Vec<i64> {
    let rows = profile::of(Framing::Datagram).filter(|p| row.ranks.contains(&p.rank));
    rows.map(|p| i64::from(p.public)).filter(|_| row.bulk != Bulk::Rc4).collect()
}

#[test]
fn every_suite_that_datagrams_allow_runs_with_every_key_that_fits() {
    for (name, credentials) in every_kind() {
        for row in suite::SUITES.iter().filter(|row| kinds_for(row.name).contains(&name)) {
            for version in versions_of(row) {
                let stream = if version == 11 { 8 } else { 7 };
                if !signs_in(name, stream, row) {
                    continue;
                }
                let mut net = Net::new(3, Weather::default());
                net.versions(version, version);
                net.server.end.session.set_credentials(credentials.clone());
                for client in [true, false] {
                    let session = &mut net.side(client).end.session;
                    assert_eq!(session.set_enabled_ciphers(&[i64::from(row.id.0)]), 0);
                    assert_eq!(session.set_psk_secret(b"shared by both"), 0);
                }
                let case = format!("{name} {} in {version}", row.name);
                assert_eq!(net.handshake(), (0, 0), "{case}");
                assert_eq!(net.client.end.session.negotiated_cipher(), Ok(row.id.0));
                let size = net.client.end.session.datagram_write_size().unwrap();
                assert_eq!(net.exchange(&vec![4; size]), Ok(()), "{case}");
                let (_, full) = net.log.iter().rev().find(|(up, _)| *up).unwrap();
                assert!(
                    (1385..=1400).contains(&full.len()),
                    "{case}: {} bytes of data fill {}",
                    size,
                    full.len()
                );
                net.client.run(&mut Call::write(size + 1), &vec![4; size + 1], &mut Vec::new());
                let (_, sent) =
                    net.client.run(&mut Call::write(size + 1), &vec![4; size + 1], &mut Vec::new());
                assert!(sent[0].len() > 1400, "{case}: a byte more fits as well");
            }
        }
    }
}

#[test]
fn key_streams_that_run_on_are_neither_offered_nor_taken() {
    for row in suite::SUITES.iter().filter(|row| row.bulk == Bulk::Rc4) {
        let mut net = Net::quiet(9);
        assert_eq!(net.client.end.session.set_enabled_ciphers(&[i64::from(row.id.0)]), 0);
        assert_eq!(net.client.end.session.set_psk_secret(b"shared by both"), 0);
        let code = net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
        assert_eq!(code, status::SSL_BAD_CONFIGURATION, "{}", row.name);
    }
}

/// A certificate of about four kilobytes.
fn large() -> Arc<Credentials> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let names: Vec<String> = (0..120).map(|n| format!("a-rather-long-name-{n:03}.example")).collect();
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    assert!(certificate.der().len() > 4000);
    let private = PrivateKey::from_pkcs8(&key.serialize_der()).unwrap();
    Arc::new(Credentials { key: Arc::new(private), chain: vec![certificate.der().to_vec()] })
}

#[test]
fn messages_are_cut_to_the_size_that_is_set() {
    let credentials = large();
    for size in [64, 65, 100, 256, 548, 1400, 3000, 65_000] {
        for version in [9, 11] {
            let mut net = Net::quiet(version);
            net.server.end.session.set_credentials(Some(Arc::clone(&credentials)));
            net.client.end.session.set_credentials(Some(Arc::clone(&credentials)));
            assert_eq!(net.server.end.session.set_client_auth(1), 0);
            for client in [true, false] {
                assert_eq!(net.side(client).end.session.set_datagram_size(size), 0);
            }
            assert_eq!(net.handshake(), (0, 0), "{size} in {version}");
            let longest = net.log.iter().map(|(_, bytes)| bytes.len()).max().unwrap();
            // Below this a record of the longest MAC has no room for anything.
            assert!(longest <= size.max(125), "{size} in {version}: {longest}");
            let fewest = 8_000 / size;
            assert!(net.log.len() <= 8 + 3 * fewest, "{size} in {version}: {} datagrams", net.log.len());
            assert_eq!(net.exchange(&[1; 16_384]), Ok(()));
        }
    }
}

#[test]
fn a_size_too_small_is_ignored_and_streams_have_none() {
    let mut session = Side::new(Role::Client).end.session;
    assert_eq!((session.datagram_size(), session.datagram_write_size()), (Ok(1400), Ok(1327)));
    for (size, kept, write) in [(63, 1400, 1327), (64, 64, 0), (576, 576, 511), (1400, 1400, 1327)] {
        assert_eq!(session.set_datagram_size(size), 0);
        assert_eq!((session.datagram_size(), session.datagram_write_size()), (Ok(kept), Ok(write)), "{size}");
    }
    let mut stream = common::End::new(Role::Server).session;
    assert_eq!(stream.set_datagram_size(1400), status::SEC_PARAM);
    assert_eq!(stream.datagram_size(), Err(status::SEC_PARAM));
    assert_eq!(stream.datagram_write_size(), Err(status::SEC_PARAM));
    assert_eq!(stream.set_datagram_cookie(b"x"), status::SEC_PARAM);
    assert_eq!(stream.datagram_deadline(NOW), Err(status::SEC_PARAM));
}

/// Types of the handshake messages in the clear that one side sent, in order.
fn messages(net: &Net, up: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (_, bytes) in net.log.iter().filter(|(from, _)| *from == up) {
        let mut rest = &bytes[..];
        while let Some(header) = rest.first_chunk::<13>() {
            let len = usize::from(u16::from_be_bytes([header[11], header[12]]));
            if header[0] == 22 && header[3..5] == [0, 0] {
                out.push(rest[13]);
            }
            rest = &rest[13 + len..];
        }
    }
    out
}

#[test]
fn a_cookie_is_demanded_once_and_only_where_one_is_set() {
    for (cookie, up, down) in
        [(&b"a cookie"[..], vec![1, 1, 16], vec![3, 2, 11, 12, 14]), (b"", vec![1, 16], vec![2, 11, 12, 14])]
    {
        let mut net = Net::quiet(11);
        assert_eq!(net.server.end.session.set_datagram_cookie(cookie), 0);
        assert_eq!(net.handshake(), (0, 0));
        assert_eq!((messages(&net, true), messages(&net, false)), (up, down));
    }
    let mut session = Side::new(Role::Server).end.session;
    assert_eq!(session.set_datagram_cookie(&[1; 32]), 0);
    assert_eq!(session.set_datagram_cookie(&[1; 33]), status::SEC_PARAM);
}

#[test]
fn a_first_hello_that_carries_the_cookie_already_is_taken() {
    // One server asks, another one with the same cookie goes on.
    let mut net = Net::quiet(11);
    assert_eq!(net.server.end.session.set_datagram_cookie(b"shared"), 0);
    net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
    net.wait();
    net.call(false, &mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(messages(&net, false), [3]);
    net.server = Side::new(Role::Server);
    net.versions(9, 11);
    net.server.end.session.set_credentials(Some(credentials(&rcgen::PKCS_ECDSA_P256_SHA256)));
    assert_eq!(net.server.end.session.set_datagram_cookie(b"shared"), 0);
    assert_eq!(net.handshake(), (0, 0));
    let hello =
        net.log.iter().find(|(up, bytes)| !up && bytes[13] == 2).map(|(_, bytes)| bytes.clone()).unwrap();
    assert_eq!(hello[18], 1, "under the message number of the question");
    assert_eq!(hello[10], 1, "and under its record number");
}

#[test]
fn nobody_who_has_not_shown_the_cookie_gets_more_than_one_short_datagram_for_each_of_his() {
    let mut net = Net::quiet(11);
    assert_eq!(net.server.end.session.set_datagram_cookie(&[7; 32]), 0);
    net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
    let (_, hello) = net.log[0].clone();
    for _ in 0..1000 {
        net.server.inbox.push_back(hello.clone());
        assert_eq!(net.call(false, &mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    }
    assert!(net.server.sent <= 1000 && net.server.sent_bytes <= 1000 * 60, "{}", net.server.sent_bytes);
    let now = Now { mono: net.now, ..NOW };
    assert_eq!(net.server.end.session.datagram_deadline(now), Ok(None), "it remembers nothing to send again");
}

#[test]
fn ten_sends_then_the_connection_counts_as_refused() {
    let mut net = Net::quiet(11);
    net.weather.lost = 100;
    let mut times = Vec::new();
    let code = loop {
        let before = net.log.len();
        let code = net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
        if net.log.len() > before {
            times.push(net.now.as_secs());
        }
        if code != WOULD_BLOCK || !net.wait() {
            break code;
        }
    };
    assert_eq!(code, status::SSL_CONNECTION_REFUSED);
    assert_eq!(times, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    assert_eq!(net.client.end.session.state(), State::Handshake);
    let now = Now { mono: net.now, ..NOW };
    assert_eq!(net.client.end.session.datagram_deadline(now), Ok(None));
    assert_eq!(net.call(true, &mut Call::handshake(), &[], &mut Vec::new()), code, "the same again");
}

#[test]
fn the_clock_is_looked_at_when_a_call_begins_and_the_deadline_says_when() {
    let mut net = Net::quiet(11);
    let idle = Now { mono: Duration::from_secs(5), ..NOW };
    assert_eq!(net.client.end.session.datagram_deadline(idle), Ok(None));
    net.weather.lost = 100;
    net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
    let left = |net: &mut Net, millis| {
        let now = Now { mono: Duration::from_millis(millis), ..NOW };
        net.client.end.session.datagram_deadline(now).unwrap()
    };
    assert_eq!(left(&mut net, 0), Some(Duration::from_secs(1)));
    assert_eq!(left(&mut net, 999), Some(Duration::from_millis(1)));
    assert_eq!(left(&mut net, 5000), Some(Duration::ZERO));
    net.now = Duration::from_millis(999);
    net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(net.log.len(), 1);
    net.now = Duration::from_millis(1000);
    net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
    assert_eq!(net.log.len(), 2);
    assert_ne!(net.log[0].1[3..11], net.log[1].1[3..11], "under a new number");
    assert_eq!(net.log[0].1[11..], net.log[1].1[11..], "the same hello");
}

#[test]
fn a_context_that_pauses_owes_nothing_to_the_clock() {
    let mut net = Net::quiet(11);
    assert_eq!(net.client.end.session.set_option(0, true), 0);
    while net.call(true, &mut Call::handshake(), &[], &mut Vec::new()) != status::SSL_PEER_AUTH_COMPLETED {
        net.wait();
        net.call(false, &mut Call::handshake(), &[], &mut Vec::new());
    }
    let before = net.client.sent;
    net.now += Duration::from_secs(1000);
    let now = Now { mono: net.now, ..NOW };
    assert_eq!(net.client.end.session.datagram_deadline(now), Ok(None));
    assert_eq!(net.call(true, &mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    assert_eq!(net.client.sent, before + 1, "nothing but the next flight");
}

/// No number of an epoch is used for two records, however often they are sent.
#[test]
fn no_record_number_is_used_twice() {
    for seed in 0..50 {
        let mut net = Net::new(seed, Weather { lost: 30, doubled: 20, delayed: 30, ..Weather::default() });
        net.versions(11, 11);
        for client in [true, false] {
            let session = &mut net.side(client).end.session;
            assert_eq!(session.set_enabled_ciphers(&[0xa8]), 0);
            assert_eq!(session.set_psk_secret(b"shared by both"), 0);
        }
        net.handshake();
        let mut seen = std::collections::BTreeSet::new();
        for (up, bytes) in &net.log {
            let mut rest = &bytes[..];
            while let Some(header) = rest.first_chunk::<13>() {
                assert!(seen.insert((*up, header[3..11].to_vec())), "seed {seed}");
                rest = &rest[13 + usize::from(u16::from_be_bytes([header[11], header[12]]))..];
            }
        }
    }
}

fn connected() -> Net {
    let mut net = Net::quiet(11);
    assert_eq!(net.handshake(), (0, 0));
    net.log.clear();
    net
}

/// What the peer wrote last, as it went over the wire.
fn written(net: &mut Net, data: &[u8]) -> Vec<u8> {
    net.client.run(&mut Call::write(data.len()), data, &mut Vec::new()).1.remove(0)
}

fn read(net: &mut Net, bytes: &[u8]) -> (i32, Vec<u8>) {
    net.server.inbox.push_back(bytes.to_vec());
    let mut out = Vec::new();
    let code = net.server.run(&mut Call::read(20_000), &[], &mut out).0;
    (code, out)
}

#[test]
fn a_forged_a_repeated_and_an_old_record_vanish() {
    let mut net = connected();
    let good = written(&mut net, b"good");
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert_eq!(read(&mut net, &bad), (WOULD_BLOCK, vec![]), "byte {at} bit {bit}");
        }
    }
    for n in 0..good.len() {
        assert_eq!(read(&mut net, &good[..n]), (WOULD_BLOCK, vec![]), "{n} bytes");
    }
    assert_eq!(read(&mut net, &good), (0, b"good".to_vec()));
    assert_eq!(read(&mut net, &good), (WOULD_BLOCK, vec![]));
    let old = written(&mut net, b"old");
    for _ in 0..64 {
        written(&mut net, b"lost");
    }
    let new = written(&mut net, b"new");
    assert_eq!(read(&mut net, &new), (0, b"new".to_vec()));
    assert_eq!(read(&mut net, &old), (WOULD_BLOCK, vec![]));
    assert_eq!(net.server.end.session.state(), State::Connected);
}

#[test]
fn what_nothing_protects_is_not_believed_once_there_are_keys() {
    let plain = |typ: u8, number: u8, body: &[u8]| {
        let head = [typ, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, number, 0, body.len() as u8];
        [&head[..], body].concat()
    };
    let mut net = connected();
    for (number, record) in
        [(21, &[2, 40][..]), (21, &[1, 0]), (20, &[1]), (23, b"data"), (22, &[1, 0, 0, 0]), (99, b"x")]
            .iter()
            .enumerate()
    {
        let bytes = plain(record.0, number as u8, record.1);
        assert_eq!(read(&mut net, &bytes), (WOULD_BLOCK, vec![]), "{record:?}");
    }
    let good = written(&mut net, b"still here");
    assert_eq!(read(&mut net, &good), (0, b"still here".to_vec()));
}

#[test]
fn one_read_gives_what_one_write_sent() {
    let mut net = connected();
    let (one, two) = (written(&mut net, b"one"), written(&mut net, b"two"));
    net.server.inbox.extend([[one, two].concat()]);
    for wanted in [b"one", b"two"] {
        let mut out = Vec::new();
        assert_eq!(net.server.run(&mut Call::read(100), &[], &mut out).0, 0);
        assert_eq!(out, wanted);
    }
    let large = vec![3; 16_384];
    let (_, sent) = net.client.run(&mut Call::write(large.len()), &large, &mut Vec::new());
    assert_eq!(sent.len(), 1);
    assert_eq!(read(&mut net, &sent[0]), (0, large));
    let larger = vec![3; 40_000];
    let (_, sent) = net.client.run(&mut Call::write(larger.len()), &larger, &mut Vec::new());
    assert_eq!(sent.len(), 1, "several records, one call");
}

#[test]
fn close_notify_is_sent_once_and_ends_the_other_side() {
    let mut net = connected();
    assert_eq!(net.call(true, &mut Call::close(), &[], &mut Vec::new()), 0);
    assert_eq!(net.log.len(), 1);
    net.wait();
    assert_eq!(net.call(false, &mut Call::read(10), &[], &mut Vec::new()), status::SSL_CLOSED_GRACEFUL);
    assert_eq!(net.server.end.session.state(), State::Closed);
}

#[test]
fn random_datagrams_in_every_phase_change_nothing_that_is_protected() {
    for seed in 0..300 {
        let mut net = Net::quiet(if seed % 2 == 0 { 11 } else { 9 });
        let mut dice = Dice::new(seed);
        let mut noise = |net: &mut Net| {
            for client in [true, false] {
                for _ in 0..dice.below(20) {
                    let mut bytes: Vec<u8> = (0..dice.below(90)).map(|_| dice.next() as u8).collect();
                    let typ = 20 + dice.below(6) as u8;
                    let head = [
                        typ,
                        0xfe,
                        0xfd,
                        0,
                        dice.below(3) as u8,
                        0,
                        0,
                        0,
                        0,
                        dice.next() as u8,
                        dice.next() as u8,
                    ];
                    let len = (bytes.len() as u16).wrapping_add(dice.below(3) as u16).to_be_bytes();
                    // In the clear only what cannot be a message or an alert: the rest may end a handshake.
                    if head[4] == 0 && (typ == 21 || typ == 22) {
                        bytes.truncate(1);
                    }
                    net.side(client).inbox.push_back([&head[..], &len, &bytes].concat());
                }
            }
        };
        let (mut c, mut s) = (WOULD_BLOCK, WOULD_BLOCK);
        while c == WOULD_BLOCK || s == WOULD_BLOCK {
            noise(&mut net);
            if c == WOULD_BLOCK {
                c = net.call(true, &mut Call::handshake(), &[], &mut Vec::new());
            }
            noise(&mut net);
            if s == WOULD_BLOCK {
                s = net.call(false, &mut Call::handshake(), &[], &mut Vec::new());
            }
            net.wait();
        }
        assert_eq!((c, s), (0, 0), "seed {seed}");
        noise(&mut net);
        assert_eq!(net.exchange(&[6; 100]), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_transport_that_gives_nothing_but_rubbish_keeps_no_call() {
    let mut net = Net::quiet(11);
    for _ in 0..100_000 {
        net.server.inbox.push_back(vec![22, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    }
    assert_eq!(net.call(false, &mut Call::handshake(), &[], &mut Vec::new()), WOULD_BLOCK);
    assert!(net.server.inbox.len() > 50_000);
}
