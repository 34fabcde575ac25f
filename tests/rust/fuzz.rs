//! The fuzz targets on stable Rust: every seed, and a fixed number of inputs made from the seeds.
//!
//! `cargo-fuzz` looks further; this keeps the targets honest and finds what is near. The inputs are the same every
//! time. `cargo test --test fuzz -- --ignored` writes the recorded seeds anew.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod net;
mod tap;
#[path = "../../rust/fuzz/src/targets.rs"]
mod targets;

use common::{Pair, Pipe};
use st_core::config::Role;
use st_core::crypto::rsa::encrypt_premaster;
use st_core::crypto::secret::Secret;
use st_core::crypto::sign::PublicKey;
use st_core::keys::classic::{self, Randoms};
use st_core::keys::transcript::Transcript;
use st_core::profile::{self, Framing, Profile};
use st_core::record::head::Head;
use st_core::record::protect::{Material, sealer};
use st_core::session::Call;
use st_core::suite::{self, Suite};
use st_core::wire::ids::{ContentType, HandshakeType, SuiteId, WireVersion};
use st_core::wire::tail;
use std::fs;
use std::path::{Path, PathBuf};
use tap::Way;
use targets::TARGETS;

/// Inputs for each target beyond its seeds.
const ROUNDS: u32 = 10_000;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder(target)).unwrap_or_else(|e| panic!("no seeds of {target}: {e}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Xorshift: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap() % n.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[3]
    }
}

/// One to four small changes to a seed, now and then with the end of another.
fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut data = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(data.len());
        match numbers.below(8) {
            0 if !data.is_empty() => data[at] ^= 1 << numbers.below(8),
            1 if !data.is_empty() => data[at] = [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
            2 if !data.is_empty() => data[at] = numbers.byte(),
            3 => data.truncate(at),
            4 => data.insert(at, numbers.byte()),
            5 => drop(data.splice(at..at, vec![numbers.byte(); numbers.below(40)])),
            6 => {
                let to = (at + numbers.below(30)).min(data.len());
                let piece = data[at.min(to)..to].to_vec();
                let there = numbers.below(data.len());
                drop(data.splice(there..there, piece));
            }
            _ => {
                let other = &seeds[numbers.below(seeds.len())];
                data.truncate(at);
                data.extend_from_slice(&other[numbers.below(other.len())..]);
            }
        }
    }
    data
}

fn run(name: &str) {
    let (_, target) = TARGETS.iter().find(|(n, _)| *n == name).unwrap();
    let seeds = seeds(name);
    assert!(seeds.len() > 1, "{name} has {} seeds", seeds.len());
    target(&[]);
    seeds.iter().for_each(|seed| target(seed));
    let mut numbers = Numbers(0x5ec0_7e57);
    for round in 0..ROUNDS {
        let input = mutated(&seeds, &mut numbers);
        let survived = std::panic::catch_unwind(|| target(&input));
        assert!(survived.is_ok(), "{name}, input {round}: {input:02x?}");
    }
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*

        #[test]
        fn every_target_is_run_here_and_by_cargo_fuzz() {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            let manifest = fs::read_to_string(folder("../Cargo.toml")).unwrap();
            for name in names {
                assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
            }
        }
    };
}

targets!(
    record_reader,
    assembler,
    messages,
    extensions,
    certificate,
    chain,
    files,
    revocation,
    client,
    server,
    handshake,
    connected,
    datagram,
    ticket,
    resumed
);

/// A recorded client's stream takes a server all the way to data and the end: deep states are reached.
#[test]
fn a_recorded_stream_is_taken_again_to_its_end() {
    let mut end = tap::end(Role::Server, tap::KNOWN);
    end.session.set_credentials(Some(std::sync::Arc::clone(&targets::FIXED)));
    let (mut from, mut to) = (Pipe::new(), Pipe::new());
    from.bytes.extend(&fs::read(folder("server").join("stream-0")).unwrap()[1..]);
    let mut out = Vec::new();
    let mut handshake = Call::handshake();
    assert_eq!(end.run(&mut handshake, &mut from, &mut to, &[], &mut out), 0);
    for _ in 0..2 {
        assert_eq!(end.run(&mut Call::read(1000), &mut from, &mut to, &[], &mut out), 0);
    }
    assert_eq!(out, [7; 705]);
}

