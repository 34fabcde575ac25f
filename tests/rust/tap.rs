//! A hostile wire between two ends: it sees every record in the clear and may send whatever it likes.
//!
//! The client's random bytes are known to it, so with RSA key exchange it computes the keys of both directions
//! and goes on reading and forging after the ChangeCipherSpec, with the right record numbers. With ephemeral
//! key exchange it passes on sealed records as they are.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use crate::common::{End, NOW, Pipe, WOULD_BLOCK, credentials};
use st_core::config::{ClientAuth, Credentials, Role};
use st_core::crypto::rng::Rng;
use st_core::crypto::secret::Secret;
use st_core::engine::Engine;
use st_core::fault::{Alert, Fault};
use st_core::keys::classic::{self, Randoms};
use st_core::keys::transcript::Transcript;
use st_core::profile::{self, Framing, Profile};
use st_core::record::head::{HEADER, Head, MAX_PLAIN};
use st_core::record::protect::{self, Material, Opener, Sealer};
use st_core::resumption::{SessionCache, TicketKeys};
use st_core::session::{Call, Session, State};
use st_core::status::OsStatus;
use st_core::suite::{self, Kx};
use st_core::wire::ids::{ContentType, SuiteId, WireVersion};
use std::sync::{Arc, LazyLock};

/// Always the same byte: what a recording needs, and what a tap can know.
struct Fixed(u8);

impl Rng for Fixed {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        out.fill(self.0);
        Ok(())
    }
}

const BYTE: u8 = 0x42;

/// The secret of both ends.
const PSK: &[u8] = b"a secret";

pub const CCS: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const DATA: u8 = 23;

/// Which way a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

impl Way {
    pub const BOTH: [Way; 2] = [Way::Up, Way::Down];

    fn at(self) -> usize {
        self as usize
    }
}

/// One record in the clear; `raw` ones go out with these bytes as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub typ: u8,
    pub body: Vec<u8>,
    pub raw: bool,
}

impl Record {
    pub fn new(typ: u8, body: &[u8]) -> Record {
        Record { typ, body: body.to_vec(), raw: false }
    }

    /// Bytes that are not even sealed where they should be.
    pub fn raw(bytes: &[u8]) -> Record {
        Record { typ: 0, body: bytes.to_vec(), raw: true }
    }

    pub fn alert(level: u8, code: u8) -> Record {
        Record::new(ALERT, &[level, code])
    }

    /// A handshake message with a true header.
    pub fn message(typ: u8, body: &[u8]) -> Record {
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        Record::new(HANDSHAKE, &[&[typ, len[1], len[2], len[3]], body].concat())
    }
}

/// What the tap knows of one direction.
#[derive(Default)]
struct Side {
    opener: Option<Opener>,
    opened: u64,
    sealer: Option<Sealer>,
    sealed: u64,
    /// Which keys the sealer was made of.
    epoch: u32,
    /// Records of the sender so far.
    seen: usize,
    /// The sender has sent its ChangeCipherSpec.
    changed: bool,
}

pub struct Tap {
    pub client: End,
    pub server: End,
    suite: u16,
    profile: &'static Profile,
    input: [Pipe; 2],
    output: [Pipe; 2],
    sides: [Side; 2],
    limits: [usize; 2],
    transcript: Option<Transcript>,
    randoms: Randoms,
    keys: Option<classic::KeyBlock>,
    /// How often there were new keys.
    epoch: u32,
    /// The master secret of a session that may be resumed.
    known: Option<Secret>,
    /// Every record that was delivered, in the clear where the tap can read it.
    pub log: Vec<(Way, Record)>,
    pub codes: [OsStatus; 2],
}

/// What the tap does with a record: what goes on in its place.
pub type Hook<'a> = &'a mut dyn FnMut(Way, usize, Record) -> Vec<Record>;

/// Passes everything on.
pub fn pass(_: Way, _: usize, record: Record) -> Vec<Record> {
    vec![record]
}

