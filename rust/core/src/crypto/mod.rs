//! The only room that names a crypto crate. In: bytes and keys. Out: bytes and [`crate::fault::Fault`]s.
//! Promise: secrets travel as [`secret::Secret`], failures say nothing about secrets.

pub mod aead;
mod algorithm;
pub mod cbc;
pub mod ecdh;
pub mod external;
pub mod ffdh;
pub mod hash;
mod known_primes;
pub mod mac;
pub mod mask;
pub mod pbe;
pub mod record_mac;
pub mod rng;
pub mod rsa;
pub mod secret;
pub mod sign;
pub mod stream;
