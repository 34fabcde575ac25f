"""DTLS over loopback UDP for programs that wait: clients, a server of many peers, bad networks, hostile strangers."""

from __future__ import annotations

import contextlib
import functools
import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import certs
import securetransport as st
from relay import Relay, Weather
from securetransport import extensions, spi
from securetransport.adapters import datagram

PSK = ("device", b"sixteen bytes 16")
PATIENCE = 60.0


@functools.cache
def credentials(name: str = "p256") -> list[Any]:
    return extensions.credentials_from_files(certs.leaf(name).file("both"))


@functools.cache
def anchor() -> st.SecCertificate:
    made = st.SecCertificateCreateWithData(None, certs.authority().der)
    assert made is not None
    return made


@contextlib.contextmanager
def serving(
    handler: Any = None, host: str = "127.0.0.1", **options: Any
) -> Iterator[datagram.DatagramServer]:
    """A server; with a handler it serves in a thread."""
    if not {"psk", "credentials"} & set(options):
        options["psk"] = dict([PSK])
    with datagram.listen((host, 0), **options) as server:
        if handler is None:
            yield server
            return
        thread = threading.Thread(target=server.serve_forever, args=(handler,))
        thread.start()
        try:
            yield server
        finally:
            server.close()
            thread.join()


def echo(peer: datagram.ServerPeer, data: bytes) -> bytes:
    return data


def connect(server: Any, host: str = "127.0.0.1", **options: Any) -> datagram.DatagramClient:
    if "trusted" not in options:
        options.setdefault("psk", PSK)
    options.setdefault("timeout", PATIENCE)
    return datagram.connect((host, server.port), **options)


