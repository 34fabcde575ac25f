"""The block-based API's wrappers of trust objects, identities and certificates.

In: an object. Out: the same in an envelope, and back. Promise: nothing else happens; ``None`` stays ``None``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._native import SecCertificate, SecIdentity, SecTrust
from ..cf import CFArray
from . import _args
from .trust import certificates_of


@dataclass(frozen=True)
class sec_certificate_t:
    """A certificate in an envelope: ``certificate``."""

    certificate: SecCertificate


@dataclass(frozen=True)
class sec_trust_t:
    """A trust object in an envelope: ``trust``."""

    trust: SecTrust


@dataclass(frozen=True)
class sec_identity_t:
    """An identity in an envelope: ``identity``, and ``certificates``, those above it, or ``None``."""

    identity: SecIdentity
    certificates: CFArray[SecCertificate] | None = None


def sec_trust_create(trust: SecTrust | None) -> sec_trust_t | None:
    """A trust object in an envelope; ``None`` for ``None``."""
    return None if trust is None else sec_trust_t(_args.of(SecTrust, trust, "the trust object"))


def sec_trust_copy_ref(trust: sec_trust_t | None) -> SecTrust | None:
    """The trust object out of its envelope; ``None`` for ``None``."""
    return None if trust is None else _args.of(sec_trust_t, trust, "the wrapper").trust


def sec_identity_create(identity: SecIdentity | None) -> sec_identity_t | None:
    """An identity in an envelope; ``None`` for ``None``."""
    return None if identity is None else sec_identity_t(_args.of(SecIdentity, identity, "the identity"))


def sec_identity_create_with_certificates(
    identity: SecIdentity | None, certificates: Any
) -> sec_identity_t | None:
    """An identity in an envelope, with the certificates that are sent after its own; ``None`` for a mixed list."""
    if identity is None or certificates is None:
        return None
    chain = certificates_of(certificates, "the certificates")
    if chain is None:
        return None
    return sec_identity_t(_args.of(SecIdentity, identity, "the identity"), CFArray(chain))


def sec_identity_access_certificates(
    identity: sec_identity_t | None, handler: Callable[[sec_certificate_t], object] | None
) -> bool:
    """Calls ``handler`` for each attached certificate; ``False`` when there is none."""
    if identity is None or handler is None:
        return False
    attached = _args.of(sec_identity_t, identity, "the wrapper").certificates
    for certificate in attached or ():
        handler(sec_certificate_t(certificate))
    return bool(attached)


def sec_identity_copy_ref(identity: sec_identity_t | None) -> SecIdentity | None:
    """The identity out of its envelope; ``None`` for ``None``."""
    return None if identity is None else _args.of(sec_identity_t, identity, "the wrapper").identity


def sec_identity_copy_certificates_ref(identity: sec_identity_t | None) -> CFArray[SecCertificate] | None:
    """The attached certificates; ``None`` when there are none."""
    return None if identity is None else _args.of(sec_identity_t, identity, "the wrapper").certificates


def sec_certificate_create(certificate: SecCertificate | None) -> sec_certificate_t | None:
    """A certificate in an envelope; ``None`` for ``None``."""
    if certificate is None:
        return None
    return sec_certificate_t(_args.of(SecCertificate, certificate, "the certificate"))


def sec_certificate_copy_ref(certificate: sec_certificate_t | None) -> SecCertificate | None:
    """The certificate out of its envelope; ``None`` for ``None``."""
    return (
        None if certificate is None else _args.of(sec_certificate_t, certificate, "the wrapper").certificate
    )
