"""Who keeps what alive, and that everything is let go."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from pipes import WOULD_BLOCK, Pair, array, connected, message, ok, server, socket_callbacks
from typing import Any

import pytest

import certs
import securetransport as st
from securetransport import legacy


class Thing:
    """Something that can be watched."""


class Trouble(Exception):
    pass


def idle() -> Pair:
    return Pair("p256")


def shaking() -> Pair:
    pair = Pair("p256")
    for context in (pair.client, pair.server, pair.client):
        st.SSLHandshake(context)
    return pair


def paused() -> Pair:
    pair = Pair("p256")
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    st.SSLHandshake(pair.client)
    assert st.SSLHandshake(pair.server) == st.errSSLClientHelloReceived
    st.SSLHandshake(pair.server)
    assert st.SSLHandshake(pair.client) == st.errSSLPeerAuthCompleted
    return pair


def stuck() -> Pair:
    pair = connected()
    pair.up.room = pair.down.room = 0
    for context in (pair.client, pair.server):
        assert st.SSLWrite(context, message(500_000), 500_000, None) == (WOULD_BLOCK, 500_000)
    return pair


def half_read() -> Pair:
    pair = connected()
    for context in (pair.client, pair.server):
        ok(st.SSLWrite(context, message(1000), 1000, None)[0])
    for context in (pair.client, pair.server):
        assert st.SSLRead(context, None, 10, None)[2] == 10
    return pair


def closed() -> Pair:
    pair = connected()
    st.SSLClose(pair.client)
    st.SSLRead(pair.server, None, 1, None)
    return pair


def failed() -> Pair:
    pair = Pair("expired")
    pair.handshake()
    return pair


def judged() -> Pair:
    pair = connected()
    assert st.SSLCopyPeerTrust(pair.client)[1] is not None
    return pair


STATES: list[Callable[[], Pair]] = [
    idle,
    shaking,
    paused,
    connected,
    stuck,
    half_read,
    closed,
    failed,
    judged,
]


@pytest.mark.parametrize("bring", STATES, ids=lambda bring: bring.__name__)
def test_a_context_dies_with_its_last_reference_in_any_state(bring: Callable[[], Pair]) -> None:
    pair = bring()
    watched = [weakref.ref(pair.client), weakref.ref(pair.server)]
    del pair
    assert [ref() for ref in watched] == [None, None]


@pytest.mark.parametrize("bring", STATES, ids=lambda bring: bring.__name__)
def test_a_cycle_through_callbacks_connection_and_certificate_is_collected(bring: Callable[[], Pair]) -> None:
    pair = bring()
    client, thing = pair.client, Thing()
    thing.context = client  # type: ignore[attr-defined]
    active = st.SSLSetConnection(client, thing) != 0
    if active:  # the callbacks' objects make the cycle instead
        pair.down.context = client  # type: ignore[attr-defined]
    watched = weakref.ref(client)
    gc.collect()
    del client, thing, pair
    gc.collect()
    assert watched() is None


def test_a_context_keeps_its_callbacks_connection_and_certificate_alive_and_lets_them_go() -> None:
    context, thing = server(None), Thing()

    class Reader(Thing):
        def __call__(self, *_: Any) -> int:
            return WOULD_BLOCK

    read, write = Reader(), Reader()
    chain = array(certs.leaf("p256"))
    leaf = weakref.ref(thing)
    watched = [leaf, weakref.ref(read), weakref.ref(write)]
    ok(st.SSLSetConnection(context, thing))
    ok(st.SSLSetIOFuncs(context, read, write))
    ok(st.SSLSetCertificate(context, chain))
    references = sys.getrefcount(chain[0])
    del thing, read, write
    assert all(ref() is not None for ref in watched)
    ok(st.SSLSetConnection(context, None))
    ok(st.SSLSetIOFuncs(context, lambda *_: WOULD_BLOCK, lambda *_: WOULD_BLOCK))
    ok(st.SSLSetCertificate(context, None))
    assert [ref() for ref in watched] == [None] * 3
    now = sys.getrefcount(chain[0])  # not inside the assert, which keeps values itself
    assert now == references


def test_a_trust_object_outlives_its_context() -> None:
    pair = connected()
    trust = st.SSLCopyPeerTrust(pair.client)[1]
    chain = legacy.SSLCopyPeerCertificates(pair.client)[1]
    del pair
    assert [c.der for c in trust.chain()] == [c.der for c in chain]


def test_buffers_are_let_go_whatever_becomes_of_the_call() -> None:
    pair = connected()
    buffer = bytearray(100)

    def free() -> None:
        buffer.append(0)  # BufferError while anybody has a view of it
        buffer.pop()

    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    assert st.SSLRead(pair.client, buffer, 100, None)[0] == 0
    free()
    assert st.SSLRead(pair.client, buffer, 100, None)[0] == WOULD_BLOCK
    free()
    assert st.SSLRead(pair.client, buffer, 1000, None)[0] == st.errSecParam
    free()
    pair.down.on_read.append(Trouble)
    with pytest.raises(Trouble):
        st.SSLRead(pair.client, buffer, 100, None)
    free()
    with pytest.raises(TypeError):
        st.SSLRead(pair.client, buffer, 1.5, None)
    free()
    assert st.SSLWrite(pair.client, buffer, 100, None) == (0, 100)
    free()
    pair.up.on_write.append(Trouble)
    with pytest.raises(Trouble):
        st.SSLWrite(pair.client, buffer, 100, None)
    free()
    pair.up.on_write.append((0, 10_000_000))
    with pytest.raises(TypeError):
        st.SSLWrite(pair.client, buffer, 100, None)
    free()
    assert st.SSLWrite(pair.client, buffer, 1000, None)[0] == st.errSecParam
    free()


def test_a_stuck_write_has_its_own_copy_of_the_data() -> None:
    pair = connected()
    data = bytearray(message(300_000))
    pair.up.room = 0
    assert st.SSLWrite(pair.client, data, len(data), None) == (WOULD_BLOCK, len(data))
    data[:] = bytes(len(data))
    pair.up.room = None
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    got = b""
    while len(got) < len(data):
        got += st.SSLRead(pair.server, None, len(data), None)[1]
    assert got == message(300_000)


def test_results_hold_no_surplus_references() -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello world, hello", 18, None)[0])
    part = st.SSLRead(pair.client, None, 18, None)[1]
    data = b"some bytes that are nowhere else"
    before = sys.getrefcount(data)
    ok(st.SSLWrite(pair.client, data, len(data), None)[0])
    after, of_part = sys.getrefcount(data), sys.getrefcount(part)
    assert (after, of_part) == (before, 2)


def test_objects_do_not_pile_up() -> None:
    def run() -> None:
        for bring in STATES:
            bring()
        pair = connected()
        pair.down.on_read.append(Trouble)
        with pytest.raises(Trouble):
            st.SSLRead(pair.client, None, 5, None)

    run()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(5):
        run()
    gc.collect()
    assert len(gc.get_objects()) - before < 200


def test_a_view_that_a_callback_keeps_is_let_go_without_harm() -> None:
    pair = connected()
    n = 100_000
    kept: list[memoryview] = []

    def keep(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        kept.append(data[:])
        return pair.up.work_write(connection, data, length)

    pair.up.on_write.append(keep)
    assert st.SSLWrite(pair.client, message(n), n, None) == (0, n)
    assert bytes(kept[0]) == pair.up.writes[-1]
    view = kept.pop()
    del view
    data = message(n, 2)
    got = b""
    while len(got) < n:
        got += st.SSLRead(pair.server, None, n, None)[1]
    assert pair.transfer(pair.client, data) == data


def test_reprs_show_no_secrets() -> None:
    pair = connected("rsa")
    identity = array(certs.leaf("rsa"))[0]
    exponent = certs.leaf("rsa").key.private_numbers().d
    for value in (
        pair.client,
        identity,
        identity.key,
        identity.certificate,
        st.SSLCopyPeerTrust(pair.client)[1],
    ):
        text = repr(value)
        assert str(exponent)[:20] not in text
        assert f"{exponent:x}"[:20] not in text
        assert len(text) < 500


def test_a_socket_is_closed_when_its_context_goes() -> None:
    import socket

    one, other = socket.socketpair()
    context = server("p256")
    ok(st.SSLSetIOFuncs(context, *socket_callbacks(one)))
    watched = weakref.ref(one)
    one.setblocking(False)
    assert st.SSLHandshake(context) == WOULD_BLOCK
    del one, context
    assert watched() is None
    other.settimeout(5)
    assert other.recv(1) == b""
    other.close()


@pytest.mark.parametrize("end", ["", "raise SystemExit(0)", "import os; os.kill(os.getpid(), 2)"])
def test_an_interpreter_that_ends_with_connections_open_ends_quietly(end: str) -> None:
    import subprocess
    from pathlib import Path

    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from pipes import connected, Pair, Task, blocking_links
import securetransport as st
pairs = [connected(), Pair("p256")]
pairs[1].client_loop = pairs[1]
st.SSLHandshake(pairs[1].client)
one, other, _, _ = blocking_links()
waiting = Task(other.handshake)  # a daemon, inside a callback
{end}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, text=True)
    if "kill" in end:
        assert done.returncode in (-2, 1)
        assert "KeyboardInterrupt" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")
