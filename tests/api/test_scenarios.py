"""The typical sequences of Secure Transport (behaviours section 18) against our other end.

Each is told four times: over transports that wait and over transports that do not, through wide ones and through ones
that take a byte at a time. What the ends see must be the same to the letter in all four: that is the sixth sequence.
"""

from __future__ import annotations

import os
from pipes import array, certificate, message, ok
from typing import Any

import pytest

import certs
import securetransport as st
from scenes import STYLES, End, Stage, Story, Style
from securetransport import extensions, legacy

styles = pytest.mark.parametrize("style", STYLES, ids=str)
SENT = certs.leaf("p256").chain_der
HANDSHAKE, CONNECTED = "SSLHandshake: errSecSuccess, Connected", "Connected"
JUDGE = "SSLHandshake: errSSLPeerAuthCompleted, Handshake"


def option(ctx: Any, *options: int) -> None:
    for number in options:
        ok(st.SSLSetSessionOption(ctx, number, True))


def pauses(style: Style, end: End) -> None:
    """A call that cannot finish says so, again and again where bytes come one by one; one that can wait does not."""
    if style.waits:
        assert end.blocked == []
    else:
        assert len(end.blocked) > (1000 if style.one_byte else 0)
        assert end.blocked[0] == "Handshake", "the first SSLHandshake leaves Idle although it would block"


def accept(end: End) -> Story:
    """At the pause: the peer's certificates, its trust object, the verdict of the application."""
    seen = end.peer()
    status, trust = st.SSLCopyPeerTrust(end.ctx, None)
    ok(status)
    assert st.SSLCopyPeerTrust(end.ctx, None)[1] is trust, "one object per handshake"
    assert (yield from end.handshake()) == 0
    return seen


def trade(end: End, ours: bytes, theirs: bytes, first: bool) -> Story:
    """Data both ways, compared."""
    if first:
        yield from end.write(ours)
    assert (yield from end.read(len(theirs))) == theirs
    if not first:
        yield from end.write(ours)


# --- 1: a full handshake with a pause -----------------------------------------------------------------------------


@styles
def test_1_a_full_handshake_with_a_pause_for_the_servers_certificate(style: Style) -> None:
    stage = Stage(style)
    option(stage.client, st.kSSLSessionOptionBreakOnServerAuth)
    up, down = message(2000, 3), message(1500, 5)
    assert st.SSLGetSessionState(stage.client) == st.SSLGetSessionState(stage.server) == (0, st.kSSLIdle)

    def client(end: End) -> Story:
        assert (yield from end.handshake()) == st.errSSLPeerAuthCompleted
        seen = yield from accept(end)
        yield from trade(end, up, down, first=True)
        return seen, end.resumed()

    def server(end: End) -> Story:
        yield from end.handshake()
        yield from trade(end, down, up, first=False)
        return end.peer(), end.resumed()

    ends = stage.ends
    assert stage.play(client(ends[0]), server(ends[1])) == ((SENT, (False, b"")), ([], (False, b"")))
    assert stage.told() == (
        [
            JUDGE,
            HANDSHAKE,
            "SSLWrite: errSecSuccess, Connected",
            f"SSLRead {down!r}: errSecSuccess, Connected",
        ],
        [HANDSHAKE, f"SSLRead {up!r}: errSecSuccess, Connected", "SSLWrite: errSecSuccess, Connected"],
    )
    for end in ends:
        pauses(style, end)


# --- 2: the second connection -------------------------------------------------------------------------------------


def again(style: Style, who: bytes, keys: Any) -> Stage:
    """Another connection of the same peers."""
    stage = Stage(style)
    option(stage.client, st.kSSLSessionOptionBreakOnServerAuth)
    ok(st.SSLSetPeerID(stage.client, who, len(who)))
    if keys is None:
        ok(st.SSLSetPeerID(stage.server, who, len(who)))
    else:
        ok(st.SSLSetSessionTicketsEnabled(stage.client, True))
        ok(extensions.SSLSetSessionTicketKeys(stage.server, keys))
    return stage


@pytest.mark.parametrize("how", ["id", "ticket"])
@styles
def test_2_the_second_connection_is_resumed_without_a_pause(style: Style, how: str) -> None:
    who, keys = os.urandom(12), None if how == "id" else extensions.SSLSessionTicketKeys()

    def client(end: End) -> Story:
        if (yield from end.handshake()) == st.errSSLPeerAuthCompleted:
            yield from accept(end)
        yield from trade(end, b"up", b"down", first=True)
        return end.peer(), end.resumed()

    def server(end: End) -> Story:
        yield from end.handshake()
        yield from trade(end, b"down", b"up", first=False)
        return end.peer(), end.resumed()

    identities = []
    for connection in range(3):
        stage = again(style, who, keys)
        resumed = connection > 0
        answers = stage.play(client(stage.ends[0]), server(stage.ends[1]))
        (chain, (ours, session)), (other, (theirs, same)) = answers
        assert (chain, other) == (SENT, [])
        assert (ours, theirs) == (resumed, resumed)
        assert stage.told()[0][: 1 if resumed else 2] == ([HANDSHAKE] if resumed else [JUDGE, HANDSHAKE])
        assert stage.told()[0][-1] == "SSLRead b'down': errSecSuccess, Connected"
        assert stage.told()[1] == [
            HANDSHAKE,
            "SSLRead b'up': errSecSuccess, Connected",
            "SSLWrite: errSecSuccess, Connected",
        ]
        assert session == same
        identities.append(session)
    assert identities[0] == b"", "not resumed: no ID to tell"
    if how == "id":
        assert identities[1] == identities[2]
        assert len(identities[1]) == 16


