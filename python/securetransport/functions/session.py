"""Contexts and where they stand: creation, state, options, the end.

In: contexts, option numbers. Out: statuses, or tuples that begin with one. Promise: shapes only; what a call
answers in which state is decided by the engine.
"""

from __future__ import annotations

from .. import cf
from .._native import SSLContext, SSLHandshake
from ..constants.results import errSecParam, errSecSuccess
from ..enums.ssl import SSLConnectionType, SSLProtocolSide, SSLSessionState
from . import _args
from ._args import Out

__all__ = [
    "SSLClose",
    "SSLContextGetTypeID",
    "SSLCreateContext",
    "SSLGetSessionOption",
    "SSLGetSessionState",
    "SSLHandshake",
    "SSLReHandshake",
    "SSLSetError",
    "SSLSetSessionOption",
]

_STATES = tuple(SSLSessionState)
_TYPE_ID = cf.register_type(SSLContext, "SSLContext")


def SSLCreateContext(alloc: object, protocolSide: int, connectionType: int) -> SSLContext | None:
    """Make a context for one connection.

    ``alloc`` is ignored. ``protocolSide`` is ``kSSLServerSide`` or ``kSSLClientSide``, ``connectionType``
    ``kSSLStreamType`` or ``kSSLDatagramType``. Returns the context in state ``kSSLIdle``, or ``None`` for an unknown
    side or type. A new context verifies its peer, speaks TLS 1.0 to 1.2 or DTLS 1.0, and enables 21 suites.
    """
    side = _args.number(protocolSide, "protocolSide")
    kind = _args.number(connectionType, "connectionType")
    if kind not in (SSLConnectionType.kSSLStreamType, SSLConnectionType.kSSLDatagramType):
        return None
    if side not in (SSLProtocolSide.kSSLServerSide, SSLProtocolSide.kSSLClientSide):
        return None
    return SSLContext(side == SSLProtocolSide.kSSLClientSide, kind == SSLConnectionType.kSSLDatagramType)


def SSLContextGetTypeID() -> int:
    """The type number of contexts, as ``CFGetTypeID`` gives it; it differs from process to process."""
    return _TYPE_ID


def SSLGetSessionState(context: SSLContext | None, state: Out = None) -> tuple[int, SSLSessionState | None]:
    """``(status, state)``: an ``SSLSessionState``. Any state. A failed SSLHandshake leaves ``kSSLHandshake``."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    return errSecSuccess, _STATES[ctx.get_state()]


def SSLSetSessionOption(context: SSLContext | None, option: int, value: bool) -> int:
    """Set one of the ten ``kSSLSessionOption`` numbers.

    Only while no session is active, else ``errSecBadReq``; ``errSecParam`` for an unknown option.
    BreakOnServerAuth and BreakOnClientAuth also turn automatic verification off (true) or on again (false).
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    number = _args.number(option, "option")
    on = _args.flag(value, "value")
    if number is None or on is None:
        return ctx.may_set() or errSecParam
    return ctx.set_option(_args.int64(number), on)


def SSLGetSessionOption(
    context: SSLContext | None, option: int, value: Out = None
) -> tuple[int, bool | None]:
    """``(status, bool)``: any of the ten options, any state; ``errSecParam`` for an unknown one."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    number = _args.number(option, "option")
    if number is None:
        return errSecParam, None
    return ctx.get_option(_args.int64(number))


def SSLReHandshake(context: SSLContext | None) -> int:
    """Begin another handshake on a complete one: a client queues a ClientHello, a server a HelloRequest.

    Nothing is sent by this call; go on with SSLHandshake, SSLRead or SSLWrite. A server takes the ClientHello that
    follows only with the option AllowRenegotiation. On an idle client it starts the first handshake. ``errSecBadReq``
    while a handshake is running and out of a callback of this context, ``errSSLIllegalParam`` on an idle server,
    ``errSSLClosedGraceful`` or ``errSSLClosedAbort`` on an ended one.
    """
    ctx = _args.context(context)
    return errSecParam if ctx is None else ctx.rehandshake()


def SSLSetError(context: SSLContext | None, status: int) -> int:
    """Reject the peer with a reason; the state becomes ``kSSLAborted`` and the answer is always 0.

    The next SSLHandshake sends certificate_expired for ``errSecCertificateExpired``, certificate_revoked for
    ``errSecCertificateRevoked`` and certificate_unknown for any other code, closes, and returns 0.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    code = _args.number(status, "status")
    if code is None or not -(2**31) <= code < 2**31:
        return errSecParam
    return ctx.set_error(code)


def SSLClose(context: SSLContext | None) -> int:
    """Send close_notify where it is due, try to flush, and close; allowed any time and any number of times.

    The state is ``kSSLClosed`` afterwards whatever comes back: 0, ``errSSLWouldBlock`` (call again to flush
    more), or the write callback's code. Raises what the callback raised.
    """
    ctx = _args.context(context)
    return errSecParam if ctx is None else ctx.close()
