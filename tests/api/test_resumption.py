"""Resumption as callers see it: peer IDs, lifetimes, tickets, what keeps sessions apart (behaviours section 13)."""

from __future__ import annotations

import os
import pipes
import socket
import subprocess
import sys
import time
from pathlib import Path
from pipes import Pair, name, ok
from typing import Any

import pytest

import certs
import securetransport as st
from securetransport import extensions, legacy, spi

WORKER = Path(__file__).parent / "ticket_worker.py"


def info(ctx: Any) -> tuple[bool, bytes]:
    status, resumed, session_id, length = spi.SSLGetResumableSessionInfo(ctx, None, None, 32)
    ok(status)
    assert length == len(session_id)
    return resumed, session_id


def named(peer: bytes, **options: Any) -> Pair:
    """A pair whose ends both know the other as ``peer``."""
    pair = Pair(**options)
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetPeerID(ctx, peer, len(peer)))
    return pair


def peer() -> bytes:
    """A name that no other test uses: the cache is the process's."""
    return os.urandom(12)


def resumed(pair: Pair) -> bool:
    """Handshakes; whether it was resumed, as both ends see it."""
    codes = pair.handshake()
    assert codes == (0, 0), tuple(map(name, codes))
    ends = info(pair.client)[0], info(pair.server)[0]
    assert ends[0] == ends[1]
    return ends[0]


@pytest.mark.contract("SSLGetResumableSessionInfo errSecSuccess")
def test_the_same_peer_id_resumes_and_the_trust_object_is_still_there() -> None:
    who = peer()
    assert not resumed(named(who))
    pair = named(who)
    assert resumed(pair)
    assert info(pair.client)[1] == info(pair.server)[1]
    assert len(info(pair.client)[1]) == 16
    status, trust = st.SSLCopyPeerTrust(pair.client)
    ok(status)
    assert trust is not None
    assert trust.result() is None, "not evaluated"
    status, chain = legacy.SSLCopyPeerCertificates(pair.client)
    ok(status)
    assert chain[0].der == certs.leaf("p256").der
    assert pair.transfer(pair.client, b"data") == b"data"
    assert pair.transfer(pair.server, b"data") == b"data"
    assert extensions.SSLCopyConnectionReport(pair.client)[1]["resumed"] is True


def test_the_pause_for_the_peer_does_not_come_again() -> None:
    who = peer()

    def prepared() -> Pair:
        pair = named(who)
        ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
        return pair

    first = prepared()
    assert first.handshake()[0] == st.errSSLPeerAuthCompleted
    assert not resumed(first)
    assert resumed(prepared())


@pytest.mark.parametrize("end", ["client", "server"])
def test_after_a_second_an_entry_of_a_second_is_gone(end: str) -> None:
    who = peer()
    pair = named(who)
    ok(spi.SSLSetSessionCacheTimeout(getattr(pair, end), 1))
    assert not resumed(pair)
    time.sleep(1.1)
    assert not resumed(named(who))


def test_contexts_with_other_settings_do_not_share_sessions() -> None:
    who = peer()
    assert not resumed(named(who))
    other = named(who)
    ok(st.SSLSetPeerDomainName(other.client, "127.0.0.1", 9))
    assert resumed(other), "the host name is not part of the key"
    other = named(who)
    ok(legacy.SSLSetAllowsAnyRoot(other.client, True))
    assert not resumed(other)
    other = named(who)
    ok(st.SSLSetSessionOption(other.server, st.kSSLSessionOptionAllowRenegotiation, True))
    assert not resumed(other)
    other = named(who)
    ok(spi.SSLSetTrustedLeafCertificates(other.client, [pipes.certificate(certs.leaf("rsa").der)]))
    assert not resumed(other)


def test_a_context_that_judges_does_not_take_what_nobody_judged() -> None:
    who = peer()
    careless = named(who)
    ok(legacy.SSLSetEnableCertVerify(careless.client, False))
    assert not resumed(careless)
    again = named(who)
    ok(legacy.SSLSetEnableCertVerify(again.client, False))
    assert resumed(again)
    assert not resumed(named(who))


