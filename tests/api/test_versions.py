"""Version bounds in all their public forms, and the named configurations, as the published tables have them."""

from __future__ import annotations

import json
from pathlib import Path
from pipes import Pair, Pipe, client, name, ok, server
from typing import Any

import pytest

import securetransport as st
from contract_report import named
from securetransport import legacy, spi

REFERENCE = Path(__file__).parent.parent / "reference"
CONFIGS = json.loads((REFERENCE / "enums.json").read_text(encoding="utf-8"))["session_configs"]
SUITES = json.loads((REFERENCE / "ciphersuites.json").read_text(encoding="utf-8"))
VERSIONS = (st.kSSLProtocol3, st.kTLSProtocol1, st.kTLSProtocol11, st.kTLSProtocol12)
FALLBACK_SCSV = 0x5600
SIDES = (st.kSSLClientSide, st.kSSLServerSide)


def context(side: int) -> Any:
    ctx = st.SSLCreateContext(None, side, st.kSSLStreamType)
    assert ctx is not None
    return ctx


def bounds(ctx: Any) -> tuple[int, int]:
    (low, lowest), (high, highest) = st.SSLGetProtocolVersionMin(ctx), st.SSLGetProtocolVersionMax(ctx)
    assert (low, high) == (0, 0)
    return lowest, highest


def enabled(ctx: Any) -> list[int]:
    status, count = st.SSLGetNumberEnabledCiphers(ctx)
    ok(status)
    status, suites, count = st.SSLGetEnabledCiphers(ctx, None, count)
    ok(status)
    assert len(suites) == count
    return list(suites)


def offered(ctx: Any) -> tuple[int, int, list[int]]:
    """The version of a client's first record, the version in its hello, and the suites there."""
    out = Pipe()
    ok(st.SSLSetIOFuncs(ctx, Pipe().read, out.write))
    assert st.SSLHandshake(ctx) == st.errSSLWouldBlock
    hello = bytes(out.writes[0])
    assert (hello[0], hello[5]) == (22, 1)
    at = 9 + 2 + 32
    at += 1 + hello[at]
    length = int.from_bytes(hello[at : at + 2], "big")
    numbers = hello[at + 2 : at + 2 + length]
    suites = [int.from_bytes(numbers[i : i + 2], "big") for i in range(0, length, 2)]
    return int.from_bytes(hello[1:3], "big"), int.from_bytes(hello[9:11], "big"), suites


# --- named configurations ----------------------------------------------------------------------------------


def test_there_are_twelve_configurations() -> None:
    assert len(CONFIGS) == 12


@pytest.mark.parametrize("side", SIDES, ids=str)
@pytest.mark.parametrize("constant", sorted(CONFIGS))
def test_a_configuration_sets_versions_suites_group_size_and_fallback(constant: str, side: int) -> None:
    row, ctx = CONFIGS[constant], context(side)
    ok(st.SSLSetProtocolVersionMin(ctx, st.kSSLProtocol3))
    ok(st.SSLSetEnabledCiphers(ctx, [0x0005], 1))
    ok(spi.SSLSetMinimumDHGroupSize(ctx, 2048))
    ok(st.SSLSetSessionConfig(ctx, getattr(st, constant)))
    wanted = tuple(getattr(st, row["stream_versions"][bound]) for bound in ("min", "max"))
    assert bounds(ctx) == wanted
    assert enabled(ctx) == row["ciphersuite_values"]
    assert spi.SSLGetMinimumDHGroupSize(ctx) == (0, row["min_dh_group_bits"])
    marked = row["fallback_flag"] and side == st.kSSLClientSide
    assert st.SSLGetSessionOption(ctx, st.kSSLSessionOptionFallback) == (0, marked)


