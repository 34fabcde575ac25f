//! What is remembered of complete handshakes, so that the next one with the same peer is short: in a cache, or in tickets
//! that the client keeps.
//!
//! In: secrets and findings of a handshake. Out: the same, for as long as they may be used. Promise: nothing here decides
//! whether a session fits a connection; what a peer can make this room hold is bounded.

mod cache;
mod saved;
mod ticket;

pub use cache::{DEFAULT_LIFETIME, Key, Place, SessionCache, Side};
pub use saved::{Judged, Saved, Scope};
pub use ticket::{TICKET_KEY, TicketKeys};
