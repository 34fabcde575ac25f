"""What handshakes over datagrams can do beyond a suite, with those strangers that can do it too, in both roles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pipes import DatagramLink, Task, array, certificate, client, datagram_link, ok, server
from typing import Any, NamedTuple

import datagram_peers
import pytest
from matrix import echo, speak

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
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", PEERS)
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
}


def _openssl_only(name: str, more: Callable[[], More]) -> More:
    """What the others do without being told."""
    return more() if name == "openssl" else ()


@pytest.mark.parametrize("name", PEERS)
def test_our_client_shows_its_certificate(name: str) -> None:
    ctx = _ours("client")
    ok(st.SSLSetCertificate(ctx, array(certs.leaf("rsa"))))
    anchor = _openssl_only(name, lambda: ("-CAfile", certs.authority().file("cert")))
    answer = _meet(name, "client", ctx, ASKS[name] + anchor)
    assert st.SSLGetClientCertificateState(ctx) == (0, st.kSSLClientCertSent)
    assert _facts(answer).get("auth", "1") in ("1", "RSA")


@pytest.mark.parametrize("name", PEERS)
def test_our_server_asks_for_a_certificate(name: str) -> None:
    ctx = _ours("server")
    ok(st.SSLSetClientSideAuthenticate(ctx, st.kAlwaysAuthenticate))
    ok(legacy.SSLSetTrustedRoots(ctx, [certificate(certs.authority().der)], True))
    rsa = certs.leaf("rsa")
    shows = _openssl_only(name, lambda: ("-cert", rsa.file("cert"), "-key", rsa.file("key")))
    _meet(name, "server", ctx, shows)
    assert st.SSLGetClientCertificateState(ctx) == (0, st.kSSLClientCertSent)


# --- SRTP --------------------------------------------------------------------------------------------------

SRTP: dict[str, More] = {"mbedtls": ("srtp=1",), "pion": ("srtp=1",)}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", SRTP)
def test_both_ends_derive_the_same_keys_for_srtp(name: str, role: str) -> None:
    ctx = _ours(role)
    ok(extensions.SSLSetSRTPProfiles(ctx, [extensions.SRTP_AES128_CM_HMAC_SHA1_80]))
    facts = _facts(_meet(name, role, ctx, SRTP[name]))
    status, keys = extensions.SSLCopySRTPKeys(ctx)
    ok(status)
    assert int(facts["profile"], 16) == keys.profile == extensions.SRTP_AES128_CM_HMAC_SHA1_80
    ours = keys.client_key + keys.server_key + keys.client_salt + keys.server_salt
    assert facts["keys"] == ours.hex()


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
