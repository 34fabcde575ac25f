//! Finite-field Diffie-Hellman with any parameters.
//!
//! In: a prime and a generator as big-endian bytes, a peer's share. Out: our share, the shared secret, each as long
//! as the prime. Promise: AWS-LC refuses an even prime and the shares 0, 1, p-1 and above, and with a known order
//! of the subgroup every share outside it; how large a prime may be is the caller's business.

use crate::{Error, cbs, check};
use aws_lc_sys as sys;
use core::ptr::{self, NonNull};
use zeroize::Zeroizing;

/// A big number of our own.
struct Number(NonNull<sys::BIGNUM>);

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: owned by this value and freed once; private values are wiped on the way.
        unsafe { sys::BN_clear_free(self.0.as_ptr()) }
    }
}

impl Number {
    fn new(bytes: &[u8]) -> Result<Number, Error> {
        // SAFETY: a null output asks for a fresh number.
        let raw = unsafe { sys::BN_bin2bn(bytes.as_ptr(), bytes.len(), ptr::null_mut()) };
        NonNull::new(raw).map(Number).ok_or_else(Error::take)
    }

    /// Gives the number away.
    fn into_raw(self) -> *mut sys::BIGNUM {
        let raw = self.0.as_ptr();
        core::mem::forget(self);
        raw
    }
}

/// The bytes of a number that AWS-LC keeps, at its shortest.
///
/// # Safety
/// `number` is null or valid for the duration of the call.
unsafe fn bytes(number: *const sys::BIGNUM) -> Result<Vec<u8>, Error> {
    if number.is_null() {
        return Err(Error(0));
    }
    // SAFETY: the output has exactly as many bytes as the number.
    unsafe {
        let mut out = vec![0; sys::BN_num_bytes(number) as usize];
        check(sys::BN_bn2bin_padded(out.as_mut_ptr(), out.len(), number))?;
        Ok(out)
    }
}

/// A group: prime and generator, each as big-endian bytes without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The prime.
    pub p: Vec<u8>,
    /// The generator.
    pub g: Vec<u8>,
    /// The order of the generator's subgroup, where it is known.
    pub q: Option<Vec<u8>>,
}

impl Parameters {
    /// A PKCS#3 DHParameter; nothing may follow it.
    pub fn from_pkcs3(der: &[u8]) -> Result<Parameters, Error> {
        let mut rest = cbs(der);
        // SAFETY: `rest` points into `der`, which is alive; the parameters are owned by `Dh`.
        unsafe {
            let dh = Dh(NonNull::new(sys::DH_parse_parameters(&raw mut rest)).ok_or_else(Error::take)?);
            if sys::CBS_len(&raw const rest) != 0 {
                return Err(Error(0));
            }
            dh.parameters()
        }
    }

    /// The 2048-bit group with a subgroup of 256 bits (RFC 5114 section 2.3).
    pub fn rfc5114_2048_256() -> Result<Parameters, Error> {
        // SAFETY: makes a fresh object that `Dh` owns.
        let dh = Dh(NonNull::new(unsafe { sys::DH_get_2048_256() }).ok_or_else(Error::take)?);
        dh.parameters()
    }

    fn build(&self) -> Result<Dh, Error> {
        let (p, g) = (Number::new(&self.p)?, Number::new(&self.g)?);
        let q = self.q.as_deref().map(Number::new).transpose()?;
        // SAFETY: a successful call takes the numbers over; it fails only for null numbers, which ours are not.
        unsafe {
            let dh = Dh(NonNull::new(sys::DH_new()).ok_or_else(Error::take)?);
            let q = q.map_or(ptr::null_mut(), Number::into_raw);
            check(sys::DH_set0_pqg(dh.0.as_ptr(), p.into_raw(), q, g.into_raw()))?;
            Ok(dh)
        }
    }

    /// Whether both p and (p-1)/2 are prime. Costs seconds for the largest groups.
    pub fn is_safe_prime(&self) -> Result<bool, Error> {
        let dh = Parameters { q: None, ..self.clone() }.build()?;
        let mut flags = 0;
        // SAFETY: the object is valid; the flags are written on success.
        check(unsafe { sys::DH_check(dh.0.as_ptr(), &raw mut flags) })?;
        Ok(flags & (sys::DH_CHECK_P_NOT_PRIME | sys::DH_CHECK_P_NOT_SAFE_PRIME) == 0)
    }
}

/// One end's half of one exchange.
pub struct Dh(NonNull<sys::DH>);

// SAFETY: a DH is owned by this value alone and has no ties to a thread.
unsafe impl Send for Dh {}

impl Drop for Dh {
    fn drop(&mut self) {
        // SAFETY: owned by this value and freed once; AWS-LC wipes the private number.
        unsafe { sys::DH_free(self.0.as_ptr()) }
    }
}

impl Dh {
    fn parameters(&self) -> Result<Parameters, Error> {
        // SAFETY: the numbers are borrowed from a valid object.
        unsafe {
            let q = sys::DH_get0_q(self.0.as_ptr());
            Ok(Parameters {
                p: bytes(sys::DH_get0_p(self.0.as_ptr()))?,
                g: bytes(sys::DH_get0_g(self.0.as_ptr()))?,
                q: if q.is_null() { None } else { Some(bytes(q)?) },
            })
        }
    }

