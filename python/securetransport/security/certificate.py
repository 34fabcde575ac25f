"""Certificates: DER in, facts out.

In: DER. Out: ``SecCertificate`` objects and what they say. Promise: nothing is judged here; version 1,
negative serial numbers and odd extensions load. Two certificates are equal when their DER is.
"""

from __future__ import annotations

from typing import Any, Final

from .._native import SecCertificate as SecCertificate
from .._native import SecKey
from ..cf import CFArray, CFDate, CFError
from ..cf.base import type_getter
from ..constants import errSecInternal, errSecParam, errSecSuccess, errSecUnsupportedKeyFormat
from . import _args

SecCertificateRef = SecCertificate

SecCertificateGetTypeID: Final = type_getter("SecCertificate", SecCertificate)


def _certificate(value: object) -> SecCertificate:
    return _args.of(SecCertificate, value, "the certificate")


def SecCertificateCreateWithData(allocator: None, data: bytes | None) -> SecCertificate | None:
    """A certificate out of DER; ``None`` for bytes that are none (PEM is not taken)."""
    _args.out(allocator)
    if data is None:
        return None
    try:
        return SecCertificate(_args.data(data, "the data"))
    except ValueError:
        return None


def SecCertificateCopyData(certificate: SecCertificate | None) -> bytes | None:
    """The DER."""
    return None if certificate is None else _certificate(certificate).der


def SecCertificateCopySubjectSummary(certificate: SecCertificate | None) -> str | None:
    """A short name for people: the common name, else an e-mail address, DNS name, unit or organisation."""
    return None if certificate is None else _certificate(certificate).subject_summary or None


def SecCertificateCopyCommonName(
    certificate: SecCertificate | None, commonName: None = None
) -> tuple[int, str | None]:
    """``(status, name)``: the last common name of the subject; errSecInternal when there is none."""
    _args.out(commonName)
    if certificate is None:
        return errSecParam, None
    name = _certificate(certificate).common_name
    return (errSecInternal, None) if name is None else (errSecSuccess, name)


def SecCertificateCopyEmailAddresses(
    certificate: SecCertificate | None, emailAddresses: None = None
) -> tuple[int, CFArray[Any] | None]:
    """``(status, addresses)``: those of the alternative names, then of the subject; often empty."""
    _args.out(emailAddresses)
    if certificate is None:
        return errSecParam, None
    return errSecSuccess, CFArray(_certificate(certificate).email_addresses)


def SecCertificateCopyNormalizedIssuerSequence(certificate: SecCertificate | None) -> bytes | None:
    """The issuer in a form that is equal for equal names; not DER."""
    return None if certificate is None else _certificate(certificate).normalized_issuer


def SecCertificateCopyNormalizedSubjectSequence(certificate: SecCertificate | None) -> bytes | None:
    """The subject in a form that is equal for equal names; not DER."""
    return None if certificate is None else _certificate(certificate).normalized_subject


def SecCertificateCopySerialNumberData(
    certificate: SecCertificate | None, error: None = None
) -> tuple[bytes | None, CFError | None]:
    """``(bytes, error)``: the content octets of the serial number, two's complement."""
    _args.out(error)
    if certificate is None:
        return None, _args.missing("The certificate")
    return _certificate(certificate).serial, None


def SecCertificateCopySerialNumber(
    certificate: SecCertificate | None, error: None = None
) -> tuple[bytes | None, CFError | None]:
    """The older name of SecCertificateCopySerialNumberData."""
    return SecCertificateCopySerialNumberData(certificate, error)


def SecCertificateCopyKey(certificate: SecCertificate | None) -> SecKey | None:
    """The public key; ``None`` when its algorithm is not supported."""
    return None if certificate is None else _certificate(certificate).key()


def SecCertificateCopyPublicKey(
    certificate: SecCertificate | None, key: None = None
) -> tuple[int, SecKey | None]:
    """``(status, key)``: the older form; errSecUnsupportedKeyFormat when the algorithm is not supported."""
    _args.out(key)
    if certificate is None:
        return errSecParam, None
    public = _certificate(certificate).key()
    return (errSecUnsupportedKeyFormat, None) if public is None else (errSecSuccess, public)


def SecCertificateCopyNotValidBeforeDate(certificate: SecCertificate | None) -> CFDate | None:
    """The first moment of validity."""
    return None if certificate is None else CFDate.from_unix(_certificate(certificate).not_before)


def SecCertificateCopyNotValidAfterDate(certificate: SecCertificate | None) -> CFDate | None:
    """The last second of validity."""
    return None if certificate is None else CFDate.from_unix(_certificate(certificate).not_after)
