"""Our client against the servers of other people, TLS 1.2."""

from __future__ import annotations

from pipes import Task, client, ok, socket_link, state

import pytest
from strangers import GROUPS, SIZES, STRANGERS, SUITES, Options, Stranger, Suite, dial, trade

import certs
import securetransport as st
from securetransport import extensions


@pytest.mark.parametrize("suite", SUITES, ids=str)
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_every_suite_moves_data_both_ways_and_ends_orderly(stranger: Stranger, suite: Suite) -> None:
    for key in suite.keys[:1]:
        with stranger.serve(certs.leaf(key), Options()) as (port, peer), dial(port) as sock:
            ctx = client(suites=[suite.number])
            link = socket_link(ctx, sock)
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
def test_an_end_that_the_server_begins_is_graceful(stranger: Stranger, drip: bool) -> None:
    with stranger.serve(certs.leaf("rsa"), Options(closes=True)) as (port, peer), dial(port) as sock:
        ctx = client()
        link = socket_link(ctx, sock, drip)
        assert link.handshake() == 0
        peer.established()
        if stranger.name == "openssl":
            assert link.send(b"123\nCLOSE\n") == 0
            assert link.receive(4) == b"321\n"
        elif stranger.name == "gnutls":
            assert link.send(b"GET / HTTP/1.0\r\n\r\n") == 0
        else:
            peer.send(b"the last words")
            ending = Task(peer.close)  # waits for our close_notify
        status, rest = link.rest()
        assert status == st.errSSLClosedGraceful
        assert state(ctx) == st.kSSLClosed
        closed = link.close()
        if stranger.name == "gnutls":  # does not wait for an answer, so that ours may find nobody there
            assert closed in (0, st.errSSLClosedAbort)
            assert rest.startswith(b"HTTP/1.0 200 OK")
        elif stranger.name == "openssl":
            assert closed == 0
        else:
            assert closed == 0
            assert rest == b"the last words"
            ending.result()


@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
@pytest.mark.parametrize("group", GROUPS)
def test_every_group_is_used_when_the_server_wants_it(stranger: Stranger, group: str) -> None:
    # An ECDSA certificate would ask for its own curve as well.
    with stranger.serve(certs.leaf("rsa"), Options(group=group)) as (port, peer), dial(port) as sock:
        ctx = client()
        link = socket_link(ctx, sock)
        assert link.handshake() == 0
        assert extensions.SSLCopyConnectionReport(ctx)[1]["group"] == group
        assert peer.established().group in (group, None)
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("key", ["p384", "p521", "ed25519", "pss", "chained", "chained_p256"])
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_every_kind_of_server_certificate_is_accepted(stranger: Stranger, key: str) -> None:
    with stranger.serve(certs.leaf(key), Options()) as (port, peer), dial(port) as sock:
        link = socket_link(client(), sock)
        assert link.handshake() == 0
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_names_protocols_and_safety_signals_are_understood(stranger: Stranger) -> None:
    options = Options(alpn=("h2", "http/1.1"))
    with stranger.serve(certs.leaf("p256"), options) as (port, peer), dial(port) as sock:
        ctx = client()
        ok(st.SSLSetALPNProtocols(ctx, ["spdy/1", "http/1.1"]))
        link = socket_link(ctx, sock)
        assert link.handshake() == 0
        assert st.SSLCopyALPNProtocols(ctx) == (0, ["http/1.1"])
        report = extensions.SSLCopyConnectionReport(ctx)[1]
        assert report["extended_master_secret"] is True
        assert report["secure_renegotiation"] is True
        facts = peer.established()
        assert facts.alpn == b"http/1.1"
        assert facts.sni == certs.HOST
        assert facts.extended_master_secret in (True, None)
        assert facts.secure_renegotiation in (True, None)
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("suite", [SUITES[1], SUITES[5], SUITES[6]], ids=str)
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_one_byte_at_a_time_ends_with_the_same_result(stranger: Stranger, suite: Suite) -> None:
    with stranger.serve(certs.leaf(suite.keys[0]), Options()) as (port, peer), dial(port) as sock:
        ctx = client(suites=[suite.number])
        link = socket_link(ctx, sock, drip=True)
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
    with stranger.serve(certs.leaf(suite.keys[0]), Options()) as (port, peer), dial(port) as sock:
        link = socket_link(client(suites=[suite.number]), sock)
        assert link.handshake() == 0
        peer.established()
        if stranger.name == "tlslite":  # pure Python: the other way is long in the other role
            trade(link, peer, 1 << 20, 10 << 20)
        else:
            trade(link, peer, 10 << 20)
        assert link.close() == 0
        assert peer.ended() == "orderly"


@pytest.mark.parametrize("bad", certs.BAD)
@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_a_chain_that_does_not_verify_is_refused_and_the_server_is_told(stranger: Stranger, bad: str) -> None:
    with stranger.serve(certs.leaf(bad), Options()) as (port, peer), dial(port) as sock:
        ctx = client()
        link = socket_link(ctx, sock)
        assert link.handshake() == st.errSSLXCertChainInvalid
        assert state(ctx) == st.kSSLHandshake
        assert link.handshake() == st.errSSLXCertChainInvalid
        assert link.close() == 0
        sock.close()
        words = "fatal alert has been received" if stranger.name == "gnutls" else "certificate unknown"
        assert words in peer.refused()
