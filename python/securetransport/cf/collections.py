"""Arrays, dictionaries, data and strings.

In: Python sequences, mappings, bytes and text. Out: the same, as types that equal the Python ones. Promise:
``CFArray`` is a ``tuple`` and ``CFDictionary`` a ``dict``, both unchangeable; ``CFMutableArray`` is a
``list``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn, SupportsIndex, TypeVar, overload

from .base import allocator, length_of, type_getter

CFData = bytes
CFString = str

T_co = TypeVar("T_co", covariant=True)


class CallBacks:
    """What stands for a table of callbacks in C; Python objects need none."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


kCFTypeArrayCallBacks: Final = CallBacks("kCFTypeArrayCallBacks")
kCFTypeDictionaryKeyCallBacks: Final = CallBacks("kCFTypeDictionaryKeyCallBacks")
kCFTypeDictionaryValueCallBacks: Final = CallBacks("kCFTypeDictionaryValueCallBacks")


class CFArray(tuple[T_co, ...]):
    """An array that does not change; equal to any list or tuple of the same elements."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, list | tuple):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = tuple.__hash__

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T_co: ...
    @overload
    def __getitem__(self, index: slice, /) -> CFArray[T_co]: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> Any:
        if isinstance(index, slice):
            return CFArray(super().__getitem__(index))
        return super().__getitem__(index)

    def __add__(self, other: object) -> CFArray[Any]:
        if isinstance(other, list | tuple):
            return CFArray((*self, *other))
        return NotImplemented

    def __repr__(self) -> str:
        return f"CFArray({list(self)!r})"


class CFMutableArray(list[Any]):
    """An array that grows; equal to any list or tuple of the same elements."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, list | tuple):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __repr__(self) -> str:
        return f"CFMutableArray({list(self)!r})"


