//! The pump: runs a public call turn by turn.
//!
//! In: a [`Call`], the caller's functions, data to write or a place to read into. Out: the call's status, or the
//! exception of a callback. Promise: no lock is held over a callback or a wait, and no call waits for one direction
//! while it has the other; a holder of the session never attaches to the interpreter, so waiting for it cannot dead-lock.

use crate::buffer::{Input, new_bytes};
use crate::context::SslContext;
use crate::exit::{self, Away, Here};
use crate::transport::{self, Outcome};
use crate::trust;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use st_core::config::Now;
use st_core::crypto::rsa::open_premaster;
use st_core::crypto::secret::Secret;
use st_core::handshake::{Answer, Verdict};
use st_core::session::{Call, Event, Need, Turn};
use st_core::status::{self, OsStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Writes above this are sealed with the interpreter let go: about ten microseconds of AES.
const DETACH_ABOVE: usize = 32 * 1024;

/// Locks without caring whether another thread panicked while it held the lock.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to move bytes in one direction. Unlike a mutex it may be waited for in one place and let go in
/// another, and be held while Python code runs.
#[derive(Default)]
pub struct Direction {
    state: Mutex<Use>,
    free: Condvar,
    /// Threads that wait for the right, or for what they want it for.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Use {
    busy: bool,
    /// Somebody tried meanwhile and went on, leaving the work to the holder.
    missed: bool,
}

/// Why a wait for a [`Direction`] is over.
pub enum Waited<'a> {
    /// The right is ours.
    Held(Held<'a>),
    /// What it was wanted for has happened without it.
    Ready,
}

/// The right, until dropped.
pub struct Held<'a>(&'a Direction);

impl Direction {
    /// Takes the right if nobody has it.
    pub fn try_take(&self) -> Option<Held<'_>> {
        let mut now = lock(&self.state);
        if now.busy {
            now.missed = true;
            return None;
        }
        now.busy = true;
        Some(Held(self))
    }

    /// Waits for the right, with the interpreter let go.
    pub fn take(&self, py: Python<'_>) -> Held<'_> {
        let mut now = lock(&self.state);
        if now.busy {
            drop(now);
            exit::detach(py, || {
                let _away = Away::new();
                let mut now = lock(&self.state);
                while now.busy {
                    now = self.free.wait(now).unwrap_or_else(PoisonError::into_inner);
                }
                now.busy = true;
            });
        } else {
            now.busy = true;
        }
        Held(self)
    }

    /// Waits for the right, or until `ready` says that it is not needed, with the interpreter let go. Whoever makes
    /// `ready` true says so by [`Direction::stir`].
    pub fn take_or(&self, py: Python<'_>, ready: impl Fn() -> bool + Send + Sync) -> Waited<'_> {
        let taken = exit::detach(py, || {
            let _away = Away::new();
            // Counted before the first look: who changes the answer later finds it and stirs.
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let mut now = lock(&self.state);
            let taken = loop {
                if !now.busy {
                    now.busy = true;
                    break true;
                }
                if ready() {
                    break false;
                }
                now = self.free.wait(now).unwrap_or_else(PoisonError::into_inner);
            };
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            taken
        });
        if taken { Waited::Held(Held(self)) } else { Waited::Ready }
    }

    /// Has everybody who waits look again.
    pub fn stir(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.state)); // not between somebody's look and its wait
            self.free.notify_all();
        }
    }
}

impl Held<'_> {
    /// Lets go; says whether somebody tried meanwhile and left work here.
    pub fn release(self) -> bool {
        let direction = self.0;
        std::mem::forget(self); // what its drop would do is done here, in one step with the question
        let mut now = lock(&direction.state);
        now.busy = false;
        let missed = std::mem::take(&mut now.missed);
        drop(now);
        direction.free.notify_all();
        missed
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).busy = false;
        self.0.free.notify_all();
    }
}

/// Threads that run a callback of one context at this moment.
#[derive(Default)]
pub struct Inside(Mutex<Vec<ThreadId>>);

impl Inside {
    /// Whether this thread runs a callback of this context: then nothing may move data (decisions 11).
    pub fn is_this_thread(&self) -> bool {
        lock(&self.0).contains(&std::thread::current().id())
    }

    fn run<R>(&self, callback: impl FnOnce() -> R) -> R {
        let id = std::thread::current().id();
        let _away = Away::new();
        lock(&self.0).push(id);
        let result = callback();
        let mut inside = lock(&self.0);
        if let Some(at) = inside.iter().rposition(|other| *other == id) {
            inside.swap_remove(at);
        }
        result
    }
}

/// The time as the engine takes it.
pub fn now() -> Now {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    Now { mono: START.get_or_init(Instant::now).elapsed(), wall }
}

