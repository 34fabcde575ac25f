"""Diffie-Hellman of every kind with the software of other people: DHE with certificates, anonymous, static ECDH."""

from __future__ import annotations

import socket
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from pipes import client, message, ok, server, socket_link
from typing import Any

import polyglots
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
from strangers import tool, trade

import certs
import securetransport as st
from securetransport import extensions

SIZES = (1, 16_384)

DHE_RSA = {
    0x009E: ("DHE-RSA-AES128-GCM-SHA256", "AES-128-GCM", "aes128gcm"),
    0x009F: ("DHE-RSA-AES256-GCM-SHA384", "AES-256-GCM", "aes256gcm"),
    0xCCAA: ("DHE-RSA-CHACHA20-POLY1305", "CHACHA20-POLY1305", "chacha20-poly1305"),
}
#: GnuTLS knows DSA with SHA-1 alone.
DHE_DSS = {0x00A2: "DHE-DSS-AES128-GCM-SHA256", 0x00A3: "DHE-DSS-AES256-GCM-SHA384"}
DH_ANON = {
    0x00A6: ("ADH-AES128-GCM-SHA256", "AES-128-GCM", "aes128gcm"),
    0x00A7: ("ADH-AES256-GCM-SHA384", "AES-256-GCM", "aes256gcm"),
}


def certified(key: str) -> tuple[str | Path, ...]:
    credential = certs.leaf(key)
    return "-cert", credential.file("cert"), "-key", credential.file("key")


def x509(key: str) -> tuple[str | Path, ...]:
    credential = certs.leaf(key)
    return "--x509certfile", credential.file("cert"), "--x509keyfile", credential.file("key")


def verifying() -> tuple[str | Path, ...]:
    anchor = certs.authority().file("cert")
    return "-CAfile", anchor, "-verify_return_error", "-verify_hostname", certs.HOST


def gnutls_verifying() -> tuple[str | Path, ...]:
    return f"--x509cafile={certs.authority().file('cert')}", f"--verify-hostname={certs.HOST}"


def tlslite_settings(kx: str, cipher: str) -> Any:
    from tlslite.api import HandshakeSettings

    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 3)
    settings.keyExchangeNames, settings.cipherNames = [kx], [cipher]
    settings.keyShares = []
    return settings


def tlslite_credential(key: str) -> tuple[Any, Any]:
    from tlslite.api import X509CertChain, parsePEMKey

    chain = X509CertChain()
    chain.parsePemList(certs.leaf(key).file("cert").read_text())
    return chain, parsePEMKey(certs.leaf(key).file("key").read_text(), private=True)


def run(ctx: Any, suite: int, met: AbstractContextManager[Any]) -> dict[str, Any]:
    """A handshake, data both ways and an orderly end; what the report of our end says."""
    with met as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, suite)
        peer.established()
        for n in SIZES:
            trade(link, peer, n)
        report = extensions.SSLCopyConnectionReport(ctx)[1]
        assert link.close() == 0
        assert peer.ended() == "orderly"
        return dict(report)


# --- signed ----------------------------------------------------------------------------------------------


def dhe_rsa_server(name: str, suite: int) -> Server:
    openssl, cipher, tlslite = DHE_RSA[suite]
    if name == "openssl":
        return openssl_server(openssl, *certified("rsa"))
    if name == "gnutls":
        return gnutls_server("DHE-RSA", "--disable-client-cert", *x509("rsa"), cipher=cipher)

    def handshake(connection: Any) -> None:
        chain, key = tlslite_credential("rsa")
        connection.handshakeServer(
            certChain=chain, privateKey=key, settings=tlslite_settings("dhe_rsa", tlslite)
        )

    return tlslite_server(handshake)


def dhe_rsa_client(name: str, suite: int) -> Connect:
    openssl, cipher, tlslite = DHE_RSA[suite]
    if name == "openssl":
        return openssl_client(openssl, *verifying())
    if name == "gnutls":
        return gnutls_client("DHE-RSA", *gnutls_verifying(), cipher=cipher)
    return tlslite_client(lambda c: c.handshakeClientCert(settings=tlslite_settings("dhe_rsa", tlslite)))


@pytest.mark.parametrize("suite", DHE_RSA, ids=hex)
@pytest.mark.parametrize("name", ["openssl", "gnutls", "tlslite"])
def test_dhe_rsa_as_client(name: str, suite: int) -> None:
    ctx = client(suites=[suite])
    report = run(ctx, suite, visiting(ctx, dhe_rsa_server(name, suite)))
    assert report["dh_bits"] >= 2048
    assert report["scheme"] is not None
    # These servers choose among the groups of RFC 7919 and RFC 3526, whose primes are safe.
    assert not ctx.is_dh_unsafe()


@pytest.mark.parametrize("suite", DHE_RSA, ids=hex)
@pytest.mark.parametrize("name", ["openssl", "gnutls", "tlslite"])
def test_dhe_rsa_as_server_with_the_built_in_group(name: str, suite: int) -> None:
    ctx = server("rsa", [suite])
    assert run(ctx, suite, visited(ctx, dhe_rsa_client(name, suite)))["dh_bits"] == 2048


@pytest.mark.parametrize("suite", DHE_DSS, ids=hex)
def test_dhe_dss_with_openssl(suite: int) -> None:
    ctx = client(suites=[suite])
    run(ctx, suite, visiting(ctx, openssl_server(DHE_DSS[suite], *certified("dsa"))))
    ctx = server("dsa", [suite])
    run(ctx, suite, visited(ctx, openssl_client(DHE_DSS[suite], *verifying())))


