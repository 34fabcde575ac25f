"""Client authentication with the software of other people, in both roles."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from pipes import Task, array, client, ok, server, socket_link
from typing import Any

import pytest
from bare_peers import (
    Connect,
    Server,
    gnutls_client,
    gnutls_server,
    openssl_client,
    openssl_server,
    tlslite_client,
    tlslite_server,
    visited,
    visiting,
)
from strangers import Program, trade

import certs
import securetransport as st
from securetransport import legacy

NEVER, ALWAYS, TRY = 0, 1, 2
NONE, REQUESTED, SENT, REJECTED = 0, 1, 2, 3
KEYS = ("rsa", "p256", "p384", "p521", "ed25519", "pss", "chained")
#: tlslite-ng signs and verifies with these.
TLSLITE_KEYS = ("rsa", "p256", "p384", "p521", "ed25519")
SUITE = "ECDHE-RSA-AES128-GCM-SHA256"


def anchor() -> Path:
    return certs.authority().file("cert")


def certified(key: str) -> tuple[str | Path, ...]:
    credential = certs.leaf(key)
    chain = ("-cert_chain", credential.file("cert")) if credential.chain else ()
    return ("-cert", credential.file("cert"), "-key", credential.file("key"), *chain)


def x509(key: str) -> tuple[str | Path, ...]:
    return "--x509certfile", certs.leaf(key).file("cert"), "--x509keyfile", certs.leaf(key).file("key")


def tlslite_settings() -> Any:
    from tlslite.api import HandshakeSettings

    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 3)
    settings.keyShares = []
    return settings


def tlslite_credential(key: str) -> tuple[Any, Any]:
    from tlslite.api import X509CertChain, parsePEMKey

    chain = X509CertChain()
    chain.parsePemList(certs.leaf(key).file("cert").read_text())
    return chain, parsePEMKey(certs.leaf(key).file("key").read_text(), private=True)


# --- our client -------------------------------------------------------------------------------------------


def asking(name: str, demands: bool = True) -> Server:
    """A server that asks, and fails without a certificate if it demands one."""
    if name == "openssl":
        verb = "-Verify" if demands else "-verify"
        return openssl_server(
            SUITE, *certified("rsa"), verb, "3", "-verify_return_error", "-CAfile", anchor()
        )
    if name == "gnutls":
        how = ("--require-client-cert", "--verify-client-cert") if demands else ()
        return gnutls_server("ECDHE-RSA", f"--x509cafile={anchor()}", *how, *x509("rsa"))

    def handshake(connection: Any) -> None:
        chain, key = tlslite_credential("rsa")
        connection.handshakeServer(certChain=chain, privateKey=key, reqCert=True, settings=tlslite_settings())

    return tlslite_server(handshake)


def state(ctx: Any) -> int:
    return int(ctx.get_client_certificate_state())


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name in ("openssl", "gnutls") for key in KEYS]
    + [("tlslite", key) for key in TLSLITE_KEYS],
)
def test_a_server_accepts_our_certificate(name: str, key: str) -> None:
    ctx = client()
    ok(st.SSLSetCertificate(ctx, array(certs.leaf(key))))
    with visiting(ctx, asking(name)) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        trade(link, peer, 100)
        if name == "tlslite":
            sent = peer.connection.session.clientCertChain  # type: ignore[attr-defined]
            assert bytes(sent.x509List[0].bytes) == certs.leaf(key).der
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("name", ["openssl", "gnutls", "tlslite"])
def test_a_server_that_asks_in_vain_goes_on(name: str) -> None:
    ctx = client()
    with visiting(ctx, asking(name, demands=False)) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == REQUESTED
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("name", ["openssl", "gnutls"])
def test_a_server_that_insists_says_so(name: str) -> None:
    ctx = client()
    with visiting(ctx, asking(name)) as (link, peer):
        # GnuTLS calls a missing certificate a decode error, whoever the client is.
        said = {"openssl": st.errSSLPeerHandshakeFail, "gnutls": st.errSSLPeerDecodeError}
        assert link.handshake() == said[name]
        peer.refused()


def test_openssl_refuses_a_certificate_of_an_authority_it_does_not_know() -> None:
    ctx = client()
    ok(st.SSLSetCertificate(ctx, array(certs.leaf("unknown_authority"))))
    with visiting(ctx, asking("openssl")) as (link, peer):
        assert link.handshake() == st.errSSLPeerUnknownCA
        assert state(ctx) == SENT
        peer.refused()


@pytest.mark.parametrize("name", ["openssl", "gnutls"])
def test_what_the_server_wants_is_known_at_the_pause(name: str) -> None:
    ctx = client()
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionBreakOnCertRequested, True))
    with visiting(ctx, asking(name)) as (link, peer):
        assert link.handshake() == st.errSSLClientCertRequested
        subject = certs.authority().certificate.subject.public_bytes()
        assert ctx.get_distinguished_names() == [subject]
        status, types = ctx.get_client_auth_types()
        assert status == 0
        assert {1, 64} <= set(types)
        assert 0x0403 in ctx.get_peer_signature_algorithms()
        assert state(ctx) == REQUESTED
        ok(st.SSLSetCertificate(ctx, array(certs.leaf("p256"))))
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        assert link.close() == 0


# --- our server -------------------------------------------------------------------------------------------


def with_certificate(name: str, key: str | None) -> Connect:
    if name == "openssl":
        return openssl_client(
            SUITE, *(certified(key) if key else ()), "-CAfile", anchor(), "-verify_return_error"
        )
    if name == "gnutls":
        known = x509(key) if key else ()
        return gnutls_client(
            "ECDHE-RSA", f"--x509cafile={anchor()}", f"--verify-hostname={certs.HOST}", *known
        )

    def handshake(connection: Any) -> None:
        chain, private = tlslite_credential(key) if key else (None, None)
        connection.handshakeClientCert(certChain=chain, privateKey=private, settings=tlslite_settings())

    return tlslite_client(handshake)


def asking_server(auth: int) -> Any:
    """A server that judges clients by the tests' authority."""
    ctx = server("rsa")
    ok(ctx.set_client_auth(auth))
    roots = [st.SecCertificateCreateWithData(None, certs.authority().der)]
    ok(legacy.SSLSetTrustedRoots(ctx, roots, True))
    ok(ctx.add_distinguished_name(certs.authority().certificate.subject.public_bytes()))
    return ctx


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name in ("openssl", "gnutls") for key in KEYS]
    + [("tlslite", key) for key in TLSLITE_KEYS],
)
def test_we_accept_a_clients_certificate(name: str, key: str) -> None:
    ctx = asking_server(ALWAYS)
    with visited(ctx, with_certificate(name, key)) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("name", ["openssl", "gnutls", "tlslite"])
