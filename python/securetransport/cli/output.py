"""What people and programs get to see.

In: facts, rows, problems. Out: tables and sentences on the terminal, or JSON. Promise: colours and bars appear on
a terminal only, what a peer chose is never interpreted by the terminal, and one JSON document is one line.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from .problems import Exit, Problem

__all__ = ["clean", "console", "print_json", "progress", "reporting", "rows", "size", "verdict", "waiting"]

#: Wide enough that nothing is folded where no terminal says how wide it is.
_WIDE = 200


def console(stderr: bool = False) -> Console:
    """The terminal, or a plain stream in its place."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _WIDE, highlight=False)


def clean(text: str) -> str:
    """Text of a stranger without control characters: a certificate must not steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def size(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError("unreachable: the last unit always returns")


def rows(title: str, facts: Iterable[tuple[str, str | Text]], to: Console) -> None:
    """A table of names and values."""
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name), value if isinstance(value, Text) else Text(clean(value)))
    to.print(table)


def verdict(good: bool, words: str) -> Text:
    """A judgement, green or red where there are colours."""
    return Text(clean(words), style="green" if good else "bold red")


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on one line of standard output."""
    print(json.dumps(document, ensure_ascii=True), flush=True)


def progress(to: Console, enabled: bool = True) -> Progress:
    """A bar for a long transfer, gone when it ends; invisible where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        console=to,
        transient=True,
        disable=not (enabled and to.is_terminal),
    )


@contextlib.contextmanager
def waiting(words: str) -> Iterator[None]:
    """Something that takes a while; said on a terminal only, and gone when it ends."""
    to = console(stderr=True)
    with to.status(words) if to.is_terminal else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turn a :class:`Problem` into its sentence (and a JSON document if asked for) and its exit code."""
    try:
        yield
    except Problem as problem:
        if as_json:
            print_json(
                {"ok": False, "exit_code": int(problem.code), "error": problem.sentence, **problem.details}
            )
        console(stderr=True).print(
            Text("error: ", style="bold red") + Text(clean(problem.sentence)), soft_wrap=True
        )
        raise typer.Exit(int(problem.code)) from None
    except KeyboardInterrupt:
        raise typer.Exit(int(Exit.INTERRUPTED)) from None
    except BrokenPipeError:
        # Whoever read our output has gone; that is no fault. Nothing may be written at exit any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(int(Exit.OK)) from None
