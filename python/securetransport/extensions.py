"""What Apple never had.

In: files, trust objects, contexts. Out: identities, further settings. Promise: whatever makes a judgement
milder does so by name only.
"""

from __future__ import annotations

import os
from typing import Any

from ._native import SecCertificate, SecIdentity, SSLContext
from .constants.results import errSecParam, errSecSuccess
from .functions import _args
from .functions._args import Out
from .security import files as _files

__all__ = ["SSLCopyConnectionReport", "credentials_from_files", "identity_from_files"]

Path = str | os.PathLike[str]


def _read(path: Path, password: str | bytes | None) -> _files.Contents:
    with open(path, "rb") as file:
        data = file.read()
    try:
        return _files.read(data, password)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def _credentials(
    cert: Path, key: Path | None, password: str | bytes | None
) -> tuple[SecIdentity, list[SecCertificate]]:
    found = _read(cert, password)
    if not found.certificates:
        raise ValueError(f"{os.fspath(cert)}: there is no certificate in this file")
    holder = cert if key is None else key
    keys = found.keys if key is None else _read(key, password).keys
    if not keys:
        raise ValueError(f"{os.fspath(holder)}: there is no private key in this file")
    for certificate in found.certificates:
        made = _files.identity(certificate, keys)
        if made is not None:
            return made, [other for other in found.certificates if other != certificate]
    try:
        SecIdentity(found.certificates[0], keys[0])
    except ValueError as error:
        raise ValueError(f"{os.fspath(holder)}: {error}") from None
    raise AssertionError("an identity that could not be made was made")


def identity_from_files(
    cert: Path, key: Path | None = None, password: str | bytes | None = None
) -> SecIdentity:
    """An identity out of a certificate's file and, unless it is in there too, its private key's file.

    ``cert``: PEM, DER or PKCS#12. ``key``: PEM or DER (PKCS#8, PKCS#1, SEC 1). ``password`` opens encrypted
    keys and PKCS#12 files. Of several certificates the first with a matching key counts. Raises OSError
    when a file cannot be read and ValueError, with one sentence, when its contents do not do.
    """
    return _credentials(cert, key, password)[0]


def credentials_from_files(
    cert: Path, key: Path | None = None, password: str | bytes | None = None
) -> list[SecIdentity | SecCertificate]:
    """The list for SSLSetCertificate: the identity, then the other certificates of the file in their order.

    Arguments and errors as of identity_from_files.
    """
    identity, others = _credentials(cert, key, password)
    return [identity, *others]


def SSLCopyConnectionReport(
    context: SSLContext | None, report: Out = None
) -> tuple[int, dict[str, Any] | None]:
    """``(status, report)``: what is known about a connection, in words, for people and logs. Any state.

    Keys: ``version``, ``suite``, ``group``, ``scheme`` (names or ``None``), ``fault`` (why it ended),
    ``alert_sent`` and ``alert_received`` (the alert that ended it), ``extended_master_secret`` and
    ``secure_renegotiation`` (bools). Never a secret.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.report())
