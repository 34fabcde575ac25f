"""What each call answers in each state, which setters work when, and what a pause is."""

from __future__ import annotations

from collections.abc import Callable
from pipes import WOULD_BLOCK, Pair, Pipe, array, bring, certificate, client, connected, ok, server, state
from typing import Any

import pytest

import certs
import securetransport as st
from contract_report import named
from securetransport import legacy, spi

IDLE, HANDSHAKE, CONNECTED, CLOSED, ABORTED = range(5)
SIDES = ["client", "server"]
GRACEFUL, ABORT, BAD_REQUEST = st.errSSLClosedGraceful, st.errSSLClosedAbort, st.errSecBadReq


# --- the table of calls and states -------------------------------------------------------------------------


@pytest.mark.parametrize("which", SIDES)
class TestCallsPerState:
    @pytest.mark.contract(
        "SSLHandshake errSSLWouldBlock",
        "SSLHandshake errSSLClosedGraceful",
        "SSLHandshake errSSLClosedAbort",
    )
    def test_ssl_handshake(self, which: str) -> None:
        context, pair = bring(which, IDLE)
        assert st.SSLHandshake(context) == WOULD_BLOCK
        assert state(context) == HANDSHAKE
        assert len(pair.outgoing(context).writes) == (1 if which == "client" else 0)
        assert st.SSLHandshake(context) == WOULD_BLOCK
        assert len(pair.outgoing(context).writes) == (1 if which == "client" else 0)
        assert pair.handshake() == (0, 0)
        assert st.SSLHandshake(bring(which, CLOSED)[0]) == GRACEFUL
        assert st.SSLHandshake(bring(which, ABORTED)[0]) == ABORT

    def test_ssl_handshake_when_connected_reads_a_record(self, which: str) -> None:
        context, pair = bring(which, CONNECTED)
        assert st.SSLHandshake(context) == WOULD_BLOCK
        assert pair.incoming(context).asked == [5]
        assert state(context) == CONNECTED
        ok(st.SSLWrite(pair.other(context), b"hello", 5, None)[0])
        assert st.SSLHandshake(context) == st.errSSLProtocol

    @pytest.mark.contract(
        "SSLRead errSecSuccess",
        "SSLRead errSSLWouldBlock",
        "SSLRead errSSLClosedGraceful",
        "SSLRead errSSLClosedAbort",
    )
    def test_ssl_read(self, which: str) -> None:
        context, pair = bring(which, IDLE)
        assert st.SSLRead(context, None, 5, None) == (WOULD_BLOCK, b"", 0)
        assert pair.outgoing(context).writes == []  # does not start a client
        assert state(context) == IDLE
        context, pair = bring(which, HANDSHAKE)
        assert st.SSLRead(context, None, 5, None) == (WOULD_BLOCK, b"", 0)
        assert state(context) == HANDSHAKE
        context, pair = bring(which, CONNECTED)
        assert st.SSLRead(context, None, 5, None) == (WOULD_BLOCK, b"", 0)
        ok(st.SSLWrite(pair.other(context), b"hello", 5, None)[0])
        assert st.SSLRead(context, None, 5, None) == (0, b"hello", 5)
        assert st.SSLRead(bring(which, CLOSED)[0], None, 5, None) == (GRACEFUL, b"", 0)
        assert st.SSLRead(bring(which, ABORTED)[0], None, 5, None) == (ABORT, b"", 0)

    def test_ssl_read_and_ssl_write_drive_a_handshake(self, which: str) -> None:
        context, pair = bring(which, HANDSHAKE)
        peer = pair.other(context)
        for _ in range(10):
            st.SSLHandshake(peer)
            assert st.SSLRead(context, None, 5, None) == (WOULD_BLOCK, b"", 0)
        assert (state(context), state(peer)) == (CONNECTED, CONNECTED)
        context, pair = bring(which, HANDSHAKE)
        peer = pair.other(context)
        for _ in range(10):
            st.SSLHandshake(peer)
            answer = st.SSLWrite(context, b"hello", 5, None)
            if answer != (WOULD_BLOCK, 0):
                break
        assert answer == (0, 5)
        if state(peer) != CONNECTED:
            st.SSLHandshake(peer)
        assert st.SSLRead(peer, None, 5, None) == (0, b"hello", 5)

    @pytest.mark.contract(
        "SSLWrite errSecSuccess",
        "SSLWrite errSecBadReq",
        "SSLWrite errSSLWouldBlock",
        "SSLWrite errSSLClosedGraceful",
        "SSLWrite errSSLClosedAbort",
    )
    def test_ssl_write(self, which: str) -> None:
        assert st.SSLWrite(bring(which, IDLE)[0], b"hello", 5, None) == (BAD_REQUEST, 0)
        assert st.SSLWrite(bring(which, IDLE)[0], None, 0, None) == (BAD_REQUEST, 0)
        assert st.SSLWrite(bring(which, HANDSHAKE)[0], b"hello", 5, None) == (WOULD_BLOCK, 0)
        assert st.SSLWrite(bring(which, CONNECTED)[0], b"hello", 5, None) == (0, 5)
        assert st.SSLWrite(bring(which, CLOSED)[0], b"hello", 5, None) == (GRACEFUL, 0)
        assert st.SSLWrite(bring(which, CLOSED)[0], None, 0, None) == (GRACEFUL, 0)
        assert st.SSLWrite(bring(which, ABORTED)[0], b"hello", 5, None) == (ABORT, 0)

    @pytest.mark.contract("SSLClose errSecSuccess")
    def test_ssl_close(self, which: str) -> None:
        context, pair = bring(which, IDLE)
        assert (st.SSLClose(context), state(context)) == (0, CLOSED)
        assert pair.outgoing(context).writes == []
        context, pair = bring(which, HANDSHAKE)
        before = len(pair.outgoing(context).writes)
        assert (st.SSLClose(context), state(context)) == (0, CLOSED)
        assert len(pair.outgoing(context).writes) == before  # no version was fixed, so no notice is allowed
        context, pair = bring(which, CONNECTED)
        assert (st.SSLClose(context), state(context)) == (0, CLOSED)
        assert [write[0] for write in pair.outgoing(context).writes] == [21]
        context, pair = bring(which, CLOSED)
        assert (st.SSLClose(context), state(context)) == (0, CLOSED)
        context, pair = bring(which, ABORTED)
        assert (st.SSLClose(context), state(context)) == (0, CLOSED)

    def test_ssl_close_without_io_functions(self, which: str) -> None:
        context = client() if which == "client" else server()
        assert (st.SSLClose(context), state(context)) == (0, CLOSED)

    def test_ssl_get_negotiated_cipher(self, which: str) -> None:
        assert st.SSLGetNegotiatedCipher(bring(which, IDLE)[0]) == (BAD_REQUEST, None)
        assert st.SSLGetNegotiatedCipher(bring(which, HANDSHAKE)[0]) == (0, 0)
        assert st.SSLGetNegotiatedCipher(bring(which, CONNECTED)[0]) == (0, 0xC02C)
        assert st.SSLGetNegotiatedCipher(bring(which, CLOSED)[0]) == (BAD_REQUEST, None)
        assert st.SSLGetNegotiatedCipher(bring(which, ABORTED)[0]) == (BAD_REQUEST, None)

    def test_ssl_get_negotiated_protocol_version(self, which: str) -> None:
        for where, expected in (
            (IDLE, st.kSSLProtocolUnknown),
            (HANDSHAKE, st.kSSLProtocolUnknown),
            (CONNECTED, st.kTLSProtocol12),
            (CLOSED, st.kTLSProtocol12),
            (ABORTED, st.kTLSProtocol12),
        ):
            assert st.SSLGetNegotiatedProtocolVersion(bring(which, where)[0]) == (0, expected)

    def test_ssl_copy_peer_trust(self, which: str) -> None:
        for where in range(5):
            status, trust = st.SSLCopyPeerTrust(bring(which, where)[0])
            assert status == 0
            assert (trust is not None) is (which == "client" and where >= CONNECTED)

    def test_ssl_copy_peer_certificates(self, which: str) -> None:
        for where in range(5):
            status, chain = legacy.SSLCopyPeerCertificates(bring(which, where)[0])
            if which == "client" and where >= CONNECTED:
                assert status == 0
                assert [c.der for c in chain] == [certs.leaf("p256").der, certs.authority().der]
            else:
                assert (status, chain) == (BAD_REQUEST, None)

    def test_ssl_get_buffered_read_size(self, which: str) -> None:
        for where in range(5):
            assert st.SSLGetBufferedReadSize(bring(which, where)[0]) == (0, 0)


