"""Certificates: DER in, facts out.

In: DER. Out: ``SecCertificate`` objects and what they say. Promise: nothing is judged here; version 1,
negative serial numbers and odd extensions load. Two certificates are equal when their DER is.
"""

from __future__ import annotations

from typing import Any, Final

from .._native import SecCertificate as SecCertificate
from .._native import SecKey
from ..cf import CFArray, CFDate, CFDictionary, CFError
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
    """The certificate in DER, byte for byte as it came; ``None`` for ``None``."""
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
    """The first second of the certificate's validity, a ``CFDate``; ``None`` for ``None``."""
    return None if certificate is None else CFDate.from_unix(_certificate(certificate).not_before)


def SecCertificateCopyNotValidAfterDate(certificate: SecCertificate | None) -> CFDate | None:
    """The last second of the certificate's validity, a ``CFDate``; ``None`` for ``None``."""
    return None if certificate is None else CFDate.from_unix(_certificate(certificate).not_after)


_V1 = "2.16.840.1.113741.2.1.1.1"


def _property(label: str, kind: str, value: object) -> CFDictionary:
    return CFDictionary({"label": label, "localized label": label, "type": kind, "value": value})


def _section(label: str, attributes: list[tuple[str, str]]) -> CFDictionary:
    return _property(label, "section", CFArray(_property(oid, "string", value) for oid, value in attributes))


def _fields(certificate: SecCertificate) -> dict[str, CFDictionary]:
    """Every field under its object identifier."""
    not_before, not_after = certificate.not_before, certificate.not_after
    found = {
        f"{_V1}.2": _property("Version", "string", str(certificate.version)),
        f"{_V1}.3": _property("Serial Number", "string", certificate.serial.hex(" ").upper()),
        f"{_V1}.5": _section("Issuer Name", certificate.issuer_attributes),
        f"{_V1}.6": _property("Not Valid Before", "number", CFDate.from_unix(not_before).absolute),
        f"{_V1}.7": _property("Not Valid After", "number", CFDate.from_unix(not_after).absolute),
        f"{_V1}.8": _section("Subject Name", certificate.subject_attributes),
        f"{_V1}.9": _property("Public Key Algorithm", "string", certificate.key_oid),
        f"{_V1}.10": _property("Public Key Data", "data", certificate.spki),
        "2.16.840.1.113741.2.1.3.2.1": _property("Signature Algorithm", "string", certificate.signature_oid),
        "2.16.840.1.113741.2.1.3.2.2": _property("Signature", "data", certificate.signature),
    }
    for oid, critical, content in certificate.extensions:
        found[oid] = _property(oid, "section", _extension(certificate, oid, critical, content))
    return found


def _extension(
    certificate: SecCertificate, oid: str, critical: bool, content: bytes
) -> CFArray[CFDictionary]:
    entries = [_property("Critical", "string", "Yes" if critical else "No")]
    if oid == "2.5.29.15" and certificate.key_usage is not None:
        # SecKeyUsage counts from the lowest bit, certificates from the highest.
        bits = sum(1 << place for place in range(9) if certificate.key_usage & (0x8000 >> place))
        entries.append(_property("Usage", "number", bits))
    elif oid == "2.5.29.19":
        entries.append(_property("Certificate Authority", "string", "Yes" if certificate.is_ca else "No"))
        if certificate.path_length is not None:
            entries.append(_property("Path Length Constraint", "number", certificate.path_length))
    elif oid == "2.5.29.37":
        entries += [
            _property("Purpose", "string", purpose) for purpose in certificate.extended_key_usage or ()
        ]
    elif oid == "2.5.29.17":
        entries += [_property("DNS Name", "string", name) for name in certificate.dns_names]
        entries += [_property("IP Address", "string", address) for address in certificate.ip_addresses]
        entries += [_property("Email Address", "string", address) for address in certificate.email_addresses]
    else:
        entries.append(_property("Data", "data", content))
    return CFArray(entries)


def SecCertificateCopyValues(
    certificate: SecCertificate | None, keys: Any, error: None = None
) -> tuple[CFDictionary | None, CFError | None]:
    """``(values, error)``: fields by object identifier, those of ``keys`` or all for ``None``.

    Each is a dictionary with "label", "localized label", "type" ("string", "number", "data", "section") and "value".
    Identifiers that are not there are left out.
    """
    _args.out(error)
    if certificate is None:
        return None, _args.missing("The certificate")
    fields = _fields(_certificate(certificate))
    if keys is None:
        return CFDictionary(fields), None
    wanted = [_args.text(key, "an identifier") for key in _args.array(keys, "the identifiers")]
    return CFDictionary({key: fields[key] for key in wanted if key in fields}), None
