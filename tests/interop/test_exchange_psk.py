"""Pre-shared keys with the software of other people, in both roles."""

from __future__ import annotations

from pathlib import Path
from pipes import client, ok, server
from typing import Any

import pytest
from bare_peers import (
    Connect,
    Server,
    gnutls_client,
    gnutls_server,
    openssl_client,
    openssl_server,
    visited,
    visiting,
)
from strangers import Program, trade

import certs
import securetransport as st

SECRET = bytes(range(1, 33))
IDENTITY = b"Client_identity"

#: Suites: OpenSSL's name, GnuTLS's key exchange and cipher; an empty name where a peer does not have it.
SUITES = {
    0x00A8: ("PSK-AES128-GCM-SHA256", "PSK", "AES-128-GCM"),
    0x00A9: ("PSK-AES256-GCM-SHA384", "PSK", "AES-256-GCM"),
    0xCCAB: ("PSK-CHACHA20-POLY1305", "PSK", "CHACHA20-POLY1305"),
    0x00AA: ("DHE-PSK-AES128-GCM-SHA256", "DHE-PSK", "AES-128-GCM"),
    0x00AB: ("DHE-PSK-AES256-GCM-SHA384", "DHE-PSK", "AES-256-GCM"),
    0xCCAD: ("DHE-PSK-CHACHA20-POLY1305", "DHE-PSK", "CHACHA20-POLY1305"),
    0x00AC: ("RSA-PSK-AES128-GCM-SHA256", "RSA-PSK", "AES-128-GCM"),
    0x00AD: ("RSA-PSK-AES256-GCM-SHA384", "RSA-PSK", "AES-256-GCM"),
    0xCCAE: ("RSA-PSK-CHACHA20-POLY1305", "RSA-PSK", "CHACHA20-POLY1305"),
    0xCCAC: ("ECDHE-PSK-CHACHA20-POLY1305", "ECDHE-PSK", "CHACHA20-POLY1305"),
}
RSA_PSK = (0x00AC, 0x00AD, 0xCCAE)
#: gnutls-cli 3.7 crashes while it describes a session of these, one with its own server too. By then the handshake
#: is complete: each end has verified the other's Finished.
GNUTLS_CLIENT_CRASHES = (0x00AA, 0x00AB, 0xCCAD, 0xCCAC)
PEERS = ("openssl", "gnutls")


def server_of(name: str, suite: int, secret: bytes = SECRET, hint: str | None = None) -> Server:
    """A stranger that knows one identity."""
    openssl, kx, cipher = SUITES[suite]
    rsa = certs.leaf("rsa")
    if name == "openssl":
        proof: tuple[str | Path, ...] = ("-nocert",)
        if suite in RSA_PSK:
            proof = ("-cert", rsa.file("cert"), "-key", rsa.file("key"))
        hints = ("-psk_hint", hint) if hint else ()
        known = ("-psk", secret.hex(), "-psk_identity", IDENTITY.decode())
        return openssl_server(openssl, *known, *hints, *proof)
    passwords = certs.directory() / f"passwords-{secret.hex()}"
    passwords.write_text(f"{IDENTITY.decode()}:{secret.hex()}\n", encoding="ascii")
    arguments: list[str | Path] = ["--disable-client-cert", "--pskpasswd", passwords]
    arguments += ["--pskhint", hint] if hint else []
    if suite in RSA_PSK:
        arguments += ["--x509certfile", rsa.file("cert"), "--x509keyfile", rsa.file("key")]
    return gnutls_server(kx, *arguments, cipher=cipher)


def client_of(name: str, suite: int, secret: bytes = SECRET) -> Connect:
    openssl, kx, cipher = SUITES[suite]
    anchor = certs.authority().file("cert")
    if name == "openssl":
        judging = ("-CAfile", anchor, "-verify_return_error") if suite in RSA_PSK else ()
        known = ("-psk", secret.hex(), "-psk_identity", IDENTITY.decode())
        return openssl_client(openssl, *known, *judging)
    arguments: list[str | Path] = [f"--pskusername={IDENTITY.decode()}", f"--pskkey={secret.hex()}"]
    if suite in RSA_PSK:
        arguments += [f"--x509cafile={anchor}", f"--verify-hostname={certs.HOST}"]
    return gnutls_client(kx, *arguments, cipher=cipher)


def our_client(suite: int, secret: bytes = SECRET) -> Any:
    ctx = client(suites=[suite])
    ok(ctx.set_psk_secret(secret))
    ok(ctx.set_psk_identity(IDENTITY))
    return ctx


def our_server(suite: int, secret: bytes = SECRET) -> Any:
    ctx = server("rsa", [suite])
    ok(ctx.set_psk_secret(secret))
    return ctx


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("name", PEERS)
def test_our_client_shares_a_key_with_a_stranger(name: str, suite: int) -> None:
    ctx = our_client(suite)
    with visiting(ctx, server_of(name, suite)) as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, suite)
        peer.established()
        trade(link, peer, 1000)
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("name", PEERS)
def test_our_server_shares_a_key_with_a_stranger(name: str, suite: int) -> None:
    ctx = our_server(suite)
    with visited(ctx, client_of(name, suite)) as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, suite)
        assert ctx.get_psk_identity() == IDENTITY
        if name == "gnutls" and suite in GNUTLS_CLIENT_CRASHES:
            return
        peer.established()
        trade(link, peer, 1000)
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("suite", [0x00A8, 0x00AA, 0x00AC, 0xCCAC], ids=hex)
@pytest.mark.parametrize("name", PEERS)
def test_a_hint_of_a_stranger_is_read(name: str, suite: int) -> None:
    ctx = our_client(suite)
    with visiting(ctx, server_of(name, suite, hint="which of us")) as (link, peer):
        assert link.handshake() == 0
        assert ctx.get_psk_hint() == b"which of us"
        peer.established()
        trade(link, peer, 10)
        assert link.close() == 0


