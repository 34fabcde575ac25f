"""DTLS over loopback UDP for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

import certs
import securetransport as st
from relay import Relay, Weather
from securetransport import extensions
from securetransport.adapters import datagram

PSK = ("device", b"sixteen bytes 16")
HERE = ("127.0.0.1", 0)
PATIENCE = 60.0

Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """In debug mode, where coroutines that nobody awaits and callbacks from wrong threads are complained about."""
    return asyncio.run(asyncio.wait_for(main, PATIENCE), debug=True)


@functools.cache
def credentials() -> list[Any]:
    return extensions.credentials_from_files(certs.leaf("p256").file("both"))


@functools.cache
def anchor() -> st.SecCertificate:
    made = st.SecCertificateCreateWithData(None, certs.authority().der)
    assert made is not None
    return made


async def echo(peer: datagram.AsyncPeer) -> None:
    async for data in peer:
        await peer.send(data)


def serving(handler: Any = echo, **options: Any) -> Coroutine[Any, Any, datagram.AsyncServer]:
    if not {"psk", "credentials"} & set(options):
        options["psk"] = dict([PSK])
    return datagram.start_server(handler, HERE, **options)


def opening(server: Any, **options: Any) -> Any:
    if "trusted" not in options:
        options.setdefault("psk", PSK)
    return datagram.open_connection(("127.0.0.1", server.port), **{"timeout": PATIENCE, **options})


async def eventually(what: Any) -> None:
    while not what():
        await asyncio.sleep(0.005)


def test_payloads_go_there_and_back() -> None:
    async def main() -> None:
        async with await serving() as server, opening(server) as peer:
            assert peer.version == "DTLS 1.2"
            for size in (1, 100, peer.max_payload):
                await peer.send(b"x" * size)
                assert await peer.receive(PATIENCE) == b"x" * size

    run(main())


def test_a_connection_can_be_awaited_and_closed_by_hand() -> None:
    async def main() -> None:
        server = await serving()
        peer = await opening(server)
        await peer.send(b"hello")
        assert await peer.receive() == b"hello"
        peer.close()
        assert peer.closed
        with pytest.raises(datagram.PeerClosed):
            await peer.receive()
        await eventually(lambda: len(server) == 0)
        server.close()
        await server.wait_closed()

    run(main())


def test_certificates_are_verified_and_refusals_have_their_status() -> None:
    async def main() -> None:
        async with await serving(credentials=credentials()) as server:
            async with opening(server, trusted=[anchor()], server_name="localhost") as peer:
                assert [one.common_name for one in peer.certificates] == ["localhost"]
            with pytest.raises(datagram.HandshakeFailed, match="chain was not accepted") as caught:
                await opening(server, trusted=[anchor()], server_name="elsewhere.example")
            assert caught.value.status == st.errSSLXCertChainInvalid

    run(main())


def test_a_hundred_peers_at_once() -> None:
    async def talk(server: Any, number: int) -> None:
        async with opening(server) as peer:
            for turn in range(5):
                await peer.send(b"%d of %d" % (turn, number))
                assert await peer.receive(PATIENCE) == b"%d of %d" % (turn, number)

    async def main() -> None:
        async with await serving() as server:
            await asyncio.gather(*(talk(server, number) for number in range(100)))
            assert server.counts["accepted"] == 100
            await eventually(lambda: len(server) == 0)

    run(main())


def test_a_cancelled_receive_loses_nothing() -> None:
    async def main() -> None:
        async with await serving() as server, opening(server) as peer:
            waiting = asyncio.create_task(peer.receive())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            with pytest.raises(datagram.DatagramTimeout, match=r"Nothing came in 0\.01 seconds"):
                await peer.receive(timeout=0.01)
            await peer.send(b"kept")
            await eventually(lambda: peer._inbox)
            assert await peer.receive() == b"kept"
            assert not peer._waiters

    run(main())


def test_a_cancelled_handshake_leaves_nothing_behind() -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(HERE)
            before = set(asyncio.all_tasks())
            connecting = asyncio.create_task(datagram.open_connection(silent.getsockname(), psk=PSK)._open())
            await eventually(lambda: _readable(silent))
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == before
            loop: Any = asyncio.get_running_loop()
            assert all(handle.cancelled() for handle in loop._scheduled if "_fire" in repr(handle))

    run(main())


def _readable(sock: socket.socket) -> bool:
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        return bool(sock.recv(65535, socket.MSG_PEEK))
    return False


def test_nobody_there_is_said_at_once_and_silence_is_a_time_out() -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(HERE)
            place = silent.getsockname()
            with pytest.raises(datagram.DatagramTimeout, match="does not answer"):
                await datagram.open_connection(place, psk=PSK, timeout=0.1)
        with pytest.raises(ConnectionRefusedError, match="refuses"):
            await datagram.open_connection(place, psk=PSK, timeout=PATIENCE)

    run(main())


def test_a_handler_that_returns_closes_its_peer_and_one_that_fails_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(peer: datagram.AsyncPeer) -> None:
        if await peer.receive() == b"fail":
            raise RuntimeError("a fault of the handler")

    async def main() -> None:
        async with await serving(handler) as server:
            for word in (b"return", b"fail"):
                async with opening(server) as peer:
                    await peer.send(word)
                    assert [data async for data in peer] == []

    with caplog.at_level(logging.ERROR):
        run(main())
    assert "a fault of the handler" in caplog.text
    assert [record.name for record in caplog.records] == ["securetransport.adapters.datagram.aio"]


def test_closing_a_server_cancels_its_handlers_and_says_goodbye() -> None:
    ended: list[str] = []

    async def handler(peer: datagram.AsyncPeer) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            ended.append("cancelled")

    async def main() -> None:
        server = await serving(handler)
        serving_ = asyncio.create_task(server.serve_forever())
        async with opening(server) as peer:
            await eventually(lambda: server._tasks)
            server.close()
            with pytest.raises(datagram.PeerClosed) as caught:
                await peer.receive()
            assert caught.value.status == st.errSSLClosedGraceful
        await serving_

    run(main())
    assert ended == ["cancelled"]


def test_an_idle_peer_and_one_that_does_not_finish_are_ended_by_the_loop_s_timers() -> None:
    async def main() -> None:
        limits = datagram.Limits(idle=0.1, handshake=0.2)
        async with await serving(limits=limits) as server:
            async with opening(server) as peer:
                assert [data async for data in peer] == []
            assert len(server) == 0

    run(main())


def test_what_does_not_fit_is_refused() -> None:
    async def main() -> None:
        async with await serving() as server, opening(server) as peer:
            with pytest.raises(datagram.DatagramTooLong):
                await peer.send(bytes(5000))

    run(main())


@pytest.mark.parametrize("seed", range(3))
def test_handshakes_get_through_a_bad_network(seed: int) -> None:
    async def talk(relay: Relay) -> None:
        options: dict[str, Any] = {"trusted": [anchor()], "server_name": "localhost", "timeout": PATIENCE}
        async with datagram.open_connection(relay.address, **options) as peer:
            for _ in range(100):
                await peer.send(b"are you there")
                with contextlib.suppress(datagram.DatagramTimeout):
                    assert await peer.receive(0.2) == b"are you there"
                    return
            raise AssertionError("no payload got through")

    async def main() -> None:
        async with await serving(credentials=credentials()) as server:
            weather = Weather(loss=0.1, double=0.1, delay=0.02, mtu=1000)
            with Relay(("127.0.0.1", server.port), weather, seed) as relay:
                await asyncio.gather(*(talk(relay) for _ in range(5)))

    run(main())


def test_a_flood_of_first_hellos_is_answered_and_forgotten() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLDatagramType)
    transport = datagram.DatagramMemoryCallbacks()
    st.SSLSetIOFuncs(context, *transport)
    st.SSLHandshake(context)
    (hello,) = transport.drain()

    async def main() -> None:
        async with await serving() as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.connect(("127.0.0.1", server.port))
                for number in range(1000):
                    stranger.send(hello[:27] + number.to_bytes(32, "big") + hello[59:])
                    if number % 50 == 49:
                        await eventually(lambda number=number: server.counts["verify requests"] == number + 1)
                        for _ in range(50):
                            assert stranger.recv(65535)[13] == 3
            assert len(server) == 0
            assert server._hub.next() is None

    run(main())


# --- protocols of asyncio --------------------------------------------------------------------------------


class Recorder(asyncio.DatagramProtocol):
    """Notes what happens to it; a server's sends payloads back."""

    def __init__(self, answers: bool = False) -> None:
        self.answers = answers
        self.log: list[str] = []
        self.payloads: list[tuple[bytes, Any]] = []
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.log.append("made")
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.payloads.append((data, addr))
        if self.answers:
            self.transport.sendto(data, addr)

    def error_received(self, exc: Exception) -> None:
        self.log.append(type(exc).__name__)

    def connection_lost(self, exc: Exception | None) -> None:
        self.log.append("lost")


