"""One association without a socket: a context, what comes in for it, and how it stands.

In: datagrams, the passing of time, data to send. Out: datagrams through a function, the payloads that came. Promise:
what a peer can do to it ends up in ``failure`` and never as an exception out of :meth:`Link.advance`; a payload is
one record of the peer, whole. One thread may take while another sends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..._native import SSLContext
from ...constants.results import (
    errSecIO,
    errSecSuccess,
    errSSLClientCertRequested,
    errSSLClientHelloReceived,
    errSSLClosedGraceful,
    errSSLPeerAuthCompleted,
    errSSLWouldBlock,
)
from ...extensions import SSLCopyConnectionReport, SSLGetDatagramDeadline
from ...functions import (
    SSLClose,
    SSLGetDatagramWriteSize,
    SSLHandshake,
    SSLRead,
    SSLSetIOFuncs,
    SSLWrite,
)
from ..callbacks import DatagramCallbacks
from .errors import DatagramError, DatagramTooLong, HandshakeFailed, PeerClosed, ended, handshake_failure
from .transport import FedTransport

__all__ = ["FedLink", "Link", "OnPause"]

#: What an application does at one of Secure Transport's pauses: it gets the context and the pause's status.
OnPause = Callable[[SSLContext, int], object]

_PAUSES = frozenset({errSSLPeerAuthCompleted, errSSLClientCertRequested, errSSLClientHelloReceived})
#: The longest payload of a record.
_RECORD = 16384


class Link:
    """One association.

    ``opened`` turns true with the end of the handshake, ``closed`` at the end; then ``failure`` says why, unless this
    side closed it. ``transport`` are callbacks that never wait.
    """

    def __init__(
        self, context: SSLContext, transport: DatagramCallbacks, on_pause: OnPause | None = None
    ) -> None:
        self.context = context
        self.transport = transport
        self.opened = False
        self.closed = False
        self.failure: DatagramError | None = None
        self._on_pause = on_pause
        self._limit = 0
        self._closing = threading.Lock()
        SSLSetIOFuncs(context, *transport)

    def advance(self) -> list[bytes]:
        """Start, go on with what has come, send again what is due; the payloads that came."""
        if self.closed:
            return []
        try:
            if not self.opened and not self._shake():
                return []
            return self._read()
        except DatagramError as error:
            self.fail(error)
        except Exception as error:  # an application's function for a pause, or for the secrets of a handshake
            failed = HandshakeFailed(
                f"The handshake was given up: {error or type(error).__name__}.", errSecIO
            )
            failed.__cause__ = error
            self.fail(failed)
        return []

    def deadline(self) -> float | None:
        """Seconds until :meth:`advance` has something to send again; ``None`` when nothing is due."""
        if self.closed:
            return None
        _, seconds = SSLGetDatagramDeadline(self.context, None)
        return seconds

    def send(self, data: Any) -> None:
        """Send one datagram of application data; :class:`DatagramError` when that cannot be."""
        view = memoryview(data).cast("B")
        if self.failure is not None:
            raise self.failure
        if self.closed:
            raise PeerClosed("This side has closed the association.")
        if len(view) > self.limit:
            raise DatagramTooLong(len(view), self.limit)
        status, _ = SSLWrite(self.context, view, len(view))
        if status not in (errSecSuccess, errSSLWouldBlock):
            raise ended(status)

    @property
    def limit(self) -> int:
        """The most bytes that :meth:`send` takes."""
        if not self._limit:
            _, size = SSLGetDatagramWriteSize(self.context, None)
            if not self.opened:
                return size or 0
            self._limit = size or 0
        return self._limit

    def close(self) -> None:
        """Say goodbye, once."""
        with self._closing:
            if self.closed:
                return
            self.closed = True
        SSLClose(self.context)

    def fail(self, error: DatagramError) -> None:
        """End with a reason; the alert that belongs to it goes out."""
        if not self.closed:
            self.failure = error
        self.close()

    def _shake(self) -> bool:
        while True:
            status = SSLHandshake(self.context)
            if status == errSecSuccess:
                self.opened = True
                return True
            if status == errSSLWouldBlock:
                return False
            if not self._paused(status):
                raise handshake_failure(status, self._alert())

    def _paused(self, status: int) -> bool:
        """Let the application look at a pause; whether it was one and there is somebody to look."""
        if status not in _PAUSES or self._on_pause is None:
            return False
        self._on_pause(self.context, status)
        return True

    def _read(self) -> list[bytes]:
        payloads: list[bytes] = []
        while True:
            status, data, _ = SSLRead(self.context, None, _RECORD)
            if data:
                payloads.append(data)
            if status == errSSLWouldBlock:
                return payloads
            if status != errSecSuccess and not self._paused(status):
                self.fail(self._over(status))
                return payloads

    def _over(self, status: int) -> DatagramError:
        alert = self._alert()
        if alert and status != errSSLClosedGraceful:
            return DatagramError(f"The peer ended the association with the alert {alert}.", status)
        return ended(status)

    def _alert(self) -> str | None:
        _, report = SSLCopyConnectionReport(self.context, None)
        return (report or {}).get("alert_received")


class FedLink(Link):
    """An association that is given its datagrams, and gives what it sends to a function."""

    def __init__(
        self,
        context: SSLContext,
        send: Callable[[bytes], object],
        on_pause: OnPause | None = None,
        id_length: int = 0,
    ) -> None:
        self._fed = FedTransport(send, id_length)
        super().__init__(context, self._fed, on_pause)

    def take(self, datagram: bytes) -> list[bytes]:
        """Take one datagram; the payloads in it."""
        self._fed.feed(datagram)
        return self.advance()
