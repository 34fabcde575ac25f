"""Clients and servers for asyncio.

In: where to, settings, coroutines. Out: payloads, exceptions. Promise: no polling and no threads: timers run from the
engine's deadlines; a cancelled call has lost nothing; what waits is bounded in both directions.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, TypeVar, Unpack, cast

from ..._native import CookieGate
from .._records import LOST
from .client import Place, addresses, patience_for, shown
from .errors import DatagramError, DatagramTimeout, PeerClosed, refused
from .facts import Facts
from .hub import Entry, Hub, Limits, Source
from .link import FedLink, Link
from .server import make_link
from .settings import ClientOptions, ServerOptions, Settings
from .sockets import bind

__all__ = ["AsyncClient", "AsyncPeer", "AsyncServer", "Opening", "open_connection", "start_server"]

_log = logging.getLogger(__name__)

#: What a server runs for each peer.
PeerHandler = Callable[["AsyncPeer"], Awaitable[object]]


class _Endpoint(asyncio.DatagramProtocol):
    """A UDP socket of the loop: what came from it, and whether it has room."""

    def __init__(
        self, received: Callable[[bytes, Any], None], complained: Callable[[Exception], None]
    ) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self._received = received
        self._complained = complained
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._received(data, addr)

    def error_received(self, exc: Exception) -> None:
        self._complained(exc)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.set()

    def send(self, data: bytes, address: Any = None) -> None:
        """Send, unless it is closed already."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(data, address)

    async def room(self) -> None:
        """Until there is room for more."""
        await self._room.wait()

    def close(self) -> None:
        """Close, what waits in it is still sent."""
        if self.transport is not None:
            self.transport.close()


class _Timer:
    """One call at a time to come."""

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop = loop
        self._call = call
        self._handle: asyncio.TimerHandle | None = None

    def set(self, when: float | None) -> None:
        """Call at ``when``, and no more at what was set before; ``None`` for never."""
        if self._handle is not None:
            if self._handle.when() == when and not self._handle.cancelled():
                return
            self._handle.cancel()
        self._handle = None if when is None else self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._call()


