//! The calls that move data, each as a small machine over turns.
//!
//! In: a [`Call`], and an [`Event`] that says how the last turn went. Out: the next [`Turn`]. Promise: every
//! path ends in [`Turn::Return`]; what was processed is in the call whatever the status says.

use super::{Need, Session, State};
use crate::config::{Now, Role};
use crate::crypto::secret::Secret;
use crate::engine::Progress;
use crate::fault::{Alert, Fault, Misstep};
use crate::handshake::{self, Answer, Pause};
use crate::status::{self, OsStatus};

/// How the last turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The call begins.
    Begin,
    /// The turn was done; for transfers: some bytes moved without an error.
    Done,
    /// The transport can do no more now.
    Blocked,
    /// Another thread is writing and will take what is queued along.
    Busy,
    /// The transport failed, or ended, with this status.
    Failed(OsStatus),
    /// A callback raised: the call ends at once, the state does not move (decisions 12).
    Raised,
}

/// What to do next.
#[derive(Debug)]
pub enum Turn {
    /// Fetch the wanted bytes: `lend_input`, `return_input`.
    Read,
    /// Send what is queued: `lend_output`, `settle_output`.
    Write,
    /// Wait until no other call reads, for a call made by [`Call::beside_a_reader`]; from now on it reads itself:
    /// [`Event::Done`]. Or until [`Session::may_go_on`] says that it need not: [`Event::Busy`].
    Alone,
    /// Answer this with no lock held.
    Need(Need),
    /// So many plaintext bytes are ready: `take`.
    Deliver(usize),
    /// Give plaintext: `seal`.
    Seal,
    /// The call is over.
    Return(OsStatus),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Handshake,
    Read,
    Write,
    Close,
}

/// What the event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Begin,
    /// Sending queued output, then processing.
    Flush,
    /// Fetching input.
    Input,
    /// Between two inputs.
    Process,
    /// Sending once, whatever comes of it; then this status.
    LastFlush(OsStatus),
    /// Sending before new data is taken.
    Older,
    /// Sealing and sending data.
    Sealing,
    /// Sending data that was sealed.
    Sending,
}

/// Plaintext that may wait inside while a renegotiation is driven by calls that deliver none.
const MAX_WAITING: usize = 1 << 20;

/// How often one call asks a transport of datagrams for more: who sends nothing but what is dropped keeps no call.
const MAX_INPUTS: u32 = 1 << 14;

/// One public call on its way.
#[derive(Debug)]
pub struct Call {
    kind: Kind,
    phase: Phase,
    length: usize,
    processed: usize,
    /// A write that got stuck: the rest is sealed and queued, then this is returned.
    stuck: Option<OsStatus>,
    /// A read that took its one further record.
    further: bool,
    /// How often input was asked for.
    inputs: u32,
    /// At least one message or record was processed.
    advanced: bool,
    /// Made by [`Call::beside_a_reader`].
    shares: bool,
    /// Another call may be reading: this one must not process before [`Turn::Alone`].
    beside: bool,
    /// How many handshakes were complete when the call began.
    rounds: u32,
}

impl Call {
    fn new(kind: Kind, length: usize) -> Call {
        Call {
            kind,
            phase: Phase::Begin,
            length,
            processed: 0,
            stuck: None,
            further: false,
            inputs: 0,
            advanced: false,
            shares: false,
            beside: false,
            rounds: 0,
        }
    }

    /// The same call while another one may be reading. It reads only where it must, while a handshake is under way.
    #[must_use]
    pub fn beside_a_reader(self) -> Call {
        Call { shares: true, beside: true, ..self }
    }

    /// Whether the call sends the caller's data, and so needs writing for itself and leaves reading to others.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.kind == Kind::Write && matches!(self.phase, Phase::Older | Phase::Sealing | Phase::Sending)
    }

    /// SSLHandshake.
    #[must_use]
    pub fn handshake() -> Call {
        Call::new(Kind::Handshake, 0)
    }

    /// SSLRead of at most `length` bytes.
    #[must_use]
    pub fn read(length: usize) -> Call {
        Call::new(Kind::Read, length)
    }

    /// SSLWrite of `length` bytes.
    #[must_use]
    pub fn write(length: usize) -> Call {
        Call::new(Kind::Write, length)
    }

    /// SSLClose.
    #[must_use]
    pub fn close() -> Call {
        Call::new(Kind::Close, 0)
    }

    /// Bytes delivered or taken so far.
    #[must_use]
    pub fn processed(&self) -> usize {
        self.processed
    }

    fn room(&self) -> usize {
        self.length - self.processed
    }
}

