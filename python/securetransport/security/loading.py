"""Keys and certificates out of files: PEM, DER and PKCS#12.

In: bytes, a password. Out: objects of this package. Promise: private keys and PKCS#12 are opened by ``cryptography``,
which hands over plain DER; certificates outside PKCS#12 are parsed by the engine alone, so odd old ones load. What
does not load raises ``ValueError`` with one sentence.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from .._native import SecCertificate, SecKey

_PEM = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 ]+)-----\s*(?P<body>.*?)-----END (?P=label)-----", re.DOTALL
)
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")


def is_pem(data: bytes) -> bool:
    """Whether there is any PEM block."""
    return _PEM.search(data) is not None


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Label and whole text of every PEM block."""
    return ((match["label"], match[0]) for match in _PEM.finditer(data))


def certificates(data: bytes) -> list[SecCertificate]:
    """The certificates of a PEM file in their order, or the one of a DER file; none is an empty list."""
    if not is_pem(data):
        return [SecCertificate(data)]
    found = []
    for match in _PEM.finditer(data):
        if match["label"] in _CERTIFICATES:
            try:
                der = base64.b64decode(b"".join(match["body"].split()), validate=True)
            except binascii.Error:
                raise ValueError("a certificate in the PEM text is damaged") from None
            found.append(SecCertificate(der))
    return found


def private_key(data: bytes, password: bytes | None) -> SecKey | None:
    """The first private key of a PEM file, or the one of a DER file; ``None`` when a PEM file holds none."""
    if is_pem(data):
        texts = [text for label, text in _blocks(data) if label.endswith(b"PRIVATE KEY")]
        return _pem_key(texts[0], password) if texts else None
    return _der_key(data, password)


def _pem_key(text: bytes, password: bytes | None) -> SecKey:
    encrypted = b"ENCRYPTED" in text
    return _converted(
        lambda secret: serialization.load_pem_private_key(text, secret),
        password if encrypted else None,
        encrypted,
    )


def _der_key(data: bytes, password: bytes | None) -> SecKey:
    readers = (SecKey.from_pkcs8, SecKey.from_pkcs1, SecKey.from_sec1)
    for reader in readers:
        try:
            return reader(data)
        except ValueError:
            continue
    return _converted(lambda secret: serialization.load_der_private_key(data, secret), password, True)


def _converted(load: object, password: bytes | None, encrypted: bool) -> SecKey:
    try:
        key = load(password)  # type: ignore[operator]  # one of the loaders above
    except TypeError:
        if encrypted and password is None:
            raise ValueError("the private key is encrypted and no password was given") from None
        raise ValueError("a password was given for a private key that is not encrypted") from None
    except UnsupportedAlgorithm:
        raise ValueError("the private key or its encryption is of a kind that is not supported") from None
    except ValueError:
        reason = (
            "the password is wrong or the private key is damaged"
            if encrypted
            else "the private key is damaged"
        )
        raise ValueError(reason) from None
    return _handed_over(key)


def _handed_over(key: object) -> SecKey:
    try:
        der = key.private_bytes(  # type: ignore[attr-defined]  # every private key of `cryptography` has it
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    except (AttributeError, ValueError, UnsupportedAlgorithm):
        raise ValueError("the private key is of a kind that is not supported") from None
    try:
        return SecKey.from_pkcs8(der)
    except ValueError:
        raise ValueError("the private key is of a kind that is not supported") from None


def archive(data: bytes, password: bytes | None) -> tuple[SecKey | None, list[SecCertificate]]:
    """Key and certificates of a PKCS#12 file, the key's certificate first."""
    try:
        content = pkcs12.load_pkcs12(data, password)
    except ValueError as error:
        if "password" in str(error).lower():
            raise ValueError("the password of the PKCS#12 file is wrong") from None
        raise ValueError("this is no PKCS#12 file, or it is damaged") from None
    except UnsupportedAlgorithm:
        raise ValueError("the PKCS#12 file is encrypted in a way that is not supported") from None
    found = [content.cert] if content.cert else []
    found += content.additional_certs
    encoding = serialization.Encoding.DER
    chain = [SecCertificate(entry.certificate.public_bytes(encoding)) for entry in found]
    return (None if content.key is None else _handed_over(content.key)), chain
