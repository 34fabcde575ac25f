//! The server's side of SSLv3 to TLS 1.2, from the ServerHello to its own Finished.
//!
//! In: what was chosen, messages in order, answers. Out: two flights. Promise: the client's Finished is
//! verified before ours leaves; a bad RSA premaster is not noticed before that, and the verdict over a client's
//! certificate, which falls when it arrives, is applied only then (decisions 23).

use super::auth::{self, PeerVerified};
use super::classic::{material, signed_params};
use super::kx::{self, Exchange, ServerRead, ServerShare, ServerSide};
use super::resume::Complete;
use super::{
    Answer, Cx, Finished, Handshake, Input, Message, Need, Pause, RecordEdge, Step, Verdict, broken,
    unexpected,
};
use crate::config::{ClientAuth, Credentials, SessionOption};
use crate::crypto::secret::Secret;
use crate::crypto::sign::PublicKey;
use crate::fault::{Fault, Misstep, Misuse};
use crate::group::Group;
use crate::keys::classic::{self, DirectionKeys, Randoms};
use crate::keys::transcript::Transcript;
use crate::profile::{NoCertificate, Profile};
use crate::record::protect;
use crate::scheme::Scheme;
use crate::suite::Suite;
use crate::wire::certs::{CertificateMessage, CertificateStatus, Signed};
use crate::wire::hello::ServerHello;
use crate::wire::ids::{HandshakeType, SchemeId, WireVersion};
use crate::wire::kx::ServerKeyExchange;
use std::sync::Arc;

/// What the server settled on.
pub struct Choice {
    /// The version.
    pub profile: &'static Profile,
    /// The suite.
    pub suite: &'static Suite,
    /// The curve of an ephemeral exchange.
    pub group: Option<&'static Group>,
    /// Our certificate and key, where the suite has one.
    pub credentials: Option<Arc<Credentials>>,
    /// Both randoms.
    pub randoms: Randoms,
    /// The version field of the ClientHello, which may begin an RSA premaster.
    pub client_version: WireVersion,
    /// Whether a ticket was announced.
    pub ticket: bool,
    /// The OCSP response that was announced.
    pub staple: Option<Vec<u8>>,
}

/// What the state waits for.
enum At {
    /// Our own signature over the key exchange.
    Signature(&'static Scheme),
    Certificate,
    ClientAuthPause,
    Trust,
    ClientKeyExchange,
    /// The secret of the client's identity.
    Psk(Exchange),
    /// Our own private key's answer.
    Premaster(Exchange),
    CertificateVerify,
    ChangeCipher,
    Finished,
}

/// The classic flow as server.
pub struct ClassicServer {
    choice: Choice,
    transcript: Transcript,
    share: Option<ServerShare>,
    at: At,
    /// Whether a certificate is asked for; frozen when the request leaves.
    demand: ClientAuth,
    /// The client's key, until it has proved that it has the private half.
    client_key: Option<PublicKey>,
    /// What became of the client's chain.
    verdict: Option<Verdict>,
    master: Option<Secret>,
    keys: Option<(DirectionKeys, DirectionKeys)>,
}

impl ClassicServer {
    /// Sends ServerHello and Certificate, then what the key exchange needs.
    pub fn answer(
        choice: Choice,
        hello: &ServerHello,
        schemes: Option<&[SchemeId]>,
        mut transcript: Transcript,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        cx.flight.message(&mut transcript, HandshakeType::SERVER_HELLO, &hello.encode()?)?;
        if let Some(credentials) = &choice.credentials {
            let chain = CertificateMessage::encode(&credentials.chain)?;
            cx.flight.message(&mut transcript, HandshakeType::CERTIFICATE, &chain)?;
        }
        if let Some(response) = &choice.staple {
            let status = CertificateStatus::encode(response)?;
            cx.flight.message(&mut transcript, HandshakeType::CERTIFICATE_STATUS, &status)?;
        }
        let share = kx::server_params(choice.suite, choice.group, cx.config, cx.facts)?;
        let mut state = ClassicServer {
            choice,
            transcript,
            share,
            at: At::ClientKeyExchange,
            demand: cx.config.client_auth,
            client_key: None,
            verdict: None,
            master: None,
            keys: None,
        };
        let step = state.prove(schemes, cx)?;
        Ok((Handshake::ClassicServer(Box::new(state)), step))
    }

    /// Signs the share where the suite has it signed.
    fn prove(&mut self, schemes: Option<&[SchemeId]>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        let (Some(share), true) = (&self.share, self.choice.suite.is_signed()) else {
            self.key_exchange(None, cx)?;
            return self.done(cx);
        };
        let credentials = self.choice.credentials.clone().ok_or_else(broken)?;
        let scheme = auth::scheme_for(self.choice.profile, &credentials.key, schemes)?;
        cx.facts.scheme = Some(scheme);
        let input = signed_params(&self.choice.randoms, &share.params);
        self.at = At::Signature(scheme);
        Ok(Step::Need(Need::Sign { credentials, algorithm: scheme.algorithm, input }))
    }

