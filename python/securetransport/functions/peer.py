"""The peer: the name it must have, the name it asked for, and whether it is trusted.

In: contexts, names. Out: statuses, or tuples that begin with one. Promise: shapes only.
"""

from __future__ import annotations

from .._native import SecTrust, SSLContext
from ..constants.results import errSecParam, errSecSuccess, errSSLBufferOverflow
from . import _args
from ._args import Out

__all__ = [
    "SSLCopyPeerTrust",
    "SSLCopyRequestedPeerName",
    "SSLCopyRequestedPeerNameLength",
    "SSLGetPeerDomainName",
    "SSLGetPeerDomainNameLength",
    "SSLSetPeerDomainName",
]


def SSLSetPeerDomainName(context: SSLContext | None, peerName: str | bytes | None, peerNameLen: int) -> int:
    """Name the server: for SNI and for the host name check. The first ``peerNameLen`` bytes or characters count.

    Only while no session is active, else ``errSecBadReq``. A ``str`` that is not ASCII is encoded by IDNA
    (``errSecParam`` where that fails); everything from the first NUL on is cut. On a server: without effect.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    text = peerName if isinstance(peerName, str) else _args.data(peerName, "peerName")
    length = _args.number(peerNameLen, "peerNameLen")
    if text is None or length is None or not 0 <= length <= len(text):
        return ctx.may_set() or errSecParam
    name = encoded_name(text[:length])
    if name is None:
        return ctx.may_set() or errSecParam
    return ctx.set_peer_domain_name(name)


def encoded_name(text: str | bytes) -> bytes | None:
    """A host name in bytes; ``None`` where IDNA cannot encode it."""
    if isinstance(text, bytes):
        return text
    if text.isascii():
        return text.encode("ascii")
    try:
        return text.encode("idna")
    except UnicodeError:
        return None


def SSLGetPeerDomainNameLength(context: SSLContext | None, peerNameLen: Out = None) -> tuple[int, int | None]:
    """``(status, length)``: bytes of the name without a terminator, 0 when unset. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, len(ctx.get_peer_domain_name()))


def SSLGetPeerDomainName(
    context: SSLContext | None, peerName: Out, peerNameLen: int
) -> tuple[int, bytes | None, int | None]:
    """``(status, name, length)``; ``errSSLBufferOverflow`` when ``peerNameLen`` is too small. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, peerNameLen
    return _filled(ctx.get_peer_domain_name(), _args.number(peerNameLen, "peerNameLen"))


def _requested(ctx: SSLContext) -> bytes:
    """The name with the NUL that a server counts; on a client its own name."""
    if ctx.is_client:
        return ctx.get_peer_domain_name()
    name = ctx.get_requested_peer_name()
    return b"" if name is None else name + b"\0"


def SSLCopyRequestedPeerNameLength(
    context: SSLContext | None, peerNameLen: Out = None
) -> tuple[int, int | None]:
    """``(status, length)``: on a server the client's server name and its trailing NUL, 0 when it sent none."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, len(_requested(ctx)))


def SSLCopyRequestedPeerName(
    context: SSLContext | None, peerName: Out, peerNameLen: int
) -> tuple[int, bytes | None, int | None]:
    """``(status, name, length)``: the server name that the client asked for, on a server with a trailing NUL.

    Useful at the pause for the ClientHello, to choose a certificate. On a client: its own peer domain name.
    ``errSSLBufferOverflow`` when ``peerNameLen`` is too small.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, peerNameLen
    return _filled(_requested(ctx), _args.number(peerNameLen, "peerNameLen"))


def _filled(name: bytes, size: int | None) -> tuple[int, bytes | None, int | None]:
    if size is None or not 0 <= size < 2**64:
        return errSecParam, None, size
    if size < len(name):
        return errSSLBufferOverflow, None, size
    return errSecSuccess, name, len(name)


def SSLCopyPeerTrust(context: SSLContext | None, trust: Out = None) -> tuple[int, SecTrust | None]:
    """``(status, trust)``: the peer's chain with policy, anchors and stapled data; ``None`` while there is none.

    One object per handshake. It is evaluated already where automatic verification ran. Any state.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.copy_peer_trust())
