"""SecCertificate, and random bytes and sentences beside it.

In: DER, objects. Out: values as PyObjC gives them; ``None`` in answers with ``errSecParam``, ``None`` or 0 after its
kind, never an exception.
"""

from __future__ import annotations

import os
from typing import Any

from .. import cf
from .._native import SecCertificate
from ..constants.messages import status_sentence
from ..constants.results import errSecParam, errSecSuccess
from ..functions import _args
from ..functions._args import Out

__all__ = [
    "SecCertificate",
    "SecCertificateCopyCommonName",
    "SecCertificateCopyData",
    "SecCertificateCopySubjectSummary",
    "SecCertificateCreateWithData",
    "SecCertificateGetTypeID",
    "SecCertificateRef",
    "SecCopyErrorMessageString",
    "SecRandomCopyBytes",
]

SecCertificateRef = SecCertificate
_TYPE_ID = cf.register_type(SecCertificate, "SecCertificate")


def certificate(value: object) -> SecCertificate | None:
    """The certificate, or ``None`` for ``None``."""
    if value is None or isinstance(value, SecCertificate):
        return value
    raise TypeError(f"the certificate must be a SecCertificate or None, not {type(value).__name__}")


def SecCertificateGetTypeID() -> int:
    """The type number of certificates; it differs from process to process."""
    return _TYPE_ID


def SecCertificateCreateWithData(allocator: object, data: Any) -> SecCertificate | None:
    """A certificate out of DER; ``None`` when the data is no X.509 certificate. PEM is not accepted."""
    der = _args.data(data, "data")
    if der is None:
        return None
    try:
        return SecCertificate(der)
    except ValueError:
        return None


def SecCertificateCopyData(certificate_: SecCertificate | None) -> bytes | None:
    """The DER."""
    found = certificate(certificate_)
    return None if found is None else found.der


def SecCertificateCopySubjectSummary(certificate_: SecCertificate | None) -> str | None:
    """A name of the subject for people."""
    found = certificate(certificate_)
    return None if found is None else found.subject_summary


def SecCertificateCopyCommonName(
    certificate_: SecCertificate | None, commonName: Out = None
) -> tuple[int, str | None]:
    """``(status, name)``: the subject's common name, ``None`` without one."""
    found = certificate(certificate_)
    return (errSecParam, None) if found is None else (errSecSuccess, found.common_name)


def SecCopyErrorMessageString(status: int, reserved: object = None) -> str | None:
    """The sentence of a status code; ``None`` for an unknown one."""
    code = _args.number(status, "status")
    return None if code is None else status_sentence(code)


def SecRandomCopyBytes(rnd: object, count: int, data: Any = None) -> tuple[int, Any]:
    """``(status, bytes)``: ``count`` random bytes of the operating system.

    A writable buffer in place of ``None`` is filled and comes back itself. ``errSecParam`` for a negative count or
    one above the buffer.
    """
    n = _args.room(count, "count")
    if n is None or n > 1 << 30:
        return errSecParam, data
    if data is None:
        return errSecSuccess, os.urandom(n)
    view = memoryview(data).cast("B")
    if view.readonly:
        raise TypeError("the buffer to fill is read-only")
    if n > len(view):
        return errSecParam, data
    view[:n] = os.urandom(n)
    return errSecSuccess, data
