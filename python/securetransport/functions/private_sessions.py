"""What Apple keeps private about sessions: whether one was resumed, how long it is kept.

In: contexts and plain values. Out: statuses, or tuples that begin with one. Promise: shapes only; reached through
``securetransport.spi``.
"""

from __future__ import annotations

from .. import _native
from .._native import SSLContext
from ..constants.results import errSecParam, errSecSuccess
from . import _args
from ._args import Out

__all__ = ["SSLGetResumableSessionInfo", "SSLSetSessionCacheTimeout"]

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
