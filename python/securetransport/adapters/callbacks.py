"""Ready-made read and write callbacks for ``SSLSetIOFuncs``.

In: a socket, file descriptors, binary file objects, or nothing (memory). Out: an object with ``read`` and
``write`` in the shape that ``SSLSetIOFuncs`` wants; unpack it: ``SSLSetIOFuncs(context, *SocketCallbacks(sock))``.
Promise: a read is filled exactly or ends in would-block with what it has; nothing is read ahead and nothing is
lost; whatever the transport does becomes one of these statuses, and no ``OSError`` escapes:

===========================================  =====================  ==========================================
the transport                                status                 afterwards
===========================================  =====================  ==========================================
has nothing to give or no room at the moment errSSLWouldBlock       call the SSL* function again later
was waited for as long as its time-out says  errSSLWouldBlock       the same; nothing is lost
has ended, also in the middle of a record    errSSLClosedAbort      ``failure`` is ``None``
was reset, or the other end is gone          errSSLClosedAbort      ``failure`` is the ``OSError``
failed in another way                        errSecIO               ``failure`` is the ``OSError``
===========================================  =====================  ==========================================

A handshake message or alert for a peer that closed its socket and left bytes behind that were not read yet counts as
sent (:class:`SocketCallbacks`): those bytes say why it closed, and the next read gets them.

The end of a transport is never reported as errSSLClosedGraceful: only the peer's close_notify, which is
authenticated, may say that nothing was cut off (RFC 5246 section 7.2.1).

The ``Datagram...`` classes are for contexts of ``kSSLDatagramType``: the two reads of a record, its header and its
body, are served from one datagram, and each write is one datagram. A datagram that the network refuses counts as
lost: the handshake sends it again.
"""

from __future__ import annotations

import errno
import io
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, Any, Protocol, cast

from ..constants.results import errSecIO, errSecSuccess, errSSLClosedAbort, errSSLWouldBlock
from ._records import HEADER, LARGEST, LOST, record_length, whole_records

__all__ = [
    "Callbacks",
    "DatagramCallbacks",
    "DatagramMemoryCallbacks",
    "DatagramSocketCallbacks",
    "DescriptorCallbacks",
    "FileCallbacks",
    "MemoryCallbacks",
    "ReadableFile",
    "SocketCallbacks",
    "WritableFile",
    "memory_pair",
]

#: What the operating system says when the other end is gone, as against a fault on this side.
_GONE = frozenset(
    {
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.EPIPE,
        errno.ESHUTDOWN,
        errno.ENOTCONN,
        errno.ENETRESET,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ETIMEDOUT,
    }
)

#: What it says about a write to a peer that is gone.
_RESET = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED})
#: The content type of data that a caller wrote (RFC 5246, section 6.2.1): that must not count as sent.
_APPLICATION_DATA = 23

#: How many datagrams without a record one call looks at; a flood of them must not hold it.
_JUNK = 64


