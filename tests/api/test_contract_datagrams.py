"""The rows that speak of datagrams: sizes, the cookie, versions, a peer that never answers (behaviours section 8)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path
from pipes import WOULD_BLOCK, array, certificate, name, ok, state
from typing import Any

import pytest

import certs
import securetransport as st
from contract_report import named
from securetransport import legacy, spi

contract = pytest.mark.contract


class Wire:
    """One direction in memory: each write is a datagram, of which reads are served until the next one."""

    def __init__(self) -> None:
        self.datagrams: deque[bytes] = deque()
        self.sent: list[bytes] = []
        self.rest = b""

    def write(self, _connection: Any, data: memoryview, length: int) -> int:
        self.datagrams.append(bytes(data))
        self.sent.append(bytes(data))
        return 0

    def read(self, _connection: Any, data: memoryview, length: int) -> tuple[int, int]:
        if not self.rest and self.datagrams:
            self.rest = self.datagrams.popleft()
        n = min(length, len(self.rest))
        data[:n], self.rest = self.rest[:n], self.rest[n:]
        return (0 if n == length else WOULD_BLOCK), n


def context(is_server: bool) -> Any:
    status, made = spi.SSLNewDatagramContext(is_server, None)
    ok(status)
    return made


class Datagrams:
    """A client and a server joined by two such directions."""

    def __init__(self) -> None:
        self.up, self.down = Wire(), Wire()
        self.client, self.server = context(False), context(True)
        ok(st.SSLSetIOFuncs(self.client, self.down.read, self.up.write))
        ok(st.SSLSetIOFuncs(self.server, self.up.read, self.down.write))
        ok(st.SSLSetPeerDomainName(self.client, "localhost", 9))
        ok(legacy.SSLSetTrustedRoots(self.client, [certificate(certs.authority().der)], True))
        ok(st.SSLSetCertificate(self.server, array(certs.leaf("p256"))))

    def handshake(self) -> tuple[int, int]:
        codes = [WOULD_BLOCK, WOULD_BLOCK]
        for _ in range(20):
            for at, end in enumerate((self.client, self.server)):
                if codes[at] == WOULD_BLOCK:
                    codes[at] = st.SSLHandshake(end)
        return codes[0], codes[1]

    def connected(self) -> Datagrams:
        codes = self.handshake()
        assert codes == (0, 0), tuple(map(name, codes))
        return self


@contract("SSLNewDatagramContext errSecSuccess", "SSLCreateContext context object")
def test_ssl_new_datagram_context_makes_either_side() -> None:
    for is_server in (True, False):
        status, made = spi.SSLNewDatagramContext(is_server, None)
        ok(status)
        assert ("server" if is_server else "client") in repr(made)
        assert st.SSLGetProtocolVersionMax(made) == (0, st.kDTLSProtocol1)
        assert st.SSLCreateContext(None, int(not is_server), st.kSSLDatagramType) is not None
    pair = Datagrams().connected()
    assert st.SSLGetNegotiatedProtocolVersion(pair.client) == (0, st.kDTLSProtocol1)
    assert st.SSLWrite(pair.client, b"hello", 5, None) == (0, 5)
    assert st.SSLRead(pair.server, None, 9, None)[1] == b"hello"


@contract(
    named("SSLSetProtocolVersionEnabled", "errSecBadReq"),
    named("SSLGetProtocolVersionEnabled", "errSecBadReq"),
    named("SSLSetProtocolVersion", "errSecBadReq"),
)
def test_the_deprecated_version_calls_are_for_streams() -> None:
    made = context(False)
    assert legacy.SSLSetProtocolVersionEnabled(made, st.kTLSProtocol12, True) == st.errSecBadReq
    assert legacy.SSLGetProtocolVersionEnabled(made, st.kTLSProtocol12, None) == (st.errSecBadReq, None)
    assert legacy.SSLSetProtocolVersion(made, st.kTLSProtocol12) == st.errSecBadReq


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(
            setter, id=setter, marks=contract(f"{setter} errSSLIllegalParam", f"{setter} errSecSuccess")
        )
        for setter in ("SSLSetProtocolVersionMin", "SSLSetProtocolVersionMax")
    ],
)
def test_datagrams_speak_datagram_versions_alone(function: str) -> None:
    made = context(False)
    ok(getattr(st, function)(made, st.kDTLSProtocol12))
    ok(getattr(st, function)(made, st.kDTLSProtocol1))
    for version in (st.kSSLProtocol3, st.kTLSProtocol1, st.kTLSProtocol12, st.kTLSProtocol13, 12):
        assert getattr(st, function)(made, version) == st.errSSLIllegalParam


@contract(
    "SSLSetMaxDatagramRecordSize errSecSuccess",
    "SSLGetMaxDatagramRecordSize errSecSuccess",
    "SSLGetDatagramWriteSize errSecSuccess",
)
def test_the_size_is_the_one_in_force_and_what_is_too_small_is_ignored() -> None:
    for made in (context(False), context(True)):
        assert st.SSLGetMaxDatagramRecordSize(made, None) == (0, 1400)
        assert st.SSLGetDatagramWriteSize(made, None) == (0, 1327)
        for size, force in ((64, 64), (63, 64), (0, 64), (600, 600), (1, 600)):
            ok(st.SSLSetMaxDatagramRecordSize(made, size))
            assert st.SSLGetMaxDatagramRecordSize(made, None) == (0, force)
        assert st.SSLGetDatagramWriteSize(made, None) == (0, (600 - 13) // 16 * 16 - 16 - 1 - 32)


@contract("SSLSetMaxDatagramRecordSize errSecSuccess", "SSLGetDatagramWriteSize errSecSuccess")
def test_no_handshake_datagram_is_longer_and_a_full_write_fits_one() -> None:
    pair = Datagrams()
    for end in (pair.client, pair.server):
        ok(st.SSLSetMaxDatagramRecordSize(end, 200))
    pair.connected()
    assert max(map(len, [*pair.up.sent, *pair.down.sent])) <= 200
    pair.up.sent.clear()
    status, room = st.SSLGetDatagramWriteSize(pair.client, None)
    ok(status)
    assert st.SSLWrite(pair.client, bytes(room), room, None) == (0, room)
    assert st.SSLWrite(pair.client, bytes(room + 1), room + 1, None) == (0, room + 1)
    fits, above = map(len, pair.up.sent)
    assert fits <= 200 < above, "the size is exact once the suite is known"


@contract(
    named("SSLSetMaxDatagramRecordSize", "errSecParam"),
    named("SSLGetMaxDatagramRecordSize", "errSecParam"),
    named("SSLGetDatagramWriteSize", "errSecParam"),
    named("SSLSetDatagramHelloCookie", "errSecParam"),
)
def test_streams_have_neither_sizes_nor_cookies() -> None:
    for side in (st.kSSLClientSide, st.kSSLServerSide):
        stream = st.SSLCreateContext(None, side, st.kSSLStreamType)
        assert st.SSLSetMaxDatagramRecordSize(stream, 1000) == st.errSecParam
        assert st.SSLGetMaxDatagramRecordSize(stream, None) == (st.errSecParam, None)
        assert st.SSLGetDatagramWriteSize(stream, None) == (st.errSecParam, None)
        assert st.SSLSetDatagramHelloCookie(stream, b"cookie", 6) == st.errSecParam
    assert st.SSLSetDatagramHelloCookie(context(True), bytes(33), 33) == st.errSecParam


HANDSHAKE, CLIENT_HELLO, HELLO_VERIFY_REQUEST = 22, 1, 3


@contract("SSLSetDatagramHelloCookie errSecSuccess", "SSLSetDatagramHelloCookie errSecBadReq")
@pytest.mark.parametrize("cookie", [b"", b"c", bytes(range(32))], ids=len)
def test_a_cookie_is_demanded_back_before_anything_else(cookie: bytes) -> None:
    pair = Datagrams()
    ok(st.SSLSetDatagramHelloCookie(pair.server, cookie + b"more", len(cookie)))
    ok(st.SSLSetDatagramHelloCookie(pair.client, b"without effect", 14))
    pair.connected()
    assert (pair.down.sent[0][13] == HELLO_VERIFY_REQUEST) == bool(cookie)
    hellos = [
        datagram for datagram in pair.up.sent if datagram[0] == HANDSHAKE and datagram[13] == CLIENT_HELLO
    ]
    assert len(hellos) == (2 if cookie else 1)
    assert cookie in hellos[-1]
    assert st.SSLSetDatagramHelloCookie(pair.server, b"late", 4) == st.errSecBadReq


@contract("SSLSetDatagramHelloCookie errSecBadReq", "SSLSetMaxDatagramRecordSize errSecSuccess")
@pytest.mark.parametrize("which", ["client", "server"])
def test_the_cookie_is_for_no_running_session_and_the_size_for_any_state(which: str) -> None:
    pair = Datagrams()
    end = getattr(pair, which)

    def tried() -> tuple[int, int, int, int]:
        wrong = st.SSLSetDatagramHelloCookie(end, bytes(33), 33)
        return (
            state(end),
            st.SSLSetDatagramHelloCookie(end, b"c", 1),
            wrong,
            st.SSLSetMaxDatagramRecordSize(end, 900),
        )

    assert tried() == (st.kSSLIdle, 0, st.errSecParam, 0)
    st.SSLHandshake(end)
    assert tried() == (st.kSSLHandshake, st.errSecBadReq, st.errSecBadReq, 0)
    pair.connected()
    assert tried() == (st.kSSLConnected, st.errSecBadReq, st.errSecBadReq, 0)
    ok(st.SSLSetError(end, 0))
    assert tried() == (st.kSSLAborted, 0, st.errSecParam, 0)
    ok(st.SSLClose(end))
    assert tried() == (st.kSSLClosed, 0, st.errSecParam, 0)


CLOCK = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_MONOTONIC) {
        static long first;
        if (!first) first = now->tv_sec;
        long long nanos = (now->tv_sec - first) * 1000000000LL + now->tv_nsec;
        now->tv_sec = first + nanos / 250000;
        now->tv_nsec = nanos % 250000 * 4000;
    }
    return result;
}
"""


