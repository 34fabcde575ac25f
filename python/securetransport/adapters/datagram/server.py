"""A server of many peers on one port, for programs that wait.

In: where to listen, settings, limits. Out: peers to talk to, or calls of a handler. Promise: a thread of its own
takes what comes, shakes hands and keeps time, so that no peer waits for a program that is busy with another; what a
program does not fetch is bounded and then dropped, as a socket would.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Unpack

from ..._native import CookieGate
from ...functions import SSLSetDatagramHelloCookie
from .._records import LARGEST, LOST
from .client import shown
from .errors import DatagramError, DatagramTimeout, PeerClosed
from .facts import Facts
from .hub import Entry, Hub, Limits, Source
from .link import FedLink
from .settings import ServerOptions, Settings
from .sockets import bind

__all__ = ["DatagramServer", "Handler", "ServerPeer", "listen"]

#: ``handler(peer, data)``; bytes that it returns are sent back.
Handler = Callable[["ServerPeer", bytes], Any]
#: Payloads of one peer that are handled before others have their turn.
_HANDLED = 16
#: Datagrams taken from a socket before timers and other sockets have their turn.
_TURN = 128

_log = logging.getLogger(__name__)


def make_link(
    settings: Settings, entry: Entry, cookie: bytes, send: Callable[[bytes, Source], None]
) -> FedLink:
    """The association of a peer whose cookie came back."""
    context = settings.context(entry.connection_id)
    SSLSetDatagramHelloCookie(context, cookie, len(cookie))
    return FedLink(
        context, lambda data: send(data, entry.source), settings.on_pause, len(entry.connection_id)
    )


def listen(
    place: tuple[str | None, int], *, limits: Limits | None = None, **options: Unpack[ServerOptions]
) -> DatagramServer:
    """A server on ``place``, a host (empty for every address) and a port (0 for one that is free).

    Further options: :class:`ServerOptions`. ``OSError`` when it cannot listen there, ``ValueError`` for options that
    cannot be.
    """
    settings = Settings.of_server(options)
    return DatagramServer(bind(place), settings, limits or Limits())


class Budget:
    """How many payloads wait, of all peers together."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting = 0
        self._lock = threading.Lock()

    def take(self, held: int) -> bool:
        """Room for one more, for a peer that holds so many."""
        with self._lock:
            if held >= self._limits.queue or self._waiting >= self._limits.waiting:
                return False
            self._waiting += 1
            return True

    def give_back(self, count: int = 1) -> None:
        """So many were fetched, or will never be."""
        with self._lock:
            self._waiting -= count


