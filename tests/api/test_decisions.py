"""The corners that the published documents leave open, each decided once; one test and more for each decision."""

from __future__ import annotations

from pipes import WOULD_BLOCK, Pair, array, client, connected, message, ok, server, state
from typing import Any

import pytest

import certs
import securetransport as st
from securetransport import legacy

GRACEFUL, ABORT, BAD_REQUEST = st.errSSLClosedGraceful, st.errSSLClosedAbort, st.errSecBadReq


class Trouble(Exception):
    pass


# --- calls and values --------------------------------------------------------------------------------------


def test_01_a_write_of_nothing_flushes_and_nothing_with_a_length_is_param() -> None:
    pair = connected()
    pair.up.room = 0
    ok(0 if st.SSLWrite(pair.client, b"x", 1, None) == (WOULD_BLOCK, 1) else -1)
    pair.up.room = None
    assert st.SSLWrite(pair.client, None, 1, None) == (st.errSecParam, 0)
    assert pair.up.writes == []
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    assert len(pair.up.writes) == 1


def test_02_none_clears_where_it_is_a_value_and_is_param_elsewhere() -> None:
    context = server("p256")
    connection = object()
    ok(st.SSLSetConnection(context, connection))
    assert st.SSLSetConnection(context, None) == 0
    assert st.SSLGetConnection(context) == (0, None)
    assert st.SSLSetCertificate(context, None) == 0
    for answer in (
        st.SSLSetProtocolVersionMax(context, None),
        st.SSLSetSessionOption(context, None, True),
        st.SSLSetSessionOption(context, 0, None),
        st.SSLSetEnabledCiphers(context, None, 0),
        st.SSLSetEnabledCiphers(context, [0xC02F], None),
        st.SSLSetIOFuncs(context, None, lambda *_: 0),
        st.SSLSetIOFuncs(context, lambda *_: 0, None),
        st.SSLSetALPNProtocols(context, None),
        st.SSLSetPeerDomainName(context, None, 0),
        st.SSLSetPeerDomainName(context, "localhost", None),
        st.SSLSetError(context, None),
        legacy.SSLSetTrustedRoots(context, None, True),
        st.SSLGetSupportedCiphers(context, None, None)[0],
    ):
        assert answer == st.errSecParam


def test_03_context_then_types_then_state_then_values_then_the_connection() -> None:
    assert st.SSLWrite(None, "text", 4, None) == (st.errSecParam, 0)
    assert st.SSLSetPeerDomainName(None, 5, 5) == st.errSecParam
    idle = server("p256")
    with pytest.raises(TypeError):
        st.SSLWrite(idle, "text", 4, None)
    assert st.SSLWrite(idle, b"text", 99, None) == (BAD_REQUEST, 0)
    pair = connected()
    with pytest.raises(TypeError):
        st.SSLSetEnabledCiphers(pair.client, "abc", 1)
    assert st.SSLSetEnabledCiphers(pair.client, [], 1) == BAD_REQUEST
    assert st.SSLWrite(pair.client, b"text", 99, None) == (st.errSecParam, 0)
    ok(st.SSLClose(pair.client))
    assert st.SSLWrite(pair.client, b"text", 99, None) == (st.errSecParam, 0)
    assert st.SSLWrite(pair.client, b"text", 4, None) == (GRACEFUL, 0)
    assert st.SSLRead(pair.client, None, -1, None) == (st.errSecParam, None, 0)


def test_04_numbers_outside_the_c_type_are_param_and_a_version_an_illegal_one() -> None:
    context = client()
    for huge in (2**200, -(2**200)):
        assert st.SSLSetSessionOption(context, huge, True) == st.errSecParam
        assert st.SSLGetSessionOption(context, huge) == (st.errSecParam, None)
        assert st.SSLSetEnabledCiphers(context, [huge], 1) == st.errSecParam
        assert st.SSLSetEnabledCiphers(context, [1], huge) == st.errSecParam
        assert st.SSLSetPeerDomainName(context, "x", huge) == st.errSecParam
        assert st.SSLSetError(context, huge) == st.errSecParam
        assert st.SSLGetSupportedCiphers(context, None, huge) == (st.errSecParam, None, huge)
        assert st.SSLGetPeerDomainName(context, None, huge) == (st.errSecParam, None, huge)
        assert st.SSLSetProtocolVersionMin(context, huge) == st.errSSLIllegalParam
        assert st.SSLSetProtocolVersionMax(context, huge) == st.errSSLIllegalParam
        assert st.SSLCreateContext(None, huge, st.kSSLStreamType) is None
    assert state(context) == st.kSSLIdle
    pair = connected()
    assert st.SSLWrite(pair.client, b"hello", 2, None) == (0, 2)  # the first two
    assert st.SSLRead(pair.server, None, 9, None) == (0, b"he", 2)
    for call in (
        lambda: st.SSLWrite(pair.client, b"hello", True, None),
        lambda: st.SSLRead(pair.client, None, True),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError):
        st.SSLRead(pair.client, b"read only", 5, None)


