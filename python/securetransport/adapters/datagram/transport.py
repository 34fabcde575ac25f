"""The transports of an association: callbacks that know records with connection IDs, and what the network says.

In: datagrams, from a connected socket or by hand. Out: an object with ``read`` and ``write`` in the shape that
``SSLSetIOFuncs`` wants. Promise: what a read gets comes from one datagram, however many records it holds; a record
that its datagram cuts short never reaches the engine, so that headers and bodies stay in step; one write is one
datagram.

A network that refuses, or that cannot take a datagram now, is no fault: datagrams get lost, and the engine sends what
matters again. What the system said is kept in ``failure``. Other faults of a socket are errSecIO.
"""

from __future__ import annotations

import errno
import selectors
import socket
from collections.abc import Callable, Iterator
from typing import Any

from ...constants.results import errSecIO, errSecSuccess, errSSLWouldBlock

__all__ = [
    "CONNECTION_ID_RECORD",
    "LARGEST",
    "LOST",
    "ConnectedTransport",
    "FedTransport",
    "Transport",
    "record_length",
    "wait",
    "whole_records",
]

#: The content type of records with a connection ID (RFC 9146 section 4).
CONNECTION_ID_RECORD = 25
#: Type, version, epoch and sequence number stand before a connection ID, the length of the body behind it.
BEFORE_ID = 11
HEADER = 13
#: Nothing longer can come out of a UDP socket.
LARGEST = 65535

#: What the network says about a datagram that did not arrive; anybody can make it say so (RFC 5927).
LOST = frozenset(
    {
        errno.ECONNREFUSED,
        errno.ECONNRESET,  # what Windows calls a refusal
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.EMSGSIZE,
        errno.ENOBUFS,
        errno.EPERM,  # a packet filter of this host
    }
)
#: How many datagrams without a record one call looks at; a flood of them must not hold it.
_JUNK = 64
#: How long a full send buffer is waited for, in seconds; then the datagram counts as lost.
_ROOM = 1.0


def record_length(data: bytes | memoryview, at: int, id_length: int) -> int | None:
    """The length of the record that begins at ``at``, header and all; ``None`` when the datagram cuts it short.

    ``id_length``: the length of the connection IDs that this side has given out.
    """
    start = at + HEADER
    if at < len(data) and data[at] == CONNECTION_ID_RECORD:
        start += id_length
    if start > len(data):
        return None
    end = start + (data[start - 2] << 8 | data[start - 1])
    return end - at if end <= len(data) else None


def whole_records(data: bytes | memoryview, id_length: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each record in a datagram, up to the first that is cut short."""
    at = 0
    while at < len(data):
        length = record_length(data, at, id_length)
        if length is None:
            return
        yield at, at + length
        at += length


def wait(sock: socket.socket, events: int, timeout: float | None) -> bool:
    """Until a socket is ready for ``events`` of ``selectors``, or ``timeout`` seconds are over; whether it is."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, events)
        return bool(selector.select(timeout))


class Transport:
    """A read and a write callback over datagrams; iterating gives the two, for ``SSLSetIOFuncs(ctx, *self)``.

    One thread may read while another writes. Subclasses say where datagrams come from and go to. ``id_length`` is the
    length of the connection ID that this side gave to ``SSLSetDatagramConnectionID``, 0 for none.
    """

    #: What the operating system said last; ``None`` while it had no complaint.
    failure: OSError | None = None

    def __init__(self, id_length: int = 0) -> None:
        self.id_length = id_length
        self._held = memoryview(b"")
        self._at = 0
        self._end = 0

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        """The next ``length`` bytes of the datagram at hand, or of the next; errSSLWouldBlock when there is none."""
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
        """Send one datagram."""
        try:
            self._send(data)
        except OSError as error:
            status = self._failed(error)
            return status, 0 if status else length
        return errSecSuccess, length

    def __iter__(self) -> Iterator[Callable[[Any, memoryview, int], tuple[int, int]]]:
        yield self.read
        yield self.write

    def _hold(self) -> bool:
        """Take the next datagram with a whole record in it; ``False`` when there is none."""
        for _ in range(_JUNK):
            datagram = self._receive()
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

    def _failed(self, error: OSError) -> int:
        """The status for what the system says while sending; a lost datagram is success."""
        self.failure = error
        return errSecSuccess if error.errno in LOST else errSecIO

    def _receive(self) -> bytes | memoryview | None:
        """The next datagram, or ``None`` when there is none at the moment."""
        raise NotImplementedError

    def _send(self, data: memoryview) -> None:
        """Send one datagram; the memory is the engine's and good for this call only."""
        raise NotImplementedError


class FedTransport(Transport):
    """Datagrams are put in one by one, and what is to be sent goes to a function."""

    def __init__(self, send: Callable[[bytes], object], id_length: int = 0) -> None:
        super().__init__(id_length)
        self._give = send
        self._inbox: bytes | None = None

    def feed(self, datagram: bytes) -> None:
        """Put a datagram where the read callback finds it; one that nobody has read is lost."""
        self._inbox = datagram

    def _receive(self) -> bytes | None:
        datagram, self._inbox = self._inbox, None
        return datagram

    def _send(self, data: memoryview) -> None:
        self._give(bytes(data))


class ConnectedTransport(Transport):
    """A connected UDP socket, which is made non-blocking; closing it stays with the caller.

    Reading never waits: wait until the socket is readable, at most as long as ``SSLGetDatagramDeadline`` says, and
    call again. Sending waits a moment for room. ``refusals`` counts what the network said against it since the last
    datagram came.
    """

    def __init__(self, sock: socket.socket, id_length: int = 0) -> None:
        super().__init__(id_length)
        sock.setblocking(False)
        self.socket = sock
        self.received = 0
        self.refusals = 0
        self._buffer = memoryview(bytearray(LARGEST))

    def _receive(self) -> memoryview | None:
        # A refusal is reported in place of a datagram, once; what came after it is behind.
        for _ in range(8):
            try:
                count = self.socket.recv_into(self._buffer)
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno not in LOST:
                    raise
                self.failure = error
                self.refusals += 1
                continue
            self.received += 1
            self.refusals = 0
            return self._buffer[:count]
        return None

    def _send(self, data: memoryview) -> None:
        try:
            self.socket.send(data)
        except OSError as error:
            self._send_again(data, error)

    def _send_again(self, data: memoryview, error: OSError) -> None:
        """Once more: when there is room, or when what was said was about an earlier datagram."""
        if isinstance(error, BlockingIOError):
            wait(self.socket, selectors.EVENT_WRITE, _ROOM)
        elif error.errno in LOST and error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
            self.refusals += 1
            self.failure = error
        else:
            raise error
        try:
            self.socket.send(data)
        except BlockingIOError:
            return  # lost, as anywhere on the way
