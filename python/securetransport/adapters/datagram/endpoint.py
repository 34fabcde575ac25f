"""asyncio's datagram endpoints, secured: for protocols that were written against ``asyncio.DatagramProtocol``.

In: what ``loop.create_datagram_endpoint`` takes, and settings. Out: a transport and a protocol that see payloads
where they would see datagrams. Promise: the protocol's methods are called in the loop, ``connection_made`` first,
``connection_lost`` last and once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, cast

from .aio import AsyncClient, AsyncPeer, AsyncServer, connect_with, listen_with
from .client import Place
from .errors import DatagramError, PeerClosed
from .hub import Entry, Limits, Source
from .settings import ClientOptions, ServerOptions, Settings

__all__ = ["SecureTransport", "create_datagram_endpoint"]

Protocol = TypeVar("Protocol", bound=asyncio.DatagramProtocol)


class SecureTransport(asyncio.DatagramTransport):
    """What a protocol sends through. ``get_extra_info`` knows ``peername`` and ``sockname``."""

    def __init__(self, protocol: asyncio.DatagramProtocol) -> None:
        super().__init__()
        self.protocol = protocol
        self._closing = False

    def is_closing(self) -> bool:
        """Whether :meth:`close` was called, or a client's association is over."""
        return self._closing

    def abort(self) -> None:
        """As :meth:`close`."""
        self.close()

    def peer(self, addr: Any = None) -> AsyncPeer | None:
        """What is known of a peer: its certificates, its identity, the suite; ``addr`` on a server's side."""
        raise NotImplementedError

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send a payload; what cannot be sent is told to the protocol's ``error_received``.

        As with plain UDP, what does not fit and what finds no peer is lost.
        """
        if self._closing:
            return
        peer = self.peer(addr)
        try:
            if peer is None:
                raise PeerClosed(f"There is no association with {addr!r}.")
            peer._link.send(data)
        except DatagramError as error:
            self.protocol.error_received(error)

    def _lost(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, error)


class _ClientTransport(SecureTransport):
    def __init__(self, protocol: asyncio.DatagramProtocol, client: _Client) -> None:
        super().__init__(protocol)
        self._client = client

    def peer(self, addr: Any = None) -> AsyncPeer | None:
        return self._client

    def close(self) -> None:
        self._client.close()
        self._lost(None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "peername":
            return self._client.address
        return self._client.extra(name, default)


class _Client(AsyncClient):
    """Gives payloads to a protocol, once there is one."""

    secure: _ClientTransport | None = None

    def _put(self, payloads: list[bytes]) -> None:
        if self.secure is None:
            super()._put(payloads)
            return
        for payload in payloads:
            self.secure.protocol.datagram_received(payload, self.address)

    def _settle(self, payloads: list[bytes]) -> None:
        super()._settle(payloads)
        if self.secure is not None and self._link.closed:
            failure = self._link.failure
            self.secure._lost(None if isinstance(failure, PeerClosed) else failure)

    def attach(self, protocol: asyncio.DatagramProtocol) -> SecureTransport:
        """Hand over to a protocol; what has come already is its first input."""
        early = list(self._inbox)
        self._inbox.clear()
        self.secure = _ClientTransport(protocol, self)
        protocol.connection_made(self.secure)
        self._put(early)
        return self.secure


class _ServerTransport(SecureTransport):
    def __init__(self, protocol: asyncio.DatagramProtocol, server: _Server) -> None:
        super().__init__(protocol)
        self._server = server

    def peer(self, addr: Any = None) -> AsyncPeer | None:
        return self._server.find(addr)

    def close(self) -> None:
        self._server.close()
        self._lost(None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._server.addresses[0] if name == "sockname" else default


class _Server(AsyncServer):
    """Gives every peer's payloads to one protocol, with the peer's address, as a UDP socket does."""

    secure: _ServerTransport | None = None

    def attach(self, protocol: asyncio.DatagramProtocol) -> SecureTransport:
        """Hand over to a protocol."""
        self.secure = _ServerTransport(protocol, self)
        protocol.connection_made(self.secure)
        return self.secure

    def find(self, address: Any) -> AsyncPeer | None:
        """The peer at an address, if it has shaken hands."""
        for channel in range(len(self._endpoints)):
            entry = self._hub.at(Source(channel, address))
            if entry is not None and entry.owner is not None:
                peer: AsyncPeer = entry.owner
                return peer
        return None

    def opened(self, entry: Entry) -> None:
        """See :class:`~.hub.Owner`; there is nobody to run for it."""
        entry.owner = self.peer_of(entry)

    def received(self, entry: Entry, payloads: list[bytes]) -> None:
        """See :class:`~.hub.Owner`."""
        if self.secure is None:
            return
        for payload in payloads:
            self.secure.protocol.datagram_received(payload, entry.source.address)


async def create_datagram_endpoint(
    protocol_factory: Callable[[], Protocol],
    local_addr: tuple[str | None, int] | None = None,
    remote_addr: Place | None = None,
    *,
    timeout: float = 30.0,
    limits: Limits | None = None,
    **options: Any,
) -> tuple[SecureTransport, Protocol]:
    """As ``loop.create_datagram_endpoint``, with DTLS in between: ``(transport, protocol)``.

    With ``remote_addr`` a client, ready when the handshake is complete (``timeout`` seconds; options as of
    :class:`~.settings.ClientOptions`); without it a server at ``local_addr`` for many peers (``limits``, options as
    of :class:`~.settings.ServerOptions`), whose protocol gets each payload with its peer's address. Errors as of
    :func:`~.client.connect` and :func:`~.server.listen`.
    """
    if remote_addr is not None:
        source = None if local_addr is None else (local_addr[0] or "", local_addr[1])
        options.setdefault("server_name", remote_addr[0])
        settings = Settings.of_client(cast(ClientOptions, options))
        client = await connect_with(_Client, remote_addr, timeout, source, settings)
        protocol = protocol_factory()
        return client.attach(protocol), protocol
    if local_addr is None:
        raise ValueError("an endpoint needs local_addr to listen on or remote_addr to connect to.")
    settings = Settings.of_server(cast(ServerOptions, options))
    server = _Server(_nobody, settings, limits or Limits())
    await listen_with(server, local_addr)
    protocol = protocol_factory()
    return server.attach(protocol), protocol


async def _nobody(peer: AsyncPeer) -> None:
    """A server of a protocol runs nothing for its peers."""
