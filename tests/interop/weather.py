"""A bad network between two ends on this machine: a relay for datagrams that follows a seed.

In: a seed, rates, the port of a server. Out: a port for one client. Promise: what happens to the n-th datagram of a
direction is decided by the seed alone; when it happens is the clock's. Nothing outlives the context.
"""

from __future__ import annotations

import contextlib
import heapq
import random
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pipes import LIMIT, Task

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Weather:
    """Rates of what may happen to a datagram, from 0 to 1; times in seconds."""

    loss: float = 0.0
    duplicate: float = 0.0
    #: Datagrams that are held back so long that later ones overtake them.
    late: float = 0.0
    delay: float = 0.03
    #: Datagrams before which somebody else sends one in the next epoch, with nothing in it but noise.
    forged: float = 0.0
    #: What is longer vanishes without a word, as in a tunnel that says nothing.
    mtu: int = 65_535


@dataclass
class Relay:
    """Between one client and one server; what became of the datagrams is counted."""

    weather: Weather
    seed: int
    #: The way that forgeries go: ``up`` to the server or ``down`` to the client.
    forged: str
    port: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"passed": 0, "lost": 0, "late": 0, "too long": 0})
    #: The longest that went through, in either direction.
    longest: int = 0

    def fate(self, way: str, chance: random.Random, datagram: bytes) -> list[tuple[float, bytes]]:
        """When it arrives and as what; nothing where it is lost, two where it is doubled."""
        lost, doubled, late, forged = (chance.random() for _ in range(4))
        noise = chance.randbytes(70)
        if len(datagram) > self.weather.mtu:
            self.counts["too long"] += 1
            return []
        if lost < self.weather.loss:
            self.counts["lost"] += 1
            return []
        self.counts["passed"] += 1
        self.longest = max(self.longest, len(datagram))
        self.counts["late"] += late < self.weather.late
        arrivals = [(self.weather.delay if late < self.weather.late else 0.0, datagram)]
        forgeries = (
            [(0.0, _forgery(datagram, noise))] if way == self.forged and forged < self.weather.forged else []
        )
        return forgeries + (arrivals * 2 if doubled < self.weather.duplicate else arrivals)


def _forgery(datagram: bytes, noise: bytes) -> bytes:
    """A record of the datagram's version in epoch 1 with a number that may come next (RFC 6347, section 4.1)."""
    kind, number = bytes([20 + noise[0] % 4]), bytes(5) + noise[1:2]
    return kind + datagram[1:3] + b"\0\1" + number + (64).to_bytes(2, "big") + noise[6:]


def _udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ADDRESS, 0))
    sock.setblocking(False)
    return sock


def _drain(sock: socket.socket) -> Iterator[tuple[bytes, tuple[str, int]]]:
    while True:
        try:
            yield sock.recvfrom(65_536)
        except BlockingIOError:
            return
        except ConnectionError:  # what an earlier datagram met
            continue


def _carry(
    relay: Relay, outside: socket.socket, inside: socket.socket, stop: socket.socket, server: int
) -> None:
    ways = {outside: "up", inside: "down"}
    chances = {sock: random.Random(f"{relay.seed} {way}") for sock, way in ways.items()}
    pending: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
    client: tuple[str, int] | None = None
    order, end = 0, time.monotonic() + 2 * LIMIT
    with selectors.DefaultSelector() as selector:
        for sock in (outside, inside, stop):
            selector.register(sock, selectors.EVENT_READ)
        while (now := time.monotonic()) < end:
            while pending and pending[0][0] <= now:
                _, _, by, datagram, to = heapq.heappop(pending)
                with contextlib.suppress(ConnectionError):
                    by.sendto(datagram, to)
            wait = pending[0][0] - now if pending else end - now
            for key, _ in selector.select(max(wait, 0)):
                if key.fileobj is stop:
                    return
                at = outside if key.fileobj is outside else inside
                for datagram, sender in _drain(at):
                    if at is outside:
                        client = sender
                    other, to = (inside, (ADDRESS, server)) if at is outside else (outside, client)
                    assert to is not None
                    for delay, what in relay.fate(ways[at], chances[at], datagram):
                        order += 1
                        heapq.heappush(pending, (time.monotonic() + delay, order, other, what, to))


@contextlib.contextmanager
def relay(server: int, weather: Weather, seed: int, forged: str = "down") -> Iterator[Relay]:
    """A relay in front of a server's port."""
    halt, stop = socket.socketpair()
    with _udp() as outside, _udp() as inside, halt, stop:
        running = Relay(weather, seed, forged, outside.getsockname()[1])
        work = Task(_carry, running, outside, inside, stop, server)
        try:
            yield running
        finally:
            halt.send(b"x")
            work.result()
