"""Every alert that we send, as the published table lists them (behaviours section 17), and what SSLv3 hears instead.

A row of ``alert_sent`` has a scene here that brings it about, or stands among those that no public call brings about.
What must be seen is read from the row, so that a changed row fails; where behaviours corrects the published engine,
the scene names the defect that the row records and what comes instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from pipes import Pair, array, certificate, client, name, ok, server, state
from typing import Any

import pytest

import certs
import securetransport as st
from securetransport import extensions, legacy, spi

TABLE = json.loads((Path(__file__).parent.parent / "reference/result_codes.json").read_text(encoding="utf-8"))
ROWS = {row["trigger"]: row for row in TABLE["alert_sent"]}
NUMBERS = {row["name"]: row["alert"] for row in TABLE["alert_received"]}
WARNING, FATAL = 1, 2
TLS12, SSL3 = st.kTLSProtocol12, st.kSSLProtocol3
CERTIFICATE, KEY_EXCHANGE, REQUEST, DONE, VERIFY = 11, 12, 13, 14, 15
HELLO = 2

#: Who sends, what its call answered; the alert is found where it went.
Outcome = tuple[Any, Any, int]


def ends(
    version: int, suites: list[int] | None = None, credential: Any = "rsa", anonymous: bool = False
) -> Pair:
    pair = Pair(client=client(suites=suites), server=server(None if anonymous else credential, suites=suites))
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetProtocolVersionMin(ctx, version))
        ok(st.SSLSetProtocolVersionMax(ctx, version))
    return pair


def messages(data: bytearray) -> dict[int, tuple[int, int]]:
    """Where each handshake message in the clear begins and ends, by its type; each has a record of its own."""
    found, at = {}, 0
    while at < len(data):
        end = at + 5 + int.from_bytes(data[at + 3 : at + 5])
        if data[at] == 22:
            found.setdefault(data[at + 5], (at + 5, end))
        at = end
    return found


def answered(pair: Pair, edit: Callable[[bytearray, dict[int, tuple[int, int]]], None]) -> Outcome:
    """The client after the server's first flight was changed on its way."""
    assert st.SSLHandshake(pair.client) == st.SSLHandshake(pair.server) == st.errSSLWouldBlock
    edit(pair.down.data, messages(pair.down.data))
    return pair, pair.client, st.SSLHandshake(pair.client)


def last(pair: Pair, which: str) -> Outcome:
    codes = pair.handshake()
    return pair, getattr(pair, which), codes[which == "server"]


# --- the scenes -----------------------------------------------------------------------------------------------------


def done_with_a_body(version: int) -> Outcome:
    def edit(data: bytearray, at: dict[int, tuple[int, int]]) -> None:
        start, end = at[DONE]
        data[start - 2 : end] = bytes([0, 5, DONE, 0, 0, 1, 0])

    return answered(ends(version), edit)


def suite_that_was_not_offered(version: int) -> Outcome:
    def edit(data: bytearray, at: dict[int, tuple[int, int]]) -> None:
        suite = at[HELLO][0] + 4 + 2 + 32
        suite += 1 + data[suite]
        data[suite : suite + 2] = b"\xfe\xfe"

    return answered(ends(version), edit)


