"""``securetransport connect``: open a TLS connection, show it, and pipe standard input and output through it.

In: a host and flags. Out: facts on standard error (or JSON on standard output), the peer's data on standard output.
Promise: the peer is verified unless ``--insecure`` says otherwise; whatever fails is explained in one sentence that
says what to try.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.text import Text

import securetransport as st
from securetransport import extensions
from securetransport.adapters.callbacks import SocketCallbacks
from securetransport.constants import messages

from . import output
from .facts import Judgement, certificate_facts, connection_facts, judge_peer
from .options import (
    Alpn,
    CaFile,
    Ciphers,
    Json,
    MaxVersion,
    MinVersion,
    TlsSettings,
    load_authorities,
    load_credentials,
    new_context,
    read_settings,
)
from .problems import Exit, Problem, explain_client, explain_network, status_name

__all__ = ["connect", "parse_place"]

#: Seconds to connect and, again, to shake hands.
_PATIENCE = 10.0
#: How often the reading side looks whether it is time to end, in seconds.
_TICK = 0.2
#: How long to wait for more after standard input has ended, in seconds.
_WAIT = 3.0
_BLOCK = 64 * 1024


def connect(
    place: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="Where to; [ADDRESS]:PORT for IPv6.")],
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port, if not in HOST:PORT. [default: 443]")
    ] = None,
    servername: Annotated[
        str | None,
        typer.Option("--servername", metavar="NAME", help="Name to ask for and verify instead of HOST."),
    ] = None,
    cafile: CaFile = None,
    client_cert: Annotated[
        Path | None,
        typer.Option("--client-cert", metavar="FILE", help="Certificate to show: PEM, DER or PKCS#12."),
    ] = None,
    client_key: Annotated[
        Path | None,
        typer.Option("--client-key", metavar="FILE", help="Its key, if --client-cert does not hold it."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Go on although the certificate is not trusted.")
    ] = False,
    min_version: MinVersion = "tls1.2",
    max_version: MaxVersion = None,
    cipher: Ciphers = None,
    alpn: Alpn = None,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait", min=0, metavar="SECONDS", help="After the end of input, wait this long for more output."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Connect to a TLS server, show what was agreed and whether it is trusted, then pipe stdin and stdout."""
    with output.reporting(as_json):
        host, number = parse_place(place, port)
        if client_key is not None and client_cert is None:
            raise Problem(Exit.USAGE, "--client-key needs the certificate it belongs to: --client-cert FILE.")
        settings = read_settings(min_version, max_version, cipher, alpn)
        authorities = load_authorities(cafile) if cafile else None
        credentials = load_credentials(client_cert, client_key) if client_cert else None
        client = _Client(host, number, servername or host, settings, authorities, credentials, insecure)
        with client.open():
            facts = client.facts()
            if as_json:
                output.print_json({"ok": True, **facts})
                st.SSLClose(client.context)
                return
            _show(facts, output.console(stderr=True))
            _Pipe(client).run(wait)


