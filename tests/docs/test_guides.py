"""The programs in the guides work when they are copied out as they stand."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import securetransport
import securetransport.extensions
import securetransport.legacy
import securetransport.spi

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "first-connection.md"
LEGACY = DOCS / "legacy.md"
MACOS = DOCS / "from-macos.md"
DATAGRAMS = DOCS / "datagrams.md"
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
            text = text.replace("8443", port).replace("5684", port)
            (folder / name).write_text(text, encoding="utf-8")
    command = shlex.split(blocks(guide).get("certificate", blocks(GUIDE)["certificate"])[1])
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return unpack(GUIDE, tmp_path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """The guide for people from macOS, unpacked, with its server running."""
    folder = unpack(MACOS, tmp_path)
    port = re.search(r'"localhost", (\d+)', (folder / "pyobjc.py").read_text(encoding="utf-8"))
    assert port
    prepare, serve = blocks(MACOS)["server"][1].replace("8443", port[1]).splitlines()
    subprocess.run(["sh", "-c", prepare], cwd=folder, check=True, timeout=PATIENCE)
    command = [sys.executable, "-m", *shlex.split(serve), "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert json.loads(server.stdout.readline())["event"] == "listening"
            yield folder
        finally:
            server.kill()


@pytest.fixture
def datagrams(tmp_path: Path) -> Path:
    return unpack(DATAGRAMS, tmp_path)


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


@pytest.mark.parametrize(("guide", "longest"), [(GUIDE, 30), (DATAGRAMS, 40)], ids=["first", "datagrams"])
def test_every_block_of_the_guide_has_a_name_and_every_program_is_short(guide: Path, longest: int) -> None:
    text = guide.read_text(encoding="utf-8")
    assert len(re.findall(r"^```\w", text, re.M)) == len(blocks(guide))
    for name, (language, program) in blocks(guide).items():
        assert language in ("sh", "python")
        assert program.count("\n") < longest or language == "sh", name


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


def test_a_program_for_pyobjc_runs_with_another_import(served: Path) -> None:
    assert run(served, "pyobjc.py") == "0 True\nHTTP/1.1 200 OK\n"


def test_a_program_in_c_is_translated_line_by_line(served: Path) -> None:
    assert run(served, "translated.py") == "True hello\n\n"


def test_urllib3_and_the_standard_library_fetch_over_the_context_of_the_guide(served: Path) -> None:
    assert run(served, "fetch.py") == "200 hello\n\n200 hello\n\n"


def test_the_context_of_the_guide_refuses_who_is_not_trusted(served: Path) -> None:
    command = shlex.split(blocks(MACOS)["certificate"][1])  # another one under the same name
    subprocess.run(command, cwd=served, check=True, capture_output=True, timeout=PATIENCE)
    done = subprocess.run(
        [sys.executable, "fetch.py"], cwd=served, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert "SSLCertVerificationError" in done.stderr or "SSLError" in done.stderr
    assert "200" not in done.stdout


def test_the_calls_that_the_guide_names_exist() -> None:
    text = MACOS.read_text(encoding="utf-8").partition("## What is missing")[0]
    named = set(re.findall(r"\b(?:SSL[A-Z]|Sec[A-Z]|CF[A-Z])\w+", text))
    modules = (securetransport, securetransport.legacy, securetransport.spi, securetransport.extensions)
    known = {name for module in modules for name in vars(module)}
    others = {"SSLConnectionRef", "CFArrayRef", "CFDictionaryRef", "CFDataRef", "CFStringRef", "CFBooleanRef"}
    others |= {
        "CFErrorRef",
        "CFArrays",
        "CFStrings",
        "SSLError",
        "SSLSocket",
        "SSLCertVerificationError",
        "SSLx",
        "SSLGetx",
    }
    assert not {name for name in named if name not in known | others and f"k{name}" not in known}


@pytest.mark.parametrize(
    ("server", "client", "says"),
    [
        ("server.py", "client.py", "lamp says on\n"),
        ("aserver.py", "aclient.py", "DTLS 1.2 hello\n"),
        ("lamp.py", "coap.py", '</light>;rt="lamp"\n'),
        ("server.py", "loop.py", "0 lamp says on\n"),
    ],
)
def test_programs_talk_over_datagrams(datagrams: Path, server: str, client: str, says: str) -> None:
    with subprocess.Popen(
        [sys.executable, server], cwd=datagrams, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "listening\n"
            for _ in range(2):
                assert run(datagrams, client) == says
        finally:
            process.kill()


def test_two_ends_agree_on_keys_for_media(datagrams: Path) -> None:
    assert run(datagrams, "media.py") == "<SSLSRTPKeys of profile 0x0007> True\n"


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
