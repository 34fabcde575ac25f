"""tshark decrypts what we said with the log of our secrets: every kind of record, resumption, renegotiation.

The recording is made here, out of the bytes that the callbacks saw and headers of IP and TCP around them: no network
and no rights are needed.
"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from pipes import WOULD_BLOCK, Pair, Pipe, client, name, ok, server
from typing import Any

import pytest
import strangers

import securetransport as st
from securetransport import extensions

#: Where the server listens in the recording.
PORT = 4433
MTU = 1400
SYN, ACK, SYN_ACK, PUSH = 0x02, 0x10, 0x12, 0x18


class Noting(Pipe):
    """A pipe that writes down what goes in, together with others in one list."""

    def __init__(self, parts: list[tuple[bool, bytes]], way: bool) -> None:
        super().__init__()
        self.parts, self.way = parts, way

    def work_write(self, connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        self.parts.append((self.way, bytes(data)))
        return super().work_write(connection, data, length)


class Recording:
    """Two pipes whose bytes end up in one file, in their order."""

    def __init__(self) -> None:
        self.parts: list[tuple[bool, bytes]] = []
        self.up, self.down = Noting(self.parts, True), Noting(self.parts, False)

    def save(self, path: Path) -> None:
        """As a classic pcap of raw IPv4 packets, from the first SYN on."""
        sequence = {True: 1000, False: 5000}
        out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]

        def packet(way: bool, flags: int, data: bytes = b"") -> None:
            ports = (50_000, PORT) if way else (PORT, 50_000)
            acked = 0 if flags == SYN else sequence[not way]
            tcp = struct.pack(">HHIIBBHHH", *ports, sequence[way], acked, 5 << 4, flags, 65535, 0, 0) + data
            hosts = [b"\x0a\0\0\1", b"\x0a\0\0\2"]
            source, target = hosts if way else hosts[::-1]
            ip = (
                struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), len(out), 0, 64, 6, 0)
                + source
                + target
                + tcp
            )
            out.append(struct.pack("<IIII", 1_790_000_000, len(out), len(ip), len(ip)) + ip)
            sequence[way] += len(data) + (flags & SYN != 0)

        packet(True, SYN)
        packet(False, SYN_ACK)
        packet(True, ACK)
        for way, data in self.parts:
            for at in range(0, len(data), MTU):
                packet(way, PUSH, data[at : at + MTU])
        path.write_bytes(b"".join(out))


def read_with_tshark(recording: Path, log: Path) -> dict[bool, bytes]:
    """What each side said, as tshark reads it: hex, a tab before what the server sent."""
    done = subprocess.run(
        [
            strangers.tool("tshark"),
            *("-r", recording, "-q", "-n"),
            *("-o", f"tls.keylog_file:{log}", "-d", f"tcp.port=={PORT},tls", "-d", f"tls.port=={PORT},data"),
            *("-z", "follow,tls,raw,0"),
        ],
        capture_output=True,
        text=True,
        timeout=strangers.LIMIT,
    )
    assert done.returncode == 0, done.stderr
    said = {True: b"", False: b""}
    swapped = f"Node 0: 10.0.0.2:{PORT}" in done.stdout  # whose data came first
    for line in done.stdout.splitlines():
        words = line.strip()
        if words and len(words) % 2 == 0 and all(c in "0123456789abcdef" for c in words):
            said[line.startswith("\t") == swapped] += bytes.fromhex(words)
    return said


def conversation(pair: Pair, log: Path, renegotiates: bool) -> None:
    with log.open("a") as file:
        ok(extensions.SSLSetKeyLogFunc(pair.client, lambda line: file.write(f"{line}\n")))
        codes = pair.handshake()
        assert codes == (0, 0), tuple(map(name, codes))
        assert pair.transfer(pair.client, b"a question of the client") == b"a question of the client"
        if renegotiates:
            ok(st.SSLReHandshake(pair.client))
            assert pair.handshake() == (0, 0)
        assert pair.transfer(pair.server, b"an answer of the server") == b"an answer of the server"
        for ctx, other in ((pair.client, pair.server), (pair.server, pair.client)):
            ok(st.SSLClose(ctx))
            assert st.SSLRead(other, None, 1, None)[0] in (st.errSSLClosedGraceful, WOULD_BLOCK)
    assert log.read_text().count("CLIENT_RANDOM") == 1 + renegotiates


def made(credential: str, suite: int, version: int) -> tuple[Pair, Recording]:
    recording = Recording()
    ends = client(), server(credential)
    pair = Pair(up=recording.up, down=recording.down, client=ends[0], server=ends[1])
    for ctx in ends:
        ok(st.SSLSetProtocolVersionMin(ctx, version))
        ok(st.SSLSetProtocolVersionMax(ctx, version))
        ok(st.SSLSetEnabledCiphers(ctx, [suite], 1))
    ok(st.SSLSetSessionOption(ends[1], st.kSSLSessionOptionAllowRenegotiation, True))
    return pair, recording


def demand_legible(recording: Recording, log: Path, tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcap"
    recording.save(capture)
    assert read_with_tshark(capture, log) == {
        True: b"a question of the client",
        False: b"an answer of the server",
    }


@pytest.mark.parametrize(
    ("suite", "version", "renegotiates"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", st.kTLSProtocol12, True),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", st.kTLSProtocol12, False),
        ("TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", st.kTLSProtocol12, True),  # encrypt-then-MAC
        ("TLS_RSA_WITH_AES_128_CBC_SHA", st.kTLSProtocol11, False),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", st.kTLSProtocol1, True),
        ("TLS_RSA_WITH_RC4_128_SHA", st.kSSLProtocol3, False),
    ],
)
def test_tshark_reads_the_conversation(suite: str, version: int, renegotiates: bool, tmp_path: Path) -> None:
    pair, recording = made("rsa", getattr(st, suite), version)
    log = tmp_path / "log"
    conversation(pair, log, renegotiates)
    demand_legible(recording, log, tmp_path)


def test_tshark_reads_a_resumed_session(tmp_path: Path) -> None:
    for number in range(2):
        pair, recording = made("p256", st.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, st.kTLSProtocol12)
        for ctx in (pair.client, pair.server):
            ok(st.SSLSetPeerID(ctx, str(tmp_path).encode(), len(str(tmp_path))))
        log = tmp_path / f"log{number}"
        conversation(pair, log, renegotiates=False)
        assert extensions.SSLCopyConnectionReport(pair.client, None)[1]["resumed"] == bool(number)
    demand_legible(recording, log, tmp_path)


def test_without_the_log_it_reads_nothing(tmp_path: Path) -> None:
    pair, recording = made("rsa", st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, st.kTLSProtocol12)
    conversation(pair, tmp_path / "log", renegotiates=False)
    capture, other = tmp_path / "capture.pcap", tmp_path / "empty"
    recording.save(capture)
    other.touch()
    assert read_with_tshark(capture, other) == {True: b"", False: b""}