/// What the target looks for in a ticket is in its seed: deep states are reached.
#[test]
fn the_seed_of_a_session_is_one() {
    let seed = fs::read(folder("ticket").join("plain")).unwrap();
    let (saved, _) = st_core::resumption::Saved::decode(Framing::Stream, &seed[1..]).unwrap();
    assert_eq!(saved.suite.id, SuiteId(tap::KNOWN));
    assert_eq!(saved.master.len(), 48);
}

/// Highest versions of old connections, as the fuzz targets number them.
const SSL3: u8 = targets::OLD;
const TLS10: u8 = targets::OLD | 1 << 6;

/// What both ends of an old connection wrote: the client's stream, the server's.
fn old_streams(flags: u8) -> (Vec<u8>, Vec<u8>) {
    let (client, server) = (targets::opened(Role::Client, flags).0, targets::opened(Role::Server, flags).0);
    let mut pair = Pair { client, server, up: Pipe::new(), down: Pipe::new() };
    assert_eq!(pair.handshake(), (0, 0));
    for data in [&[7; 5][..], &[7; 700]] {
        assert_eq!(pair.transfer(true, data), data);
        assert_eq!(pair.transfer(false, data), data);
    }
    for up in [true, false] {
        let close = &mut Call::close();
        let code = if up {
            pair.client_call(close, &[], &mut Vec::new())
        } else {
            pair.server_call(close, &[], &mut Vec::new())
        };
        assert_eq!(code, 0);
    }
    (pair.up.log, pair.down.log)
}

fn record(typ: ContentType, body: &[u8]) -> Vec<u8> {
    [&Head::new(typ, WireVersion::TLS10, body.len()).encode()[..], body].concat()
}

/// A server's random bytes in answer to this hello in SSLv2's format, and the messages so far.
fn v2_answer(profile: &Profile, suite: &Suite, hello: &[u8]) -> ([u8; 32], Transcript) {
    let (mut server, _) = targets::opened(Role::Server, TLS10);
    let (mut up, mut down) = (Pipe::new(), Pipe::new());
    up.bytes.extend([0x80, hello.len() as u8]);
    up.bytes.extend(hello);
    let code = server.run(&mut Call::handshake(), &mut up, &mut down, &[], &mut Vec::new());
    assert_eq!(code, common::WOULD_BLOCK);
    let mut transcript = Transcript::new();
    transcript.start(profile, suite.prf);
    transcript.add(hello);
    let (mut rest, mut random) = (&down.log[..], [0; 32]);
    while let [22, _, _, high, low, tail @ ..] = rest {
        let (body, next) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        transcript.add(body);
        if body[0] == HandshakeType::SERVER_HELLO.0 {
            random.copy_from_slice(&body[6..38]);
        }
        rest = next;
    }
    (random, transcript)
}

