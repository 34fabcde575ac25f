//! The engine: moves bytes between reader, handshake and writer.
//!
//! In: bytes of the peer, plaintext, answers. Out: bytes for the peer, plaintext, questions. Promise: one
//! input at a time; the first fault is kept and returned ever after, and its alert goes out once, provided
//! that the peer's version was readable before (decisions 25).

mod datagrams;

use crate::config::{Config, Now, Role, SessionOption};
use crate::crypto::rng::{OsRng, Rng};
use crate::crypto::secret::Secret;
use crate::fault::{Alert, Decode, Fault, Misstep};
use crate::handshake::{Answer, Assembler, Cx, Facts, Flight, Handshake, Input, Item, Message, Need, Step};
use crate::profile::{self, Framing, NoCertificate, Profile};
use crate::record::head::MAX_PLAIN;
use crate::record::reader::{InputLoan, Reader};
use crate::record::writer::{OutputLoan, Writer};
use crate::wire::ids::{ContentType, HandshakeType};
use crate::wire::tail;
use datagrams::Datagrams;

/// Records of application data that one call of [`Engine::write`] seals at most (decisions 13).
pub const STRETCH: usize = 8 * MAX_PLAIN;

/// Ignored or refused messages without application data in between (decisions 26).
const MAX_REFUSALS: u32 = 8;

/// Level bytes of an alert (RFC 5246 section 7.2).
const WARNING: u8 = 1;
const FATAL: u8 = 2;

/// What came of processing.
#[derive(Debug)]
pub enum Progress {
    /// More bytes of the peer are needed.
    NeedInput,
    /// A record or message was processed; there may be output.
    More,
    /// Application data is ready.
    Data,
    /// A question; nothing goes on before its answer.
    Needs(Need),
    /// The handshake is complete.
    Established,
    /// The peer sent close_notify.
    Closed,
}

/// One end of one connection.
pub struct Engine {
    reader: Reader,
    writer: Writer,
    assembler: Assembler,
    handshake: Option<Handshake>,
    /// A handshake was completed: data may flow.
    established: bool,
    /// The peer's new keys are in use and its Finished is still to come: no data now.
    between_keys: bool,
    /// Our HelloRequest is under way: the ClientHello it leads to is not the peer's idea.
    asked: bool,
    /// Our new keys are in use and the handshake is not complete: what another thread still writes waits here.
    waiting: Option<Secret>,
    facts: Facts,
    fault: Option<Fault>,
    alert_sent: Option<Alert>,
    alert_received: Option<Alert>,
    peer_closed: bool,
    refusals: u32,
    rng: Box<dyn Rng>,
    /// The highest version that was enabled when the handshake began.
    highest: Option<&'static Profile>,
    /// What only datagrams need.
    datagrams: Option<Box<Datagrams>>,
}

impl Engine {
    /// A fresh connection with random bytes of the operating system.
    #[must_use]
    pub fn new(framing: Framing) -> Engine {
        Engine::with_rng(framing, Box::new(OsRng))
    }

    /// A fresh connection with random bytes of the caller's choice, for tests and recordings.
    #[must_use]
    pub fn with_rng(framing: Framing, rng: Box<dyn Rng>) -> Engine {
        Engine {
            reader: Reader::new(framing),
            writer: Writer::new(framing),
            assembler: Assembler::default(),
            handshake: Some(Handshake::Idle),
            established: false,
            between_keys: false,
            asked: false,
            waiting: None,
            facts: Facts::default(),
            fault: None,
            alert_sent: None,
            alert_received: None,
            peer_closed: false,
            refusals: 0,
            rng,
            highest: None,
            datagrams: (framing == Framing::Datagram).then(Box::default),
        }
    }

    /// What is known about the connection.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The fault that ended the connection.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The last closing or fatal alert that was queued.
    #[must_use]
    pub fn alert_sent(&self) -> Option<Alert> {
        self.alert_sent
    }

    /// The alert of the peer that ended the connection.
    #[must_use]
    pub fn alert_received(&self) -> Option<Alert> {
        self.alert_received
    }