/// Where plaintext goes.
pub enum Sink<'a, 'py> {
    /// Nowhere: the call delivers none.
    Nothing,
    /// Into the caller's memory.
    Buffer(&'a mut [u8]),
    /// Into new `bytes`, one for each record touched, two at most.
    New(Vec<Bound<'py, PyBytes>>),
}

/// One call under way.
pub struct Pump<'a, 'py> {
    /// The context.
    pub context: &'a SslContext,
    /// The interpreter.
    pub py: Python<'py>,
    /// The call.
    pub call: Call,
    /// Data to write.
    pub data: &'a [u8],
    /// Where plaintext goes.
    pub sink: Sink<'a, 'py>,
    /// Which directions the call needs for itself.
    pub needs: Needs,
    parked: Option<PyErr>,
}

/// Which direction a call begins with. It never waits for one while it holds the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Reading, for its whole length; it sends when nobody else does.
    Read,
    /// Writing, except while it drives a handshake.
    Write,
    /// Neither: SSLHandshake reads when its turn has come, and like SSLClose sends when nobody else does.
    Neither,
}

impl<'a, 'py> Pump<'a, 'py> {
    /// A call that moves no plaintext.
    pub fn new(context: &'a SslContext, py: Python<'py>, call: Call, needs: Needs) -> Self {
        Pump { context, py, call, data: &[], sink: Sink::Nothing, needs, parked: None }
    }

    /// Runs the call to its end.
    pub fn run(&mut self) -> PyResult<OsStatus> {
        let (context, py) = (self.context, self.py);
        let _here = Here::new();
        let mut read = (self.needs == Needs::Read).then(|| context.reading.take(py));
        let mut write = (self.needs == Needs::Write).then(|| context.writing.take(py));
        let mut event = Event::Begin;
        let code = loop {
            exit::check(py);
            let turn = self.step(event);
            if self.call.is_sending() && write.is_none() {
                drop(read.take());
                write = Some(context.writing.take(py));
            }
            event = match turn {
                Turn::Return(code) => break code,
                Turn::Read => self.read(),
                Turn::Write => self.write(write.is_some()),
                Turn::Alone => {
                    self.hand_on(write.take());
                    let call = &self.call;
                    match context.reading.take_or(py, || lock(&context.session).may_go_on(call)) {
                        Waited::Held(held) => {
                            read = Some(held);
                            Event::Done
                        }
                        Waited::Ready => Event::Busy,
                    }
                }
                Turn::Need(Need::Psk { identity }) => match self.look_up(&identity) {
                    Ok(()) => Event::Done,
                    Err(error) => self.park(error),
                },
                Turn::Need(Need::Alpn(data)) => match self.tell(&data) {
                    Ok(()) => Event::Done,
                    Err(error) => self.park(error),
                },
                Turn::Need(Need::KeyLog(line)) => match self.log(&line) {
                    Ok(()) => Event::Done,
                    Err(error) => self.park(error),
                },
                Turn::Need(need) => {
                    self.answer(need);
                    Event::Done
                }
                Turn::Deliver(n) => match self.deliver(n) {
                    Ok(()) => Event::Done,
                    Err(error) => self.park(error),
                },
                Turn::Seal => {
                    self.seal();
                    Event::Done
                }
            };
        };
        drop(read);
        self.hand_on(write);
        self.finish(code)
    }

    /// Lets go of writing. Whoever found it taken meanwhile left what is queued to this call: one attempt to send.
    fn hand_on(&mut self, held: Option<Held<'a>>) {
        let mut held = held;
        while held.take().is_some_and(Held::release) && self.parked.is_none() {
            held = self.context.writing.try_take();
            while held.is_some() && self.context.with_session(self.py, |s| s.has_output()) {
                if self.write(true) != Event::Done || self.parked.is_some() {
                    break;
                }
            }
        }
    }

    fn park(&mut self, error: PyErr) -> Event {
        self.parked.get_or_insert(error);
        Event::Raised
    }

    fn finish(&mut self, code: OsStatus) -> PyResult<OsStatus> {
        let Some(error) = self.parked.take() else { return Ok(code) };
        self.put_back();
        let value = error.value(self.py);
        if value.setattr("processed", self.call.processed()).is_err() {
            // An exception with slots cannot carry the count; the exception itself matters more.
        }
        Err(error)
    }

    /// What was opened for a call that ends in an exception goes back inside (decisions 12).
    fn put_back(&mut self) {
        let call = &mut self.call;
        let mut session = lock(&self.context.session);
        match &self.sink {
            Sink::Nothing => {}
            Sink::Buffer(out) => {
                let n = call.processed();
                session.put_back(call, &out[..n]);
            }
            Sink::New(chunks) => {
                let joined: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.as_bytes()).copied().collect();
                session.put_back(call, &joined);
            }
        }
    }

    fn step(&mut self, event: Event) -> Turn {
        let call = &mut self.call;
        // Handshake steps are long; records are opened in less time than letting go takes.
        let detach = !self.context.is_settled();
        let turn =
            self.context.with_session_maybe(self.py, detach, |session| session.step(call, event, now()));
        self.context.reading.stir();
        turn
    }

