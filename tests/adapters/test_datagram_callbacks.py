"""The datagram callbacks serve a record's header and body from one datagram, and lose nothing that they need not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest

import securetransport as st
from datagrams import Link, client, server
from securetransport.adapters import callbacks as cb

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    one, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with one, other:
        for sock in (one, other):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(5)
        one.connect(other.getsockname())
        other.connect(one.getsockname())
        yield one, other


def record(n: int, fill: int = 7) -> bytes:
    return bytes([23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0]) + n.to_bytes(2, "big") + bytes([fill]) * n


def read(callbacks: cb.Callbacks, n: int) -> tuple[int, bytes]:
    room = bytearray(n)
    status, count = callbacks.read(None, memoryview(room), n)
    return status, bytes(room[:count])


def test_records_of_one_datagram_are_served_one_after_the_other(ends: Ends) -> None:
    callbacks = cb.DatagramSocketCallbacks(ends[0])
    ends[1].send(record(20) + record(0) + record(14, 8))
    ends[1].send(record(30, 9))
    for n, fill in ((20, 7), (0, 7), (14, 8), (30, 9)):
        assert read(callbacks, 13) == (0, record(n)[:13])
        if n:
            assert read(callbacks, n) == (0, bytes([fill]) * n)


@pytest.mark.parametrize(
    "rubbish", [b"", b"x", record(50)[:13], record(50)[:40], record(20) + record(9)[:13]], ids=len
)
def test_what_is_no_whole_record_is_skipped_and_the_next_datagram_begins_with_a_header(
    ends: Ends, rubbish: bytes
) -> None:
    callbacks = cb.DatagramSocketCallbacks(ends[0])
    ends[1].send(rubbish)
    ends[1].send(record(30, 9))
    if rubbish.startswith(record(20)):
        assert read(callbacks, 13) == (0, record(20)[:13])
        assert read(callbacks, 20) == (0, bytes([7]) * 20)
    assert read(callbacks, 13) == (0, record(30)[:13])


def test_a_flood_of_what_is_no_record_does_not_hold_a_call() -> None:
    callbacks = cb.DatagramMemoryCallbacks()
    for _ in range(100):
        callbacks.feed(b"x")
    callbacks.feed(record(30))
    assert read(callbacks, 13) == (st.errSSLWouldBlock, b"")
    assert read(callbacks, 13) == (0, record(30)[:13])


def test_records_with_a_connection_id_are_served_whole(ends: Ends) -> None:
    callbacks = cb.DatagramSocketCallbacks(ends[0], 3)
    head = bytes([25]) + record(0)[1:11] + b"ID!" + b"\0\4"
    ends[1].send(head + b"body" + record(9) + head + b"bod")
    for n, part in ((16, head), (4, b"body"), (13, record(9)[:13]), (9, record(9)[13:])):
        assert read(callbacks, n) == (0, part)
    ends[1].send(record(30))
    assert read(callbacks, 13) == (0, record(30)[:13])


def test_nothing_to_read_and_no_room_are_would_block(ends: Ends) -> None:
    callbacks = cb.DatagramSocketCallbacks(ends[0])
    for timeout in (0.0, 0.01):
        ends[0].settimeout(timeout)
        assert read(callbacks, 13) == (st.errSSLWouldBlock, b"")
    assert callbacks.failure is None


class Refusing:
    """A socket that fails in a given way."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def recv_into(self, room: memoryview) -> int:
        raise self.error

    def send(self, data: Any) -> int:
        raise self.error


@pytest.mark.parametrize("number", [errno.EMSGSIZE, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENOBUFS])
def test_a_datagram_that_the_network_refuses_is_a_lost_one(number: int) -> None:
    error = OSError(number, "refused")
    callbacks = cb.DatagramSocketCallbacks(Refusing(error))  # type: ignore[arg-type]
    assert callbacks.write(None, memoryview(b"four"), 4) == (0, 4)
    assert callbacks.failure is error
    assert read(callbacks, 13) == (st.errSSLWouldBlock, b"")


def test_a_socket_that_cannot_be_used_is_an_error() -> None:
    error = OSError(errno.EBADF, "closed")
    callbacks = cb.DatagramSocketCallbacks(Refusing(error))  # type: ignore[arg-type]
    assert callbacks.write(None, memoryview(b"four"), 4) == (st.errSecIO, 0)
    assert read(callbacks, 13) == (st.errSecIO, b"")
    assert callbacks.failure is error


def test_two_contexts_speak_over_sockets(ends: Ends) -> None:
    links = [Link(client(), ends[0]), Link(server(), ends[1])]
    codes = [st.errSSLWouldBlock] * 2
    while st.errSSLWouldBlock in codes:
        for n, link in enumerate(links):
            if codes[n] == st.errSSLWouldBlock:
                link.socket.settimeout(0.01)
                codes[n] = st.SSLHandshake(link.ctx)
    assert codes == [0, 0]
    for sender, receiver in (links, links[::-1]):
        assert sender.send(b"hello") == 0
        assert receiver.receive() == (0, b"hello")
