"""Encrypted keys cannot make their reader work for hours or take all memory."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pki
import pytest

from securetransport.security import _work, files

PBES2, PBKDF2, SCRYPT, AES = (
    bytes.fromhex(text)
    for text in (
        "06092a864886f70d01050d",
        "06092a864886f70d01050c",
        "06092b06010401da47040b",
        "060960864801650304012a",
    )
)


def integer(number: int) -> bytes:
    return pki.tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def locked(function: bytes, numbers: Sequence[int]) -> bytes:
    derivation = pki.tlv(0x30, function, pki.tlv(0x30, pki.tlv(4, bytes(8)), *map(integer, numbers)))
    algorithm = pki.tlv(0x30, PBES2, pki.tlv(0x30, derivation, pki.tlv(0x30, AES, pki.tlv(4, bytes(16)))))
    return pki.tlv(0x30, algorithm, pki.tlv(4, bytes(64)))


def pem(der: bytes) -> bytes:
    label = b"ENCRYPTED PRIVATE KEY-----\n"
    return b"-----BEGIN " + label + base64.encodebytes(der) + b"-----END " + label


BOMBS = [
    (PBKDF2, [_work.MOST + 1]),
    (PBKDF2, [2**31 - 1]),
    (PBKDF2, [2**63]),
    (SCRYPT, [2**20, 8, 1]),
    (SCRYPT, [2**40, 8, 1]),
    (SCRYPT, [2**14, 8, 2**20]),
    (SCRYPT, [2, 2**30, 1]),
]


@pytest.mark.parametrize("form", [pem, bytes])
@pytest.mark.parametrize(("function", "numbers"), BOMBS)
def test_a_key_that_asks_for_too_much_is_not_begun(function: bytes, numbers: list[int], form: type) -> None:
    with pytest.raises(ValueError, match="too much work"):
        files.private_key(locked(function, numbers), "x", pem=False)
    with pytest.raises(ValueError, match="too much work"):
        files.read(form(locked(function, numbers)), "x")


def test_no_way_of_writing_a_block_hides_what_it_asks_for() -> None:
    bomb = pem(locked(*BOMBS[1]))
    inside = b"-----BEGIN PRIVATE KEY-----\n" + bomb + b"\n-----END PRIVATE KEY-----\n"
    for data in (bomb.replace(b"-----\n", b"-----", 1), bomb.replace(b"\n", b""), inside):
        with pytest.raises(ValueError, match=r"too much work|does not open|base64"):
            files.read(data, "x")


def test_keys_of_a_file_pay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_work, "MOST_TOGETHER", 2500)
    found = files.read(pem(locked(PBKDF2, [1000])) * 4, "x", strict=False)
    said = ["too much work" in str(error) for error in found.unreadable]
    assert said == [False, False, True, True]


@pytest.mark.parametrize("form", [True, False])
def test_keys_that_ask_for_what_is_usual_open(form: bool) -> None:
    key = pki.key_bytes(pki.key(), b"x", pem=form)
    assert len(files.read(key, "x").keys) == 1
    assert _work.of(locked(PBKDF2, [600_000])) == 600_000
    assert 0 < _work.of(locked(SCRYPT, [2**14, 8, 1])) < _work.MOST


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff\x30", b"\x30\x82" * 5000]
)
def test_what_is_no_such_key_asks_for_nothing(data: bytes) -> None:
    assert _work.of(data) == 0
