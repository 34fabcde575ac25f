"""Every suite of the published table runs or has a reason not to, and the page about suites says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import securetransport as st

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests/reference/ciphersuites.json").read_text(encoding="utf-8"))["suites"]
PAGE = (ROOT / "docs/cipher-suites.md").read_text(encoding="utf-8")

#: Kinds of rows that are no suites of SSLv3 to TLS 1.2, and how many there are.
OTHER_KINDS = {"initial-state": 1, "scsv": 2, "tls13": 5, "ssl2": 4, "sentinel": 1}


def reason(row: dict[str, Any]) -> str | None:
    """Why a suite of SSLv3 to TLS 1.2 is never negotiated."""
    if "EXPORT" in row["name"]:
        return "export"
    if "FORTEZZA" in row["key_exchange"]:
        return "Fortezza"
    if "static" in row["key_exchange"] and row["key_exchange"].startswith("DH "):
        return "static DH"
    return {"DES_CBC": "single DES", "IDEA_CBC": "IDEA"}.get(row["cipher"])


def runs(number: int) -> bool:
    """Whether SSLSetEnabledCiphers keeps a number."""
    ctx = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    return st.SSLSetEnabledCiphers(ctx, [number], 1) == 0


def listed(heading: str) -> dict[str, list[str]]:
    """The rows of the table below a heading of the page: first column, then the names in the last."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {row[0]: re.findall(r"`(\w+)`", row[-1]) for row in rows[1:]}


def test_every_row_of_the_table_runs_or_has_its_reason() -> None:
    other = {kind: sum(row["kind"] == kind for row in TABLE) for kind in OTHER_KINDS}
    assert other == OTHER_KINDS
    suites = [row for row in TABLE if row["kind"] == "suite"]
    assert len(suites) + sum(other.values()) == len(TABLE) == 159
    for row in suites:
        assert runs(row["value"]) is (reason(row) is None), row["name"]
    for row in TABLE:
        assert row["kind"] == "suite" or not runs(row["value"]), row["name"]
    counts = {name: len([r for r in suites if reason(r) == name]) for name in set(map(reason, suites))}
    assert counts.pop(None) == 114  # type: ignore[call-overload]
    assert counts == {"export": 9, "static DH": 16, "single DES": 4, "IDEA": 1, "Fortezza": 2}


def test_the_additions_are_those_of_the_page() -> None:
    known = {row["value"] for row in TABLE}
    ctx = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    status, numbers, count = st.SSLGetSupportedCiphers(ctx, None, 1000)
    assert status == 0
    assert count == len(numbers) == len(set(numbers))
    additions = {number for number in numbers if number not in known}
    assert len(additions) == 27
    assert {
        int(n, 16) for n in re.findall(r"0x[0-9A-F]{4}", PAGE.split("## Additions")[1].split("\n## ")[0])
    } == (additions)


def test_the_page_lists_the_rest_by_its_reason() -> None:
    wanted: dict[str, list[str]] = {}
    for row in TABLE:
        if row["kind"] == "suite" and (why := reason(row)):
            wanted.setdefault(why, []).append(row["name"])
        elif row["kind"] == "ssl2":
            wanted.setdefault("SSLv2", []).append(row["name"])
    assert listed("Never negotiated") == wanted
