"""Connection IDs (RFC 9146) with Pion, both ways: under each of its AEADs, padded, and while it moves.

Not under CBC: there Pion 3 has the content in its MAC twice.
"""

from __future__ import annotations

import threading
from pipes import Task, array, client, datagram_link, ok, server
from typing import Any

import datagram_peers
import pytest
from matrix import echo, speak

import certs
import securetransport as st
from securetransport import extensions
from securetransport.adapters import datagram

#: By their numbers, with the key they need.
SUITES = {
    "c02f": (st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "rsa"),
    "c0ae": (extensions.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, "p256"),
}
#: Our name and the length of Pion's; 0 for one that is in no record.
NAMES = [(b"ours", 8), (b"", 8), (b"ours", 0), (b"o" * 32, 20)]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(("own", "theirs"), NAMES)
@pytest.mark.parametrize("role", ["client", "server"])
def test_both_ends_name_the_association(role: str, own: bytes, theirs: int, suite: str) -> None:
    stranger = datagram_peers.pion()
    kind = st.kSSLDatagramType
    number, key = SUITES[suite]
    ctx: Any = client(kind=kind) if role == "client" else server(key, kind=kind)
    ok(st.SSLSetProtocolVersionMax(ctx, st.kDTLSProtocol12))
    ok(st.SSLSetEnabledCiphers(ctx, [number], 1))
    ok(extensions.SSLSetDatagramConnectionID(ctx, own, len(own)))
    words = ("fefd", suite, key, f"cid={theirs}", f"pad={3 * bool(own)}")
    with stranger.serve(*words) if role == "client" else stranger.connect(None, *words) as sock:
        link = datagram_link(ctx, sock)
        ok(link.handshake())
        work = Task(speak, link, datagram_peers.lines()) if role == "client" else Task(echo, link)
        work.result()
    assert stranger.answer()[0] == "done"
    status, mine, peers = extensions.SSLCopyDatagramConnectionIDs(ctx, None, None)
    assert (status, mine, len(peers or b"")) == (0, own, theirs)


def test_a_client_that_moves_is_followed() -> None:
    credentials = array(certs.leaf("rsa"))
    stranger = datagram_peers.pion()
    with datagram.listen(("127.0.0.1", 0), credentials=credentials) as ours:
        worker = threading.Thread(target=ours.serve_forever, args=(lambda peer, data: data,), daemon=True)
        worker.start()
        stranger.say(f"connect {ours.port} fefd c02f rsa cid=0 move=1")
        answer = stranger.answer()
        assert answer[0] == "done", " ".join(answer)
        assert ours.counts["moved"] == 1
        assert ours.counts["accepted"] == 1
    worker.join(60)
