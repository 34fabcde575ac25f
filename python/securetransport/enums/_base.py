"""The two bases of the enumerations here.

In: nothing. Out: an ``IntEnum`` and an ``IntFlag`` that hold numbers without a name too. Promise: what a
newer peer or caller says stays a readable number and never raises.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class OpenIntEnum(IntEnum):
    """An ``IntEnum`` whose type takes any integer; one without a name is its number."""

    @classmethod
    def _missing_(cls, value: object) -> OpenIntEnum | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = str(int(value))
        member._value_ = int(value)
        return member


class OpenIntFlag(IntFlag):
    """An ``IntFlag`` under one name with its sibling; it keeps bits without a name by itself."""
