"""Every version and suite, both roles, against Java, Go and an OpenSSL of 2013."""

from __future__ import annotations

import matrix
import polyglots
import pytest
from matrix import KEYS, Cell, Peer, Suite

#: Without the suites of pre-shared keys, for which these peers have no calls.
EXCHANGES = tuple(kx for kx in KEYS if not kx.endswith("PSK"))


def _jsse(_version: str, suite: Suite) -> str | None:
    """The name under which JSSE has a suite."""
    wanted = {*suite.names, *(n.replace("TLS_", "SSL_", 1) for n in suite.names)}
    return next(iter(sorted(wanted & polyglots.java().suites)), None)


def _go(version: str, suite: Suite) -> str | None:
    number = f"{suite.number:04x}"
    return number if version != "SSLv3" and number in polyglots.go().suites else None


def _openssl(_version: str, suite: Suite) -> str | None:
    return suite.openssl if suite.openssl in polyglots.old_openssl().suites else None


CELLS = [
    *matrix.cells("java", Peer("Java JSSE", lambda _: polyglots.java(), _jsse, exchanges=EXCHANGES)),
    *matrix.cells(
        "go",
        Peer(
            "Go crypto/tls",
            lambda _: polyglots.go(),
            _go,
            lambda v: f"{polyglots.VERSIONS[v]:04x}",
            exchanges=EXCHANGES,
        ),
    ),
    *matrix.cells(
        "openssl101",
        Peer(
            "OpenSSL 1.0.1 (nassl)",
            lambda _: polyglots.old_openssl(),
            _openssl,
            roles=("server",),
            exchanges=EXCHANGES,
        ),
    ),
]


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_suite_works_with_a_stranger(cell: Cell, record: dict[Cell, str]) -> None:
    matrix.attempt(cell, record)
