//! Damaged records under every form of protection: each ends in the status that `behaviours` section 7 says, at the
//! record layer and out of SSLRead.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Pair, WOULD_BLOCK, rsa1024};
use st_core::crypto::cbc::{BlockCipher, CbcEncryptor};
use st_core::crypto::record_mac::RecordMac;
use st_core::profile::{self, CbcIv, CbcPadding, Framing, Profile};
use st_core::record::head::{HEADER, Head, MAX_BODY, MAX_PLAIN, mac_header};
use st_core::record::protect::{Material, Sealer, opener, sealer};
use st_core::record::reader::Reader;
use st_core::session::{Call, State};
use st_core::status::{self, OsStatus};
use st_core::suite::{self, Bulk, Suite};
use st_core::wire::ids::{ContentType, SuiteId};

const ABORT: OsStatus = status::SSL_CLOSED_ABORT;
const BAD_MAC: OsStatus = status::SSL_BAD_RECORD_MAC;
const DECRYPTION: OsStatus = status::SSL_DECRYPTION_FAIL;
const OVERFLOW: OsStatus = status::SSL_RECORD_OVERFLOW;

const DATA: ContentType = ContentType::APPLICATION_DATA;
/// With any MAC some of this tag shares the last block with the padding, so that SSLv3's padding, which nothing
/// protects, never fills a block.
const PLAIN: &[u8] = b"attack at";

/// One way to protect records.
#[derive(Clone, Copy)]
struct Form {
    profile: &'static Profile,
    suite: &'static Suite,
    outside: bool,
}

/// Every version with every cipher, MAC and order of the two.
fn forms() -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    for profile in profile::of(Framing::Stream) {
        for suite in suite::SUITES.iter().filter(|suite| suite.ranks.contains(&profile.rank)) {
            for outside in [false, true] {
                let same = |f: &Form| {
                    (f.profile.rank, f.suite.bulk, f.suite.mac, f.outside)
                        == (profile.rank, suite.bulk, suite.mac, outside)
                };
                let exists = !outside || (suite.has_cbc() && profile.extensions);
                if exists && !forms.iter().any(same) {
                    forms.push(Form { profile, suite, outside });
                }
            }
        }
    }
    assert!(forms.len() > 40, "{}", forms.len());
    forms
}

impl Form {
    fn name(self) -> String {
        let outside = if self.outside { ", MAC outside" } else { "" };
        format!("{} in {}{outside}", self.suite.name, self.profile.name)
    }

    fn mac(self) -> usize {
        self.suite.mac.map_or(0, |mac| mac.len())
    }

    fn cipher(self) -> Option<BlockCipher> {
        if let Bulk::Cbc(cipher) = self.suite.bulk { Some(cipher) } else { None }
    }

    fn explicit(self) -> bool {
        self.profile.iv == CbcIv::Explicit
    }

    fn material(self) -> Material<'static> {
        const KEY: &[u8; 32] = b"three different keys for 3DES...";
        Material {
            mac: &[5; 48][..self.mac()],
            key: &KEY[..self.suite.bulk.key_len()],
            iv: &[9; 16][..self.suite.bulk.fixed_iv(self.profile.iv)],
            encrypt_then_mac: self.outside,
        }
    }

    fn line(self) -> Line {
        let sealer = sealer(self.profile, self.suite, self.material()).unwrap();
        let mut reader = Reader::new(Framing::Stream);
        reader.set_opener(opener(self.profile, self.suite, self.material()).unwrap());
        Line { form: self, sealer, sealed: 0, reader }
    }

    /// What a record that is not authentic is answered with.
    fn forged(self) -> OsStatus {
        if self.suite.mac.is_some() { BAD_MAC } else { DECRYPTION }
    }

    /// What a record of this many bytes is answered with, when they are not authentic.
    fn cut_to(self, len: usize) -> OsStatus {
        let Some(cipher) = self.cipher() else {
            let nonce = if matches!(self.suite.bulk, Bulk::Counter(_)) { 8 } else { 0 };
            let tag = if self.suite.name.contains("CCM_8") { 8 } else { 16 };
            let least = if self.suite.mac.is_some() { self.mac() } else { nonce + tag };
            return if len < least { ABORT } else { self.forged() };
        };
        let block = cipher.block_len();
        let (outside, inside) = if self.outside { (self.mac(), 0) } else { (0, self.mac()) };
        let vector = if self.explicit() { block } else { 0 };
        match len.checked_sub(outside) {
            None => ABORT,
            Some(rest) if rest % block != 0 => OVERFLOW,
            Some(rest) if rest < vector + inside + 1 => ABORT,
            Some(_) => BAD_MAC,
        }
    }
}