    /// Whether a handshake was completed.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.established
    }

    /// Whether a handshake is complete and no other one is under way.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let holds = self
            .datagrams
            .as_ref()
            .map_or_else(|| self.assembler.holds_message(), |datagrams| datagrams.holds_message());
        self.established && self.is_open() && !holds
    }

    /// Whether no handshake is under way behind the first one.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.handshake, Some(Handshake::Open))
    }

    /// Whether data may go out before the peer's Finished has come (`behaviours` 11.4).
    #[must_use]
    pub fn may_start_falsely(&self) -> bool {
        self.facts.false_start
    }

    /// Whether our HelloRequest was not answered yet.
    #[must_use]
    pub fn has_asked(&self) -> bool {
        self.asked
    }

    /// Whether a server has selected a protocol that the application wants to hear of, once.
    pub fn take_alpn_news(&mut self) -> bool {
        core::mem::take(&mut self.facts.alpn_news)
    }

    /// A line for the key log, once.
    pub fn take_log_line(&mut self) -> Option<Secret> {
        self.facts.log_line.take()
    }

    /// Begins another handshake on a complete one: a client queues its hello, a server asks for one (RFC 5246 section
    /// 7.4.1.1).
    pub fn restart(&mut self, config: &Config, now: Now) -> Result<(), Fault> {
        self.ok()?;
        match config.role {
            Role::Client => self.begin(config, now),
            // Over datagrams a request is sent again by the clock until the client has answered.
            Role::Server if self.asked && self.datagrams.is_some() => Ok(()),
            Role::Server => {
                self.asked = true;
                let mut flight = self.new_flight();
                flight.hello_request()?;
                self.send(flight, config, now)
            }
        }
    }

    /// Starts the first handshake: a client queues its hello.
    pub fn start(&mut self, config: &Config, now: Now) -> Result<(), Fault> {
        self.ok()?;
        let (min, max) = config.versions;
        self.highest = profile::highest(config.framing, min, max);
        let version = match (config.role, config.framing) {
            (Role::Client, _) | (_, Framing::Datagram) => profile::hello_record(config.framing, min, max),
            (Role::Server, Framing::Stream) => profile::lowest(config.framing, min, max).map(|p| p.wire),
        };
        if let Some(version) = version {
            self.writer.set_version(version);
        }
        self.begin(config, now)
    }

    fn begin(&mut self, config: &Config, now: Now) -> Result<(), Fault> {
        let mut flight = self.new_flight();
        let (facts, rng) = (&mut self.facts, self.rng.as_mut());
        let mut cx = Cx { config, flight: &mut flight, rng, facts, now, read_keys: None };
        let started = Handshake::start(&mut cx);
        match started {
            Ok(handshake) => {
                self.handshake = Some(handshake);
                self.send(flight, config, now)
            }
            Err(fault) => Err(self.fail(fault)),
        }
    }

    fn ok(&self) -> Result<(), Fault> {
        self.fault.map_or(Ok(()), Err)
    }

    /// Keeps the first fault and queues its alert.
    fn fail(&mut self, fault: Fault) -> Fault {
        if let Some(first) = self.fault {
            return first;
        }
        self.fault = Some(fault);
        if !matches!(fault, Fault::AlertReceived(_)) {
            self.forget_session();
        }
        if let Some(alert) = fault.alert() {
            self.send_alert(FATAL, alert);
        }
        fault
    }

    /// Queues an alert unless a closing one went before, or the peer's version is not known yet.
    fn send_alert(&mut self, level: u8, alert: Alert) {
        let Some(seen) = self.facts.version_seen else { return };
        if self.alert_sent.is_some() {
            return;
        }
        if self.facts.profile.is_none() {
            let framing = self.datagrams.as_ref().map_or(Framing::Stream, |_| Framing::Datagram);
            self.writer.set_version(profile::alert_record(framing, seen, self.highest));
        }
        let speaks_tls = self.facts.profile.is_none_or(|profile| profile.tls_alerts);
        let alert = if speaks_tls { alert } else { alert.for_ssl3() };
        if level == FATAL || alert == Alert::CLOSE_NOTIFY {
            self.alert_sent = Some(alert);
        }
        // An alert that cannot be sealed any more is not worth a second fault.
        let _ = self.writer.queue(ContentType::ALERT, &[level, alert.0]);
    }

    /// Ends the connection for a reason that only the caller of the engine can see.
    pub fn refuse(&mut self, fault: Fault) -> Fault {
        self.fail(fault)
    }

    /// Whether [`Engine::start`] was called.
    #[must_use]
    pub fn is_started(&self) -> bool {
        !matches!(self.handshake, Some(Handshake::Idle))
    }

    /// A fatal alert of either side ends the session too; a warning does not, even where it ends the connection.
    fn forget_session(&mut self) {
        if let Some(place) = self.facts.place.take() {
            place.forget();
        }
    }

    /// Queues a fatal alert of the application's choice.
    pub fn abort(&mut self, alert: Alert) {
        self.forget_session();
        self.send_alert(FATAL, alert);
    }

    /// Queues close_notify unless a fatal alert or close_notify went before.
    pub fn close(&mut self) {
        self.send_alert(WARNING, Alert::CLOSE_NOTIFY);
    }

    /// Processes at most one message or record.
    pub fn advance(&mut self, config: &Config, now: Now) -> Result<Progress, Fault> {
        self.ok()?;
        if self.peer_closed {
            return Ok(Progress::Closed);
        }
        let done = self.process(config, now);
        done.map_err(|fault| self.fail(fault))
    }

    fn process(&mut self, config: &Config, now: Now) -> Result<Progress, Fault> {
        if self.datagrams.is_some() {
            return self.process_datagrams(config, now);
        }
        if let Some((typ, raw)) = self.assembler.next_message()? {
            return self.on_message(Message { typ, raw: &raw, header: tail::HEADER }, config, now);
        }
        if !self.reader.payload().is_empty() {
            return Ok(Progress::Data); // handshake and alert records are consumed whole
        }
        match self.reader.next_record()? {
            None => Ok(Progress::NeedInput),
            Some(ContentType::HANDSHAKE) => {
                self.assembler.push(self.reader.payload())?;
                let taken = self.reader.payload().len();
                self.reader.consume(taken);
                Ok(Progress::More)
            }
            Some(ContentType::CHANGE_CIPHER_SPEC) => {
                if self.reader.payload() != [1] {
                    return Err(Decode::ChangeCipher.into());
                }
                self.reader.consume(1);
                self.step(Input::ChangeCipher, config, now)
            }
            Some(ContentType::V2_HELLO) => {
                let raw = self.reader.payload().to_vec();
                self.reader.consume(raw.len());
                self.step(Input::V2Hello(&raw), config, now)
            }
            Some(ContentType::ALERT) => self.on_alerts(config, now),
            Some(ContentType::APPLICATION_DATA) if self.established && !self.between_keys => {
                if self.reader.payload().is_empty() {
                    return Ok(Progress::More);
                }
                self.refusals = 0;
                Ok(Progress::Data)
            }
            Some(ContentType::APPLICATION_DATA) => Err(Misstep::UnexpectedData.into()),
            Some(_) => Err(Misstep::UnknownContentType.into()),
        }
    }

    fn on_message(&mut self, message: Message<'_>, config: &Config, now: Now) -> Result<Progress, Fault> {
        match (config.role, message.typ) {
            (Role::Client, HandshakeType::HELLO_REQUEST) if self.is_started() => {
                tail::empty(message.body())?;
                self.count_refusal()?;
                // During a handshake it is ignored, and never hashed (RFC 5246 section 7.4.1.1).
                if self.is_open() {
                    self.begin(config, now)?;
                }
                Ok(Progress::More)
            }
            (Role::Server, HandshakeType::CLIENT_HELLO) if self.is_open() => {
                if !core::mem::take(&mut self.asked) {
                    self.count_refusal()?;
                }
                if config.options.get(SessionOption::AllowRenegotiation) {
                    self.handshake = Some(Handshake::AwaitClientHello);
                    return self.step(Input::Message(message), config, now);
                }
                // SSLv3 has no way to refuse and go on (RFC 5746 section 4.5).
                if self.facts.profile.is_some_and(|profile| !profile.tls_alerts) {
                    return Err(crate::fault::Incompatible::Renegotiation.into());
                }
                self.send_alert(WARNING, Alert::NO_RENEGOTIATION);
                Ok(Progress::More)
            }
            _ => self.step(Input::Message(message), config, now),
        }
    }

    /// Counts what a peer may repeat only so often without application data in between (decisions 26).
    fn count_refusal(&mut self) -> Result<(), Fault> {
        self.refusals += 1;
        if self.refusals > MAX_REFUSALS { Err(Misstep::TooManyRefusals.into()) } else { Ok(()) }
    }

    fn on_alerts(&mut self, config: &Config, now: Now) -> Result<Progress, Fault> {
        let payload = self.reader.payload();
        let taken = payload.len();
        if taken == 0 || !taken.is_multiple_of(2) {
            return Err(Decode::OddAlert.into());
        }
        let alerts: Vec<(u8, Alert)> = payload.chunks_exact(2).map(|a| (a[0], Alert(a[1]))).collect();
        self.reader.consume(taken);
        for (level, alert) in alerts {
            if alert == Alert::CLOSE_NOTIFY {
                self.alert_received = Some(alert);
                self.peer_closed = true;
                self.close();
                return Ok(Progress::Closed);
            }
            let instead_of_certificate = self.facts.profile.is_some_and(|p| {
                p.no_certificate == NoCertificate::Alert && config.role == Role::Server && !self.is_open()
            });
            if alert == Alert::NO_CERTIFICATE && instead_of_certificate {
                return self.step(Input::NoCertificate, config, now);
            }
            if level == FATAL {
                self.forget_session();
            }
            if ends_connection(level, alert) {
                self.alert_received = Some(alert);
                return Err(Fault::AlertReceived(alert));
            }
            if self.datagrams.is_none() || self.reader.is_protected() {
                self.count_refusal()?; // anybody can send a warning that nothing protects
            }
        }
        Ok(Progress::More)
    }

    /// Gives one input to the handshake.
    fn step(&mut self, input: Input<'_>, config: &Config, now: Now) -> Result<Progress, Fault> {
        let edge = self.assembler.edge();
        self.drive(config, now, |handshake, cx| handshake.on_input(input, edge, cx))
    }

    /// Gives the answer to the last question.
    pub fn answer(&mut self, answer: Answer, config: &Config, now: Now) -> Result<Progress, Fault> {
        self.ok()?;
        let done = self.drive(config, now, |handshake, cx| handshake.resume(answer, cx));
        done.map_err(|fault| self.fail(fault))
    }

    fn drive(
        &mut self,
        config: &Config,
        now: Now,
        act: impl FnOnce(Handshake, &mut Cx<'_>) -> Result<(Handshake, Step), Fault>,
    ) -> Result<Progress, Fault> {
        let handshake = self.handshake.take().ok_or_else(crate::handshake::broken)?;
        let mut flight = self.new_flight();
        let (facts, rng) = (&mut self.facts, self.rng.as_mut());
        let mut cx = Cx { config, flight: &mut flight, rng, facts, now, read_keys: None };
        let result = act(handshake, &mut cx);
        let read_keys = cx.read_keys.take();
        if let Some(profile) = self.facts.profile {
            self.writer.set_version(profile.wire);
        }
        let (handshake, step) = result?;
        self.handshake = Some(handshake);
        let sent_last = !flight.is_empty();
        self.writer.set_splits(config.options.get(SessionOption::SendOneByteRecord));
        if self.datagrams.is_some() {
            self.name_records();
        }
        if let Some(opener) = read_keys {
            self.reader.set_opener(opener);
            self.between_keys = true;
        }
        self.send(flight, config, now)?;
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.stepped(&step, sent_last, self.between_keys, now);
        }
        Ok(match step {
            Step::More => Progress::More,
            Step::Need(need) => Progress::Needs(need),
            Step::Established(_, _) => {
                self.established = true;
                self.between_keys = false;
                self.facts.false_start = false;
                if let Some(plain) = self.waiting.take() {
                    self.seal_all(plain.as_bytes())?;
                }
                Progress::Established
            }
        })
    }

    fn send(&mut self, mut flight: Flight, config: &Config, now: Now) -> Result<(), Fault> {
        if self.datagrams.is_some() {
            return self.send_datagrams(flight, config, now);
        }
        for item in flight.drain() {
            match item {
                Item::Message(raw) | Item::HelloVerify(raw) => {
                    self.writer.queue(ContentType::HANDSHAKE, &raw)?;
                }
                Item::NoCertificate => {
                    self.writer.queue(ContentType::ALERT, &[WARNING, Alert::NO_CERTIFICATE.0])?;
                }
                Item::ChangeCipher => self.writer.queue(ContentType::CHANGE_CIPHER_SPEC, &[1])?,
                Item::WriteKeys(sealer) => {
                    self.writer.set_sealer(sealer)?;
                    self.waiting.get_or_insert_with(|| Secret::zeroed(0));
                }
            }
        }
        Ok(())
    }

    /// Undelivered plaintext of the current record.
    #[must_use]
    pub fn readable(&self) -> usize {
        if self.established && !self.between_keys { self.reader.payload().len() } else { 0 }
    }

    /// Copies plaintext of the current record.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let payload = self.reader.payload();
        let n = payload.len().min(out.len());
        out[..n].copy_from_slice(&payload[..n]);
        self.reader.consume(n);
        n
    }

    /// Seals at most [`STRETCH`] bytes of application data; says how many.
    pub fn write(&mut self, plain: &[u8]) -> Result<usize, Fault> {
        self.ok()?;
        if let Some(waiting) = self.waiting.as_mut().filter(|_| !self.facts.false_start) {
            *waiting = Secret::new([waiting.as_bytes(), plain].concat());
            return Ok(plain.len());
        }
        let sealed = self.writer.seal(plain);
        sealed.map_err(|fault| self.fail(fault))
    }

    fn seal_all(&mut self, mut plain: &[u8]) -> Result<(), Fault> {
        while !plain.is_empty() {
            let n = self.writer.seal(plain)?;
            plain = &plain[n..];
        }
        Ok(())
    }

    /// Whether the peer ended its direction.
    #[must_use]
    pub fn is_peer_closed(&self) -> bool {
        self.peer_closed
    }

    /// Exact number of bytes to the next boundary: a record's header, then its body.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.reader.wanted()
    }

    /// Whether the beginning of a record is here and its end is not.
    #[must_use]
    pub fn is_in_record(&self) -> bool {
        self.reader.is_in_record()
    }

    /// Whether the bytes wanted belong to a header.
    #[must_use]
    pub fn wants_header(&self) -> bool {
        self.reader.wants_header()
    }

    /// Takes bytes of the peer, any number; says how many were taken.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        self.reader.feed(bytes)
    }

    /// Lends the input buffer.
    pub fn lend_input(&mut self) -> InputLoan {
        self.reader.lend()
    }

    /// Takes the input buffer back with `n` more bytes in it.
    pub fn return_input(&mut self, loan: InputLoan, n: usize) {
        self.reader.give_back(loan, n);
    }

    /// The connection waits for its peer: big buffers with nothing in them are given back.
    pub fn rest(&mut self) {
        self.reader.rest();
        self.writer.rest();
    }

    /// Whether anything waits to go out.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.writer.has_output()
    }

    /// Lends what goes out next.
    pub fn lend_output(&mut self, whole: bool) -> Option<OutputLoan> {
        self.writer.lend(whole)
    }

    /// Takes it back; `sent` bytes of it are gone.
    pub fn settle_output(&mut self, loan: OutputLoan, sent: usize) {
        self.writer.settle(loan, sent);
    }
}

/// Every alert with a code of its own ends the connection at either level; others only when fatal
/// (`behaviours` section 17). no_certificate is SSLv3's and means nothing here.
fn ends_connection(level: u8, alert: Alert) -> bool {
    let named = alert.name() != "unknown"
        && !matches!(
            alert,
            Alert::NO_CERTIFICATE
                | Alert::INAPPROPRIATE_FALLBACK
                | Alert::UNRECOGNIZED_NAME
                | Alert::NO_APPLICATION_PROTOCOL
        );
    named || (level == FATAL && alert != Alert::NO_CERTIFICATE)
}