def test_a_client_that_is_only_read_from_waits_for_ever_but_can_still_be_started() -> None:
    pair = Pair("p256")
    for _ in range(3):
        assert st.SSLRead(pair.client, None, 5, None) == (WOULD_BLOCK, b"", 0)
    assert pair.up.writes == []
    assert pair.handshake() == (0, 0)


# --- setters ---------------------------------------------------------------------------------------------

Setter = Callable[[Any], int]
GROUP = certs.dh_group(certs.PRIME_1024)
NAME = certs.authority().certificate.subject.public_bytes()
WHILE_IDLE: dict[str, Setter] = {
    "SSLSetSessionOption": lambda c: st.SSLSetSessionOption(c, st.kSSLSessionOptionFallback, False),
    "SSLSetIOFuncs": lambda c: st.SSLSetIOFuncs(c, lambda *_: WOULD_BLOCK, lambda *_: WOULD_BLOCK),
    "SSLSetConnection": lambda c: st.SSLSetConnection(c, None),
    "SSLSetPeerDomainName": lambda c: st.SSLSetPeerDomainName(c, "localhost", 9),
    "SSLSetEnabledCiphers": lambda c: st.SSLSetEnabledCiphers(c, [0xC02C], 1),
    "SSLSetEnableCertVerify": lambda c: legacy.SSLSetEnableCertVerify(c, True),
    "SSLSetTrustedRoots": lambda c: legacy.SSLSetTrustedRoots(c, [certificate(certs.authority().der)], True),
    "SSLSetTrustedLeafCertificates": lambda c: spi.SSLSetTrustedLeafCertificates(c, None),
    "SSLSetProtocolVersion": lambda c: legacy.SSLSetProtocolVersion(c, st.kTLSProtocol12),
    "SSLSetProtocolVersionEnabled": lambda c: legacy.SSLSetProtocolVersionEnabled(c, st.kTLSProtocol12, True),
    "SSLSetClientSideAuthenticate": lambda c: st.SSLSetClientSideAuthenticate(c, st.kTryAuthenticate),
    "SSLSetEncryptionCertificate": lambda c: st.SSLSetEncryptionCertificate(c, array(certs.leaf("rsa"))),
    "SSLSetPeerID": lambda c: st.SSLSetPeerID(c, b"peer", 4),
    "SSLAddDistinguishedName": lambda c: st.SSLAddDistinguishedName(c, NAME, len(NAME)),
    "SSLSetDiffieHellmanParams": lambda c: st.SSLSetDiffieHellmanParams(c, GROUP, len(GROUP)),
    "SSLSetECDSACurves": lambda c: spi.SSLSetECDSACurves(c, [23, 24], 2),
}
#: The same with values that are never right; refused for the state first.
WRONG_VALUES: dict[str, Setter] = {
    "SSLSetSessionOption": lambda c: st.SSLSetSessionOption(c, 99, True),
    "SSLSetIOFuncs": lambda c: st.SSLSetIOFuncs(c, None, None),
    "SSLSetPeerDomainName": lambda c: st.SSLSetPeerDomainName(c, "localhost", 99),
    "SSLSetPeerDomainName, None": lambda c: st.SSLSetPeerDomainName(c, None, 0),
    "SSLSetEnabledCiphers": lambda c: st.SSLSetEnabledCiphers(c, [], 0),
    "SSLSetEnabledCiphers, count": lambda c: st.SSLSetEnabledCiphers(c, [1], 2**70),
    "SSLSetTrustedRoots": lambda c: legacy.SSLSetTrustedRoots(c, [object()], True),
    "SSLSetTrustedLeafCertificates": lambda c: spi.SSLSetTrustedLeafCertificates(c, [object()]),
    "SSLSetProtocolVersion": lambda c: legacy.SSLSetProtocolVersion(c, st.kTLSProtocol13),
    "SSLSetProtocolVersionEnabled": lambda c: legacy.SSLSetProtocolVersionEnabled(c, 99, True),
    "SSLSetClientSideAuthenticate": lambda c: st.SSLSetClientSideAuthenticate(c, 3),
    "SSLSetEncryptionCertificate": lambda c: st.SSLSetEncryptionCertificate(c, [object()]),
    "SSLSetPeerID": lambda c: st.SSLSetPeerID(c, b"", 0),
    "SSLAddDistinguishedName": lambda c: st.SSLAddDistinguishedName(c, None, 0),
    "SSLSetDiffieHellmanParams": lambda c: st.SSLSetDiffieHellmanParams(c, b"no group", 8),
    "SSLSetECDSACurves": lambda c: spi.SSLSetECDSACurves(c, [], 0),
}
ANY_TIME: dict[str, Setter] = {
    "SSLSetCertificate": lambda c: st.SSLSetCertificate(c, array(certs.leaf("p256"))),
    "SSLSetProtocolVersionMin": lambda c: st.SSLSetProtocolVersionMin(c, st.kTLSProtocol1),
    "SSLSetProtocolVersionMax": lambda c: st.SSLSetProtocolVersionMax(c, st.kTLSProtocol12),
    "SSLSetAllowsAnyRoot": lambda c: legacy.SSLSetAllowsAnyRoot(c, False),
    "SSLSetALPNProtocols": lambda c: st.SSLSetALPNProtocols(c, ["h2"]),
    "SSLSetSessionConfig": lambda c: st.SSLSetSessionConfig(c, "default"),
    "SSLSetSessionCacheTimeout": lambda c: spi.SSLSetSessionCacheTimeout(c, 1),
    "SSLSetOCSPResponse": lambda c: st.SSLSetOCSPResponse(c, b""),
    "SSLSetPSKSharedSecret": lambda c: spi.SSLSetPSKSharedSecret(c, b"secret", 6),
    "SSLSetPSKIdentity": lambda c: spi.SSLSetPSKIdentity(c, b"me", 2),
    "SSLSetSessionTicketsEnabled": lambda c: st.SSLSetSessionTicketsEnabled(c, False),
    "SSLSetDHEEnabled": lambda c: spi.SSLSetDHEEnabled(c, False),
    "SSLSetMinimumDHGroupSize": lambda c: spi.SSLSetMinimumDHGroupSize(c, 1024),
    "SSLSetALPNData": lambda c: spi.SSLSetALPNData(c, b"\2h2", 3),
    "SSLSetRsaBlinding": lambda c: legacy.SSLSetRsaBlinding(c, True),
    "SSLSetAllowsExpiredCerts": lambda c: legacy.SSLSetAllowsExpiredCerts(c, True),
    "SSLSetAllowsExpiredRoots": lambda c: legacy.SSLSetAllowsExpiredRoots(c, True),
    "SSLSetAllowAnonymousCiphers": lambda c: spi.SSLSetAllowAnonymousCiphers(c, True),
    "SSLSetError": lambda c: st.SSLSetError(c, 0),
}
STATES = {IDLE: "Idle", HANDSHAKE: "Handshake", CONNECTED: "Connected", CLOSED: "Closed", ABORTED: "Aborted"}