/// A sender and a receiver under one form.
struct Line {
    form: Form,
    sealer: Sealer,
    sealed: u64,
    reader: Reader,
}

impl Line {
    /// The next record, header and all.
    fn seal(&mut self, typ: ContentType, plain: &[u8]) -> Vec<u8> {
        let len = self.sealer.sealed_len(plain.len());
        let head = Head::new(typ, self.form.profile.wire, len);
        let mut body = vec![0; len];
        self.sealer.seal(self.sealed, &head, plain, &mut body).unwrap();
        self.sealed += 1;
        [&head.encode()[..], &body].concat()
    }

    /// What the receiver makes of it.
    fn open(&mut self, record: &[u8]) -> Result<Vec<u8>, OsStatus> {
        assert_eq!(self.reader.feed(record), record.len());
        match self.reader.next_record() {
            Ok(Some(_)) => {
                let plain = self.reader.payload().to_vec();
                self.reader.consume(plain.len());
                Ok(plain)
            }
            Ok(None) => Err(WOULD_BLOCK),
            Err(fault) => Err(status::of_fault(fault)),
        }
    }
}

/// This record with as many bytes as it now has in its header.
fn relabelled(mut record: Vec<u8>) -> Vec<u8> {
    let len = u16::try_from(record.len() - HEADER).unwrap().to_be_bytes();
    record[3..5].copy_from_slice(&len);
    record
}

#[test]
fn records_of_every_length_open_in_their_order() {
    for form in forms() {
        let mut line = form.line();
        for len in (0..70).chain([255, 256, 257, 1000, MAX_PLAIN - 1, MAX_PLAIN]) {
            let plain: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let record = line.seal(DATA, &plain);
            assert_eq!(line.open(&record), Ok(plain), "{} {len}", form.name());
        }
    }
}

#[test]
fn a_record_cut_short_is_answered_by_what_is_left_of_it() {
    for form in forms() {
        let whole = form.line().seal(DATA, PLAIN).len();
        for len in 0..whole - HEADER {
            let mut line = form.line();
            let mut record = line.seal(DATA, PLAIN);
            record.truncate(HEADER + len);
            let status = form.cut_to(len);
            assert_eq!(line.open(&relabelled(record)), Err(status), "{} cut to {len}", form.name());
        }
    }
}

#[test]
fn a_record_with_bytes_added_is_answered_as_one_of_that_length() {
    for form in forms() {
        for more in 1..=48 {
            let mut line = form.line();
            let mut record = line.seal(DATA, PLAIN);
            record.resize(record.len() + more, 0xee);
            let status = form.cut_to(record.len() - HEADER);
            assert_eq!(line.open(&relabelled(record)), Err(status), "{} {more} more", form.name());
        }
    }
}

#[test]
fn a_flipped_bit_in_any_byte_of_a_body_is_noticed() {
    for form in forms() {
        let whole = form.line().seal(DATA, PLAIN).len();
        for at in HEADER..whole {
            for bit in [1, 0x80] {
                let mut line = form.line();
                let mut record = line.seal(DATA, PLAIN);
                record[at] ^= bit;
                assert_eq!(line.open(&record), Err(form.forged()), "{} byte {at}", form.name());
            }
        }
    }
}

#[test]
fn a_record_under_another_type_or_version_is_noticed() {
    for form in forms() {
        let mut line = form.line();
        let mut record = line.seal(DATA, PLAIN);
        record[0] = ContentType::HANDSHAKE.0;
        assert_eq!(line.open(&record), Err(form.forged()), "{} type", form.name());
        let mut line = form.line();
        let mut record = line.seal(DATA, PLAIN);
        record[2] ^= 1;
        // SSLv3's MAC leaves the version out, and the field itself is not checked.
        let wanted = if form.profile.tls_alerts { Err(form.forged()) } else { Ok(PLAIN.to_vec()) };
        assert_eq!(line.open(&record), wanted, "{} version", form.name());
    }
}

