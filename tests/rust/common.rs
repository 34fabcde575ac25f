//! Two sessions joined by memory, for the tests in this folder.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use st_core::config::{Credentials, Now, Role};
use st_core::crypto::rsa::open_premaster;
use st_core::crypto::secret::Secret;
use st_core::crypto::sign::PrivateKey;
use st_core::handshake::{Answer, Verdict};
use st_core::profile::{self, Framing};
use st_core::session::{Call, Event, Need, Session, Turn};
use st_core::status::{self, OsStatus};
use st_core::suite;
use std::collections::VecDeque;
use std::sync::Arc;

pub const WOULD_BLOCK: OsStatus = status::SSL_WOULD_BLOCK;
pub const NOW: Now = Now { mono: core::time::Duration::ZERO, wall: 1_790_000_000 };

/// Turns of one call: a megabyte byte by byte.
const MAX_TURNS: usize = 1 << 22;

/// Bytes under way in one direction; `step` limits one transfer, `holds` what fits.
pub struct Pipe {
    pub bytes: VecDeque<u8>,
    pub step: usize,
    pub holds: usize,
    pub log: Vec<u8>,
    pub closed: bool,
    /// Sizes of single writes.
    pub writes: Vec<usize>,
    /// Every other transfer is refused, as a pipe of one byte would.
    pub stutter: bool,
    refuse: bool,
}

impl Pipe {
    pub fn new() -> Pipe {
        Pipe {
            bytes: VecDeque::new(),
            step: usize::MAX,
            holds: usize::MAX,
            log: Vec::new(),
            closed: false,
            writes: Vec::new(),
            stutter: false,
            refuse: false,
        }
    }

    fn pass(&mut self) -> bool {
        self.refuse = self.stutter && !self.refuse;
        !self.refuse
    }

    /// Takes what fits; the event that a callback would have led to.
    pub fn put(&mut self, bytes: &[u8]) -> (usize, Event) {
        let n = bytes.len().min(self.step).min(self.holds - self.bytes.len().min(self.holds));
        if n == 0 || !self.pass() {
            return (0, Event::Blocked);
        }
        self.bytes.extend(&bytes[..n]);
        self.log.extend_from_slice(&bytes[..n]);
        self.writes.push(n);
        (n, if n == bytes.len() { Event::Done } else { Event::Blocked })
    }

    pub fn get(&mut self, out: &mut [u8]) -> (usize, Event) {
        let n = out.len().min(self.step).min(self.bytes.len());
        if n == 0 && self.closed {
            return (0, Event::Failed(status::SSL_CLOSED_GRACEFUL));
        }
        if n == 0 || !self.pass() {
            return (0, Event::Blocked);
        }
        for (to, from) in out.iter_mut().zip(self.bytes.drain(..n)) {
            *to = from;
        }
        (n, if n == out.len() { Event::Done } else { Event::Blocked })
    }
}

/// One end: a session with what a binding would add.
pub struct End {
    pub session: Session,
    pub verdict: Verdict,
    pub asked: usize,
    /// Lines of the key log.
    pub logged: Vec<String>,
    /// The time it lives in.
    pub now: Now,
    /// Identities with their secrets, for a server that looks them up.
    pub secrets: Vec<(Vec<u8>, Vec<u8>)>,
}

impl End {
    pub fn new(role: Role) -> End {
        let mut session = Session::new(role, Framing::Stream);
        session.set_io(true);
        End {
            session,
            verdict: Verdict::Accepted,
            asked: 0,
            logged: Vec::new(),
            now: NOW,
            secrets: Vec::new(),
        }
    }

