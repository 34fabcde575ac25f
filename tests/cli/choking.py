"""Old servers, and servers that choke: strangers behind a relay that breaks the connection where such a one would.

In: what a server speaks, what it chokes on. Out: ports. Promise: connections are served one after the other, as old
equipment does; nothing outlives a test.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from running import PATIENCE, SServer

import certs

#: The first group of RFC 2409.
OAKLEY_768 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF",
    16,
)
TRUSTING = ("--timeout", "5", "--cafile")


def trusting() -> list[str]:
    return [*TRUSTING, str(certs.authority().file("cert"))]


def s_server(*arguments: str, cipher: str = "ALL") -> SServer:
    credential = certs.leaf("rsa")
    return SServer(
        *(credential.file("cert"), credential.file("key"), "-cipher", f"{cipher}:@SECLEVEL=0", *arguments)
    )


@contextlib.contextmanager
def tlslite(
    lowest: tuple[int, int], highest: tuple[int, int], *ciphers: str, kx: str = "rsa"
) -> Iterator[int]:
    """An echo server of tlslite-ng, which still has SSLv3 and RC4."""
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = lowest, highest
    settings.cipherNames = list(ciphers or ("aes128", "aes256"))
    settings.macNames = ["sha"]
    settings.keyExchangeNames = [kx]
    settings.dhParams = (2, OAKLEY_768)
    # It would use both in SSLv3 as well, which does not know them.
    settings.useExtendedMasterSecret = settings.useEncryptThenMAC = False
    credential = certs.leaf("rsa")
    chain = X509CertChain()
    chain.parsePemList(credential.file("cert").read_text())
    key = parsePEMKey(credential.file("key").read_text(), private=True)

    def serve(sock: socket.socket) -> None:
        with sock, contextlib.suppress(Exception):
            connection = TLSConnection(sock)
            connection.closeSocket = False
            connection.handshakeServer(certChain=chain, privateKey=key, settings=settings)
            while part := connection.read(min=1, max=16_384):
                connection.write(part)
            connection.close()

    with listening(serve) as port:
        yield port


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port whose connections are served one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    sock.settimeout(PATIENCE)
                    serve(sock)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


# --- what a server may choke on ----------------------------------------------------------------------------


class Hello(NamedTuple):
    """What is seen of a ClientHello."""

    version: int
    length: int
    has_extensions: bool


def parse(record: bytes) -> Hello:
    body = record[9:]
    at = 34
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at : at + 2], "big")
    at += 1 + body[at]
    return Hello(int.from_bytes(body[:2], "big"), len(record) - 5, at < len(body))


def read(sock: socket.socket, n: int) -> bytes:
    got = b""
    while len(got) < n:
        part = sock.recv(n - len(got))
        if not part:
            raise ConnectionError
        got += part
    return got


def read_record(sock: socket.socket) -> bytes:
    head = read(sock, 5)
    return head + read(sock, int.from_bytes(head[3:5], "big"))


Chokes = Callable[[bytes], bool]


def on_hello(judge: Callable[[Hello], bool]) -> Chokes:
    return lambda record: record[0] == 0x16 and record[5] == 1 and judge(parse(record))


def breaking(how: str, sock: socket.socket) -> None:
    """Close, reset, or say nothing until the other end gives up."""
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == "hang":
        with contextlib.suppress(OSError):
            while sock.recv(4096):
                pass


@contextlib.contextmanager
def relay(port: int, chokes: Chokes, how: str = "close") -> Iterator[int]:
    """A server that chokes: the one at ``port`` behind a relay."""

    def answers(far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := far.recv(65_536):
                near.sendall(part)
            near.shutdown(socket.SHUT_WR)

    def serve(near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", port), PATIENCE) as far:
            back = threading.Thread(target=answers, args=(far, near), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                while True:
                    record = read_record(near)
                    if chokes(record):
                        breaking(how, near)
                        break
                    far.sendall(record)
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)
            back.join()

    with listening(serve) as relayed:
        yield relayed
