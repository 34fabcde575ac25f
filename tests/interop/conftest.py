"""What the tests against other software share: one record of what came of each cell of the matrix."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import matrix
import pytest


@pytest.fixture(scope="session")
def record() -> Iterator[dict[matrix.Cell, str]]:
    """What came of each cell; ``SECURETRANSPORT_WRITE_INTEROP`` names the file for the page of a whole run."""
    results: dict[matrix.Cell, str] = {}
    yield results
    if path := os.environ.get("SECURETRANSPORT_WRITE_INTEROP"):
        Path(path).write_text(matrix.page(results), encoding="utf-8")
