"""Functions that Apple deprecated before Secure Transport as a whole; not at the top level of the package.

In: contexts and plain values. Out: statuses, or tuples that begin with one. Promise: shapes only.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._native import SecCertificate, SSLContext, system_anchors
from .cf import CFArray
from .constants.results import errSecBadReq, errSecParam, errSecSuccess, errSecUnimplemented
from .enums.ssl import SSLConnectionType, SSLProtocol, SSLProtocolSide
from .functions import _args
from .functions._args import Out
from .functions.session import SSLCreateContext

__all__ = [
    "SSLCopyPeerCertificates",
    "SSLCopyTrustedRoots",
    "SSLDisposeContext",
    "SSLGetAllowsAnyRoot",
    "SSLGetAllowsExpiredCerts",
    "SSLGetAllowsExpiredRoots",
    "SSLGetEnableCertVerify",
    "SSLGetPeerCertificates",
    "SSLGetProtocolVersion",
    "SSLGetProtocolVersionEnabled",
    "SSLGetRsaBlinding",
    "SSLNewContext",
    "SSLSetAllowsAnyRoot",
    "SSLSetAllowsExpiredCerts",
    "SSLSetAllowsExpiredRoots",
    "SSLSetEnableCertVerify",
    "SSLSetProtocolVersion",
    "SSLSetProtocolVersionEnabled",
    "SSLSetRsaBlinding",
    "SSLSetTrustedRoots",
]


def SSLNewContext(isServer: bool, contextPtr: Out = None) -> tuple[int, SSLContext | None]:
    """``(status, context)``: a stream context; use SSLCreateContext."""
    server = _args.flag(isServer, "isServer")
    if server is None:
        return errSecParam, None
    side = SSLProtocolSide.kSSLServerSide if server else SSLProtocolSide.kSSLClientSide
    return errSecSuccess, SSLCreateContext(None, side, SSLConnectionType.kSSLStreamType)


def SSLDisposeContext(context: SSLContext | None) -> int:
    """Do nothing, successfully: the context goes with its last reference. ``errSecParam`` for ``None``."""
    return errSecParam if _args.context(context) is None else errSecSuccess


def SSLSetEnableCertVerify(context: SSLContext | None, enableVerify: bool) -> int:
    """Turn automatic verification on or off; ``errSecBadReq`` while a session is active.

    With it off any chain passes and the application must judge SSLCopyPeerTrust. It shares its switch with the
    options BreakOnServerAuth and BreakOnClientAuth; the last call made wins.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    on = _args.flag(enableVerify, "enableVerify")
    return ctx.may_set() or (errSecParam if on is None else ctx.set_cert_verify(on))


def SSLGetEnableCertVerify(context: SSLContext | None, enableVerify: Out = None) -> tuple[int, bool | None]:
    """``(status, bool)``: whether the peer is verified automatically. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_cert_verify())


def _ignored(context: SSLContext | None, value: object, name: str) -> int:
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    on = _args.flag(value, name)
    return errSecParam if on is None else errSecSuccess


def _unimplemented(context: SSLContext | None) -> tuple[int, None]:
    return (errSecParam if _args.context(context) is None else errSecUnimplemented), None


def SSLSetAllowsExpiredCerts(context: SSLContext | None, allowsExpired: bool) -> int:
    """Without effect: 0. Expired certificates are allowed by name with ``extensions.SecTrustSetAllowances``."""
    return _ignored(context, allowsExpired, "allowsExpired")


def SSLGetAllowsExpiredCerts(context: SSLContext | None, allowsExpired: Out = None) -> tuple[int, None]:
    """``(errSecUnimplemented, None)``: there is nothing to read back."""
    return _unimplemented(context)


def SSLSetAllowsExpiredRoots(context: SSLContext | None, allowsExpired: bool) -> int:
    """Without effect: 0. An expired root is as bad as any other expired certificate."""
    return _ignored(context, allowsExpired, "allowsExpired")


def SSLGetAllowsExpiredRoots(context: SSLContext | None, allowsExpired: Out = None) -> tuple[int, None]:
    """``(errSecUnimplemented, None)``: there is nothing to read back."""
    return _unimplemented(context)


def SSLSetAllowsAnyRoot(context: SSLContext | None, anyRoot: bool) -> int:
    """Accept every chain in automatic verification: unknown root, expired, wrong host, all of it. Any state.

    This is as insecure as it sounds.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    on = _args.flag(anyRoot, "anyRoot")
    return errSecParam if on is None else ctx.set_allows_any_root(on)


