"""Every version and suite of GnuTLS, both roles, with and without encrypt-then-MAC."""

from __future__ import annotations

import elders
import matrix
import pytest
from matrix import Cell, Peer, Suite


def _spelling(version: str, suite: Suite) -> str | None:
    return None if version == "SSLv3" else elders.gnutls_suites().get(suite.number)


def _handshake_only(cell: Cell) -> str | None:
    if cell.role == "server" and cell.suite.exchange in ("DHE_PSK", "ECDHE_PSK"):
        return "gnutls-cli 3.7 crashes while it describes such a session, one with its own server too"
    return None


CELLS = matrix.cells(
    "gnutls",
    Peer(
        *("GnuTLS", elders.gnutls, _spelling),
        forms=True,
        blocks=elders.lines,
        handshake_only=_handshake_only,
    ),
)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_suite_works_with_gnutls(cell: Cell, record: dict[Cell, str]) -> None:
    matrix.attempt(cell, record)
