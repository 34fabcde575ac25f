"""Every version and suite, both roles, against Java, Go and an OpenSSL of 2013.

In: the published table of suites. Out: one test a cell, and where ``SECURETRANSPORT_WRITE_INTEROP`` names a file, the
matrix as a page. Promise:
which cells exist follows from the table and from what the peer says it has, never from what passed.
"""

from __future__ import annotations

import functools
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from pipes import Link, Task, client, name, ok, server, socket_link
from typing import Any, NamedTuple

import polyglots
import pytest

import certs
import securetransport as st
from securetransport import legacy

TABLE = json.loads((Path(__file__).parent.parent / "reference/ciphersuites.json").read_text(encoding="utf-8"))
PROTOCOLS = {
    "SSLv3": st.kSSLProtocol3,
    "TLSv1": st.kTLSProtocol1,
    "TLSv1.1": st.kTLSProtocol11,
    "TLSv1.2": st.kTLSProtocol12,
}
#: The key a server needs for a key exchange, and the keys of the table that are never negotiated or need a secret.
KEYS = {
    "RSA": "rsa",
    "DHE_RSA": "rsa",
    "DHE_DSS": "dsa",
    "ECDHE_RSA": "rsa",
    "ECDHE_ECDSA": "p256",
    "ECDH_ECDSA": "p256",
    "ECDH_RSA": "ecdh_rsa",
    "DH_anon": "rsa",
    "ECDH_anon": "rsa",
}
CIPHERS = (
    "NULL",
    "RC4_128",
    "3DES_EDE_CBC",
    "AES_128_CBC",
    "AES_256_CBC",
    "AES_128_GCM",
    "AES_256_GCM",
    "CHACHA20_POLY1305",
)


class Suite(NamedTuple):
    number: int
    names: tuple[str, ...]
    exchange: str
    cipher: str
    hash: str

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def versions(self) -> list[str]:
        """Where it may be negotiated (decisions 29)."""
        if self.hash not in ("MD5", "SHA") or "GCM" in self.cipher or "POLY1305" in self.cipher:
            return ["TLSv1.2"]
        return list(PROTOCOLS)[1 if self.exchange.startswith("EC") else 0 :]

    @property
    def openssl(self) -> str:
        """OpenSSL's name."""
        prefix = {"RSA": "", "DH_anon": "ADH-", "ECDH_anon": "AECDH-"}.get(
            self.exchange, self.exchange.replace("_", "-") + "-"
        )
        if self.cipher == "3DES_EDE_CBC":
            return prefix.replace("DHE-", "EDH-").replace("ECEDH", "ECDHE") + "DES-CBC3-" + self.hash
        cipher = self.cipher.replace("_CBC", "").replace("AES_", "AES").replace("_GCM", "-GCM")
        return f"{prefix}{cipher.replace('RC4_128', 'RC4')}-{self.hash}"


def _suites() -> Iterator[Suite]:
    for row in TABLE["suites"]:
        exchange, _, rest = row["name"].removeprefix("TLS_").removeprefix("SSL_").partition("_WITH_")
        cipher, _, digest = rest.rpartition("_")
        if row["kind"] == "suite" and exchange in KEYS and cipher in CIPHERS:
            yield Suite(row["value"], tuple(row["names"]), exchange, cipher, digest)


SUITES = tuple(_suites())


class Cell(NamedTuple):
    peer: str
    role: str
    version: str
    suite: Suite

    def __str__(self) -> str:
        return f"{self.peer}-{self.role}-{self.version}-{self.suite.name}"


def _jsse(version: str, suite: Suite) -> str | None:
    """The name under which JSSE has a suite at a version: elliptic curves and SHA-2 not in SSLv3."""
    wanted = {*suite.names, *(n.replace("TLS_", "SSL_", 1) for n in suite.names)}
    return next(iter(sorted(wanted & polyglots.java().suites)), None)


def _go(version: str, suite: Suite) -> str | None:
    number = f"{suite.number:04x}"
    return number if version != "SSLv3" and number in polyglots.go().suites else None


def _openssl(version: str, suite: Suite) -> str | None:
    return suite.openssl if suite.openssl in polyglots.old_openssl().suites else None


class Peer(NamedTuple):
    title: str
    make: Callable[[], polyglots.Stranger]
    spelling: Callable[[str, Suite], str | None]
    version: Callable[[str], str]
    roles: tuple[str, ...]


