"""External representations of keys.

In: PKCS#1 and X9.63 forms. Out: keys in the encodings the native half reads, and back. Promise: an EC point
is on its curve and belongs to its scalar, or there is no key.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .._native import SecKey

_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")

#: Field sizes in bytes and their curves.
_CURVES: dict[int, ec.EllipticCurve] = {
    32: ec.SECP256R1(),
    48: ec.SECP384R1(),
    66: ec.SECP521R1(),
}


def _tlv(tag: int, content: bytes) -> bytes:
    """One DER element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def rsa_private(data: bytes) -> SecKey:
    """Out of a PKCS#1 RSAPrivateKey."""
    return SecKey.from_pkcs1(data)


def rsa_public(data: bytes) -> SecKey:
    """Out of a PKCS#1 RSAPublicKey, or a SubjectPublicKeyInfo with an RSA key."""
    try:
        key = SecKey.from_spki(_tlv(0x30, _RSA_ALGORITHM + _tlv(0x03, b"\0" + data)))
    except ValueError:
        key = SecKey.from_spki(data)
    if key.kind not in ("RSA", "RSA-PSS"):
        raise ValueError("the key is not an RSA key")
    return key


def ec_public(data: bytes) -> SecKey:
    """Out of an uncompressed point."""
    curve = _CURVES.get((len(data) - 1) // 2)
    if curve is None or len(data) % 2 == 0 or data[0] != 4:
        raise ValueError("the length or first byte is not that of a point on a supported curve")
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, data)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return SecKey.from_spki(key.public_bytes(serialization.Encoding.DER, form))


def ec_private(data: bytes) -> SecKey:
    """Out of an uncompressed point and the scalar that belongs to it."""
    field = (len(data) - 1) // 3
    curve = _CURVES.get(field)
    if curve is None or len(data) != 3 * field + 1 or data[0] != 4:
        raise ValueError("the length or first byte is not that of a private key on a supported curve")
    point, scalar = data[: 2 * field + 1], int.from_bytes(data[2 * field + 1 :], "big")
    private = ec.derive_private_key(scalar, curve)
    public = private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    if public != point:
        raise ValueError("the scalar does not belong to the point")
    encoded = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SecKey.from_pkcs8(encoded)
