"""Every alert of a peer as SSLHandshake and SSLRead report it, whatever its level (behaviours section 17)."""

from __future__ import annotations

import json
from pathlib import Path
from pipes import Pair, connected, name, ok, state
from typing import Any

import pytest

import securetransport as st
from contract_report import ROWS

TABLE = json.loads((Path(__file__).parent.parent / "reference/result_codes.json").read_text(encoding="utf-8"))
WARNING, FATAL = 1, 2
#: Alerts and the code of each; close_notify and the one of SSLv3 have rules of their own.
ALERTS = [(row["alert"], row["code"]) for row in TABLE["alert_received"] if row["alert"] not in (0, 41)]


def told(level: int, alert: int) -> bytes:
    """A record without protection: what a peer may say before its keys are in use."""
    return bytes([21, 3, 3, 0, 2, level, alert])


def cases() -> list[Any]:
    return [
        pytest.param(
            alert, code, marks=pytest.mark.contract(f"SSLHandshake {code}"), id=f"SSLHandshake-{code}-{alert}"
        )
        if f"SSLHandshake {code}" in ROWS
        else pytest.param(alert, code, id=f"SSLHandshake-{code}-{alert}")
        for alert, code in ALERTS
    ]


@pytest.mark.parametrize(("alert", "code"), cases())
def test_an_alert_of_the_peer_ends_the_handshake_with_its_code(alert: int, code: str) -> None:
    for level in (FATAL, WARNING):
        pair = Pair()
        assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
        pair.down.data += told(level, alert)
        unlisted_warning = level == WARNING and alert == 86
        expected = st.errSSLWouldBlock if unlisted_warning else getattr(st, code)
        assert name(st.SSLHandshake(pair.client)) == name(expected), level
        assert state(pair.client) == st.kSSLHandshake


def hello_done(which: str) -> tuple[Pair, Any]:
    """An end whose peer has said hello and whose own flight is out; nothing is protected yet."""
    pair = Pair()
    for ctx in (pair.client, pair.server):
        assert st.SSLHandshake(ctx) == st.errSSLWouldBlock
    if which == "client":
        assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    return pair, getattr(pair, which)


@pytest.mark.parametrize("mover", ["SSLRead", "SSLWrite"])
@pytest.mark.parametrize("which", ["client", "server"])
@pytest.mark.parametrize(("alert", "code"), [(row["alert"], row["code"]) for row in TABLE["alert_received"]])
def test_either_side_reports_it_out_of_every_call_and_never_answers(
    alert: int, code: str | None, which: str, mover: str
) -> None:
    """A table's row without a code is passed over at every level; the rule for all others is its own sentence."""
    assert TABLE["alert_received_rules"][1].startswith("Level is otherwise ignored")
    row = next(row for row in TABLE["alert_received"] if row["alert"] == alert)
    ignored = code is None or "warning level is ignored" in row.get("note", "")
    for level in (FATAL, WARNING):
        pair, ctx = hello_done(which)
        written = len(pair.outgoing(ctx).writes)
        pair.incoming(ctx).data += told(level, alert)
        passed = code is None or (ignored and level == WARNING)
        expected = st.errSSLWouldBlock if passed else getattr(st, str(code))
        status = (
            st.SSLRead(ctx, None, 5, None)[0]
            if mover == "SSLRead"
            else st.SSLWrite(ctx, b"hello", 5, None)[0]
        )
        assert name(status) == name(expected)
        answers = pair.outgoing(ctx).writes[written:]
        assert [write[0] for write in answers] == ([21] if alert == 0 else []), (
            "only close_notify is answered"
        )
        ended = st.kSSLClosed if alert == 0 and mover == "SSLRead" else st.kSSLAborted
        if alert != 0 or mover == "SSLRead":
            assert state(ctx) == (st.kSSLHandshake if passed else ended)
        if not passed and alert != 0:
            ok(st.SSLClose(ctx))
            (closing,) = pair.outgoing(ctx).writes[written:]
            assert closing[0] == 21, "our own end is told still"
            assert which == "client" or closing[5:] == bytes([WARNING, 0]), "a client's is protected already"


@pytest.mark.contract("SSLHandshake errSSLClosedGraceful")
def test_a_peer_that_closes_in_the_handshake_ends_it_gracefully() -> None:
    pair = Pair()
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    pair.down.data += told(WARNING, 0)
    assert st.SSLHandshake(pair.client) == st.errSSLClosedGraceful
    assert state(pair.client) == st.kSSLHandshake


@pytest.mark.contract("SSLHandshake errSSLFatalAlert")
@pytest.mark.parametrize("alert", [1, 9, 86, 99, 110, 111, 255])
def test_a_fatal_alert_without_a_code_of_its_own_is_just_fatal(alert: int) -> None:
    pair = Pair()
    st.SSLHandshake(pair.client)
    pair.down.data += told(FATAL, alert)
    assert st.SSLHandshake(pair.client) == st.errSSLFatalAlert


def test_unknown_warnings_are_passed_over() -> None:
    pair = Pair()
    st.SSLHandshake(pair.client)
    for alert in (1, 41, 86, 99, 255):
        pair.down.data += told(WARNING, alert)
    assert pair.handshake() == (0, 0)


@pytest.mark.contract("SSLHandshake errSSLProtocol")
def test_half_an_alert_is_no_alert() -> None:
    pair = Pair()
    st.SSLHandshake(pair.client)
    pair.down.data += bytes([21, 3, 3, 0, 1, FATAL])
    assert st.SSLHandshake(pair.client) == st.errSSLProtocol
    assert TABLE["alert_received_rules"][2].endswith("illegal_parameter is sent and errSSLProtocol returned.")
    for odd in (b"\2", b"\1\0\2"):
        pair, ctx = hello_done("server")
        pair.up.data += bytes([21, 3, 3, 0, len(odd)]) + odd
        assert st.SSLHandshake(ctx) == st.errSSLProtocol
        assert pair.down.writes[-1][5:] == bytes([FATAL, 47])


def test_alerts_without_protection_mean_nothing_once_there_is_some() -> None:
    pair = connected()
    pair.down.data += told(FATAL, 40)
    status, data, processed = st.SSLRead(pair.client, None, 5, None)
    assert (data, processed) == (b"", 0)
    assert status not in (0, st.errSSLPeerHandshakeFail)
    assert state(pair.client) == st.kSSLAborted