/// Why a call stops.
enum Stop {
    /// With this status, nothing else changes.
    Status(OsStatus),
    /// The transport failed.
    Transport(OsStatus),
    /// The connection is over.
    Fault(Fault),
}

impl Session {
    /// Takes the call one turn further.
    pub fn step(&mut self, call: &mut Call, event: Event, now: Now) -> Turn {
        if event == Event::Raised {
            return self.raised(call);
        }
        match self.turn(call, event, now) {
            Ok(turn) => turn,
            Err(Stop::Status(code)) => Turn::Return(code),
            Err(Stop::Transport(code)) => {
                if matches!(call.kind, Kind::Read | Kind::Write) {
                    self.state = State::Aborted;
                }
                Turn::Return(code)
            }
            Err(Stop::Fault(fault)) => self.faulted(call, fault),
        }
    }

    fn turn(&mut self, call: &mut Call, event: Event, now: Now) -> Result<Turn, Stop> {
        if let Some(turn) = self.ended_meanwhile(call, event) {
            return Ok(turn);
        }
        match call.phase {
            Phase::Begin => self.begin(call, now),
            Phase::LastFlush(code) => self.last_flush(code, call, event),
            Phase::Older => self.older(call, event, now),
            Phase::Sealing => self.sealed(call),
            Phase::Sending => self.sending(call, event),
            Phase::Flush => self.flushed(call, event, now),
            Phase::Input => {
                self.input(event)?;
                self.process(call, now)
            }
            Phase::Process => {
                call.beside |= event == Event::Busy;
                self.process(call, now)
            }
        }
    }

    /// SSLClose or SSLSetError ended the context while this call ran a callback or waited: it ends, too, and nothing
    /// follows the alert that was sent. Data that was half sealed is owned and lost, as after a failed transport.
    fn ended_meanwhile(&mut self, call: &mut Call, event: Event) -> Option<Turn> {
        let code = match self.state {
            State::Closed => status::SSL_CLOSED_GRACEFUL,
            State::Aborted => status::SSL_CLOSED_ABORT,
            _ => return None,
        };
        match call.phase {
            Phase::Begin | Phase::LastFlush(_) => return None,
            Phase::Sealing | Phase::Sending if call.room() == 0 || call.stuck.is_some() => return None,
            Phase::Sealing | Phase::Sending => call.processed = call.length,
            Phase::Flush | Phase::Input | Phase::Process | Phase::Older => {}
        }
        Some(if event == Event::Done { self.end(call, code) } else { Turn::Return(code) })
    }

    // --- how calls begin -------------------------------------------------------------------------------

    fn begin(&mut self, call: &mut Call, now: Now) -> Result<Turn, Stop> {
        if call.kind == Kind::Close {
            return self.begin_close(call);
        }
        match self.state {
            State::Closed => return Err(Stop::Status(status::SSL_CLOSED_GRACEFUL)),
            State::Aborted => return self.begin_aborted(call),
            _ => {}
        }
        if !self.has_io {
            return Err(Stop::Status(status::SEC_BAD_REQ));
        }
        if let Some(fault) = self.engine.fault() {
            return Err(Stop::Fault(fault)); // whatever there is or is not to move (decisions 19)
        }
        self.engine.tick(&self.config, now).map_err(Stop::Fault)?;
        call.rounds = self.rounds;
        match (self.state, call.kind) {
            (State::Idle, Kind::Handshake) => {
                self.state = State::Handshake;
                self.engine.start(&self.config, now).map_err(Stop::Fault)?;
            }
            (State::Idle, Kind::Write) => return Err(Stop::Status(status::SEC_BAD_REQ)),
            // A client is not started by SSLRead (behaviours 2.1); it waits for bytes that never come.
            (State::Idle, Kind::Read) if self.config.role == Role::Server && !self.engine.is_started() => {
                self.engine.start(&self.config, now).map_err(Stop::Fault)?;
            }
            _ => {}
        }
        if self.paused.take().is_some() {
            self.go_on(Answer::Continue, now);
        }
        if let Some(identity) = self.looked_up.clone() {
            call.phase = Phase::Process; // the callback raised the last time: it is asked again
            return Ok(Turn::Need(Need::Psk { identity }));
        }
        self.flush(call, now)
    }

