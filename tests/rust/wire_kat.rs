//! Known answers: derivations and records against vectors that others published or computed.
//!
//! Sources:
//! - NIST: the TLS 1.2 vectors of the CAVP validation of SP 800-135 (`tls.rsp`), as OpenSSL carries them.
//! - XARGS: the byte-by-byte connection of <https://tls12.xargs.org>, recorded with published secrets.
//! - GCM: test cases 3 and 15 of McGrew and Viega, "The Galois/Counter Mode of Operation" (NIST's submission).
//! - RFC 8439 section 2.8.2 for ChaCha20-Poly1305.
//! - OPENSSL: `openssl kdf TLS1-PRF` of OpenSSL 3.0.19, and the same from Python's hashlib.
//! - CRYPTOGRAPHY: AESGCM and ChaCha20Poly1305 of Python's `cryptography` 50.0.2.
//!
//! GCM and ChaCha vectors for TLS records do not exist in the RFCs. The ciphertexts here are the published ones,
//! because the nonce can be steered to theirs; the tags cover TLS's additional data and are CRYPTOGRAPHY's.
#![allow(missing_docs, clippy::unwrap_used)]

use st_core::crypto::hash::Hash;
use st_core::crypto::mac::prf;
use st_core::crypto::secret::Secret;
use st_core::keys::classic::{self, Randoms};
use st_core::profile::{self, Framing, Profile};
use st_core::record::head::Head;
use st_core::record::protect::{Material, Opener, Sealer, opener, sealer};
use st_core::suite::{self, Suite};
use st_core::wire::ids::{ContentType, SuiteId, WireVersion};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter_map(|b| (b as char).to_digit(16).map(|d| d as u8)).collect();
    assert!(digits.len().is_multiple_of(2));
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn array(hex: &str) -> [u8; 32] {
    bytes(hex).try_into().unwrap()
}

fn tls12() -> &'static Profile {
    profile::by_wire(Framing::Stream, WireVersion::TLS12).unwrap()
}

fn row(number: u16) -> &'static Suite {
    suite::by_id(SuiteId(number)).unwrap()
}

