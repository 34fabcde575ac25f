"""What Apple keeps private about sessions: whether one was resumed, how long it is kept, its secrets and sizes.

In: contexts and plain values. Out: statuses, or tuples that begin with one. Promise: shapes only; reached through
``securetransport.spi``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import _native
from .._native import SSLContext
from ..constants.results import errSecParam, errSecSuccess
from . import _args
from ._args import Out

__all__ = [
    "SSLGetALPNData",
    "SSLGetCipherSizes",
    "SSLGetResumableSessionInfo",
    "SSLInternalClientRandom",
    "SSLInternalMasterSecret",
    "SSLInternalServerRandom",
    "SSLInternalSetMasterSecretFunction",
    "SSLInternal_PRF",
    "SSLSetALPNData",
    "SSLSetALPNFunc",
    "SSLSetSessionCacheTimeout",
]

#: ``func(context, info, data, length)``: hears what a server selected, in the raw form.
SSLALPNFunc = Callable[[SSLContext, Any, bytes, int], Any]
#: What SSLInternalSetMasterSecretFunction takes.
SSLInternalMasterSecretFunction = Callable[..., Any]

#: Bytes of room that the caller must offer for a session ID.
_SESSION_ID = 32


def SSLGetResumableSessionInfo(
    context: SSLContext | None, sessionWasResumed: Out, sessionID: Out, sessionIDLength: int
) -> tuple[int, bool | None, bytes | None, int | None]:
    """``(status, resumed, id, length)``: whether the session was resumed, and if so its ID, else ``b""``.

    The ID is empty too where a ticket alone holds the session. ``errSecParam`` when ``sessionIDLength`` is below 32.
    Any state; ``False`` before the ServerHello.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, None, sessionIDLength
    room = _args.room(sessionIDLength, "sessionIDLength")
    if room is None or room < _SESSION_ID:
        return errSecParam, None, None, sessionIDLength
    found = _native.get_resumed_session(ctx)
    return errSecSuccess, found is not None, found or b"", len(found or b"")


def SSLSetSessionCacheTimeout(context: SSLContext | None, timeoutInSeconds: int) -> int:
    """How many seconds the cache entry lives that this context will store; 0 is the default, 600.

    Any state, taken when the entry is stored. An entry that is stored again keeps its end. ``errSecParam`` for
    ``None`` and for numbers outside 32 bits.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    seconds = _args.number(timeoutInSeconds, "timeoutInSeconds")
    return errSecParam if seconds is None else _native.set_session_cache_timeout(ctx, _args.int64(seconds))


# --- secrets ---------------------------------------------------------------------------------------------


def _secret(
    context: SSLContext | None, size: object, name: str, length: int, read: Callable[[SSLContext], bytes]
) -> tuple[int, bytes | None, Any]:
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, size
    room = _args.room(size, name)
    if room is None or room < length:
        return errSecParam, None, size
    return errSecSuccess, read(ctx), length


def SSLInternalMasterSecret(
    context: SSLContext | None, secret: Out, secretSize: int
) -> tuple[int, bytes | None, int | None]:
    """``(status, secret, 48)``: the master secret, all zero before it is known. Any state.

    ``errSecParam`` when ``secretSize`` is below 48. Whoever has it can read the connection.
    """
    return _secret(context, secretSize, "secretSize", 48, _native.get_master_secret)


def SSLInternalClientRandom(
    context: SSLContext | None, randBuf: Out, randSize: int
) -> tuple[int, bytes | None, int | None]:
    """``(status, random, 32)``: the client's random, zero before the hellos; ``errSecParam`` below 32. Any state."""
    return _secret(context, randSize, "randSize", 32, lambda ctx: _native.get_randoms(ctx)[0])


def SSLInternalServerRandom(
    context: SSLContext | None, randBuf: Out, randSize: int
) -> tuple[int, bytes | None, int | None]:
    """``(status, random, 32)``: the server's random, zero before the hellos; ``errSecParam`` below 32. Any state."""
    return _secret(context, randSize, "randSize", 32, lambda ctx: _native.get_randoms(ctx)[1])