def test_05_host_names_are_bytes_as_they_are_and_text_cut_and_encoded() -> None:
    context = client(host=None)
    for given, n, kept in (
        (b"\xc3\xbc.example", 10, b"\xc3\xbc.example"),
        ("münchen.example", 15, b"xn--mnchen-3ya.example"),
        ("münchen.example", 7, b"xn--mnchen-3ya"),  # cut first, by characters
        ("MiXeD.example", 13, b"MiXeD.example"),
    ):
        assert st.SSLSetPeerDomainName(context, given, n) == 0
        assert st.SSLGetPeerDomainName(context, None, 99) == (0, kept, len(kept))
    assert st.SSLSetPeerDomainName(context, "ä" + "a" * 70, 71) == st.errSecParam
    pair = connected()
    assert st.SSLCopyRequestedPeerName(pair.server, None, 99) == (0, b"localhost\0", 10)
    assert st.SSLCopyRequestedPeerNameLength(pair.server) == (0, 10)
    assert st.SSLCopyRequestedPeerName(pair.client, None, 99) == (0, b"localhost", 9)
    assert st.SSLCopyRequestedPeerNameLength(pair.client) == (0, 9)


def test_06_out_values_with_an_error_are_none_and_counts_come_back_but_reads_and_writes_differ() -> None:
    context = client()
    assert st.SSLGetEnabledCiphers(context, None, 3) == (st.errSSLBufferOverflow, None, 3)
    assert st.SSLGetPeerDomainName(context, None, 3) == (st.errSSLBufferOverflow, None, 3)
    assert st.SSLGetNegotiatedCipher(context) == (BAD_REQUEST, None)
    assert st.SSLRead(context, None, 5, None) == (BAD_REQUEST, None, 0)  # no I/O functions
    buffer = bytearray(5)
    assert st.SSLRead(context, buffer, 5, None)[1] is buffer
    pair = connected()
    assert st.SSLRead(pair.client, None, 5, None) == (WOULD_BLOCK, b"", 0)
    answer = st.SSLRead(pair.client, buffer, 5, None)
    assert answer == (WOULD_BLOCK, buffer, 0)
    assert answer[1] is buffer
    ok(st.SSLClose(pair.server))
    assert st.SSLRead(pair.client, None, 5, None) == (GRACEFUL, b"", 0)
    assert st.SSLRead(pair.client, buffer, 5, None)[1] is buffer


def test_07_unknown_numbers_are_refused_and_all_ten_options_answer() -> None:
    for side, kind in ((2, 0), (-1, 0), (0, 2), (1, -1)):
        assert st.SSLCreateContext(None, side, kind) is None
    context = client()
    for option in (-1, 10, 99):
        assert st.SSLSetSessionOption(context, option, True) == st.errSecParam
        assert st.SSLGetSessionOption(context, option) == (st.errSecParam, None)
    assert [st.SSLGetSessionOption(context, option)[0] for option in range(10)] == [0] * 10


def test_08_what_only_the_other_side_can_use_succeeds_without_effect() -> None:
    context = client()
    ok(st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnClientAuth, True))
    ok(st.SSLSetSessionOption(context, st.kSSLSessionOptionBreakOnClientHello, True))
    ok(legacy.SSLSetEnableCertVerify(context, True))
    end = server("p256")
    ok(st.SSLSetSessionOption(end, st.kSSLSessionOptionBreakOnServerAuth, True))
    ok(st.SSLSetSessionOption(end, st.kSSLSessionOptionFalseStart, True))
    ok(st.SSLSetPeerDomainName(end, "localhost", 9))
    assert Pair(client=context, server=end).handshake() == (0, 0)