/// The stream of a client that begins with a hello in SSLv2's format and means TLS 1.0, up to its close_notify; no end
/// of ours sends one.
fn v2_stream() -> Vec<u8> {
    let profile = profile::by_wire(Framing::Stream, WireVersion::TLS10).unwrap();
    let suite = suite::by_id(SuiteId(0x002f)).unwrap();
    let mut hello = vec![1, 3, 1, 0, 6, 0, 0, 0, 32, 7, 0, 0xc0, 0, 0, 0x2f]; // the first suite is SSLv2's own
    hello.extend([0x42; 32]);
    let (random, mut transcript) = v2_answer(profile, suite, &hello);
    let premaster = [&[3, 1], &[0x42; 46][..]].concat();
    let certified = PublicKey::from_spki(&targets::FIXED.key.public_spki()).unwrap();
    let sealed = encrypt_premaster(&certified, &premaster).unwrap();
    let exchange = [&u16::try_from(sealed.len()).unwrap().to_be_bytes()[..], &sealed].concat();
    let exchange = tail::frame(HandshakeType::CLIENT_KEY_EXCHANGE, &exchange).unwrap();
    transcript.add(&exchange);
    let randoms = Randoms { client: [0x42; 32], server: random };
    let master = classic::master_secret(profile, suite.prf, &Secret::new(premaster), &randoms);
    let keys = classic::key_block(profile, suite, &master, &randoms).client;
    let finished = classic::verify_data(profile, suite.prf, &master, true, &transcript);
    let finished = tail::frame(HandshakeType::FINISHED, &finished).unwrap();
    let (mac, key, iv) = (keys.mac.as_bytes(), keys.key.as_bytes(), keys.iv.as_bytes());
    let mut sealer = sealer(profile, suite, Material { mac, key, iv, encrypt_then_mac: false }).unwrap();
    let mut stream = [&[0x80, hello.len() as u8], &hello[..]].concat();
    stream.extend(record(ContentType::HANDSHAKE, &exchange));
    stream.extend(record(ContentType::CHANGE_CIPHER_SPEC, &[1]));
    let sealed = [
        (ContentType::HANDSHAKE, &finished[..]),
        (ContentType::APPLICATION_DATA, &[7; 705]),
        (ContentType::ALERT, &[1, 0]),
    ];
    for (number, (typ, plain)) in sealed.into_iter().enumerate() {
        let mut body = vec![0; sealer.sealed_len(plain.len())];
        let head = Head::new(typ, WireVersion::TLS10, body.len());
        sealer.seal(number as u64, &head, plain, &mut body).unwrap();
        stream.extend(record(typ, &body));
    }
    stream
}

/// The recorded client's streams of old versions take a server to data and an orderly end.
#[test]
fn old_streams_are_taken_again_to_their_end() {
    for (name, flags) in [("old-ssl3", SSL3), ("old-tls10", TLS10), ("old-v2-hello", TLS10)] {
        let seed = fs::read(folder("server").join(name)).unwrap();
        assert_eq!(seed[0], flags, "{name}");
        let (mut end, _) = targets::opened(Role::Server, flags);
        let (mut from, mut to) = (Pipe::new(), Pipe::new());
        from.bytes.extend(&seed[1..]);
        let mut out = Vec::new();
        assert_eq!(end.run(&mut Call::handshake(), &mut from, &mut to, &[], &mut out), 0, "{name}");
        let mut code = 0;
        while code == 0 {
            code = end.run(&mut Call::read(1000), &mut from, &mut to, &[], &mut out);
        }
        assert_eq!((code, &out[..]), (st_core::status::SSL_CLOSED_GRACEFUL, &[7; 705][..]), "{name}");
    }
}