/// An end that knows one suite and has no random bytes.
pub fn end(role: Role, suite: u16) -> End {
    let engine = Engine::with_rng(Framing::Stream, Box::new(Fixed(BYTE)));
    let mut session = Session::with_engine(role, Framing::Stream, engine);
    session.set_io(true);
    assert_eq!(session.set_enabled_ciphers(&[i64::from(suite)]), 0);
    assert_eq!(session.set_psk_secret(PSK), 0);
    End {
        session,
        verdict: st_core::handshake::Verdict::Accepted,
        asked: 0,
        logged: Vec::new(),
        now: NOW,
        secrets: Vec::new(),
    }
}

impl Tap {
    pub fn new(credentials: &Arc<Credentials>, suite: u16) -> Tap {
        let mut server = end(Role::Server, suite);
        server.session.set_credentials(Some(Arc::clone(credentials)));
        Tap {
            client: end(Role::Client, suite),
            server,
            suite,
            profile: profile_of(WireVersion::TLS12),
            input: [Pipe::new(), Pipe::new()],
            output: [Pipe::new(), Pipe::new()],
            sides: [Side::default(), Side::default()],
            limits: [usize::MAX; 2],
            transcript: Some(Transcript::new()),
            randoms: Randoms { client: [0; 32], server: [0; 32] },
            keys: None,
            epoch: 0,
            known: None,
            log: Vec::new(),
            codes: [WOULD_BLOCK; 2],
        }
    }

    /// The end that receives what goes this way.
    pub fn victim(&mut self, way: Way) -> &mut End {
        match way {
            Way::Up => &mut self.server,
            Way::Down => &mut self.client,
        }
    }

    /// Runs a call of the receiving end of `way`; its output waits until [`Tap::carry`].
    pub fn call(&mut self, way: Way, call: &mut Call, data: &[u8], out: &mut Vec<u8>) -> OsStatus {
        let [up_in, down_in] = &mut self.input;
        let [up_out, down_out] = &mut self.output;
        match way {
            Way::Up => self.server.run(call, up_in, down_out, data, out),
            Way::Down => self.client.run(call, down_in, up_out, data, out),
        }
    }

    pub fn read(&mut self, way: Way) -> (OsStatus, Vec<u8>) {
        let mut out = Vec::new();
        let code = self.call(way, &mut Call::read(1 << 16), &[], &mut out);
        (code, out)
    }

    /// The transport of this way ends behind what was delivered.
    pub fn end_of_stream(&mut self, way: Way) {
        self.input[way.at()].closed = true;
    }

    /// Bytes that were delivered and not read.
    pub fn unread(&self, way: Way) -> usize {
        self.input[way.at()].bytes.len()
    }

    /// Bytes as they are, to the receiving end of `way`, up to the limit.
    pub fn deliver(&mut self, way: Way, bytes: &[u8]) {
        let n = bytes.len().min(self.limits[way.at()] - self.delivered(way));
        self.input[way.at()].bytes.extend(&bytes[..n]);
        self.input[way.at()].log.extend_from_slice(&bytes[..n]);
    }

    /// Everything that was delivered, as it went over the wire.
    pub fn stream(&self, way: Way) -> &[u8] {
        &self.input[way.at()].log
    }

    /// How many bytes were delivered.
    pub fn delivered(&self, way: Way) -> usize {
        self.input[way.at()].log.len()
    }

    /// Nothing behind this many bytes arrives.
    pub fn limit(&mut self, way: Way, bytes: usize) {
        self.limits[way.at()] = bytes;
    }

    /// Bytes that the sending end of `way` has written and nobody has carried.
    pub fn take_output(&mut self, way: Way) -> Vec<u8> {
        self.output[way.at()].bytes.drain(..).collect()
    }

    /// Seals a record of the tap's own for the receiving end of `way` and delivers it.
    pub fn forge(&mut self, way: Way, record: Record) {
        let bytes = self.sealed(way, &record);
        self.deliver(way, &bytes);
        self.log.push((way, record));
    }

