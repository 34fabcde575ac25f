//! The end of the program, while daemon threads are still in here.
//!
//! In: pieces of work done with the interpreter let go, and the news that the program ends. Out: their results. Promise:
//! before Python 3.14 a thread that wants the interpreter back while it goes down is unwound by force, and doing that to
//! a frame of Rust aborts the process; so from the moment the program ends such threads stop where they are and never
//! ask for it again, as Python 3.14 does with them by itself.

use crate::drive::lock;
use pyo3::prelude::*;
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// How long the end of the program waits for work that is being computed.
const WORK: Duration = Duration::from_secs(1);
/// How long it waits for callbacks to return: those that are moving data do at once, the others may never.
const CALLBACKS: Duration = Duration::from_millis(20);

static ENDING: AtomicBool = AtomicBool::new(false);
/// The thread that ends the program; it goes on.
static LAST: Mutex<Option<ThreadId>> = Mutex::new(None);
/// Threads in here, those of them in a callback or waiting for each other, and those that have stopped for good.
static ACTIVE: AtomicUsize = AtomicUsize::new(0);
static AWAY: AtomicUsize = AtomicUsize::new(0);
static STOPPED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How many calls this thread is in, one inside the callback of another: it counts once.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A call that is under way on this thread, until dropped.
pub struct Here(());

impl Here {
    /// It begins.
    pub fn new() -> Here {
        if DEPTH.replace(DEPTH.get() + 1) == 0 {
            ACTIVE.fetch_add(1, Ordering::SeqCst);
        }
        Here(())
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        if DEPTH.replace(DEPTH.get() - 1) == 1 {
            ACTIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// A callback, or a wait for another thread, until dropped.
pub struct Away(());

impl Away {
    /// It begins.
    pub fn new() -> Away {
        AWAY.fetch_add(1, Ordering::SeqCst);
        Away(())
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        AWAY.fetch_sub(1, Ordering::SeqCst);
    }
}

fn is_over() -> bool {
    ENDING.load(Ordering::SeqCst) && *lock(&LAST) != Some(thread::current().id())
}

fn stop() -> ! {
    STOPPED.fetch_add(1, Ordering::SeqCst);
    loop {
        thread::park();
    }
}

/// Stops this thread for good, with the interpreter let go, if the program has ended.
pub fn check(py: Python<'_>) {
    if is_over() {
        py.detach(|| stop());
    }
}

/// Work with the interpreter let go.
pub fn detach<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let _here = Here::new();
    py.detach(|| {
        let result = work();
        if is_over() {
            stop();
        }
        result
    })
}

/// Run by `atexit`: from now on threads stop; waits until those that are at work have.
#[pyfunction]
fn end(py: Python<'_>, process: u32) {
    *lock(&LAST) = Some(thread::current().id());
    ENDING.store(true, Ordering::SeqCst);
    if process != std::process::id() {
        return; // a child after a fork: the counted threads are not there
    }
    let started = Instant::now();
    loop {
        let left = ACTIVE.load(Ordering::SeqCst).saturating_sub(STOPPED.load(Ordering::SeqCst));
        let limit = if left <= AWAY.load(Ordering::SeqCst) { CALLBACKS } else { WORK };
        if left == 0 || started.elapsed() >= limit {
            return;
        }
        py.detach(|| thread::sleep(Duration::from_millis(1)));
    }
}

/// Asks to be told about the end of the program, where Python does not take care of it.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    if py.version_info() < (3, 14) {
        let end = wrap_pyfunction!(end, module)?;
        py.import("atexit")?.call_method1("register", (end, std::process::id()))?;
    }
    Ok(())
}
