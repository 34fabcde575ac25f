"""Transports in memory and over sockets, and two contexts joined by them.

In: bytes of a context's callbacks. Out: the same bytes at the other end, in the portions a test asks for.
Promise: what the callbacks were asked is kept (`asked`, `offered`), nothing here waits without a limit.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import certs
import securetransport as st
from securetransport import _native, legacy
from securetransport.adapters.callbacks import SocketCallbacks

WOULD_BLOCK = st.errSSLWouldBlock
#: Seconds after which a blocking helper gives up; only ever reached by a failing test.
LIMIT = 60

Callbacks = tuple[Callable[[Any, memoryview, int], Any], Callable[[Any, memoryview, int], Any]]


def message(n: int, seed: int = 1) -> bytes:
    """``n`` bytes that do not repeat with any period a record could have."""
    block = bytes((i * 167 + (i >> 8) * 13 + seed) & 0xFF for i in range(min(n, 65_521)))
    return (block * (n // max(len(block), 1) + 1))[:n]


class Pipe:
    """One direction in memory that never waits.

    ``room``: bytes it holds before a write would block. ``step``: most bytes a call moves. ``stutter``: every other
    call moves nothing at all. ``on_read``, ``on_write``: what the next calls do instead of their work, one entry
    each: an exception is raised, ``None`` means to work, a function is called with the callback's arguments,
    anything else is returned.
    """

    def __init__(self, room: int | None = None, step: int | None = None, stutter: bool = False) -> None:
        self.data = bytearray()
        self.room, self.step, self.stutter = room, step, stutter
        self.ended = False
        self.asked: list[int] = []
        self.offered: list[int] = []
        self.writes: list[bytes] = []
        self.on_read: deque[Any] = deque()
        self.on_write: deque[Any] = deque()
        self._skip = {"read": False, "write": False}

    def _moves_nothing(self, which: str) -> bool:
        self._skip[which] = self.stutter and not self._skip[which]
        return self._skip[which]

    @staticmethod
    def _instead(entry: Any, *arguments: Any) -> Any:
        if isinstance(entry, BaseException) or (isinstance(entry, type) and issubclass(entry, BaseException)):
            raise entry
        return entry(*arguments) if callable(entry) else entry

    def read(self, connection: Any, data: memoryview, length: int) -> Any:
        """The SSLReadFunc of the end that this direction leads to."""
        self.asked.append(length)
        if self.on_read and (entry := self.on_read.popleft()) is not None:
            return self._instead(entry, connection, data, length)
        return self.work_read(connection, data, length)

    def work_read(self, connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if self._moves_nothing("read"):
            return WOULD_BLOCK, 0
        n = min(length, len(self.data), self.step or length)
        data[:n] = self.data[:n]
        del self.data[:n]
        if n == length:
            return 0, n
        if self.ended and not self.data:
            return st.errSSLClosedGraceful, n
        return WOULD_BLOCK, n

    def write(self, connection: Any, data: memoryview, length: int) -> Any:
        """The SSLWriteFunc of the end that this direction comes from."""
        self.offered.append(length)
        if self.on_write and (entry := self.on_write.popleft()) is not None:
            return self._instead(entry, connection, data, length)
        return self.work_write(connection, data, length)

    def work_write(self, connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if self._moves_nothing("write"):
            return WOULD_BLOCK, 0
        left = length if self.room is None else max(self.room - len(self.data), 0)
        n = min(length, left, self.step or length)
        self.data += data[:n]
        if n:
            self.writes.append(bytes(data[:n]))
        return (0 if n == length else WOULD_BLOCK), n


class BlockingPipe(Pipe):
    """One direction in memory that waits: reads come back full, writes go in whole, portion by portion if need be."""

    def __init__(self, room: int | None = None, step: int | None = None) -> None:
        super().__init__(room, step)
        self.changed = threading.Condition()

    def _has_room(self) -> bool:
        return self.ended or self.room is None or len(self.data) < self.room

    def work_read(self, connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        done = 0
        with self.changed:
            while done < length and self.changed.wait_for(lambda: self.data or self.ended, LIMIT):
                status, n = super().work_read(connection, data[done:], length - done)
                done += n
                self.changed.notify_all()
                if status not in (0, WOULD_BLOCK):
                    return status, done
        return (0 if done == length else WOULD_BLOCK), done

    def work_write(self, connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        done = 0
        with self.changed:
            while done < length and self.changed.wait_for(self._has_room, LIMIT):
                _, n = super().work_write(connection, data[done:], length - done)
                done += n
                self.changed.notify_all()
                if n == 0:
                    return st.errSSLClosedAbort, done  # nobody reads any more
        return (0 if done == length else WOULD_BLOCK), done

    def widen(self) -> None:
        """Room for everything, from a reader who takes no more of it."""
        with self.changed:
            self.room = None
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()


# --- contexts ----------------------------------------------------------------------------------------------


def certificate(der: bytes) -> Any:
    return _native.SecCertificate(der)


def array(credential: certs.Credential) -> list[Any]:
    """What SSLSetCertificate takes: the identity, then the certificates behind it."""
    leaf, *rest = (certificate(der) for der in credential.chain_der)
    return [_native.SecIdentity(leaf, _native.SecKey.from_pkcs8(credential.key_pkcs8)), *rest]


def client(
    host: str | None = certs.HOST,
    anchors: Sequence[certs.Credential] | None = None,
    suites: Sequence[int] | None = None,
    kind: int = st.kSSLStreamType,
) -> Any:
    """A client that trusts ``anchors`` alone, the tests' authority if they are not given."""
    ctx = st.SSLCreateContext(None, st.kSSLClientSide, kind)
    roots = [certificate(anchor.der) for anchor in (anchors if anchors is not None else [certs.authority()])]
    ok(legacy.SSLSetTrustedRoots(ctx, roots, True))
    if host is not None:
        ok(st.SSLSetPeerDomainName(ctx, host, len(host)))
    if suites is not None:
        ok(st.SSLSetEnabledCiphers(ctx, suites, len(suites)))
    return ctx


