"""What a program wants to know of an association, whichever class it holds.

In: a context. Out: names, certificates, keys for other protocols. Promise: never a secret in a ``repr``.
"""

from __future__ import annotations

from typing import Any

from ... import extensions, functions, spi
from ..._native import SecCertificate
from ...constants.results import errSecBadReq, errSecSuccess
from .errors import DatagramError
from .link import Link

__all__ = ["Facts"]


class Facts:
    """The properties that clients and the peers of servers share."""

    _link: Link

    @property
    def context(self) -> Any:
        """The ``SSLContext``, for the functions of Secure Transport."""
        return self._link.context

    @property
    def report(self) -> dict[str, Any]:
        """What was agreed, in words, as of ``extensions.SSLCopyConnectionReport``."""
        return extensions.SSLCopyConnectionReport(self.context, None)[1] or {}

    @property
    def version(self) -> str | None:
        """The protocol's version, ``"DTLS 1.2"``."""
        return self.report.get("version")

    @property
    def suite(self) -> str | None:
        """The name of the cipher suite."""
        return self.report.get("suite")

    @property
    def alpn(self) -> str | None:
        """The application protocol that was agreed."""
        status, names = functions.SSLCopyALPNProtocols(self.context, None)
        return names[0] if status == errSecSuccess and names else None

    @property
    def psk_identity(self) -> bytes | None:
        """Who the client says it is, and has proved by the secret."""
        return spi.SSLGetPSKIdentity(self.context, None, None)[1]

    @property
    def certificates(self) -> list[SecCertificate]:
        """The chain that the peer has sent, its own certificate first; empty without one."""
        status, metadata = extensions.SSLCopyProtocolMetadata(self.context, None)
        return list(metadata.peer_chain) if status == errSecSuccess and metadata is not None else []

    @property
    def max_payload(self) -> int:
        """The most bytes that one ``send`` takes."""
        return self._link.limit

    def export(self, label: bytes | str, length: int, context: bytes | None = None) -> bytes:
        """Key material for another protocol (RFC 5705), ``length`` bytes of it."""
        status, metadata = extensions.SSLCopyProtocolMetadata(self.context, None)
        raw = label.encode() if isinstance(label, str) else label
        made = metadata.export(raw, context, length) if metadata is not None else None
        if made is None:
            raise DatagramError("There are no keys to make others from.", status or errSecBadReq)
        return made

    def srtp(self) -> extensions.SSLSRTPKeys:
        """The protection profile for SRTP that was agreed on, and its keys (RFC 5764)."""
        status, keys = extensions.SSLCopySRTPKeys(self.context, None)
        if keys is None:
            raise DatagramError("No protection profile for SRTP was agreed on.", status)
        return keys
