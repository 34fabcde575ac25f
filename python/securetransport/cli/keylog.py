"""The file of secrets that lets Wireshark read a recording, for those who ask for it by flag or by SSLKEYLOGFILE.

In: a path, lines. Out: the lines in the file, each written at once. Promise: nothing is logged unless it was asked
for; a new file is its owner's alone; several processes may share one; a file that fails later ends the log and not
the connection.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from . import output
from .problems import Exit, Problem

__all__ = ["KeyLog", "KeyLogFile", "open_key_log"]

#: An empty variable counts as none.
KeyLogFile = Annotated[
    Path | None,
    typer.Option(
        "--keylog",
        metavar="FILE",
        envvar="SSLKEYLOGFILE",
        help="Append the secrets of each handshake, for Wireshark; whoever has the file can read the connection.",
    ),
]


class KeyLog:
    """What SSLSetKeyLogFunc is given."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes one that only its owner can read; OSError when that fails."""
        self.path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._failed = False

    def __call__(self, line: str) -> None:
        """One write a line, so that lines of several threads and processes do not mix."""
        if self._failed:
            return
        try:
            os.write(self._descriptor, f"{line}\n".encode("ascii"))
        except OSError as error:
            self._failed = True
            words = f"{self.path} takes no more secrets: {error.strerror or error}."
            output.console(stderr=True).print(Text(output.clean(words)), soft_wrap=True)


def open_key_log(path: Path | None) -> KeyLog | None:
    """The log in this file; a :class:`Problem` when it cannot be written."""
    if path is None:
        return None
    try:
        return KeyLog(path)
    except OSError as error:
        words = f"The secrets cannot be written to {path}: {error.strerror or error}."
        raise Problem(Exit.FILE, words) from None
