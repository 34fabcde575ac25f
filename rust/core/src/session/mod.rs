//! The contract of the public calls, without I/O and without Python.
//!
//! In: calls, and what the transport and the application answered. Out: [`Turn`]s, the next thing whoever
//! runs the call must do, up to the status it returns. Promise: what each call answers in each state is
//! decided here (`behaviours` sections 2 to 6); no turn is ever taken with a lock of ours held.

mod call;
mod datagram;
mod exchange;
mod identity;
mod kept;
mod media;
mod memory;
mod secrets;
mod setters;
mod versions;

pub use call::{Call, Event, Turn};
pub use identity::ClientCertificate;
pub use media::SrtpKeys;
pub use secrets::Metadata;

use kept::Kept;

use crate::config::{Config, Credentials, Now, Role};
use crate::crypto::ffdh::DhGroup;
use crate::crypto::secret::Secret;
use crate::crypto::sign::SignatureAlgorithm;
use crate::engine::{Engine, Progress};
use crate::fault::{Alert, Fault};
use crate::handshake::{Answer, Pause, Verdict};
use crate::profile::Framing;
use crate::record::reader::InputLoan;
use crate::record::writer::OutputLoan;
use crate::status::OsStatus;
use crate::x509::{Policy, Trust};
use std::sync::{Arc, Mutex};

/// The public state of a context (SSLSessionState).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the public names
pub enum State {
    Idle = 0,
    Handshake = 1,
    Connected = 2,
    Closed = 3,
    Aborted = 4,
}

/// The trust object of one handshake, shared with the application.
pub type TrustCell = Arc<Mutex<Trust>>;

/// A question that whoever runs the call answers with no lock held.
#[derive(Debug)]
pub enum Need {
    /// Judge this chain; answer [`Answer::Trust`].
    Trust(TrustCell),
    /// Sign with this key; answer [`Answer::Signature`] or [`Answer::Failed`].
    Sign {
        /// Whose key.
        credentials: Arc<Credentials>,
        /// How.
        algorithm: SignatureAlgorithm,
        /// The message, not its digest.
        input: Vec<u8>,
    },
    /// Take the premaster out of an RSA key exchange; answer [`Answer::Premaster`], whatever happened.
    Decrypt {
        /// Whose key.
        credentials: Arc<Credentials>,
        /// What the client sent.
        ciphertext: Vec<u8>,
        /// Versions the premaster may begin with.
        versions: [u16; 2],
        /// The premaster to go on with if anything is wrong.
        random: Secret,
    },
    /// Agree with this key; answer [`Answer::Premaster`] or [`Answer::Failed`].
    Agree {
        /// Whose key.
        credentials: Arc<Credentials>,
        /// What the client sent.
        share: Vec<u8>,
    },
    /// Tell the application which protocol the server selected; nothing is answered.
    Alpn(Vec<u8>),
    /// Write this line into the log of secrets that the application asked for; nothing is answered.
    KeyLog(Secret),
    /// Look the secret of this identity up; answer [`Answer::Psk`]. A call that ends without an answer asks again
    /// the next time.
    Psk {
        /// What the client sent.
        identity: Vec<u8>,
    },
}

/// What the getters and the command line want to know, in words where there are words.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The negotiated version: `TLS 1.2`.
    pub version: Option<&'static str>,
    /// The negotiated suite.
    pub suite: Option<&'static str>,
    /// The curve of the key exchange.
    pub group: Option<&'static str>,
    /// The size of the prime of a key exchange over a finite field.
    pub dh_bits: Option<usize>,
    /// The scheme of the server's signature.
    pub scheme: Option<&'static str>,
    /// The peer's chain in DER, leaf first.
    pub peer_chain: Vec<Vec<u8>>,
    /// What ended the connection.
    pub fault: Option<Fault>,
    /// The closing or fatal alert that we sent.
    pub alert_sent: Option<Alert>,
    /// The alert of the peer that ended the connection.
    pub alert_received: Option<Alert>,
    /// Whether the extended master secret is in use.
    pub extended_master_secret: bool,
    /// Whether records of block ciphers are encrypted first and authenticated then (RFC 7366).
    pub encrypt_then_mac: bool,
    /// Whether the peer knows secure renegotiation.
    pub secure_renegotiation: bool,
    /// Whether the session was resumed.
    pub resumed: bool,
}

/// One context.
pub struct Session {
    config: Arc<Config>,
    engine: Engine,
    state: State,
    has_io: bool,
    /// The pause whose status was returned and that was not yet gone on from.
    paused: Option<Pause>,
    /// The success of the latest handshake is still to be returned by SSLHandshake (decisions 17).
    unreported: bool,
    /// How many handshakes were completed.
    rounds: u32,
    /// SSLSetError was called with this code and SSLHandshake has not answered it yet.
    error_set: Option<OsStatus>,
    trust: Option<TrustCell>,
    /// Which of the peer's chains the trust object is over.
    judged: u32,
    /// Plaintext that a failed call gave back; delivered before anything else.
    returned: Kept,
    /// An identity whose secret was asked for and not yet answered.
    looked_up: Option<Vec<u8>>,
    /// What an answer led to, for the next step.
    pending: Option<Result<Progress, Fault>>,
}

