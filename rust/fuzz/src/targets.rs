//! What is fuzzed. Each target takes any bytes and asserts what must hold for all of them.
//!
//! The bodies live here and not in the files of cargo-fuzz, so that a test on stable Rust can run them too. Nothing
//! of the shipped engine is switched off: [`handshake`] and [`connected`] reach deep states because they sit on a
//! wire that knows the keys, and seal their forgeries with them.

use crate::common::{End, Pipe, WOULD_BLOCK};
use crate::net::{Net, Weather};
use crate::tap::{self, DATA, HANDSHAKE, KNOWN, Phase, Record, SCENES, Tap, Way};
use st_core::config::{ClientAuth, Credentials, Role};
use st_core::crypto::rng::OsRng;
use st_core::crypto::secret::Secret;
use st_core::crypto::sign::PrivateKey;
use st_core::handshake::Assembler;
use st_core::profile::{self, Framing};
use st_core::record::head::MAX_PLAIN;
use st_core::record::protect::{self, Material, Opener};
use st_core::record::reader::Reader;
use st_core::resumption::{Saved, TicketKeys};
use st_core::session::{Call, State};
use st_core::status::OsStatus;
use st_core::suite;
use st_core::wire::certs::{CertificateMessage, CertificateRequest, CertificateStatus, Signed};
use st_core::wire::codec;
use st_core::wire::extension::{Extension, Place, encode_block, parse_block};
use st_core::wire::hello::{ClientHello, ServerHello};
use st_core::wire::ids::{HandshakeType, SuiteId};
use st_core::wire::kx::{ClientKeyExchange, ClientShape, Params, ParamsKind, ServerKeyExchange, ServerShape};
use st_core::wire::tail;
use st_core::x509::{
    Anchors, Certificate, Crl, Pkcs12Content, Policy, Trust, is_pkcs12, matches_host, open_pkcs7, open_pkcs12,
};
use std::sync::{Arc, LazyLock};

/// A target and its name, which is also the folder of its seeds.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("record_reader", record_reader),
    ("assembler", assembler),
    ("messages", messages),
    ("extensions", extensions),
    ("certificate", certificate),
    ("chain", chain),
    ("files", files),
    ("revocation", revocation),
    ("client", client),
    ("server", server),
    ("handshake", handshake),
    ("connected", connected),
    ("datagram", datagram),
    ("ticket", ticket),
    ("resumed", resumed),
];

/// An RSA key of 1024 bits, for speed, with its certificate; fixed, so that recordings stay true.
pub static FIXED: LazyLock<Arc<Credentials>> = LazyLock::new(|| {
    let key = PrivateKey::from_pkcs8(include_bytes!("../fixtures/key.der")).unwrap();
    let chain = vec![include_bytes!("../fixtures/certificate.der").to_vec()];
    Arc::new(Credentials { key: Arc::new(key), chain })
});

