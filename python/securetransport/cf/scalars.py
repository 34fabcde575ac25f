"""Booleans, numbers, dates and the null object.

In and out: ``bool``, ``int`` and ``float`` are themselves; a date is a ``CFDate``. Promise: a ``CFDate``
equals the aware ``datetime`` of the same moment.
"""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from functools import total_ordering
from typing import Final

from .base import allocator, length_of, type_getter

kCFAllocatorDefault: Final = None
kCFBooleanTrue: Final = True
kCFBooleanFalse: Final = False

CFBoolean = bool
CFNumber = int | float

_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
#: Unix time of the moment that absolute times count from.
UNIX_EPOCH_OFFSET: Final = 978307200


@total_ordering
class CFDate:
    """A moment, in seconds since 2001-01-01 00:00:00 UTC."""

    __slots__ = ("absolute",)

    absolute: Final[float]

    def __init__(self, absolute: float) -> None:
        """``absolute``: seconds since 2001 in UTC; may be negative or a fraction."""
        self.absolute = float(absolute)

    @classmethod
    def from_unix(cls, seconds: float) -> CFDate:
        """Out of seconds since 1970."""
        return cls(seconds - UNIX_EPOCH_OFFSET)

    @classmethod
    def from_datetime(cls, moment: datetime) -> CFDate:
        """Out of a ``datetime``; one without a time zone is in local time, as everywhere in Python."""
        return cls((moment.astimezone(UTC) - _EPOCH).total_seconds())

    def unix(self) -> float:
        """Seconds since 1970."""
        return self.absolute + UNIX_EPOCH_OFFSET

    def to_datetime(self) -> datetime:
        """As a ``datetime`` in UTC. OverflowError outside the years 1 to 9999."""
        return _EPOCH + timedelta(seconds=self.absolute)

    def _of(self, other: object) -> float | None:
        if isinstance(other, CFDate):
            return other.absolute
        if isinstance(other, datetime) and other.tzinfo is not None:
            return (other - _EPOCH).total_seconds()
        return None

    def __eq__(self, other: object) -> bool:
        absolute = self._of(other)
        return NotImplemented if absolute is None else self.absolute == absolute

    def __lt__(self, other: object) -> bool:
        absolute = self._of(other)
        return NotImplemented if absolute is None else self.absolute < absolute

    def __hash__(self) -> int:
        # Equal to the hash of the datetime that is equal to this moment, if there is one.
        try:
            moment = self.to_datetime()
        except (OverflowError, ValueError):
            return hash(self.absolute)
        return hash(moment) if self._of(moment) == self.absolute else hash(self.absolute)

    def __repr__(self) -> str:
        try:
            return f"CFDate({self.to_datetime().isoformat()})"
        except (OverflowError, ValueError):
            return f"CFDate({self.absolute} s since 2001)"


class CFNull:
    """The null object, which may stand in collections where nothing else fits."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "kCFNull"

    def __bool__(self) -> bool:
        return False


kCFNull: Final = CFNull()

CFBooleanGetTypeID = type_getter("CFBoolean", bool)
CFNumberGetTypeID = type_getter("CFNumber", int, float)
CFDateGetTypeID = type_getter("CFDate", CFDate, datetime)
CFNullGetTypeID = type_getter("CFNull", CFNull)


def CFBooleanGetValue(boolean: bool | None) -> bool:
    """The value; ``False`` for ``None``."""
    if boolean is None:
        return False
    if not isinstance(boolean, bool):
        raise TypeError(f"a bool is needed, not {type(boolean).__name__}")
    return boolean


kCFNumberSInt8Type: Final = 1
kCFNumberSInt16Type: Final = 2
kCFNumberSInt32Type: Final = 3
kCFNumberSInt64Type: Final = 4
kCFNumberFloat32Type: Final = 5
kCFNumberFloat64Type: Final = 6
kCFNumberCharType: Final = 7
kCFNumberShortType: Final = 8
kCFNumberIntType: Final = 9
kCFNumberLongType: Final = 10
kCFNumberLongLongType: Final = 11
kCFNumberFloatType: Final = 12
kCFNumberDoubleType: Final = 13
kCFNumberCFIndexType: Final = 14
kCFNumberNSIntegerType: Final = 15
kCFNumberCGFloatType: Final = 16
kCFNumberMaxType: Final = 16

# Bits of the integer kinds on a 64-bit machine; 0 marks the floating ones, with their struct code.
_INTEGER_BITS = {1: 8, 2: 16, 3: 32, 4: 64, 7: 8, 8: 16, 9: 32, 10: 64, 11: 64, 14: 64, 15: 64}
_FLOAT_CODES = {5: "f", 6: "d", 12: "f", 13: "d", 16: "d"}


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"an int or float is needed, not {type(value).__name__}")
    return value


def _as_kind(number: int | float, kind: int) -> tuple[bool, int | float]:
    """The number as a C type holds it, and whether nothing was lost."""
    if kind in _FLOAT_CODES:
        code = "<" + _FLOAT_CODES[kind]
        try:
            held: float = struct.unpack(code, struct.pack(code, number))[0]
        except OverflowError:
            held = math.copysign(math.inf, number)
        return held == number or (held != held and number != number), held
    bits = _INTEGER_BITS[kind]
    if isinstance(number, float) and not math.isfinite(number):
        whole = 0 if number != number else int(math.copysign(1 << (bits - 1), number))
    else:
        whole = math.trunc(number)
    nearest = min(max(whole, -(1 << (bits - 1))), (1 << (bits - 1)) - 1)
    return nearest == number, nearest


def _kind(theType: object) -> int:
    kind = length_of(theType, "the type")
    if kind not in _INTEGER_BITS and kind not in _FLOAT_CODES:
        raise ValueError(f"there is no CFNumberType {kind}")
    return kind


def CFNumberCreate(alloc: None, theType: int, value: float | None) -> int | float | None:
    """The number as its kind (CFNumberType) holds it; ``None`` for ``None``. ValueError for an unknown
    kind.
    """
    allocator(alloc)
    kind = _kind(theType)
    return None if value is None else _as_kind(_number(value), kind)[1]


def CFNumberGetValue(
    number: float | None, theType: int, valuePtr: None = None
) -> tuple[bool, int | float | None]:
    """``(True, value)`` where the number fits the kind, else ``(False, the nearest value)``. ValueError for
    an unknown kind.
    """
    kind = _kind(theType)
    return (False, None) if number is None else _as_kind(_number(number), kind)


def CFDateCreate(alloc: None, at: float) -> CFDate | None:
    """A date out of seconds since 2001-01-01 00:00:00 UTC; ``None`` for ``None``."""
    allocator(alloc)
    return None if at is None else CFDate(_number(at))


def CFDateGetAbsoluteTime(theDate: CFDate | datetime | None) -> float:
    """Seconds since 2001-01-01 00:00:00 UTC; 0.0 for ``None``."""
    if theDate is None:
        return 0.0
    if isinstance(theDate, datetime):
        return CFDate.from_datetime(theDate).absolute
    if not isinstance(theDate, CFDate):
        raise TypeError(f"a CFDate is needed, not {type(theDate).__name__}")
    return theDate.absolute
