"""The cookie gate as Python sees it; what it judges is tested in the core."""

from __future__ import annotations

import pytest

from securetransport import _native

HELLO = bytes([22, 0xFE, 0xFF, *bytes(8), 0, 54, 1, 0, 0, 42, *bytes(5), 0, 0, 42, 0xFE, 0xFD])
HELLO += bytes(32) + bytes([0, 0, 0, 2, 0xC0, 0x2B, 1, 0])


def with_cookie(cookie: bytes) -> bytes:
    """The same hello with its cookie."""
    more = len(cookie)
    hello = HELLO[:60] + bytes([more]) + cookie + HELLO[61:]
    sized = bytearray(hello)
    for at in (12, 16, 24):
        sized[at] += more
    return bytes(sized)


def test_a_hello_is_answered_and_accepted_when_its_cookie_comes_back() -> None:
    gate = _native.CookieGate()
    verdict, reply = gate.check(HELLO, b"a")
    assert verdict == "reply"
    assert reply is not None
    assert reply[13] == 3
    cookie = reply[-32:]
    assert gate.check(with_cookie(cookie), b"a") == ("accept", cookie)
    assert gate.check(with_cookie(cookie), b"b")[0] == "reply"
    assert gate.check(b"GET / HTTP/1.1", b"a") == ("drop", None)


def test_gates_with_one_secret_know_each_others_cookies() -> None:
    one, two = (_native.CookieGate(bytes(range(32)), period=600) for _ in range(2))
    reply = one.check(HELLO, b"a")[1]
    assert reply is not None
    assert two.check(with_cookie(reply[-32:]), b"a")[0] == "accept"
    assert _native.CookieGate().check(with_cookie(reply[-32:]), b"a")[0] == "reply"


def test_bad_secrets_and_periods_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="has 32 bytes, these are 4"):
        _native.CookieGate(b"four")
    with pytest.raises(ValueError, match="at least one second"):
        _native.CookieGate(period=0)
    assert "four" not in repr(_native.CookieGate(b"four" * 8))
