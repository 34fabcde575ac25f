"""DTLS over UDP: a client and a server, for programs that wait and for asyncio.

In: addresses and settings. Out: payloads. Promise: :mod:`.hub` says what strangers may do.

::

    with datagram.connect(("device.example", 5684), psk=("me", secret)) as peer:
        peer.send(b"hello")
        print(peer.receive(timeout=5))

    with datagram.listen(("", 5684), psk={"me": secret}) as server:
        server.serve_forever(lambda peer, data: peer.send(data))

    async with datagram.open_connection(("device.example", 5684), psk=("me", secret)) as peer:
        await peer.send(b"hello")

``docs/datagrams.md`` is the guide. Programs with a network of their own use :class:`DatagramMemoryCallbacks` with the
``SSL*`` functions.
"""

from ..callbacks import DatagramCallbacks, DatagramMemoryCallbacks, DatagramSocketCallbacks
from .aio import AsyncClient, AsyncPeer, AsyncServer, open_connection, start_server
from .client import DatagramClient, connect, shown
from .endpoint import SecureTransport, create_datagram_endpoint
from .errors import (
    DatagramError,
    DatagramTimeout,
    DatagramTooLong,
    HandshakeFailed,
    PeerClosed,
    PeerRefused,
)
from .hub import Limits
from .server import DatagramServer, ServerPeer, listen
from .settings import PRE_SHARED_SUITES, SUITES, ClientOptions, Options, ServerOptions

__all__ = [
    "PRE_SHARED_SUITES",
    "SUITES",
    "AsyncClient",
    "AsyncPeer",
    "AsyncServer",
    "ClientOptions",
    "DatagramCallbacks",
    "DatagramClient",
    "DatagramError",
    "DatagramMemoryCallbacks",
    "DatagramServer",
    "DatagramSocketCallbacks",
    "DatagramTimeout",
    "DatagramTooLong",
    "HandshakeFailed",
    "Limits",
    "Options",
    "PeerClosed",
    "PeerRefused",
    "SecureTransport",
    "ServerOptions",
    "ServerPeer",
    "connect",
    "create_datagram_endpoint",
    "listen",
    "open_connection",
    "shown",
    "start_server",
]
