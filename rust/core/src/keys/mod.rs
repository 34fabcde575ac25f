//! Secrets out of secrets: what each version derives, and the transcript it derives from.
//!
//! In: a premaster, randoms, hashes. Out: master secrets, record keys, Finished values. Promise: which
//! derivation runs is read from the profile's schedule.

pub mod classic;
pub mod export;
pub mod log;
pub mod transcript;