    /// An aborted context answers ClosedAbort; after SSLSetError the next SSLHandshake tells the peer and
    /// closes (behaviours 4.4, decisions 20).
    fn begin_aborted(&mut self, call: &mut Call) -> Result<Turn, Stop> {
        let told = if call.kind == Kind::Handshake { self.error_set.take() } else { None };
        let Some(code) = told else { return Err(Stop::Status(status::SSL_CLOSED_ABORT)) };
        self.engine.abort(match code {
            status::SEC_CERTIFICATE_EXPIRED => Alert::CERTIFICATE_EXPIRED,
            status::SEC_CERTIFICATE_REVOKED => Alert::CERTIFICATE_REVOKED,
            _ => Alert::CERTIFICATE_UNKNOWN,
        });
        call.kind = Kind::Close;
        self.begin_close(call)
    }

    fn begin_close(&mut self, call: &mut Call) -> Result<Turn, Stop> {
        self.engine.close();
        self.state = State::Closed;
        call.phase = Phase::LastFlush(status::SEC_SUCCESS);
        if self.has_io && self.engine.has_output() {
            return Ok(Turn::Write);
        }
        Ok(Turn::Return(status::SEC_SUCCESS))
    }

    // --- sending ---------------------------------------------------------------------------------------

    /// Sends what is queued, then processes.
    fn flush(&mut self, call: &mut Call, now: Now) -> Result<Turn, Stop> {
        if self.engine.has_output() {
            call.phase = Phase::Flush;
            if self.is_writing(call) {
                (call.phase, call.beside) = (Phase::Older, call.shares);
            }
            return Ok(Turn::Write);
        }
        self.process(call, now)
    }

    fn is_writing(&self, call: &Call) -> bool {
        call.kind == Kind::Write && self.may_seal()
    }

    fn may_seal(&self) -> bool {
        self.engine.is_ready() || self.engine.may_start_falsely()
    }

    fn flushed(&mut self, call: &mut Call, event: Event, now: Now) -> Result<Turn, Stop> {
        match event {
            Event::Failed(code) => return Err(Stop::Transport(code)),
            // Reading goes on although older output is stuck (behaviours 6.2), a handshake does not.
            Event::Blocked if !(call.kind == Kind::Read && self.engine.is_established()) => {
                return Err(Stop::Status(status::SSL_WOULD_BLOCK));
            }
            Event::Blocked | Event::Busy => return self.process(call, now),
            _ => {}
        }
        self.flush(call, now)
    }

    /// One attempt; what comes of it changes the status of SSLClose only (decisions 16).
    fn last_flush(&mut self, code: OsStatus, call: &mut Call, event: Event) -> Result<Turn, Stop> {
        if event == Event::Done && self.engine.has_output() {
            return Ok(Turn::Write);
        }
        Ok(Turn::Return(match (call.kind, event) {
            (Kind::Close, Event::Blocked) => status::SSL_WOULD_BLOCK,
            (Kind::Close, Event::Failed(failure)) if failure != status::SEC_IO => failure,
            _ => code,
        }))
    }

    fn older(&mut self, call: &mut Call, event: Event, now: Now) -> Result<Turn, Stop> {
        match event {
            Event::Failed(code) => Err(Stop::Transport(code)),
            Event::Blocked => Err(Stop::Status(status::SSL_WOULD_BLOCK)),
            _ => self.flush(call, now),
        }
    }

    /// Begins or goes on with sealing, once nothing older is queued.
    fn more_to_seal(&mut self, call: &mut Call) -> Turn {
        if call.room() == 0 {
            return self.succeed(call);
        }
        (call.phase, call.beside) = (Phase::Sealing, call.shares);
        Turn::Seal
    }

