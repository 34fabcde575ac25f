"""Random calls on two joined contexts against a small model of the state machine (behaviours section 2).

In: any order of calls on either end, over pipes that carry any portion, with options, pauses, renegotiations, closes,
errors and exceptions out of callbacks. Out: a disagreement with the model, if there is one. Promise: nothing waits.
The environment variable ``CONTRACT_MODEL=deep`` runs it for some minutes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pipes import WOULD_BLOCK, Pair, Pipe, array, client, message, name, ok, server, state
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import certs
import securetransport as st
from securetransport import legacy

IDLE, HANDSHAKE, CONNECTED, CLOSED, ABORTED = range(5)
ACTIVE = (HANDSHAKE, CONNECTED)
GRACEFUL, ABORT, BAD_REQUEST = st.errSSLClosedGraceful, st.errSSLClosedAbort, st.errSecBadReq
#: What a transport that fails says; at a header it becomes closed-abort.
FAILURES = {st.errSecIO, ABORT}
PEER_CODES = {value for key, value in vars(st).items() if key.startswith("errSSLPeer")} - {
    st.errSSLPeerAuthCompleted
}
PAUSES = {
    "client": {
        st.kSSLSessionOptionBreakOnServerAuth: st.errSSLPeerAuthCompleted,
        st.kSSLSessionOptionBreakOnCertRequested: st.errSSLClientCertRequested,
    },
    "server": {
        st.kSSLSessionOptionBreakOnClientHello: st.errSSLClientHelloReceived,
        st.kSSLSessionOptionBreakOnClientAuth: st.errSSLPeerAuthCompleted,
    },
}


class Trouble(Exception):
    """What a callback raises."""


class End:
    """What the model knows of one context."""

    def __init__(self, which: str, context: Any) -> None:
        self.which, self.context = which, context
        self.state = IDLE
        #: The fatal code that SSLHandshake gave, which it gives again.
        self.fault: int | None = None
        #: Codes one of which may have been hidden by an exception, which was raised while its alert went out.
        self.hidden: set[int] = set()
        #: SSLSetError was called, and the next SSLHandshake closes.
        self.rejects = False
        #: The peer may get an alert of this end, or its close_notify.
        self.alerts = self.closes = False
        self.was_connected = False
        #: A handshake has succeeded and no call has said so yet (SSLHandshake will, without reading).
        self.unseen = False
        self.paused: Counter[int] = Counter()
        self.sent = bytearray()
        self.got = bytearray()
        self.other: End = self

    @property
    def spoiled(self) -> bool:
        return (
            self.fault is not None or bool(self.hidden) or self.state >= CLOSED or self.closes or self.alerts
        )


Answers = dict[int, set[int]]


def to(statuses: Iterable[int], *states: int) -> Answers:
    return {status: set(states) for status in statuses}


class Contract(RuleBasedStateMachine):
    @initialize(
        pipes=some.sampled_from([(None, None), (None, None), (None, 100), (1, None), (7, 50)]),
        begun=some.booleans(),
        options=some.sets(
            some.sampled_from(
                [
                    *("client 0", "client 1", "server 2", "server 7", "client 3"),
                    *("renegotiate", "ask", "certificate"),
                ]
            )
        ),
    )
    def join(self, pipes: tuple[int | None, int | None], begun: bool, options: set[str]) -> None:
        self.step, room = pipes
        up, down = (Pipe(room, self.step) for _ in range(2))
        self.pair = Pair(up=up, down=down, client=client(), server=server("p256"))
        self.ends = {which: End(which, getattr(self.pair, which)) for which in ("client", "server")}
        self.ends["client"].other, self.ends["server"].other = self.ends["server"], self.ends["client"]
        self.breaks: dict[str, set[int]] = {"client": set(), "server": set()}
        self.renegotiates = "renegotiate" in options
        #: Handshakes that the client began, and those that the server asked for.
        self.begun = self.requests = 0
        for which, number in (option.split() for option in options if " " in option):
            ok(st.SSLSetSessionOption(self.ends[which].context, int(number), True))
            if int(number) in PAUSES[which]:
                self.breaks[which].add(PAUSES[which][int(number)])
        self.hasty = "client 3" in options
        ok(
            st.SSLSetSessionOption(
                self.pair.server, st.kSSLSessionOptionAllowRenegotiation, self.renegotiates
            )
        )
        ok(legacy.SSLSetTrustedRoots(self.pair.server, [self.authority()], True))
        if "ask" in options:
            ok(st.SSLSetClientSideAuthenticate(self.pair.server, st.kTryAuthenticate))
        if "certificate" in options:
            ok(st.SSLSetCertificate(self.pair.client, array(certs.leaf("p256"))))
        #: Pauses that have no cause (behaviours 4.2): nothing was requested, or what was requested is there.
        self.needless: dict[str, set[int]] = {"client": set(), "server": set()}
        if "ask" not in options:
            self.needless = {"client": {st.errSSLClientCertRequested}, "server": {st.errSSLPeerAuthCompleted}}
        elif "certificate" in options:
            self.needless["client"] = {st.errSSLClientCertRequested}
        if begun:
            self.settle()

    @staticmethod
    def authority() -> Any:
        return st.SecCertificateCreateWithData(None, certs.authority().der)

    # --- the model ---------------------------------------------------------------------------------------------

    def progress(self, end: End, call: str) -> Answers:
        """What a call may answer that drives a handshake or reads a record, and the state it leaves."""
        unmoved = {end.state, HANDSHAKE, CONNECTED} - ({CONNECTED} if end.state == IDLE else set())
        allowed = {WOULD_BLOCK: unmoved | ({HANDSHAKE} if end.state == IDLE else set())}
        allowed |= to(self.breaks[end.which], *unmoved - {IDLE})
        allowed |= to(self.fatal(end, call), *(unmoved if call == "handshake" else {ABORTED}))
        if end.other.closes:
            allowed[GRACEFUL] = {CLOSED} if call == "read" else unmoved
        return allowed

    def fatal(self, end: End, call: str) -> set[int]:
        """The codes that may end the session in this call."""
        fatal = set(end.hidden)
        if end.other.alerts:
            fatal |= PEER_CODES | {st.errSSLFatalAlert}
        if end.which == "client" and not self.renegotiates and self.begun + self.requests > 1:
            fatal.add(st.errSSLPeerNoRenegotiation)
        if end.which == "client" and self.requests > 8:
            fatal.add(st.errSSLProtocol)  # too many requests that nobody answered
        if call == "handshake" and len(end.other.sent) > len(end.got):
            fatal.add(st.errSSLProtocol)  # it has no place for data
        return fatal

    def flows(self, end: End) -> bool:
        """Whether all that this end writes goes out at once."""
        out = self.pair.outgoing(end.context)
        return out.room is out.step is None and not out.on_write

    def expected(self, end: End, call: str) -> Answers:
        """Every status that this call may answer now, with the states that may follow (the table 2.1)."""
        if call == "close":
            return to([0, WOULD_BLOCK], CLOSED)
        if end.state == CLOSED:
            return to([GRACEFUL], CLOSED)
        if end.state == ABORTED:
            if call == "handshake" and end.rejects:
                return to([0, WOULD_BLOCK], CLOSED)
            return to([ABORT], ABORTED)
        if call == "rehandshake":
            if end.state == IDLE:
                return to([0], HANDSHAKE) if end.which == "client" else to([st.errSSLIllegalParam], IDLE)
            if end.state == HANDSHAKE:
                return to([BAD_REQUEST], HANDSHAKE)
            if end.fault is not None:
                return to([end.fault], CONNECTED)
            begun = to([0], HANDSHAKE if end.which == "client" else CONNECTED)
            return begun | to([BAD_REQUEST, *end.hidden], CONNECTED)
        if call == "write" and end.state == IDLE:
            return to([BAD_REQUEST], IDLE)
        if end.fault is not None:
            return to([end.fault], end.state if call == "handshake" else ABORTED)
        if call == "handshake" and end.unseen:
            return to([0] if self.flows(end) else [0, WOULD_BLOCK], CONNECTED) | to(end.hidden, CONNECTED)
        if call == "read" and end.state == IDLE and end.which == "client":
            return to([WOULD_BLOCK], IDLE)
        allowed = self.progress(end, call)
        # Data may pass beside a renegotiation, and go out before the first handshake is over by false start.
        beside = (
            end.was_connected or self.requests or (call == "write" and self.hasty and end.which == "client")
        )
        allowed[0] = {CONNECTED, HANDSHAKE} if call != "handshake" and beside else {CONNECTED}
        if call == "handshake" and end.state != CONNECTED and self.flows(end):
            allowed[WOULD_BLOCK].discard(CONNECTED)  # the call that makes it says so
        if call == "read" and end.other.closes:
            allowed[0].add(CLOSED)  # the data come first, and the next call says that this was the end
        if call == "handshake" and end.state == CONNECTED and self.begun + self.requests <= 1:
            del allowed[0]  # it reads a record, and only another handshake can make that a success
        return allowed

    # --- comparing ---------------------------------------------------------------------------------------------

    def call(self, end: End, call: str, function: Any, *arguments: Any) -> Any:
        """Makes a call and compares; what it answered, ``None`` where it raised what a callback raised."""
        allowed = self.expected(end, call)
        pipes = (self.pair.incoming(end.context), self.pair.outgoing(end.context))
        armed = [*pipes[0].on_read, *pipes[1].on_write]
        before = end.state
        try:
            answer = function(end.context, *arguments)
        except Trouble:
            assert Trouble in armed, "nobody raised this"
            end.state = state(end.context)
            assert end.state in self.after_trouble(end, call, before), (call, before, end.state)
            self.note(end, call, before, None)
            return None
        status = answer[0] if isinstance(answer, tuple) else answer
        fired = len(armed) - len(pipes[0].on_read) - len(pipes[1].on_write)
        end.state = state(end.context)
        failed = fired and st.errSecIO in armed and status in FAILURES and status not in allowed
        if failed:
            # SSLRead and SSLWrite take it for the end, SSLHandshake may be repeated, SSLClose closes.
            wanted = {"close": {CLOSED}, "handshake": {before, *ACTIVE, CLOSED}}.get(call, {ABORTED})
            if call == "close" or end.rejects:
                assert status != st.errSecIO or call != "close", "this one becomes success"
        else:
            assert status in allowed, (call, end.which, before, name(status), sorted(map(name, allowed)))
            wanted = allowed[status]
            if fired and status == 0 and call == "close":
                wanted = {CLOSED}
        if not (fired and end.state == ABORTED and call in ("read", "write")):
            assert end.state in wanted, (call, end.which, name(status), before, end.state, wanted)
        self.note(end, call, before, None if failed else status)
        if call == "write" and answer[1]:
            end.unseen = False  # data that were taken pass the success over, whatever has become of them
        return answer

    def after_trouble(self, end: End, call: str, before: int) -> set[int]:
        """The states that a call may leave which raised: what was done before counts, the exception does not."""
        if call == "close" or (call == "handshake" and end.rejects):
            return {CLOSED}
        after = {before, *ACTIVE}
        if before in ACTIVE or before == IDLE:
            hidden = self.fatal(end, call) if end.fault is None else set()
            end.hidden |= hidden
            end.alerts |= bool(hidden)
            if call in ("read", "write") and (hidden or end.fault is not None):
                after.add(ABORTED)
        if end.other.closes and call == "read":
            after.add(CLOSED)
        return after

    def note(self, end: End, call: str, before: int, status: int | None) -> None:
        """What the call means for later ones."""
        end.was_connected |= end.state == CONNECTED
        if paused := status in PAUSES[end.which].values():
            end.paused[status] += 1
            assert end.paused[status] <= self.begun + self.requests, "once a handshake"
        if end.which == "client" and before != HANDSHAKE and end.state == HANDSHAKE:
            self.begun += 1
        if end.state != CONNECTED or paused or (status == 0 and call in ("handshake", "read", "write")):
            end.unseen = False
        elif before != CONNECTED:
            end.unseen = True
        quiet = {0, WOULD_BLOCK, BAD_REQUEST, GRACEFUL, ABORT, st.errSSLIllegalParam, None} | set(
            self.breaks[end.which]
        )
        if status not in quiet and before not in (CLOSED, ABORTED):
            end.fault, end.alerts = status, True
        if end.state == CLOSED:
            end.closes = True
            end.alerts |= end.rejects
            end.rejects = False
        if end.state == ABORTED:
            end.closes = end.alerts = True
        if status == GRACEFUL:
            end.closes = True  # the notice is answered

    which = some.sampled_from(["client", "server"])

    @rule(which=which)
    def handshake(self, which: str) -> None:
        self.call(self.ends[which], "handshake", st.SSLHandshake)

    @rule(rounds=some.integers(1, 5), mover=some.sampled_from(["handshake", "read"]))
    def turns(self, rounds: int, mover: str) -> None:
        """Both ends a few times."""
        for _ in range(rounds):
            for end in self.ends.values():
                if mover == "read" and end.state != IDLE:
                    self.read(end.which, 100, False)
                elif end.state != CONNECTED:
                    self.handshake(end.which)

    @rule(which=which, n=some.sampled_from([0, 1, 5, 100, 40_000]), own=some.booleans())
    def read(self, which: str, n: int, own: bool) -> None:
        end = self.ends[which]
        answer = self.call(end, "read", st.SSLRead, bytearray(n) if own else None, n, None)
        if answer is None:
            return
        status, data, processed = answer
        assert len(data) == (n if own else processed)
        assert processed <= n
        end.got += data[:processed]
        assert end.other.sent.startswith(end.got), "what is read is what was written"
        if status == 0 and n:
            assert processed, "success means data"

    @rule(which=which, n=some.sampled_from([1, 5, 100, 16_384, 20_000]))
    def write(self, which: str, n: int) -> None:
        end = self.ends[which]
        n = min(n, 200) if self.step else n
        data = message(n, len(end.sent) & 0xFF)
        answer = self.call(end, "write", self.owning(end, data), data, n, None)
        if answer is not None:
            assert answer[1] in (0, n)
            assert answer[0] != 0 or answer[1] == n

    @staticmethod
    def owning(end: End, data: bytes) -> Any:
        """SSLWrite that notes what was taken, also where a callback raised."""

        def write(*arguments: Any) -> Any:
            try:
                answer = st.SSLWrite(*arguments)
            except Trouble as error:
                end.sent += data[: error.processed]  # type: ignore[attr-defined]
                raise
            end.sent += data[: answer[1]]
            return answer

        return write

    @rule(which=which)
    def flush(self, which: str) -> None:
        answer = self.call(self.ends[which], "write", st.SSLWrite, None, 0, None)
        assert answer is None or answer[1] == 0

    @rule(which=which)
    def rehandshake(self, which: str) -> None:
        if self.call(self.ends[which], "rehandshake", st.SSLReHandshake) == 0 and which == "server":
            self.requests += 1

    @precondition(lambda self: all(end.state == CONNECTED for end in self.ends.values()))
    @rule(which=which)
    def close(self, which: str) -> None:
        self.call(self.ends[which], "close", st.SSLClose)

    @rule(which=which, seldom=some.integers(0, 9))
    def close_early(self, which: str, seldom: int) -> None:
        if seldom == 0 or self.ends[which].spoiled:
            self.call(self.ends[which], "close", st.SSLClose)

    @rule(
        which=which, code=some.sampled_from([0, st.errSecCertificateExpired, -1]), seldom=some.integers(0, 9)
    )
    def reject(self, which: str, code: int, seldom: int) -> None:
        end = self.ends[which]
        if seldom == 0 or end.spoiled:
            ok(st.SSLSetError(end.context, code))
            end.rejects, end.state = True, ABORTED
            assert state(end.context) == ABORTED

    @rule(
        which=which,
        side=some.sampled_from(["on_read", "on_write"]),
        what=some.sampled_from([Trouble, Trouble, Trouble, st.errSecIO]),
    )
    def arm(self, which: str, side: str, what: Any) -> None:
        """The next callback of this kind fails."""
        end = self.ends[which]
        pipe = (self.pair.incoming if side == "on_read" else self.pair.outgoing)(end.context)
        getattr(pipe, side).append(what)

    @rule(which=which)
    def setters(self, which: str) -> None:
        end = self.ends[which]
        active = end.state in ACTIVE
        refused = BAD_REQUEST if active else 0
        assert st.SSLSetPeerDomainName(end.context, "localhost", 9) == refused
        assert st.SSLSetConnection(end.context, self) == refused
        assert st.SSLSetProtocolVersionMax(end.context, st.kTLSProtocol12) == 0
        assert st.SSLSetALPNProtocols(end.context, ["h2"]) == 0

    @rule(which=which)
    def getters(self, which: str) -> None:
        end = self.ends[which]
        assert state(end.context) == end.state
        assert (st.SSLGetNegotiatedCipher(end.context)[0] == 0) == (end.state in ACTIVE)
        status, trust = st.SSLCopyPeerTrust(end.context)
        assert status == 0
        assert trust is not None or which == "server" or end.state != CONNECTED
        assert st.SSLGetBufferedReadSize(end.context)[0] == 0

    @precondition(lambda self: not any(end.spoiled for end in self.ends.values()))
    @rule()
    def settle(self) -> None:
        """Both ends are driven, pauses are accepted: they become connected and everything arrives."""
        for pipe in (self.pair.up, self.pair.down):
            pipe.on_read.clear()
            pipe.on_write.clear()
        idle = 0
        for _ in range(200_000):
            before = [len(end.got) for end in self.ends.values()], self.pair._moved()
            for end in self.ends.values():
                if end.state == IDLE and end.which == "client":
                    self.handshake(end.which)
                else:
                    self.read(end.which, 40_000, False)
            if any(end.spoiled for end in self.ends.values()):
                assert not self.renegotiates or self.requests > 8, (
                    "only what was refused or begged for ends here"
                )
                return
            idle = (
                0
                if ([len(end.got) for end in self.ends.values()], self.pair._moved()) != before
                else idle + 1
            )
            if idle > 4:
                break
        for end in self.ends.values():
            assert end.state == CONNECTED, end.which
            assert end.got == end.other.sent, end.which
            if (self.begun, self.requests) == (1, 0):
                assert end.paused == Counter(self.breaks[end.which] - self.needless[end.which]), end.which


PROFILE = {"quick": (400, 50), "deep": (3000, 80)}[os.environ.get("CONTRACT_MODEL", "quick")]


def run(**more: Any) -> None:
    examples, steps = PROFILE
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    run_state_machine_as_test(Contract, settings=profile)  # type: ignore[no-untyped-call]


def test_random_calls_on_two_contexts_do_as_the_model_says() -> None:
    run()


def twice(function: Any) -> Any:
    """SSLWrite that sends its data again."""

    def call(context: Any, data: Any, n: int, processed: Any) -> Any:
        answer = function(context, data, n, processed)
        if answer[0] == 0:
            function(context, data, n, processed)
        return answer

    return call


def losing(function: Any) -> Any:
    """SSLRead that loses more than a byte."""

    def call(context: Any, buffer: Any, n: int, processed: Any) -> Any:
        status, data, done = function(context, buffer, n, processed)
        return (status, data, done) if done < 2 else (WOULD_BLOCK, b"" if buffer is None else buffer, 0)

    return call


def saying(instead: dict[int, int]) -> Any:
    """A call that says something else."""
    return lambda function: lambda *arguments: instead.get(status := function(*arguments), status)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("SSLWrite", twice),
        ("SSLRead", losing),
        ("SSLHandshake", saying({0: WOULD_BLOCK})),
        ("SSLHandshake", saying({0: st.errSSLPeerAuthCompleted})),
        ("SSLReHandshake", saying({BAD_REQUEST: 0})),
        ("SSLClose", saying({0: st.errSSLClosedGraceful})),
        ("SSLSetConnection", saying({BAD_REQUEST: 0})),
    ],
)
def test_a_library_with_a_fault_is_found_out(monkeypatch: pytest.MonkeyPatch, name: str, fault: Any) -> None:
    monkeypatch.setattr(st, name, fault(getattr(st, name)))
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run(phases=[Phase.generate], database=None)
