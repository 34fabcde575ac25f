"""``--dtls``: the flags of ``connect``, ``serve`` and ``demo`` over datagrams.

In: flags. Out: options for ``securetransport.adapters.datagram``, problems. Promise: DTLS 1.2 unless flags say
otherwise; what the datagram adapter says went wrong is a :class:`Problem` here.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

import securetransport as st
from securetransport import extensions
from securetransport.adapters import datagram

from .keylog import KeyLog
from .options import TlsSettings, read_settings
from .problems import Exit, Problem, explain_client, explain_network, status_name

__all__ = ["DatagramSettings", "Dtls", "Psk", "PskIdentity", "explain", "read_datagram_settings"]

Dtls = Annotated[bool, typer.Option("--dtls", help="DTLS over UDP instead of TLS over TCP.")]
Psk = Annotated[
    str | None, typer.Option("--psk", metavar="HEX", help="With --dtls: a pre-shared key, in hexadecimal.")
]
PskIdentity = Annotated[
    str | None, typer.Option("--psk-identity", metavar="NAME", help="With --psk: whose key it is.")
]

VERSIONS: dict[str, int] = {"dtls1.0": st.kDTLSProtocol1, "dtls1.2": st.kDTLSProtocol12}
#: The flag's default is that of TLS.
_MODERN = "tls1.2"
_OLDER = "--min-version dtls1.0 allows the older version"


@dataclasses.dataclass(frozen=True)
class DatagramSettings:
    """What both sides of an association are set to."""

    lowest: str
    highest: str
    suites: tuple[int, ...]
    alpn: tuple[str, ...]
    psk: tuple[str, bytes] | None = dataclasses.field(repr=False)
    key_log: KeyLog | None = None

    @property
    def words(self) -> str:
        """The range of versions."""
        return self.lowest if self.lowest == self.highest else f"{self.lowest} to {self.highest}"

    @property
    def needs_rsa(self) -> bool:
        """Whether a server can only use these suites with an RSA key."""
        return bool(self.suites) and TlsSettings("", None, self.suites, ()).needs_rsa

    def options(self) -> dict[str, Any]:
        """As the adapter takes them, without ``psk``."""
        made: dict[str, Any] = {"versions": (VERSIONS[self.lowest], VERSIONS[self.highest])}
        if self.suites:
            made["suites"] = self.suites
        if self.alpn:
            made["alpn"] = self.alpn
        return {**made, "configure": self.configure}

    def configure(self, context: st.SSLContext) -> None:
        """What the adapter has no option for."""
        if self.key_log is not None:
            extensions.SSLSetKeyLogFunc(context, self.key_log)


def read_datagram_settings(
    min_version: str,
    max_version: str | None,
    ciphers: list[str] | None,
    alpn: list[str] | None,
    psk: str | None,
    psk_identity: str | None,
    keylog: Path | None,
) -> DatagramSettings:
    """Judge the flags; a :class:`Problem` says which one is wrong."""
    highest = _version(max_version) if max_version else "dtls1.2"
    lowest = _version(min_version) if min_version != _MODERN else "dtls1.2"
    if lowest > highest:
        if min_version != _MODERN:
            raise Problem(Exit.USAGE, f"The lowest version, {lowest}, is above the highest, {highest}.")
        lowest = highest
    common = read_settings(None, None, ciphers, alpn, keylog)
    return DatagramSettings(
        lowest,
        highest,
        common.suites if ciphers else (),
        common.alpn,
        _key(psk, psk_identity),
        common.key_log,
    )


def _version(text: str) -> str:
    bare = text.lower().replace("_", ".").strip()
    name = f"dtls{bare.removeprefix('dtls').removeprefix('v')}"
    if name not in VERSIONS:
        raise Problem(Exit.USAGE, f"{text!r} is no version of DTLS; there are {' and '.join(VERSIONS)}.")
    return name


def _key(psk: str | None, identity: str | None) -> tuple[str, bytes] | None:
    if psk is None:
        if identity is not None:
            raise Problem(Exit.USAGE, "--psk-identity needs the key: --psk HEX.")
        return None
    try:
        secret = bytes.fromhex(psk)
    except ValueError:
        secret = b""
    if not secret:
        raise Problem(
            Exit.USAGE, "--psk takes a key in hexadecimal, such as 000102030405060708090a0b0c0d0e0f."
        )
    return identity or "Client_identity", secret


def explain(error: Exception, where: str, words: str) -> Problem:
    """Why there is no association with ``where``; ``words`` are the versions that were offered."""
    if isinstance(error.__cause__, Problem):
        return error.__cause__
    if isinstance(error, datagram.PeerRefused):
        return explain_network(error.reason or error, where)
    if isinstance(error, datagram.DatagramTimeout) or (
        isinstance(error, datagram.DatagramError) and error.status == st.errSSLConnectionRefused
    ):
        return Problem(
            Exit.NETWORK,
            f"{where} does not answer; check the host and port, and whether a DTLS server is running there.",
            status=error.status,
            status_name=status_name(error.status),
        )
    if isinstance(error, datagram.HandshakeFailed):
        report = {"alert_received": error.alert}
        return explain_client(error.status, where, report, words, first=b"\x16", remedy=_OLDER)
    if isinstance(error, datagram.DatagramError):
        return Problem(Exit.BROKEN, str(error), status=error.status, status_name=status_name(error.status))
    if isinstance(error, OSError):
        return explain_network(error, where)
    return Problem(Exit.USAGE, str(error))
