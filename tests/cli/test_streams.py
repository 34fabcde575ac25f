"""A missing, full or torn standard stream is told in a sentence, and so is an interrupt at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import COMMAND, PATIENCE, environment

FULL = Path("/dev/full")


def output_closed(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *arguments]
    close = "import os, sys; os.close(1); os.execv(sys.argv[1], sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", close, *command], stderr=subprocess.PIPE, timeout=PATIENCE, env=environment()
    )


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["serve", "--port", "0"], ["demo", "--json"]]
)
def test_a_full_disk_behind_standard_output_is_told_in_a_sentence(arguments: list[str]) -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE, env=environment()
        )
    assert done.stderr.decode() == f"error: {os.strerror(28)}.\n"
    assert done.returncode == 3


@pytest.mark.parametrize("arguments", [["--version"], ["demo", "--seconds", "0.05"]])
def test_a_closed_standard_output_is_no_fault(arguments: list[str]) -> None:
    done = output_closed(*arguments)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0


def test_an_interrupt_while_the_command_is_still_being_loaded_ends_it_quietly() -> None:
    at_import = (
        "import builtins, os, signal, sys\n"
        "from securetransport.__main__ import main\n"
        "load = builtins.__import__\n"
        "def interrupted(name, *rest, **more):\n"
        "    if name.endswith('cli.app'):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return load(name, *rest, **more)\n"
        "builtins.__import__ = interrupted\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", at_import], capture_output=True, timeout=PATIENCE, env=environment()
    )
    assert done.stderr == b""
    assert done.returncode == 128 + signal.SIGINT


#: Sends SIGINT to the process when a module of the package is about to be imported.
INTERRUPTER = """
import os, signal, sys

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupter())
"""


@pytest.mark.parametrize("module", ["securetransport.cf", "securetransport.security", "securetransport.spi"])
@pytest.mark.parametrize("script", [False, True], ids=["python -m", "script"])
def test_an_interrupt_while_the_package_is_still_being_loaded_ends_it_quietly(
    module: str, script: bool, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTER.format(module=module), encoding="utf-8")
    command = COMMAND
    if script:  # as an installer writes it
        (tmp_path / "securetransport").write_text(
            "import sys\nfrom securetransport.__main__ import main\nsys.exit(main())\n", encoding="utf-8"
        )
        command = [sys.executable, str(tmp_path / "securetransport")]
    done = subprocess.run(
        [*command, "demo", "--help"],
        capture_output=True,
        timeout=PATIENCE,
        env={**environment(), "PYTHONPATH": str(tmp_path)},
    )
    assert done.stderr == b""
    assert done.returncode in (-signal.SIGINT, 128 + signal.SIGINT)


def test_a_program_that_imports_the_package_keeps_its_interrupts() -> None:
    program = (
        "import signal\n"
        "before = signal.getsignal(signal.SIGINT)\n"
        "import securetransport\n"
        "assert signal.getsignal(signal.SIGINT) is before is signal.default_int_handler\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE, env=environment())
