"""DTLS 1.0 and 1.2 with OpenSSL's programs, in both roles."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from pipes import LIMIT, ok, state
from typing import Any

import pytest
from strangers import Process, process, tool

import certs
import securetransport as st
from datagrams import VERSIONS, Link, client, server
from securetransport import extensions, spi

FLAGS = {"1.0": "-dtls1", "1.2": "-dtls1_2"}
SECRET = bytes(range(1, 33))
IDENTITY = b"Client_identity"
#: Suites by version: number, OpenSSL's name, the server's key.
SUITES = [
    ("1.2", 0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256", "p256"),
    ("1.2", 0xC030, "ECDHE-RSA-AES256-GCM-SHA384", "rsa"),
    ("1.2", 0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305", "rsa"),
    ("1.2", 0xC0AE, "ECDHE-ECDSA-AES128-CCM8", "p256"),
    ("1.2", 0xC024, "ECDHE-ECDSA-AES256-SHA384", "p256"),
    ("1.2", 0x009E, "DHE-RSA-AES128-GCM-SHA256", "rsa"),
    ("1.2", 0x003C, "AES128-SHA256", "rsa"),
    ("1.2", 0x003B, "NULL-SHA256", "rsa"),
    ("1.0", 0xC00A, "ECDHE-ECDSA-AES256-SHA", "p256"),
    ("1.0", 0xC013, "ECDHE-RSA-AES128-SHA", "rsa"),
    ("1.0", 0x0039, "DHE-RSA-AES256-SHA", "rsa"),
    ("1.0", 0x002F, "AES128-SHA", "rsa"),
    ("1.0", 0x0002, "NULL-SHA", "rsa"),
    ("1.2", 0x00A8, "PSK-AES128-GCM-SHA256", None),
    ("1.2", 0xC0A8, "PSK-AES128-CCM8", None),
    ("1.2", 0xCCAC, "ECDHE-PSK-CHACHA20-POLY1305", None),
    ("1.0", 0x008C, "PSK-AES128-CBC-SHA", None),
    ("1.0", 0xC035, "ECDHE-PSK-AES128-CBC-SHA", None),
]

Arguments = tuple[str | Path, ...]


def keys(key: str | None) -> Arguments:
    """How a program of OpenSSL proves itself."""
    if key is None:
        return ("-psk", SECRET.hex(), "-psk_identity", IDENTITY.decode())
    leaf = certs.leaf(key)
    chain = ("-cert_chain", leaf.file("cert")) if leaf.chain else ()
    return ("-cert", leaf.file("cert"), "-key", leaf.file("key"), *chain)


@contextlib.contextmanager
def visiting(ctx: Any, version: str, *arguments: str | Path) -> Iterator[tuple[Link, Process]]:
    """Our client's context over a socket to OpenSSL's server."""
    with process(
        *(tool("openssl"), "s_server", "-accept", "127.0.0.1:0"),
        *(FLAGS[version], *arguments),
    ) as running:
        port = running.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
        running.drop_until(port.end())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", int(port[1])))
            yield Link(ctx, sock), running


@contextlib.contextmanager
def visited(ctx: Any, version: str, *arguments: str | Path) -> Iterator[tuple[Link, Process]]:
    """Our server's context over the socket that OpenSSL's client has found."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(LIMIT)
        port = sock.getsockname()[1]
        with process(
            *(tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-no-CApath"),
            *(FLAGS[version], *arguments),
        ) as running:
            _, peer = sock.recvfrom(1, socket.MSG_PEEK)
            sock.connect(peer)
            yield Link(ctx, sock), running


def trade(link: Link, running: Process) -> None:
    """Data both ways, one datagram each."""
    for n in (1, 100, 1200):
        data = b"7" * n + b"\n"
        assert link.send(data) == 0
        running.drop_until(running.search(data).end())
        running.put(data)
        assert link.receive() == (0, data)


def ours(ctx: Any) -> Any:
    ok(ctx.set_psk_secret(SECRET))
    ok(ctx.set_psk_identity(IDENTITY))
    return ctx


@pytest.mark.parametrize(("version", "suite", "name", "key"), SUITES, ids=str)
def test_our_client_speaks_with_openssl(version: str, suite: int, name: str, key: str | None) -> None:
    ctx = ours(client(VERSIONS[version], [suite]))
    proof = keys(key) if key else (*keys(None), "-nocert")
    with visiting(ctx, version, "-cipher", f"{name}:@SECLEVEL=0", *proof) as (link, running):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, suite)
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, VERSIONS[version])
        running.drop_until(running.search(rb"CIPHER is [^\n]*\n.*?Secure Renegotiation IS supported\n").end())
        trade(link, running)
        ok(st.SSLClose(ctx))


@pytest.mark.parametrize(("version", "suite", "name", "key"), SUITES, ids=str)
def test_our_server_speaks_with_openssl(version: str, suite: int, name: str, key: str | None) -> None:
    ctx = ours(server(VERSIONS[version], key, [suite]))
    ok(st.SSLSetDatagramHelloCookie(ctx, b"cookie", 6))
    judging = (
        keys(None) if key is None else ("-CAfile", certs.authority().file("cert"), "-verify_return_error")
    )
    with visited(ctx, version, "-cipher", f"{name}:@SECLEVEL=0", *judging) as (link, running):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, suite)
        running.drop_until(running.search(rb"Extended master secret: yes\n---\n").end())
        trade(link, running)
        ok(st.SSLClose(ctx))
        assert running.finish() == 0