def server(
    credential: certs.Credential | str | None = "p256",
    suites: Sequence[int] | None = None,
    kind: int = st.kSSLStreamType,
) -> Any:
    """A server with a certificate, one of :func:`certs.leaf` by its name."""
    ctx = st.SSLCreateContext(None, st.kSSLServerSide, kind)
    if credential is not None:
        chosen = certs.leaf(credential) if isinstance(credential, str) else credential
        ok(st.SSLSetCertificate(ctx, array(chosen)))
    if suites is not None:
        ok(st.SSLSetEnabledCiphers(ctx, suites, len(suites)))
    return ctx


def name(status: int) -> str:
    """A status in words, for messages of failing tests."""
    return STATUS_NAMES.get(status, str(status))


STATUS_NAMES = {
    value: key
    for key, value in sorted(vars(st).items(), reverse=True)
    if key.startswith("err") and isinstance(value, int) and not isinstance(value, bool)
} | {st.errSSLPeerAuthCompleted: "errSSLPeerAuthCompleted"}  # of its three names the one of both sides


def ok(status: int) -> None:
    assert status == 0, name(status)


def state(ctx: Any) -> int:
    code, value = st.SSLGetSessionState(ctx)
    ok(code)
    return value


class Pair:
    """A client and a server joined by two pipes; every call returns at once."""

    def __init__(
        self,
        credential: certs.Credential | str | None = "p256",
        *,
        up: Pipe | None = None,
        down: Pipe | None = None,
        client: Any = None,
        server: Any = None,
    ) -> None:
        self.up = up or Pipe()
        self.down = down or Pipe()
        self.client = client if client is not None else globals()["client"]()
        self.server = server if server is not None else globals()["server"](credential)
        ok(st.SSLSetIOFuncs(self.client, self.down.read, self.up.write))
        ok(st.SSLSetIOFuncs(self.server, self.up.read, self.down.write))

    def other(self, ctx: Any) -> Any:
        return self.server if ctx is self.client else self.client

    def outgoing(self, ctx: Any) -> Pipe:
        """The pipe that ``ctx`` writes to."""
        return self.up if ctx is self.client else self.down

    def incoming(self, ctx: Any) -> Pipe:
        return self.down if ctx is self.client else self.up

    def turns(self, limit: int = 200_000) -> tuple[list[int], list[int]]:
        """SSLHandshake on either end until both have an answer other than would-block, or nothing moves."""
        codes: tuple[list[int], list[int]] = ([], [])
        idle = 0
        for _ in range(limit):
            before = self._moved()
            for ctx, seen in zip((self.client, self.server), codes, strict=True):
                if not seen or seen[-1] == WOULD_BLOCK:
                    seen.append(st.SSLHandshake(ctx))
            if all(seen[-1] != WOULD_BLOCK for seen in codes):
                break
            idle = idle + 1 if self._moved() == before else 0
            if idle > 4:
                break
        return codes

    def _moved(self) -> tuple[int, ...]:
        return tuple(sum(map(len, pipe.writes)) + len(pipe.data) for pipe in (self.up, self.down))

    def handshake(self) -> tuple[int, int]:
        """The last answers of :meth:`turns`: client's, server's."""
        seen = self.turns()
        return seen[0][-1], seen[1][-1]

    def connected(self) -> Pair:
        """The pair after a handshake that must succeed; the pipes' notes begin anew."""
        codes = self.handshake()
        assert codes == (0, 0), tuple(map(name, codes))
        for pipe in (self.up, self.down):
            pipe.asked, pipe.offered, pipe.writes = [], [], []
        return self

    def transfer(self, sender: Any, data: bytes, portion: int = 1 << 20) -> bytes:
        """``data`` through SSLWrite and SSLRead, both ends by turns; what arrived."""
        receiver, got = self.other(sender), bytearray()
        status, processed = st.SSLWrite(sender, data, len(data), None)
        assert status in (0, WOULD_BLOCK), name(status)
        assert processed == len(data)
        for _ in range(4 * len(data) + 1_000_000):
            if status == WOULD_BLOCK:
                status, _ = st.SSLWrite(sender, None, 0, None)
                assert status in (0, WOULD_BLOCK), name(status)
            code, part, n = st.SSLRead(receiver, None, portion, None)
            assert code in (0, WOULD_BLOCK), name(code)
            assert len(part) == n
            got += part
            if status == 0 and len(got) >= len(data):
                break
        return bytes(got)


