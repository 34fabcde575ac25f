"""An OpenSSL of 2013, out of nassl, as a client for the interop tests.

In: lines on standard input, ``connect PORT PROTOCOL SUITE KEY [FILE]`` with OpenSSL's name of a suite and a file with
the certificate and key to show if it is asked, ``-`` for none, or ``suites``. The protocol ``any`` is all of them, in
a hello of SSLv2's format. Out: one line for each step: ``done PROTOCOL SUITE``, ``fail REASON``, ``suites NAME...``.
It sends two blocks, expects them back and closes.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from nassl._nassl import WantReadError
from nassl.legacy_ssl_client import LegacySslClient
from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum

BLOCKS = (1000, 40000)
PIECE = 4096  # what nassl's own buffer takes at once
VERSIONS = {
    "any": OpenSslVersionEnum.SSLV23,
    "SSLv3": OpenSslVersionEnum.SSLV3,
    "TLSv1": OpenSslVersionEnum.TLSV1,
    "TLSv1.1": OpenSslVersionEnum.TLSV1_1,
    "TLSv1.2": OpenSslVersionEnum.TLSV1_2,
}
ALL = "ALL:COMPLEMENTOFALL"


def receive(client: LegacySslClient, size: int) -> bytes:
    """Reads ``size`` bytes. ``read`` waits for the network first, so what OpenSSL already holds is taken from it."""
    got = b""
    while len(got) < size:
        got += client.read(size - len(got))
        try:
            while len(got) < size:
                got += client._ssl.read(size - len(got))
        except WantReadError:
            pass
    return got


def connect(port: int, version: str, suite: str, shown: str | None) -> str:
    file = Path(shown) if shown and shown != "-" else None
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        client = LegacySslClient(
            ssl_version=VERSIONS[version],
            underlying_socket=sock,
            ssl_verify=OpenSslVerifyEnum.NONE,
            client_certificate_chain=file,
            client_key=file,
            ignore_client_authentication_requests=shown == "-",
        )
        client.set_cipher_list(suite)
        client.do_handshake()
        for size in BLOCKS:
            sent = bytes([size % 256]) * size
            for start in range(0, size, PIECE):
                client.write(sent[start : start + PIECE])
            got = receive(client, size)
            if got != sent:
                raise ValueError(f"the echo of {size} bytes is not what was sent")
        chosen = client.get_current_cipher_name()
        client.shutdown()
        return chosen


def suites() -> list[str]:
    client = LegacySslClient(ssl_version=OpenSslVersionEnum.SSLV23, ssl_verify=OpenSslVerifyEnum.NONE)
    client.set_cipher_list(ALL)
    return client.get_cipher_list()


def main() -> None:
    for line in sys.stdin:
        words = line.split()
        try:
            if words[0] == "suites":
                print("suites", *suites(), flush=True)
            else:
                shown = words[5] if len(words) > 5 else None
                print("done", words[2], connect(int(words[1]), words[2], words[3], shown), flush=True)
        except Exception as error:
            print("fail", repr(error).replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
