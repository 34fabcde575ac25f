"""``--keylog`` and ``SSLKEYLOGFILE``: the secrets go where they were asked to go, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from pipes import connected

import pytest
from running import COMMAND, PATIENCE, Serve, complaint, environment, run

LINE = re.compile(r"CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}")


def lines(path: Path) -> list[str]:
    found = path.read_text().splitlines()
    assert all(LINE.fullmatch(line) for line in found), found
    return found


def connecting(server: Serve, *more: str | Path, variable: str | None = None) -> None:
    assert server.authority
    command = [*COMMAND, "connect", f"localhost:{server.port}", "--cafile", server.authority, *map(str, more)]
    added = {} if variable is None else {"SSLKEYLOGFILE": variable}
    done = subprocess.run(
        command, input=b"hello", capture_output=True, timeout=PATIENCE, env={**environment(), **added}
    )
    assert (done.returncode, done.stdout) == (0, b"hello"), done.stderr


def test_both_ends_log_the_same_secrets_to_files_of_their_owner(tmp_path: Path) -> None:
    ours, theirs, third = tmp_path / "ours", tmp_path / "theirs", tmp_path / "third"
    with Serve("--keylog", theirs) as server:
        connecting(server, "--wait", "0.1", "--keylog", ours)
        connecting(server, "--wait", "0.1", variable=str(ours))
        connecting(server, "--wait", "0.1", "--keylog", third, variable=str(ours))
        connecting(server, "--wait", "0.1", variable="")
        for _ in range(4):
            server.connection()
        server.stop()
    assert len(lines(ours)) == 2, "the second was appended, the third went where the flag said"
    assert len(lines(third)) == 1
    assert len(set(lines(theirs))) == 4
    assert {*lines(ours), *lines(third)} < {*lines(theirs)}
    assert ours.stat().st_mode & 0o777 == 0o600
    assert third.read_text().endswith("\n")


def test_the_demo_logs_too(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert run("demo", "--seconds", "0.05", "--json", "--keylog", path).returncode == 0
    found = lines(path)
    assert len(found) == 2 * len(set(found)), "both ends of each handshake"
    assert len(set(found)) > 10


def test_datagrams_are_logged_too(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert run("demo", "--dtls", "--seconds", "0.05", "--json", "--keylog", path).returncode == 0
    found = lines(path)
    assert len(found) == 2 * len(set(found)) > 0, "both ends of each handshake"


def test_a_file_that_cannot_be_written_is_said_before_anything_moves(tmp_path: Path) -> None:
    for command in (["connect", "192.0.2.1"], ["serve", "--port", "0"], ["demo"]):
        words = complaint(*command, "--keylog", tmp_path / "no" / "file", code=3)
        assert "No such file or directory" in words
        assert str(tmp_path) in words


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_ends_the_log_and_not_the_connection() -> None:
    with Serve() as server:
        assert server.authority
        done = run(
            "connect",
            f"localhost:{server.port}",
            "--cafile",
            server.authority,
            "--keylog",
            "/dev/full",
            "--wait",
            "0.1",
            data=b"hello",
        )
        assert (done.returncode, done.stdout) == (0, b"hello")
        assert b"/dev/full takes no more secrets: No space left on device." in done.stderr


def test_the_library_never_looks_at_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    connected()
    assert os.environ["SSLKEYLOGFILE"] == str(path)
    assert not path.exists()
