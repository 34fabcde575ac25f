//! Connection IDs (RFC 9146) and keys for SRTP (RFC 5764): what hellos over datagrams agree on beside the rest.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod net;

use common::WOULD_BLOCK;
use net::{Net, Weather};
use st_core::crypto::hash::Hash;
use st_core::crypto::mac::hmac;
use st_core::profile::{self, Framing};
use st_core::record::head::{ConnectionId, Head};
use st_core::record::protect::{Material, sealer};
use st_core::session::{Call, State};
use st_core::suite;
use st_core::wire::ids::{ContentType, SuiteId, WireVersion};

/// One of each kind of protection: an AEAD with an explicit and with a mixed nonce, a MAC inside, a MAC alone, CCM.
const SUITES: [u16; 6] = [0xc02b, 0xcca9, 0xc023, 0xc009, 0xc006, 0xc0ac];

fn named(suite: u16, client: Option<&[u8]>, server: Option<&[u8]>) -> Net {
    let mut net = Net::quiet(11);
    for (side, name) in [(&mut net.client, client), (&mut net.server, server)] {
        assert_eq!(side.end.session.set_enabled_ciphers(&[suite.into()]), 0);
        assert_eq!(side.end.session.set_connection_id(name), 0);
    }
    net
}

fn written(net: &mut Net, client: bool, data: &[u8]) -> Vec<u8> {
    net.side(client).run(&mut Call::write(data.len()), data, &mut Vec::new()).1.remove(0)
}

fn read(net: &mut Net, client: bool, bytes: &[u8]) -> (i32, Vec<u8>) {
    net.side(client).inbox.push_back(bytes.to_vec());
    let mut out = Vec::new();
    (net.side(client).run(&mut Call::read(20_000), &[], &mut out).0, out)
}

#[test]
fn records_carry_their_receivers_name_and_hide_their_type() {
    for suite in SUITES {
        let mut net = named(suite, Some(b"c"), Some(b"the server's name, 32 bytes long"));
        assert_eq!(net.handshake(), (0, 0), "{}", suite::by_id(SuiteId(suite)).unwrap().name);
        assert_eq!(net.exchange(b"\x05\x05\x05\x05"), Ok(()));
        for (up, bytes) in net.log.iter().filter(|(_, bytes)| bytes[3..5] == [0, 1]) {
            let name = if *up { &b"the server's name, 32 bytes long"[..] } else { b"c" };
            assert_eq!((bytes[0], &bytes[11..11 + name.len()]), (25, name));
        }
        let size = net.client.end.session.datagram_write_size().unwrap();
        assert!(written(&mut net, true, &vec![1; size]).len() <= 1400, "{suite:x}");
        assert!(written(&mut net, true, &vec![1; size + 1]).len() > 1400, "{suite:x}");
        let ids = net.client.end.session.connection_ids().unwrap().cloned().unwrap();
        assert_eq!((ids.0, ids.1.len()), (b"c".to_vec(), 32));
    }
}

#[test]
fn a_mac_covers_what_the_rfc_says() {
    let key = [7; 20];
    let material = Material { mac: &key, key: &[], iv: &[], encrypt_then_mac: false };
    let profile = profile::by_wire(Framing::Datagram, WireVersion::DTLS12).unwrap();
    let nothing_hidden = suite::by_id(SuiteId(0xc006)).unwrap(); // a MAC alone
    let mut sealer = sealer(profile, nothing_hidden, material).unwrap();
    let inner = b"content\x17"; // the type behind it
    let mut body = vec![0; sealer.sealed_len(inner.len())];
    let cid = ConnectionId::new(b"name").unwrap();
    let head = Head { cid, ..Head::new(ContentType::TLS12_CID, WireVersion::DTLS12, body.len()) };
    sealer.seal(0x0001_0000_0000_0009, &head, inner, &mut body).unwrap();
    // RFC 9146 section 5.1, written out.
    let covered = [&[0xff; 8][..], &[25, 4, 25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9], b"name", &[0, 8], inner];
    let tag = hmac(Hash::Sha1, &key, &covered);
    assert_eq!(body, [inner, tag.as_ref()].concat());
}

#[test]
fn an_empty_name_is_in_no_record_and_one_side_alone_has_none() {
    for (client, server, up, down) in [
        (Some(&b""[..]), Some(&b"s"[..]), 25, 23),
        (Some(b"c"), Some(b""), 23, 25),
        (Some(b""), Some(b""), 23, 23),
        (Some(b"c"), None, 23, 23),
        (None, Some(b"s"), 23, 23),
    ] {
        let mut net = named(0xc02b, client, server);
        assert_eq!(net.handshake(), (0, 0));
        assert_eq!(written(&mut net, true, b"x")[0], up);
        assert_eq!(written(&mut net, false, b"x")[0], down);
        assert_eq!(net.exchange(b"\x01\x01"), Ok(()));
        let agreed = net.server.end.session.connection_ids().unwrap().is_some();
        assert_eq!(agreed, client.is_some() && server.is_some());
    }
}