def chain_without_end(version: int) -> Outcome:
    pair, root = ends(version), certificate(certs.authority().der)
    endless = [root] * (2**24 // len(root.der) + 1)
    ok(st.SSLSetCertificate(pair.server, [*array(certs.leaf("rsa")), *endless]))
    return last(pair, "server")


def misplaced_message(version: int) -> Outcome:
    def edit(data: bytearray, at: dict[int, tuple[int, int]]) -> None:
        data[at[CERTIFICATE][0]] = 16  # a ClientKeyExchange

    return answered(ends(version), edit)


def misplaced_change_cipher(version: int) -> Outcome:
    def edit(data: bytearray, at: dict[int, tuple[int, int]]) -> None:
        start = at[CERTIFICATE][0] - 5
        data[start:start] = bytes([20, *data[1:3], 0, 1, 1])

    return answered(ends(version), edit)


def signed_badly(version: int) -> Outcome:
    def edit(data: bytearray, at: dict[int, tuple[int, int]]) -> None:
        data[at[KEY_EXCHANGE][1] - 1] ^= 1

    return answered(ends(version, [0x0039]), edit)


def weak_group(version: int) -> Outcome:
    pair, group = ends(version, [0x0039]), certs.dh_group(certs.PRIME_1024)
    ok(st.SSLSetDiffieHellmanParams(pair.server, group, len(group)))
    ok(spi.SSLSetMinimumDHGroupSize(pair.client, 2048))
    return last(pair, "client")


def proof_that_is_none(version: int) -> Outcome:
    pair = ends(version)
    ok(st.SSLSetClientSideAuthenticate(pair.server, st.kAlwaysAuthenticate))
    ok(legacy.SSLSetTrustedRoots(pair.server, [certificate(certs.authority().der)], True))
    ok(st.SSLSetCertificate(pair.client, array(certs.leaf("rsa"))))
    for ctx in (pair.client, pair.server, pair.client):
        assert st.SSLHandshake(ctx) == st.errSSLWouldBlock
    data = pair.up.data
    data[messages(data)[VERIFY][1] - 1] ^= 1
    return pair, pair.server, st.SSLHandshake(pair.server)


def without_extended_master_secret(pair: Pair) -> None:
    """Takes the extension out of the hello on its way, so that transcripts differ and keys do not."""
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    assert pair.up.data.count(b"\x00\x17\x00\x00") == 1
    pair.up.data[:] = pair.up.data.replace(b"\x00\x17\x00\x00", b"\x7a\x7a\x00\x00")


def finished_of_another_transcript(version: int) -> Outcome:
    pair = ends(version)
    without_extended_master_secret(pair)
    return last(pair, "server")


def chain_of_an_unknown_authority(version: int) -> Outcome:
    pair = ends(version)
    ok(legacy.SSLSetTrustedRoots(pair.client, [certificate(certs.stranger().der)], True))
    return last(pair, "client")


def certificate_wanted_of_nobody(version: int) -> Outcome:
    pair = ends(version, [st.TLS_DH_anon_WITH_AES_128_CBC_SHA], anonymous=True)
    ok(st.SSLSetClientSideAuthenticate(pair.server, st.kTryAuthenticate))
    return last(pair, "server")


def nobody_wants_a_certificate(version: int) -> Outcome:
    def edit(data: bytearray, at: dict[int, tuple[int, int]]) -> None:
        start = at[DONE][0] - 5
        request = bytes([1, 64, 0, 2, 4, 3, 0, 0])
        data[start:start] = (
            bytes([22, *data[1:3], 0, 4 + len(request), REQUEST, 0, 0, len(request)]) + request
        )

    return answered(ends(version, [st.TLS_DH_anon_WITH_AES_128_CBC_SHA], anonymous=True), edit)


def fallback(_: int) -> Outcome:
    pair = Pair()
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionFallback, True))
    ok(st.SSLSetProtocolVersionMax(pair.client, st.kTLSProtocol11))
    return last(pair, "server")


def nothing_in_common(version: int) -> Outcome:
    return last(ends(version, credential=None), "server")


def renegotiation(version: int) -> Pair:
    """A client that renegotiates where records can be read by everybody."""
    pair = ends(version, [0x0002])
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    return pair


def unwanted_renegotiation(version: int) -> Outcome:
    pair = ends(version, [0x0002]).connected()
    ok(st.SSLReHandshake(pair.client))
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    status, _, _ = st.SSLRead(pair.server, None, 9, None)
    assert state(pair.server) == (st.kSSLAborted if version == SSL3 else st.kSSLConnected)
    return pair, pair.server, status


def resumption_without_the_secret(version: int) -> Outcome:
    for _ in range(2):
        pair = ends(version)
        for ctx in (pair.client, pair.server):
            ok(st.SSLSetPeerID(ctx, b"extended master secret", 22))
        if _ == 0:
            pair.connected()
    without_extended_master_secret(pair)
    return last(pair, "server")


def verdict(code: int) -> Callable[[int], Outcome]:
    def scene(version: int) -> Outcome:
        pair = ends(version)
        ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
        assert pair.handshake()[0] == st.errSSLPeerAuthCompleted
        ok(st.SSLSetError(pair.client, code))
        return pair, pair.client, st.SSLHandshake(pair.client)

    return scene