def cells() -> list[Any]:
    """Every cell of the table of setters: those that refuse are marked with the row that says so."""
    return [
        pytest.param(
            setter,
            where,
            which,
            id=f"{setter}-{word}-{which}",
            marks=[pytest.mark.contract(named(setter, "errSecBadReq", condition(setter)))]
            if where in (HANDSHAKE, CONNECTED)
            else [],
        )
        for setter in WHILE_IDLE
        for where, word in STATES.items()
        for which in SIDES
    ]


def condition(setter: str) -> str:
    return "a session is active" if setter in ("SSLSetIOFuncs", "SSLSetConnection") else ""


@pytest.mark.parametrize(("setter", "where", "which"), cells())
def test_a_setter_that_must_not_change_a_running_session(setter: str, where: int, which: str) -> None:
    context, _ = bring(which, where)
    active = where in (HANDSHAKE, CONNECTED)
    assert WHILE_IDLE[setter](context) == (BAD_REQUEST if active else 0)


@pytest.mark.parametrize("which", SIDES)
@pytest.mark.parametrize("where", [IDLE, HANDSHAKE, CONNECTED, CLOSED, ABORTED])
@pytest.mark.parametrize("setter", WRONG_VALUES)
def test_the_state_is_judged_before_the_value(setter: str, where: int, which: str) -> None:
    context, _ = bring(which, where)
    active = where in (HANDSHAKE, CONNECTED)
    assert WRONG_VALUES[setter](context) == (BAD_REQUEST if active else st.errSecParam)