def SSLGetAllowsAnyRoot(context: SSLContext | None, anyRoot: Out = None) -> tuple[int, bool | None]:
    """``(status, bool)``: whether SSLSetAllowsAnyRoot made verification accept everything. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_allows_any_root())


def SSLSetTrustedRoots(
    context: SSLContext | None, trustedRoots: Sequence[SecCertificate] | None, replace: bool
) -> int:
    """Trust these roots: instead of the platform's (``replace`` true) or beside them.

    Once they were replaced, later calls with ``replace`` false add to the given ones only. ``errSecBadReq`` while a
    session is active; ``errSecParam`` for ``None`` and for elements that are no certificates.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    roots = _args.sequence(trustedRoots, "trustedRoots")
    only = _args.flag(replace, "replace")
    if roots is None or only is None or not all(isinstance(root, SecCertificate) for root in roots):
        return ctx.may_set() or errSecParam
    return ctx.set_trusted_roots(roots, only)


def SSLCopyTrustedRoots(
    context: SSLContext | None, trustedRoots: Out = None
) -> tuple[int, CFArray[SecCertificate] | None]:
    """``(status, roots)``: those given to SSLSetTrustedRoots, otherwise the platform's. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    roots, only = ctx.get_trusted_roots()
    return errSecSuccess, CFArray(roots if roots or only else system_anchors())


def SSLCopyPeerCertificates(
    context: SSLContext | None, certs: Out = None
) -> tuple[int, CFArray[SecCertificate] | None]:
    """``(status, chain)``: the chain that evaluation built, leaf first; it evaluates where that is still to do.

    ``errSecBadReq`` and ``None`` while there is no trust object.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    trust = ctx.copy_peer_trust()
    return (errSecBadReq, None) if trust is None else (errSecSuccess, CFArray(trust.chain()))


def SSLSetProtocolVersionEnabled(context: SSLContext | None, protocol: int, enable: bool) -> int:
    """Widen the bounds to a version (true) or raise the lower one past it (false); bounds have no gaps.

    ``kSSLProtocolAll`` enables SSLv3 to TLS 1.2, or nothing. Disabling TLS 1.2 changes nothing. ``errSecBadReq``
    while a session is active, ``errSecParam`` for other numbers; SSLv2 may only be disabled.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    number, on = _args.number(protocol, "protocol"), _args.flag(enable, "enable")
    if number is None or on is None:
        return ctx.may_set() or errSecParam
    return ctx.set_version_enabled(_args.int64(number), on)


def SSLGetProtocolVersionEnabled(
    context: SSLContext | None, protocol: int, enable: Out = None
) -> tuple[int, bool | None]:
    """``(status, bool)``: whether a version lies within the bounds; ``kSSLProtocolAll`` is true for all of them."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    number = _args.number(protocol, "protocol")
    return (errSecParam, None) if number is None else ctx.get_version_enabled(_args.int64(number))


def SSLSetProtocolVersion(context: SSLContext | None, version: int) -> int:
    """Set the highest version; the lowest becomes SSLv3, or the same one for the members that end in ``Only``.

    ``errSecBadReq`` while a session is active, ``errSecParam`` for SSLv2, TLS 1.3 and unknown numbers.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    number = _args.number(version, "version")
    return (ctx.may_set() or errSecParam) if number is None else ctx.set_protocol_version(_args.int64(number))


def SSLGetProtocolVersion(context: SSLContext | None, protocol: Out = None) -> tuple[int, SSLProtocol | None]:
    """``(status, version)``: the member that means the bounds; ``errSecParam`` where there is none, as by default."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    status, number = ctx.get_protocol_version()
    return status, None if number is None else SSLProtocol(number)


def SSLSetRsaBlinding(context: SSLContext | None, blinding: bool) -> int:
    """Store a flag that nothing reads but its getter: RSA operations are always blinded. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    on = _args.flag(blinding, "blinding")
    if on is None:
        return errSecParam
    ctx.set_rsa_blinding(on)
    return errSecSuccess


def SSLGetRsaBlinding(context: SSLContext | None, blinding: Out = None) -> tuple[int, bool | None]:
    """``(status, bool)``: the flag of SSLSetRsaBlinding, true by default. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_rsa_blinding())


def SSLGetPeerCertificates(context: SSLContext | None, certs: Out = None) -> tuple[int, None]:
    """``(errSecUnimplemented, None)``; use SSLCopyPeerCertificates."""
    return _unimplemented(context)
