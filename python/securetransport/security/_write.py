"""Files with certificates and keys, written: PEM, PKCS#7, PKCS#12, PKCS#8.

In: certificates, keys, a password. Out: bytes. Promise: certificates go in as they are; keys are encrypted by
``cryptography``; a PKCS#12 file is one of PBES2 with AES-256 and SHA-256, as OpenSSL 3 writes them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .._native import SecCertificate, SecKey
from ._key_forms import tlv
from ._operations import load

_DER = serialization.Encoding.DER
_ITERATIONS = 10_000


def oid(text: str) -> bytes:
    """An object identifier in DER."""
    first, second, *rest = map(int, text.split("."))
    encoded = bytearray([40 * first + second])
    for arc in rest:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | (arc & 0x7F))
        encoded += bytes(reversed(digits))
    return tlv(0x06, bytes(encoded))


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return tlv(0x30, b"".join(parts))


def integer(number: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


_NULL = b"\x05\x00"
_DATA, _SIGNED_DATA, _ENCRYPTED_DATA = (oid(f"1.2.840.113549.1.7.{last}") for last in (1, 2, 6))


def pem(label: str, der: bytes) -> bytes:
    """One PEM block."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode("ascii")


def pkcs7(certificates: Sequence[SecCertificate]) -> bytes:
    """A bundle without content or signers; a set, in the order that DER gives sets."""
    listed = tlv(0xA0, b"".join(sorted(certificate.der for certificate in certificates)))
    signed = sequence(integer(1), tlv(0x31, b""), sequence(_DATA), listed, tlv(0x31, b""))
    return sequence(_SIGNED_DATA, tlv(0xA0, signed))


def traditional(key: SecKey) -> tuple[str, bytes]:
    """A key by itself, with its PEM label: PKCS#1 or SEC 1, PKCS#8 for others, SubjectPublicKeyInfo for public
    ones.
    """
    if not key.is_private:
        return "PUBLIC KEY", key.spki
    plain = serialization.NoEncryption()
    if key.kind == "RSA" or key.kind.startswith("P-"):
        der = load(key).private_bytes(_DER, serialization.PrivateFormat.TraditionalOpenSSL, plain)
        return ("RSA PRIVATE KEY" if key.kind == "RSA" else "EC PRIVATE KEY"), der
    return "PRIVATE KEY", load(key).private_bytes(_DER, serialization.PrivateFormat.PKCS8, plain)


def encrypted_pkcs8(key: SecKey, password: bytes) -> bytes:
    """An EncryptedPrivateKeyInfo."""
    protection = serialization.BestAvailableEncryption(password)
    encoded: bytes = load(key).private_bytes(_DER, serialization.PrivateFormat.PKCS8, protection)
    return encoded


def _attributes(identifier: bytes | None, name: str | None) -> bytes:
    found = b""
    if name is not None:
        text = tlv(0x1E, name.encode("utf-16-be"))
        found += sequence(oid("1.2.840.113549.1.9.20"), tlv(0x31, text))
    if identifier is not None:
        found += sequence(oid("1.2.840.113549.1.9.21"), tlv(0x31, tlv(0x04, identifier)))
    return tlv(0x31, found) if found else b""


def _bag(last: int, content: bytes, attributes: bytes) -> bytes:
    return sequence(oid(f"1.2.840.113549.1.12.10.1.{last}"), tlv(0xA0, content), attributes)


def _certificate_bag(der: bytes, attributes: bytes) -> bytes:
    x509 = sequence(oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, tlv(0x04, der)))
    return _bag(3, x509, attributes)


def _encrypted(content: bytes, password: bytes) -> bytes:
    """EncryptedData over the bags, by PBES2 (RFC 8018 section 6.2)."""
    salt, iv = os.urandom(16), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password, salt, _ITERATIONS, 32)
    padder = PKCS7(128).padder()
    padded = padder.update(content) + padder.finalize()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(padded) + encryptor.finalize()
    prf = sequence(oid("1.2.840.113549.2.9"), _NULL)
    derivation = sequence(oid("1.2.840.113549.1.5.12"), sequence(tlv(0x04, salt), integer(_ITERATIONS), prf))
    cipher = sequence(oid("2.16.840.1.101.3.4.1.42"), tlv(0x04, iv))
    algorithm = sequence(oid("1.2.840.113549.1.5.13"), sequence(derivation, cipher))
    info = sequence(_DATA, algorithm, tlv(0x80, ciphertext))
    return sequence(_ENCRYPTED_DATA, tlv(0xA0, sequence(integer(0), info)))


def _mac_key(password: str, salt: bytes) -> bytes:
    """The derivation of RFC 7292 appendix B.2 for a MAC with SHA-256, whose output is one block."""
    wide = password.encode("utf-16-be") + b"\0\0"
    filled = b"".join((part * (64 // len(part) + 1))[: -(-len(part) // 64) * 64] for part in (salt, wide))
    digest = hashlib.sha256(bytes([3]) * 64 + filled).digest()
    for _ in range(_ITERATIONS - 1):
        digest = hashlib.sha256(digest).digest()
    return digest


def pkcs12(
    pairs: Sequence[tuple[SecCertificate, SecKey]], others: Sequence[SecCertificate], password: str
) -> bytes:
    """A file with identities and further certificates."""
    secret = password.encode("utf-8")
    certificates, keys = [], []
    for certificate, key in pairs:
        attributes = _attributes(hashlib.sha1(key.spki).digest(), certificate.subject_summary or None)
        certificates.append(_certificate_bag(certificate.der, attributes))
        keys.append(_bag(2, encrypted_pkcs8(key, secret), attributes))
    certificates += [_certificate_bag(certificate.der, b"") for certificate in others]
    plain = sequence(_DATA, tlv(0xA0, tlv(0x04, sequence(*keys))))
    safe = sequence(_encrypted(sequence(*certificates), secret), plain)
    salt = os.urandom(16)
    tag = hmac.digest(_mac_key(password, salt), safe, "sha256")
    info = sequence(sequence(oid("2.16.840.1.101.3.4.2.1"), _NULL), tlv(0x04, tag))
    mac = sequence(info, tlv(0x04, salt), integer(_ITERATIONS))
    return sequence(integer(3), sequence(_DATA, tlv(0xA0, tlv(0x04, safe))), mac)
