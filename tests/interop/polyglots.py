"""Peers written in other languages: Java's JSSE, Go's crypto/tls and an OpenSSL of 2013 (nassl).

In: a version, a suite, a key. Out: a connection to or from our end, echoed both ways. Promise: one process a peer
and test run; a peer that cannot be started fails the run where ``CI`` is set and is skipped with one line elsewhere.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import certs

HERE = Path(__file__).parent / "peers"
BLOCKS = (1000, 40000)
VERSIONS = {"SSLv3": 0x300, "TLSv1": 0x301, "TLSv1.1": 0x302, "TLSv1.2": 0x303}
KEYS = ("rsa", "p256", "dsa", "dsa1024", "ecdh_rsa")


def missing(what: str) -> None:
    """Fail in CI, skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed; .ci/run has to bring it", pytrace=False)
    pytest.skip(f"{what} is not installed")


@functools.cache
def workplace() -> Path:
    """A folder with every key as KEY.p12 and KEY.pem, and the compiled peers."""
    folder = certs.directory() / "strangers"
    folder.mkdir()
    for key in KEYS:
        credential = certs.leaf(key)
        shutil.copy(credential.file("p12"), folder / f"{key}.p12")
        shutil.copy(credential.file("both"), folder / f"{key}.pem")
    return folder


class Stranger:
    """A peer in a process of its own that takes commands on its standard input."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        atexit.register(self._process.kill)

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> list[str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self.name} has ended"
        return line.split()

    def serve(self, version: str, suite: Any, key: str, *more: Any) -> socket.socket:
        """A connection to the peer as server."""
        self.say(" ".join(map(str, ("serve", version, suite, key, *more))))
        answer = self.answer()
        assert answer[0] == "port", f"{self.name}: {' '.join(answer)}"
        return socket.create_connection((certs.HOSTS[1], int(answer[1])), 20)

    def connect(
        self, listener: socket.socket, version: str, suite: Any, key: str, *more: Any
    ) -> socket.socket:
        """A connection from the peer as client."""
        self.say(" ".join(map(str, ("connect", listener.getsockname()[1], version, suite, key, *more))))
        return listener.accept()[0]

    @functools.cached_property
    def suites(self) -> frozenset[str]:
        self.say("suites")
        return frozenset(self.answer()[1:])


@functools.cache
def java() -> Stranger:
    if shutil.which("javac") is None or shutil.which("java") is None:
        missing("a Java development kit")
    folder = workplace()
    subprocess.run(["javac", "-d", str(folder), str(HERE / "JssePeer.java")], check=True)
    return Stranger("JSSE", ["java", "-cp", str(folder), "JssePeer", str(folder), certs.PASSWORD.decode()])


@functools.cache
def go() -> Stranger:
    if shutil.which("go") is None:
        missing("Go")
    program = workplace() / "gopeer"
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE / "gopeer", check=True, env=environment)
    return Stranger("Go", [str(program), str(workplace())])


@functools.cache
def old_openssl() -> Stranger:
    try:
        import nassl  # noqa: F401
    except ImportError:
        missing("nassl")
    return Stranger("OpenSSL 1.0.1e", [sys.executable, str(HERE / "nassl_peer.py")])
