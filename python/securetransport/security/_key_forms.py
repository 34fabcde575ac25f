"""External representations of keys.

In: PKCS#1 and X9.63 forms. Out: keys in the encodings the native half reads, and back. Promise: an EC point
is on its curve and belongs to its scalar, or there is no key.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .._native import SecKey
from ..constants import errSecUnimplemented
from ._operations import Refused, load

_DER = serialization.Encoding.DER
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
_PLAIN = serialization.NoEncryption()
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
_LARGEST_RSA = 8192

#: The curves by the size of their fields in bits.
CURVES: dict[int, ec.EllipticCurve] = {
    192: ec.SECP192R1(),
    224: ec.SECP224R1(),
    256: ec.SECP256R1(),
    384: ec.SECP384R1(),
    521: ec.SECP521R1(),
}
_BY_BYTES = {(bits + 7) // 8: curve for bits, curve in CURVES.items()}
#: Curves that TLS has here, so that the native half takes their keys.
_NATIVE = (256, 384, 521)


def tlv(tag: int, content: bytes) -> bytes:
    """One DER element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _bounded(key: SecKey) -> SecKey:
    if key.bits > _LARGEST_RSA:
        raise ValueError(f"the modulus has {key.bits} bits, above {_LARGEST_RSA}")
    return key


def rsa_private(data: bytes) -> SecKey:
    """Out of a PKCS#1 RSAPrivateKey."""
    return _bounded(SecKey.from_pkcs1(data))


def rsa_public(data: bytes) -> SecKey:
    """Out of a PKCS#1 RSAPublicKey, or a SubjectPublicKeyInfo with an RSA key."""
    try:
        key = SecKey.from_spki(tlv(0x30, _RSA_ALGORITHM + tlv(0x03, b"\0" + data)))
    except ValueError:
        key = SecKey.from_spki(data)
    if not key.kind.startswith("RSA"):
        raise ValueError("the key is not an RSA key")
    return _bounded(key)


def from_public(public: Any) -> SecKey:
    """Out of a public key of ``cryptography``."""
    spki = public.public_bytes(_DER, _SPKI)
    if isinstance(public, ec.EllipticCurvePublicKey) and public.key_size not in _NATIVE:
        return SecKey.other(f"P-{public.key_size}", public.key_size, spki, None)
    return SecKey.from_spki(spki)


def from_private(private: Any) -> SecKey:
    """Out of a private key of ``cryptography``."""
    encoded = private.private_bytes(_DER, serialization.PrivateFormat.PKCS8, _PLAIN)
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.key_size not in _NATIVE:
        spki = private.public_key().public_bytes(_DER, _SPKI)
        return SecKey.other(f"P-{private.key_size}", private.key_size, spki, encoded)
    return SecKey.from_pkcs8(encoded)


def point_of(public: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed point."""
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def ec_public(data: bytes) -> SecKey:
    """Out of an uncompressed point."""
    curve = _BY_BYTES.get((len(data) - 1) // 2)
    if curve is None or len(data) % 2 == 0 or data[0] != 4:
        raise ValueError("the length or first byte is not that of a point on a supported curve")
    return from_public(ec.EllipticCurvePublicKey.from_encoded_point(curve, data))


def ec_private(data: bytes) -> SecKey:
    """Out of an uncompressed point and the scalar that belongs to it."""
    field = (len(data) - 1) // 3
    curve = _BY_BYTES.get(field)
    if curve is None or len(data) != 3 * field + 1 or data[0] != 4:
        raise ValueError("the length or first byte is not that of a private key on a supported curve")
    private = ec.derive_private_key(int.from_bytes(data[2 * field + 1 :], "big"), curve)
    if point_of(private.public_key()) != data[: 2 * field + 1]:
        raise ValueError("the scalar does not belong to the point")
    return from_private(private)


def ed25519_public(data: bytes) -> SecKey:
    """Out of the 32 bytes of the key."""
    return from_public(ed25519.Ed25519PublicKey.from_public_bytes(data))


def ed25519_private(data: bytes) -> SecKey:
    """Out of the 32 bytes of the seed."""
    return from_private(ed25519.Ed25519PrivateKey.from_private_bytes(data))


def external(key: SecKey) -> bytes:
    """The external representation. ``Refused`` for a key that is not here."""
    if key.holder is not None:
        raise Refused(errSecUnimplemented, "the private key cannot be exported: somebody else holds it")
    loaded = load(key)
    if isinstance(loaded, rsa.RSAPrivateKey):
        return loaded.private_bytes(_DER, serialization.PrivateFormat.TraditionalOpenSSL, _PLAIN)
    if isinstance(loaded, rsa.RSAPublicKey):
        return loaded.public_bytes(_DER, serialization.PublicFormat.PKCS1)
    if isinstance(loaded, ec.EllipticCurvePrivateKey):
        size = (loaded.key_size + 7) // 8
        scalar = loaded.private_numbers().private_value.to_bytes(size, "big")
        return point_of(loaded.public_key()) + scalar
    if isinstance(loaded, ec.EllipticCurvePublicKey):
        return point_of(loaded)
    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return loaded.private_bytes_raw()
    if isinstance(loaded, ed25519.Ed25519PublicKey):
        return loaded.public_bytes_raw()
    raise Refused(errSecUnimplemented, f"keys of the kind {key.kind} have no external representation")
