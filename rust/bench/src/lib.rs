//! Nothing but a place for the benches in `benches/`, so that criterion stays out of `cargo test`.
