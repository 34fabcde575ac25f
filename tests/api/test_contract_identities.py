"""Client authentication as callers see it: states on both sides, names of authorities, certificates for encryption.

Behaviours section 14 and decision 8. How chains are judged is in ``test_decisions`` and ``tests/security``.
"""

from __future__ import annotations

import itertools
from pipes import WOULD_BLOCK, Pair, array, certificate, client, name, ok, server, state
from typing import Any

import pytest

import certs
import securetransport as st
from securetransport import legacy, spi

NEVER, ALWAYS, TRY = st.kNeverAuthenticate, st.kAlwaysAuthenticate, st.kTryAuthenticate
NONE, REQUESTED, SENT, REJECTED = range(4)


def states(pair: Pair) -> tuple[int, int]:
    answers = [st.SSLGetClientCertificateState(ctx, None) for ctx in (pair.client, pair.server)]
    assert [status for status, _ in answers] == [0, 0]
    return answers[0][1], answers[1][1]


def asking(auth: int, given: str | None, *, judges: bool = True) -> Pair:
    """A server that asks and trusts the tests' authority, a client with this certificate."""
    pair = Pair()
    ok(st.SSLSetClientSideAuthenticate(pair.server, auth))
    ok(legacy.SSLSetTrustedRoots(pair.server, [certificate(certs.authority().der)], True))
    if not judges:
        ok(legacy.SSLSetEnableCertVerify(pair.server, False))
    if given:
        ok(st.SSLSetCertificate(pair.client, array(certs.leaf(given))))
    return pair


# --- states ------------------------------------------------------------------------------------------------

GOOD, BAD = (0, 0), (st.errSSLPeerCertUnknown, st.errSSLXCertChainInvalid)
#: What the server wants, what the client has, whether the server judges; the answers, the states of both.
TABLE = [
    (NEVER, None, True, GOOD, (NONE, NONE)),
    (NEVER, "rsa", True, GOOD, (NONE, NONE)),
    (TRY, None, True, GOOD, (REQUESTED, REQUESTED)),
    (TRY, "rsa", True, GOOD, (SENT, SENT)),
    (TRY, "self_signed", True, BAD, (SENT, REJECTED)),
    (ALWAYS, None, True, BAD, (REQUESTED, REQUESTED)),
    (ALWAYS, "rsa", True, GOOD, (SENT, SENT)),
    (ALWAYS, "self_signed", True, BAD, (SENT, REJECTED)),
    (TRY, "self_signed", False, GOOD, (SENT, SENT)),
    (ALWAYS, "self_signed", False, GOOD, (SENT, SENT)),
    (ALWAYS, None, False, BAD, (REQUESTED, REQUESTED)),
]


@pytest.mark.parametrize(("auth", "given", "judges", "answers", "expected"), TABLE)
def test_both_sides_know_what_became_of_the_clients_certificate(
    auth: int, given: str | None, judges: bool, answers: tuple[int, int], expected: tuple[int, int]
) -> None:
    pair = asking(auth, given, judges=judges)
    assert states(pair) == (NONE, NONE)
    assert tuple(map(name, pair.handshake())) == tuple(map(name, answers))
    assert states(pair) == expected
    # A server can look at what came, also at what it refused; and what is over changes nothing of it.
    seen = st.SSLCopyPeerTrust(pair.server, None)[1]
    came = given is not None and auth != NEVER
    assert [c.der for c in seen.certificates()] == certs.leaf(str(given)).chain_der if came else seen is None
    for ctx in (pair.client, pair.server):
        ok(st.SSLClose(ctx))
    assert states(pair) == expected


@pytest.mark.parametrize("auth", [TRY, ALWAYS])
@pytest.mark.parametrize("given", [None, "rsa", "self_signed"])
def test_at_the_servers_pause_the_application_judges_but_demands_stay(auth: int, given: str | None) -> None:
    """The pause comes for an empty list, too; who always asks does not go on without a certificate."""
    pair = asking(auth, given)
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientAuth, True))
    assert pair.handshake()[1] == st.errSSLPeerAuthCompleted
    assert states(pair) == ((SENT, SENT) if given else (REQUESTED, REQUESTED))
    missing = auth == ALWAYS and given is None
    assert tuple(map(name, pair.handshake())) == tuple(map(name, BAD if missing else GOOD))
    assert states(pair) == ((SENT, SENT) if given else (REQUESTED, REQUESTED))


def test_the_application_may_refuse_at_its_pause() -> None:
    pair = asking(ALWAYS, "self_signed")
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientAuth, True))
    assert pair.handshake()[1] == st.errSSLPeerAuthCompleted
    ok(st.SSLSetError(pair.server, st.errSecCertificateRevoked))
    ok(st.SSLHandshake(pair.server))
    assert st.SSLHandshake(pair.client) == st.errSSLPeerCertRevoked
    assert states(pair)[0] == SENT


