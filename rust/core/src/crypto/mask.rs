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

/// `a - b`, but no less than 0 and no more than `most`.
#[must_use]
pub fn difference(a: usize, b: usize, most: usize) -> usize {
    let positive = a.wrapping_sub(b) & !wide(below(a, b));
    let over = wide(below(most, positive));
    (positive & !over) | (most & over)
}

/// All ones at the first `n` of `N` places, zero behind them; for `n` and `N` up to 2^15. The loop is one of vector
/// instructions, and what it made passes through `black_box`, so that nobody sees where the ones end.
#[must_use]
pub fn first<const N: usize>(n: usize) -> [u8; N] {
    let (end, mut place) = (n as i16, 0i16);
    let mask = core::array::from_fn(|_| {
        let inside = (place.wrapping_sub(end) >> 15) as u8;
        place += 1;
        inside
    });
    black_box(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_stay_within_their_bounds() {
        for a in 0..60usize {
            for b in 0..60usize {
                for most in [0, 1, 7, 48, 100] {
                    assert_eq!(difference(a, b, most), a.saturating_sub(b).min(most));
                }
            }
        }
    }

    #[test]
    fn the_ones_end_where_they_should() {
        for n in 0..=256 {
            let mask = first::<256>(n);
            assert!(mask[..n].iter().all(|byte| *byte == 0xff) && mask[n..].iter().all(|byte| *byte == 0));
        }
        assert_eq!(first::<48>(200), [0xff; 48]);
    }

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
