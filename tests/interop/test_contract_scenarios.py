"""The typical sequences of Secure Transport (behaviours section 18) with OpenSSL at the other end, in both roles.

As in ``test_scenarios`` each is told over a socket that waits and over one that does not, with as many bytes a call
as there are and with one; what we see must be the same in all of them. Renegotiations, resumptions, certificates of
other kinds, and with other software, are in ``test_contract_renegotiation``, ``test_contract_resumption`` and
``test_exchange_client_auth``.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from pipes import array, client, ok, server
from typing import Any

import pytest
from bare_peers import answered, called, openssl_client, openssl_server
from strangers import Openssl, OpensslClient, OpensslServed, Options, Program, dial

import certs
import securetransport as st
from scenes import STYLES, Caller, Style
from securetransport import extensions

styles = pytest.mark.parametrize("style", STYLES, ids=str)
HOW = pytest.mark.parametrize("how", ["id", "ticket"])
DONE = "SSLHandshake: errSecSuccess, Connected"
JUDGE = "SSLHandshake: errSSLPeerAuthCompleted, Handshake"
CHOOSE = "SSLHandshake: errSSLClientHelloReceived, Handshake"
WROTE = "SSLWrite: errSecSuccess, Connected"
CLOSED = "SSLClose: errSecSuccess, Closed"
OVER = "SSLRead b'': errSSLClosedGraceful, Closed"
OPTIONS = {
    "server": st.kSSLSessionOptionBreakOnServerAuth,
    "client": st.kSSLSessionOptionBreakOnClientAuth,
    "request": st.kSSLSessionOptionBreakOnCertRequested,
    "hello": st.kSSLSessionOptionBreakOnClientHello,
    "renegotiation": st.kSSLSessionOptionAllowRenegotiation,
}


def allowing(ctx: Any, *options: str) -> Any:
    for option in options:
        ok(st.SSLSetSessionOption(ctx, OPTIONS[option], True))
    return ctx


def certified(kind: str) -> tuple[str | Path, ...]:
    return ("-cert", certs.leaf(kind).file("cert"), "-key", certs.leaf(kind).file("key"))


def anchor() -> tuple[str | Path, ...]:
    return ("-CAfile", certs.authority().file("cert"), "-verify_return_error")


def got(line: bytes) -> str:
    return f"SSLRead {line!r}: errSecSuccess, Connected"


def leaf(caller: Caller) -> list[bytes]:
    """The peer's own certificate; OpenSSL sends along whatever it finds above it."""
    return caller.peer()[:1]


def trade(caller: Caller, peer: Any) -> None:
    """A line each way."""
    caller.do(caller.write(b"from us\n"))
    peer.process.drop_until(peer.process.search(rb"from us\n").end())
    peer.send(b"from them\n")
    caller.do(caller.read(10))


TRADED = [WROTE, got(b"from them\n")]


# --- 1: a full handshake with a pause ------------------------------------------------------------------------


@styles
def test_1_our_client_judges_openssl(style: Style) -> None:
    ctx = allowing(client(), "server")
    with called(openssl_server("ALL", *certified("rsa"))) as (sock, peer):
        caller = Caller(ctx, sock, style)
        caller.do(caller.handshake())
        assert leaf(caller) == certs.leaf("rsa").chain_der
        caller.do(caller.handshake())
        peer.established()
        trade(caller, peer)
        assert caller.events == [JUDGE, DONE, *TRADED]
        assert caller.resumed() == (False, b"")
        assert bool(caller.blocked) != style.waits


@styles
def test_1_our_server_chooses_for_openssl(style: Style) -> None:
    ctx = allowing(server(None), "hello")
    ok(st.SSLSetALPNProtocols(ctx, ["http/1.1"]))
    arguments = ("-servername", certs.HOST, "-alpn", "h2,http/1.1", *anchor())
    with answered(openssl_client("ALL", *arguments)) as (sock, peer):
        caller = Caller(ctx, sock, style)
        caller.do(caller.handshake())
        assert st.SSLCopyRequestedPeerName(ctx, None, 99)[1] == b"localhost\0"
        assert st.SSLCopyALPNProtocols(ctx, None) == (0, ["h2", "http/1.1"])
        ok(st.SSLSetCertificate(ctx, array(certs.leaf("p384"))))
        caller.do(caller.handshake())
        assert peer.established().alpn == b"http/1.1"
        trade(caller, peer)
        assert caller.events == [CHOOSE, DONE, *TRADED]
        assert leaf(caller) == []
        assert bool(caller.blocked) != style.waits