def close(version: int) -> Outcome:
    pair = ends(version)
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    assert pair.handshake()[0] == st.errSSLPeerAuthCompleted
    return pair, pair.client, st.SSLClose(pair.client)


def record(suite: int, damage: Callable[[bytearray], None]) -> Callable[[int], Outcome]:
    """A record of application data that is damaged on its way to the client."""

    def scene(version: int) -> Outcome:
        pair = ends(version, [suite]).connected()
        ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
        damage(pair.down.data)
        return pair, pair.client, st.SSLRead(pair.client, None, 9, None)[0]

    return scene


def flip(data: bytearray) -> None:
    data[-1] ^= 1


def swell(data: bytearray) -> None:
    data[3:5] = b"\xff\xff"


Scene = Callable[[int], Outcome]
#: What brings a row about.
SCENES: dict[str, list[Scene]] = {
    "message handler returned errSSLProtocol": [done_with_a_body],
    "message handler returned errSSLNegotiation": [suite_that_was_not_offered],
    "message handler returned errSSLInternal": [chain_without_end],
    "handshake message not allowed in this state, or misplaced ChangeCipherSpec": [
        misplaced_message,
        misplaced_change_cipher,
    ],
    "CertificateVerify signature bad": [proof_that_is_none],
    "Finished verify data mismatch": [finished_of_another_transcript],
    "peer trust verdict invalid": [chain_of_an_unknown_authority],
    "server wants client authentication but an anonymous suite was chosen": [certificate_wanted_of_nobody],
    "CertificateRequest received before any server certificate (anonymous suite)": [
        nobody_wants_a_certificate
    ],
    "server saw fallback SCSV below its maximum": [fallback],
    "server connected, ClientHello arrives, renegotiation not allowed": [unwanted_renegotiation],
    "session resumed with mismatching extended-master-secret state": [resumption_without_the_secret],
    "SSLSetError(errSecCertificateExpired) then SSLHandshake": [verdict(st.errSecCertificateExpired)],
    "SSLSetError(errSecCertificateRevoked) then SSLHandshake": [verdict(st.errSecCertificateRevoked)],
    "SSLClose": [close],
}
#: Rows that record a defect: its alert there, and scenes with what they send instead (behaviours 7, 10, 15 and 17).
CORRECTED: dict[str, tuple[str | None, list[tuple[Scene, str, str]]]] = {
    "message handler returned any other error (except would-block and the peer-auth / cert-request pauses)": (
        "close_notify at FATAL level",
        [
            (signed_badly, "decrypt_error", "errSSLCrypto"),
            (weak_group, "insufficient_security", "errSSLWeakPeerEphemeralDHKey"),
        ],
    ),
    "server, no suite in common or none fitting its certificate": (
        None,
        [(nothing_in_common, "handshake_failure", "errSSLNegotiation")],
    ),
    "record layer: bad MAC / decryption failure / overflow": (
        None,
        [
            (record(0xC013, flip), "bad_record_mac", "errSSLBadRecordMac"),
            (record(0xC02F, flip), "bad_record_mac", "errSSLDecryptionFail"),
            (record(0xC02F, swell), "record_overflow", "errSSLRecordOverflow"),
        ],
    ),
}
#: Rows whose verdicts no public call passes (behaviours 16): what they say.
UNREACHED = {
    "peer trust verdict unknown root": ("unknown_ca", "errSSLUnknownRootCert"),
    "peer trust verdict expired": ("certificate_expired", "errSSLCertExpired"),
    "peer trust never decided": ("internal_error", "errSSLInternal"),
}
#: Codes that the table puts in words.
WORDS = {
    "the crypto error (errSSLCrypto or similar)": "errSSLCrypto",
    "result of SSLClose, normally 0": "errSecSuccess",
    0: "errSecSuccess",
    None: "errSSLWouldBlock",
}


def seen(pair: Pair, ctx: Any) -> tuple[int | None, int]:
    """Level and number of the alert that went out; no level where only its receiver can read it."""
    write = next(write for write in reversed(pair.outgoing(ctx).writes) if write[0] == 21)
    if len(write) == 7 or st.SSLGetNegotiatedCipher(ctx, None)[1] == 0x0002:
        return write[5], write[6]
    other = pair.other(ctx)
    assert st.SSLRead(other, None, 9, None)[0] not in (0, st.errSSLWouldBlock)
    status, report = extensions.SSLCopyConnectionReport(other)
    ok(status)
    assert report is not None
    return None, NUMBERS[report["alert_received"]]


