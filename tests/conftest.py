"""What every test finds around itself."""

from __future__ import annotations

import sys
from pathlib import Path

# The helpers are imported by their plain names, whichever directory the tests were started from.
sys.path.insert(0, str(Path(__file__).parent))
