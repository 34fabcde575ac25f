"""Datagram contexts by the published tables: sizes, the cookie, versions, the callbacks, the clock."""

from __future__ import annotations

import time
from pipes import ok, state
from typing import Any

import pytest

import securetransport as st
from datagrams import Pair, client, server
from securetransport import extensions, legacy, spi
from securetransport.adapters.callbacks import DatagramMemoryCallbacks

SIDES = (st.kSSLClientSide, st.kSSLServerSide)


def datagram(side: int = st.kSSLClientSide) -> Any:
    return st.SSLCreateContext(None, side, st.kSSLDatagramType)


def stream() -> Any:
    return st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)


# --- sizes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
def test_sizes_before_a_suite_is_negotiated(side: int) -> None:
    ctx = datagram(side)
    assert st.SSLGetMaxDatagramRecordSize(ctx, None) == (0, 1400)
    assert st.SSLGetDatagramWriteSize(ctx, None) == (0, 1327)
    for size, kept, write in (
        (63, 1400, 1327),
        (0, 1400, 1327),
        (64, 64, 0),
        (600, 600, 527),
        (1400, 1400, 1327),
    ):
        assert st.SSLSetMaxDatagramRecordSize(ctx, size) == 0
        assert st.SSLGetMaxDatagramRecordSize(ctx, None) == (0, kept)
        assert st.SSLGetDatagramWriteSize(ctx, None) == (0, write)


@pytest.mark.parametrize("size", [-1, 1 << 64, None])
def test_a_size_that_is_no_size_is_refused(size: Any) -> None:
    ctx = datagram()
    assert st.SSLSetMaxDatagramRecordSize(ctx, size) == st.errSecParam
    assert st.SSLGetMaxDatagramRecordSize(ctx, None) == (0, 1400)
    assert st.SSLSetMaxDatagramRecordSize(ctx, (1 << 64) - 1) == 0


@pytest.mark.parametrize("ctx", [None, stream()], ids=["none", "stream"])
def test_streams_have_no_datagrams(ctx: Any) -> None:
    assert st.SSLSetMaxDatagramRecordSize(ctx, 1400) == st.errSecParam
    assert st.SSLGetMaxDatagramRecordSize(ctx, None) == (st.errSecParam, None)
    assert st.SSLGetDatagramWriteSize(ctx, None) == (st.errSecParam, None)
    assert st.SSLSetDatagramHelloCookie(ctx, b"cookie", 6) == st.errSecParam
    assert extensions.SSLGetDatagramDeadline(ctx, None) == (st.errSecParam, None)


@pytest.mark.parametrize(
    ("version", "suite", "write"),
    [
        (st.kDTLSProtocol12, st.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 1400 - 13 - 8 - 16),
        (st.kDTLSProtocol12, st.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 1400 - 13 - 16),
        (st.kDTLSProtocol1, st.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, 1343),
    ],
)
def test_the_write_size_is_that_of_the_suite_and_fills_a_datagram(
    version: int, suite: int, write: int
) -> None:
    pair = Pair(client(version, [suite]), server(version, suites=[suite]))
    assert pair.handshake() == (0, 0)
    assert st.SSLGetDatagramWriteSize(pair.client, None) == (0, write)
    for size in (write, write + 1):
        assert st.SSLWrite(pair.client, bytes(size), size) == (0, size)
        pair.move()
        assert st.SSLRead(pair.server, None, 4000) == (0, bytes(size), size)
    (_, fits), (_, too_long) = pair.log[-2:]
    assert len(fits) <= 1400 < len(too_long)
    ok(st.SSLSetMaxDatagramRecordSize(pair.client, 700))  # any state
    _, smaller = st.SSLGetDatagramWriteSize(pair.client, None)
    assert smaller < 700 - 13


# --- the cookie ----------------------------------------------------------------------------------------------


def test_a_server_with_a_cookie_demands_it_and_one_without_does_not() -> None:
    for cookie, count in ((b"", 0), (b"four", 1), (bytes(32), 1)):
        pair = Pair()
        ok(st.SSLSetDatagramHelloCookie(pair.server, cookie, len(cookie)))
        assert pair.handshake() == (0, 0)
        requests = [data for up, data in pair.log if not up and data[0] == 22 and data[13] == 3]
        assert len(requests) == count
        if count:
            hellos = [data for up, data in pair.log if up and data[0] == 22 and data[13] == 1]
            assert cookie in requests[0]
            assert cookie in hellos[1]
            assert hellos[0][27:59] == hellos[1][27:59], "the random stays"


