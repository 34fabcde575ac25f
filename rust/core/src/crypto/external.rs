//! Private keys that are not bytes here: in a token, an agent, a service elsewhere.
//!
//! In: what is to be signed or decrypted. Out: what came back, or nothing. Promise: the holder may be slow or fail;
//! its signatures are verified before they leave, and what it decrypts is never told apart from outside.

use super::algorithm::SignatureAlgorithm;
use super::secret::Secret;

/// What a holder makes of an RSA ciphertext.
pub enum Opened {
    /// The whole block, padding included: to be unpadded here, without a branch.
    Block(Secret),
    /// The message; the holder has looked at the padding.
    Message(Secret),
}

/// Somebody who holds a private key.
pub trait ExternalKey: Send + Sync {
    /// Whether it makes such signatures.
    fn can_sign(&self, algorithm: SignatureAlgorithm) -> bool;
    /// Whether it decrypts.
    fn can_decrypt(&self) -> bool;
    /// The signature; `None` when there is none to be had.
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Option<Vec<u8>>;
    /// The plaintext of an RSA PKCS#1 v1.5 ciphertext; `None` when there is none to be had.
    fn decrypt(&self, ciphertext: &[u8]) -> Option<Opened>;
}
