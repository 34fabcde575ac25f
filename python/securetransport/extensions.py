"""What Apple never had.

In: files, trust objects, contexts. Out: identities, further settings, the numbers of further cipher suites. Promise:
whatever makes a judgement milder does so by name only.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Callable, Iterable
from typing import Any

from . import _namespace
from ._native import SecCertificate, SecIdentity, SecKey, SSLContext
from .constants import additions as _additions
from .constants.additions import *  # noqa: F403
from .constants.results import errSecParam, errSecSuccess
from .functions import _args
from .functions._args import Out
from .security import files as _files
from .security import held as _held

__all__ = [
    "SSLCopyConnectionReport",
    "SSLGetPSKIdentityHint",
    "SSLSetPSKIdentityHint",
    "SSLSetPSKLookupFunc",
    "SecKeyCreateWithCallbacks",
    "credentials_from_files",
    "identity_from_files",
]
if not typing.TYPE_CHECKING:
    __all__ += _namespace.public_names(vars(_additions))

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


def SecKeyCreateWithCallbacks(
    public: SecKey | SecCertificate,
    sign: Callable[[bytes, str], bytes] | None = None,
    decrypt: Callable[[bytes, str], bytes] | None = None,
    algorithms: Iterable[str] | None = None,
) -> SecKey:
    """A private key that somebody else holds: a token, an agent, a service.

    ``public``: its public half, or the certificate. ``sign(data, algorithm)`` gives a signature,
    ``decrypt(ciphertext, algorithm)`` a plaintext (needed for RSA key exchange alone), both as ``bytes``.
    ``algorithms``: the kSecKeyAlgorithm constants that the functions understand; the engine asks for one of
    these. Digest algorithms get a finished digest, Message ones the message; ECDSA may be answered as X9.62 or
    RFC 4754. By default: digests with SHA-1 to SHA-512 (PKCS#1 v1.5 and PSS, or X9.62), Ed25519 messages, and
    kSecKeyAlgorithmRSAEncryptionPKCS1. With kSecKeyAlgorithmRSAEncryptionRaw among them the padding of a key
    exchange is checked here, in constant time; prefer that where the holder can do it.

    The functions run in the thread of SSLHandshake and may take their time. When one raises, the handshake fails
    with errSSLCrypto or as after a wrong secret, and the exception goes to ``sys.unraisablehook``. ValueError
    for algorithms that are unknown or do not fit the key.
    """
    return _held.create(public, sign, decrypt, algorithms)


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
