"""The command ``securetransport``, also ``python -m securetransport``.

In: the command line. Out: an exit code (``docs/cli.md``). Promise: without the packages of the extra
``securetransport[cli]`` it says in one sentence what to install.
"""

from __future__ import annotations

import importlib.util
import os
import sys

_NEEDED = ("typer", "rich")


def main() -> int:
    """Run the command line; returns or exits with its exit code."""
    try:
        return _run()
    except KeyboardInterrupt:  # before a command was there to take care of it
        return 130


def _run() -> int:
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        print(
            "The command line needs two more packages; install them with: pip install 'securetransport[cli]'",
            file=sys.stderr,
        )
        return 2
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # started with it closed: what would go there goes nowhere
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    from .cli.app import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
