"""Renegotiation with OpenSSL and GnuTLS: both sides' ideas in both roles, refusals, data in between.

With pauses it is one of the ``test_contract_scenarios``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pipes import LIMIT, Link, Task, array, client, name, ok, server, state
from typing import Any

import pytest
from bare_peers import Arguments, Connect, Server, visited, visiting
from strangers import OpensslClient, OpensslServed, Peer, Process, free_port, process, tool

import certs
import securetransport as st
from securetransport import extensions, spi

VERSIONS = {4: "-tls1", 7: "-tls1_1", 8: "-tls1_2"}
ALLOW = st.kSSLSessionOptionAllowRenegotiation
#: OpenSSL renegotiates by RFC 5746 with or without leave to do it otherwise.
LEGACY: tuple[Arguments, ...] = ((), ("-legacy_renegotiation",))


def pinned(ctx: Any, version: int) -> Any:
    ok(st.SSLSetProtocolVersionMin(ctx, version))
    ok(st.SSLSetProtocolVersionMax(ctx, version))
    return ctx


def allowing(version: int = 8, kind: str = "rsa") -> Any:
    ctx = pinned(server(kind), version)
    ok(st.SSLSetSessionOption(ctx, ALLOW, True))
    return ctx


def randoms(ctx: Any) -> bytes:
    return bytes(spi.SSLInternalClientRandom(ctx, None, 32)[1])


def line(link: Link, text: bytes) -> None:
    """Reads exactly this; renegotiations on the way are no business of the reader."""
    assert link.receive(len(text)) == text


@contextmanager
def _openssl_server(arguments: Arguments) -> Iterator[tuple[int, Peer]]:
    with process(
        tool("openssl"), "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", *arguments
    ) as running:
        port = running.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
        running.drop_until(port.end())
        yield int(port[1]), OpensslServed(running)


def openssl_server(*arguments: str | Path, version: int = 8, suites: str = "ALL") -> Server:
    return _openssl_server((VERSIONS[version], "-cipher", f"{suites}:@SECLEVEL=0", *arguments))


@contextmanager
def _openssl_client(port: int, arguments: Arguments) -> Iterator[Peer]:
    with process(tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *arguments) as running:
        yield OpensslClient(running)


def openssl_client(*arguments: str | Path, version: int = 8) -> Connect:
    return lambda port: _openssl_client(port, (VERSIONS[version], "-cipher", "ALL:@SECLEVEL=0", *arguments))


def command(peer: Any, letter: bytes, times: int = 1) -> None:
    """Gives the client of OpenSSL a command; what comes along in the same breath would be lost."""
    peer.process.put(letter + b"\n")
    peer.process.search(rb"(RENEGOTIATING.*){%d}" % times, errors=True)


def wait_for(condition: Callable[[], bool]) -> None:
    """Until another thread has come so far."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def certified(kind: str) -> Arguments:
    credential = certs.leaf(kind)
    return ("-cert", credential.file("cert"), "-key", credential.file("key"))


# --- OpenSSL -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("legacy_too", LEGACY, ids=["", "legacy"])
@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_asks_our_server_again_and_again(version: int, legacy_too: Arguments) -> None:
    ctx = allowing(version)
    with visited(ctx, openssl_client(*legacy_too, version=version)) as (link, peer):
        ok(link.handshake())
        peer.established()
        seen = {randoms(ctx)}
        for times in (1, 2, 3):
            command(peer, b"R", times)
            peer.send(b"after it\n")
            line(link, b"after it\n")
            assert state(ctx) == st.kSSLConnected
            seen.add(randoms(ctx))
            ok(link.send(b"and back\n"))
            peer.process.search(rb"and back\n")  # type: ignore[attr-defined]
        assert len(seen) == 4, "every handshake had a hello of its own"
        ok(link.close())


def test_our_server_refuses_openssl_without_the_option() -> None:
    ctx = server("rsa")
    with visited(ctx, openssl_client()) as (link, peer):
        ok(link.handshake())
        peer.established()
        command(peer, b"R")
        # OpenSSL takes the warning for the end and says so; for us the session goes on until then.
        assert link.rest() == (st.errSSLPeerHandshakeFail, b"")
        peer.process.search(rb"no renegotiation", errors=True)  # type: ignore[attr-defined]


@pytest.mark.parametrize("drive", ["read", "handshake"])
@pytest.mark.parametrize("version", VERSIONS)
def test_our_server_asks_openssl(version: int, drive: str) -> None:
    ctx = allowing(version)
    with visited(ctx, openssl_client(version=version)) as (link, peer):
        ok(link.handshake())
        peer.established()
        before = randoms(ctx)
        ok(st.SSLReHandshake(ctx))
        assert state(ctx) == st.kSSLConnected
        if drive == "handshake":
            ok(link.handshake())
            peer.send(b"answer\n")
            line(link, b"answer\n")
        else:
            reader = Task(link.receive, 7)
            wait_for(lambda: randoms(ctx) != before and state(ctx) == st.kSSLConnected)
            peer.send(b"answer\n")
            assert reader.result() == b"answer\n"
        assert randoms(ctx) != before
        assert state(ctx) == st.kSSLConnected
        ok(link.send(b"and back\n"))
        peer.process.search(rb"and back\n")  # type: ignore[attr-defined]
        ok(link.close())


