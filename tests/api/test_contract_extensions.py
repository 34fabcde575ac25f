"""What ends tell each other beside the handshake: protocols, names, stapled responses (behaviours 11.1 to 11.3).

Against OpenSSL, which sends timestamps as well, they are in ``test_contract_scenarios``, against others in
``test_tls12_client`` and ``test_tls12_server``.
"""

from __future__ import annotations

import os
from pipes import WOULD_BLOCK, Pair, client, name, ok, server, state
from typing import Any

import pytest

import certs
import securetransport as st
from securetransport import extensions, legacy, spi

SIDES = ("client", "server")


def both(pair: Pair) -> tuple[Any, Any]:
    return pair.client, pair.server


def metadata(ctx: Any) -> Any:
    status, found = extensions.SSLCopyProtocolMetadata(ctx, None)
    ok(status)
    return found


def friends(who: bytes, **options: Any) -> Pair:
    pair = Pair(**options)
    for ctx in both(pair):
        ok(st.SSLSetPeerID(ctx, who, len(who)))
    return pair


def resumed(pair: Pair) -> bool:
    return bool(spi.SSLGetResumableSessionInfo(pair.client, None, None, 32)[1])


def hello_extensions(data: bytes) -> dict[int, bytes]:
    """Those of a ClientHello in a record of its own (RFC 5246 section 7.4.1.2)."""
    assert (data[0], data[5]) == (22, 1)
    at = 5 + 4 + 2 + 32
    at += 1 + data[at]
    at += 2 + int.from_bytes(data[at : at + 2])
    at += 1 + data[at]
    if at >= len(data):
        return {}
    end, at = at + 2 + int.from_bytes(data[at : at + 2]), at + 2
    found = {}
    while at < end:
        length = int.from_bytes(data[at + 2 : at + 4])
        found[int.from_bytes(data[at : at + 2])] = bytes(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def offered(ctx: Any) -> dict[int, bytes]:
    pair = Pair(client=ctx)
    assert st.SSLHandshake(ctx) == WOULD_BLOCK
    return hello_extensions(bytes(pair.up.data))


# --- protocols (RFC 7301) --------------------------------------------------------------------------------------

#: What the client offers, what the server prefers, what they agree on.
CHOICES = [
    (["h2", "http/1.1"], ["h2", "http/1.1"], "h2"),
    (["h2", "http/1.1"], ["http/1.1", "h2"], "http/1.1"),
    (["h2", "http/1.1"], ["spdy/1", "http/1.1"], "http/1.1"),
    (["h2"], ["h2c", "h", "h22"], None),
    (["h2"], None, None),
    (None, ["h2"], None),
    (None, None, None),
]


@pytest.mark.parametrize(("offers", "prefers", "agreed"), CHOICES)
def test_a_server_takes_its_first_that_the_client_offers_or_goes_on_without(
    offers: list[str] | None, prefers: list[str] | None, agreed: str | None
) -> None:
    pair = Pair()
    for ctx, protocols in zip(both(pair), (offers, prefers), strict=True):
        if protocols:
            ok(st.SSLSetALPNProtocols(ctx, protocols))
    pair.connected()
    for ctx in both(pair):
        assert st.SSLCopyALPNProtocols(ctx, None) == ((0, [agreed]) if agreed else (st.errSecParam, None))
        expected = agreed.encode() if agreed else None
        assert st.sec_protocol_metadata_get_negotiated_protocol(metadata(ctx)) == expected
    assert pair.transfer(pair.client, b"data") == b"data"


@pytest.mark.parametrize("which", SIDES)
def test_calling_again_replaces_the_protocols(which: str) -> None:
    pair = Pair()
    ok(st.SSLSetALPNProtocols(pair.other(getattr(pair, which)), ["one", "two"]))
    for protocols in (["one"], ["two"]):
        ok(st.SSLSetALPNProtocols(getattr(pair, which), protocols))
    pair.connected()
    assert st.SSLCopyALPNProtocols(pair.client, None) == (0, ["two"])


def test_protocols_are_offered_in_order_and_before_a_hello_there_is_no_answer() -> None:
    ctx = client()
    ok(st.SSLSetALPNProtocols(ctx, ["h2", "http/1.1"]))
    assert st.SSLCopyALPNProtocols(ctx, None) == (st.errSecParam, None), "not one's own list"
    assert offered(ctx)[16] == b"\0\x0c\x02h2\x08http/1.1"
    assert 16 not in offered(client())


def test_every_handshake_agrees_anew() -> None:
    """Also one that is resumed (RFC 7301 section 3.1), and another one on the same connection."""
    who = os.urandom(9)
    for again, protocol in ((False, "h2"), (True, "http/1.1")):
        pair = friends(who)
        ok(st.SSLSetALPNProtocols(pair.client, [protocol]))
        ok(st.SSLSetALPNProtocols(pair.server, ["h2", "http/1.1"]))
        pair.connected()
        assert resumed(pair) == again
        for ctx in both(pair):
            assert st.SSLCopyALPNProtocols(ctx, None) == (0, [protocol])
    pair = Pair()
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    for ctx in both(pair):
        ok(st.SSLSetALPNProtocols(ctx, ["h2"]))
    pair.connected()
    ok(st.SSLSetALPNProtocols(pair.server, ["other"]))
    ok(st.SSLReHandshake(pair.client))
    assert pair.handshake() == (0, 0)
    for ctx in both(pair):
        assert st.SSLCopyALPNProtocols(ctx, None) == (st.errSecParam, None)


# --- names (RFC 6066 section 3) ----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "localhost.", "bücher.example", "a" * 255])
def test_the_server_reads_the_name_that_the_client_means(host: str) -> None:
    """Any string is sent, addresses, too; what is sent is what the certificate is checked against."""
    pair = Pair(client=client(host))
    sent = st.SSLGetPeerDomainName(pair.client, None, 999)[1]
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK
    block = (3 + len(sent)).to_bytes(2) + b"\0" + len(sent).to_bytes(2) + sent
    assert hello_extensions(bytes(pair.up.data))[0] == block
    assert st.SSLHandshake(pair.server) == WOULD_BLOCK
    assert st.SSLCopyRequestedPeerNameLength(pair.server, None) == (0, len(sent) + 1)
    answer = (0, sent + b"\0", len(sent) + 1)
    assert st.SSLCopyRequestedPeerName(pair.server, None, len(sent) + 1) == answer
    assert st.SSLCopyRequestedPeerName(pair.client, None, 999) == (0, sent, len(sent))
    accepted = host in (*certs.HOSTS, "localhost.")
    codes = pair.handshake()
    assert name(codes[0]) == ("errSecSuccess" if accepted else "errSSLXCertChainInvalid")
    if accepted:
        assert [st.sec_protocol_metadata_get_server_name(metadata(ctx)) for ctx in both(pair)] == [sent] * 2


@pytest.mark.parametrize("host", [None, ""])
def test_without_a_name_none_is_sent_and_any_passes(host: str | None) -> None:
    pair = Pair("wrong_host", client=client(host))
    assert pair.handshake() == (0, 0)
    assert 0 not in hello_extensions(pair.up.writes[0])
    assert st.SSLCopyRequestedPeerNameLength(pair.server, None) == (0, 0)
    for ctx in both(pair):
        assert st.sec_protocol_metadata_get_server_name(metadata(ctx)) is None


def test_no_name_nor_any_other_extension_is_sent_with_sslv3() -> None:
    pair = Pair("rsa")
    for ctx in both(pair):
        ok(st.SSLSetProtocolVersionMin(ctx, st.kSSLProtocol3))
    ok(st.SSLSetProtocolVersionMax(pair.client, st.kSSLProtocol3))
    ok(st.SSLSetALPNProtocols(pair.client, ["h2"]))
    ok(st.SSLSetALPNProtocols(pair.server, ["h2"]))
    ok(st.SSLSetOCSPResponse(pair.server, b"a response"))
    assert pair.handshake() == (0, 0)
    assert hello_extensions(pair.up.writes[0]) == {}
    assert st.SSLCopyRequestedPeerNameLength(pair.server, None) == (0, 0)
    assert st.SSLCopyALPNProtocols(pair.client, None) == (st.errSecParam, None)
    assert st.SSLCopyPeerTrust(pair.client, None)[1].ocsp() == []


def test_a_server_keeps_the_name_of_the_latest_hello() -> None:
    pair = Pair()
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    pair.connected()
    ok(st.SSLReHandshake(pair.client))
    assert pair.handshake() == (0, 0)
    assert st.SSLCopyRequestedPeerName(pair.server, None, 10) == (0, b"localhost\0", 10)
    ok(st.SSLClose(pair.server))
    assert st.SSLCopyRequestedPeerName(pair.server, None, 10) == (0, b"localhost\0", 10), "and after the end"


# --- stapled responses (RFC 6066 section 8) ------------------------------------------------------------------------


def stapled(response: bytes | None, **options: Any) -> Pair:
    pair = Pair("rsa", **options)
    if response is not None:
        ok(st.SSLSetOCSPResponse(pair.server, response))
    return pair


def test_a_client_always_asks_for_a_response_and_timestamps() -> None:
    found = offered(client())
    assert found[5] == b"\x01\0\0\0\0"
    assert found[18] == b""


@pytest.mark.parametrize("version", [st.kTLSProtocol1, st.kTLSProtocol11, st.kTLSProtocol12])
@pytest.mark.parametrize("revoked", [False, True])
def test_what_the_server_staples_is_judged_with_the_chain(version: int, revoked: bool) -> None:
    response = certs.ocsp_response(certs.leaf("rsa"), revoked)
    pair = stapled(response)
    ok(st.SSLSetProtocolVersionMax(pair.server, version))
    codes = pair.handshake()
    verdict = (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown) if revoked else (0, 0)
    assert tuple(map(name, codes)) == tuple(map(name, verdict))
    assert st.SSLCopyPeerTrust(pair.client, None)[1].ocsp() == [response]
    if not revoked:
        assert metadata(pair.client).ocsp == response


def test_a_bad_response_is_a_matter_of_trust() -> None:
    pair = stapled(b"no response at all").connected()
    assert st.SSLCopyPeerTrust(pair.client, None)[1].ocsp() == [b"no response at all"]


def test_the_last_response_counts_and_an_empty_one_is_none() -> None:
    for responses, expected in (([b"one", b"two"], [b"two"]), ([b"one", b""], []), ([], [])):
        pair = Pair("rsa")
        for response in responses:
            ok(st.SSLSetOCSPResponse(pair.server, response))
        pair.connected()
        assert st.SSLCopyPeerTrust(pair.client, None)[1].ocsp() == expected


def test_a_response_is_there_at_the_pause_and_after_resumption_though_none_is_sent_again() -> None:
    who, response = os.urandom(9), certs.ocsp_response(certs.leaf("rsa"))
    for again in (False, True):
        pair = friends(who, credential="rsa")
        ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
        ok(st.SSLSetOCSPResponse(pair.server, b"another" if again else response))
        if not again:
            assert pair.handshake()[0] == st.errSSLPeerAuthCompleted
            assert st.SSLCopyPeerTrust(pair.client, None)[1].ocsp() == [response]
        pair.connected()
        assert resumed(pair) == again
        trust = st.SSLCopyPeerTrust(pair.client, None)[1]
        assert trust.ocsp() == [response]
        assert st.SecTrustEvaluateWithError(trust, None) == (True, None)
        assert metadata(pair.client).ocsp == response
        assert metadata(pair.server).ocsp is None


def test_each_handshake_has_the_response_of_its_own() -> None:
    pair = stapled(b"first")
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    pair.connected()
    for response in (b"second", b""):
        ok(st.SSLSetOCSPResponse(pair.server, response))
        ok(st.SSLReHandshake(pair.client))
        assert pair.handshake() == (0, 0)
        expected = [response] if response else []
        assert st.SSLCopyPeerTrust(pair.client, None)[1].ocsp() == expected


def test_no_response_is_sent_with_a_suite_that_has_no_certificate() -> None:
    suites = [st.TLS_DH_anon_WITH_AES_128_CBC_SHA]
    pair = Pair(client=client(suites=suites), server=server(None, suites))
    ok(st.SSLSetOCSPResponse(pair.server, b"a response"))
    assert pair.handshake() == (0, 0)
    assert metadata(pair.client).ocsp is None
    assert state(pair.client) == st.kSSLConnected
    assert legacy.SSLCopyPeerCertificates(pair.client, None) == (st.errSecBadReq, None)