class ServerPeer(Facts):
    """A client of a :class:`DatagramServer`. Any thread may use it."""

    def __init__(self, server: DatagramServer, entry: Entry) -> None:
        self._server = server
        self._entry = entry
        self._link = entry.link
        self._inbox: collections.deque[bytes] = collections.deque()
        self._change = threading.Condition()
        self._over = False
        self.busy = False
        #: How many payloads were dropped because nobody fetched them.
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {shown(self.address)}, {self.suite}>"

    @property
    def address(self) -> tuple[Any, ...]:
        """Where the peer is now."""
        return self._entry.source.address

    @property
    def closed(self) -> bool:
        """Whether the association is over; payloads may still wait."""
        return self._over or bool(self._link.closed)

    def receive(self, timeout: float | None = None) -> bytes:
        """The next payload; waits for it ``timeout`` seconds at most, 0 for not at all.

        :class:`DatagramTimeout` when nothing came, :class:`PeerClosed` when the association is over.
        """
        with self._change:
            if not self._change.wait_for(lambda: self._inbox or self.closed, timeout):
                raise DatagramTimeout(f"Nothing came in {timeout:g} seconds.")
            if self._inbox:
                self._server.budget.give_back()
                return self._inbox.popleft()
        raise self._link.failure or PeerClosed("This side has closed the association.")

    def __iter__(self) -> Iterator[bytes]:
        """Payloads until the association is over, in whichever way."""
        while True:
            try:
                yield self.receive()
            except DatagramError:
                return

    def send(self, data: Any) -> None:
        """Send one datagram of at most ``max_payload`` bytes. Whether it arrives, nobody says."""
        self._link.send(data)

    def close(self) -> None:
        """Say goodbye."""
        self._link.close()
        with self._change:
            self._change.notify_all()
        self._server.wake(self._entry)

    def __del__(self) -> None:
        self._server.budget.give_back(len(self._inbox))

    def __enter__(self) -> ServerPeer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put(self, payloads: list[bytes]) -> None:
        """What has come for it; called by the server."""
        with self._change:
            for payload in payloads:
                if self._server.budget.take(len(self._inbox)):
                    self._inbox.append(payload)
                else:
                    self.dropped += 1
            self._change.notify_all()

    def end(self) -> None:
        """The association is over; called by the server."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def take(self) -> bytes | None:
        """The next payload for a handler; ``None`` when there is none, and then nobody is at it any more."""
        with self._change:
            if self._inbox:
                self._server.budget.give_back()
                return self._inbox.popleft()
            self.busy = False
            return None


class DatagramServer:
    """Made by :func:`listen`. Iterate for peers, or give :meth:`serve_forever` a handler."""

    def __init__(self, sockets: list[socket.socket], settings: Settings, limits: Limits) -> None:
        #: What it listens on.
        self.sockets = sockets
        self._settings = settings
        self._limits = limits
        self._hub = Hub(self, CookieGate(), limits, settings.id_length)
        self.budget = Budget(limits)
        self._accepted: collections.deque[ServerPeer] = collections.deque()
        self._ready: collections.deque[ServerPeer] = collections.deque()
        self._change = threading.Condition()
        self._handling = False
        self._stopping = False
        self._touched: collections.deque[Entry] = collections.deque()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="dtls-server", daemon=True)
        self._thread.start()

    @property
    def addresses(self) -> list[tuple[Any, ...]]:
        """Where it listens."""
        return [sock.getsockname() for sock in self.sockets]

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

    def accept(self, timeout: float | None = None) -> ServerPeer:
        """The next peer whose handshake is complete; :class:`DatagramTimeout` after ``timeout`` seconds."""
        with self._change:
            if not self._change.wait_for(lambda: self._accepted or self._stopping, timeout):
                raise DatagramTimeout(f"Nobody came in {timeout:g} seconds.")
            if self._accepted:
                return self._accepted.popleft()
        raise PeerClosed("The server is closed.")

    def __iter__(self) -> Iterator[ServerPeer]:
        """Peers as they come, until the server is closed."""
        while True:
            try:
                yield self.accept()
            except PeerClosed:
                return

    def serve_forever(self, handler: Handler, workers: int = 4) -> None:
        """Call ``handler(peer, data)`` for each payload until :meth:`close`; what it returns is sent back.

        ``workers`` threads call it, one at a time and in order for each peer, each of them for another. An exception
        in it is logged and closes that peer.
        """
        with self._change:
            self._handling = True
            for peer in self._accepted:  # who came before somebody served
                if peer._inbox:
                    peer.busy = True
                    self._ready.append(peer)
            self._accepted.clear()
        threads = [
            threading.Thread(target=self._work, args=(handler,), name=f"dtls-handler-{number}", daemon=True)
            for number in range(max(1, workers))
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:
            self.close()

    def close(self) -> None:
        """Say goodbye to every peer and close the sockets; any thread may do so."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> DatagramServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- handlers ----------------------------------------------------------------------------------------

    def _work(self, handler: Handler) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._ready or self._stopping)
                if not self._ready:
                    return
                peer = self._ready.popleft()
            for _ in range(_HANDLED):
                data = peer.take()
                if data is None:
                    break
                self._handle(handler, peer, data)
            else:
                with self._change:
                    self._ready.append(peer)

    def _handle(self, handler: Handler, peer: ServerPeer, data: bytes) -> None:
        try:
            answer = handler(peer, data)
            if isinstance(answer, (bytes, bytearray, memoryview)):
                peer.send(answer)
        except PeerClosed:
            pass  # while it was being answered
        except Exception:
            _log.exception("the handler failed for %s", shown(peer.address))
            peer.close()

    # --- what the hub tells, in the server's thread ------------------------------------------------------

    def make(self, entry: Entry, cookie: bytes) -> FedLink:
        """See :class:`~.hub.Owner`."""
        return make_link(self._settings, entry, cookie, self.send)

    def send(self, data: bytes, source: Source) -> None:
        """See :class:`~.hub.Owner`; other threads' data go this way too."""
        with contextlib.suppress(BlockingIOError):  # a full buffer: lost, as anywhere on the way
            try:
                self.sockets[source.channel].sendto(data, source.address)
            except OSError as error:
                if error.errno not in LOST and not self._stopping:
                    raise

    def opened(self, entry: Entry) -> None:
        """See :class:`~.hub.Owner`."""
        entry.owner = peer = ServerPeer(self, entry)
        with self._change:
            if self._handling:
                return
            if len(self._accepted) < self._limits.backlog:
                self._accepted.append(peer)
                self._change.notify_all()
                return
        self._hub.counts["refused"] += 1
        peer._link.close()

    def received(self, entry: Entry, payloads: list[bytes]) -> None:
        """See :class:`~.hub.Owner`."""
        peer: ServerPeer = entry.owner
        peer.put(payloads)
        if not self._handling:
            return
        with self._change, peer._change:
            if not peer.busy:
                peer.busy = True
                self._ready.append(peer)
                self._change.notify()

    def ended(self, entry: Entry) -> None:
        """See :class:`~.hub.Owner`."""
        if entry.owner is not None:
            entry.owner.end()

    def moved(self, entry: Entry, before: Source) -> None:
        """See :class:`~.hub.Owner`."""
        _log.info("a peer has moved from %s to %s", shown(before.address), shown(entry.source.address))

    # --- the server's thread -----------------------------------------------------------------------------

    def wake(self, entry: Entry) -> None:
        """Look at an association that another thread has closed."""
        self._touched.append(entry)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # a full pipe wakes just as well, a closed one needs not
            self._wake_out.send(b"\0")

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._wake_in, selectors.EVENT_READ)
        for channel, sock in enumerate(self.sockets):
            selector.register(sock, selectors.EVENT_READ, (channel, sock))
        room = memoryview(bytearray(LARGEST))
        try:
            while not self._stopping:
                due = self._hub.next()
                left = None if due is None else max(0.0, due - time.monotonic())
                for key, _ in selector.select(left):
                    if key.data is None:
                        self._woken()
                    else:
                        channel, sock = key.data
                        self._drain(channel, sock, room)
                self._hub.tick(time.monotonic())
        finally:
            self._shut_down(selector)

    def _woken(self) -> None:
        with contextlib.suppress(OSError):
            while self._wake_in.recv(4096):
                pass
        while self._touched:
            entry = self._touched.popleft()
            if not entry.gone:
                self._hub.check(entry, time.monotonic())

    def _drain(self, channel: int, sock: socket.socket, room: memoryview) -> None:
        for _ in range(_TURN):
            try:
                count, address = sock.recvfrom_into(room)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in LOST:
                    continue  # about a datagram that was sent; whose, nobody says
                if error.errno == errno.EBADF:
                    return
                raise
            try:
                self._hub.receive(bytes(room[:count]), Source(channel, address), time.monotonic())
            except Exception:  # of a function of the application; the others are served on
                _log.exception("a datagram of %s could not be taken", shown(address))

    def _shut_down(self, selector: selectors.BaseSelector) -> None:
        with self._change:
            self._stopping = True
        self._hub.close(time.monotonic(), lambda: PeerClosed("The server was closed."))
        with self._change:
            self._change.notify_all()
        selector.close()
        for sock in (*self.sockets, self._wake_in, self._wake_out):
            sock.close()
