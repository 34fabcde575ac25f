"""``securetransport demo``: a server and a client, a real loopback socket between them, in a few seconds.

In: flags. Out: a table, or JSON. Promise: everything shown was measured in this run; the client verifies the
server's certificate like any other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import threading
import time
from typing import Annotated, Any

import typer
from rich.text import Text

import securetransport as st
from securetransport.adapters.callbacks import SocketCallbacks

from . import output, throwaway
from .facts import certificate_facts, connection_facts, judge_peer
from .identity import authorities_from_pem, throwaway_credentials
from .options import Ciphers, Json, MaxVersion, MinVersion, TlsSettings, new_context, read_settings
from .problems import Exit, Problem, status_name

__all__ = ["demo"]

_ECHO = 256 * 1024
#: One SSLWrite hands this much to the engine.
_BLOCK = 1024 * 1024
_NAME = "localhost"


def demo(
    min_version: MinVersion = "tls1.2",
    max_version: MaxVersion = None,
    cipher: Ciphers = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.05, max=60, help="How long to measure each direction.")
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Show it working: a throw-away certificate, a handshake, an echo and the speed over a loopback socket."""
    with output.reporting(as_json):
        settings = read_settings(min_version, max_version, cipher, None)
        result = _run(settings, seconds, as_json)
        if as_json:
            output.print_json({"ok": True, **dataclasses.asdict(result)})
        else:
            _show(result)


@dataclasses.dataclass
class _Result:
    version: str
    suite: str
    group: str | None
    certificate: dict[str, Any]
    trusted: bool
    verdict: str
    handshake_ms: float
    echoed_bytes: int
    echo_intact: bool
    upload_mb_per_s: float = 0.0
    download_mb_per_s: float = 0.0


class _Server(threading.Thread):
    """Accepts one client: echoes the first bytes, swallows a stream, then sends one."""

    def __init__(self, listener: socket.socket, context: st.SSLContext, seconds: float) -> None:
        super().__init__(name="server", daemon=True)
        self.listener = listener
        self.context = context
        self.seconds = seconds
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            sock, _ = self.listener.accept()
            with sock:
                self._serve(sock)
        except BaseException as error:
            self.failure = error

    def _serve(self, sock: socket.socket) -> None:
        context = self.context
        st.SSLSetIOFuncs(context, *SocketCallbacks(sock))
        _check(st.SSLHandshake(context), "The server's handshake")
        _send(context, _receive(context, _ECHO))
        block = bytearray(_BLOCK)
        while True:  # the client's stream ends with a block that begins with 1
            _receive_into(context, block)
            if block[0] == 1:
                break
        _send(context, b"\x01")
        _stream(context, self.seconds)
        st.SSLClose(context)


def _run(settings: TlsSettings, seconds: float, as_json: bool) -> _Result:
    made = throwaway.make([_NAME, "127.0.0.1", "::1"])
    server_context = new_context(st.kSSLServerSide, settings)
    st.SSLSetCertificate(server_context, throwaway_credentials(made))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(listener, server_context, seconds)
        server.start()
        with socket.create_connection(listener.getsockname()) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                result = _client(sock, settings, made.authority, seconds, as_json)
            except Problem:
                sock.close()
                server.join(5)
                if isinstance(server.failure, Problem):
                    raise server.failure from None
                raise
        server.join(10)
    if server.failure is not None:
        raise server.failure
    return result


def _client(
    sock: socket.socket, settings: TlsSettings, authority: bytes, seconds: float, as_json: bool
) -> _Result:
    context = new_context(st.kSSLClientSide, settings)
    st.SSLSetIOFuncs(context, *SocketCallbacks(sock))
    st.SSLSetPeerDomainName(context, _NAME, len(_NAME))
    st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth, True)
    started = time.perf_counter()
    status = st.SSLHandshake(context)
    judgement = None
    if status == st.errSSLPeerAuthCompleted:
        judgement = judge_peer(context, authorities_from_pem(authority))
        if not judgement.trusted:
            raise Problem(Exit.UNTRUSTED, f"The certificate made for the demo is not trusted: {judgement.reason}.")
        status = st.SSLHandshake(context)
    elapsed = time.perf_counter() - started
    _check(status, "The client's handshake")
    facts = connection_facts(context)
    message = os.urandom(_ECHO)
    _send(context, message)
    intact = _receive(context, _ECHO) == message
    result = _Result(
        version=facts["version"],
        suite=facts["suite"],
        group=facts["group"],
        certificate=certificate_facts(judgement.chain[0]) if judgement else {},
        trusted=judgement is not None,
        verdict=judgement.reason if judgement else "no certificate",
        handshake_ms=round(elapsed * 1000, 2),
        echoed_bytes=len(message),
        echo_intact=intact,
    )
    if not intact:
        raise Problem(Exit.BROKEN, "What came back from the echo is not what was sent.")
    with _progress(as_json):
        result.upload_mb_per_s = _measure_upload(context, seconds)
        result.download_mb_per_s = _measure_download(context)
    st.SSLClose(context)
    return result


@contextlib.contextmanager
def _progress(as_json: bool) -> Any:
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
    while True:
        _receive_into(context, block)
        got += _BLOCK
        if block[0] == 1:
            return round(got / (time.perf_counter() - started) / 1e6, 1)


def _stream(context: st.SSLContext, seconds: float) -> int:
    """Send blocks for a while; the last one begins with 1, the others with 0."""
    block = bytes(_BLOCK)
    deadline = time.perf_counter() + seconds
    sent = 0
    while time.perf_counter() < deadline:
        _send(context, block)
        sent += _BLOCK
    _send(context, b"\x01" + block[1:])
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
    certificate = result.certificate
    facts: list[tuple[str, str | Text]] = [
        ("Version", result.version),
        ("Suite", result.suite),
        ("Group", result.group or "none"),
        ("Certificate", f"{certificate['subject']}, {certificate['key']}, issued by {certificate['issuer']}"),
        ("Trust", output.verdict(result.trusted, result.verdict)),
        ("Handshake", f"{result.handshake_ms:.2f} ms"),
        ("Echo", f"{output.size(result.echoed_bytes)} came back intact"),
        ("Client to server", f"{result.upload_mb_per_s:,.0f} MB/s"),
        ("Server to client", f"{result.download_mb_per_s:,.0f} MB/s"),
    ]
    output.rows("A client and a server over a loopback socket", facts, output.console())