    fn sealed(&mut self, way: Way, record: &Record) -> Vec<u8> {
        if record.raw {
            return record.body.clone();
        }
        let side = &mut self.sides[way.at()];
        let mut bytes = Vec::new();
        let none: &[u8] = &[];
        let pieces: Vec<&[u8]> =
            if record.body.is_empty() { vec![none] } else { record.body.chunks(MAX_PLAIN).collect() };
        for piece in pieces {
            let mut plain = Sealer::Plain;
            let sealer = side.sealer.as_mut().unwrap_or(&mut plain);
            let len = sealer.sealed_len(piece.len());
            let head = Head::new(ContentType(record.typ), self.profile.wire, len);
            let mut body = vec![0; len];
            sealer.seal(side.sealed, &head, piece, &mut body).unwrap();
            side.sealed += 1;
            bytes.extend_from_slice(&head.encode());
            bytes.extend_from_slice(&body);
        }
        if record.typ == CCS {
            self.install(way, false);
        }
        bytes
    }

    /// New keys behind a ChangeCipherSpec: for what the tap reads, or for what it sends on.
    fn install(&mut self, way: Way, reading: bool) {
        let Some(keys) = &self.keys else { return };
        let (profile, suite) = (self.profile, suite::by_id(SuiteId(self.suite)).unwrap());
        let keys = if way == Way::Up { &keys.client } else { &keys.server };
        let material = Material {
            mac: keys.mac.as_bytes(),
            key: keys.key.as_bytes(),
            iv: keys.iv.as_bytes(),
            encrypt_then_mac: suite.has_cbc(), // our ends agree on it
        };
        let side = &mut self.sides[way.at()];
        if reading {
            side.opener = Some(protect::opener(profile, suite, material).unwrap());
            side.opened = 0;
        } else if side.epoch != self.epoch {
            side.epoch = self.epoch;
            side.sealer = Some(protect::sealer(profile, suite, material).unwrap());
            side.sealed = 0;
        }
    }

    /// Carries what one end wrote to the other, each record through the hook.
    pub fn carry(&mut self, way: Way, hook: Hook<'_>) -> bool {
        let bytes = self.take_output(way);
        let mut rest = &bytes[..];
        while let Some((head, tail)) = rest.split_first_chunk::<HEADER>() {
            let head = Head::parse(head, true).unwrap();
            let (body, tail) = tail.split_at(head.len);
            let whole = &rest[..HEADER + head.len];
            rest = tail;
            let record = self.opened(way, head, body, whole);
            let number = self.sides[way.at()].seen;
            self.sides[way.at()].seen += 1;
            for record in hook(way, number, record) {
                self.forge(way, record);
            }
        }
        assert!(rest.is_empty(), "an end wrote half a record");
        !bytes.is_empty()
    }

    fn opened(&mut self, way: Way, head: Head, body: &[u8], whole: &[u8]) -> Record {
        let side = &mut self.sides[way.at()];
        let (typ, mut plain) = (head.content_type.0, body.to_vec());
        if let Some(opener) = &mut side.opener {
            let Ok(range) = opener.open(side.opened, &head, &mut plain) else { return Record::raw(whole) };
            side.opened += 1;
            plain = plain[range].to_vec();
        } else if side.changed {
            return Record::raw(whole); // sealed with keys the tap does not have
        }
        match typ {
            HANDSHAKE => self.learn(&plain),
            CCS => {
                side.changed = true;
                self.install(way, true);
            }
            _ => {}
        }
        Record::new(typ, &plain)
    }

    /// Follows the handshake as the ends mean it, up to the keys.
    fn learn(&mut self, message: &[u8]) {
        match message.first() {
            Some(0) => return, // HelloRequest is never hashed
            Some(1) => self.transcript = Some(Transcript::new()),
            _ => {}
        }
        if let Some(transcript) = &mut self.transcript {
            transcript.add(message);
        }
        let random = message.get(6..38).and_then(|r| <[u8; 32]>::try_from(r).ok());
        match (message.first(), random) {
            (Some(1), Some(random)) => self.randoms.client = random,
            (Some(2), Some(random)) => {
                self.randoms.server = random;
                if let Some(master) = self.known.clone() {
                    self.expand(&master);
                }
            }
            (Some(16), _) => self.derive(),
            _ => {}
        }
    }

