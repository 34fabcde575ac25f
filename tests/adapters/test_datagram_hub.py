"""Which datagram is whose, who may come in, and when something is due: what needs neither keys nor sockets."""

from __future__ import annotations

import errno
import itertools
import os
import random
from typing import Any

import pytest

from securetransport import errSecIO, errSecSuccess, errSSLWouldBlock
from securetransport.adapters._records import record_length, whole_records
from securetransport.adapters.datagram import Limits
from securetransport.adapters.datagram.errors import DatagramError, DatagramTimeout, PeerClosed
from securetransport.adapters.datagram.hub import Entry, Hub, Source
from securetransport.adapters.datagram.timers import Timers
from securetransport.adapters.datagram.transport import FedTransport

HERE = Source(0, ("192.0.2.1", 5684))


def hello(random_: bytes = b"r", cookie: bool = True) -> bytes:
    """A ClientHello as far as a hub looks at it; the fake gate takes the last byte for the cookie."""
    body = b"\xfe\xfd" + random_.ljust(32, b"\0") + b"\0" + bytes([cookie])
    message = b"\1" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big") + body
    return record(22, message)


def record(kind: int, body: bytes, *, epoch: int = 0, number: int = 0, identity: bytes = b"") -> bytes:
    head = bytes([kind]) + b"\xfe\xfd" + epoch.to_bytes(2, "big") + number.to_bytes(6, "big") + identity
    return head + len(body).to_bytes(2, "big") + body