PEERS = {
    "java": Peer("Java JSSE", polyglots.java, _jsse, str, ("client", "server")),
    "go": Peer(
        "Go crypto/tls", polyglots.go, _go, lambda v: f"{polyglots.VERSIONS[v]:04x}", ("client", "server")
    ),
    "openssl101": Peer("OpenSSL 1.0.1 (nassl)", polyglots.old_openssl, _openssl, str, ("server",)),
}

CELLS = [
    Cell(peer, role, version, suite)
    for peer, row in PEERS.items()
    for role in row.roles
    for suite in SUITES
    for version in suite.versions
]


def _ours(role: str, version: str, suite: Suite) -> Any:
    ctx = client() if role == "client" else server(KEYS[suite.exchange])
    ok(st.SSLSetProtocolVersionMin(ctx, PROTOCOLS[version]))
    ok(st.SSLSetProtocolVersionMax(ctx, PROTOCOLS[version]))
    ok(st.SSLSetEnabledCiphers(ctx, [suite.number], 1))
    return ctx


def _echo(link: Link) -> None:
    """Our half as server: gives back what comes until the end."""
    while True:
        status, part, n = st.SSLRead(link.ctx, None, 65_536, None)
        if n:
            ok(link.send(part))
        if status == st.errSSLWouldBlock:
            continue
        if status != 0:
            assert status in (st.errSSLClosedGraceful, st.errSSLClosedAbort), name(status)
            link.close()
            return


def _speak(link: Link) -> None:
    """Our half as client."""
    for size in polyglots.BLOCKS:
        block = bytes([size % 256]) * size
        ok(link.send(block))
        assert link.receive(size) == block
    ok(link.close())


@pytest.fixture(scope="module")
def record() -> Iterator[dict[Cell, str]]:
    """What came of each cell; written as a page at the end of a whole run."""
    results: dict[Cell, str] = {}
    yield results
    if path := os.environ.get("SECURETRANSPORT_WRITE_INTEROP"):
        Path(path).write_text(_page(results), encoding="utf-8")


PAGE = """# Interoperability

Written by the test run (`tests/interop/test_matrix.py`), one row a suite and one column for each version and role.
The role is ours. `yes`: handshake, 41,000 bytes each way and an orderly end. `-`: the peer does not have it. Blank:
the suite does not exist in that version.
"""


def _page(results: dict[Cell, str]) -> str:
    out = [PAGE]
    for peer, row in PEERS.items():
        columns = [(version, role) for version in PROTOCOLS for role in row.roles]
        out.append(f"\n## {row.title}\n")
        out.append("| suite | " + " | ".join(f"{version} {role}" for version, role in columns) + " |")
        out.append("|---" * (len(columns) + 1) + "|")
        for suite in SUITES:
            cells = [results.get(Cell(peer, role, version, suite), "") for version, role in columns]
            out.append(f"| {suite.name} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


@functools.cache
def _listener() -> socket.socket:
    listener = socket.create_server((certs.HOSTS[1], 0))
    listener.settimeout(20)
    return listener


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_suite_works_with_a_stranger(cell: Cell, record: dict[Cell, str]) -> None:
    row = PEERS[cell.peer]
    stranger = row.make()
    spelling = row.spelling(cell.version, cell.suite)
    if spelling is None:
        record[cell] = "-"
        return
    record[cell] = "failed"
    ours, key = _ours(cell.role, cell.version, cell.suite), KEYS[cell.suite.exchange]
    if key == "dsa" and cell.version != "TLSv1.2":
        ok(legacy.SSLSetAllowsAnyRoot(ours, True))  # a key this small is accepted by name only
        key = "dsa1024"  # JSSE signs with SHA-1 and DSA only where the subgroup is no longer than the digest
    version = row.version(cell.version)
    if cell.role == "client":
        sock = stranger.serve(version, spelling, key)
    else:
        sock = stranger.connect(_listener(), version, spelling, key)
    with sock:
        link = socket_link(ours, sock)
        status = link.handshake()
        if status != 0:
            sock.close()
            pytest.fail(f"{name(status)}; the peer says: {' '.join(stranger.answer())}", pytrace=False)
        assert st.SSLGetNegotiatedCipher(ours) == (0, cell.suite.number)
        assert st.SSLGetNegotiatedProtocolVersion(ours) == (0, PROTOCOLS[cell.version])
        task = Task(_speak if cell.role == "client" else _echo, link)
        task.result()
    answer = stranger.answer()
    assert answer[0] == "done", " ".join(answer)
    record[cell] = "yes"
