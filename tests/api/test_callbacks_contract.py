"""What the I/O callbacks are asked for, what they may answer, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pipes import WOULD_BLOCK, Pair, Pipe, client, connected, message, name, ok, server, state
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import securetransport as st

HANDSHAKE, CHANGE_CIPHER, ALERT, DATA = 22, 20, 21, 23


def records(stream: bytes) -> list[tuple[int, bytes]]:
    """The records of a stream: content type and body."""
    found = []
    while stream:
        length = int.from_bytes(stream[3:5], "big")
        assert len(stream) >= 5 + length
        found.append((stream[0], stream[5 : 5 + length]))
        stream = stream[5 + length :]
    return found


# --- exact reads, one call per message -----------------------------------------------------------------


def test_reads_ask_for_one_header_and_then_its_body() -> None:
    pair = Pair("chained")
    sent = bytearray()
    work = pair.down.work_write

    def keep(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        sent.extend(data)
        return work(connection, data, length)

    pair.down.on_write.extend([keep] * 100)
    assert pair.handshake() == (0, 0)
    data = message(40_000)
    assert pair.transfer(pair.server, data) == data
    ok(st.SSLClose(pair.server))
    assert st.SSLRead(pair.client, None, 1, None)[0] == st.errSSLClosedGraceful
    # What blocked asked for the whole of what it still wanted; only the first question counts for each part.
    asked = [
        n for n, before in zip(pair.down.asked, [0, *pair.down.asked], strict=False) if not (n == before == 5)
    ]
    expected = []
    for _, body in records(bytes(sent)):
        expected += [5, len(body)]
    assert asked == expected


def test_every_message_of_the_handshake_is_one_record_and_one_call() -> None:
    pair = Pair("chained")
    assert pair.handshake() == (0, 0)
    plain = {pair.up: [1, 16, CHANGE_CIPHER, None], pair.down: [2, 11, 12, 14, CHANGE_CIPHER, None]}
    for pipe, expected in plain.items():
        seen: list[int | None] = []
        for write in pipe.writes:
            [(kind, body)] = records(write)
            protected = CHANGE_CIPHER in seen
            if kind == CHANGE_CIPHER:
                assert body == b"\1"
                seen.append(CHANGE_CIPHER)
            else:
                assert kind == HANDSHAKE
                assert protected or 4 + int.from_bytes(body[1:4], "big") == len(body)
                seen.append(None if protected else body[0])
        assert seen == expected
        assert [len(write) for write in pipe.writes] == pipe.offered


@pytest.mark.parametrize("n", [1, 16_384, 16_385, 100_000, 131_072])
def test_a_write_of_up_to_eight_records_is_one_call(n: int) -> None:
    pair = connected()
    assert st.SSLWrite(pair.client, message(n), n, None) == (0, n)
    assert len(pair.up.offered) == 1
    found = records(pair.up.writes[0])
    assert [kind for kind, _ in found] == [DATA] * -(-n // 16_384)
    assert [len(body) - 24 for _, body in found] == [min(16_384, n - at) for at in range(0, n, 16_384)]


def test_a_longer_write_goes_out_in_stretches_of_eight_records() -> None:
    pair = connected()
    n = 3 * 131_072 + 1
    assert st.SSLWrite(pair.client, message(n), n, None) == (0, n)
    stretch = 131_072 + 8 * (5 + 24)
    assert pair.up.offered == [stretch, stretch, stretch, 1 + 5 + 24]
    assert b"".join(pair.up.writes) == bytes(pair.up.data)


def test_nothing_is_written_for_nothing() -> None:
    pair = connected()
    assert st.SSLWrite(pair.client, b"", 0, None) == (0, 0)
    assert pair.up.offered == []


# --- what they are given -------------------------------------------------------------------------------


class Given:
    """Keeps what callbacks were called with."""

    def __init__(self, pipe_in: Pipe, pipe_out: Pipe) -> None:
        self.reads: list[tuple[Any, memoryview, int]] = []
        self.writes: list[tuple[Any, memoryview, int]] = []
        self.pipe_in, self.pipe_out = pipe_in, pipe_out
        self.failures: list[str] = []

    def read(self, connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if not (type(data) is memoryview and len(data) == length == data.nbytes and not data.readonly):
            self.failures.append(f"read {data!r} {length}")
        self.reads.append((connection, data, length))
        return self.pipe_in.work_read(connection, data, length)

    def write(self, connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if not (
            len(memoryview(data)) == length and memoryview(data).readonly and memoryview(data).c_contiguous
        ):
            self.failures.append(f"write {data!r} {length}")
        self.writes.append((connection, data, length))
        return self.pipe_out.work_write(connection, data, length)


def watched(connection: Any = None) -> tuple[Pair, Given]:
    pair = Pair("p256")
    seen = Given(pair.down, pair.up)
    ok(st.SSLSetIOFuncs(pair.client, seen.read, seen.write))
    if connection is not None:
        ok(st.SSLSetConnection(pair.client, connection))
    return pair, seen


def test_callbacks_get_views_of_exactly_the_wanted_bytes_and_the_very_connection() -> None:
    connection = object()
    pair, seen = watched(connection)
    assert pair.handshake() == (0, 0)
    assert seen.failures == []
    assert len(seen.reads) > 5
    assert len(seen.writes) == 4
    assert all(call[0] is connection for call in seen.reads + seen.writes)
    assert st.SSLGetConnection(pair.client) == (0, connection)
    assert st.SSLGetConnection(pair.server) == (0, None)


def test_without_a_connection_callbacks_get_none() -> None:
    pair, seen = watched()
    st.SSLHandshake(pair.client)
    assert seen.writes[0][0] is None
    ok(st.SSLSetError(pair.client, 0))


def test_views_are_worthless_after_the_call() -> None:
    pair, seen = watched()
    assert pair.handshake() == (0, 0)
    for _, view, _ in seen.reads + seen.writes:
        with pytest.raises(ValueError, match="released"):
            view[0]


def test_views_that_were_passed_on_harm_nobody() -> None:
    """A slice of a view that outlives its call keeps its own memory, never the engine's."""
    pair = Pair("p256")
    kept: list[memoryview] = []

    def read(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        kept.append(data[:])
        return pair.down.work_read(connection, data, length)

    def write(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        kept.append(memoryview(data)[:])
        return pair.up.work_write(connection, data, length)

    ok(st.SSLSetIOFuncs(pair.client, read, write))
    assert pair.handshake() == (0, 0)
    for view in kept:
        if not view.readonly:
            view[:] = b"\xff" * len(view)
    data = message(50_000)
    assert pair.transfer(pair.client, data) == data
    assert pair.transfer(pair.server, data) == data
    assert pair.up.writes[0][:1] == b"\x16"
    assert all(len(bytes(view)) == len(view) for view in kept)


# --- what reads may answer -----------------------------------------------------------------------------

Answer = Callable[[bytes, int], Any]
READS: dict[str, Answer] = {
    "(0, count)": lambda _data, n: (0, n),
    "[would-block, all of it]": lambda _data, n: (WOULD_BLOCK, n),
    "(0, bytes)": lambda data, _n: (0, data),
    "(0, bytearray)": lambda data, _n: (0, bytearray(data)),
    "(0, memoryview)": lambda data, _n: (0, memoryview(data)),
    "(0, bytes, count)": lambda data, n: (0, data, n),
    "(0, longer bytes, count)": lambda data, n: (0, data + b"more", n),
}


@pytest.mark.parametrize("shape", READS)
def test_a_read_may_answer(shape: str) -> None:
    pair = Pair("p256")
    fills = shape in ("(0, count)", "[would-block, all of it]")

    def read(connection: Any, view: memoryview, length: int) -> Any:
        if len(pair.down.data) < length:
            return WOULD_BLOCK  # alone: nothing came
        data = bytes(pair.down.data[:length])
        del pair.down.data[:length]
        if fills:
            view[:] = data
        return READS[shape](data, length)

    ok(st.SSLSetIOFuncs(pair.client, read, pair.up.write))
    assert pair.handshake() == (0, 0)
    data = message(20_000)
    assert pair.transfer(pair.server, data) == data


SHORT: dict[str, Answer] = {
    "(0, short count)": lambda _data, n: (0, n),
    "(would-block, short count)": lambda _data, n: (WOULD_BLOCK, n),
    "(0, short bytes)": lambda data, n: (0, data[:n]),
    "(would-block, short bytes)": lambda data, n: (WOULD_BLOCK, data[:n]),
    "(would-block, bytes, short count)": lambda data, n: (WOULD_BLOCK, data, n),
}


@pytest.mark.parametrize("shape", SHORT)
@settings(max_examples=20)
@given(portion=some.integers(1, 40))
def test_a_read_may_answer_with_less_and_is_asked_for_the_rest(shape: str, portion: int) -> None:
    pair = connected()
    asked: list[int] = []

    def read(connection: Any, view: memoryview, length: int) -> Any:
        if not pair.down.data:
            return WOULD_BLOCK, 0
        asked.append(length)
        n = min(portion, length)
        data = bytes(pair.down.data[:n])
        del pair.down.data[:n]
        view[:n] = data
        return SHORT[shape](data.ljust(length, b"?"), n)

    pair.down.on_read.extend([read] * 500)
    ok(st.SSLWrite(pair.server, b"hello world", 11, None)[0])
    got = b""
    while len(got) < 11:
        status, part, _ = st.SSLRead(pair.client, None, 11, None)
        assert status in (0, WOULD_BLOCK)
        got += part
    assert got == b"hello world"
    body = 11 + 24
    expected = [5 - at for at in range(0, 5, portion)] + [body - at for at in range(0, body, portion)]
    assert asked == expected


BAD_READS: dict[str, Any] = {
    "bare 0": 0,
    "None": None,
    "bool": True,
    "a string": "0",
    "a float status": (0.0, 5),
    "a bool status": (False, 5),
    "a bool count": (0, True),
    "a float count": (0, 5.0),
    "a string count": (0, "5"),
    "no count": (0, None),
    "a negative count": (0, -1),
    "a count above the length": (0, 6),
    "a huge count": (0, 2**80),
    "a huge status": (2**31, 0),
    "too many bytes": (0, b"123456"),
    "a count above the bytes": (0, b"12", 3),
    "a bool for a count of bytes": (0, b"12345", True),
    "a negative count of bytes": (0, b"12345", -1),
    "an empty tuple": (),
    "one element": (0,),
    "four elements": (0, b"12345", 5, 5),
    "a list": [0, 5],
    "bytes alone": b"12345",
}


@pytest.mark.parametrize("shape", BAD_READS)
def test_any_other_answer_of_a_read_is_a_type_error_and_the_call_may_be_repeated(shape: str) -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    pair.down.on_read.append(lambda *_: BAD_READS[shape])
    with pytest.raises(TypeError, match=r"callback|count|bytes"):
        st.SSLRead(pair.client, None, 5, None)
    assert state(pair.client) == st.kSSLConnected
    assert st.SSLRead(pair.client, None, 5, None) == (0, b"hello", 5)


# --- what writes may answer ----------------------------------------------------------------------------

WRITES: dict[str, Answer] = {
    "(0, count)": lambda _data, n: (0, n),
    "bare 0": lambda _data, _n: 0,
    "errSecSuccess": lambda _data, _n: st.errSecSuccess,
    "(would-block, all of it)": lambda _data, n: (WOULD_BLOCK, n),
}


@pytest.mark.parametrize("shape", WRITES)
def test_a_write_may_answer(shape: str) -> None:
    pair = Pair("p256")

    def write(connection: Any, data: memoryview, length: int) -> Any:
        pair.up.data += data
        return WRITES[shape](bytes(data), length)

    ok(st.SSLSetIOFuncs(pair.client, pair.down.read, write))
    assert pair.handshake() == (0, 0)
    data = message(20_000)
    assert pair.transfer(pair.client, data) == data


@settings(max_examples=20)
@given(portion=some.integers(1, 60), blocks=some.booleans())
def test_a_write_may_take_less_and_is_offered_the_rest(portion: int, blocks: bool) -> None:
    pair = connected()
    offered: list[int] = []

    def write(connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        offered.append(length)
        n = min(portion, length)
        pair.up.data += data[:n]
        return (WOULD_BLOCK if blocks and n < length else 0), n

    pair.up.on_write.extend([write] * 500)
    status, processed = st.SSLWrite(pair.client, b"hello world", 11, None)
    assert processed == 11
    while status == WOULD_BLOCK:
        status, _ = st.SSLWrite(pair.client, None, 0, None)
    assert status == 0
    total = 11 + 5 + 24
    assert offered == [total - at for at in range(0, total, portion)]
    assert st.SSLRead(pair.server, None, 11, None) == (0, b"hello world", 11)


BAD_WRITES: dict[str, Any] = {
    "None": None,
    "bool": False,
    "a string": "0",
    "a float status": (0.0, 5),
    "a bool status": (False, 5),
    "a bool count": (0, True),
    "a float count": (0, 5.0),
    "no count": (0, None),
    "a negative count": (0, -1),
    "a count above the length": (0, 10_000),
    "a huge count": (0, 2**80),
    "a huge status": 2**31,
    "bytes": (0, b"12345"),
    "an empty tuple": (),
    "one element": (0,),
    "three elements": (0, 5, 5),
    "a list": [0, 5],
}


@pytest.mark.parametrize("shape", BAD_WRITES)
def test_any_other_answer_of_a_write_is_a_type_error_and_nothing_is_lost(shape: str) -> None:
    pair = connected()
    pair.up.on_write.append(lambda *_: BAD_WRITES[shape])
    with pytest.raises(TypeError) as caught:
        st.SSLWrite(pair.client, b"hello", 5, None)
    assert caught.value.processed == 5
    assert state(pair.client) == st.kSSLConnected
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"hello", 5)


def test_callbacks_that_take_other_arguments_raise_what_python_raises() -> None:
    context = client()
    ok(st.SSLSetIOFuncs(context, lambda: None, lambda: None))
    with pytest.raises(TypeError, match="positional argument"):
        st.SSLHandshake(context)


# --- statuses of the transport -------------------------------------------------------------------------

FAILURES = [
    st.errSecIO,
    st.errSSLClosedGraceful,
    st.errSSLClosedAbort,
    st.errSSLClosedNoNotify,
    st.errSSLProtocol,
    -1,
    77,
]


@pytest.mark.parametrize("failure", FAILURES, ids=name)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with a count"])
def test_a_failure_at_a_header_is_closed_abort(failure: int, alone: bool) -> None:
    pair = connected()
    pair.down.on_read.append(lambda *_: failure if alone else (failure, 2))
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"", 0)
    assert state(pair.client) == st.kSSLAborted
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"", 0)


