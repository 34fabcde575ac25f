"""Files with certificates and keys: PEM, DER, PKCS#12.

In: bytes and perhaps a password. Out: certificates, keys, identities. Promise: certificates go to the
native half as they are; encrypted keys are opened by ``cryptography``, unless that would take longer than some
seconds; whatever is wrong is one ValueError with one sentence.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from .._native import SecCertificate, SecIdentity, SecKey, is_pkcs12, open_pkcs12
from . import _key_forms, _work

Password = str | bytes | None

_CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})


@dataclass
class Contents:
    """What was found, in the order it stood there."""

    certificates: list[SecCertificate] = field(default_factory=list)
    keys: list[SecKey] = field(default_factory=list)
    public_keys: list[SecKey] = field(default_factory=list)
    #: Why private keys that stood there could not be read, where that is no reason to give up.
    unreadable: list[ValueError] = field(default_factory=list)


def password_bytes(password: Password) -> bytes | None:
    """A password as the bytes that formats take: UTF-8."""
    return password.encode("utf-8") if isinstance(password, str) else password


def pem_blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """``(label, whole block)`` of every PEM block, in one pass. ValueError for a block that does not end."""
    at = 0
    while (start := data.find(b"-----BEGIN ", at)) >= 0:
        head = data.find(b"-----", start + 11)
        if head < 0 or head - start > 100:
            raise ValueError("a PEM header does not end")
        label = data[start + 11 : head]
        footer = b"-----END " + label + b"-----"
        end = data.find(footer, head)
        if end < 0:
            raise ValueError(f"the PEM block {label.decode('latin-1')!r} does not end: the file is cut off")
        at = end + len(footer)
        yield label.decode("latin-1"), data[start:at]


def pem_body(block: bytes) -> bytes:
    """The bytes of a PEM block without headers of its own."""
    text = block[block.index(b"-----", 11) + 5 : block.rindex(b"-----END ")]
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError("a PEM block does not hold base64: the file is damaged") from None


def is_pem(data: bytes) -> bool:
    """Whether there is a PEM block in the data."""
    return b"-----BEGIN " in data


def _openssl_trusted(body: bytes) -> bytes:
    """The certificate in front of OpenSSL's trust settings."""
    if len(body) < 2:
        return body
    size = 2 if body[1:2] < b"\x80" else 2 + (body[1] & 0x7F)
    length = body[1] if size == 2 else int.from_bytes(body[2:size], "big")
    return body[: size + length]


def _affordable(der: bytes, left: int = _work.MOST) -> int:
    """The work that an encrypted key asks for. ValueError when it is too much to begin."""
    work = _work.of(der)
    if work > min(left, _work.MOST):
        raise ValueError("the private key asks for too much work before it opens: encrypt it with less")
    return work


def private_key(data: bytes, password: Password, *, pem: bool) -> SecKey:
    """A private key out of one PEM block or DER: PKCS#8 (encrypted too), PKCS#1, SEC 1."""
    if not pem:
        _affordable(data)
        for reader in (SecKey.from_pkcs8, SecKey.from_pkcs1, SecKey.from_sec1):
            try:
                return reader(data)
            except ValueError:
                continue
    load = serialization.load_pem_private_key if pem else serialization.load_der_private_key
    secret = password_bytes(password)
    try:
        try:
            key = load(data, secret)
        except TypeError:
            if secret is None:
                raise ValueError("the private key is encrypted and needs a password") from None
            key = load(data, None)
    except UnsupportedAlgorithm as error:
        raise ValueError(f"the private key is of a kind that is not supported ({error})") from None
    except ValueError as error:
        if "password" in str(error) and "needs" in str(error):
            raise
        if secret is not None and _is_encrypted(data, pem):
            raise ValueError("the password does not open the private key") from None
        raise ValueError("the private key does not parse") from None
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        return SecKey.from_pkcs8(der)
    except ValueError:
        raise ValueError("the private key is of a kind or size that is not supported") from None


