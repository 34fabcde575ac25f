"""Sequences of calls as stories, told the same over transports that wait or do not, and wide ones or narrow ones.

In: generators that make the calls of one end and yield where a call would block; a :class:`Style`. Out: what each end
saw, in order (:attr:`End.events`). Promise: a would-block out of a transport that waits fails the test, a story that
stands still does, and nothing waits without a limit.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Generator
from dataclasses import dataclass
from pipes import (
    LIMIT,
    WOULD_BLOCK,
    BlockingPipe,
    Callbacks,
    Pair,
    Pipe,
    Task,
    dripping,
    name,
    ok,
    socket_callbacks,
    state,
)
from typing import Any

import securetransport as st
from securetransport import spi

#: What one end does: it yields whenever a call has to be made again later, and may return what it found.
Story = Generator[None, None, Any]
STATES = ("Idle", "Handshake", "Connected", "Closed", "Aborted")


def singly(callbacks: Callbacks) -> Callbacks:
    """The same callbacks, one byte a call, which is success as far as it goes."""
    inner_read, inner_write = callbacks

    def read(connection: Any, data: memoryview, _length: int) -> Any:
        return inner_read(connection, data[:1], 1)

    def write(connection: Any, data: memoryview, _length: int) -> Any:
        return inner_write(connection, data[:1], 1)

    return read, write


@dataclass(frozen=True)
class Style:
    """How calls are made: over transports that wait, or by turns; through wide ones, or byte by byte."""

    waits: bool
    one_byte: bool

    def __str__(self) -> str:
        return (
            f"{'blocking' if self.waits else 'non-blocking'}-{'one-byte' if self.one_byte else 'unlimited'}"
        )

    def pipe(self) -> Pipe:
        room = 1 if self.one_byte else None
        return BlockingPipe(room) if self.waits else Pipe(room, stutter=self.one_byte)

    def narrowed(self, callbacks: Callbacks) -> Callbacks:
        if not self.one_byte:
            return callbacks
        return singly(callbacks) if self.waits else dripping(callbacks)


STYLES = [Style(waits, one_byte) for waits in (True, False) for one_byte in (False, True)]


class End:
    """One context in a story. Each method is one call, made again for as long as it would block."""

    def __init__(self, ctx: Any) -> None:
        self.ctx = ctx
        #: Every call that came to an answer: its name, the answer, the state afterwards.
        self.events: list[str] = []
        #: The state after each would-block.
        self.blocked: list[str] = []

    def _note(self, call: str, status: int) -> None:
        self.events.append(f"{call}: {name(status)}, {STATES[state(self.ctx)]}")

    def _later(self) -> Generator[None, None, None]:
        self.blocked.append(STATES[state(self.ctx)])
        yield

    def handshake(self) -> Generator[None, None, int]:
        while (status := st.SSLHandshake(self.ctx)) == WOULD_BLOCK:
            yield from self._later()
        self._note("SSLHandshake", status)
        return status

    def rehandshake(self) -> int:
        status = st.SSLReHandshake(self.ctx)
        self._note("SSLReHandshake", status)
        return status

    def write(self, data: bytes) -> Generator[None, None, int]:
        rest: bytes | None = data
        while True:
            status, processed = st.SSLWrite(self.ctx, rest, len(rest or b""), None)
            if processed:  # all of it was taken; what is left to do is to flush
                assert processed == len(data)
                rest = None
            if status != WOULD_BLOCK:
                break
            yield from self._later()
        assert status != 0 or rest is None
        self._note("SSLWrite", status)
        return status

    def read(self, n: int) -> Generator[None, None, bytes]:
        """Exactly ``n`` bytes, or what came before another answer than success."""
        got = bytearray()
        while True:
            status, part, _ = st.SSLRead(self.ctx, None, n - len(got), None)
            got += part
            if status == WOULD_BLOCK and len(got) < n:
                yield from self._later()
            elif status not in (0, WOULD_BLOCK) or len(got) == n:
                break
        self._note(f"SSLRead {bytes(got)!r}", 0 if status == WOULD_BLOCK else status)
        return bytes(got)

    def close(self) -> Generator[None, None, int]:
        while (status := st.SSLClose(self.ctx)) == WOULD_BLOCK:
            yield from self._later()
        self._note("SSLClose", status)
        return status

    # What the ends of a story are asked about.

    def resumed(self) -> tuple[bool, bytes]:
        """Whether the session was resumed, and its ID."""
        status, resumed, session_id, _ = spi.SSLGetResumableSessionInfo(self.ctx, None, None, 32)
        ok(status)
        return resumed, session_id

    def certificate_state(self) -> str:
        status, number = st.SSLGetClientCertificateState(self.ctx, None)
        ok(status)
        return ("None", "Requested", "Sent", "Rejected")[number]

    def peer(self) -> list[bytes]:
        """The certificates in the trust object of the other end, leaf first; none without one."""
        status, trust = st.SSLCopyPeerTrust(self.ctx, None)
        ok(status)
        return [certificate.der for certificate in trust.certificates()] if trust is not None else []


def _whole(story: Story) -> Any:
    """A story over a transport that waits."""
    try:
        next(story)
    except StopIteration as end:
        return end.value
    raise AssertionError("a call over a transport that waits would block")


class Stage(Pair):
    """A client and a server joined by pipes of one style."""

    def __init__(self, style: Style, credential: Any = "p256", **ends: Any) -> None:
        super().__init__(credential, up=style.pipe(), down=style.pipe(), **ends)
        self.style = style
        self.ends = End(self.client), End(self.server)
        for end in self.ends:
            callbacks = self.incoming(end.ctx).read, self.outgoing(end.ctx).write
            ok(st.SSLSetIOFuncs(end.ctx, *style.narrowed(callbacks)))

    def play(self, *stories: Story) -> tuple[Any, Any]:
        """Both stories to their ends, on a thread each or by turns; what they return."""
        play = self._beside if self.style.waits else self._by_turns
        return play(*zip(self.ends, stories, strict=True))

    def _over(self, end: End) -> None:
        """Who is done reads no more, and keeps nobody from writing."""
        incoming = self.incoming(end.ctx)
        if isinstance(incoming, BlockingPipe):
            incoming.widen()
        incoming.room = None

    def _beside(self, *parts: tuple[End, Story]) -> tuple[Any, Any]:
        def act(end: End, story: Story) -> Any:
            try:
                return _whole(story)
            except BaseException:
                for pipe in (self.up, self.down):
                    pipe.end()  # type: ignore[attr-defined]  # the other end need not wait any longer
                raise
            finally:
                self._over(end)

        tasks = [Task(act, *part) for part in parts]
        first, second = (task.result() for task in tasks)
        return first, second

    def _by_turns(self, *parts: tuple[End, Story]) -> tuple[Any, Any]:
        results: dict[int, Any] = {}
        idle, before = 0, self._moved()
        while len(results) < len(parts):
            for at, (end, story) in enumerate(parts):
                if at not in results:
                    try:
                        next(story)
                    except StopIteration as over:
                        results[at] = over.value
                        self._over(end)
            after = (*self._moved(), len(results))
            idle = idle + 1 if after == before else 0
            before = after
            assert idle < 8, f"nothing moves after {[end.events for end in self.ends]}"
        return results[0], results[1]

    def told(self) -> tuple[list[str], list[str]]:
        """What the client saw, and what the server."""
        return self.ends[0].events, self.ends[1].events


class Caller(End):
    """One context over a socket in one of the styles; its story is told with :meth:`do`."""

    def __init__(self, ctx: Any, sock: socket.socket, style: Style) -> None:
        super().__init__(ctx)
        self.sock, self.style = sock, style
        sock.settimeout(LIMIT if style.waits else 0)
        #: What would have to be waited for; "again" where nothing has, since only the style held bytes back.
        self._wants: set[str] = set()
        inner = socket_callbacks(sock)
        read, write = style.narrowed((self._noting("read", inner[0]), self._noting("write", inner[1])))

        def outer(connection: Any, data: memoryview, length: int) -> Any:
            answer = write(connection, data, length)
            if answer[0] == WOULD_BLOCK and "write" not in self._wants:
                self._wants.add("again")
            return answer

        ok(st.SSLSetIOFuncs(ctx, read, outer))

    def _noting(self, which: str, inner: Any) -> Any:
        """The same callback; that the socket itself could not go on is kept."""

        def callback(connection: Any, data: memoryview, length: int) -> Any:
            answer = inner(connection, data, length)
            if answer[0] == WOULD_BLOCK:
                self._wants.add(which)
            return answer

        return callback

    def do(self, story: Story) -> Any:
        """The story to its end; what it returns."""
        if self.style.waits:
            return _whole(story)
        while True:
            self._wants.clear()
            try:
                next(story)
            except StopIteration as end:
                return end.value
            reading, writing = ([self.sock] if which in self._wants else [] for which in ("read", "write"))
            if (reading or writing) and "again" not in self._wants:
                assert any(select.select(reading, writing, [], LIMIT)), f"nothing moves after {self.events}"