def test_before_and_without_a_resumption_there_is_nothing_to_tell() -> None:
    pair = named(peer())
    assert spi.SSLGetResumableSessionInfo(pair.client, None, None, 32) == (0, False, b"", 0)
    assert not resumed(pair)
    assert spi.SSLGetResumableSessionInfo(pair.client, None, None, 64) == (0, False, b"", 0)
    for size in (31, 0, -1, 2**64):
        answer = spi.SSLGetResumableSessionInfo(pair.client, None, None, size)
        assert answer == (st.errSecParam, None, None, size)
    assert spi.SSLGetResumableSessionInfo(None, None, None, 32) == (st.errSecParam, None, None, 32)


def test_a_peer_id_is_kept_as_it_was_given() -> None:
    ctx = pipes.client()
    assert st.SSLGetPeerID(ctx, None) == st.SSLGetPeerID(ctx, None, None) == (0, None, 0)
    assert st.SSLSetPeerID(ctx, None, 0) == st.SSLSetPeerID(ctx, b"", 0) == st.errSecParam
    assert st.SSLSetPeerID(ctx, b"abc", 4) == st.SSLSetPeerID(ctx, b"abc", 0) == st.errSecParam
    assert st.SSLSetPeerID(ctx, b"abc", -1) == st.SSLSetPeerID(None, b"abc", 3) == st.errSecParam
    ok(st.SSLSetPeerID(ctx, bytearray(b"abcd"), 3))
    assert st.SSLGetPeerID(ctx, None, 7) == (0, b"abc", 3)
    assert st.SSLGetPeerID(None, None, 7) == (st.errSecParam, None, 7)
    with pytest.raises(TypeError):
        st.SSLSetPeerID(ctx, "abc", 3)
    with pytest.raises(TypeError):
        st.SSLSetPeerID(ctx, b"abc", True)


def test_a_peer_id_may_not_change_while_active() -> None:
    pair = named(peer()).connected()
    assert st.SSLSetPeerID(pair.client, b"x", 1) == st.errSecBadReq
    assert st.SSLSetPeerID(pair.client, None, 0) == st.errSecBadReq, "state before values"
    ok(st.SSLClose(pair.client))
    ok(st.SSLSetPeerID(pair.client, b"x", 1))


def test_a_cache_timeout_has_the_range_of_its_type() -> None:
    ctx = pipes.client()
    for seconds in (0, 1, 2**32 - 1):
        ok(spi.SSLSetSessionCacheTimeout(ctx, seconds))
    for seconds in (-1, 2**32, 2**80, None):
        assert spi.SSLSetSessionCacheTimeout(ctx, seconds) == st.errSecParam
    assert spi.SSLSetSessionCacheTimeout(None, 1) == st.errSecParam
    with pytest.raises(TypeError):
        spi.SSLSetSessionCacheTimeout(ctx, 1.5)


# --- tickets -----------------------------------------------------------------------------------------------


def ticketed(who: bytes, keys: Any) -> Pair:
    """A client that asks for tickets, a server that knows nobody by name."""
    pair = Pair()
    ok(st.SSLSetPeerID(pair.client, who, len(who)))
    ok(st.SSLSetSessionTicketsEnabled(pair.client, True))
    ok(extensions.SSLSetSessionTicketKeys(pair.server, keys))
    return pair


def test_tickets_resume_where_the_server_remembers_nothing() -> None:
    who, keys = peer(), extensions.SSLSessionTicketKeys()
    assert not resumed(ticketed(who, keys))
    for _ in range(2):
        assert resumed(ticketed(who, keys))


def test_the_option_and_the_call_are_one_switch_and_a_server_needs_keys() -> None:
    ctx = pipes.client()
    option = st.kSSLSessionOptionEnableSessionTickets
    assert st.SSLGetSessionOption(ctx, option) == (0, False)
    ok(st.SSLSetSessionTicketsEnabled(ctx, True))
    assert st.SSLGetSessionOption(ctx, option) == (0, True)
    assert st.SSLSetSessionTicketsEnabled(None, True) == st.SSLSetSessionTicketsEnabled(ctx, None) == -50
    who = peer()
    for _ in range(2):
        pair = ticketed(who, None)
        ok(st.SSLSetSessionTicketsEnabled(pair.server, True))
        assert not resumed(pair)


