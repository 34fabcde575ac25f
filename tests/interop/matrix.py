"""The matrix of versions, suites, roles and peers: which cells there are, how one is tried, and the page of them all.

In: the published table of suites, what a peer says it has. Out: cells, the trial of one, a page. Promise: which cells
exist follows from the table and from the peer's own list, never from what passed.
"""

from __future__ import annotations

import functools
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from pipes import DatagramLink, Link, Task, certificate, client, datagram_link, name, ok, server, socket_link
from typing import Any, NamedTuple, Protocol

import pytest

import certs
import securetransport as st
from securetransport import extensions, spi

TABLE = json.loads((Path(__file__).parent.parent / "reference/ciphersuites.json").read_text(encoding="utf-8"))
#: Seconds after which nothing more is expected over datagrams.
QUIET = 10.0

PROTOCOLS = {
    "SSLv3": st.kSSLProtocol3,
    "TLSv1": st.kTLSProtocol1,
    "TLSv1.1": st.kTLSProtocol11,
    "TLSv1.2": st.kTLSProtocol12,
    "DTLSv1": st.kDTLSProtocol1,
    "DTLSv1.2": st.kDTLSProtocol12,
}
#: The versions over datagrams and those whose suites they have.
DATAGRAMS = {"DTLSv1": "TLSv1.1", "DTLSv1.2": "TLSv1.2"}
STREAMS = [version for version in PROTOCOLS if version not in DATAGRAMS]
#: The key a server needs for a key exchange; exchanges that are not here are known by name only.
KEYS: dict[str, str | None] = {
    "RSA": "rsa",
    "DHE_RSA": "rsa",
    "DHE_DSS": "dsa",
    "ECDHE_RSA": "rsa",
    "ECDHE_ECDSA": "p256",
    "ECDH_ECDSA": "p256",
    "ECDH_RSA": "ecdh_rsa",
    "DH_anon": None,
    "ECDH_anon": None,
    "PSK": None,
    "DHE_PSK": None,
    "RSA_PSK": "rsa",
    "ECDHE_PSK": None,
}
CIPHERS = (
    "NULL",
    "RC4_128",
    "3DES_EDE_CBC",
    "AES_128_CBC",
    "AES_256_CBC",
    "AES_128_GCM",
    "AES_256_GCM",
    "AES_128_CCM",
    "AES_256_CCM",
    "AES_128_CCM_8",
    "AES_256_CCM_8",
    "CHACHA20_POLY1305",
)
SECRET = bytes(range(1, 33))
IDENTITY = b"Client_identity"
#: What clients have to bring back to our server over datagrams.
COOKIE = bytes(range(32))
#: Encrypt-then-MAC (RFC 7366) and the order before it.
FORMS = ("etm", "mte")


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
    def psk(self) -> bool:
        return self.exchange.endswith("PSK")

    @property
    def anonymous(self) -> bool:
        """Whether the server proves nothing by a certificate."""
        return KEYS[self.exchange] is None

    @property
    def versions(self) -> list[str]:
        """Where it may be negotiated (decisions 29)."""
        if self.hash not in ("MD5", "SHA") or "GCM" in self.cipher or "POLY1305" in self.cipher:
            return ["TLSv1.2"]
        return STREAMS[1 if self.exchange.startswith("EC") or self.psk else 0 :]

    @property
    def datagram_versions(self) -> list[str]:
        """The same over datagrams, which have no RC4 (RFC 6347, section 4.1.2.2)."""
        if self.cipher == "RC4_128":
            return []
        return [version for version, stream in DATAGRAMS.items() if stream in self.versions]

    @property
    def openssl(self) -> str:
        """The name of 2013's OpenSSL."""
        prefix = {"RSA": "", "DH_anon": "ADH-", "ECDH_anon": "AECDH-"}.get(
            self.exchange, self.exchange.replace("_", "-") + "-"
        )
        if self.cipher == "3DES_EDE_CBC":
            return prefix.replace("DHE-", "EDH-").replace("ECEDH", "ECDHE") + "DES-CBC3-" + self.hash
        cipher = self.cipher.replace("_CBC", "").replace("AES_", "AES").replace("_GCM", "-GCM")
        return f"{prefix}{cipher.replace('RC4_128', 'RC4')}-{self.hash}"


def _suite(number: int, names: tuple[str, ...]) -> Suite | None:
    """A suite out of its name; none where the name is of one that is never negotiated."""
    exchange, _, rest = names[0].removeprefix("TLS_").removeprefix("SSL_").partition("_WITH_")
    exchange = exchange.replace("PSK_DHE", "DHE_PSK")  # two suites of RFC 6655 have it the other way round
    cipher, _, digest = rest.rpartition("_")
    if digest in ("CCM", "8"):  # named without the hash of their PRF
        cipher, digest = rest, "SHA256"
    known = exchange in KEYS and cipher in CIPHERS
    return Suite(number, names, exchange, cipher, digest) if known else None