@pytest.mark.parametrize("constant", sorted(CONFIGS))
def test_the_hello_of_a_configuration_offers_just_that(constant: str) -> None:
    row, ctx = CONFIGS[constant], client()
    ok(st.SSLSetSessionConfig(ctx, row["string_value"]))
    _, version, suites = offered(ctx)
    assert version == (0x0303 if row["stream_versions"]["max"] == "kTLSProtocol12" else 0x0301)
    signals = [0x00FF, FALLBACK_SCSV] if row["fallback_flag"] else [0x00FF]
    modern = version == 0x0303
    fitting = [suite for suite in row["ciphersuite_values"] if modern or suite not in ONLY_TLS12]
    assert suites == signals + fitting


#: Of the default suites those with SHA-2 or an AEAD (decisions 29).
ONLY_TLS12 = {0xC02C, 0xC02B, 0xC024, 0xC023, 0xC030, 0xC02F, 0xC028, 0xC027, 0x9D, 0x9C, 0x3D, 0x3C}


def test_a_later_configuration_replaces_an_earlier_one_whole() -> None:
    ctx = context(st.kSSLClientSide)
    ok(st.SSLSetSessionConfig(ctx, st.kSSLSessionConfig_TLSv1_fallback))
    ok(st.SSLSetSessionConfig(ctx, st.kSSLSessionConfig_ATSv1))
    assert bounds(ctx) == (st.kTLSProtocol12, st.kTLSProtocol12)
    assert len(enabled(ctx)) == 12
    assert st.SSLGetSessionOption(ctx, st.kSSLSessionOptionFallback) == (0, False)
    ok(st.SSLSetProtocolVersionMin(ctx, st.kTLSProtocol11))
    assert bounds(ctx) == (st.kTLSProtocol11, st.kTLSProtocol12), "no stale bound comes back"


@pytest.mark.parametrize("config", ["", "ats", "ATSV1", "default ", "kSSLSessionConfig_default", None])
def test_an_unknown_configuration_changes_nothing(config: str | None) -> None:
    ctx = context(st.kSSLClientSide)
    before = bounds(ctx), enabled(ctx)
    assert st.SSLSetSessionConfig(ctx, config) == st.errSecParam
    assert (bounds(ctx), enabled(ctx)) == before


def test_dhe_enabled_replaces_the_suites_and_nothing_else() -> None:
    ctx = context(st.kSSLClientSide)
    ok(st.SSLSetProtocolVersionMin(ctx, st.kTLSProtocol11))
    ok(spi.SSLSetMinimumDHGroupSize(ctx, 2048))
    for on, config in ((True, "kSSLSessionConfig_legacy_DHE"), (False, "kSSLSessionConfig_legacy")):
        ok(spi.SSLSetDHEEnabled(ctx, on))
        assert enabled(ctx) == CONFIGS[config]["ciphersuite_values"]
    assert bounds(ctx) == (st.kTLSProtocol11, st.kTLSProtocol12)
    assert spi.SSLGetMinimumDHGroupSize(ctx) == (0, 2048)


def test_an_anonymous_configuration_connects_without_a_certificate() -> None:
    ends = client(host=None), server(None)
    for ctx in ends:
        ok(st.SSLSetSessionConfig(ctx, st.kSSLSessionConfig_anonymous))
    pair = Pair(client=ends[0], server=ends[1])
    assert pair.handshake() == (0, 0)
    assert st.SSLGetNegotiatedCipher(pair.client) == (0, 0xC019)


# --- suites ------------------------------------------------------------------------------------------------


def supported() -> list[int]:
    ctx = context(st.kSSLClientSide)
    status, count = st.SSLGetNumberSupportedCiphers(ctx)
    ok(status)
    status, suites, _ = st.SSLGetSupportedCiphers(ctx, None, count)
    ok(status)
    return list(suites)


#: The rows of suites below TLS 1.3 that are implemented.
ROWS = [row for row in SUITES["suites"] if row["kind"] == "suite" and row["value"] in supported()]


