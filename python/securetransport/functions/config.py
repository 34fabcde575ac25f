"""What a context offers and accepts: versions, cipher suites, application protocols, its own certificate.

In: contexts, numbers, lists. Out: statuses, or tuples that begin with one. Promise: shapes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._native import SecCertificate, SecIdentity, SSLContext
from ..cf import CFArray
from ..constants.results import (
    errSecParam,
    errSecSuccess,
    errSSLBadCert,
    errSSLBufferOverflow,
)
from ..enums.ssl import SSLProtocol
from . import _args
from ._args import Out

__all__ = [
    "SSLCopyALPNProtocols",
    "SSLGetDiffieHellmanParams",
    "SSLGetEnabledCiphers",
    "SSLGetNegotiatedCipher",
    "SSLGetNegotiatedProtocolVersion",
    "SSLGetNumberEnabledCiphers",
    "SSLGetNumberSupportedCiphers",
    "SSLGetProtocolVersionMax",
    "SSLGetProtocolVersionMin",
    "SSLGetSupportedCiphers",
    "SSLSetALPNProtocols",
    "SSLSetCertificate",
    "SSLSetDiffieHellmanParams",
    "SSLSetEnabledCiphers",
    "SSLSetProtocolVersionMax",
    "SSLSetProtocolVersionMin",
    "SSLSetSessionConfig",
]

_PROTOCOLS = {int(member): member for member in SSLProtocol}


# --- versions --------------------------------------------------------------------------------------------


def SSLSetProtocolVersionMin(context: SSLContext | None, minVersion: int) -> int:
    """Set the lowest version; above the maximum it raises that too. Any state, effective at the next hello.

    ``errSSLIllegalParam`` for a version that a context of this kind cannot speak.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    version = _args.number(minVersion, "minVersion")
    if version is None:
        return errSecParam
    return ctx.set_version_min(_args.int64(version))


def SSLSetProtocolVersionMax(context: SSLContext | None, maxVersion: int) -> int:
    """Set the highest version; below the minimum it lowers that too. Any state, effective at the next hello.

    ``kTLSProtocolMaxSupported`` means the highest version this library speaks; ``errSSLIllegalParam`` for a
    version that a context of this kind cannot speak.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    version = _args.number(maxVersion, "maxVersion")
    if version is None:
        return errSecParam
    return ctx.set_version_max(_args.int64(version))


def SSLGetProtocolVersionMin(
    context: SSLContext | None, minVersion: Out = None
) -> tuple[int, SSLProtocol | None]:
    """``(status, version)``: the lowest version, an ``SSLProtocol``. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, _PROTOCOLS[ctx.get_version_min()])


def SSLGetProtocolVersionMax(
    context: SSLContext | None, maxVersion: Out = None
) -> tuple[int, SSLProtocol | None]:
    """``(status, version)``: the highest version, an ``SSLProtocol``. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, _PROTOCOLS[ctx.get_version_max()])


def SSLGetNegotiatedProtocolVersion(
    context: SSLContext | None, protocol: Out = None
) -> tuple[int, SSLProtocol | None]:
    """``(status, version)``: ``kSSLProtocolUnknown`` until the hellos settle it; readable after the end too."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, _PROTOCOLS[ctx.get_negotiated_version()])


def SSLSetSessionConfig(context: SSLContext | None, config: str | None) -> int:
    """Take versions, suites, smallest Diffie-Hellman group and a client's fallback mark from a named configuration.

    ``config`` is one of the twelve ``kSSLSessionConfig_*`` strings, else ``errSecParam``. Any state, effective at
    the next hello; later calls of the single setters change what it set.
    """
    if _args.context(context) is None:
        return errSecParam
    if config is not None and not isinstance(config, str):
        raise TypeError(f"config must be a str or None, not {type(config).__name__}")
    if context is None or config is None or not config.isascii():
        return errSecParam
    return context.set_session_config(config)


# --- cipher suites ---------------------------------------------------------------------------------------


def SSLGetNumberSupportedCiphers(
    context: SSLContext | None, numCiphers: Out = None
) -> tuple[int, int | None]:
    """``(status, n)``: how many suites SSLGetSupportedCiphers lists. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, len(ctx.get_supported_ciphers()))


def SSLGetSupportedCiphers(
    context: SSLContext | None, ciphers: Out, numCiphers: int
) -> tuple[int, tuple[int, ...] | None, int | None]:
    """``(status, suites, n)``: the published 67 in their order, then this library's additions. Any state.

    Listed does not mean that every version or certificate can use it. ``errSSLBufferOverflow`` when
    ``numCiphers`` is too small.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, numCiphers
    return _listed(ctx.get_supported_ciphers(), _args.number(numCiphers, "numCiphers"))


def SSLGetNumberEnabledCiphers(context: SSLContext | None, numCiphers: Out = None) -> tuple[int, int | None]:
    """``(status, n)``: how many suites are enabled. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, len(ctx.get_enabled_ciphers()))


def SSLGetEnabledCiphers(
    context: SSLContext | None, ciphers: Out, numCiphers: int
) -> tuple[int, tuple[int, ...] | None, int | None]:
    """``(status, suites, n)``: the enabled suites in order of preference. Any state.

    ``errSSLBufferOverflow`` when ``numCiphers`` is too small.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, numCiphers
    return _listed(ctx.get_enabled_ciphers(), _args.number(numCiphers, "numCiphers"))


