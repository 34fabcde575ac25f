"""TLS software of other people, each behind the same few calls.

In: credentials, suites, ports. Out: a :class:`Peer`, the stranger's end of one connection. Promise: a tool that is
missing fails the test where ``CI`` is set and skips it elsewhere; nothing waits without a limit, and no process
outlives its test.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from pipes import LIMIT, Link, Task, message
from typing import Any

import pytest

import certs


@dataclass(frozen=True)
class Suite:
    """A cipher suite and how each stranger calls it."""

    number: int
    openssl: str
    gnutls_kx: str
    cipher: str
    keys: tuple[str, ...]

    @property
    def tlslite(self) -> tuple[str, str]:
        """Key exchange and cipher in tlslite-ng's settings."""
        return self.gnutls_kx.lower().replace("-", "_"), {
            "AES-128-GCM": "aes128gcm",
            "AES-256-GCM": "aes256gcm",
            "CHACHA20-POLY1305": "chacha20-poly1305",
        }[self.cipher]

    def __str__(self) -> str:
        return self.openssl


_ECDSA = ("p256", "p384", "p521", "ed25519")
SUITES = (
    Suite(0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA", "AES-128-GCM", _ECDSA),
    Suite(0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA", "AES-256-GCM", _ECDSA),
    Suite(0xCCA9, "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA", "CHACHA20-POLY1305", _ECDSA),
    Suite(0xC02F, "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA", "AES-128-GCM", ("rsa", "pss")),
    Suite(0xC030, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA", "AES-256-GCM", ("rsa", "pss")),
    Suite(0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA", "CHACHA20-POLY1305", ("rsa", "pss")),
    Suite(0x009C, "AES128-GCM-SHA256", "RSA", "AES-128-GCM", ("rsa",)),
    Suite(0x009D, "AES256-GCM-SHA384", "RSA", "AES-256-GCM", ("rsa",)),
)
#: Groups: our name, then OpenSSL's, GnuTLS's and tlslite-ng's.
GROUPS = {
    "P-256": ("P-256", "SECP256R1", "secp256r1"),
    "P-384": ("P-384", "SECP384R1", "secp384r1"),
    "P-521": ("P-521", "SECP521R1", "secp521r1"),
    "X25519": ("X25519", "X25519", "x25519"),
}


def tool(name: str) -> str:
    """The path of a program; without it the test fails in CI and is skipped elsewhere."""
    path = shutil.which(name)
    if path is None:
        absent(name)
    return str(path)


def absent(name: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{name} is missing; CI must have it", pytrace=False)
    pytest.skip(f"{name} is not installed")


def text(n: int) -> bytes:
    """``n`` bytes that no tool takes for a command: digits, a line end at the end and now and then before."""
    if n == 0:
        return b""
    block = bytes(10 if i % 91 == 90 else 48 + (i * 7 + i // 1000) % 10 for i in range(n % 65_536 or 65_536))
    return (block * (n // len(block) + 1))[: n - 1] + b"\n"


@dataclass
class Facts:
    """What a stranger says about an established connection; ``None`` where it does not say."""

    suite: Suite | None = None
    alpn: bytes | None = None
    sni: str | None = None
    group: str | None = None
    extended_master_secret: bool | None = None
    secure_renegotiation: bool | None = None


class Peer:
    """A stranger's end of one connection."""

    #: Whether any byte may be sent, or only :func:`text`.
    binary = True
    #: Whether it sends back what it gets instead of doing as it is told.
    echoes = False

    def established(self) -> Facts:
        """Waits for the end of its handshake."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def receive(self, n: int) -> bytes:
        raise NotImplementedError

    def close(self) -> None:
        """Ends the connection in an orderly way, as the first."""
        raise NotImplementedError

    def ended(self) -> str:
        """Waits for the end: ``orderly``, or what it has to complain of."""
        raise NotImplementedError

    def refused(self) -> str:
        """Waits for a handshake that must fail; what it says about that, in lower case."""
        raise NotImplementedError


SIZES = (0, 1, 16_384)


def trade(link: Link, peer: Peer, n: int, back: int | None = None) -> None:
    """``n`` bytes from us to the stranger and as many back, or ``back``, compared at either end."""
    data = message(n) if peer.binary else text(n)
    if peer.echoes:
        for at in range(0, n, 16_384):
            part = text(len(data[at : at + 16_384]))
            assert link.send(part) == 0
            assert link.receive(len(part)) == part
        return
    arriving = Task(peer.receive, n)
    assert link.send(data) == 0
    assert arriving.result() == data
    if back is not None:
        data = message(back) if peer.binary else text(back)
    leaving = Task(peer.send, data)
    assert link.receive(len(data)) == data
    leaving.result()


# --- programs ----------------------------------------------------------------------------------------------


class Process:
    """A program with its output collected as it comes."""

    def __init__(self, *arguments: str | Path) -> None:
        self.child = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.changed = threading.Condition()
        self.out, self.err = bytearray(), bytearray()
        self.done = 0
        self._threads = [
            threading.Thread(target=self._collect, args=(pipe, into), daemon=True)
            for pipe, into in ((self.child.stdout, self.out), (self.child.stderr, self.err))
        ]
        for thread in self._threads:
            thread.start()

    def _collect(self, pipe: Any, into: bytearray) -> None:
        while part := os.read(pipe.fileno(), 1 << 16):
            with self.changed:
                into += part
                self.changed.notify_all()
        with self.changed:
            self.done += 1
            self.changed.notify_all()

    def _wait(self, ready: Any, what: str) -> None:
        with self.changed:
            met = self.changed.wait_for(lambda: ready() or self.done == 2, LIMIT)
            assert ready(), f"{self.child.args}: no {what} ({met=})\n{self.said()}"

    def said(self) -> str:
        return f"{bytes(self.out[-3000:])!r}\n{bytes(self.err[-3000:])!r}"

    def search(self, pattern: bytes, errors: bool = False) -> re.Match[bytes]:
        """Waits for a pattern on standard output or standard error."""
        where = self.err if errors else self.out
        found: list[re.Match[bytes]] = []

        def ready() -> bool:
            match = re.search(pattern, bytes(where), re.S)
            if match:
                found.append(match)
            return match is not None

        self._wait(ready, repr(pattern))
        return found[0]

    def take(self, n: int) -> bytes:
        """The next ``n`` bytes of standard output."""
        self._wait(lambda: len(self.out) >= n, f"{n} bytes")
        with self.changed:
            part = bytes(self.out[:n])
            del self.out[:n]
            return part

    def drop_until(self, end: int) -> None:
        with self.changed:
            del self.out[:end]

    def put(self, data: bytes) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def finish(self) -> int:
        """Waits until the program ends by itself."""
        self._wait(lambda: self.done == 2, "end")
        return self.child.wait(LIMIT)

    def kill(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(LIMIT)
        for thread in self._threads:
            thread.join(LIMIT)
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()


@contextlib.contextmanager
def process(*arguments: str | Path) -> Iterator[Process]:
    running = Process(*arguments)
    try:
        yield running
    finally:
        running.kill()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def dial(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), LIMIT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Program(Peer):
    """A peer that is a process: data through its standard input and output."""

    def __init__(self, running: Process) -> None:
        self.process = running

    def send(self, data: bytes) -> None:
        self.process.put(data)

    def receive(self, n: int) -> bytes:
        return self.process.take(n)

    def refused(self) -> str:
        self.process.finish()
        return self.process.said().lower()


@dataclass
class Options:
    """How a stranger is to be set up beyond its defaults, which are TLS 1.2 and everything it has for it."""

    suite: Suite | None = None
    group: str | None = None
    alpn: tuple[str, ...] = ()
    #: For clients: the name to ask for and to check.
    host: str = certs.HOST
    #: For servers: end each connection as the first.
    closes: bool = False
    #: For clients: whom to trust.
    anchor: certs.Credential = field(default_factory=certs.authority)


class Stranger:
    """One piece of software in both roles."""

    name = ""

    def __repr__(self) -> str:
        return self.name

    def serve(self, credential: certs.Credential, options: Options) -> Any:
        """A context manager: a server for one connection, ``(port, peer)``."""
        raise NotImplementedError

    def connect(self, port: int, options: Options) -> Any:
        """A context manager: a client that is connecting, as a peer."""
        raise NotImplementedError


# --- OpenSSL -----------------------------------------------------------------------------------------------


def _by_openssl_name(name: str) -> Suite | None:
    return next((suite for suite in SUITES if suite.openssl == name), None)


class OpensslServed(Program):
    """The end of ``openssl s_server``."""

    binary = False

    def established(self) -> Facts:
        header = self.process.search(
            rb"CIPHER is (\S+)\n(?:Reused session-id\n)?Secure Renegotiation (IS|IS NOT) supported\n"
        )
        before = bytes(self.process.out[: header.end()]).decode()
        self.process.drop_until(header.end())
        alpn = re.search(r"ALPN protocols selected: (\S+)", before)
        sni = re.search(r'Hostname in TLS extension: "([^"]*)"', before)
        return Facts(
            suite=_by_openssl_name(header[1].decode()),
            alpn=alpn[1].encode() if alpn else None,
            sni=sni[1] if sni else None,
            secure_renegotiation=header[2] == b"IS",
        )

    def ended(self) -> str:
        self.process.search(rb"CONNECTION CLOSED")
        self.process.finish()
        errors = self.process.out.count(b"ERROR"), b"error:" in self.process.err
        return "orderly" if errors == (0, False) else self.process.said()


class OpensslReversed(OpensslServed):
    """``openssl s_server -rev``: every line comes back reversed, and CLOSE ends the connection."""

    def established(self) -> Facts:
        self.process.search(rb"Ciphersuite: (\S+)", errors=True)
        return Facts()

    def ended(self) -> str:
        self.process.finish()
        return "orderly" if b"error:" not in self.process.err else self.process.said()


class OpensslClient(Program):
    """The end of ``openssl s_client``."""

    binary = False

    def established(self) -> Facts:
        header = self.process.search(rb"Extended master secret: (yes|no)\n---\n")
        before = bytes(self.process.out[: header.end()]).decode()
        self.process.drop_until(header.end())
        cipher = re.search(r"Cipher is (\S+)", before)
        alpn = re.search(r"ALPN protocol: (\S+)", before)
        group = re.search(r"Server Temp Key: (?:ECDH, )?([\w-]+)", before)
        assert cipher
        return Facts(
            suite=_by_openssl_name(cipher[1]),
            alpn=alpn[1].encode() if alpn else None,
            group={"prime256v1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(group[1], group[1])
            if group
            else None,
            extended_master_secret=header[1] == b"yes",
            secure_renegotiation="Secure Renegotiation IS supported" in before,
        )

    def close(self) -> None:
        assert self.process.child.stdin is not None
        self.process.child.stdin.close()

    def ended(self) -> str:
        self.process.finish()
        return "orderly" if b"error" not in self.process.err else self.process.said()


class Openssl(Stranger):
    name = "openssl"

    @contextlib.contextmanager
    def serve(self, credential: certs.Credential, options: Options) -> Iterator[tuple[int, Peer]]:
        with process(
            *(tool("openssl"), "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_2"),
            *("-cert", credential.file("cert"), "-key", credential.file("key")),
            *("-cert_chain", credential.file("cert"), "-servername", "another.example"),
            *("-cert2", credential.file("cert"), "-key2", credential.file("key")),
            *("-cipher", f"{options.suite.openssl if options.suite else 'ALL'}:@SECLEVEL=1"),
            *(("-groups", GROUPS[options.group][0]) if options.group else ()),
            *(("-alpn", ",".join(options.alpn)) if options.alpn else ()),
            *(("-rev",) if options.closes else ()),
        ) as running:
            port = running.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
            running.drop_until(port.end())
            yield int(port[1]), (OpensslReversed if options.closes else OpensslServed)(running)

    @contextlib.contextmanager
    def connect(self, port: int, options: Options) -> Iterator[Peer]:
        with process(
            *(tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2"),
            *("-servername", options.host, "-verify_hostname", options.host, "-verify_return_error"),
            *("-CAfile", options.anchor.file("cert"), "-no-CApath", "-no-CAstore"),
            *("-cipher", f"{options.suite.openssl if options.suite else 'ALL'}:@SECLEVEL=1"),
            *(("-groups", GROUPS[options.group][0]) if options.group else ()),
            *(("-alpn", ",".join(options.alpn)) if options.alpn else ()),
        ) as running:
            yield OpensslClient(running)


# --- GnuTLS ------------------------------------------------------------------------------------------------


def _gnutls_priority(options: Options) -> str:
    words = ["NORMAL", "-VERS-ALL", "+VERS-TLS1.2"]
    if options.suite:
        words += ["-KX-ALL", f"+{options.suite.gnutls_kx}", "-CIPHER-ALL", f"+{options.suite.cipher}"]
    if options.group:
        words += ["-GROUP-ALL", f"+GROUP-{GROUPS[options.group][1]}"]
    return ":".join(words)


_DESCRIPTION = rb"- Description: \(TLS1\.2[^)]*\)-\((RSA|ECDHE-\w+)\)(?:-\(([\w-]+)\))?-\(([\w-]+)\)\n"


def _gnutls_facts(said: bytes) -> Facts:
    description = re.search(_DESCRIPTION, said)
    assert description, said
    kx, proof, cipher = (part.decode() if part else "" for part in description.groups())
    wanted = kx if kx == "RSA" else "ECDHE-RSA" if proof.startswith("RSA") else "ECDHE-ECDSA"
    groups = {gnutls: ours for ours, (_, gnutls, _) in GROUPS.items()}
    alpn = re.search(rb"- Application protocol: (\S+)", said)
    sni = re.search(rb"- Given server name\[1\]: (\S+)", said)
    options = re.search(rb"- Options: ([^\n]*)", said)
    return Facts(
        suite=next((s for s in SUITES if s.gnutls_kx == wanted and s.cipher == cipher), None),
        alpn=alpn[1] if alpn else None,
        sni=sni[1].decode() if sni else None,
        group=groups.get(kx.removeprefix("ECDHE-")),
        extended_master_secret=options is not None and b"extended master secret" in options[1],
        secure_renegotiation=options is not None and b"safe renegotiation" in options[1],
    )


class GnutlsServed(Peer):
    """The end of ``gnutls-serv --echo``, or of ``gnutls-serv --http``, which closes after each answer."""

    binary = False
    echoes = True

    def __init__(self, running: Process) -> None:
        self.process = running

    def established(self) -> Facts:
        end = self.process.search(rb"- 'tls-unique'").end()
        return _gnutls_facts(bytes(self.process.out[:end]))

    def ended(self) -> str:
        """It goes on listening and says nothing of connections that end well."""
        return "orderly" if b"rror" not in self.process.err else self.process.said()

    def refused(self) -> str:
        self.process.search(rb"Error in handshake: [^\n]*\n", errors=True)
        return self.process.said().lower()


class GnutlsClient(Program):
    """The end of ``gnutls-cli``; its words and the data share its output."""

    binary = False

    def established(self) -> Facts:
        end = self.process.search(rb"- Simple Client Mode:\n\n").end()
        facts = _gnutls_facts(bytes(self.process.out[:end]))
        self.process.drop_until(end)
        return facts

    def close(self) -> None:
        assert self.process.child.stdin is not None
        self.process.child.stdin.close()

    def ended(self) -> str:
        self.process.finish()
        complaints = b"*** " in self.process.out, b"*** " in self.process.err
        return "orderly" if complaints == (False, False) else self.process.said()


class Gnutls(Stranger):
    name = "gnutls"

    @contextlib.contextmanager
    def serve(self, credential: certs.Credential, options: Options) -> Iterator[tuple[int, Peer]]:
        port = free_port()
        with process(
            *(tool("gnutls-serv"), "--port", str(port), "--disable-client-cert"),
            *("--x509certfile", credential.file("cert"), "--x509keyfile", credential.file("key")),
            *("--priority", _gnutls_priority(options)),
            *(f"--alpn={name}" for name in options.alpn),
            *(("--http",) if options.closes else ("--echo", "--crlf")),
        ) as running:
            running.search(rb"port %d\.\.\.done\n" % port, errors=True)
            yield port, GnutlsServed(running)

    @contextlib.contextmanager
    def connect(self, port: int, options: Options) -> Iterator[Peer]:
        with process(
            *(tool("gnutls-cli"), "--port", str(port), "127.0.0.1"),
            *(f"--sni-hostname={options.host}", f"--verify-hostname={options.host}"),
            *(f"--x509cafile={options.anchor.file('cert')}", "--priority", _gnutls_priority(options)),
            *(f"--alpn={name}" for name in options.alpn),
        ) as running:
            yield GnutlsClient(running)


# --- Python's ssl ------------------------------------------------------------------------------------------


class PythonPeer(Peer):
    """A socket of the ``ssl`` module, whose handshake runs on a thread."""

    def __init__(self, context: ssl.SSLContext, connect: Any, asked: list[str | None], **wrap: Any) -> None:
        self.asked = asked
        self.sock: Any = None
        self.kept: socket.socket | None = None

        def run() -> None:
            raw = connect()
            raw.settimeout(LIMIT)
            # The module closes its socket when a handshake fails. With the rest of the flight unread that would be a
            # reset, which may overtake the alert; so the connection stays open until the test has seen what came.
            self.kept = raw.dup()
            self.sock = context.wrap_socket(raw, suppress_ragged_eofs=False, **wrap)

        self.handshake = Task(run)

    def established(self) -> Facts:
        self.handshake.result()
        alpn = self.sock.selected_alpn_protocol()
        return Facts(
            suite=_by_openssl_name(self.sock.cipher()[0]),
            alpn=alpn.encode() if alpn else None,
            sni=self.asked[-1] if self.asked else None,
        )

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self, n: int) -> bytes:
        got = bytearray()
        while len(got) < n:
            part = self.sock.recv(n - len(got))
            assert part, f"the end after {len(got)} of {n} bytes"
            got += part
        return bytes(got)

    def close(self) -> None:
        self.sock.unwrap()  # waits for the other end's close_notify

    def ended(self) -> str:
        rest = self.sock.recv(1)  # raises where the end is ragged
        self.sock.unwrap()
        return "orderly" if rest == b"" else "data"

    def refused(self) -> str:
        with pytest.raises(ssl.SSLError) as caught:
            self.handshake.result()
        return str(caught.value).lower().replace("_", " ")

    def leave(self) -> None:
        self.handshake.join(LIMIT)
        for sock in (self.sock, self.kept):
            if sock is not None:
                sock.close()


class Python(Stranger):
    name = "python"

    def _context(self, options: Options, server: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{options.suite.openssl if options.suite else 'ALL'}:@SECLEVEL=1")
        if options.group:
            curves = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
            context.set_ecdh_curve(curves.get(options.group, options.group))
        if options.alpn:
            context.set_alpn_protocols(list(options.alpn))
        return context

    @contextlib.contextmanager
    def serve(self, credential: certs.Credential, options: Options) -> Iterator[tuple[int, Peer]]:
        context = self._context(options, True)
        context.load_cert_chain(credential.file("cert"), credential.file("key"))
        asked: list[str | None] = []
        context.sni_callback = lambda _sock, name, _context: asked.append(name)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(LIMIT)
            peer = PythonPeer(context, lambda: listener.accept()[0], asked, server_side=True)
            try:
                yield listener.getsockname()[1], peer
            finally:
                peer.leave()

    @contextlib.contextmanager
    def connect(self, port: int, options: Options) -> Iterator[Peer]:
        context = self._context(options, False)
        context.load_verify_locations(options.anchor.file("cert"))
        peer = PythonPeer(context, lambda: dial(port), [], server_hostname=options.host)
        try:
            yield peer
        finally:
            peer.leave()


# --- tlslite-ng --------------------------------------------------------------------------------------------


class TlslitePeer(Peer):
    """A connection of tlslite-ng, whose handshake runs on a thread."""

    def __init__(self, connect: Any, handshake: Any) -> None:
        self.connection: Any = None
        self.raw: Any = None

        def run() -> None:
            from tlslite.api import TLSConnection

            self.raw = connect()
            self.raw.settimeout(LIMIT)
            self.connection = TLSConnection(self.raw)
            self.connection.ignoreAbruptClose = False
            self.connection.closeSocket = False
            handshake(self.connection)

        self.handshake = Task(run)

    def established(self) -> Facts:
        self.handshake.result()
        session = self.connection.session
        name = session.cipherSuite
        group = self.connection.ecdhCurve
        names = {23: "P-256", 24: "P-384", 25: "P-521", 29: "X25519"}
        return Facts(
            suite=next((suite for suite in SUITES if suite.number == name), None),
            alpn=bytes(session.appProto) if session.appProto else None,
            sni=session.serverName.decode()
            if isinstance(session.serverName, bytes)
            else session.serverName or None,
            group=names.get(group),
            extended_master_secret=session.extendedMasterSecret,
        )

    def send(self, data: bytes) -> None:
        self.connection.write(data)

    def receive(self, n: int) -> bytes:
        return bytes(self.connection.read(min=n, max=n)) if n else b""

    def close(self) -> None:
        self.connection.close()  # waits for the other end's close_notify

    def ended(self) -> str:
        rest = self.connection.read(min=1, max=1)
        return "orderly" if not rest and self.connection.closed else "data"

    def refused(self) -> str:
        from tlslite.api import TLSAlert

        with pytest.raises(TLSAlert) as caught:
            self.handshake.result()
        return str(caught.value).lower().replace("_", " ")

    def leave(self) -> None:
        self.handshake.join(LIMIT)
        if self.raw is not None:
            self.raw.close()


class Tlslite(Stranger):
    name = "tlslite"

    def __init__(self) -> None:
        try:
            import tlslite.api  # noqa: F401
        except ImportError:
            self.missing = True
        else:
            self.missing = False

    def _settings(self, options: Options) -> Any:
        if self.missing:
            absent("tlslite-ng")
        from tlslite.api import HandshakeSettings

        settings = HandshakeSettings()
        settings.minVersion = settings.maxVersion = (3, 3)
        if options.suite:
            kx, cipher = options.suite.tlslite
            settings.keyExchangeNames, settings.cipherNames = [kx], [cipher]
        if options.group:
            settings.eccCurves = [GROUPS[options.group][2]]
            settings.defaultCurve = GROUPS[options.group][2]
            settings.keyShares = []
        return settings

    @contextlib.contextmanager
    def serve(self, credential: certs.Credential, options: Options) -> Iterator[tuple[int, Peer]]:
        settings = self._settings(options)
        from tlslite.api import X509CertChain, parsePEMKey

        chain = X509CertChain()
        chain.parsePemList(credential.file("cert").read_text())
        key = parsePEMKey(credential.file("key").read_text(), private=True)
        alpn = [bytearray(name.encode()) for name in options.alpn] or None

        def handshake(connection: Any) -> None:
            connection.handshakeServer(certChain=chain, privateKey=key, settings=settings, alpn=alpn)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(LIMIT)
            peer = TlslitePeer(lambda: listener.accept()[0], handshake)
            try:
                yield listener.getsockname()[1], peer
            finally:
                peer.leave()

    @contextlib.contextmanager
    def connect(self, port: int, options: Options) -> Iterator[Peer]:
        settings = self._settings(options)
        alpn = [bytearray(name.encode()) for name in options.alpn] or None

        def handshake(connection: Any) -> None:
            connection.handshakeClientCert(serverName=options.host, settings=settings, alpn=alpn)

        peer = TlslitePeer(lambda: dial(port), handshake)
        try:
            yield peer
        finally:
            peer.leave()


STRANGERS: tuple[Stranger, ...] = (Openssl(), Gnutls(), Python(), Tlslite())