def its_versions(row: dict[str, Any]) -> tuple[int, ...]:
    """Decisions 29: SHA-2 and AEADs at TLS 1.2 only, elliptic curves and pre-shared keys not in SSLv3."""
    if row["mac"] not in ("HMAC-SHA1", "HMAC-MD5"):
        return VERSIONS[3:]
    return VERSIONS[1:] if row["key_exchange"].startswith("EC") or "PSK" in row["name"] else VERSIONS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_suite_is_offered_in_the_versions_that_are_its(row: dict[str, Any]) -> None:
    for version in VERSIONS:
        ctx = client(suites=[row["value"]])
        ok(st.SSLSetProtocolVersionMax(ctx, version))
        ok(st.SSLSetProtocolVersionMin(ctx, version))
        ok(spi.SSLSetPSKSharedSecret(ctx, b"secret", 6))
        if version in its_versions(row):
            assert offered(ctx)[2] == [0x00FF, row["value"]]
        else:
            out = Pipe()
            ok(st.SSLSetIOFuncs(ctx, Pipe().read, out.write))
            assert st.SSLHandshake(ctx) == st.errSSLBadConfiguration
            assert not out.writes


def test_the_supported_list_begins_with_the_published_one() -> None:
    listed = supported()
    assert len(listed) == len(set(listed))
    assert listed[:67] == [SUITES["constants"][name] for name in SUITES["supported_order"]]


@pytest.mark.parametrize("side", SIDES, ids=str)
def test_of_all_numbers_there_are_the_implemented_ones_are_kept(side: int) -> None:
    ctx, everything = context(side), list(range(0x10000))
    ok(st.SSLSetEnabledCiphers(ctx, everything, len(everything)))
    kept = enabled(ctx)
    assert kept == sorted(number for number in supported() if number not in (0x1301, 0x1302, 0x1303))
    rest = [number for number in everything if number not in kept]
    assert st.SSLSetEnabledCiphers(ctx, rest, len(rest)) == st.errSecParam
    assert enabled(ctx) == kept


# --- bounds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES, ids=str)
def test_every_pair_of_bounds_ends_with_the_call_made_last(side: int) -> None:
    for first in VERSIONS:
        for last in VERSIONS:
            ctx = context(side)
            ok(st.SSLSetProtocolVersionMax(ctx, first))
            ok(st.SSLSetProtocolVersionMin(ctx, last))
            assert bounds(ctx) == (last, max(first, last))
            ctx = context(side)
            ok(st.SSLSetProtocolVersionMin(ctx, first))
            ok(st.SSLSetProtocolVersionMax(ctx, last))
            assert bounds(ctx) == (min(first, last), last)


def test_bounds_may_be_set_on_a_connection_and_change_nothing_there() -> None:
    pair = Pair("rsa").connected()
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetProtocolVersionMax(ctx, st.kSSLProtocol3))
        assert bounds(ctx) == (st.kSSLProtocol3, st.kSSLProtocol3)
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, st.kTLSProtocol12)
    assert pair.transfer(pair.client, b"still there") == b"still there"


@pytest.mark.parametrize(
    ("low", "high", "record"),
    [
        (st.kSSLProtocol3, st.kSSLProtocol3, 0x0300),
        (st.kSSLProtocol3, st.kTLSProtocol1, 0x0301),
        (st.kSSLProtocol3, st.kTLSProtocol12, 0x0301),
        (st.kTLSProtocol1, st.kTLSProtocol12, 0x0301),
        (st.kTLSProtocol11, st.kTLSProtocol12, 0x0302),
        (st.kTLSProtocol12, st.kTLSProtocol12, 0x0303),
    ],
)
def test_the_record_of_a_hello_has_a_version_that_old_servers_read(low: int, high: int, record: int) -> None:
    ctx = client()
    ok(st.SSLSetProtocolVersionMin(ctx, low))
    ok(st.SSLSetProtocolVersionMax(ctx, high))
    assert offered(ctx)[0] == record