# --- 2: the second connection --------------------------------------------------------------------------------


@HOW
@styles
def test_2_our_client_resumes_with_openssl_without_a_pause(style: Style, how: str) -> None:
    who, arguments = os.urandom(12), () if how == "ticket" else ("-no_ticket",)
    identities = []
    with openssl_server("ALL", *certified("rsa"), "-naccept", "3", *arguments) as (port, peer):
        for resumed in (False, True, True):
            ctx = allowing(client(), "server")
            ok(st.SSLSetPeerID(ctx, who, len(who)))
            ok(st.SSLSetSessionTicketsEnabled(ctx, how == "ticket"))
            with dial(port) as sock:
                caller = Caller(ctx, sock, style)
                if caller.do(caller.handshake()) == st.errSSLPeerAuthCompleted:
                    caller.do(caller.handshake())
                peer.established()
                trade(caller, peer)
                caller.do(caller.close())
                assert isinstance(peer, OpensslServed)
                peer.process.drop_until(peer.process.search(rb"DONE\n").end())
            assert caller.events == [*([] if resumed else [JUDGE]), DONE, *TRADED, CLOSED]
            assert caller.resumed()[0] == resumed
            assert leaf(caller) == certs.leaf("rsa").chain_der, "there is a trust object all the same"
            identities.append(caller.resumed()[1])
    assert identities[1] == identities[2]
    assert bool(identities[1]) == (how == "id"), "OpenSSL gives no ID beside a ticket"


@HOW
@styles
def test_2_openssl_resumes_with_our_server_without_a_pause(style: Style, how: str, tmp_path: Path) -> None:
    keys, file = extensions.SSLSessionTicketKeys(), tmp_path / "session.pem"
    for resumed in (False, True):
        ctx = allowing(server("rsa"), "client")
        ok(st.SSLSetClientSideAuthenticate(ctx, st.kTryAuthenticate))
        if how == "id":
            ok(st.SSLSetPeerID(ctx, b"scenarios", 9))
        else:
            ok(extensions.SSLSetSessionTicketKeys(ctx, keys))
        saved = ("-sess_in", file) if resumed else ("-sess_out", file)
        with answered(openssl_client("ALL", *saved, *certified("p256"), *anchor())) as (sock, peer):
            caller = Caller(ctx, sock, style)
            if caller.do(caller.handshake()) == st.errSSLPeerAuthCompleted:
                caller.do(caller.handshake())
            peer.established()
            trade(caller, peer)
            peer.close()
            caller.do(caller.read(100))
            caller.do(caller.close())
            assert peer.ended() == "orderly"
        assert caller.events == [*([] if resumed else [JUDGE]), DONE, *TRADED, OVER, CLOSED]
        assert caller.resumed()[0] == resumed
        assert leaf(caller) == certs.leaf("p256").chain_der, "known, though it was not asked for again"


# --- 3: client authentication --------------------------------------------------------------------------------


@styles
def test_3_our_client_is_asked_by_openssl_and_judges_it(style: Style) -> None:
    ctx = allowing(client(), "request", "server")
    with called(openssl_server("ALL", *certified("rsa"), "-Verify", "3", *anchor())) as (sock, peer):
        caller = Caller(ctx, sock, style)
        seen = [caller.certificate_state()]
        caller.do(caller.handshake())
        wanted = certs.authority().certificate.subject.public_bytes()
        assert st.SSLCopyDistinguishedNames(ctx, None) == (0, [wanted])
        seen.append(caller.certificate_state())
        ok(st.SSLSetCertificate(ctx, array(certs.leaf("p256"))))
        caller.do(caller.handshake())
        assert leaf(caller) == certs.leaf("rsa").chain_der
        caller.do(caller.handshake())
        seen.append(caller.certificate_state())
        peer.established()
        trade(caller, peer)
        asked = "SSLHandshake: errSSLClientCertRequested, Handshake"
        assert caller.events == [asked, JUDGE, DONE, *TRADED]
        assert seen == ["None", "Requested", "Sent"]


