"""Strangers started with arguments of the test's own: anonymous, with a pre-shared key, asking for certificates.

In: arguments of the programs, our context. Out: our end as a link and the stranger's as a peer. Promise: as in
``strangers``.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from pipes import LIMIT, Link, socket_link
from typing import Any

from strangers import (
    Facts,
    GnutlsClient,
    GnutlsServed,
    OpensslClient,
    OpensslServed,
    Peer,
    TlslitePeer,
    dial,
    free_port,
    process,
    tool,
)

#: A running server and its port; a client on its way to a port.
Server = AbstractContextManager[tuple[int, Peer]]
Connect = Callable[[int], AbstractContextManager[Peer]]
Arguments = tuple[str | Path, ...]


#: Versions as OpenSSL's flags name them and as GnuTLS's priorities do.
VERSIONS = {"1.0": ("-tls1", "TLS1.0"), "1.1": ("-tls1_1", "TLS1.1"), "1.2": ("-tls1_2", "TLS1.2")}


def openssl_flag(version: str) -> str:
    """OpenSSL's flag of a version; a flag (``-no_tls1_3``) as it is."""
    return VERSIONS[version][0] if version in VERSIONS else version


@contextlib.contextmanager
def openssl_server(suite: str, *arguments: str | Path, version: str = "1.2") -> Iterator[tuple[int, Peer]]:
    with process(
        *(tool("openssl"), "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", openssl_flag(version)),
        *("-cipher", f"{suite}:@SECLEVEL=0", *arguments),
    ) as running:
        port = running.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
        running.drop_until(port.end())
        yield int(port[1]), OpensslServed(running)


def openssl_client(suite: str, *arguments: str | Path, version: str = "1.2") -> Connect:
    @contextlib.contextmanager
    def connect(port: int) -> Iterator[Peer]:
        with process(
            *(
                tool("openssl"),
                "s_client",
                "-connect",
                f"127.0.0.1:{port}",
                openssl_flag(version),
                "-no-CApath",
            ),
            *("-cipher", f"{suite}:@SECLEVEL=0", *arguments),
        ) as running:
            yield OpensslClient(running)

    return connect


class QuietGnutlsServed(GnutlsServed):
    """Its description of the connection is not read: it has another form for each key exchange."""

    def established(self) -> Facts:
        self.process.search(rb"- 'tls-unique'")
        return Facts()

    def ended(self) -> str:
        """It goes on listening, and complains at its start when it has no certificate."""
        return "orderly" if b"Error in" not in self.process.err else self.process.said()


class QuietGnutlsClient(GnutlsClient):
    """The same."""

    def established(self) -> Facts:
        self.process.drop_until(self.process.search(rb"- Simple Client Mode:\n\n").end())
        return Facts()


def _priority(kx: str, cipher: str, extra: str, version: str) -> str:
    words = [f"NORMAL:-VERS-ALL:+VERS-{VERSIONS[version][1]}:-KX-ALL", f"+{kx}:-CIPHER-ALL", f"+{cipher}"]
    return ":".join(words) + extra


@contextlib.contextmanager
def gnutls_server(
    kx: str, *arguments: str | Path, cipher: str = "AES-128-GCM", extra: str = "", version: str = "1.2"
) -> Iterator[tuple[int, Peer]]:
    port = free_port()
    with process(
        *(tool("gnutls-serv"), "--port", str(port), "--echo", "--crlf"),
        *("--priority", _priority(kx, cipher, extra, version), *arguments),
    ) as running:
        running.search(rb"port %d\.\.\.done\n" % port, errors=True)
        yield port, QuietGnutlsServed(running)


def gnutls_client(
    kx: str, *arguments: str | Path, cipher: str = "AES-128-GCM", extra: str = "", version: str = "1.2"
) -> Connect:
    @contextlib.contextmanager
    def connect(port: int) -> Iterator[Peer]:
        with process(
            *(tool("gnutls-cli"), "--port", str(port), "127.0.0.1"),
            *("--priority", _priority(kx, cipher, extra, version), *arguments),
        ) as running:
            yield QuietGnutlsClient(running)

    return connect


@contextlib.contextmanager
def tlslite_server(handshake: Callable[[Any], None]) -> Iterator[tuple[int, TlslitePeer]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        peer = TlslitePeer(lambda: listener.accept()[0], handshake)
        try:
            yield listener.getsockname()[1], peer
        finally:
            peer.leave()


def tlslite_client(handshake: Callable[[Any], None]) -> Connect:
    @contextlib.contextmanager
    def connect(port: int) -> Iterator[Peer]:
        peer = TlslitePeer(lambda: dial(port), handshake)
        try:
            yield peer
        finally:
            peer.leave()

    return connect


@contextlib.contextmanager
def called(server: Server) -> Iterator[tuple[socket.socket, Peer]]:
    """A connection to the stranger's server."""
    with server as (port, peer), dial(port) as sock:
        yield sock, peer


@contextlib.contextmanager
def visiting(ctx: Any, server: Server) -> Iterator[tuple[Link, Peer]]:
    """Our client's context over a connection to the stranger's server."""
    with called(server) as (sock, peer):
        yield socket_link(ctx, sock), peer


@contextlib.contextmanager
def answered(connect: Connect) -> Iterator[tuple[socket.socket, Peer]]:
    """A connection that the stranger opens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        with connect(listener.getsockname()[1]) as peer:
            sock, _ = listener.accept()
            with sock:
                yield sock, peer


@contextlib.contextmanager
def visited(ctx: Any, connect: Connect) -> Iterator[tuple[Link, Peer]]:
    """Our server's context over a connection that the stranger opens."""
    with answered(connect) as (sock, peer):
        yield socket_link(ctx, sock), peer