@pytest.mark.parametrize("suite", [0x00A8, 0x00AA, 0x00AC, 0xCCAC], ids=hex)
def test_our_hint_is_read_by_openssl(suite: int) -> None:
    ctx = our_server(suite)
    ok(ctx.set_psk_hint(b"which of us"))
    with visited(ctx, client_of("openssl", suite)) as (link, peer):
        assert link.handshake() == 0
        assert isinstance(peer, Program)
        peer.process.search(rb"PSK identity hint: which of us\n")
        peer.established()
        assert link.close() == 0


def test_our_hint_is_read_by_gnutls() -> None:
    ctx = our_server(0x00A8)
    ok(ctx.set_psk_hint(b"which of us"))
    with visited(ctx, client_of("gnutls", 0x00A8)) as (link, peer):
        assert link.handshake() == 0
        assert isinstance(peer, Program)
        peer.process.search(rb"PSK hint 'which of us'\n")
        peer.established()
        assert link.close() == 0


@pytest.mark.parametrize("suite", [0x00A8, 0x00AA, 0x00AC, 0xCCAC], ids=hex)
@pytest.mark.parametrize("name", PEERS)
def test_different_keys_fail_at_finished(name: str, suite: int) -> None:
    ctx = our_server(suite)
    with visited(ctx, client_of(name, suite, bytes(32))) as (link, peer):
        assert link.handshake() == st.errSSLDecryptionFail
        assert link.close() == 0
        said = peer.refused()
        assert "bad record mac" in said or "bad record" in said, said
    ctx = our_client(suite)
    with visiting(ctx, server_of(name, suite, bytes(32))) as (link, peer):
        assert link.handshake() in (st.errSSLPeerBadRecordMac, st.errSSLPeerDecryptError)


@pytest.mark.parametrize("name", PEERS)
def test_a_server_looks_each_identity_up(name: str) -> None:
    asked: list[tuple[object, bytes]] = []

    def lookup(connection: object, identity: bytes) -> bytes | None:
        asked.append((connection, identity))
        return {IDENTITY: SECRET}.get(identity)

    for suite in (0x00A8, 0x00AA, 0x00AC, 0xCCAC):
        ctx = server("rsa", [suite])
        ok(ctx.set_psk_lookup(lookup))
        ok(st.SSLSetConnection(ctx, "this one"))
        with visited(ctx, client_of(name, suite)) as (link, peer):
            assert link.handshake() == 0
            if name == "gnutls" and suite in GNUTLS_CLIENT_CRASHES:
                continue
            peer.established()
            trade(link, peer, 10)
            assert link.close() == 0
    assert asked == [("this one", IDENTITY)] * 4


def test_an_exception_of_the_lookup_comes_out_and_the_handshake_goes_on_after_it() -> None:
    answers: list[Any] = [LookupError("the database is asleep"), "no bytes", SECRET]

    def lookup(_connection: object, _identity: bytes) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    ctx = server("rsa", [0x00A8])
    ok(ctx.set_psk_lookup(lookup))
    with visited(ctx, client_of("openssl", 0x00A8)) as (link, peer):
        with pytest.raises(LookupError, match="asleep"):
            link.handshake()
        assert st.SSLGetSessionState(ctx) == (0, st.kSSLHandshake)
        with pytest.raises(TypeError):
            link.handshake()
        assert link.handshake() == 0
        peer.established()
        trade(link, peer, 10)
        assert link.close() == 0
    assert answers == []


@pytest.mark.parametrize("name", PEERS)
def test_an_identity_nobody_knows_fails_like_a_wrong_key(name: str) -> None:
    ctx = server("rsa", [0x00A8])
    ok(ctx.set_psk_lookup(lambda _connection, _identity: None))
    with visited(ctx, client_of(name, 0x00A8)) as (link, peer):
        assert link.handshake() == st.errSSLDecryptionFail
        assert ctx.get_psk_identity() == IDENTITY
        assert link.close() == 0
        peer.refused()


def test_calls_out_of_the_lookup_that_move_data_are_refused() -> None:
    seen: list[int] = []

    def lookup(_connection: object, _identity: bytes) -> bytes:
        seen.append(st.SSLHandshake(ctx))
        seen.append(st.SSLGetSessionState(ctx)[0])
        return SECRET

    ctx = server("rsa", [0x00A8])
    ok(ctx.set_psk_lookup(lookup))
    with visited(ctx, client_of("openssl", 0x00A8)) as (link, peer):
        assert link.handshake() == 0
        peer.established()
        assert link.close() == 0
    assert seen == [st.errSecBadReq, 0]