# --- the deprecated interface ------------------------------------------------------------------------------


@pytest.mark.contract("SSLSetProtocolVersion errSecSuccess", "SSLGetProtocolVersion errSecSuccess")
def test_the_deprecated_setter_fixes_the_highest_version() -> None:
    ssl3, tls1, tls11, tls12 = VERSIONS
    rows = [
        (st.kSSLProtocol3, (ssl3, ssl3), st.kSSLProtocol3),
        (st.kSSLProtocol3Only, (ssl3, ssl3), st.kSSLProtocol3),
        (st.kTLSProtocol1, (ssl3, tls1), st.kTLSProtocol1),
        (st.kTLSProtocol1Only, (tls1, tls1), None),
        (st.kTLSProtocol11, (ssl3, tls11), st.kTLSProtocol11),
        (st.kTLSProtocol12, (ssl3, tls12), st.kSSLProtocolAll),
        (st.kSSLProtocolAll, (ssl3, tls12), st.kSSLProtocolAll),
        (st.kSSLProtocolUnknown, (ssl3, tls12), st.kSSLProtocolAll),
    ]
    for version, wanted, read in rows:
        ctx = context(st.kSSLClientSide)
        ok(legacy.SSLSetProtocolVersion(ctx, version))
        assert bounds(ctx) == wanted, version
        answer = (0, read) if read is not None else (st.errSecParam, None)
        assert legacy.SSLGetProtocolVersion(ctx) == answer, version


@pytest.mark.contract(named("SSLGetProtocolVersion", "errSecParam", "range has"))
def test_the_deprecated_getter_has_no_word_for_the_default() -> None:
    assert legacy.SSLGetProtocolVersion(context(st.kSSLClientSide)) == (st.errSecParam, None)


@pytest.mark.parametrize("version", [1, 9, 10, 11, 999, 12, -1, 2**40])
@pytest.mark.contract(named("SSLSetProtocolVersion", "errSecParam", "SSL 2.0"))
def test_the_deprecated_setter_refuses_what_no_stream_speaks(version: int) -> None:
    ctx = context(st.kSSLClientSide)
    assert legacy.SSLSetProtocolVersion(ctx, version) == st.errSecParam
    assert bounds(ctx) == (st.kTLSProtocol1, st.kTLSProtocol12)


@pytest.mark.contract(
    "SSLSetProtocolVersionEnabled errSecSuccess",
    "SSLGetProtocolVersionEnabled errSecSuccess",
)
def test_single_versions_widen_and_raise_the_bounds() -> None:
    ssl3, tls1, tls11, tls12 = VERSIONS
    rows = [
        # Bounds before, version, enabled or disabled, bounds after.
        ((tls1, tls12), ssl3, True, (ssl3, tls12)),
        ((tls11, tls11), tls12, True, (tls11, tls12)),
        ((tls11, tls11), ssl3, True, (ssl3, tls11)),
        ((ssl3, tls12), ssl3, False, (tls1, tls12)),
        ((ssl3, tls12), tls1, False, (tls11, tls12)),
        ((ssl3, tls12), tls11, False, (tls12, tls12)),
        ((ssl3, tls12), tls12, False, (ssl3, tls12)),
        ((tls11, tls12), ssl3, False, (tls11, tls12)),
        ((tls1, tls1), tls1, False, (0, 0)),
        ((ssl3, tls12), st.kSSLProtocol2, False, (ssl3, tls12)),
        ((tls1, tls1), st.kSSLProtocolAll, True, (ssl3, tls12)),
        ((tls1, tls12), st.kSSLProtocolAll, False, (0, 0)),
    ]
    for (low, high), version, on, wanted in rows:
        ctx = context(st.kSSLClientSide)
        ok(st.SSLSetProtocolVersionMin(ctx, low))
        ok(st.SSLSetProtocolVersionMax(ctx, high))
        ok(legacy.SSLSetProtocolVersionEnabled(ctx, version, on))
        assert bounds(ctx) == wanted, (low, high, version, on)
        for probe in VERSIONS:
            within = bool(wanted[0]) and wanted[0] <= probe <= wanted[1]
            assert legacy.SSLGetProtocolVersionEnabled(ctx, probe) == (0, within)
        whole = wanted == (ssl3, tls12)
        assert legacy.SSLGetProtocolVersionEnabled(ctx, st.kSSLProtocolAll) == (0, whole)
        assert legacy.SSLGetProtocolVersionEnabled(ctx, st.kSSLProtocol2) == (0, False)


