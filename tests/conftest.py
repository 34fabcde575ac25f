"""What every test finds around itself."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

# The helpers are imported by their plain names, whichever directory the tests were started from.
sys.path.insert(0, str(Path(__file__).parent))

# A shell starts what runs in its background with SIGINT ignored, and children inherit that: programs that the tests
# interrupt would then not notice. A handler, unlike SIG_IGN, does not outlive exec.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["contract_report"]
