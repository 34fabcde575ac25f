"""The algorithms of keys, read off their constants.

In: the string behind a kSecKeyAlgorithm constant. Out: what it stands for, in parts. Promise: every public
constant is known, and of the private ones those that are of use here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Final

from cryptography.hazmat.primitives import hashes

from ..constants import keys as _public
from ..constants import private as _private

#: The hashes by the names in the constants.
HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "MD5": hashes.MD5(),
    "SHA1": hashes.SHA1(),
    "SHA224": hashes.SHA224(),
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}


@dataclass(frozen=True)
class Algorithm:
    """``use`` is sign, encrypt or exchange; ``key`` RSA, EC or Ed25519; ``scheme`` the rules that apply."""

    use: str
    key: str
    scheme: str
    hash: str | None = None
    #: Whether the data are hashed here before they are signed.
    message: bool = False
    #: Whether the key encrypts a key for AES-GCM, and whether its IV is derived too.
    gcm: bool = False
    derived_iv: bool = False

    def digest(self, data: bytes) -> bytes:
        """The data's hash, or the data themselves where they are one already."""
        if not self.message or self.hash is None:
            return data
        return hashlib.new(self.hash.lower(), data).digest()

    @property
    def hash_length(self) -> int | None:
        """Bytes of the hash, if one is named."""
        return None if self.hash is None else HASHES[self.hash].digest_size


def _signature(parts: list[str]) -> Algorithm | None:
    key, form, *rest = parts
    if key == "EdDSA":
        return Algorithm("sign", "Ed25519", "EdDSA", message=True) if form == "message-Curve25519" else None
    message = form.startswith("message-")
    scheme = form.removeprefix("message-").removeprefix("digest-")
    return Algorithm("sign", "EC" if key == "ECDSA" else key, scheme, rest[0] if rest else None, message)


def _encryption(parts: list[str]) -> Algorithm:
    key, form, *rest = parts
    if key == "RSA":
        return Algorithm("encrypt", "RSA", form, rest[0] if rest else None, gcm="AESGCM" in rest)
    return Algorithm("encrypt", "EC", "ECIES", rest[1], gcm=True, derived_iv=rest[2] == "AESGCM-KDFIV")


def _read(text: str) -> Algorithm | None:
    prefix, use, *parts = text.split(":")
    if prefix != "algid" or text.endswith(("raw-cc", "2PubKeys")):
        return None
    if use == "sign" and parts[0] in ("RSA", "ECDSA", "EdDSA"):
        return _signature(parts)
    if use == "encrypt":
        return _encryption(parts)
    if use == "keyexchange":
        return Algorithm("exchange", "EC", parts[0], parts[2] if len(parts) > 1 else None)
    return None


@cache
def _table() -> dict[str, Algorithm]:
    constants = {**vars(_private), **vars(_public)}
    texts = [text for name, text in constants.items() if name.startswith("kSecKeyAlgorithm")]
    read = ((text, _read(text)) for text in texts)
    return {text: algorithm for text, algorithm in read if algorithm is not None}


def find(algorithm: object) -> Algorithm | None:
    """The algorithm behind a constant; ``None`` for anything else."""
    return _table().get(algorithm) if isinstance(algorithm, str) else None
