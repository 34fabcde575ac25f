"""DTLS 1.2 over loopback UDP beside OpenSSL: one process, interleaved, both ends of each library in one thread.

``python benches/python/datagrams.py`` prints medians and ratios for handshakes a second and for payloads that are
sealed, sent, received and opened, and then what the whole adapter reaches, with its cookies and its server's thread.
OpenSSL is the system's ``libssl``, called through ``ctypes`` with its own datagram BIO on the same kind of connected
sockets; a call through ``ctypes`` costs it about a microsecond, as the two callbacks in Python cost this library.
Neither side judges the chain. Every figure is the median of rounds in which the two take turns; a ratio is the
median of the ratios within a round, above 1 where this library is faster.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compare import SUITES, certificate, timed

import securetransport as st
from securetransport import extensions, legacy
from securetransport.adapters import datagram
from securetransport.adapters.datagram.transport import ConnectedTransport

SIZES = (64, 1200)
#: Datagrams that wait in a socket between sending and receiving: they must fit its buffer.
BATCH = 40
MTU = 1400
WOULD_BLOCK = st.errSSLWouldBlock


def pair() -> tuple[socket.socket, socket.socket]:
    """Two UDP sockets that are connected to each other; they never wait."""
    one, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for sock in (one, other):
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
    one.connect(other.getsockname())
    other.connect(one.getsockname())
    return one, other


class Ours:
    """Two contexts of this library over the adapter's callbacks."""

    name = "securetransport"

    def __init__(self, kind: str, folder: Path) -> None:
        files = folder / f"{kind}.crt", folder / f"{kind}.key"
        self.credentials = extensions.credentials_from_files(*map(str, files))
        self.suite = SUITES[kind][1]
        self.sockets = pair()

    def connect(self) -> None:
        """A full handshake of two fresh contexts."""
        self.client = self._context(st.kSSLClientSide, self.sockets[0])
        self.server = self._context(st.kSSLServerSide, self.sockets[1])
        st.SSLSetCertificate(self.server, self.credentials)
        client = server = WOULD_BLOCK
        while client == WOULD_BLOCK or server == WOULD_BLOCK:
            if client == WOULD_BLOCK:
                client = st.SSLHandshake(self.client)
            if server == WOULD_BLOCK:
                server = st.SSLHandshake(self.server)
        if client or server:
            raise RuntimeError(f"the handshake failed: {client}, {server}")

    def _context(self, side: int, sock: socket.socket) -> Any:
        context = st.SSLCreateContext(None, side, st.kSSLDatagramType)
        st.SSLSetIOFuncs(context, *ConnectedTransport(sock))
        st.SSLSetProtocolVersionMax(context, st.kDTLSProtocol12)
        st.SSLSetEnabledCiphers(context, [self.suite], 1)
        st.SSLSetMaxDatagramRecordSize(context, MTU)
        legacy.SSLSetEnableCertVerify(context, False)
        return context

    def move(self, data: bytes, times: int) -> None:
        """Send ``data`` so many times, then receive it."""
        length = len(data)
        for _ in range(times):
            st.SSLWrite(self.client, data, length, None)
        for _ in range(times):
            status, _, count = st.SSLRead(self.server, None, 16384, None)
            if status or count != length:
                raise RuntimeError(f"SSLRead: {status}, {count} bytes")

    def close(self) -> None:
        """The sockets are for the next handshake."""


