"""Client authentication in every version from SSLv3 on, with the software of other people, in both roles."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from pipes import LIMIT, Task, array, client, name, ok, server, socket_link
from typing import Any

import elders
import matrix
import polyglots
import pytest
from bare_peers import (
    Connect,
    Server,
    openssl_client,
    openssl_server,
    tlslite_client,
    tlslite_server,
    visited,
    visiting,
)
from matrix import PROTOCOLS, STREAMS
from strangers import trade

import certs
import securetransport as st
from securetransport import legacy

RSA_AES, DSS_AES = 0x002F, 0x0032
JSSE_NAME, OPENSSL_NAME = "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"
OPENSSL_VERSIONS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}
JAVA_KEYS = {"rsa": "RSA", "p256": "EC", "dsa": "DSA", "dsa1024": "DSA"}


def cases() -> Iterator[Any]:
    """Peer, version, kind of key. Elliptic curves came with TLS 1.0 (RFC 4492)."""
    for version in STREAMS:
        elliptic = () if version == "SSLv3" else ("p256",)
        # Java signs with SHA-1 and DSA only where the subgroup is no longer than the digest.
        dsa = "dsa" if version == "TLSv1.2" else "dsa1024"
        yield from (("java", version, key) for key in ("rsa", *elliptic, dsa))
        yield from (("tlslite", version, key) for key in ("rsa", *elliptic))
        if version != "SSLv3":
            yield from (("openssl", version, key) for key in ("rsa", "p256", "dsa"))


CASES = list(cases())


def limited(ctx: Any, version: str) -> Any:
    ok(st.SSLSetProtocolVersionMin(ctx, PROTOCOLS[version]))
    ok(st.SSLSetProtocolVersionMax(ctx, PROTOCOLS[version]))
    return ctx


def our_client(version: str, key: str | None) -> Any:
    ctx = limited(client(suites=[RSA_AES]), version)
    if key is not None:
        ok(st.SSLSetCertificate(ctx, array(certs.leaf(key))))
    return ctx


def our_server(version: str, auth: int, judges: bool = True) -> Any:
    ctx = limited(server("rsa", [RSA_AES, DSS_AES]), version)
    ok(st.SSLSetClientSideAuthenticate(ctx, auth))
    ok(legacy.SSLSetTrustedRoots(ctx, [st.SecCertificateCreateWithData(None, certs.authority().der)], True))
    ok(legacy.SSLSetEnableCertVerify(ctx, judges))
    name = certs.authority().certificate.subject.public_bytes()
    ok(st.SSLAddDistinguishedName(ctx, name, len(name)))
    return ctx


def state(ctx: Any) -> int:
    code, value = st.SSLGetClientCertificateState(ctx)
    ok(code)
    return value


def anchor() -> tuple[str | Path, ...]:
    return "-CAfile", certs.authority().file("cert"), "-verify_return_error"


def certified(key: str) -> tuple[str | Path, ...]:
    return "-cert", certs.leaf(key).file("cert"), "-key", certs.leaf(key).file("key")


# --- our client -------------------------------------------------------------------------------------------


def asking(peer: str, version: str, demands: bool) -> Server:
    if peer == "openssl":
        verb = "-Verify" if demands else "-verify"
        return openssl_server(
            *(OPENSSL_NAME, *certified("rsa"), verb, "3", *anchor()), version=OPENSSL_VERSIONS[version]
        )

    def handshake(connection: Any) -> None:
        chain, key = elders.tlslite_credential("rsa")
        settings = elders.tlslite_settings(version)
        connection.handshakeServer(certChain=chain, privateKey=key, reqCert=True, settings=settings)

    return tlslite_server(handshake)


def visit_java(ctx: Any, version: str, asks: str) -> list[str]:
    """What JSSE says at the end of a connection of ours."""
    java = polyglots.java()
    with java.serve(version, JSSE_NAME, "rsa", asks) as sock:
        link = socket_link(ctx, sock)
        status = link.handshake()
        if status == 0:
            Task(matrix.speak, link, [b"x" * 1000]).result()
    answer = java.answer()
    return answer if status == 0 else [name(status), *answer]


@pytest.mark.parametrize(("peer", "version", "key"), CASES)
def test_a_server_accepts_our_certificate(peer: str, version: str, key: str) -> None:
    ctx = our_client(version, key)
    if peer == "java":
        assert visit_java(ctx, version, "need") == ["done", version, JSSE_NAME, JAVA_KEYS[key]]
        assert state(ctx) == st.kSSLClientCertSent
        return
    with visiting(ctx, asking(peer, version, True)) as (link, other):
        assert link.handshake() == 0
        assert state(ctx) == st.kSSLClientCertSent
        other.established()
        trade(link, other, 100)
        if peer == "tlslite":
            sent = other.connection.session.clientCertChain  # type: ignore[attr-defined]
            assert bytes(sent.x509List[0].bytes) == certs.leaf(key).der
        assert link.close() == 0
        assert other.ended() == "orderly"


@pytest.mark.parametrize(
    ("peer", "version"),
    [(peer, version) for peer in ("java", "tlslite") for version in STREAMS]
    + [("openssl", version) for version in OPENSSL_VERSIONS],
)
def test_a_server_that_asks_in_vain_goes_on(peer: str, version: str) -> None:
    """SSLv3 says so by an alert, later versions by an empty Certificate."""
    ctx = our_client(version, None)
    if peer == "java":
        assert visit_java(ctx, version, "want") == ["done", version, JSSE_NAME, "-"]
    else:
        with visiting(ctx, asking(peer, version, False)) as (link, other):
            assert link.handshake() == 0
            other.established()
            trade(link, other, 100)
            assert link.close() == 0
    assert state(ctx) == st.kSSLClientCertRequested


@pytest.mark.parametrize("version", STREAMS)
def test_a_server_that_insists_says_so(version: str) -> None:
    said = visit_java(our_client(version, None), version, "need")
    assert said[0].startswith("errSSL"), said
    assert said[1] == "fail", said


# --- our server -------------------------------------------------------------------------------------------


def with_certificate(peer: str, version: str, key: str | None) -> Connect:
    if peer == "openssl":
        known = certified(key) if key else ()
        return openssl_client(OPENSSL_NAME, *known, *anchor(), version=OPENSSL_VERSIONS[version])

    def handshake(connection: Any) -> None:
        chain, private = elders.tlslite_credential(key) if key else (None, None)
        settings = elders.tlslite_settings(version)
        connection.handshakeClientCert(certChain=chain, privateKey=private, settings=settings)

    return tlslite_client(handshake)


def visited_by(
    stranger: polyglots.Stranger, ctx: Any, version: str, *arguments: Any
) -> tuple[int, list[str]]:
    """Our handshake's status and what the stranger says at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        with stranger.connect(listener, version, *arguments) as sock:
            link = socket_link(ctx, sock)
            status = link.handshake()
            if status == 0:
                Task(matrix.echo, link).result()
            else:
                link.close()
    return status, stranger.answer()


