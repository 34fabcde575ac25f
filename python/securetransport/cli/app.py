"""The four commands under one name.

In: the command line. Out: an exit code. Promise: each command lives in a file of its own; here they only meet.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated

import typer

import securetransport as st

from .audit import audit
from .connect import connect
from .demo import demo
from .output import clean
from .problems import Exit
from .serve import serve

app = typer.Typer(
    name="securetransport",
    help="TLS connections through Secure Transport's SSL* functions: show one, open one, audit or serve some.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(connect)
app.command()(audit)
app.command()(serve)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"securetransport {st.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def run() -> int:
    """Run the command line; returns or exits with its exit code.

    An ``OSError`` that no command explains comes from the user's system, such as a full disk behind standard
    output: it is told as a sentence, too.
    """
    try:
        app()
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        with contextlib.suppress(OSError):
            print(f"error: {clean(where)}{error.strerror or error}.", file=sys.stderr)
        with contextlib.suppress(OSError):  # what could not be written is not tried again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.FILE)
    return 0
