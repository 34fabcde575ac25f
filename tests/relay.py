"""A bad network between a client and a server on loopback UDP.

In: a server's address, a seed, how bad it is. Out: an address for clients, and what went by. Promise: what happens to
a datagram follows from the seed, its direction and its number alone; nothing outlives the relay.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Weather:
    """Shares of datagrams to which something happens, from 0 to 1."""

    loss: float = 0.0
    double: float = 0.0
    #: Done to encrypted records only: what is in the clear is guarded by UDP's checksum and no other.
    damage: float = 0.0
    #: Those before which somebody else sends one in the next epoch, with nothing in it but noise.
    forged: float = 0.0
    #: Those held back, and the longest time for that in seconds: others overtake them.
    late: float = 1.0
    delay: float = 0.0
    #: What is longer vanishes without a word, as in a tunnel that says nothing.
    mtu: int = 65535


@dataclass(frozen=True)
class Passed:
    """A datagram that was to go by: ``up`` is the client's way, ``fate`` one of ``sent``, ``lost``, ``big``."""

    up: bool
    data: bytes
    fate: str


def _forgery(datagram: bytes, noise: bytes) -> bytes:
    """A record of the datagram's version in epoch 1 with a number that may come next (RFC 6347, section 4.1)."""
    kind, number = bytes([20 + noise[0] % 4]), bytes(5) + noise[1:2]
    return kind + datagram[1:3] + b"\0\1" + number + (64).to_bytes(2, "big") + noise[6:]


class Relay:
    """Clients talk to ``address``; each gets a socket of its own towards the server, as behind a NAT.

    Forgeries go one way: to the clients, or up to the server.
    """

    def __init__(
        self, server: tuple[Any, ...], weather: Weather, seed: int, *, forged_up: bool = False
    ) -> None:
        self.server = server
        self.weather = weather
        self.forged_up = forged_up
        self.passed: list[Passed] = []
        self._chance = {up: random.Random(f"{seed} {up}") for up in (True, False)}
        self._family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self._front = self._socket()
        self._behind: dict[Any, socket.socket] = {}
        self._later: list[tuple[float, int, socket.socket, bytes, Any]] = []
        self._order = itertools.count()
        self._stop_in, self._stop_out = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._front, selectors.EVENT_READ)
        self._selector.register(self._stop_in, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where clients connect to."""
        return self._front.getsockname()[:2]

    def rebind(self) -> None:
        """Every client comes from another port from now on, as after a NAT forgot it."""
        self._stop_out.send(b"r")

    def _rebind(self) -> None:
        old, self._behind = self._behind, {}
        for sock in old.values():
            self._selector.unregister(sock)
            sock.close()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_out.send(b"x")
        self._thread.join()
        for sock in (self._front, self._stop_in, self._stop_out, *self._behind.values()):
            sock.close()
        self._selector.close()

    def _socket(self) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_DGRAM)
        sock.bind(("::1" if self._family == socket.AF_INET6 else "127.0.0.1", 0))
        sock.setblocking(False)
        return sock

    def _run(self) -> None:
        while True:
            left = max(0.0, self._later[0][0] - time.monotonic()) if self._later else None
            for key, _ in self._selector.select(left):
                if key.fileobj is self._stop_in:
                    if self._stop_in.recv(1) != b"r":
                        return
                    self._rebind()
                    break  # what was selected beside may be closed now
                self._take(key.fileobj, key.data)
            while self._later and self._later[0][0] <= time.monotonic():
                _, _, sock, data, address = heapq.heappop(self._later)
                self._give(sock, data, address)

    def _take(self, sock: Any, client: Any) -> None:
        while True:
            try:
                data, source = sock.recvfrom(65535)
            except OSError:  # nothing left, a refusal, or closed by rebind
                return
            if client is None:
                behind = self._behind.get(source)
                if behind is None:
                    behind = self._behind[source] = self._socket()
                    self._selector.register(behind, selectors.EVENT_READ, source)
                self._pass(True, data, behind, self.server)
            else:
                self._pass(False, data, self._front, client)

    def _pass(self, up: bool, data: bytes, sock: socket.socket, address: Any) -> None:
        weather, chance = self.weather, self._chance[up]
        luck = [chance.random() for _ in range(6)]
        noise = chance.randbytes(70)
        if len(data) > weather.mtu or luck[0] < weather.loss:
            self.passed.append(Passed(up, data, "big" if len(data) > weather.mtu else "lost"))
            return
        if luck[1] < weather.damage and any(data[3:5]):
            place = int(luck[2] * len(data))
            data = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        self.passed.append(Passed(up, data, "sent"))
        if up == self.forged_up and luck[4] < weather.forged:
            self._give(sock, _forgery(data, noise), address)
        for _ in range(2 if luck[3] < weather.double else 1):
            delay = chance.random() * weather.delay
            if delay and luck[5] < weather.late:
                item = (time.monotonic() + delay, next(self._order), sock, data, address)
                heapq.heappush(self._later, item)
            else:
                self._give(sock, data, address)

    def _give(self, sock: socket.socket, data: bytes, address: Any) -> None:
        with contextlib.suppress(OSError):  # nobody there any more
            sock.sendto(data, address)
