"""Our server against the clients of other people, TLS 1.2."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pipes import Link, Task, corked, name, ok, server, socket_callbacks, socket_link, state
from typing import Any

import pytest
from strangers import GROUPS, SIZES, STRANGERS, SUITES, Options, Peer, Stranger, Suite, trade

import securetransport as st
from securetransport import extensions


@contextlib.contextmanager
def visited(
    stranger: Stranger, ctx: Any, options: Options | None = None, drip: bool = False
) -> Iterator[tuple[Link, Peer, socket.socket]]:
    """Our server's context over a connection that the stranger opened."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        with stranger.connect(listener.getsockname()[1], options or Options()) as peer:
            sock, _ = listener.accept()
            with sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                yield socket_link(ctx, sock, drip), peer, sock


@pytest.mark.parametrize("suite", SUITES, ids=str)
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_every_suite_moves_data_both_ways_and_ends_orderly(stranger: Stranger, suite: Suite) -> None:
    ctx = server(suite.keys[0], [suite.number])
    with visited(stranger, ctx) as (link, peer, _):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, suite.number)
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, st.kTLSProtocol12)
        assert peer.established().suite == suite
        for n in SIZES:
            trade(link, peer, n)
        assert link.close() == 0
        assert state(ctx) == st.kSSLClosed
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("drip", [False, True], ids=["whole", "dripping"])
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_an_end_that_the_client_begins_is_graceful(stranger: Stranger, drip: bool) -> None:
    ctx = server("rsa")
    with visited(stranger, ctx, drip=drip) as (link, peer, _):
        assert link.handshake() == 0
        peer.established()
        trade(link, peer, 100)
        peer.send(b"0123456789\n")
        ending = Task(peer.close)  # of some the end waits for our close_notify
        status, rest = link.rest()
        assert (status, rest) == (st.errSSLClosedGraceful, b"0123456789\n")
        assert state(ctx) == st.kSSLClosed
        assert link.close() == 0
        ending.result()


@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
@pytest.mark.parametrize("group", GROUPS)
def test_every_group_is_used_when_the_client_has_no_other(stranger: Stranger, group: str) -> None:
    ctx = server("rsa")
    with visited(stranger, ctx, Options(group=group)) as (link, peer, _):
        assert link.handshake() == 0
        assert extensions.SSLCopyConnectionReport(ctx)[1]["group"] == group
        assert peer.established().group in (group, None)
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("key", ["p384", "p521", "ed25519", "pss", "chained", "chained_p256"])
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_every_kind_of_certificate_convinces_the_client(stranger: Stranger, key: str) -> None:
    with visited(stranger, server(key)) as (link, peer, _):
        assert link.handshake() == 0
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_names_protocols_and_safety_signals_are_understood(stranger: Stranger) -> None:
    ctx = server("p256")
    ok(st.SSLSetALPNProtocols(ctx, ["http/1.1", "h2"]))
    with visited(stranger, ctx, Options(alpn=("spdy/1", "h2", "http/1.1"))) as (link, peer, _):
        assert link.handshake() == 0
        assert st.SSLCopyALPNProtocols(ctx) == (0, ["http/1.1"])  # the server's order counts
        assert st.SSLCopyRequestedPeerName(ctx, None, 100) == (0, b"localhost\0", 10)
        report = extensions.SSLCopyConnectionReport(ctx)[1]
        assert report["extended_master_secret"] is True
        assert report["secure_renegotiation"] is True
        facts = peer.established()
        assert facts.alpn == b"http/1.1"
        assert facts.extended_master_secret in (True, None)
        assert facts.secure_renegotiation in (True, None)
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_without_a_common_protocol_the_connection_goes_on_without_one(stranger: Stranger) -> None:
    ctx = server("p256")
    ok(st.SSLSetALPNProtocols(ctx, ["h2"]))
    with visited(stranger, ctx, Options(alpn=("spdy/1",))) as (link, peer, _):
        assert link.handshake() == 0
        assert st.SSLCopyALPNProtocols(ctx) == (st.errSecParam, None)
        assert peer.established().alpn is None
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("suite", [SUITES[1], SUITES[5], SUITES[6]], ids=str)
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_one_byte_at_a_time_ends_with_the_same_result(stranger: Stranger, suite: Suite) -> None:
    ctx = server(suite.keys[0], [suite.number])
    with visited(stranger, ctx, drip=True) as (link, peer, _):
        assert link.handshake() == 0
        assert peer.established().suite == suite
        for n in SIZES:
            trade(link, peer, n)
        assert link.close() == 0
        assert state(ctx) == st.kSSLClosed
        assert peer.ended() == "orderly"


@pytest.mark.parametrize(
    ("stranger", "suite"),
    [
        pytest.param(stranger, suite, id=f"{stranger}-{suite}")
        for stranger in STRANGERS
        for suite in (SUITES[1], SUITES[5])
        if stranger.name != "tlslite" or suite is SUITES[5]
    ],
)
def test_ten_mebibytes_arrive_whole(stranger: Stranger, suite: Suite) -> None:
    with visited(stranger, server(suite.keys[0], [suite.number])) as (link, peer, _):
        assert link.handshake() == 0
        peer.established()
        if stranger.name == "tlslite":  # pure Python: the other way is long in the other role
            trade(link, peer, 10 << 20, 1 << 20)
        else:
            trade(link, peer, 10 << 20)
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("stranger", [s for s in STRANGERS if s.name != "tlslite"], ids=repr)
@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("expired", st.errSSLPeerCertExpired),
        ("wrong_host", st.errSSLPeerBadCert),
        ("unknown_authority", st.errSSLPeerUnknownCA),
        ("self_signed", st.errSSLPeerUnknownCA),
    ],
)
def test_a_client_that_refuses_our_chain_is_understood(stranger: Stranger, bad: str, expected: int) -> None:
    # tlslite-ng judges no chains.
    with visited(stranger, server(bad)) as (_, peer, sock):
        ctx = server(bad)
        link = Link(ctx, corked(socket_callbacks(sock)))
        status = link.handshake()
        said = peer.refused()
        wanted = st.errSSLPeerBadCert if stranger.name == "gnutls" else expected
        assert status == wanted, (name(status), extensions.SSLCopyConnectionReport(ctx), said)
        assert state(ctx) == st.kSSLHandshake
        assert link.handshake() == wanted
        assert link.close() == 0


@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_nothing_in_common_is_said_with_an_alert(stranger: Stranger) -> None:
    ctx = server("p256", [SUITES[0].number])
    with visited(stranger, ctx, Options(suite=SUITES[3])) as (link, peer, sock):
        assert link.handshake() == st.errSSLNegotiation
        assert link.close() == 0
        sock.close()
        said = peer.refused()
        assert "handshake failure" in said or "handshake failed" in said, said
