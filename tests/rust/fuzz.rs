//! The fuzz targets on stable Rust: every seed, and a fixed number of inputs made from the seeds.
//!
//! `cargo-fuzz` looks further; this keeps the targets honest and finds what is near. The inputs are the same every
//! time. `cargo test --test fuzz -- --ignored` writes the recorded seeds anew.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod tap;
#[path = "../../rust/fuzz/src/targets.rs"]
mod targets;

use st_core::wire::ids::HandshakeType;
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
    connected
);

/// A recorded client's stream takes a server all the way to data and the end: deep states are reached.
#[test]
fn a_recorded_stream_is_taken_again_to_its_end() {
    let mut end = tap::end(st_core::config::Role::Server, tap::KNOWN);
    end.session.set_credentials(Some(std::sync::Arc::clone(&targets::FIXED)));
    let (mut from, mut to) = (common::Pipe::new(), common::Pipe::new());
    from.bytes.extend(&seeds("server")[0][1..]);
    let mut out = Vec::new();
    let mut handshake = st_core::session::Call::handshake();
    assert_eq!(end.run(&mut handshake, &mut from, &mut to, &[], &mut out), 0);
    for _ in 0..2 {
        assert_eq!(end.run(&mut st_core::session::Call::read(1000), &mut from, &mut to, &[], &mut out), 0);
    }
    assert_eq!(out, [7; 705]);
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
        all.extend(st_core::wire::tail::frame(typ, &body).unwrap());
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
    write("connected", "client", &[0, 23, 3, 1, 2, 3, 22, 4, 0, 0, 0, 0, 21, 2, 1, 100, 23, 0, 21, 2, 1, 0]);
    write("connected", "server", &[1, 23, 3, 1, 2, 3, 22, 4, 0, 0, 0, 0, 20, 1, 1]);
}
