//! The handshake: states that take one input at a time and answer with a step.
//!
//! In: whole messages and ChangeCipherSpecs in order, answers to questions. Out: a flight of [`Item`]s,
//! new read keys, a [`Step`]. Promise: no I/O and no waiting; a question ([`Need`]) is asked between two
//! messages, so that nothing is ever parsed twice; states carry what the next step needs and nothing more.

pub mod assemble;
pub mod auth;
pub mod classic;
pub mod classic_client;
pub mod classic_server;
pub mod client_hello;
pub mod extensions;
pub mod flight;
pub mod hello;
pub mod kx;
pub mod reassemble;
pub mod resume;
pub mod retransmit;
pub mod server_hello;

pub use assemble::{Assembler, RecordEdge};
pub use auth::{FinishedVerified, PeerVerified};
pub use flight::{Flight, Item};
pub use reassemble::{Expected, Reassembler};
pub use retransmit::{Due, Kept, Retransmit};

use crate::config::{Config, Credentials, Now};
use crate::crypto::ffdh::DhGroup;
use crate::crypto::rng::Rng;
use crate::crypto::secret::Secret;
use crate::crypto::sign::SignatureAlgorithm;
use crate::fault::{Fault, Incompatible, Internal, Misstep, Misuse};
use crate::group::Group;
use crate::keys::classic::Randoms;
use crate::keys::export::Secrets;
use crate::keys::log;
use crate::profile::Profile;
use crate::record::protect::Opener;
use crate::resumption::Place;
use crate::scheme::Scheme;
use crate::srtp::SrtpProfile;
use crate::suite::Suite;
use crate::wire::certs::CertificateRequest;
use crate::wire::ids::{HandshakeType, SchemeId, SuiteId, WireVersion};
use crate::x509::Certificate;
use std::sync::Arc;

/// The application's turn; maps to the "break" statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// A ClientHello was read and the version fixed; nothing else is chosen yet.
    ClientHello,
    /// The peer's certificate and proof are in.
    PeerAuth,
    /// The server asked for a certificate and none is set.
    CertRequest,
}

/// A question the handshake cannot answer itself.
#[derive(Debug)]
pub enum Need {
    /// The application's turn; answered by [`Answer::Continue`].
    App(Pause),
    /// Is the peer's chain acceptable? Answered by [`Answer::Trust`].
    Trust,
    /// A signature by our key; answered by [`Answer::Signature`].
    Sign {
        /// Whose key.
        credentials: Arc<Credentials>,
        /// How.
        algorithm: SignatureAlgorithm,
        /// The message, not its digest.
        input: Vec<u8>,
    },
    /// The premaster out of an RSA key exchange; answered by [`Answer::Premaster`], which never tells
    /// whether decryption worked (RFC 5246 section 7.4.7.1).
    Decrypt {
        /// Whose key.
        credentials: Arc<Credentials>,
        /// What the client sent.
        ciphertext: Vec<u8>,
        /// Versions that the premaster may begin with.
        versions: [u16; 2],
        /// The premaster to go on with if anything is wrong.
        random: Secret,
    },
    /// The shared secret of a static exchange with our key; answered by [`Answer::Premaster`].
    Agree {
        /// Whose key.
        credentials: Arc<Credentials>,
        /// What the client sent: a point on the key's curve.
        share: Vec<u8>,
    },
    /// The secret of a client's identity; answered by [`Answer::Psk`].
    Psk {
        /// What the client sent, never judged here.
        identity: Vec<u8>,
    },
}

/// What the evaluation of a chain said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The chain is trusted.
    Accepted,
    /// It is not, and passes because the application lets every chain pass.
    Excused,
    /// Nobody was asked to judge.
    NotJudged,
    /// The chain is not trusted.
    Rejected,
}

/// The answer to a [`Need`].
#[derive(Debug)]
pub enum Answer {
    /// Go on after a pause.
    Continue,
    /// The verdict over the peer's chain.
    Trust(Verdict),
    /// The signature.
    Signature(Vec<u8>),
    /// The premaster, real or random.
    Premaster(Secret),
    /// The pre-shared key; `None` for an identity nobody knows.
    Psk(Option<Secret>),
    /// The private key operation failed.
    Failed,
}