def _suites() -> Iterator[Suite]:
    """Those of the published table in its order, then those that this library adds."""
    for row in TABLE["suites"]:
        if row["kind"] == "suite" and (suite := _suite(row["value"], tuple(row["names"]))):
            yield suite
    for added, number in vars(extensions).items():
        if "_WITH_" in added:
            suite = _suite(number, (added,))
            assert suite is not None, added
            yield suite


SUITES = tuple(_suites())


class Cell(NamedTuple):
    peer: str
    role: str
    version: str
    suite: Suite
    form: str = ""

    def __str__(self) -> str:
        form = f"-{self.form}" if self.form else ""
        return f"{self.peer}-{self.role}-{self.version}-{self.suite.name}{form}"


class Stranger(Protocol):
    """A peer. The role in its methods' names is the peer's."""

    def serve(self, version: str, suite: Any, key: str) -> socket.socket: ...
    def connect(self, listener: socket.socket, version: str, suite: Any, key: str) -> socket.socket: ...
    def answer(self) -> list[str]:
        """Waits for its end: ``done`` and what was agreed, or what it has to complain of."""


#: A peer's name for a suite at a version, ``None`` where it has none.
Spelling = Callable[[str, Suite], Any]


class Peer(NamedTuple):
    title: str
    make: Callable[[str], Stranger]
    spelling: Spelling
    #: The peer's name for a version.
    version: Callable[[str], Any] = str
    roles: tuple[str, ...] = ("client", "server")
    exchanges: tuple[str, ...] = tuple(KEYS)
    #: Whether it knows encrypt-then-MAC.
    forms: bool = False
    #: Whether it is met over UDP.
    datagrams: bool = False
    #: The blocks that are sent and come back.
    blocks: Callable[[], list[bytes]] = lambda: [bytes([n % 256]) * n for n in (1000, 40_000)]
    #: Cells of which only the handshake can be judged, with the reason.
    handshake_only: Callable[[Cell], str | None] = lambda _cell: None


PEERS: dict[str, Peer] = {}


def cells(key: str, peer: Peer) -> list[Cell]:
    """Enters a peer; every cell that it could have."""
    PEERS[key] = peer
    return [
        Cell(key, role, version, suite, form)
        for role in peer.roles
        for suite in SUITES
        if suite.exchange in peer.exchanges
        for version in (suite.datagram_versions if peer.datagrams else suite.versions)
        for form in (FORMS if peer.forms and "CBC" in suite.cipher and version != "SSLv3" else ("",))
    ]


# --- one cell ----------------------------------------------------------------------------------------------


def key_for(version: str, suite: Suite) -> str | None:
    key = KEYS[suite.exchange]
    # With SHA-1, which has no place in TLS 1.2 alone, some sign with DSA only where the subgroup is no longer.
    return "dsa1024" if key == "dsa" and version != "TLSv1.2" else key


def ours(role: str, version: str, suite: Suite) -> Any:
    """Our end, with this version and suite alone."""
    key = key_for(version, suite)
    kind = st.kSSLDatagramType if version in DATAGRAMS else st.kSSLStreamType
    if role == "client":
        ctx = client(host=None if suite.anonymous else certs.HOST, kind=kind)
        if key == "dsa1024":  # accepted by name only
            ok(spi.SSLSetTrustedLeafCertificates(ctx, [certificate(certs.leaf(key).der)]))
    else:
        ctx = server(key, kind=kind)
        if version in DATAGRAMS:
            ok(st.SSLSetDatagramHelloCookie(ctx, COOKIE, len(COOKIE)))
    ok(st.SSLSetProtocolVersionMax(ctx, PROTOCOLS[version]))
    ok(st.SSLSetProtocolVersionMin(ctx, PROTOCOLS[version]))
    ok(st.SSLSetEnabledCiphers(ctx, [suite.number], 1))
    if suite.psk:
        ok(spi.SSLSetPSKSharedSecret(ctx, SECRET, len(SECRET)))
        ok(spi.SSLSetPSKIdentity(ctx, IDENTITY, len(IDENTITY)))
    return ctx


def echo(link: Link) -> None:
    """Our half as server: gives back what comes until the end; a goodbye in a datagram can be lost."""
    heard = time.monotonic()
    while True:
        status, part, n = st.SSLRead(link.ctx, None, 65_536, None)
        if n:
            ok(link.send(part))
            heard = time.monotonic()
        if status == st.errSSLWouldBlock:
            if isinstance(link, DatagramLink) and time.monotonic() > heard + QUIET:
                return
            continue
        if status != 0:
            assert status in (st.errSSLClosedGraceful, st.errSSLClosedAbort), name(status)
            link.close()
            return


