"""Many TLS clients at once.

In: listening sockets, a way to make contexts, a service for each connection. Out: one line of log a connection, and
counters. Promise: a slow or hostile client never delays another.

How: one thread runs a ``selectors`` loop over non-blocking sockets, and a small pool of threads runs handshakes.
A loop costs nothing for an idle client, which a thread each would; what a client can make the loop do in one turn is
bounded (a few records in, one piece out). The expensive part, signatures and key agreement, runs in the pool, where
the library lets the interpreter go: while one client's handshake is computed, the loop moves the others' data on
other cores. A step of a handshake never waits, because its socket does not block, so a client that stalls in the
middle of one holds neither a thread nor the loop: it is a socket in the selector with a deadline.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import errno
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Protocol

import securetransport as st
from securetransport import extensions
from securetransport.adapters.callbacks import SocketCallbacks
from securetransport.constants import messages

from .problems import status_name

__all__ = ["Echo", "Limits", "Server", "Service"]

#: Records taken from one client before the others get their turn.
_READS_A_TURN = 4
_READ_SIZE = 32 * 1024
#: Pieces given to one client before the others get their turn.
_PIECES_A_TURN = 1
#: How often deadlines are looked at, in seconds.
_TICK = 0.25
#: How long the other end gets to take what was sent last, in seconds.
_LINGER = 2.0
_HTTP_METHODS = (
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"OPTIO",
    b"DELET",
    b"CONNE",
    b"PATCH",
    b"TRACE",
    b"PRI *",
)


class Service(Protocol):
    """What is done with a client's data."""

    #: How many requests were answered; 0 where there are none.
    requests: int
    #: Whether more input is welcome now.
    hungry: bool
    #: When the first byte of a request came that is not complete yet (``time.monotonic``), else ``None``.
    waiting_since: float | None

    @property
    def finished(self) -> bool:
        """Whether everything was handed out and the connection is to be closed."""

    def received(self, data: bytes) -> None:
        """Take bytes of the client."""

    def to_send(self) -> bytes:
        """The next piece for the client; empty when there is none now."""

    def close(self) -> None:
        """The connection is over."""


class Echo:
    """Sends back what comes in; takes no more while something waits to be sent."""

    def __init__(self) -> None:
        self.requests = 0
        self.finished = False
        self.hungry = True
        self.waiting_since: float | None = None
        self._pending = bytearray()

    def received(self, data: bytes) -> None:
        self._pending += data
        self.hungry = False

    def to_send(self) -> bytes:
        data = bytes(self._pending)
        self._pending.clear()
        self.hungry = True
        return data

    def close(self) -> None:
        self._pending.clear()


@dataclasses.dataclass(frozen=True)
class Limits:
    """Times in seconds, and how many clients at once."""

    clients: int = 1000
    handshake: float = 10.0
    idle: float = 60.0
    request: float = 20.0