def test_every_handshake_has_a_state_of_its_own() -> None:
    pair = asking(TRY, "rsa")
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    pair.connected()
    assert states(pair) == (SENT, SENT)
    ok(st.SSLReHandshake(pair.client))
    assert states(pair)[0] == NONE, "not asked yet"
    ok(st.SSLSetCertificate(pair.client, None))
    assert pair.handshake() == (0, 0)
    assert states(pair) == (REQUESTED, REQUESTED)
    ok(st.SSLReHandshake(pair.server))
    ok(st.SSLSetCertificate(pair.client, array(certs.leaf("p256"))))
    assert pair.handshake() == (0, 0)
    assert states(pair) == (SENT, SENT)


def test_a_resumed_session_asks_for_nothing() -> None:
    for expected in ((SENT, SENT), (NONE, NONE)):
        pair = asking(ALWAYS, "rsa")
        for ctx in (pair.client, pair.server):
            ok(st.SSLSetPeerID(ctx, b"authenticated", 13))
        assert pair.handshake() == (0, 0)
        assert states(pair) == expected
        trust = st.SSLCopyPeerTrust(pair.server, None)[1]
        assert [c.der for c in trust.certificates()] == certs.leaf("rsa").chain_der, "known from the first"


# --- names of authorities ------------------------------------------------------------------------------------


def subject(credential: certs.Credential) -> bytes:
    return credential.certificate.subject.public_bytes()


ONE, TWO, THREE = (subject(c) for c in (certs.authority(), certs.stranger(), certs.intermediate()))


def add(ctx: Any, *names: bytes) -> None:
    for der in names:
        ok(st.SSLAddDistinguishedName(ctx, der, len(der)))


def on_the_wire(pair: Pair) -> Any:
    """What the client reads at its pause."""
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnCertRequested, True))
    assert st.SSLCopyDistinguishedNames(pair.client, None) == (0, None), "nothing came yet"
    assert pair.handshake()[0] == st.errSSLClientCertRequested
    return st.SSLCopyDistinguishedNames(pair.client, None)[1]


@pytest.mark.parametrize("names", [[], [ONE], [ONE, TWO, THREE], [ONE, ONE], [b"no name at all"]], ids=len)
def test_names_come_newest_first_on_both_sides_and_nobody_reads_them(names: list[bytes]) -> None:
    pair = asking(TRY, None)
    assert st.SSLCopyDistinguishedNames(pair.server, None) == (0, None)
    add(pair.server, *names)
    kept = list(reversed(names)) or None
    assert st.SSLCopyDistinguishedNames(pair.server, None) == (0, kept)
    assert on_the_wire(pair) == kept
    assert st.SSLCopyDistinguishedNames(pair.server, None) == (0, kept)
    assert pair.handshake() == (0, 0)
    assert st.SSLCopyDistinguishedNames(pair.client, None) == (0, kept), "still known afterwards"


def test_names_are_for_servers_and_for_those_who_ask() -> None:
    pair = Pair()
    add(pair.client, ONE)
    assert st.SSLCopyDistinguishedNames(pair.client, None) == (0, None)
    add(pair.server, ONE)
    pair.connected()
    assert st.SSLCopyDistinguishedNames(pair.client, None) == (0, None), "nobody was asked"


def test_a_name_is_as_long_as_its_caller_says_and_all_have_to_fit_into_the_request() -> None:
    ctx = server(None)
    ok(st.SSLAddDistinguishedName(ctx, ONE + b"more", len(ONE)))
    assert st.SSLCopyDistinguishedNames(ctx, None) == (0, [ONE])
    for length in (0, -1, len(ONE) + 1, 2**64):
        assert st.SSLAddDistinguishedName(ctx, ONE, length) == st.errSecParam
    assert st.SSLAddDistinguishedName(ctx, None, 0) == st.errSecParam
    room = 0xFFFF - len(ONE) - 2 - 2
    assert st.SSLAddDistinguishedName(ctx, bytes(room + 1), room + 1) == st.errSecParam
    ok(st.SSLAddDistinguishedName(ctx, bytes(room), room))
    assert st.SSLAddDistinguishedName(ctx, b"x", 1) == st.errSecParam
    pair = Pair(server=server("p256"))
    ok(st.SSLSetClientSideAuthenticate(pair.server, TRY))
    ok(st.SSLAddDistinguishedName(pair.server, bytes(0xFFFD), 0xFFFD))
    assert on_the_wire(pair) == [bytes(0xFFFD)]
    assert pair.handshake() == (0, 0)


