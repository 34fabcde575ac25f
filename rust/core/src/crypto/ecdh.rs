//! Ephemeral elliptic-curve Diffie-Hellman.
//!
//! In: a curve, the peer's share. Out: our share, the shared secret. Promise: a share of the wrong length, in
//! compressed form, off the curve or of low order is refused (RFC 8422 section 5.11, RFC 7748 section 6).

use super::secret::Secret;
use crate::fault::{CryptoFault, Fault};
use aws_lc_rs::agreement::{self, PrivateKey, PublicKey, UnparsedPublicKey};

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the curves' own names
pub enum Curve {
    P256,
    P384,
    P521,
    X25519,
}

impl Curve {
    fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Curve::P256 => &agreement::ECDH_P256,
            Curve::P384 => &agreement::ECDH_P384,
            Curve::P521 => &agreement::ECDH_P521,
            Curve::X25519 => &agreement::X25519,
        }
    }

    /// Length of a share in the only form that is accepted.
    #[must_use]
    pub fn share_len(self) -> usize {
        match self {
            Curve::P256 => 65,
            Curve::P384 => 97,
            Curve::P521 => 133,
            Curve::X25519 => 32,
        }
    }
}

/// Our half of one exchange.
pub struct EcdhKey {
    curve: Curve,
    private: PrivateKey,
    public: PublicKey,
}

fn refused<E>(_: E) -> Fault {
    CryptoFault::Primitive.into()
}

impl EcdhKey {
    /// A fresh key pair.
    pub fn generate(curve: Curve) -> Result<EcdhKey, Fault> {
        let private = PrivateKey::generate(curve.algorithm()).map_err(refused)?;
        let public = private.compute_public_key().map_err(refused)?;
        Ok(EcdhKey { curve, private, public })
    }

    /// Our share: an uncompressed point, or the 32 bytes of X25519.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        self.public.as_ref()
    }

    /// The shared secret with the peer's share.
    pub fn agree(self, peer: &[u8]) -> Result<Secret, Fault> {
        let bad: Fault = CryptoFault::BadKeyShare.into();
        let uncompressed = self.curve == Curve::X25519 || peer.first() == Some(&4);
        if peer.len() != self.curve.share_len() || !uncompressed {
            return Err(bad);
        }
        let peer = UnparsedPublicKey::new(self.curve.algorithm(), peer);
        agreement::agree(&self.private, peer, bad, |shared| Ok(Secret::copy_of(shared)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::X25519];

    #[test]
    fn two_ends_agree_on_every_curve() -> Result<(), Fault> {
        for curve in ALL {
            let (a, b) = (EcdhKey::generate(curve)?, EcdhKey::generate(curve)?);
            assert_eq!(a.public().len(), curve.share_len());
            let (pa, pb) = (a.public().to_vec(), b.public().to_vec());
            assert_eq!(a.agree(&pb)?, b.agree(&pa)?);
        }
        Ok(())
    }

    #[test]
    fn shares_that_are_no_points_are_refused() -> Result<(), Fault> {
        let bad = Err(CryptoFault::BadKeyShare.into());
        for curve in ALL {
            for length in [0, 1, curve.share_len() - 1, curve.share_len(), curve.share_len() + 1] {
                assert_eq!(EcdhKey::generate(curve)?.agree(&vec![0; length]), bad, "{curve:?} {length}");
            }
            let mut compressed = EcdhKey::generate(curve)?.public().to_vec();
            if curve != Curve::X25519 {
                compressed.truncate(1 + curve.share_len() / 2);
                compressed[0] = 2;
                assert_eq!(EcdhKey::generate(curve)?.agree(&compressed), bad);
                let mut off = EcdhKey::generate(curve)?.public().to_vec();
                *off.last_mut().unwrap_or(&mut 0) ^= 1;
                assert_eq!(EcdhKey::generate(curve)?.agree(&off), bad);
            }
        }
        Ok(())
    }
}
