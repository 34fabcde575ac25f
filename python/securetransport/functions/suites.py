"""What is known about cipher suites and versions without any connection: groups, version ranges, names.

In: numbers. Out: plain values. Promise: stateless; the tables are Apple's, spelled out, and say nothing about what a
context here supports.
"""

from __future__ import annotations

from ..constants import suites as s
from ..enums.ssl import SSLProtocol
from . import _args
from ._args import Out

__all__ = [
    "SSLCiphersuiteGetName",
    "SSLCiphersuiteGroupContainsCiphersuite",
    "SSLCiphersuiteGroupToCiphersuiteList",
    "SSLCiphersuiteMaximumTLSVersion",
    "SSLCiphersuiteMinimumTLSVersion",
    "SSLProtocolFromVersionCodepoint",
    "SSLProtocolGetVersionCodepoint",
    "_SSLProtocolVersionToWireFormatValue",
]

_FORWARD_SECRET = (
    s.TLS_AES_128_GCM_SHA256,
    s.TLS_AES_256_GCM_SHA384,
    s.TLS_CHACHA20_POLY1305_SHA256,
    s.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    s.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    s.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    s.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    s.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    s.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    s.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    s.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    s.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    s.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
)
_STATIC_RSA = (
    s.TLS_RSA_WITH_AES_256_GCM_SHA384,
    s.TLS_RSA_WITH_AES_128_GCM_SHA256,
    s.TLS_RSA_WITH_AES_256_CBC_SHA,
    s.TLS_RSA_WITH_AES_128_CBC_SHA,
)

#: By the numbers of ``SSLCiphersuiteGroup`` and ``tls_ciphersuite_group_t``, which agree.
_GROUPS: tuple[tuple[int, ...], ...] = (
    _FORWARD_SECRET,  # default
    (  # compatibility
        *_STATIC_RSA,
        s.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        s.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        s.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        s.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        s.TLS_RSA_WITH_AES_256_CBC_SHA,
        s.TLS_RSA_WITH_AES_128_CBC_SHA,
        s.TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA,
        s.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
        s.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
    ),
    (  # legacy
        s.TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
        s.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
        s.TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
        s.TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
        s.TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
        s.TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
        s.TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA,
    ),
    _FORWARD_SECRET,  # ats
    _STATIC_RSA,  # ats_compatibility
)

_TLS10_TO_11 = SSLProtocol.kTLSProtocol1, SSLProtocol.kTLSProtocol11
_TLS12 = SSLProtocol.kTLSProtocol12, SSLProtocol.kTLSProtocol12
_TLS13 = SSLProtocol.kTLSProtocol13, SSLProtocol.kTLSProtocol13

#: The suites that the published helpers know, with the versions recorded for them.
_KNOWN: dict[str, tuple[SSLProtocol, SSLProtocol]] = {
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA": _TLS12,
    "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA": _TLS12,
    "TLS_RSA_WITH_AES_128_CBC_SHA": _TLS10_TO_11,
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA": _TLS10_TO_11,
    "TLS_RSA_WITH_AES_256_CBC_SHA": _TLS10_TO_11,
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA": _TLS10_TO_11,
    "TLS_RSA_WITH_AES_128_CBC_SHA256": _TLS12,
    "TLS_RSA_WITH_AES_256_CBC_SHA256": _TLS12,
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256": _TLS12,
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256": _TLS12,
    "TLS_RSA_WITH_AES_128_GCM_SHA256": _TLS12,
    "TLS_RSA_WITH_AES_256_GCM_SHA384": _TLS12,
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256": _TLS12,
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384": _TLS12,
    "TLS_AES_128_GCM_SHA256": _TLS13,
    "TLS_AES_256_GCM_SHA384": _TLS13,
    "TLS_CHACHA20_POLY1305_SHA256": _TLS13,
    "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA": _TLS10_TO_11,
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": _TLS10_TO_11,
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": _TLS10_TO_11,
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA": _TLS10_TO_11,
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": _TLS10_TO_11,
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": _TLS10_TO_11,
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256": _TLS12,
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384": _TLS12,
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256": _TLS12,
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384": _TLS12,
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": _TLS12,
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": _TLS12,
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": _TLS12,
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": _TLS12,
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": _TLS12,
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": _TLS12,
}
_BY_NUMBER = {int(getattr(s, name)): (name, versions) for name, versions in _KNOWN.items()}

