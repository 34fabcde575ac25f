"""``securetransport demo --dtls``: a server and a client over loopback UDP, and a network between them that loses
datagrams.

In: settings, the share of datagrams to lose. Out: a table, or JSON. Promise: everything shown was measured in this
run; what was lost and what was sent again was counted where it went by, between the two.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import random
import selectors
import socket
import statistics
import threading
import time
from typing import Any

from rich.text import Text

from securetransport.adapters import datagram

from . import output, throwaway
from .datagrams import DatagramSettings, explain
from .facts import certificate_facts
from .identity import authorities_from_pem, throwaway_credentials
from .problems import Exit, Problem

__all__ = ["demo_datagrams", "read_loss"]

_NAME = "localhost"
#: Handshakes whose median is shown.
_HANDSHAKES = 20
#: Payloads sent to the echo through the bad network, and how long the last ones are waited for, in seconds.
_ECHOES = 200
_LATE = 0.25
#: Long enough for a flight that gets lost six times in a row.
_PATIENCE = 90.0


def read_loss(text: str | None) -> float:
    """``20%`` or ``0.2``."""
    if text is None:
        return 0.0
    bare = text.strip()
    try:
        share = float(bare.removesuffix("%")) / (100 if bare.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 0.5:
        raise Problem(Exit.USAGE, f"{text!r} is no loss that can be simulated; say 20% or 0.2, up to 50%.")
    return share


@dataclasses.dataclass(frozen=True)
class _Result:
    version: str | None
    suite: str | None
    certificate: dict[str, Any] | None
    loss: float
    datagrams_sent: int
    datagrams_lost: int
    datagrams_resent: int
    lossy_handshake_ms: float
    handshake_ms: float
    handshakes: int
    payloads_sent: int
    payloads_returned: int
    max_payload: int
    round_trips_per_s: float
    upload_mb_per_s: float


class _BadNetwork(threading.Thread):
    """Passes datagrams between one client and the server, and loses some of them."""

    def __init__(self, server: tuple[str, int], loss: float, seed: int) -> None:
        super().__init__(name="network", daemon=True)
        self.loss = loss
        self.counts: collections.Counter[str] = collections.Counter()
        self._server = server
        self._client: Any = None
        self._chance = random.Random(seed)
        self._seen: set[tuple[bool, bytes]] = set()
        self._stopping = False
        self._front, self._back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._front.bind(("127.0.0.1", 0))
        self._back.connect(server)

    @property
    def address(self) -> tuple[str, int]:
        """Where the client sends to."""
        host, port = self._front.getsockname()
        return host, port

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in (self._front, self._back):
                selector.register(sock, selectors.EVENT_READ)
            while not self._stopping:
                for key, _ in selector.select(0.2):
                    with contextlib.suppress(OSError):  # a refusal; the engine sends again what matters
                        self._pass(key.fileobj is self._front)

    def stop(self) -> None:
        """End."""
        self._stopping = True
        self.join()
        self._front.close()
        self._back.close()

    def _pass(self, up: bool) -> None:
        if up:
            data, self._client = self._front.recvfrom(65535)
        else:
            data = self._back.recv(65535)
        self.counts["sent"] += 1
        if self._is_repeated(up, data):
            self.counts["resent"] += 1
        if self._chance.random() < self.loss:
            self.counts["lost"] += 1
        elif up:
            self._back.send(data)
        elif self._client is not None:
            self._front.sendto(data, self._client)

    def _is_repeated(self, up: bool, data: bytes) -> bool:
        """Whether a datagram begins with a piece of the handshake that went by before.

        In the clear it is known by its message's type and number and the piece's place; a second hello with its
        cookie has a number of its own. The encrypted Finished is the only one of its kind.
        """
        if not data or data[0] not in (20, 22):
            return False
        piece = data[13:22] if data[3:5] == b"\0\0" and data[0] == 22 else data[:1] + data[3:5]
        known = (up, piece) in self._seen
        self._seen.add((up, piece))
        return known


def demo_datagrams(
    settings: DatagramSettings, loss: float, seed: int | None, seconds: float, as_json: bool
) -> None:
    """Run it and print it."""
    made = throwaway.make([_NAME, "127.0.0.1", "::1"], settings.needs_rsa)
    options: Any = settings.options()
    server = datagram.listen(("127.0.0.1", 0), credentials=throwaway_credentials(made), **options)
    thread = threading.Thread(target=server.serve_forever, args=(_answer, 1), name="server", daemon=True)
    thread.start()
    try:
        trusted = authorities_from_pem(made.authority)
        client = _Client({**options, "trusted": trusted, "server_name": _NAME}, settings)
        chosen = random.SystemRandom().randrange(1 << 32) if seed is None else seed
        with _waiting(loss, as_json):
            result = client.measure(server.port, loss, chosen, seconds)
    finally:
        server.close()
        thread.join()
    if as_json:
        output.print_json({"ok": True, "seed": chosen, **dataclasses.asdict(result)})
    else:
        _show(result)


def _answer(peer: datagram.ServerPeer, data: bytes) -> bytes | None:
    """The server: an echo, but for payloads that begin with 0, which only the last of a stream is answered to."""
    return None if data[:1] == b"\0" else data


def _waiting(loss: float, as_json: bool) -> Any:
    return contextlib.nullcontext() if as_json else output.waiting(f"Shaking hands with {loss:.0%} loss")


class _Client:
    """Verifies the server and measures."""

    def __init__(self, options: dict[str, Any], settings: DatagramSettings) -> None:
        self._options = options
        self._words = settings.words

    def measure(self, port: int, loss: float, seed: int, seconds: float) -> _Result:
        """All of it: one association through the bad network, then some without it."""
        self._shake(port)  # the first one loads what all need
        network = _BadNetwork(("127.0.0.1", port), loss, seed)
        network.start()
        try:
            with self._connect(network.address) as (peer, lossy):
                counts = collections.Counter(network.counts)
                facts = (peer.version, peer.suite, peer.certificates, peer.max_payload)
                returned = _echo(peer)
        finally:
            network.stop()
        times = [self._shake(port) for _ in range(_HANDSHAKES)]
        with self._connect(("127.0.0.1", port)) as (peer, _):
            trips = _round_trips(peer, seconds)
            upload = _upload(peer, seconds)
        version, suite, chain, largest = facts
        return _Result(
            version=version,
            suite=suite,
            certificate=certificate_facts(chain[0]) if chain else None,
            loss=loss,
            datagrams_sent=counts["sent"],
            datagrams_lost=counts["lost"],
            datagrams_resent=counts["resent"],
            lossy_handshake_ms=round(lossy * 1000, 1),
            handshake_ms=round(statistics.median(times) * 1000, 2),
            handshakes=len(times),
            payloads_sent=_ECHOES,
            payloads_returned=returned,
            max_payload=largest,
            round_trips_per_s=trips,
            upload_mb_per_s=upload,
        )

    @contextlib.contextmanager
    def _connect(self, place: tuple[str, int]) -> Any:
        started = time.perf_counter()
        try:
            peer = datagram.connect(place, timeout=_PATIENCE, **self._options)
        except (OSError, ValueError, datagram.DatagramError) as error:
            raise explain(error, "The demo's server", self._words) from None
        with peer:
            yield peer, time.perf_counter() - started

    def _shake(self, port: int) -> float:
        with self._connect(("127.0.0.1", port)) as (_, elapsed):
            return float(elapsed)


def _echo(peer: datagram.DatagramClient) -> int:
    """How many of the payloads come back through the bad network; nobody sends them again."""
    returned = 0
    for number in range(_ECHOES):
        peer.send(b"%d" % (number + 1))
        with contextlib.suppress(datagram.DatagramTimeout):
            while True:
                peer.receive(0)
                returned += 1
    with contextlib.suppress(datagram.DatagramTimeout):
        while returned < _ECHOES:
            peer.receive(_LATE)
            returned += 1
    return returned


def _round_trips(peer: datagram.DatagramClient, seconds: float) -> float:
    """Payloads that went there and back, one after the other, a second."""
    started = time.perf_counter()
    count = 0
    while time.perf_counter() - started < seconds:
        peer.send(b"ping")
        with contextlib.suppress(datagram.DatagramTimeout):
            peer.receive(1.0)
            count += 1
    return round(count / (time.perf_counter() - started))


def _upload(peer: datagram.DatagramClient, seconds: float) -> float:
    """What the client can seal and send, in MB/s; as with any datagrams, the other end need not keep up."""
    block = bytes(peer.max_payload)
    started = time.perf_counter()
    sent = 0
    while time.perf_counter() - started < seconds:
        peer.send(block)
        sent += len(block)
    return round(sent / (time.perf_counter() - started) / 1e6, 1)


def _show(result: _Result) -> None:
    facts: list[tuple[str, str | Text]] = [
        ("Version", result.version or "none"),
        ("Suite", result.suite or "none"),
    ]
    if result.certificate:
        one = result.certificate
        facts.append(("Certificate", f"{one['subject']}, {one['key']}, issued by {one['issuer']}"))
    facts += [
        ("Loss", f"{result.loss:.0%} of all datagrams"),
        (
            "Handshake",
            f"{result.lossy_handshake_ms:.1f} ms: {result.datagrams_sent} datagrams sent, "
            f"{result.datagrams_lost} lost, {result.datagrams_resent} sent again",
        ),
        ("Without loss", f"{result.handshake_ms:.2f} ms (median of {result.handshakes})"),
        (
            "Echo",
            f"{result.payloads_returned} of {result.payloads_sent} payloads came back; lost data is lost",
        ),
        ("Payload", f"{result.max_payload} bytes at most"),
        ("Round trips", f"{result.round_trips_per_s:,.0f} a second, without loss"),
        ("Client's output", f"{result.upload_mb_per_s:,.0f} MB/s, without loss"),
    ]
    output.rows("A client and a server over loopback UDP", facts, output.console())
