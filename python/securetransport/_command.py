"""Ctrl-C while the package is still being imported for its own command.

In: how this process was started. Out: nothing. Promise: while ``securetransport`` or ``python -m securetransport``
loads, an interrupt ends the process at once and without a traceback; in every other program, and as soon as the
package is there, interrupts are what they were.
"""

import itertools
import os
import signal
import sys


def _is_the_command() -> bool:
    if ("-m", __package__) in itertools.pairwise(sys.orig_argv):
        return True
    script = os.path.basename(sys.argv[0]) if sys.argv else ""
    return script.removesuffix(".exe") == __package__


def loaded() -> None:
    """The package is there: interrupts raise KeyboardInterrupt again, which the command takes care of."""
    if _held:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# Another handler than Python's own is somebody's choice. Only the main thread may set one.
_held = False
if _is_the_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _held = True
    except ValueError:
        pass
