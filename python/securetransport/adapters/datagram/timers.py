"""When something is due, for many at once.

In: keys and the times they want to be looked at. Out: the next time, and the keys whose time has come. Promise: one
entry a key that counts; setting a key again costs the logarithm of how many there are, and what was set before is
forgotten.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Timers"]

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """A heap whose outdated entries are dropped when they come up, or when they are the most of it."""

    def __init__(self) -> None:
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._number = itertools.count()

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: Key, when: float) -> None:
        """Look at ``key`` at ``when``, and no more at what was set before."""
        known = self._due.get(key)
        if known == when:
            return
        self._due[key] = when
        heapq.heappush(self._heap, (when, next(self._number), key))
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._due):
            self._heap = [(at, next(self._number), one) for one, at in self._due.items()]
            heapq.heapify(self._heap)

    def forget(self, key: Key) -> None:
        """Never look at ``key``."""
        self._due.pop(key, None)

    def next(self) -> float | None:
        """The earliest time that something is due."""
        while self._heap:
            when, _, key = self._heap[0]
            if self._due.get(key) == when:
                return when
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now: float) -> Key | None:
        """A key whose time has come, which is then forgotten; ``None`` when there is none."""
        when = self.next()
        if when is None or when > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._due[key]
        return key
