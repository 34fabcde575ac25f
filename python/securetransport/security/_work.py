"""How much work an encrypted private key asks for before it opens.

In: an EncryptedPrivateKeyInfo (RFC 5958 section 3) as a file has it. Out: that work in iterations. Promise: nothing
is derived here; what does not parse costs nothing, since it will not open either.
"""

from __future__ import annotations

from collections.abc import Iterator

#: The most that one key may ask for, and all of a file together: some seconds.
MOST = 10_000_000
MOST_TOGETHER = 4 * MOST

#: What opens by a password begins so: PKCS#5 and PKCS#12.
_LOCKS = (bytes.fromhex("2a864886f70d0105"), bytes.fromhex("2a864886f70d010c"))
_SCRYPT = bytes.fromhex("2b06010401da47040b")
_INTEGER, _OID, _SEQUENCE = 0x02, 0x06, 0x30
_DEPTH = 5
#: Scrypt's memory for one key, in bytes: RFC 7914 section 2 has 128 for every unit of cost and block size.
_MEMORY = 1 << 28


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents, as far as they are in DER."""
    at = 0
    while at + 2 <= len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size >= 0x80:
            many = size & 0x7F
            size, at = int.from_bytes(data[at : at + many], "big"), at + many
        yield tag, data[at : at + size]
        at += size


def _leaves(data: bytes, depth: int = _DEPTH) -> Iterator[tuple[int, bytes]]:
    """The identifiers and numbers in sequences of sequences."""
    for tag, content in _elements(data):
        if tag == _SEQUENCE and depth:
            yield from _leaves(content, depth - 1)
        elif tag in (_OID, _INTEGER):
            yield tag, content


def of(der: bytes) -> int:
    """The iterations that an encrypted key asks for, or what is as much by scrypt; 0 for anything else."""
    _, outer = next(_elements(der), (0, b""))
    tag, algorithm = next(_elements(outer), (0, b""))
    if tag != _SEQUENCE:
        return 0
    leaves = list(_leaves(algorithm))
    numbers = [int.from_bytes(content, "big") for tag, content in leaves if tag == _INTEGER]
    if not any(tag == _OID and content.startswith(_LOCKS) for tag, content in leaves):
        return 0
    if (_OID, _SCRYPT) not in leaves:
        return max(numbers, default=0)
    cost, block, parallel = (numbers + [0] * 3)[:3]
    memory = 128 * cost * block
    return MOST + 1 if memory > _MEMORY else memory * parallel // (_MEMORY // MOST)
