"""The digests of the safe primes in the engine, worked out again from the formulas of the RFCs."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "rust/core/src/crypto/known_primes.rs"

# Sizes and the numbers k of p = 2^n - 2^(n-64) - 1 + 2^64 ([2^(n-130) pi] + k): RFC 2409 section 6, RFC 3526.
OVER_PI = [
    (768, 149686),
    (1024, 129093),
    (1536, 741804),
    (2048, 124476),
    (3072, 1690314),
    (4096, 240904),
    (6144, 929484),
    (8192, 4743158),
]
# The same with e: RFC 7919 appendix A.
OVER_E = [(2048, 560316), (3072, 2625351), (4096, 5736041), (6144, 15705020), (8192, 10965728)]

# Symmetric-equivalent strength of a group in bits, RFC 7919 appendix A: an exponent needs twice as many.
STRENGTH = {768: 80, 1024: 80, 1536: 90, 2048: 103, 3072: 125, 4096: 150, 6144: 175, 8192: 192}


def pi_times_power_of_two(bits: int) -> int:
    """[2^bits pi], by Machin's formula."""
    one = 1 << bits + 64

    def arctan_of_inverse(x: int) -> int:
        term, total, n, sign = one // x, one // x, 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            sign, n = -sign, n + 2
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> 64


def e_times_power_of_two(bits: int) -> int:
    """[2^bits e], by its series."""
    term, total, k = 1 << bits + 64, 0, 1
    while term:
        total += term
        term, k = term // k, k + 1
    return total >> 64


@pytest.mark.skipif(
    not (ROOT / "Cargo.toml").exists(), reason="the engine's source is not here, only its wheel"
)
def test_every_known_prime_is_one_of_the_documents() -> None:
    primes = [
        (n, 2**n - 2 ** (n - 64) - 1 + 2**64 * (constant(n - 130) + k))
        for constant, rows in ((pi_times_power_of_two, OVER_PI), (e_times_power_of_two, OVER_E))
        for n, k in rows
    ]
    text = SOURCE.read_text(encoding="utf-8")
    rows = re.findall(r"sha256: \[(.*?)\],\s*exponent: (\d+)", text, re.S)
    kept = [
        (bytes(int(byte, 16) for byte in re.findall(r"0x[0-9a-f]{2}", digest)), int(exponent))
        for digest, exponent in rows
    ]
    assert len(kept) == len(primes) == 13
    for (size, prime), (digest, exponent) in zip(primes, kept, strict=True):
        assert prime.bit_length() == size
        assert pow(2, prime - 1, prime) == 1
        assert digest == hashlib.sha256(prime.to_bytes(size // 8, "big")).digest(), size
        assert exponent >= 2 * STRENGTH[size], size
