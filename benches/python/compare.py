"""This library beside the standard library's ``ssl``: one process, interleaved, in memory.

``python benches/python/compare.py`` prints medians and ratios for sealing and opening at several sizes, for calls a
second at 64 bytes, for handshakes a second, and the raw AEAD rate of ``cryptography``'s AESGCM. Both speak TLS 1.2
with ECDHE and AES-128-GCM, and neither judges the chain. Our transport is the two Python functions that
``SSLSetIOFuncs`` takes; ``ssl`` has ``MemoryBIO``. Every figure is the median of rounds in which the two take turns,
so that a busy machine slows both; a ratio is the median of the ratios within a round, above 1 where this library is
faster.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

import securetransport as st
from securetransport import extensions, legacy

SIZES = (64, 1024, 16 * 1024, 1024 * 1024)
RECORD = 16 * 1024
#: The most that one read asks for; beyond that ``ssl`` pays for memory it does not fill.
ASKED = 64 * 1024
#: What waits in memory between sealing and opening, unless one call is more: as much as a socket holds.
BATCH = 256 * 1024
SUITES = {
    "P-256": ("ECDHE-ECDSA-AES128-GCM-SHA256", 0xC02B),
    "RSA 2048": ("ECDHE-RSA-AES128-GCM-SHA256", 0xC02F),
}
WOULD_BLOCK = st.errSSLWouldBlock


def certificate(kind: str, folder: Path) -> tuple[Path, Path]:
    """A throw-away key and certificate as PEM files."""
    elliptic = kind == "P-256"
    key: Any = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=2))
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = folder / f"{kind}.crt", folder / f"{kind}.key"
    files[0].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    files[1].write_bytes(key.private_bytes(pem, *plain))
    return files


class Wire:
    """One direction in memory, as the callbacks of this library see it: written first, then read."""

    __slots__ = ("at", "data", "view")

    def __init__(self) -> None:
        self.data = bytearray()
        self.view: memoryview | None = None
        self.at = 0

    def write(self, connection: object, data: memoryview, length: int) -> int:
        if self.view is not None:
            self.forget()
        self.data += data
        return 0

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, memoryview]:
        at = self.at
        if self.view is None:
            self.view = memoryview(self.data)
        found = self.view[at : at + length]
        self.at = at + len(found)
        return (0 if len(found) == length else WOULD_BLOCK, found)

    def forget(self) -> None:
        """Drop what was read."""
        if self.view is not None:
            self.view.release()
            self.view = None
        del self.data[: self.at]
        self.at = 0


class Ours:
    """Two contexts of this library, joined in memory."""

    name = "securetransport"

    def __init__(self, kind: str, folder: Path) -> None:
        cert, key = folder / f"{kind}.crt", folder / f"{kind}.key"
        self.credentials = extensions.credentials_from_files(str(cert), str(key))
        self.suite = SUITES[kind][1]

    def connect(self) -> None:
        """A full handshake of two fresh contexts."""
        self.up, self.down = Wire(), Wire()
        self.client = self._context(st.kSSLClientSide, self.down, self.up)
        self.server = self._context(st.kSSLServerSide, self.up, self.down)
        st.SSLSetCertificate(self.server, self.credentials)
        client = server = WOULD_BLOCK
        while client == WOULD_BLOCK or server == WOULD_BLOCK:
            if client == WOULD_BLOCK:
                client = st.SSLHandshake(self.client)
            if server == WOULD_BLOCK:
                server = st.SSLHandshake(self.server)
        if client or server:
            raise RuntimeError(f"the handshake failed: {client}, {server}")

    def _context(self, side: int, read: Wire, write: Wire) -> Any:
        context = st.SSLCreateContext(None, side, st.kSSLStreamType)
        st.SSLSetIOFuncs(context, read.read, write.write)
        st.SSLSetEnabledCiphers(context, [self.suite], 1)
        legacy.SSLSetEnableCertVerify(context, False)
        return context

    def write(self, data: bytes, times: int) -> None:
        """Seal ``data`` so many times; the bytes stay in the wire."""
        write, context, length = st.SSLWrite, self.client, len(data)
        for _ in range(times):
            write(context, data, length, None)

    def read(self, size: int, total: int) -> None:
        """Open everything, ``size`` bytes a call."""
        read, context = st.SSLRead, self.server
        while total > 0:
            status, _, count = read(context, None, size, None)
            if status:
                raise RuntimeError(f"SSLRead: {status}")
            total -= count


class Standard:
    """Two ends of the standard library over MemoryBIO."""

    name = "ssl"

    def __init__(self, kind: str, folder: Path) -> None:
        self.contexts = []
        for protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER):
            context = ssl.SSLContext(protocol)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.options |= ssl.OP_NO_TICKET
            context.set_ciphers(SUITES[kind][0])
            if protocol == ssl.PROTOCOL_TLS_CLIENT:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            else:
                context.set_ecdh_curve("prime256v1")
                context.load_cert_chain(folder / f"{kind}.crt", folder / f"{kind}.key")
            self.contexts.append(context)

    def connect(self) -> None:
        """A full handshake of two fresh objects."""
        self.up, self.down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = self.contexts[0].wrap_bio(self.down, self.up)
        self.server = self.contexts[1].wrap_bio(self.up, self.down, server_side=True)
        waiting = [self.client, self.server]
        while waiting:
            for end in list(waiting):
                try:
                    end.do_handshake()
                    waiting.remove(end)
                except ssl.SSLWantReadError:
                    pass

    def write(self, data: bytes, times: int) -> None:
        """As for ours."""
        write = self.client.write
        for _ in range(times):
            write(data)

    def read(self, size: int, total: int) -> None:
        """As for ours."""
        read = self.server.read
        while total > 0:
            total -= len(read(size))


Library = Ours | Standard


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


class Table:
    """Figures by name and library, and how they are printed."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, what: str, unit: str, per_second: dict[str, list[float]], scale: float) -> None:
        """Rates of every round by library, in units of ``scale``."""
        ours, theirs = per_second[Ours.name], per_second[Standard.name]
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        row = {
            "what": what,
            "unit": unit,
            Ours.name: statistics.median(ours) / scale,
            Standard.name: statistics.median(theirs) / scale,
            "ratio": ratio,
        }
        self.rows.append(row)
        print(f"{what:34}{row[Ours.name]:12.2f}{row[Standard.name]:12.2f}  {unit:8}{ratio:8.2f}", flush=True)