class AsyncPeer(Facts):
    """The other end of an association, on the client's side and on the server's."""

    _link: Link

    def __init__(self, waiting: int) -> None:
        self._inbox: collections.deque[bytes] = collections.deque()
        self._waiting = waiting
        self._waiters: set[asyncio.Future[None]] = set()
        #: How many payloads were dropped because nobody fetched them.
        self.dropped = 0

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open" if self._link.opened else "not open"
        return f"<{type(self).__name__} {shown(self.address)}, {state}, {self.suite}>"

    @property
    def address(self) -> tuple[Any, ...]:
        """Where the peer is now."""
        raise NotImplementedError

    @property
    def closed(self) -> bool:
        """Whether the association is over; payloads may still wait."""
        return bool(self._link.closed)

    async def receive(self, timeout: float | None = None) -> bytes:
        """The next payload; waits for it ``timeout`` seconds at most.

        :class:`DatagramTimeout` when nothing came, :class:`PeerClosed` when the association is over.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self._inbox:
                    self._say_why()
                    await self._change()
        except TimeoutError as error:
            if isinstance(error, DatagramError):
                raise
            raise DatagramTimeout(f"Nothing came in {timeout:g} seconds.") from None
        return self._inbox.popleft()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Payloads until the association is over, in whichever way."""
        while True:
            try:
                payload = await self.receive()
            except DatagramError:
                return
            yield payload

    async def send(self, data: Any) -> None:
        """Send one datagram of at most ``max_payload`` bytes; waits for room in the socket only."""
        raise NotImplementedError

    def close(self) -> None:
        """Say goodbye; does not wait."""
        raise NotImplementedError

    async def __aenter__(self) -> AsyncPeer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _change(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _put(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            if len(self._inbox) < self._waiting:
                self._inbox.append(payload)
            else:
                self.dropped += 1
        self._wake()

    def _say_why(self) -> None:
        if self._link.failure is not None:
            raise self._link.failure
        if self._link.closed:
            raise PeerClosed("This side has closed the association.")


class AsyncClient(AsyncPeer):
    """A client; made by :func:`open_connection`."""

    _link: FedLink

    def __init__(self, settings: Settings, address: tuple[Any, ...], waiting: int = 256) -> None:
        super().__init__(waiting)
        self._address = address
        self._heard = False
        self._refused: OSError | None = None
        self._endpoint = _Endpoint(self._received, self._complained)
        self._link = FedLink(settings.context(), self._endpoint.send, settings.on_pause, settings.id_length)
        self._timer = _Timer(asyncio.get_running_loop(), self._advance)

    @property
    def address(self) -> tuple[Any, ...]:
        """Where the server is."""
        return self._address

    def extra(self, name: str, default: Any = None) -> Any:
        """What asyncio's transport knows by that name, such as ``sockname``."""
        transport = self._endpoint.transport
        return default if transport is None else transport.get_extra_info(name, default)

    async def send(self, data: Any) -> None:
        """See :meth:`AsyncPeer.send`."""
        await self._endpoint.room()
        self._link.send(data)

    def close(self) -> None:
        """Say goodbye and close the socket; does not wait."""
        self._link.close()
        self._timer.set(None)
        self._endpoint.close()
        self._wake()

    async def _open(self, family: int, source: Place | None, patience: float) -> None:
        """Shake hands."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience):
                await loop.create_datagram_endpoint(
                    lambda: self._endpoint, local_addr=source, remote_addr=self._address[:2], family=family
                )
                self._advance()
                while not self._link.opened:
                    self._say_why()
                    if self._refused is not None:
                        raise refused(shown(self.address), self._refused)
                    await self._change()
        except TimeoutError as error:
            if isinstance(error, DatagramError):
                raise
            heard = "stopped answering" if self._heard else "does not answer"
            raise DatagramTimeout(
                f"{shown(self.address)} {heard}: no handshake in {patience:.3g} seconds."
            ) from None

    def _received(self, data: bytes, address: Any) -> None:
        self._heard = True
        self._settle(self._link.take(data))

    def _advance(self) -> None:
        self._settle(self._link.advance())

    def _settle(self, payloads: list[bytes]) -> None:
        self._put(payloads)
        if self._link.closed:
            self.close()
            return
        due = self._link.deadline()
        self._timer.set(None if due is None else asyncio.get_running_loop().time() + due)

    def _complained(self, error: Exception) -> None:
        # Once the peer has been heard, anybody could say this; time decides.
        if isinstance(error, OSError) and error.errno in LOST and not self._heard:
            self._refused = error
            self._wake()


Client = TypeVar("Client", bound=AsyncClient)


class Opening:
    """A connection to come: ``async with`` it, or ``await`` it and close what you get."""

    def __init__(self, open_: Callable[[], Awaitable[AsyncClient]]) -> None:
        self._open = open_
        self._client: AsyncClient | None = None

    def __await__(self) -> Generator[Any, None, AsyncClient]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncClient:
        self._client = await self._open()
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()


def open_connection(
    place: Place,
    *,
    timeout: float = 30.0,
    source: Place | None = None,
    **options: Unpack[ClientOptions],
) -> Opening:
    """Shake hands with the server at ``place``, as :func:`~.client.connect` does."""
    options.setdefault("server_name", place[0])
    settings = Settings.of_client(options)
    return Opening(lambda: connect_with(AsyncClient, place, timeout, source, settings))


async def connect_with(
    kind: type[Client], place: Place, timeout: float, source: Place | None, settings: Settings
) -> Client:
    """An open client of a kind: the first address of a place that answers."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    found = await loop.run_in_executor(None, addresses, place)
    failure: Exception | None = None
    for number, (family, address) in enumerate(found):
        if failure is not None and loop.time() >= deadline:
            break
        client = kind(settings, address)
        try:
            left = patience_for(deadline - loop.time(), len(found) - number - 1)
            await client._open(family, source, left)
            return client
        except (OSError, DatagramTimeout) as error:  # a refusal is an OSError
            failure = error
            client.close()
        except BaseException:
            client.close()
            raise
    raise failure or OSError(f"{place[0]} has no address here.")


class ServedPeer(AsyncPeer):
    """A client of an :class:`AsyncServer`."""

    def __init__(self, server: AsyncServer, entry: Entry, waiting: int) -> None:
        super().__init__(waiting)
        self._server = server
        self._entry = entry
        self._link = entry.link

    @property
    def address(self) -> tuple[Any, ...]:
        """Where the peer is now."""
        return self._entry.source.address

    async def send(self, data: Any) -> None:
        """See :meth:`AsyncPeer.send`."""
        await self._server.room(self._entry.source)
        self._link.send(data)

    def close(self) -> None:
        """Say goodbye; does not wait."""
        self._link.close()
        self._server.touch(self._entry)
        self._wake()


async def start_server(
    handler: PeerHandler,
    place: tuple[str | None, int],
    *,
    limits: Limits | None = None,
    **options: Unpack[ServerOptions],
) -> AsyncServer:
    """A server on ``place``, a host (empty for every address) and a port (0 for one that is free).

    ``handler(peer)`` is awaited in a task for each peer whose handshake is complete; when it returns, the peer is
    closed. Further options: :class:`ServerOptions`. ``OSError`` when it cannot listen there, ``ValueError`` for
    options that cannot be.
    """
    server = AsyncServer(handler, Settings.of_server(options), limits or Limits())
    await listen_with(server, place)
    return server


async def listen_with(server: AsyncServer, place: tuple[str | None, int]) -> None:
    """Let a server listen on a place; it is closed when that cannot be."""
    sockets: list[socket.socket] = []
    try:
        sockets += await asyncio.get_running_loop().run_in_executor(None, bind, place)
        for sock in sockets:
            await server._listen(sock)
    except BaseException:
        server.close()
        for sock in sockets:
            sock.close()
        raise


class AsyncServer:
    """Made by :func:`start_server`; an async context manager that closes it."""

    def __init__(self, handler: PeerHandler, settings: Settings, limits: Limits) -> None:
        self._handler = handler
        self._settings = settings
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._hub = Hub(self, CookieGate(), limits, settings.id_length)
        self._endpoints: list[_Endpoint] = []
        self._timer = _Timer(self._loop, self._tick)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = self._loop.create_future()

    @property
    def addresses(self) -> list[tuple[Any, ...]]:
        """Where it listens."""
        made = [one.transport for one in self._endpoints if one.transport is not None]
        return [transport.get_extra_info("sockname") for transport in made]

    @property
    def port(self) -> int:
        """The port, the same at every address."""
        return int(self.addresses[0][1])

    @property
    def counts(self) -> collections.Counter[str]:
        """How often what happened: ``accepted``, ``refused``, ``verify requests``, ``moved``, ``dropped``."""
        return collections.Counter(self._hub.counts)

    @property
    def half_open(self) -> int:
        """How many handshakes are under way."""
        return self._hub.half_open

    def __len__(self) -> int:
        """How many associations there are, half-open ones too."""
        return len(self._hub)

    def close(self) -> None:
        """Say goodbye to every peer, cancel what handlers are doing, close the sockets; does not wait."""
        if self._closed.done():
            return
        self._closed.set_result(None)
        self._timer.set(None)
        self._hub.close(self._loop.time(), lambda: PeerClosed("The server was closed."))
        self._timer.set(None)
        for task in self._tasks:
            task.cancel()
        for endpoint in self._endpoints:
            endpoint.close()

    async def wait_closed(self) -> None:
        """Until the server is closed and its handlers have ended."""
        await asyncio.shield(self._closed)
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def serve_forever(self) -> None:
        """Until the server is closed, or this is cancelled, which closes it."""
        try:
            await self.wait_closed()
        finally:
            self.close()

    async def __aenter__(self) -> AsyncServer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        await self.wait_closed()

    async def _listen(self, sock: Any) -> None:
        channel = len(self._endpoints)

        def received(data: bytes, address: Any) -> None:
            try:
                self._hub.receive(data, Source(channel, address), self._loop.time())
            except Exception:  # of a function of the application; the others are served on
                _log.exception("a datagram of %s could not be taken", shown(address))
            self._timer.set(self._hub.next())

        # What the network says about a datagram that was sent belongs to nobody in particular.
        endpoint = _Endpoint(received, lambda error: None)
        self._endpoints.append(endpoint)
        await self._loop.create_datagram_endpoint(lambda: endpoint, sock=sock)

    def _tick(self) -> None:
        self._hub.tick(self._loop.time())
        self._timer.set(self._hub.next())

    async def room(self, source: Source) -> None:
        """Until there is room in the socket that a peer is reached by."""
        await self._endpoints[source.channel].room()

    def touch(self, entry: Entry) -> None:
        """Look at an association that was closed."""
        if not entry.gone:
            self._hub.check(entry, self._loop.time())
            self._timer.set(self._hub.next())

    # --- what the hub tells ------------------------------------------------------------------------------

    def make(self, entry: Entry, cookie: bytes) -> FedLink:
        """See :class:`~.hub.Owner`."""
        return make_link(self._settings, entry, cookie, self.send)

    def send(self, data: bytes, source: Source) -> None:
        """See :class:`~.hub.Owner`."""
        self._endpoints[source.channel].send(data, source.address)

    def peer_of(self, entry: Entry) -> ServedPeer:
        """What a handler talks to."""
        return ServedPeer(self, entry, self._limits.queue)

    def opened(self, entry: Entry) -> None:
        """See :class:`~.hub.Owner`."""
        entry.owner = peer = self.peer_of(entry)
        if len(self._tasks) >= self._limits.peers:  # handlers that outlive their peers
            self._hub.counts["refused"] += 1
            peer._link.close()
            return
        task = self._loop.create_task(self._handle(peer), name=f"dtls-peer-{shown(peer.address)}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def received(self, entry: Entry, payloads: list[bytes]) -> None:
        """See :class:`~.hub.Owner`."""
        entry.owner._put(payloads)

    def ended(self, entry: Entry) -> None:
        """See :class:`~.hub.Owner`."""
        if entry.owner is not None:
            entry.owner._wake()

    def moved(self, entry: Entry, before: Source) -> None:
        """See :class:`~.hub.Owner`."""
        _log.info("a peer has moved from %s to %s", shown(before.address), shown(entry.source.address))

    async def _handle(self, peer: ServedPeer) -> None:
        try:
            await self._handler(peer)
        except PeerClosed:
            pass  # while it was being talked to
        except Exception:
            _log.exception("the handler failed for %s", shown(peer.address))
        finally:
            peer.close()