def connected(credential: certs.Credential | str = "p256", **options: Any) -> Pair:
    return Pair(credential, **options).connected()


def bring(which: str, wanted: int) -> tuple[Any, Pair]:
    """A context of this side in this state, and the pair it belongs to."""
    pair = Pair("p256")
    context = getattr(pair, which)
    if wanted == st.kSSLHandshake:
        assert st.SSLHandshake(context) == WOULD_BLOCK
    elif wanted != st.kSSLIdle:
        pair.connected()
    if wanted == st.kSSLClosed:
        ok(st.SSLClose(context))
    elif wanted == st.kSSLAborted:
        pair.incoming(context).on_read.append(st.errSecIO)
        assert st.SSLRead(context, None, 1, None)[0] == st.errSSLClosedAbort
    assert state(context) == wanted
    return context, pair


# --- blocking style ----------------------------------------------------------------------------------------


class Task(threading.Thread):
    """A function on a thread of its own; ``result()`` gives what it returned or raises what it raised."""

    def __init__(self, work: Callable[..., Any], *arguments: Any) -> None:
        super().__init__(daemon=True)
        self._work, self._arguments = work, arguments
        self._value: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._value = self._work(*self._arguments)
        except BaseException as error:
            self._error = error

    def result(self) -> Any:
        self.join(LIMIT)
        assert not self.is_alive(), "a thread is still at work"
        if self._error is not None:
            raise self._error
        return self._value