# --- groups ----------------------------------------------------------------------------------------------


def parameters(bits: int, form: str = "PEM") -> Path:
    """A file of PKCS#3 parameters with a fresh prime, which is a safe one."""
    pem, path = (certs.directory() / f"dh{bits}.{kind}" for kind in ("PEM", form))
    if not pem.exists():
        subprocess.run([tool("openssl"), "dhparam", "-out", pem, str(bits)], check=True, capture_output=True)
    if not path.exists():
        command = [tool("openssl"), "dhparam", "-in", pem, "-outform", form, "-out", path]
        subprocess.run(command, check=True, capture_output=True)
    return path


def test_a_server_uses_the_group_it_was_given() -> None:
    ctx = server("rsa", [0x009E])
    ok(ctx.set_dh_params(parameters(1024, "DER").read_bytes()))
    report = run(ctx, 0x009E, visited(ctx, openssl_client(DHE_RSA[0x009E][0], *verifying())))
    assert report["dh_bits"] == 1024


def test_a_group_nobody_has_heard_of_is_used_and_judged_when_asked() -> None:
    ctx = client(suites=[0x009E])
    peer = openssl_server(DHE_RSA[0x009E][0], *certified("rsa"), "-dhparam", parameters(1024))
    assert run(ctx, 0x009E, visiting(ctx, peer))["dh_bits"] == 1024
    assert not ctx.is_dh_unsafe()


def test_a_weak_group_of_a_stranger_is_named() -> None:
    ctx = client(suites=[0x009E])
    ok(ctx.set_dh_minimum(1025))
    peer = openssl_server(DHE_RSA[0x009E][0], *certified("rsa"), "-dhparam", parameters(1024))
    with visiting(ctx, peer) as (link, other):
        assert link.handshake() == st.errSSLWeakPeerEphemeralDHKey
        assert link.close() == 0
        assert "insufficient security" in other.refused()


# --- anonymous -------------------------------------------------------------------------------------------


def anonymous_server(name: str, suite: int) -> Server:
    openssl, cipher, tlslite = DH_ANON[suite]
    if name == "openssl":
        return openssl_server(openssl, "-nocert")
    if name == "gnutls":
        return gnutls_server("ANON-DH", "--disable-client-cert", cipher=cipher)
    settings = tlslite_settings("dh_anon", tlslite)
    return tlslite_server(lambda c: c.handshakeServer(anon=True, settings=settings))


def anonymous_client(name: str, suite: int) -> Connect:
    openssl, cipher, tlslite = DH_ANON[suite]
    if name == "openssl":
        return openssl_client(openssl)
    if name == "gnutls":
        return gnutls_client("ANON-DH", cipher=cipher)
    return tlslite_client(lambda c: c.handshakeClientAnonymous(settings=tlslite_settings("dh_anon", tlslite)))


@pytest.mark.parametrize("suite", DH_ANON, ids=hex)
@pytest.mark.parametrize("name", ["openssl", "gnutls", "tlslite"])
def test_dh_anon_in_both_roles(name: str, suite: int) -> None:
    ctx = client(host=None, suites=[suite])
    report = run(ctx, suite, visiting(ctx, anonymous_server(name, suite)))
    assert report["scheme"] is None
    ctx = server(None, [suite])
    run(ctx, suite, visited(ctx, anonymous_client(name, suite)))


# --- with Java, which still has the static exchanges -------------------------------------------------------

JAVA = {
    0x009E: ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "rsa"),
    0x00A2: ("TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", "dsa"),
    0x00A6: ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", "rsa"),
    0xC02D: ("TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", "p256"),
    0xC02E: ("TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384", "p256"),
    0xC031: ("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", "ecdh_rsa"),
    0xC032: ("TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", "ecdh_rsa"),
}


@pytest.mark.parametrize("suite", JAVA, ids=hex)
def test_java_as_server(suite: int) -> None:
    java, (named, key) = polyglots.java(), JAVA[suite]
    assert named in java.suites
    anonymous = "anon" in named
    with java.serve("TLSv1.2", named, key) as sock:
        ctx = client(host=None if anonymous else certs.HOST, suites=[suite])
        link = socket_link(ctx, sock)
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, suite)
        for n in polyglots.BLOCKS:
            assert link.send(message(n)) == 0
            assert link.receive(n) == message(n)
        assert link.close() == 0
    assert java.answer() == ["done", "TLSv1.2", named]


@pytest.mark.parametrize("suite", JAVA, ids=hex)
def test_java_as_client(suite: int) -> None:
    java, (named, key) = polyglots.java(), JAVA[suite]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        with java.connect(listener, "TLSv1.2", named, key) as sock:
            ctx = server(None if "anon" in named else key, [suite])
            link = socket_link(ctx, sock)
            assert link.handshake() == 0
            assert st.SSLGetNegotiatedCipher(ctx) == (0, suite)
            for n in polyglots.BLOCKS:
                block = link.receive(n)
                assert len(set(block)) == 1
                assert link.send(block) == 0
            status, rest = link.rest()
            assert (status, rest) == (st.errSSLClosedGraceful, b"")
    assert java.answer() == ["done", "TLSv1.2", named]
