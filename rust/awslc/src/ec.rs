//! Elliptic-curve Diffie-Hellman with keys that also sign: the static exchanges of certificates.
//!
//! In: keys on P-256, P-384 or P-521, points in uncompressed form. Out: points, the shared x coordinate. Promise: a
//! point off the curve is refused before the private key is used.

use crate::{Error, Kind, Pkey, check};
use aws_lc_sys as sys;
use core::ptr::{self, NonNull};
use zeroize::Zeroizing;

/// Bytes of a coordinate, for the curves of EC keys.
fn coordinate(kind: Kind) -> Result<usize, Error> {
    match kind {
        Kind::P256 => Ok(32),
        Kind::P384 => Ok(48),
        Kind::P521 => Ok(66),
        _ => Err(Error(0)),
    }
}

/// An owned point.
struct Point(NonNull<sys::EC_POINT>);

impl Drop for Point {
    fn drop(&mut self) {
        // SAFETY: owned by this value and freed once.
        unsafe { sys::EC_POINT_free(self.0.as_ptr()) }
    }
}

impl Pkey {
    fn ec(&self) -> Result<*const sys::EC_KEY, Error> {
        coordinate(self.kind())?;
        // SAFETY: borrowed from a valid EC key.
        Ok(unsafe { sys::EVP_PKEY_get0_EC_KEY(self.raw.as_ptr()) })
    }

    /// A point on this key's curve out of its uncompressed form.
    fn point(&self, bytes: &[u8]) -> Result<Point, Error> {
        let ec = self.ec()?;
        if bytes.len() != 1 + 2 * coordinate(self.kind())? || bytes.first() != Some(&4) {
            return Err(Error(0));
        }
        // SAFETY: the group is borrowed from a valid key; the point is fresh and owned; whether it is on the curve
        // is checked while it is read.
        unsafe {
            let group = sys::EC_KEY_get0_group(ec);
            let point = Point(NonNull::new(sys::EC_POINT_new(group)).ok_or_else(Error::take)?);
            let (from, len) = (bytes.as_ptr(), bytes.len());
            check(sys::EC_POINT_oct2point(group, point.0.as_ptr(), from, len, ptr::null_mut()))?;
            Ok(point)
        }
    }

    /// The public point in uncompressed form.
    pub fn ec_point(&self) -> Result<Vec<u8>, Error> {
        let ec = self.ec()?;
        let mut out = vec![0; 1 + 2 * coordinate(self.kind())?];
        // SAFETY: group and point are borrowed from a valid key; the output holds an uncompressed point.
        let n = unsafe {
            sys::EC_POINT_point2oct(
                sys::EC_KEY_get0_group(ec),
                sys::EC_KEY_get0_public_key(ec),
                sys::point_conversion_form_t::POINT_CONVERSION_UNCOMPRESSED,
                out.as_mut_ptr(),
                out.len(),
                ptr::null_mut(),
            )
        };
        if n == out.len() { Ok(out) } else { Err(Error::take()) }
    }

    /// Whether these bytes are a point on this key's curve, in uncompressed form.
    #[must_use]
    pub fn is_ec_point(&self, bytes: &[u8]) -> bool {
        self.point(bytes).is_ok()
    }

    /// The x coordinate of the peer's point multiplied with our private number.
    pub fn ecdh(&self, peer: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (ec, peer) = (self.ec()?, self.point(peer)?);
        let mut out = Zeroizing::new(vec![0; coordinate(self.kind())?]);
        // SAFETY: the output holds a coordinate; without a derivation function the coordinate itself is written.
        let n =
            unsafe { sys::ECDH_compute_key(out.as_mut_ptr().cast(), out.len(), peer.0.as_ptr(), ec, None) };
        if usize::try_from(n).is_ok_and(|n| n == out.len()) { Ok(out) } else { Err(Error::take()) }
    }

    /// ECDSA over a digest of any length, which is cut to the size of the curve; the signature in DER.
    pub fn ecdsa_sign(&self, digest: &[u8]) -> Result<Vec<u8>, Error> {
        let ec = self.ec()?;
        // SAFETY: the key is valid; the output holds the longest signature it makes.
        unsafe {
            let mut out = vec![0; sys::ECDSA_size(ec)];
            let mut len = 0;
            let to = out.as_mut_ptr();
            check(sys::ECDSA_sign(0, digest.as_ptr(), digest.len(), to, &raw mut len, ec))?;
            out.truncate(len as usize);
            Ok(out)
        }
    }

    /// Whether a signature in DER is this key's over a digest of any length.
    pub fn ecdsa_verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        let ec = self.ec()?;
        let (from, len) = (signature.as_ptr(), signature.len());
        // SAFETY: all pointers come with the lengths of the slices they belong to.
        check(unsafe { sys::ECDSA_verify(0, digest.as_ptr(), digest.len(), from, len, ec) })
    }
}
