"""The command ``securetransport``, also ``python -m securetransport``.

In: the command line. Out: an exit code (``docs/cli.md``). Promise: without the packages of the extra
``securetransport[cli]`` it says in one sentence what to install.
"""

from __future__ import annotations

import importlib.util
import sys

_NEEDED = ("typer", "rich")


def main() -> int:
    """Run the command line; returns or exits with its exit code."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        print(
            "The command line needs two more packages; install them with: pip install 'securetransport[cli]'",
            file=sys.stderr,
        )
        return 2
    from .cli.app import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
