"""UDP sockets to listen on.

In: a host and a port. Out: bound sockets, one for each address, on one port. Promise: all of them or none.
"""

from __future__ import annotations

import errno
import socket
from typing import Any

__all__ = ["bind"]


def bind(place: tuple[str | None, int]) -> list[socket.socket]:
    """Non-blocking sockets for IPv4 and IPv6; an empty host means every address, port 0 one that is free.

    ``OSError`` says what is wrong with the place.
    """
    host, port = place
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
    wanted = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    made: list[socket.socket] = []
    try:
        for family, address in wanted:
            if family not in (socket.AF_INET, socket.AF_INET6):
                continue
            taken = made[0].getsockname()[1] if made else port
            try:
                made.append(_bound(family, (address[0], taken, *address[2:])))
            except OSError as error:
                if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL) or len(wanted) == 1:
                    raise
    except BaseException:
        for sock in made:
            sock.close()
        raise
    if not made:
        raise OSError(errno.EADDRNOTAVAIL, f"{host or 'this machine'} has no address here to listen on")
    return made


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