@pytest.mark.parametrize("failure", FAILURES, ids=name)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with a count"])
def test_a_failure_at_a_body_comes_through_unchanged(failure: int, alone: bool) -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    pair.down.on_read.extend([None, lambda *_: failure if alone else (failure, 2)])
    assert st.SSLRead(pair.client, None, 5, None) == (failure, b"", 0)
    assert state(pair.client) == st.kSSLAborted
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"", 0)


@pytest.mark.parametrize("failure", FAILURES, ids=name)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with a count"])
@pytest.mark.contract("SSLWrite callback code")
def test_a_failure_of_a_write_comes_through_with_the_data_owned(failure: int, alone: bool) -> None:
    pair = connected()
    pair.up.on_write.append(lambda *_: failure if alone else (failure, 2))
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (failure, 5)
    assert state(pair.client) == st.kSSLAborted
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (st.errSSLClosedAbort, 0)


def test_success_without_a_byte_is_the_end_of_the_transport_for_a_read() -> None:
    pair = connected()
    pair.down.on_read.append((0, 0))
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLClosedAbort, b"", 0)
    assert len(pair.down.asked) == 1
    assert state(pair.client) == st.kSSLAborted


@pytest.mark.parametrize("answer", [(0, b""), (0, b"abcde", 0)], ids=repr)
def test_success_with_no_bytes_is_the_end_too(answer: Any) -> None:
    pair = connected()
    pair.down.on_read.append(answer)
    assert st.SSLRead(pair.client, None, 5, None)[0] == st.errSSLClosedAbort