# --- 3: client authentication -------------------------------------------------------------------------------------


@styles
def test_3_a_client_is_asked_and_judges_and_is_judged(style: Style) -> None:
    stage = Stage(style)
    option(stage.client, st.kSSLSessionOptionBreakOnCertRequested, st.kSSLSessionOptionBreakOnServerAuth)
    option(stage.server, st.kSSLSessionOptionBreakOnClientAuth)
    ok(st.SSLSetClientSideAuthenticate(stage.server, st.kAlwaysAuthenticate))
    wanted = certs.authority().certificate.subject.public_bytes()
    ok(st.SSLAddDistinguishedName(stage.server, wanted, len(wanted)))

    def client(end: End) -> Story:
        states = [end.certificate_state()]
        assert (yield from end.handshake()) == st.errSSLClientCertRequested
        assert st.SSLCopyDistinguishedNames(end.ctx, None) == (0, [wanted])
        assert end.peer() == SENT
        states.append(end.certificate_state())
        ok(st.SSLSetCertificate(end.ctx, array(certs.leaf("rsa"))))
        assert (yield from end.handshake()) == st.errSSLPeerAuthCompleted
        yield from accept(end)
        states.append(end.certificate_state())
        yield from trade(end, b"up", b"down", first=True)
        return states

    def server(end: End) -> Story:
        states = [end.certificate_state()]
        assert (yield from end.handshake()) == st.errSSLPeerAuthCompleted
        states.append(end.certificate_state())
        seen = yield from accept(end)
        states.append(end.certificate_state())
        yield from trade(end, b"down", b"up", first=False)
        return states, seen

    stories = client(stage.ends[0]), server(stage.ends[1])
    assert stage.play(*stories) == (
        ["None", "Requested", "Sent"],
        (["None", "Sent", "Sent"], certs.leaf("rsa").chain_der),
    )
    assert stage.told() == (
        [
            "SSLHandshake: errSSLClientCertRequested, Handshake",
            JUDGE,
            HANDSHAKE,
            "SSLWrite: errSecSuccess, Connected",
            "SSLRead b'down': errSecSuccess, Connected",
        ],
        [
            JUDGE,
            HANDSHAKE,
            "SSLRead b'up': errSecSuccess, Connected",
            "SSLWrite: errSecSuccess, Connected",
        ],
    )


@styles
def test_3_a_client_without_a_certificate_and_one_that_is_refused(style: Style) -> None:
    """The verdict falls when the client's Finished arrives; the client hears of it and why."""
    for given, seen in ((None, "Requested"), ("self_signed", "Rejected")):
        stage = Stage(style)
        option(stage.client, st.kSSLSessionOptionBreakOnCertRequested)
        ok(st.SSLSetClientSideAuthenticate(stage.server, st.kAlwaysAuthenticate))
        ok(legacy.SSLSetTrustedRoots(stage.server, [certificate(certs.authority().der)], True))

        def client(end: End, given: str | None = given) -> Story:
            yield from end.handshake()
            if given:
                ok(st.SSLSetCertificate(end.ctx, array(certs.leaf(given))))
            yield from end.handshake()
            yield from end.close()
            return end.certificate_state()

        def server(end: End) -> Story:
            yield from end.handshake()
            yield from end.close()
            return end.certificate_state()

        stories = client(stage.ends[0]), server(stage.ends[1])
        assert stage.play(*stories) == ("Sent" if given else "Requested", seen)
        assert stage.told() == (
            [
                "SSLHandshake: errSSLClientCertRequested, Handshake",
                "SSLHandshake: errSSLPeerCertUnknown, Handshake",
                "SSLClose: errSecSuccess, Closed",
            ],
            ["SSLHandshake: errSSLXCertChainInvalid, Handshake", "SSLClose: errSecSuccess, Closed"],
        )


# --- 4: a renegotiation that the server starts ---------------------------------------------------------------------