fn xargs_randoms() -> Randoms {
    Randoms {
        client: array("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        server: array("707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"),
    }
}

const XARGS_MASTER: &str = "916abf9da55973e13614ae0a3f5d3f37b023ba129aee02cc9134338127cd7049\
    781c8e19fc1eb2a7387ac06ae237344c";

/// NIST.
#[test]
fn a_master_secret_is_the_published_one() {
    let premaster = "f8938ecc9edebc5030c0c6a441e213cd24e6f770a50dda07876f8d55da062bca\
        db386b411fd4fe4313a604fce6c17fbc";
    let randoms = Randoms {
        client: array("36c129d01a3200894b9179faac589d9835d58775f9b5ea3587cb8fd0364cae8c"),
        server: array("f6c9575ed7ddd73e1f7d16eca115415812a43c2b747daaaae043abfb50053fce"),
    };
    let wanted = "202c88c00f84a17a20027079604787461176455539e705be730890602c289a50\
        01e34eeb3a043e5d52a65e66125188bf";
    let secret = Secret::new(bytes(premaster));
    let master = classic::master_secret(tls12(), Hash::Sha256, &secret, &randoms);
    assert_eq!(master.as_bytes(), bytes(wanted));
}

/// XARGS: X25519 output to master secret.
#[test]
fn the_master_secret_of_a_recorded_connection_is_the_published_one() {
    let premaster = Secret::new(bytes("df4a291baa1eb7cfa6934b29b474baad2697e29f1f920dcc77c8a0a088447624"));
    let master = classic::master_secret(tls12(), Hash::Sha256, &premaster, &xargs_randoms());
    assert_eq!(master.as_bytes(), bytes(XARGS_MASTER));
}

/// NIST: 128 bytes of key block.
#[test]
fn key_expansion_gives_the_published_block() {
    let master = "202c88c00f84a17a20027079604787461176455539e705be730890602c289a50\
        01e34eeb3a043e5d52a65e66125188bf";
    let server = bytes("ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868");
    let client = bytes("62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616");
    let wanted = "d06139889fffac1e3a71865f504aa5d0d2a2e89506c6f2279b670c3e1b74f531\
        016a2530c51a3a0f7e1d6590d0f0566b2f387f8d11fd4f731cdd572d2eae927f\
        6f2f81410b25e6960be68985add6c38445ad9f8c64bf8068bf9a6679485d966f\
        1ad6f68b43495b10a683755ea2b858d70ccac7ec8b053c6bd41ca299d4e51928";
    let mut block = [0; 128];
    prf(Hash::Sha256, &bytes(master), b"key expansion", &[&server, &client], &mut block);
    assert_eq!(block.to_vec(), bytes(wanted));
    // The same block cut as AES-128-GCM wants it: two keys, then two nonce parts.
    let randoms = Randoms { client: client.try_into().unwrap(), server: server.try_into().unwrap() };
    let cut = classic::key_block(tls12(), row(0x009c), &Secret::new(bytes(master)), &randoms);
    assert_eq!(cut.client.key.as_bytes(), &block[..16]);
    assert_eq!(cut.server.key.as_bytes(), &block[16..32]);
    assert_eq!(cut.client.iv.as_bytes(), &block[32..36]);
    assert_eq!(cut.server.iv.as_bytes(), &block[36..40]);
    // And as ChaCha20-Poly1305 wants it.
    let cut = classic::key_block(tls12(), row(0xcca8), &Secret::new(bytes(master)), &randoms);
    assert_eq!(cut.client.key.as_bytes(), &block[..32]);
    assert_eq!(cut.server.key.as_bytes(), &block[32..64]);
    assert_eq!(cut.client.iv.as_bytes(), &block[64..76]);
    assert_eq!(cut.server.iv.as_bytes(), &block[76..88]);
}

/// XARGS: MAC keys and cipher keys stand where the recorded connection has them.
#[test]
fn key_expansion_of_a_recorded_connection_gives_its_keys() {
    let randoms = xargs_randoms();
    let mut block = [0; 104];
    let seed: [&[u8]; 2] = [&randoms.server, &randoms.client];
    prf(Hash::Sha256, &bytes(XARGS_MASTER), b"key expansion", &seed, &mut block);
    assert_eq!(block[..20].to_vec(), bytes("1b7d117c7d5f690bc263cae8ef60af0f1878acc2"));
    assert_eq!(block[20..40].to_vec(), bytes("2ad8bdd8c601a617126f63540eb20906f781fad2"));
    assert_eq!(block[40..56].to_vec(), bytes("f656d037b173ef3e11169f27231a84b6"));
    assert_eq!(block[56..72].to_vec(), bytes("752a18e7a9fcb7cbcdd8f98dd8f769eb"));
    assert_eq!(block[72..88].to_vec(), bytes("a0d2550c9238eebfef5c32251abb67d6"));
    assert_eq!(block[88..].to_vec(), bytes("434528db4937d540d393135e06a11bb8"));
}

/// OPENSSL.
#[test]
fn key_expansion_with_sha384_gives_what_openssl_gives() {
    let cut = classic::key_block(tls12(), row(0x009d), &Secret::new(bytes(XARGS_MASTER)), &xargs_randoms());
    let wanted = bytes(
        "243e6a31867e7b29f122b748ffeb635994fa231c83365bc6f1fd9b1cf4bfc149\
         882ed6d687a71ccddf9e951779104378965d05d50f01837687e4d2511fbcbcea\
         ac0e1beb131cc3be",
    );
    assert_eq!(cut.client.key.as_bytes(), &wanted[..32]);
    assert_eq!(cut.server.key.as_bytes(), &wanted[32..64]);
    assert_eq!(cut.client.iv.as_bytes(), &wanted[64..68]);
    assert_eq!(cut.server.iv.as_bytes(), &wanted[68..]);
}

/// XARGS: the hash of its messages up to the ClientKeyExchange, and its client's verify data.
#[test]
fn the_verify_data_of_a_recorded_connection_is_the_published_one() {
    let hash = bytes("061dda04b3c2217ff73bd79b9cf88a2bb6ec505404aac8722db03ef417b54cb4");
    let master = Secret::new(bytes(XARGS_MASTER));
    let data = classic::finished(tls12(), Hash::Sha256, &master, true, &hash);
    assert_eq!(data, bytes("cf919626f1360c536aaad73a"));
}

/// OPENSSL: both labels and both hashes.
#[test]
fn verify_data_is_what_openssl_gives() {
    let master = Secret::new(bytes(XARGS_MASTER));
    let cases = [
        (Hash::Sha256, true, "ae513fc580bd25b6362998c2"),
        (Hash::Sha256, false, "bef843fe062b4c29c074920e"),
        (Hash::Sha384, true, "1484cd33abb9716276ee2228"),
        (Hash::Sha384, false, "3a4121f0fa5c79594adf065a"),
    ];
    for (hash, from_client, wanted) in cases {
        let transcript = hash.digest(b"all messages");
        let data = classic::finished(tls12(), hash, &master, from_client, transcript.as_bytes());
        assert_eq!(data, bytes(wanted), "{hash:?} from the client: {from_client}");
    }
}

/// OPENSSL: RFC 7627 gives no vectors.
#[test]
fn the_extended_master_secret_is_what_openssl_gives() {
    let premaster = Secret::new((0..48).collect());
    let cases = [
        (
            Hash::Sha256,
            "16cf8a0b4b8be0163af3c43e9d935e6a3e8c186fd171ca3b829e01b37c9d37c8\
             ce02f21ba763b4d54780c4c9c2761552",
        ),
        (
            Hash::Sha384,
            "195883d5d061b6eaf5b22d76692915ef9378e2ad96a2043176fb2e8a1daf17e8\
             9a7dfda586a7288bee0db47ee95073d5",
        ),
    ];
    for (hash, wanted) in cases {
        let session = hash.digest(b"all messages");
        let master = classic::extended_master_secret(tls12(), hash, &premaster, session.as_bytes());
        assert_eq!(master.as_bytes(), bytes(wanted), "{hash:?}");
    }
}

/// Seals and opens one record of application data, or of another type, under given keys and number.
struct Record {
    sealer: Sealer,
    opener: Opener,
    explicit: usize,
}

impl Record {
    fn new(number: u16, key: &str, iv: &str) -> Record {
        let (suite, key, iv) = (row(number), bytes(key), bytes(iv));
        let material = Material { mac: &[], key: &key, iv: &iv, encrypt_then_mac: false };
        Record {
            sealer: sealer(tls12(), suite, material).unwrap(),
            opener: opener(tls12(), suite, material).unwrap(),
            explicit: 12 - iv.len(),
        }
    }

    fn check(&mut self, seq: u64, typ: ContentType, plain: &[u8], wanted: &[u8]) {
        let len = self.sealer.sealed_len(plain.len());
        assert_eq!(len, self.explicit + wanted.len());
        let head = Head::new(typ, WireVersion::TLS12, len);
        let mut body = vec![0; len];
        self.sealer.seal(seq, &head, plain, &mut body).unwrap();
        assert_eq!(body[..self.explicit], seq.to_be_bytes()[..self.explicit]);
        assert_eq!(body[self.explicit..], *wanted);
        self.refuses_changes(seq, head, &body);
        let range = self.opener.open(seq, &head, &mut body).unwrap();
        assert_eq!(&body[range], plain);
    }

    /// Everything that the tag must cover: body, number, type, version.
    fn refuses_changes(&mut self, seq: u64, head: Head, body: &[u8]) {
        for at in 0..body.len() {
            let mut bad = body.to_vec();
            bad[at] ^= 1;
            assert!(self.opener.open(seq, &head, &mut bad).is_err(), "byte {at}");
        }
        let other = [
            (seq ^ 1, head),
            (seq, Head { content_type: ContentType(head.content_type.0 ^ 1), ..head }),
            (seq, Head { version: WireVersion::TLS11, ..head }),
        ];
        for (seq, head) in other {
            assert!(self.opener.open(seq, &head, &mut body.to_vec()).is_err(), "{seq} {head:?}");
        }
        for cut in 0..body.len() {
            let head = Head { len: cut, ..head };
            assert!(self.opener.open(seq, &head, &mut body[..cut].to_vec()).is_err(), "cut to {cut}");
        }
    }
}

const GCM_PLAIN: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
    1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";

/// The nonce of the vectors is `cafebabe facedbaddecaf888`: a fixed part and a record number.
const GCM_SEQ: u64 = 0xface_dbad_deca_f888;

/// GCM test case 3, tag by CRYPTOGRAPHY; RFC 5288 section 3 and RFC 5246 section 6.2.3.3.
#[test]
fn aes_128_gcm_records_are_the_published_ones() {
    let mut record = Record::new(0x009c, "feffe9928665731c6d6a8f9467308308", "cafebabe");
    let wanted = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
        21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985\
        fd81b19160733e9e9e06009e945f650a";
    record.check(GCM_SEQ, ContentType::APPLICATION_DATA, &bytes(GCM_PLAIN), &bytes(wanted));
    record.check(0, ContentType::HANDSHAKE, &[], &bytes("b1c1e27fd4d626b4cd6cc74395cc58d9"));
}

/// GCM test case 15, tag by CRYPTOGRAPHY.
#[test]
fn aes_256_gcm_records_are_the_published_ones() {
    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let mut record = Record::new(0xc030, key, "cafebabe");
    let wanted = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad\
        1655b1db42a6016f25ee54aa5e92217b";
    record.check(GCM_SEQ, ContentType::APPLICATION_DATA, &bytes(GCM_PLAIN), &bytes(wanted));
    record.check(0, ContentType::HANDSHAKE, &[], &bytes("a06d1d100b4d867e9eef400be80e31c3"));
}

/// RFC 8439 section 2.8.2, tags by CRYPTOGRAPHY; RFC 7905 section 2: the number is mixed into the nonce.
#[test]
fn chacha20_poly1305_records_are_the_published_ones() {
    let key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
    let plain =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
        sunscreen would be it.";
    let cipher = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
        3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
        92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
        3ff4def08e4b7a9de576d26586cec64b6116";
    let wanted = |tag: &str| [bytes(cipher), bytes(tag)].concat();
    let mut record = Record::new(0xcca8, key, "070000004041424344454647");
    record.check(0, ContentType::APPLICATION_DATA, plain, &wanted("d04c3809c91986bb347e9032c2604761"));
    // The same nonce out of another fixed part and the number 0x0102030405060708.
    let mut record = Record::new(0xcca9, key, "07000000414341474143414f");
    let number = 0x0102_0304_0506_0708;
    record.check(number, ContentType::APPLICATION_DATA, plain, &wanted("fba89dad5f6d64e0e6e668c40632813c"));
}

/// XARGS: AES-128-CBC with SHA-1, every record of the connection after the ChangeCipherSpecs; the server's Finished as
/// Python's `cryptography` decrypts it.
#[test]
fn the_cbc_records_of_a_recorded_connection_open_to_their_contents() {
    let randoms = xargs_randoms();
    let keys = classic::key_block(tls12(), row(0xc013), &Secret::new(bytes(XARGS_MASTER)), &randoms);
    let client = [
        (
            22,
            "404142434445464748494a4b4c4d4e4f227bc9ba81ef30f2a8a78ff1df50844d\
             5804b7eeb2e214c32b6892aca3db7b78077fdd90067c516bacb3ba90dedf720f",
            "1400000ccf919626f1360c536aaad73a",
        ),
        (
            23,
            "000102030405060708090a0b0c0d0e0f6c421c71c42b183bfa06195d133d0a09\
             d00fc7cb4e0f5d1cda59d147ec790c99",
            "70696e67",
        ),
        (
            21,
            "101112131415161718191a1b1c1d1e1f0d83f97904750dd8fd8aa13021863263\
             4fd065e4628379b88bbf9efd1287a62d",
            "0100",
        ),
    ];
    let server = [
        (
            22,
            "5152535455565758595a5b5c5d5e5f6018e075317b100315f6081fcbf313781a\
             ac73efe19fe25ba1af59c20be94fc01bda2d6800298b73a7e849d74bd494cf7d",
            "1400000c844d3c10746dd722f92f0c7e",
        ),
        (
            23,
            "6162636465666768696a6b6c6d6e6f709783488af5fa20bf7a2ef69debb534db\
             9fb07a8c2721dee5409f77af0c3dde56",
            "706f6e67",
        ),
    ];
    for (direction, records) in [(&keys.client, &client[..]), (&keys.server, &server[..])] {
        let mut opener = opener(tls12(), row(0xc013), material(direction)).unwrap();
        for (seq, (typ, body, wanted)) in records.iter().enumerate() {
            let mut body = bytes(body);
            let head = Head::new(ContentType(*typ), WireVersion::TLS12, body.len());
            let range = opener.open(seq as u64, &head, &mut body).unwrap();
            assert_eq!(body[range].to_vec(), bytes(wanted), "record {seq}");
        }
    }
}

fn material(keys: &classic::DirectionKeys) -> Material<'_> {
    let (mac, key, iv) = (keys.mac.as_bytes(), keys.key.as_bytes(), keys.iv.as_bytes());
    Material { mac, key, iv, encrypt_then_mac: false }
}