def unanswered() -> list[int]:
    """What SSLHandshake of a client answers whose datagrams nobody reads, without repetitions."""
    made, sent, codes = context(False), [0], []
    ok(st.SSLSetIOFuncs(made, lambda *_: WOULD_BLOCK, lambda *_: sent.__setitem__(0, sent[0] + 1) or 0))
    while not codes or codes[-1] == WOULD_BLOCK:
        codes.append(st.SSLHandshake(made))
    return [*dict.fromkeys(codes), sent[0], int(state(made))]


@contract("SSLHandshake errSSLConnectionRefused", elsewhere=True)
@pytest.mark.skipif(sys.platform != "linux", reason="the clock is quickened by the dynamic linker of Linux")
def test_a_peer_that_never_answers_is_given_up_after_ten_sends(tmp_path: Path) -> None:
    """The waits are 1, 2, 4 ... seconds, a quarter of an hour: another process lives them 4000 times faster."""
    library = tmp_path / "clock.so"
    compiler = shutil.which("cc")
    assert compiler, "a C compiler is needed"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), "-x", "c", "-"]
    subprocess.run(command, input=CLOCK, text=True, check=True, timeout=60)
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    code = f"import sys; sys.path[:0] = {paths!r}; import test_contract_datagrams as t; print(t.unanswered())"
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, env=environment
    )
    assert done.stdout.strip() == str([WOULD_BLOCK, st.errSSLConnectionRefused, 10, 1]), done.stderr
