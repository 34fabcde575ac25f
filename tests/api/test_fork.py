"""A forked child uses the library like any other process, whatever other threads of its parent were doing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).parent / "fork_worker.py"
#: Long enough for a loaded machine; a child that waits for a lost lock waits for ever.
PATIENCE = 120


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_children_of_a_busy_process_resume_sessions_with_random_bytes_of_their_own() -> None:
    done = subprocess.run([sys.executable, str(WORKER)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split()
    assert len(lines) == len(set(lines)) == 60, "every child says its random, and no two are the same"
