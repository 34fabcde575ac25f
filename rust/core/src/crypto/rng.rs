//! Random bytes, injected so that recordings can be made and nothing else ever changes.

use crate::fault::{Fault, Internal};

/// A source of random bytes.
pub trait Rng: Send {
    /// Fills `out`.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Fault>;
}

/// The operating system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRng;

impl Rng for OsRng {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        getrandom::fill(out).map_err(|_| Internal::Random.into())
    }
}