def test_09_without_io_functions_nothing_moves_and_the_kinds_of_keys_are_many() -> None:
    context = client()
    assert st.SSLHandshake(context) == BAD_REQUEST
    assert st.SSLRead(context, None, 5, None) == (BAD_REQUEST, None, 0)
    assert st.SSLWrite(context, b"x", 1, None) == (BAD_REQUEST, 0)
    assert state(context) == st.kSSLIdle
    ok(st.SSLClose(context))
    assert st.SSLHandshake(context) == GRACEFUL
    assert st.SSLRead(context, None, 5, None) == (GRACEFUL, b"", 0)
    assert st.SSLWrite(context, b"x", 1, None) == (GRACEFUL, 0)
    context = client()
    ok(st.SSLSetError(context, 0))
    assert st.SSLRead(context, None, 5, None) == (ABORT, b"", 0)
    assert st.SSLWrite(context, b"x", 1, None) == (ABORT, 0)
    end = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    for credential in ("rsa", "pss", "p256", "p384", "p521", "ed25519"):
        assert st.SSLSetCertificate(end, array(certs.leaf(credential))) == 0


# --- callbacks -------------------------------------------------------------------------------------------------


def test_10_bare_statuses_and_short_counts_mean_what_they_say() -> None:
    pair = connected()
    pair.down.on_read.append(WOULD_BLOCK)  # bare: nothing came
    assert st.SSLRead(pair.client, None, 5, None) == (WOULD_BLOCK, b"", 0)
    pair.down.on_read.append(0)
    with pytest.raises(TypeError):
        st.SSLRead(pair.client, None, 5, None)
    pair.up.on_write.append(WOULD_BLOCK)  # bare: nothing went
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (WOULD_BLOCK, 5)
    pair.up.on_write.extend([lambda c, d, n: pair.up.work_write(c, d[:3], 3), None])
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    assert pair.up.offered == [34, 34, 31]
    assert st.SSLRead(pair.server, None, 5, None) == (0, b"hello", 5)
    ok(st.SSLWrite(pair.server, b"there", 5, None)[0])
    pair.down.on_read.append(lambda c, d, n: pair.down.work_read(c, d[:2], 2))
    assert st.SSLRead(pair.client, None, 5, None) == (0, b"there", 5)
    assert pair.down.asked[-3:] == [5, 3, 29]
    pair.up.on_write.append((0, 0))
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (WOULD_BLOCK, 5)
    pair.down.on_read.append((0, 0))
    assert st.SSLRead(pair.client, None, 5, None) == (ABORT, b"", 0)


def test_11_re_entry_is_refused_by_thread_only_where_data_would_move() -> None:
    pair = connected()
    answers: list[Any] = []

    def inside(*_: Any) -> int:
        context = pair.client
        answers.append(st.SSLHandshake(context))
        answers.append(st.SSLRead(context, None, 1, None)[0])
        answers.append(st.SSLWrite(context, None, 0, None)[0])
        answers.append(st.SSLClose(context))
        answers.append(state(context))
        answers.append(st.SSLSetALPNProtocols(context, ["h2"]))
        answers.append(st.SSLSetConnection(context, None))
        return WOULD_BLOCK

    pair.down.on_read.append(inside)
    st.SSLRead(pair.client, None, 1, None)
    assert answers == [BAD_REQUEST] * 4 + [st.kSSLConnected, 0, BAD_REQUEST]


def test_12_an_exception_never_moves_the_state_but_a_transports_status_does() -> None:
    pair = connected()
    pair.up.room = 0
    assert st.SSLWrite(pair.client, b"older", 5, None) == (WOULD_BLOCK, 5)
    pair.up.room = None
    for mover in (
        lambda: st.SSLWrite(pair.client, b"newer", 5, None),
        lambda: st.SSLRead(pair.client, None, 5, None),
        lambda: st.SSLHandshake(pair.client),
        lambda: st.SSLWrite(pair.client, None, 0, None),
    ):
        pair.up.on_write.append(Trouble)
        with pytest.raises(Trouble) as caught:
            mover()
        assert caught.value.processed == 0
        assert state(pair.client) == st.kSSLConnected
    pair.up.on_write.append(st.errSecIO)
    assert st.SSLWrite(pair.client, b"newer", 5, None) == (st.errSecIO, 0)
    assert state(pair.client) == st.kSSLAborted
    pair = connected()
    pair.up.room = 0
    assert st.SSLWrite(pair.client, b"older", 5, None) == (WOULD_BLOCK, 5)
    pair.up.on_write.append(st.errSecIO)
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSecIO, b"", 0)
    assert state(pair.client) == st.kSSLAborted


