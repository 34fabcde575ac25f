//! The client's side of SSLv3 to TLS 1.2, from the ServerHello to the server's Finished.
//!
//! In: messages in order, answers. Out: the client's flight. Promise: pauses and judgement of the chain lie
//! between ServerHelloDone and our flight; nothing of ours leaves before the server's proof was checked.

use super::auth::{self, PeerVerified};
use super::classic::{material, signed_params};
use super::extensions::ServerAnswer;
use super::hello::Offer;
use super::kx::{self, ClientSide, Share};
use super::resume::Complete;
use super::{
    Answer, Cx, Finished, Handshake, Input, Message, Need, Pause, RecordEdge, Step, Verdict, broken,
    unexpected,
};
use crate::config::{Credentials, SessionOption};
use crate::crypto::secret::Secret;
use crate::crypto::sign::PublicKey;
use crate::fault::{CertificateFault, Decode, Fault, Misstep};
use crate::keys::classic::{self, DirectionKeys, Randoms};
use crate::keys::transcript::Transcript;
use crate::profile::{NoCertificate, Profile, Signing};
use crate::record::protect;
use crate::scheme::Scheme;
use crate::suite::{Kx, Suite};
use crate::wire::certs::{CertificateMessage, CertificateRequest, CertificateStatus};
use crate::wire::ids::{HandshakeType, SchemeId};
use crate::wire::kx::ServerKeyExchange;
use crate::wire::tail::{self, NewSessionTicket};
use std::sync::Arc;

/// What the state waits for.
enum At {
    Certificate,
    /// CertificateStatus is optional even where it was announced (RFC 6066 section 8).
    StatusOrKeyExchange,
    KeyExchange,
    RequestOrDone,
    Done,
    /// Paused for a client certificate.
    CertRequestPause,
    PeerAuthPause,
    Trust,
    /// Our own signature for CertificateVerify.
    Signature(&'static Scheme),
    /// The ticket that the server has announced.
    Ticket,
    ChangeCipher,
    Finished,
}

/// The classic flow as client.
pub struct ClassicClient {
    profile: &'static Profile,
    suite: &'static Suite,
    randoms: Randoms,
    transcript: Transcript,
    offer: Offer,
    answer: ServerAnswer,
    at: At,
    server_key: Option<PublicKey>,
    share: Option<Share>,
    request: Option<CertificateRequest>,
    verified: Option<PeerVerified>,
    master: Option<Secret>,
    keys: Option<(DirectionKeys, DirectionKeys)>,
    own_finished: Vec<u8>,
    ticket: Option<NewSessionTicket>,
}

impl ClassicClient {
    /// Enters the flow behind the ServerHello.
    #[must_use]
    pub fn new(
        profile: &'static Profile,
        suite: &'static Suite,
        randoms: Randoms,
        transcript: Transcript,
        offer: Offer,
        answer: ServerAnswer,
    ) -> ClassicClient {
        ClassicClient {
            profile,
            suite,
            randoms,
            transcript,
            offer,
            answer,
            at: if suite.has_certificate() { At::Certificate } else { At::KeyExchange },
            server_key: None,
            share: None,
            request: None,
            verified: None,
            master: None,
            keys: None,
            own_finished: Vec::new(),
            ticket: None,
        }
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
        let message = match input {
            Input::ChangeCipher => {
                self.on_change_cipher(edge, cx)?;
                return Ok((Handshake::ClassicClient(self), Step::More));
            }
            Input::Message(message) => message,
            Input::NoCertificate | Input::V2Hello(_) => return Err(unexpected(input)),
        };
        let step = match (&self.at, message.typ) {
            (_, HandshakeType::HELLO_REQUEST) => {
                tail::empty(message.body())?;
                return Ok((Handshake::ClassicClient(self), Step::More)); // ignored and not hashed
            }
            (At::Certificate, HandshakeType::CERTIFICATE) => self.on_certificate(message, cx)?,
            (At::StatusOrKeyExchange, HandshakeType::CERTIFICATE_STATUS) => self.on_status(message, cx)?,
            (At::StatusOrKeyExchange | At::KeyExchange, HandshakeType::SERVER_KEY_EXCHANGE)
                if kx::server_sends(self.suite).0 =>
            {
                self.on_key_exchange(message, cx)?
            }
            (at, HandshakeType::CERTIFICATE_REQUEST) if self.may_end(at) => self.on_request(message, cx)?,
            (at, HandshakeType::SERVER_HELLO_DONE) if self.may_end(at) || matches!(at, At::Done) => {
                self.on_done(message, cx)?
            }
            (At::Ticket, HandshakeType::NEW_SESSION_TICKET) => self.on_ticket(message)?,
            (At::Finished, HandshakeType::FINISHED) => return self.on_finished(message, cx),
            _ => return Err(unexpected(input)),
        };
        Ok((Handshake::ClassicClient(self), step))
    }