class FakeGate:
    """Accepts what ends in 1, answers what ends in 0, drops what is no hello."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def check(self, datagram: bytes, address: bytes) -> tuple[str, bytes | None]:
        self.seen.append(address)
        if datagram[0] != 22 or datagram[13] != 1:
            return "drop", None
        return ("accept", b"cookie") if datagram[-1] else ("reply", b"verify")


class FakeLink:
    """Opens with ``open``, closes with ``bye``; ``forged`` is dropped as a forgery would be."""

    def __init__(self) -> None:
        self.opened = self.closed = False
        self.failure: DatagramError | None = None
        self.due: float | None = 1.0
        self.taken: list[bytes] = []
        self.advanced = 0

    def take(self, datagram: bytes) -> list[bytes]:
        self.taken.append(datagram)
        body = datagram[13 + (8 if datagram[0] == 25 else 0) :]
        if datagram.endswith(b"open"):
            self.opened, self.due = True, None
        elif datagram.endswith(b"bye"):
            self.closed = True
        elif datagram[0] in (23, 25) and not datagram.endswith(b"forged"):
            return [body]
        return []

    def advance(self) -> list[bytes]:
        self.advanced += 1
        return []

    def deadline(self) -> float | None:
        return self.due

    def fail(self, error: DatagramError) -> None:
        self.failure, self.closed = error, True

    def close(self) -> None:
        self.closed = True


class FakeOwner:
    def __init__(self, **limits: Any) -> None:
        self.gate = FakeGate()
        self.sent: list[tuple[bytes, Source]] = []
        self.log: list[tuple[str, Entry]] = []
        self.payloads: list[bytes] = []
        self.hub = Hub(self, self.gate, Limits(**limits))

    def make(self, entry: Entry, cookie: bytes) -> FakeLink:
        assert cookie == b"cookie"
        return FakeLink()

    def send(self, data: bytes, source: Source) -> None:
        self.sent.append((data, source))

    def opened(self, entry: Entry) -> None:
        self.log.append(("opened", entry))

    def received(self, entry: Entry, payloads: list[bytes]) -> None:
        self.payloads += payloads

    def ended(self, entry: Entry) -> None:
        self.log.append(("ended", entry))

    def moved(self, entry: Entry, before: Source) -> None:
        self.log.append(("moved", entry))

    def admit(self, source: Source = HERE, now: float = 0.0, random_: bytes = b"r") -> Entry:
        """An association whose handshake is complete."""
        self.hub.receive(hello(random_), source, now)
        entry = next(one for one in self.hub.entries() if one.source == source)
        self.hub.receive(record(22, b"open"), source, now)
        assert entry.opened
        return entry


def sources(host: str = "192.0.2.9") -> Any:
    return (Source(0, (host, port)) for port in itertools.count(1024))


# --- strangers -------------------------------------------------------------------------------------------


def test_strangers_get_one_answer_to_a_first_hello_and_leave_nothing_behind() -> None:
    owner = FakeOwner()
    for source, _ in zip(sources(), range(1000), strict=False):
        owner.hub.receive(hello(cookie=False), source, 0.0)
    assert len(owner.sent) == 1000
    assert all(data == b"verify" for data, _ in owner.sent)
    assert len(owner.hub) == owner.hub.half_open == 0
    assert owner.hub.next() is None
    assert not owner.hub._by_source
    assert not owner.hub._half_open


def test_what_is_no_hello_gets_no_answer() -> None:
    owner = FakeOwner()
    for data in (b"", b"\x16", os.urandom(300), record(23, b"data"), record(25, b"data", identity=bytes(8))):
        owner.hub.receive(data, HERE, 0.0)
    assert not owner.sent
    assert len(owner.hub) == 0


def test_a_cookie_is_bound_to_address_port_and_socket() -> None:
    owner = FakeOwner()
    for source in (
        HERE,
        Source(0, ("192.0.2.1", 5685)),
        Source(1, HERE.address),
        Source(0, ("192.0.2.2", 5684)),
    ):
        owner.hub.receive(hello(cookie=False), source, 0.0)
    assert len(set(owner.gate.seen)) == 4


# --- limits ----------------------------------------------------------------------------------------------


def test_half_open_peers_are_limited_for_each_host_and_in_all() -> None:
    owner = FakeOwner(half_open=5, half_open_per_host=3)
    one, other = sources("192.0.2.1"), sources("192.0.2.2")
    for _ in range(10):
        owner.hub.receive(hello(), next(one), 0.0)
    assert owner.hub.half_open == 3
    for _ in range(10):
        owner.hub.receive(hello(), next(other), 0.0)
    assert owner.hub.half_open == len(owner.hub) == 5
    assert owner.hub.counts["refused"] == 15


def test_a_network_of_ipv6_counts_as_one_host() -> None:
    owner = FakeOwner(half_open_per_host=3)
    for number in range(10):
        owner.hub.receive(hello(), Source(0, (f"2001:db8:0:1::{number}", 1024, 0, 0)), 0.0)
    assert owner.hub.half_open == 3
    owner.hub.receive(hello(), Source(0, ("2001:db8:0:2::1", 1024, 0, 0)), 0.0)
    owner.hub.receive(hello(), Source(0, ("fe80::1%eth0", 1024, 0, 2)), 0.0)
    assert owner.hub.half_open == 5


def test_a_peer_that_cannot_start_anew_for_a_limit_keeps_what_it_has() -> None:
    owner = FakeOwner(half_open=1)
    entry = owner.admit(random_=b"first")
    owner.hub.receive(hello(), Source(0, ("192.0.2.1", 1)), 0.0)
    owner.hub.receive(hello(b"other"), HERE, 0.0)
    assert not entry.gone
    assert owner.hub.counts["refused"] == 1


def test_a_half_open_peer_that_starts_anew_makes_its_own_room() -> None:
    owner = FakeOwner(peers=1, half_open=1)
    owner.hub.receive(hello(b"first"), HERE, 0.0)
    owner.hub.receive(hello(b"other"), HERE, 0.0)
    (entry,) = owner.hub.entries()
    assert entry.hello.startswith(b"other")


def test_a_complete_handshake_makes_room_for_another() -> None:
    owner = FakeOwner(half_open=1)
    owner.admit(Source(0, ("192.0.2.1", 1)))
    owner.admit(Source(0, ("192.0.2.1", 2)))
    assert owner.hub.half_open == 0
    assert len(owner.hub) == 2


def test_peers_are_limited_in_all_and_a_goodbye_makes_room() -> None:
    owner = FakeOwner(peers=2)
    first = Source(0, ("192.0.2.1", 1))
    owner.admit(first)
    owner.admit(Source(0, ("192.0.2.1", 2)))
    third = Source(0, ("192.0.2.1", 3))
    owner.hub.receive(hello(), third, 0.0)
    assert len(owner.hub) == 2
    owner.hub.receive(record(21, b"bye"), first, 0.0)
    owner.admit(third)
    assert {entry.source for entry in owner.hub.entries()} == {Source(0, ("192.0.2.1", 2)), third}


def test_a_handshake_has_so_much_time_whatever_arrives() -> None:
    owner = FakeOwner(handshake=10.0)
    owner.hub.receive(hello(), HERE, 0.0)
    (entry,) = owner.hub.entries()
    for now in range(1, 10):
        owner.hub.tick(float(now))
        owner.hub.receive(record(22, b"again"), HERE, float(now))
    assert entry.link.advanced == 9
    owner.hub.tick(10.0)
    assert len(owner.hub) == owner.hub.half_open == 0
    assert isinstance(entry.link.failure, DatagramTimeout)
    assert owner.log == [("ended", entry)]


def test_a_peer_without_authentic_payloads_ends_after_the_idle_time() -> None:
    owner = FakeOwner(idle=10.0)
    entry = owner.admit()
    owner.hub.receive(record(23, b"x"), HERE, 5.0)
    owner.hub.receive(record(23, b"forged"), HERE, 12.0)
    owner.hub.tick(14.0)
    assert not entry.gone
    owner.hub.tick(15.0)
    assert entry.gone
    assert str(entry.link.failure) == "Nothing came from the peer for 10 seconds."
    assert owner.hub.next() is None


# --- a peer that starts anew -----------------------------------------------------------------------------


def test_the_same_hello_again_belongs_to_the_association_it_began() -> None:
    owner = FakeOwner()
    entry = owner.admit(random_=b"first")
    owner.hub.receive(hello(b"first"), HERE, 1.0)
    assert owner.hub.entries() == [entry]
    assert entry.link.taken[-1] == hello(b"first")


def test_a_new_hello_without_cookie_does_not_touch_the_association_at_its_address() -> None:
    owner = FakeOwner()
    entry = owner.admit(random_=b"first")
    owner.hub.receive(hello(b"other", cookie=False), HERE, 1.0)
    assert owner.sent == [(b"verify", HERE)]
    assert owner.hub.entries() == [entry]
    assert len(entry.link.taken) == 2


def test_a_new_hello_with_its_cookie_takes_the_place_of_the_association() -> None:
    owner = FakeOwner()
    before = owner.admit(random_=b"first")
    after = owner.admit(random_=b"other", now=1.0)
    assert owner.hub.entries() == [after]
    assert before.gone
    assert isinstance(before.link.failure, PeerClosed)
    assert [what for what, _ in owner.log] == ["opened", "ended", "opened"]


# --- connection IDs --------------------------------------------------------------------------------------

THERE = Source(0, ("198.51.100.1", 40000))


def carried(entry: Entry, body: bytes, number: int) -> bytes:
    return record(25, body, epoch=1, number=number, identity=entry.connection_id)


def test_a_record_is_known_by_its_id_and_the_peer_is_followed() -> None:
    owner = FakeOwner()
    entry = owner.admit()
    owner.hub.receive(carried(entry, b"one", 1), HERE, 0.0)
    owner.hub.receive(carried(entry, b"two", 2), THERE, 0.0)
    assert owner.payloads == [b"one", b"two"]
    assert entry.source == THERE
    assert owner.hub.counts["moved"] == 1
    owner.hub.receive(record(23, b"three"), THERE, 0.0)
    assert owner.payloads[-1] == b"three"
    assert HERE not in owner.hub._by_source


@pytest.mark.parametrize(("body", "number"), [(b"forged", 9), (b"late", 4)])
def test_a_forged_or_older_record_from_elsewhere_moves_nobody(body: bytes, number: int) -> None:
    owner = FakeOwner()
    entry = owner.admit()
    owner.hub.receive(carried(entry, b"one", 5), HERE, 0.0)
    owner.hub.receive(carried(entry, body, number), THERE, 0.0)
    assert entry.source == HERE
    assert owner.hub.counts["moved"] == 0


def test_a_forged_record_behind_an_older_one_does_not_lend_it_its_number() -> None:
    owner = FakeOwner()
    entry = owner.admit()
    owner.hub.receive(carried(entry, b"one", 5), HERE, 0.0)
    owner.hub.receive(carried(entry, b"late", 4) + carried(entry, b"forged", 99), THERE, 0.0)
    assert entry.source == HERE
    owner.hub.receive(carried(entry, b"six", 6), THERE, 0.0)
    assert entry.source == THERE


def test_ids_differ_and_an_unknown_one_is_dropped() -> None:
    owner = FakeOwner()
    entries = [owner.admit(source) for source, _ in zip(sources(), range(100), strict=False)]
    assert len({entry.connection_id for entry in entries}) == 100
    owner.hub.receive(record(25, b"x", epoch=1, number=1, identity=b"\xff" * 8), THERE, 0.0)
    assert owner.hub.counts["dropped"] == 1


def test_the_id_of_an_ended_association_is_forgotten() -> None:
    owner = FakeOwner()
    entry = owner.admit()
    owner.hub.receive(carried(entry, b"bye", 1), HERE, 0.0)
    assert entry.gone
    owner.hub.receive(carried(entry, b"x", 2), HERE, 0.0)
    assert not owner.payloads
    assert not owner.hub._by_id


def test_whatever_arrives_the_counts_of_a_hub_agree_with_its_table() -> None:
    """Hellos, forgeries, moves, goodbyes and time, in an order that a seed chooses."""
    chance = random.Random(20)
    for _ in range(20):
        owner = FakeOwner(peers=20, half_open=8, half_open_per_host=4, handshake=5.0, idle=9.0)
        now = 0.0
        for _ in range(400):
            now += chance.random() / 4
            source = Source(chance.randrange(2), (f"192.0.2.{chance.randrange(4)}", chance.randrange(8)))
            known = owner.hub.entries()
            entry = chance.choice(known) if known else None
            data = chance.choice(
                [
                    hello(bytes([chance.randrange(3)])),
                    hello(cookie=False),
                    record(22, b"open"),
                    record(23, b"x"),
                    record(21, b"bye"),
                    carried(entry, chance.choice([b"x", b"forged", b"bye"]), chance.randrange(500))
                    if entry
                    else b"",
                ]
            )
            owner.hub.receive(data, source, now)
            owner.hub.tick(now)
            entries = owner.hub.entries()
            half = [one for one in entries if not one.opened]
            assert len(half) == owner.hub.half_open <= 8
            assert len(entries) <= 20
            assert sum(owner.hub._half_open.values()) == len(half)
            assert set(owner.hub._by_id.values()) == set(entries)
            assert set(owner.hub._by_source.values()) <= set(entries)
        owner.hub.tick(now + 100.0)
        assert len(owner.hub) == 0
        for table in (owner.hub._by_id, owner.hub._by_source, owner.hub._half_open):
            assert not table
        assert owner.hub.next() is None


# --- timers ----------------------------------------------------------------------------------------------


def test_timers_give_what_is_due_in_order_and_once() -> None:
    timers: Timers[str] = Timers()
    timers.set("late", 3.0)
    timers.set("soon", 1.0)
    timers.set("moved", 0.5)
    timers.set("moved", 2.0)
    timers.set("gone", 1.5)
    timers.forget("gone")
    assert timers.next() == 1.0
    assert timers.pop_due(0.9) is None
    assert [timers.pop_due(5.0) for _ in range(4)] == ["soon", "moved", "late", None]
    assert timers.next() is None


def test_timers_that_are_set_over_and_over_take_no_memory_for_it() -> None:
    timers: Timers[int] = Timers()
    for moment in range(10_000):
        timers.set(moment % 10, 1e6 - moment)
    assert len(timers._heap) <= 100
    assert len(timers) == 10


# --- transports ------------------------------------------------------------------------------------------


def read(transport: FedTransport, length: int) -> tuple[int, bytes]:
    room = bytearray(length)
    status, count = transport.read(None, memoryview(room), length)
    return status, bytes(room[:count])


def test_header_and_body_come_from_one_datagram_and_records_follow_each_other() -> None:
    transport = FedTransport(print)
    one, two, three = record(22, b"first"), record(20, b"2"), record(23, b"third record")
    for datagram in ((one, two), (three,)):
        transport.feed(b"".join(datagram))
        for data in datagram:
            assert read(transport, 13) == (errSecSuccess, data[:13])
            assert read(transport, len(data) - 13) == (errSecSuccess, data[13:])
        assert read(transport, 13) == (errSSLWouldBlock, b"")


@pytest.mark.parametrize("junk", [b"", b"\x17", record(23, b"whole")[:-1], record(23, b"whole")[:12]])
def test_a_record_that_its_datagram_cuts_short_is_left_out(junk: bytes) -> None:
    transport = FedTransport(print)
    transport.feed(junk)
    assert read(transport, 13) == (errSSLWouldBlock, b"")
    whole = record(23, b"whole")
    transport.feed(whole + junk)
    assert read(transport, 13) == (errSecSuccess, whole[:13])
    assert read(transport, 5) == (errSecSuccess, b"whole")
    assert read(transport, 13) == (errSSLWouldBlock, b"")


def test_a_connection_id_makes_the_header_longer() -> None:
    data = record(25, b"body", identity=b"12345678") + record(22, b"x")
    assert list(whole_records(data, 8)) == [(0, 25), (25, 39)]
    assert record_length(data[:20], 0, 8) is None


def test_one_write_is_one_datagram() -> None:
    sent: list[bytes] = []
    transport = FedTransport(sent.append)
    for data in (b"one", b"two"):
        assert transport.write(None, memoryview(data), 3) == (errSecSuccess, 3)
    assert sent == [b"one", b"two"]


@pytest.mark.parametrize(
    ("number", "answer"), [(errno.EMSGSIZE, (errSecSuccess, 3)), (errno.EBADF, (errSecIO, 0))]
)
def test_a_datagram_that_gets_lost_is_no_fault_and_a_broken_socket_is(
    number: int, answer: tuple[int, int]
) -> None:
    def send(data: bytes) -> None:
        raise OSError(number, os.strerror(number))

    transport = FedTransport(send)
    assert transport.write(None, memoryview(b"one"), 3) == answer
    assert transport.failure is not None
