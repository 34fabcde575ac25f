//! Certificate policies (RFC 5280 section 6.1, as a graph like RFC 9618): whether a chain that has to agree on a
//! policy does.
//!
//! In: a chain. Out: nothing, or the depth at which no policy is left. Promise: the caller asks for no policy of its
//! own, so a chain without constraints always passes; the work grows with what stands in the certificates, never with
//! the ways through them.

use super::cert::Certificate;
use super::walk::{self, Items, Malformed, context_number, small_unsigned};
use der::Tag;
use std::collections::{HashMap, HashSet};

const ANY: &[u8] = &[0x55, 0x1d, 32, 0];
/// More policies or mappings than this in one certificate, or alive at once, are too many.
const MOST: usize = 256;

/// The policies one certificate leaves alive, each with the policies that may follow it below.
type Level<'a> = HashMap<&'a [u8], HashSet<&'a [u8]>>;

/// What one certificate says about policies.
#[derive(Default)]
pub(super) struct Stated<'a> {
    policies: Option<HashSet<&'a [u8]>>,
    mappings: Vec<Mapping<'a>>,
    require_explicit: Option<u32>,
    inhibit_mapping: Option<u32>,
    inhibit_any: Option<u32>,
}

/// The certificatePolicies extension: the identifiers (section 4.2.1.4).
pub(super) fn read_policies(content: &[u8]) -> Result<HashSet<&[u8]>, Malformed> {
    let mut items = Items::new(walk::only(content, Tag::Sequence)?.value);
    let mut found = HashSet::new();
    while let Some(item) = items.next()? {
        if item.tag != Tag::Sequence || found.len() >= MOST {
            return Err(Malformed);
        }
        found.insert(Items::new(item.value).expect(Tag::ObjectIdentifier)?.value);
    }
    Ok(found)
}

/// One policy and the one that stands for it below.
pub(super) type Mapping<'a> = (&'a [u8], &'a [u8]);

/// The policyMappings extension (section 4.2.1.5); mappings from or to any policy are none.
pub(super) fn read_mappings(content: &[u8]) -> Result<Vec<Mapping<'_>>, Malformed> {
    let mut items = Items::new(walk::only(content, Tag::Sequence)?.value);
    let mut found = Vec::new();
    while let Some(item) = items.next()? {
        if item.tag != Tag::Sequence || found.len() >= MOST {
            return Err(Malformed);
        }
        let mut pair = Items::new(item.value);
        let (from, to) =
            (pair.expect(Tag::ObjectIdentifier)?.value, pair.expect(Tag::ObjectIdentifier)?.value);
        pair.end()?;
        if from == ANY || to == ANY {
            return Err(Malformed);
        }
        found.push((from, to));
    }
    if found.is_empty() { Err(Malformed) } else { Ok(found) }
}

/// The policyConstraints extension (section 4.2.1.11): requireExplicitPolicy, inhibitPolicyMapping.
pub(super) fn read_constraints(content: &[u8]) -> Result<(Option<u32>, Option<u32>), Malformed> {
    let mut items = Items::new(walk::only(content, Tag::Sequence)?.value);
    let (mut explicit, mut mapping) = (None, None);
    while let Some(item) = items.next()? {
        match context_number(item.tag) {
            Some(0) if explicit.is_none() && mapping.is_none() => {
                explicit = Some(small_unsigned(item.value)?)
            }
            Some(1) if mapping.is_none() => mapping = Some(small_unsigned(item.value)?),
            _ => return Err(Malformed),
        }
    }
    if explicit.is_none() && mapping.is_none() { Err(Malformed) } else { Ok((explicit, mapping)) }
}

/// The inhibitAnyPolicy extension (section 4.2.1.14).
pub(super) fn read_inhibit_any(content: &[u8]) -> Result<u32, Malformed> {
    small_unsigned(walk::only(content, Tag::Integer)?.value)
}

