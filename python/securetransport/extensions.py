"""Calls that Apple never had.

In: contexts and plain values. Out: as the SSL* functions, status first. Promise: nothing here changes what a
program written for Secure Transport sees.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from ._native import SecCertificate, SecIdentity, SecKey, SSLContext
from .constants.results import errSecParam, errSecSuccess
from .functions import _args
from .functions._args import Out
from .security import loading

__all__ = ["SSLCopyConnectionReport", "credentials_from_files", "identity_from_files"]


def identity_from_files(
    cert: str | PathLike[str],
    key: str | PathLike[str] | None = None,
    password: str | bytes | None = None,
) -> SecIdentity:
    """An identity out of files.

    ``cert`` is PEM, DER or PKCS#12; ``key`` PEM or DER, by default the file of the certificate. Of several keys in a
    file the first counts, with the certificate that belongs to it. ``OSError`` when a file cannot be read,
    ``ValueError`` with one sentence when it does not hold what is needed.
    """
    return _credentials(cert, key, password)[0]


def credentials_from_files(
    cert: str | PathLike[str],
    key: str | PathLike[str] | None = None,
    password: str | bytes | None = None,
) -> list[SecIdentity | SecCertificate]:
    """The list that SSLSetCertificate takes: the identity, then the further certificates of the file in their order.

    Files and errors as for :func:`identity_from_files`.
    """
    identity, rest = _credentials(cert, key, password)
    return [identity, *rest]


def _credentials(
    cert: str | PathLike[str], key: str | PathLike[str] | None, password: str | bytes | None
) -> tuple[SecIdentity, list[SecCertificate]]:
    secret = password.encode() if isinstance(password, str) else password
    try:
        private, chain = _read(Path(cert), secret)
    except ValueError as error:
        raise ValueError(f"{cert}: {error}") from None
    source = cert if key is None else key
    if key is not None:
        try:
            private = loading.private_key(Path(key).read_bytes(), secret)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    if private is None:
        raise ValueError(f"{source}: there is no private key in this file")
    if not chain:
        raise ValueError(f"{cert}: there is no certificate in this file")
    return _paired(chain, private, source)


def _paired(
    chain: list[SecCertificate], private: SecKey, source: str | PathLike[str]
) -> tuple[SecIdentity, list[SecCertificate]]:
    """The key with the certificate that it belongs to, wherever that stands, and the others in their order."""
    for index, certificate in enumerate(chain):
        try:
            return SecIdentity(certificate, private), chain[:index] + chain[index + 1 :]
        except ValueError:
            continue
    raise ValueError(f"{source}: the private key does not belong to the certificate")


def _read(path: Path, password: bytes | None) -> tuple[SecKey | None, list[SecCertificate]]:
    """What a file holds: PEM with keys and certificates, one DER certificate, or PKCS#12."""
    data = path.read_bytes()
    if loading.is_pem(data):
        chain = loading.certificates(data)
        return loading.private_key(data, password) if b"PRIVATE KEY" in data else None, chain
    try:
        return None, loading.certificates(data)
    except ValueError:
        return loading.archive(data, password)


def SSLCopyConnectionReport(
    context: SSLContext | None, report: Out = None
) -> tuple[int, dict[str, Any] | None]:
    """``(status, report)``: what is known about a connection, in words, for people and logs. Any state.

    Keys: ``version``, ``suite``, ``group``, ``scheme`` (names or ``None``), ``fault`` (why it ended), ``alert_sent``
    and ``alert_received`` (the alert that ended it), ``extended_master_secret`` and ``secure_renegotiation`` (bools).
    Never a secret.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.report())