class CFDictionary(dict[Any, Any]):
    """A dictionary that does not change; equal to the ``dict`` of the same pairs."""

    def _unchangeable(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("a CFDictionary does not change; make a dict of it first")

    __setitem__ = _unchangeable
    __delitem__ = _unchangeable
    __ior__ = _unchangeable
    clear = _unchangeable
    pop = _unchangeable
    popitem = _unchangeable
    setdefault = _unchangeable
    update = _unchangeable

    def __reduce__(self) -> tuple[type[CFDictionary], tuple[dict[Any, Any]]]:
        return CFDictionary, (dict(self),)

    def __repr__(self) -> str:
        return f"CFDictionary({dict(self)!r})"


CFArrayGetTypeID = type_getter("CFArray", CFArray, CFMutableArray, list, tuple)
CFDataGetTypeID = type_getter("CFData", bytes, bytearray, memoryview)
CFStringGetTypeID = type_getter("CFString", str)
CFDictionaryGetTypeID = type_getter("CFDictionary", CFDictionary, dict)


def _first(values: Iterable[Any], count: object, what: str) -> list[Any]:
    """The first ``count`` elements; ValueError where there are fewer."""
    number = length_of(count, "the number of elements")
    listed = list(values)
    if not 0 <= number <= len(listed):
        raise ValueError(f"there are {len(listed)} {what}, not {number}")
    return listed[:number]


def _array(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"an array is needed, not {type(value).__name__}")
    return value


def CFArrayCreate(
    alloc: None, values: Iterable[Any] | None, numValues: int, callBacks: object = None
) -> CFArray[Any] | None:
    """An array of the first ``numValues`` values; ``None`` for ``None``. ValueError when there are fewer."""
    allocator(alloc)
    if values is None:
        return CFArray() if numValues == 0 else None
    return CFArray(_first(values, numValues, "values"))


def CFArrayCreateMutable(alloc: None, capacity: int, callBacks: object = None) -> CFMutableArray:
    """An empty array that grows; the capacity is a hint without effect."""
    allocator(alloc)
    length_of(capacity, "the capacity")
    return CFMutableArray()


def CFArrayAppendValue(theArray: list[Any] | None, value: object) -> None:
    """Adds an element at the end. TypeError for an array that does not change."""
    if theArray is None:
        return
    if not isinstance(theArray, list):
        raise TypeError(f"a {type(theArray).__name__} does not change; see CFArrayCreateMutable")
    theArray.append(value)


def CFArrayGetCount(theArray: Sequence[Any] | None) -> int:
    """The number of elements; 0 for ``None``."""
    return 0 if theArray is None else len(_array(theArray))


def CFArrayGetValueAtIndex(theArray: Sequence[Any] | None, idx: int) -> Any:
    """One element, counted from 0. IndexError outside the array (negative numbers too)."""
    index = length_of(idx, "the index")
    if theArray is None:
        return None
    elements = _array(theArray)
    if not 0 <= index < len(elements):
        raise IndexError(f"there is no element {index} in an array of {len(elements)}")
    return elements[index]


def _data(value: object) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(f"a bytes-like object is needed, not {type(value).__name__}")
    return bytes(value)


def CFDataCreate(alloc: None, data: bytes | bytearray | memoryview | None, length: int) -> bytes | None:
    """The first ``length`` bytes; ``None`` for ``None``. ValueError when there are fewer."""
    allocator(alloc)
    number = length_of(length, "the length")
    if data is None:
        return b"" if number == 0 else None
    whole = _data(data)
    if not 0 <= number <= len(whole):
        raise ValueError(f"there are {len(whole)} bytes, not {number}")
    return whole[:number]


def CFDataGetLength(theData: bytes | bytearray | memoryview | None) -> int:
    """The number of bytes; 0 for ``None``."""
    return 0 if theData is None else len(_data(theData))


def CFDataGetBytePtr(theData: bytes | bytearray | memoryview | None) -> bytes | None:
    """The contents; ``None`` for ``None``."""
    return None if theData is None else _data(theData)


_ENCODINGS = {
    0: ("mac_roman", 1),
    513: ("latin-1", 1),
    1536: ("ascii", 1),
    256: ("utf-16-le", 2),
    134217984: ("utf-8", 1),
}

kCFStringEncodingMacRoman: Final = 0
kCFStringEncodingISOLatin1: Final = 513
kCFStringEncodingASCII: Final = 1536
kCFStringEncodingUTF16: Final = 256
kCFStringEncodingUTF8: Final = 134217984
kCFStringEncodingInvalidId: Final = 4294967295


def CFStringCreateWithCString(alloc: None, cStr: bytes | None, encoding: int) -> str | None:
    """Text out of bytes up to the first NUL; ``None`` when they are not of that encoding.

    The encodings are the kCFStringEncoding constants.
    """
    allocator(alloc)
    known = _ENCODINGS.get(length_of(encoding, "the encoding"))
    if cStr is None or known is None:
        return None
    codec, width = known
    data = _data(cStr)
    end = next((at for at in range(0, len(data), width) if not any(data[at : at + width])), len(data))
    try:
        return data[:end].decode(codec)
    except UnicodeDecodeError:
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a str is needed, not {type(value).__name__}")
    return value


def CFStringGetLength(theString: str | None) -> int:
    """The length in UTF-16 code units: a character above U+FFFF counts twice; 0 for ``None``."""
    return 0 if theString is None else sum(1 + (ord(character) > 0xFFFF) for character in _text(theString))


def CFStringGetCString(
    theString: str | None, buffer: bytearray | memoryview | None, bufferSize: int, encoding: int
) -> tuple[bool, Any]:
    """``(True, bytes)``: the text with a closing NUL in a buffer of ``bufferSize`` bytes.

    ``(False, b"")`` when the text does not fit or the encoding does not have it. A writable buffer in place
    of ``None`` is filled and comes back as that same object.
    """
    size = length_of(bufferSize, "the size")
    known = _ENCODINGS.get(length_of(encoding, "the encoding"))
    failed = (False, b"" if buffer is None else buffer)
    if theString is None or known is None or size < 0 or (buffer is not None and size > len(buffer)):
        return failed
    codec, width = known
    try:
        encoded = _text(theString).encode(codec) + bytes(width)
    except UnicodeEncodeError:
        return failed
    if len(encoded) > size:
        return failed
    if buffer is None:
        return True, encoded.ljust(size, b"\0")
    buffer[: len(encoded)] = encoded
    return True, buffer


def CFDictionaryCreate(
    alloc: None,
    keys: Iterable[Any] | None,
    values: Iterable[Any] | None,
    numValues: int,
    keyCallBacks: object = None,
    valueCallBacks: object = None,
) -> CFDictionary | None:
    """A dictionary of the first ``numValues`` pairs. ValueError when there are fewer keys or values."""
    allocator(alloc)
    if keys is None or values is None:
        return CFDictionary() if numValues == 0 else None
    pairs = zip(_first(keys, numValues, "keys"), _first(values, numValues, "values"), strict=True)
    return CFDictionary(pairs)


def _dictionary(value: object) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"a dictionary is needed, not {type(value).__name__}")
    return value


def CFDictionaryGetCount(theDict: dict[Any, Any] | None) -> int:
    """The number of pairs; 0 for ``None``."""
    return 0 if theDict is None else len(_dictionary(theDict))


def CFDictionaryGetValue(theDict: dict[Any, Any] | None, key: object) -> Any:
    """The value for a key; ``None`` when there is none."""
    return None if theDict is None else _dictionary(theDict).get(key)
