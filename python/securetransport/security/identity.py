"""Identities: a certificate with the private key that belongs to it.

In: both halves. Out: ``SecIdentity``. Promise: halves that do not belong together make no identity. There
is no keychain, so nothing is looked up.
"""

from __future__ import annotations

from typing import Final

from .._native import SecCertificate, SecKey
from .._native import SecIdentity as SecIdentity
from ..cf.base import type_getter
from ..constants import errSecItemNotFound, errSecParam, errSecSuccess
from . import _args

SecIdentityRef = SecIdentity

SecIdentityGetTypeID: Final = type_getter("SecIdentity", SecIdentity)


def SecIdentityCreate(
    allocator: None, certificate: SecCertificate | None, privateKey: SecKey | None
) -> SecIdentity | None:
    """An identity; ``None`` when the key is public or does not belong to the certificate."""
    _args.out(allocator)
    if certificate is None or privateKey is None:
        return None
    leaf = _args.of(SecCertificate, certificate, "the certificate")
    try:
        return SecIdentity(leaf, _args.of(SecKey, privateKey, "the private key"))
    except ValueError:
        return None


def SecIdentityCreateWithCertificate(
    keychainOrArray: None, certificateRef: SecCertificate | None, identityRef: None = None
) -> tuple[int, SecIdentity | None]:
    """``(status, None)``: errSecItemNotFound, as there are no keychains to find the private key in."""
    _args.out(identityRef)
    if certificateRef is None:
        return errSecParam, None
    _args.of(SecCertificate, certificateRef, "the certificate")
    return errSecItemNotFound, None


def SecIdentityCopyCertificate(
    identityRef: SecIdentity | None, certificateRef: None = None
) -> tuple[int, SecCertificate | None]:
    """``(status, certificate)``: the certificate of an identity; errSecParam for ``None``."""
    _args.out(certificateRef)
    if identityRef is None:
        return errSecParam, None
    return errSecSuccess, _args.of(SecIdentity, identityRef, "the identity").certificate


def SecIdentityCopyPrivateKey(
    identityRef: SecIdentity | None, privateKeyRef: None = None
) -> tuple[int, SecKey | None]:
    """``(status, key)``: the private key of an identity; errSecParam for ``None``."""
    _args.out(privateKeyRef)
    if identityRef is None:
        return errSecParam, None
    return errSecSuccess, _args.of(SecIdentity, identityRef, "the identity").key