    /// ServerKeyExchange, if there is a share or a hint to send (RFC 4279 section 2).
    fn key_exchange(&mut self, signed: Option<&Signed>, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let hint = self.choice.suite.has_psk().then_some(cx.config.psk.hint.as_slice());
        if self.share.is_none() && hint.is_none_or(<[u8]>::is_empty) {
            return Ok(());
        }
        let params = self.share.as_ref().map(|share| share.params.as_slice()).unwrap_or_default();
        let body = ServerKeyExchange::encode(hint, params, signed)?;
        cx.flight.message(&mut self.transcript, HandshakeType::SERVER_KEY_EXCHANGE, &body)
    }

    /// CertificateRequest if a certificate is wanted, then ServerHelloDone.
    fn done(&mut self, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        if self.demand == ClientAuth::Never {
            self.transcript.drop_bytes();
            self.at = At::ClientKeyExchange;
        } else {
            let request = auth::request(cx.config, self.choice.profile);
            let body = request.encode()?;
            cx.flight.message(&mut self.transcript, HandshakeType::CERTIFICATE_REQUEST, &body)?;
            cx.facts.certificate_request = Some(request);
            self.at = At::Certificate;
        }
        cx.flight.message(&mut self.transcript, HandshakeType::SERVER_HELLO_DONE, &[])?;
        Ok(Step::More)
    }

    /// The client's chain, or none. The pause comes even for none.
    fn on_certificate(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        self.transcript.add(message.raw);
        self.client_key = auth::take_chain(message.body(), cx)?;
        cx.facts.certificate_sent = Some(self.client_key.is_some());
        if cx.config.options.get(SessionOption::BreakOnClientAuth) {
            self.at = At::ClientAuthPause;
            return Ok(Step::Need(Need::App(Pause::PeerAuth)));
        }
        Ok(self.judge(cx))
    }

    /// SSLv3's way to say that there is none. The pause comes all the same.
    fn without_certificate(&mut self, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        auth::set_chain(Vec::new(), cx)?;
        cx.facts.certificate_sent = Some(false);
        if cx.config.options.get(SessionOption::BreakOnClientAuth) {
            self.at = At::ClientAuthPause;
            return Ok(Step::Need(Need::App(Pause::PeerAuth)));
        }
        Ok(self.judge(cx))
    }

    /// Asks for a verdict where there is something to judge and somebody judges it.
    fn judge(&mut self, cx: &mut Cx<'_>) -> Step {
        if self.client_key.is_some() && cx.config.verify {
            self.at = At::Trust;
            return Step::Need(Need::Trust);
        }
        self.verdict = self.client_key.as_ref().map(|_| Verdict::NotJudged);
        self.at = At::ClientKeyExchange;
        Step::More
    }

    /// Goes on after an answer.
    pub fn resume(mut self: Box<Self>, answer: Answer, cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
        let at = core::mem::replace(&mut self.at, At::ClientKeyExchange);
        let step = match (at, answer) {
            (At::Signature(scheme), Answer::Signature(signature)) => {
                let signed = auth::signed(self.choice.profile, scheme, signature);
                self.key_exchange(Some(&signed), cx)?;
                self.done(cx)?
            }
            (At::ClientAuthPause, Answer::Continue) => self.judge(cx),
            (At::Trust, Answer::Trust(verdict)) => {
                cx.facts.certificate_rejected = verdict == Verdict::Rejected;
                self.verdict = Some(verdict);
                Step::More
            }
            (At::Psk(exchange), Answer::Psk(psk)) => {
                let read = exchange.found(psk, &self.side(), cx)?;
                self.take(read, cx)
            }
            (At::Premaster(exchange), Answer::Premaster(premaster)) => {
                self.derive(&exchange.opened(premaster), cx);
                Step::More
            }
            _ => return Err(Misuse::UnexpectedAnswer.into()),
        };
        Ok((Handshake::ClassicServer(self), step))
    }

    /// Whether the peer's ChangeCipherSpec is next.
    #[must_use]
    pub fn awaits_change_cipher(&self) -> bool {
        matches!(self.at, At::ChangeCipher)
    }

    /// Takes one input.
    pub fn on_input(
        mut self: Box<Self>,
        input: Input<'_>,
        edge: Option<RecordEdge>,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        let step = match (&self.at, input) {
            (At::Certificate, Input::Message(m)) if m.typ == HandshakeType::CERTIFICATE => {
                self.on_certificate(m, cx)?
            }
            (At::Certificate, Input::NoCertificate)
                if self.choice.profile.no_certificate == NoCertificate::Alert =>
            {
                self.without_certificate(cx)?
            }
            (At::CertificateVerify, Input::Message(m)) if m.typ == HandshakeType::CERTIFICATE_VERIFY => {
                self.on_verify(m, cx)?
            }
            (At::ClientKeyExchange, Input::Message(m)) if m.typ == HandshakeType::CLIENT_KEY_EXCHANGE => {
                self.on_key_exchange(m, cx)?
            }
            (At::ChangeCipher, Input::ChangeCipher) => {
                let edge = edge.ok_or(Fault::Misstep(Misstep::UnexpectedChangeCipher))?;
                self.on_change_cipher(edge, cx)?
            }
            (At::Finished, Input::Message(m)) if m.typ == HandshakeType::FINISHED => {
                return self.on_finished(m, cx);
            }
            _ => return Err(unexpected(input)),
        };
        Ok((Handshake::ClassicServer(self), step))
    }