def test_success_without_a_byte_is_would_block_for_a_write() -> None:
    pair = connected()
    pair.up.on_write.append((0, 0))
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (WOULD_BLOCK, 5)
    assert state(pair.client) == st.kSSLConnected
    assert len(pair.up.offered) == 1
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"hello", 5)


def test_in_a_handshake_a_failing_transport_leaves_the_state_and_the_call_may_be_repeated() -> None:
    pair = Pair("p256")
    pair.up.on_write.append(st.errSecIO)
    assert st.SSLHandshake(pair.client) == st.errSecIO
    assert state(pair.client) == st.kSSLHandshake
    pair.down.on_read.append(st.errSecIO)
    assert st.SSLHandshake(pair.client) == st.errSSLClosedAbort
    assert state(pair.client) == st.kSSLHandshake
    assert pair.handshake() == (0, 0)


# --- exceptions ----------------------------------------------------------------------------------------


class Trouble(Exception):
    pass


class Slotted(Exception):
    """An exception that takes no attribute."""

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(key)


def test_an_exception_of_the_read_callback_is_raised_as_it_is_and_loses_nothing() -> None:
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    trouble = Trouble("no")
    for at in range(2):  # at the header, then at the body
        pair.down.on_read.extend([None] * at + [trouble])
        with pytest.raises(Trouble) as caught:
            st.SSLRead(pair.client, None, 5, None)
        assert caught.value is trouble
        assert trouble.processed == 0  # type: ignore[attr-defined]
        assert any("pipes" in str(entry.path) for entry in caught.traceback)
        assert state(pair.client) == st.kSSLConnected
    assert st.SSLRead(pair.client, None, 5, None) == (0, b"hello", 5)


