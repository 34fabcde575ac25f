//! Certificates and their judgement: what a peer sent, whom we trust, and why a chain is or is not good.
//!
//! In: DER of certificates, policies, anchors and a moment in time. Out: a [`Trust`] verdict with the chain it
//! rests on and one [`Reason`] for each rule that is broken. Promise: no network, no clock, no panic and no
//! more than bounded work on hostile input; anything odd in a certificate is a reason in a verdict, only
//! bytes that are no certificate at all fail to load.
//!
//! ```text
//! cert  <- extensions, names, time, algorithms   one certificate's fields, over `der`
//! host, constraints                              matching of names
//! ledger <- checks <- purposes, policies, form   what is wrong with a chain, rule by rule
//! ledger <- revocation <- ocsp, crl              what was taken back
//! ledger <- search                               paths
//! trust                                          the verdict
//! allowances, exceptions                         what is let off, by name
//! pkcs12, pkcs7 <- ber                           files that hold certificates and keys
//! ```

mod algorithms;
mod allowances;
mod ber;
mod cert;
mod checks;
mod constraints;
mod crl;
mod exceptions;
mod extensions;
mod form;
mod host;
mod ledger;
mod names;
mod ocsp;
mod pkcs12;
mod pkcs7;
mod policies;
mod policy;
mod purposes;
mod reason;
mod revocation;
mod search;
mod time;
mod trust;
mod walk;

pub use allowances::Allowances;
pub use cert::{Certificate, X509Error};
pub use crl::Crl;
pub use host::matches_host;
pub use pkcs7::open_pkcs7;
pub use pkcs12::{Pkcs12Content, Pkcs12Error, Pkcs12Item, is_pkcs12, open_pkcs12};
pub use policy::Policy;
pub use reason::{Reason, ReasonKind};
pub use search::Anchors;
pub use trust::{Findings, Trust, TrustResult};
