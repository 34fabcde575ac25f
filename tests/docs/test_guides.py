"""The programs in the guides work when they are copied out as they stand."""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "first-connection.md"
LEGACY = DOCS / "legacy.md"
SESSIONS = DOCS / "sessions.md"
PATIENCE = 60


def blocks(guide: Path) -> dict[str, tuple[str, str]]:
    """Fenced blocks with a name: name -> language and text."""
    found = re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.M | re.S)
    return {name: (language, text) for language, name, text in found}


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as listener:
        return int(listener.getsockname()[1])


def unpack(guide: Path, folder: Path) -> Path:
    """The programs of a guide in files, and its certificate; only the port is one that is free now."""
    port = str(free_port())
    for name, (language, text) in blocks(guide).items():
        if language == "python":
            (folder / name).write_text(text.replace("8443", port), encoding="utf-8")
    command = shlex.split(blocks(guide).get("certificate", blocks(GUIDE)["certificate"])[1])
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return unpack(GUIDE, tmp_path)


@pytest.fixture
def old_equipment(tmp_path: Path) -> Path:
    return unpack(LEGACY, tmp_path)


def run(folder: Path, name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", name], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_block_of_the_guide_has_a_name_and_every_program_is_short() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert len(re.findall(r"^```\w", text, re.M)) == len(blocks(GUIDE))
    for name, (language, program) in blocks(GUIDE).items():
        assert language in ("sh", "python")
        assert program.count("\n") < 30 or language == "sh", name


def test_server_and_client_over_tcp(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "server.py"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            assert server.stdout.readline() == "listening\n"
            assert run(folder, "client.py") == "hello\n"
            assert run(folder, "client.py") == "hello\n"
        finally:
            server.kill()


def test_the_client_refuses_a_certificate_that_it_was_not_told_to_trust(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "server.py"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            assert server.stdout.readline() == "listening\n"
            command = shlex.split(blocks(GUIDE)["certificate"][1])
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
            done = subprocess.run(
                [sys.executable, "client.py"], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
            )
            assert done.returncode == 1
            assert done.stderr.startswith("no connection: ")
        finally:
            server.kill()


def test_two_threads_over_a_socket_pair(folder: Path) -> None:
    assert run(folder, "pair.py") == "0 hello from the other thread\n"


def test_a_child_process_over_its_pipes(folder: Path) -> None:
    assert run(folder, "parent.py") == "IS ANYBODY THERE?\n"


def test_an_old_device_is_talked_to(old_equipment: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "device.py"], cwd=old_equipment, stdout=subprocess.PIPE, text=True
    ) as device:
        try:
            assert device.stdout
            assert device.stdout.readline() == "listening\n"
            assert run(old_equipment, "client.py") == "TLS 1.0 status\n\n"
        finally:
            device.kill()


def test_a_shared_key_is_enough(old_equipment: Path) -> None:
    assert run(old_equipment, "shared.py") == "pump 7\n"


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return unpack(SESSIONS, tmp_path)


def test_the_cache_of_the_process_resumes(sessions: Path) -> None:
    assert run(sessions, "resume.py") == "0 new\n0 resumed\n"


def test_workers_resume_each_others_sessions_while_their_keys_rotate(sessions: Path) -> None:
    run(sessions, "rotate.py")
    assert (sessions / "tickets.key").stat().st_mode & 0o777 == 0o600
    ports = [free_port(), free_port()]
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "error", *arguments],
                    cwd=sessions,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        for port in ports:
            worker = start("worker.py", str(port))
            assert worker.stdout
            assert worker.stdout.readline() == "listening\n"
        client = start("client.py")
        assert client.stdin
        assert client.stdout

        def connect(port: int) -> str:
            assert client.stdin
            assert client.stdout
            print(port, file=client.stdin, flush=True)
            return client.stdout.readline()

        assert connect(ports[0]) == "0 new\n"
        for _ in range(3):
            assert connect(ports[1]) == "0 resumed\n"
            run(sessions, "rotate.py")
            assert connect(ports[0]) == "0 resumed\n"
        for _ in range(2):
            run(sessions, "rotate.py")
        assert connect(ports[1]) == "0 new\n", "the key of its ticket is gone"