def test_a_cookie_is_set_while_idle_and_has_at_most_32_bytes() -> None:
    ctx = server()
    assert st.SSLSetDatagramHelloCookie(ctx, bytes(33), 33) == st.errSecParam
    assert st.SSLSetDatagramHelloCookie(ctx, bytes(33), 32) == 0
    assert st.SSLSetDatagramHelloCookie(ctx, bytes(3), 4) == st.errSecParam
    assert st.SSLSetDatagramHelloCookie(ctx, None, 0) == st.errSecParam
    with pytest.raises(TypeError):
        st.SSLSetDatagramHelloCookie(ctx, 7, 1)
    ok(st.SSLSetIOFuncs(ctx, *DatagramMemoryCallbacks()))
    assert st.SSLHandshake(ctx) == st.errSSLWouldBlock
    assert st.SSLSetDatagramHelloCookie(ctx, b"late", 4) == st.errSecBadReq
    assert st.SSLSetDatagramHelloCookie(ctx, bytes(33), 33) == st.errSecBadReq
    ok(st.SSLClose(ctx))
    assert st.SSLSetDatagramHelloCookie(ctx, b"pointless", 9) == 0


# --- versions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
def test_versions_of_datagrams(side: int) -> None:
    ctx = datagram(side)
    bounds = lambda: (st.SSLGetProtocolVersionMin(ctx)[1], st.SSLGetProtocolVersionMax(ctx)[1])  # noqa: E731
    assert bounds() == (st.kDTLSProtocol1, st.kDTLSProtocol1)
    for version in (0, 1, 2, 4, 6, 7, 8, 10, 999, 12):
        assert st.SSLSetProtocolVersionMin(ctx, version) == st.errSSLIllegalParam
        if version != 999:
            assert st.SSLSetProtocolVersionMax(ctx, version) == st.errSSLIllegalParam
    ok(st.SSLSetProtocolVersionMax(ctx, st.kTLSProtocolMaxSupported))
    assert bounds() == (st.kDTLSProtocol1, st.kDTLSProtocol12)
    ok(st.SSLSetProtocolVersionMax(ctx, st.kDTLSProtocol1))
    ok(st.SSLSetProtocolVersionMin(ctx, st.kDTLSProtocol12))
    assert bounds() == (st.kDTLSProtocol12, st.kDTLSProtocol12)
    for config in (st.kSSLSessionConfig_default, st.kSSLSessionConfig_ATSv1, st.kSSLSessionConfig_anonymous):
        ok(st.SSLSetSessionConfig(ctx, config))
        assert bounds() == (st.kDTLSProtocol1, st.kDTLSProtocol1)


def test_the_deprecated_forms_of_versions_are_for_streams() -> None:
    ctx = datagram()
    for version in (st.kSSLProtocolAll, st.kTLSProtocol12, st.kDTLSProtocol1):
        assert legacy.SSLSetProtocolVersion(ctx, version) == st.errSecBadReq
        assert legacy.SSLSetProtocolVersionEnabled(ctx, version, True) == st.errSecBadReq
        assert legacy.SSLGetProtocolVersionEnabled(ctx, version, None)[0] == st.errSecBadReq
    assert legacy.SSLGetProtocolVersion(ctx, None)[0] == st.errSecBadReq
    assert spi.SSLNewDatagramContext(True, None)[0] == 0


@pytest.mark.parametrize("version", [st.kDTLSProtocol1, st.kDTLSProtocol12])
def test_a_version_is_negotiated_and_only_the_newer_one_has_gcm(version: int) -> None:
    pair = Pair(client(version), server(version))
    ok(st.SSLSetProtocolVersionMax(pair.server, st.kDTLSProtocol12))
    ok(st.SSLSetProtocolVersionMin(pair.server, st.kDTLSProtocol1))
    assert pair.handshake() == (0, 0)
    for ctx in (pair.client, pair.server):
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, version)
        suite = st.SSLGetNegotiatedCipher(ctx)[1]
        assert suite == (
            st.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            if version == st.kDTLSProtocol12
            else st.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA
        )


def test_a_client_of_the_newer_version_alone_is_refused_by_a_server_of_the_older() -> None:
    pair = Pair(client(st.kDTLSProtocol12), server(st.kDTLSProtocol1))
    assert pair.handshake() == (st.errSSLNegotiation, st.errSSLPeerHandshakeFail)
    pair = Pair(client(st.kDTLSProtocol1), server(st.kDTLSProtocol12))
    assert pair.handshake() == (st.errSSLPeerProtocolVersion, st.errSSLNegotiation)


# --- callbacks -----------------------------------------------------------------------------------------------


def test_a_header_of_13_bytes_is_asked_for_and_then_its_body() -> None:
    asked: list[int] = []
    pair = Pair()

    def read(connection: object, data: memoryview, length: int) -> tuple[int, int]:
        asked.append(length)
        return pair.down.read(connection, data, length)

    ok(st.SSLSetIOFuncs(pair.server, read, pair.down.write))
    st.SSLHandshake(pair.client)
    pair.move()
    assert st.SSLHandshake(pair.server) == st.errSSLWouldBlock
    hello = pair.log[0][1]
    assert asked == [13, len(hello) - 13, 13]


