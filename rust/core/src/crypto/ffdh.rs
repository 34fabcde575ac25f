//! Ephemeral Diffie-Hellman over finite fields, with groups that a caller or a peer chose.
//!
//! In: a group, the peer's share. Out: our share, the shared secret. Promise: a prime above [`MAX_BITS`] is refused
//! before anything is computed with it; even primes, generators and shares outside 2 to p-2 are refused (RFC 7919
//! section 5.1); whether a prime is one is never tested in a handshake, and only primes that are known to be safe
//! get exponents shorter than the group.

use super::hash::Hash;
use super::known_primes::KNOWN;
use super::secret::Secret;
use crate::fault::{CryptoFault, Fault};
use core::cmp::Ordering;
use st_awslc::{Dh, Parameters};

/// The largest prime we compute with: the largest one of RFC 3526 and RFC 7919. The work grows with the third
/// power, and the size is the peer's choice.
pub const MAX_BITS: usize = 8192;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhGroup(Parameters);

fn bad() -> Fault {
    CryptoFault::BadKeyShare.into()
}

/// Without leading zeros.
fn shortest(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    &bytes[zeros..]
}

/// Compares two numbers.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (shortest(a), shortest(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn bits(number: &[u8]) -> usize {
    let number = shortest(number);
    number.first().map_or(0, |first| 8 * number.len() - first.leading_zeros() as usize)
}

impl DhGroup {
    /// A group out of its prime and its generator.
    pub fn new(p: &[u8], g: &[u8]) -> Result<DhGroup, Fault> {
        DhGroup(Parameters { p: shortest(p).to_vec(), g: shortest(g).to_vec(), q: None }).checked()
    }

    /// A group out of a PKCS#3 DHParameter in DER.
    pub fn from_pkcs3(der: &[u8]) -> Result<DhGroup, Fault> {
        DhGroup(Parameters::from_pkcs3(der).map_err(|_| bad())?).checked()
    }

    /// The group of a server that was given none: 2048 bits with a subgroup of 256 (RFC 5114 section 2.3).
    pub fn built_in() -> Result<DhGroup, Fault> {
        Parameters::rfc5114_2048_256().map(DhGroup).map_err(|_| CryptoFault::Primitive.into())
    }

    fn checked(self) -> Result<DhGroup, Fault> {
        let odd = self.0.p.last().is_some_and(|last| last & 1 == 1);
        if odd && self.bits() <= MAX_BITS && self.holds(&self.0.g) { Ok(self) } else { Err(bad()) }
    }

    /// Whether a number lies between 2 and p-2.
    fn holds(&self, number: &[u8]) -> bool {
        let mut highest = self.0.p.clone();
        if let Some(last) = highest.last_mut() {
            *last &= !1; // p-1, for p is odd
        }
        compare(number, &[1]) == Ordering::Greater && compare(number, &highest) == Ordering::Less
    }

    /// Refuses a share that gives the secret away: 0, 1, p-1 and what is no residue at all.
    pub fn check_share(&self, share: &[u8]) -> Result<(), Fault> {
        if self.holds(share) { Ok(()) } else { Err(bad()) }
    }

    /// The size of the prime.
    #[must_use]
    pub fn bits(&self) -> usize {
        bits(&self.0.p)
    }

    /// The prime, at its shortest.
    #[must_use]
    pub fn prime(&self) -> &[u8] {
        &self.0.p
    }

    /// The generator, at its shortest.
    #[must_use]
    pub fn generator(&self) -> &[u8] {
        &self.0.g
    }

    /// Whether both p and (p-1)/2 are prime. Slow for large groups: for those who ask, never for a handshake.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.0.is_safe_prime().unwrap_or(false)
    }

    /// How many bits our exponent may be cut to: a short one is as strong as a long one only where the group is
    /// known to have no small subgroups.
    fn exponent(&self) -> Option<u32> {
        let digest = Hash::Sha256.digest(&self.0.p);
        let known = KNOWN.iter().find(|known| known.sha256 == digest.as_bytes());
        known.filter(|_| self.0.q.is_none()).map(|known| known.exponent)
    }
}