def sends(scene: Scene, version: int, level: int, alert: int, code: str) -> None:
    pair, ctx, status = scene(version)
    assert name(status) == code
    found, number = seen(pair, ctx)
    assert number == alert
    assert found in (None, level)
    if level == WARNING and alert != 0:
        return
    # Nothing follows a closing alert, whatever is called.
    before = len(pair.outgoing(ctx).writes)
    ok(st.SSLClose(ctx))
    assert len(pair.outgoing(ctx).writes) == before


def test_every_row_is_brought_about_or_named() -> None:
    assert set(ROWS) == {*SCENES, *CORRECTED, *UNREACHED}
    assert len(ROWS) == len(SCENES) + len(CORRECTED) + len(UNREACHED)
    for trigger, (alert, code) in UNREACHED.items():
        row = ROWS[trigger]
        assert (row["alert"], row["alert_value"], row["code"]) == (alert, NUMBERS[alert], code)


@pytest.mark.parametrize(
    ("trigger", "scene"),
    [
        pytest.param(trigger, scene, id=f"{trigger}-{scene.__name__}")
        for trigger, scenes in SCENES.items()
        for scene in scenes
    ],
)
def test_an_alert_is_sent_as_its_row_says(trigger: str, scene: Scene) -> None:
    row = ROWS[trigger]
    known, _, said = row["alert"].partition(" (")
    assert NUMBERS[known] == row["alert_value"]
    level = WARNING if said == "warning)" else FATAL
    sends(scene, TLS12, level, row["alert_value"], WORDS.get(row["code"], row["code"]))


@pytest.mark.parametrize(
    ("trigger", "scene", "alert", "code"),
    [
        pytest.param(trigger, *instead, id=f"{trigger}-{instead[1]}-{instead[2]}")
        for trigger, (_, scenes) in CORRECTED.items()
        for instead in scenes
    ],
)
def test_an_alert_is_sent_where_the_published_engine_was_wrong(
    trigger: str, scene: Scene, alert: str, code: str
) -> None:
    row, (defect, scenes) = ROWS[trigger], CORRECTED[trigger]
    assert row["alert"] == defect, "the row speaks of another defect than the one corrected here"
    assert row["alert_value"] == (0 if defect else None)
    if row["code"] != "that error":
        assert set(row["code"].split(" / ")) == {code for _, _, code in scenes}
    sends(scene, TLS12, FATAL, NUMBERS[alert], code)


# --- SSLv3 ----------------------------------------------------------------------------------------------------


def substitutes() -> dict[str, str]:
    """The published rule, in the words of the table: ``a, b become c; d becomes e.``"""
    (rule,) = (rule for rule in TABLE["alert_sent_rules"] if "SSL 3.0" in rule)
    found = {}
    for clause in rule.split(": ")[1].rstrip(".").split("; "):
        match = re.fullmatch(r"(.+) becomes? (\w+)", clause)
        assert match
        found.update(dict.fromkeys(match[1].split(", "), match[2]))
    return found


def lower_than_the_server_wants_now(version: int) -> Outcome:
    pair = renegotiation(version).connected()
    ok(st.SSLSetProtocolVersionMin(pair.server, st.kTLSProtocol1))
    ok(st.SSLReHandshake(pair.client))
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    return pair, pair.server, st.SSLHandshake(pair.server)


def fallback_in_a_renegotiation(version: int) -> Outcome:
    pair = renegotiation(version)
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionFallback, True))
    pair.connected()
    ok(st.SSLSetProtocolVersionMax(pair.server, TLS12))
    ok(st.SSLReHandshake(pair.client))
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    return pair, pair.server, st.SSLHandshake(pair.server)


