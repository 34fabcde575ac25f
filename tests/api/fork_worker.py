"""Forks while other threads shake hands all the time; each child resumes a session by ID and one by ticket.

Prints the random of every child's hello, a line each.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from pipes import Pair, ok

import securetransport as st
from securetransport import extensions, spi

CHILDREN, THREADS = 60, 4
KEYS = extensions.SSLSessionTicketKeys()
STOP = threading.Event()


def pair(ticket: bool) -> Pair:
    made = Pair()
    who = b"ticket" if ticket else b"id"
    ok(st.SSLSetPeerID(made.client, who, len(who)))
    ok(st.SSLSetSessionTicketsEnabled(made.client, ticket))
    if ticket:
        ok(extensions.SSLSetSessionTicketKeys(made.server, KEYS))
    else:
        ok(st.SSLSetPeerID(made.server, who, len(who)))
    return made


def resumes(ticket: bool) -> tuple[bool, bytes]:
    ends = pair(ticket)
    assert ends.handshake() == (0, 0)
    _, resumed, _, _ = spi.SSLGetResumableSessionInfo(ends.client, None, None, 32)
    _, random, _ = spi.SSLInternalClientRandom(ends.client, None, 32)
    return bool(resumed), bytes(random)


def keep_busy(number: int) -> None:
    while not STOP.is_set():
        resumes(number % 2 == 0)


def child(write: int) -> int:
    """The exit code of a child."""
    for ticket in (False, True):
        resumed, random = resumes(ticket)
        if not resumed:
            return 1
    os.write(write, random.hex().encode() + b"\n")
    return 0


def main() -> None:
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # Python warns of forks beside threads: that is the point
    for ticket in (False, True):
        assert not resumes(ticket)[0]
    threads = [threading.Thread(target=keep_busy, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for _ in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            os._exit(child(1))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    STOP.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
