//! Known answers of the classic versions.
//!
//! Sources:
//! - tlslite-ng: derivations and records in `vectors/classic.txt`; `vectors/classic.py` says how they were made.
//! - NIST: the TLS 1.0 and 1.1 vectors of the CAVP validation of SP 800-135 (`tls.rsp`).
//! - The definition of a CBC record, for records of our own whose vector is random.
#![allow(missing_docs, clippy::unwrap_used)]

use st_core::crypto::cbc::CbcEncryptor;
use st_core::crypto::record_mac::RecordMac;
use st_core::crypto::secret::Secret;
use st_core::keys::classic::{self, DirectionKeys, KeyBlock, Randoms};
use st_core::keys::transcript::Transcript;
use st_core::profile::{self, CbcIv, CbcPadding, Framing, Profile, Rank};
use st_core::record::head::{Head, MAX_PLAIN, mac_header};
use st_core::record::protect::{Material, Opener, Sealer, opener, sealer};
use st_core::suite::{self, Bulk, Suite};
use st_core::wire::ids::{ContentType, SuiteId, WireVersion};
use std::collections::BTreeMap;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().map(|b| (b as char).to_digit(16).unwrap() as u8).collect();
    assert!(digits.len().is_multiple_of(2));
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// One record: its type, its plaintext, its sealed body.
struct Sealed(ContentType, Vec<u8>, Vec<u8>);

/// One version, suite and order of MAC and encryption.
struct Row {
    name: &'static str,
    profile: &'static Profile,
    suite: &'static Suite,
    encrypt_then_mac: bool,
    values: BTreeMap<&'static str, Vec<u8>>,
    records: Vec<Sealed>,
}

impl Row {
    fn parse(section: &'static str) -> Row {
        let mut lines = section.lines();
        let name = lines.next().unwrap().trim_end_matches(']');
        let numbers = name.split(' ').map(|word| u16::from_str_radix(word, 16));
        let (Some(Ok(version)), Some(Ok(suite))) = (numbers.clone().next(), numbers.clone().nth(1)) else {
            panic!("{name}");
        };
        let mut row = Row {
            name,
            profile: profile::by_wire(Framing::Stream, WireVersion(version)).unwrap(),
            suite: suite::by_id(SuiteId(suite)).unwrap(),
            encrypt_then_mac: name.ends_with("outside"),
            values: BTreeMap::new(),
            records: Vec::new(),
        };
        for line in lines.filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(" = ").unwrap();
            if key == "record" {
                let parts: Vec<&str> = value.split(' ').collect();
                let typ = ContentType(parts[0].parse().unwrap());
                row.records.push(Sealed(typ, bytes(parts[1].trim_matches('-')), bytes(parts[2])));
            } else {
                row.values.insert(key, bytes(value));
            }
        }
        assert_eq!(row.records.len(), 7, "{name}");
        row
    }

    fn randoms(&self) -> Randoms {
        let random = |name| self.values[name].as_slice().try_into().unwrap();
        Randoms { client: random("client"), server: random("server") }
    }

    fn keys(&self) -> KeyBlock {
        let master = Secret::copy_of(&self.values["master"]);
        classic::key_block(self.profile, self.suite, &master, &self.randoms())
    }

    fn material<'a>(&self, keys: &'a DirectionKeys) -> Material<'a> {
        let DirectionKeys { mac, key, iv } = keys;
        let encrypt_then_mac = self.encrypt_then_mac;
        Material { mac: mac.as_bytes(), key: key.as_bytes(), iv: iv.as_bytes(), encrypt_then_mac }
    }

    fn opener(&self) -> Opener {
        opener(self.profile, self.suite, self.material(&self.keys().client)).unwrap()
    }

    fn sealer(&self) -> Sealer {
        sealer(self.profile, self.suite, self.material(&self.keys().client)).unwrap()
    }

    fn head(&self, typ: ContentType, len: usize) -> Head {
        Head::new(typ, self.profile.wire, len)
    }

    /// Whether every byte of a sealed record is given: not where its vector is random.
    fn is_determined(&self) -> bool {
        !(self.suite.has_cbc() && self.profile.iv == CbcIv::Explicit)
    }
}