def _listed(suites: list[int], capacity: int | None) -> tuple[int, tuple[int, ...] | None, int | None]:
    if capacity is None or not 0 <= capacity < 2**64:
        return errSecParam, None, capacity
    if capacity < len(suites):
        return errSSLBufferOverflow, None, capacity
    return errSecSuccess, tuple(suites), len(suites)


def SSLSetEnabledCiphers(context: SSLContext | None, ciphers: Sequence[int] | None, numCiphers: int) -> int:
    """Enable the first ``numCiphers`` of these suites, in this order: the offer of a client, the preference of a
    server.

    Only while no session is active, else ``errSecBadReq``. Suites that this library does not implement are
    dropped; ``errSecParam`` when nothing is left, for numbers outside the C type and for a count above the list.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    suites = _args.sequence(ciphers, "ciphers")
    count = _args.number(numCiphers, "numCiphers")
    numbers = None if suites is None else [_args.number(suite, "a cipher suite") for suite in suites]
    if numbers is None or count is None or not 0 <= count <= len(numbers):
        return ctx.may_set() or errSecParam
    wanted = [-1 if suite is None else _args.int64(suite) for suite in numbers[:count]]
    return ctx.set_enabled_ciphers(wanted)


def SSLGetNegotiatedCipher(context: SSLContext | None, cipherSuite: Out = None) -> tuple[int, int | None]:
    """``(status, suite)``: 0 until the ServerHello. Only while a session is active, else ``errSecBadReq``."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else ctx.get_negotiated_cipher()


# --- Diffie-Hellman --------------------------------------------------------------------------------------


def SSLSetDiffieHellmanParams(context: SSLContext | None, dhParams: Any, dhParamsLen: int) -> int:
    """Set a server's group for DHE: the first ``dhParamsLen`` bytes, a DER DHParameter (PKCS#3).

    Only while no session is active, else ``errSecBadReq``; ``errSecParam`` for what is no group. Without it a server
    uses the 2048-bit group of RFC 5114 with a subgroup of 256 bits. On a client: checked, but without effect.
    """
    if _args.context(context) is None:
        return errSecParam
    der, length = _args.data(dhParams, "dhParams"), _args.number(dhParamsLen, "dhParamsLen")
    assert context is not None
    wanted = _args.first(der, length)
    return (context.may_set() or errSecParam) if wanted is None else context.set_dh_params(wanted)


def SSLGetDiffieHellmanParams(
    context: SSLContext | None, dhParams: Out = None, dhParamsLen: Out = None
) -> tuple[int, bytes | None, int | None]:
    """``(status, der, length)``: the bytes that were set, ``None`` and 0 when unset. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, 0
    der = ctx.get_dh_params()
    return errSecSuccess, der, 0 if der is None else len(der)


# --- application protocols -------------------------------------------------------------------------------


def SSLSetALPNProtocols(context: SSLContext | None, protocols: Sequence[str | bytes] | None) -> int:
    """Set the application protocols in order of preference. Any state, effective at the next hello.

    A client offers them; a server picks its first one that the client offers. Names that are not ASCII or longer
    than 31 bytes are skipped. ``errSecParam`` for ``None``, an empty list, an empty name, or more than 255 bytes
    in all.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    names = _args.sequence(protocols, "protocols")
    for name in names or ():
        if not isinstance(name, (str, bytes)):
            raise TypeError(f"a protocol name must be str or bytes, not {type(name).__name__}")
    if not names:
        return errSecParam
    plain = [name.encode("utf-8", "surrogatepass") if isinstance(name, str) else name for name in names]
    return ctx.set_alpn([name for name in plain if name.isascii()])


def SSLCopyALPNProtocols(
    context: SSLContext | None, protocols: Out = None
) -> tuple[int, CFArray[str] | None]:
    """``(status, names)``: the protocol that was selected, as a list of one.

    At a server's pause for the ClientHello it is the client's whole list. ``errSecParam`` and ``None`` when there
    is none. Bytes that are not UTF-8 become lone surrogates (``surrogateescape``).
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    status, names = ctx.get_alpn()
    if names is None:
        return status, None
    return status, CFArray(name.decode("utf-8", "surrogateescape") for name in names)


# --- certificate -----------------------------------------------------------------------------------------


def SSLSetCertificate(
    context: SSLContext | None, certRefs: Sequence[SecIdentity | SecCertificate] | None
) -> int:
    """Set the own identity and the further certificates to send, leaf first; ``None`` clears. Any state.

    ``errSSLBadCert`` for an empty list, ``errSecParam`` when the first element is no identity or a later one no
    certificate. Nothing is added or sorted. Also allowed at a pause: a server's after the ClientHello, a client's
    after the CertificateRequest.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    elements = _args.sequence(certRefs, "certRefs")
    if elements is None:
        return ctx.set_certificate(None, [], None)
    if not elements:
        return errSSLBadCert
    identity, *rest = elements
    if not isinstance(identity, SecIdentity) or not all(isinstance(c, SecCertificate) for c in rest):
        return errSecParam
    return ctx.set_certificate(identity, rest, certRefs)