def test_a_client_without_a_certificate_may_pass_or_not(name: str) -> None:
    ctx = asking_server(TRY)
    with visited(ctx, with_certificate(name, None)) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == REQUESTED
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0
    ctx = asking_server(ALWAYS)
    with visited(ctx, with_certificate(name, None)) as (link, peer):
        assert link.handshake() == st.errSSLXCertChainInvalid
        assert state(ctx) == REQUESTED
        assert link.close() == 0
        assert "certificate unknown" in peer.refused() or name == "gnutls"


@pytest.mark.parametrize("name", ["openssl", "gnutls"])
@pytest.mark.parametrize("auth", [TRY, ALWAYS])
def test_a_certificate_of_an_unknown_authority_fails_unless_nobody_judges(name: str, auth: int) -> None:
    ctx = asking_server(auth)
    with visited(ctx, with_certificate(name, "self_signed")) as (link, peer):
        assert link.handshake() == st.errSSLXCertChainInvalid
        assert state(ctx) == REJECTED
        assert link.close() == 0
        assert "certificate unknown" in peer.refused() or name == "gnutls"
    ctx = asking_server(auth)
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionBreakOnClientAuth, True))
    with visited(ctx, with_certificate(name, "self_signed")) as (link, peer):
        assert link.handshake() == st.errSSLPeerAuthCompleted
        status, trust = st.SSLCopyPeerTrust(ctx, None)
        assert status == 0
        assert trust is not None
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0


def test_openssl_shows_our_names_kinds_and_schemes() -> None:
    ctx = asking_server(TRY)
    with visited(ctx, with_certificate("openssl", "p256")) as (link, peer):
        assert link.handshake() == 0
        assert isinstance(peer, Program)
        said = peer.process.search(rb"Acceptable client certificate CA names\n(.*?)Shared Requested").group(1)
        assert b"authority" in said
        assert b"Client Certificate Types: RSA sign, ECDSA sign\n" in said
        assert b"RSA+SHA256:RSA+SHA1:RSA+SHA384:RSA+SHA512:ECDSA+SHA256" in said
        peer.established()
        assert link.close() == 0


def test_dsa_clients_and_servers_find_each_other() -> None:
    ctx = asking_server(ALWAYS)
    ok(st.SSLSetEnabledCiphers(ctx, [0xC02F, 0x00A2], 2))
    with visited(ctx, with_certificate("openssl", "dsa")) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        assert link.close() == 0
    ctx = client()
    ok(st.SSLSetCertificate(ctx, array(certs.leaf("dsa"))))
    with visiting(ctx, asking("openssl")) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        assert link.close() == 0