fn rows() -> Vec<Row> {
    let rows: Vec<Row> = include_str!("vectors/classic.txt").split("\n[").skip(1).map(Row::parse).collect();
    assert_eq!(rows.len(), 40);
    rows
}

#[test]
fn every_bulk_cipher_and_mac_of_the_classic_records_has_vectors() {
    let rows = rows();
    for row in suite::SUITES.iter().filter(|row| row.mac.is_some() || matches!(row.bulk, Bulk::Counter(_))) {
        let gcm = row.name.contains("GCM"); // those are in wire_kat
        let null_sha384 = row.name.ends_with("NULL_SHA384"); // tlslite-ng has no such suite
        let found = rows.iter().any(|known| (known.suite.bulk, known.suite.mac) == (row.bulk, row.mac));
        assert!(found || gcm || null_sha384, "{}", row.name);
    }
    for rank in [Rank::Ssl3, Rank::Tls10, Rank::Tls11, Rank::Tls12] {
        assert!(rows.iter().any(|row| row.profile.rank == rank));
    }
}

#[test]
fn master_secrets_are_tlslites() {
    for row in rows() {
        let premaster = Secret::copy_of(&row.values["premaster"]);
        let master = classic::master_secret(row.profile, row.suite.prf, &premaster, &row.randoms());
        assert_eq!(master.as_bytes(), row.values["master"], "{}", row.name);
    }
}

/// NIST, COUNT 0 of two of the groups: premaster, hello randoms, master; then the randoms of a key block, and the block.
#[test]
fn derivations_of_tls_1_0_and_1_1_are_the_published_ones() {
    let vectors = [
        [
            "bded7fa5c1699c010be23dd06ada3a48349f21e5f86263d512c0c5cc379f0e780ec55d9844b2f1db02a96453513568d0",
            "e5acaf549cd25c22d964c0d930fa4b5261d2507fad84c33715b7b9a864020693",
            "135e4d557fdf3aa6406d82975d5c606a9734c9334b42136e96990fbd5358cdb2",
            "2f6962dfbc744c4b2138bb6b3d33054c5ecc14f24851d9896395a44ab3964efc2090c5bf51a0891209f46c1e1e998f62",
            "d58a7b1cd4fedaa232159df652ce188f9d997e061b9bf48e83b62990440931f6",
            "67267e650eb32444119d222a368c191af3082888dc35afe8368e638c828874be",
            "3088825988e77fce68d19f756e18e43eb7fe672433504feaf99b3c503d9091b164f166db301d70c9fc0870b4a94563907bee1a61fb78\
             6cb717576890bcc51cb9ead97e01d0a2fea99c953377b195205ff07b369589178796edc963fd80fdbe518a2fc1c35c18ae8d",
        ],
        [
            "d671cdfae1e2dda3a01e80d76d897517c37a60d62e89312060c422dca1922fd8ec0f70d8bcf12f413e9e086481561d43",
            "3572440795426af5927b811a452a06388464b231858f5631f406048b106a6896",
            "dbd90af84002dd924acf80f270c04a5a1c900f43689a6572f47c0808351ad755",
            "c5753fafd0f3344cde9eabec621189f444b15dd46cbc744b551f51195437fb32200cb3ac08145dc97b09ac4943cfc74e",
            "57b58338bac41e526c8b9d5eaab9da368637eee18d0469b69889c231dd772a2d",
            "cd12ae6a6496f4932a93431f0d6ffcbfaf20132aebf07ad429cc6862c378c826",
            "6b8ae7bf624b5f3ea88fe7e56784d437c49404419223060f5ced0bc8e03acf656e5fe59adc800830700e9a80bb733bd3d4a2284d5f20\
             e69c72babff47a44e7191b650cb3e3df05184675c4053e2cd1d0e0d45f87cebeda1a7acd059e99d9fcf58daa9d79f87e0e61",
        ],
    ];
    let suite = suite::by_id(SuiteId(0x002f)).unwrap();
    let array = |hex| bytes(hex).try_into().unwrap();
    for rank in [Rank::Tls10, Rank::Tls11] {
        let profile = profile::by_rank(Framing::Stream, rank).unwrap();
        for [premaster, client, server, master, client_again, server_again, block] in vectors {
            let randoms = Randoms { client: array(client), server: array(server) };
            let premaster = Secret::new(bytes(premaster));
            let made = classic::master_secret(profile, suite.prf, &premaster, &randoms);
            assert_eq!(made.as_bytes(), bytes(master));
            let randoms = Randoms { client: array(client_again), server: array(server_again) };
            let KeyBlock { client, server } = classic::key_block(profile, suite, &made, &randoms);
            let cut = [&client.mac, &server.mac, &client.key, &server.key, &client.iv, &server.iv];
            let ours: Vec<u8> = cut.iter().flat_map(|part| part.as_bytes()).copied().collect();
            let wanted = bytes(block);
            // TLS 1.1 takes no vectors out of the block.
            assert_eq!(ours, wanted[..ours.len()], "{rank:?}");
            assert_eq!(ours.len() == wanted.len(), rank == Rank::Tls10);
        }
    }
}