@pytest.mark.parametrize("where", [IDLE, HANDSHAKE, CONNECTED, CLOSED, ABORTED])
def test_a_wrong_type_is_judged_before_the_state(where: int) -> None:
    context, _ = bring("client", where)
    for call in (
        lambda: st.SSLSetSessionOption(context, "0", True),
        lambda: st.SSLSetIOFuncs(context, 1, 2),
        lambda: st.SSLSetPeerDomainName(context, 7, 7),
        lambda: st.SSLSetEnabledCiphers(context, 7, 7),
        lambda: st.SSLSetPeerDomainName(context, "localhost", 9.0),
        lambda: st.SSLRead(context, None, "5", None),
        lambda: st.SSLRead(context, b"const", 5, None),
        lambda: st.SSLWrite(context, "text", 4, None),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("which", SIDES)
@pytest.mark.parametrize("where", [IDLE, HANDSHAKE, CONNECTED, CLOSED, ABORTED])
@pytest.mark.parametrize("setter", ANY_TIME)
def test_a_setter_that_is_allowed_any_time(setter: str, where: int, which: str) -> None:
    context, _ = bring(which, where)
    assert ANY_TIME[setter](context) == 0


@pytest.mark.parametrize("which", SIDES)
@pytest.mark.parametrize("where", STATES, ids=STATES.get)
@pytest.mark.contract(named("SSLSetCertificateAuthorities", "errSecParam"))
def test_authorities_are_for_idle_servers_and_the_refusal_is_param(where: int, which: str) -> None:
    context, _ = bring(which, where)
    refused = which == "client" or where in (HANDSHAKE, CONNECTED)
    given = [certificate(certs.authority().der)]
    assert st.SSLSetCertificateAuthorities(context, given, True) == (st.errSecParam if refused else 0)
    assert st.SSLCopyCertificateAuthorities(context) == (0, None if refused else given)
    for wrong in ([object()], [*given, None], None):
        assert st.SSLSetCertificateAuthorities(context, wrong, True) == st.errSecParam


def test_every_setter_has_its_cells() -> None:
    elsewhere = {
        "SSLSetCertificateAuthorities",  # above
        *("SSLSetALPNFunc", "SSLInternalSetMasterSecretFunction"),  # no status of the state
        *(
            "SSLSetMaxDatagramRecordSize",
            "SSLSetDatagramHelloCookie",
        ),  # for datagrams alone: test_contract_datagrams
    }
    setters = {
        name for module in (st, legacy, spi) for name in vars(module) if name.startswith(("SSLSet", "SSLAdd"))
    }
    assert setters - elsewhere <= WHILE_IDLE.keys() | ANY_TIME.keys()


def test_an_ended_context_takes_setters_but_no_new_session() -> None:
    for where, code in ((CLOSED, GRACEFUL), (ABORTED, ABORT)):
        context, pair = bring("client", where)
        ok(st.SSLSetIOFuncs(context, pair.down.read, pair.up.write))
        assert st.SSLHandshake(context) == code
        assert state(context) == where


# --- values of setters and getters -------------------------------------------------------------------------


def test_a_fresh_context_has_the_published_values() -> None:
    for context in (st.SSLCreateContext(None, side, st.kSSLStreamType) for side in (0, 1)):
        assert state(context) == st.kSSLIdle
        assert st.SSLGetProtocolVersionMin(context) == (0, st.kTLSProtocol1)
        assert st.SSLGetProtocolVersionMax(context) == (0, st.kTLSProtocol12)
        assert st.SSLGetNumberEnabledCiphers(context) == (0, 21)
        options = [st.SSLGetSessionOption(context, option) for option in range(10)]
        assert options == [(0, option == st.kSSLSessionOptionSendOneByteRecord) for option in range(10)]
        assert legacy.SSLGetEnableCertVerify(context) == (0, True)
        assert legacy.SSLGetAllowsAnyRoot(context) == (0, False)
        assert st.SSLGetConnection(context) == (0, None)
        assert st.SSLGetPeerDomainNameLength(context) == (0, 0)
        assert st.SSLGetPeerDomainName(context, None, 0) == (0, b"", 0)
        assert st.SSLCopyRequestedPeerNameLength(context) == (0, 0)
        assert st.SSLCopyRequestedPeerName(context, None, 0) == (0, b"", 0)
        assert st.SSLCopyALPNProtocols(context) == (st.errSecParam, None)


@pytest.mark.parametrize("option", range(10))
def test_every_option_can_be_set_and_read(option: int) -> None:
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    for value in (True, False, True):
        ok(st.SSLSetSessionOption(context, option, value))
        assert st.SSLGetSessionOption(context, option) == (0, value)


def test_the_options_for_judging_oneself_share_the_switch_of_automatic_verification() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    for option in (st.kSSLSessionOptionBreakOnServerAuth, st.kSSLSessionOptionBreakOnClientAuth):
        ok(st.SSLSetSessionOption(context, option, True))
        assert legacy.SSLGetEnableCertVerify(context) == (0, False)
        ok(st.SSLSetSessionOption(context, option, False))
        assert legacy.SSLGetEnableCertVerify(context) == (0, True)
    ok(st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth, True))
    ok(legacy.SSLSetEnableCertVerify(context, True))
    assert st.SSLGetSessionOption(context, st.kSSLSessionOptionBreakOnServerAuth) == (0, True)
    assert legacy.SSLGetEnableCertVerify(context) == (0, True)