class Callbacks:
    """A read and a write callback over one transport; iterating gives the two, for ``SSLSetIOFuncs(ctx, *self)``.

    One thread may read while another writes. The object does not own what it was made from: closing the socket,
    descriptors or files stays with the caller.
    """

    #: What the operating system reported when the transport failed; ``None`` while it works, and for a plain end.
    failure: OSError | None = None
    #: Whether the peer's stream has ended (the transport's end, which is no close_notify).
    at_end: bool = False

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """Fill ``data[:length]``; ``(status, count)`` with the statuses of the module's table."""
        count = 0
        try:
            while count < length:
                got = self._receive(data[count:length])
                if got is None:
                    return errSSLWouldBlock, count
                if got == 0:
                    self.at_end = True
                    return errSSLClosedAbort, count
                count += got
        except OSError as error:
            return self._failed(error), count
        return errSecSuccess, count

    def write(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """Send ``data[:length]``; ``(status, count)`` with the statuses of the module's table."""
        count = 0
        try:
            while count < length:
                sent = self._send(data[count:length])
                if not sent:
                    return errSSLWouldBlock, count
                count += sent
        except OSError as error:
            return self._failed(error), count
        return errSecSuccess, count

    def __iter__(self) -> Iterator[Callable[[Any, memoryview, int], tuple[int, int]]]:
        yield self.read
        yield self.write

    def _failed(self, error: OSError) -> int:
        # A socket's own time-out carries no error number; ETIMEDOUT is the network giving the connection up.
        if isinstance(error, BlockingIOError) or (isinstance(error, TimeoutError) and not error.errno):
            return errSSLWouldBlock
        self.failure = error
        return errSSLClosedAbort if error.errno in _GONE else errSecIO

    def _receive(self, room: memoryview) -> int | None:
        """Some bytes into ``room``: their number, 0 at the end, ``None`` when there are none at the moment."""
        raise NotImplementedError

    def _send(self, data: memoryview) -> int | None:
        """Some of ``data``: the number of bytes taken; 0 or ``None`` when there is no room at the moment."""
        raise NotImplementedError


class SocketCallbacks(Callbacks):
    """Callbacks over a connected stream socket: blocking, non-blocking or with a time-out.

    A blocking socket is read until the request is filled. With a time-out (``settimeout``, seconds) one call ends
    in errSSLWouldBlock when that much time has passed, however slowly bytes trickle in. The mode is looked at in
    every call, so it may be changed between calls, for instance to give a handshake a deadline.

    Every handshake message is a write of its own: set ``TCP_NODELAY`` on TCP sockets, or the second one of a flight
    waits until the peer has acknowledged the first.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """As :meth:`Callbacks.read`; most calls are answered by one receive."""
        sock = self.socket
        started = time.monotonic() if sock.gettimeout() else 0.0
        count = 0
        try:
            while True:
                got = sock.recv_into(data[count:] if count else data, length - count)
                if got == 0 and length > 0:
                    self.at_end = True
                    return errSSLClosedAbort, count
                count += got
                if count == length:
                    return errSecSuccess, count
                if self._is_late(started):
                    return errSSLWouldBlock, count
        except OSError as error:
            return self._failed(error), count

    def write(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """As :meth:`Callbacks.write`; most calls are answered by one send."""
        sock = self.socket
        started = time.monotonic() if sock.gettimeout() else 0.0
        count = 0
        try:
            while True:
                count += sock.send(data[count:] if count else data)
                if count == length:
                    return errSecSuccess, count
                if self._is_late(started):
                    return errSSLWouldBlock, count
        except OSError as error:
            status = self._failed(error)
            if error.errno in _RESET and data[0] != _APPLICATION_DATA and self._has_last_words():
                return errSecSuccess, length
            return status, count

    def _has_last_words(self) -> bool:
        """Whether the peer of a broken connection said something that is not read yet.

        A peer that refuses a handshake sends an alert and closes; what of our flight is still on its way makes a
        reset of that. The next of our messages then fails before the alert was looked at, which alone says why.
        """
        try:
            return _is_readable(self.socket) and bool(self.socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _is_late(self, started: float) -> bool:
        """Each receive waits for the whole time-out again; this bounds their sum."""
        timeout = self.socket.gettimeout()
        return bool(timeout) and time.monotonic() - started >= (timeout or 0.0)


def _is_readable(sock: socket.socket) -> bool:
    """Whether a receive would answer at once."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])  # Windows, where the number of a socket does not matter


class DescriptorCallbacks(Callbacks):
    """Callbacks over a pair of file descriptors (two pipes, a terminal, a child's pipes), or one for both ways.

    The descriptors may be blocking or non-blocking (``os.set_blocking``). Sockets belong into
    :class:`SocketCallbacks`, which also works where a socket is no file descriptor.
    """

    def __init__(self, reading: int, writing: int | None = None) -> None:
        self.reading = reading
        self.writing = reading if writing is None else writing

    if hasattr(os, "readv"):

        def _receive(self, room: memoryview) -> int | None:
            return os.readv(self.reading, [room])

    else:  # Windows has no readv

        def _receive(self, room: memoryview) -> int | None:
            got = os.read(self.reading, len(room))
            room[: len(got)] = got
            return len(got)

    def _send(self, data: memoryview) -> int | None:
        return os.write(self.writing, data)


class DatagramCallbacks(Callbacks):
    """The datagram form: holds the datagram that is being read. Made over a socket or memory by the classes below.

    ``id_length``: the length of the connection ID that this side gave to ``SSLSetDatagramConnectionID``, 0 for none.
    A record that its datagram cuts short never reaches the context, so that headers and bodies stay in step.
    """

    def __init__(self, id_length: int = 0) -> None:
        self.id_length = id_length
        self._held = memoryview(b"")
        self._at = 0
        self._end = 0

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """Serve ``length`` bytes of the datagram held; without one, of the next datagram."""
        at = self._at
        if at >= self._end:
            try:
                if not self._hold():
                    return errSSLWouldBlock, 0
            except OSError as error:
                return self._failed(error), 0
            at = 0
        count = min(length, self._end - at)
        data[:count] = self._held[at : at + count]
        self._at = at + count
        return errSecSuccess, count

    def write(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """Send ``data`` as one datagram. One that the network refuses is lost as others are on their way."""
        try:
            self._send_datagram(data)
        except OSError as error:
            if error.errno not in LOST:
                return self._failed(error), 0
            self.failure = error
        return errSecSuccess, length

    def _hold(self) -> bool:
        """Take the next datagram with a whole record in it; ``False`` when there is none."""
        for _ in range(_JUNK):
            datagram = self._receive_datagram()
            if datagram is None:
                return False
            end = len(datagram)
            # Most datagrams are one record.
            if end < HEADER or record_length(datagram, 0, self.id_length) != end:
                end = max((end for _, end in whole_records(datagram, self.id_length)), default=0)
            if end:
                self._held, self._at, self._end = memoryview(datagram), 0, end
                return True
        return False

    def _receive_datagram(self) -> bytes | memoryview | None:
        """The next datagram; ``None`` when there is none at the moment."""
        raise NotImplementedError

    def _send_datagram(self, data: memoryview) -> None:
        """Send one datagram; the memory is the engine's and good for this call only."""
        raise NotImplementedError


class DatagramSocketCallbacks(DatagramCallbacks):
    """Callbacks over a connected datagram socket: blocking, non-blocking or with a time-out.

    Give a blocking socket a time-out, so that SSLHandshake comes back to look at the clock
    (``extensions.SSLGetDatagramDeadline``). What the network says about datagrams that were sent before (that nobody
    listens, that they were too long) is in ``failure`` and no error: anybody could say so.
    """

    def __init__(self, sock: socket.socket, id_length: int = 0) -> None:
        super().__init__(id_length)
        self.socket = sock
        self._room = memoryview(bytearray(LARGEST))

    def _receive_datagram(self) -> memoryview | None:
        try:
            return self._room[: self.socket.recv_into(self._room)]
        except OSError as error:
            if error.errno not in LOST:
                raise
            self.failure = error
            return None

    def _send_datagram(self, data: memoryview) -> None:
        self.socket.send(data)


class DatagramMemoryCallbacks(DatagramCallbacks):
    """Callbacks over memory: datagrams are put in and taken out by hand."""

    def __init__(self, id_length: int = 0) -> None:
        super().__init__(id_length)
        self._incoming: deque[bytes] = deque()
        self._outgoing: deque[bytes] = deque()

    def feed(self, datagram: bytes | bytearray | memoryview) -> None:
        """Put a datagram where the read callback finds it."""
        self._incoming.append(bytes(datagram))

    def drain(self) -> list[bytes]:
        """Take every datagram that the write callback has collected, in order."""
        taken: list[bytes] = []
        while self._outgoing:
            taken.append(self._outgoing.popleft())
        return taken

    def _receive_datagram(self) -> bytes | None:
        return self._incoming.popleft() if self._incoming else None

    def _send_datagram(self, data: memoryview) -> None:
        self._outgoing.append(bytes(data))


class ReadableFile(Protocol):
    """A binary file object to read from: ``readinto``, as raw and buffered files have."""

    def readinto(self, buffer: Any, /) -> int | None:
        """Some bytes into the buffer: their number, 0 at the end, ``None`` when there are none now."""


class WritableFile(Protocol):
    """A binary file object to write to."""

    def write(self, data: Any, /) -> int | None:
        """Take some of the data and say how much."""

    def flush(self) -> object:
        """Hand on what is buffered."""


class FileCallbacks(Callbacks):
    """Callbacks over a pair of binary file objects, such as ``stdout`` and ``stdin`` of a ``subprocess.Popen``.

    Raw and buffered files both work; what is written is flushed in the same call. A non-blocking writer must be raw
    or an ``io.BufferedWriter`` (its raw file is then written directly), because other buffered files cannot say how
    much of a blocked write they took: with those a blocked flush is errSecIO. A closed file raises ``ValueError``
    out of the SSL* call.
    """

    def __init__(self, reader: ReadableFile | IO[bytes], writer: WritableFile | IO[bytes]) -> None:
        # Every binary file has readinto, but the general type of files does not say so.
        self.reader: ReadableFile = cast(ReadableFile, reader)
        self.writer: WritableFile = writer
        self._raw: WritableFile = writer.raw if isinstance(writer, io.BufferedWriter) else writer
        self._is_raw = isinstance(self._raw, io.RawIOBase)

    def _receive(self, room: memoryview) -> int | None:
        return self.reader.readinto(room)

    def _send(self, data: memoryview) -> int | None:
        if self._raw is not self.writer:
            self.writer.flush()  # what others left in the buffer goes first
        return self._raw.write(data)

    def write(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """As :meth:`Callbacks.write`, flushed."""
        status, count = super().write(connection, data, length)
        if self._is_raw or status == errSecIO:
            return status, count
        try:
            self.writer.flush()
        except BlockingIOError as error:
            self.failure = error
            return errSecIO, count
        except OSError as error:
            return self._failed(error), count
        return status, count

    def _failed(self, error: OSError) -> int:
        if isinstance(error, BlockingIOError) and error.characters_written and not self._is_raw:
            self.failure = error
            return errSecIO
        return super()._failed(error)


class MemoryCallbacks(Callbacks):
    """Callbacks over memory: bytes are put in and taken out by hand, or by another end (:func:`memory_pair`).

    ``capacity`` limits the bytes waiting to be taken out; ``None`` means no limit. Nothing ever waits: an empty
    side is errSSLWouldBlock, and so is a full one. Safe to use from two threads.
    """

    def __init__(self, capacity: int | None = None) -> None:
        self._incoming = _Pipe(None)
        self._outgoing = _Pipe(capacity)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Put bytes where the read callback finds them."""
        self._incoming.put(memoryview(data))

    def feed_end(self) -> None:
        """Say that no more bytes will come: reads end in errSSLClosedAbort once the rest is taken."""
        self._incoming.close()

    def drain(self) -> bytes:
        """Take everything that the write callback has collected."""
        return self._outgoing.take_all()

    def close(self) -> None:
        """End both directions, as closing a socket does: the other end reads what is left, then the end."""
        self._outgoing.close()
        self._incoming.abandon()

    @property
    def pending(self) -> int:
        """How many bytes wait to be read."""
        return self._incoming.size()

    def _receive(self, room: memoryview) -> int | None:
        return self._incoming.take_into(room)

    def _send(self, data: memoryview) -> int | None:
        return self._outgoing.put(data)


def memory_pair(capacity: int | None = None) -> tuple[MemoryCallbacks, MemoryCallbacks]:
    """Two joined ends in memory: what one writes the other reads.

    ``capacity`` is how many bytes each direction holds before a write is errSSLWouldBlock; ``None``: any number.
    """
    one, other = MemoryCallbacks(capacity), MemoryCallbacks(capacity)
    one._incoming, other._incoming = other._outgoing, one._outgoing
    return one, other


class _Pipe:
    """One direction in memory: chunks as they came and how far the first has been read."""

    def __init__(self, capacity: int | None) -> None:
        self._data = bytearray()
        self._start = 0
        self._capacity = capacity
        self._ended = False
        self._abandoned = False
        self._lock = threading.Lock()

    def size(self) -> int:
        with self._lock:
            return len(self._data) - self._start

    def put(self, data: memoryview) -> int:
        with self._lock:
            if self._ended or self._abandoned:
                raise BrokenPipeError(errno.EPIPE, "the other end of this memory is closed")
            if self._capacity is not None:
                data = data[: max(0, self._capacity - (len(self._data) - self._start))]
            self._data += data
            return len(data)

    def take_into(self, room: memoryview) -> int | None:
        with self._lock:
            count = min(len(room), len(self._data) - self._start)
            if count == 0:
                return 0 if self._ended or self._abandoned else None
            with memoryview(self._data) as view:
                room[:count] = view[self._start : self._start + count]
            self._start += count
            # The front is given back in large pieces, so that small reads do not each move the rest.
            if self._start == len(self._data) or self._start > 1 << 20:
                del self._data[: self._start]
                self._start = 0
            return count

    def take_all(self) -> bytes:
        with self._lock:
            taken = bytes(self._data[self._start :])
            self._data.clear()
            self._start = 0
            return taken

    def close(self) -> None:
        with self._lock:
            self._ended = True

    def abandon(self) -> None:
        """Nobody reads any more: what waits is thrown away and writing fails."""
        with self._lock:
            self._abandoned = True
            self._data.clear()
            self._start = 0