class _Transport(SocketCallbacks):
    """The socket's callbacks, which also keep how the client began and how much went by."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.first = b""
        self.blocked = False
        self.bytes_in = 0
        self.bytes_out = 0

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        status, count = super().read(connection, data, length)
        if len(self.first) < 5:
            self.first = (self.first + bytes(data[:count]))[:5]
        self.bytes_in += count
        return status, count

    def write(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        status, count = super().write(connection, data, length)
        self.blocked = status == st.errSSLWouldBlock
        self.bytes_out += count
        return status, count


class _Client:
    """One connection."""

    def __init__(self, sock: socket.socket, address: str, context: st.SSLContext, service: Service) -> None:
        self.socket = sock
        self.address = address
        self.context = context
        self.service = service
        self.transport = _Transport(sock)
        self.started = time.monotonic()
        self.moved = self.started
        self.handshake_time: float | None = None
        self.in_pool = False
        self.outcome: tuple[str, int] | None = None
        self.unsent = b""
        self.stuck = False
        self.lingering = False
        self.events = 0

    @property
    def connected(self) -> bool:
        return self.handshake_time is not None


Log = Callable[[dict[str, Any]], None]


class Server:
    """Accepts, shakes hands, serves, and stops when told to."""

    def __init__(
        self,
        listeners: list[socket.socket],
        make_context: Callable[[], st.SSLContext],
        make_service: Callable[[], Service],
        limits: Limits,
        log: Log,
    ) -> None:
        self._listeners = listeners
        self._make_context = make_context
        self._make_service = make_service
        self._limits = limits
        self._log = log
        self._selector = selectors.DefaultSelector()
        self._clients: set[_Client] = set()
        self._done: collections.deque[tuple[_Client, int]] = collections.deque()
        self._wake_in, self._wake_out = socket.socketpair()
        self._pool = concurrent.futures.ThreadPoolExecutor(
            max_workers=max(2, min(8, os.cpu_count() or 2)), thread_name_prefix="handshake"
        )
        self._stopping = False
        self._accept_again = 0.0
        self.counters: collections.Counter[str] = collections.Counter()

    # --- the loop ----------------------------------------------------------------------------------------

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until :meth:`stop`; then say goodbye to every client and return.

        ``ready`` is called once clients can come and signals are taken care of.
        """
        for sock in (self._wake_in, self._wake_out, *self._listeners):
            sock.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        for listener in self._listeners:
            self._selector.register(listener, selectors.EVENT_READ, listener)
        try:
            with self._signals():
                ready()
                while not self._stopping:
                    self._turn()
        finally:
            self._shut_down()

    def stop(self) -> None:
        """End :meth:`run`; callable from any thread and from a signal handler."""
        self._stopping = True
        self._wake()

    def _turn(self) -> None:
        for key, events in self._selector.select(_TICK):
            if key.fileobj is self._wake_in:
                self._woken()
            elif isinstance(key.data, _Client):
                self._ready(key.data, events)
            else:
                self._accept(key.data)
        self._finish_handshakes()
        self._look_at_deadlines()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # a full pipe wakes the loop just as well
            self._wake_out.send(b"\0")

    def _woken(self) -> None:
        with contextlib.suppress(OSError):
            while self._wake_in.recv(4096):
                pass

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM stop the loop cleanly."""

        def handler(number: int, frame: FrameType | None) -> None:
            self.stop()

        numbers = [signal.SIGINT, signal.SIGTERM]
        try:
            before = [signal.signal(number, handler) for number in numbers]
        except ValueError:  # not in the main thread: whoever runs the loop calls stop
            yield
            return
        try:
            yield
        finally:
            for number, old in zip(numbers, before, strict=True):
                signal.signal(number, old)

    # --- accepting ---------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        if time.monotonic() < self._accept_again:
            return
        for _ in range(64):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    # No descriptors left: those who wait are taken when others have gone.
                    self._pause_accepting()
                    return
                continue  # the client gave up meanwhile
            self._greet(sock, address)

    def _pause_accepting(self) -> None:
        self._accept_again = time.monotonic() + 0.5
        for listener in self._listeners:
            self._selector.unregister(listener)

    def _resume_accepting(self) -> None:
        if self._accept_again and time.monotonic() >= self._accept_again:
            self._accept_again = 0.0
            for listener in self._listeners:
                self._selector.register(listener, selectors.EVENT_READ, listener)

    def _greet(self, sock: socket.socket, address: Any) -> None:
        shown = f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
        if len(self._clients) >= self._limits.clients:
            self.counters["refused"] += 1
            self._log(
                {
                    "event": "refused",
                    "client": shown,
                    "reason": f"{self._limits.clients} clients are connected",
                }
            )
            sock.close()
            return
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _Client(sock, shown, self._make_context(), self._make_service())
        st.SSLSetIOFuncs(client.context, *client.transport)
        self._clients.add(client)
        self.counters["connections"] += 1
        self._watch(client, selectors.EVENT_READ)

    def _watch(self, client: _Client, events: int) -> None:
        if events == client.events:
            return
        if client.events == 0:
            self._selector.register(client.socket, events, client)
        elif events == 0:
            self._selector.unregister(client.socket)
        else:
            self._selector.modify(client.socket, events, client)
        client.events = events

    # --- handshakes --------------------------------------------------------------------------------------

    def _ready(self, client: _Client, events: int) -> None:
        if client.lingering:
            self._drain(client)
        elif client.connected:
            self._serve_safely(client, bool(events & selectors.EVENT_READ))
        else:
            self._watch(client, 0)
            client.in_pool = True
            self._pool.submit(self._shake, client)

    def _shake(self, client: _Client) -> None:
        """One step, in the pool; nothing of the loop is touched here."""
        try:
            status = st.SSLHandshake(client.context)
        except Exception:
            status = st.errSSLInternal
        self._done.append((client, status))
        self._wake()

    def _finish_handshakes(self) -> None:
        while self._done:
            client, status = self._done.popleft()
            client.in_pool = False
            if client.outcome is not None:
                self._close(client)
            elif status == st.errSSLWouldBlock:
                # An answer that did not fit waits for room; the client has nothing to say before it has it.
                blocked = client.transport.blocked
                self._watch(client, selectors.EVENT_READ | (selectors.EVENT_WRITE if blocked else 0))
            elif status == st.errSecSuccess:
                client.handshake_time = time.monotonic() - client.started
                client.moved = time.monotonic()
                self.counters["handshakes"] += 1
                self._serve_safely(client, True)
            else:
                self.counters["failed handshakes"] += 1
                self._end(client, self._failure(client, status), status)

    def _failure(self, client: _Client, status: int) -> str:
        if client.transport.first.startswith(_HTTP_METHODS):
            self._answer_plain(client)
            return "handshake failed: the client speaks plain HTTP, not TLS"
        if status == st.errSSLClosedAbort and not client.transport.bytes_in:
            return "closed by the client before the handshake"
        words = messages.status_sentence(status) or "the handshake failed"
        return f"handshake failed: {words.rstrip('.')}"

    def _answer_plain(self, client: _Client) -> None:
        body = b"This port speaks HTTPS; use https:// in place of http://.\n"
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        with contextlib.suppress(OSError):
            client.socket.send(head.encode() + b"Connection: close\r\n\r\n" + body)

    # --- serving -----------------------------------------------------------------------------------------

    def _serve_safely(self, client: _Client, readable: bool) -> None:
        """A fault of the service ends its client, never the server."""
        try:
            self._serve(client, readable)
        except Exception as error:
            self._end(client, f"failed: {type(error).__name__} in this server", st.errSSLInternal)

    def _serve(self, client: _Client, readable: bool) -> None:
        """One turn for one client: a few records in, a piece out."""
        if not self._send(client):
            return
        if readable and client.service.hungry and not self._receive(client):
            return
        if not self._send(client):
            return
        if client.stuck or client.unsent:
            self._watch(client, selectors.EVENT_WRITE)
        elif client.service.finished:
            self._end(client, "answered and closed", st.errSecSuccess)
        else:
            self._watch(client, selectors.EVENT_READ if client.service.hungry else selectors.EVENT_WRITE)

    def _receive(self, client: _Client) -> bool:
        """Take a few records; ``False`` when the connection is over."""
        for _ in range(_READS_A_TURN):
            status, data, _ = st.SSLRead(client.context, None, _READ_SIZE)
            if data:
                client.moved = time.monotonic()  # the crumbs of a record that never gets whole do not count
                self.counters["bytes in"] += len(data)
                client.service.received(data)
            if status == st.errSSLWouldBlock:
                return True
            if status != st.errSecSuccess:
                self._end(client, *self._ended(client, status))
                return False
            if not client.service.hungry:
                return True
        return True

    def _ended(self, client: _Client, status: int) -> tuple[str, int]:
        if status == st.errSSLClosedGraceful:
            return "closed by the client in good order", status
        if status == st.errSSLClosedAbort:
            if client.transport.failure is not None:
                return "reset by the client", status
            return "cut off by the client without close_notify", status
        words = messages.status_sentence(status) or "the connection failed"
        return f"failed: {words.rstrip('.')}", status

    def _send(self, client: _Client) -> bool:
        """Flush, then give a piece; ``False`` when the connection is over."""
        before = client.transport.bytes_out
        try:
            return self._push(client)
        finally:
            if client.transport.bytes_out != before:
                client.moved = time.monotonic()

    def _push(self, client: _Client) -> bool:
        for _ in range(_PIECES_A_TURN + 1):
            if client.stuck:
                status, _ = st.SSLWrite(client.context, None, 0)
                client.stuck = status == st.errSSLWouldBlock
                if client.stuck:
                    return True
            else:
                data = client.unsent or client.service.to_send()
                if not data:
                    return True
                status, taken = st.SSLWrite(client.context, data, len(data))
                client.unsent = b"" if taken else data
                client.stuck = status == st.errSSLWouldBlock
                self.counters["bytes out"] += taken
            if status not in (st.errSecSuccess, st.errSSLWouldBlock):
                self._end(client, *self._ended(client, status))
                return False
        return True

    # --- ending ------------------------------------------------------------------------------------------

    def _end(self, client: _Client, words: str, status: int) -> None:
        """Say goodbye: close_notify or the alert, an end of the stream, and a moment for the client to take it."""
        if client.outcome is None:
            client.outcome = (words, status)
        if client.in_pool:
            return  # the pool's step comes first; _finish_handshakes goes on here
        st.SSLClose(client.context)
        self._watch(client, 0)
        try:
            client.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(client)
            return
        client.lingering = True
        client.moved = time.monotonic()
        self._watch(client, selectors.EVENT_READ)
        self._drain(client)

    def _drain(self, client: _Client) -> None:
        """Closing with unread data would reset the connection and take back what was sent last."""
        try:
            for _ in range(16):
                if not client.socket.recv(65536):
                    break
            else:
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._close(client)

    def _close(self, client: _Client) -> None:
        if client not in self._clients:
            return
        if not client.lingering:
            st.SSLClose(client.context)
        self._watch(client, 0)
        client.socket.close()
        client.service.close()
        self._clients.discard(client)
        self._say(self._line(client))

    def _say(self, facts: dict[str, Any]) -> None:
        """Log; whoever read the log and has gone away wants no server any more."""
        try:
            self._log(facts)
        except OSError:
            self._log = lambda facts: None
            self.stop()

    def _line(self, client: _Client) -> dict[str, Any]:
        words, status = client.outcome or ("ended", st.errSecSuccess)
        _, report = extensions.SSLCopyConnectionReport(client.context, None)
        report = report or {}
        alpn_status, alpn = st.SSLCopyALPNProtocols(client.context, None)
        return {
            "event": "connection",
            "client": client.address,
            "version": report.get("version"),
            "suite": report.get("suite"),
            "alpn": alpn[0] if alpn_status == st.errSecSuccess and alpn and client.connected else None,
            "handshake_ms": round(client.handshake_time * 1000, 1)
            if client.handshake_time is not None
            else None,
            "seconds": round(time.monotonic() - client.started, 3),
            "bytes_in": client.transport.bytes_in,
            "bytes_out": client.transport.bytes_out,
            "requests": client.service.requests,
            "outcome": words,
            "status": int(status),
            "status_name": "ok" if status == st.errSecSuccess else status_name(status),
            "alert_sent": report.get("alert_sent"),
            "alert_received": report.get("alert_received"),
        }

    def _look_at_deadlines(self) -> None:
        now = time.monotonic()
        self._resume_accepting()
        limits = self._limits
        for client in list(self._clients):
            if client.in_pool:
                continue
            waiting = client.service.waiting_since
            if client.lingering:
                if now - client.moved > _LINGER:
                    self._close(client)
            elif not client.connected:
                if now - client.started > limits.handshake:
                    self.counters["failed handshakes"] += 1
                    self._end(
                        client, f"handshake not finished after {limits.handshake:g} s", st.errSSLWouldBlock
                    )
            elif now - client.moved > limits.idle:
                self._end(client, f"idle for {limits.idle:g} s", st.errSecSuccess)
            elif waiting is not None and now - waiting > limits.request:
                self._end(client, f"request not finished after {limits.request:g} s", st.errSecSuccess)

    def _shut_down(self) -> None:
        """Close everything: no new clients, a goodbye to each, and a moment for them to take it."""
        for listener in self._listeners:
            with contextlib.suppress(KeyError):  # not watched while accepting pauses
                self._selector.unregister(listener)
            listener.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for client in list(self._clients):
            client.in_pool = False
            self._end(client, "server stopped", st.errSecSuccess)
        deadline = time.monotonic() + 1.0
        while self._clients and time.monotonic() < deadline:
            for key, _ in self._selector.select(0.1):
                if isinstance(key.data, _Client):
                    self._drain(key.data)
        for client in list(self._clients):
            self._close(client)
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()
