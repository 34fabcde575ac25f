"""What Apple keeps private: Diffie-Hellman and curve limits, pre-shared keys, what the peer announced, getters.

In: contexts and plain values. Out: statuses, or tuples that begin with one. Promise: shapes only; reached through
``securetransport.spi``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._native import SecCertificate, SecTrust, SSLContext
from ..cf import CFArray
from ..constants.results import errSecParam, errSecSuccess, errSecUnimplemented, errSSLBufferOverflow
from ..enums.spi import SSL_ECDSA_NamedCurve, SSLClientAuthenticationType
from ..enums.ssl import SSLAuthenticate, SSLConnectionType, SSLProtocolSide
from . import _args
from ._args import Out
from .peer import SSLCopyPeerTrust
from .session import SSLCreateContext

__all__ = [
    "SSLCopyTrustedLeafCertificates",
    "SSLGetAllowAnonymousCiphers",
    "SSLGetCertificate",
    "SSLGetClientAuthTypes",
    "SSLGetClientSideAuthenticate",
    "SSLGetDHEEnabled",
    "SSLGetECDSACurves",
    "SSLGetEncryptionCertificate",
    "SSLGetMinimumDHGroupSize",
    "SSLGetNegotiatedClientAuthType",
    "SSLGetNegotiatedCurve",
    "SSLGetNumberOfClientAuthTypes",
    "SSLGetNumberOfECDSACurves",
    "SSLGetNumberOfSignatureAlgorithms",
    "SSLGetPSKIdentity",
    "SSLGetPeerSecTrust",
    "SSLGetSignatureAlgorithms",
    "SSLIsSessionNegotiatedWithUnsafeDH",
    "SSLNewDatagramContext",
    "SSLSetAllowAnonymousCiphers",
    "SSLSetDHEEnabled",
    "SSLSetECDSACurves",
    "SSLSetMinimumDHGroupSize",
    "SSLSetPSKIdentity",
    "SSLSetPSKSharedSecret",
    "SSLSetTrustedLeafCertificates",
]

Pair = tuple[int, int]


def _curve(number: int) -> SSL_ECDSA_NamedCurve:
    return SSL_ECDSA_NamedCurve(number)


def SSLNewDatagramContext(isServer: bool, contextPtr: Out = None) -> tuple[int, SSLContext | None]:
    """``(status, context)``: the datagram form of ``legacy.SSLNewContext``."""
    server = _args.flag(isServer, "isServer")
    if server is None:
        return errSecParam, None
    side = SSLProtocolSide.kSSLServerSide if server else SSLProtocolSide.kSSLClientSide
    context = SSLCreateContext(None, side, SSLConnectionType.kSSLDatagramType)
    return (errSecParam if context is None else errSecSuccess), context


def SSLGetPeerSecTrust(context: SSLContext | None, trust: Out = None) -> tuple[int, SecTrust | None]:
    """``(status, trust)``: the same object as of SSLCopyPeerTrust. Any state."""
    return SSLCopyPeerTrust(context)


def SSLGetCertificate(context: SSLContext | None, certRefs: Out = None) -> tuple[int, Any]:
    """``(status, list)``: the very list given to SSLSetCertificate, ``None`` when unset. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_certificate())


def SSLGetEncryptionCertificate(context: SSLContext | None, certRefs: Out = None) -> tuple[int, Any]:
    """``(status, list)``: the list given to SSLSetEncryptionCertificate, ``None`` when unset. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_encryption_certificate())


def SSLGetClientSideAuthenticate(
    context: SSLContext | None, auth: Out = None
) -> tuple[int, SSLAuthenticate | None]:
    """``(status, auth)``: what SSLSetClientSideAuthenticate set. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, SSLAuthenticate(ctx.get_client_auth()))


# --- trust -----------------------------------------------------------------------------------------------


def SSLSetTrustedLeafCertificates(
    context: SSLContext | None, trustedLeafs: Sequence[SecCertificate] | None
) -> int:
    """Accept a peer with one of these very certificates although its chain is not trusted; ``None`` clears.

    Only while no session is active, else ``errSecBadReq``; ``errSecParam`` for elements that are no certificates.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    leafs = _args.sequence(trustedLeafs, "trustedLeafs") or []
    if not all(isinstance(leaf, SecCertificate) for leaf in leafs):
        return ctx.may_set() or errSecParam
    return ctx.set_trusted_leafs(leafs)


def SSLCopyTrustedLeafCertificates(
    context: SSLContext | None, trustedLeafs: Out = None
) -> tuple[int, CFArray[SecCertificate] | None]:
    """``(status, certificates)``: ``None`` without any. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    leafs = ctx.get_trusted_leafs()
    return errSecSuccess, CFArray(leafs) if leafs else None