impl<'a> Stated<'a> {
    /// What does not parse is left out: the certificate has a reason against it already.
    fn of(certificate: &'a Certificate) -> Stated<'a> {
        let raw = certificate.policy_extensions();
        let (require_explicit, inhibit_mapping) =
            raw.constraints.and_then(|content| read_constraints(content).ok()).unwrap_or_default();
        Stated {
            policies: raw.policies.and_then(|content| read_policies(content).ok()),
            mappings: raw.mappings.and_then(|content| read_mappings(content).ok()).unwrap_or_default(),
            require_explicit,
            inhibit_mapping,
            inhibit_any: raw.inhibit_any.and_then(|content| read_inhibit_any(content).ok()),
        }
    }
}

/// How many more certificates may go by before something is asked for.
struct Counters {
    explicit: u32,
    mapping: u32,
    any: u32,
}

impl Counters {
    fn pass(&mut self) {
        for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
            *counter = counter.saturating_sub(1);
        }
    }

    fn tighten(&mut self, stated: &Stated<'_>) {
        let least = |counter: &mut u32, limit: Option<u32>| {
            *counter = limit.map_or(*counter, |limit| limit.min(*counter));
        };
        least(&mut self.explicit, stated.require_explicit);
        least(&mut self.mapping, stated.inhibit_mapping);
        least(&mut self.any, stated.inhibit_any);
    }
}

/// Whether a chain, leaf first and its anchor last, agrees on a policy where it has to; else the depth at which
/// none is left.
pub(super) fn check(chain: &[Certificate]) -> Result<(), usize> {
    let below = chain.len().saturating_sub(1);
    let start = u32::try_from(below).unwrap_or(u32::MAX).saturating_add(1);
    let mut counters = Counters { explicit: start, mapping: start, any: start };
    let mut level: Level<'_> = HashMap::from([(ANY, HashSet::from([ANY]))]);
    for (depth, certificate) in chain.iter().enumerate().take(below).rev() {
        let stated = Stated::of(certificate);
        let leaf = depth == 0;
        let any_counts = counters.any > 0 || (!leaf && certificate.is_self_issued());
        level = next_level(&level, &stated, any_counts);
        if level.len() > MOST || (counters.explicit == 0 && level.is_empty()) {
            return Err(depth);
        }
        if leaf {
            // Section 6.1.5 (a) and (b).
            counters.explicit = counters.explicit.saturating_sub(1);
            if stated.require_explicit == Some(0) {
                counters.explicit = 0;
            }
            return if counters.explicit == 0 && level.is_empty() { Err(depth) } else { Ok(()) };
        }
        map(&mut level, &stated, counters.mapping > 0);
        if !certificate.is_self_issued() {
            counters.pass();
        }
        counters.tighten(&stated);
    }
    Ok(())
}

/// The policies alive after one more certificate (section 6.1.3 (d) and (e)).
fn next_level<'a>(above: &Level<'a>, stated: &Stated<'a>, any_counts: bool) -> Level<'a> {
    let mut level = Level::new();
    let Some(policies) = &stated.policies else { return level };
    let expected: HashSet<&[u8]> = above.values().flatten().copied().collect();
    for policy in policies.iter().filter(|policy| **policy != ANY) {
        if expected.contains(policy) || expected.contains(ANY) {
            level.insert(policy, HashSet::from([*policy]));
        }
    }
    if policies.contains(ANY) && any_counts {
        for policy in expected {
            level.entry(policy).or_insert_with(|| HashSet::from([policy]));
        }
    }
    level
}

/// What is expected below a certificate that maps policies (section 6.1.4 (b)).
fn map<'a>(level: &mut Level<'a>, stated: &Stated<'a>, allowed: bool) {
    let mut mapped: HashMap<&[u8], HashSet<&[u8]>> = HashMap::new();
    for (from, to) in &stated.mappings {
        mapped.entry(from).or_default().insert(to);
    }
    for (from, to) in mapped {
        if !allowed {
            level.remove(from);
        } else if level.contains_key(from) || level.contains_key(ANY) {
            level.insert(from, to);
        }
    }
}