def eventually(what: Any) -> None:
    """Until it is so; for what a thread does on its own."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)


# --- one client ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_payloads_go_there_and_back_with_a_shared_key(host: str) -> None:
    with serving(echo, host) as server, connect(server, host) as client:
        assert client.version == "DTLS 1.2"
        assert client.suite == "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256"
        assert client.address[:2] == (host, server.port)
        for size in (1, 100, client.max_payload):
            client.send(b"x" * size)
            assert client.receive(PATIENCE) == b"x" * size


def test_a_certificate_is_verified_for_the_host() -> None:
    with serving(echo, credentials=credentials()) as server:
        with connect(server, trusted=[anchor()], server_name="localhost") as client:
            assert client.suite == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
            assert [one.common_name for one in client.certificates] == ["localhost"]
            client.send(b"hello")
            assert client.receive(PATIENCE) == b"hello"
        with pytest.raises(datagram.HandshakeFailed, match="chain was not accepted") as caught:
            connect(server, trusted=[anchor()], server_name="elsewhere.example")
        assert caught.value.status == st.errSSLXCertChainInvalid


def test_a_client_shows_a_certificate_and_the_server_knows_it() -> None:
    options: dict[str, Any] = {"client_auth": st.kAlwaysAuthenticate, "trusted": [anchor()]}
    with serving(credentials=credentials(), **options) as server:
        mine = extensions.credentials_from_files(certs.leaf("rsa").file("both"))
        with connect(server, trusted=[anchor()], credentials=mine):
            peer = server.accept(PATIENCE)
            assert bytes(st.SecCertificateCopyData(peer.certificates[0]) or b"") == certs.leaf("rsa").der


def test_the_server_knows_the_identity_and_both_make_the_same_keys() -> None:
    with serving() as server, connect(server) as client:
        peer = server.accept(PATIENCE)
        assert peer.psk_identity == b"device"
        made = client.export("EXPORTER-test", 40, b"context")
        assert len(made) == 40
        assert made == peer.export(b"EXPORTER-test", 40, b"context")


def test_a_function_looks_secrets_up_and_an_unknown_identity_gets_no_further() -> None:
    asked: list[bytes] = []

    def lookup(identity: bytes) -> bytes | None:
        asked.append(identity)
        return PSK[1] if identity == b"device" else None

    with serving(psk=lookup) as server:
        connect(server).close()
        with pytest.raises(datagram.DatagramTimeout, match="stopped answering"):
            connect(server, psk=("stranger", PSK[1]), timeout=0.3)
    assert set(asked) == {b"device", b"stranger"}


@pytest.mark.parametrize("version", [st.kDTLSProtocol1, st.kDTLSProtocol12])
def test_the_older_version_is_spoken_when_it_is_named(version: int) -> None:
    both = (st.kDTLSProtocol1, st.kDTLSProtocol12)
    names = {st.kDTLSProtocol1: "DTLS 1.0", st.kDTLSProtocol12: "DTLS 1.2"}
    with (
        serving(echo, credentials=credentials("rsa"), versions=both) as server,
        connect(server, trusted=[anchor()], server_name="localhost", versions=(version, version)) as client,
    ):
        assert client.version == names[version]
        client.send(b"old")
        assert client.receive(PATIENCE) == b"old"


def test_application_protocols_and_media_keys_are_agreed_on() -> None:
    options: dict[str, Any] = {"alpn": ["webrtc", "coap"], "srtp": [extensions.SRTP_AES128_CM_HMAC_SHA1_80]}
    with serving(**options) as server, connect(server, **{**options, "alpn": ["coap"]}) as client:
        peer = server.accept(PATIENCE)
        assert client.alpn == peer.alpn == "coap"
        assert client.srtp() == peer.srtp()
        assert client.srtp().profile == extensions.SRTP_AES128_CM_HMAC_SHA1_80
        assert client.srtp().client_key.hex() not in repr(client.srtp())


def test_whatever_else_there_is_to_set_goes_through_configure_and_pauses_are_answered() -> None:
    paused: list[int] = []

    def configure(context: Any) -> None:
        st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth, True)

    def on_pause(context: Any, status: int) -> None:
        paused.append(status)

    with serving(credentials=credentials("self_signed")) as server:
        connect(server, psk=None, configure=configure, on_pause=on_pause).close()
        assert paused == [st.errSSLPeerAuthCompleted]
        with pytest.raises(datagram.HandshakeFailed) as caught:  # nobody answers the pause
            connect(server, psk=None, configure=configure)
        assert caught.value.status == st.errSSLPeerAuthCompleted

        def refuse(context: Any, status: int) -> None:
            raise LookupError("not the fingerprint that was agreed on")

        with pytest.raises(datagram.HandshakeFailed, match="not the fingerprint") as caught:
            connect(server, psk=None, configure=configure, on_pause=refuse)
        assert isinstance(caught.value.__cause__, LookupError)


def test_a_goodbye_of_either_side_ends_the_other() -> None:
    with serving() as server:
        with connect(server) as client:
            peer = server.accept(PATIENCE)
            client.send(b"last")
        assert peer.receive(PATIENCE) == b"last"
        with pytest.raises(datagram.PeerClosed) as caught:
            peer.receive(PATIENCE)
        assert caught.value.status == st.errSSLClosedGraceful
        eventually(lambda: len(server) == 0)
        with connect(server) as client:
            with server.accept(PATIENCE) as peer:
                peer.send(b"last")
            assert list(client) == [b"last"]
            with pytest.raises(datagram.PeerClosed):
                client.send(b"too late")


def test_closing_a_client_wakes_the_thread_that_waits_for_it() -> None:
    with serving() as server:
        client = connect(server)
        threading.Timer(0.1, client.close).start()
        assert list(client) == []


def test_a_time_out_says_so_and_the_association_goes_on() -> None:
    with serving(echo) as server, connect(server) as client:
        with pytest.raises(TimeoutError, match=r"Nothing came in 0\.05 seconds") as caught:
            client.receive(timeout=0.05)
        assert isinstance(caught.value, datagram.DatagramTimeout)
        assert caught.value.status == st.errSSLWouldBlock
        with pytest.raises(datagram.DatagramTimeout):
            client.receive(timeout=0)
        client.send(b"still here")
        assert client.receive(PATIENCE) == b"still here"


def test_what_does_not_fit_is_refused_with_the_limit_and_a_larger_mtu_allows_it() -> None:
    with serving(echo, mtu=9000) as server:
        with connect(server) as client:
            with pytest.raises(datagram.DatagramTooLong, match="2000 bytes do not fit") as caught:
                client.send(bytes(2000))
            assert caught.value.limit == client.max_payload < 1400
            assert caught.value.status == st.errSSLBufferOverflow
        with connect(server, mtu=9000) as client:
            client.send(bytes(2000))
            assert client.receive(PATIENCE) == bytes(2000)


# --- networks that refuse and mistakes -------------------------------------------------------------------


def test_where_nobody_listens_is_said_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ConnectionRefusedError, match=f"127.0.0.1:{port} refuses") as caught:
        datagram.connect(("127.0.0.1", port), psk=PSK, timeout=PATIENCE)
    assert isinstance(caught.value, datagram.PeerRefused)


def test_a_silent_place_is_a_time_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(datagram.DatagramTimeout, match=r"does not answer: no handshake in 0\.2 seconds"):
            datagram.connect(silent.getsockname(), psk=PSK, timeout=0.2)


def test_refusals_end_no_association_because_anybody_can_forge_them() -> None:
    with serving() as server:
        with Relay(("127.0.0.1", server.port), Weather(), 1) as relay:
            client = datagram.connect(relay.address, psk=PSK, timeout=PATIENCE)
        with client:  # nobody listens there any more
            for _ in range(5):
                client.send(b"anybody?")
                with pytest.raises(datagram.DatagramTimeout):
                    client.receive(0.02)
            assert client._transport.refusals > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"versions": (st.kTLSProtocol12, st.kTLSProtocol12)}, "versions cannot name"),
        ({"suites": [0x1301]}, "none of these suites"),
        ({"mtu": 10}, "mtu cannot be 10"),
        ({"psk": ("me", b"")}, "secret"),
        ({"alpn": ["x" * 300]}, "alpn"),
        ({"srtp": [99]}, "srtp"),
    ],
)
def test_options_that_cannot_be_are_said_before_anything_is_sent(options: Any, words: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        with pytest.raises(ValueError, match=words):
            datagram.connect(place.getsockname(), timeout=PATIENCE, **options)
        place.setblocking(False)
        with pytest.raises(BlockingIOError):
            place.recv(1)


def test_an_option_that_there_is_not_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="there is no option cypher"):
        datagram.connect(("127.0.0.1", 1), cypher=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="there is no option server_name"):
        datagram.listen(("127.0.0.1", 0), server_name="x")  # type: ignore[call-arg]


def test_a_port_that_is_taken_and_a_name_that_there_is_not_are_os_errors() -> None:
    with serving() as server, pytest.raises(OSError, match="in use"):
        datagram.listen(("127.0.0.1", server.port), psk=dict([PSK]))
    with pytest.raises(socket.gaierror):
        datagram.connect(("no such host.invalid", 5684), psk=PSK)


# --- many peers ------------------------------------------------------------------------------------------


def test_many_peers_talk_at_once_each_to_itself() -> None:
    with serving(echo) as server:
        failures: list[BaseException] = []

        def talk(number: int) -> None:
            try:
                with connect(server) as client:
                    for turn in range(20):
                        client.send(b"%d of %d" % (turn, number))
                        assert client.receive(PATIENCE) == b"%d of %d" % (turn, number)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert server.counts["accepted"] == 40
        eventually(lambda: len(server) == 0)


def test_peers_can_be_accepted_and_talked_to_one_by_one() -> None:
    with serving() as server:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connect(server)) for _ in range(5)]
            for number, client in enumerate(clients):
                client.send(b"%d" % number)
            peers = [server.accept(PATIENCE) for _ in clients]
            assert {peer.receive(PATIENCE) for peer in peers} == {b"0", b"1", b"2", b"3", b"4"}
            with pytest.raises(datagram.DatagramTimeout, match="Nobody came"):
                server.accept(0.01)
        assert [list(peer) for peer in peers] == [[]] * 5
    with pytest.raises(datagram.PeerClosed):
        server.accept(PATIENCE)
    assert list(server) == []


def test_what_nobody_fetches_is_dropped_beyond_the_queue() -> None:
    with serving(limits=datagram.Limits(queue=10)) as server, connect(server) as client:
        peer = server.accept(PATIENCE)
        for number in range(30):
            client.send(b"%d" % number)
            eventually(lambda number=number: len(peer._inbox) + peer.dropped > number)  # type: ignore[misc]
        assert [peer.receive(PATIENCE) for _ in range(10)] == [b"%d" % number for number in range(10)]
        assert peer.dropped == 20


def test_peers_that_nobody_accepts_and_payloads_that_nobody_fetches_are_bounded_in_all() -> None:
    limits = datagram.Limits(backlog=3, waiting=5)
    with serving(limits=limits) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(4)]
        assert list(clients[3]) == []  # told goodbye
        assert server.counts["refused"] == 1
        for client in clients[:3]:
            for number in range(3):
                client.send(b"%d" % number)
        peers = [server.accept(PATIENCE) for _ in range(3)]
        eventually(lambda: sum(len(peer._inbox) + peer.dropped for peer in peers) == 9)
        assert sum(peer.dropped for peer in peers) == 4
        for peer in peers:
            with contextlib.suppress(datagram.DatagramTimeout):
                while True:
                    peer.receive(0)
        assert server.budget._waiting == 0


def test_a_handler_that_fails_ends_its_peer_only(caplog: pytest.LogCaptureFixture) -> None:
    def handler(peer: Any, data: bytes) -> bytes:
        if data == b"fail":
            raise RuntimeError("a fault of the handler")
        return data

    with serving(handler) as server, connect(server) as one, connect(server) as other:
        one.send(b"fail")
        assert list(one) == []
        other.send(b"works")
        assert other.receive(PATIENCE) == b"works"
    assert "a fault of the handler" in caplog.text


def test_an_idle_peer_is_told_goodbye() -> None:
    with serving(limits=datagram.Limits(idle=0.2)) as server, connect(server) as client:
        peer = server.accept(PATIENCE)
        assert list(client) == []
        with pytest.raises(datagram.DatagramTimeout, match=r"Nothing came from the peer for 0\.2 seconds"):
            peer.receive(PATIENCE)


def test_a_client_that_starts_anew_from_the_same_port_replaces_itself() -> None:
    with serving() as server:
        first = connect(server)
        before = server.accept(PATIENCE)
        place = first.local_address
        first._socket.close()  # it loses its power
        with connect(server, source=place) as client:
            after = server.accept(PATIENCE)
            assert after.address == before.address == place
            client.send(b"again")
            assert after.receive(PATIENCE) == b"again"
            with pytest.raises(datagram.PeerClosed, match="started a new association"):
                before.receive(PATIENCE)
            assert len(server) == 1


# --- strangers -------------------------------------------------------------------------------------------


def first_hello() -> bytes:
    """What a client sends first."""
    sent: list[bytes] = []
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLDatagramType)
    assert context is not None
    spi.SSLSetPSKIdentity(context, b"me", 2)
    transport = datagram.DatagramMemoryCallbacks()
    st.SSLSetIOFuncs(context, *transport)
    assert st.SSLHandshake(context) == st.errSSLWouldBlock
    sent += transport.drain()
    return sent[0]


def test_a_flood_of_first_hellos_leaves_no_state_and_gets_no_more_than_it_sent() -> None:
    """10,000 hellos with randoms of their own from many ports; among them a client is served."""
    hello = first_hello()
    chance = random.Random(7)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(echo, credentials=credentials()))
        strangers = []
        for _ in range(50):
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.bind(("127.0.0.1", 0))
            sock.connect(("127.0.0.1", server.port))
            sock.setblocking(False)
            strangers.append(sock)
        sent = answers = 0
        for number in range(10_000):
            sock = strangers[number % len(strangers)]
            sock.send(hello[:27] + chance.randbytes(32) + hello[59:])
            sent += 1
            if number % 50 == 49:  # a socket's buffer holds some hundred
                eventually(lambda sent=sent: server.counts["verify requests"] == sent)  # type: ignore[misc]
                for one in strangers:
                    answer = one.recv(65535)
                    assert len(answer) <= 60
                    assert answer[0] == 22
                    assert answer[13] == 3  # HelloVerifyRequest
                    answers += 1
        for one in strangers:
            with pytest.raises(BlockingIOError):
                one.recv(65535)
        assert answers == sent == 10_000
        assert len(server) == server.half_open == 0
        assert not server._hub._by_source
        assert server._hub.next() is None
        with connect(server, trusted=[anchor()]) as client:
            client.send(b"served")
            assert client.receive(PATIENCE) == b"served"


def test_a_client_is_followed_to_a_new_address_by_the_name_in_its_records() -> None:
    with (
        serving(echo, credentials=credentials()) as server,
        Relay(("127.0.0.1", server.port), Weather(), 1) as relay,
        reach(relay, trusted=[anchor()], server_name="localhost") as client,
    ):
        own, named = extensions.SSLCopyDatagramConnectionIDs(client.context, None, None)[1:]
        assert own == b""
        assert len(named or b"") == 8
        for turn in range(3):
            payload = b"from another port %d" % turn
            client.send(payload)
            assert client.receive(PATIENCE) == payload
            relay.rebind()
        assert server.counts["moved"] == 2
        assert server.counts["accepted"] == 1


def test_without_names_a_new_address_is_a_stranger() -> None:
    with (
        serving(echo, credentials=credentials(), connection_id=None) as server,
        Relay(("127.0.0.1", server.port), Weather(), 1) as relay,
        reach(relay, trusted=[anchor()], server_name="localhost") as client,
    ):
        assert extensions.SSLCopyDatagramConnectionIDs(client.context, None, None) == (0, None, None)
        client.send(b"first")
        assert client.receive(PATIENCE) == b"first"
        relay.rebind()
        client.send(b"second")
        eventually(lambda: server.counts["dropped"] == 1)
        assert server.counts["moved"] == 0


@pytest.mark.parametrize("mistake", [0, 33, b"x", True, "8"])
def test_a_server_gives_out_names_of_one_length(mistake: Any) -> None:
    with pytest.raises(ValueError, match="length from 1 to 32"):
        datagram.listen(("127.0.0.1", 0), credentials=credentials(), connection_id=mistake)


def begin(server: Any, sock: socket.socket) -> None:
    """A client that shows it can hear, and then says no more."""
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLDatagramType)
    assert context is not None
    st.SSLSetProtocolVersionMax(context, st.kDTLSProtocol12)
    transport = datagram.DatagramMemoryCallbacks()
    st.SSLSetIOFuncs(context, *transport)
    sock.connect(("127.0.0.1", server.port))
    assert st.SSLHandshake(context) == st.errSSLWouldBlock
    sock.send(transport.drain()[0])
    transport.feed(sock.recv(65535))
    assert st.SSLHandshake(context) == st.errSSLWouldBlock
    sock.send(transport.drain()[0])


def test_clients_that_stop_halfway_take_the_places_of_half_open_ones_and_no_others() -> None:
    limits = datagram.Limits(half_open=4, half_open_per_host=3, handshake=0.5)
    options: dict[str, Any] = {"limits": limits, "credentials": credentials()}
    with (
        serving(echo, **options) as server,
        connect(server, trusted=[anchor()], server_name="localhost") as client,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(5):
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.settimeout(PATIENCE)
            begin(server, sock)
        eventually(lambda: server.counts["refused"] == 2)
        assert server.half_open == 3
        client.send(b"works all the same")
        assert client.receive(PATIENCE) == b"works all the same"
        eventually(lambda: server.half_open == 0)
        connect(server, trusted=[anchor()], server_name="localhost").close()


def test_junk_is_dropped_whoever_sends_it() -> None:
    chance = random.Random(3)
    with serving(echo) as server, connect(server, source=("127.0.0.1", 0)) as client:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(300):
                data = chance.randbytes(chance.randrange(80))
                place = ("127.0.0.1", server.port)
                stranger.sendto(data, place)
                client._socket.send(data)  # under the client's address
                client._socket.send(bytes([chance.choice((20, 21, 22, 23, 25))]) + data)
        assert any(answered(client) for _ in range(100))  # the server's socket may have been full


# --- bad networks ----------------------------------------------------------------------------------------

STORMS = {
    "loss": Weather(loss=0.15),
    "delay and reordering": Weather(delay=0.05, double=0.2),
    "damage": Weather(damage=0.1, double=0.1),
    "a small path": Weather(mtu=300),
    "all of it": Weather(loss=0.05, double=0.1, damage=0.03, delay=0.03, mtu=700),
}


def reach(relay: Relay, **options: Any) -> datagram.DatagramClient:
    options.update(trusted=[anchor()], server_name="localhost", timeout=PATIENCE)
    return datagram.connect(relay.address, **options)


def answered(client: datagram.DatagramClient) -> bool:
    """Whether a payload comes back soon."""
    client.send(b"are you there")
    try:
        return client.receive(0.2) == b"are you there"
    except datagram.DatagramTimeout:
        return False


@pytest.mark.parametrize(
    ("name", "host"), [*((name, "127.0.0.1") for name in STORMS), ("a small path", "::1")]
)
def test_a_handshake_gets_through_bad_networks(name: str, host: str) -> None:
    """With certificates, so that flights have several datagrams; all clients at once, so that time-outs overlap."""
    failures: list[BaseException] = []
    weather = STORMS[name]
    options: dict[str, Any] = {"mtu": 280} if weather.mtu < 600 else {}
    with serving(echo, host, credentials=credentials("chained"), **options) as server:

        def talk(seed: int) -> None:
            try:
                with Relay((host, server.port), weather, seed) as relay, reach(relay, **options) as client:
                    assert any(answered(client) for _ in range(100))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=talk, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