    fn derive(&mut self) {
        let Some(mut transcript) = self.transcript.take() else { return };
        let suite = suite::by_id(SuiteId(self.suite)).unwrap();
        let Some(premaster) = premaster(suite, self.profile) else { return };
        transcript.start(self.profile, suite.prf);
        let hash = transcript.hash();
        let master = classic::extended_master_secret(self.profile, suite.prf, &premaster, hash.as_bytes());
        self.expand(&master);
    }

    fn expand(&mut self, master: &Secret) {
        let suite = suite::by_id(SuiteId(self.suite)).unwrap();
        self.keys = Some(classic::key_block(self.profile, suite, master, &self.randoms));
        self.epoch += 1;
    }

    /// Another handshake is about to begin: records are counted, logged and answered anew.
    pub fn again(&mut self) {
        for side in &mut self.sides {
            side.seen = 0;
        }
        self.log.clear();
        self.codes = [WOULD_BLOCK; 2];
    }

    /// One round of both ends: everything that is written is carried. Whether anything moved.
    pub fn round(&mut self, hook: Hook<'_>) -> bool {
        let mut moved = false;
        for way in [Way::Down, Way::Up] {
            if self.codes[way.at()] == WOULD_BLOCK {
                self.codes[way.at()] = self.call(way, &mut Call::handshake(), &[], &mut Vec::new());
            }
            let out = if way == Way::Down { Way::Up } else { Way::Down };
            moved |= self.carry(out, hook);
        }
        moved
    }

    /// Handshakes as far as it goes; statuses of the client's and the server's last SSLHandshake.
    pub fn handshake(&mut self, hook: Hook<'_>) -> (OsStatus, OsStatus) {
        while self.round(hook) {}
        (self.code(Way::Down), self.code(Way::Up))
    }

    /// The last status of the receiving end of `way`.
    pub fn code(&self, way: Way) -> OsStatus {
        self.codes[way.at()]
    }

    /// The alert that the receiving end of `way` queued.
    pub fn alert(&mut self, way: Way) -> Option<Alert> {
        self.victim(way).session.report().alert_sent
    }
}

/// The premaster, where everything that goes into it is known.
fn premaster(suite: &suite::Suite, profile: &Profile) -> Option<Secret> {
    let other = match suite.kx {
        Kx::Rsa => [&profile.wire.0.to_be_bytes()[..], &[BYTE; 46]].concat(),
        Kx::Psk => vec![0; PSK.len()],
        _ => return None,
    };
    if !suite.has_psk() {
        return Some(Secret::new(other));
    }
    let length = |part: &[u8]| u16::try_from(part.len()).unwrap().to_be_bytes();
    Some(Secret::new([&length(&other)[..], &other, &length(PSK), PSK].concat()))
}

fn profile_of(wire: WireVersion) -> &'static Profile {
    profile::by_wire(Framing::Stream, wire).unwrap()
}

// --- handshakes behind the first one -----------------------------------------------------------------------

/// What stands before the handshake under attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    First,
    /// Another connection, resumed out of the cache of both ends.
    ById,
    /// Another connection, resumed with a ticket that is renewed.
    ByTicket,
    /// A renegotiation that the client began.
    ByClient,
    /// A renegotiation that the server asked for.
    ByServer,
    /// The same, of ends that know each other by name.
    Shortened,
}

impl Phase {
    pub const ALL: [Phase; 6] =
        [Phase::First, Phase::ById, Phase::ByTicket, Phase::ByClient, Phase::ByServer, Phase::Shortened];