/// What a state says after an input.
#[derive(Debug)]
pub enum Step {
    /// Waits for the next input.
    More,
    /// Waits for an answer.
    Need(Need),
    /// The handshake is complete: the peer is who it must be, and its Finished was right.
    Established(PeerVerified, FinishedVerified),
}

/// One handshake message: its type, its body, and the bytes of both for the transcript.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its type.
    pub typ: HandshakeType,
    /// Header and body.
    pub raw: &'a [u8],
    /// How long the header is.
    pub header: usize,
}

impl<'a> Message<'a> {
    /// The message without its header.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.raw.get(self.header..).unwrap_or_default()
    }
}

/// What a state is given.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A whole message.
    Message(Message<'a>),
    /// A ChangeCipherSpec.
    ChangeCipher,
    /// SSLv3's alert in place of a Certificate.
    NoCertificate,
    /// A ClientHello in SSLv2's format.
    V2Hello(&'a [u8]),
}

/// Our connection ID and the peer's (RFC 9146).
pub type ConnectionIds = (Vec<u8>, Vec<u8>);

/// What is known about the connection, filled in as the handshake learns it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The negotiated version.
    pub profile: Option<&'static Profile>,
    /// The negotiated suite.
    pub suite: Option<&'static Suite>,
    /// The curve of the key exchange.
    pub group: Option<&'static Group>,
    /// The finite field of the key exchange.
    pub dh_group: Option<DhGroup>,
    /// The identity of the pre-shared key, as the client sent it.
    pub psk_identity: Option<Vec<u8>>,
    /// The hint that came with the server's share.
    pub psk_hint: Option<Vec<u8>>,
    /// The scheme of the server's signature.
    pub scheme: Option<&'static Scheme>,
    /// Whether the extended master secret is in use (RFC 7627).
    pub extended_master_secret: bool,
    /// Whether the peer knows secure renegotiation (RFC 5746).
    pub secure_renegotiation: bool,
    /// The verify data of the latest complete handshake, which the next one is bound to (RFC 5746 section 3.1).
    pub finished: Option<Finished>,
    /// How often a chain of the peer has arrived; the trust object of a handshake belongs to one of them.
    pub chains: u32,
    /// Whether CBC records are authenticated from outside (RFC 7366).
    pub encrypt_then_mac: bool,
    /// Whether they were at any time on this connection.
    encrypted_then_mac: bool,
    /// The peer's chain as it was sent, leaf first.
    pub peer_chain: Vec<Certificate>,
    /// The server name the client asked for.
    pub server_name: Option<Vec<u8>>,
    /// On a server until the ServerHello the client's whole list, afterwards the one selected.
    pub alpn: Vec<Vec<u8>>,
    /// How our records' receiver and we want to be called: our connection ID, then the peer's; empty for no name.
    pub connection_ids: Option<ConnectionIds>,
    /// The protection profile for SRTP that was agreed on.
    pub srtp: Option<&'static SrtpProfile>,
    /// The session ID of the ServerHello; of a resumed session its own, which is empty where only a ticket holds it.
    pub session_id: Vec<u8>,
    /// Whether the session was resumed.
    pub resumed: bool,
    /// Where the session of this connection is remembered, if it is.
    pub place: Option<Place>,
    /// The stapled OCSP response.
    pub ocsp: Option<Vec<u8>>,
    /// The signed certificate timestamps.
    pub scts: Vec<Vec<u8>>,
    /// Both randoms, as soon as there are two.
    pub randoms: Option<Randoms>,
    /// The secrets of the latest handshake that came so far.
    pub secrets: Option<Secrets>,
    /// The protocol a server selected, which nobody was told yet.
    pub alpn_news: bool,
    /// A line for the key log that nobody has taken yet.
    pub log_line: Option<Secret>,
    /// Our Finished is out, and data may follow it before the server's has come (RFC 7918).
    pub false_start: bool,
    /// What the server wants of a client's certificate, as it was sent or received.
    pub certificate_request: Option<CertificateRequest>,
    /// Whether the client's Certificate held one, as soon as it was sent or received.
    pub certificate_sent: Option<bool>,
    /// The client's certificate, or its proof, was not acceptable to this server.
    pub certificate_rejected: bool,
    /// The schemes that the peer announced: the client's in its hello, the server's in its request.
    pub peer_schemes: Vec<SchemeId>,
    /// The cipher suites that the client offers; kept on a server.
    pub offered_suites: Vec<SuiteId>,
    /// The version field of a hello of the peer was readable: from here on alerts may leave.
    pub version_seen: Option<WireVersion>,
}