def interleaved(libraries: list[Library], rounds: int) -> Iterator[Library]:
    """The libraries in turn, the first to go changing with every round; one round more, to warm up."""
    for number in range(rounds + 1):
        yield from libraries if number % 2 else reversed(libraries)


def bulk(table: Table, libraries: list[Library], size: int, rounds: int, amount: int) -> None:
    """Seal, then open, the same amount of data in calls of ``size`` bytes, a little at a time."""
    data = os.urandom(size)
    times = max(1, BATCH // size)
    batches = max(1, min(amount, 20_000 * size) // (size * times))
    sealed: dict[str, list[float]] = {lib.name: [] for lib in libraries}
    opened: dict[str, list[float]] = {lib.name: [] for lib in libraries}
    for library in libraries:
        library.connect()
    for library in interleaved(libraries, rounds):
        spent = [0.0, 0.0]
        for _ in range(batches):
            spent[0] += timed(partial(library.write, data, times))
            spent[1] += timed(partial(library.read, min(size, ASKED), size * times))
        sealed[library.name].append(times * batches / spent[0])
        opened[library.name].append(times * batches / spent[1])
    for words, rates in (("seal", sealed), ("open", opened)):
        kept = {name: values[1:] for name, values in rates.items()}
        label = f"{size} B" if size < 1024 else f"{size // 1024} KiB"
        if size == 64:
            calls = "SSLWrite" if words == "seal" else "SSLRead"
            table.add(f"{calls}, {label}", "kcalls/s", kept, 1e3)
        table.add(f"{words} {label}", "MB/s", {n: [v * size for v in vs] for n, vs in kept.items()}, 1e6)


def handshakes(table: Table, kind: str, libraries: list[Library], rounds: int, times: int) -> None:
    """Full handshakes, both ends in one thread."""
    rates: dict[str, list[float]] = {lib.name: [] for lib in libraries}
    for library in interleaved(libraries, rounds):

        def act(lib: Library = library) -> None:
            for _ in range(times):
                lib.connect()

        rates[library.name].append(times / timed(act))
    table.add(f"handshakes, {kind}, both ends", "/s", {n: v[1:] for n, v in rates.items()}, 1)


def raw_aead(rounds: int, amount: int) -> dict[int, float]:
    """AES-128-GCM of ``cryptography`` alone, in bytes a second: what no record layer can beat by much."""
    aead, rates = AESGCM(bytes(16)), {}
    nonce, additional = bytes(12), bytes(13)
    for size in SIZES:
        pieces = [bytes(min(size, RECORD))] * max(1, size // RECORD)
        times = max(1, min(amount // size, 20_000))

        def act(pieces: list[bytes] = pieces, times: int = times) -> None:
            for _ in range(times):
                for piece in pieces:
                    aead.encrypt(nonce, piece, additional)

        rates[size] = statistics.median(size * times / timed(act) for _ in range(rounds))
    return rates


def main() -> int:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9, help="rounds for each figure (9)")
    parser.add_argument("--quick", action="store_true", help="3 rounds with a tenth of the work")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    rounds, part = (3, 10) if options.quick else (options.rounds, 1)
    amount = 64_000_000 // part
    print(f"Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}; medians of {rounds} rounds, in memory")
    print(f"{'':34}{Ours.name[:11]:>12}{Standard.name:>12}{'':10}{'ratio':>8}")
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in SUITES:
            certificate(kind, folder)
        libraries: list[Library] = [Ours("P-256", folder), Standard("P-256", folder)]
        for size in SIZES:
            bulk(table, libraries, size, rounds, amount)
        for kind in SUITES:
            handshakes(table, kind, [Ours(kind, folder), Standard(kind, folder)], rounds, 200 // part)
    raw = raw_aead(rounds, amount)
    for size, rate in raw.items():
        print(f"{'raw AES-128-GCM, cryptography':26}{size:8}{rate / 1e6:12.2f}{'':14}MB/s")
    if options.json:
        options.json.write_text(json.dumps({"rows": table.rows, "raw": raw}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