/// NIST: the TLS 1.0 and 1.1 vectors of the same validation, as OpenSSL carries them.
#[test]
fn the_secrets_of_tls_1_0_are_the_published_ones() {
    let profile = profile::by_wire(Framing::Stream, WireVersion::TLS10).unwrap();
    let premaster = "bded7fa5c1699c010be23dd06ada3a48349f21e5f86263d512c0c5cc379f0e78\
        0ec55d9844b2f1db02a96453513568d0";
    let master = "2f6962dfbc744c4b2138bb6b3d33054c5ecc14f24851d9896395a44ab3964efc\
        2090c5bf51a0891209f46c1e1e998f62";
    let randoms = Randoms {
        client: array("e5acaf549cd25c22d964c0d930fa4b5261d2507fad84c33715b7b9a864020693"),
        server: array("135e4d557fdf3aa6406d82975d5c606a9734c9334b42136e96990fbd5358cdb2"),
    };
    let made = classic::master_secret(profile, Hash::Sha256, &Secret::new(bytes(premaster)), &randoms);
    assert_eq!(made.as_bytes(), bytes(master), "the hash of TLS 1.2 has no say");
    let randoms = Randoms {
        client: array("d58a7b1cd4fedaa232159df652ce188f9d997e061b9bf48e83b62990440931f6"),
        server: array("67267e650eb32444119d222a368c191af3082888dc35afe8368e638c828874be"),
    };
    let block = bytes(
        "3088825988e77fce68d19f756e18e43eb7fe672433504feaf99b3c503d9091b1\
         64f166db301d70c9fc0870b4a94563907bee1a61fb786cb717576890bcc51cb9\
         ead97e01d0a2fea99c953377b195205ff07b369589178796edc963fd80fdbe51\
         8a2fc1c35c18ae8d",
    );
    // AES-128-CBC with SHA-1 takes exactly the 104 bytes that are published: MAC keys, keys, vectors.
    let cut = classic::key_block(profile, row(0x002f), &Secret::new(bytes(master)), &randoms);
    let parts =
        [&cut.client.mac, &cut.server.mac, &cut.client.key, &cut.server.key, &cut.client.iv, &cut.server.iv];
    let joined: Vec<u8> = parts.iter().flat_map(|part| part.as_bytes().to_vec()).collect();
    assert_eq!(joined, block);
}
