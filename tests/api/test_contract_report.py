"""The report of the contract's coverage: it is complete, and it notices what is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contract_report import ROWS, disagreements, named, report, unreached

TESTS = Path(__file__).parents[1]
LISTED = {name for rows in unreached().values() for name in rows}


def run(*arguments: str, cwd: Path = TESTS.parent) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100)


def test_every_row_has_a_test_or_a_reason() -> None:
    marked = [
        str(path) for path in TESTS.rglob("test_*.py") if "contract" in path.read_text(encoding="utf-8")
    ]
    done = run("--contract-report", *marked)
    assert done.returncode == 0, done.stdout
    assert "nothing is to be mended" in done.stdout
    assert f"functions.json: {329 - len(LISTED)} of 329 rows have a test" in done.stdout
    assert "security_types.json: 140 of 140 rows have a test" in done.stdout
    for name in LISTED:
        assert name in done.stdout


def test_a_part_of_the_tests_shows_only_its_rows() -> None:
    done = run("--contract-report", "-v", str(TESTS / "api/test_contract_alerts.py"))
    assert done.returncode == 1, done.stdout
    shown = "SSLHandshake errSSLPeerBadCert: tests/api/test_contract_alerts.py::"
    assert shown in done.stdout
    assert "SSLRead errSecSuccess: has no test and is not listed" in done.stdout


def test_the_report_says_what_list_and_tests_disagree_about() -> None:
    covered = ROWS.keys() - LISTED
    listed = {"kind": dict.fromkeys(LISTED, "a reason")}
    assert disagreements(covered, listed) == []
    assert disagreements(covered - {"SSLRead errSecSuccess"}, listed) == [
        "SSLRead errSecSuccess: has no test and is not listed"
    ]
    (one, *_) = LISTED
    assert disagreements(covered | {one}, listed) == [f"{one}: is listed as out of reach and has a test"]
    assert disagreements(covered, {**listed, "more": {one: "again"}}) == [f"{one}: is listed twice"]
    assert disagreements(covered, {**listed, "more": {"SSLFly": ""}}) == ["SSLFly: is listed and is no row"]
    assert "what is to be mended:" in report({}, every=False)


def test_only_memory_and_impossible_states_are_out_of_reach() -> None:
    kinds = {"allocation": ("errSecAllocate", "NULL"), "internal": ("errSSLInternal",)}
    for kind, rows in unreached().items():
        for name in rows:
            assert ROWS[name].status in kinds[kind], name


def written(directory: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """pytest over these tests with the plugin."""
    head = 'import sys\nsys.path.insert(0, {!r})\npytest_plugins = ["contract_report"]\n'
    (directory / "conftest.py").write_text(head.format(str(TESTS)), encoding="utf-8")
    body = "\n".join(["import pytest", "import securetransport as st", *tests])
    (directory / "test_it.py").write_text(body, encoding="utf-8")
    return run(str(directory), cwd=directory)


def test_a_mark_without_a_row_stops_the_collection(tmp_path: Path) -> None:
    done = written(tmp_path, '@pytest.mark.contract("SSLFly errSecParam")\ndef test_it(): pass\n')
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no row of the tables is named ['SSLFly errSecParam']" in done.stderr


def test_a_mark_that_is_not_true_fails_its_test(tmp_path: Path) -> None:
    call = "st.SSLClose(st.SSLCreateContext(None, 1, 0))"
    done = written(
        tmp_path,
        '@pytest.mark.contract("SSLRead errSecParam")\ndef test_1(): pass\n',
        f'@pytest.mark.contract("SSLClose errSecParam")\ndef test_2(): assert {call} == 0\n',
        '@pytest.mark.contract("CFHash")\ndef test_3(): pass\n',
        f'@pytest.mark.contract("SSLClose errSecSuccess")\ndef test_4(): assert {call} == 0\n',
        f'@pytest.mark.contract("SSLClose errSecParam", instead="errSecSuccess")\ndef test_5(): {call}\n',
        f'@pytest.mark.contract("SSLClose errSecSuccess")\ndef test_6(): assert {call} == 1\n',
    )
    assert "4 failed, 2 passed" in done.stdout
    for row in ("SSLRead errSecParam", "SSLClose errSecParam", "CFHash"):
        assert f"the test never saw {row}" in done.stdout


def test_a_row_is_found_by_the_beginning_of_its_condition() -> None:
    assert named("SSLRead", "errSecParam") == "SSLRead errSecParam"
    assert named("SSLSetSessionOption", "errSecParam", "option") == (
        "SSLSetSessionOption errSecParam (option number not 0..9)"
    )
    with pytest.raises(AssertionError):
        named("SSLSetSessionOption", "errSecParam")
