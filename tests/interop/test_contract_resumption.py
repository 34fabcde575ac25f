"""Sessions resumed with the software of other people, by ID and by ticket, in both roles."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from pipes import LIMIT, Task, client, ok, server, socket_link
from typing import Any

import pytest
from strangers import Process, dial, free_port, process, tool

import certs
import securetransport as st
from securetransport import extensions, spi

#: Our numbers of versions, and how OpenSSL and GnuTLS call them.
VERSIONS = {
    4: ("-tls1", "VERS-TLS1.0"),
    7: ("-tls1_1", "VERS-TLS1.1"),
    8: ("-tls1_2", "VERS-TLS1.2"),
}
HOW = ("id", "ticket")


def info(ctx: Any) -> tuple[bool, bytes]:
    status, resumed, session_id, _ = spi.SSLGetResumableSessionInfo(ctx, None, None, 32)
    ok(status)
    return resumed, session_id


# --- our client --------------------------------------------------------------------------------------------


def resuming_client(who: bytes, version: int, tickets: bool) -> Any:
    ctx = client()
    ok(st.SSLSetPeerID(ctx, who, len(who)))
    ok(st.SSLSetProtocolVersionMin(ctx, version))
    ok(st.SSLSetProtocolVersionMax(ctx, version))
    ok(st.SSLSetSessionTicketsEnabled(ctx, tickets))
    return ctx


@contextlib.contextmanager
def openssl_server(version: int, *arguments: str) -> Iterator[tuple[int, Process]]:
    credential = certs.leaf("rsa")
    with process(
        *(tool("openssl"), "s_server", "-accept", "127.0.0.1:0", VERSIONS[version][0]),
        *("-cert", credential.file("cert"), "-key", credential.file("key"), "-cipher", "ALL:@SECLEVEL=0"),
        *arguments,
    ) as running:
        port = running.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
        yield int(port[1]), running


@contextlib.contextmanager
def gnutls_server(version: int, *arguments: str) -> Iterator[tuple[int, Process]]:
    credential, port = certs.leaf("rsa"), free_port()
    with process(
        *(tool("gnutls-serv"), "--port", str(port), "--disable-client-cert", "--echo", "--crlf"),
        *("--x509certfile", credential.file("cert"), "--x509keyfile", credential.file("key")),
        *("--priority", f"NORMAL:-VERS-ALL:+{VERSIONS[version][1]}:%COMPAT:+AES-128-CBC:+SHA1", *arguments),
    ) as running:
        running.search(rb"port %d\.\.\.done\n" % port, errors=True)
        yield port, running


def visit(ctx: Any, port: int, send: bytes = b"") -> bool:
    """One connection of our client; whether it was resumed."""
    with dial(port) as sock:
        link = socket_link(ctx, sock)
        ok(link.handshake())
        if send:
            ok(link.send(send))
        ok(link.close())
    return info(ctx)[0]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_serves_our_resumed_session(version: int, how: str) -> None:
    who, arguments = os.urandom(8), () if how == "ticket" else ("-no_ticket",)
    with openssl_server(version, *arguments) as (port, running):
        assert not visit(resuming_client(who, version, how == "ticket"), port)
        for _ in range(3):
            ctx = resuming_client(who, version, how == "ticket")
            assert visit(ctx, port, b"data\n")
            assert bool(info(ctx)[1]) == (how == "id"), "OpenSSL gives no ID beside a ticket"
            assert st.SSLCopyPeerTrust(ctx)[1] is not None
        running.search(rb"(Reused session-id.*data\n.*){3}")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("version", VERSIONS)
def test_gnutls_serves_our_resumed_session(version: int, how: str) -> None:
    who, arguments = os.urandom(8), () if how == "ticket" else ("--noticket",)
    with gnutls_server(version, *arguments) as (port, running):
        assert not visit(resuming_client(who, version, how == "ticket"), port)
        for _ in range(2):
            assert visit(resuming_client(who, version, how == "ticket"), port)
        running.search(rb"(This is a resumed session.*){2}")


def test_pythons_ssl_serves_our_resumed_session() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certs.leaf("rsa").file("cert"), certs.leaf("rsa").file("key"))

    def accept(listener: socket.socket) -> bool | None:
        with context.wrap_socket(listener.accept()[0], server_side=True) as end:
            assert end.recv(9) == b"data"
            reused = end.session_reused
            end.unwrap()  # without an orderly end OpenSSL forgets the session
            return reused

    for tickets in (True, False):
        who = os.urandom(8)
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(LIMIT)
            for expected in (False, True, True):
                task = Task(accept, listener)
                assert visit(resuming_client(who, 8, tickets), listener.getsockname()[1], b"data") == expected
                assert task.result() == expected


def tlslite_settings(ems: bool = True, ticket_keys: bool = False) -> Any:
    from tlslite.api import HandshakeSettings

    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 3)
    settings.useExtendedMasterSecret = ems
    settings.ticketKeys = [bytearray(32)] if ticket_keys else []
    return settings


@pytest.mark.parametrize("ems", [True, False])
def test_tlslite_serves_our_resumed_session(ems: bool) -> None:
    from tlslite.api import SessionCache, TLSConnection, X509CertChain, parsePEMKey

    chain, cache, who = X509CertChain(), SessionCache(), os.urandom(8)
    chain.parsePemList(certs.leaf("rsa").file("cert").read_text())
    key = parsePEMKey(certs.leaf("rsa").file("key").read_text(), private=True)

    def accept(listener: socket.socket) -> bool:
        connection = TLSConnection(listener.accept()[0])
        connection.handshakeServer(
            certChain=chain, privateKey=key, sessionCache=cache, settings=tlslite_settings(ems)
        )
        assert connection.read(4, 4) == b"data"
        connection.close()
        return bool(connection.resumed)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        # A session without an extended master secret is none for a hello that offers one (RFC 7627 section 5.3).
        for expected in (False, ems):
            task = Task(accept, listener)
            ctx = resuming_client(who, 8, False)
            assert visit(ctx, listener.getsockname()[1], b"data") == expected
            assert task.result() == expected
            report = extensions.SSLCopyConnectionReport(ctx)[1]
            assert report is not None
            assert report["extended_master_secret"] == ems


# --- our server --------------------------------------------------------------------------------------------


def resuming_server(how: str, keys: Any, kind: str = "rsa", version: int = 8) -> Any:
    ctx = server(kind)
    ok(st.SSLSetProtocolVersionMin(ctx, version))
    ok(st.SSLSetProtocolVersionMax(ctx, version))
    if how == "id":
        ok(st.SSLSetPeerID(ctx, b"clients", 7))
    else:
        ok(extensions.SSLSetSessionTicketKeys(ctx, keys))
    return ctx


class Serving:
    """Our server for a number of connections one after the other."""

    def __init__(self, make: Callable[[], Any], connections: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(LIMIT)
        self.port = self.listener.getsockname()[1]
        self.task = Task(self._run, make, connections)

    def _run(self, make: Callable[[], Any], connections: int) -> list[bool]:
        return [self._one(make()) for _ in range(connections)]

    def _one(self, ctx: Any) -> bool:
        sock, _ = self.listener.accept()
        with sock:
            link = socket_link(ctx, sock)
            ok(link.handshake())
            ok(link.send(b"hello\n"))
            link.rest()
            link.close()
        return info(ctx)[0]

    def result(self) -> list[bool]:
        found: list[bool] = self.task.result()
        self.listener.close()
        return found


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_resumes_with_our_server(version: int, how: str) -> None:
    keys = extensions.SSLSessionTicketKeys()
    serving = Serving(lambda: resuming_server(how, keys, version=version), 6)
    arguments = () if how == "ticket" else ("-no_ticket",)
    with process(
        *(tool("openssl"), "s_client", "-connect", f"127.0.0.1:{serving.port}", "-reconnect"),
        *(VERSIONS[version][0], "-cipher", "ALL:@SECLEVEL=0", "-CAfile", certs.authority().file("cert")),
        *arguments,
    ) as running:
        running.search(rb"(Reused, .*){5}hello\n")
        assert running.child.stdin is not None
        running.child.stdin.close()
        assert serving.result() == [False] + [True] * 5
        assert b"error" not in running.err


@pytest.mark.parametrize("how", HOW)
def test_openssl_keeps_our_session_in_a_file_and_another_server_of_the_process_resumes_it(
    how: str, tmp_path: Path
) -> None:
    keys, file = extensions.SSLSessionTicketKeys(), tmp_path / "session.pem"
    for expected in (False, True):
        serving = Serving(lambda: resuming_server(how, keys), 1)
        saved = ("-sess_in", file) if expected else ("-sess_out", file)
        with process(
            *(tool("openssl"), "s_client", "-connect", f"127.0.0.1:{serving.port}", "-tls1_2", *saved),
        ) as running:
            running.search(rb"hello\n")
            assert running.child.stdin is not None
            running.child.stdin.close()
            assert serving.result() == [expected]
            assert (b"Reused, " in running.out) == expected
            if how == "ticket":
                assert b"TLS session ticket lifetime hint: 600" in running.out


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("version", VERSIONS)
def test_gnutls_resumes_with_our_server(version: int, how: str) -> None:
    keys = extensions.SSLSessionTicketKeys()
    serving = Serving(lambda: resuming_server(how, keys, version=version), 2)
    with process(
        *(tool("gnutls-cli"), "--port", str(serving.port), "127.0.0.1", "--resume", "--insecure"),
        *("--priority", f"NORMAL:-VERS-ALL:+{VERSIONS[version][1]}:%COMPAT:+AES-128-CBC:+SHA1"),
        *(() if how == "ticket" else ("--noticket",)),
    ) as running:
        running.search(rb"\*\*\* This is a resumed session")
        assert running.child.stdin is not None
        running.child.stdin.close()
        assert serving.result() == [False, True]


@pytest.mark.parametrize("how", HOW)
def test_pythons_ssl_resumes_with_our_server_across_a_rotation(how: str) -> None:
    old, new = os.urandom(48), os.urandom(48)
    context = ssl.create_default_context(cafile=str(certs.authority().file("cert")))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if how == "id":
        context.options |= ssl.OP_NO_TICKET
    session, seen = None, []
    for keys in ([old], [old], [new, old], [new]):
        serving = Serving(lambda keys=keys: resuming_server(how, keys), 1)
        with (
            socket.create_connection(("127.0.0.1", serving.port), LIMIT) as raw,
            context.wrap_socket(raw, server_hostname=certs.HOST, session=session) as end,
        ):
            assert end.recv(9) == b"hello\n"
            session, reused = end.session, end.session_reused
            end.unwrap()
        assert serving.result() == [reused]
        seen.append(reused)
    assert seen == [False, True, True, True]


def tlslite_visit(port: int, session: Any, ems: bool) -> tuple[Any, bool]:
    from tlslite.api import TLSConnection

    connection = TLSConnection(dial(port))
    connection.handshakeClientCert(session=session, settings=tlslite_settings(ems))
    assert connection.read(6, 6) == b"hello\n"
    connection.close()
    return connection.session, bool(connection.resumed)


def test_tlslite_resumes_with_our_server_and_extended_master_secrets_are_kept_apart() -> None:
    def one(session: Any, ems: bool) -> tuple[Any, bool]:
        serving = Serving(lambda: resuming_server("id", None), 1)
        found, resumed = tlslite_visit(serving.port, session, ems)
        assert serving.result() == [resumed]
        return found, resumed

    without, _ = one(None, False)
    assert one(without, False)[1], "neither had one"
    assert not one(without, True)[1], "a session without, a hello with: a full handshake"
    with_one, _ = one(None, True)
    assert one(with_one, True)[1]


def test_a_hello_without_the_secret_that_its_session_has_is_fatal() -> None:
    from tlslite.errors import TLSRemoteAlert

    serving = Serving(lambda: resuming_server("id", None), 1)
    session, _ = tlslite_visit(serving.port, None, True)
    serving.result()
    ctx = resuming_server("id", None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        task = Task(tlslite_visit, listener.getsockname()[1], session, False)
        sock, _ = listener.accept()
        with sock:
            assert socket_link(ctx, sock).handshake() == st.errSSLFatalAlert
        with pytest.raises(TLSRemoteAlert, match="handshake_failure"):
            task.result()
