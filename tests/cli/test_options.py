"""Flags are read leniently and judged strictly."""

from __future__ import annotations

import pytest

import securetransport as st
from securetransport.cli import options
from securetransport.cli.connect import parse_place
from securetransport.cli.output import clean, size
from securetransport.cli.problems import Exit, Problem, explain_plain, status_name


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("example.org", ("example.org", 443)),
        ("example.org:8443", ("example.org", 8443)),
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("2001:db8::1", ("2001:db8::1", 443)),
        ("[2001:db8::1]", ("2001:db8::1", 443)),
        ("[::1]:65535", ("::1", 65535)),
        ("https://example.org/path?x", ("example.org", 443)),
        ("https://example.org:444/", ("example.org", 444)),
    ],
)
def test_a_place_is_understood(text: str, place: tuple[str, int]) -> None:
    assert parse_place(text) == place


def test_a_port_flag_fills_in_and_may_not_contradict() -> None:
    assert parse_place("example.org", 99) == ("example.org", 99)
    assert parse_place("example.org:99", 99) == ("example.org", 99)
    with pytest.raises(Problem, match="Two ports are given"):
        parse_place("example.org:98", 99)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":443",
        "example.org:",
        "example.org:0",
        "example.org:65536",
        "a:b",
        "[::1",
        "[::1]x",
        "a b",
        "x/y",
        "h:²",
    ],
)
def test_a_place_that_is_none_is_a_problem(text: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_place(text)
    assert caught.value.code == Exit.USAGE


@pytest.mark.parametrize(
    "text",
    [
        "https://user:hunter2@example.org",
        "https://user:hunter2@example.org:8443/path",
        "https://user:hunter2@[::1]:8443/",
        "https://hunter2@example.org/",
        "user:hunter2@example.org",
        "user:hunter2@example.org:443",
        "https://exa mple.org/?token=hunter2",
        "https://example.org:x/?token=hunter2",
        "https://user:hunt/er2@example.org/",
        "https:///hunter2",
    ],
)
def test_a_password_in_a_place_is_never_repeated(text: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_place(text)
    assert caught.value.code == Exit.USAGE
    assert "hunt" not in caught.value.sentence
    assert "hunt" not in repr(caught.value.details)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("tls1.2", "tls1.2"),
        ("TLSv1.2", "tls1.2"),
        ("1.2", "tls1.2"),
        ("TLS1", "tls1.0"),
        ("tls1_1", "tls1.1"),
        ("SSLv3", "ssl3"),
        ("1.3", "tls1.3"),
    ],
)
def test_versions_have_many_spellings(text: str, version: str) -> None:
    assert options.read_settings(text, "tls1.3", None, None).min_version == version


def test_modern_settings_are_the_default() -> None:
    settings = options.read_settings(None, None, None, None)
    assert settings.min_version == "tls1.2"
    assert settings.suites == options.MODERN_SUITES
    context = options.new_context(st.kSSLClientSide, settings)
    assert st.SSLGetProtocolVersionMin(context, None) == (0, st.kTLSProtocol12)
    _, count = st.SSLGetNumberEnabledCiphers(context, None)
    assert count == len(options.MODERN_SUITES)


def test_older_versions_bring_the_suites_they_need() -> None:
    settings = options.read_settings("tls1.0", None, None, None)
    assert settings.suites[: len(options.MODERN_SUITES)] == options.MODERN_SUITES
    assert st.TLS_RSA_WITH_AES_128_CBC_SHA in settings.suites
    assert len(set(settings.suites)) == len(settings.suites)


def test_a_highest_version_below_the_default_lowest_lowers_it() -> None:
    settings = options.read_settings("tls1.2", "tls1.1", None, None)
    assert (settings.min_version, settings.max_version) == ("tls1.1", "tls1.1")


def test_suites_and_protocols_may_be_repeated_or_separated() -> None:
    settings = options.read_settings(
        None,
        None,
        [
            "ECDHE-RSA-WITH-AES-128-GCM-SHA256,TLS_RSA_WITH_AES_128_GCM_SHA256",
            "tls_rsa_with_aes_256_gcm_sha384",
        ],
        ["h2, http/1.1", "acme"],
    )
    assert settings.suites == (
        st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        st.TLS_RSA_WITH_AES_128_GCM_SHA256,
        st.TLS_RSA_WITH_AES_256_GCM_SHA384,
    )
    assert settings.alpn == ("h2", "http/1.1", "acme")
    assert settings.needs_rsa


def test_an_application_protocol_that_cannot_be_is_a_problem() -> None:
    for name in ("ü", "x" * 32):
        with pytest.raises(Problem, match="cannot be an application protocol"):
            options.read_settings(None, None, None, [name])


def test_a_stranger_cannot_steer_the_terminal() -> None:
    assert clean("a\x1b[31mb\r\n\x9bc\u202ed") == "a\\x1b[31mb\\r\\n\\x9bc\\u202ed"
    assert clean("Zürich 東京") == "Zürich 東京"


def test_sizes_are_for_people() -> None:
    assert [size(n) for n in (0, 1023, 1024, 1536, 1 << 20, 1 << 40)] == [
        "0 bytes",
        "1023 bytes",
        "1.0 KiB",
        "1.5 KiB",
        "1.0 MiB",
        "1024.0 GiB",
    ]


def test_statuses_have_their_names() -> None:
    assert status_name(-9806) == "errSSLClosedAbort"
    assert status_name(-9841) == "errSSLPeerAuthCompleted"
    assert status_name(12345) == "12345"


def test_protocols_in_the_clear_are_recognised_by_how_they_begin() -> None:
    for first in (b"HTTP/", b"<html", b"SSH-2", b"220 m", b"+OK P", b"* OK "):
        assert explain_plain(first) is not None
    assert explain_plain(b"\x16\x03\x03\x00\x01") is None
    assert explain_plain(b"") is None