@styles
def test_4_a_renegotiation_gives_each_side_its_pause_once(style: Style) -> None:
    stage = Stage(style)
    option(stage.client, st.kSSLSessionOptionBreakOnServerAuth)
    option(stage.server, st.kSSLSessionOptionBreakOnClientHello, st.kSSLSessionOptionAllowRenegotiation)

    def client(end: End) -> Story:
        yield from end.handshake()
        yield from end.handshake()
        first = st.SSLCopyPeerTrust(end.ctx, None)[1]
        yield from end.write(b"before")
        yield from end.read(100)  # nothing but the pause comes out of it
        second = st.SSLCopyPeerTrust(end.ctx, None)[1]
        assert second is not first, "a renegotiation makes a new one"
        yield from end.write(b"after")
        yield from end.read(4)
        return end.peer()

    def server(end: End) -> Story:
        yield from end.handshake()
        yield from end.handshake()
        yield from end.read(6)
        end.rehandshake()
        yield from end.read(100)
        yield from end.read(5)
        yield from end.write(b"done")

    assert stage.play(client(stage.ends[0]), server(stage.ends[1]))[0] == SENT
    hello = "SSLHandshake: errSSLClientHelloReceived, Handshake"
    assert stage.told() == (
        [
            JUDGE,
            HANDSHAKE,
            "SSLWrite: errSecSuccess, Connected",
            "SSLRead b'': errSSLPeerAuthCompleted, Handshake",
            "SSLWrite: errSecSuccess, Connected",
            "SSLRead b'done': errSecSuccess, Connected",
        ],
        [
            hello,
            HANDSHAKE,
            "SSLRead b'before': errSecSuccess, Connected",
            "SSLReHandshake: errSecSuccess, Connected",
            "SSLRead b'': errSSLClientHelloReceived, Connected",
            "SSLRead b'after': errSecSuccess, Connected",
            "SSLWrite: errSecSuccess, Connected",
        ],
    )


@styles
def test_4_it_can_be_driven_by_handshakes_alone(style: Style) -> None:
    stage = Stage(style)
    option(stage.client, st.kSSLSessionOptionBreakOnServerAuth)
    option(stage.server, st.kSSLSessionOptionBreakOnClientHello, st.kSSLSessionOptionAllowRenegotiation)

    def client(end: End) -> Story:
        for _ in range(4):
            yield from end.handshake()
        yield from trade(end, b"up", b"down", first=True)

    def server(end: End) -> Story:
        for _ in range(2):
            yield from end.handshake()
        end.rehandshake()
        for _ in range(2):
            yield from end.handshake()
        yield from trade(end, b"down", b"up", first=False)

    stage.play(client(stage.ends[0]), server(stage.ends[1]))
    hello = "SSLHandshake: errSSLClientHelloReceived,"
    assert stage.told() == (
        [
            *(JUDGE, HANDSHAKE, JUDGE, HANDSHAKE),
            "SSLWrite: errSecSuccess, Connected",
            "SSLRead b'down': errSecSuccess, Connected",
        ],
        [
            *(f"{hello} Handshake", HANDSHAKE),
            "SSLReHandshake: errSecSuccess, Connected",
            *(f"{hello} Connected", HANDSHAKE),
            "SSLRead b'up': errSecSuccess, Connected",
            "SSLWrite: errSecSuccess, Connected",
        ],
    )


# --- 5: an orderly end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["client", "server"])
@styles
def test_5_an_orderly_end_of_either_side(style: Style, first: str) -> None:
    stage = Stage(style)

    def closes(end: End) -> Story:
        yield from end.handshake()
        yield from end.write(b"last words")
        yield from end.close()
        yield from end.read(100)

    def listens(end: End) -> Story:
        yield from end.handshake()
        yield from end.read(4)
        yield from end.read(6)
        yield from end.read(100)
        yield from end.close()
        yield from end.write(b"more")

    leaver, listener = stage.ends if first == "client" else reversed(stage.ends)
    stories = {id(leaver): closes(leaver), id(listener): listens(listener)}
    stage.play(*(stories[id(end)] for end in stage.ends))
    assert leaver.events == [
        HANDSHAKE,
        "SSLWrite: errSecSuccess, Connected",
        "SSLClose: errSecSuccess, Closed",
        "SSLRead b'': errSSLClosedGraceful, Closed",
    ]
    assert listener.events == [
        HANDSHAKE,
        "SSLRead b'last': errSecSuccess, Connected",
        "SSLRead b' words': errSecSuccess, Connected",
        "SSLRead b'': errSSLClosedGraceful, Closed",
        "SSLClose: errSecSuccess, Closed",
        "SSLWrite: errSSLClosedGraceful, Closed",
    ]


@styles
def test_5_the_client_ends_it_at_its_pause(style: Style) -> None:
    stage = Stage(style)
    option(stage.client, st.kSSLSessionOptionBreakOnServerAuth)

    def client(end: End) -> Story:
        yield from end.handshake()
        yield from end.close()

    def server(end: End) -> Story:
        yield from end.handshake()
        yield from end.close()

    stage.play(client(stage.ends[0]), server(stage.ends[1]))
    assert stage.told() == (
        [JUDGE, "SSLClose: errSecSuccess, Closed"],
        ["SSLHandshake: errSSLClosedGraceful, Handshake", "SSLClose: errSecSuccess, Closed"],
    )