/// Both verify data of a handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// The client's.
    pub client: Vec<u8>,
    /// The server's.
    pub server: Vec<u8>,
}

impl Facts {
    /// What a renegotiation_info of this connection's client must hold; `None` before the first handshake is complete.
    #[must_use]
    pub fn client_binding(&self) -> Option<Vec<u8>> {
        self.finished.as_ref().map(|f| f.client.clone())
    }

    /// What one of its server must hold.
    #[must_use]
    pub fn server_binding(&self) -> Option<Vec<u8>> {
        self.finished.as_ref().map(|f| [f.client.as_slice(), &f.server].concat())
    }

    /// Encrypt-then-MAC of the handshake under way. Once on it stays on for every block cipher of the connection, also
    /// behind a handshake whose suite had no MAC to move (RFC 7366 section 3.1).
    pub fn settle_encrypt_then_mac(&mut self, agreed: bool, suite: &Suite) -> Result<(), Fault> {
        self.encrypt_then_mac = agreed && suite.has_cbc();
        if self.encrypted_then_mac && suite.has_cbc() && !self.encrypt_then_mac {
            return Err(Incompatible::Renegotiation.into());
        }
        self.encrypted_then_mac |= self.encrypt_then_mac;
        Ok(())
    }

    /// What a suite settles is settled anew with each handshake.
    pub fn forget_exchange(&mut self) {
        self.group = None;
        self.scheme = None;
        self.dh_group = None;
        self.psk_identity = None;
        self.psk_hint = None;
    }

    /// Client authentication begins anew with each handshake (`behaviours` section 14).
    pub fn forget_client_certificate(&mut self) {
        self.certificate_request = None;
        self.certificate_sent = None;
        self.certificate_rejected = false;
        self.peer_schemes.clear();
    }
}

/// What a state works with.
pub struct Cx<'a> {
    /// The caller's settings.
    pub config: &'a Config,
    /// What goes out.
    pub flight: &'a mut Flight,
    /// Random bytes.
    pub rng: &'a mut dyn Rng,
    /// What is known so far.
    pub facts: &'a mut Facts,
    /// The time.
    pub now: Now,
    /// New keys for reading, taken over by the engine after the step.
    pub read_keys: Option<Opener>,
}

impl Cx<'_> {
    /// Switches reading to new keys. The token proves that no fragment of a message is pending under the
    /// old ones.
    pub fn install_read(&mut self, _edge: RecordEdge, opener: Opener) {
        self.read_keys = Some(opener);
    }

    /// The secrets of this handshake are known.
    pub fn know(&mut self, randoms: &Randoms, master: &Secret) {
        self.facts.secrets = Some(Secrets { master: master.clone(), randoms: *randoms });
        if self.config.key_log {
            self.facts.log_line = Some(log::line(&randoms.client, master));
        }
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut out = [0; N];
        self.rng.fill(&mut out)?;
        Ok(out)
    }
}

/// Where a handshake stands.
pub enum Handshake {
    /// Nothing has happened yet.
    Idle,
    /// A server that waits for a ClientHello.
    AwaitClientHello,
    /// A server paused between ClientHello and its choice.
    ClientHelloRead(Box<server_hello::Received>),
    /// A client that waits for the ServerHello.
    AwaitServerHello(Box<client_hello::Sent>),
    /// The classic flow, as client.
    ClassicClient(Box<classic_client::ClassicClient>),
    /// The classic flow, as server.
    ClassicServer(Box<classic_server::ClassicServer>),
    /// The short flow of a session that is resumed, on either side.
    Resumed(Box<resume::Resumed>),
    /// Complete.
    Open,
}