@pytest.mark.parametrize("shape", ["one", "list", "tuple", "array"])
def test_authorities_add_their_names_and_replacing_drops_all_that_were(shape: str) -> None:
    pair = asking(TRY, None)
    one, two = (certificate(c.der) for c in (certs.authority(), certs.stranger()))
    given = {"one": one, "list": [one], "tuple": (one,), "array": st.CFArray([one])}[shape]
    add(pair.server, THREE)
    ok(st.SSLSetCertificateAuthorities(pair.server, given, False))
    assert st.SSLCopyCertificateAuthorities(pair.server, None) == (0, [one])
    assert st.SSLCopyDistinguishedNames(pair.server, None) == (0, [ONE, THREE])
    ok(st.SSLSetCertificateAuthorities(pair.server, [two, one], False))
    assert st.SSLCopyCertificateAuthorities(pair.server, None) == (0, [one, two, one])
    assert st.SSLCopyDistinguishedNames(pair.server, None) == (0, [ONE, TWO, ONE, THREE])
    ok(st.SSLSetCertificateAuthorities(pair.server, two, True))
    assert st.SSLCopyCertificateAuthorities(pair.server, None) == (0, [two])
    assert st.SSLCopyDistinguishedNames(pair.server, None) == (0, [TWO])
    add(pair.server, THREE)
    assert on_the_wire(pair) == [THREE, TWO]
    # A hint and nothing else: who signs clients is a matter of trusted roots.
    ok(st.SSLSetCertificate(pair.client, array(certs.leaf("rsa"))))
    assert pair.handshake() == (0, 0)


def test_replacing_with_nothing_clears() -> None:
    ctx = server(None)
    add(ctx, THREE)
    ok(st.SSLSetCertificateAuthorities(ctx, certificate(certs.authority().der), False))
    ok(st.SSLSetCertificateAuthorities(ctx, [], True))
    assert st.SSLCopyCertificateAuthorities(ctx, None) == (0, None)
    assert st.SSLCopyDistinguishedNames(ctx, None) == (0, None)


def test_in_front_of_a_bad_element_the_earlier_ones_stay() -> None:
    one, two = (certificate(c.der) for c in (certs.authority(), certs.stranger()))
    for bad, replace in itertools.product((None, object(), "text", certs.authority().der), (False, True)):
        ctx = server(None)
        ok(st.SSLSetCertificateAuthorities(ctx, two, False))
        assert st.SSLSetCertificateAuthorities(ctx, [one, bad, two], replace) == st.errSecParam
        assert st.SSLCopyCertificateAuthorities(ctx, None) == (0, [one] if replace else [two, one])
        names = [ONE] if replace else [ONE, TWO]
        assert st.SSLCopyDistinguishedNames(ctx, None) == (0, names)
    assert st.SSLSetCertificateAuthorities(ctx, None, True) == st.errSecParam
    assert st.SSLCopyCertificateAuthorities(ctx, None) == (0, [one]), "no list, no change"


# --- certificates for encryption -------------------------------------------------------------------------------


def test_a_certificate_for_encryption_is_remembered_and_never_sent() -> None:
    ctx, given = server("p256"), array(certs.leaf("rsa"))
    ok(st.SSLSetEncryptionCertificate(ctx, given))
    assert spi.SSLGetEncryptionCertificate(ctx, None)[1] is given
    pair = Pair(server=ctx).connected()
    chain = st.SSLCopyPeerTrust(pair.client, None)[1].certificates()
    assert [c.der for c in chain] == certs.leaf("p256").chain_der
    assert st.SSLSetEncryptionCertificate(ctx, given) == st.errSecBadReq
    ok(st.SSLClose(ctx))
    other = array(certs.leaf("p256"))
    ok(st.SSLSetEncryptionCertificate(ctx, other))
    assert spi.SSLGetEncryptionCertificate(ctx, None)[1] is other

    alone = server(None)
    ok(st.SSLSetEncryptionCertificate(alone, given))
    pair = Pair(server=alone, client=client(suites=[0x009C]))
    assert pair.handshake() == (st.errSSLPeerHandshakeFail, st.errSSLNegotiation)
    assert spi.SSLGetCertificate(alone) == (0, None)


def test_a_certificate_for_encryption_means_nothing_on_a_client() -> None:
    ctx = client()
    ok(st.SSLSetEncryptionCertificate(ctx, array(certs.leaf("rsa"))))
    pair = Pair(client=ctx)
    ok(st.SSLSetClientSideAuthenticate(pair.server, TRY))
    assert pair.handshake() == (0, 0)
    assert states(pair) == (REQUESTED, REQUESTED)


@pytest.mark.parametrize("which", ["client", "server"])
def test_only_a_list_with_an_identity_is_one_for_encryption(which: str) -> None:
    ctx = client() if which == "client" else server()
    assert state(ctx) == st.kSSLIdle
    for wrong in (None, [None], [object()], [certificate(certs.authority().der)]):
        assert st.SSLSetEncryptionCertificate(ctx, wrong) == st.errSecParam
    assert st.SSLSetEncryptionCertificate(None, array(certs.leaf("rsa"))) == st.errSecParam
    assert spi.SSLGetEncryptionCertificate(ctx, None) == (0, None)
    with pytest.raises(TypeError):
        st.SSLSetEncryptionCertificate(ctx, "certificate")
    assert st.SSLHandshake(Pair(**{which: ctx}).client) == WOULD_BLOCK
