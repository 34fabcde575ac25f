//! The RSA key exchange without a padding oracle (RFC 5246 section 7.4.7.1).
//!
//! In: a ciphertext, or the block that decryption gave. Out: a premaster, always. Promise: whether padding,
//! length and version were right decides which bytes come out and nothing else: no branch, no index and no
//! length depends on the block.

use super::external::Opened;
use super::secret::Secret;
use super::sign::{PrivateKey, PublicKey};
use crate::fault::Fault;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Length of a premaster secret.
pub const PREMASTER: usize = 48;

/// Encrypts a premaster to the server's key.
pub fn encrypt_premaster(key: &PublicKey, premaster: &[u8]) -> Result<Vec<u8>, Fault> {
    key.rsa_encrypt(premaster)
}

/// The premaster in `ciphertext`, or `random` where anything about it is wrong. A ciphertext of the wrong length
/// or above the modulus is replaced by zeros first, so that the private operation runs all the same.
#[must_use]
pub fn open_premaster(key: &PrivateKey, ciphertext: &[u8], versions: [u16; 2], random: &Secret) -> Secret {
    let Ok(size) = key.rsa_size() else { return random.clone() };
    let block = if ciphertext.len() != size {
        Secret::zeroed(0)
    } else if let Some(holder) = key.holder() {
        holder.decrypt(ciphertext).map_or_else(|| Secret::zeroed(0), |opened| block_of(opened, size))
    } else {
        key.rsa_raw_decrypt(ciphertext).unwrap_or_else(|_| Secret::zeroed(0))
    };
    // Public facts: a ciphertext of the wrong length or above the modulus is visible to everyone.
    let block = if block.len() == size { block } else { Secret::zeroed(size) };
    select_premaster(block.as_bytes(), versions, random)
}

/// The block that a holder of the key opened; a message gets the padding it had.
fn block_of(opened: Opened, size: usize) -> Secret {
    match opened {
        Opened::Block(block) => block,
        Opened::Message(message) if message.len() == PREMASTER && size >= PREMASTER + 11 => {
            let mut block = Secret::zeroed(size);
            let (padding, end) = block.as_mut_bytes().split_at_mut(size - PREMASTER);
            padding.fill(0xff);
            padding[..2].copy_from_slice(&[0, 2]);
            padding[size - PREMASTER - 1] = 0;
            end.copy_from_slice(message.as_bytes());
            block
        }
        Opened::Message(_) => Secret::zeroed(0),
    }
}

/// Takes the premaster out of a PKCS#1 v1.5 block `00 02 PS 00 M`, M being 48 bytes that begin with either
/// version; `random` if it is not there. PS must have no zero byte and fills what is left.
#[must_use]
pub fn select_premaster(block: &[u8], versions: [u16; 2], random: &Secret) -> Secret {
    let mut out = random.clone();
    if block.len() < PREMASTER + 11 || random.len() != PREMASTER {
        return out; // the length of the modulus is public
    }
    let (padding, message) = block.split_at(block.len() - PREMASTER);
    let (head, rest) = padding.split_at(2);
    let mut good = head[0].ct_eq(&0) & head[1].ct_eq(&2);
    let (filler, zero) = rest.split_at(rest.len() - 1);
    good &= zero[0].ct_eq(&0);
    for byte in filler {
        good &= !byte.ct_eq(&0);
    }
    good &= begins_with(message, versions[0]) | begins_with(message, versions[1]);
    for (out, byte) in out.as_mut_bytes().iter_mut().zip(message) {
        out.conditional_assign(byte, good);
    }
    out
}

fn begins_with(message: &[u8], version: u16) -> Choice {
    let [high, low] = version.to_be_bytes();
    message[0].ct_eq(&high) & message[1].ct_eq(&low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(size: usize) -> Vec<u8> {
        let mut block = vec![0xaa; size];
        block[..2].copy_from_slice(&[0, 2]);
        block[size - 49] = 0;
        block[size - 48..size - 46].copy_from_slice(&[3, 3]);
        block
    }

    #[test]
    fn a_well_formed_block_gives_its_premaster() {
        let random = Secret::copy_of(&[1; 48]);
        let block = block(256);
        assert_eq!(select_premaster(&block, [0x0303, 0x0301], &random).as_bytes(), &block[208..]);
        assert_eq!(select_premaster(&block, [0x0301, 0x0303], &random).as_bytes(), &block[208..]);
    }

    #[test]
    fn every_defect_gives_the_random_premaster() {
        let random = Secret::copy_of(&[1; 48]);
        let defects: [(usize, u8); 8] =
            [(0, 1), (1, 1), (1, 0), (2, 0), (100, 0), (206, 0), (207, 1), (208, 2)];
        for (at, value) in defects {
            let mut bad = block(256);
            bad[at] = value;
            assert_eq!(select_premaster(&bad, [0x0303, 0x0303], &random), random, "byte {at}");
        }
        assert_eq!(select_premaster(&block(256), [0x0302, 0x0301], &random), random);
        assert_eq!(select_premaster(&[0; 58], [0x0303, 0x0303], &random), random);
    }
}
