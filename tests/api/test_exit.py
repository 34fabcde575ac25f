"""A program may end while its daemon threads are in the library: it ends as it would have without them.

Before Python 3.14 a thread that wants the interpreter back while it goes down is unwound by force, and a frame of
Rust in its way would abort the process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LIMIT = 60

BEGIN = """
import os, socket, sys, threading, time
sys.path.insert(0, {tests!r})
import securetransport as st
from pipes import BlockingPipe, blocking_links, client, server, socket_link
"""

#: What the daemon threads do when the main thread ends.
BUSY = {
    "small transfers": """
one, other, _, _ = blocking_links()
def write():
    one.handshake()
    while one.send(b"x" * 100) == 0:
        pass
def read():
    other.handshake()
    while st.SSLRead(other.ctx, None, 65536)[0] == 0:
        busy.set()
work = [write, read]
""",
    "large transfers": """
here, there = socket.socketpair()
one, other = socket_link(client(), here), socket_link(server(), there)
def write():
    one.handshake()
    while one.send(bytes(300_000)) == 0:
        pass
def read():
    other.handshake()
    while st.SSLRead(other.ctx, None, 65536)[0] == 0:
        busy.set()
work = [write, read]
""",
    "handshakes": """
def shake():
    while True:
        one, other, _, _ = blocking_links("rsa")
        threads = [threading.Thread(target=link.handshake, daemon=True) for link in (one, other)]
        try:
            for thread in threads:
                thread.start()
        except RuntimeError:  # Python 3.12 begins no threads while it ends
            return
        busy.set()
        for thread in threads:
            thread.join()
work = [shake, shake]
""",
    "trust": """
from pipes import certificate, certs
leaf, root = certificate(certs.leaf("chained").der), certificate(certs.authority().der)
above = certificate(certs.intermediate().der)
def judge():
    while True:
        _, trust = st.SecTrustCreateWithCertificates([leaf, above], st.SecPolicyCreateSSL(True, "localhost"), None)
        st.SecTrustSetAnchorCertificates(trust, [root])
        assert st.SecTrustEvaluateWithError(trust, None)[0]
        busy.set()
work = [judge, judge]
""",
    "nothing, they wait for data": """
here, there = socket.socketpair()
one, other = socket_link(client(), here), socket_link(server(), there)
def write():
    one.handshake()
def read():
    other.handshake()
    busy.set()
    st.SSLRead(other.ctx, None, 65536)
work = [write, read]
""",
}

END = """
busy = threading.Event()
for function in work:
    threading.Thread(target=function, daemon=True).start()
assert busy.wait(30)
time.sleep({more})  # in the middle of whatever it is
print("the end")
"""


@pytest.mark.parametrize("what", BUSY)
def test_daemon_threads_that_are_at_work_do_not_bring_the_program_down(what: str) -> None:
    for more in (0, 0.003, 0.01):
        program = BEGIN.format(tests=str(TESTS)) + BUSY[what] + END.format(more=more)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT)
        assert (done.returncode, done.stdout, done.stderr) == (0, "the end\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_after_a_fork_ends_although_the_threads_of_its_parent_are_gone() -> None:
    program = (
        BEGIN.format(tests=str(TESTS))
        + BUSY["small transfers"]
        + END.format(more=0)
        + """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads
child = os.fork()
if child == 0:
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("7\n")
