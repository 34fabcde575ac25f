"""Record protection of TLS 1.2 against OpenSSL's, on one connection in memory.

``python benches/python/records.py`` joins our client to a server of the standard library's ``ssl`` and measures all
four: we seal and they open, they seal and we open, for CBC with the MAC inside and outside and for CCM. Unlike in
``compare.py`` the two ends are of different libraries, because two ends of ours would never put the MAC inside. A
ratio is the median of the ratios within a round, above 1 where this library is faster. Ours pays for two Python
functions as transport, which is most of the time of a small record; ``ssl`` has MemoryBIO.
"""

from __future__ import annotations

import argparse
import os
import ssl
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

from compare import BATCH, Wire, certificate, timed

import securetransport as st
from securetransport import extensions, legacy

SIZES = (1024, 16 * 1024)
#: OpenSSL's SSL_OP_NO_ENCRYPT_THEN_MAC.
INSIDE_ONLY = 1 << 19
SUITES = {
    "AES-128-CBC-SHA1": ("AES128-SHA", 0x002F),
    "AES-256-CBC-SHA1": ("AES256-SHA", 0x0035),
    "AES-128-CBC-SHA256": ("AES128-SHA256", 0x003C),
    "AES-256-CBC-SHA256": ("AES256-SHA256", 0x003D),
    "AES-256-CBC-SHA384": ("ECDHE-RSA-AES256-SHA384", 0xC028),
    "AES-128-CCM": ("AES128-CCM", 0xC09C),
    "AES-256-CCM-8": ("AES256-CCM8", 0xC0A1),
    "AES-128-GCM": ("AES128-GCM-SHA256", 0x009C),
}


class Crossed:
    """Our client and their server."""

    def __init__(self, suite: tuple[str, int], outside: bool, folder: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{suite[0]}:@SECLEVEL=0")
        context.load_cert_chain(folder / "RSA 2048.crt", folder / "RSA 2048.key")
        if not outside:
            context.options |= INSIDE_ONLY
        self.to_them, self.from_them = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.them = context.wrap_bio(self.to_them, self.from_them, server_side=True)
        self.us = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
        self.read, self.written = Wire(), Wire()
        st.SSLSetIOFuncs(self.us, self.read.read, self.written.write)
        st.SSLSetEnabledCiphers(self.us, [suite[1]], 1)
        legacy.SSLSetEnableCertVerify(self.us, False)
        self._handshake()
        _, report = extensions.SSLCopyConnectionReport(self.us)
        if report is None or report["encrypt_then_mac"] is not outside:
            raise RuntimeError(f"{suite[0]}: the MAC is on the wrong side")

    def _handshake(self) -> None:
        status, done = st.errSSLWouldBlock, False
        for _ in range(10):
            if status == st.errSSLWouldBlock:
                status = st.SSLHandshake(self.us)
            self.carry()
            try:
                if not done:
                    self.them.do_handshake()
                    done = True
            except ssl.SSLWantReadError:
                pass
            self.carry()
        if status or not done:
            raise RuntimeError(f"the handshake failed: {status}, {done}")

    def carry(self) -> None:
        """Everything that is under way, either way."""
        self.to_them.write(bytes(self.written.data))
        self.written.data.clear()
        self.read.forget()
        self.read.data += self.from_them.read()

    def we_seal(self, data: bytes, times: int) -> None:
        write, context, length = st.SSLWrite, self.us, len(data)
        for _ in range(times):
            write(context, data, length, None)

    def we_open(self, size: int, times: int) -> None:
        read, context, total = st.SSLRead, self.us, size * times
        while total > 0:
            status, _, count = read(context, None, size, None)
            if status:
                raise RuntimeError(f"SSLRead: {status}")
            total -= count

    def they_seal(self, data: bytes, times: int) -> None:
        write = self.them.write
        for _ in range(times):
            write(data)

    def they_open(self, size: int, times: int) -> None:
        read, total = self.them.read, size * times
        while total > 0:
            total -= len(read(size))


def compared(crossed: Crossed, size: int, rounds: int, amount: int) -> dict[str, list[float]]:
    """Seconds of every round, the first left out, by what was done."""
    data, times = os.urandom(size), BATCH // size
    spent: dict[str, list[float]] = {"we seal": [], "they open": [], "they seal": [], "we open": []}
    for _ in range(rounds + 1):
        seconds = dict.fromkeys(spent, 0.0)
        for _ in range(amount // BATCH):
            seconds["we seal"] += timed(partial(crossed.we_seal, data, times))
            crossed.carry()
            seconds["they open"] += timed(partial(crossed.they_open, size, times))
            seconds["they seal"] += timed(partial(crossed.they_seal, data, times))
            crossed.carry()
            seconds["we open"] += timed(partial(crossed.we_open, size, times))
        for what, value in seconds.items():
            spent[what].append(value)
    return {what: values[1:] for what, values in spent.items()}


def main() -> int:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9, help="rounds for each figure (9)")
    parser.add_argument("--only", help="only the suites whose name has this in it")
    options = parser.parse_args()
    amount = 16_000_000 // BATCH * BATCH
    print(
        f"Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}; medians of {options.rounds} rounds, in memory"
    )
    print(f"{'':44}{'seal':>10}{'theirs':>10}{'ratio':>8}{'open':>10}{'theirs':>10}{'ratio':>8}   MB/s")
    with tempfile.TemporaryDirectory() as name:
        certificate("RSA 2048", Path(name))
        for label, suite in SUITES.items():
            if options.only and options.only not in label:
                continue
            for outside in [False, True] if "CBC" in label else [False]:
                for size in SIZES:
                    crossed = Crossed(suite, outside, Path(name))
                    times = compared(crossed, size, options.rounds, amount)
                    line = f"{label}{', MAC outside' if outside else ''}, {size // 1024} KiB"
                    print(f"{line:44}", end="")
                    for ours, theirs in (("we seal", "they seal"), ("we open", "they open")):
                        pairs = list(zip(times[ours], times[theirs], strict=True))
                        ratio = statistics.median(b / a for a, b in pairs)
                        rates = [amount / statistics.median(times[what]) / 1e6 for what in (ours, theirs)]
                        print(f"{rates[0]:10.1f}{rates[1]:10.1f}{ratio:8.2f}", end="")
                    print(flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
