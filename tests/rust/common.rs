//! Two sessions joined by memory, for the tests in this folder.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use st_core::config::{Credentials, Now, Role};
use st_core::crypto::rsa::open_premaster;
use st_core::crypto::sign::PrivateKey;
use st_core::handshake::{Answer, Verdict};
use st_core::profile::Framing;
use st_core::session::{Call, Event, Need, Session, Turn};
use st_core::status::{self, OsStatus};
use std::collections::VecDeque;
use std::sync::Arc;

pub const WOULD_BLOCK: OsStatus = status::SSL_WOULD_BLOCK;
pub const NOW: Now = Now { mono: core::time::Duration::ZERO, wall: 1_790_000_000 };

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
}

impl End {
    pub fn new(role: Role) -> End {
        let mut session = Session::new(role, Framing::Stream);
        session.set_io(true);
        End { session, verdict: Verdict::Accepted, asked: 0 }
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
        loop {
            event = match self.session.step(call, event, NOW) {
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
                Turn::Need(need) => {
                    self.asked += 1;
                    let answer = self.judge(need);
                    self.session.answer(answer, NOW);
                    Event::Done
                }
                Turn::Deliver(n) => {
                    let at = out.len();
                    out.resize(at + n, 0);
                    assert_eq!(self.session.take(call, &mut out[at..]), n);
                    Event::Done
                }
                Turn::Seal => {
                    let from = call.processed();
                    self.session.seal(call, &data[from..]);
                    Event::Done
                }
            };
        }
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
