"""Error objects: what a Sec* function hands back beside its result.

In: a code and a sentence. Out: an object with both. Promise: it is a value, nothing raises it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .base import type_getter
from .collections import CFDictionary

kCFErrorDomainOSStatus: Final = "NSOSStatusErrorDomain"
kCFErrorLocalizedDescriptionKey: Final = "NSLocalizedDescription"
kCFErrorUnderlyingErrorKey: Final = "NSUnderlyingError"


class CFError:
    """A code in a domain, with a sentence and details; errors of the Sec* functions carry an OSStatus."""

    __slots__ = ("code", "domain", "user_info")

    def __init__(
        self,
        code: int,
        description: str,
        underlying: CFError | None = None,
        *,
        domain: str = kCFErrorDomainOSStatus,
        user_info: Mapping[str, Any] | None = None,
    ) -> None:
        self.code: Final = code
        self.domain: Final = domain
        details = {kCFErrorLocalizedDescriptionKey: description, **(user_info or {})}
        if underlying is not None:
            details[kCFErrorUnderlyingErrorKey] = underlying
        self.user_info: Final = CFDictionary(details)

    @property
    def description(self) -> str:
        """The sentence."""
        return str(self.user_info[kCFErrorLocalizedDescriptionKey])

    @property
    def underlying(self) -> CFError | None:
        """The error below this one, with more detail."""
        below = self.user_info.get(kCFErrorUnderlyingErrorKey)
        return below if isinstance(below, CFError) else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CFError):
            return NotImplemented
        return (self.code, self.domain, self.user_info) == (other.code, other.domain, other.user_info)

    def __hash__(self) -> int:
        return hash((self.code, self.domain))

    def __str__(self) -> str:
        return self.description

    def __repr__(self) -> str:
        return f"CFError({self.code}, {self.description!r})"


CFErrorGetTypeID = type_getter("CFError", CFError)


def _error(value: object) -> CFError:
    if not isinstance(value, CFError):
        raise TypeError(f"a CFError is needed, not {type(value).__name__}")
    return value


def CFErrorGetCode(err: CFError | None) -> int:
    """The code, for Sec* errors an OSStatus; 0 for ``None``."""
    return 0 if err is None else _error(err).code


def CFErrorGetDomain(err: CFError | None) -> str | None:
    """The domain of the code, "NSOSStatusErrorDomain" for Sec* errors; ``None`` for ``None``."""
    return None if err is None else _error(err).domain


def CFErrorCopyDescription(err: CFError | None) -> str | None:
    """The sentence that says what is wrong; ``None`` for ``None``."""
    return None if err is None else _error(err).description


def CFErrorCopyUserInfo(err: CFError | None) -> CFDictionary | None:
    """The details by the kCFError keys, the sentence among them; ``None`` for ``None``."""
    return None if err is None else _error(err).user_info