SUBSTITUTED = [
    (proof_that_is_none, FATAL, "decrypt_error", "errSSLCrypto"),
    (signed_badly, FATAL, "decrypt_error", "errSSLCrypto"),
    (weak_group, FATAL, "insufficient_security", "errSSLWeakPeerEphemeralDHKey"),
    (certificate_wanted_of_nobody, FATAL, "internal_error", "errSSLBadConfiguration"),
    # SSLv3 has no warning for it, so that the session cannot go on (RFC 5746 section 4.5).
    (unwanted_renegotiation, FATAL, "no_renegotiation", "errSSLNegotiation"),
    (record(0x0002, swell), FATAL, "record_overflow", "errSSLRecordOverflow"),
    (lower_than_the_server_wants_now, FATAL, "protocol_version", "errSSLNegotiation"),
]
#: Those that SSLv3 knows, and the one that RFC 7507 adds.
UNCHANGED = [
    (done_with_a_body, "illegal_parameter", "errSSLProtocol"),
    (misplaced_message, "unexpected_message", "errSSLProtocol"),
    (suite_that_was_not_offered, "handshake_failure", "errSSLNegotiation"),
    (chain_of_an_unknown_authority, "certificate_unknown", "errSSLXCertChainInvalid"),
    (verdict(st.errSecCertificateExpired), "certificate_expired", "errSecSuccess"),
    (verdict(st.errSecCertificateRevoked), "certificate_revoked", "errSecSuccess"),
    (record(0x002F, flip), "bad_record_mac", "errSSLBadRecordMac"),
    (fallback_in_a_renegotiation, "inappropriate_fallback", "errSSLPeerProtocolVersion"),
]


def called(value: Any) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("scene", "level", "alert", "code"), SUBSTITUTED, ids=called)
def test_sslv3_hears_what_stands_for_an_alert(scene: Scene, level: int, alert: str, code: str) -> None:
    sends(scene, SSL3, level, NUMBERS[substitutes()[alert]], code)


@pytest.mark.parametrize(("scene", "alert", "code"), UNCHANGED, ids=called)
def test_sslv3_hears_the_others_as_they_are(scene: Scene, alert: str, code: str) -> None:
    assert alert not in substitutes()
    sends(scene, SSL3, FATAL, NUMBERS[alert], code)


# --- the other rules ------------------------------------------------------------------------------------------


def test_no_alert_leaves_before_a_version_is_known() -> None:
    """Settled is a version as soon as the one of a hello was readable (decision 25)."""
    assert TABLE["alert_sent_rules"][0].startswith(
        "No alert leaves before a protocol version has been settled"
    )
    pair = Pair()
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    pair.down.data += bytes([22, 3, 3, 0, 4, DONE, 0, 0, 0])
    assert st.SSLHandshake(pair.client) == st.errSSLProtocol
    ok(st.SSLClose(pair.client))
    assert [write[0] for write in pair.up.writes] == [22]
    pair.up.data[:] = bytes([22, 3, 1, 0, 4, DONE, 0, 0, 0])
    assert st.SSLHandshake(pair.server) == st.errSSLProtocol
    ok(st.SSLClose(pair.server))
    assert pair.down.writes == []


def friends(who: bytes) -> Pair:
    pair = Pair()
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetPeerID(ctx, who, len(who)))
    return pair


def resumes(who: bytes) -> bool:
    pair = friends(who).connected()
    return bool(spi.SSLGetResumableSessionInfo(pair.client, None, None, 32)[1])


def test_a_fatal_alert_ends_the_session_and_a_warning_does_not() -> None:
    """Of what we send and of what we hear; the published engine looked for the entry under another key."""
    assert "different key" in TABLE["alert_sent_rules"][2]
    assert (
        "does not invalidate the cached session, which a fatal one does" in TABLE["alert_received_rules"][1]
    )
    for level, kept in ((WARNING, True), (FATAL, False)):
        who = bytes([level]) * 9
        assert not resumes(who)
        pair = friends(who).connected()
        pair = friends(who)
        assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
        pair.down.data += bytes([21, 3, 3, 0, 2, level, 42])
        assert st.SSLHandshake(pair.client) == st.errSSLPeerBadCert
        assert resumes(who) == kept
    who = b"sent"
    assert not resumes(who)
    pair = friends(who).connected()
    ok(st.SSLWrite(pair.server, b"hello", 5, None)[0])
    flip(pair.down.data)
    assert st.SSLRead(pair.client, None, 5, None)[0] == st.errSSLDecryptionFail
    assert not resumes(who)