def test_versions_push_each_other() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)

    def bounds() -> tuple[int, int]:
        return st.SSLGetProtocolVersionMin(context)[1], st.SSLGetProtocolVersionMax(context)[1]

    ok(st.SSLSetProtocolVersionMax(context, st.kSSLProtocol3))
    assert bounds() == (st.kSSLProtocol3, st.kSSLProtocol3)
    ok(st.SSLSetProtocolVersionMin(context, st.kTLSProtocol11))
    assert bounds() == (st.kTLSProtocol11, st.kTLSProtocol11)
    ok(st.SSLSetProtocolVersionMax(context, st.kTLSProtocolMaxSupported))
    assert bounds()[0] == st.kTLSProtocol11
    assert bounds()[1] >= st.kTLSProtocol12
    for version in (0, 1, 3, 5, 6, 9, 11, 12, -1, 1000, 2**40):
        assert st.SSLSetProtocolVersionMin(context, version) == st.errSSLIllegalParam
        assert st.SSLSetProtocolVersionMax(context, version) == st.errSSLIllegalParam
    assert st.SSLSetProtocolVersionMin(context, st.kTLSProtocolMaxSupported) == st.errSSLIllegalParam
    assert bounds()[0] == st.kTLSProtocol11


def test_names_are_cut_at_a_nul_and_replaced() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    for given, length, expected in (
        ("localhost", 9, b"localhost"),
        ("localhost\0", 10, b"localhost"),
        (b"local\0host", 10, b"local"),
        ("localhost", 5, b"local"),
        (b"\xff\xfe", 2, b"\xff\xfe"),
        ("bücher.example", 14, b"xn--bcher-kva.example"),
        ("::1", 3, b"::1"),
        ("", 0, b""),
    ):
        assert st.SSLSetPeerDomainName(context, given, length) == 0
        assert st.SSLGetPeerDomainNameLength(context) == (0, len(expected))
        assert st.SSLGetPeerDomainName(context, None, 100) == (0, expected, len(expected))
    assert st.SSLSetPeerDomainName(context, "localhost", 9) == 0
    assert st.SSLGetPeerDomainName(context, None, 8) == (st.errSSLBufferOverflow, None, 8)
    assert st.SSLSetPeerDomainName(context, "ü" * 300, 300) == st.errSecParam
    assert st.SSLGetPeerDomainName(context, None, 9) == (0, b"localhost", 9)
    assert st.SSLCopyRequestedPeerName(context, None, 9) == (0, b"localhost", 9)