impl Session {
    /// A fresh context.
    #[must_use]
    pub fn new(role: Role, framing: Framing) -> Session {
        Session::with_engine(role, framing, Engine::new(framing))
    }

    /// A fresh context over an engine of the caller's making, for tests and recordings.
    #[must_use]
    pub fn with_engine(role: Role, framing: Framing, engine: Engine) -> Session {
        Session {
            config: Arc::new(Config::new(role, framing)),
            engine,
            state: State::Idle,
            has_io: false,
            paused: None,
            unreported: false,
            rounds: 0,
            error_set: None,
            trust: None,
            judged: 0,
            returned: Kept::default(),
            looked_up: None,
            pending: None,
        }
    }

    /// Which end this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.config.role
    }

    /// The public state.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// The trust object over the peer's chain, made on first use after the chain arrived.
    pub fn peer_trust(&mut self) -> Option<TrustCell> {
        let facts = self.engine.facts();
        if self.trust.is_none() || self.judged != facts.chains {
            self.trust = None;
            self.judged = facts.chains;
        }
        if self.trust.is_none() && !facts.peer_chain.is_empty() {
            let config = &self.config;
            let judges_server = config.role == Role::Client;
            let host = (judges_server && !config.peer_name.is_empty()).then(|| config.peer_name.clone());
            let policy = Policy::ssl(judges_server, host);
            let mut trust = Trust::new(facts.peer_chain.clone(), vec![policy]);
            if config.roots_only || !config.roots.is_empty() {
                trust.set_anchors(Some(config.roots.clone()));
                trust.set_anchors_only(config.roots_only);
            }
            trust.set_ocsp(facts.ocsp.clone().into_iter().collect());
            trust.set_scts(facts.scts.clone());
            self.trust = Some(Arc::new(Mutex::new(trust)));
        }
        self.trust.clone()
    }

    /// What is known about the connection.
    #[must_use]
    pub fn report(&self) -> Report {
        let facts = self.engine.facts();
        Report {
            version: facts.profile.map(|p| p.name),
            suite: facts.suite.map(|s| s.name),
            group: facts.group.map(|g| g.name),
            dh_bits: facts.dh_group.as_ref().map(DhGroup::bits),
            scheme: facts.scheme.map(|s| s.name),
            peer_chain: facts.peer_chain.iter().map(|c| c.der().to_vec()).collect(),
            fault: self.engine.fault(),
            alert_sent: self.engine.alert_sent(),
            alert_received: self.engine.alert_received(),
            extended_master_secret: facts.extended_master_secret,
            encrypt_then_mac: facts.encrypt_then_mac,
            secure_renegotiation: facts.secure_renegotiation,
            resumed: facts.resumed,
        }
    }

    /// Whether the application named the peer's certificate as trusted whatever its chain says.
    fn is_trusted_leaf(&self) -> bool {
        self.engine.facts().peer_chain.first().is_some_and(|leaf| self.config.trusted_leafs.contains(leaf))
    }

    /// Lends the input buffer: exactly the bytes that are wanted.
    pub fn lend_input(&mut self) -> InputLoan {
        self.engine.lend_input()
    }

    /// Takes the input buffer back with `n` more bytes in it.
    pub fn return_input(&mut self, loan: InputLoan, n: usize) {
        self.engine.return_input(loan, n);
    }

    /// Takes bytes of the peer, any number, for transports that read ahead; says how many were taken.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        self.engine.feed(bytes)
    }

    /// Exact number of bytes to the next boundary.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.engine.wanted()
    }

    /// Whether anything waits to go out.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.engine.has_output()
    }

    /// Lends what goes out next: one packet, or everything.
    pub fn lend_output(&mut self, whole: bool) -> Option<OutputLoan> {
        self.engine.lend_output(whole)
    }

    /// Takes it back; `sent` bytes of it are gone.
    pub fn settle_output(&mut self, loan: OutputLoan, sent: usize) {
        self.engine.settle_output(loan, sent);
    }

    /// The answer to a [`Need`]. A fault it leads to is kept and comes out of the next step. On a context that was
    /// ended meanwhile it changes nothing.
    pub fn answer(&mut self, answer: Answer, now: Now) {
        if matches!(self.state, State::Closed | State::Aborted) {
            return;
        }
        let answer = match answer {
            Answer::Trust(Verdict::Rejected) if self.is_trusted_leaf() => Answer::Trust(Verdict::Accepted),
            Answer::Trust(Verdict::Rejected) if self.config.any_root => Answer::Trust(Verdict::Excused),
            other => other,
        };
        self.go_on(answer, now);
    }
}