    /// A tap before this handshake; it knows every key.
    pub fn tap(self, credentials: &Arc<Credentials>) -> Tap {
        let cache = Arc::new(SessionCache::new());
        let make = |newest: u8| {
            let mut tap = scene(KNOWN, credentials, credentials);
            assert_eq!(tap.server.session.set_option(8, true), 0);
            let ids = matches!(self, Phase::ById | Phase::Shortened);
            if ids || self == Phase::ByTicket {
                tap.client.session.set_cache(Some(Arc::clone(&cache)));
                assert_eq!(tap.client.session.set_peer_id(b"peer"), 0);
            }
            if ids {
                tap.server.session.set_cache(Some(Arc::clone(&cache)));
                assert_eq!(tap.server.session.set_peer_id(b"peer"), 0);
            }
            if self == Phase::ByTicket {
                let keys = (0..=newest).rev().map(|byte| Secret::new(vec![byte; 48])).collect();
                tap.server.session.set_ticket_keys(TicketKeys::fixed(keys).map(Arc::new));
                assert_eq!(tap.client.session.set_session_tickets(true), 0);
            }
            tap
        };
        let mut tap = make(0);
        if self == Phase::First {
            return tap;
        }
        assert_eq!(tap.handshake(&mut pass), (0, 0));
        let known = tap.client.session.master_secret();
        match self {
            Phase::ById | Phase::ByTicket => tap = make(1),
            Phase::ByClient => assert_eq!(tap.client.session.rehandshake(NOW), 0),
            _ => assert_eq!(tap.server.session.rehandshake(NOW), 0),
        }
        tap.known = Some(known);
        tap.again();
        tap
    }
}

// --- what the tests over a tap share ---------------------------------------------------------------------

pub static RSA: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_RSA_SHA256));
pub static EC: LazyLock<Arc<Credentials>> = LazyLock::new(|| credentials(&rcgen::PKCS_ECDSA_P256_SHA256));

/// RSA key exchange, where the tap knows the keys, and an ephemeral one, where it does not.
pub const KNOWN: u16 = 0x009c;
pub const EPHEMERAL: u16 = 0xc02b;
/// RSA key exchange with a certificate of the client; no number of a suite.
pub const MUTUAL: u16 = 0;
/// A pre-shared key alone, and together with RSA; the tap has the secret. Finite fields, where it has nothing.
pub const SHARED: u16 = 0x00a8;
pub const BOTH: u16 = 0x00ac;
pub const FINITE: u16 = 0x009e;
/// A block cipher with the MAC outside, and the same at TLS 1.0, where vectors are chained.
pub const BLOCKS: u16 = 0x002f;
pub const OLD: u16 = 1;
pub const SCENES: [u16; 8] = [KNOWN, EPHEMERAL, MUTUAL, SHARED, BOTH, FINITE, BLOCKS, OLD];
/// Scenes in which the tap cannot read what is sealed.
pub const BLIND: [u16; 2] = [EPHEMERAL, FINITE];

pub const PROTOCOL: OsStatus = -9800;
pub const CLOSED_GRACEFUL: OsStatus = -9805;
pub const CLOSED_ABORT: OsStatus = -9806;
pub const DECRYPTION_FAIL: OsStatus = -9845;
pub const BAD_RECORD_MAC: OsStatus = -9846;
pub const RECORD_OVERFLOW: OsStatus = -9847;

pub const UNEXPECTED: u8 = 10;
pub const BAD_MAC: u8 = 20;
pub const OVERFLOW: u8 = 22;
pub const ILLEGAL: u8 = 47;
pub const DECODE: u8 = 50;

pub fn tap(number: u16) -> Tap {
    scene(number, if number == EPHEMERAL { &EC } else { &RSA }, &EC)
}