def test_a_server_takes_a_name_without_effect() -> None:
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    assert st.SSLSetPeerDomainName(context, "localhost", 9) == 0
    assert st.SSLGetPeerDomainName(context, None, 100) == (0, b"", 0)


def test_protocol_names_have_their_limits() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    assert st.SSLSetALPNProtocols(context, None) == st.errSecParam
    assert st.SSLSetALPNProtocols(context, []) == st.errSecParam
    assert st.SSLSetALPNProtocols(context, ["h2", b"http/1.1"]) == 0
    assert st.SSLSetALPNProtocols(context, ["x" * 32, "h2"]) == 0
    assert st.SSLSetALPNProtocols(context, ["x" * 31] * 7 + ["x" * 30]) == 0
    assert st.SSLSetALPNProtocols(context, ["x" * 31] * 8) == st.errSecParam
    for wrong in ("h2", b"h2", [1], [None], 5):
        with pytest.raises(TypeError):
            st.SSLSetALPNProtocols(context, wrong)


def test_names_that_are_too_long_are_not_offered() -> None:
    pair = Pair("p256")
    ok(st.SSLSetALPNProtocols(pair.client, ["x" * 32, "h2", "été"]))
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    st.SSLHandshake(pair.client)
    assert st.SSLHandshake(pair.server) == st.errSSLClientHelloReceived
    assert st.SSLCopyALPNProtocols(pair.server) == (0, ["h2"])


def test_certificates_have_to_be_an_identity_and_certificates() -> None:
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    identity, intermediate = array(certs.leaf("chained"))
    assert st.SSLSetCertificate(context, [identity, intermediate]) == 0
    assert st.SSLSetCertificate(context, st.CFArray([identity])) == 0
    assert st.SSLSetCertificate(context, (identity,)) == 0
    assert st.SSLSetCertificate(context, []) == st.errSSLBadCert
    assert st.SSLSetCertificate(context, [intermediate]) == st.errSecParam
    assert st.SSLSetCertificate(context, [identity, identity]) == st.errSecParam
    assert st.SSLSetCertificate(context, [identity, None]) == st.errSecParam
    assert st.SSLSetCertificate(context, [None]) == st.errSecParam
    assert st.SSLSetCertificate(context, None) == 0
    with pytest.raises(TypeError):
        st.SSLSetCertificate(context, identity)


@pytest.mark.parametrize("clear", [True, False])
@pytest.mark.contract("SSLHandshake errSSLNegotiation")
def test_a_server_without_a_certificate_cannot_agree_on_a_suite(clear: bool) -> None:
    context = server("p256" if clear else None)
    if clear:
        ok(st.SSLSetCertificate(context, None))
    pair = Pair(server=context)
    assert pair.handshake() == (st.errSSLPeerHandshakeFail, st.errSSLNegotiation)