impl Handshake {
    /// Starts: a client builds its hello, a server waits for one.
    pub fn start(cx: &mut Cx<'_>) -> Result<Handshake, Fault> {
        match cx.config.role {
            crate::config::Role::Client => client_hello::start(cx),
            crate::config::Role::Server => {
                hello::best(cx.config)?; // with no version at all there is nothing to wait for
                Ok(Handshake::AwaitClientHello)
            }
        }
    }

    /// Takes one input. `edge` is there when no fragment of a message is pending.
    pub fn on_input(
        self,
        input: Input<'_>,
        edge: Option<RecordEdge>,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        match (self, input) {
            (Handshake::AwaitClientHello, Input::Message(m)) if m.typ == HandshakeType::CLIENT_HELLO => {
                server_hello::on_client_hello(m, cx)
            }
            (Handshake::AwaitClientHello, Input::V2Hello(raw)) => server_hello::on_v2_hello(raw, cx),
            (Handshake::AwaitServerHello(sent), Input::Message(m))
                if m.typ == HandshakeType::SERVER_HELLO =>
            {
                client_hello::on_server_hello(*sent, m, cx)
            }
            (Handshake::AwaitServerHello(sent), Input::Message(m))
                if m.typ == HandshakeType::HELLO_VERIFY_REQUEST =>
            {
                client_hello::on_hello_verify(*sent, m, cx)
            }
            (Handshake::ClassicClient(state), input) => state.on_input(input, edge, cx),
            (Handshake::ClassicServer(state), input) => state.on_input(input, edge, cx),
            (Handshake::Resumed(state), input) => state.on_input(input, edge, cx),
            (_, input) => Err(unexpected(input)),
        }
    }

    /// Whether nothing but the peer's ChangeCipherSpec may come now.
    #[must_use]
    pub fn awaits_change_cipher(&self) -> bool {
        match self {
            Handshake::ClassicClient(state) => state.awaits_change_cipher(),
            Handshake::ClassicServer(state) => state.awaits_change_cipher(),
            Handshake::Resumed(state) => state.awaits_change_cipher(),
            _ => false,
        }
    }

    /// The messages that begin what is waited for; over datagrams their number need not be known before.
    #[must_use]
    pub fn openers(&self, role: crate::config::Role) -> &'static [HandshakeType] {
        match (self, role) {
            (Handshake::AwaitServerHello(_), _) => &[HandshakeType::SERVER_HELLO],
            (Handshake::Open, crate::config::Role::Client) => &[HandshakeType::HELLO_REQUEST],
            (Handshake::AwaitClientHello, _) | (Handshake::Open, crate::config::Role::Server) => {
                &[HandshakeType::CLIENT_HELLO]
            }
            _ => &[],
        }
    }

    /// Goes on after an answer.
    pub fn resume(self, answer: Answer, cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
        if matches!(answer, Answer::Failed) {
            return Err(crate::fault::CryptoFault::PrivateKey.into());
        }
        match self {
            Handshake::ClientHelloRead(received) => server_hello::choose(*received, cx),
            Handshake::ClassicClient(state) => state.resume(answer, cx),
            Handshake::ClassicServer(state) => state.resume(answer, cx),
            _ => Err(Misuse::UnexpectedAnswer.into()),
        }
    }
}

/// The fault of an input that does not fit the state.
#[must_use]
pub fn unexpected(input: Input<'_>) -> Fault {
    match input {
        Input::Message(_) | Input::NoCertificate | Input::V2Hello(_) => Misstep::UnexpectedMessage.into(),
        Input::ChangeCipher => Misstep::UnexpectedChangeCipher.into(),
    }
}

/// A state of the engine contradicts itself.
#[must_use]
pub fn broken() -> Fault {
    Internal::State.into()
}
