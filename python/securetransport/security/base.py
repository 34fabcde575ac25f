"""Messages for result codes, and random bytes.

In: numbers. Out: sentences, bytes. Promise: random bytes come from the operating system.
"""

from __future__ import annotations

import os
from typing import Any

from ..constants import errSecParam, errSecSuccess
from ..constants.messages import status_sentence
from . import _args


def SecCopyErrorMessageString(status: int, reserved: None = None) -> str | None:
    """A sentence for a result code; one that is not known gives "OSStatus" and its number."""
    _args.out(reserved)
    if status is None:
        return None
    number = _args.number(status, "the status")
    return status_sentence(number) or f"OSStatus {number}"


def SecRandomCopyBytes(rnd: None, count: int, data: bytearray | memoryview | None = None) -> tuple[int, Any]:
    """``(0, bytes)``: ``count`` random bytes.

    The generator is kSecRandomDefault (``None``), any other is errSecParam. A writable buffer in place of
    ``None`` is filled and comes back as that same object; a count below 0 or above its size is errSecParam.
    """
    if count is None:
        return errSecParam, data
    size = _args.number(count, "the count")
    if rnd is not None or not 0 <= size < 1 << 31:
        return errSecParam, data
    if data is None:
        return errSecSuccess, os.urandom(size)
    view = memoryview(data)
    if view.readonly:
        raise TypeError("the buffer cannot be written to")
    if size > view.nbytes:
        return errSecParam, data
    view.cast("B")[:size] = os.urandom(size)
    return errSecSuccess, data