def test_roots_that_replace_are_the_only_ones() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    assert legacy.SSLCopyTrustedRoots(context)[0] == 0
    roots = [certificate(certs.authority().der), certificate(certs.stranger().der)]
    ok(legacy.SSLSetTrustedRoots(context, roots[:1], True))
    assert legacy.SSLCopyTrustedRoots(context) == (0, roots[:1])
    ok(legacy.SSLSetTrustedRoots(context, roots[1:], False))
    assert list(legacy.SSLCopyTrustedRoots(context)[1])[-1:] == roots[1:]
    pair = Pair("unknown_authority", client=client(anchors=[certs.authority(), certs.stranger()]))
    assert pair.handshake() == (0, 0)


# --- pauses ------------------------------------------------------------------------------------------------


@pytest.mark.contract("SSLHandshake errSSLPeerAuthCompleted")
def test_the_pause_for_the_servers_certificate_comes_once_and_accepting_is_going_on() -> None:
    pair = Pair("unknown_authority")  # the application judges, so nothing else does
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    codes = pair.turns()[0]
    assert codes[-1] == st.errSSLPeerAuthCompleted == st.errSSLServerAuthCompleted
    assert set(codes[:-1]) == {WOULD_BLOCK}
    assert state(pair.client) == HANDSHAKE
    status, trust = st.SSLCopyPeerTrust(pair.client)
    assert (status, type(trust)) == (0, st.SecTrust)
    assert st.SSLCopyPeerTrust(pair.client)[1] is trust
    assert [code for code in pair.turns()[0] if code != WOULD_BLOCK] == [0]
    assert st.SSLCopyPeerTrust(pair.client)[1] is trust
    assert state(pair.client) == CONNECTED


def test_with_verification_on_again_the_pause_comes_first_and_the_refusal_second() -> None:
    pair = Pair("unknown_authority")
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    ok(legacy.SSLSetEnableCertVerify(pair.client, True))
    assert pair.turns()[0][-1] == st.errSSLPeerAuthCompleted
    assert st.SSLHandshake(pair.client) == st.errSSLXCertChainInvalid
    assert st.SSLHandshake(pair.server) == st.errSSLPeerCertUnknown


@pytest.mark.parametrize("mover", ["read", "write"])
def test_pauses_come_out_of_reads_and_writes_too(mover: str) -> None:
    pair = Pair("p256")
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    seen = {pair.client: [st.SSLHandshake(pair.client)], pair.server: [st.SSLHandshake(pair.server)]}
    for _ in range(10):
        for context in (pair.server, pair.client):
            if mover == "read":
                seen[context].append(st.SSLRead(context, None, 5, None)[0])
            else:
                seen[context].append(st.SSLWrite(context, b"hello", 5, None)[0])
    assert [c for c in seen[pair.client] if c not in (0, WOULD_BLOCK)] == [st.errSSLPeerAuthCompleted]
    assert [c for c in seen[pair.server] if c not in (0, WOULD_BLOCK)] == [st.errSSLClientHelloReceived]
    assert (state(pair.client), state(pair.server)) == (CONNECTED, CONNECTED)


@pytest.mark.contract("SSLHandshake errSSLClientHelloReceived")
def test_at_the_pause_for_the_hello_a_server_chooses_by_name() -> None:
    pair = Pair(None)
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    ok(st.SSLSetALPNProtocols(pair.client, ["h2", "http/1.1"]))
    st.SSLHandshake(pair.client)
    assert st.SSLHandshake(pair.server) == st.errSSLClientHelloReceived
    assert state(pair.server) == HANDSHAKE
    assert st.SSLCopyRequestedPeerNameLength(pair.server) == (0, 10)
    assert st.SSLCopyRequestedPeerName(pair.server, None, 10) == (0, b"localhost\0", 10)
    assert st.SSLCopyRequestedPeerName(pair.server, None, 9) == (st.errSSLBufferOverflow, None, 9)
    assert st.SSLCopyALPNProtocols(pair.server) == (0, ["h2", "http/1.1"])
    assert st.SSLGetNegotiatedProtocolVersion(pair.server) == (0, st.kTLSProtocol12)
    assert st.SSLGetNegotiatedCipher(pair.server) == (0, 0)
    ok(st.SSLSetCertificate(pair.server, array(certs.leaf("p384"))))
    ok(st.SSLSetALPNProtocols(pair.server, ["http/1.1"]))
    assert pair.handshake() == (0, 0)
    assert st.SSLCopyALPNProtocols(pair.client) == (0, ["http/1.1"])
    assert st.SSLCopyALPNProtocols(pair.server) == (0, ["http/1.1"])
    assert legacy.SSLCopyPeerCertificates(pair.client)[1][0].der == certs.leaf("p384").der