@pytest.mark.parametrize("size", [100, 256, 1400])
@pytest.mark.parametrize("version", VERSIONS)
def test_small_datagrams_carry_large_certificates_both_ways(version: str, size: int) -> None:
    ctx = client(VERSIONS[version])
    ok(st.SSLSetMaxDatagramRecordSize(ctx, size))
    ok(st.SSLSetCertificate(ctx, extensions.credentials_from_files(*files("chained"))))
    asking = ("-Verify", "3", "-CAfile", certs.authority().file("cert"))
    served = ("-cipher", "ALL:@SECLEVEL=0", "-mtu", "256", *keys("chained"), *asking)
    with visiting(ctx, version, *served) as (link, running):
        assert link.handshake() == 0
        assert st.SSLGetClientCertificateState(ctx) == (0, st.kSSLClientCertSent)
        running.drop_until(running.search(rb"CIPHER is [^\n]*\n.*?Secure Renegotiation IS supported\n").end())
        trade(link, running)
    ctx = server(VERSIONS[version], "chained")
    ok(st.SSLSetMaxDatagramRecordSize(ctx, size))
    ok(st.SSLSetClientSideAuthenticate(ctx, st.kAlwaysAuthenticate))
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionBreakOnClientAuth, True))
    called = ("-cipher", "ALL:@SECLEVEL=0", "-mtu", "256", *keys("chained"))
    with visited(ctx, version, *called) as (link, running):
        assert link.handshake() == st.errSSLClientAuthCompleted
        assert link.handshake() == 0
        running.drop_until(running.search(rb"Extended master secret: yes\n---\n").end())
        trade(link, running)


def files(key: str) -> tuple[Path, Path]:
    leaf = certs.leaf(key)
    return leaf.file("cert"), leaf.file("key")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_resumed_with_openssl(version: str) -> None:
    contexts = []
    arguments = ("-cipher", "ALL:@SECLEVEL=0", *keys("p256"))
    first = client(VERSIONS[version])
    with visiting(first, version, *arguments) as (link, running):
        for n in range(2):
            ctx = first if n == 0 else client(VERSIONS[version])
            contexts.append(ctx)
            ok(st.SSLSetPeerID(ctx, b"dtls" + version.encode(), 7))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.connect(link.socket.getpeername())
                again = Link(ctx, sock)
                assert again.handshake() == 0
                running.drop_until(
                    running.search(rb"CIPHER is [^\n]*\n.*?Renegotiation IS supported\n").end()
                )
                trade(again, running)
                ok(st.SSLClose(ctx))
                running.drop_until(running.search(rb"DONE\n").end())
    reports = [extensions.SSLCopyConnectionReport(ctx)[1] for ctx in contexts]
    assert [report["resumed"] for report in reports if report] == [False, True]


@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_begins_a_second_handshake(version: str) -> None:
    """As a client. As a server that demands cookies, which s_server always is, OpenSSL 3.0 takes a second hello
    without one for none and signs over the first; mbedTLS and Java take no second hello with one.
    """
    ctx = server(VERSIONS[version])
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionAllowRenegotiation, True))
    with visited(ctx, version, "-cipher", "ALL:@SECLEVEL=0") as (link, running):
        assert link.handshake() == 0
        running.drop_until(running.search(rb"Extended master secret: yes\n---\n").end())
        before = spi.SSLInternalClientRandom(ctx, None, 32)[1]
        running.put(b"R\n")
        running.search(rb"RENEGOTIATING\n", errors=True)
        running.put(b"data\n")
        assert link.receive() == (0, b"data\n")
        assert spi.SSLInternalClientRandom(ctx, None, 32)[1] != before
        assert state(ctx) == st.kSSLConnected


@pytest.mark.parametrize("version", VERSIONS)
def test_our_end_begins_a_second_handshake(version: str) -> None:
    ctx = server(VERSIONS[version])
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionAllowRenegotiation, True))
    with visited(ctx, version, "-cipher", "ALL:@SECLEVEL=0") as (link, running):
        assert link.handshake() == 0
        running.drop_until(running.search(rb"Extended master secret: yes\n---\n").end())
        renewed(link)
        trade(link, running)


def renewed(link: Link) -> None:
    before = spi.SSLInternalClientRandom(link.ctx, None, 32)[1]
    ok(st.SSLReHandshake(link.ctx))
    assert link.handshake() == 0
    assert spi.SSLInternalClientRandom(link.ctx, None, 32)[1] != before
    assert state(link.ctx) == st.kSSLConnected


@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_comes_back_with_our_ticket(version: str, tmp_path: Path) -> None:
    shared = extensions.SSLSessionTicketKeys()
    resumed = []
    for keeping in ("-sess_out", "-sess_in"):
        ctx = server(VERSIONS[version])
        ok(extensions.SSLSetSessionTicketKeys(ctx, shared))
        with visited(ctx, version, "-cipher", "ALL:@SECLEVEL=0", keeping, tmp_path / "session") as (
            link,
            running,
        ):
            assert link.handshake() == 0
            report = extensions.SSLCopyConnectionReport(ctx)[1]
            assert report is not None
            resumed.append(report["resumed"])
            running.search(rb"Extended master secret: yes\n---\n")
            ok(st.SSLClose(ctx))
            assert running.finish() == 0
    assert resumed == [False, True]