def SSLSetAllowAnonymousCiphers(context: SSLContext | None, enable: bool) -> int:
    """Without effect: 0. Anonymous suites are enabled by name or by configuration."""
    if _args.context(context) is None:
        return errSecParam
    return errSecParam if _args.flag(enable, "enable") is None else errSecSuccess


def SSLGetAllowAnonymousCiphers(context: SSLContext | None, enable: Out = None) -> tuple[int, None]:
    """``(0, None)``: there is nothing to read back."""
    return (errSecParam if _args.context(context) is None else errSecSuccess), None


# --- Diffie-Hellman --------------------------------------------------------------------------------------


def SSLSetMinimumDHGroupSize(context: SSLContext | None, minimum: int) -> int:
    """The smallest prime, in bits, that a client accepts for DHE: clamped to 512 and 2048. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    bits = _args.number(minimum, "minimum")
    return errSecParam if bits is None or not 0 <= bits < 2**32 else ctx.set_dh_minimum(bits)


def SSLGetMinimumDHGroupSize(context: SSLContext | None, minimum: Out = None) -> tuple[int, int | None]:
    """``(status, bits)``: the smallest prime that a client accepts, 1024 by default. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_dh_minimum())


def SSLSetDHEEnabled(context: SSLContext | None, enabled: bool) -> int:
    """Enable the suites of the configuration ``legacy_DHE`` (true) or ``legacy`` (false). Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    on = _args.flag(enabled, "enabled")
    return errSecParam if on is None else ctx.set_dhe_enabled(on)


def SSLGetDHEEnabled(context: SSLContext | None, enabled: Out = None) -> tuple[int, bool | None]:
    """``(status, bool)``: the last value given to the setter, whatever the list of suites is. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.get_dhe_enabled())


def SSLIsSessionNegotiatedWithUnsafeDH(context: SSLContext | None) -> bool:
    """Whether the server's group is over a prime that is no safe one; false for ``None`` and without such a group."""
    ctx = _args.context(context)
    return False if ctx is None else ctx.is_dh_unsafe()


# --- curves ----------------------------------------------------------------------------------------------


def SSLSetECDSACurves(context: SSLContext | None, namedCurves: Sequence[int] | None, numCurves: int) -> int:
    """Restrict the curves to the first ``numCurves`` of these, in this order; what cannot be run is only remembered.

    Only while no session is active, else ``errSecBadReq``; ``errSecParam`` for ``None``, a count of 0 or above the
    list, and numbers outside the C type.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    curves, count = _args.sequence(namedCurves, "namedCurves"), _args.number(numCurves, "numCurves")
    numbers = None if curves is None else [_args.number(curve, "a curve") for curve in curves]
    if numbers is None or count is None or not 0 <= count <= len(numbers):
        return ctx.may_set() or errSecParam
    return ctx.set_curves([-1 if n is None else _args.int64(n) for n in numbers[:count]])


def SSLGetNumberOfECDSACurves(context: SSLContext | None, numCurves: Out = None) -> tuple[int, int | None]:
    """``(status, n)``: how many curves were set, 0 before. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, len(ctx.get_curves()))


def SSLGetECDSACurves(
    context: SSLContext | None, namedCurves: Out, numCurves: int
) -> tuple[int, tuple[SSL_ECDSA_NamedCurve, ...] | None, int | None]:
    """``(status, curves, n)``: the list as it was set. ``errSecParam`` when ``numCurves`` is too small."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, numCurves
    capacity, curves = _args.number(numCurves, "numCurves"), ctx.get_curves()
    if capacity is None or capacity < len(curves):
        return errSecParam, None, capacity
    return errSecSuccess, tuple(map(_curve, curves)), len(curves)


def SSLGetNegotiatedCurve(
    context: SSLContext | None, namedCurve: Out = None
) -> tuple[int, SSL_ECDSA_NamedCurve | None]:
    """``(status, curve)``: the curve of the key exchange; ``errSecParam`` without one."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    status, curve = ctx.get_negotiated_curve()
    return status, None if curve is None else _curve(curve)


