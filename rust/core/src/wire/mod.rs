//! Bytes to typed messages and back. No policy, no cryptography.
//!
//! In: the body of one handshake message. Out: a typed message, or a [`crate::fault::Decode`] fault.
//! Promise: what is parsed is complete (nothing left over), every length is checked before memory is taken,
//! and encoding refuses what does not fit its length prefix.

pub mod certs;
pub mod codec;
pub mod extension;
pub mod fragment;
pub mod hello;
pub mod ids;
pub mod kx;
pub mod tail;
pub mod v2hello;