def test_protocols_of_asyncio_see_payloads_in_place_of_datagrams() -> None:
    async def main() -> None:
        make = datagram.create_datagram_endpoint
        above, server = await make(lambda: Recorder(True), HERE, psk=dict([PSK]))
        place = above.get_extra_info("sockname")
        clients = [await make(Recorder, remote_addr=place, psk=PSK) for _ in range(3)]
        for number, (transport, _) in enumerate(clients):
            assert transport.get_extra_info("peername") == place
            transport.sendto(b"%d" % number)
        for number, (transport, client) in enumerate(clients):
            await eventually(lambda client=client: client.payloads)  # type: ignore[misc]
            assert client.payloads == [(b"%d" % number, place)]
            mine = transport.get_extra_info("sockname")
            assert (b"%d" % number, mine) in server.payloads
            assert above.peer(mine).psk_identity == b"device"  # type: ignore[union-attr]
        transport, client = clients[0]
        transport.sendto(bytes(5000))
        assert client.log == ["made", "DatagramTooLong"]
        transport.close()
        transport.close()
        above.sendto(b"nobody", ("127.0.0.1", 1))
        assert server.log == ["made", "PeerClosed"]
        above.close()
        for _, other in clients[1:]:
            await eventually(lambda other=other: other.log == ["made", "lost"])  # type: ignore[misc]
        assert client.log == ["made", "DatagramTooLong", "lost"]
        assert transport.is_closing()
        await asyncio.sleep(0)
        assert server.log == ["made", "PeerClosed", "lost"]

    run(main())


def test_an_endpoint_needs_a_place() -> None:
    with pytest.raises(ValueError, match="needs local_addr"):
        run(datagram.create_datagram_endpoint(Recorder))
