"""SSLWrite, SSLRead and SSLClose: processed counts, would-block, short reads, the end."""

from __future__ import annotations

from pipes import WOULD_BLOCK, Pair, Pipe, connected, message, ok, state
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import securetransport as st

SIDES = ["client", "server"]


def side(pair: Pair, which: str) -> tuple[Any, Any]:
    context = getattr(pair, which)
    return context, pair.other(context)


# --- SSLWrite ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", SIDES)
def test_a_stuck_write_owns_its_data_and_a_null_write_flushes(which: str) -> None:
    pair = connected()
    context, peer = side(pair, which)
    pipe = pair.outgoing(context)
    pipe.room = 10
    assert st.SSLWrite(context, b"hello", 5, None) == (WOULD_BLOCK, 5)
    assert st.SSLWrite(context, None, 0, None) == (WOULD_BLOCK, 0)
    assert st.SSLWrite(context, b"later", 5, None) == (WOULD_BLOCK, 0)
    assert state(context) == st.kSSLConnected
    pipe.room = None
    assert st.SSLWrite(context, None, 0, None) == (0, 0)
    assert st.SSLWrite(context, b"later", 5, None) == (0, 5)
    assert st.SSLRead(peer, None, 5, None) == (0, b"hello", 5)
    assert st.SSLRead(peer, None, 5, None) == (0, b"later", 5)


@pytest.mark.parametrize("flush", ["write", "empty write", "real write", "read", "handshake", "close"])
def test_every_call_that_moves_data_flushes_what_is_stuck(flush: str) -> None:
    pair = connected()
    context = pair.client
    pair.up.room = 0
    assert st.SSLWrite(context, b"hello", 5, None) == (WOULD_BLOCK, 5)
    pair.up.room = None
    if flush == "write":
        assert st.SSLWrite(context, None, 0, None) == (0, 0)
    elif flush == "empty write":
        assert st.SSLWrite(context, b"", 0, None) == (0, 0)
    elif flush == "real write":
        assert st.SSLWrite(context, b"!", 1, None) == (0, 1)
    elif flush == "read":
        assert st.SSLRead(context, None, 1, None) == (WOULD_BLOCK, b"", 0)
    elif flush == "handshake":
        assert st.SSLHandshake(context) in (0, WOULD_BLOCK)
    else:
        assert st.SSLClose(context) == 0
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"hello", 5)


def test_reading_goes_on_while_writing_is_stuck() -> None:
    pair = connected()
    pair.up.room = 0
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (WOULD_BLOCK, 5)
    assert st.SSLWrite(pair.server, b"there", 5, None) == (0, 5)
    assert st.SSLRead(pair.client, None, 5, None) == (0, b"there", 5)


@settings(max_examples=40, deadline=None)
@given(
    data=some.lists(some.integers(0, 40_000), min_size=1, max_size=4),
    room=some.integers(1, 3000),
    step=some.one_of(some.none(), some.integers(1, 3000)),
    stutter=some.booleans(),
    portion=some.integers(1, 50_000),
)
def test_whatever_the_pipe_does_processed_is_nothing_or_all_and_every_byte_arrives_once(
    data: list[int], room: int, step: int | None, stutter: bool, portion: int
) -> None:
    pair = connected()
    pair.up.room, pair.up.step, pair.up.stutter = room, step, stutter
    sent, got = b"", bytearray()

    def drain() -> None:
        status, part, n = st.SSLRead(pair.server, None, portion, None)
        assert status in (0, WOULD_BLOCK)
        assert len(part) == n
        got.extend(part)

    for number, n in enumerate(data):
        block = message(n, number)
        while True:
            status, processed = st.SSLWrite(pair.client, block, n, None)
            assert status in (0, WOULD_BLOCK)
            assert processed in (0, n)
            drain()
            if status == 0 or processed:
                break
        sent += block
    while len(got) < len(sent):
        assert st.SSLWrite(pair.client, None, 0, None)[0] in (0, WOULD_BLOCK)
        drain()
    assert bytes(got) == sent


def test_a_stuck_write_is_queued_whole_whatever_its_size() -> None:
    pair = connected()
    pair.up.room = 1000
    n = 3_000_000
    assert st.SSLWrite(pair.client, message(n), n, None) == (WOULD_BLOCK, n)
    assert len(pair.up.offered) == 1  # it is not asked again once it has blocked
    pair.up.room = None
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    got = bytearray()
    while len(got) < n:
        got += st.SSLRead(pair.server, None, n, None)[1]
    assert bytes(got) == message(n)


