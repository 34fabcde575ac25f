"""Datagram contexts for the tests, over sockets and in memory."""

from __future__ import annotations

import pipes
import socket
import time
from collections.abc import Callable, Sequence
from pipes import LIMIT, ok
from typing import Any

import securetransport as st
from securetransport import extensions
from securetransport.adapters.callbacks import DatagramMemoryCallbacks, DatagramSocketCallbacks

#: Versions by their names in the tests.
VERSIONS = {"1.0": st.kDTLSProtocol1, "1.2": st.kDTLSProtocol12}


def client(version: int = st.kDTLSProtocol12, suites: Sequence[int] | None = None) -> Any:
    ctx = pipes.client(suites=suites, kind=st.kSSLDatagramType)
    return only(ctx, version)


def server(
    version: int = st.kDTLSProtocol12, credential: Any = "p256", suites: Sequence[int] | None = None
) -> Any:
    ctx = pipes.server(credential, suites, st.kSSLDatagramType)
    return only(ctx, version)


def only(ctx: Any, version: int) -> Any:
    ok(st.SSLSetProtocolVersionMax(ctx, version))
    ok(st.SSLSetProtocolVersionMin(ctx, version))
    return ctx


class Link:
    """A context over a connected datagram socket; every call is made again while it would block."""

    def __init__(self, ctx: Any, sock: socket.socket) -> None:
        self.ctx = ctx
        self.socket = sock
        ok(st.SSLSetIOFuncs(ctx, *DatagramSocketCallbacks(sock)))

    def again(self, call: Callable[[], Any], code: Callable[[Any], int]) -> Any:
        """Waits for a datagram, or until a flight has to be sent again."""
        end = time.monotonic() + LIMIT
        while True:
            _, left = extensions.SSLGetDatagramDeadline(self.ctx, None)
            self.socket.settimeout(max(0.001, min(1.0, 1.0 if left is None else left)))
            result = call()
            if code(result) != st.errSSLWouldBlock or time.monotonic() > end:
                return result

    def handshake(self) -> int:
        status = self.again(lambda: st.SSLHandshake(self.ctx), lambda status: status)
        assert isinstance(status, int)
        return status

    def receive(self) -> tuple[int, bytes]:
        """What one datagram holds."""
        status, data, _ = self.again(lambda: st.SSLRead(self.ctx, None, 16384), lambda result: result[0])
        return status, data

    def send(self, data: bytes) -> int:
        status, _ = st.SSLWrite(self.ctx, data, len(data))
        return status


class Pair:
    """Two contexts in memory; datagrams go from one to the other when :meth:`step` moves them."""

    def __init__(self, one: Any = None, other: Any = None) -> None:
        self.client = client() if one is None else one
        self.server = server() if other is None else other
        self.up, self.down = DatagramMemoryCallbacks(), DatagramMemoryCallbacks()
        ok(st.SSLSetIOFuncs(self.client, *self.up))
        ok(st.SSLSetIOFuncs(self.server, *self.down))
        #: Every datagram, with whether the client sent it.
        self.log: list[tuple[bool, bytes]] = []

    def move(self) -> None:
        for up, source, target in ((True, self.up, self.down), (False, self.down, self.up)):
            for datagram in source.drain():
                self.log.append((up, datagram))
                target.feed(datagram)

    def handshake(self) -> tuple[int, int]:
        codes = [st.errSSLWouldBlock, st.errSSLWouldBlock]
        for _ in range(20):
            for n, ctx in enumerate((self.client, self.server)):
                if codes[n] == st.errSSLWouldBlock:
                    codes[n] = st.SSLHandshake(ctx)
                    self.move()
        return codes[0], codes[1]