class OpenSSL:
    """The system's ``libssl`` over its own datagram BIO."""

    name = "OpenSSL"
    NO_QUERY_MTU, SET_MTU, SET_CONNECTED, CHEAP_READ = 0x1000, 17, 32, 16384

    def __init__(self, kind: str, folder: Path) -> None:
        self.ssl, self.crypto = self._libraries()
        self.sockets = pair()
        self.contexts = []
        for method in (self.ssl.DTLS_client_method, self.ssl.DTLS_server_method):
            context = self.ssl.SSL_CTX_new(method())
            self._demand(self.ssl.SSL_CTX_set_cipher_list(context, SUITES[kind][0].encode()))
            self.contexts.append(context)
        for use, part in (
            (self.ssl.SSL_CTX_use_certificate_file, "crt"),
            (self.ssl.SSL_CTX_use_PrivateKey_file, "key"),
        ):
            self._demand(use(self.contexts[1], str(folder / f"{kind}.{part}").encode(), 1))
        self.ends: list[int] = []
        self.room = ctypes.create_string_buffer(self.CHEAP_READ)

    @staticmethod
    def _libraries() -> tuple[Any, Any]:
        found = [ctypes.util.find_library(name) for name in ("ssl", "crypto")]
        if None in found:
            raise SystemExit("There is no OpenSSL here to compare with; install its library (libssl).")
        ssl, crypto = (ctypes.CDLL(name) for name in found)
        pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        for library, name, result, arguments in (
            (ssl, "DTLS_client_method", pointer, []),
            (ssl, "DTLS_server_method", pointer, []),
            (ssl, "SSL_CTX_new", pointer, [pointer]),
            (ssl, "SSL_CTX_set_cipher_list", number, [pointer, text]),
            (ssl, "SSL_CTX_use_certificate_file", number, [pointer, text, number]),
            (ssl, "SSL_CTX_use_PrivateKey_file", number, [pointer, text, number]),
            (ssl, "SSL_new", pointer, [pointer]),
            (ssl, "SSL_free", None, [pointer]),
            (ssl, "SSL_set_bio", None, [pointer, pointer, pointer]),
            (ssl, "SSL_set_connect_state", None, [pointer]),
            (ssl, "SSL_set_accept_state", None, [pointer]),
            (ssl, "SSL_set_options", ctypes.c_uint64, [pointer, ctypes.c_uint64]),
            (ssl, "SSL_ctrl", ctypes.c_long, [pointer, number, ctypes.c_long, pointer]),
            (ssl, "SSL_do_handshake", number, [pointer]),
            (ssl, "SSL_get_error", number, [pointer, number]),
            (ssl, "SSL_write", number, [pointer, text, number]),
            (ssl, "SSL_read", number, [pointer, pointer, number]),
            (crypto, "BIO_new_dgram", pointer, [number, number]),
            (crypto, "BIO_ctrl", ctypes.c_long, [pointer, number, ctypes.c_long, pointer]),
            (crypto, "BIO_ADDR_new", pointer, []),
            (crypto, "BIO_ADDR_free", None, [pointer]),
            (crypto, "BIO_ADDR_rawmake", number, [pointer, number, text, ctypes.c_size_t, ctypes.c_ushort]),
            (crypto, "OpenSSL_version", text, [number]),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        return ssl, crypto

    @property
    def version(self) -> str:
        """As the library says it."""
        return str(self.crypto.OpenSSL_version(0).decode())

    @staticmethod
    def _demand(good: int) -> None:
        if good != 1:
            raise RuntimeError("OpenSSL refused a setting")

    def connect(self) -> None:
        """A full handshake of two fresh objects."""
        for end in self.ends:
            self.ssl.SSL_free(end)
        self.ends = [self._end(number) for number in range(2)]
        waiting = list(self.ends)
        while waiting:
            for end in list(waiting):
                done = self.ssl.SSL_do_handshake(end)
                if done == 1:
                    waiting.remove(end)
                elif self.ssl.SSL_get_error(end, done) != 2:
                    raise RuntimeError("OpenSSL's handshake failed")

    def _end(self, number: int) -> int:
        end = self.ssl.SSL_new(self.contexts[number])
        sock = self.sockets[number]
        bio = self.crypto.BIO_new_dgram(sock.fileno(), 0)
        host, port = sock.getpeername()
        address = self.crypto.BIO_ADDR_new()
        self.crypto.BIO_ADDR_rawmake(address, socket.AF_INET, socket.inet_aton(host), 4, socket.htons(port))
        self.crypto.BIO_ctrl(bio, self.SET_CONNECTED, 0, address)
        self.crypto.BIO_ADDR_free(address)
        self.ssl.SSL_set_bio(end, bio, bio)
        self.ssl.SSL_set_options(end, self.NO_QUERY_MTU)
        self.ssl.SSL_ctrl(end, self.SET_MTU, MTU, None)
        (self.ssl.SSL_set_accept_state if number else self.ssl.SSL_set_connect_state)(end)
        return int(end)

    def move(self, data: bytes, times: int) -> None:
        """As for ours; what was read is made ``bytes``, as ours is."""
        write, read, length, room = self.ssl.SSL_write, self.ssl.SSL_read, len(data), self.room
        client, server = self.ends
        for _ in range(times):
            write(client, data, length)
        for _ in range(times):
            count = read(server, room, self.CHEAP_READ)
            if count != length:
                raise RuntimeError(f"SSL_read: {count}")
            ctypes.string_at(room, count)


Library = Ours | OpenSSL


class Table:
    """Figures and how they are printed."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, what: str, unit: str, rates: dict[str, list[float]], scale: float = 1.0) -> None:
        """Rates of every round by library, the first round being the warm-up."""
        ours, theirs = rates[Ours.name][1:], rates[OpenSSL.name][1:]
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        row = {
            "what": what,
            "unit": unit,
            Ours.name: statistics.median(ours) / scale,
            OpenSSL.name: statistics.median(theirs) / scale,
            "ratio": ratio,
        }
        self.rows.append(row)
        print(f"{what:40}{row[Ours.name]:12.1f}{row[OpenSSL.name]:12.1f}  {unit:12}{ratio:6.2f}", flush=True)


def compare(
    libraries: list[Library], rounds: int, act: Callable[[Library], object], amount: float
) -> dict[str, list[float]]:
    """Amounts a second of every round; who goes first changes."""
    rates: dict[str, list[float]] = {library.name: [] for library in libraries}
    for number in range(rounds + 1):
        for library in libraries if number % 2 else reversed(libraries):
            rates[library.name].append(amount / timed(lambda library=library: act(library)))  # type: ignore[misc]
    return rates


def adapter(kind: str, folder: Path, times: int, seconds: float) -> dict[str, float]:
    """The whole way: ``datagram.connect`` against ``datagram.listen`` in threads of one process."""
    files = folder / f"{kind}.crt", folder / f"{kind}.key"
    credentials = extensions.credentials_from_files(*map(str, files))
    with datagram.listen(("127.0.0.1", 0), credentials=credentials) as server:
        thread = threading.Thread(target=server.serve_forever, args=(lambda peer, data: data, 1))
        thread.start()
        place = ("127.0.0.1", server.port)
        options: Any = {"configure": lambda context: legacy.SSLSetEnableCertVerify(context, False)}

        def shake() -> None:
            for _ in range(times):
                datagram.connect(place, **options).close()

        shake()
        figures = {"handshakes": times / timed(shake)}
        with datagram.connect(place, **options) as peer:
            data, count, deadline = bytes(1200), 0, time.perf_counter() + seconds
            while time.perf_counter() < deadline:
                for _ in range(8):
                    peer.send(data)
                for _ in range(8):
                    peer.receive(5)
                count += 8
        figures["echoes"] = count / seconds
        server.close()
        thread.join()
    return figures


def main() -> int:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9, help="rounds for each figure (9)")
    parser.add_argument("--quick", action="store_true", help="3 rounds with a tenth of the work")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    rounds, part = (3, 10) if options.quick else (options.rounds, 1)
    table, extra = Table(), {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in SUITES:
            certificate(kind, folder)
        theirs = OpenSSL("P-256", folder)
        print(f"Python {sys.version.split()[0]}, {theirs.version}; DTLS 1.2, medians of {rounds} rounds")
        print(f"{'':40}{Ours.name[:11]:>12}{OpenSSL.name:>12}{'':14}{'ratio':>6}")
        libraries: list[Library] = [Ours("P-256", folder), theirs]
        for size in SIZES:
            data, batches = os.urandom(size), 500 // part
            for library in libraries:
                library.connect()

            def act(library: Library, data: bytes = data, batches: int = batches) -> None:
                for _ in range(batches):
                    library.move(data, BATCH)

            rates = compare(libraries, rounds, act, BATCH * batches)
            table.add(f"payloads of {size} B there, both ends", "kdatagrams/s", rates, 1e3)
            if size == SIZES[-1]:
                table.add(f"payloads of {size} B there, both ends", "MB/s", rates, 1e6 / size)
        for kind in SUITES:
            libraries = [Ours(kind, folder), OpenSSL(kind, folder)]
            times = 200 // part

            def shake(library: Library, times: int = times) -> None:
                for _ in range(times):
                    library.connect()

            table.add(f"handshakes, {kind}, both ends", "/s", compare(libraries, rounds, shake, times))
        extra = adapter("P-256", folder, 200 // part, 2.0 / part)
    print(f"{'adapter, P-256: connect with cookie':40}{extra['handshakes']:12.1f}{'':14}/s")
    print(f"{'adapter: echoes of 1200 B, both ends':40}{extra['echoes'] / 1e3:12.1f}{'':14}kdatagrams/s")
    if options.json:
        options.json.write_text(json.dumps({"rows": table.rows, "adapter": extra}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
