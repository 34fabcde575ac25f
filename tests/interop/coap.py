"""As much of CoAP (RFC 7252) as a GET and its answer need.

In: and out: messages as bytes and as objects. Promise: what another implementation sent is read strictly; what is
none of this raises ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass

CONFIRMABLE, ACKNOWLEDGEMENT = 0, 2
GET, CONTENT, NOT_FOUND = 0x01, 0x45, 0x84
URI_PATH = 11


@dataclass(frozen=True)
class Message:
    kind: int
    code: int
    number: int
    token: bytes = b""
    #: Numbers and values in ascending order of the numbers.
    options: tuple[tuple[int, bytes], ...] = ()
    payload: bytes = b""

    @property
    def path(self) -> str:
        return "/".join(value.decode() for number, value in self.options if number == URI_PATH)

    def answer(self, code: int, payload: bytes) -> Message:
        """A response piggybacked on the acknowledgement."""
        return Message(ACKNOWLEDGEMENT, code, self.number, self.token, (), payload)


def get(path: str, number: int, token: bytes) -> Message:
    options = tuple((URI_PATH, part.encode()) for part in path.split("/") if part)
    return Message(CONFIRMABLE, GET, number, token, options)


def _extended(value: int) -> tuple[int, bytes]:
    """A delta or a length: its four bits and the bytes that follow (section 3.1)."""
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, (value - 269).to_bytes(2, "big")


def encode(message: Message) -> bytes:
    head = 1 << 6 | message.kind << 4 | len(message.token)
    out = bytearray([head, message.code, *message.number.to_bytes(2, "big"), *message.token])
    before = 0
    for number, value in message.options:
        (delta, more), (length, longer) = _extended(number - before), _extended(len(value))
        out += bytes([delta << 4 | length]) + more + longer + value
        before = number
    return bytes(out) + (b"\xff" + message.payload if message.payload else b"")


def _extend(bits: int, data: bytes, at: int) -> tuple[int, int]:
    if bits < 13:
        return bits, at
    if bits == 13:
        return data[at] + 13, at + 1
    if bits == 14:
        return int.from_bytes(data[at : at + 2], "big") + 269, at + 2
    raise ValueError("a reserved delta or length")


def decode(data: bytes) -> Message:
    if len(data) < 4 or data[0] >> 6 != 1:
        raise ValueError("no message of CoAP")
    kind, token_length = data[0] >> 4 & 3, data[0] & 15
    at = 4 + token_length
    if token_length > 8 or at > len(data):
        raise ValueError("no such token")
    options, number = [], 0
    while at < len(data) and data[at] != 0xFF:
        first = data[at]
        delta, at = _extend(first >> 4, data, at + 1)
        length, at = _extend(first & 15, data, at)
        if at + length > len(data):
            raise ValueError("an option is cut short")
        number += delta
        options.append((number, data[at : at + length]))
        at += length
    token = data[4 : 4 + token_length]
    return Message(kind, data[1], int.from_bytes(data[2:4], "big"), token, tuple(options), data[at + 1 :])
