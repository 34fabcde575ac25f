"""Every version and suite of OpenSSL 3 at security level 0, both roles, with and without encrypt-then-MAC."""

from __future__ import annotations

import elders
import matrix
import pytest
from matrix import Cell, Peer, Suite


def _spelling(version: str, suite: Suite) -> str | None:
    return None if version == "SSLv3" else elders.openssl_suites().get(suite.number)


CELLS = matrix.cells(
    "openssl3", Peer("OpenSSL 3", elders.openssl, _spelling, forms=True, blocks=elders.lines)
)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_suite_works_with_openssl(cell: Cell, record: dict[Cell, str]) -> None:
    matrix.attempt(cell, record)