def test_pythons_ssl_gets_the_same_in_both_roles() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(anchor())
    context.load_cert_chain(certs.leaf("chained").file("cert"), certs.leaf("chained").file("key"))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ctx = asking_server(ALWAYS)
        link = socket_link(ctx, ours)
        task = Task(lambda: context.wrap_socket(theirs, server_hostname=certs.HOST))
        assert link.handshake() == 0
        assert state(ctx) == SENT
        task.result().close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(anchor())
    context.load_cert_chain(certs.leaf("p256").file("cert"), certs.leaf("p256").file("key"))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ctx = client()
        ok(st.SSLSetCertificate(ctx, array(certs.leaf("chained"))))
        link = socket_link(ctx, ours)
        task = Task(lambda: context.wrap_socket(theirs, server_side=True))
        assert link.handshake() == 0
        theirs_now = task.result()
        assert theirs_now.getpeercert(binary_form=True) == certs.leaf("chained").der
        theirs_now.close()


# --- older versions ---------------------------------------------------------------------------------------

PROTOCOLS = {
    "SSLv3": (st.kSSLProtocol3, (3, 0)),
    "1.0": (st.kTLSProtocol1, (3, 1)),
    "1.1": (st.kTLSProtocol11, (3, 2)),
    "1.2": (st.kTLSProtocol12, (3, 3)),
}
OLD_SUITE, OLD_NUMBER = "AES128-SHA", 0x002F


def at(version: str, ctx: Any) -> Any:
    """The context at one version, with a suite that every version has."""
    ok(st.SSLSetProtocolVersionMin(ctx, PROTOCOLS[version][0]))
    ok(st.SSLSetProtocolVersionMax(ctx, PROTOCOLS[version][0]))
    ok(
        st.SSLSetEnabledCiphers(ctx, [OLD_NUMBER, 0x00A2], 2)
    )  # the second for DSA among the schemes of TLS 1.2
    return ctx


def old_tlslite(version: str) -> Any:
    settings = tlslite_settings()
    settings.minVersion = settings.maxVersion = PROTOCOLS[version][1]
    settings.keyExchangeNames, settings.cipherNames, settings.macNames = ["rsa"], ["aes128"], ["sha"]
    return settings


@pytest.mark.parametrize("key", ["rsa", "p256", "dsa"])
@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_openssl_and_we_prove_certificates_to_each_other(version: str, key: str) -> None:
    ctx = at(version, client())
    ok(st.SSLSetCertificate(ctx, array(certs.leaf(key))))
    judging = ("-Verify", "3", "-verify_return_error", "-CAfile", anchor())
    with visiting(ctx, openssl_server(OLD_SUITE, *certified("rsa"), *judging, version=version)) as (
        link,
        peer,
    ):
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0
        assert peer.ended() == "orderly"
    ctx = at(version, asking_server(ALWAYS))
    connect = openssl_client(OLD_SUITE, *certified(key), "-CAfile", anchor(), version=version)
    with visited(ctx, connect) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == SENT
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("key", [None, "rsa"])
@pytest.mark.parametrize("version", PROTOCOLS)
def test_tlslite_and_we_prove_certificates_to_each_other(version: str, key: str | None) -> None:
    """SSLv3 too: its proof is made of two nested digests, and a missing certificate is an alert."""
    chain, private = tlslite_credential("rsa")
    ctx = at(version, client())
    if key:
        ok(st.SSLSetCertificate(ctx, array(certs.leaf(key))))
    settings = old_tlslite(version)
    asks = tlslite_server(
        lambda c: c.handshakeServer(certChain=chain, privateKey=private, reqCert=True, settings=settings)
    )
    with visiting(ctx, asks) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == (SENT if key else REQUESTED)
        peer.established()
        sent = peer.connection.session.clientCertChain  # type: ignore[attr-defined]
        assert bytes(sent.x509List[0].bytes) == certs.leaf(key).der if key else sent is None
        trade(link, peer, 100)
        assert link.close() == 0

    ctx = at(version, asking_server(TRY))
    mine = (chain, private) if key else (None, None)
    connect = tlslite_client(
        lambda c: c.handshakeClientCert(certChain=mine[0], privateKey=mine[1], settings=settings)
    )
    with visited(ctx, connect) as (link, peer):
        assert link.handshake() == 0
        assert state(ctx) == (SENT if key else REQUESTED)
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0
