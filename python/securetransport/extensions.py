"""What Apple never had.

In: files, trust objects, contexts. Out: identities, further settings. Promise: whatever makes a judgement
milder does so by name only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ._native import SecCertificate, SecIdentity, SSLContext
from .constants.results import errSecParam, errSecSuccess
from .functions import _args
from .functions._args import Out
from .security import files as _files

__all__ = [
    "SSLCopyConnectionReport",
    "SSLGetPSKIdentityHint",
    "SSLSetPSKIdentityHint",
    "SSLSetPSKLookupFunc",
    "credentials_from_files",
    "identity_from_files",
]

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
    ``alert_sent`` and ``alert_received`` (the alert that ended it), ``extended_master_secret``,
    ``encrypt_then_mac`` and ``secure_renegotiation`` (bools). Never a secret.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.report())


def SSLSetPSKIdentityHint(context: SSLContext | None, hint: Any, hintLen: int) -> int:
    """Set the hint that a server sends to help a client choose its identity: the first ``hintLen`` bytes.

    An empty hint is none. Any state, effective at the key exchange. On a client: without effect.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    wanted = _args.first(_args.data(hint, "hint"), _args.number(hintLen, "hintLen"))
    return errSecParam if wanted is None else ctx.set_psk_hint(wanted)


def SSLGetPSKIdentityHint(
    context: SSLContext | None, hint: Out = None, hintLen: Out = None
) -> tuple[int, bytes | None, int | None]:
    """``(status, hint, length)``: on a client what the server sent, on a server what was set, or ``None``."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, 0
    found = ctx.get_psk_hint()
    return errSecSuccess, found, 0 if found is None else len(found)


def SSLSetPSKLookupFunc(
    context: SSLContext | None, lookup: Callable[[Any, bytes], bytes | None] | None
) -> int:
    """Ask a function for the secret of each identity, for servers with many.

    ``lookup(connection, identity)`` returns ``bytes`` or ``None``.

    ``None`` from it means that nobody has that identity: the handshake goes on with a random secret and fails at
    Finished, so that a client cannot tell. What it raises is raised by the call that ran the handshake. ``None`` in
    place of the function: the one secret of ``spi.SSLSetPSKSharedSecret`` counts again. Any state.
    """
    ctx = _args.context(context)
    if lookup is not None and not callable(lookup):
        raise TypeError(f"lookup must be callable or None, not {type(lookup).__name__}")
    return errSecParam if ctx is None else ctx.set_psk_lookup(lookup)
