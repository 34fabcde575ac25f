"""wolfSSL's library by ctypes over UDP, as a peer for the interop tests.

In: lines on standard input, ``serve VERSION SUITE KEY [NAME=VALUE...]``, ``connect PORT VERSION SUITE KEY
[NAME=VALUE...]`` with wolfSSL's name of a suite, or ``suites``; KEY is the name of a PEM file (KEY.pem, key and
certificate in one). The folder with the files, a pre-shared key in hexadecimal and its identity are the arguments.
Out: one line for each step: ``port N``, ``done VERSION SUITE NAME=VALUE...``, ``fail REASON``, ``suites NAME...``. A
server echoes until the other end closes; a client sends blocks, expects them back and closes.

Options: auth=1 ask the client for a certificate; etm=0 no encrypt-then-MAC; ems=0 no extended master secret; resume=1
with the session of the last connection.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import socket
import sys
from pathlib import Path
from typing import Any

BLOCKS = (1, 1000, 1100)
LIMIT = 20
METHODS = {"DTLSv1": b"wolfDTLSv1_{}_method", "DTLSv1.2": b"wolfDTLSv1_2_{}_method"}
VERIFY_NONE, VERIFY_PEER = 0, 1
FILETYPE_PEM = 1
ZERO_RETURN = 6
FOLDER, SECRET, IDENTITY = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3].encode()

Pointer, Bytes, Int, Uint = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint
Judge = ctypes.CFUNCTYPE(Int, Int, Pointer)
Introduce = ctypes.CFUNCTYPE(Uint, Pointer, Bytes, Pointer, Uint, Pointer, Uint)
LookUp = ctypes.CFUNCTYPE(Uint, Pointer, Bytes, Pointer, Uint)

#: Functions: what they give back and take.
SIGNATURES: dict[str, tuple[Any, ...]] = {
    "Init": (Int,),
    "CTX_new": (Pointer, Pointer),
    "CTX_free": (None, Pointer),
    "CTX_set_cipher_list": (Int, Pointer, Bytes),
    "CTX_use_certificate_chain_file": (Int, Pointer, Bytes),
    "CTX_use_PrivateKey_file": (Int, Pointer, Bytes, Int),
    "CTX_set_verify": (None, Pointer, Int, Judge),
    "CTX_set_psk_client_callback": (None, Pointer, Introduce),
    "CTX_set_psk_server_callback": (None, Pointer, LookUp),
    "CTX_DisableExtendedMasterSecret": (Int, Pointer),
    "CTX_allow_anon_cipher": (Int, Pointer),
    "CTX_AllowEncryptThenMac": (Int, Pointer, Int),
    "SetTmpDH_file": (Int, Pointer, Bytes, Int),
    "new": (Pointer, Pointer),
    "free": (None, Pointer),
    "set_fd": (Int, Pointer, Int),
    "set_dtls_fd_connected": (Int, Pointer, Int),
    "connect": (Int, Pointer),
    "accept": (Int, Pointer),
    "read": (Int, Pointer, Pointer, Int),
    "write": (Int, Pointer, Bytes, Int),
    "shutdown": (Int, Pointer),
    "get_error": (Int, Pointer, Int),
    "ERR_error_string": (Bytes, ctypes.c_ulong, Pointer),
    "get_version": (Bytes, Pointer),
    "get_cipher_name": (Bytes, Pointer),
    "get_ciphers": (Int, Pointer, Int),
    "get_peer_certificate": (Pointer, Pointer),
    "get1_session": (Pointer, Pointer),
    "set_session": (Int, Pointer, Pointer),
    "session_reused": (Int, Pointer),
    "SESSION_free": (None, Pointer),
}


class Library:
    def __init__(self) -> None:
        self.loaded = ctypes.CDLL("libwolfssl.so.35")
        for name, (gives, *takes) in SIGNATURES.items():
            function = getattr(self.loaded, f"wolfSSL_{name}")
            function.restype, function.argtypes = gives, takes
            setattr(self, name, function)
        self.Init()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def method(self, version: str, side: str) -> int:
        function = getattr(self.loaded, METHODS[version].decode().format(side))
        function.restype = Pointer
        return int(function())


WOLF = Library()
#: The tests judge the library under test, not this side: it accepts every certificate.
ACCEPT = Judge(lambda _good, _store: 1)


@Introduce
def introduce(_ssl: Any, _hint: Any, identity: int, _most: int, key: int, _length: int) -> int:
    ctypes.memmove(identity, IDENTITY + b"\0", len(IDENTITY) + 1)
    ctypes.memmove(key, SECRET, len(SECRET))
    return len(SECRET)


@LookUp
def look_up(_ssl: Any, identity: bytes, key: int, _length: int) -> int:
    if identity != IDENTITY:
        return 0
    ctypes.memmove(key, SECRET, len(SECRET))
    return len(SECRET)


def suites() -> list[str]:
    names = ctypes.create_string_buffer(1 << 15)
    WOLF.get_ciphers(names, len(names))
    return [name for name in names.value.decode().split(":") if not name.startswith("TLS13-")]


class Failed(Exception):
    pass


class End:
    """One end of one connection."""

    saved: Any = None

    def __init__(
        self, sock: socket.socket, side: str, version: str, suite: str, key: str, options: Any
    ) -> None:
        self.sock, self.side, self.options = sock, side, options
        self.context = WOLF.CTX_new(WOLF.method(version, side))
        file = str(FOLDER / f"{key}.pem").encode()
        asks = VERIFY_PEER if side == "client" or options.get("auth") else VERIFY_NONE
        WOLF.CTX_set_verify(self.context, asks, ACCEPT)
        if "PSK" in suite:
            WOLF.CTX_set_psk_client_callback(self.context, introduce)
            WOLF.CTX_set_psk_server_callback(self.context, look_up)
        else:
            self.good(WOLF.CTX_use_certificate_chain_file(self.context, file), "certificate")
            self.good(WOLF.CTX_use_PrivateKey_file(self.context, file, FILETYPE_PEM), "key")
        WOLF.CTX_allow_anon_cipher(self.context)
        WOLF.CTX_AllowEncryptThenMac(self.context, options.get("etm", 1))
        if options.get("ems") == 0:
            WOLF.CTX_DisableExtendedMasterSecret(self.context)
        self.good(WOLF.CTX_set_cipher_list(self.context, suite.encode()), "suite")
        self.ssl = WOLF.new(self.context)
        if side == "server" and suite.startswith(("DHE", "EDH", "ADH")):
            self.good(WOLF.SetTmpDH_file(self.ssl, str(FOLDER / "dh.pem").encode(), FILETYPE_PEM), "group")
        self.good(WOLF.set_dtls_fd_connected(self.ssl, sock.fileno()), "socket")
        if options.get("resume") and End.saved:
            WOLF.set_session(self.ssl, End.saved)

    def good(self, code: int, what: str) -> None:
        if code != 1:
            raise Failed(f"{what}: {code}")

    def handshake(self) -> None:
        code = (WOLF.connect if self.side == "client" else WOLF.accept)(self.ssl)
        if code != 1:
            raise Failed(f"handshake: {self.error(code)}")

    def error(self, code: int) -> str:
        number = WOLF.get_error(self.ssl, code)
        text = ctypes.create_string_buffer(200)
        WOLF.ERR_error_string(ctypes.c_ulong(number & (1 << 64) - 1), text)
        return f"{number} {text.value.decode()}"

    def send(self, data: bytes) -> None:
        if WOLF.write(self.ssl, data, len(data)) != len(data):
            raise Failed(f"write: {self.error(-1)}")

    def receive(self) -> bytes | None:
        """The next record; ``None`` at the other end's close_notify."""
        got = ctypes.create_string_buffer(1 << 14)
        n = WOLF.read(self.ssl, got, len(got))
        if n > 0:
            return got.raw[:n]
        if WOLF.get_error(self.ssl, n) == ZERO_RETURN:
            return None
        raise Failed(f"read: {self.error(n)}")

    def report(self) -> str:
        reused = WOLF.session_reused(self.ssl)
        shown = 1 if WOLF.get_peer_certificate(self.ssl) else 0
        name = WOLF.get_cipher_name(self.ssl).decode()
        return f"{WOLF.get_version(self.ssl).decode()} {name} resumed={reused} auth={shown}"

    def close(self) -> None:
        WOLF.shutdown(self.ssl)

    def free(self) -> None:
        WOLF.free(self.ssl)
        WOLF.CTX_free(self.context)


