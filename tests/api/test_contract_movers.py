"""Rows of SSLHandshake, SSLReHandshake, SSLRead, SSLWrite and SSLClose that take a story of their own.

The plain ones are shown in ``test_states``, ``test_transfers`` and ``test_callbacks_contract``, alerts in
``test_contract_alerts``.
"""

from __future__ import annotations

from pipes import WOULD_BLOCK, Pair, array, certificate, client, connected, name, ok, server, state

import pytest

import certs
import securetransport as st
from securetransport import spi

contract = pytest.mark.contract
SIDES = ("client", "server")


# --- SSLHandshake ------------------------------------------------------------------------------------------------


def limited(suites: list[int], credential: str | None = "p256") -> Pair:
    return Pair(client=client(suites=suites), server=server(credential, suites))


@contract("SSLHandshake errSSLBadConfiguration")
@pytest.mark.parametrize("missing", SIDES)
def test_a_pre_shared_key_that_was_never_set_is_a_bad_configuration(missing: str) -> None:
    pair = limited([st.TLS_PSK_WITH_AES_128_CBC_SHA], None)
    for which in SIDES:
        if which != missing:
            ok(spi.SSLSetPSKSharedSecret(getattr(pair, which), b"secret", 6))
    codes = pair.handshake()
    assert codes[SIDES.index(missing)] == st.errSSLBadConfiguration
    assert 0 not in codes


@contract("SSLHandshake errSSLBadConfiguration", "SSLHandshake errSSLPeerInternalError")
def test_a_certificate_cannot_be_asked_for_in_an_anonymous_suite() -> None:
    pair = limited([st.TLS_DH_anon_WITH_AES_128_CBC_SHA], None)
    ok(st.SSLSetClientSideAuthenticate(pair.server, st.kTryAuthenticate))
    assert pair.handshake() == (st.errSSLPeerInternalError, st.errSSLBadConfiguration)


@contract("SSLHandshake errSSLCrypto")
def test_a_key_exchange_that_the_servers_key_did_not_sign_fails() -> None:
    pair = Pair()
    st.SSLHandshake(pair.client)
    st.SSLHandshake(pair.server)
    flight, at = pair.down.data, 0
    while flight[at + 5] != 12:  # ServerKeyExchange: the signature is what it ends with
        at += 5 + int.from_bytes(flight[at + 3 : at + 5], "big")
    flight[at + 4 + int.from_bytes(flight[at + 3 : at + 5], "big")] ^= 1
    assert st.SSLHandshake(pair.client) == st.errSSLCrypto


