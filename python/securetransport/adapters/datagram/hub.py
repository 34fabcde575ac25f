"""Many associations on one socket: which datagram is whose, and who may come in.

In: datagrams and where they came from, and the time. Out: calls of an :class:`Owner`: something to send, an
association that opened, payloads, an end. Promise: a stranger gets at most one HelloVerifyRequest for each datagram
and costs no memory before its cookie came back (RFC 6347 section 4.2.1); nobody but the limits decides how many
associations there are; a peer is followed to a new address only after a newer, authenticated record came from there
(RFC 9146 section 6). No clock and no socket.

A datagram belongs to the association whose connection ID it carries, or else to the one at its address. A
ClientHello at the address of an association is a peer that has started anew, perhaps after a power failure; its
cookie proves that it can hear there, and then it takes the old one's place (RFC 6347 section 4.2.8). The same
ClientHello coming twice is no such thing: it is known by its random.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import socket
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from .._records import BEFORE_ID, CONNECTION_ID_RECORD, HEADER, whole_records
from .errors import DatagramError, DatagramTimeout, PeerClosed
from .timers import Timers

__all__ = ["Association", "Entry", "Gate", "Hub", "Limits", "Owner", "Source"]

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
#: Where a ClientHello's random stands in a datagram that begins with it: headers of record and message, the version.
_RANDOM = slice(HEADER + 12 + 2, HEADER + 12 + 2 + 32)
#: Sequence numbers, the epoch in front; both in the clear, and the record is authenticated with them.
_NUMBER = slice(3, BEFORE_ID)


@dataclasses.dataclass(frozen=True)
class Limits:
    """How many associations a server has at most, and for how long; times in seconds."""

    #: Associations in all.
    peers: int = 10_000
    #: Associations whose handshake is not complete, in all and from one host (a network of 64 bits with IPv6).
    half_open: int = 1_000
    half_open_per_host: int = 100
    #: How long a handshake may take.
    handshake: float = 30.0
    #: How long an association lives on after the last authentic payload of its peer.
    idle: float = 300.0
    #: How many peers wait to be accepted, where nobody handles them; more are told goodbye.
    backlog: int = 128
    #: How many payloads wait to be received, of one peer and in all; more are dropped, as a socket does.
    queue: int = 256
    waiting: int = 50_000


class Source(NamedTuple):
    """Where a datagram came from and where answers go: the number of a socket, and the address as it names it."""

    channel: int
    address: tuple[Any, ...]

    @property
    def host(self) -> bytes:
        """Who has this address, and with IPv6 others of the same network, without the port."""
        text = str(self.address[0])
        if ":" not in text:
            return text.encode()
        return socket.inet_pton(socket.AF_INET6, text.partition("%")[0])[:8]

    def to_bytes(self) -> bytes:
        """What a cookie is bound to."""
        return f"{self.channel}|{self.address[0]}|{self.address[1]}".encode()


class Gate(Protocol):
    """What judges datagrams of strangers without keeping anything of them."""

    def check(self, datagram: bytes, address: bytes, /) -> tuple[str, bytes | None]:
        """``("drop", None)``, ``("reply", what to send back)`` or ``("accept", the cookie)``."""


class Association(Protocol):
    """What a hub needs to know of a :class:`~.link.FedLink`."""

    opened: bool
    closed: bool
    failure: DatagramError | None

    def take(self, datagram: bytes) -> list[bytes]:
        """Take one datagram; the payloads in it."""

    def advance(self) -> list[bytes]:
        """Send again what is due."""

    def deadline(self) -> float | None:
        """Seconds until something is due."""

    def fail(self, error: DatagramError) -> None:
        """End with a reason."""

    def close(self) -> None:
        """End."""


@dataclasses.dataclass(eq=False, slots=True)
class Entry:
    """An association in the table. ``owner`` is for whoever runs the hub."""

    source: Source
    connection_id: bytes
    hello: bytes
    since: float
    seen: float
    link: Any = None
    newest: bytes = b""
    opened: bool = False
    gone: bool = False
    owner: Any = None


class Owner(Protocol):
    """Who runs a hub."""

    def make(self, entry: Entry, cookie: bytes) -> Association:
        """An association for a peer whose cookie was good; it will get the same datagram again."""

    def send(self, data: bytes, source: Source) -> None:
        """Send a datagram."""

    def opened(self, entry: Entry) -> None:
        """A handshake is complete."""

    def received(self, entry: Entry, payloads: list[bytes]) -> None:
        """Payloads have come."""

    def ended(self, entry: Entry) -> None:
        """An association is over; ``entry.link.failure`` says why. It may never have opened."""

    def moved(self, entry: Entry, before: Source) -> None:
        """A peer has a new address."""


class Hub:
    """The table of associations. Whoever runs it calls from one thread at a time."""

    def __init__(self, owner: Owner, gate: Gate, limits: Limits, id_length: int = 8) -> None:
        self._owner = owner
        self._gate = gate
        self._limits = limits
        self._id_length = id_length
        self._by_source: dict[Source, Entry] = {}
        self._by_id: dict[bytes, Entry] = {}
        self._entries: set[Entry] = set()
        self._half_open: collections.Counter[bytes] = collections.Counter()
        self._half_open_total = 0
        self._timers: Timers[Entry] = Timers()
        #: How often what happened: hellos answered, refused for a limit and accepted, moves, datagrams dropped.
        self.counts: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def half_open(self) -> int:
        """How many handshakes are under way."""
        return self._half_open_total

    def at(self, source: Source) -> Entry | None:
        """The association at an address."""
        return self._by_source.get(source)

    def entries(self) -> list[Entry]:
        """All associations."""
        return list(self._entries)

    # --- datagrams ---------------------------------------------------------------------------------------

    def receive(self, data: bytes, source: Source, now: float) -> None:
        """Take a datagram."""
        if len(data) < HEADER:
            self.counts["dropped"] += 1
        elif data[0] == CONNECTION_ID_RECORD and self._id_length:
            entry = self._by_id.get(data[BEFORE_ID : BEFORE_ID + self._id_length])
            if entry is None:
                self.counts["dropped"] += 1
            else:
                self._take_records(entry, data, source, now)
        else:
            entry = self._by_source.get(source)
            if entry is None or (_is_hello(data) and data[_RANDOM] != entry.hello):
                self._knock(data, source, entry, now)
            else:
                self._settle(entry, entry.link.take(data), now)

    def _knock(self, data: bytes, source: Source, before: Entry | None, now: float) -> None:
        """Somebody wants to come in."""
        verdict, payload = self._gate.check(data, source.to_bytes())
        if verdict == "reply" and payload is not None:
            self.counts["verify requests"] += 1
            self._owner.send(payload, source)
        elif verdict == "accept" and payload is not None:
            if self._is_full(source, before):
                self.counts["refused"] += 1  # who gets no answer asks again
                return
            if before is not None:
                self._end(before, PeerClosed("The peer has started a new association."), now)
            self._admit(data, source, payload, now)
        else:
            self.counts["dropped"] += 1

    def _is_full(self, source: Source, before: Entry | None) -> bool:
        """Whether a limit stands against one more; ``before`` would make room."""
        limits, gone = self._limits, int(before is not None)
        half = int(before is not None and not before.opened)
        return (
            len(self._entries) - gone >= limits.peers
            or self._half_open_total - half >= limits.half_open
            or self._half_open[source.host] - half >= limits.half_open_per_host
        )

    def _admit(self, data: bytes, source: Source, cookie: bytes, now: float) -> None:
        """Make an association."""
        host = source.host
        entry = Entry(source, self._new_id(), data[_RANDOM], now, now)
        entry.link = self._owner.make(entry, cookie)
        self.counts["accepted"] += 1
        self._entries.add(entry)
        self._by_source[source] = entry
        if entry.connection_id:
            self._by_id[entry.connection_id] = entry
        self._half_open[host] += 1
        self._half_open_total += 1
        self._settle(entry, entry.link.take(data), now)

    def _new_id(self) -> bytes:
        while (made := os.urandom(self._id_length)) in self._by_id:
            pass
        return made

    def _take_records(self, entry: Entry, data: bytes, source: Source, now: float) -> None:
        """Records with a connection ID, one by one, so that it is clear which of them was authentic."""
        payloads: list[bytes] = []
        newer = False
        for start, end in whole_records(data, self._id_length):
            record = data[start:end]
            got = entry.link.take(record)
            if got and record[0] == CONNECTION_ID_RECORD and record[_NUMBER] > entry.newest:
                entry.newest = record[_NUMBER]
                newer = True
            payloads += got
        if newer and source != entry.source and not entry.link.closed:
            self._move(entry, source)
        self._settle(entry, payloads, now)

    def _move(self, entry: Entry, source: Source) -> None:
        before = entry.source
        if not entry.opened:
            self._count_half_open(before.host, -1)
            self._count_half_open(source.host, 1)
        if self._by_source.get(before) is entry:
            del self._by_source[before]
        self._by_source[source] = entry
        entry.source = source
        self.counts["moved"] += 1
        self._owner.moved(entry, before)

    # --- what becomes of associations --------------------------------------------------------------------

    def _settle(self, entry: Entry, payloads: list[bytes], now: float) -> None:
        """See what a datagram or a timer has done to an association."""
        if entry.gone:
            return
        link = entry.link
        if link.opened and not entry.opened:
            self._open(entry, now)
        if payloads:
            entry.seen = now
            self._owner.received(entry, payloads)
        if link.closed:
            self._remove(entry)
            return
        self._schedule(entry, now)

    def _open(self, entry: Entry, now: float) -> None:
        entry.opened = True
        entry.seen = now
        self._count_half_open(entry.source.host, -1)
        self._owner.opened(entry)

    def _count_half_open(self, host: bytes, change: int) -> None:
        self._half_open_total += change
        self._half_open[host] += change
        if not self._half_open[host]:
            del self._half_open[host]

    def _expires(self, entry: Entry) -> float:
        return entry.seen + self._limits.idle if entry.opened else entry.since + self._limits.handshake

    def _schedule(self, entry: Entry, now: float) -> None:
        when = self._expires(entry)
        due = entry.link.deadline()
        self._timers.set(entry, when if due is None else min(when, now + due))

    def _end(self, entry: Entry, error: DatagramError, now: float) -> None:
        entry.link.fail(error)
        self._settle(entry, [], now)

    def _remove(self, entry: Entry) -> None:
        if entry.gone:  # its owner closed it while it was told of payloads
            return
        entry.gone = True
        self._entries.discard(entry)
        self._timers.forget(entry)
        if self._by_source.get(entry.source) is entry:
            del self._by_source[entry.source]
        if self._by_id.get(entry.connection_id) is entry:
            del self._by_id[entry.connection_id]
        if not entry.opened:
            self._count_half_open(entry.source.host, -1)
        self._owner.ended(entry)

    # --- time --------------------------------------------------------------------------------------------

    def next(self) -> float | None:
        """When :meth:`tick` has something to do; ``None`` for never."""
        return self._timers.next()

    def tick(self, now: float) -> None:
        """Send again what is due, and end what has taken too long."""
        due: list[Entry] = []
        while (entry := self._timers.pop_due(now)) is not None:
            due.append(
                entry
            )  # first all of them: what is set anew for this very moment has its turn next time
        for entry in due:
            if entry.gone:
                continue
            if self._expires(entry) > now:
                self._settle(entry, entry.link.advance(), now)
            elif entry.opened:
                words = f"Nothing came from the peer for {self._limits.idle:g} seconds."
                self._end(entry, DatagramTimeout(words), now)
            else:
                words = f"The handshake was not complete after {self._limits.handshake:g} seconds."
                self._end(entry, DatagramTimeout(words), now)

    def check(self, entry: Entry, now: float) -> None:
        """Something was done to an association from outside: closed, or asked for another handshake."""
        self._settle(entry, [] if entry.link.closed else entry.link.advance(), now)

    def close(self, now: float, error: Callable[[], DatagramError]) -> None:
        """End all associations."""
        for entry in self.entries():
            self._end(entry, error(), now)


def _is_hello(data: bytes) -> bool:
    """Whether a datagram begins with a ClientHello in the clear."""
    return (
        len(data) > _RANDOM.stop
        and data[0] == _HANDSHAKE_RECORD
        and data[HEADER] == _CLIENT_HELLO
        and not any(data[3:5])
    )
