"""What can go wrong with an association, as exceptions.

In: statuses. Out: exceptions with a sentence for people in ``str()`` and the status in ``.status``. Promise: every
one is a :class:`DatagramError`, and those that Python has a name for are that as well.
"""

from __future__ import annotations

import errno

from ...constants import messages
from ...constants.results import (
    errSecSuccess,
    errSSLBufferOverflow,
    errSSLClosedAbort,
    errSSLClosedGraceful,
    errSSLConnectionRefused,
    errSSLWouldBlock,
)

__all__ = [
    "DatagramError",
    "DatagramTimeout",
    "DatagramTooLong",
    "HandshakeFailed",
    "PeerClosed",
    "PeerRefused",
    "ended",
    "handshake_failure",
    "refused",
]


class DatagramError(Exception):
    """A sentence that says what happened; ``status`` is the ``errSSL`` number behind it."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = int(status)


class HandshakeFailed(DatagramError):
    """The handshake came to no good end: ``status`` says why, ``alert`` what the peer said about it, if anything."""

    alert: str | None = None


class DatagramTimeout(DatagramError, TimeoutError):
    """Nothing came in the time that was given; the association goes on and may be asked again."""

    def __init__(self, sentence: str, status: int = errSSLWouldBlock) -> None:
        super().__init__(sentence, status)


class PeerRefused(DatagramError, ConnectionRefusedError):
    """The network says that nobody listens there, or that it knows no way; ``reason`` is the system's own error."""

    def __init__(self, sentence: str, reason: OSError | None = None) -> None:
        super().__init__(sentence, errSSLConnectionRefused)
        self.reason = reason


def refused(where: str, reason: OSError | None) -> PeerRefused:
    """What the network said about a first datagram."""
    if reason is None or reason.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
        return PeerRefused(f"{where} refuses datagrams; nobody listens there.", reason)
    return PeerRefused(f"{where} cannot be reached: {reason.strerror or reason}.", reason)


class PeerClosed(DatagramError):
    """The association is over. ``errSSLClosedGraceful``: the peer said goodbye or this side did."""

    def __init__(self, sentence: str, status: int = errSSLClosedGraceful) -> None:
        super().__init__(sentence, status)


class DatagramTooLong(DatagramError, ValueError):
    """More data than fits one datagram; ``limit`` is how many bytes do."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(
            f"{length} bytes do not fit one datagram here; {limit} do (a larger mtu allows more).",
            errSSLBufferOverflow,
        )
        self.limit = limit


def _words(status: int) -> str:
    sentence = messages.status_sentence(status) or "something went wrong."
    return f"{sentence[0].lower()}{sentence[1:].rstrip('.')} ({messages.status_name(status)})."


def handshake_failure(status: int, alert: str | None) -> HandshakeFailed:
    """Why a handshake failed; ``alert`` is what the peer said about it."""
    if status == errSSLConnectionRefused:
        return HandshakeFailed("The handshake failed: the peer stopped answering.", status)
    said = f" The peer sent the alert {alert}." if alert else ""
    made = HandshakeFailed(f"The handshake failed: {_words(status)}{said}", status)
    made.alert = alert
    return made


def ended(status: int) -> DatagramError:
    """How an association ended, by what SSLRead or SSLWrite says."""
    if status in (errSSLClosedGraceful, errSecSuccess):
        return PeerClosed("The peer has closed the association.")
    if status == errSSLClosedAbort:
        return PeerClosed("The association has ended.", status)
    return DatagramError(f"The association broke: {_words(status)}", status)
