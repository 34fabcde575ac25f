"""What the functions here accept, checked in one place.

In: arguments as callers give them. Out: the same, of a known type. Promise: ``None`` is told apart from a
wrong type, which is a TypeError; lists, tuples and CFArrays are one kind, every bytes-like object another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ..cf import CFError
from ..constants import errSecParam
from ..constants.messages import status_sentence

T = TypeVar("T")


def of(kind: type[T], value: object, what: str) -> T:
    """``value`` if it is of the kind."""
    if isinstance(value, kind):
        return value
    raise TypeError(f"{what} must be a {kind.__name__}, not {type(value).__name__}")


def out(*values: object) -> None:
    """Checks the places of out-parameters: they are ``None``."""
    for value in values:
        if value is not None:
            raise TypeError(f"an out-parameter is passed as None, not {type(value).__name__}")


def data(value: object, what: str) -> bytes:
    """Bytes-like objects as ``bytes``."""
    if isinstance(value, bytes):
        return value
    try:
        view = memoryview(value)  # type: ignore[arg-type]  # the check is the call itself
    except TypeError:
        raise TypeError(f"{what} must be bytes-like, not {type(value).__name__}") from None
    if not view.contiguous:
        raise TypeError(f"{what} must be contiguous")
    return bytes(view)


def text(value: object, what: str) -> str:
    """A ``str``."""
    return of(str, value, what)


def flag(value: object, what: str) -> bool:
    """A truth value: a ``bool``, or an ``int`` as in C."""
    if isinstance(value, bool | int):
        return bool(value)
    raise TypeError(f"{what} must be a bool, not {type(value).__name__}")


def number(value: object, what: str) -> int:
    """An ``int`` and no ``bool``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    return value


def mapping(value: object, what: str) -> Mapping[Any, Any]:
    """A dictionary, ``None`` being an empty one."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise TypeError(f"{what} must be a dict, not {type(value).__name__}")


def array(value: object, what: str) -> list[Any]:
    """A list, tuple or CFArray."""
    if isinstance(value, list | tuple):
        return list(value)
    raise TypeError(f"{what} must be a list, not {type(value).__name__}")


def error(status: int, words: str | None = None) -> CFError:
    """An error object for a status, with its usual sentence where there is none to the point."""
    return CFError(status, words or status_sentence(status) or f"OSStatus {status}")


def missing(what: str) -> CFError:
    """The error for a required input that is ``None``."""
    return error(errSecParam, f"{what} is missing (None).")