def SSLInternal_PRF(
    context: SSLContext | None,
    secret: Any,
    secretLen: int,
    label: Any,
    labelLen: int,
    seed: Any,
    seedLen: int,
    out: Out,
    outLen: int,
) -> tuple[int, bytes | None]:
    """``(status, bytes)``: the TLS PRF of the negotiated version over a secret, a label and a seed of the caller.

    ``None`` as label: it stands in the seed already. ``errSSLInternal`` before version and suite are settled, with
    SSLv3, which has no such function, and for more than 1 MiB; ``errSecParam`` for lengths above the data. The master
    secret, a label and both randoms give the exporter of RFC 5705 without a context;
    ``sec_protocol_metadata_create_secret`` is simpler.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    labelled = b"" if label is None else _args.data(label, "label")
    key = _args.first(_args.data(secret, "secret"), _args.number(secretLen, "secretLen"))
    name = _args.first(labelled, _args.number(labelLen, "labelLen"))
    rest = _args.first(_args.data(seed, "seed"), _args.number(seedLen, "seedLen"))
    length = _args.room(outLen, "outLen")
    if key is None or name is None or rest is None or length is None:
        return errSecParam, None
    return _native.run_prf(ctx, key, name, rest, length)


def SSLInternalSetMasterSecretFunction(
    ctx: SSLContext | None, mFunc: SSLInternalMasterSecretFunction | None, arg: Any
) -> int:
    """Accept the function that would give the master secret of an EAP-FAST session; it is never called.

    It has a meaning only together with SSLInternalSetSessionTicket, which this library does not offer.
    ``errSecParam`` for ``None`` as context.
    """
    if _args.context(ctx) is None:
        return errSecParam
    if mFunc is not None and not callable(mFunc):
        raise TypeError(f"mFunc must be callable or None, not {type(mFunc).__name__}")
    return errSecSuccess


# --- sizes and protocols ---------------------------------------------------------------------------------


def SSLGetCipherSizes(
    context: SSLContext | None, digestSize: Out = None, symmetricKeySize: Out = None, ivSize: Out = None
) -> tuple[int, int | None, int | None, int | None]:
    """``(status, mac, key, iv)``: sizes of the negotiated suite in bytes, zeros before. Any state.

    The MAC is 0 for AEADs; the vector 16 for AES-CBC, 8 for 3DES, 12 for AEADs, 0 for stream ciphers.
    """
    known = _args.context(context)
    return (
        (errSecParam, None, None, None)
        if known is None
        else (errSecSuccess, *_native.get_cipher_sizes(known))
    )


def SSLSetALPNData(context: SSLContext | None, data: Any, length: int) -> int:
    """Set the application protocols in their raw form, each name behind one byte of length. Any state.

    The same list as SSLSetALPNProtocols, without its limit on a name. ``errSecParam`` for ``None``, for nothing, for
    more than 255 bytes, and for bytes that are no such list.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    raw = _args.first(_args.data(data, "data"), _args.number(length, "length"))
    return errSecParam if raw is None else _native.set_alpn_data(ctx, raw)


def SSLGetALPNData(context: SSLContext | None, length: Out = None) -> tuple[bytes | None, int]:
    """``(data, length)``: what the peer sent, in the raw form; ``None`` and 0 when there is none. Any state."""
    ctx = _args.context(context)
    data = None if ctx is None else _native.get_alpn_data(ctx)
    return data, len(data or b"")


def SSLSetALPNFunc(context: SSLContext | None, alpnFunc: SSLALPNFunc | None, info: Any) -> None:
    """Let ``alpnFunc(context, info, data, length)`` hear which protocol a server selected, in the raw form.

    Ignored while a session is active; ``None`` ends it. What it raises comes out of the call that ran it.
    """
    ctx = _args.context(context)
    if ctx is None:
        return
    if alpnFunc is not None and not callable(alpnFunc):
        raise TypeError(f"alpnFunc must be callable or None, not {type(alpnFunc).__name__}")
    if alpnFunc is None:
        _native.set_alpn_func(ctx, None)
        return
    told, holder = alpnFunc, ctx
    _native.set_alpn_func(ctx, lambda data: told(holder, info, data, len(data)))
