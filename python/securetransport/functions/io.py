"""Moving bytes: the callbacks, the connection handed to them, and what is buffered.

In: contexts, callables. Out: statuses and values. SSLRead and SSLWrite are native functions; their
documentation is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._native import SSLContext, SSLRead, SSLWrite
from ..constants.results import errSecParam, errSecSuccess
from . import _args
from ._args import Out

__all__ = [
    "SSLGetBufferedReadSize",
    "SSLGetConnection",
    "SSLRead",
    "SSLReadFunc",
    "SSLSetConnection",
    "SSLSetIOFuncs",
    "SSLWrite",
    "SSLWriteFunc",
]

#: ``read(connection, data, length)``: fills the writable memoryview ``data`` of exactly ``length`` bytes and
#: returns ``(status, count)``, ``(status, bytes)`` or ``(status, bytes, count)``.
SSLReadFunc = Callable[[Any, memoryview, int], Any]
#: ``write(connection, data, length)``: sends ``data`` and returns ``(status, count)``, or 0 for all of it.
SSLWriteFunc = Callable[[Any, memoryview, int], Any]


def SSLSetIOFuncs(
    context: SSLContext | None, readFunc: SSLReadFunc | None, writeFunc: SSLWriteFunc | None
) -> int:
    """Set the two transport callbacks, required before SSLHandshake.

    Only while no session is active, else ``errSecBadReq``; ``errSecParam`` when one is ``None``.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    for name, function in (("readFunc", readFunc), ("writeFunc", writeFunc)):
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be callable or None, not {type(function).__name__}")
    if readFunc is None or writeFunc is None:
        return ctx.may_set() or errSecParam
    return ctx.set_io(readFunc, writeFunc)


def SSLSetConnection(context: SSLContext | None, connection: object) -> int:
    """Set the object handed to both callbacks, ``None`` included; ``errSecBadReq`` while a session is active."""
    ctx = _args.context(context)
    return errSecParam if ctx is None else ctx.set_connection(connection)


def SSLGetConnection(context: SSLContext | None, connection: Out = None) -> tuple[int, Any]:
    """``(status, object)``: the very object given to SSLSetConnection, ``None`` when unset. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_connection())


def SSLGetBufferedReadSize(context: SSLContext | None, bufferSize: Out = None) -> tuple[int, int | None]:
    """``(status, size)``: decrypted bytes of the current record that SSLRead has not delivered yet. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_buffered_read_size())
