//! One record layer for both directions.
//!
//! In: bytes of the transport, plaintext. Out: records opened in place, records sealed straight from the
//! caller's slice. Promise: one cipher pass and at most one copy per byte, no allocation per record, never more
//! than one maximal record held for a peer that is not authenticated.

pub mod aead;
pub mod cbc;
pub mod cbc_mte;
pub mod epoch;
pub mod head;
pub mod protect;
pub mod reader;
pub mod stream;
pub mod writer;