@pytest.mark.parametrize("answer", [(0, 5), (0, 0), (st.errSSLWouldBlock, 5), (st.errSSLWouldBlock, 0)])
def test_a_body_that_comes_up_short_is_dropped_and_a_header_is_next(answer: tuple[int, int]) -> None:
    asked: list[int] = []
    replies = [(0, bytes([22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50])), answer]

    def read(connection: object, data: memoryview, length: int) -> Any:
        asked.append(length)
        return replies.pop(0) if replies else (st.errSSLWouldBlock, 0)

    ctx = server()
    ok(st.SSLSetIOFuncs(ctx, read, lambda *_: 0))
    assert st.SSLHandshake(ctx) == st.errSSLWouldBlock
    assert st.SSLHandshake(ctx) == st.errSSLWouldBlock
    assert asked[:3] == [13, 50, 13]
    assert state(ctx) == st.kSSLHandshake


@pytest.mark.parametrize(
    "header",
    [
        bytes([22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50]),
        bytes([99, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50]),
        bytes([22, 0xFE, 0xFD, 0, 7, 0, 0, 0, 0, 0, 0, 0, 50]),
        bytes([22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
    ],
    ids=["major version", "type", "epoch", "length"],
)
def test_the_body_of_an_unusable_header_is_read_and_dropped(header: bytes) -> None:
    asked: list[int] = []

    def read(connection: object, data: memoryview, length: int) -> Any:
        asked.append(length)
        if len(asked) > 2:
            return st.errSSLWouldBlock, 0
        return 0, header if length == 13 else bytes(length)

    ctx = server()
    ok(st.SSLSetIOFuncs(ctx, read, lambda *_: 0))
    assert st.SSLHandshake(ctx) == st.errSSLWouldBlock
    assert asked == [13, int.from_bytes(header[11:], "big"), 13]
    assert state(ctx) == st.kSSLHandshake


def test_each_flight_is_one_write_and_one_read_gives_what_one_write_sent() -> None:
    pair = Pair()
    assert pair.handshake() == (0, 0)
    assert [up for up, _ in pair.log] == [True, False, True, False]
    for data in (b"one", b"two"):
        assert st.SSLWrite(pair.client, data, 3) == (0, 3)
    pair.move()
    assert st.SSLRead(pair.server, None, 100) == (0, b"one", 3)
    assert st.SSLRead(pair.server, None, 2) == (0, b"tw", 2)
    assert st.SSLGetBufferedReadSize(pair.server) == (0, 1)
    assert st.SSLRead(pair.server, None, 100) == (0, b"o", 1)
    assert st.SSLRead(pair.server, None, 100) == (st.errSSLWouldBlock, b"", 0)


def test_a_forgery_and_a_repetition_change_nothing() -> None:
    pair = Pair()
    assert pair.handshake() == (0, 0)
    assert st.SSLWrite(pair.client, b"data", 4) == (0, 4)
    (sealed,) = pair.up.drain()
    pair.down.feed(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    pair.down.feed(b"\x15\xfe\xfd" + bytes(9) + b"\x02\x02\x28")  # an alert that nothing protects
    for _ in range(2):
        pair.down.feed(sealed)
    assert st.SSLRead(pair.server, None, 100) == (0, b"data", 4)
    assert st.SSLRead(pair.server, None, 100) == (st.errSSLWouldBlock, b"", 0)
    assert state(pair.server) == st.kSSLConnected
    ok(st.SSLClose(pair.client))
    pair.move()
    assert st.SSLRead(pair.server, None, 100) == (st.errSSLClosedGraceful, b"", 0)


# --- the clock -----------------------------------------------------------------------------------------------


def test_the_deadline_says_when_a_flight_goes_out_again() -> None:
    pair = Pair()
    assert extensions.SSLGetDatagramDeadline(pair.client, None) == (0, None)
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    first = pair.up.drain()
    status, left = extensions.SSLGetDatagramDeadline(pair.client, None)
    assert status == 0
    assert left is not None
    assert 0 < left <= 1
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    assert pair.up.drain() == []
    while left:
        time.sleep(left)
        _, left = extensions.SSLGetDatagramDeadline(pair.client, None)
    assert left == 0.0
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    again = pair.up.drain()
    assert [data[13:] for data in again] == [data[13:] for data in first]
    assert pair.handshake() == (st.errSSLWouldBlock, st.errSSLWouldBlock)  # both were lost
    for data in again:
        pair.down.feed(data)
    assert pair.handshake() == (0, 0)
    for ctx in (pair.client, pair.server):
        assert extensions.SSLGetDatagramDeadline(ctx, None) == (0, None)