    /// Runs a call to its end.
    pub fn run(
        &mut self,
        call: &mut Call,
        input: &mut Pipe,
        output: &mut Pipe,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> OsStatus {
        let mut event = Event::Begin;
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < MAX_TURNS, "{call:?} does not come to an end");
            event = match self.session.step(call, event, self.now) {
                Turn::Return(code) => return code,
                Turn::Read => {
                    let mut loan = self.session.lend_input();
                    let (n, event) = input.get(loan.bytes_mut());
                    self.session.return_input(loan, n);
                    event
                }
                Turn::Write => {
                    let loan = self.session.lend_output(false).unwrap();
                    let (n, event) = output.put(loan.as_bytes());
                    self.session.settle_output(loan, n);
                    event
                }
                other => self.turn(call, other, data, out),
            };
        }
    }

    /// A turn that no transport takes part in.
    pub fn turn(&mut self, call: &mut Call, turn: Turn, data: &[u8], out: &mut Vec<u8>) -> Event {
        match turn {
            Turn::Need(Need::KeyLog(line)) => {
                self.logged.push(String::from_utf8(line.as_bytes().to_vec()).unwrap());
            }
            Turn::Need(need) => {
                self.asked += 1;
                let answer = self.judge(need);
                self.session.answer(answer, self.now);
            }
            Turn::Deliver(n) => {
                let at = out.len();
                out.resize(at + n, 0);
                assert_eq!(self.session.take(call, &mut out[at..]), n);
            }
            Turn::Alone => {}
            Turn::Seal => {
                let from = call.processed();
                self.session.seal(call, &data[from..]);
            }
            Turn::Read | Turn::Write | Turn::Return(_) => unreachable!("the transport's"),
        }
        Event::Done
    }

    fn judge(&self, need: Need) -> Answer {
        match need {
            Need::Trust(_) => Answer::Trust(self.verdict),
            Need::Sign { credentials, algorithm, input } => {
                credentials.key.sign(algorithm, &input).map_or(Answer::Failed, Answer::Signature)
            }
            Need::Decrypt { credentials, ciphertext, versions, random } => {
                Answer::Premaster(open_premaster(&credentials.key, &ciphertext, versions, &random))
            }
            Need::Agree { credentials, share } => {
                credentials.key.agree(&share).map_or(Answer::Failed, Answer::Premaster)
            }
            Need::Alpn(_) | Need::KeyLog(_) => unreachable!("it needs no answer"),
            Need::Psk { identity } => Answer::Psk(
                self.secrets
                    .iter()
                    .find_map(|(name, secret)| (*name == identity).then(|| Secret::copy_of(secret))),
            ),
        }
    }
}

/// Two ends and the pipes between them.
pub struct Pair {
    pub client: End,
    pub server: End,
    pub up: Pipe,
    pub down: Pipe,
}

impl Pair {
    pub fn new(credentials: &Arc<Credentials>) -> Pair {
        let mut server = End::new(Role::Server);
        server.session.set_credentials(Some(Arc::clone(credentials)));
        Pair { client: End::new(Role::Client), server, up: Pipe::new(), down: Pipe::new() }
    }

    pub fn client_call(&mut self, call: &mut Call, data: &[u8], out: &mut Vec<u8>) -> OsStatus {
        self.client.run(call, &mut self.down, &mut self.up, data, out)
    }

    pub fn server_call(&mut self, call: &mut Call, data: &[u8], out: &mut Vec<u8>) -> OsStatus {
        self.server.run(call, &mut self.up, &mut self.down, data, out)
    }

    /// Handshakes until both ends have returned something other than would-block.
    pub fn handshake(&mut self) -> (OsStatus, OsStatus) {
        let (mut c, mut s) = (WOULD_BLOCK, WOULD_BLOCK);
        for _ in 0..200_000 {
            if c == WOULD_BLOCK {
                c = self.client_call(&mut Call::handshake(), &[], &mut Vec::new());
            }
            if s == WOULD_BLOCK {
                s = self.server_call(&mut Call::handshake(), &[], &mut Vec::new());
            }
            if c != WOULD_BLOCK && s != WOULD_BLOCK {
                break;
            }
        }
        (c, s)
    }

    /// Sends `data` one way and gives what arrived.
    pub fn transfer(&mut self, up: bool, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut written = 0;
        while out.len() < data.len() {
            let mut write = Call::write(data.len() - written);
            let code = if up {
                self.client_call(&mut write, &data[written..], &mut Vec::new())
            } else {
                self.server_call(&mut write, &data[written..], &mut Vec::new())
            };
            assert!(code == 0 || code == WOULD_BLOCK, "write gave {code}");
            written += write.processed();
            let mut read = Call::read(1 << 20);
            let code = if up {
                self.server_call(&mut read, &[], &mut out)
            } else {
                self.client_call(&mut read, &[], &mut out)
            };
            assert!(code == 0 || code == WOULD_BLOCK, "read gave {code}");
        }
        out
    }
}

/// A self-signed certificate with its key.
pub fn credentials(algorithm: &'static rcgen::SignatureAlgorithm) -> Arc<Credentials> {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let private = PrivateKey::from_pkcs8(&key.serialize_der()).unwrap();
    Arc::new(Credentials { key: Arc::new(private), chain: vec![certificate.der().to_vec()] })
}

