"""DTLS software of other people, each behind the calls of the matrix: programs of ours and of the distribution.

In: a version, a suite, a key, options. Out: a connected UDP socket to or from our end, echoed both ways. Promise: as
``strangers`` and ``polyglots``; programs in C and Go are built once a test run; a server on a port of its own is met
by one connection at a time.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from pipes import LIMIT, Task
from typing import Any

from elders import OPENSSL_ALL, QuietGnutlsClient, credentials
from matrix import IDENTITY, SECRET
from polyglots import HERE, Stranger, missing, workplace
from strangers import OpensslClient, OpensslServed, Process, Program, tool

import certs

ADDRESS = "127.0.0.1"
#: The blocks that a client sends; each fits into a datagram of 1200 bytes, which some have for the largest.
BLOCKS = (1, 1000, 1100)
ARGUMENTS = (SECRET.hex(), IDENTITY.decode())


def udp() -> socket.socket:
    """A socket on a free port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(LIMIT)
    sock.bind((ADDRESS, 0))
    return sock


def dial(port: int) -> socket.socket:
    sock = udp()
    sock.connect((ADDRESS, port))
    return sock


def accept(sock: socket.socket) -> socket.socket:
    """Waits for the first datagram, leaves it where it is and listens to its sender alone."""
    sock.connect(sock.recvfrom(1, socket.MSG_PEEK)[1])
    return sock


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def free_port() -> int:
    with udp() as sock:
        return port_of(sock)


# --- programs that take commands ---------------------------------------------------------------------------


class Commanded(Stranger):
    """A program that takes commands, with options in the form ``name=value`` behind them."""

    def serve(self, version: str, suite: Any, key: str, *more: Any) -> socket.socket:
        self.say(" ".join(map(str, ("serve", version, suite, key, *more))))
        answer = self.answer()
        assert answer[0] == "port", f"{self.name}: {' '.join(answer)}"
        return dial(int(answer[1]))

    def connect(self, _listener: Any, version: str, suite: Any, key: str, *more: Any) -> socket.socket:
        sock = udp()
        self.say(" ".join(map(str, ("connect", port_of(sock), version, suite, key, *more))))
        return accept(sock)

    def facts(self) -> dict[str, str]:
        """The answer that must be good: what is said as ``name=value``."""
        answer = self.answer()
        assert answer[0] == "done", f"{self.name}: {' '.join(answer)}"
        return dict(word.split("=", 1) for word in answer[3:] if "=" in word)


class Forms:
    """A program of that kind with one order of MAC and encryption."""

    def __init__(self, program: Commanded, form: str) -> None:
        self.program = program
        self.more = ("etm=0",) if form == "mte" else ()

    def serve(self, version: str, suite: Any, key: str) -> socket.socket:
        return self.program.serve(version, suite, key, *self.more)

    def connect(self, listener: Any, version: str, suite: Any, key: str) -> socket.socket:
        return self.program.connect(listener, version, suite, key, *self.more)

    def answer(self) -> list[str]:
        return self.program.answer()


@functools.cache
def mbedtls() -> Commanded:
    header = Path("/usr/include/mbedtls/ssl.h")
    if shutil.which("cc") is None or not header.exists():
        missing("a C compiler or libmbedtls-dev")
    program = workplace() / "mbedpeer"
    libraries = ("-lmbedtls", "-lmbedx509", "-lmbedcrypto")
    subprocess.run(["cc", "-O1", "-o", program, HERE / "mbedpeer.c", *libraries], check=True)
    return Commanded("mbedTLS", [str(program), str(workplace()), *ARGUMENTS])