def test_13_a_write_is_nothing_or_all_and_goes_out_by_stretches_until_it_blocks() -> None:
    pair = connected()
    stretch = 131_072 + 8 * 29
    n = 1_000_000
    assert st.SSLWrite(pair.client, message(n), n, None) == (0, n)
    assert pair.up.offered == [stretch] * 7 + [n - 7 * 131_072 + 6 * 29]
    pair = connected()
    pair.up.on_write.extend([None, None, (WOULD_BLOCK, 0)])
    assert st.SSLWrite(pair.client, message(n), n, None) == (WOULD_BLOCK, n)
    assert pair.up.offered == [stretch] * 3
    assert st.SSLWrite(pair.client, None, 0, None) == (0, 0)
    got = bytearray()
    while len(got) < n:
        got += st.SSLRead(pair.server, None, n, None)[1]
    assert bytes(got) == message(n)


def test_14_a_read_takes_one_further_record_at_most() -> None:
    pair = connected()
    for n in range(4):
        ok(st.SSLWrite(pair.server, bytes([48 + n]) * 10, 10, None)[0])
    assert st.SSLRead(pair.client, None, 100, None) == (0, b"0" * 10, 10)
    assert len(pair.down.asked) == 2
    assert st.SSLRead(pair.client, None, 3, None)[1] == b"111"
    assert st.SSLRead(pair.client, None, 100, None) == (0, b"1" * 7 + b"2" * 10, 17)
    assert len(pair.down.asked) == 6


def test_15_one_record_and_one_call_for_each_message_of_a_handshake() -> None:
    pair = Pair("chained")
    assert pair.handshake() == (0, 0)
    for pipe, count in ((pair.up, 4), (pair.down, 6)):
        assert len(pipe.offered) == count
        assert all(len(write) == 5 + int.from_bytes(write[3:5], "big") for write in pipe.writes)


@pytest.mark.parametrize("flush", [WOULD_BLOCK, st.errSecIO, st.errSSLClosedAbort, (0, 0)], ids=repr)
def test_16_the_flush_of_an_alert_never_changes_the_status(flush: Any) -> None:
    pair = Pair("expired")
    st.SSLHandshake(pair.client)
    st.SSLHandshake(pair.server)
    pair.up.on_write.append(flush)
    assert st.SSLHandshake(pair.client) == st.errSSLXCertChainInvalid
    assert len(pair.up.offered) == 2
    pair = connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    pair.down.data[-1] ^= 1
    pair.up.on_write.append(flush)
    assert st.SSLRead(pair.client, None, 5, None) == (st.errSSLDecryptionFail, b"", 0)
    assert len(pair.up.offered) == 1


# --- states ----------------------------------------------------------------------------------------------------


def test_17_a_success_that_nobody_has_seen_is_returned_before_another_record_is_read() -> None:
    pair = Pair("p256")
    st.SSLHandshake(pair.client)
    for _ in range(5):
        st.SSLHandshake(pair.server)
        assert st.SSLRead(pair.client, None, 5, None) == (WOULD_BLOCK, b"", 0)
    assert state(pair.client) == st.kSSLConnected
    pair.down.asked.clear()
    assert st.SSLHandshake(pair.client) == 0
    assert pair.down.asked == []
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK
    assert pair.down.asked == [5]


@pytest.mark.parametrize("mover", ["read", "write"])
def test_17_a_success_that_was_passed_over_is_not_returned_again(mover: str) -> None:
    pair = Pair("p256")
    st.SSLHandshake(pair.client)
    for _ in range(5):
        st.SSLHandshake(pair.server)
        st.SSLRead(pair.client, None, 5, None)
    if mover == "write":
        assert st.SSLWrite(pair.client, b"hello", 5, None) == (0, 5)
    else:
        ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
        assert st.SSLRead(pair.client, None, 5, None) == (0, b"hello", 5)
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK


