"""Writes ``classic.txt``: derivations and records of SSLv3 to TLS 1.2 as tlslite-ng makes them.

``python tests/rust/vectors/classic.py`` wants tlslite-ng; 0.8.2 wrote the file in this folder. Everything in it comes
out of that library: master secrets, key blocks and Finished values out of ``tlslite.mathtls``, records out of
``tlslite.recordlayer``. Only what goes in is chosen here: secrets, random bytes, plaintext, and for some records more
padding than a block, which TLS allows and which nobody sends.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from tlslite.handshakehashes import HandshakeHashes
from tlslite.mathtls import calc_key
from tlslite.messages import Message
from tlslite.recordlayer import RecordLayer

#: Version, suite, MAC outside. One row for every cipher, MAC and order that a version has.
ROWS = [
    (0x0300, 0x002F, False),  # AES-128-CBC, SHA-1
    (0x0300, 0x0035, False),  # AES-256-CBC, SHA-1
    (0x0300, 0x000A, False),  # 3DES-CBC, SHA-1
    (0x0300, 0x0004, False),  # RC4, MD5
    (0x0300, 0x0005, False),  # RC4, SHA-1
    (0x0300, 0x0001, False),  # NULL, MD5
    (0x0300, 0x0002, False),  # NULL, SHA-1
    (0x0301, 0x002F, False),
    (0x0301, 0x0035, False),
    (0x0301, 0x000A, False),
    (0x0301, 0x0004, False),
    (0x0301, 0x0005, False),
    (0x0301, 0x0001, False),
    (0x0301, 0x0002, False),
    (0x0301, 0x002F, True),
    (0x0301, 0x000A, True),
    (0x0302, 0x002F, False),
    (0x0302, 0x0035, False),
    (0x0302, 0x000A, False),
    (0x0302, 0x0005, False),
    (0x0302, 0x0035, True),
    (0x0303, 0x002F, False),
    (0x0303, 0x0035, False),
    (0x0303, 0x003C, False),  # AES-128-CBC, SHA-256
    (0x0303, 0x003D, False),  # AES-256-CBC, SHA-256
    (0x0303, 0xC028, False),  # AES-256-CBC, SHA-384
    (0x0303, 0x000A, False),
    (0x0303, 0x0004, False),
    (0x0303, 0x0005, False),
    (0x0303, 0x0001, False),
    (0x0303, 0x0002, False),
    (0x0303, 0x003B, False),  # NULL, SHA-256
    (0x0303, 0x002F, True),
    (0x0303, 0x003C, True),
    (0x0303, 0xC028, True),
    (0x0303, 0x000A, True),
    (0x0303, 0xC09C, False),  # AES-128-CCM
    (0x0303, 0xC09D, False),  # AES-256-CCM
    (0x0303, 0xC0A0, False),  # AES-128-CCM-8
    (0x0303, 0xC0A1, False),  # AES-256-CCM-8
]

#: Type, length of the plaintext, blocks of padding beyond what is needed.
RECORDS = [(22, 16, 0), (23, 0, 0), (23, 1, 0), (23, 63, 3), (21, 2, 0), (23, 300, 13), (23, 117, 0)]


def stream(label: str, length: int) -> bytearray:
    """Bytes that are the same on every run."""
    return bytearray(hashlib.shake_128(label.encode()).digest(length))


class Layer(RecordLayer):  # type: ignore[misc]
    """A record layer that pads as it is told and keeps what it would send."""

    def __init__(self, version: int) -> None:
        super().__init__(None)
        self.client = True
        self.version = (version >> 8, version & 255)
        self.more = 0
        self.sent = bytearray()
        self._recordSocket.send = self._keep

    def _keep(self, message: Any, padding: int = 0) -> Any:
        self.sent = message.write()
        return iter(())

    def addPadding(self, data: bytearray) -> bytearray:
        block = self.blockSize
        short = block - 1 - len(data) % block
        more = 0 if self.version == (3, 0) else self.more * block
        length = min(short + more, 256 - block + short)
        return data + bytearray([length] * (length + 1))

    def body(self, content_type: int, plain: bytearray, more: int) -> bytearray:
        """One sealed record without its header."""
        self.more = more
        for _ in self.sendRecord(Message(content_type, bytearray(plain))):
            pass
        return self.sent


def section(version: int, suite: int, outside: bool) -> list[str]:
    """All that is known about one row."""
    name = f"{version:04x} {suite:04x}{' outside' if outside else ''}"
    pair = (version >> 8, version & 255)
    client, server = stream("client" + name, 32), stream("server" + name, 32)
    premaster, messages = stream("premaster" + name, 48), stream("messages" + name, 200)
    hashes = HandshakeHashes()
    hashes.update(messages)

    def derive(secret: bytearray, label: bytes, length: int) -> bytearray:
        return calc_key(
            pair,
            secret,
            suite,
            label,
            handshake_hashes=hashes,
            client_random=client,
            server_random=server,
            output_length=length,
        )

    master = derive(premaster, b"master secret", 48)
    values = {
        "premaster": premaster,
        "client": client,
        "server": server,
        "messages": messages,
        "master": master,
        "block": derive(master, b"key expansion", 160),
        "client-finished": derive(master, b"client finished", 12),
        "server-finished": derive(master, b"server finished", 12),
    }
    if version > 0x0300:
        values["extended"] = derive(premaster, b"extended master secret", 48)
    layer = Layer(version)
    layer.encryptThenMAC = outside
    layer.calcPendingStates(suite, master, client, server, ["python"])
    layer.changeWriteState()
    if layer.isCBCMode():
        layer.fixedIVBlock = stream("vector" + name, layer.blockSize)
    lines = [f"[{name}]", *(f"{key} = {value.hex()}" for key, value in values.items())]
    for content_type, length, more in RECORDS:
        plain = stream(f"plain{name}{length}", length)
        body = layer.body(content_type, plain, more)
        lines.append(f"record = {content_type} {plain.hex() or '-'} {body.hex()}")
    return lines


def main() -> int:
    """Write the file beside this script."""
    lines = ["# Written by classic.py with tlslite-ng; see there."]
    for row in ROWS:
        lines += ["", *section(*row)]
    (Path(__file__).parent / "classic.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