    fn on_key_exchange(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        self.transcript.add(message.raw);
        let share = self.share.take();
        let read = kx::server_read(&self.side(), share, message.body(), cx)?;
        Ok(self.take(read, cx))
    }

    fn side(&self) -> ServerSide<'_> {
        let choice = &self.choice;
        ServerSide {
            profile: choice.profile,
            suite: choice.suite,
            credentials: choice.credentials.as_ref(),
            versions: [choice.client_version, choice.profile.wire],
        }
    }

    /// Goes on with the premaster, or asks for what it takes.
    fn take(&mut self, read: ServerRead, cx: &mut Cx<'_>) -> Step {
        match read {
            ServerRead::Premaster(premaster) => {
                self.derive(&premaster, cx);
                Step::More
            }
            ServerRead::Lookup(exchange, need) => {
                self.at = At::Psk(exchange);
                Step::Need(need)
            }
            ServerRead::Ask(exchange, need) => {
                self.at = At::Premaster(exchange);
                Step::Need(need)
            }
        }
    }

    fn derive(&mut self, premaster: &Secret, cx: &mut Cx<'_>) {
        let Choice { profile, suite, randoms, .. } = &self.choice;
        let master = if cx.facts.extended_master_secret {
            let hash = self.transcript.hash();
            classic::extended_master_secret(profile, suite.prf, premaster, hash.as_bytes())
        } else {
            classic::master_secret(profile, suite.prf, premaster, randoms)
        };
        cx.know(randoms, &master);
        let block = classic::key_block(profile, suite, &master, randoms);
        self.keys = Some((block.client, block.server));
        self.master = Some(master);
        if self.client_key.is_some() {
            self.at = At::CertificateVerify;
        } else {
            self.transcript.drop_bytes();
            self.at = At::ChangeCipher;
        }
    }

    /// The client proves that it has the private key; the signature covers everything before this message.
    fn on_verify(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        let key = self.client_key.take().ok_or_else(broken)?;
        let request = cx.facts.certificate_request.as_ref().ok_or_else(broken)?;
        let offered = request.schemes.as_deref().unwrap_or_default();
        let (profile, master) = (self.choice.profile, self.master.as_ref().ok_or_else(broken)?);
        let checked = auth::check_proof(profile, &key, offered, message.body(), &self.transcript, master);
        if let Err(fault) = checked {
            cx.facts.certificate_rejected = true;
            return Err(fault);
        }
        self.transcript.add(message.raw);
        self.transcript.drop_bytes();
        self.at = At::ChangeCipher;
        Ok(Step::More)
    }

    fn on_change_cipher(&mut self, edge: RecordEdge, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        let (theirs, _) = self.keys.as_ref().ok_or_else(broken)?;
        let Choice { profile, suite, .. } = &self.choice;
        let material = material(theirs, cx.facts.encrypt_then_mac);
        cx.install_read(edge, protect::opener(profile, suite, material)?);
        self.at = At::Finished;
        Ok(Step::More)
    }

    fn on_finished(
        mut self: Box<Self>,
        message: Message<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        let Choice { profile, suite, .. } = &self.choice;
        let master = self.master.as_ref().ok_or_else(broken)?;
        let finished = auth::check_finished(profile, suite, master, true, &self.transcript, message.body())?;
        let verified = match self.demand {
            ClientAuth::Never => PeerVerified::no_certificate(),
            demand => PeerVerified::of_client(demand, self.verdict)?,
        };
        self.transcript.add(message.raw);
        let done = Complete {
            profile,
            requested: profile,
            suite,
            master,
            ticket: None,
            asked: self.demand != ClientAuth::Never,
            judged: verified.judged(),
            own: self.choice.credentials.as_deref(),
            scope: None,
        };
        done.remember(cx);
        if self.choice.ticket {
            let ticket = done.new_ticket(cx)?.encode()?;
            cx.flight.message(&mut self.transcript, HandshakeType::NEW_SESSION_TICKET, &ticket)?;
        }
        let (_, ours) = self.keys.as_ref().ok_or_else(broken)?;
        let material = material(ours, cx.facts.encrypt_then_mac);
        cx.flight.change_cipher(protect::sealer(profile, suite, material)?);
        let data = classic::verify_data(profile, suite.prf, master, false, &self.transcript);
        cx.flight.message(&mut self.transcript, HandshakeType::FINISHED, &data)?;
        cx.facts.finished = Some(Finished { client: message.body().to_vec(), server: data });
        Ok((Handshake::Open, Step::Established(verified, finished)))
    }
}