#[test]
fn extended_master_secrets_are_tlslites() {
    for row in rows() {
        let Some(wanted) = row.values.get("extended") else {
            assert_eq!(row.profile.rank, Rank::Ssl3);
            continue;
        };
        let mut transcript = Transcript::new();
        transcript.start(row.profile, row.suite.prf);
        transcript.add(&row.values["messages"]);
        let premaster = Secret::copy_of(&row.values["premaster"]);
        let hash = transcript.hash();
        let master = classic::extended_master_secret(row.profile, row.suite.prf, &premaster, hash.as_bytes());
        assert_eq!(master.as_bytes(), *wanted, "{}", row.name);
    }
}

#[test]
fn key_blocks_are_tlslites() {
    for row in rows() {
        let KeyBlock { client, server } = row.keys();
        let cut = [&client.mac, &server.mac, &client.key, &server.key, &client.iv, &server.iv];
        let ours: Vec<u8> = cut.iter().flat_map(|part| part.as_bytes()).copied().collect();
        assert_eq!(ours, row.values["block"][..ours.len()], "{}", row.name);
        let chained = row.suite.has_cbc() && row.profile.iv == CbcIv::Chained;
        assert_eq!(chained, client.iv.len() >= 8, "{}", row.name);
    }
}

#[test]
fn verify_data_is_tlslites() {
    for row in rows() {
        let mut transcript = Transcript::new();
        transcript.start(row.profile, row.suite.prf);
        let (first, second) = row.values["messages"].split_at(77);
        transcript.add(first);
        transcript.add(second);
        let master = Secret::copy_of(&row.values["master"]);
        for (from_client, name) in [(true, "client-finished"), (false, "server-finished")] {
            let data = classic::verify_data(row.profile, row.suite.prf, &master, from_client, &transcript);
            assert_eq!(data, row.values[name], "{} {name}", row.name);
        }
    }
}

#[test]
fn records_of_tlslite_open_in_their_order() {
    for row in rows() {
        let mut opener = row.opener();
        for (number, Sealed(typ, plain, body)) in row.records.iter().enumerate() {
            let mut body = body.clone();
            let head = row.head(*typ, body.len());
            let range = opener.open(number as u64, &head, &mut body);
            let range = range.unwrap_or_else(|fault| panic!("{} {number}: {fault:?}", row.name));
            assert_eq!(body[range], *plain, "{} {number}", row.name);
        }
    }
}