    fn sealed(&mut self, call: &mut Call) -> Result<Turn, Stop> {
        if let Some(fault) = self.engine.fault() {
            return Err(Stop::Fault(fault));
        }
        if let Some(code) = call.stuck {
            return Ok(if call.room() > 0 { Turn::Seal } else { Turn::Return(code) });
        }
        call.phase = Phase::Sending;
        Ok(Turn::Write)
    }

    fn sending(&mut self, call: &mut Call, event: Event) -> Result<Turn, Stop> {
        let code = match event {
            Event::Blocked => status::SSL_WOULD_BLOCK,
            Event::Failed(code) => {
                self.state = State::Aborted;
                code
            }
            _ if self.engine.has_output() && event != Event::Busy => return Ok(Turn::Write),
            _ => return Ok(self.more_to_seal(call)),
        };
        Ok(self.stick(call, code))
    }

    /// The transport took what it could: the rest is sealed and queued, and the data is owned.
    fn stick(&mut self, call: &mut Call, code: OsStatus) -> Turn {
        if code == status::SSL_WOULD_BLOCK {
            self.unreported = false;
        }
        call.stuck = Some(code);
        call.phase = Phase::Sealing;
        if call.room() > 0 { Turn::Seal } else { Turn::Return(code) }
    }

    // --- receiving -------------------------------------------------------------------------------------