@pytest.mark.parametrize("buffer", [None, bytearray(100)], ids=["new bytes", "a buffer"])
def test_bytes_opened_before_an_exception_come_with_the_next_read(buffer: bytearray | None) -> None:
    pair = connected()
    for part in (b"0123456789", b"abcdefghij"):
        ok(st.SSLWrite(pair.server, part, 10, None)[0])
    assert st.SSLRead(pair.client, None, 4, None) == (0, b"0123", 4)
    pair.down.on_read.append(Trouble)
    with pytest.raises(Trouble) as caught:
        st.SSLRead(pair.client, buffer, 100, None)  # has 456789 and asks for more
    assert caught.value.processed == 0
    assert st.SSLGetBufferedReadSize(pair.client) == (0, 6)
    got = b""
    while len(got) < 16:
        status, part, n = st.SSLRead(pair.client, None, 7, None)
        assert status in (0, WOULD_BLOCK)
        assert len(part) == n
        got += part
    assert got == b"456789abcdefghij"


def test_data_is_not_taken_when_older_output_raises_and_owned_when_its_own_does() -> None:
    pair = connected()
    pair.up.on_write.append(Trouble)
    with pytest.raises(Trouble) as caught:
        st.SSLWrite(pair.client, b"first", 5, None)
    assert caught.value.processed == 5
    pair.up.on_write.append(Trouble)
    with pytest.raises(Trouble) as caught:
        st.SSLWrite(pair.client, b"never", 5, None)
    assert caught.value.processed == 0
    assert state(pair.client) == st.kSSLConnected
    assert st.SSLWrite(pair.client, b" last", 5, None) == (0, 5)
    assert pair.other(pair.client) is pair.server
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"first", 5)
    assert st.SSLRead(pair.server, None, 5, None) == (0, b" last", 5)


