//! Fuzz targets of the engine; their bodies are in [`targets`].
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../../tests/rust/common.rs"]
pub mod common;
#[path = "../../../tests/rust/net.rs"]
pub mod net;
#[path = "../../../tests/rust/tap.rs"]
pub mod tap;
pub mod targets;
