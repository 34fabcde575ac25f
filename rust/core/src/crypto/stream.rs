//! RC4, for equipment that speaks nothing else (RFC 7465 forbids it to everybody else).

use crate::fault::{CryptoFault, Fault};
use rc4::{KeyInit, StreamCipher};

/// Bytes of the key that TLS uses.
pub const KEY_LEN: usize = 16;

/// A key stream under way; it goes on from record to record.
pub struct Rc4(rc4::Rc4);

impl Rc4 {
    /// Starts the key stream.
    pub fn new(key: &[u8]) -> Result<Rc4, Fault> {
        if key.len() != KEY_LEN {
            return Err(CryptoFault::Primitive.into());
        }
        rc4::Rc4::new_from_slice(key).map(Rc4).map_err(|_| Fault::Crypto(CryptoFault::Primitive))
    }

    /// Encrypts or decrypts in place.
    pub fn apply(&mut self, bytes: &mut [u8]) {
        self.0.apply_keystream(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6229, 128-bit key 0x0102..10, offsets 0 and 16.
    #[test]
    fn the_published_key_stream_comes_out() -> Result<(), Fault> {
        let key: Vec<u8> = (1..=16).collect();
        let mut stream = [0; 32];
        let mut rc4 = Rc4::new(&key)?;
        rc4.apply(&mut stream[..5]);
        rc4.apply(&mut stream[5..]);
        let wanted = [
            0x9a, 0xc7, 0xcc, 0x9a, 0x60, 0x9d, 0x1e, 0xf7, 0xb2, 0x93, 0x28, 0x99, 0xcd, 0xe4, 0x1b, 0x97,
            0x52, 0x48, 0xc4, 0x95, 0x90, 0x14, 0x12, 0x6a, 0x6e, 0x8a, 0x84, 0xf1, 0x1d, 0x1a, 0x9e, 0x1c,
        ];
        assert_eq!(stream, wanted);
        assert!(Rc4::new(&key[..5]).is_err());
        Ok(())
    }
}