def test_a_long_write_that_raises_in_the_middle_is_owned_whole() -> None:
    pair = connected()
    data = message(500_000)
    pair.up.on_write.extend([None, Trouble])
    with pytest.raises(Trouble) as caught:
        st.SSLWrite(pair.client, data, len(data), None)
    assert caught.value.processed == len(data)
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    got = b""
    while len(got) < len(data):
        got += st.SSLRead(pair.server, None, len(data), None)[1]
    assert got == data


def test_an_exception_in_a_handshake_comes_through_and_the_handshake_goes_on() -> None:
    pair = Pair("p256")
    for pipe in (pair.up, pair.down):
        for queue in (pipe.on_read, pipe.on_write):
            queue.extend([Trouble, None] * 3)
    raised: list[int] = []
    codes = {pair.client: WOULD_BLOCK, pair.server: WOULD_BLOCK}
    for _ in range(200):
        for context in (pair.client, pair.server):
            if codes[context] == WOULD_BLOCK:
                try:
                    codes[context] = st.SSLHandshake(context)
                except Trouble as trouble:
                    raised.append(trouble.processed)  # type: ignore[attr-defined]
    assert set(codes.values()) == {0}
    assert raised == [0] * 12
    data = message(1000)
    assert pair.transfer(pair.client, data) == data


