//! What becomes of records of every form that are cut, damaged, replayed, empty or full (`behaviours` section 7).
#![allow(missing_docs, clippy::unwrap_used)]

use st_core::crypto::secret::Secret;
use st_core::fault::{Fault, RecordFault};
use st_core::keys::transcript::Transcript;
use st_core::profile::{self, CbcIv, Framing, Profile, Rank};
use st_core::record::head::{Head, MAX_PLAIN};
use st_core::record::protect::{Material, opener, sealer};
use st_core::suite::{Bulk, SUITES, Suite};
use st_core::wire::ids::ContentType;

/// One way to protect records: a version, a cipher with its MAC, and the order of both.
struct Form {
    profile: &'static Profile,
    suite: &'static Suite,
    outside: bool,
}

/// Every form there is, each once.
fn forms() -> Vec<Form> {
    let mut out: Vec<Form> = Vec::new();
    for profile in profile::of(Framing::Stream) {
        for suite in SUITES.iter().filter(|suite| suite.ranks.contains(&profile.rank)) {
            for outside in [false, suite.has_cbc() && profile.extensions] {
                let known = |form: &Form| {
                    (form.profile, form.suite.bulk, form.suite.mac, form.outside)
                        == (profile, suite.bulk, suite.mac, outside)
                };
                if !out.iter().any(known) {
                    out.push(Form { profile, suite, outside });
                }
            }
        }
    }
    out
}

impl Form {
    fn name(&self) -> String {
        format!("{} {} outside: {}", self.profile.name, self.suite.name, self.outside)
    }

    fn tag(&self) -> usize {
        self.suite.mac.map_or(0, |mac| mac.len())
    }

