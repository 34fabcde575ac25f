"""One thread reads while another writes; nobody waits for a stranger's callback."""

from __future__ import annotations

import threading
import time
from pipes import LIMIT, WOULD_BLOCK, BlockingPipe, Pair, Task, blocking_links, connected, message, ok, state
from typing import Any

import pytest

import securetransport as st


class Gate:
    """A callback that waits inside until it is let go."""

    def __init__(self, then: Any) -> None:
        self.inside, self.go = threading.Event(), threading.Event()
        self.then = then

    def __call__(self, connection: Any, data: memoryview, length: int) -> Any:
        self.inside.set()
        assert self.go.wait(LIMIT)
        return self.then(connection, data, length) if callable(self.then) else self.then


def test_two_ends_in_blocking_style_shake_hands_and_trade() -> None:
    one, other, _, _ = blocking_links("rsa")
    task = Task(other.handshake)
    assert one.handshake() == 0
    assert task.result() == 0
    for n in (0, 1, 16_384, 1_000_000):
        data = message(n)
        task = Task(other.receive, n)
        assert one.send(data) == 0
        assert task.result() == data
        task = Task(one.receive, n)
        assert other.send(data) == 0
        assert task.result() == data
    assert one.close() == 0
    assert other.rest() == (st.errSSLClosedGraceful, b"")


def test_both_directions_run_at_once_with_a_reader_and_a_writer_each() -> None:
    one, other, _, _ = blocking_links()
    task = Task(other.handshake)
    assert one.handshake() == 0
    task.result()
    n = 3_000_000
    up, down = message(n, 1), message(n, 2)

    def write(link: Any, data: bytes) -> None:
        for at in range(0, n, 50_000):
            assert link.send(data[at : at + 50_000]) == 0

    tasks = [Task(write, one, up), Task(write, other, down), Task(one.receive, n), Task(other.receive, n)]
    assert [task.result() for task in tasks] == [None, None, down, up]


def test_a_write_and_getters_work_while_a_read_waits_in_its_callback() -> None:
    pair = connected()
    gate = Gate(WOULD_BLOCK)
    pair.down.on_read.append(gate)
    reading = Task(st.SSLRead, pair.client, None, 5, None)
    assert gate.inside.wait(LIMIT)
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (0, 5)
    assert state(pair.client) == st.kSSLConnected
    assert st.SSLGetNegotiatedCipher(pair.client) == (0, 0xC02C)
    assert st.SSLGetBufferedReadSize(pair.client) == (0, 0)
    assert "Connected" in repr(pair.client)
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"hello", 5)
    gate.go.set()
    assert reading.result() == (WOULD_BLOCK, b"", 0)


def test_a_read_works_while_a_write_waits_in_its_callback() -> None:
    pair = connected()
    gate = Gate(pair.up.work_write)
    pair.up.on_write.append(gate)
    writing = Task(st.SSLWrite, pair.client, b"hello", 5, None)
    assert gate.inside.wait(LIMIT)
    ok(st.SSLWrite(pair.server, b"there", 5, None)[0])
    assert st.SSLRead(pair.client, None, 5, None) == (0, b"there", 5)
    gate.go.set()
    assert writing.result() == (0, 5)
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"hello", 5)


def test_another_context_is_never_waited_for() -> None:
    pair, elsewhere = connected(), connected()
    gates = [Gate(WOULD_BLOCK), Gate(WOULD_BLOCK)]
    pair.down.on_read.append(gates[0])
    pair.up.on_write.append(gates[1])
    tasks = [Task(st.SSLRead, pair.client, None, 5, None), Task(st.SSLWrite, pair.client, b"hello", 5, None)]
    for gate in gates:
        assert gate.inside.wait(LIMIT)
    data = message(300_000)
    assert elsewhere.transfer(elsewhere.client, data) == data
    assert Pair("rsa").handshake() == (0, 0)
    for gate in gates:
        gate.go.set()
    assert [task.result() for task in tasks] == [(WOULD_BLOCK, b"", 0), (WOULD_BLOCK, 5)]