#[test]
fn a_record_left_out_or_repeated_is_noticed() {
    for form in forms() {
        let mut line = form.line();
        let (_, second) = (line.seal(DATA, PLAIN), line.seal(DATA, PLAIN));
        assert_eq!(line.open(&second), Err(form.forged()), "{} second first", form.name());
        let mut line = form.line();
        let first = line.seal(DATA, PLAIN);
        assert_eq!(line.open(&first), Ok(PLAIN.to_vec()));
        assert_eq!(line.open(&first), Err(form.forged()), "{} repeated", form.name());
    }
}

#[test]
fn a_plaintext_or_body_above_the_limit_is_an_overflow() {
    for form in forms() {
        for len in [MAX_PLAIN + 1, MAX_PLAIN + 2, MAX_PLAIN + 1024, MAX_PLAIN + 1900] {
            let mut line = form.line();
            let record = line.seal(DATA, &vec![7; len]);
            assert!(record.len() <= HEADER + MAX_BODY);
            assert_eq!(line.open(&record), Err(OVERFLOW), "{} {len}", form.name());
        }
        for len in [MAX_BODY + 1, usize::from(u16::MAX)] {
            let head = Head::new(DATA, form.profile.wire, len);
            assert_eq!(form.line().open(&head.encode()), Err(OVERFLOW), "{} header {len}", form.name());
        }
        let mut line = form.line();
        let head = Head::new(DATA, form.profile.wire, MAX_BODY);
        assert_eq!(line.open(&head.encode()), Err(WOULD_BLOCK), "{}", form.name());
    }
}

// --- padding, by a peer that has the keys ---------------------------------------------------------------

/// A record whose plaintext is `PLAIN`, with this behind it and the tag.
fn padded(form: Form, padding: &[u8]) -> Vec<u8> {
    let (cipher, material) = (form.cipher().unwrap(), form.material());
    let head = Head::new(DATA, form.profile.wire, 0);
    let mac = RecordMac::new(form.suite.mac.unwrap(), form.profile.mac, material.mac);
    let tag = |content: &[u8]| {
        let (header, used) = mac_header(form.profile.mac, 0, &head, content.len());
        mac.tag(&header[..used], content).as_bytes().to_vec()
    };
    let mut text = PLAIN.to_vec();
    if !form.outside {
        text.extend(tag(PLAIN));
    }
    text.extend_from_slice(padding);
    let iv = [9; 16][..cipher.block_len()].to_vec();
    CbcEncryptor::new(cipher, material.key).unwrap().encrypt(&iv, &mut text).unwrap();
    let mut body = if form.explicit() { [iv, text].concat() } else { text };
    if form.outside {
        body.extend(tag(&body));
    }
    [&Head { len: body.len(), ..head }.encode()[..], &body].concat()
}

#[test]
fn padding_is_judged_by_the_rule_of_the_version() {
    for form in forms().into_iter().filter(|form| form.cipher().is_some()) {
        let block = form.cipher().unwrap().block_len();
        let inside = if form.outside { 0 } else { form.mac() };
        let least = block - 1 - (PLAIN.len() + inside) % block;
        let strict = form.profile.padding == CbcPadding::All;
        let lengths: Vec<usize> = (least..256).step_by(block).collect();
        for length in [lengths[0], lengths[1], lengths[lengths.len() / 2], lengths[lengths.len() - 1]] {
            let right = vec![length as u8; length + 1];
            let good = strict || length < block;
            let wanted = |good: bool| if good { Ok(PLAIN.to_vec()) } else { Err(BAD_MAC) };
            let name = format!("{}, padding of {length}", form.name());
            assert_eq!(form.line().open(&padded(form, &right)), wanted(good), "{name}");
            for at in [0, 1, length / 2, length.saturating_sub(1)].into_iter().filter(|at| *at < length) {
                let mut wrong = right.clone();
                wrong[at] ^= 1;
                assert_eq!(form.line().open(&padded(form, &wrong)), wanted(good && !strict), "{name} {at}");
            }
            for other in [0, 1, 7, 8, 15, 16, 127, 128, 254, 255].into_iter().chain((3..255).step_by(29)) {
                // Outside the MAC a last byte of zero is padding enough, and what stands before it is data.
                if usize::from(other) != length && !(form.outside && other == 0) {
                    let mut wrong = right.clone();
                    wrong[length] = other;
                    assert_eq!(form.line().open(&padded(form, &wrong)), Err(BAD_MAC), "{name} says {other}");
                }
            }
        }
    }
}

