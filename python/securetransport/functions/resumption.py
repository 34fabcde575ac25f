"""Sessions that begin where another one ended: the peer's name in the cache, and tickets.

In: contexts, names for peers. Out: statuses, or tuples that begin with one. Promise: shapes only.
"""

from __future__ import annotations

from typing import Any

from .. import _native
from .._native import SSLContext
from ..constants.results import errSecParam, errSecSuccess
from . import _args
from ._args import Out

__all__ = ["SSLGetPeerID", "SSLSetPeerID", "SSLSetSessionTicketsEnabled"]


def SSLSetPeerID(context: SSLContext | None, peerID: Any, peerIDLen: int) -> int:
    """Name the peer for the process-wide session cache: the first ``peerIDLen`` bytes. This enables resumption.

    On a client the name is the key, together with the trust settings and the break options, so it should hold the
    host, the port and whatever else must not be mixed up; on a server it only says that sessions are to be kept.
    Only while no session is active, or at a client's pause for its certificate, else ``errSecBadReq``;
    ``errSecParam`` for ``None`` and for an empty name.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    name, length = _args.data(peerID, "peerID"), _args.number(peerIDLen, "peerIDLen")
    return _native.set_peer_id(ctx, _args.first(name, length) or b"")


def SSLGetPeerID(
    context: SSLContext | None, peerID: Out = None, peerIDLen: Out = None
) -> tuple[int, bytes | None, int | None]:
    """``(status, name, length)``: what SSLSetPeerID was given, ``None`` and 0 when unset. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, peerIDLen
    _args.number(peerIDLen, "peerIDLen")
    name = _native.get_peer_id(ctx)
    return errSecSuccess, name, len(name or b"")


def SSLSetSessionTicketsEnabled(context: SSLContext | None, enabled: bool) -> int:
    """Let a client ask for session tickets (RFC 5077); they resume only with a peer ID. Any state, effective at the
    next hello; the same switch as ``kSSLSessionOptionEnableSessionTickets``.

    A server issues tickets only under keys given with ``extensions.SSLSetSessionTicketKeys``.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    on = _args.flag(enabled, "enabled")
    return errSecParam if on is None else _native.set_session_tickets(ctx, on)
