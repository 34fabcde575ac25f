"""SecIdentity: a certificate with its private key.

In: objects. Out: values as PyObjC gives them.
"""

from __future__ import annotations

from .. import cf
from .._native import SecCertificate, SecIdentity, SecKey
from ..constants.results import errSecParam, errSecSuccess
from ..functions._args import Out
from .certificate import certificate

__all__ = [
    "SecIdentity",
    "SecIdentityCopyCertificate",
    "SecIdentityCopyPrivateKey",
    "SecIdentityCreate",
    "SecIdentityGetTypeID",
    "SecIdentityRef",
    "SecKey",
    "SecKeyGetTypeID",
    "SecKeyRef",
]

SecIdentityRef = SecIdentity
SecKeyRef = SecKey
_TYPE_ID = cf.register_type(SecIdentity, "SecIdentity")
_KEY_TYPE_ID = cf.register_type(SecKey, "SecKey")


def _identity(value: object) -> SecIdentity | None:
    if value is None or isinstance(value, SecIdentity):
        return value
    raise TypeError(f"the identity must be a SecIdentity or None, not {type(value).__name__}")


def SecIdentityGetTypeID() -> int:
    """The type number of identities; it differs from process to process."""
    return _TYPE_ID


def SecKeyGetTypeID() -> int:
    """The type number of keys; it differs from process to process."""
    return _KEY_TYPE_ID


def SecIdentityCreate(
    allocator: object, certificate_: SecCertificate | None, privateKey: SecKey | None
) -> SecIdentity | None:
    """Pair a certificate with its private key; ``None`` when they do not belong together."""
    found = certificate(certificate_)
    if privateKey is not None and not isinstance(privateKey, SecKey):
        raise TypeError(f"the key must be a SecKey or None, not {type(privateKey).__name__}")
    if found is None or privateKey is None:
        return None
    try:
        return SecIdentity(found, privateKey)
    except ValueError:
        return None


def SecIdentityCopyCertificate(
    identityRef: SecIdentity | None, certificateRef: Out = None
) -> tuple[int, SecCertificate | None]:
    """``(status, certificate)``."""
    found = _identity(identityRef)
    return (errSecParam, None) if found is None else (errSecSuccess, found.certificate)


def SecIdentityCopyPrivateKey(
    identityRef: SecIdentity | None, privateKeyRef: Out = None
) -> tuple[int, SecKey | None]:
    """``(status, key)``."""
    found = _identity(identityRef)
    return (errSecParam, None) if found is None else (errSecSuccess, found.key)
