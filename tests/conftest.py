"""What every test finds around itself."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

# The helpers are imported by their plain names, whichever directory the tests were started from.
sys.path.insert(0, str(Path(__file__).parent))

# A shell starts what runs in its background with SIGINT ignored, and children inherit that: programs that the tests
# interrupt would then not notice. A handler, unlike SIG_IGN, does not outlive exec.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["contract_report"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that are shared among processes are known by their names, which must therefore be the same in each."""
    addressed = [item.nodeid for item in items if re.search(r" at 0x[0-9a-f]{6}", item.nodeid)]
    if addressed:
        raise pytest.UsageError(f"an object's address is part of the name of {addressed[0]}")
