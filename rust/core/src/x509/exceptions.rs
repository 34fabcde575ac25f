//! Records of faults that a user has decided to live with.
//!
//! In: a chain with its reasons, or a record made of one. Out: a record, or which reasons it excuses. Promise: a
//! record is for one leaf; a fault is excused at the very certificate it was found at and nowhere else; fatal
//! faults are never recorded.

use super::cert::Certificate;
use super::reason::{Reason, ReasonKind};
use crate::crypto::hash::Hash;

const MAGIC: &[u8] = b"securetransport exceptions 1\n";
const DIGEST: usize = 32;

/// A record as it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exceptions(Vec<([u8; DIGEST], Vec<String>)>);

fn digest(certificate: &Certificate) -> [u8; DIGEST] {
    let mut out = [0; DIGEST];
    out.copy_from_slice(Hash::Sha256.digest(certificate.der()).as_bytes());
    out
}

impl Exceptions {
    /// What is wrong with a chain, as a record: for each certificate its digest and the names of the checks.
    pub fn write(chain: &[Certificate], reasons: &[Reason]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for (depth, certificate) in chain.iter().enumerate() {
            out.extend_from_slice(&digest(certificate));
            let mut names: Vec<&str> = reasons
                .iter()
                .filter(|reason| reason.depth == depth && !reason.kind.is_fatal())
                .map(|reason| reason.kind.name())
                .collect();
            names.sort_unstable();
            names.dedup();
            out.push(names.len() as u8);
            for name in names {
                out.push(name.len() as u8);
                out.extend_from_slice(name.as_bytes());
            }
        }
        out
    }

    /// Reads a record; `None` when it is none, or not for this leaf.
    pub fn read(record: &[u8], leaf: &Certificate) -> Option<Exceptions> {
        let mut rest = record.strip_prefix(MAGIC)?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (head, after) = rest.split_first_chunk::<DIGEST>()?;
            let (count, mut after) = after.split_first()?;
            let mut names = Vec::new();
            for _ in 0..*count {
                let (length, text) = after.split_first()?;
                let (text, next) = text.split_at_checked(usize::from(*length))?;
                names.push(core::str::from_utf8(text).ok()?.to_owned());
                after = next;
            }
            entries.push((*head, names));
            rest = after;
        }
        let fits = entries.first().is_some_and(|(of, _)| *of == digest(leaf));
        fits.then_some(Exceptions(entries))
    }

    /// Whether a reason against a chain is excused.
    pub fn excuse(&self, chain: &[Certificate], reason: &Reason) -> bool {
        if reason.kind.is_fatal() || reason.kind == ReasonKind::ChainTooComplex {
            return false;
        }
        let Some(certificate) = chain.get(reason.depth) else { return false };
        let of = digest(certificate);
        let excused = |names: &[String]| names.iter().any(|name| name == reason.kind.name());
        self.0.iter().any(|(known, names)| *known == of && excused(names))
    }
}
