"""``securetransport demo`` shows a real connection, and ends by itself."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from running import PATIENCE, complaint, environment, on_terminal, run


def test_the_table_names_everything_that_was_promised() -> None:
    done = run("demo", "--seconds", "0.1")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for word in (
        "Version",
        "TLS 1.",
        "Suite",
        "TLS_ECDHE_ECDSA_WITH_AES",
        "Group",
        "Certificate",
        "CN=localhost",
    ):
        assert word in text
    for word in ("Handshake", " ms", "Client to server", "Server to client", "MB/s", "came back intact"):
        assert word in text
    assert "\x1b" not in text


def test_json_has_the_same_facts() -> None:
    done = run("demo", "--seconds", "0.1", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["ok"] is True
    assert facts["trusted"] is True
    assert facts["version"].startswith("TLS 1.")
    assert facts["certificate"]["subject"] == "CN=localhost"
    assert facts["certificate"]["names"] == ["localhost", "127.0.0.1", "::1"]
    assert facts["handshake_ms"] > 0
    assert facts["echoed_bytes"] == 256 * 1024
    assert facts["upload_mb_per_s"] > 0
    assert facts["download_mb_per_s"] > 0


@pytest.mark.parametrize(
    ("suite", "key"),
    [
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "EC secp256r1"),
        ("ecdhe-rsa-with-aes-256-gcm-sha384", "RSA 2048"),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA 2048"),
    ],
)
def test_a_named_suite_is_used_with_a_certificate_that_fits_it(suite: str, key: str) -> None:
    done = run("demo", "--seconds", "0.05", "--json", "--max-version", "tls1.2", "--cipher", suite)
    facts = json.loads(done.stdout)
    assert facts["suite"].endswith(suite.upper().replace("-", "_"))
    assert facts["certificate"]["key"] == key


def test_an_unknown_suite_is_one_sentence_with_a_suggestion() -> None:
    words = complaint("demo", "--cipher", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA255", code=2)
    assert "'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA255' is no cipher suite" in words
    assert "the closest is TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" in words


def test_an_unknown_version_and_a_reversed_range_are_one_sentence() -> None:
    assert "'tls9' is no protocol version" in complaint("demo", "--min-version", "tls9", code=2)
    words = complaint("demo", "--min-version", "tls1.1", "--max-version", "tls1.0", code=2)
    assert words == "The lowest version, tls1.1, is above the highest, tls1.0."


def test_a_problem_is_json_as_well_where_json_is_asked_for() -> None:
    done = run("demo", "--json", "--cipher", "nonsense")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert document["exit_code"] == 2
    assert "'nonsense' is no cipher suite" in document["error"]


def test_without_the_extra_the_command_says_what_to_install() -> None:
    for name in ("typer", "rich"):
        code = f"import sys; sys.modules[{name!r}] = None; import securetransport.__main__ as m; sys.exit(m.main())"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, timeout=PATIENCE, env=environment()
        )
        assert done.returncode == 2
        assert done.stdout == b""
        text = done.stderr.decode()
        assert text.count("\n") == 1
        assert "pip install 'securetransport[cli]'" in text


def test_the_bare_command_shows_help_and_the_version_is_known() -> None:
    text = run().stdout.decode() + run().stderr.decode()
    for command in ("demo", "connect", "serve"):
        assert command in text
    assert run("--version").stdout.startswith(b"securetransport ")


def test_colours_are_for_terminals() -> None:
    code, shown = on_terminal("demo", "--seconds", "0.05")
    assert code == 0
    assert "\x1b[" in shown
    code, shown = on_terminal("demo", "--cipher", "nonsense")
    assert code == 2
    assert "\x1b[1;31merror: " in shown