_WIRE = {
    SSLProtocol.kSSLProtocol3: 0x0300,
    SSLProtocol.kTLSProtocol1: 0x0301,
    SSLProtocol.kTLSProtocol11: 0x0302,
    SSLProtocol.kTLSProtocol12: 0x0303,
    SSLProtocol.kTLSProtocol13: 0x0304,
    SSLProtocol.kDTLSProtocol1: 0xFEFF,
    SSLProtocol.kDTLSProtocol12: 0xFEFD,
}
_FROM_WIRE = {wire: protocol for protocol, wire in _WIRE.items()} | {0: SSLProtocol.kSSLProtocol2}


def _group(group: int) -> tuple[int, ...]:
    number = _args.number(group, "group")
    return _GROUPS[number] if number is not None and 0 <= number < len(_GROUPS) else _GROUPS[0]


def SSLCiphersuiteGroupContainsCiphersuite(group: int, suite: int) -> bool:
    """Whether a group holds a suite; an unknown group counts as the default one."""
    return _args.number(suite, "suite") in _group(group)


def SSLCiphersuiteGroupToCiphersuiteList(group: int, listSize: Out = None) -> tuple[tuple[int, ...], int]:
    """``(suites, n)``: the suites of a group; an unknown group counts as the default one."""
    suites = _group(group)
    return suites, len(suites)


def _versions(suite: int) -> tuple[SSLProtocol, SSLProtocol]:
    number = _args.number(suite, "suite")
    unknown = ("", (SSLProtocol.kSSLProtocol2, SSLProtocol.kSSLProtocol2))
    return (unknown if number is None else _BY_NUMBER.get(number, unknown))[1]


def SSLCiphersuiteMinimumTLSVersion(suite: int) -> SSLProtocol:
    """The lowest version recorded for a suite, ``kSSLProtocol2`` for one that the table does not have."""
    return _versions(suite)[0]


def SSLCiphersuiteMaximumTLSVersion(suite: int) -> SSLProtocol:
    """The highest version recorded for a suite, ``kSSLProtocol2`` for one that the table does not have.

    Suites with CBC and SHA-1 are recorded up to TLS 1.1, although TLS 1.2 may use them.
    """
    return _versions(suite)[1]


def SSLCiphersuiteGetName(suite: int) -> str | None:
    """The name of a suite, ``None`` for one that the table does not have."""
    number = _args.number(suite, "suite")
    row = None if number is None else _BY_NUMBER.get(number)
    return None if row is None else row[0]


def SSLProtocolGetVersionCodepoint(protocol: int) -> int:
    """The number of a version on the wire, 0 for one that has none."""
    number = _args.number(protocol, "protocol")
    return 0 if number is None else _WIRE.get(SSLProtocol(number), 0)


def SSLProtocolFromVersionCodepoint(codepoint: int) -> SSLProtocol:
    """The version of a number on the wire, ``kSSLProtocolUnknown`` for an unknown one; 0 is ``kSSLProtocol2``."""
    number = _args.number(codepoint, "codepoint")
    return (
        SSLProtocol.kSSLProtocolUnknown
        if number is None
        else _FROM_WIRE.get(number, SSLProtocol.kSSLProtocolUnknown)
    )


def _SSLProtocolVersionToWireFormatValue(protocol: int) -> int:
    """As SSLProtocolGetVersionCodepoint, but ``kTLSProtocolMaxSupported`` is TLS 1.3 as well."""
    if _args.number(protocol, "protocol") == SSLProtocol.kTLSProtocolMaxSupported:
        return _WIRE[SSLProtocol.kTLSProtocol13]
    return SSLProtocolGetVersionCodepoint(protocol)