def speak(link: Link, blocks: list[bytes]) -> None:
    """Our half as client."""
    for block in blocks:
        ok(link.send(block))
        assert link.receive(len(block)) == block
    ok(link.close())


@functools.cache
def _listener() -> socket.socket:
    listener = socket.create_server((certs.HOSTS[1], 0))
    listener.settimeout(20)
    return listener


def attempt(cell: Cell, record: dict[Cell, str]) -> None:
    """One cell: handshake, data both ways, an orderly end; what came of it goes into the record."""
    row = PEERS[cell.peer]
    stranger = row.make(cell.form)
    spelling = row.spelling(cell.version, cell.suite)
    if spelling is None:
        record[cell] = "-"
        return
    record[cell] = "failed"
    ctx = ours(cell.role, cell.version, cell.suite)
    arguments = row.version(cell.version), spelling, key_for(cell.version, cell.suite) or "rsa"
    as_server, as_client = stranger.serve, functools.partial(stranger.connect, _listener())
    with (as_server if cell.role == "client" else as_client)(*arguments) as sock:
        link = (datagram_link if row.datagrams else socket_link)(ctx, sock)
        status = link.handshake()
        if status != 0:
            sock.close()
            pytest.fail(f"{name(status)}; the peer says: {' '.join(stranger.answer())}", pytrace=False)
        assert st.SSLGetNegotiatedCipher(ctx) == (0, cell.suite.number)
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, PROTOCOLS[cell.version])
        _, report = extensions.SSLCopyConnectionReport(ctx, None)
        assert report is not None
        assert report["encrypt_then_mac"] is (cell.form == "etm")
        if row.handshake_only(cell):
            record[cell] = "handshake"
            return
        task = Task(speak, link, row.blocks()) if cell.role == "client" else Task(echo, link)
        task.result()
    answer = stranger.answer()
    assert answer[0] == "done", " ".join(answer)
    record[cell] = "yes"


# --- the page ----------------------------------------------------------------------------------------------

PAGE = """# Interoperability

Written by the test run: every cell is a connection to the named peer, tried anew each time. One table a peer, one row
a suite that it has, one column for each version and role; the role is ours. Peers met over UDP, with the versions of
DTLS, have tables of their own; there our server asks for a cookie first.

- `yes`: handshake, data in both directions that came back unchanged, and an orderly end. Where the peer knows
  encrypt-then-MAC (RFC 7366), suites with CBC are tried once with it and once without, below one `yes`.
- `handshake`: the handshake alone, for a reason given below the table.
- `-`: the peer does not have it there. Blank: the suite does not exist in that version.

Of the {count} suites below TLS 1.3 these are spoken by none of the peers, and are tried against the other end of this
library alone: {alone}.

`SECURETRANSPORT_WRITE_INTEROP=docs/interop.md python -m pytest tests/interop` writes this page; CI fails where it has
changed.
"""


def _verdict(results: dict[Cell, str], cell: Cell) -> str:
    """One word for all forms of a cell: the worst."""
    found = {results[one] for form in ("", *FORMS) if (one := cell._replace(form=form)) in results}
    return next((word for word in ("failed", "-", "handshake", "yes") if word in found), "")


def without_a_stranger(results: dict[Cell, str]) -> list[Suite]:
    """Suites that none of the peers has."""
    tried = {cell.suite for cell, word in results.items() if word != "-"}
    return [suite for suite in SUITES if suite not in tried]


def page(results: dict[Cell, str]) -> str:
    """Everything as Markdown."""
    alone = without_a_stranger(results)
    out = [PAGE.format(count=len(SUITES), alone=", ".join(suite.name for suite in alone) or "none")]
    for key, row in sorted(PEERS.items(), key=lambda item: item[1].title.lower()):
        columns = [(version, role) for version in PROTOCOLS for role in row.roles]
        table = {
            suite: [_verdict(results, Cell(key, role, version, suite)) for version, role in columns]
            for suite in SUITES
        }
        has = {suite: words for suite, words in table.items() if set(words) - {"", "-"}}
        lacking = [i for i in range(len(columns)) if not {words[i] for words in has.values()} - {"", "-"}]
        shown = [i for i in range(len(columns)) if i not in lacking]
        out.append(f"\n## {row.title}\n")
        out.append("| suite | " + " | ".join(" ".join(columns[i]) for i in shown) + " |")
        out.append("|---" * (len(shown) + 1) + "|")
        out += [
            f"| {suite.name} | " + " | ".join(words[i] for i in shown) + " |" for suite, words in has.items()
        ]
        reasons = {reason for cell in results if cell.peer == key and (reason := row.handshake_only(cell))}
        out += [f"\n`handshake`: {reason}." for reason in sorted(reasons)]
    return "\n".join(out) + "\n"