# --- SSLRead -----------------------------------------------------------------------------------------------


def test_one_record_a_read_and_the_rest_of_the_current_one_first() -> None:
    pair = connected()
    for part in (b"a" * 50, b"b" * 50, b"c" * 50):
        ok(st.SSLWrite(pair.server, part, 50, None)[0])
    assert st.SSLRead(pair.client, None, 100, None) == (0, b"a" * 50, 50)
    assert st.SSLRead(pair.client, None, 30, None) == (0, b"b" * 30, 30)
    assert st.SSLRead(pair.client, None, 100, None) == (0, b"b" * 20 + b"c" * 50, 70)
    assert st.SSLRead(pair.client, None, 100, None) == (WOULD_BLOCK, b"", 0)


@pytest.mark.contract("SSLGetBufferedReadSize errSecSuccess")
def test_would_block_can_come_together_with_data() -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    assert st.SSLRead(pair.client, None, 1, None) == (0, b"h", 1)
    assert st.SSLGetBufferedReadSize(pair.client) == (0, 4)
    assert st.SSLRead(pair.client, None, 5, None) == (WOULD_BLOCK, b"ello", 4)
    assert st.SSLGetBufferedReadSize(pair.client) == (0, 0)


def test_an_error_can_come_together_with_data() -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    assert st.SSLRead(pair.client, None, 1, None) == (0, b"h", 1)
    pair.down.ended = True
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"ello", 4)
    assert state(pair.client) == st.kSSLAborted


def test_a_damaged_record_can_come_together_with_data() -> None:
    pair = connected("rsa")
    for part in (b"hello", b"there"):
        ok(st.SSLWrite(pair.server, part, 5, None)[0])
    pair.down.data[-1] ^= 1
    assert st.SSLRead(pair.client, None, 1, None) == (0, b"h", 1)
    buffer = bytearray(b".......")
    status, same, processed = st.SSLRead(pair.client, buffer, 7, None)
    assert (status, processed) == (st.errSSLDecryptionFail, 4)
    assert same is buffer
    assert buffer == b"ello..."
    assert state(pair.client) == st.kSSLAborted
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"", 0)


def test_the_buffered_size_counts_only_what_is_decrypted() -> None:
    pair = connected()
    for part in (b"hello", b"there"):
        ok(st.SSLWrite(pair.server, part, 5, None)[0])
    assert st.SSLGetBufferedReadSize(pair.client) == (0, 0)
    assert st.SSLRead(pair.client, None, 0, None) == (0, b"", 0)
    assert st.SSLGetBufferedReadSize(pair.client) == (0, 0)
    st.SSLRead(pair.client, None, 2, None)
    assert st.SSLGetBufferedReadSize(pair.client) == (0, 3)


def test_a_buffer_is_filled_from_its_start_and_left_alone_behind() -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    buffer = bytearray(b"..........")
    assert st.SSLRead(pair.client, buffer, 8, None) == (0, buffer, 5)
    assert buffer == b"hello....."
    view = memoryview(buffer)[6:]
    ok(st.SSLWrite(pair.server, b"you", 3, None)[0])
    status, same, n = st.SSLRead(pair.client, view, 4, None)
    assert (status, n) == (0, 3)
    assert same is view
    assert buffer == b"hello.you."


@settings(max_examples=40, deadline=None)
@given(
    sizes=some.lists(some.integers(1, 20_000), min_size=1, max_size=5),
    reads=some.lists(some.integers(0, 20_000), min_size=1, max_size=10).filter(any),
    step=some.one_of(some.none(), some.integers(1, 5000)),
    into=some.booleans(),
)
def test_reads_of_any_size_give_the_same_bytes(
    sizes: list[int], reads: list[int], step: int | None, into: bool
) -> None:
    pair = connected()
    pair.down.step = step
    sent = b"".join(message(n, number) for number, n in enumerate(sizes))
    at = 0
    for n in sizes:
        ok(st.SSLWrite(pair.server, sent[at : at + n], n, None)[0] if step is None else 0)
        if step is not None:
            status, _ = st.SSLWrite(pair.server, sent[at : at + n], n, None)
            while status == WOULD_BLOCK:
                status, _ = st.SSLWrite(pair.server, None, 0, None)
            ok(status)
        at += n
    got, turn = bytearray(), 0
    while len(got) < len(sent):
        n = reads[turn % len(reads)]
        turn += 1
        buffered = st.SSLGetBufferedReadSize(pair.client)[1]
        if into:
            buffer = bytearray(n)
            status, _, processed = st.SSLRead(pair.client, buffer, n, None)
            part = bytes(buffer[:processed])
        else:
            status, part, processed = st.SSLRead(pair.client, None, n, None)
        assert status in (0, WOULD_BLOCK)
        assert min(buffered, n) <= processed == len(part) <= n
        got += part
    assert bytes(got) == sent