#[test]
#[ignore = "writes the seeds"]
fn the_seeds_are_written() {
    let write = |target: &str, name: &str, data: &[u8]| {
        fs::create_dir_all(folder(target)).unwrap();
        fs::write(folder(target).join(name), data).unwrap();
    };
    let with = |first: u8, data: &[u8]| [&[first], data].concat();
    let (up, down) = (targets::recorded(Way::Up), targets::recorded(Way::Down));
    for (name, stream) in [("client-stream", &up), ("server-stream", &down)] {
        for protection in [0, 1, 2, 3, 4, 5, 11] {
            write("record_reader", &format!("{name}-{protection}"), &with(protection | 0x30, stream));
        }
    }
    for flags in [0, 2, 8 + 16 + 32] {
        write("server", &format!("stream-{flags}"), &with(flags, &up));
        write("client", &format!("stream-{flags}"), &with(flags, &down));
    }
    for (name, flags) in [("old-ssl3", SSL3), ("old-tls10", TLS10)] {
        let (up, down) = old_streams(flags);
        write("server", name, &with(flags, &up));
        write("client", name, &with(flags, &down));
    }
    write("server", "old-v2-hello", &with(TLS10, &v2_stream()));
    let types = [
        (HandshakeType::CLIENT_HELLO, Some(0)),
        (HandshakeType::SERVER_HELLO, Some(1)),
        (HandshakeType::CERTIFICATE, Some(2)),
        (HandshakeType::CERTIFICATE_REQUEST, Some(3)),
        (HandshakeType::CERTIFICATE_VERIFY, Some(4)),
        (HandshakeType::CLIENT_KEY_EXCHANGE, Some(6 | 2 << 3)),
    ];
    let mut all = Vec::new();
    for (typ, selector) in types {
        let body = targets::body_of(typ);
        assert!(!body.is_empty(), "{typ:?}");
        all.extend(tail::frame(typ, &body).unwrap());
        if let Some(selector) = selector {
            write("messages", &format!("type-{}", typ.0), &with(selector, &body));
        }
    }
    write("messages", "type-12-curve", &with(5 | 9 << 3, &targets::server_share(tap::EPHEMERAL)));
    write("messages", "type-12-field", &with(5 | 10 << 3, &targets::server_share(tap::FINITE)));
    write("messages", "type-12-hint", &with(5 | 4 << 3, &[0, 4, b'h', b'i', b'n', b't']));
    write("messages", "type-16-identity", &with(6 | 4 << 3, &[0, 2, b'm', b'e']));
    write("messages", "type-22", &with(7, &[1, 0, 0, 3, 0x30, 1, 0]));
    write("assembler", "flight", &with(30, &all));
    write("assembler", "one", &with(0, &[20, 0, 0, 2, 1, 2, 14, 0, 0, 0]));
    let hello = targets::body_of(HandshakeType::CLIENT_HELLO);
    let at = hello.len() - usize::from(targets::block_length(&hello)) - 2;
    write("extensions", "client", &with(0, &hello[at..]));
    write("extensions", "server", &with(1, &[0, 9, 0xff, 1, 0, 1, 0, 0, 23, 0, 0]));
    write("extensions", "unknown-name", &with(0, &[0, 9, 0, 0, 0, 5, 0, 3, 0x23, 0, 0]));
    write("extensions", "odd", &with(0, &[0, 13, 0, 16, 0, 5, 0, 3, 2, b'h', b'2', 0xfa, 0xfa, 0, 0]));
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fixtures");
    let read = |name: &str| fs::read(fixtures.join(name)).unwrap();
    let names = ["certificate.der", "leaf.der", "between.der", "root.der"];
    names.iter().for_each(|name| write("certificate", name, &read(name)));
    let chain: Vec<Vec<u8>> = names[1..].iter().map(|name| read(name)).collect();
    let list = |chain: &[Vec<u8>]| st_core::wire::certs::CertificateMessage::encode(chain).unwrap();
    write("chain", "three", &with(0, &list(&chain)));
    write("chain", "strict", &with(7, &list(&chain)));
    write("chain", "one", &with(8, &list(&[read("certificate.der")])));
    for scene in 0..8 {
        write("handshake", &format!("clean-{scene}"), &[scene]);
        write(
            "handshake",
            &format!("deeds-{scene}"),
            &[scene, 0x02, 2, 0, 9, 1, 0x03, 6, 0, 1, 21, 0x05, 4, 0, 6, 8],
        );
    }
    let saved = targets::saved_session();
    write("ticket", "plain", &with(1, &saved));
    write("ticket", "sealed", &with(0, &[7; 200]));
    for phase in 0..6 {
        write("resumed", &format!("clean-{phase}"), &[phase]);
        write(
            "resumed",
            &format!("deeds-{phase}"),
            &[phase, 0x02, 2, 0, 9, 1, 0x03, 7, 0, 1, 4, 0x05, 6, 0, 2, 23],
        );
    }
    write("connected", "client", &[0, 23, 3, 1, 2, 3, 22, 4, 0, 0, 0, 0, 21, 2, 1, 100, 23, 0, 21, 2, 1, 0]);
    write("connected", "server", &[1, 23, 3, 1, 2, 3, 22, 4, 0, 0, 0, 0, 20, 1, 1]);
    let (up, down) = (targets::datagrams(true), targets::datagrams(false));
    for flags in [0, 2, 4 + 8] {
        write("datagram", &format!("client-{flags}"), &with(flags, &down));
        write("datagram", &format!("server-{flags}"), &with(flags | 1, &up));
    }
}
