"""Records under CBC that OpenSSL sealed, MAC inside and outside, whole and damaged."""

from __future__ import annotations

import ssl
from pipes import Pipe, message, name, ok, server, state
from typing import Any

import pytest

import securetransport as st
from securetransport import extensions

HEADER = 5
#: OpenSSL's SSL_OP_NO_ENCRYPT_THEN_MAC, which ``ssl`` does not name.
INSIDE_ONLY = 1 << 19

#: Suite, its name at OpenSSL, its number.
AES_128_SHA256 = ("AES128-SHA256", 0x003C)
SUITES = [
    ("AES128-SHA", 0x002F),
    ("AES256-SHA", 0x0035),
    AES_128_SHA256,
    ("AES256-SHA256", 0x003D),
    ("ECDHE-RSA-AES256-SHA384", 0xC028),
]
VERSIONS = {
    ssl.TLSVersion.TLSv1: st.kTLSProtocol1,
    ssl.TLSVersion.TLSv1_1: st.kTLSProtocol11,
    ssl.TLSVersion.TLSv1_2: st.kTLSProtocol12,
}
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
ORDERS = pytest.mark.parametrize("outside", [False, True], ids=["inside", "outside"])


class Meeting:
    """A client of the standard library and our server, connected in memory."""

    def __init__(
        self,
        suite: tuple[str, int],
        outside: bool,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers(f"{suite[0]}:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        if not outside:
            context.options |= INSIDE_ONLY
        self.from_us, self.to_us = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.peer = context.wrap_bio(self.from_us, self.to_us)
        self.ctx = server("rsa", [suite[1]])
        ok(st.SSLSetProtocolVersionMin(self.ctx, VERSIONS[version]))
        self.input = Pipe()
        ok(st.SSLSetIOFuncs(self.ctx, self.input.read, self._take))
        self._handshake()
        report = extensions.SSLCopyConnectionReport(self.ctx)[1]
        assert report["encrypt_then_mac"] is outside

    def _take(self, _connection: Any, data: memoryview, _length: int) -> int:
        self.from_us.write(bytes(data))
        return 0

    def _handshake(self) -> None:
        status, done = st.errSSLWouldBlock, False
        for _ in range(20):
            if not done:
                try:
                    self.peer.do_handshake()
                    done = True
                except ssl.SSLWantReadError:
                    pass
            self.input.data += self.to_us.read()
            if status == st.errSSLWouldBlock:
                status = st.SSLHandshake(self.ctx)
        assert done
        assert status == 0, name(status)

    def sealed(self, data: bytes) -> bytearray:
        """What the peer makes of ``data``."""
        self.peer.write(data)
        return bytearray(self.to_us.read())

    def read(self, record: bytes) -> tuple[int, bytes]:
        self.input.data += record
        status, data, _ = st.SSLRead(self.ctx, None, 1 << 20, None)
        return status, bytes(data)


def shortened(record: bytearray, length: int) -> bytes:
    """The record with this length in its header; the bytes behind it stay."""
    return bytes(record[:3]) + length.to_bytes(2, "big") + bytes(record[HEADER:])


#: What SHA-2 authenticates begins with TLS 1.2.
CASES = [
    pytest.param(suite, version, id=f"{suite[0]}-{version.name}")
    for suite in SUITES
    for version in VERSIONS
    if suite[0].endswith("SHA") or version == ssl.TLSVersion.TLSv1_2
]


@ORDERS
@pytest.mark.parametrize(("suite", "version"), CASES)
def test_records_of_every_length_pass_both_ways(
    suite: tuple[str, int], version: ssl.TLSVersion, outside: bool
) -> None:
    meeting = Meeting(suite, outside, version)
    for n in [*range(1, 70), 255, 256, 257, 1000, 16_383, 16_384, 16_385, 100_000]:
        data, got = message(n), bytearray()
        record = bytes(meeting.sealed(data))
        while len(got) < n:
            status, part = meeting.read(record)
            assert status == 0, name(status)
            got += part
            record = b""
        assert got == data
        status, taken = st.SSLWrite(meeting.ctx, data, n, None)
        assert (status, taken) == (0, n)
        back = bytearray()
        while len(back) < n:
            back += meeting.peer.read(n)
        assert back == data


def alert_of(peer: ssl.SSLObject) -> str:
    """What the peer says when it reads our alert."""
    with pytest.raises(ssl.SSLError) as caught:
        peer.read(1)
    return str(caught.value.reason)


@ORDERS
@pytest.mark.parametrize(
    ("length", "wanted"),
    [
        (32, st.errSSLClosedAbort),
        (48, st.errSSLClosedAbort),
        (63, st.errSSLRecordOverflow),
        (40, st.errSSLRecordOverflow),
    ],
)
def test_the_documented_lengths_give_the_documented_codes(length: int, wanted: int, outside: bool) -> None:
    meeting = Meeting(AES_128_SHA256, outside)
    record = meeting.sealed(b"8 bytes.")
    assert len(record) == HEADER + 64
    assert meeting.read(shortened(record, length)) == (wanted, b"")
    assert state(meeting.ctx) == st.kSSLAborted
    assert meeting.read(b"") == (st.errSSLClosedAbort, b"")


@ORDERS
@pytest.mark.parametrize("at", [0, 8, 15, 16, 30, 31, 32, 47, 48, 62, 63])
def test_a_damaged_byte_is_a_bad_record_mac_and_the_peer_is_told(at: int, outside: bool) -> None:
    meeting = Meeting(AES_128_SHA256, outside)
    record = meeting.sealed(b"8 bytes.")
    record[HEADER + at] ^= 1
    assert meeting.read(bytes(record)) == (st.errSSLBadRecordMac, b"")
    assert state(meeting.ctx) == st.kSSLAborted
    assert "BAD_RECORD_MAC" in alert_of(meeting.peer).upper()
