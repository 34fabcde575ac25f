"""Certificates and keys for the commands.

In: PEM bytes, files, credentials. Out: objects for ``SSLSetCertificate`` and trust. Promise: a key is on the disk
only for as long as it takes to read it, in a folder that nobody else can open.
"""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Any

from rich.text import Text

import securetransport as st
from securetransport import extensions

from . import output
from .facts import parsed
from .options import certificates_from
from .throwaway import ThrowAway

__all__ = ["authorities_from_pem", "throwaway_credentials", "warn_about_dates"]


def throwaway_credentials(made: ThrowAway) -> list[Any]:
    """The list for SSLSetCertificate out of a throw-away certificate and key."""
    with tempfile.TemporaryDirectory(prefix="securetransport-") as place:  # made with mode 0700
        path = Path(place, "identity.pem")
        path.write_bytes(made.certificate + made.key)
        return list(extensions.credentials_from_files(path))


def authorities_from_pem(pem: bytes) -> list[st.SecCertificate]:
    """Certificates out of PEM bytes."""
    return certificates_from(pem)


def warn_about_dates(identity: Any) -> None:
    """One line on standard error if a server's own certificate is not valid today; clients will refuse it."""
    status, certificate = st.SecIdentityCopyCertificate(identity, None)
    read = parsed(certificate) if status == st.errSecSuccess and certificate is not None else None
    if read is None:
        return
    now = datetime.datetime.now(datetime.UTC)
    if now > read.not_valid_after_utc:
        words = f"The certificate expired on {read.not_valid_after_utc:%Y-%m-%d}; clients will refuse it."
    elif now < read.not_valid_before_utc:
        words = f"The certificate is not valid before {read.not_valid_before_utc:%Y-%m-%d}; clients will refuse it."
    else:
        return
    output.console(stderr=True).print(Text("warning: ", style="bold yellow") + Text(words))
