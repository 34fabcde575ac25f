"""``securetransport demo``: a server and a client, a real loopback socket between them, in a few seconds.

In: flags. Out: a table, or JSON. Promise: everything shown was measured in this run; the client verifies the
server's certificate like any other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

import securetransport as st
from securetransport import extensions
from securetransport.adapters.callbacks import SocketCallbacks

from . import output, throwaway
from .datagrams import Dtls, read_datagram_settings
from .dtls_demo import demo_datagrams, read_loss
from .facts import Judgement, certificate_facts, connection_facts, judge_peer
from .identity import authorities_from_pem, throwaway_credentials
from .keylog import KeyLogFile
from .options import Ciphers, Json, MaxVersion, MinVersion, TlsSettings, new_context, read_settings
from .problems import Exit, Problem, explain_client, status_name

__all__ = ["demo"]

_ECHO = 256 * 1024
#: One SSLWrite hands this much to the engine.
_BLOCK = 1024 * 1024
_NAME = "localhost"
#: Handshakes whose median is shown.
_HANDSHAKES = 20
#: The first byte of a stream's last block; the others begin with 0.
_LAST = 1

MakeContext = Callable[[], st.SSLContext]

Loss = Annotated[
    str | None,
    typer.Option(
        "--loss", metavar="SHARE", help="With --dtls: datagrams to lose, such as 20%. [default: 0%]"
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="With --loss: lose the same ones in every run.")
]


def demo(
    min_version: MinVersion = "tls1.2",
    max_version: MaxVersion = None,
    cipher: Ciphers = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.05, max=60, help="How long to measure each direction.")
    ] = 1.0,
    keylog: KeyLogFile = None,
    dtls: Dtls = False,
    loss: Loss = None,
    seed: Seed = None,
    as_json: Json = False,
) -> None:
    """Show it working: a throw-away certificate, a handshake, an echo and the speed over a loopback socket."""
    with output.reporting(as_json):
        if dtls:
            over = read_datagram_settings(min_version, max_version, cipher, None, None, None, keylog)
            demo_datagrams(over, read_loss(loss), seed, seconds, as_json)
            return
        if loss is not None or seed is not None:
            raise Problem(Exit.USAGE, "--loss and --seed need --dtls: TCP hides what gets lost.")
        settings = read_settings(min_version, max_version, cipher, None, keylog)
        result = _run(settings, seconds, as_json)
        if as_json:
            output.print_json({"ok": True, **dataclasses.asdict(result)})
        else:
            _show(result)


@dataclasses.dataclass(frozen=True)
class _Result:
    version: str
    suite: str
    group: str | None
    certificate: dict[str, Any] | None
    trusted: bool
    verdict: str
    handshake_ms: float
    first_handshake_ms: float
    handshakes: int
    echoed_bytes: int
    upload_mb_per_s: float
    download_mb_per_s: float


class _Server(threading.Thread):
    """Shakes hands with a number of clients, then echoes for one, swallows its stream and sends one back."""

    def __init__(self, listener: socket.socket, make_context: MakeContext, seconds: float) -> None:
        super().__init__(name="server", daemon=True)
        self.listener = listener
        self.make_context = make_context
        self.seconds = seconds
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for last in [False] * _HANDSHAKES + [True]:
                sock, _ = self.listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with sock:
                    self._serve(sock, last)
        except BaseException as error:
            self.failure = error

    def _serve(self, sock: socket.socket, last: bool) -> None:
        context = self.make_context()
        st.SSLSetIOFuncs(context, *SocketCallbacks(sock))
        if st.SSLHandshake(context) != st.errSecSuccess:
            return  # the client says why
        if last:
            _send(context, _receive(context, _ECHO))
            block = bytearray(_BLOCK)
            while block[0] != _LAST:  # how the client's stream ends
                _receive_into(context, block)
            _send(context, b"\x01")
            _stream(context, self.seconds)
        st.SSLClose(context)


def _run(settings: TlsSettings, seconds: float, as_json: bool) -> _Result:
    made = throwaway.make([_NAME, "127.0.0.1", "::1"], settings.needs_rsa)
    credentials = throwaway_credentials(made)

    def make_context() -> st.SSLContext:
        context = new_context(st.kSSLServerSide, settings)
        st.SSLSetCertificate(context, credentials)
        return context

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(listener, make_context, seconds)
        server.start()
        client = _Client(listener.getsockname(), settings, made.authority)
        try:
            times = [client.shake_and_close() for _ in range(_HANDSHAKES)]
            result = client.show(seconds, times, as_json)
        except Problem:
            server.join(1)
            raise
        server.join(10)
    if server.failure is not None:
        raise server.failure
    return result


class _Client:
    """The other end: verifies the server and measures."""

    def __init__(self, address: tuple[str, int], settings: TlsSettings, authority: bytes) -> None:
        self.address = address
        self.settings = settings
        self.authorities = authorities_from_pem(authority)
        self.judgement: Judgement | None = None

    def shake_and_close(self) -> float:
        """Seconds from the first byte of a handshake to its end, verification included."""
        with socket.create_connection(self.address) as sock:
            context, elapsed = self._shake(sock)
            st.SSLClose(context)
        return elapsed

    def show(self, seconds: float, times: list[float], as_json: bool) -> _Result:
        """The echo and the streams, over one more connection."""
        with socket.create_connection(self.address) as sock:
            context, _ = self._shake(sock)
            facts = connection_facts(context)
            message = os.urandom(_ECHO)
            _send(context, message)
            if _receive(context, _ECHO) != message:
                raise Problem(Exit.BROKEN, "What came back from the echo is not what was sent.")
            with _progress(as_json):
                upload = _measure_upload(context, seconds)
                download = _measure_download(context)
            st.SSLClose(context)
        judgement = self.judgement
        return _Result(
            version=facts["version"],
            suite=facts["suite"],
            group=facts["group"],
            certificate=certificate_facts(judgement.chain[0]) if judgement else None,
            trusted=judgement is not None,
            verdict=judgement.reason if judgement else "the suite uses no certificate",
            handshake_ms=round(statistics.median(times) * 1000, 2),
            first_handshake_ms=round(times[0] * 1000, 2),
            handshakes=len(times),
            echoed_bytes=len(message),
            upload_mb_per_s=upload,
            download_mb_per_s=download,
        )

    def _shake(self, sock: socket.socket) -> tuple[st.SSLContext, float]:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = new_context(st.kSSLClientSide, self.settings)
        st.SSLSetIOFuncs(context, *SocketCallbacks(sock))
        st.SSLSetPeerDomainName(context, _NAME, len(_NAME))
        st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth, True)
        started = time.perf_counter()
        status = st.SSLHandshake(context)
        if status == st.errSSLPeerAuthCompleted:
            self.judgement = judge_peer(context, self.authorities)
            if not self.judgement.trusted:
                words = f"The certificate made for the demo is not trusted: {self.judgement.reason}."
                raise Problem(Exit.UNTRUSTED, words)
            status = st.SSLHandshake(context)
        if status != st.errSecSuccess:
            _, report = extensions.SSLCopyConnectionReport(context, None)
            raise explain_client(status, "The demo's server", report or {}, self.settings.versions)
        return context, time.perf_counter() - started


@contextlib.contextmanager
def _progress(as_json: bool) -> Iterator[None]:
    to = output.console(stderr=True)
    if as_json or not to.is_terminal:
        yield
        return
    with to.status("Measuring both directions"):
        yield


def _measure_upload(context: st.SSLContext, seconds: float) -> float:
    started = time.perf_counter()
    sent = _stream(context, seconds)
    _receive(context, 1)  # the server has taken everything
    return round(sent / (time.perf_counter() - started) / 1e6, 1)


def _measure_download(context: st.SSLContext) -> float:
    started = time.perf_counter()
    block = bytearray(_BLOCK)
    got = 0
    while block[0] != _LAST:
        _receive_into(context, block)
        got += _BLOCK
    return round(got / (time.perf_counter() - started) / 1e6, 1)


def _stream(context: st.SSLContext, seconds: float) -> int:
    """Send blocks for a while; the last one is marked in its first byte. Returns the number of bytes."""
    block = bytes(_BLOCK)
    deadline = time.perf_counter() + seconds
    sent = 0
    while time.perf_counter() < deadline:
        _send(context, block)
        sent += _BLOCK
    _send(context, bytes([_LAST]) + block[1:])
    return sent + _BLOCK


def _check(status: int, what: str) -> None:
    if status != st.errSecSuccess:
        raise Problem(Exit.HANDSHAKE, f"{what} failed with {status_name(status)}.", status=int(status))


def _send(context: st.SSLContext, data: bytes) -> None:
    status, _ = st.SSLWrite(context, data, len(data))
    _check(status, "Sending")


def _receive(context: st.SSLContext, length: int) -> bytes:
    buffer = bytearray(length)
    _receive_into(context, buffer)
    return bytes(buffer)


def _receive_into(context: st.SSLContext, buffer: bytearray) -> None:
    view = memoryview(buffer)
    filled = 0
    while filled < len(buffer):
        status, _, count = st.SSLRead(context, view[filled:], len(buffer) - filled)
        filled += count
        if filled < len(buffer):
            _check(status, "Receiving")


def _show(result: _Result) -> None:
    facts: list[tuple[str, str | Text]] = [
        ("Version", result.version),
        ("Suite", result.suite),
        ("Group", result.group or "none"),
    ]
    if result.certificate:
        one = result.certificate
        facts.append(("Certificate", f"{one['subject']}, {one['key']}, issued by {one['issuer']}"))
    facts += [
        ("Trust", output.verdict(result.trusted, result.verdict)),
        (
            "Handshake",
            f"{result.handshake_ms:.2f} ms (median of {result.handshakes}; the first, with all the loading, "
            f"{result.first_handshake_ms:.1f} ms)",
        ),
        ("Echo", f"{output.size(result.echoed_bytes)} came back intact"),
        ("Client to server", f"{result.upload_mb_per_s:,.0f} MB/s"),
        ("Server to client", f"{result.download_mb_per_s:,.0f} MB/s"),
    ]
    output.rows("A client and a server over a loopback socket", facts, output.console())