def test_openssl_may_decline_and_that_ends_it() -> None:
    ctx = allowing()
    with visited(ctx, openssl_client("-no_renegotiation")) as (link, peer):
        ok(link.handshake())
        peer.established()
        ok(st.SSLReHandshake(ctx))
        assert link.handshake() == st.errSSLPeerNoRenegotiation


def test_our_server_asks_openssl_for_a_certificate_the_second_time() -> None:
    """Another context's settings cannot be changed while active, so it asks from the start and judges twice."""
    ctx = allowing()
    ok(st.SSLSetClientSideAuthenticate(ctx, st.kTryAuthenticate))
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionBreakOnClientAuth, True))
    with visited(ctx, openssl_client(*certified("p256"))) as (link, peer):
        assert link.handshake() == st.errSSLPeerAuthCompleted
        first = st.SSLCopyPeerTrust(ctx)[1]
        ok(link.handshake())
        peer.established()
        ok(st.SSLReHandshake(ctx))
        assert link.handshake() == st.errSSLPeerAuthCompleted
        second = st.SSLCopyPeerTrust(ctx)[1]
        assert first is not None
        assert second is not None
        assert first != second, "a trust object of its own"
        assert first.certificates() == second.certificates()
        ok(link.handshake())
        peer.send(b"done\n")
        line(link, b"done\n")


@pytest.mark.parametrize("legacy_too", LEGACY, ids=["", "legacy"])
@pytest.mark.parametrize("version", VERSIONS)
def test_our_client_asks_openssl(version: int, legacy_too: Arguments) -> None:
    ctx = pinned(client(), version)
    arguments = (*certified("rsa"), "-client_renegotiation", *legacy_too)
    with visiting(ctx, openssl_server(*arguments, version=version)) as (link, peer):
        ok(link.handshake())
        peer.established()
        for _ in range(3):
            before = randoms(ctx)
            ok(st.SSLReHandshake(ctx))
            assert state(ctx) == st.kSSLHandshake
            ok(link.handshake())
            assert randoms(ctx) != before
            ok(link.send(b"after it\n"))
            peer.process.search(rb"after it\n")  # type: ignore[attr-defined]
            peer.send(b"and back\n")
            line(link, b"and back\n")
        ok(link.close())


@pytest.mark.parametrize("drive", ["read", "handshake"])
def test_openssl_refuses_our_client(drive: str) -> None:
    ctx = client()
    with visiting(ctx, openssl_server(*certified("rsa"))) as (link, peer):
        ok(link.handshake())
        peer.established()
        ok(st.SSLReHandshake(ctx))
        if drive == "handshake":
            assert link.handshake() == st.errSSLPeerNoRenegotiation
            assert state(ctx) == st.kSSLHandshake
        else:
            assert link.rest() == (st.errSSLPeerNoRenegotiation, b"")
            assert state(ctx) == st.kSSLAborted


@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_asks_our_client(version: int) -> None:
    ctx = pinned(client(), version)
    with visiting(ctx, openssl_server(*certified("rsa"), version=version)) as (link, peer):
        ok(link.handshake())
        peer.established()
        before = randoms(ctx)
        peer.process.put(b"r\n")  # type: ignore[attr-defined]  # the server's command for it
        ok(link.handshake())
        assert randoms(ctx) != before
        peer.send(b"after it\n")
        line(link, b"after it\n")
        assert state(ctx) == st.kSSLConnected
        ok(link.send(b"and back\n"))
        peer.process.search(rb"and back\n")  # type: ignore[attr-defined]


def test_openssl_asks_our_client_for_its_certificate_in_the_middle() -> None:
    ctx = client()
    ok(st.SSLSetCertificate(ctx, array(certs.leaf("p256"))))
    arguments = (*certified("rsa"), "-CAfile", certs.authority().file("cert"))
    with visiting(ctx, openssl_server(*arguments)) as (link, peer):
        ok(link.handshake())
        peer.established()
        assert st.SSLGetClientCertificateState(ctx)[1] == st.kSSLClientCertNone
        peer.process.put(b"R\n")  # type: ignore[attr-defined]  # asks again, and for a certificate
        ok(link.handshake())
        assert st.SSLGetClientCertificateState(ctx)[1] == st.kSSLClientCertSent
        peer.send(b"after it\n")
        line(link, b"after it\n")
        ok(link.close())
        peer.process.search(rb"CONNECTION CLOSED\n")  # type: ignore[attr-defined]
        assert "CN = localhost\\nverify return:1" in peer.process.said()  # type: ignore[attr-defined]