def parse_place(text: str, port: int | None = None) -> tuple[str, int]:
    """``HOST``, ``HOST:PORT``, ``ADDRESS``, ``[ADDRESS]`` or ``[ADDRESS]:PORT``; also out of an https URL."""
    bare = text.removeprefix("https://").partition("/")[0] if text.startswith("https://") else text
    host, given = bare, None
    if bare.startswith("["):
        host, closed, rest = bare[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise Problem(Exit.USAGE, f"{text!r} is no place to connect to; write [ADDRESS]:PORT for IPv6.")
        given = rest[1:] if rest else None
    elif bare.count(":") == 1:
        host, _, given = bare.partition(":")
    if not host or "/" in host or any(c.isspace() for c in host):
        raise Problem(Exit.USAGE, f"{text!r} is no place to connect to; write HOST or HOST:PORT.")
    if given is None:
        return host, port or 443
    if not given.isascii() or not given.isdigit() or not 0 < int(given) < 65536:
        raise Problem(Exit.USAGE, f"{given!r} is no port; ports are numbers from 1 to 65535.")
    if port is not None and port != int(given):
        raise Problem(Exit.USAGE, f"Two ports are given, {given} and {port}; leave one out.")
    return host, int(given)


class _Transport(SocketCallbacks):
    """The socket's callbacks, which also keep how the peer's answer began."""

    first = b""

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        status, count = super().read(connection, data, length)
        if len(self.first) < 5:
            self.first = (self.first + bytes(data[:count]))[:5]
        return status, count


class _Client:
    """A connection and what was found out about it."""

    def __init__(
        self,
        host: str,
        port: int,
        name: str,
        settings: TlsSettings,
        authorities: list[st.SecCertificate] | None,
        credentials: list[Any] | None,
        insecure: bool,
    ) -> None:
        self.host, self.port, self.name = host, port, name
        self.where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.authorities = authorities
        self.insecure = insecure
        self.versions = settings.versions
        self.asked_in_vain = False
        self.judgement: Judgement | None = None
        self.address = ""
        self.handshake_time = 0.0
        self.context = new_context(st.kSSLClientSide, settings)
        if st.SSLSetPeerDomainName(self.context, name, len(name)) != st.errSecSuccess:
            raise Problem(Exit.USAGE, f"{name!r} cannot be the name of a server.")
        if credentials and st.SSLSetCertificate(self.context, credentials) != st.errSecSuccess:
            raise Problem(Exit.FILE, "The client certificate and key cannot be used.")
        st.SSLSetSessionOption(self.context, st.kSSLSessionOptionBreakOnServerAuth, True)
        # This pause comes only when there is no certificate to show; it goes on without one.
        st.SSLSetSessionOption(self.context, st.kSSLSessionOptionBreakOnCertRequested, True)

    @contextlib.contextmanager
    def open(self) -> Any:
        """Connect and shake hands; closed in good order at the end."""
        self.socket = self._dial()
        with self.socket:
            self.transport = _Transport(self.socket)
            st.SSLSetIOFuncs(self.context, *self.transport)
            try:
                self._shake()
                yield
            finally:
                self.socket.settimeout(1.0)
                st.SSLClose(self.context)

    def _dial(self) -> socket.socket:
        """The first address that answers."""
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            problem = error if isinstance(error, OSError) else socket.gaierror(str(error))
            raise explain_network(problem, self.where) from None
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(_PATIENCE)
            try:
                sock.connect(address)
            except OSError as error:
                sock.close()
                # A refusal says more than another address family that cannot be reached at all.
                failure = error if failure is None or isinstance(error, ConnectionRefusedError) else failure
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.address = str(address[0])
            return sock
        raise explain_network(failure or OSError("there is no address to connect to"), self.where)

    def _shake(self) -> None:
        started = time.monotonic()
        deadline = started + _PATIENCE
        while True:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            status = st.SSLHandshake(self.context)
            if status == st.errSSLPeerAuthCompleted:
                self.judgement = judge_peer(self.context, self.authorities)
                if not self.judgement.trusted and not self.insecure:
                    self._reject(self.judgement)
            elif status == st.errSSLClientCertRequested:
                self.asked_in_vain = True
            elif status != st.errSSLWouldBlock or time.monotonic() >= deadline:
                break
        self.handshake_time = time.monotonic() - started
        if status != st.errSecSuccess:
            self._fail(status)

    def _reject(self, judgement: Judgement) -> None:
        """Tell the peer why, and the user."""
        st.SSLSetError(self.context, judgement.status)
        st.SSLHandshake(self.context)
        chain = [certificate_facts(certificate) for certificate in judgement.chain]
        raise Problem(
            Exit.UNTRUSTED,
            f"The certificate of {self.where} is not trusted: {judgement.reason}; "
            "--cafile names an authority to trust, --insecure goes on all the same.",
            status=judgement.status,
            status_name=status_name(judgement.status),
            trusted=False,
            reason=judgement.reason,
            chain=chain,
        )

    def _fail(self, status: int) -> None:
        _, report = extensions.SSLCopyConnectionReport(self.context, None)
        raise explain_client(
            status,
            self.where,
            report or {},
            self.versions,
            first=self.transport.first,
            reset=self.transport.failure is not None,
            asked=self.asked_in_vain,
        )

    def facts(self) -> dict[str, Any]:
        """Everything worth showing."""
        judgement = self.judgement
        return {
            "host": self.host,
            "port": self.port,
            "address": self.address,
            "servername": self.name,
            **connection_facts(self.context),
            "handshake_ms": round(self.handshake_time * 1000, 1),
            "trusted": bool(judgement and judgement.trusted),
            "reason": judgement.reason if judgement else "the server has no certificate",
            "chain": [certificate_facts(one) for one in judgement.chain] if judgement else [],
        }


def _show(facts: dict[str, Any], to: Console) -> None:
    reason = "yes" if facts["trusted"] else f"NO, {facts['reason']}"
    shown: list[tuple[str, str | Text]] = [
        ("Address", f"{facts['address']} port {facts['port']}"),
        ("Version", facts["version"]),
        ("Suite", facts["suite"]),
        ("Group", facts["group"] or "none"),
        ("ALPN", facts["alpn"] or "none"),
        ("Handshake", f"{facts['handshake_ms']:.1f} ms"),
        ("Trusted", output.verdict(facts["trusted"], f"{reason} (as {facts['servername']})")),
    ]
    for depth, one in enumerate(facts["chain"]):
        shown.append((f"Certificate {depth}", one["subject"]))
        if one["names"]:
            more = len(one["names"]) - 8
            shown.append(("  names", ", ".join(one["names"][:8]) + (f" and {more} more" if more > 0 else "")))
        shown.append(("  issued by", one["issuer"]))
        shown.append(("  valid", f"{one['not_before'] or 'unknown'} to {one['not_after'] or 'unknown'}"))
        shown.append(("  key", one["key"]))
    output.rows(f"Connected to {output.clean(facts['host'])}", shown, to)


class _Pipe:
    """Standard input to the peer in one thread, the peer to standard output in another."""

    def __init__(self, client: _Client) -> None:
        self.client = client
        self.context = client.context
        self.input_ended = threading.Event()
        self.sent = 0
        self.failure: int | None = None
        self.progress: Progress | None = None
        self.task: TaskID | None = None

    def run(self, wait: float | None) -> None:
        """Until the peer closes, or input has ended and nothing has come for a while."""
        self.client.socket.settimeout(_TICK)
        with self._bar() as self.progress:
            sender = threading.Thread(target=self._send_input, name="stdin", daemon=True)
            sender.start()
            status = self._receive(wait)
        self._end(status)

    def _bar(self) -> Progress:
        """A bar for a file on standard input, where nothing else is written to the terminal."""
        about = os.fstat(sys.stdin.fileno()) if sys.stdin is not None else None
        quiet = about is not None and not sys.stdout.isatty() and stat.S_ISREG(about.st_mode)
        bar = output.progress(output.console(stderr=True), enabled=quiet)
        if quiet and about is not None:
            self.task = bar.add_task("Sending", total=about.st_size)
        return bar

    def _send_input(self) -> None:
        if sys.stdin is None:  # started without one
            self.input_ended.set()
            return
        descriptor = sys.stdin.fileno()
        try:
            while data := os.read(descriptor, _BLOCK):
                status, taken = st.SSLWrite(self.context, data, len(data))
                while status == st.errSSLWouldBlock:
                    rest = data[taken:]  # either everything was taken, or nothing
                    status, more = st.SSLWrite(self.context, rest or None, len(rest))
                    taken += more
                if status != st.errSecSuccess:
                    self.failure = status
                    return
                self.sent += len(data)
                if self.progress is not None and self.task is not None:
                    self.progress.update(self.task, completed=self.sent)
        except OSError:
            pass  # standard input is gone: that is its end
        finally:
            self.input_ended.set()

    def _receive(self, wait: float | None) -> int:
        quiet_since = time.monotonic()
        target = sys.stdout.buffer
        ended = False
        while True:
            status, data, _ = st.SSLRead(self.context, None, _BLOCK)
            if data:
                target.write(data)
                target.flush()
                quiet_since = time.monotonic()
            if status not in (st.errSecSuccess, st.errSSLWouldBlock):
                return status
            if self.input_ended.is_set():
                if not ended:
                    ended, quiet_since = True, time.monotonic()
                patience = wait if wait is not None else (_WAIT if self.sent else 0.0)
                if time.monotonic() - quiet_since >= patience:
                    return st.errSecSuccess

    def _end(self, status: int) -> None:
        where = self.client.where
        if status in (st.errSecSuccess, st.errSSLClosedGraceful):
            return
        if status == st.errSSLClosedAbort:
            how = "was reset" if self.client.transport.failure else "ended without a proper close"
            raise Problem(
                Exit.BROKEN,
                f"The connection to {where} {how}; what was received may be cut short.",
                status=int(status),
            )
        words = messages.status_sentence(status) or status_name(status)
        raise Problem(Exit.BROKEN, f"The connection to {where} failed: {words}", status=int(status))
