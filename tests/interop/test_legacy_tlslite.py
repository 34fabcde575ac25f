"""Every version and suite of tlslite-ng, both roles, with and without encrypt-then-MAC."""

from __future__ import annotations

import elders
import matrix
import pytest
from matrix import Cell, Peer, Suite


def _spelling(version: str, suite: Suite) -> Suite | None:
    return suite if suite.number in elders.tlslite_suites(version) else None


CELLS = matrix.cells(
    "tlslite", Peer("tlslite-ng", elders.tlslite, _spelling, forms=True, blocks=elders.tlslite_blocks)
)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_suite_works_with_tlslite(cell: Cell, record: dict[Cell, str]) -> None:
    matrix.attempt(cell, record)