def converse(end: End) -> str:
    end.handshake()
    if end.side == "server":
        while (data := end.receive()) is not None:
            end.send(data)
    else:
        for size in BLOCKS:
            sent = bytes([size % 256]) * size
            end.send(sent)
            if end.receive() != sent:
                raise Failed(f"the echo of {size} bytes is not what was sent")
        if End.saved:
            WOLF.SESSION_free(End.saved)
        End.saved = WOLF.get1_session(end.ssl)
    report = end.report()
    end.close()
    return report


def serve(version: str, suite: str, key: str, options: dict[str, int]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        print("port", sock.getsockname()[1], flush=True)
        sock.settimeout(LIMIT)
        sock.connect(sock.recvfrom(1, socket.MSG_PEEK)[1])
        sock.setblocking(True)
        end = End(sock, "server", version, suite, key, options)
        try:
            return converse(end)
        finally:
            end.free()


def connect(port: int, version: str, suite: str, key: str, options: dict[str, int]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        end = End(sock, "client", version, suite, key, options)
        try:
            return converse(end)
        finally:
            end.free()


def main() -> None:
    for line in sys.stdin:
        words = [word for word in line.split() if "=" not in word]
        options = {
            name: int(value) for name, _, value in (w.partition("=") for w in line.split() if "=" in w)
        }
        try:
            if words[0] == "suites":
                print("suites", *suites(), flush=True)
            elif words[0] == "serve":
                print("done", serve(*words[1:], options), flush=True)
            else:
                print("done", connect(int(words[1]), *words[2:], options), flush=True)
        except Exception as error:
            print("fail", repr(error).replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