    fn read(&mut self) -> Event {
        let (py, context) = (self.py, self.context);
        let Some((reader, _)) = context.callbacks(py) else { return Event::Failed(status::SEC_BAD_REQ) };
        let connection = context.connection(py);
        let (loan, inside) = context.with_session(py, |s| (s.lend_input(), s.is_in_datagram()));
        let (loan, outcome) =
            context.inside.run(|| transport::read(py, reader.bind(py), connection.bind(py), loan, inside));
        context.with_session(py, |session| session.return_input(loan, outcome.moved));
        self.went(outcome)
    }

    fn write(&mut self, held: bool) -> Event {
        let (py, context) = (self.py, self.context);
        let tried = if held { None } else { context.writing.try_take() };
        if !held && tried.is_none() {
            return Event::Busy;
        }
        let Some((_, writer)) = context.callbacks(py) else { return Event::Failed(status::SEC_BAD_REQ) };
        let connection = context.connection(py);
        let Some(loan) = context.with_session(py, |session| session.lend_output(false)) else {
            return Event::Done;
        };
        let (loan, outcome) =
            context.inside.run(|| transport::write(py, writer.bind(py), connection.bind(py), loan));
        context.with_session(py, |session| session.settle_output(loan, outcome.moved));
        self.went(outcome)
    }

    fn went(&mut self, outcome: Outcome) -> Event {
        match outcome.error {
            Some(error) => self.park(error),
            None => outcome.event,
        }
    }

    fn deliver(&mut self, n: usize) -> PyResult<()> {
        let (py, context, call) = (self.py, self.context, &mut self.call);
        match &mut self.sink {
            Sink::Nothing => {}
            Sink::Buffer(out) => {
                let at = call.processed();
                let part = out.get_mut(at..at + n).unwrap_or_default();
                context.with_session(py, |session| session.take(call, part));
            }
            Sink::New(chunks) => {
                let chunk = new_bytes(py, n, |out| lock(&context.session).take(call, out))?;
                chunks.push(chunk);
            }
        }
        Ok(())
    }

    fn seal(&mut self) {
        let (call, data) = (&mut self.call, self.data);
        let rest = data.get(call.processed()..).unwrap_or_default();
        let detach = rest.len() > DETACH_ABOVE;
        self.context.with_session_maybe(self.py, detach, |session| session.seal(call, rest));
    }

    /// Asks the application for the secret of an identity: `lookup(connection, identity)` gives bytes or None.
    fn look_up(&self, identity: &[u8]) -> PyResult<()> {
        let (py, context) = (self.py, self.context);
        let secret = match context.psk_lookup(py) {
            None => None, // taken away meanwhile
            Some(lookup) => {
                let arguments = (context.connection(py), PyBytes::new(py, identity));
                let found = context.inside.run(|| lookup.bind(py).call1(arguments))?;
                if found.is_none() { None } else { Some(Secret::copy_of(Input::new(&found)?.as_slice())) }
            }
        };
        exit::detach(py, || lock(&context.session).answer(Answer::Psk(secret), now()));
        Ok(())
    }

    /// Tells the application what the server selected: `function(data)`.
    fn tell(&self, data: &[u8]) -> PyResult<()> {
        let (py, context) = (self.py, self.context);
        let Some(function) = context.alpn_news(py) else { return Ok(()) }; // taken away meanwhile
        context.inside.run(|| function.bind(py).call1((PyBytes::new(py, data),))).map(drop)
    }

    /// Gives a line to the application: `function(line)`.
    fn log(&self, line: &Secret) -> PyResult<()> {
        let (py, context) = (self.py, self.context);
        let Some(function) = context.key_log(py) else { return Ok(()) }; // taken away meanwhile
        let line = PyString::new(py, &String::from_utf8_lossy(line.as_bytes()));
        context.inside.run(|| function.bind(py).call1((line,))).map(drop)
    }

    /// Answers with the interpreter let go and no lock held. A key may be a caller's function: a callback then.
    fn answer(&self, need: Need) {
        let context = self.context;
        exit::detach(self.py, || {
            let answer = match need {
                Need::Trust(cell) => Answer::Trust(if trust::evaluate(&cell).is_success() {
                    Verdict::Accepted
                } else {
                    Verdict::Rejected
                }),
                Need::Sign { credentials, algorithm, input } => {
                    let signature = context.inside.run(|| credentials.key.sign(algorithm, &input));
                    signature.map_or(Answer::Failed, Answer::Signature)
                }
                Need::Decrypt { credentials, ciphertext, versions, random } => {
                    let key = &credentials.key;
                    let open = || open_premaster(key, &ciphertext, versions, &random);
                    Answer::Premaster(context.inside.run(open))
                }
                Need::Agree { credentials, share } => {
                    credentials.key.agree(&share).map_or(Answer::Failed, Answer::Premaster)
                }
                Need::Psk { .. } => Answer::Psk(None), // the application was asked before this
                Need::Alpn(_) | Need::KeyLog(_) => return, // told before this
            };
            lock(&context.session).answer(answer, now());
        });
    }
}
