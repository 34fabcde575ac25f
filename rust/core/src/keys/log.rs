//! Secrets for debuggers, in the format of NSS that tshark and Wireshark read.
//!
//! In: a client random and a master secret. Out: one line. Promise: nobody makes one unless a caller asked for it by
//! name; a line is a secret like what it holds.

use crate::crypto::secret::Secret;

const LABEL: &[u8] = b"CLIENT_RANDOM";

fn hex(bytes: &[u8], out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// The line of a handshake, without an end of line.
#[must_use]
pub fn line(client_random: &[u8; 32], master: &Secret) -> Secret {
    let at = LABEL.len() + 1;
    let mut out = Secret::zeroed(at + 64 + 1 + 2 * master.len());
    let bytes = out.as_mut_bytes();
    bytes.fill(b' ');
    bytes[..LABEL.len()].copy_from_slice(LABEL);
    hex(client_random, &mut bytes[at..at + 64]);
    hex(master.as_bytes(), &mut bytes[at + 65..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_three_fields() {
        let line = line(&[0xa5; 32], &Secret::copy_of(&[0x0f; 48]));
        let wanted = format!("CLIENT_RANDOM {} {}", "a5".repeat(32), "0f".repeat(48));
        assert_eq!(line.as_bytes(), wanted.as_bytes());
    }
}
