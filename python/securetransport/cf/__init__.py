"""Core Foundation values as Python values.

In: Python values. Out: an array that is a sequence, type numbers. Promise: no memory management is ever needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, SupportsIndex, TypeVar, overload

T_co = TypeVar("T_co", covariant=True)
_TYPE_IDS: dict[type, int] = {}


class CFArray(Sequence[T_co], Generic[T_co]):
    """An immutable sequence that is equal to any list or tuple with the same elements."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[T_co] = ()) -> None:
        self._items = tuple(items)

    @overload
    def __getitem__(self, index: SupportsIndex) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> CFArray[T_co]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T_co | CFArray[T_co]:
        if isinstance(index, slice):
            return CFArray(self._items[index])
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (CFArray, list, tuple)):
            return self._items == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return f"CFArray({list(self._items)!r})"


def register_type(kind: type, name: str) -> int:
    """Give a type its number; ``name`` is for people."""
    return _TYPE_IDS.setdefault(kind, len(_TYPE_IDS) + 1)


def CFGetTypeID(value: object) -> int:
    """The type number of a value, 0 for what has none."""
    return next((_TYPE_IDS[base] for base in type(value).__mro__ if base in _TYPE_IDS), 0)


class CFError(Exception):
    """What went wrong, with a domain and a code."""

    def __init__(self, domain: str, code: int, description: str) -> None:
        super().__init__(description)
        self.domain, self.code, self.description = domain, code, description

    def __repr__(self) -> str:
        return f"CFError({self.domain!r}, {self.code}, {self.description!r})"


register_type(CFArray, "CFArray")
register_type(CFError, "CFError")
