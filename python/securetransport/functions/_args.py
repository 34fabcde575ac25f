"""Arguments of the SSL* functions, checked in the order that callers can rely on.

In: whatever a caller passed. Out: plain values, or ``None`` where the call answers ``errSecParam``. Promise: a
value of a wrong Python type raises ``TypeError`` with a sentence; a number out of range never does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._native import SSLContext

#: What stands in for an out-parameter: callers pass ``None`` or leave it out.
Out = Any


def context(value: object) -> SSLContext | None:
    """The context, or ``None`` for ``None``."""
    if value is None or isinstance(value, SSLContext):
        return value
    raise TypeError(f"the context must be an SSLContext or None, not {type(value).__name__}")


def number(value: object, name: str) -> int | None:
    """An integer, or ``None`` for ``None``; a bool is no number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return int(value)


def int64(value: int) -> int:
    """The number, brought into 64 bits without ever becoming a valid one of a smaller C type."""
    return max(-(2**63), min(value, 2**63 - 1))


def flag(value: object, name: str) -> bool | None:
    """A C Boolean: a bool or an int; ``None`` for ``None``."""
    if value is None:
        return None
    if not isinstance(value, int):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return bool(value)


def data(value: object, name: str) -> bytes | None:
    """A copy of contiguous bytes, or ``None`` for ``None``."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value
    try:
        view = memoryview(value)  # type: ignore[arg-type]  # the check is the call itself
    except TypeError:
        raise TypeError(f"{name} must be a bytes-like object or None, not {type(value).__name__}") from None
    if not view.contiguous:
        raise TypeError(f"{name} must be a contiguous bytes-like object")
    return bytes(view)


def first(value: bytes | None, length: int | None) -> bytes | None:
    """The first ``length`` bytes; ``None`` when that is impossible."""
    if value is None or length is None or not 0 <= length <= len(value):
        return None
    return value[:length]


def sequence(value: object, name: str) -> list[Any] | None:
    """The elements of a sequence or CFArray, or ``None`` for ``None``."""
    if value is None:
        return None
    if isinstance(value, (str, bytes, bytearray, memoryview)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a sequence or None, not {type(value).__name__}")
    return list(value)


def room(value: object, name: str) -> int | None:
    """The size of an out-buffer that the bridge makes: not negative, within ``size_t``."""
    size = number(value, name)
    return size if size is not None and 0 <= size < 2**64 else None
