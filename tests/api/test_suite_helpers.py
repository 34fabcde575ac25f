"""The stateless helpers about suites and versions say what the published tables say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from securetransport import SSLProtocol, spi

TABLE = json.loads((Path(__file__).parent.parent / "reference/ciphersuites.json").read_text(encoding="utf-8"))
GROUPS = ["default", "compatibility", "legacy", "ats", "ats_compatibility"]
VERSIONS = {
    "TLSv10": SSLProtocol.kTLSProtocol1,
    "TLSv11": SSLProtocol.kTLSProtocol11,
    "TLSv12": SSLProtocol.kTLSProtocol12,
    "TLSv13": SSLProtocol.kTLSProtocol13,
}


@pytest.mark.parametrize(("number", "name"), list(enumerate(GROUPS)))
@pytest.mark.contract(
    "SSLCiphersuiteGroupContainsCiphersuite bool",
    "SSLCiphersuiteGroupToCiphersuiteList pointer",
)
def test_a_group_is_the_published_list(number: int, name: str) -> None:
    wanted = [TABLE["constants"][suite] for suite in TABLE["ciphersuite_groups"][name]]
    suites, count = spi.SSLCiphersuiteGroupToCiphersuiteList(number, None)
    assert (list(suites), count) == (wanted, len(wanted))
    for suite in TABLE["suites"]:
        member = spi.SSLCiphersuiteGroupContainsCiphersuite(number, suite["value"])
        assert member is (suite["value"] in wanted), suite["name"]


def test_an_unknown_group_counts_as_the_default_one() -> None:
    default = spi.SSLCiphersuiteGroupToCiphersuiteList(0)
    for number in (-1, 5, 2**40):
        assert spi.SSLCiphersuiteGroupToCiphersuiteList(number) == default


@pytest.mark.parametrize("suite", TABLE["suites"], ids=lambda suite: suite["name"])
@pytest.mark.contract(
    "SSLCiphersuiteMinimumTLSVersion SSLProtocol",
    "SSLCiphersuiteMaximumTLSVersion SSLProtocol",
    "SSLCiphersuiteGetName C string",
)
def test_the_version_range_and_name_of_a_suite_are_the_recorded_ones(suite: dict) -> None:
    number, recorded = suite["value"], suite.get("helper_version_range")
    if recorded is None:
        assert spi.SSLCiphersuiteMinimumTLSVersion(number) == SSLProtocol.kSSLProtocol2
        assert spi.SSLCiphersuiteMaximumTLSVersion(number) == SSLProtocol.kSSLProtocol2
        assert spi.SSLCiphersuiteGetName(number) is None
    else:
        assert spi.SSLCiphersuiteMinimumTLSVersion(number) == VERSIONS[recorded["min"]]
        assert spi.SSLCiphersuiteMaximumTLSVersion(number) == VERSIONS[recorded["max"]]
        assert spi.SSLCiphersuiteGetName(number) == suite["name"]


@pytest.mark.contract(
    "SSLProtocolGetVersionCodepoint uint16",
    "SSLProtocolFromVersionCodepoint SSLProtocol",
    "_SSLProtocolVersionToWireFormatValue wire version",
)
def test_versions_and_their_numbers_on_the_wire_go_both_ways() -> None:
    wire = {2: 0x300, 4: 0x301, 7: 0x302, 8: 0x303, 10: 0x304, 9: 0xFEFF, 11: 0xFEFD}
    for protocol in range(-2, 1001):
        codepoint = spi.SSLProtocolGetVersionCodepoint(protocol)
        assert codepoint == wire.get(protocol, 0)
        assert spi._SSLProtocolVersionToWireFormatValue(protocol) == (0x304 if protocol == 999 else codepoint)
        if codepoint:
            assert spi.SSLProtocolFromVersionCodepoint(codepoint) == protocol
    assert spi.SSLProtocolFromVersionCodepoint(0) == SSLProtocol.kSSLProtocol2
    assert spi.SSLProtocolFromVersionCodepoint(0x1234) == SSLProtocol.kSSLProtocolUnknown