    /// A fresh key pair. `length` bounds the private number in bits; without it, or with a known order of the
    /// subgroup, the number is as long as the subgroup allows.
    pub fn generate(parameters: &Parameters, length: Option<u32>) -> Result<Dh, Error> {
        let dh = parameters.build()?;
        // SAFETY: the object is valid and has its parameters.
        unsafe {
            if let Some(length) = length {
                check(sys::DH_set_length(dh.0.as_ptr(), length))?;
            }
            check(sys::DH_generate_key(dh.0.as_ptr()))?;
        }
        Ok(dh)
    }

    fn size(&self) -> usize {
        // SAFETY: the object is valid.
        usize::try_from(unsafe { sys::DH_size(self.0.as_ptr()) }).unwrap_or(0)
    }

    /// Our share, as long as the prime: some peers read nothing shorter.
    pub fn public(&self) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; self.size()];
        // SAFETY: the share is below the prime and so fits.
        unsafe {
            let share = sys::DH_get0_pub_key(self.0.as_ptr());
            check(sys::BN_bn2bin_padded(out.as_mut_ptr(), out.len(), share))?;
        }
        Ok(out)
    }

    /// The shared secret with the peer's share, as long as the prime.
    pub fn agree(&self, peer: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let peer = Number::new(peer)?;
        let mut out = Zeroizing::new(vec![0; self.size()]);
        // SAFETY: the output has as many bytes as the prime.
        let n = unsafe { sys::DH_compute_key_padded(out.as_mut_ptr(), peer.0.as_ptr(), self.0.as_ptr()) };
        if usize::try_from(n).is_ok_and(|n| n == out.len()) { Ok(out) } else { Err(Error::take()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in() -> Result<Parameters, Error> {
        Parameters::rfc5114_2048_256()
    }

    #[test]
    fn two_ends_agree_and_shares_have_the_length_of_the_prime() -> Result<(), Error> {
        let (a, b) = (Dh::generate(&built_in()?, None)?, Dh::generate(&built_in()?, None)?);
        assert_eq!(a.public()?.len(), 256);
        assert_eq!(a.agree(&b.public()?)?, b.agree(&a.public()?)?);
        Ok(())
    }

    /// One number of RFC 5114 appendix A.3.
    fn published(name: &str) -> Vec<u8> {
        let text = include_str!("../../../tests/rust/vectors/rfc5114.txt");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        let digits: Vec<u8> = line.unwrap_or_default().bytes().filter_map(|b| nibble(b as char)).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn nibble(digit: char) -> Option<u8> {
        digit.to_digit(16).and_then(|value| u8::try_from(value).ok())
    }

    #[test]
    fn the_published_exchange_gives_the_published_secret() -> Result<(), Error> {
        let group = built_in()?;
        assert_eq!((&group.p, &group.g), (&published("P"), &published("G")));
        assert_eq!(group.q, Some(published("Q")));
        for (private, share, theirs) in [("XA", "YA", "YB"), ("XB", "YB", "YA")] {
            let dh = group.build()?;
            let private = Number::new(&published(private))?;
            // SAFETY: the object takes the private number over and works the share out from it.
            unsafe {
                check(sys::DH_set0_key(dh.0.as_ptr(), ptr::null_mut(), private.into_raw()))?;
                check(sys::DH_generate_key(dh.0.as_ptr()))?;
            }
            assert_eq!(dh.public()?, published(share));
            assert_eq!(*dh.agree(&published(theirs))?, published("Z"));
        }
        Ok(())
    }

    #[test]
    fn shares_outside_the_group_are_refused() -> Result<(), Error> {
        let group = built_in()?;
        let mut below = group.p.clone();
        if let Some(last) = below.last_mut() {
            *last -= 1; // the prime is odd
        }
        // 3 lies outside the subgroup of 256 bits.
        for bad in [&[][..], &[0], &[1], &[3], &below, &group.p, &[0xff; 256], &[0xff; 300]] {
            assert!(Dh::generate(&group, None)?.agree(bad).is_err(), "{} bytes", bad.len());
        }
        Ok(())
    }

    #[test]
    fn groups_that_are_none_are_refused() {
        for (p, g) in [(&[][..], &[2][..]), (&[0], &[2]), (&[8], &[2]), (&[23], &[0]), (&[23], &[23])] {
            let group = Parameters { p: p.to_vec(), g: g.to_vec(), q: None };
            assert!(Dh::generate(&group, None).is_err(), "{p:?} {g:?}");
        }
    }

    #[test]
    fn safe_primes_are_told_from_others() -> Result<(), Error> {
        let small = |p: u8| Parameters { p: vec![p], g: vec![2], q: None };
        assert!(small(23).is_safe_prime()?);
        assert!(!small(29).is_safe_prime()?);
        assert!(!small(21).is_safe_prime()?);
        assert!(!built_in()?.is_safe_prime()?);
        Ok(())
    }

    #[test]
    fn pkcs3_is_read_to_its_end_only() -> Result<(), Error> {
        let der = [0x30, 6, 2, 1, 23, 2, 1, 5];
        let group = Parameters::from_pkcs3(&der)?;
        assert_eq!((group.p, group.g, group.q), (vec![23], vec![5], None));
        assert!(Parameters::from_pkcs3(&[&der[..], &[0]].concat()).is_err());
        assert!(Parameters::from_pkcs3(&der[..7]).is_err());
        assert!(Parameters::from_pkcs3(&[0x30, 6, 2, 1, 0x97, 2, 1, 5]).is_err(), "negative");
        Ok(())
    }
}