@pytest.mark.parametrize("given", ["p256", "self_signed", None])
@styles
def test_3_our_server_asks_openssl_and_judges_it(style: Style, given: str | None) -> None:
    ctx = allowing(server("rsa"), "client")
    ok(st.SSLSetClientSideAuthenticate(ctx, st.kTryAuthenticate))
    arguments = certified(given) if given else ()
    with answered(openssl_client("ALL", *arguments, *anchor())) as (sock, peer):
        caller = Caller(ctx, sock, style)
        caller.do(caller.handshake())
        assert leaf(caller) == (certs.leaf(given).chain_der if given else [])
        caller.do(caller.handshake())
        peer.established()
        trade(caller, peer)
        assert caller.events == [JUDGE, DONE, *TRADED], "the pause comes for an empty list, too"
        assert caller.certificate_state() == ("Sent" if given else "Requested")


# --- 4: a renegotiation that the server starts -----------------------------------------------------------------


@styles
def test_4_openssl_renegotiates_and_our_client_pauses_again(style: Style) -> None:
    ctx = allowing(client(), "server")
    with called(openssl_server("ALL", *certified("rsa"))) as (sock, peer):
        caller = Caller(ctx, sock, style)
        for _ in range(2):
            caller.do(caller.handshake())
        peer.established()
        trade(caller, peer)
        first = st.SSLCopyPeerTrust(ctx, None)[1]
        peer.send(b"r\n")  # the command for it
        assert caller.do(caller.read(100)) == b""
        second = st.SSLCopyPeerTrust(ctx, None)[1]
        assert first is not second
        caller.do(caller.handshake())
        trade(caller, peer)
        pause = "SSLRead b'': errSSLPeerAuthCompleted, Handshake"
        assert caller.events == [JUDGE, DONE, *TRADED, pause, DONE, *TRADED]


@styles
def test_4_our_server_renegotiates_with_openssl_and_pauses_again(style: Style) -> None:
    ctx = allowing(server("rsa"), "hello", "client", "renegotiation")
    ok(st.SSLSetClientSideAuthenticate(ctx, st.kTryAuthenticate))
    with answered(openssl_client("ALL", *certified("p256"), *anchor())) as (sock, peer):
        caller = Caller(ctx, sock, style)
        for _ in range(3):
            caller.do(caller.handshake())
        peer.established()
        trade(caller, peer)
        caller.rehandshake()
        assert caller.do(caller.read(100)) == b""
        assert caller.do(caller.read(100)) == b""
        caller.do(caller.handshake())
        trade(caller, peer)
        assert caller.events == [
            *(CHOOSE, JUDGE, DONE, *TRADED),
            "SSLReHandshake: errSecSuccess, Connected",
            "SSLRead b'': errSSLClientHelloReceived, Connected",
            "SSLRead b'': errSSLPeerAuthCompleted, Handshake",
            *(DONE, *TRADED),
        ]
        assert leaf(caller) == certs.leaf("p256").chain_der


# --- 5: an orderly end -------------------------------------------------------------------------------------------


@styles
def test_5_our_client_ends_it(style: Style) -> None:
    with called(openssl_server("ALL", *certified("rsa"))) as (sock, peer):
        caller = Caller(client(), sock, style)
        caller.do(caller.handshake())
        peer.established()
        trade(caller, peer)
        caller.do(caller.close())
        caller.do(caller.read(100))
        assert caller.events == [DONE, *TRADED, CLOSED, OVER]
        assert peer.ended() == "orderly"


@styles
def test_5_openssl_ends_it_for_our_client(style: Style) -> None:
    """A server that gives lines back reversed, until it reads one that tells it to close."""
    options = Options(closes=True)
    with called(Openssl().serve(certs.leaf("rsa"), options)) as (sock, peer):
        caller = Caller(client(), sock, style)
        caller.do(caller.handshake())
        peer.established()
        caller.do(caller.write(b"sdrow tsal\nCLOSE\n"))
        for n in (4, 7, 100):
            caller.do(caller.read(n))
        caller.do(caller.close())
        assert caller.events == [DONE, WROTE, got(b"last"), got(b" words\n"), OVER, CLOSED]
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("first", ["us", "openssl"])
@styles
def test_5_an_orderly_end_of_our_server(style: Style, first: str) -> None:
    with answered(openssl_client("ALL", *anchor())) as (sock, peer):
        caller = Caller(server("rsa"), sock, style)
        caller.do(caller.handshake())
        peer.established()
        if first == "us":
            trade(caller, peer)
            caller.do(caller.close())
            caller.do(caller.read(100))
            assert caller.events == [DONE, *TRADED, CLOSED, OVER]
        else:
            peer.send(b"last words\n")
            peer.close()
            for n in (4, 7, 100):
                caller.do(caller.read(n))
            caller.do(caller.close())
            assert caller.events == [DONE, got(b"last"), got(b" words\n"), OVER, CLOSED]
        assert peer.ended() == "orderly"