/// Takes the first byte off as a choice.
fn choice(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// No protection, an AEAD, a block cipher in either order of MAC and padding, a stream cipher.
fn protection(choice: u8) -> Opener {
    let rows =
        [(0, false), (KNOWN, false), (0xcca8, false), (0x002f, false), (0x003c, true), (0x0005, false)];
    let (number, encrypt_then_mac) = rows[usize::from(choice) % rows.len()];
    let Some(row) = suite::by_id(SuiteId(number)) else { return Opener::Plain };
    let wire = if choice & 8 == 0 { row.ranks.end() } else { row.ranks.start() };
    let profile = profile::by_rank(Framing::Stream, *wire).unwrap();
    let mac = row.mac.map_or(0, |mac| mac.len());
    let (mac, key, iv) =
        (&[5; 64][..mac], &[7; 32][..row.bulk.key_len()], &[7; 16][..row.bulk.fixed_iv(profile.iv)]);
    protect::opener(profile, row, Material { mac, key, iv, encrypt_then_mac }).unwrap()
}

/// Records in portions of any size, fed or lent, are the same records and the same end.
pub fn record_reader(data: &[u8]) {
    let (first, rest) = choice(data);
    let whole = records(first, rest, usize::MAX, false);
    assert_eq!(whole, records(first, rest, usize::from(first >> 4) * 5 + 1, false));
    assert_eq!(whole, records(first, rest, usize::MAX, true));
}

type Records = (Vec<(u8, Vec<u8>)>, Option<st_core::fault::Fault>);

fn records(first: u8, data: &[u8], portion: usize, lent: bool) -> Records {
    let mut reader = Reader::new(Framing::Stream);
    reader.set_opener(protection(first & 15));
    let (mut seen, mut rest) = (Vec::new(), data);
    loop {
        match reader.next_record() {
            Err(fault) => return (seen, Some(fault)),
            Ok(Some(typ)) => {
                assert!(reader.payload().len() <= MAX_PLAIN);
                seen.push((typ.0, reader.payload().to_vec()));
                reader.consume(reader.payload().len());
            }
            Ok(None) if rest.is_empty() => return (seen, None),
            Ok(None) => {
                let n = if lent { lend(&mut reader, rest) } else { feed(&mut reader, rest, portion) };
                rest = &rest[n..];
            }
        }
    }
}

fn feed(reader: &mut Reader, data: &[u8], portion: usize) -> usize {
    let n = reader.feed(&data[..portion.min(data.len())]);
    assert!(n > 0, "a reader that needs more takes more");
    n
}

fn lend(reader: &mut Reader, data: &[u8]) -> usize {
    let mut loan = reader.lend();
    assert!(!loan.is_empty() && loan.len() <= 18_427);
    let n = loan.len().min(data.len());
    loan.bytes_mut()[..n].copy_from_slice(&data[..n]);
    reader.give_back(loan, n);
    n
}

/// Messages in fragments of any size are the same messages and the same end.
pub fn assembler(data: &[u8]) {
    let (first, rest) = choice(data);
    let whole = assembled(rest, usize::MAX);
    let pieces = assembled(rest, usize::from(first) + 1);
    let shorter = whole.0.len().min(pieces.0.len());
    assert_eq!(whole.0[..shorter], pieces.0[..shorter]);
    assert_eq!(whole.1.is_some(), pieces.1.is_some());
}

fn assembled(data: &[u8], portion: usize) -> (Vec<Vec<u8>>, Option<st_core::fault::Fault>) {
    let mut assembler = Assembler::default();
    let mut out = Vec::new();
    for piece in data.chunks(portion.min(MAX_PLAIN)) {
        let mut pushed = assembler.push(piece);
        while pushed.is_ok() {
            match assembler.next_message() {
                Ok(Some((typ, raw))) => {
                    assert!(raw.len() <= tail::HEADER + tail::limit(typ).unwrap_or(0));
                    out.push(raw);
                }
                Ok(None) => break,
                Err(fault) => pushed = Err(fault),
            }
        }
        if let Err(fault) = pushed {
            return (out, Some(fault));
        }
    }
    (out, None)
}

/// What parses is written as it was read, wherever the form is the only one.
pub fn messages(data: &[u8]) {
    let (first, body) = choice(data);
    match first % 8 {
        0 => {
            if let Ok(hello) = ClientHello::parse(body).map(with_names) {
                let again = ClientHello::parse(&hello.encode().unwrap());
                assert!(again.is_ok_and(|a| a.suites == hello.suites && a.session_id == hello.session_id));
            }
        }
        1 => {
            if let Ok(hello) = ServerHello::parse(body) {
                let again = ServerHello::parse(&hello.encode().unwrap());
                assert!(again.is_ok_and(|a| a.suite == hello.suite && a.session_id == hello.session_id));
            }
        }
        2 => same(CertificateMessage::parse(body).map(|m| CertificateMessage::encode(&m.chain)), body),
        3 => same(CertificateRequest::parse(body, first & 8 == 0).map(|m| m.encode()), body),
        4 => same(Signed::parse(body, first & 8 == 0).map(|m| m.encode()), body),
        5 => server_key_exchange(first >> 3, body),
        6 => {
            let share = [None, Some(1), Some(2), Some(2)][usize::from(first >> 3 & 3)];
            let shape = ClientShape { identity: first & 32 != 0, share };
            same(ClientKeyExchange::parse(body, shape).map(|m| m.encode(shape)), body);
        }
        _ => drop(CertificateStatus::parse(body)),
    }
}

/// A client's server_name with none but unknown kinds of names is read, and never written.
fn is_writable(extension: &Extension) -> bool {
    *extension != Extension::ServerName(None)
}

fn with_names(mut hello: ClientHello) -> ClientHello {
    hello.extensions.get_or_insert_default().retain(is_writable);
    hello
}

fn server_key_exchange(form: u8, body: &[u8]) {
    let params = [ParamsKind::None, ParamsKind::Ecdhe, ParamsKind::Dhe, ParamsKind::Dhe];
    let params = params[usize::from(form & 3)];
    let shape = ServerShape { hint: form & 4 != 0, params, signed: form & 8 != 0, listed: form & 16 == 0 };
    let Ok(message) = ServerKeyExchange::parse(body, shape) else { return };
    let share = match &message.params {
        None => Ok(Vec::new()),
        Some(Params::Ecdhe(params)) => params.encode(),
        Some(Params::Dhe(params)) => params.encode(),
    };
    assert_eq!(share.as_ref(), Ok(&message.raw));
    let hint = message.hint.as_deref();
    same(Ok(ServerKeyExchange::encode(hint, &message.raw, message.signed.as_ref())), body);
}

type Coded<T> = Result<T, st_core::fault::Fault>;

fn same(parsed: Coded<Coded<Vec<u8>>>, body: &[u8]) {
    if let Ok(encoded) = parsed {
        assert_eq!(encoded.as_deref(), Ok(body));
    }
}

/// A block that parses is written in a form that parses to the same extensions.
pub fn extensions(data: &[u8]) {
    let (first, body) = choice(data);
    let place = if first & 1 == 0 { Place::Client } else { Place::Server };
    let Ok(Some(mut parsed)) = parse_block(place, &mut codec::Reader::new(body)) else { return };
    if place == Place::Client {
        parsed.retain(is_writable);
    }
    let mut writer = codec::Writer::new();
    encode_block(place, &parsed, &mut writer).unwrap();
    let bytes = writer.into_bytes();
    let again = parse_block(place, &mut codec::Reader::new(&bytes));
    assert_eq!(again.map(Option::unwrap_or_default), Ok(parsed));
}

/// Every field of a certificate can be asked for.
pub fn certificate(data: &[u8]) {
    let Ok(certificate) = Certificate::parse(data) else { return };
    assert_eq!(certificate.der(), data);
    let words = [
        certificate.subject(),
        certificate.issuer(),
        certificate.subject_summary(),
        certificate.issuer_summary(),
        certificate.not_before_words(),
        certificate.not_after_words(),
        certificate.common_name().unwrap_or_default(),
    ];
    assert!(words.iter().map(String::len).sum::<usize>() <= 200 * (data.len() + 100));
    let lists = certificate.dns_names().len()
        + certificate.email_addresses().len()
        + certificate.ip_addresses().len()
        + certificate.extended_key_usage().unwrap_or_default().len();
    assert!(lists <= data.len());
    let _ = (certificate.is_ca(), certificate.path_len(), certificate.key_usage());
    let _ = (certificate.subject_key_id(), certificate.authority_key_id(), certificate.public_key().is_ok());
    for host in [&b"localhost"[..], b"a.example.org", b"127.0.0.1", b"::1", b"", data] {
        let _ = matches_host(&certificate, host);
    }
}

/// Any list of certificates is judged in bounded work; the last one is the anchor.
pub fn chain(data: &[u8]) {
    let (first, body) = choice(data);
    let Ok(message) = CertificateMessage::parse(body) else { return };
    let parsed = message.chain.iter().take(20).map(|der| Certificate::parse(der));
    let Ok(mut chain) = parsed.collect::<Result<Vec<_>, _>>() else { return };
    let Some(anchor) = chain.last().cloned() else { return };
    if first & 1 != 0 {
        chain.pop();
    }
    let mut policies = vec![Policy::ssl(first & 2 == 0, Some(b"localhost".to_vec()))];
    if first & 4 != 0 {
        policies.push(Policy::qualified(None));
    }
    let mut trust = Trust::new(chain, policies);
    trust.set_anchors(Some(vec![anchor]));
    trust.set_anchors_only(first & 8 == 0);
    let result = trust.evaluate(&Anchors::new(Vec::new()), 1_830_000_000);
    assert!(!result.is_success() || !trust.chain().is_empty());
}

/// What opens as a file of certificates and keys was in it, and nothing opens twice in two ways.
pub fn files(data: &[u8]) {
    let opened = open_pkcs12(data, b"secret");
    if let Ok(items) = &opened {
        assert!(is_pkcs12(data) && items.len() <= 1000);
        let whole = |item: &st_core::x509::Pkcs12Item| match &item.content {
            Pkcs12Content::Certificate(der) => der.len() <= data.len(),
            Pkcs12Content::Key(pkcs8) => pkcs8.len() <= data.len(),
        };
        assert!(items.iter().all(whole));
    }
    if let Some(certificates) = open_pkcs7(data) {
        assert!(opened.is_err());
        assert!(certificates.iter().map(Vec::len).sum::<usize>() <= data.len());
    }
}

/// A list or response that the issuer did not sign changes no verdict: none of the seeds is, and none becomes so.
pub fn revocation(data: &[u8]) {
    let (first, body) = choice(data);
    let parse = |der: &[u8]| Certificate::parse(der).unwrap();
    let chain =
        vec![parse(include_bytes!("../fixtures/leaf.der")), parse(include_bytes!("../fixtures/between.der"))];
    let policies = vec![Policy::basic(), Policy::revocation(u32::from(first >> 4 | 3))];
    let mut trust = Trust::new(chain, policies);
    trust.set_anchors(Some(vec![parse(include_bytes!("../fixtures/root.der"))]));
    let bare = trust.evaluate(&Anchors::default(), 1_830_000_000);
    if first & 1 == 0 {
        let Some(crl) = Crl::parse(body) else { return };
        trust.set_crls(vec![crl]);
    } else {
        trust.set_ocsp(vec![body.to_vec()]);
    }
    assert_eq!(trust.evaluate(&Anchors::default(), 1_830_000_000), bare);
    assert!(trust.findings().is_some_and(|found| !found.revocation_checked));
}

/// Statuses that a call which moves data may return.
fn may_return(code: OsStatus) -> bool {
    matches!(code, 0 | -36 | -50 | -909) || (-9851..=-9800).contains(&code)
}

/// Calls of an end until its input is used up, and the orderly end; all of it comes to an end by itself.
fn exercise(end: &mut End, input: &[u8], step: usize) {
    let (mut from, mut to) = (Pipe::new(), Pipe::new());
    from.bytes.extend(input);
    from.step = step;
    from.closed = true;
    let mut out = Vec::new();
    // A pause or a portion of input for each call, and no more than there can be.
    for round in 0..input.len() / step.min(input.len().max(1)) + 16 {
        let mut call = if round % 4 == 3 { Call::read(100) } else { Call::handshake() };
        let code = end.run(&mut call, &mut from, &mut to, &[], &mut out);
        assert!(may_return(code), "{code}");
        if end.session.report().fault.is_some() {
            let again = end.run(&mut Call::handshake(), &mut from, &mut to, &[], &mut out);
            assert!(again == code || end.session.state() == State::Aborted, "{code}, then {again}");
            break;
        }
    }
    for mut call in [Call::read(1 << 16), Call::write(5), Call::close(), Call::read(1)] {
        assert!(may_return(end.run(&mut call, &mut from, &mut to, b"hello", &mut out)));
    }
    assert_eq!(end.session.state(), State::Closed);
    assert!(to.log.len() < 1 << 20, "an end answers with no more than a flight and alerts");
}

/// Options, and how many bytes come at a time, out of the first byte.
pub fn opened(role: Role, first: u8) -> (End, usize) {
    let mut end = tap::end(role, if first & 1 == 0 { KNOWN } else { 0xc02f });
    for option in [0, 1, 2, 7].iter().filter(|_| first & 2 != 0) {
        assert_eq!(end.session.set_option(*option, true), 0);
    }
    if role == Role::Server || first & 4 != 0 {
        end.session.set_credentials(Some(Arc::clone(&FIXED)));
    }
    if first & 8 != 0 {
        assert_eq!(end.session.set_client_auth(ClientAuth::Try as i64), 0);
    }
    if first & (16 | OLD) == OLD {
        let highest = [2, 4, 7, 8][usize::from(first >> 6)];
        assert_eq!(end.session.set_version_min(2), 0);
        assert_eq!(end.session.set_version_max(highest), 0);
        assert_eq!(end.session.set_enabled_ciphers(&[0x002f, 0x000a, 0x0005, 0x0001]), 0);
    }
    (end, if first & 16 == 0 { usize::MAX } else { usize::from(first >> 5) + 1 })
}

/// Versions from SSLv3 on and suites that all of them have; the two bits above say the highest.
pub const OLD: u8 = 32;

/// A server's stream as a client meets it.
pub fn client(data: &[u8]) {
    let (first, rest) = choice(data);
    let (mut end, step) = opened(Role::Client, first);
    exercise(&mut end, rest, step);
}

/// A client's stream as a server meets it.
pub fn server(data: &[u8]) {
    let (first, rest) = choice(data);
    let (mut end, step) = opened(Role::Server, first);
    exercise(&mut end, rest, step);
}

/// One deed of a hostile wire: at which record, what, where, and how much.
#[derive(Clone, Copy)]
struct Deed {
    way: Way,
    step: usize,
    what: u8,
    at: usize,
    value: u8,
}

fn deeds(data: &[u8]) -> Vec<Deed> {
    let deed = |d: &[u8]| Deed {
        way: if d[0] & 1 == 0 { Way::Up } else { Way::Down },
        step: usize::from(d[0] >> 1 & 15),
        what: d[1],
        at: usize::from(u16::from_be_bytes([d[2], d[3]])),
        value: d[4],
    };
    data.chunks_exact(5).take(8).map(deed).collect()
}

impl Deed {
    fn apply(self, mut records: Vec<Record>) -> Vec<Record> {
        let Some(record) = records.last_mut().filter(|record| !record.raw) else { return records };
        let at = self.at.min(record.body.len());
        match self.what % 10 {
            0 => drop(records.pop()),
            1 => records.push(records[0].clone()),
            2 if at < record.body.len() => record.body[at] ^= self.value.max(1),
            3 => record.body.truncate(at),
            4 => drop(record.body.splice(at..at, [self.value; 3])),
            5 => record.typ = self.value,
            6 => records.insert(0, Record::new(self.value, &[1, 0][..self.at % 3])),
            7 => records.insert(0, Record::message(self.value, &vec![0; self.at % 600])),
            8 if record.typ == HANDSHAKE => true_length(&mut record.body),
            _ => records.rotate_left(1),
        }
        records
    }
}

/// Makes the header of a message say how long the message is.
fn true_length(body: &mut [u8]) {
    let length = body.len().saturating_sub(4).to_be_bytes();
    if let Some(field) = body.get_mut(1..4) {
        field.copy_from_slice(&length[length.len() - 3..]);
    }
}

/// A handshake over a wire that changes, drops, repeats and forges records, also under the right keys.
pub fn handshake(data: &[u8]) {
    let (first, rest) = choice(data);
    let mut tap = tap::scene(SCENES[usize::from(first) % SCENES.len()], &FIXED, &FIXED);
    let deeds = deeds(rest);
    let (c, s) = tap.handshake(&mut |way, step, record| {
        let here = deeds.iter().filter(|deed| (deed.way, deed.step) == (way, step));
        here.fold(vec![record], |records, deed| deed.apply(records))
    });
    assert!(may_return(c) && may_return(s), "{c} {s}");
    assert!(!deeds.is_empty() || (c, s) == (0, 0), "{c} {s}");
    finish(&mut tap);
}

fn finish(tap: &mut Tap) {
    for way in Way::BOTH {
        tap.end_of_stream(way);
        for _ in 0..3 {
            assert!(may_return(tap.read(way).0));
        }
        assert!(may_return(tap.call(way, &mut Call::close(), &[], &mut Vec::new())));
        assert_eq!(tap.victim(way).session.state(), State::Closed);
    }
}

/// Records of any type and content, sealed with the right keys, on a connected session.
pub fn connected(data: &[u8]) {
    let (first, mut rest) = choice(data);
    let mut tap = tap::scene(KNOWN, &FIXED, &FIXED);
    assert_eq!(tap.handshake(&mut tap::pass), (0, 0));
    let way = if first & 1 == 0 { Way::Up } else { Way::Down };
    while let [typ, length, tail @ ..] = rest {
        let (body, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        tap.forge(way, Record::new(*typ, body));
        let (code, out) = tap.read(way);
        assert!(may_return(code));
        assert!(out.is_empty() || (*typ == DATA && out == body));
        if code != 0 && code != WOULD_BLOCK {
            break;
        }
    }
    finish(&mut tap);
}

/// Anybody's datagrams during a handshake, or on a connected session, which they must not touch. Each is answered by
/// little.
pub fn datagram(data: &[u8]) {
    let (first, mut rest) = choice(data);
    let (client, connected) = (first & 1 == 0, first & 2 != 0);
    let mut net = Net::new(1, Weather::default());
    net.versions(9, 11);
    for one in [true, false] {
        let session = &mut net.side(one).end.session;
        assert_eq!(session.set_enabled_ciphers(&[0x00a8, 0x008c]), 0);
        assert_eq!(session.set_psk_secret(b"shared by both"), 0);
        assert_eq!(session.set_datagram_size(if first & 4 == 0 { 1400 } else { 100 }), 0);
    }
    if first & 8 != 0 {
        assert_eq!(net.server.end.session.set_datagram_cookie(b"a cookie"), 0);
    }
    if connected {
        assert_eq!(net.handshake(), (0, 0));
    }
    while let [high, low, tail @ ..] = rest {
        let (bytes, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(tail.len()));
        rest = tail;
        net.side(client).inbox.push_back(bytes.to_vec());
        let before = net.side(client).sent;
        let mut call = if connected { Call::read(100) } else { Call::handshake() };
        assert!(may_return(net.call(client, &mut call, &[], &mut Vec::new())));
        assert!(net.side(client).sent - before <= 20);
        if !connected {
            net.wait();
            assert!(may_return(net.call(!client, &mut Call::handshake(), &[], &mut Vec::new())));
        }
    }
    if connected {
        assert_eq!(net.exchange(&[5; 50]), Ok(()));
    }
}

/// What one end sends in a handshake over datagrams, each behind its length.
pub fn datagrams(up: bool) -> Vec<u8> {
    let mut net = Net::quiet(11);
    net.handshake();
    let sent = net.log.iter().filter(|(from, _)| *from == up);
    sent.flat_map(|(_, bytes)| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()).collect()
}

/// The ticket key of [`ticket`], known to everybody.
pub const TICKET_SECRET: [u8; 48] = [0x42; 48];

/// No bytes but those that a key sealed are a ticket, a server goes on without; and whatever a session says that a key
/// did seal, it is read and written in bounds.
pub fn ticket(data: &[u8]) {
    let (first, body) = choice(data);
    let keys = TicketKeys::fixed(vec![Secret::copy_of(&TICKET_SECRET)]).unwrap();
    let open = |ticket: &[u8]| keys.open(Framing::Stream, ticket, 1, &mut OsRng).unwrap();
    if first & 1 == 0 {
        // Also where they name the key.
        assert!(open(body).is_none());
        let named = [&TICKET_SECRET[..16], body].concat();
        assert!(open(&named).is_none());
        return;
    }
    let Ok((saved, ends)) = Saved::decode(Framing::Stream, body) else { return };
    let again = Saved::decode(Framing::Stream, saved.encode(ends).unwrap().as_bytes());
    assert!(again.is_ok_and(|(again, until)| {
        until == ends && again.master == saved.master && again.peer_chain == saved.peer_chain
    }));
    let sealed = keys.seal(&saved, 1, 100, &mut OsRng).unwrap();
    assert!(sealed.len() <= 17_000);
    assert!(
        sealed.is_empty() || open(&sealed).is_some_and(|(opened, old)| opened.master == saved.master && !old)
    );
}

/// What [`ticket`] reads inside of a ticket.
pub fn saved_session() -> Vec<u8> {
    let mut tap = Phase::ByTicket.tap(&FIXED);
    let mut ticket = Vec::new();
    tap.handshake(&mut |_, _, record| {
        if record.typ == HANDSHAKE && record.body.first() == Some(&4) {
            ticket = record.body[10..].to_vec();
        }
        vec![record]
    });
    let keys = TicketKeys::fixed(vec![Secret::copy_of(&[1; 48])]).unwrap();
    let (saved, _) = keys.open(Framing::Stream, &ticket, 1_790_000_000, &mut OsRng).unwrap().unwrap();
    saved.encode(1_790_000_000).unwrap().as_bytes().to_vec()
}

/// The same wire as in [`handshake`], in handshakes that are resumed and in renegotiations; it knows every key.
pub fn resumed(data: &[u8]) {
    let (first, rest) = choice(data);
    let phase = Phase::ALL[usize::from(first) % Phase::ALL.len()];
    let mut tap = phase.tap(&FIXED);
    let deeds = deeds(rest);
    let (c, s) = tap.handshake(&mut |way, step, record| {
        let here = deeds.iter().filter(|deed| (deed.way, deed.step) == (way, step));
        here.fold(vec![record], |records, deed| deed.apply(records))
    });
    assert!(may_return(c) && may_return(s), "{c} {s}");
    assert!(!deeds.is_empty() || (c, s) == (0, 0), "{c} {s}");
    finish(&mut tap);
}

/// The stream of one end, recorded: a handshake, some data, the end. A server with the same clock and the same
/// random bytes takes it again.
pub fn recorded(way: Way) -> Vec<u8> {
    let mut tap = tap::scene(KNOWN, &FIXED, &FIXED);
    assert_eq!(tap.handshake(&mut tap::pass), (0, 0));
    let sender = if way == Way::Up { Way::Down } else { Way::Up };
    for mut call in [Call::write(5), Call::write(700), Call::close()] {
        assert_eq!(tap.call(sender, &mut call, &[7; 700], &mut Vec::new()), 0);
        tap.carry(way, &mut tap::pass);
    }
    tap.stream(way).to_vec()
}

/// A message of a recorded handshake, body only.
pub fn body_of(typ: HandshakeType) -> Vec<u8> {
    let mut tap = tap::scene(tap::MUTUAL, &FIXED, &FIXED);
    tap.handshake(&mut tap::pass);
    let found = tap.log.iter().find(|(_, r)| r.typ == HANDSHAKE && r.body.first() == Some(&typ.0));
    found.map(|(_, record)| record.body[4..].to_vec()).unwrap_or_default()
}

/// A ServerKeyExchange.
pub fn server_share(scene: u16) -> Vec<u8> {
    let mut tap = tap::scene(scene, &FIXED, &FIXED);
    tap.handshake(&mut tap::pass);
    let found = tap.log.iter().find(|(_, r)| r.typ == HANDSHAKE && r.body.first() == Some(&12));
    found.map(|(_, record)| record.body[4..].to_vec()).unwrap_or_default()
}

/// Length of the extension block at the end of a ClientHello.
pub fn block_length(hello: &[u8]) -> u16 {
    let id = usize::from(hello[34]);
    let suites = usize::from(u16::from_be_bytes([hello[35 + id], hello[36 + id]]));
    let compressions = usize::from(hello[37 + id + suites]);
    let at = 38 + id + suites + compressions;
    u16::from_be_bytes([hello[at], hello[at + 1]])
}