def socket_callbacks(sock: socket.socket) -> Callbacks:
    """Callbacks over a socket in whichever mode it is; they tell the transport's end from a reset."""
    callbacks = SocketCallbacks(sock)

    def read(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        status, done = callbacks.read(connection, data, length)
        return (st.errSSLClosedNoNotify if callbacks.at_end else status), done

    return read, callbacks.write


def dripping(callbacks: Callbacks) -> Callbacks:
    """The same callbacks, one byte a call and a would-block without any byte between two of them."""
    inner_read, inner_write = callbacks
    skip = {"read": False, "write": False}

    def pausing(which: str) -> bool:
        skip[which] = not skip[which]
        return skip[which]

    def read(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if pausing("read"):
            return WOULD_BLOCK, 0
        status, n = inner_read(connection, data[:1], 1)
        return (WOULD_BLOCK if status == 0 and n < length else status), n

    def write(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if pausing("write"):
            return WOULD_BLOCK, 0
        status, n = inner_write(connection, data[:1], 1)
        return (WOULD_BLOCK if status == 0 and n < length else status), n

    return read, write


def corked(callbacks: Callbacks) -> Callbacks:
    """The same callbacks, but what is written leaves when the next read begins.

    For peers that give up in the middle of a flight: writing the rest of it could meet a connection that is gone
    before the alert was read.
    """
    inner_read, inner_write = callbacks
    held = bytearray()

    def read(connection: Any, data: memoryview, length: int) -> Any:
        if held:
            inner_write(connection, memoryview(bytes(held)), len(held))
            held.clear()
        return inner_read(connection, data, length)

    def write(_connection: Any, data: memoryview, _length: int) -> int:
        held.extend(data)
        return 0

    return read, write


class Link:
    """One context over a transport that waits; would-block from it only means to call again."""

    def __init__(self, ctx: Any, callbacks: Callbacks) -> None:
        self.ctx = ctx
        ok(st.SSLSetIOFuncs(ctx, *callbacks))

    def handshake(self) -> int:
        while (status := st.SSLHandshake(self.ctx)) == WOULD_BLOCK:
            pass
        return status

    def send(self, data: bytes) -> int:
        status, processed = st.SSLWrite(self.ctx, data, len(data), None)
        while status == WOULD_BLOCK:
            rest = data[processed:]  # 0 or all of it was taken
            status, n = st.SSLWrite(self.ctx, rest or None, len(rest), None)
            processed += n
        return status

    def receive(self, n: int) -> bytes:
        """Exactly ``n`` bytes; AssertionError when there is an end or an error before."""
        got = bytearray()
        while len(got) < n:
            status, part, _ = st.SSLRead(self.ctx, None, n - len(got), None)
            got += part
            assert status in (0, WOULD_BLOCK), f"{name(status)} after {len(got)} of {n} bytes"
        return bytes(got)

    def rest(self) -> tuple[int, bytes]:
        """The status that ends the stream and everything before it."""
        got = bytearray()
        while True:
            status, part, _ = st.SSLRead(self.ctx, None, 65_536, None)
            got += part
            if status not in (0, WOULD_BLOCK):
                return status, bytes(got)

    def close(self) -> int:
        while (status := st.SSLClose(self.ctx)) == WOULD_BLOCK:
            pass
        return status


def socket_link(ctx: Any, sock: socket.socket, drip: bool = False) -> Link:
    sock.settimeout(LIMIT)
    callbacks = socket_callbacks(sock)
    return Link(ctx, dripping(callbacks) if drip else callbacks)


def blocking_links(
    credential: certs.Credential | str = "p256",
) -> tuple[Link, Link, BlockingPipe, BlockingPipe]:
    """A client and a server over waiting pipes, each to be driven by a thread of its own."""
    up, down = BlockingPipe(), BlockingPipe()
    return Link(client(), (down.read, up.write)), Link(server(credential), (up.read, down.write)), up, down


# --- datagrams ---------------------------------------------------------------------------------------------

#: Seconds that a read over UDP waits before it lets the context look at its timer.
TICK = 0.02


def datagram_callbacks(sock: socket.socket) -> Callbacks:
    """Callbacks over a connected UDP socket: a write is a datagram, a read goes on in the datagram that is begun.

    What comes short of the bytes that were asked for ends with its datagram.
    """
    rest = bytearray()

    def read(_connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if not rest:
            try:
                rest.extend(sock.recv(65_536))
            except (BlockingIOError, TimeoutError):
                return WOULD_BLOCK, 0
            except ConnectionError:  # what an earlier datagram met; nobody is there, or not yet
                return WOULD_BLOCK, 0
        n = min(length, len(rest))
        data[:n] = rest[:n]
        del rest[:n]
        if n < length:
            rest.clear()
        return (0 if n == length else WOULD_BLOCK), n

    def write(_connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        with contextlib.suppress(ConnectionError):  # the same; a datagram that is lost
            sock.send(data)
        return 0, length

    return read, write


class DatagramLink(Link):
    """One context over UDP; a call that comes to no end fails the test."""

    def handshake(self) -> int:
        end = time.monotonic() + LIMIT
        while (status := st.SSLHandshake(self.ctx)) == WOULD_BLOCK:
            assert time.monotonic() < end, "the handshake comes to no end"
        return status

    def receive(self, n: int) -> bytes:
        got, end = bytearray(), time.monotonic() + LIMIT
        while len(got) < n:
            status, part, _ = st.SSLRead(self.ctx, None, n - len(got), None)
            got += part
            assert status in (0, WOULD_BLOCK), f"{name(status)} after {len(got)} of {n} bytes"
            assert time.monotonic() < end, f"{len(got)} of {n} bytes came"
        return bytes(got)


def datagram_link(ctx: Any, sock: socket.socket) -> DatagramLink:
    sock.settimeout(TICK)
    return DatagramLink(ctx, datagram_callbacks(sock))