/// One of the keys in `keys/`, of a kind that the certificate library cannot make.
macro_rules! kept {
    ($name:literal) => {
        kept(include_bytes!(concat!("keys/", $name, ".key")), include_bytes!(concat!("keys/", $name, ".crt")))
    };
}

fn kept(key: &[u8], certificate: &[u8]) -> Arc<Credentials> {
    let private = PrivateKey::from_pkcs8(key).unwrap();
    Arc::new(Credentials { key: Arc::new(private), chain: vec![certificate.to_vec()] })
}

pub fn dsa() -> Arc<Credentials> {
    kept!("dsa")
}

pub fn dsa1024() -> Arc<Credentials> {
    kept!("dsa1024")
}

pub fn rsa512() -> Arc<Credentials> {
    kept!("rsa512")
}

pub fn rsa1024() -> Arc<Credentials> {
    kept!("rsa1024")
}

pub fn rsapss() -> Arc<Credentials> {
    kept!("rsapss")
}

/// Restricted to SHA-384.
pub fn rsapss384() -> Arc<Credentials> {
    kept!("rsapss384")
}

/// A P-256 key whose certificate an RSA authority signed, with these key usages.
pub fn p256_by_rsa(usages: Vec<rcgen::KeyUsagePurpose>) -> Arc<Credentials> {
    let authority = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = rcgen::Issuer::new(params, authority);
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.key_usages = usages;
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let private = PrivateKey::from_pkcs8(&key.serialize_der()).unwrap();
    Arc::new(Credentials { key: Arc::new(private), chain: vec![certificate.der().to_vec()] })
}

/// Every kind of certificate, and none.
pub fn every_kind() -> Vec<(&'static str, Option<Arc<Credentials>>)> {
    vec![
        ("none", None),
        ("rsa", Some(credentials(&rcgen::PKCS_RSA_SHA256))),
        ("rsapss", Some(rsapss())),
        ("rsapss384", Some(rsapss384())),
        ("rsa512", Some(rsa512())),
        ("rsa1024", Some(rsa1024())),
        ("dsa", Some(dsa())),
        ("dsa1024", Some(dsa1024())),
        ("p256", Some(credentials(&rcgen::PKCS_ECDSA_P256_SHA256))),
        ("p256 by rsa", Some(p256_by_rsa(Vec::new()))),
        ("p384", Some(credentials(&rcgen::PKCS_ECDSA_P384_SHA384))),
        ("p521", Some(credentials(&rcgen::PKCS_ECDSA_P521_SHA512))),
        ("ed25519", Some(credentials(&rcgen::PKCS_ED25519))),
    ]
}

/// Which kinds of certificate a server can run a suite with, by the suite's name.
pub fn kinds_for(suite: &str) -> &'static [&'static str] {
    let exchange = suite.strip_prefix("TLS_").unwrap().split("_WITH_").next().unwrap();
    match exchange {
        "RSA" | "RSA_PSK" => &["rsa", "rsa512", "rsa1024"],
        "DHE_RSA" | "ECDHE_RSA" => &["rsa", "rsapss", "rsapss384", "rsa512", "rsa1024"],
        "DHE_DSS" => &["dsa", "dsa1024"],
        "ECDHE_ECDSA" => &["p256", "p256 by rsa", "p384", "p521", "ed25519"],
        "ECDH_ECDSA" => &["p256", "p384", "p521"],
        "ECDH_RSA" => &["p256 by rsa"],
        "DH_anon" | "ECDH_anon" | "PSK" | "DHE_PSK" | "PSK_DHE" | "ECDHE_PSK" => &[
            "none",
            "rsa",
            "rsapss",
            "rsapss384",
            "rsa512",
            "rsa1024",
            "dsa",
            "dsa1024",
            "p256",
            "p256 by rsa",
            "p384",
            "p521",
            "ed25519",
        ],
        other => panic!("{other} is in nobody's list"),
    }
}

/// The public numbers of the versions in which a suite exists.
pub fn versions_of(row: &suite::Suite) -> Vec<i64> {
    profile::of(Framing::Stream)
        .filter(|p| row.ranks.contains(&p.rank))
        .map(|p| i64::from(p.public))
        .collect()
}

/// Whether a kind of certificate can prove anything in a version: before TLS 1.2 there are no signatures by RSA-PSS and
/// Ed25519, which only matters where the suite signs.
pub fn signs_in(kind: &str, version: i64, row: &suite::Suite) -> bool {
    version == 8 || !row.is_signed() || !(kind.starts_with("rsapss") || kind == "ed25519")
}
