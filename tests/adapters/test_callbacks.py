"""The ready-made callbacks turn what a transport does into the statuses of the contract, and lose nothing."""

from __future__ import annotations

import contextlib
import io
import os
import pipes
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import securetransport as st
from securetransport import errSecIO, errSecSuccess, errSSLClosedAbort, errSSLClosedGraceful, errSSLWouldBlock
from securetransport.adapters import callbacks as cb

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["unix", "tcp"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    pair = socket.socketpair() if request.param == "unix" else tcp_pair()
    with pair[0], pair[1]:
        yield pair


@pytest.fixture
def tcp() -> Iterator[Ends]:
    one, other = tcp_pair()
    with one, other:
        yield one, other


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    fds = list(os.pipe())
    yield fds
    for fd in fds:
        if fd >= 0:
            os.close(fd)


def tcp_pair() -> Ends:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    return one, other


def reset(sock: socket.socket) -> None:
    """Close with a reset instead of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def read(transport: cb.Callbacks, length: int) -> tuple[int, bytes]:
    """One call of the read callback, as an SSL* function makes it."""
    room = bytearray(b"\xee" * length)
    status, count = transport.read(None, memoryview(room), length)
    assert room[count:] == b"\xee" * (length - count)
    return status, bytes(room[:count])


def write(transport: cb.Callbacks, data: bytes) -> tuple[int, int]:
    return transport.write(None, memoryview(data).toreadonly(), len(data))


def later(work: Any, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    return thread


def send_slowly(sock: socket.socket, pieces: list[bytes]) -> None:
    for piece in pieces:
        sock.sendall(piece)
        time.sleep(0.02)


def test_unpacking_gives_the_read_and_the_write_callback() -> None:
    transport = cb.MemoryCallbacks()
    reader, writer = transport
    assert reader == transport.read
    assert writer == transport.write


# --- sockets ---------------------------------------------------------------------------------------------


def test_a_blocking_socket_is_read_until_the_request_is_filled(ends: Ends) -> None:
    mine, peer = ends
    thread = later(send_slowly, peer, [b"a", b"bc", b"defgh", b"rest"])
    assert read(cb.SocketCallbacks(mine), 8) == (errSecSuccess, b"abcdefgh")
    thread.join()
    assert mine.recv(100) == b"rest"


def test_nothing_is_read_ahead(ends: Ends) -> None:
    mine, peer = ends
    peer.sendall(b"0123456789")
    transport = cb.SocketCallbacks(mine)
    assert read(transport, 5) == (errSecSuccess, b"01234")
    assert mine.recv(100) == b"56789"


def test_a_non_blocking_socket_gives_what_it_has_and_would_block(ends: Ends) -> None:
    mine, peer = ends
    mine.setblocking(False)
    transport = cb.SocketCallbacks(mine)
    assert read(transport, 5) == (errSSLWouldBlock, b"")
    peer.sendall(b"abc")
    wait_readable(mine)
    assert read(transport, 5) == (errSSLWouldBlock, b"abc")
    assert transport.failure is None
    assert not transport.at_end


def test_a_time_out_is_would_block_with_what_came_and_the_next_call_goes_on(ends: Ends) -> None:
    mine, peer = ends
    mine.settimeout(0.05)
    transport = cb.SocketCallbacks(mine)
    peer.sendall(b"ab")
    assert read(transport, 4) == (errSSLWouldBlock, b"ab")
    peer.sendall(b"cd")
    assert read(transport, 2) == (errSecSuccess, b"cd")
    assert transport.failure is None


def test_a_peer_that_trickles_cannot_stretch_the_time_out(ends: Ends) -> None:
    mine, peer = ends
    mine.settimeout(0.1)
    thread = later(send_slowly, peer, [b"x"] * 40)
    status, data = read(cb.SocketCallbacks(mine), 40)
    assert status == errSSLWouldBlock
    assert 0 < len(data) < 40
    thread.join()


@pytest.mark.parametrize("sent", [b"", b"abc"])
def test_the_end_of_the_stream_is_closed_abort_with_what_came_before(ends: Ends, sent: bytes) -> None:
    mine, peer = ends
    peer.sendall(sent)
    peer.close()
    transport = cb.SocketCallbacks(mine)
    assert read(transport, 5) == (errSSLClosedAbort, sent)
    assert transport.at_end
    assert transport.failure is None


def test_a_reset_is_closed_abort_and_its_cause_is_kept(tcp: Ends) -> None:
    mine, peer = tcp
    transport = cb.SocketCallbacks(mine)
    reset(peer)
    assert read(transport, 5) == (errSSLClosedAbort, b"")
    assert isinstance(transport.failure, ConnectionResetError)
    assert not transport.at_end


def test_writing_to_a_peer_that_is_gone_is_closed_abort(ends: Ends) -> None:
    mine, peer = ends
    reset(peer)
    transport = cb.SocketCallbacks(mine)
    results = {write(transport, b"x" * 1000)[0] for _ in range(50)}
    assert errSSLClosedAbort in results
    assert results <= {errSSLClosedAbort, errSecSuccess}
    assert transport.failure is not None


def test_a_full_non_blocking_socket_takes_a_part_and_the_rest_later(ends: Ends) -> None:
    mine, peer = ends
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    mine.setblocking(False)
    transport = cb.SocketCallbacks(mine)
    data = os.urandom(8_000_000)
    status, count = write(transport, data)
    assert status == errSSLWouldBlock
    assert 0 < count < len(data)
    received = bytearray()
    peer.settimeout(0.01)
    while len(received) < len(data):
        with contextlib.suppress(TimeoutError):
            received += peer.recv(1 << 20)
        count += write(transport, data[count:])[1] if count < len(data) else 0
    assert received == data
    assert count == len(data)


def test_a_write_that_times_out_is_would_block_with_what_was_taken(ends: Ends) -> None:
    mine, _peer = ends
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    mine.settimeout(0.05)
    status, count = write(cb.SocketCallbacks(mine), bytes(8_000_000))
    assert status == errSSLWouldBlock
    assert 0 < count < 8_000_000


def test_a_blocking_write_sends_everything(ends: Ends) -> None:
    mine, peer = ends
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    data = os.urandom(2_000_000)
    received = bytearray()

    def drain() -> None:
        while len(received) < len(data):
            received.extend(peer.recv(1 << 16))

    thread = later(drain)
    assert write(cb.SocketCallbacks(mine), data) == (errSecSuccess, len(data))
    thread.join()
    assert received == data


def test_a_socket_that_the_caller_closed_is_an_io_error_and_no_exception(ends: Ends) -> None:
    mine, _peer = ends
    transport = cb.SocketCallbacks(mine)
    mine.close()
    assert read(transport, 5) == (errSecIO, b"")
    assert write(transport, b"abc") == (errSecIO, 0)
    assert isinstance(transport.failure, OSError)


def test_the_network_giving_up_is_no_time_out_to_be_repeated() -> None:
    class Dead:
        def gettimeout(self) -> float | None:
            return None

        def recv_into(self, *_: object) -> int:
            raise TimeoutError(110, "Connection timed out")

    transport = cb.SocketCallbacks(Dead())  # type: ignore[arg-type]  # a socket whose keep-alive failed
    assert read(transport, 5) == (errSSLClosedAbort, b"")
    assert isinstance(transport.failure, TimeoutError)


ALERT = b"\x15\3\3\0\2\2\x32"


@pytest.fixture
def hung_up() -> Iterator[cb.SocketCallbacks]:
    """A TCP connection whose peer sent an alert and closed before it had read all that it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mine = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
        with mine:
            mine.sendall(b"more than it reads")
            wait_readable(peer)
            peer.sendall(ALERT)
            peer.close()
            end = time.monotonic() + 10
            while True:  # until the reset is here
                try:
                    mine.send(b"\x16")
                except OSError:
                    break
                assert time.monotonic() < end
            yield cb.SocketCallbacks(mine)


@pytest.mark.parametrize("timeout", [None, 0.0, 10.0])
def test_the_alert_of_a_peer_that_hung_up_is_read_although_a_message_does_not_get_through(
    hung_up: cb.SocketCallbacks, timeout: float | None
) -> None:
    hung_up.socket.settimeout(timeout)
    assert write(hung_up, b"\x16 a handshake message") == (errSecSuccess, 21)
    assert isinstance(hung_up.failure, ConnectionError)
    assert read(hung_up, len(ALERT)) == (errSecSuccess, ALERT)
    assert write(hung_up, b"\x16 a handshake message") == (errSSLClosedAbort, 0)
    assert read(hung_up, 5) == (errSSLClosedAbort, b"")


def test_application_data_that_does_not_get_through_never_counts_as_sent(hung_up: cb.SocketCallbacks) -> None:
    assert write(hung_up, b"\x17 something") == (errSSLClosedAbort, 0)
    assert read(hung_up, len(ALERT)) == (errSecSuccess, ALERT)


def wait_readable(sock: socket.socket) -> None:
    import select

    assert select.select([sock], [], [], 10)[0]


# --- descriptors -----------------------------------------------------------------------------------------


def test_a_blocking_pipe_is_read_until_the_request_is_filled(pipe: list[int]) -> None:
    def feed() -> None:
        for piece in (b"ab", b"c", b"defg"):
            os.write(pipe[1], piece)
            time.sleep(0.02)

    thread = later(feed)
    assert read(cb.DescriptorCallbacks(pipe[0], pipe[1]), 6) == (errSecSuccess, b"abcdef")
    thread.join()


def test_a_non_blocking_pipe_gives_what_it_has_and_would_block(pipe: list[int]) -> None:
    os.set_blocking(pipe[0], False)
    transport = cb.DescriptorCallbacks(pipe[0], pipe[1])
    assert read(transport, 5) == (errSSLWouldBlock, b"")
    assert write(transport, b"abc") == (errSecSuccess, 3)
    assert read(transport, 5) == (errSSLWouldBlock, b"abc")


def test_a_full_pipe_takes_a_part_and_the_rest_later(pipe: list[int]) -> None:
    os.set_blocking(pipe[1], False)
    transport = cb.DescriptorCallbacks(pipe[0], pipe[1])
    data = os.urandom(300_000)
    status, count = write(transport, data)
    assert status == errSSLWouldBlock
    assert 0 < count < len(data)
    received = os.read(pipe[0], 1 << 20)
    while len(received) < len(data):
        count += write(transport, data[count:])[1] if count < len(data) else 0
        received += os.read(pipe[0], 1 << 20)
    assert received == data


def test_a_pipe_whose_writer_is_closed_ends(pipe: list[int]) -> None:
    os.write(pipe[1], b"abc")
    os.close(pipe[1])
    pipe[1] = -1
    transport = cb.DescriptorCallbacks(pipe[0])
    assert read(transport, 5) == (errSSLClosedAbort, b"abc")
    assert transport.at_end


def test_a_pipe_whose_reader_is_closed_is_closed_abort(pipe: list[int]) -> None:
    os.close(pipe[0])
    pipe[0] = -1
    transport = cb.DescriptorCallbacks(pipe[1])
    assert write(transport, b"abc") == (errSSLClosedAbort, 0)
    assert isinstance(transport.failure, BrokenPipeError)


def test_a_descriptor_that_is_none_is_an_io_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    transport = cb.DescriptorCallbacks(reading, writing)
    assert read(transport, 5) == (errSecIO, b"")
    assert write(transport, b"abc") == (errSecIO, 0)


def test_one_descriptor_serves_both_ways() -> None:
    mine, peer = socket.socketpair()
    with mine, peer:
        transport = cb.DescriptorCallbacks(mine.fileno())
        assert write(transport, b"ping") == (errSecSuccess, 4)
        assert peer.recv(10) == b"ping"
        peer.sendall(b"pong")
        assert read(transport, 4) == (errSecSuccess, b"pong")


# --- file objects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_childs_files_carry_bytes_both_ways(buffering: int) -> None:
    echo = "import sys\nwhile d := sys.stdin.buffer.read1(): sys.stdout.buffer.write(d); sys.stdout.flush()"
    command = [sys.executable, "-c", echo]
    with subprocess.Popen(command, bufsize=buffering, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        transport = cb.FileCallbacks(child.stdout, child.stdin)
        data = os.urandom(20_000)
        assert write(transport, data) == (errSecSuccess, len(data))
        assert read(transport, 5) == (errSecSuccess, data[:5])
        assert read(transport, len(data) - 5) == (errSecSuccess, data[5:])
        child.stdin.close()
        assert read(transport, 5) == (errSSLClosedAbort, b"")
        assert transport.at_end


def test_memory_files_work_and_end() -> None:
    written = io.BytesIO()
    transport = cb.FileCallbacks(io.BytesIO(b"hello!"), written)
    assert read(transport, 5) == (errSecSuccess, b"hello")
    assert read(transport, 5) == (errSSLClosedAbort, b"!")
    assert write(transport, b"abc") == (errSecSuccess, 3)
    assert written.getvalue() == b"abc"


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_blocked_file_gives_what_it_has_and_takes_what_fits(pipe: list[int], buffering: int) -> None:
    for fd in pipe:
        os.set_blocking(fd, False)
    with (
        open(pipe[0], "rb", buffering=buffering, closefd=False) as reader,
        open(pipe[1], "wb", buffering=buffering, closefd=False) as writer,
    ):
        transport = cb.FileCallbacks(reader, writer)
        assert read(transport, 5) == (errSSLWouldBlock, b"")
        data = os.urandom(200_000)
        status, count = write(transport, data)
        assert status == errSSLWouldBlock
        assert 0 < count < len(data)
        received = b""
        while len(received) < len(data):
            received += read(transport, len(data) - len(received))[1]
            count += write(transport, data[count:])[1] if count < len(data) else 0
        assert received == data


def test_what_others_left_in_a_writers_buffer_goes_first(pipe: list[int]) -> None:
    with open(pipe[1], "wb", closefd=False) as writer:
        writer.write(b"before ")
        assert write(cb.FileCallbacks(io.BytesIO(), writer), b"after") == (errSecSuccess, 5)
        assert os.read(pipe[0], 100) == b"before after"


def test_a_sockets_buffered_files_are_flushed_at_once(ends: Ends) -> None:
    mine, peer = ends
    both = mine.makefile("rwb")
    transport = cb.FileCallbacks(both, both)
    assert write(transport, b"ping") == (errSecSuccess, 4)
    assert peer.recv(10) == b"ping"
    peer.sendall(b"pong")
    assert read(transport, 4) == (errSecSuccess, b"pong")
    reset(peer)
    results = {write(transport, b"x" * 1000)[0] for _ in range(50)}
    assert errSSLClosedAbort in results
    with contextlib.suppress(BrokenPipeError):
        both.close()


def test_a_buffered_writer_that_cannot_say_what_it_took_is_an_io_error() -> None:
    class Wayward:
        def write(self, data: bytes) -> int:
            return len(data)

        def flush(self) -> None:
            raise BlockingIOError(11, "later")

    transport = cb.FileCallbacks(io.BytesIO(), Wayward())
    assert write(transport, b"abc")[0] == errSecIO
    assert isinstance(transport.failure, BlockingIOError)


# --- memory ----------------------------------------------------------------------------------------------


def test_a_memory_pair_carries_bytes_both_ways() -> None:
    one, other = cb.memory_pair()
    assert write(one, b"hello") == (errSecSuccess, 5)
    assert other.pending == 5
    assert read(other, 2) == (errSecSuccess, b"he")
    assert read(other, 10) == (errSSLWouldBlock, b"llo")
    assert read(other, 1) == (errSSLWouldBlock, b"")
    assert write(other, b"back") == (errSecSuccess, 4)
    assert read(one, 4) == (errSecSuccess, b"back")


def test_a_full_memory_pair_takes_a_part_and_the_rest_later() -> None:
    one, other = cb.memory_pair(capacity=4)
    assert write(one, b"abcdef") == (errSSLWouldBlock, 4)
    assert write(one, b"ef") == (errSSLWouldBlock, 0)
    assert read(other, 3) == (errSecSuccess, b"abc")
    assert write(one, b"ef") == (errSecSuccess, 2)
    assert read(other, 3) == (errSecSuccess, b"def")


def test_a_closed_memory_end_is_the_end_for_the_other_one() -> None:
    one, other = cb.memory_pair()
    write(one, b"last")
    one.close()
    assert read(other, 10) == (errSSLClosedAbort, b"last")
    assert other.at_end
    assert write(other, b"x") == (errSSLClosedAbort, 0)
    assert read(one, 1) == (errSSLClosedAbort, b"")


def test_memory_is_fed_and_drained_by_hand() -> None:
    transport = cb.MemoryCallbacks()
    transport.feed(b"abc")
    assert read(transport, 2) == (errSecSuccess, b"ab")
    transport.feed_end()
    assert read(transport, 2) == (errSSLClosedAbort, b"c")
    assert write(transport, b"out") == (errSecSuccess, 3)
    assert transport.drain() == b"out"
    assert transport.drain() == b""


def test_large_memory_traffic_in_small_reads_is_the_same_bytes() -> None:
    one, other = cb.memory_pair()
    data = os.urandom(3_000_000)
    write(one, data)
    received = bytearray()
    while other.pending:
        received += read(other, 99_991)[1]
    assert received == data


# --- a connection over each of them ----------------------------------------------------------------------


@contextlib.contextmanager
def joined(kind: str) -> Iterator[tuple[cb.Callbacks, cb.Callbacks]]:
    """Two joined transports of a kind."""
    if kind.startswith("memory"):
        yield cb.memory_pair(1 if kind == "memory of one byte" else None)
        return
    if kind.startswith("socket"):
        one, other = socket.socketpair()
        with one, other:
            for sock in (one, other):
                sock.settimeout(
                    {"socket": None, "socket that blocks not": 0.0, "socket with a time-out": 0.01}[kind]
                )
            yield cb.SocketCallbacks(one), cb.SocketCallbacks(other)
        return
    (read_one, write_other), (read_other, write_one) = os.pipe(), os.pipe()
    if kind == "pipes":
        yield cb.DescriptorCallbacks(read_one, write_one), cb.DescriptorCallbacks(read_other, write_other)
        for fd in (read_one, write_one, read_other, write_other):
            os.close(fd)
        return
    with (
        open(read_one, "rb") as from_other,
        open(write_one, "wb") as to_other,
        open(read_other, "rb") as from_one,
        open(write_other, "wb") as to_one,
    ):
        yield cb.FileCallbacks(from_other, to_other), cb.FileCallbacks(from_one, to_one)


def until_done(step: Any) -> Any:
    """Repeat a call while it would block."""
    while True:
        result = step()
        status = result if isinstance(result, int) else result[0]
        if status != errSSLWouldBlock:
            return result
        time.sleep(0)  # the other thread's turn


def talk(context: Any, transport: cb.Callbacks, mine: bytes, first: bool) -> bytes:
    """Shake hands, send and receive, one after the other; then one end says goodbye and the other hears it."""
    assert st.SSLSetIOFuncs(context, *transport) == errSecSuccess
    assert until_done(lambda: st.SSLHandshake(context)) == errSecSuccess
    received = b""
    for sending in (first, not first):
        if sending:
            status, taken = st.SSLWrite(context, mine, len(mine))
            assert taken == len(mine)
            if status == errSSLWouldBlock:
                status, _ = until_done(lambda: st.SSLWrite(context, None, 0))
            assert status == errSecSuccess
            continue
        while len(received) < len(mine):
            status, data, _ = st.SSLRead(context, None, 20_000)
            assert status in (errSecSuccess, errSSLWouldBlock)
            received += data
            time.sleep(0)
    if first:
        assert until_done(lambda: st.SSLClose(context)) == errSecSuccess
    else:
        assert until_done(lambda: st.SSLRead(context, None, 100)) == (errSSLClosedGraceful, b"", 0)
        st.SSLClose(context)  # nobody reads the answer to the goodbye any more
    return received


@pytest.mark.parametrize(
    "kind",
    [
        "memory",
        "memory of one byte",
        "socket",
        "socket that blocks not",
        "socket with a time-out",
        "pipes",
        "files",
    ],
)
def test_a_connection_works_over_every_transport(kind: str) -> None:
    size = 1_000 if kind == "memory of one byte" else 200_000
    here, there = os.urandom(size), os.urandom(size)
    with joined(kind) as (one, other):
        server = pipes.Task(talk, pipes.server("p256"), other, there, False)
        assert talk(pipes.client(), one, here, True) == there
        assert server.result() == here
