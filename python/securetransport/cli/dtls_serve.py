"""``securetransport serve --dtls``: sends back the payloads of many DTLS clients.

In: settings, credentials, limits. Out: one line of log an association, counters. Promise: a client that has not shown
that it can hear at its address costs nothing, and no client delays another.
"""

from __future__ import annotations

import collections
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, cast

import securetransport as st
from securetransport import extensions
from securetransport.adapters import datagram
from securetransport.adapters.datagram.settings import Settings
from securetransport.adapters.datagram.sockets import bind
from securetransport.constants import messages

from .problems import status_name

__all__ = ["EchoServer", "until_interrupted"]

Log = Callable[[dict[str, Any]], None]


class _Counted:
    """What went by in one association."""

    def __init__(self) -> None:
        self.opened = 0.0
        self.datagrams = 0
        self.bytes_in = 0
        self.bytes_out = 0


class EchoServer(datagram.DatagramServer):
    """A server that answers each payload with itself, in the order they came, and logs each association."""

    def __init__(self, *arguments: Any, log: Log) -> None:
        self._log = log
        self._seen: dict[Any, _Counted] = {}
        self.counters: collections.Counter[str] = collections.Counter()
        super().__init__(*arguments)

    @classmethod
    def listening(
        cls, place: tuple[str | None, int], limits: datagram.Limits, options: dict[str, Any], log: Log
    ) -> EchoServer:
        """A server on a place; errors as of ``datagram.listen``."""
        settings = Settings.of_server(cast(datagram.ServerOptions, options))
        return cls(bind(place), settings, limits, log=log)

    def make(self, entry: Any, cookie: bytes) -> Any:
        """A client whose cookie came back."""
        self._seen[entry] = _Counted()
        self.counters["connections"] += 1
        return super().make(entry, cookie)

    def opened(self, entry: Any) -> None:
        """Its handshake is complete; nobody waits for it as a peer."""
        self._seen[entry].opened = time.monotonic()
        self.counters["handshakes"] += 1

    def received(self, entry: Any, payloads: list[bytes]) -> None:
        """Send back what came."""
        seen = self._seen[entry]
        for payload in payloads:
            seen.datagrams += 1
            seen.bytes_in += len(payload)
            with contextlib.suppress(datagram.DatagramError):  # too long for this side's datagrams, or over
                entry.link.send(payload)
                seen.bytes_out += len(payload)

    def ended(self, entry: Any) -> None:
        """Log it."""
        seen = self._seen.pop(entry)
        if not entry.opened:
            self.counters["failed handshakes"] += 1
        self.counters["bytes in"] += seen.bytes_in
        self.counters["bytes out"] += seen.bytes_out
        try:
            self._log(self._line(entry, seen))
        except OSError:  # whoever read the log has gone away
            self._log = lambda facts: None

    def _line(self, entry: Any, seen: _Counted) -> dict[str, Any]:
        now = time.monotonic()
        context, failure = entry.link.context, entry.link.failure
        report = extensions.SSLCopyConnectionReport(context, None)[1] or {}
        status, alpn = st.SSLCopyALPNProtocols(context, None)
        code = failure.status if failure is not None else st.errSecSuccess
        return {
            "event": "connection",
            "client": datagram.shown(entry.source.address),
            "version": report.get("version"),
            "suite": report.get("suite"),
            "alpn": alpn[0] if status == st.errSecSuccess and alpn and entry.opened else None,
            "handshake_ms": round((seen.opened - entry.since) * 1000, 1) if entry.opened else None,
            "seconds": round(now - entry.since, 3),
            "bytes_in": seen.bytes_in,
            "bytes_out": seen.bytes_out,
            "requests": seen.datagrams,
            "outcome": _outcome(failure),
            "status": code,
            "status_name": "ok" if code == st.errSecSuccess else status_name(code),
            "alert_sent": report.get("alert_sent"),
            "alert_received": report.get("alert_received"),
        }


def _outcome(failure: datagram.DatagramError | None) -> str:
    if failure is None:
        return "ended"
    if isinstance(failure, datagram.HandshakeFailed):
        words = messages.status_sentence(failure.status) or "the handshake failed"
        return f"handshake failed: {words.rstrip('.')}"
    if failure.status == st.errSSLClosedGraceful:
        return "closed"
    return str(failure).rstrip(".")


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    def handler(number: int, frame: FrameType | None) -> None:
        stop()

    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)


def until_interrupted(server: EchoServer, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM, then say goodbye to everyone; ``ready`` is called once signals are taken care
    of."""
    stopped = threading.Event()
    with server, _signals(stopped.set):
        ready()
        stopped.wait()
    server.counters["refused"] = server.counts["refused"]
