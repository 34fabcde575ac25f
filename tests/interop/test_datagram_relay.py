"""OpenSSL and GnuTLS behind a network that loses, doubles, delays, reorders and forges datagrams, or is narrow.

Every handshake completes and data goes both ways, whichever end is ours; forgeries are for our end alone. All seeds
run at the same time, because most of it is waiting for timers of a second and more.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pipes import LIMIT, DatagramLink, client, datagram_link, ok, server
from typing import Any, NamedTuple

import pytest
from datagram_peers import (
    ADDRESS,
    GNUTLS_VERSIONS,
    accept,
    dial,
    gnutls_client,
    gnutls_server,
    openssl_client,
    openssl_server,
    udp,
)
from strangers import Process

import certs
import securetransport as st
from relay import Relay, Weather

WEATHERS = {
    "lossy": Weather(loss=0.12, double=0.1),
    "disorderly": Weather(late=0.3, delay=0.05, double=0.2),
    "hostile": Weather(forged=0.5, late=0.1, delay=0.05),
    "narrow": Weather(mtu=700),
}
#: How a stranger is told that the path is narrow; we have to find out.
NARROW = {"openssl": ("-mtu", "600"), "gnutls": ("--mtu", "600")}
SEEDS = {"lossy": 6, "disorderly": 4, "hostile": 4, "narrow": 2}
#: GnuTLS 3.7's client loses its way where much is lost: it gives up on fragments of a message that was sent again, or
#: hangs behind the handshake.
SPARED = ("gnutls", "server", "lossy")
OURS, THEIRS = b"from us\n", b"#from them\n"


class Journey(NamedTuple):
    peer: str
    role: str
    weather: str
    seed: int

    def __str__(self) -> str:
        return "-".join(map(str, self))


JOURNEYS = [
    Journey(peer, role, weather, seed)
    for peer in ("openssl", "gnutls")
    for role in ("client", "server")
    for weather, seeds in SEEDS.items()
    if (peer, role, weather) != SPARED
    for seed in range(seeds)
]


def _ours(journey: Journey) -> Any:
    """Our end; its chain is too long for a narrow path in one piece, and it finds out by itself.

    Not with GnuTLS 3.7, which never joins fragments of a message that was cut in two ways: there the size is the one
    that we would fall back to.
    """
    kind = st.kSSLDatagramType
    ctx = client(kind=kind) if journey.role == "client" else server("chained", kind=kind)
    ok(st.SSLSetProtocolVersionMax(ctx, st.kDTLSProtocol12))
    ok(st.SSLSetEnabledCiphers(ctx, [st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], 1))
    if journey.peer == "gnutls":
        ok(st.SSLSetMaxDatagramRecordSize(ctx, 548))
    return ctx


def _more(journey: Journey) -> tuple[str, ...]:
    return NARROW[journey.peer] if journey.weather == "narrow" else ()


@contextlib.contextmanager
def _stranger_serves(journey: Journey) -> Iterator[tuple[Process, int]]:
    if journey.peer == "openssl":
        peer, port = openssl_server("-dtls1_2", "-timeout", *_more(journey), key="chained")
        process = peer.process
    else:
        priority = "NORMAL:-VERS-ALL" + GNUTLS_VERSIONS["DTLSv1.2"]
        process, port = gnutls_server("chained", priority, "--disable-client-cert", *_more(journey))
    try:
        yield process, port
    finally:
        process.kill()


@contextlib.contextmanager
def _stranger_connects(journey: Journey, port: int) -> Iterator[Process]:
    if journey.peer == "openssl":
        process = openssl_client(port, "-dtls1_2", "-timeout", *_more(journey)).process
    else:
        priority = "NORMAL:-VERS-ALL" + GNUTLS_VERSIONS["DTLSv1.2"]
        process = gnutls_client(port, priority, *_more(journey)).process
    try:
        yield process
    finally:
        process.kill()


def _insist(send: Callable[[], object], arrived: Callable[[], bool]) -> None:
    """Application data is not sent again by anybody but the application."""
    end = time.monotonic() + LIMIT
    send()
    while not arrived():
        assert time.monotonic() < end, "it never arrives"
        send()


def _heard(link: DatagramLink, process: Process, what: bytes) -> Callable[[], bool]:
    def arrived() -> bool:
        # Whoever sent the last flight has to read to hear that it was lost (RFC 6347, section 4.2.4).
        status, _, _ = st.SSLRead(link.ctx, None, 16_384, None)
        assert status == st.errSSLWouldBlock
        with process.changed:
            return bool(process.changed.wait_for(lambda: what in process.out, 0.2))

    return arrived


def _read(link: DatagramLink, what: bytes) -> Callable[[], bool]:
    def arrived() -> bool:
        status, part, _ = st.SSLRead(link.ctx, None, 16_384, None)
        assert status in (0, st.errSSLWouldBlock)
        return what in (part or b"")

    return arrived


def _talk(journey: Journey, link: DatagramLink, process: Process) -> None:
    assert link.handshake() == 0
    if (journey.peer, journey.role) == ("gnutls", "client"):  # it sends back
        _insist(lambda: ok(link.send(OURS)), _read(link, OURS))
        return
    _insist(lambda: ok(link.send(OURS)), _heard(link, process, OURS))
    _insist(lambda: process.put(THEIRS), _read(link, THEIRS))


def _travel(journey: Journey) -> None:
    weather = WEATHERS[journey.weather]
    if journey.role == "client":
        with (
            _stranger_serves(journey) as (process, port),
            Relay((ADDRESS, port), weather, journey.seed) as network,
            dial(network.address[1]) as sock,
        ):
            _talk(journey, datagram_link(_ours(journey), sock), process)
        return
    with udp() as sock, Relay(sock.getsockname(), weather, journey.seed, forged_up=True) as network:
        ctx = _ours(journey)
        with _stranger_connects(journey, network.address[1]) as process:
            _talk(journey, datagram_link(ctx, accept(sock)), process)
    if journey.weather == "narrow":
        too_long = [went for went in network.passed if went.fate == "big"]
        assert bool(too_long) == (journey.peer == "openssl")


@pytest.fixture(scope="module")
def journeys() -> Iterator[dict[Journey, Future[None]]]:
    certs.leaf("chained").file("cert"), certs.leaf("chained").file("key"), certs.authority().file("cert")
    with ThreadPoolExecutor(len(JOURNEYS)) as pool:
        yield {journey: pool.submit(_travel, journey) for journey in JOURNEYS}


@pytest.mark.parametrize("journey", JOURNEYS, ids=str)
def test_a_handshake_completes_on_a_bad_network(
    journey: Journey, journeys: dict[Journey, Future[None]]
) -> None:
    journeys[journey].result(2 * LIMIT)