# --- stapled responses and timestamps ----------------------------------------------------------------------------

TIMESTAMPS = [b"\0" + b"the first timestamp", b"\0" + os.urandom(100)]


def timestamps_file(directory: Path) -> Path:
    """The extension of RFC 6962 section 3.3.1 as OpenSSL sends it for a certificate."""
    sealed = b"".join(len(sct).to_bytes(2) + sct for sct in TIMESTAMPS)
    body = len(sealed).to_bytes(2) + sealed
    extension = (18).to_bytes(2) + len(body).to_bytes(2) + body
    lines = base64.encodebytes(extension).decode()
    label = "SERVERINFO FOR TIMESTAMPS"
    path = directory / "timestamps.pem"
    path.write_text(f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n", encoding="ascii")
    return path


@HOW
@styles
def test_openssl_staples_and_our_clients_trust_object_has_it_also_when_resumed(
    style: Style, how: str, tmp_path: Path
) -> None:
    who, response = os.urandom(12), certs.ocsp_response(certs.leaf("rsa"))
    stapled = tmp_path / "response.der"
    stapled.write_bytes(response)
    arguments = (
        *(*certified("rsa"), "-naccept", "2", "-status_file", stapled),
        *("-serverinfo", timestamps_file(tmp_path), *(() if how == "ticket" else ("-no_ticket",))),
    )
    with openssl_server("ALL", *arguments) as (port, peer):
        for resumed in (False, True):
            ctx = allowing(client(), "server")
            ok(st.SSLSetPeerID(ctx, who, len(who)))
            ok(st.SSLSetSessionTicketsEnabled(ctx, how == "ticket"))
            with dial(port) as sock:
                caller = Caller(ctx, sock, style)
                if caller.do(caller.handshake()) == st.errSSLPeerAuthCompleted:
                    delivered(ctx, response)
                    caller.do(caller.handshake())
                peer.established()
                delivered(ctx, response)
                assert caller.resumed()[0] == resumed
                status, metadata = extensions.SSLCopyProtocolMetadata(ctx, None)
                ok(status)
                assert metadata is not None
                assert (metadata.ocsp, metadata.scts) == (response, TIMESTAMPS)
                caller.do(caller.close())
                assert isinstance(peer, Program)
                peer.process.drop_until(peer.process.search(rb"DONE\n").end())


def delivered(ctx: Any, response: bytes) -> None:
    """The trust object has them, and passes."""
    status, trust = st.SSLCopyPeerTrust(ctx, None)
    ok(status)
    assert trust.ocsp() == [response]
    assert trust.scts() == TIMESTAMPS
    assert st.SecTrustEvaluateWithError(trust, None) == (True, None)


def test_what_openssl_staples_of_a_certificate_that_was_taken_back_is_a_matter_of_trust(
    tmp_path: Path,
) -> None:
    stapled = tmp_path / "response.der"
    stapled.write_bytes(certs.ocsp_response(certs.leaf("rsa"), revoked=True))
    with called(openssl_server("ALL", *certified("rsa"), "-status_file", stapled)) as (sock, peer):
        caller = Caller(client(), sock, STYLES[0])
        assert caller.do(caller.handshake()) == st.errSSLXCertChainInvalid
        caller.do(caller.close())
        peer.refused()


@pytest.mark.parametrize("said", ["good", "revoked", "no response sent", None])
@styles
def test_our_server_staples_for_openssl_if_it_asks(style: Style, said: str | None) -> None:
    ctx = server("rsa")
    if said != "no response sent":
        ok(st.SSLSetOCSPResponse(ctx, certs.ocsp_response(certs.leaf("rsa"), revoked=said == "revoked")))
    asks = ("-status",) if said else ()
    with answered(openssl_client("ALL", *asks, *anchor())) as (sock, peer):
        caller = Caller(ctx, sock, style)
        caller.do(caller.handshake())
        assert isinstance(peer, OpensslClient)
        before = peer.process.search(rb"(.*)SSL handshake has read")[1]
        if said is None:
            assert b"OCSP" not in before
        elif said == "no response sent":
            assert b"OCSP response: no response sent\n" in before
        else:
            assert f"Cert Status: {said}\n".encode() in before
        peer.established()
        trade(caller, peer)