def test_17_a_server_whose_finished_is_stuck_is_connected_and_flushes_it() -> None:
    pair = Pair("p256")
    st.SSLHandshake(pair.client)
    st.SSLHandshake(pair.server)
    st.SSLHandshake(pair.client)
    pair.down.room = 0
    assert st.SSLHandshake(pair.server) == WOULD_BLOCK
    assert state(pair.server) == st.kSSLConnected
    assert st.SSLHandshake(pair.client) == WOULD_BLOCK
    pair.down.room = None
    assert st.SSLHandshake(pair.server) == 0
    assert st.SSLHandshake(pair.client) == 0


def test_18_an_idle_server_that_read_a_hello_is_in_a_handshake() -> None:
    pair = Pair("p256")
    st.SSLHandshake(pair.client)
    assert state(pair.server) == st.kSSLIdle
    assert st.SSLRead(pair.server, None, 5, None) == (WOULD_BLOCK, b"", 0)
    assert state(pair.server) == st.kSSLHandshake
    assert st.SSLSetEnabledCiphers(pair.server, [0xC02F], 1) == BAD_REQUEST
    assert pair.handshake() == (0, 0)


@pytest.mark.parametrize("mover", ["read", "write"])
def test_19_a_fatal_code_comes_again_and_a_read_or_write_aborts(mover: str) -> None:
    pair = Pair("expired")
    assert pair.handshake() == (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown)
    for context, code in ((pair.client, st.errSSLXCertChainInvalid), (pair.server, st.errSSLPeerCertUnknown)):
        assert [st.SSLHandshake(context) for _ in range(3)] == [code] * 3
        assert state(context) == st.kSSLHandshake
        if mover == "read":
            assert st.SSLRead(context, None, 5, None) == (code, b"", 0)
        else:
            assert st.SSLWrite(context, b"hello", 5, None) == (code, 0)
        assert state(context) == st.kSSLAborted
        assert st.SSLHandshake(context) == ABORT
        assert st.SSLRead(context, None, 5, None) == (ABORT, b"", 0)
        assert st.SSLWrite(context, b"hello", 5, None) == (ABORT, 0)


def test_19_an_error_of_the_transport_is_none_of_those() -> None:
    pair = Pair("p256")
    for _ in range(3):
        pair.up.on_write.append(st.errSecIO)
        assert st.SSLHandshake(pair.client) == st.errSecIO
    assert pair.handshake() == (0, 0)


def test_20_any_other_code_that_is_set_is_told_as_certificate_unknown() -> None:
    for code in (st.errSecParam, 0, 12345, -(2**31)):
        pair = Pair("p256")
        ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
        assert pair.turns()[0][-1] == st.errSSLPeerAuthCompleted
        assert st.SSLSetError(pair.client, code) == 0
        assert st.SSLHandshake(pair.client) == 0
        assert state(pair.client) == st.kSSLClosed
        assert st.SSLHandshake(pair.server) == st.errSSLPeerCertUnknown


def test_21_the_pause_for_the_hello_follows_the_version_and_precedes_every_other_choice() -> None:
    pair = Pair(None, client=client(suites=[0xC02B]))
    ok(st.SSLSetALPNProtocols(pair.client, ["one", "two"]))
    ok(st.SSLSetALPNProtocols(pair.server, ["two"]))
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    st.SSLHandshake(pair.client)
    assert st.SSLHandshake(pair.server) == st.errSSLClientHelloReceived
    assert st.SSLGetNegotiatedProtocolVersion(pair.server) == (0, st.kTLSProtocol12)
    assert st.SSLGetNegotiatedCipher(pair.server) == (0, 0)
    assert st.SSLCopyALPNProtocols(pair.server) == (0, ["one", "two"])
    ok(st.SSLSetCertificate(pair.server, array(certs.leaf("p256"))))
    assert pair.handshake() == (0, 0)
    assert st.SSLCopyALPNProtocols(pair.server) == (0, ["two"])
    assert st.SSLCopyALPNProtocols(pair.client) == (0, ["two"])
    # A version that fails is refused before the pause, and there is none without protocols.
    pair = Pair("p256", client=client())
    ok(st.SSLSetProtocolVersionMax(pair.client, st.kTLSProtocol11))
    ok(st.SSLSetProtocolVersionMin(pair.server, st.kTLSProtocol12))
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    assert st.errSSLClientHelloReceived not in pair.turns()[1]
    pair = connected()
    assert st.SSLCopyALPNProtocols(pair.server) == (st.errSecParam, None)
    assert st.SSLCopyALPNProtocols(pair.client) == (st.errSecParam, None)