# --- what the peer announced -----------------------------------------------------------------------------


def SSLGetNumberOfClientAuthTypes(context: SSLContext | None, numTypes: Out = None) -> tuple[int, int | None]:
    """``(status, n)``: kinds of certificate in the server's request; ``errSecParam`` before there was one."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    status, types = ctx.get_client_auth_types()
    return status, None if types is None else len(types)


def SSLGetClientAuthTypes(
    context: SSLContext | None, authTypes: Out, numTypes: int
) -> tuple[int, tuple[SSLClientAuthenticationType, ...] | None, int | None]:
    """``(status, types, n)``: kinds of certificate in the server's request; ``errSecParam`` before there was one.

    ``errSSLBufferOverflow`` when ``numTypes`` is too small.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, numTypes
    capacity = _args.number(numTypes, "numTypes")
    status, types = ctx.get_client_auth_types()
    if types is None or capacity is None or capacity < 0:
        return status or errSecParam, None, capacity
    if capacity < len(types):
        return errSSLBufferOverflow, None, capacity
    return status, tuple(map(SSLClientAuthenticationType, types)), len(types)


def SSLGetNegotiatedClientAuthType(context: SSLContext | None, authType: Out = None) -> tuple[int, None]:
    """``(errSecUnimplemented, None)``: which kind was chosen is not kept."""
    return (errSecParam if _args.context(context) is None else errSecUnimplemented), None


def SSLGetNumberOfSignatureAlgorithms(
    context: SSLContext | None, numSigAlgs: Out = None
) -> tuple[int, int | None]:
    """``(status, n)``: signature algorithms that the peer announced. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, len(ctx.get_peer_signature_algorithms()))


def SSLGetSignatureAlgorithms(
    context: SSLContext | None, sigAlgs: Out, numSigAlgs: int
) -> tuple[int, tuple[Pair, ...] | None, int | None]:
    """``(status, pairs, n)``: pairs of hash and signature that the peer announced. Any state.

    ``errSSLBufferOverflow`` when ``numSigAlgs`` is too small.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, numSigAlgs
    capacity, found = _args.number(numSigAlgs, "numSigAlgs"), ctx.get_peer_signature_algorithms()
    if capacity is None or capacity < 0:
        return errSecParam, None, capacity
    if capacity < len(found):
        return errSSLBufferOverflow, None, capacity
    return errSecSuccess, tuple((scheme >> 8, scheme & 0xFF) for scheme in found), len(found)


# --- pre-shared keys -------------------------------------------------------------------------------------


def SSLSetPSKSharedSecret(context: SSLContext | None, secret: Any, secretLen: int) -> int:
    """Set the pre-shared key: the first ``secretLen`` bytes. The suites have to be enabled by name.

    ``errSecParam`` for ``None``, an empty secret and one above 65,535 bytes. Any state, effective at the key
    exchange. The copy inside is wiped when it is no longer needed; the caller's bytes are the caller's.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    wanted = _args.first(_args.data(secret, "secret"), _args.number(secretLen, "secretLen"))
    return errSecParam if wanted is None else ctx.set_psk_secret(wanted)


def SSLSetPSKIdentity(context: SSLContext | None, pskIdentity: Any, pskIdentityLen: int) -> int:
    """Set the identity that a client sends: the first ``pskIdentityLen`` bytes. On a server: without effect.

    ``errSecParam`` for ``None`` and an empty identity. Any state, effective at the key exchange.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    data, length = _args.data(pskIdentity, "pskIdentity"), _args.number(pskIdentityLen, "pskIdentityLen")
    wanted = _args.first(data, length)
    return errSecParam if wanted is None else ctx.set_psk_identity(wanted)


def SSLGetPSKIdentity(
    context: SSLContext | None, pskIdentity: Out = None, pskIdentityLen: Out = None
) -> tuple[int, bytes | None, int | None]:
    """``(status, identity, length)``: what was set, on a server what the client sent; ``None`` and 0 without one."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, 0
    identity = ctx.get_psk_identity()
    return errSecSuccess, identity, 0 if identity is None else len(identity)
