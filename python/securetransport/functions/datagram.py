"""Datagram contexts: how long datagrams may be, and the cookie of the first hello.

In: contexts, sizes, bytes. Out: statuses, or tuples that begin with one. Promise: shapes only; a context over a
stream answers ``errSecParam`` to all of it.
"""

from __future__ import annotations

from typing import Any

from .. import _native
from .._native import SSLContext
from ..constants.results import errSecParam
from . import _args
from ._args import Out

__all__ = [
    "SSLGetDatagramWriteSize",
    "SSLGetMaxDatagramRecordSize",
    "SSLSetDatagramHelloCookie",
    "SSLSetMaxDatagramRecordSize",
]


def SSLSetMaxDatagramRecordSize(context: SSLContext | None, maxSize: int) -> int:
    """Set the longest datagram of a handshake, in bytes of UDP payload; 1400 unless set.

    Any state, effective with the next message that is sent. Below 64 it is ignored, and 0 is returned all the same.
    Application data is not cut to it: keep writes within SSLGetDatagramWriteSize. ``errSecParam`` on a stream context
    and for a number that is no ``size_t``.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    size = _args.room(maxSize, "maxSize")
    return errSecParam if size is None else _native.set_datagram_size(ctx, size)


def SSLGetMaxDatagramRecordSize(context: SSLContext | None, maxSize: Out = None) -> tuple[int, int | None]:
    """``(status, size)``: the size in force. Any state; ``errSecParam`` on a stream context."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else _native.get_datagram_size(ctx)


def SSLGetDatagramWriteSize(context: SSLContext | None, bufSize: Out = None) -> tuple[int, int | None]:
    """``(status, size)``: how much application data fits into one datagram of the size in force.

    Any state; ``errSecParam`` on a stream context. Before there are keys the worst case (1327 at 1400), afterwards
    what holds for the negotiated suite exactly.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else _native.get_datagram_write_size(ctx)


def SSLSetDatagramHelloCookie(context: SSLContext | None, cookie: Any, cookieLen: int) -> int:
    """Set the cookie that a client has to send back before a server goes on: the first ``cookieLen`` bytes.

    At most 32 bytes. The server answers a ClientHello without it with a HelloVerifyRequest; a first ClientHello that
    carries it already is accepted, so that cookies may be demanded elsewhere. An empty cookie is none. Without effect
    on a client. Only while no session is active, else ``errSecBadReq``; ``errSecParam`` on a stream context and for
    more than 32 bytes.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    wanted = _args.first(_args.data(cookie, "cookie"), _args.number(cookieLen, "cookieLen"))
    if wanted is None:
        return ctx.may_set() or errSecParam
    return _native.set_datagram_cookie(ctx, wanted)
