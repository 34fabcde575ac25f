"""What handshakes over datagrams can do beyond a suite, with those strangers that can do it too, in both roles."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from pipes import DatagramLink, Task, array, certificate, client, datagram_link, ok, server
from typing import Any, NamedTuple

import datagram_peers
import pytest
from matrix import echo, speak
from strangers import Process, Program

import certs
import securetransport as st
from securetransport import extensions, legacy

More = tuple[str | Path, ...]


class Stranger(NamedTuple):
    make: Callable[[], Any]
    version: str
    suite: str


STRANGERS = {
    "openssl": Stranger(datagram_peers.Openssl, "DTLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
    "mbedtls": Stranger(datagram_peers.mbedtls, "fefd", "c02f"),
    "pion": Stranger(datagram_peers.pion, "fefd", "c02f"),
    "java": Stranger(datagram_peers.java, "DTLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    "wolfssl": Stranger(datagram_peers.wolfssl, "DTLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
    "gnutls": Stranger(datagram_peers.Gnutls, "DTLSv1.2", ""),
}
PEERS, ROLES = tuple(STRANGERS), ("client", "server")
#: The blocks of :data:`datagram_peers.BLOCKS`, which OpenSSL sends as lines.
BLOCKS = datagram_peers.lines()
SUITE = st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256


def _ours(role: str, key: str = "rsa") -> Any:
    kind = st.kSSLDatagramType
    ctx = client(kind=kind) if role == "client" else server(key, kind=kind)
    ok(st.SSLSetProtocolVersionMax(ctx, st.kDTLSProtocol12))
    ok(st.SSLSetEnabledCiphers(ctx, [SUITE], 1))
    return ctx


def _meet(
    name: str,
    role: str,
    ctx: Any,
    more: More = (),
    key: str = "rsa",
    talk: Callable[[DatagramLink], None] | None = None,
) -> list[str]:
    """One connection with data both ways and an orderly end; what the stranger says of it at last."""
    row = STRANGERS[name]
    stranger = row.make()
    arguments = row.version, row.suite, key, *more
    with stranger.serve(*arguments) if role == "client" else stranger.connect(None, *arguments) as sock:
        link = datagram_link(ctx, sock)
        ok(link.handshake())
        if talk is None:
            work = Task(speak, link, BLOCKS) if role == "client" else Task(echo, link)
        else:
            work = Task(talk, link)
        work.result()
    answer: list[str] = stranger.answer()
    assert answer[0] == "done", " ".join(answer)
    return answer


def _facts(answer: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in answer if "=" in word)


# --- fragments ---------------------------------------------------------------------------------------------

SMALL: dict[str, More] = {
    "openssl": ("-mtu", "256"),
    "mbedtls": ("mtu=300",),
    "pion": ("mtu=300",),
    "java": (),  # would cut data too
    "wolfssl": (),
    "gnutls": ("--mtu", "300"),
}


@pytest.mark.parametrize(
    ("name", "role"),
    # GnuTLS 3.7's client joins no fragments of a size that is not its own.
    [(name, role) for name in PEERS for role in ROLES if (name, role) != ("gnutls", "server")],
)
def test_messages_in_small_fragments_are_joined_at_both_ends(name: str, role: str) -> None:
    ctx = _ours(role, "chained")
    ok(st.SSLSetMaxDatagramRecordSize(ctx, 230))
    _meet(name, role, ctx, SMALL[name])


# --- client authentication ---------------------------------------------------------------------------------

ASKS: dict[str, More] = {
    "openssl": ("-Verify", "3", "-verify_return_error"),
    "mbedtls": ("auth=1",),
    "pion": ("auth=1",),
    "java": ("auth=1",),
    "wolfssl": ("auth=1",),
    "gnutls": ("--require-client-cert", "--verify-client-cert"),
}


def _believes(name: str) -> More:
    """Our authority, where a stranger has to be told."""
    file = certs.authority().file("cert")
    return {"openssl": ("-CAfile", file), "gnutls": ("--x509cafile", str(file))}.get(name, ())


def _shows(name: str) -> More:
    """A certificate, where a stranger has to be told."""
    rsa = certs.leaf("rsa")
    certificate, key = rsa.file("cert"), rsa.file("key")
    tell: dict[str, More] = {
        "openssl": ("-cert", certificate, "-key", key),
        "gnutls": ("--x509certfile", certificate, "--x509keyfile", key),
    }
    return tell.get(name, ())


@pytest.mark.parametrize("name", PEERS)
def test_our_client_shows_its_certificate(name: str) -> None:
    ctx = _ours("client")
    ok(st.SSLSetCertificate(ctx, array(certs.leaf("rsa"))))
    answer = _meet(name, "client", ctx, ASKS[name] + _believes(name))
    assert st.SSLGetClientCertificateState(ctx) == (0, st.kSSLClientCertSent)
    assert _facts(answer).get("auth", "1") in ("1", "RSA")


@pytest.mark.parametrize("name", PEERS)
def test_our_server_asks_for_a_certificate(name: str) -> None:
    ctx = _ours("server")
    ok(st.SSLSetClientSideAuthenticate(ctx, st.kAlwaysAuthenticate))
    ok(legacy.SSLSetTrustedRoots(ctx, [certificate(certs.authority().der)], True))
    _meet(name, "server", ctx, _shows(name))
    assert st.SSLGetClientCertificateState(ctx) == (0, st.kSSLClientCertSent)


# --- SRTP --------------------------------------------------------------------------------------------------

SRTP: dict[str, More] = {"mbedtls": ("srtp=1",), "pion": ("srtp=1",)}
#: RFC 5764, section 4.2; two keys of 128 and two salts of 112 bits.
LABEL, LENGTH = "EXTRACTOR-dtls_srtp", "60"
OPENSSL_SRTP = (
    *("-dtls1_2", "-use_srtp", "SRTP_AES128_CM_SHA1_80"),
    *("-keymatexport", LABEL, "-keymatexportlen", LENGTH),
)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", SRTP)
def test_both_ends_derive_the_same_keys_for_srtp(name: str, role: str) -> None:
    ctx = _for_srtp(role)
    facts = _facts(_meet(name, role, ctx, SRTP[name]))
    status, keys = extensions.SSLCopySRTPKeys(ctx)
    ok(status)
    assert int(facts["profile"], 16) == keys.profile == extensions.SRTP_AES128_CM_HMAC_SHA1_80
    ours = keys.client_key + keys.server_key + keys.client_salt + keys.server_salt
    assert facts["keys"] == ours.hex()


def _openssl_client(port: int) -> Program:
    return datagram_peers.openssl_client(port, *OPENSSL_SRTP)


def _gnutls_client(port: int) -> Program:
    profile = ("--srtp-profiles=SRTP_AES128_CM_HMAC_SHA1_80", f"--keymatexport={LABEL}")
    priority = datagram_peers.gnutls_priority("DTLSv1.2")
    return datagram_peers.gnutls_client(port, priority, *profile, f"--keymatexportsize={LENGTH}")


def _agrees(ctx: Any, process: Process) -> None:
    """With what the program prints; the profiles go by one name but for HMAC."""
    profile = process.search(rb"(?i)srtp[^\n]*profile[=:] ?(\S+)\n")[1].replace(b"_HMAC", b"")
    assert profile == b"SRTP_AES128_CM_SHA1_80"
    printed = process.search(rb"(?i)key(?:ing)? material: ([0-9a-f]{120})\s")[1].decode()
    status, keys = extensions.SSLCopySRTPKeys(ctx)
    ok(status)
    assert keys.profile == extensions.SRTP_AES128_CM_HMAC_SHA1_80
    ours = keys.client_key + keys.server_key + keys.client_salt + keys.server_salt
    assert printed.lower() == ours.hex()


def _for_srtp(role: str) -> Any:
    ctx = _ours(role)
    ok(extensions.SSLSetSRTPProfiles(ctx, [extensions.SRTP_AES128_CM_HMAC_SHA1_80]))
    return ctx


@pytest.mark.parametrize("start", [_openssl_client, _gnutls_client])
def test_our_server_derives_the_keys_that_a_client_prints(start: Callable[[int], Program]) -> None:
    ctx = _for_srtp("server")
    with (
        datagram_peers.udp() as sock,
        contextlib.closing(datagram_peers.Killed(start(datagram_peers.port_of(sock)))) as killed,
    ):
        ok(datagram_link(ctx, datagram_peers.accept(sock)).handshake())
        _agrees(ctx, killed.peer.process)


def test_our_client_derives_the_keys_that_a_server_prints() -> None:
    """GnuTLS's server prints none over UDP."""
    ctx = _for_srtp("client")
    served, port = datagram_peers.openssl_server(*OPENSSL_SRTP)
    with contextlib.closing(datagram_peers.Killed(served)), datagram_peers.dial(port) as sock:
        ok(datagram_link(ctx, sock).handshake())
        _agrees(ctx, served.process)