def test_keys_can_be_set_copied_and_rotated() -> None:
    who, old, new = peer(), os.urandom(48), os.urandom(48)
    shared = extensions.SSLSessionTicketKeys.fixed([old])
    assert not resumed(ticketed(who, shared))
    pair = ticketed(who, [new, bytearray(old)])
    assert resumed(pair)
    assert extensions.SSLCopySessionTicketKeys(pair.server) == (0, [new, old])
    assert resumed(ticketed(who, [new])), "the ticket was renewed under the new key"
    shared.set([new])
    assert shared.export() == [new]
    assert resumed(ticketed(who, shared))
    shared.set([os.urandom(48)])
    assert not resumed(ticketed(who, shared))


def test_keys_of_the_wrong_kind_are_refused() -> None:
    ctx, good = pipes.server(), os.urandom(48)
    for keys in (
        [],
        [b""],
        [good[:47]],
        [good + b"x"],
        [good, good],
        [None],
        [os.urandom(48) for _ in range(17)],
    ):
        assert extensions.SSLSetSessionTicketKeys(ctx, keys) == st.errSecParam
        assert extensions.SSLCopySessionTicketKeys(ctx) == (0, None)
    for keys in ("x" * 48, 5, ["x" * 48]):
        with pytest.raises(TypeError):
            extensions.SSLSetSessionTicketKeys(ctx, keys)
    assert extensions.SSLSetSessionTicketKeys(None, [good]) == st.errSecParam
    assert extensions.SSLCopySessionTicketKeys(None) == (st.errSecParam, None)
    with pytest.raises(ValueError, match="48 bytes"):
        extensions.SSLSessionTicketKeys.fixed([b"short"])
    with pytest.raises(ValueError, match="48 bytes"):
        extensions.SSLSessionTicketKeys().set([])
    ok(extensions.SSLSetSessionTicketKeys(pipes.client(), [good]))
    ok(extensions.SSLSetSessionTicketKeys(ctx, [good]))
    ok(extensions.SSLSetSessionTicketKeys(ctx, None))
    assert extensions.SSLCopySessionTicketKeys(ctx) == (0, None)
    assert good.hex() not in repr(extensions.SSLSessionTicketKeys.fixed([good]))


class Worker:
    """A server process that answers one connection after the other on its standard streams' socket."""

    def __init__(self, *keys: bytes) -> None:
        credential = certs.leaf("p256")
        arguments = [str(credential.file("cert")), str(credential.file("key")), *(key.hex() for key in keys)]
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def connect(self, who: bytes) -> bool:
        """One connection; whether both ends resumed."""
        ctx = pipes.client()
        ok(st.SSLSetPeerID(ctx, who, len(who)))
        ok(st.SSLSetSessionTicketsEnabled(ctx, True))
        with socket.create_connection(("127.0.0.1", self.port), pipes.LIMIT) as sock:
            link = pipes.socket_link(ctx, sock)
            ok(link.handshake())
            answer = link.receive(1)
            link.close()
        here = info(ctx)[0]
        assert answer == (b"r" if here else b"f")
        return here

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def test_worker_processes_resume_each_others_sessions_across_a_rotation() -> None:
    who, old, new = peer(), os.urandom(48), os.urandom(48)
    workers = [Worker(old), Worker(old), Worker(new, old), Worker(new)]
    try:
        first, second, both, later = workers
        assert not first.connect(who)
        assert second.connect(who), "another process with the same key"
        assert both.connect(who), "the old key still opens"
        assert later.connect(who), "and the ticket it gave is under the new one"
        assert not first.connect(who), "who has only the old key starts anew"
    finally:
        for worker in workers:
            worker.stop()