# --- one byte at a time ------------------------------------------------------------------------------------


@pytest.mark.parametrize("credential", ["rsa", "p256", "p384", "p521", "ed25519", "pss", "chained"])
def test_one_byte_at_a_time_changes_nothing(credential: str) -> None:
    pipes = [Pipe(room=1, step=1, stutter=True) for _ in range(2)]
    pair = Pair(credential, up=pipes[0], down=pipes[1])
    codes = pair.turns()
    assert {code for seen in codes for code in seen[:-1]} == {WOULD_BLOCK}
    assert (codes[0][-1], codes[1][-1]) == (0, 0)
    assert (state(pair.client), state(pair.server)) == (st.kSSLConnected, st.kSSLConnected)
    for n in (1, 16_384, 20_000):
        data = message(n)
        for sender in (pair.client, pair.server):
            assert pair.transfer(sender, data) == data
    while (status := st.SSLClose(pair.client)) == WOULD_BLOCK:
        assert state(pair.client) == st.kSSLClosed
        assert st.SSLRead(pair.server, None, 1, None)[0] in (WOULD_BLOCK, st.errSSLClosedGraceful)
    assert status == 0
    while (answer := st.SSLRead(pair.server, None, 1, None))[0] == WOULD_BLOCK:
        pass
    assert answer == (st.errSSLClosedGraceful, b"", 0)


@settings(max_examples=15, deadline=None)
@given(
    steps=some.lists(some.integers(1, 400), min_size=4, max_size=4),
    stutter=some.tuples(some.booleans(), some.booleans()),
)
def test_a_handshake_through_any_pipe_ends_the_same(steps: list[int], stutter: tuple[bool, bool]) -> None:
    up = Pipe(room=steps[0], step=steps[1], stutter=stutter[0])
    down = Pipe(room=steps[2], step=steps[3], stutter=stutter[1])
    pair = Pair("p256", up=up, down=down)
    assert pair.handshake() == (0, 0)
    data = message(3000)
    assert pair.transfer(pair.client, data) == data
    assert pair.transfer(pair.server, data) == data


# --- the end -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", SIDES)
def test_an_orderly_end_delivers_what_is_left_and_is_graceful_on_both_sides(which: str) -> None:
    pair = connected()
    context, peer = side(pair, which)
    ok(st.SSLWrite(context, b"last words", 10, None)[0])
    assert st.SSLClose(context) == 0
    assert state(context) == st.kSSLClosed
    assert st.SSLRead(peer, None, 4, None) == (0, b"last", 4)
    assert st.SSLRead(peer, None, 100, None) == (0, b" words", 6)
    assert state(peer) == st.kSSLClosed
    assert st.SSLRead(peer, None, 100, None) == (st.errSSLClosedGraceful, b"", 0)
    assert st.SSLWrite(peer, b"x", 1, None) == (st.errSSLClosedGraceful, 0)
    assert st.SSLHandshake(peer) == st.errSSLClosedGraceful
    assert st.SSLClose(peer) == 0
    assert st.SSLRead(context, None, 100, None) == (st.errSSLClosedGraceful, b"", 0)
    # Both have sent one close_notify and nothing after it.
    assert pair.incoming(context).writes[-1][0] == 21
    assert [write[0] for write in pair.incoming(context).writes] == [21]


def test_the_end_met_alone_is_graceful_and_answered() -> None:
    pair = connected()
    assert st.SSLClose(pair.client) == 0
    pair.down.writes.clear()
    assert st.SSLRead(pair.server, None, 100, None) == (st.errSSLClosedGraceful, b"", 0)
    assert state(pair.server) == st.kSSLClosed
    assert [write[0] for write in pair.down.writes] == [21]


