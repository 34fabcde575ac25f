"""How every SSL* function is called: the published table, and a good value for each of its parameters.

In: rows of ``reference/functions.json``. Out: functions, arguments, contexts. Promise: a function that is added later
is found as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import securetransport as st
from securetransport import legacy, spi

TABLE = json.loads((Path(__file__).parent / "reference/functions.json").read_text(encoding="utf-8"))
MODULES = (st, legacy, spi)


def find(name: str) -> Any:
    return next((vars(module)[name] for module in MODULES if callable(vars(module).get(name))), None)


#: The functions that take a context, as rows of the table.
ROWS = [
    row
    for row in TABLE
    if row["c_params"] and row["c_params"][0]["ctype"] == "SSLContextRef" and find(row["name"])
]
#: SSLRead and SSLWrite judge the state before values and have tests of their own for what comes after.
MOVERS = ("SSLRead", "SSLWrite", "SSLHandshake", "SSLClose", "SSLReHandshake")
NUMBERS = (
    *("SSLSessionOption", "size_t", "OSStatus", "SSLProtocol", "SSLAuthenticate", "uint32_t", "unsigned"),
    *("SSLConnectionType", "SSLProtocolSide"),
)
#: Setters for which None is a value.
CLEARS = ("SSLSetCertificate", "SSLSetConnection", "SSLSetTrustedLeafCertificates")
ALPN = ("SSLSetALPNFunc", "SSLInternalSetMasterSecretFunction")


def sample(row: dict[str, Any], parameter: dict[str, str]) -> Any:
    """A value that the function takes."""
    kind, name = parameter["ctype"], parameter["name"]
    if parameter["direction"] == "out":
        return None
    samples: dict[str, Any] = {
        "SSLSessionOption": st.kSSLSessionOptionBreakOnServerAuth,
        "Boolean": True,
        "bool": True,
        "SSLReadFunc": lambda *_: st.errSSLWouldBlock,
        "SSLWriteFunc": lambda *_: st.errSSLWouldBlock,
        "CFStringRef": "default",
        "SSLAuthenticate": st.kTryAuthenticate,
        "SSLConnectionRef": object(),
        "const void *": b"12345678",
        "const char *": "localhost",
        "size_t": 8,
        "size_t *": 100,
        "unsigned *": 100,
        "OSStatus": st.errSecParam,
        "SSLProtocol": st.kTLSProtocol12,
        "const SSLCipherSuite *": [0xC02F, 0xC030],
        "const SSL_ECDSA_NamedCurve *": [23, 24],
        "CFArrayRef": ["h2"] if "ALPN" in row["name"] else [],
        "CFDataRef": b"12345678",
        "uint32_t": 10,
        "unsigned": 1024,
    }
    if name in ("numCiphers", "numCurves") and parameter["direction"] == "in":
        return 2
    return samples.get(kind)


def make(row: dict[str, Any]) -> Any:
    side = st.kSSLServerSide if row["side"] == "server" else st.kSSLClientSide
    return st.SSLCreateContext(None, side, st.kSSLStreamType)


def arguments(row: dict[str, Any], context: Any) -> list[Any]:
    return [context, *(sample(row, parameter) for parameter in row["c_params"][1:])]


def status(answer: Any) -> int:
    return answer[0] if isinstance(answer, tuple) else answer
