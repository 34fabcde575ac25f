//! placeholder to be replaced
/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum KeyKind {
    Rsa,
    RsaPss,
    EcP256,
    EcP384,
    EcP521,
    Ed25519,
}
impl KeyKind {
    /// Any EC key.
    #[must_use]
    pub fn is_ec(self) -> bool {
        matches!(self, KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521)
    }
}
/// Algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum SignatureAlgorithm {
    RsaPkcs1Sha1,
    RsaPkcs1Sha256,
    RsaPkcs1Sha384,
    RsaPkcs1Sha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    EcdsaSha1,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
}