#[test]
fn records_are_sealed_as_tlslite_seals_them() {
    for row in rows().iter().filter(|row| row.is_determined()) {
        let mut sealer = row.sealer();
        for (number, Sealed(typ, plain, wanted)) in row.records.iter().enumerate() {
            let mut body = vec![0; sealer.sealed_len(plain.len())];
            sealer.seal(number as u64, &row.head(*typ, body.len()), plain, &mut body).unwrap();
            if body.len() != wanted.len() {
                // More padding than needed: from here on chained records differ.
                assert!(row.profile.padding == CbcPadding::All && number == 3, "{}", row.name);
                break;
            }
            assert_eq!(body, *wanted, "{} {number}", row.name);
        }
    }
}

#[test]
fn a_record_changed_in_one_bit_of_any_byte_is_refused() {
    for row in rows() {
        let Sealed(typ, _, body) = &row.records[0];
        for at in 0..body.len() {
            let mut bad = body.clone();
            bad[at] ^= 0x20;
            let opened = row.opener().open(0, &row.head(*typ, body.len()), &mut bad);
            assert!(opened.is_err(), "{} byte {at}", row.name);
        }
    }
}

/// The body behind its vector, from the definition: plaintext, tag, padding, encrypted.
fn defined(row: &Row, seq: u64, typ: ContentType, plain: &[u8], iv: &[u8]) -> Vec<u8> {
    let Bulk::Cbc(cipher) = row.suite.bulk else { panic!("{} is no block cipher", row.name) };
    let keys = row.keys().client;
    let mac = RecordMac::new(row.suite.mac.unwrap(), row.profile.mac, keys.mac.as_bytes());
    let tag = |content: &[u8]| {
        let (header, used) = mac_header(row.profile.mac, seq, &row.head(typ, 0), content.len());
        mac.tag(&header[..used], content).as_bytes().to_vec()
    };
    let mut text = plain.to_vec();
    if !row.encrypt_then_mac {
        text.extend(tag(plain));
    }
    let padding = cipher.block_len() - 1 - text.len() % cipher.block_len();
    text.resize(text.len() + padding + 1, padding as u8);
    CbcEncryptor::new(cipher, keys.key.as_bytes()).unwrap().encrypt(iv, &mut text).unwrap();
    if row.encrypt_then_mac {
        let prefix = if row.profile.iv == CbcIv::Explicit { iv } else { &[] };
        text.extend(tag(&[prefix, &text].concat()));
    }
    text
}

/// Holds for the code that encrypts and hashes in one pass, where there is such code, and for the two passes.
#[test]
fn sealed_cbc_records_are_what_their_definition_says_at_every_length() {
    for row in rows().iter().filter(|row| row.suite.has_cbc()) {
        let Bulk::Cbc(cipher) = row.suite.bulk else { continue };
        let block = cipher.block_len();
        let mut sealer = row.sealer();
        let mut chain = row.keys().client.iv.as_bytes().to_vec();
        let mut vectors = Vec::new();
        let typ = ContentType::APPLICATION_DATA;
        for (number, len) in (0..300).chain([1023, 1024, 4096, MAX_PLAIN - 1, MAX_PLAIN]).enumerate() {
            let plain: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
            let mut body = vec![0; sealer.sealed_len(len)];
            sealer.seal(number as u64, &row.head(typ, body.len()), &plain, &mut body).unwrap();
            let prefix = if chain.is_empty() { block } else { 0 };
            let (iv, rest) = body.split_at(prefix);
            let vector = if prefix == 0 { chain.clone() } else { iv.to_vec() };
            assert_eq!(rest, defined(row, number as u64, typ, &plain, &vector), "{} {len}", row.name);
            assert!(!vectors.contains(&vector), "{} {len}: a vector comes twice", row.name);
            vectors.push(vector);
            if prefix == 0 {
                let outside = if row.encrypt_then_mac { row.suite.mac.unwrap().len() } else { 0 };
                let end = rest.len() - outside;
                chain = rest[end - block..end].to_vec();
            }
        }
    }
}
