//! Hash functions by their compression: whole blocks in, the chaining value out.
//!
//! In: bytes, a multiple of the block length at a time. Out: the chaining value after them. Promise: how long a
//! call takes depends on the number of blocks and on nothing in them, and the value can be read between two
//! blocks; a check that must not tell where a message ends (RFC 5246 section 6.2.3.2) is built on that.

use aws_lc_sys as sys;
use core::mem::MaybeUninit;
use core::ptr;

/// A hash function with a Merkle-Damgård compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384, which is SHA-512 with other starting values.
    Sha384,
}

impl Compression {
    /// Bytes of one block.
    #[must_use]
    pub fn block_len(self) -> usize {
        match self {
            Compression::Sha1 | Compression::Sha256 => 64,
            Compression::Sha384 => 128,
        }
    }

    /// Bytes of the length field that ends the padding.
    #[must_use]
    pub fn length_len(self) -> usize {
        match self {
            Compression::Sha1 | Compression::Sha256 => 8,
            Compression::Sha384 => 16,
        }
    }

    /// Bytes of the hash value.
    #[must_use]
    pub fn output_len(self) -> usize {
        match self {
            Compression::Sha1 => 20,
            Compression::Sha256 => 32,
            Compression::Sha384 => 48,
        }
    }
}

#[derive(Clone, Copy)]
enum State {
    Sha1(sys::SHA_CTX),
    Sha256(sys::SHA256_CTX),
    Sha384(sys::SHA512_CTX),
}

/// A hash under way.
#[derive(Clone)]
pub struct Compressor(State);

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: the state is plain old data, every bit pattern of its fields is valid, and the write is
        // volatile so that it is not left out: the state may have absorbed a key.
        unsafe {
            match &mut self.0 {
                State::Sha1(state) => ptr::write_volatile(state, MaybeUninit::zeroed().assume_init()),
                State::Sha256(state) => ptr::write_volatile(state, MaybeUninit::zeroed().assume_init()),
                State::Sha384(state) => ptr::write_volatile(state, MaybeUninit::zeroed().assume_init()),
            }
        }
    }
}

impl Compressor {
    /// Nothing absorbed yet.
    #[must_use]
    pub fn new(function: Compression) -> Compressor {
        // SAFETY: the *_Init functions write the whole state, which is plain old data.
        unsafe {
            Compressor(match function {
                Compression::Sha1 => {
                    let mut state = MaybeUninit::zeroed();
                    sys::SHA1_Init(state.as_mut_ptr());
                    State::Sha1(state.assume_init())
                }
                Compression::Sha256 => {
                    let mut state = MaybeUninit::zeroed();
                    sys::SHA256_Init(state.as_mut_ptr());
                    State::Sha256(state.assume_init())
                }
                Compression::Sha384 => {
                    let mut state = MaybeUninit::zeroed();
                    sys::SHA384_Init(state.as_mut_ptr());
                    State::Sha384(state.assume_init())
                }
            })
        }
    }

    /// Absorbs whole blocks; bytes behind the last whole one are left out.
    pub fn blocks(&mut self, bytes: &[u8]) {
        let whole = bytes.len() - bytes.len() % self.function().block_len();
        let data = bytes.as_ptr();
        // SAFETY: `data` has at least `whole` readable bytes; the states were initialised above and hold no
        // partial block, since only whole ones are ever absorbed.
        unsafe {
            match &mut self.0 {
                State::Sha1(state) => sys::SHA1_Update(state, data.cast(), whole),
                State::Sha256(state) => sys::SHA256_Update(state, data.cast(), whole),
                State::Sha384(state) => sys::SHA384_Update(state, data.cast(), whole),
            }
        };
    }

    fn function(&self) -> Compression {
        match self.0 {
            State::Sha1(_) => Compression::Sha1,
            State::Sha256(_) => Compression::Sha256,
            State::Sha384(_) => Compression::Sha384,
        }
    }

    /// The chaining value, as long as the hash value.
    #[must_use]
    pub fn value(&self) -> [u8; 48] {
        let mut out = [0; 48];
        match &self.0 {
            State::Sha1(state) => {
                out.chunks_exact_mut(4).zip(state.h).for_each(|(o, h)| o.copy_from_slice(&h.to_be_bytes()));
            }
            State::Sha256(state) => {
                out.chunks_exact_mut(4).zip(state.h).for_each(|(o, h)| o.copy_from_slice(&h.to_be_bytes()));
            }
            State::Sha384(state) => {
                out.chunks_exact_mut(8).zip(state.h).for_each(|(o, h)| o.copy_from_slice(&h.to_be_bytes()));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's "abc", padded by hand.
    #[test]
    fn one_padded_block_gives_the_published_value() {
        let wanted = [
            (Compression::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Compression::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Compression::Sha384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
        ];
        for (function, hex) in wanted {
            let mut block = vec![0; function.block_len()];
            block[..4].copy_from_slice(b"abc\x80");
            block[function.block_len() - 1] = 24;
            let mut compressor = Compressor::new(function);
            compressor.blocks(&block);
            let value = compressor.value();
            let got: String =
                value[..function.output_len()].iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(got, hex, "{function:?}");
        }
    }
}