    /// Whether CertificateRequest or ServerHelloDone may come: where the server has no share already behind the
    /// certificate.
    fn may_end(&self, at: &At) -> bool {
        match at {
            At::RequestOrDone => true,
            At::StatusOrKeyExchange | At::KeyExchange => !kx::server_sends(self.suite).1,
            _ => false,
        }
    }

    fn on_certificate(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        self.transcript.add(message.raw);
        let key = auth::take_chain(message.body(), cx)?.ok_or(Fault::Decode(Decode::BadValue))?;
        let leaf = cx.facts.peer_chain.first().ok_or_else(broken)?;
        if !auth::key_fits(self.suite, key.kind()) || !auth::usage_fits(self.suite, leaf) {
            return Err(CertificateFault::WrongKey.into());
        }
        if self.suite.kx == Kx::Ecdh {
            kx::take_static(&key, cx)?;
        }
        self.server_key = Some(key);
        self.at = if self.answer.status { At::StatusOrKeyExchange } else { At::KeyExchange };
        Ok(Step::More)
    }

    fn on_status(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        self.transcript.add(message.raw);
        cx.facts.ocsp = Some(CertificateStatus::parse(message.body())?.response);
        self.at = At::KeyExchange;
        Ok(Step::More)
    }

    fn on_key_exchange(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        self.transcript.add(message.raw);
        let shape = kx::server_shape(self.profile, self.suite);
        let kx = ServerKeyExchange::parse(message.body(), shape)?;
        cx.facts.psk_hint = kx.hint;
        self.share = kx.params.map(|params| kx::take_params(params, cx)).transpose()?;
        if let Some(signed) = &kx.signed {
            let key = self.server_key.as_ref().ok_or_else(broken)?;
            let covered = signed_params(&self.randoms, &kx.raw);
            let wrong = CertificateFault::KeyExchangeSignature;
            cx.facts.scheme =
                Some(auth::verify(self.profile, key, &self.offer.schemes, signed, &covered, wrong)?);
        }
        self.at = At::RequestOrDone;
        Ok(Step::More)
    }

    fn on_request(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        if self.server_key.is_none() {
            return Err(Misstep::CertificateRequestFromAnonymous.into());
        }
        self.transcript.add(message.raw);
        let listed = self.profile.signing == Signing::Listed;
        let request = CertificateRequest::parse(message.body(), listed)?;
        cx.facts.peer_schemes = request.schemes.clone().unwrap_or_default();
        cx.facts.certificate_request = Some(request.clone());
        self.request = Some(request);
        if cx.config.options.get(SessionOption::BreakOnCertRequested) && cx.config.credentials.is_none() {
            self.at = At::CertRequestPause;
            return Ok(Step::Need(Need::App(Pause::CertRequest)));
        }
        self.at = At::Done;
        Ok(Step::More)
    }

    fn on_done(&mut self, message: Message<'_>, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        tail::empty(message.body())?;
        kx::demand_strength(self.share.as_ref(), cx.config)?; // before any pause (decisions 22)
        self.transcript.add(message.raw);
        if self.request.is_none() {
            self.transcript.drop_bytes();
        }
        if let Some(verified) = PeerVerified::without_certificate(self.suite) {
            self.verified = Some(verified); // nothing to judge, and no pause
            return self.send(cx);
        }
        if cx.config.options.get(SessionOption::BreakOnServerAuth) {
            self.at = At::PeerAuthPause;
            return Ok(Step::Need(Need::App(Pause::PeerAuth)));
        }
        self.judge(cx)
    }

    /// Asks for a verdict, or goes on where nobody is asked.
    fn judge(&mut self, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        if cx.config.verify {
            self.at = At::Trust;
            return Ok(Step::Need(Need::Trust));
        }
        self.verified = Some(PeerVerified::by_verdict(Verdict::NotJudged)?);
        self.send(cx)
    }

    /// Goes on after an answer.
    pub fn resume(mut self: Box<Self>, answer: Answer, cx: &mut Cx<'_>) -> Result<(Handshake, Step), Fault> {
        let step = match (&self.at, answer) {
            (At::CertRequestPause, Answer::Continue) => {
                self.at = At::Done;
                Step::More
            }
            (At::PeerAuthPause, Answer::Continue) => self.judge(cx)?,
            (At::Trust, Answer::Trust(verdict)) => {
                self.verified = Some(PeerVerified::by_verdict(verdict)?);
                self.send(cx)?
            }
            (At::Signature(scheme), Answer::Signature(signature)) => {
                let verify = auth::signed(self.profile, scheme, signature).encode()?;
                cx.flight.message(&mut self.transcript, HandshakeType::CERTIFICATE_VERIFY, &verify)?;
                self.finish(cx)?
            }
            _ => return Err(crate::fault::Misuse::UnexpectedAnswer.into()),
        };
        Ok((Handshake::ClassicClient(self), step))
    }

