//! The TLS engine of securetransport.
//!
//! In: bytes of a peer, plaintext of a caller, answers of an application. Out: bytes for the peer,
//! plaintext, questions ([`fault::Fault`]s when it went wrong). Promise: no I/O, no Python, no `unsafe`.
#![forbid(unsafe_code)]

pub mod config;
pub mod cookie;
pub mod crypto;
pub mod engine;
pub mod fault;
pub mod group;
pub mod handshake;
pub mod keys;
pub mod profile;
pub mod record;
pub mod resumption;
pub mod scheme;
pub mod session;
pub mod shared;
pub mod srtp;
pub mod status;
pub mod suite;
pub mod wire;
pub mod x509;
