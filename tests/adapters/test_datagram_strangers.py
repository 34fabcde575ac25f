"""OpenSSL's DTLS client and server at the other end of the datagram adapter."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from test_datagram import PATIENCE, PSK, anchor, credentials, echo, serving

import certs
from securetransport.adapters import datagram

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(
    OPENSSL is None and "CI" not in os.environ, reason="openssl is not installed here"
)


def quiet_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def speak(process: subprocess.Popen[bytes], wanted: bytes) -> bytes:
    """What a process says, up to what is wanted."""
    assert process.stdout
    heard = b""
    while wanted not in heard:
        data = os.read(process.stdout.fileno(), 65536)
        assert data, heard
        heard += data
    return heard


def openssl(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["openssl", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.parametrize(
    ("version", "options", "flags"),
    [
        ("-dtls1_2", {"credentials": "chained"}, ["-CAfile", "authority", "-verify_return_error"]),
        ("-dtls1_2", {"psk": dict([PSK])}, ["-psk_identity", PSK[0], "-psk", PSK[1].hex()]),
    ],
    ids=["certificate", "psk"],
)
def test_openssl_s_client_is_served(version: str, options: dict[str, Any], flags: list[str]) -> None:
    if "credentials" in options:
        options = {"credentials": credentials(options["credentials"])}
    arguments = [str(certs.authority().file("cert")) if flag == "authority" else flag for flag in flags]
    with serving(echo, **options) as server:
        place = f"127.0.0.1:{server.port}"
        with openssl("s_client", version, "-connect", place, *arguments) as process:
            speak(process, b"Extended master secret: yes")
            assert process.stdin
            process.stdin.write(b"hello from afar\n")
            process.stdin.flush()
            speak(process, b"hello from afar")
            process.stdin.close()
            process.wait(PATIENCE)


@pytest.mark.parametrize("listen", [[], ["-listen"]], ids=["plain", "cookies"])
def test_openssl_s_server_is_talked_to(listen: list[str]) -> None:
    port = quiet_port()
    leaf = certs.leaf("chained")
    arguments = ["-accept", f"127.0.0.1:{port}", "-cert", leaf.file("cert"), "-key", leaf.file("key")]
    chain = ["-cert_chain", leaf.file("cert")]
    with openssl("s_server", "-dtls1_2", *arguments, *chain, *listen) as process:
        try:
            speak(process, b"ACCEPT")
            options: dict[str, Any] = {"trusted": [anchor()], "server_name": "localhost", "timeout": PATIENCE}
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    peer = datagram.connect(("127.0.0.1", port), **options)
                    break
                except datagram.PeerRefused:  # it says ACCEPT before it has a socket
                    assert time.monotonic() < deadline
            with peer:
                assert process.stdin
                speak(process, b"CIPHER is")
                process.stdin.write(b"hello from afar\n")
                process.stdin.flush()
                assert peer.receive(PATIENCE) == b"hello from afar\n"
                peer.send(b"and back\n")
                speak(process, b"and back")
        finally:
            process.kill()
