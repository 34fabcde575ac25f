"""Private keys that somebody else holds: a token, an agent, a service.

In: two functions of a caller and what they understand. Out: a ``SecKey`` that signs in handshakes and in
SecKeyCreateSignature. Promise: the functions get what their algorithm says, digests or messages, and may
answer in either form of an ECDSA signature; an exception of theirs fails the operation and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric import utils

from .._native import SecCertificate, SecKey, signature_names
from ..constants import (
    errSecInternal,
    errSecParam,
    kSecKeyAlgorithmRSAEncryptionPKCS1,
    kSecKeyAlgorithmRSAEncryptionRaw,
    kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw,
)
from ..constants.private import kSecKeyAlgorithmEdDSASignatureMessageCurve25519SHA512
from . import _algorithms, _operations

#: ``sign(data, algorithm)`` and ``decrypt(ciphertext, algorithm)``.
Function = Callable[[bytes, str], bytes]

_HASHES = ("SHA1", "SHA256", "SHA384", "SHA512")


def _by_default(kind: str, decrypts: bool) -> list[str]:
    """What the functions are taken to understand when nothing is said: digests, the usual way."""
    if kind == "Ed25519":
        return [kSecKeyAlgorithmEdDSASignatureMessageCurve25519SHA512]
    if kind.startswith("P-"):
        return [f"algid:sign:ECDSA:digest-X962:{name}" for name in _HASHES]
    pss = [f"algid:sign:RSA:digest-PSS:{name}:{name}:{size}" for name, size in _PSS]
    if kind == "RSA-PSS":
        return pss
    pkcs1 = [f"algid:sign:RSA:digest-PKCS1v15:{name}" for name in _HASHES]
    return pkcs1 + pss + ([kSecKeyAlgorithmRSAEncryptionPKCS1] if decrypts else [])


_PSS = (("SHA1", 20), ("SHA256", 32), ("SHA384", 48), ("SHA512", 64))


def _candidates(name: str) -> list[str]:
    """The algorithms by which a holder can make a signature of TLS, the most direct first."""
    if name == "Ed25519":
        return [kSecKeyAlgorithmEdDSASignatureMessageCurve25519SHA512]
    if name.startswith("RsaMd5Sha1"):
        return [kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw]
    for prefix, forms in (
        ("RsaPkcs1", ("RSA:digest-PKCS1v15:{}", "RSA:message-PKCS1v15:{}", "RSA:digest-PKCS1v15")),
        ("RsaPss", ("RSA:digest-PSS:{}:{}:{}", "RSA:message-PSS:{}:{}:{}")),
        (
            "Ecdsa",
            (
                "ECDSA:digest-X962:{}",
                "ECDSA:message-X962:{}",
                "ECDSA:digest-X962",
                "ECDSA:digest-RFC4754:{}",
                "ECDSA:message-RFC4754:{}",
                "ECDSA:digest-RFC4754",
                "ECDSA:RFC4754",
            ),
        ),
    ):
        if name.startswith(prefix):
            digest = name.removeprefix(prefix).upper()
            size = dict(_PSS)[digest]
            return ["algid:sign:" + form.format(digest, digest, size) for form in forms]
    return []


class Holder:
    """What stands between the native half, which knows TLS's names, and a caller's functions."""

    def __init__(
        self, public: SecKey, sign: Function | None, decrypt: Function | None, algorithms: Sequence[str]
    ) -> None:
        self._block = _operations.block_size(public)
        self._functions = {"sign": sign, "encrypt": decrypt}
        self.algorithms = frozenset(algorithms)
        self._choices = {}
        if sign is not None:
            for name in signature_names():
                choice = next((text for text in _candidates(name) if text in self.algorithms), None)
                if choice is not None:
                    self._choices[name] = choice
        self.signs = list(self._choices)
        self.decrypts: bool | None = None
        if decrypt is not None:
            # A whole block is unpadded here without a branch, which no other holder promises.
            if kSecKeyAlgorithmRSAEncryptionRaw in self.algorithms:
                self.decrypts = True
            elif kSecKeyAlgorithmRSAEncryptionPKCS1 in self.algorithms:
                self.decrypts = False

    def sign(self, name: str, message: bytes) -> bytes:
        """For a handshake: a signature by one of ``signature_names``."""
        text = self._choices[name]
        data = message
        if name == "RsaMd5Sha1":
            data = hashlib.md5(message).digest() + hashlib.sha1(message).digest()
        elif ":digest-" in text or text.endswith(":RFC4754"):
            if not name.endswith("Digest"):
                data = hashlib.new(_hash_of(name), message).digest()
            if text == kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw:
                data = _operations.digest_info(_hash_of(name).upper()) + data
        answer = self.call("sign", data, text)
        if "RFC4754" not in text:
            return answer
        half = self._block
        if len(answer) != 2 * half:
            raise ValueError(f"an RFC 4754 signature has {2 * half} bytes here, not {len(answer)}")
        r, s = int.from_bytes(answer[:half], "big"), int.from_bytes(answer[half:], "big")
        return utils.encode_dss_signature(r, s)

    def decrypt(self, ciphertext: bytes) -> bytes:
        """For a handshake: the block, or the message in it."""
        raw = kSecKeyAlgorithmRSAEncryptionRaw
        text = raw if self.decrypts else kSecKeyAlgorithmRSAEncryptionPKCS1
        plain = self.call("encrypt", ciphertext, text)
        return plain.rjust(self._block, b"\0") if text == raw else plain

    def call(self, use: str, data: bytes, algorithm: str) -> bytes:
        """Runs the caller's function for signing ("sign") or decrypting ("encrypt")."""
        function = self._functions[use]
        if function is None or algorithm not in self.algorithms:
            raise _operations.Refused(errSecParam, "the holder of the key does not do this")
        answer = function(data, algorithm)
        if not isinstance(answer, bytes | bytearray | memoryview):
            raise TypeError(f"the holder of a key has to answer with bytes, not {type(answer).__name__}")
        return bytes(answer)


