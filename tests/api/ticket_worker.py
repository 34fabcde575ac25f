"""A server process for the tests of session tickets: certificate, key, then ticket keys in hex.

Prints its port, then answers every connection with one byte: ``r`` when it was resumed, ``f`` when not.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import pipes

import securetransport as st
from securetransport import extensions, spi


def serve(cert: str, key: str, keys: list[bytes]) -> None:
    shared = extensions.SSLSessionTicketKeys.fixed(keys)
    credentials = extensions.credentials_from_files(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            sock, _ = listener.accept()
            with sock:
                ctx = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
                pipes.ok(st.SSLSetCertificate(ctx, credentials))
                pipes.ok(extensions.SSLSetSessionTicketKeys(ctx, shared))
                link = pipes.socket_link(ctx, sock)
                pipes.ok(link.handshake())
                resumed = spi.SSLGetResumableSessionInfo(ctx, None, None, 32)[1]
                pipes.ok(link.send(b"r" if resumed else b"f"))
                link.rest()
                link.close()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], [bytes.fromhex(key) for key in sys.argv[3:]])
