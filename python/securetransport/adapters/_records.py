"""Datagrams as UDP delivers them: where their records begin and end, and how the network says that one was lost.

In: a datagram. Out: lengths. Promise: a record that its datagram cuts short is none, nor is anything behind it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

#: The content type of records with a connection ID (RFC 9146 section 4).
CONNECTION_ID_RECORD = 25
#: Type, version, epoch and sequence number stand before a connection ID, the length of the body behind it.
BEFORE_ID = 11
HEADER = 13
#: Nothing longer can come out of a UDP socket.
LARGEST = 65535

#: What the network says about a datagram that did not arrive; anybody can make it say so (RFC 5927).
LOST = frozenset(
    {
        errno.ECONNREFUSED,
        errno.ECONNRESET,  # what Windows calls a refusal
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.EMSGSIZE,
        errno.ENOBUFS,
        errno.EPERM,  # a packet filter of this host
    }
)


def record_length(data: bytes | memoryview, at: int, id_length: int) -> int | None:
    """The length of the record that begins at ``at``, header and all; ``None`` when the datagram cuts it short.

    ``id_length``: the length of the connection IDs that this side has given out.
    """
    start = at + HEADER
    if at < len(data) and data[at] == CONNECTION_ID_RECORD:
        start += id_length
    if start > len(data):
        return None
    end = start + (data[start - 2] << 8 | data[start - 1])
    return end - at if end <= len(data) else None


def whole_records(data: bytes | memoryview, id_length: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each record in a datagram, up to the first that is cut short."""
    at = 0
    while at < len(data):
        length = record_length(data, at, id_length)
        if length is None:
            return
        yield at, at + length
        at += length
