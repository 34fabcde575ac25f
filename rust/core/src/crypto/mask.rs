//! Comparisons of secret numbers without a branch: all ones for yes, zero for no.
//!
//! In: lengths and positions, far below 2^63. Out: masks to combine with `&`, `|` and `!`. Promise: the same instructions
//! whatever the numbers are; `black_box` keeps the compiler from seeing a condition in them.

use core::hint::black_box;

/// Whether `a < b`.
#[must_use]
pub fn below(a: usize, b: usize) -> u8 {
    let difference = (a as u64).wrapping_sub(b as u64);
    black_box((difference >> 63) as u8).wrapping_neg()
}

/// Whether `a == b`.
#[must_use]
pub fn equal(a: usize, b: usize) -> u8 {
    !(below(a, b) | below(b, a))
}

/// The same mask as wide as a length. The compiler must not see that it has two values only: it would branch on them.
#[must_use]
pub fn wide(mask: u8) -> usize {
    black_box(usize::from(mask & 1)).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_agree_with_comparisons() {
        for a in 0..300usize {
            for b in 0..300usize {
                assert_eq!(below(a, b), if a < b { 0xff } else { 0 });
                assert_eq!(equal(a, b), if a == b { 0xff } else { 0 });
                assert_eq!(wide(equal(a, b)), if a == b { usize::MAX } else { 0 });
            }
        }
    }
}