def public_key(der: bytes) -> SecKey:
    """A public key out of a SubjectPublicKeyInfo or an RSAPublicKey."""
    try:
        return SecKey.from_spki(der)
    except ValueError:
        return _key_forms.rsa_public(der)


def _is_encrypted(data: bytes, pem: bool) -> bool:
    return not pem or b"ENCRYPTED" in data


def read_pem(data: bytes, password: Password, *, strict: bool = True) -> Contents:
    """Every certificate and private key of a PEM file; other blocks are passed over.

    A private key that cannot be read is a ValueError, or one of ``unreadable`` if not ``strict``.
    """
    found = Contents()
    work = 0
    for label, block in pem_blocks(data):
        if label in _CERTIFICATE_LABELS:
            body = pem_body(block)
            found.certificates.append(
                SecCertificate(_openssl_trusted(body) if label.startswith("TRUSTED") else body)
            )
        elif label.endswith("PRIVATE KEY"):
            try:
                locked = b"ENCRYPTED PRIVATE KEY" in block
                # What is opened has to be what was measured, so that is not for another reader of PEM to find.
                body = pem_body(block) if locked else block
                work += _affordable(body, _work.MOST_TOGETHER - work) if locked else 0
                found.keys.append(private_key(body, password, pem=not locked))
            except ValueError as error:
                if strict:
                    raise
                found.unreadable.append(error)
        elif label in ("PUBLIC KEY", "RSA PUBLIC KEY"):
            found.public_keys.append(public_key(pem_body(block)))
    return found


@dataclass(frozen=True)
class Named:
    """A certificate or key of a PKCS#12 file, with what the file calls it."""

    item: SecCertificate | SecKey
    name: str | None
    id: bytes | None


def pkcs12_items(data: bytes, password: Password) -> list[Named] | None:
    """The certificates and keys of a PKCS#12 file; ``None`` when the password is wrong.

    ValueError when the file is damaged or uses what is not supported. Keys of a kind that is not supported
    are passed over.
    """
    opened = open_pkcs12(data, password_bytes(password) or b"")
    if opened is None:
        return None
    found = []
    for is_key, der, label, mark in opened:
        try:
            found.append(Named(SecKey.from_pkcs8(der) if is_key else SecCertificate(der), label, mark))
        except ValueError:
            if not is_key:
                raise
    return found


def read_pkcs12(data: bytes, password: Password) -> Contents:
    """The certificates and keys of a PKCS#12 file in their order."""
    found = pkcs12_items(data, password)
    if found is None:
        needs = "is encrypted and needs a password" if not password else "is not opened by this password"
        raise ValueError(f"the PKCS#12 file {needs}")
    contents = Contents()
    for named in found:
        if isinstance(named.item, SecKey):
            contents.keys.append(named.item)
        else:
            contents.certificates.append(named.item)
    return contents


def read(data: bytes, password: Password, *, strict: bool = True) -> Contents:
    """Whatever the data hold. ValueError when that is nothing of use. ``strict`` as of read_pem."""
    if is_pem(data):
        return read_pem(data, password, strict=strict)
    if is_pkcs12(data):
        return read_pkcs12(data, password)
    try:
        return Contents(certificates=[SecCertificate(data)])
    except ValueError:
        pass
    try:
        return Contents(keys=[private_key(data, password, pem=False)])
    except ValueError as error:
        if "password" in str(error) or "too much work" in str(error):
            raise
    try:
        return Contents(public_keys=[public_key(data)])
    except ValueError:
        pass
    raise ValueError("this is neither PEM, nor a certificate, key or PKCS#12 file in DER")


def identity(certificate: SecCertificate, keys: list[SecKey]) -> SecIdentity | None:
    """The identity of a certificate with the key among these that belongs to it."""
    for key in keys:
        try:
            return SecIdentity(certificate, key)
        except ValueError:
            continue
    return None
