//! Bytes to typed messages and back. No policy, no cryptography.

pub mod ids;