def test_an_exception_while_closing_comes_through_and_the_state_is_closed() -> None:
    pair = connected()
    pair.up.on_write.append(Trouble)
    with pytest.raises(Trouble):
        st.SSLClose(pair.client)
    assert state(pair.client) == st.kSSLClosed
    assert st.SSLClose(pair.client) == 0
    assert st.SSLRead(pair.server, None, 5, None) == (st.errSSLClosedGraceful, b"", 0)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, Slotted])
def test_any_exception_comes_through(kind: type[BaseException]) -> None:
    pair = connected()
    pair.down.on_read.append(kind)
    with pytest.raises(kind):
        st.SSLRead(pair.client, None, 5, None)
    assert state(pair.client) == st.kSSLConnected


# --- calling back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["read", "write"])
def test_from_a_callback_getters_and_setters_work_and_movers_are_refused(which: str) -> None:
    pair = connected()
    context, answers = pair.client, {}

    def inside(*_: Any) -> int:
        answers["handshake"] = st.SSLHandshake(context)
        answers["read"] = st.SSLRead(context, None, 5, None)
        answers["write"] = st.SSLWrite(context, b"hello", 5, None)
        answers["close"] = st.SSLClose(context)
        answers["state"] = st.SSLGetSessionState(context)
        answers["suite"] = st.SSLGetNegotiatedCipher(context)
        answers["alpn"] = st.SSLSetALPNProtocols(context, ["h2"])
        answers["option"] = st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth, True)
        answers["other"] = st.SSLWrite(pair.server, b"hi", 2, None)
        return WOULD_BLOCK

    if which == "read":
        pair.down.on_read.append(inside)
        assert st.SSLRead(context, None, 5, None) == (WOULD_BLOCK, b"", 0)
    else:
        pair.up.on_write.append(inside)
        assert st.SSLWrite(context, b"hello", 5, None) == (WOULD_BLOCK, 5)
    assert answers == {
        "handshake": st.errSecBadReq,
        "read": (st.errSecBadReq, None, 0),
        "write": (st.errSecBadReq, 0),
        "close": st.errSecBadReq,
        "state": (0, st.kSSLConnected),
        "suite": (0, 0xC02C),
        "alpn": 0,
        "option": st.errSecBadReq,
        "other": (0, 2),
    }
    assert state(context) == st.kSSLConnected
    assert st.SSLRead(context, None, 2, None) == (0, b"hi", 2)


def test_from_a_callback_an_error_may_be_set() -> None:
    pair = connected()
    pair.down.on_read.append(
        lambda *_: (st.SSLSetError(pair.client, st.errSecCertificateRevoked), WOULD_BLOCK)[1]
    )
    status, _, _ = st.SSLRead(pair.client, None, 5, None)
    assert status in (WOULD_BLOCK, st.errSSLClosedAbort)
    assert state(pair.client) == st.kSSLAborted
    assert st.SSLHandshake(pair.client) == 0
    assert st.SSLRead(pair.server, None, 5, None)[0] == st.errSSLPeerCertRevoked


@pytest.mark.contract("SSLSetIOFuncs errSecSuccess")
def test_new_callbacks_replace_the_old_ones_while_idle() -> None:
    context, calls = server("p256"), []
    ok(st.SSLSetIOFuncs(context, lambda *_: calls.append(1) or WOULD_BLOCK, lambda *_: 0))
    ok(st.SSLSetIOFuncs(context, lambda *_: calls.append(2) or WOULD_BLOCK, lambda *_: 0))
    assert st.SSLHandshake(context) == WOULD_BLOCK
    assert calls == [2]
    assert st.SSLSetIOFuncs(context, lambda *_: 0, lambda *_: 0) == st.errSecBadReq