@pytest.mark.parametrize(("peer", "version", "key"), CASES)
def test_we_accept_a_clients_certificate(peer: str, version: str, key: str) -> None:
    # A key of 1024 bits is nothing that this library would trust by itself.
    ctx = our_server(version, st.kAlwaysAuthenticate, judges=key != "dsa1024")
    if peer == "java":
        status, said = visited_by(polyglots.java(), ctx, version, JSSE_NAME, key)
        assert (status, said) == (0, ["done", version, JSSE_NAME])
    else:
        with visited(ctx, with_certificate(peer, version, key)) as (link, other):
            assert link.handshake() == 0
            other.established()
            trade(link, other, 100)
            assert link.close() == 0
            assert other.ended() == "orderly"
    assert state(ctx) == st.kSSLClientCertSent


@pytest.mark.parametrize("key", ["rsa", "dsa1024"])
@pytest.mark.parametrize("version", STREAMS)
def test_we_accept_a_certificate_of_the_openssl_of_2013(version: str, key: str) -> None:
    old, ctx = polyglots.old_openssl(), our_server(version, st.kAlwaysAuthenticate, judges=key != "dsa1024")
    file = certs.leaf(key).file("both")
    assert visited_by(old, ctx, version, OPENSSL_NAME, "rsa", file) == (0, ["done", version, OPENSSL_NAME])
    assert state(ctx) == st.kSSLClientCertSent


@pytest.mark.parametrize("version", STREAMS)
@pytest.mark.parametrize("peer", ["java", "openssl101", "tlslite"])
def test_a_client_without_a_certificate_may_pass_or_not(peer: str, version: str) -> None:
    for auth, expected in ((st.kTryAuthenticate, 0), (st.kAlwaysAuthenticate, st.errSSLXCertChainInvalid)):
        ctx = our_server(version, auth)
        if peer == "java":
            status, said = visited_by(polyglots.java(), ctx, version, JSSE_NAME, "-")
        elif peer == "openssl101":
            status, said = visited_by(polyglots.old_openssl(), ctx, version, OPENSSL_NAME, "rsa", "-")
        else:
            with visited(ctx, with_certificate(peer, version, None)) as (link, other):
                status = link.handshake()
                assert link.close() == 0
                said = ["done"] if status == 0 else ["fail", other.refused()]
        assert status == expected, said
        assert said[0] == ("done" if expected == 0 else "fail")
        assert state(ctx) == st.kSSLClientCertRequested


def test_a_certificate_of_an_unknown_authority_fails_in_every_version() -> None:
    for version in STREAMS:
        ctx = our_server(version, st.kTryAuthenticate)
        key = certs.make_leaf("untrusted", "rsa", certs.stranger())
        file = key.file("both")
        status, said = visited_by(polyglots.old_openssl(), ctx, version, OPENSSL_NAME, "rsa", file)
        assert status == st.errSSLXCertChainInvalid, version
        assert said[0] == "fail"
        assert state(ctx) == st.kSSLClientCertRejected