def test_a_client_without_a_name_asks_for_none() -> None:
    pair = Pair("wrong_host", client=client(host=None))
    assert pair.handshake() == (0, 0)  # and any name passes
    assert st.SSLCopyRequestedPeerNameLength(pair.server) == (0, 0)
    assert st.SSLCopyRequestedPeerName(pair.server, None, 0) == (0, b"", 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_addresses_are_found_in_the_certificate(host: str) -> None:
    assert Pair("p256", client=client(host=host)).handshake() == (0, 0)


@pytest.mark.parametrize("host", ["127.0.0.2", "::2", "localhost.example", "example.com"])
def test_other_names_and_addresses_are_not(host: str) -> None:
    codes = Pair("p256", client=client(host=host)).handshake()
    assert codes == (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown)


def test_closing_at_a_pause_is_graceful_for_the_peer() -> None:
    pair = Pair("p256")
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    assert pair.turns()[0][-1] == st.errSSLPeerAuthCompleted
    assert st.SSLClose(pair.client) == 0
    assert st.SSLHandshake(pair.server) == GRACEFUL


def test_dropping_a_context_sends_nothing() -> None:
    pair = connected()
    pair.client = None
    assert pair.up.writes == []


# --- SSLSetError ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        (st.errSecCertificateExpired, st.errSSLPeerCertExpired),
        (st.errSecCertificateRevoked, st.errSSLPeerCertRevoked),
        (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown),
        (0, st.errSSLPeerCertUnknown),
    ],
)
@pytest.mark.contract("SSLSetError errSecSuccess")
def test_an_error_that_is_set_at_a_pause_tells_the_peer_why(code: int, seen: int) -> None:
    pair = Pair("p256")
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    assert pair.turns()[0][-1] == st.errSSLPeerAuthCompleted
    assert st.SSLSetError(pair.client, code) == 0
    assert state(pair.client) == ABORTED
    assert st.SSLRead(pair.client, None, 5, None) == (ABORT, b"", 0)
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (ABORT, 0)
    assert st.SSLHandshake(pair.client) == 0
    assert state(pair.client) == CLOSED
    assert st.SSLHandshake(pair.server) == seen


def test_an_error_that_is_set_before_the_start_sends_nothing() -> None:
    pair = Pair("p256")
    assert st.SSLSetError(pair.client, st.errSecCertificateExpired) == 0
    assert state(pair.client) == ABORTED
    assert st.SSLHandshake(pair.client) == 0
    assert state(pair.client) == CLOSED
    assert pair.up.writes == []


def test_an_error_whose_alert_is_stuck_is_told_by_closing_again() -> None:
    pair = Pair("p256")
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    assert pair.turns()[0][-1] == st.errSSLPeerAuthCompleted
    st.SSLSetError(pair.client, st.errSecCertificateRevoked)
    pair.up.room = 0
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK
    assert state(pair.client) == CLOSED
    pair.up.room = None
    assert st.SSLClose(pair.client) == 0
    assert st.SSLHandshake(pair.server) == st.errSSLPeerCertRevoked


# --- verification -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("credential", certs.GOOD)
@pytest.mark.contract("SSLHandshake errSecSuccess")
def test_a_good_chain_is_accepted(credential: str) -> None:
    assert Pair(credential).handshake() == (0, 0)


@pytest.mark.parametrize("credential", certs.BAD)
@pytest.mark.contract("SSLHandshake errSSLXCertChainInvalid")
def test_a_bad_chain_is_refused_and_the_server_is_told(credential: str) -> None:
    pair = Pair(credential)
    assert pair.handshake() == (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown)
    assert state(pair.client) == HANDSHAKE
    assert st.SSLCopyPeerTrust(pair.client)[1] is not None


@pytest.mark.parametrize("credential", certs.BAD)
def test_a_bad_chain_passes_where_the_caller_asked_for_that(credential: str) -> None:
    context = client()
    ok(legacy.SSLSetAllowsAnyRoot(context, True))
    assert Pair(credential, client=context).handshake() == (0, 0)
    context = client()
    ok(legacy.SSLSetEnableCertVerify(context, False))
    assert Pair(credential, client=context).handshake() == (0, 0)


def test_a_client_with_the_platforms_anchors_refuses_an_authority_of_the_tests() -> None:
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    ok(st.SSLSetPeerDomainName(context, "localhost", 9))
    codes = Pair("p256", client=context).handshake()
    assert codes == (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown)


def test_an_alert_that_is_stuck_leaves_with_close() -> None:
    pair = Pair("expired", up=Pipe())
    st.SSLHandshake(pair.client)
    st.SSLHandshake(pair.server)
    pair.up.room = 0
    assert st.SSLHandshake(pair.client) == st.errSSLXCertChainInvalid
    assert st.SSLHandshake(pair.server) == WOULD_BLOCK
    pair.up.room = None
    assert st.SSLClose(pair.client) == 0
    assert st.SSLHandshake(pair.server) == st.errSSLPeerCertUnknown
