"""A client with a UDP socket of its own, for programs that wait.

In: where to, and settings. Out: payloads, exceptions. Promise: nothing is polled: it sleeps until a datagram comes,
the engine has something to send again, or the time is over. One thread may receive while others send.
"""

from __future__ import annotations

import collections
import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Unpack

from .errors import DatagramTimeout, PeerClosed, refused
from .facts import Facts
from .link import Link
from .settings import ClientOptions, Settings
from .transport import ConnectedTransport, wait

__all__ = ["DatagramClient", "Place", "addresses", "connect", "patience_for", "shown"]

Place = tuple[str, int]
#: How long an address may be silent while there is another one to try, in seconds.
_SILENT = 4.0
#: How long closing waits for a thread that is receiving, in seconds.
_WAKE = 1.0


def shown(address: tuple[Any, ...]) -> str:
    """An address for people."""
    return f"[{address[0]}]:{address[1]}" if ":" in str(address[0]) else f"{address[0]}:{address[1]}"


def addresses(place: Place) -> list[tuple[int, tuple[Any, ...]]]:
    """Families and addresses of a place, in the system's order; ``OSError`` when there is none."""
    try:
        found = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)
    except UnicodeError as error:  # a name that no name server can be asked for
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
    known = [(family, address) for family, _, _, _, address in found]
    return [one for one in dict.fromkeys(known) if one[0] in (socket.AF_INET, socket.AF_INET6)]


def patience_for(left: float, others: int) -> float:
    """How long to wait for one address when ``left`` seconds are left and there are ``others`` to try."""
    return min(left, max(_SILENT, left / (others + 1))) if others else left


def connect(
    place: Place,
    *,
    timeout: float = 30.0,
    source: Place | None = None,
    **options: Unpack[ClientOptions],
) -> DatagramClient:
    """Shake hands with the server at ``place``, a host and a port; an open client, also a context manager.

    ``timeout``: seconds for all of it. ``source``: the address to send from. Further options: :class:`ClientOptions`.
    :class:`DatagramError` says what went wrong; ``OSError`` when the name has no address, ``ValueError`` for options
    that cannot be.
    """
    options.setdefault("server_name", place[0])
    settings = Settings.of_client(options)
    deadline = time.monotonic() + timeout
    found = addresses(place)
    failure: Exception | None = None
    for number, (family, address) in enumerate(found):
        others = len(found) - number - 1
        if failure is not None and time.monotonic() >= deadline:
            break
        client = None
        try:
            client = DatagramClient(_socket(family, address, source), settings)
            client.handshake(patience_for(deadline - time.monotonic(), others))
            return client
        except (OSError, DatagramTimeout) as error:  # a refusal is an OSError
            failure = error
        except BaseException:
            if client is not None:
                client.close()
            raise
        if client is not None:
            client.close()
    raise failure or OSError(f"{place[0]} has no address here.")


def _socket(family: int, address: tuple[Any, ...], source: Place | None) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if source is not None:
            sock.bind(source)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


class DatagramClient(Facts):
    """An association with a server, over a connected UDP socket that it owns.

    Made by :func:`connect`; or out of a connected socket and :class:`Settings`, and then :meth:`handshake` is called.
    """

    def __init__(self, sock: socket.socket, settings: Settings) -> None:
        self._socket = sock
        try:
            self._transport = ConnectedTransport(sock, settings.id_length)
            self._link = Link(settings.context(), self._transport, settings.on_pause)
        except BaseException:
            sock.close()
            raise
        self._inbox: collections.deque[bytes] = collections.deque()
        self._reading = threading.RLock()

    def __repr__(self) -> str:
        state = "closed" if self._link.closed else "open" if self._link.opened else "not open"
        return f"<{type(self).__name__} {state}, {self.suite}>"

    @property
    def address(self) -> tuple[Any, ...]:
        """Where the server is."""
        return tuple(self._socket.getpeername())

    @property
    def local_address(self) -> tuple[Any, ...]:
        """Where this side is."""
        return tuple(self._socket.getsockname())

    def fileno(self) -> int:
        """The socket's, for ``select``; a payload may be there although it is not readable."""
        return self._socket.fileno()

    def handshake(self, timeout: float | None = None) -> None:
        """Shake hands; done by :func:`connect`. :class:`DatagramTimeout` after ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._reading:
            self._step()
            while not self._link.opened:
                self._say_why()
                if self._transport.refusals and not self._transport.received:
                    raise refused(shown(self.address), self._transport.failure)
                if not self._wait(deadline):
                    heard = "stopped answering" if self._transport.received else "does not answer"
                    raise DatagramTimeout(
                        f"{shown(self.address)} {heard}: no handshake in {timeout:.3g} seconds."
                    )
                self._step()

    def receive(self, timeout: float | None = None) -> bytes:
        """The next payload; waits for it ``timeout`` seconds at most, 0 for not at all.

        :class:`DatagramTimeout` when nothing came, :class:`PeerClosed` when the peer has said goodbye.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._reading:
            while not self._inbox:
                self._say_why()
                self._step()
                if not self._inbox and not self._link.closed and not self._wait(deadline):
                    raise DatagramTimeout(f"Nothing came in {timeout:g} seconds.")
            return self._inbox.popleft()

    def __iter__(self) -> Iterator[bytes]:
        """Payloads until the peer says goodbye."""
        while True:
            try:
                yield self.receive()
            except PeerClosed:
                return

    def send(self, data: Any) -> None:
        """Send one datagram of at most ``max_payload`` bytes. Whether it arrives, nobody says."""
        self._link.send(data)

    def close(self) -> None:
        """Say goodbye and close the socket."""
        self._link.close()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # a thread that waits wakes up
        # While it waits the socket may not go, or it would wait for ever.
        waited = self._reading.acquire(timeout=_WAKE)
        self._socket.close()
        if waited:
            self._reading.release()

    def __enter__(self) -> DatagramClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _step(self) -> None:
        self._inbox.extend(self._link.advance())

    def _say_why(self) -> None:
        if self._link.failure is not None:
            raise self._link.failure
        if self._link.closed:
            raise PeerClosed("This side has closed the association.")

    def _wait(self, deadline: float | None) -> bool:
        """Until there is something to do; ``False`` when the time is over."""
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return False
        due = self._link.deadline()
        times = [seconds for seconds in (left, due) if seconds is not None]
        try:
            wait(self._socket, selectors.EVENT_READ, min(times) if times else None)
        except (OSError, ValueError):
            if not self._link.closed:  # by another thread
                raise
        return True
