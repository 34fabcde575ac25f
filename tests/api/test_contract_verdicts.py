"""SSLSetError in every state, and what the peer hears of it (behaviours section 4.4)."""

from __future__ import annotations

from collections.abc import Callable
from pipes import WOULD_BLOCK, Pair, array, bring, connected, name, ok, state
from typing import Any

import pytest

import certs
import securetransport as st

SIDES = ("client", "server")
Moment = Callable[[], tuple[Pair, Any]]


def idle(which: str) -> Moment:
    return lambda: bring(which, st.kSSLIdle)[::-1]


def before_the_hellos(which: str) -> Moment:
    return lambda: bring(which, st.kSSLHandshake)[::-1]


def paused(which: str, option: int, code: int) -> Moment:
    def moment() -> tuple[Pair, Any]:
        pair = Pair()
        ctx = getattr(pair, which)
        ok(st.SSLSetClientSideAuthenticate(pair.server, st.kTryAuthenticate))
        if option != st.kSSLSessionOptionBreakOnCertRequested:
            ok(st.SSLSetCertificate(pair.client, array(certs.leaf("rsa"))))
        ok(st.SSLSetSessionOption(ctx, option, True))
        assert pair.handshake()[which == "server"] == code
        return pair, ctx

    return moment


def open_(which: str) -> Moment:
    def moment() -> tuple[Pair, Any]:
        pair = connected()
        return pair, getattr(pair, which)

    return moment


def renegotiating() -> tuple[Pair, Any]:
    """A server that paused at the hello of another handshake: its state is Connected still."""
    pair = Pair()
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    assert pair.handshake()[1] == st.errSSLClientHelloReceived
    pair.connected()
    ok(st.SSLReHandshake(pair.client))
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK
    assert st.SSLRead(pair.server, None, 9, None)[0] == st.errSSLClientHelloReceived
    assert state(pair.server) == st.kSSLConnected
    return pair, pair.server


def failed() -> tuple[Pair, Any]:
    """A client whose handshake has failed, with an alert of its own on the way."""
    pair = Pair("unknown_authority")
    assert pair.handshake()[0] == st.errSSLXCertChainInvalid
    return pair, pair.client


def ended(which: str, wanted: int) -> Moment:
    return lambda: bring(which, wanted)[::-1]


#: When, and whether an alert is for the peer to hear: none before a version is known, nor after another ending.
MOMENTS: dict[str, tuple[Moment, bool]] = {
    **{f"idle {which}": (idle(which), False) for which in SIDES},
    **{f"{which} before the hellos": (before_the_hellos(which), False) for which in SIDES},
    "client at the request": (
        paused("client", st.kSSLSessionOptionBreakOnCertRequested, st.errSSLClientCertRequested),
        True,
    ),
    "client that judges": (
        paused("client", st.kSSLSessionOptionBreakOnServerAuth, st.errSSLPeerAuthCompleted),
        True,
    ),
    "server at the hello": (
        paused("server", st.kSSLSessionOptionBreakOnClientHello, st.errSSLClientHelloReceived),
        True,
    ),
    "server that judges": (
        paused("server", st.kSSLSessionOptionBreakOnClientAuth, st.errSSLPeerAuthCompleted),
        True,
    ),
    **{f"connected {which}": (open_(which), True) for which in SIDES},
    "server in a renegotiation": (renegotiating, True),
    "client that has failed": (failed, False),
    **{f"closed {which}": (ended(which, st.kSSLClosed), False) for which in SIDES},
    **{f"{which} whose transport failed": (ended(which, st.kSSLAborted), True) for which in SIDES},
}
CODES = [
    (st.errSecCertificateExpired, st.errSSLPeerCertExpired),
    (st.errSecCertificateRevoked, st.errSSLPeerCertRevoked),
    (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown),
    (0, st.errSSLPeerCertUnknown),
]


def hears(pair: Pair, ctx: Any) -> int:
    """What the peer's next call says."""
    peer = pair.other(ctx)
    if state(peer) == st.kSSLConnected:
        return st.SSLRead(peer, None, 9, None)[0]
    return st.SSLHandshake(peer)


@pytest.mark.parametrize(("code", "heard"), CODES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_verdict_aborts_is_told_by_the_next_handshake_and_closes(
    moment: str, code: int, heard: int
) -> None:
    begin, tells = MOMENTS[moment]
    pair, ctx = begin()
    before = len(pair.outgoing(ctx).writes)
    # The last verdict counts; hearing of it is for the next SSLHandshake, no other call.
    for verdict in (st.errSecCertificateRevoked, code):
        assert st.SSLSetError(ctx, verdict) == 0
        assert state(ctx) == st.kSSLAborted
        assert st.SSLRead(ctx, None, 9, None) == (st.errSSLClosedAbort, b"", 0)
        assert st.SSLWrite(ctx, b"hello", 5, None) == (st.errSSLClosedAbort, 0)
        assert st.SSLReHandshake(ctx) == st.errSSLClosedAbort
    assert len(pair.outgoing(ctx).writes) == before
    assert name(st.SSLHandshake(ctx)) == "errSecSuccess"
    assert state(ctx) == st.kSSLClosed
    written = [write[0] for write in pair.outgoing(ctx).writes[before:]]
    assert written == ([21] if tells else []), "one alert, and no close_notify behind it"
    if tells:
        assert name(hears(pair, ctx)) == name(heard)
    assert st.SSLHandshake(ctx) == st.errSSLClosedGraceful
    assert st.SSLRead(ctx, None, 9, None) == (st.errSSLClosedGraceful, b"", 0)
    ok(st.SSLClose(ctx))
    assert len(pair.outgoing(ctx).writes) == before + len(written)


def test_a_verdict_that_is_closed_without_a_handshake_is_an_ordinary_end() -> None:
    pair, ctx = MOMENTS["client that judges"][0]()
    ok(st.SSLSetError(ctx, st.errSecCertificateRevoked))
    ok(st.SSLClose(ctx))
    assert state(ctx) == st.kSSLClosed
    assert st.SSLHandshake(ctx) == st.errSSLClosedGraceful
    assert hears(pair, ctx) == st.errSSLClosedGraceful


def test_a_verdict_from_another_thread_ends_what_is_under_way() -> None:
    """Between two calls of the other thread; that thread's next call says so."""
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    assert st.SSLRead(pair.client, None, 2, None) == (0, b"he", 2)
    ok(st.SSLSetError(pair.client, st.errSecCertificateExpired))
    assert st.SSLRead(pair.client, None, 9, None) == (st.errSSLClosedAbort, b"", 0), "the rest is lost"
    ok(st.SSLHandshake(pair.client))
    assert st.SSLRead(pair.server, None, 9, None)[0] == st.errSSLPeerCertExpired