/// A scene with these certificates of the server and, where it needs one, of the client.
pub fn scene(number: u16, server: &Arc<Credentials>, client: &Arc<Credentials>) -> Tap {
    if number == EPHEMERAL {
        return Tap::new(server, if server.key.kind().is_ec() { EPHEMERAL } else { 0xc02f });
    }
    let suite = match number {
        MUTUAL => KNOWN,
        OLD => BLOCKS,
        suite => suite,
    };
    let mut tap = Tap::new(server, suite);
    if number == OLD {
        tap.profile = profile_of(WireVersion::TLS10);
        for end in [&mut tap.client, &mut tap.server] {
            assert_eq!(end.session.set_version_max(4), 0);
        }
    }
    if number == FINITE {
        // RFC 2409 section 6.2: known to be safe, and quick.
        assert_eq!(tap.server.session.set_dh_params(include_bytes!("keys/dh1024.der")), 0);
    }
    if number == MUTUAL {
        assert_eq!(tap.server.session.set_client_auth(ClientAuth::Always as i64), 0);
        tap.client.session.set_credentials(Some(Arc::clone(client)));
    }
    tap
}

/// The receiving end of `way` failed in SSLHandshake with this status, told the peer this much, and answers from
/// then on as `behaviours` section 2 and decisions 19 say.
pub fn failed(tap: &mut Tap, way: Way, code: OsStatus, alert: Option<u8>, what: &str) {
    let sent = tap.alert(way).map(|a| a.0);
    assert_eq!((tap.code(way), sent), (code, alert), "{what}");
    assert_eq!(tap.victim(way).session.state(), State::Handshake, "{what}");
    assert!(tap.victim(way).session.report().fault.is_some(), "{what}");
    aftermath(tap, way, code, what);
}

pub fn aftermath(tap: &mut Tap, way: Way, code: OsStatus, what: &str) {
    let mut out = Vec::new();
    assert_eq!(tap.call(way, &mut Call::handshake(), &[], &mut out), code, "{what}, again");
    assert_eq!(tap.call(way, &mut Call::read(99), &[], &mut out), code, "{what}, read");
    assert!(out.is_empty(), "{what}: nothing of a broken connection is delivered");
    ended(tap, way, what);
}

/// Aborted, and what every call answers then.
pub fn ended(tap: &mut Tap, way: Way, what: &str) {
    let mut out = Vec::new();
    assert_eq!(tap.victim(way).session.state(), State::Aborted, "{what}");
    for mut call in [Call::read(99), Call::write(1), Call::handshake()] {
        assert_eq!(tap.call(way, &mut call, b"x", &mut out), CLOSED_ABORT, "{what}, aborted");
        assert_eq!(call.processed(), 0);
    }
    let alert = tap.alert(way);
    assert_eq!(tap.call(way, &mut Call::close(), &[], &mut out), 0, "{what}, close");
    assert!(alert.is_none() || tap.alert(way) == alert, "{what}: nothing follows a fatal alert");
    assert_eq!(tap.victim(way).session.state(), State::Closed, "{what}");
    assert_eq!(tap.call(way, &mut Call::read(99), &[], &mut out), CLOSED_GRACEFUL, "{what}, closed");
    assert!(out.is_empty(), "{what}: nothing of a broken connection is delivered");
}

/// A record header with this type and as many zero bytes as it says.
pub fn plain_record(typ: u8, body: &[u8]) -> Record {
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    Record::raw(&[&[typ, 3, 3, len[0], len[1]], body].concat())
}

/// What `behaviours` sections 1 and 17 say of each alert received.
pub const RECEIVED: &[(u8, OsStatus)] = &[
    (10, -9819),
    (20, -9820),
    (21, -9821),
    (22, -9822),
    (30, -9823),
    (40, -9824),
    (42, -9825),
    (43, -9826),
    (44, -9827),
    (45, -9828),
    (46, -9829),
    (47, -9830),
    (48, -9831),
    (49, -9832),
    (50, -9833),
    (51, -9834),
    (60, -9835),
    (70, -9836),
    (71, -9837),
    (80, -9838),
    (90, -9839),
    (100, -9840),
    (110, -9802),
];

/// What an alert does during a handshake; `None` where it is ignored.
pub fn received(level: u8, code: u8) -> Option<OsStatus> {
    let named = RECEIVED.iter().find(|(c, _)| *c == code).map(|(_, status)| *status);
    // Alerts without a code of their own count by their level; no_certificate is SSLv3's and means nothing here.
    named.or((level == 2 && code != 41).then_some(-9802))
}
