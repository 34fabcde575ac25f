//! What all connections of a process share, and what a fork does to it.
//!
//! A forked child has one thread: what another one had locked stays locked there for ever. In: short work on shared
//! state. Out: the same. Promise: between [`before_fork`] and [`after_fork`] no such work is under way, so that the child
//! finds every lock of it free. Who works here waits for nothing else meanwhile, the interpreter included.

use core::ops::{Deref, DerefMut};
use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static GATE: RwLock<()> = RwLock::new(());

thread_local! {
    /// The whole gate, in the thread that forks. The child has this thread, and so this too.
    static HELD: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// No process is forked while this is held. Never take it twice.
pub fn stay() -> RwLockReadGuard<'static, ()> {
    GATE.read().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that calls this is about to fork: waits until nobody works on shared state.
pub fn before_fork() {
    let gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
    HELD.with(|held| held.replace(Some(gate)));
}

/// It has, or has failed to: to be called in the parent and in the child.
pub fn after_fork() {
    HELD.with(RefCell::take);
}

/// A mutex that a forked child finds free. A panic elsewhere leaves a whole value behind.
#[derive(Default)]
pub struct Shared<T>(Mutex<T>);

/// Access to a [`Shared`] value.
pub struct Access<'a, T> {
    value: MutexGuard<'a, T>,
    _stay: RwLockReadGuard<'static, ()>, // dropped behind the other
}

impl<T> Shared<T> {
    /// Holds `value`.
    pub fn new(value: T) -> Shared<T> {
        Shared(Mutex::new(value))
    }

    /// Waits for the value. Never take a second one meanwhile.
    pub fn lock(&self) -> Access<'_, T> {
        let _stay = stay();
        Access { value: self.0.lock().unwrap_or_else(PoisonError::into_inner), _stay }
    }
}

impl<T> Deref for Access<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Access<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn a_fork_waits_for_who_is_inside_and_lets_nobody_in() {
        let shared = Shared::new(1);
        let inside = shared.lock();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                before_fork();
                let _ = tell.send(());
                after_fork();
            });
            thread::yield_now();
            assert!(told.try_recv().is_err());
            drop(inside);
            assert!(told.recv().is_ok());
            *shared.lock() += 1;
        });
        assert_eq!(*shared.lock(), 2);
    }
}