@contract("SSLHandshake errSSLInternal", "SSLHandshake errSSLPeerInternalError")
def test_a_chain_that_no_message_can_hold_is_an_internal_error() -> None:
    pair = Pair()
    root = certificate(certs.authority().der)
    ok(
        st.SSLSetCertificate(
            pair.server, [*array(certs.leaf("p256")), *[root] * (2**24 // len(root.der) + 1)]
        )
    )
    assert pair.handshake() == (st.errSSLPeerInternalError, st.errSSLInternal)


# --- SSLReHandshake ----------------------------------------------------------------------------------------------


@contract("SSLReHandshake errSecSuccess", "SSLReHandshake errSecBadReq")
def test_ssl_rehandshake_on_an_idle_client_starts_it() -> None:
    pair = Pair()
    assert st.SSLReHandshake(pair.client) == 0
    assert state(pair.client) == st.kSSLHandshake
    assert st.SSLReHandshake(pair.client) == st.errSecBadReq
    assert pair.handshake() == (0, 0)


@contract("SSLReHandshake errSSLIllegalParam", "SSLReHandshake errSecBadReq")
def test_ssl_rehandshake_on_an_idle_server_is_illegal() -> None:
    pair = Pair()
    assert st.SSLReHandshake(pair.server) == st.errSSLIllegalParam
    assert state(pair.server) == st.kSSLIdle
    st.SSLHandshake(pair.server)
    assert st.SSLReHandshake(pair.server) == st.errSecBadReq
    assert pair.handshake() == (0, 0)


@contract("SSLReHandshake errSecSuccess")
@pytest.mark.parametrize("which", SIDES)
def test_ssl_rehandshake_on_a_connection_begins_another_handshake(which: str) -> None:
    pair = Pair()
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    pair.connected()
    context = getattr(pair, which)
    assert st.SSLReHandshake(context) == 0
    assert pair.outgoing(context).writes == [], "it leaves with the next call"
    assert state(context) == (st.kSSLHandshake if which == "client" else st.kSSLConnected)
    for _ in range(8):
        for end in (pair.server, pair.client):
            assert st.SSLRead(end, None, 5, None) == (WOULD_BLOCK, b"", 0)
    assert (state(pair.client), state(pair.server)) == (st.kSSLConnected, st.kSSLConnected)
    assert pair.down.writes[-1][0] == 22, "the server's Finished, not a refusal"
    assert pair.transfer(pair.client, b"data") == b"data"


@contract("SSLReHandshake errSSLClosedGraceful", "SSLReHandshake errSSLClosedAbort")
@pytest.mark.parametrize("which", SIDES)
def test_ssl_rehandshake_on_an_ended_context_says_how_it_ended(which: str) -> None:
    pair = connected()
    context = getattr(pair, which)
    ok(st.SSLSetError(context, 0))
    assert st.SSLReHandshake(context) == st.errSSLClosedAbort
    ok(st.SSLClose(context))
    assert st.SSLReHandshake(context) == st.errSSLClosedGraceful


# --- SSLRead -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pause", "which", "option"),
    [
        pytest.param(pause, which, option, id=f"{pause}-{which}", marks=contract(f"SSLRead {pause}"))
        for pause, which, option in [
            ("errSSLClientHelloReceived", "server", st.kSSLSessionOptionBreakOnClientHello),
            ("errSSLPeerAuthCompleted", "client", st.kSSLSessionOptionBreakOnServerAuth),
            ("errSSLPeerAuthCompleted", "server", st.kSSLSessionOptionBreakOnClientAuth),
            ("errSSLClientCertRequested", "client", st.kSSLSessionOptionBreakOnCertRequested),
        ]
    ],
)
def test_a_renegotiation_pauses_reads_once_and_another_read_goes_on(
    pause: str, which: str, option: int
) -> None:
    pair = Pair()
    context = getattr(pair, which)
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    ok(st.SSLSetClientSideAuthenticate(pair.server, st.kTryAuthenticate))
    ok(st.SSLSetSessionOption(context, option, True))
    first = [code for codes in (pair.turns(), pair.turns()) for code in codes[SIDES.index(which)]]
    assert next(code for code in first if code != WOULD_BLOCK) == getattr(st, pause)
    assert (state(pair.client), state(pair.server)) == (st.kSSLConnected, st.kSSLConnected)
    assert st.SSLReHandshake(pair.server) == 0
    seen: list[int] = []
    for _ in range(12):
        for end in (pair.server, pair.client):
            status, data, processed = st.SSLRead(end, None, 5, None)
            assert (data, processed) == (b"", 0)
            if end is context:
                seen.append(status)
            else:
                assert status == WOULD_BLOCK, name(status)
    assert [code for code in seen if code != WOULD_BLOCK] == [getattr(st, pause)]
    assert (state(pair.client), state(pair.server)) == (st.kSSLConnected, st.kSSLConnected)
    assert pair.transfer(pair.server, b"data") == b"data"


def damaged(suite: int) -> Pair:
    """A connection where one record has arrived at the client with its last bit turned."""
    pair = limited([suite]).connected()
    ok(st.SSLWrite(pair.server, b"damaged", 7, None)[0])
    pair.down.data[-1] ^= 1
    return pair


@pytest.mark.parametrize(
    ("suite", "code"),
    [
        pytest.param(
            0xC023, "errSSLBadRecordMac", marks=contract("SSLRead errSSLBadRecordMac"), id="BadRecordMac"
        ),
        pytest.param(
            0xC02B, "errSSLDecryptionFail", marks=contract("SSLRead errSSLDecryptionFail"), id="Decryption"
        ),
    ],
)
def test_a_damaged_record_aborts_with_the_code_of_its_protection(suite: int, code: str) -> None:
    pair = damaged(suite)
    assert st.SSLRead(pair.client, None, 9, None) == (getattr(st, code), b"", 0)
    assert state(pair.client) == st.kSSLAborted
    assert st.SSLRead(pair.client, None, 9, None) == (st.errSSLClosedAbort, b"", 0)


@contract("SSLRead errSSLRecordOverflow")
def test_a_record_that_claims_too_much_aborts_before_its_body_is_asked_for() -> None:
    for length, code in (
        (18_427, WOULD_BLOCK),
        (18_428, st.errSSLRecordOverflow),
        (65_535, st.errSSLRecordOverflow),
    ):
        pair = connected()
        pair.down.data += bytes([23, 3, 3]) + length.to_bytes(2)
        assert st.SSLRead(pair.client, None, 9, None) == (code, b"", 0)
        assert pair.down.asked == ([5, length] if code == WOULD_BLOCK else [5])
        assert (state(pair.client) == st.kSSLAborted) == (code != WOULD_BLOCK)


@pytest.mark.contract("SSLRead errSSLClosedNoNotify", instead="errSSLClosedAbort")
@pytest.mark.parametrize("code", [st.errSSLClosedNoNotify, st.errSSLClosedGraceful, st.errSecIO], ids=name)
def test_an_end_without_a_notice_is_closed_abort_whatever_the_callback_calls_it(code: int) -> None:
    pair = connected()
    pair.down.on_read.append(code)
    assert st.SSLRead(pair.client, None, 9, None) == (st.errSSLClosedAbort, b"", 0)


# --- SSLClose ----------------------------------------------------------------------------------------------------


@contract("SSLClose callback code", "SSLClose errSecSuccess")
@pytest.mark.parametrize("code", [st.errSSLClosedAbort, st.errSSLProtocol, -1, 77, st.errSecIO], ids=name)
def test_ssl_close_returns_the_code_of_the_transport_but_for_one(code: int) -> None:
    pair = connected()
    pair.up.on_write.append(code)
    assert st.SSLClose(pair.client) == (0 if code == st.errSecIO else code)
    assert state(pair.client) == st.kSSLClosed
    assert st.SSLClose(pair.client) == 0
