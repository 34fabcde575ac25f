"""What every Core Foundation object can do, and the register of their types.

In: Python values, which are the objects here: ``bytes`` is a CFData, ``str`` a CFString. Out: type numbers,
equality, hashes, descriptions. Promise: reference counting exists in name only and does no harm.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_numbers: dict[str, int] = {}
_classes: list[tuple[type, int]] = []


def register_type(cls: type, name: str) -> int:
    """Gives a class a type number. Classes under one name are one kind of object and share it."""
    number = _numbers.setdefault(name, len(_numbers) + 1)
    _classes.append((cls, number))
    return number


def type_getter(name: str, *classes: type) -> Callable[[], int]:
    """A ``...GetTypeID`` function for a kind of object, which it registers."""
    numbers = [register_type(cls, name) for cls in classes]

    def getter() -> int:
        return numbers[0]

    getter.__name__ = getter.__qualname__ = f"{name}GetTypeID"
    getter.__doc__ = f"The type number of {name} objects, as CFGetTypeID gives it."
    return getter


def CFGetTypeID(cf: object) -> int:
    """The number of an object's type, to be compared with the ``...GetTypeID`` functions; 0 for ``None``.

    Raises TypeError for a value that stands for no Core Foundation object.
    """
    if cf is None:
        return 0
    # The exact class first: ``bool`` is an ``int`` to Python, but no CFNumber.
    for cls, number in _classes:
        if type(cf) is cls:
            return number
    for cls, number in _classes:
        if isinstance(cf, cls):
            return number
    raise TypeError(f"{type(cf).__name__} is no Core Foundation type")


def CFRetain(cf: T) -> T:
    """The object itself; Python counts references by itself."""
    return cf


def CFRelease(cf: object) -> None:
    """Nothing; Python counts references by itself."""


def CFGetRetainCount(cf: object) -> int:
    """How many references Python counts, at least 1; 0 for ``None``. For debugging only."""
    # Two of the references are this function's argument and that of getrefcount.
    return 0 if cf is None else max(1, sys.getrefcount(cf) - 2)


def _is_array(value: object) -> bool:
    return isinstance(value, list | tuple)


def CFEqual(cf1: object, cf2: object) -> bool:
    """Whether two objects have one type and value: certificates by their DER, arrays by their elements.

    ``None`` equals nothing, not even itself.
    """
    if cf1 is None or cf2 is None or CFGetTypeID(cf1) != CFGetTypeID(cf2):
        return False
    if isinstance(cf1, list | tuple) and isinstance(cf2, list | tuple):
        return len(cf1) == len(cf2) and all(map(CFEqual, cf1, cf2))
    if isinstance(cf1, dict) and isinstance(cf2, dict):
        return cf1.keys() == cf2.keys() and all(CFEqual(value, cf2[key]) for key, value in cf1.items())
    return bool(cf1 == cf2)


def CFHash(cf: object) -> int:
    """A number that is equal for equal objects; 0 for ``None``. It differs from run to run."""
    if cf is None:
        return 0
    CFGetTypeID(cf)
    if isinstance(cf, list | tuple):
        return hash(tuple(map(CFHash, cf)))
    if isinstance(cf, dict):
        return hash(frozenset((CFHash(key), CFHash(value)) for key, value in cf.items()))
    if isinstance(cf, bytearray | memoryview):
        return hash(bytes(cf))
    return hash(cf)


def CFCopyDescription(cf: object) -> str | None:
    """What the object is, for people; ``None`` for ``None``."""
    if cf is None:
        return None
    CFGetTypeID(cf)
    return repr(cf)


def allocator(value: Any) -> None:
    """Checks an allocator argument: there is only ``kCFAllocatorDefault``, which is ``None``."""
    if value is not None:
        raise TypeError(f"the allocator must be kCFAllocatorDefault (None), not {type(value).__name__}")


def length_of(value: object, what: str) -> int:
    """Checks a length or index argument: an ``int``, and no ``bool``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    return value