def test_a_renegotiation_is_resumed_where_the_peer_has_a_name() -> None:
    ctx = client()
    ok(st.SSLSetPeerID(ctx, b"renegotiating", 13))
    arguments = (*certified("rsa"), "-client_renegotiation", "-no_ticket")
    with visiting(ctx, openssl_server(*arguments)) as (link, peer):
        ok(link.handshake())
        peer.established()
        ok(st.SSLReHandshake(ctx))
        ok(link.handshake())
        assert spi.SSLGetResumableSessionInfo(ctx, None, None, 32)[1] is True
        ok(link.send(b"after it\n"))
        peer.process.search(rb"after it\n")  # type: ignore[attr-defined]


def test_encrypt_then_mac_stays_on() -> None:
    ctx = pinned(client(), 8)
    arguments = (*certified("rsa"), "-client_renegotiation")
    with visiting(ctx, openssl_server(*arguments, suites="AES128-SHA")) as (link, peer):
        ok(link.handshake())
        peer.established()
        for _ in range(2):
            ok(st.SSLReHandshake(ctx))
            ok(link.handshake())
            ok(link.send(b"after it\n"))
            peer.process.search(rb"after it\n")  # type: ignore[attr-defined]


# --- GnuTLS ------------------------------------------------------------------------------------------------


def gnutls_priority(version: int) -> str:
    return f"NORMAL:-VERS-ALL:+VERS-TLS1.{version}:%COMPAT:+AES-128-CBC:+SHA1"


@pytest.mark.parametrize("version", [(4, 0), (7, 1), (8, 2)], ids=["1.0", "1.1", "1.2"])
def test_gnutls_asks_our_server_at_once(version: tuple[int, int]) -> None:
    ctx = allowing(version[0])
    with visited(ctx, gnutls_client(version[1], "--rehandshake")) as (link, peer):
        ok(link.handshake())
        before = randoms(ctx)
        peer.process.put(b"data\n")
        line(link, b"data\n")
        assert randoms(ctx) != before
        ok(link.close())


@contextmanager
def _gnutls(port: int, minor: int, *arguments: str | Path) -> Iterator[Any]:
    with process(
        *(tool("gnutls-cli"), "--port", str(port), "127.0.0.1", "--insecure"),
        *("--priority", gnutls_priority(minor), *arguments),
    ) as running:
        yield Talker(running)


class Talker:
    def __init__(self, running: Process) -> None:
        self.process = running


def gnutls_client(minor: int, *arguments: str | Path) -> Any:
    return lambda port: _gnutls(port, minor, *arguments)


def test_our_server_asks_gnutls() -> None:
    ctx = allowing()
    with visited(ctx, gnutls_client(2)) as (link, peer):
        ok(link.handshake())
        peer.process.search(rb"- Simple Client Mode:\n\n")
        before = randoms(ctx)
        ok(st.SSLReHandshake(ctx))
        ok(link.handshake())
        assert randoms(ctx) != before
        peer.process.put(b"data\n")
        line(link, b"data\n")


@pytest.mark.parametrize("minor", [0, 1, 2])
def test_our_client_and_gnutls_serve_each_other_again(minor: int) -> None:
    credential, port = certs.leaf("rsa"), free_port()
    ctx = pinned(client(), {0: 4, 1: 7, 2: 8}[minor])
    with process(
        *(tool("gnutls-serv"), "--port", str(port), "--echo", "--disable-client-cert"),
        *("--x509certfile", credential.file("cert"), "--x509keyfile", credential.file("key")),
        *("--priority", gnutls_priority(minor)),
    ) as running:
        running.search(rb"port %d\.\.\.done\n" % port, errors=True)

        @contextmanager
        def serving() -> Iterator[tuple[int, Any]]:
            yield port, running

        with visiting(ctx, serving()) as (link, _):
            ok(link.handshake())
            first = randoms(ctx)
            ok(st.SSLReHandshake(ctx))
            ok(link.handshake())
            second = randoms(ctx)
            assert first != second
            ok(link.send(b"data\n"))
            line(link, b"data\n")
            # Its echo server takes these words as a command.
            ok(link.send(b"**REHANDSHAKE**\n"))
            ok(link.send(b"more\n"))
            got = bytearray()
            while b"more\n" not in got:
                status, part, _ = st.SSLRead(ctx, None, 100, None)
                got += part
                assert status in (0, st.errSSLWouldBlock), name(status)
            # Its words came in the middle of it.
            ok(link.handshake())
            assert randoms(ctx) != second
            ok(link.close())


def test_secure_renegotiation_is_reported() -> None:
    ctx = client()
    with visiting(ctx, openssl_server(*certified("rsa"))) as (link, _):
        ok(link.handshake())
        report = extensions.SSLCopyConnectionReport(ctx)[1]
        assert report is not None
        assert report["secure_renegotiation"] is True
