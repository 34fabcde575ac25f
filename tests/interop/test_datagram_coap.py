"""libcoap's programs, built with OpenSSL and with GnuTLS, on our endpoint: what small devices speak (RFC 7925)."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pipes import LIMIT, array, certificate
from typing import Any, NamedTuple

import coap
import pytest
from strangers import Process, process, tool

import certs
from securetransport import extensions
from securetransport.adapters import datagram

ADDRESS = "127.0.0.1"
IDENTITY, SECRET = "thermometer", b"open sesame"
GREETING = b"twenty-one degrees"
SUITES = {
    "PSK": "TLS_PSK_WITH_AES_128_CCM_8",
    "ECDHE_ECDSA": "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
}


class Cell(NamedTuple):
    build: str
    exchange: str

    def __str__(self) -> str:
        return "-".join(self)


CELLS = [Cell(build, exchange) for build in ("openssl", "gnutls") for exchange in SUITES]


def _ports() -> int:
    """A free port after which the next is free too: libcoap's server takes the next one for DTLS."""
    while True:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            first, second = (
                stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)
            )
            first.bind((ADDRESS, 0))
            port = int(first.getsockname()[1])
            second.bind((ADDRESS, port + 1))
            return port


def _files(key: str) -> tuple[Any, ...]:
    return "-c", certs.leaf(key).file("cert"), "-j", certs.leaf(key).file("key")


def _settings(cell: Cell, client: bool) -> Any:
    """Our end with the one suite."""
    chosen: dict[str, Any] = {"suites": [getattr(extensions, SUITES[cell.exchange])]}
    if cell.exchange == "PSK":
        return chosen | {"psk": (IDENTITY, SECRET) if client else {IDENTITY: SECRET}}
    if client:
        return chosen | {"trusted": [certificate(certs.authority().der)], "server_name": certs.HOST}
    return chosen | {"credentials": array(certs.leaf("p256"))}


@contextlib.contextmanager
def _coap_server(cell: Cell) -> Iterator[int]:
    """libcoap's example server; its port for DTLS."""
    port = _ports()
    proof = ("-k", SECRET.decode(), "-h", "any") if cell.exchange == "PSK" else (*_files("p256"), "-n")
    with process(tool(f"coap-server-{cell.build}"), "-A", ADDRESS, "-p", str(port), *proof, "-v", "6"):
        yield port + 1


def _connect(port: int, cell: Cell) -> Any:
    """A client of ours. A server that does not listen yet lets the first hello get lost: it is tried again."""
    end = time.monotonic() + LIMIT
    while True:
        try:
            return datagram.connect((ADDRESS, port), timeout=5, **_settings(cell, True))
        except datagram.PeerRefused:
            assert time.monotonic() < end, "nobody listens"


def _ask(peer: Any, path: str, number: int) -> coap.Message:
    question = coap.get(path, number, bytes([number]))
    peer.send(coap.encode(question))
    answer = coap.decode(peer.receive(timeout=LIMIT))
    assert (answer.number, answer.token) == (question.number, question.token)
    return answer


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_our_client_reads_from_libcoaps_server(cell: Cell) -> None:
    with _coap_server(cell) as port, _connect(port, cell) as peer:
        assert peer.suite == SUITES[cell.exchange]
        assert _ask(peer, "/", 1).payload.startswith(b"This is a test server made with libcoap")
        assert b"/time" in _ask(peer, "/.well-known/core", 2).payload
        assert _ask(peer, "/nowhere", 3).code == coap.NOT_FOUND


def _answer(peer: Any, data: bytes) -> None:
    question = coap.decode(data)
    if question.code == coap.GET:  # and not a ping
        known = question.path == "temperature"
        peer.send(
            coap.encode(question.answer(*((coap.CONTENT, GREETING) if known else (coap.NOT_FOUND, b""))))
        )


def _coap_client(cell: Cell, port: int, path: str) -> Process:
    proof = ("-k", SECRET.decode(), "-u", IDENTITY)
    if cell.exchange != "PSK":
        proof = (*_files("p256"), "-C", certs.authority().file("cert"))
    where = f"coaps://{ADDRESS}:{port}/{path}"
    return Process(tool(f"coap-client-{cell.build}"), "-B", "20", *proof, where)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_libcoaps_client_reads_from_our_server(cell: Cell) -> None:
    with datagram.listen((ADDRESS, 0), **_settings(cell, False)) as server:
        client = _coap_client(cell, server.port, "temperature")
        try:
            peer = server.accept(timeout=LIMIT)
            _answer(peer, peer.receive(timeout=LIMIT))
            assert client.search(rb"%s" % GREETING)
            assert peer.suite == SUITES[cell.exchange]
            if cell.exchange == "PSK":
                assert peer.psk_identity == IDENTITY.encode()
            with pytest.raises(datagram.PeerClosed):
                peer.receive(timeout=LIMIT)
            assert client.finish() == 0
        finally:
            client.kill()