#[test]
fn a_record_under_another_name_without_one_or_changed_anywhere_vanishes() {
    for suite in SUITES {
        let mut net = named(suite, Some(b"c"), Some(b"server"));
        assert_eq!(net.handshake(), (0, 0));
        let good = written(&mut net, true, b"good");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(read(&mut net, false, &bad), (WOULD_BLOCK, vec![]), "byte {at}");
        }
        for n in 0..good.len() {
            assert_eq!(read(&mut net, false, &good[..n]), (WOULD_BLOCK, vec![]), "{n} bytes");
        }
        let nameless = [&[23], &good[1..11], &good[17..]].concat();
        assert_eq!(read(&mut net, false, &nameless), (WOULD_BLOCK, vec![]));
        assert_eq!(read(&mut net, false, &good), (0, b"good".to_vec()));
        assert_eq!(read(&mut net, false, &good), (WOULD_BLOCK, vec![]), "again");
        assert_eq!(net.server.end.session.state(), State::Connected);
    }
}

#[test]
fn names_survive_bad_networks_renegotiation_and_resumption() {
    let weather = Weather { lost: 15, doubled: 10, delayed: 20, damaged: 10, largest: None };
    for seed in 0..200 {
        let mut net = Net::new(seed, weather);
        net.server.end.session.set_credentials(Some(common::credentials(&rcgen::PKCS_ECDSA_P256_SHA256)));
        net.versions(11, 11);
        net.client.end.session.set_connection_id(Some(b"client"));
        net.server.end.session.set_connection_id(Some(b"server"));
        net.server.end.session.set_option(8, true);
        if net.handshake() != (0, 0) {
            continue; // given up as it may be; the rate is another test's
        }
        assert_eq!(net.exchange(b"\x07\x07\x07"), Ok(()), "{seed}");
        assert_eq!(net.client.end.session.rehandshake(common::NOW), 0);
        let done = net.drive(WOULD_BLOCK, 0);
        if done == (0, 0) {
            assert_eq!(net.exchange(b"\x08\x08"), Ok(()), "{seed}");
            assert_eq!(written(&mut net, true, b"x")[0], 25);
        }
    }
}

#[test]
fn older_datagrams_and_streams_have_no_names() {
    let mut net = Net::quiet(9);
    for side in [&mut net.client, &mut net.server] {
        assert_eq!(side.end.session.set_connection_id(Some(b"x")), 0);
        assert_eq!(side.end.session.set_connection_id(Some(&[1; 33])), st_core::status::SEC_PARAM);
    }
    assert_eq!(net.handshake(), (0, 0));
    assert_eq!(net.client.end.session.connection_ids(), Ok(None));
    assert_eq!(net.client.end.session.set_connection_id(None), st_core::status::SEC_BAD_REQ);
    let mut stream = common::End::new(st_core::config::Role::Client);
    assert_eq!(stream.session.set_connection_id(Some(b"x")), st_core::status::SEC_PARAM);
    assert_eq!(stream.session.connection_ids().err(), Some(st_core::status::SEC_PARAM));
}

#[test]
fn both_ends_get_the_same_keys_for_the_servers_first_choice() {
    let mut net = Net::quiet(11);
    assert_eq!(net.client.end.session.set_srtp_profiles(&[1, 8, 7]), 0);
    assert_eq!(net.server.end.session.set_srtp_profiles(&[7, 1]), 0);
    assert_eq!(net.client.end.session.srtp_keys().err(), Some(st_core::status::SEC_BAD_REQ));
    assert_eq!(net.handshake(), (0, 0));
    let [c, s] = [true, false].map(|client| net.side(client).end.session.srtp_keys().unwrap());
    assert_eq!((c.profile.id.0, s.profile.id.0), (7, 7));
    assert_eq!((c.client_key.len(), c.client_salt.len()), (16, 12));
    assert!(c.client_key == s.client_key && c.server_key == s.server_key && c.client_key != c.server_key);
    assert!(c.client_salt == s.client_salt && c.server_salt == s.server_salt);
}

#[test]
fn without_a_common_profile_the_handshake_goes_on_without_keys() {
    for (client, server) in [(&[1][..], &[7][..]), (&[1], &[]), (&[], &[1])] {
        let mut net = Net::quiet(11);
        assert_eq!(net.client.end.session.set_srtp_profiles(client), 0);
        assert_eq!(net.server.end.session.set_srtp_profiles(server), 0);
        assert_eq!(net.handshake(), (0, 0));
        for client in [true, false] {
            let session = &net.side(client).end.session;
            assert_eq!(session.srtp_profile(), Err(st_core::status::SEC_PARAM));
            assert_eq!(session.srtp_keys().err(), Some(st_core::status::SEC_PARAM));
        }
    }
    let session = &mut Net::quiet(11).client.end.session;
    for bad in [&[3][..], &[1, 1], &[-1], &[65537]] {
        assert_eq!(session.set_srtp_profiles(bad), st_core::status::SEC_PARAM);
    }
    let mut stream = common::End::new(st_core::config::Role::Client);
    assert_eq!(stream.session.set_srtp_profiles(&[1]), st_core::status::SEC_PARAM);
}