    fn with<T>(&self, act: impl FnOnce(Material<'_>) -> T) -> T {
        let key: Vec<u8> = (1..=32).collect();
        act(Material {
            mac: &[5; 48][..self.tag()],
            key: &key[..self.suite.bulk.key_len()],
            iv: &[9; 16][..self.suite.bulk.fixed_iv(self.profile.iv)],
            encrypt_then_mac: self.outside,
        })
    }

    /// A first record of application data with this content.
    fn sealed(&self, content: &[u8]) -> (Head, Vec<u8>) {
        let mut sealer = self.with(|material| sealer(self.profile, self.suite, material)).unwrap();
        let len = sealer.sealed_len(content.len());
        let head = Head::new(ContentType::APPLICATION_DATA, self.profile.wire, len);
        let mut body = vec![0; len];
        sealer.seal(0, &head, content, &mut body).unwrap();
        (head, body)
    }

    fn opened(&self, seq: u64, head: Head, body: &[u8]) -> Result<Vec<u8>, RecordFault> {
        let mut opener = self.with(|material| opener(self.profile, self.suite, material)).unwrap();
        let mut body = body.to_vec();
        match opener.open(seq, &Head { len: body.len(), ..head }, &mut body) {
            Ok(range) => Ok(body[range].to_vec()),
            Err(Fault::Record(fault)) => Err(fault),
            Err(other) => panic!("{}: {other:?}", self.name()),
        }
    }

    /// The fault of a record that was tampered with: an AEAD's own, or one for padding and MAC.
    fn tampered(&self) -> RecordFault {
        if self.suite.mac.is_none() { RecordFault::Decryption } else { RecordFault::BadMac }
    }

    /// What must be in a record beside its plaintext, and the unit of its length.
    fn least(&self) -> (usize, usize) {
        match self.suite.bulk {
            Bulk::Null | Bulk::Rc4 => (self.tag(), 1),
            Bulk::Counter(algorithm) => (8 + algorithm.tag_len(), 1),
            Bulk::ChaCha => (16, 1),
            Bulk::Cbc(cipher) => {
                let prefix = if self.profile.iv == CbcIv::Explicit { cipher.block_len() } else { 0 };
                (prefix + self.tag() + 1, cipher.block_len())
            }
        }
    }
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

#[test]
fn forms_are_counted_so_that_none_is_missed() {
    let count = |rank| forms().iter().filter(|form| form.profile.rank == rank).count();
    // SSLv3: NULL and RC4 with two hashes each, three block ciphers with SHA-1. TLS adds encrypt-then-MAC for those;
    // TLS 1.2 NULL, AES-128 and AES-256 with SHA-256, NULL and AES-256 with SHA-384, and seven AEADs.
    assert_eq!(
        [Rank::Ssl3, Rank::Tls10, Rank::Tls11, Rank::Tls12].map(count),
        [7, 10, 10, 10 + 2 + 2 * 3 + 7]
    );
}

#[test]
fn records_of_every_wrong_length_are_refused_by_it() {
    for form in forms() {
        let (head, body) = form.sealed(&content(100));
        let (least, unit) = form.least();
        let outside = if form.outside { form.tag() } else { 0 };
        for n in 0..body.len() {
            let wanted = if n < outside {
                RecordFault::TooShort
            } else if !(n - outside).is_multiple_of(unit) {
                RecordFault::Overflow
            } else if n < least {
                RecordFault::TooShort
            } else {
                form.tampered()
            };
            assert_eq!(form.opened(0, head, &body[..n]), Err(wanted), "{} {n} bytes", form.name());
        }
    }
}

/// The published case: AES-128-CBC-SHA256, eight bytes of data make a body of 64.
#[test]
fn the_published_record_that_is_cut_ends_the_connection() {
    let form = forms().into_iter().find(|form| form.suite.name.ends_with("AES_128_CBC_SHA256")).unwrap();
    assert!(!form.outside);
    let (head, body) = form.sealed(&content(8));
    assert_eq!(body.len(), 64);
    assert_eq!(form.opened(0, head, &body[..32]), Err(RecordFault::TooShort));
    assert_eq!(form.opened(0, head, &body[..48]), Err(RecordFault::TooShort));
    let mut damaged = body.clone();
    damaged[40] ^= 1;
    assert_eq!(form.opened(0, head, &damaged), Err(RecordFault::BadMac));
}

#[test]
fn a_record_opens_under_its_own_number_and_type_only() {
    for form in forms() {
        let (head, body) = form.sealed(&content(40));
        assert_eq!(form.opened(0, head, &body), Ok(content(40)), "{}", form.name());
        assert_eq!(form.opened(1, head, &body), Err(form.tampered()), "{}: a replay", form.name());
        let alert = Head { content_type: ContentType::ALERT, ..head };
        assert_eq!(form.opened(0, alert, &body), Err(form.tampered()), "{}: a type", form.name());
    }
}

#[test]
fn empty_and_full_records_of_every_form_open_and_fit() {
    for form in forms() {
        for length in [0, 1, MAX_PLAIN] {
            let (head, body) = form.sealed(&content(length));
            assert!(Head::parse(&head.encode(), false).is_ok(), "{} {length}", form.name());
            assert_eq!(form.opened(0, head, &body), Ok(content(length)), "{} {length}", form.name());
        }
    }
}

/// tlslite-ng 0.8.2: `HandshakeHashes.digestSSL(master, b"")` over the messages.
#[test]
fn what_an_ssl3_client_signs_is_a_strangers() {
    let wanted = "09cad0706221802f700a499138a881d8df475a53276254791d5af4d485bce68a783c6067";
    let master =
        "86176de8232939833297d4f3e580298523abef5af435fc138a364af044baf1b9a02c03f14297a9ca89290cea0161b3a4";
    let form = &forms()[0];
    assert_eq!(form.profile.rank, Rank::Ssl3);
    let mut transcript = Transcript::new();
    transcript.start(form.profile, form.suite.prf);
    transcript.add(b"every handshake message so far");
    let digests = transcript.ssl3(b"", &Secret::new(bytes(master)));
    assert_eq!(digests.as_bytes(), bytes(wanted));
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
