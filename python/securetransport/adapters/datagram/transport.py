"""The transports of an association: datagram callbacks that never wait for input, and count refusals.

In: datagrams, from a connected socket or by hand. Out: an object with ``read`` and ``write`` in the shape that
``SSLSetIOFuncs`` wants. Promise: as the others of :mod:`..callbacks`; a network that refuses, or that
cannot take a datagram now, is no fault: datagrams get lost, and the engine sends what matters again.
"""

from __future__ import annotations

import errno
import selectors
import socket
from collections.abc import Callable

from .._records import LARGEST, LOST
from ..callbacks import DatagramCallbacks

__all__ = ["ConnectedTransport", "FedTransport", "wait"]

#: How long a full send buffer is waited for, in seconds; then the datagram counts as lost.
_ROOM = 1.0


def wait(sock: socket.socket, events: int, timeout: float | None) -> bool:
    """Until a socket is ready for ``events`` of ``selectors``, or ``timeout`` seconds are over; whether it is."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, events)
        return bool(selector.select(timeout))


class FedTransport(DatagramCallbacks):
    """Datagrams are put in one by one, and what is to be sent goes to a function."""

    def __init__(self, send: Callable[[bytes], object], id_length: int = 0) -> None:
        super().__init__(id_length)
        self._give = send
        self._inbox: bytes | None = None

    def feed(self, datagram: bytes) -> None:
        """Put a datagram where the read callback finds it; one that nobody has read is lost."""
        self._inbox = datagram

    def _receive_datagram(self) -> bytes | None:
        datagram, self._inbox = self._inbox, None
        return datagram

    def _send_datagram(self, data: memoryview) -> None:
        self._give(bytes(data))


class ConnectedTransport(DatagramCallbacks):
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

    def _receive_datagram(self) -> memoryview | None:
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

    def _send_datagram(self, data: memoryview) -> None:
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