// --- through a session ----------------------------------------------------------------------------------

/// Both ends after a handshake, with one written record under way to the server.
fn under_way(version: i64, suite: u16, plain: &[u8]) -> Pair {
    let mut pair = Pair::new(&rsa1024());
    for end in [&mut pair.client.session, &mut pair.server.session] {
        assert_eq!(end.set_version_min(version), 0);
        assert_eq!(end.set_version_max(version), 0);
        assert_eq!(end.set_enabled_ciphers(&[i64::from(suite)]), 0);
    }
    assert_eq!(pair.handshake(), (0, 0));
    assert_eq!(pair.client_call(&mut Call::write(plain.len()), plain, &mut Vec::new()), 0);
    pair
}

/// SSLRead of a record with `len` of its body left and this byte flipped.
fn read(version: i64, suite: u16, plain: &[u8], len: usize, flip: Option<usize>) -> (OsStatus, usize) {
    let mut pair = under_way(version, suite, plain);
    let bytes = pair.up.bytes.make_contiguous();
    let body = bytes.len() - HEADER;
    bytes[3..5].copy_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
    if let Some(at) = flip {
        bytes[HEADER + at] ^= 4;
    }
    pair.up.bytes.truncate(HEADER + len);
    let mut out = Vec::new();
    let code = pair.server_call(&mut Call::read(100), &[], &mut out);
    assert!(out.is_empty() && pair.server.session.state() == State::Aborted);
    let again = pair.server_call(&mut Call::read(100), &[], &mut out);
    assert_eq!((again, out.len()), (ABORT, 0));
    (code, body)
}

/// The documented case: AES-128-CBC-SHA256 and eight bytes of data make a body of 64 bytes, in either order.
#[test]
fn the_documented_lengths_give_the_documented_codes() {
    assert_eq!(read(8, 0x003c, b"8 bytes.", 32, None), (ABORT, 64));
    assert_eq!(read(8, 0x003c, b"8 bytes.", 48, None), (ABORT, 64));
    assert_eq!(read(8, 0x003c, b"8 bytes.", 63, None), (OVERFLOW, 64));
    for at in [0, 15, 16, 40, 63] {
        assert_eq!(read(8, 0x003c, b"8 bytes.", 64, Some(at)), (BAD_MAC, 64), "byte {at}");
    }
    let row = suite::by_id(SuiteId(0x003c)).unwrap();
    for outside in [false, true] {
        let form = Form { profile: profile::of(Framing::Stream).last().unwrap(), suite: row, outside };
        let mut line = form.line();
        let record = line.seal(DATA, b"8 bytes.");
        assert_eq!(record.len(), HEADER + 64);
        for (len, wanted) in [(32, ABORT), (48, ABORT), (40, OVERFLOW)] {
            let short = relabelled(record[..HEADER + len].to_vec());
            assert_eq!(form.line().open(&short), Err(wanted), "{len}, MAC outside: {outside}");
        }
    }
}

#[test]
fn ssl_read_gives_the_status_of_the_damage_in_every_version() {
    // RSA key exchange with AES-CBC, 3DES, RC4 with either MAC, no cipher; with CCM.
    let classic = [0x002f, 0x0035, 0x000a, 0x0004, 0x0005, 0x0001, 0x0002];
    let newer = [0x003c, 0x003d, 0x003b, 0xc09c, 0xc0a1];
    let rows = [2, 4, 7, 8].map(|version| classic.map(|suite| (version, suite)));
    let newer = newer.map(|suite| (8, suite));
    for (version, suite) in rows.concat().into_iter().chain(newer) {
        let row = suite::by_id(SuiteId(suite)).unwrap();
        let profile = profile::by_public(Framing::Stream, version).unwrap();
        let form = Form { profile, suite: row, outside: row.has_cbc() && profile.extensions };
        let name = form.name();
        let (_, body) = read(version, suite, PLAIN, 0, None);
        for len in [0, 1, 15, 16, 17, 24, 31, 32, 33, 40, body - 1] {
            let cut = len.min(body - 1);
            assert_eq!(read(version, suite, PLAIN, cut, None).0, form.cut_to(cut), "{name} cut to {cut}");
        }
        for at in [0, body / 2, body - 1] {
            assert_eq!(read(version, suite, PLAIN, body, Some(at)).0, form.forged(), "{name} byte {at}");
        }
    }
}