def test_two_readers_take_turns_and_no_byte_comes_twice() -> None:
    one, other, _, _ = blocking_links()
    task = Task(other.handshake)
    assert one.handshake() == 0
    task.result()
    got: list[bytes] = []
    lock = threading.Lock()

    def read() -> None:
        while True:
            status, part, _ = st.SSLRead(other.ctx, None, 100, None)
            if status == st.errSSLClosedGraceful:
                return
            assert status == 0
            with lock:
                got.append(part)

    tasks = [Task(read) for _ in range(3)]
    blocks = [bytes([65 + i % 26]) * 100 for i in range(200)]
    for block in blocks:
        assert one.send(block) == 0
    one.close()
    for task in tasks:
        task.result()
    assert sorted(got) == sorted(blocks)


def test_two_writers_never_mix_their_records() -> None:
    one, other, up, _ = blocking_links()
    task = Task(other.handshake)
    assert one.handshake() == 0
    task.result()
    n = 300_000

    def write(letter: bytes) -> None:
        for _ in range(20):
            assert st.SSLWrite(one.ctx, letter * (n // 20), n // 20, None) == (0, n // 20)

    tasks = [Task(write, letter) for letter in (b"a", b"b", b"c")]
    got = other.receive(3 * n)
    for task in tasks:
        task.result()
    portions = [got[at : at + n // 20] for at in range(0, 3 * n, n // 20)]
    assert all(len(set(portion)) == 1 for portion in portions)
    assert all(got.count(letter) == n for letter in (b"a", b"b", b"c"))
    assert not up.data


def test_a_write_on_another_thread_waits_for_the_handshake() -> None:
    one, other, _, _ = blocking_links()
    status = []

    def write() -> None:
        while (answer := st.SSLWrite(one.ctx, b"hello", 5, None)) == (st.errSecBadReq, 0):
            pass  # not started yet
        status.append(answer)

    tasks = [Task(write), Task(one.handshake)]
    assert other.handshake() == 0
    assert other.receive(5) == b"hello"
    for task in tasks:
        task.result()
    assert status == [(0, 5)]


@pytest.mark.parametrize("which", ["read", "write"])
def test_closing_while_another_thread_waits_in_a_callback_ends_the_connection(which: str) -> None:
    pair = connected()
    gate = Gate(WOULD_BLOCK if which == "read" else pair.up.work_write)
    if which == "read":
        pair.down.on_read.append(gate)
        task = Task(st.SSLRead, pair.client, None, 5, None)
    else:
        pair.up.on_write.append(gate)
        task = Task(st.SSLWrite, pair.client, b"hello", 5, None)
    assert gate.inside.wait(LIMIT)
    assert st.SSLClose(pair.client) in (0, WOULD_BLOCK)
    assert state(pair.client) == st.kSSLClosed
    gate.go.set()
    answer = task.result()
    assert answer[0] in (0, WOULD_BLOCK, st.errSSLClosedGraceful)
    while st.SSLClose(pair.client) == WOULD_BLOCK:
        pass
    got = b""
    while (answer := st.SSLRead(pair.server, None, 5, None))[0] == 0:
        got += answer[1]
    assert answer[0] == st.errSSLClosedGraceful
    assert got == (b"hello" if which == "write" else b"")


def test_a_callback_may_use_other_contexts_even_those_that_other_threads_wait_with() -> None:
    """A tunnel: the callbacks of one context are another context's SSLRead and SSLWrite."""
    outer_up, outer_down = BlockingPipe(), BlockingPipe()
    outer = Pair("p256", up=outer_up, down=outer_down)
    shaking = Task(lambda: st.SSLHandshake(outer.server))
    assert st.SSLHandshake(outer.client) == 0
    assert shaking.result() == 0

    def through(context: Any) -> tuple[Any, Any]:
        def read(_connection: Any, data: memoryview, length: int) -> tuple[int, int]:
            status, _, n = st.SSLRead(context, data, length, None)
            return status, n

        def write(_connection: Any, data: memoryview, length: int) -> tuple[int, int]:
            return st.SSLWrite(context, data, length, None)

        return read, write

    inner = Pair("rsa")
    ok(st.SSLSetIOFuncs(inner.client, *through(outer.client)))
    ok(st.SSLSetIOFuncs(inner.server, *through(outer.server)))

    def shake(context: Any) -> int:
        while (status := st.SSLHandshake(context)) == WOULD_BLOCK:
            pass
        return status

    task = Task(shake, inner.server)
    assert shake(inner.client) == 0
    assert task.result() == 0
    data = message(50_000)
    assert st.SSLWrite(inner.client, data, len(data), None) == (0, len(data))
    got = b""
    while len(got) < len(data):
        got += st.SSLRead(inner.server, None, len(data) - len(got), None)[1]
    assert got == data


def test_many_connections_on_many_threads() -> None:
    def run(number: int) -> int:
        pair = Pair(("rsa", "p256", "ed25519")[number % 3])
        assert pair.handshake() == (0, 0)
        data = message(20_000, number)
        assert pair.transfer(pair.client, data) == data
        assert pair.transfer(pair.server, data) == data
        return st.SSLClose(pair.client)

    for task in [Task(run, number) for number in range(24)]:
        assert task.result() == 0


def asked_to_renegotiate(pair: Pair) -> None:
    ok(st.SSLReHandshake(pair.server))
    assert st.SSLWrite(pair.server, None, 0, None) == (0, 0)


def test_a_write_that_meets_a_renegotiation_does_not_read_beside_the_reader() -> None:
    """It was made on a complete handshake, had to wait for its turn, and then another handshake was under way."""
    pair = connected()
    writing, reading = Gate(pair.up.work_write), Gate(pair.down.work_read)
    pair.up.on_write.append(writing)
    first = Task(st.SSLWrite, pair.client, b"one", 3, None)
    assert writing.inside.wait(LIMIT)
    second = Task(st.SSLWrite, pair.client, b"two", 3, None)
    time.sleep(0.2)  # so that it waits for the first, which nothing shows
    asked_to_renegotiate(pair)

    pair.down.on_read.extend([None, None, lambda *_: (0, 2), reading])
    reader = Task(st.SSLRead, pair.client, None, 10, None)
    assert reading.inside.wait(LIMIT)
    assert state(pair.client) == st.kSSLHandshake
    asked = len(pair.down.asked)
    writing.go.set()
    assert first.result() == (0, 3)
    time.sleep(0.2)
    assert len(pair.down.asked) == asked
    reading.go.set()
    assert reader.result() == (WOULD_BLOCK, b"", 0)
    assert second.result() == (WOULD_BLOCK, 0)


def test_a_handshake_ends_when_another_thread_closes_its_context() -> None:
    pair = Pair()
    gate = Gate(pair.down.work_read)
    pair.down.on_read.append(gate)
    task = Task(st.SSLHandshake, pair.client)
    assert gate.inside.wait(LIMIT)
    assert st.SSLHandshake(pair.server) == WOULD_BLOCK
    ok(st.SSLClose(pair.client))
    sent = len(pair.up.writes)
    gate.go.set()
    assert task.result() == st.errSSLClosedGraceful
    assert state(pair.client) == st.kSSLClosed
    assert len(pair.up.writes) == sent
    assert st.SSLHandshake(pair.server) == WOULD_BLOCK


def test_closing_tells_the_peer_while_a_handshake_waits_for_it() -> None:
    pair = Pair()
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK
    gate = Gate(pair.up.work_read)
    pair.up.on_read.extend([None, None, gate])
    task = Task(st.SSLHandshake, pair.server)
    assert gate.inside.wait(LIMIT)
    ok(st.SSLClose(pair.server))
    assert pair.down.writes[-1] == b"\x15\x03\x03\x00\x02\x01\x00"
    gate.go.set()
    assert task.result() == st.errSSLClosedGraceful


def test_an_error_set_out_of_a_callback_ends_the_call_that_runs_it() -> None:
    pair = connected()

    def reject(*arguments: Any) -> Any:
        ok(st.SSLSetError(pair.client, st.errSecCertificateExpired))
        return pair.down.work_read(*arguments)

    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    pair.down.on_read.append(reject)
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"", 0)
    assert st.SSLHandshake(pair.client) == 0
    assert st.SSLRead(pair.server, None, 5, None)[0] == st.errSSLPeerCertExpired


def test_no_data_follows_the_close_notify_of_another_thread() -> None:
    pair = connected()
    gate = Gate(pair.up.work_write)
    pair.up.on_write.append(gate)
    n = 400_000  # several stretches
    task = Task(st.SSLWrite, pair.client, bytes(n), n, None)
    assert gate.inside.wait(LIMIT)
    ok(st.SSLClose(pair.client))
    gate.go.set()
    assert task.result() == (st.errSSLClosedGraceful, n)
    assert pair.up.writes[-1][:1] == b"\x15"
    got = 0
    while (answer := st.SSLRead(pair.server, None, n, None))[0] == 0:
        got += answer[2]
    assert answer[0] == st.errSSLClosedGraceful
    assert got == 131_072
    assert not pair.up.data
