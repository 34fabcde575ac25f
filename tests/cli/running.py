"""Runs the real command in processes of its own.

In: arguments. Out: exit codes, text, JSON, log lines. Promise: nothing outlives a test.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

COMMAND = [sys.executable, "-m", "securetransport"]
#: Long enough for a loaded machine; nothing waits this long when it works.
PATIENCE = 60


def environment() -> dict[str, str]:
    """As a user's, without colours forced on."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "TTY_COMPATIBLE")
    }
    return {**kept, "PYTHONUNBUFFERED": "1"}


def run(*arguments: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, env=environment())


def complaint(*arguments: str | Path, code: int, data: bytes = b"") -> str:
    """The one sentence that a failing command says; it must be one line, without a traceback."""
    done = run(*arguments, data=data)
    text = done.stderr.decode()
    assert "Traceback" not in text
    assert done.returncode == code, text
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("error: ")
    assert lines[0].endswith("."), text
    return lines[0].removeprefix("error: ")


def on_terminal(*arguments: str | Path, stdin: Path | None = None) -> tuple[int, str]:
    """Run the command with standard error (and output, unless ``stdin`` is given) on a terminal; what it showed."""
    ours, theirs = pty.openpty()
    command = [*COMMAND, *map(str, arguments)]
    with open(stdin or os.devnull, "rb") as source:
        target = subprocess.DEVNULL if stdin else theirs
        process = subprocess.Popen(
            command,
            stdin=source,
            stdout=target,
            stderr=theirs,
            env={**environment(), "TERM": "xterm-256color"},
        )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux says EIO when the last one has left a terminal
        while data := os.read(ours, 65536):
            shown += data
    os.close(ours)
    return process.wait(PATIENCE), shown.decode(errors="replace")


class Serve:
    """``securetransport serve --json`` on a port of its own, and what it logs."""

    def __init__(self, *arguments: str | Path, before: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*before, *COMMAND, "serve", "--port", "0", "--json", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self.seen: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        start = self.wait_for(lambda line: line["event"] == "listening")
        self.port: int = start["port"]
        self.addresses: list[str] = start["addresses"]
        self.authority: str | None = start["authority"]

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put({"event": "eof"})

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line of log that is wanted."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            self.seen.append(line)
            if wanted(line):
                return line
            assert line["event"] != "eof", self.errors()

    def connection(self, client: tuple[Any, ...] | None = None) -> dict[str, Any]:
        """The next finished connection, or that of one client socket's name."""
        port = None if client is None else client[1]
        return self.wait_for(
            lambda line: (
                line["event"] == "connection" and (port is None or line["client"].endswith(f":{port}"))
            )
        )

    def errors(self) -> str:
        assert self.process.stderr
        return self.process.stderr.read().decode() if self.process.poll() is not None else "still running"

    def stop(self) -> dict[str, Any]:
        """Ctrl-C; the counters. The exit code is 0 and nothing was complained about."""
        self.process.send_signal(signal.SIGINT)
        line = self.wait_for(lambda line: line["event"] == "stopped")
        assert self.process.wait(PATIENCE) == 0
        assert self.errors() == ""
        return line

    def connect(self) -> socket.socket:
        """A plain TCP connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def __enter__(self) -> Serve:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


class SServer:
    """``openssl s_server`` with a certificate, on a port of its own."""

    def __init__(self, certificate: Path, key: Path, *arguments: str) -> None:
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key]
        self.process = subprocess.Popen(
            [*map(str, command), "-cert_chain", str(certificate), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self.process.stdout
        for line in self.process.stdout:
            found = re.match(rb"ACCEPT .*?:(\d+)\s*$", line)
            if found:
                self.port = int(found[1])
                break
        else:
            raise AssertionError("openssl s_server did not start")
        # What it prints further must not fill the pipe.
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        assert self.process.stdout
        while self.process.stdout.read1(65536):  # type: ignore[attr-defined]
            pass

    def __enter__(self) -> SServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()


def answering(*replies: bytes, close: bool = True) -> Iterator[int]:
    """A TCP server that reads once, then says something (and closes): its port. Ends with the generator."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work() -> None:
            held = []
            try:
                while True:
                    sock, _ = listener.accept()
                    held.append(sock)
                    sock.recv(4096)
                    for reply in replies:
                        sock.sendall(reply)
                    if close:
                        sock.close()
            except OSError:
                pass
            finally:
                for sock in held:
                    sock.close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
