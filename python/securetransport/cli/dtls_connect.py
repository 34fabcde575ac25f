"""``securetransport connect --dtls``: open an association, show it, and carry lines and datagrams through it.

In: a place and settings. Out: facts on standard error (or JSON on standard output), the peer's payloads on standard
output. Promise: each line of standard input, with its end, is one datagram, and each payload of the peer is written
as it came; the peer is verified unless ``--insecure`` says otherwise.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import securetransport as st
from securetransport.adapters import datagram

from .asking import Place
from .datagrams import DatagramSettings, explain
from .facts import Judgement, certificate_facts, connection_facts, judge_peer
from .problems import Exit, Problem, status_name

__all__ = ["DatagramConnection", "carry"]

#: How often the receiving side looks whether it is time to end, in seconds.
_TICK = 0.2
#: How long to wait for more after standard input has ended, in seconds.
_WAIT = 3.0
#: How long the end waits for a line that is being sent, in seconds.
_GOODBYE = 2.0
_BLOCK = 64 * 1024


class DatagramConnection:
    """A client's association and what was found out about it."""

    def __init__(
        self,
        place: Place,
        settings: DatagramSettings,
        authorities: list[st.SecCertificate] | None,
        credentials: list[Any] | None,
        insecure: bool,
    ) -> None:
        self.place, self.where = place, place.where
        self.settings = settings
        self.authorities = authorities
        self.credentials = credentials
        self.insecure = insecure
        self.asked_in_vain = False
        self.judgement: Judgement | None = None
        self.handshake_time = 0.0
        self.peer: datagram.DatagramClient

    @contextlib.contextmanager
    def open(self, patience: float) -> Iterator[datagram.DatagramClient]:
        """Shake hands; closed in good order at the end."""
        options: Any = {**self.settings.options(), "server_name": self.place.name}
        options["configure"] = self._configure
        if self.settings.psk:
            options["psk"] = self.settings.psk
        if self.credentials:
            options["credentials"] = self.credentials
        started = time.monotonic()
        try:
            self.peer = datagram.connect(
                (self.place.host, self.place.port),
                timeout=patience,
                on_pause=self._pause,
                **options,
            )
        except (OSError, ValueError, datagram.DatagramError) as error:
            raise self._explain(error) from None
        self.handshake_time = time.monotonic() - started
        with self.peer:
            if self.judgement is None and not self.insecure and not self.settings.psk:
                self._reject_anonymous()
            yield self.peer

    def _configure(self, context: st.SSLContext) -> None:
        self.settings.configure(context)
        st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth, True)
        # This pause comes only when there is no certificate to show; it goes on without one.
        st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnCertRequested, True)

    def _pause(self, context: st.SSLContext, status: int) -> None:
        if status == st.errSSLClientCertRequested:
            self.asked_in_vain = True
            return
        self.judgement = judge_peer(context, self.authorities)
        if not self.judgement.trusted and not self.insecure:
            st.SSLSetError(context, self.judgement.status)
            st.SSLHandshake(context)  # the alert leaves with it
            raise self._untrusted(self.judgement)

    def _untrusted(self, judgement: Judgement) -> Problem:
        return Problem(
            Exit.UNTRUSTED,
            f"The certificate of {self.where} is not trusted: {judgement.reason}; "
            "--cafile names an authority to trust, --insecure goes on all the same.",
            status=judgement.status,
            status_name=status_name(judgement.status),
            trusted=False,
            reason=judgement.reason,
            chain=[certificate_facts(certificate) for certificate in judgement.chain],
        )

    def _reject_anonymous(self) -> None:
        raise Problem(
            Exit.UNTRUSTED,
            f"{self.where} proves nothing with {self.peer.suite}: anyone could be on the other side; --insecure "
            "goes on all the same.",
            trusted=False,
            reason="the server has no certificate",
            chain=[],
        )

    def _explain(self, error: Exception) -> Problem:
        alert = getattr(error, "alert", None)
        if self.asked_in_vain and alert:
            return Problem(
                Exit.HANDSHAKE,
                f"{self.where} asks for a client certificate and got none (alert {alert}); --client-cert and "
                "--client-key name one.",
                status=getattr(error, "status", None),
                alert_received=alert,
            )
        return explain(error, self.where, self.settings.words)

    def facts(self) -> dict[str, Any]:
        """Everything worth showing."""
        judgement = self.judgement
        return {
            "host": self.place.host,
            "port": self.place.port,
            "address": self.peer.address[0],
            "servername": self.place.name,
            **connection_facts(self.peer.context),
            "max_payload": self.peer.max_payload,
            "handshake_ms": round(self.handshake_time * 1000, 1),
            "trusted": bool(judgement.trusted if judgement else self.settings.psk),
            "reason": judgement.reason if judgement else self._without_certificate(),
            "chain": [certificate_facts(one) for one in judgement.chain] if judgement else [],
        }

    def _without_certificate(self) -> str:
        return "it has the pre-shared key" if self.settings.psk else "the server has no certificate"


def carry(connection: DatagramConnection, wait: float | None) -> None:
    """Until the peer says goodbye, or input has ended and nothing has come for a while."""
    sender = _Sender(connection.peer)
    sender.start()
    try:
        _receive(connection, sender, wait)
    except datagram.PeerClosed as error:
        if error.status != st.errSSLClosedGraceful:
            raise explain(error, connection.where, connection.settings.words) from None
    except datagram.DatagramError as error:
        raise explain(error, connection.where, connection.settings.words) from None
    finally:
        sender.turn.acquire(timeout=_GOODBYE)
    if sender.failure is not None:
        raise sender.failure


def _receive(connection: DatagramConnection, sender: _Sender, wait: float | None) -> None:
    quiet_since = time.monotonic()
    ended = False
    while sender.failure is None:
        with contextlib.suppress(datagram.DatagramTimeout):
            sys.stdout.buffer.write(connection.peer.receive(timeout=_TICK))
            sys.stdout.buffer.flush()
            quiet_since = time.monotonic()
        if sender.ended.is_set():
            if not ended:
                ended, quiet_since = True, time.monotonic()
            patience = wait if wait is not None else (_WAIT if sender.sent else 0.0)
            if time.monotonic() - quiet_since >= patience:
                return


class _Sender(threading.Thread):
    """Standard input to the peer, a line a datagram."""

    def __init__(self, peer: datagram.DatagramClient) -> None:
        super().__init__(name="stdin", daemon=True)
        self.peer = peer
        self.ended = threading.Event()
        #: Held while a line is being sent; kept for good at the end, when nothing may be in native code any more.
        self.turn = threading.Lock()
        self.sent = 0
        self.failure: Problem | None = None

    def run(self) -> None:
        try:
            for line in _lines():
                with self.turn:
                    self.peer.send(line)
                self.sent += 1
        except datagram.DatagramTooLong as error:
            self.failure = Problem(Exit.USAGE, f"A line cannot be sent: {error}", limit=error.limit)
        except (datagram.DatagramError, OSError):
            pass  # the association is over, which the other side sees, or standard input is
        finally:
            self.ended.set()


def _lines() -> Iterator[bytes]:
    """The lines of standard input, read past Python's buffer: a thread that waits in it would hold up the end."""
    rest = b""
    while sys.stdin is not None and (block := os.read(sys.stdin.fileno(), _BLOCK)):
        *lines, rest = (rest + block).splitlines(keepends=True)
        yield from lines
        if rest.endswith((b"\n", b"\r")):
            yield rest
            rest = b""
    if rest:
        yield rest