def _hash_of(name: str) -> str:
    return next(form for form in ("sha1", "sha256", "sha384", "sha512") if name.lower().endswith(form))


def operate(key: SecKey, use: str, algorithm: str, data: bytes) -> bytes:
    """An operation of SecKey functions on such a key. Exceptions of the function become ``Refused``."""
    holder: Holder = key.holder
    try:
        return holder.call(use, data, algorithm)
    except _operations.Refused:
        raise
    except Exception as error:
        words = f"the holder of the key failed: {type(error).__name__}: {error}"
        raise _operations.Refused(errSecInternal, words) from error


def create(
    public: SecKey | SecCertificate,
    sign: Function | None,
    decrypt: Function | None,
    algorithms: Iterable[str] | None,
) -> SecKey:
    """The key. ValueError for an unknown algorithm or a public key that TLS has no use for."""
    if not isinstance(public, SecKey | SecCertificate):
        raise TypeError(f"public must be a SecKey or a SecCertificate, not {type(public).__name__}")
    for name, function in (("sign", sign), ("decrypt", decrypt)):
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be callable or None, not {type(function).__name__}")
    half: Any = public.key() if isinstance(public, SecCertificate) else public.public()
    if half is None:
        raise ValueError("the certificate's key is of a kind that is not supported")
    chosen = _by_default(half.kind, decrypt is not None) if algorithms is None else list(algorithms)
    for text in chosen:
        found = _algorithms.find(text)
        if found is None or found.use == "exchange":
            raise ValueError(f"{text!r} is not a kSecKeyAlgorithm constant for signing or decrypting")
        if found.key != _operations.family(half):
            raise ValueError(f"{text!r} is not for keys of the kind {half.kind}")
    holder = Holder(half, sign, decrypt, chosen)
    return SecKey.held(half, holder, holder.signs, holder.decrypts)