    /// Certificate if asked for, ClientKeyExchange, and whatever proves the certificate.
    fn send(&mut self, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        let proof = match self.request.take() {
            Some(request) => self.certificate(request.schemes.as_deref(), cx)?,
            None => None,
        };
        let side = ClientSide {
            profile: self.profile,
            suite: self.suite,
            share: self.share.take(),
            server_key: self.server_key.as_ref(),
            offered: self.offer.highest.wire,
        };
        let (premaster, body) = kx::client_make(side, cx)?;
        cx.flight.message(&mut self.transcript, HandshakeType::CLIENT_KEY_EXCHANGE, &body)?;
        self.derive(&premaster, cx);
        match proof {
            None => self.finish(cx),
            Some((credentials, scheme)) => {
                let master = self.master.as_ref().ok_or_else(broken)?;
                let (algorithm, input) =
                    auth::proof(self.profile, scheme.algorithm, &self.transcript, master)?;
                self.at = At::Signature(scheme);
                Ok(Step::Need(Need::Sign { credentials, algorithm, input }))
            }
        }
    }

    /// Sends our certificate, whether or not it is of a kind that was asked for (`behaviours` section 14), or
    /// none, and says with what it will be proved.
    fn certificate(
        &mut self,
        schemes: Option<&[SchemeId]>,
        cx: &mut Cx<'_>,
    ) -> Result<Option<(Arc<Credentials>, &'static Scheme)>, Fault> {
        let proof = match cx.config.credentials.clone().filter(|c| !c.chain.is_empty()) {
            Some(credentials) => {
                let scheme = auth::scheme_for(self.profile, &credentials.key, schemes)?;
                Some((credentials, scheme))
            }
            None => None,
        };
        cx.facts.certificate_sent = Some(proof.is_some());
        let chain = proof.as_ref().map(|(credentials, _)| credentials.chain.as_slice()).unwrap_or_default();
        match self.profile.no_certificate {
            NoCertificate::Alert if chain.is_empty() => cx.flight.no_certificate(),
            NoCertificate::Alert | NoCertificate::EmptyMessage => {
                let body = CertificateMessage::encode(chain)?;
                cx.flight.message(&mut self.transcript, HandshakeType::CERTIFICATE, &body)?;
            }
        }
        Ok(proof)
    }

    fn derive(&mut self, premaster: &Secret, cx: &mut Cx<'_>) {
        let master = if cx.facts.extended_master_secret {
            let hash = self.transcript.hash();
            classic::extended_master_secret(self.profile, self.suite.prf, premaster, hash.as_bytes())
        } else {
            classic::master_secret(self.profile, self.suite.prf, premaster, &self.randoms)
        };
        cx.know(&self.randoms, &master);
        let block = classic::key_block(self.profile, self.suite, &master, &self.randoms);
        self.keys = Some((block.client, block.server));
        self.master = Some(master);
    }

    /// ChangeCipherSpec, keys, Finished.
    fn finish(&mut self, cx: &mut Cx<'_>) -> Result<Step, Fault> {
        self.transcript.drop_bytes();
        let master = self.master.as_ref().ok_or_else(broken)?;
        let (ours, _) = self.keys.as_ref().ok_or_else(broken)?;
        let material = material(ours, cx.facts.encrypt_then_mac);
        cx.flight.change_cipher(protect::sealer(self.profile, self.suite, material)?);
        let data = classic::verify_data(self.profile, self.suite.prf, master, true, &self.transcript);
        cx.flight.message(&mut self.transcript, HandshakeType::FINISHED, &data)?;
        self.own_finished = data;
        cx.facts.false_start =
            cx.config.options.get(SessionOption::FalseStart) && self.suite.allows_false_start();
        self.at = if self.answer.ticket { At::Ticket } else { At::ChangeCipher };
        Ok(Step::More)
    }

    fn on_ticket(&mut self, message: Message<'_>) -> Result<Step, Fault> {
        self.ticket = Some(NewSessionTicket::parse(message.body())?);
        self.transcript.add(message.raw);
        self.at = At::ChangeCipher;
        Ok(Step::More)
    }

    fn on_change_cipher(&mut self, edge: Option<RecordEdge>, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let (At::ChangeCipher, Some(edge)) = (&self.at, edge) else {
            return Err(Misstep::UnexpectedChangeCipher.into());
        };
        let (_, theirs) = self.keys.take().ok_or_else(broken)?;
        let material = material(&theirs, cx.facts.encrypt_then_mac);
        cx.install_read(edge, protect::opener(self.profile, self.suite, material)?);
        self.at = At::Finished;
        Ok(())
    }

    fn on_finished(
        mut self: Box<Self>,
        message: Message<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(Handshake, Step), Fault> {
        let master = self.master.take().ok_or_else(broken)?;
        let finished =
            auth::check_finished(self.profile, self.suite, &master, false, &self.transcript, message.body())?;
        let verified = self.verified.take().ok_or_else(broken)?;
        cx.facts.finished = Some(Finished { client: self.own_finished, server: message.body().to_vec() });
        let done = Complete {
            profile: self.profile,
            requested: self.offer.highest,
            suite: self.suite,
            master: &master,
            ticket: self.ticket,
            asked: false,
            judged: verified.judged(),
            own: None,
            scope: None,
        };
        done.remember(cx);
        Ok((Handshake::Open, Step::Established(verified, finished)))
    }
}
