"""A reader and a writer on one context go on while another handshake runs: nobody waits for ever, no byte is lost."""

from __future__ import annotations

import socket
import threading
from pipes import (
    LIMIT,
    WOULD_BLOCK,
    Link,
    Pair,
    Task,
    blocking_links,
    client,
    connected,
    message,
    ok,
    socket_link,
    state,
)
from pipes import server as server_context
from typing import Any

import pytest

import securetransport as st


def links() -> tuple[Link, Link]:
    """Two connected ends in blocking style over sockets that soon are full."""
    ctx = server_context()
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionAllowRenegotiation, True))
    socks = socket.socketpair()
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one, other = socket_link(client(), socks[0]), socket_link(ctx, socks[1])
    task = Task(other.handshake)
    assert one.handshake() == 0
    assert task.result() == 0
    return one, other


def begin(ctx: Any) -> None:
    """Another handshake, unless one is under way."""
    assert st.SSLReHandshake(ctx) in (0, st.errSecBadReq)


@pytest.mark.parametrize("who", ["client", "server", "both"])
def test_bulk_in_both_directions_survives_renegotiations(who: str) -> None:
    one, other = links()
    n, portion = 1_500_000, 100_000
    up, down = message(n, 1), message(n, 2)

    def write(link: Link, data: bytes, asks: bool) -> None:
        for at in range(0, n, portion):
            if asks and at % (3 * portion) == 0:
                begin(link.ctx)
            assert link.send(data[at : at + portion]) == 0

    tasks = [
        Task(write, one, up, who in ("client", "both")),
        Task(write, other, down, who in ("server", "both")),
        Task(one.receive, n),
        Task(other.receive, n),
    ]
    assert [task.result() for task in tasks] == [None, None, down, up]


def asking() -> tuple[Link, Link]:
    one, other, _, _ = blocking_links()
    ok(st.SSLSetSessionOption(other.ctx, st.kSSLSessionOptionAllowRenegotiation, True))
    task = Task(other.handshake)
    assert one.handshake() == 0
    assert task.result() == 0
    return one, other


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_write_does_not_wait_for_the_answer_to_itself(who: str) -> None:
    """The reader completes the handshake and goes on waiting for what the peer says to the write."""
    one, other = asking()

    def echo() -> None:
        for _ in range(20):
            assert other.send(other.receive(7)) == 0

    came = threading.Semaphore(0)

    def read() -> None:
        for _ in range(20):
            assert one.receive(7) == b"request"
            came.release()

    tasks = [Task(echo), Task(read)]
    for _ in range(20):
        begin(one.ctx if who == "client" else other.ctx)
        assert one.send(b"request") == 0
        assert came.acquire(timeout=LIMIT)
    for task in tasks:
        task.result()


def test_a_handshake_is_told_of_what_the_reader_completed() -> None:
    one, other = asking()
    reading = [Task(one.receive, 4), Task(other.receive, 4)]
    ok(st.SSLReHandshake(other.ctx))
    assert Task(st.SSLHandshake, other.ctx).result() == 0
    assert state(other.ctx) == st.kSSLConnected
    assert one.send(b"here") == 0
    assert other.send(b"back") == 0
    assert [task.result() for task in reading] == [b"back", b"here"]


@pytest.mark.parametrize("call", ["write", "handshake"])
@pytest.mark.parametrize("end", ["close", "error"])
def test_who_waits_for_the_reader_is_told_when_the_context_ends(call: str, end: str) -> None:
    pair = connected()
    inside, go = threading.Event(), threading.Event()

    def wait(*_: Any) -> Any:
        inside.set()
        assert go.wait(LIMIT)
        return WOULD_BLOCK

    ok(st.SSLReHandshake(pair.client))
    pair.down.on_read.append(wait)
    reader = Task(st.SSLRead, pair.client, None, 1, None)
    assert inside.wait(LIMIT)
    waiting = (
        Task(st.SSLWrite, pair.client, b"x", 1, None)
        if call == "write"
        else Task(st.SSLHandshake, pair.client)
    )
    ok(st.SSLClose(pair.client) if end == "close" else st.SSLSetError(pair.client, 1))
    answer = waiting.result()
    code = answer[0] if call == "write" else answer
    # SSLHandshake may also have been the one that closes after SSLSetError.
    assert code in (st.errSSLClosedGraceful, st.errSSLClosedAbort, 0)
    go.set()
    assert reader.result()[0] != 0


@pytest.mark.parametrize("call", ["write", "handshake"])
def test_a_pause_that_the_reader_meets_is_gone_past_by_nobody_who_was_inside(call: str) -> None:
    one = client()
    ok(st.SSLSetSessionOption(one, st.kSSLSessionOptionBreakOnServerAuth, True))
    two = server_context()
    ok(st.SSLSetSessionOption(two, st.kSSLSessionOptionAllowRenegotiation, True))
    pair = Pair(client=one, server=two)
    while pair.handshake() != (0, 0):
        pass
    inside, go = threading.Event(), threading.Event()

    def wait(*arguments: Any) -> Any:
        inside.set()
        assert go.wait(LIMIT)
        return pair.down.work_read(*arguments)

    ok(st.SSLReHandshake(one))
    assert st.SSLHandshake(one) == WOULD_BLOCK
    assert st.SSLRead(two, None, 1, None)[0] == WOULD_BLOCK
    pair.down.on_read.append(wait)
    reader = Task(st.SSLRead, one, None, 1, None)
    assert inside.wait(LIMIT)
    offered = threading.Event()
    pair.up.on_write.append(lambda *arguments: (offered.set(), pair.up.work_write(*arguments))[1])
    waiting = Task(st.SSLWrite, one, b"x", 1, None) if call == "write" else Task(st.SSLHandshake, one)
    waiting.join(0.1)  # so that it waits for the reader, which nothing shows
    go.set()
    codes = {reader.result()[0], waiting.result()[0] if call == "write" else waiting.result()}
    assert codes == {st.errSSLPeerAuthCompleted}
    assert not offered.is_set(), "nothing of ours leaves before the pause is over"
    assert st.SSLHandshake(one) == WOULD_BLOCK
    assert offered.is_set()
    assert st.SSLRead(two, None, 1, None)[0] == WOULD_BLOCK
    assert st.SSLHandshake(one) == 0
