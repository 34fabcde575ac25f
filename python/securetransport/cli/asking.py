"""One question to a server: a hello, and what it says to it.

In: a place, a range of versions, suites. Out: an :class:`Answer`, or a socket that is connected. Promise: one
connection a question, closed in good order; nothing is believed of the answer but which version and suite it chose,
and no data is sent.
"""

from __future__ import annotations

import dataclasses
import os
import socket
import time
from collections.abc import Sequence
from typing import Any

import securetransport as st
from securetransport import extensions, spi
from securetransport.adapters.callbacks import SocketCallbacks

from .options import SUITE_NAMES, VERSIONS, TlsSettings, new_context
from .problems import explain_network

__all__ = ["Answer", "Place", "all_suites", "ask", "dial", "is_anonymous"]

#: What the report calls the versions.
_VERSION_NAMES = {"SSLv3": "ssl3", **{f"TLS {n}": f"tls{n}" for n in ("1.0", "1.1", "1.2", "1.3")}}


@dataclasses.dataclass(frozen=True)
class Place:
    """A server: where it is and what it is called."""

    host: str
    port: int
    name: str

    @property
    def where(self) -> str:
        """For sentences."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server said to a hello: ``version`` as flags spell it and ``suite``, ``None`` without a ServerHello."""

    status: int
    version: str | None
    suite: str | None
    alert: str | None
    facts: dict[str, Any]


def dial(place: Place, patience: float) -> tuple[socket.socket, str]:
    """Connect to the first address that answers: the socket and that address."""
    failure: OSError | None = None
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        problem = error if isinstance(error, OSError) else socket.gaierror(str(error))
        raise explain_network(problem, place.where) from None
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(patience)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            # A refusal says more than another address family that cannot be reached at all.
            failure = error if failure is None or isinstance(error, ConnectionRefusedError) else failure
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock, str(address[0])
    raise explain_network(failure or OSError("there is no address to connect to"), place.where)


def ask(
    place: Place,
    lowest: str,
    highest: str | None,
    suites: Sequence[int],
    patience: float,
    credentials: list[Any] | None = None,
) -> Answer:
    """Shake hands once with these versions and suites, for ``patience`` seconds at most.

    Whatever certificate comes is accepted: the question is what is spoken, not with whom. A
    :class:`~.problems.Problem` says that there was no connection.
    """
    context = new_context(st.kSSLClientSide, TlsSettings(lowest, highest, tuple(suites), ()))
    st.SSLSetPeerDomainName(context, place.name, len(place.name))
    st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth, True)
    spi.SSLSetMinimumDHGroupSize(context, 512)
    # A suite with a pre-shared key is offered with a secret only; the server chooses it before it looks at the key.
    spi.SSLSetPSKSharedSecret(context, os.urandom(16), 16)
    spi.SSLSetPSKIdentity(context, b"nobody", 6)
    if credentials:
        st.SSLSetCertificate(context, credentials)
    deadline = time.monotonic() + patience
    sock, _ = dial(place, patience)
    with sock:
        st.SSLSetIOFuncs(context, *SocketCallbacks(sock))
        pauses = (st.errSSLWouldBlock, st.errSSLPeerAuthCompleted)
        status = int(st.errSSLWouldBlock)
        while status in pauses and (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            status = st.SSLHandshake(context)
        _, report = extensions.SSLCopyConnectionReport(context, None)
        sock.settimeout(1.0)
        st.SSLClose(context)
    facts = report or {}
    version = _VERSION_NAMES.get(facts.get("version") or "")
    return Answer(status, version, facts.get("suite"), facts.get("alert_received"), facts)


def is_anonymous(suite: str) -> bool:
    """Whether the server proves nothing with this suite."""
    return "_anon_" in suite


def all_suites(pre_shared: bool = True) -> tuple[int, ...]:
    """Every suite that there is below TLS 1.3, good ones first, those that protect nothing last."""
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    _, count = st.SSLGetNumberSupportedCiphers(context, None)
    _, supported, _ = st.SSLGetSupportedCiphers(context, None, count or 0)
    names = {number: name for name, number in SUITE_NAMES.items() if number in (supported or ())}

    def badness(number: int) -> int:
        name = names[number]
        marks = ("_PSK", "3DES", "RC4", "_anon_", "NULL")
        return max((1 + i for i, mark in enumerate(marks) if mark in name), default=0)

    known = (number for number in supported or () if number in names)
    return tuple(sorted((n for n in known if pre_shared or "_PSK" not in names[n]), key=badness))


assert set(_VERSION_NAMES.values()) == set(VERSIONS)