@functools.cache
def pion() -> Commanded:
    if shutil.which("go") is None:
        missing("Go")
    program = workplace() / "pionpeer"
    environment = os.environ | {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    command = ["go", "build", "-o", str(program), "."]
    subprocess.run(command, cwd=HERE / "pionpeer", check=True, env=environment)
    return Commanded("Pion", [str(program), str(workplace()), *ARGUMENTS])


@functools.cache
def java() -> Commanded:
    if shutil.which("javac") is None or shutil.which("java") is None:
        missing("a Java development kit")
    folder = workplace()
    subprocess.run(["javac", "-d", str(folder), str(HERE / "DtlsPeer.java")], check=True)
    return Commanded("JSSE", ["java", "-cp", str(folder), "DtlsPeer", str(folder), certs.PASSWORD.decode()])


@functools.cache
def wolfssl() -> Commanded:
    from ctypes.util import find_library

    if find_library("wolfssl") is None:
        missing("libwolfssl35")
    group = ("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048")
    subprocess.run([tool("openssl"), *group, "-out", workplace() / "dh.pem"], check=True)
    return Commanded("wolfSSL", [sys.executable, str(HERE / "wolfssl_peer.py"), str(workplace()), *ARGUMENTS])


# --- OpenSSL and GnuTLS ------------------------------------------------------------------------------------


def lines() -> list[bytes]:
    """Blocks that no program takes for a command."""
    return [b"@" * (size - 1) + b"\n" for size in BLOCKS]


class Tool:
    """A program of the distribution, started anew for each connection."""

    def __init__(self, form: str = "") -> None:
        self.form = form
        self._work: Task | None = None
        #: Our end is done: whoever waits only for late datagrams may be killed.
        self._over = threading.Event()

    def server(self, version: str, suite: str, key: str, *more: str | Path) -> tuple[Program, int]:
        raise NotImplementedError

    def client(self, port: int, version: str, suite: str, key: str, *more: str | Path) -> Program:
        raise NotImplementedError

    def serve(self, version: str, suite: str, key: str, *more: str | Path) -> socket.socket:
        peer, port = self.server(version, suite, key, *more)
        self._work = Task(self._echo, peer)
        return dial(port)

    def connect(self, _listener: Any, version: str, suite: str, key: str, *more: str | Path) -> socket.socket:
        sock = udp()
        peer = self.client(port_of(sock), version, suite, key, *more)
        self._work = Task(self._speak, peer)
        return accept(sock)

    def _echo(self, peer: Program) -> None:
        with contextlib.closing(Killed(peer)):
            peer.established()
            for block in lines():
                assert peer.receive(len(block)) == block
                peer.send(block)
            ended = peer.ended()
            assert ended == "orderly", ended

    def _speak(self, peer: Program) -> None:
        with contextlib.closing(Killed(peer)):
            peer.established()
            for block in lines():
                peer.send(block)
                assert peer.receive(len(block)) == block
            peer.close()
            assert self._over.wait(LIMIT), "our end does not notice the end"
            ended = peer.ended()
            assert ended == "orderly", ended

    def answer(self) -> list[str]:
        assert self._work is not None
        self._over.set()
        try:
            self._work.result()
        except AssertionError as error:
            return ["fail", str(error)]
        return ["done"]


class Killed:
    """Ends a peer's process when it is closed."""

    def __init__(self, peer: Program) -> None:
        self.peer = peer
        self.close = peer.process.kill


class OpensslCaller(OpensslClient):
    def ended(self) -> str:
        """It waits half a second for what may still come, with nothing more to say."""
        self.process.search(rb"DONE\n", errors=True)
        return "orderly" if b"error" not in self.process.err else self.process.said()


OPENSSL_VERSIONS = {"DTLSv1": "-dtls1", "DTLSv1.2": "-dtls1_2"}
_OPENSSL_PSK = ("-psk", SECRET.hex(), "-psk_identity", IDENTITY.decode())


def openssl_server(*arguments: str | Path, key: str = "rsa") -> tuple[OpensslServed, int]:
    certificate, private = credentials(key)
    process = Process(
        *(tool("openssl"), "s_server", "-accept", f"{ADDRESS}:0", "-naccept", "1"),
        *("-cert", certificate, "-key", private, "-cert_chain", certificate, *_OPENSSL_PSK, *arguments),
    )
    port = process.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
    process.drop_until(port.end())
    return OpensslServed(process), int(port[1])


def openssl_client(port: int, *arguments: str | Path) -> OpensslCaller:
    return OpensslCaller(
        Process(
            *(tool("openssl"), "s_client", "-connect", f"{ADDRESS}:{port}", "-no-CApath", "-no-CAstore"),
            *("-CAfile", certs.authority().file("cert"), "-verify_return_error", *_OPENSSL_PSK, *arguments),
        )
    )


class Openssl(Tool):
    def _form(self) -> tuple[str, ...]:
        return ("-no_etm",) if self.form == "mte" else ()

    def server(self, version: str, suite: str, key: str, *more: str | Path) -> tuple[Program, int]:
        chosen = (OPENSSL_VERSIONS[version], "-cipher", OPENSSL_ALL)
        return openssl_server(*chosen, *self._form(), *more, key=key)

    def client(self, port: int, version: str, suite: str, _key: str, *more: str | Path) -> Program:
        chosen = (OPENSSL_VERSIONS[version], "-cipher", f"{suite}:@SECLEVEL=0")
        return openssl_client(port, *chosen, *self._form(), *more)


_GNUTLS_ALL = (
    "NORMAL:+CIPHER-ALL:+AES-128-CCM-8:+AES-256-CCM-8:+3DES-CBC:+NULL:+MAC-ALL:+MD5:+SHA256:+SHA384:+KX-ALL:+DHE-DSS"
    ":+ANON-DH:+ANON-ECDH:+PSK:+RSA-PSK:+DHE-PSK:+ECDHE-PSK:+SIGN-ALL:+SIGN-DSA-SHA1:+SIGN-DSA-SHA256:+SIGN-RSA-SHA1"
    ":+GROUP-ALL:%VERIFY_ALLOW_BROKEN:-VERS-ALL"
)
GNUTLS_VERSIONS = {"DTLSv1": ":+VERS-DTLS1.0", "DTLSv1.2": ":+VERS-DTLS1.2"}


def gnutls_priority(version: str, form: str = "") -> str:
    return _GNUTLS_ALL + GNUTLS_VERSIONS[version] + (":%NO_ETM" if form == "mte" else "")


def gnutls_server(key: str, priority: str, *arguments: str) -> tuple[Process, int]:
    """A server, which meets one client after the other."""
    certificate, private = credentials(key)
    port = free_port()  # somebody else may be as fast
    process = Process(
        *(tool("gnutls-serv"), "--udp", "--port", str(port), "--echo", "--priority", priority),
        *("--x509certfile", certificate, "--x509keyfile", private, *arguments),
    )
    if process.search(rb"IPv4 0\.0\.0\.0 port %d\.\.\.(done|bind)" % port, errors=True)[1] == b"done":
        return process, port
    process.kill()
    return gnutls_server(key, priority, *arguments)


@functools.cache
def _lasting_gnutls_server(key: str, priority: str, *more: str) -> tuple[Process, int]:
    """One that goes on to the end of the test run."""
    passwords = certs.directory() / "passwords-udp"
    passwords.write_text(f"{IDENTITY.decode()}:{SECRET.hex()}\n", encoding="ascii")
    process, port = gnutls_server(key, priority, "--pskpasswd", str(passwords), *more)
    atexit.register(process.kill)
    return process, port


def gnutls_client(port: int, priority: str, *arguments: str) -> Program:
    return QuietGnutlsClient(
        Process(
            *(tool("gnutls-cli"), "--udp", "--port", str(port), ADDRESS, f"--verify-hostname={certs.HOST}"),
            *(f"--x509cafile={certs.authority().file('cert')}", f"--pskkey={SECRET.hex()}"),
            *(f"--pskusername={IDENTITY.decode()}", "--priority", priority, *arguments),
        )
    )


class Gnutls(Tool):
    """Its server goes on, and says nothing of connections that end well."""

    def serve(self, version: str, _suite: str, key: str, *more: str | Path) -> socket.socket:
        chosen = more or ("--disable-client-cert",)
        self._process, port = _lasting_gnutls_server(
            key, gnutls_priority(version, self.form), *map(str, chosen)
        )
        self._since = len(self._process.err)
        self._work = None
        return dial(port)

    def client(self, port: int, version: str, _suite: str, _key: str, *more: str | Path) -> Program:
        return gnutls_client(port, gnutls_priority(version, self.form), *map(str, more))

    def answer(self) -> list[str]:
        if self._work is not None:
            return super().answer()
        said = b"".join(re.findall(rb"Error[^\n]*", bytes(self._process.err[self._since :])))
        return ["fail", repr(said)] if said else ["done"]