def test_closing_twice_sends_once() -> None:
    pair = connected()
    assert [st.SSLClose(pair.client) for _ in range(3)] == [0, 0, 0]
    assert len(pair.up.offered) == 1


@pytest.mark.contract("SSLClose errSSLWouldBlock")
def test_a_close_that_is_stuck_closes_at_once_and_can_be_repeated_to_flush() -> None:
    pair = connected()
    pair.up.room = 3
    assert st.SSLClose(pair.client) == WOULD_BLOCK
    assert state(pair.client) == st.kSSLClosed
    assert st.SSLRead(pair.client, None, 1, None) == (st.errSSLClosedGraceful, b"", 0)
    pair.up.room = None
    assert st.SSLClose(pair.client) == 0
    assert st.SSLRead(pair.server, None, 1, None) == (st.errSSLClosedGraceful, b"", 0)


def test_a_close_flushes_data_that_was_stuck_before_its_alert() -> None:
    pair = connected()
    pair.up.room = 0
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (WOULD_BLOCK, 5)
    pair.up.room = None
    assert st.SSLClose(pair.client) == 0
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"hello", 5)
    assert st.SSLRead(pair.server, None, 5, None) == (st.errSSLClosedGraceful, b"", 0)


@pytest.mark.parametrize("failure", [st.errSSLClosedAbort, st.errSSLClosedNoNotify, -77])
def test_a_failing_transport_shows_in_the_answer_of_close(failure: int) -> None:
    pair = connected()
    pair.up.on_write.append(failure)
    assert st.SSLClose(pair.client) == failure
    assert state(pair.client) == st.kSSLClosed


def test_an_io_error_while_closing_is_success() -> None:
    pair = connected()
    pair.up.on_write.append(st.errSecIO)
    assert st.SSLClose(pair.client) == 0
    assert state(pair.client) == st.kSSLClosed


def test_the_end_of_the_transport_without_a_notice_is_closed_abort() -> None:
    pair = connected()
    pair.down.ended = True
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"", 0)
    assert state(pair.client) == st.kSSLAborted
    assert st.SSLClose(pair.client) == 0
    assert state(pair.client) == st.kSSLClosed


def test_close_notify_in_the_middle_of_a_handshake_is_graceful_and_leaves_the_state() -> None:
    pair = Pair("p256")
    assert st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True) == 0
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK
    assert st.SSLHandshake(pair.server) == st.errSSLClientHelloReceived
    assert st.SSLClose(pair.server) == 0
    assert st.SSLHandshake(pair.client) == st.errSSLClosedGraceful
    assert state(pair.client) == st.kSSLHandshake
    assert st.SSLClose(pair.client) == 0


# --- records -----------------------------------------------------------------------------------------------


def test_a_record_is_never_larger_than_the_protocol_allows() -> None:
    pair = connected()
    ok(st.SSLWrite(pair.client, message(70_000), 70_000, None)[0])
    stream = b"".join(pair.up.writes)
    lengths = []
    while stream:
        lengths.append(int.from_bytes(stream[3:5], "big") - 24)
        stream = stream[5 + lengths[-1] + 24 :]
    assert lengths == [16_384] * 4 + [70_000 - 4 * 16_384]


def test_an_oversized_record_is_an_overflow() -> None:
    pair = connected()
    pair.down.data += b"\x17\x03\x03" + (18_428).to_bytes(2, "big") + bytes(18_428)
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLRecordOverflow, b"", 0)
    assert state(pair.client) == st.kSSLAborted


def test_an_unknown_kind_of_record_is_a_protocol_error() -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    pair.down.data[0] = 99
    assert st.SSLRead(pair.client, None, 5, None)[0] in (st.errSSLProtocol, st.errSSLDecryptionFail)
    assert state(pair.client) == st.kSSLAborted


@pytest.mark.parametrize("credential", ["rsa", "p256"])
def test_a_flipped_bit_anywhere_in_a_record_is_noticed(credential: str) -> None:
    whole = connected(credential)
    ok(st.SSLWrite(whole.server, b"hello", 5, None)[0])
    for at in range(5, len(whole.down.data)):
        pair = connected(credential)
        ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
        pair.down.data[at] ^= 0x10
        assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLDecryptionFail, b"", 0)
        assert state(pair.client) == st.kSSLAborted
        assert st.SSLClose(pair.client) == 0
        assert st.SSLRead(pair.server, None, 5, None)[0] == st.errSSLPeerBadRecordMac