@pytest.mark.parametrize("version", [0, 1, 3, 5, 9, 10, 11, 999, -1, 2**40])
@pytest.mark.contract(named("SSLSetProtocolVersionEnabled", "errSecParam", "protocol outside"))
def test_versions_that_are_none_cannot_be_enabled(version: int) -> None:
    ctx = context(st.kSSLClientSide)
    assert legacy.SSLSetProtocolVersionEnabled(ctx, version, True) == st.errSecParam
    assert bounds(ctx) == (st.kTLSProtocol1, st.kTLSProtocol12)


@pytest.mark.parametrize("side", SIDES, ids=str)
def test_with_no_version_there_is_no_handshake_until_one_is_enabled(side: int) -> None:
    ctx = client() if side == st.kSSLClientSide else server("rsa")
    ok(legacy.SSLSetProtocolVersionEnabled(ctx, st.kSSLProtocolAll, False))
    assert legacy.SSLGetProtocolVersion(ctx) == (st.errSecParam, None)
    out = Pipe()
    ok(st.SSLSetIOFuncs(ctx, Pipe().read, out.write))
    assert st.SSLHandshake(ctx) == st.errSecParam
    assert not out.writes
    ctx = context(side)
    ok(legacy.SSLSetProtocolVersionEnabled(ctx, st.kSSLProtocolAll, False))
    ok(legacy.SSLSetProtocolVersionEnabled(ctx, st.kTLSProtocol11, True))
    assert bounds(ctx) == (st.kTLSProtocol11, st.kTLSProtocol11)


def test_the_deprecated_setters_refuse_a_running_session() -> None:
    pair = Pair("rsa").connected()
    for ctx in (pair.client, pair.server):
        assert legacy.SSLSetProtocolVersion(ctx, st.kTLSProtocol1) == st.errSecBadReq
        assert legacy.SSLSetProtocolVersionEnabled(ctx, st.kTLSProtocol1, True) == st.errSecBadReq


# --- fallback ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("highest", "refused"), [(v, v > st.kTLSProtocol1) for v in VERSIONS[1:]])
def test_a_fallback_is_refused_by_a_server_that_speaks_more(highest: int, refused: bool) -> None:
    ends = client(), server("rsa")
    ok(st.SSLSetSessionConfig(ends[0], st.kSSLSessionConfig_TLSv1_fallback))
    ok(st.SSLSetProtocolVersionMax(ends[1], highest))
    codes = Pair(client=ends[0], server=ends[1]).handshake()
    wanted = (st.errSSLFatalAlert, st.errSSLPeerProtocolVersion) if refused else (0, 0)
    assert codes == wanted, tuple(map(name, codes))


def test_each_version_is_spoken_by_both_sides_and_reported() -> None:
    for version in VERSIONS:
        ends = client(), server("rsa")
        for ctx in ends:
            ok(st.SSLSetProtocolVersionMin(ctx, version))
            ok(st.SSLSetProtocolVersionMax(ctx, version))
        pair = Pair(client=ends[0], server=ends[1]).connected()
        for ctx in ends:
            assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, version)
            assert pair.transfer(ctx, b"data") == b"data"
        ok(st.SSLClose(pair.client))
        assert st.SSLRead(pair.server, None, 10, None) == (st.errSSLClosedGraceful, b"", 0)