# --- renegotiation -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["mbedtls", "java"])
def test_the_stranger_renegotiates(name: str, role: str) -> None:
    ctx = _ours(role)
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionAllowRenegotiation, True))
    _meet(name, role, ctx, ("renegotiate=1",))
    report = extensions.SSLCopyConnectionReport(ctx, None)[1]
    assert report is not None
    assert report["secure_renegotiation"] is True


def _renegotiate(link: DatagramLink) -> None:
    ok(link.send(BLOCKS[0]))
    assert link.receive(len(BLOCKS[0])) == BLOCKS[0]
    ok(st.SSLReHandshake(link.ctx))
    ok(link.handshake())
    speak(link, BLOCKS[1:])


def test_our_client_renegotiates() -> None:
    """OpenSSL 3.0's server signs wrongly when it renegotiates DTLS: mbedTLS's client refuses that too."""
    _meet("mbedtls", "client", _ours("client"), talk=_renegotiate)


# --- resumption --------------------------------------------------------------------------------------------


def _resumed(ctx: Any) -> bool:
    report = extensions.SSLCopyConnectionReport(ctx, None)[1]
    assert report is not None
    return bool(report["resumed"])


@pytest.mark.parametrize("how", ["ticket", "number"])
@pytest.mark.parametrize("role", ROLES)
def test_a_session_is_resumed_with_mbedtls(role: str, how: str) -> None:
    seen: list[bool] = []
    for _ in range(2):
        ctx = _ours(role)
        who = f"{role} {how}".encode()
        ok(st.SSLSetPeerID(ctx, who, len(who)))
        ok(st.SSLSetSessionTicketsEnabled(ctx, how == "ticket"))
        more = (f"ticket={int(how == 'ticket')}", f"resume={len(seen)}")
        _meet("mbedtls", role, ctx, more)
        seen.append(_resumed(ctx))
    assert seen == [False, True]


#: Who is resumed with by its number alone, and the role that is ours then.
NUMBERED = [("wolfssl", "server"), ("pion", "client")]


@pytest.mark.parametrize(("name", "role"), NUMBERED)
def test_a_session_is_resumed_by_its_number(name: str, role: str) -> None:
    seen: list[bool] = []
    for _ in range(2):
        ctx = _ours(role)
        ok(st.SSLSetPeerID(ctx, name.encode(), len(name)))
        ok(st.SSLSetSessionTicketsEnabled(ctx, False))
        _meet(name, role, ctx, ("resume=1",))
        seen.append(_resumed(ctx))
    assert seen == [False, True]