/// Our half of one exchange.
pub struct DhKey {
    group: DhGroup,
    key: Dh,
    public: Vec<u8>,
}

impl DhKey {
    /// A fresh key pair.
    pub fn generate(group: &DhGroup) -> Result<DhKey, Fault> {
        let refused = |_| Fault::from(CryptoFault::Primitive);
        let key = Dh::generate(&group.0, group.exponent()).map_err(refused)?;
        let public = key.public().map_err(refused)?;
        Ok(DhKey { group: group.clone(), key, public })
    }

    /// Our share, as long as the prime.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The shared secret with the peer's share, without leading zeros (RFC 5246 section 8.1.2). That its length
    /// shows in the time of what follows is harmless as long as a key serves one exchange, which it does: it is
    /// used up here.
    pub fn agree(self, peer: &[u8]) -> Result<Secret, Fault> {
        self.group.check_share(peer)?;
        let shared = self.key.agree(peer).map_err(|_| bad())?;
        Ok(Secret::copy_of(shortest(&shared)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_agree_over_the_built_in_group() -> Result<(), Fault> {
        let group = DhGroup::built_in()?;
        assert_eq!(group.bits(), 2048);
        assert_eq!(group.exponent(), None, "its subgroup bounds the exponent");
        let (a, b) = (DhKey::generate(&group)?, DhKey::generate(&group)?);
        let (pa, pb) = (a.public().to_vec(), b.public().to_vec());
        // The other end does not know the order of the subgroup.
        let plain = DhGroup::new(group.prime(), group.generator())?;
        let c = DhKey::generate(&plain)?;
        let pc = c.public().to_vec();
        assert_eq!(a.agree(&pb)?, b.agree(&pa)?);
        let d = DhKey::generate(&group)?;
        let pd = d.public().to_vec();
        assert_eq!(d.agree(&pc)?, c.agree(&pd)?);
        Ok(())
    }

    #[test]
    fn values_that_give_the_secret_away_are_refused() -> Result<(), Fault> {
        let group = DhGroup::built_in()?;
        let mut below = group.prime().to_vec();
        if let Some(last) = below.last_mut() {
            *last -= 1;
        }
        let padded = [&[0, 0][..], &below].concat();
        for share in [&[][..], &[0], &[0, 0, 1], &below, &padded, group.prime(), &[0xff; 300]] {
            assert_eq!(group.check_share(share), Err(bad()));
            assert_eq!(DhKey::generate(&group)?.agree(share), Err(bad()));
        }
        assert_eq!(group.check_share(&[2]), Ok(()));
        Ok(())
    }

    #[test]
    fn groups_that_are_none_are_refused() -> Result<(), Fault> {
        let group = DhGroup::built_in()?;
        let p = group.prime();
        let mut even = p.to_vec();
        if let Some(last) = even.last_mut() {
            *last ^= 1;
        }
        let huge = [&[1][..], &[0xff; MAX_BITS / 8]].concat();
        let generators = [(p, &[][..]), (p, &[0]), (p, &[1]), (p, &even), (p, p), (p, &huge)];
        for (p, g) in generators.into_iter().chain([(&[][..], &[2][..]), (&[0], &[2]), (&even, &[2])]) {
            assert_eq!(DhGroup::new(p, g).err(), Some(bad()));
        }
        assert_eq!(DhGroup::new(&huge, &[2]).err(), Some(bad()), "one bit above the bound");
        assert_eq!(DhGroup::new(&[0xff; MAX_BITS / 8], &[2]).map(|g| g.bits()), Ok(MAX_BITS));
        Ok(())
    }

    #[test]
    fn exponents_are_short_for_known_primes_only() -> Result<(), Fault> {
        assert_eq!(KNOWN.len(), 13);
        let group = DhGroup::built_in()?;
        assert_eq!(DhGroup::new(group.prime(), group.generator())?.exponent(), None);
        Ok(())
    }
}