    fn input(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Blocked => {
                self.engine.rest();
                Err(Stop::Status(status::SSL_WOULD_BLOCK))
            }
            // Behaviours 5: while a header is read every failure is the end of the transport.
            Event::Failed(_) if self.engine.wants_header() => Err(Stop::Transport(status::SSL_CLOSED_ABORT)),
            Event::Failed(code) => Err(Stop::Transport(code)),
            _ => Ok(()),
        }
    }

    /// Goes on between two inputs: with what the connection has to say, or to what the caller wants.
    fn process(&mut self, call: &mut Call, now: Now) -> Result<Turn, Stop> {
        call.phase = Phase::Process;
        if self.pending.is_none()
            && (self.engine.is_established() || self.engine.may_start_falsely())
            && let Some(turn) = self.ready(call)
        {
            return Ok(turn);
        }
        // A call that was already under way when another one returned a pause goes past it for nobody.
        if let Some(pause) = self.paused {
            return Err(Stop::Status(status::of_pause(pause)));
        }
        if core::mem::take(&mut call.beside) {
            return self.engine.fault().map_or(Ok(Turn::Alone), |fault| Err(Stop::Fault(fault)));
        }
        let progress = match self.pending.take() {
            Some(progress) => progress,
            None => self.engine.advance(&self.config, now),
        };
        if self.engine.take_alpn_news()
            && let Some(data) = self.alpn_data()
        {
            self.pending = Some(progress);
            return Ok(Turn::Need(Need::Alpn(data)));
        }
        if let Some(line) = self.engine.take_log_line() {
            self.pending = Some(progress);
            return Ok(Turn::Need(Need::KeyLog(line)));
        }
        let progress = progress.map_err(Stop::Fault)?;
        if self.state == State::Idle && self.engine.facts().version_seen.is_some() {
            self.state = State::Handshake; // an idle server whose SSLRead met a ClientHello (decisions 18)
        }
        // A renegotiation has begun; a server that pauses at the ClientHello has not begun it yet (behaviours 2).
        let at_hello = matches!(progress, Progress::Needs(handshake::Need::App(Pause::ClientHello)));
        if self.state == State::Connected && !self.engine.is_open() && !at_hello && self.paused.is_none() {
            self.state = State::Handshake;
        }
        match progress {
            Progress::NeedInput => {
                call.inputs += 1;
                if self.is_datagram() && call.inputs > MAX_INPUTS {
                    return Err(Stop::Status(status::SSL_WOULD_BLOCK));
                }
                call.phase = Phase::Input;
                Ok(Turn::Read)
            }
            Progress::More => self.processed_one(call, now),
            Progress::Data => self.data(call, now),
            Progress::Needs(need) => self.ask(need),
            Progress::Established => {
                self.state = State::Connected;
                self.unreported = true;
                self.rounds = self.rounds.wrapping_add(1);
                self.flush(call, now)
            }
            Progress::Closed => Ok(self.peer_closed(call)),
        }
    }

    /// What the call does once the handshake is complete; `None` to look at the next record.
    fn ready(&mut self, call: &mut Call) -> Option<Turn> {
        let ready = self.engine.is_ready();
        match call.kind {
            Kind::Write if self.may_seal() => Some(self.more_to_seal(call)),
            Kind::Handshake if ready && (call.advanced || self.has_news(call)) => Some(self.succeed(call)),
            Kind::Read if call.room() == 0 && (ready || call.processed > 0) => Some(self.succeed(call)),
            Kind::Read if call.room() > 0 && self.buffered_read_size() > 0 => {
                Some(Turn::Deliver(self.buffered_read_size().min(call.room())))
            }
            Kind::Read if call.further => Some(self.succeed(call)),
            _ => None,
        }
    }

    /// Whether a handshake was completed that SSLHandshake has not told of, perhaps by another call meanwhile.
    fn has_news(&self, call: &Call) -> bool {
        self.unreported || call.rounds != self.rounds
    }

    /// Whether a call that waits at [`Turn::Alone`] can go on although another one still reads: what it waited for has
    /// happened there.
    #[must_use]
    pub fn may_go_on(&self, call: &Call) -> bool {
        let ended = matches!(self.state, State::Closed | State::Aborted);
        let done = match call.kind {
            Kind::Write => self.may_seal(),
            _ => self.engine.is_ready() && self.has_news(call),
        };
        ended || done || self.paused.is_some() || self.engine.fault().is_some()
    }

    fn processed_one(&mut self, call: &mut Call, now: Now) -> Result<Turn, Stop> {
        call.advanced = true;
        if call.kind == Kind::Read && call.processed > 0 {
            call.further = true;
        }
        self.flush(call, now)
    }

    fn data(&mut self, call: &mut Call, now: Now) -> Result<Turn, Stop> {
        match call.kind {
            Kind::Read => {
                call.further = true;
                Ok(Turn::Deliver(self.buffered_read_size().min(call.room())))
            }
            // Data that was under way when a renegotiation began waits for the next SSLRead (behaviours 12). Where too
            // much of it waits, the call gives way: only SSLRead makes room.
            _ if self.state == State::Handshake || self.engine.has_asked() => {
                if self.returned.len() >= MAX_WAITING {
                    return Err(Stop::Status(status::SSL_WOULD_BLOCK));
                }
                let mut held = Secret::zeroed(self.engine.readable());
                self.engine.read(held.as_mut_bytes());
                self.returned.append(held.as_bytes());
                self.flush(call, now)
            }
            _ => Err(Stop::Fault(self.engine.refuse(Misstep::UnexpectedData.into()))),
        }
    }

    fn ask(&mut self, need: handshake::Need) -> Result<Turn, Stop> {
        Ok(match need {
            handshake::Need::App(pause) => {
                self.paused = Some(pause);
                Turn::Return(status::of_pause(pause))
            }
            handshake::Need::Trust => match self.peer_trust() {
                Some(cell) => Turn::Need(Need::Trust(cell)),
                None => return Err(Stop::Fault(handshake::broken())),
            },
            handshake::Need::Sign { credentials, algorithm, input } => {
                Turn::Need(Need::Sign { credentials, algorithm, input })
            }
            handshake::Need::Decrypt { credentials, ciphertext, versions, random } => {
                Turn::Need(Need::Decrypt { credentials, ciphertext, versions, random })
            }
            handshake::Need::Agree { credentials, share } => Turn::Need(Need::Agree { credentials, share }),
            handshake::Need::Psk { identity } => {
                self.looked_up = Some(identity.clone());
                Turn::Need(Need::Psk { identity })
            }
        })
    }

    /// close_notify: ours is queued; SSLRead closes the context, SSLHandshake leaves the state (behaviours 6).
    fn peer_closed(&mut self, call: &mut Call) -> Turn {
        let code = match call.kind {
            Kind::Read => {
                self.state = State::Closed;
                if call.processed > 0 { status::SEC_SUCCESS } else { status::SSL_CLOSED_GRACEFUL }
            }
            _ => status::SSL_CLOSED_GRACEFUL,
        };
        self.end(call, code)
    }

    /// SSLReHandshake: nothing is sent by this call (behaviours 12).
    pub fn rehandshake(&mut self, now: Now) -> OsStatus {
        match (self.state, self.config.role) {
            (State::Closed, _) => status::SSL_CLOSED_GRACEFUL,
            (State::Aborted, _) => status::SSL_CLOSED_ABORT,
            (State::Handshake, _) => status::SEC_BAD_REQ,
            (State::Idle, Role::Server) => status::SSL_ILLEGAL_PARAM,
            (State::Idle | State::Connected, _) if !self.has_io => status::SEC_BAD_REQ,
            (State::Idle, Role::Client) => {
                self.state = State::Handshake;
                self.engine.start(&self.config, now).map_or_else(status::of_fault, |()| status::SEC_SUCCESS)
            }
            (State::Connected, _) if !self.engine.is_ready() => status::SEC_BAD_REQ,
            (State::Connected, role) => {
                if let Err(fault) = self.engine.restart(&self.config, now) {
                    return status::of_fault(fault);
                }
                if role == Role::Client {
                    (self.state, self.unreported) = (State::Handshake, false);
                }
                status::SEC_SUCCESS
            }
        }
    }

    // --- how calls end ---------------------------------------------------------------------------------

    fn succeed(&mut self, call: &mut Call) -> Turn {
        self.unreported = false;
        call.phase = Phase::LastFlush(status::SEC_SUCCESS);
        Turn::Return(status::SEC_SUCCESS)
    }

    /// Returns `code` after one attempt to send what is queued.
    fn end(&mut self, call: &mut Call, code: OsStatus) -> Turn {
        call.phase = Phase::LastFlush(code);
        if self.engine.has_output() { Turn::Write } else { Turn::Return(code) }
    }

    /// A failing SSLHandshake leaves the state, SSLRead and SSLWrite abort (behaviours 2).
    fn faulted(&mut self, call: &mut Call, fault: Fault) -> Turn {
        if matches!(call.kind, Kind::Read | Kind::Write) {
            self.state = State::Aborted;
        }
        self.end(call, status::of_fault(fault))
    }

    fn raised(&mut self, call: &mut Call) -> Turn {
        match call.phase {
            Phase::Sending => self.stick(call, status::SEC_SUCCESS),
            _ => Turn::Return(status::SEC_SUCCESS),
        }
    }

    // --- moving plaintext ------------------------------------------------------------------------------

    /// Copies plaintext that [`Turn::Deliver`] announced.
    pub fn take(&mut self, call: &mut Call, out: &mut [u8]) -> usize {
        let room = call.room().min(out.len());
        let n = if self.returned.is_empty() {
            self.engine.read(&mut out[..room])
        } else {
            self.returned.take(&mut out[..room])
        };
        call.processed += n;
        call.further |= self.is_datagram(); // what was sent together is read together, and nothing else with it
        n
    }

    /// Puts back plaintext that a call took and could not hand over, so that the next SSLRead delivers it.
    pub fn put_back(&mut self, call: &mut Call, bytes: &[u8]) {
        self.returned.put_back(bytes);
        call.processed -= bytes.len().min(call.processed);
    }

    /// Seals a stretch of the caller's data.
    pub fn seal(&mut self, call: &mut Call, plain: &[u8]) -> usize {
        if self.state == State::Closed || (self.state == State::Aborted && call.stuck.is_none()) {
            call.processed = call.length; // ended meanwhile: nothing may follow the alert
            return 0;
        }
        let n = self.engine.write(&plain[..plain.len().min(call.room())]).unwrap_or(0); // a fault is kept
        call.processed += n;
        n
    }

    /// Undelivered plaintext of the current record.
    #[must_use]
    pub fn buffered_read_size(&self) -> usize {
        if self.returned.is_empty() { self.engine.readable() } else { self.returned.len() }
    }

    /// Gives an answer to the engine and keeps what came of it for the next step.
    pub(super) fn go_on(&mut self, answer: Answer, now: Now) {
        self.looked_up = None;
        self.pending = Some(self.engine.answer(answer, &self.config, now));
    }
}
