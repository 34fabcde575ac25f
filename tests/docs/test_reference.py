"""The reference pages say what the package does: sources are complete, examples run, pages are current."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reference_pages as reference
from reference_pages import COMMAND, PAGES, SOURCE, Entry

import securetransport as st

ENTRIES = reference.entries()
FILES = {name: f"docs/reference/source/{name}.toml" for name, _, _ in reference.TOPICS}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate that the guide for beginners makes."""
    folder = tmp_path_factory.mktemp("reference")
    guide = (PAGES.parent / "first-connection.md").read_text(encoding="utf-8")
    command = re.search(r"^```sh certificate\n(.*?)^```$", guide, re.M | re.S)
    assert command
    subprocess.run(shlex.split(command[1]), cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


def of(kind: Callable[[Entry], Any]) -> list[Any]:
    return [pytest.param(entry, id=entry.name) for entry in ENTRIES if kind(entry)]


def test_there_is_an_entry_for_every_function_of_every_public_module() -> None:
    names = {entry.name for entry in ENTRIES}
    assert len(names) == len(ENTRIES) > 280
    for module in reference.MODULES:
        missing = {name for name, _ in reference.public(module) if not name.startswith("_")} - names
        assert not missing
    published = [row for row in reference.published() if row in vars(st)]
    assert set(published) <= names


@pytest.mark.parametrize("entry", of(lambda entry: True))
def test_an_entry_says_what_the_function_does(entry: Entry) -> None:
    text = entry.facts.get("text") or reference.prose(entry.thing, entry.name)
    assert len(text) >= 8, (
        f"{entry.name} has no docstring; say there what it does, its errors and its state rules."
    )
    assert entry.example, (
        f"{entry.name} has no example: add the table [{entry.name}] with example = '''>>> ...''' to "
        f"{FILES[entry.page]}, then run: {COMMAND}"
    )
    assert entry.name in entry.example or entry.is_class or entry.name.endswith("Func")


@pytest.mark.parametrize("entry", of(reference.needs_statuses))
def test_an_entry_lists_every_status(entry: Entry) -> None:
    listed = {name for name, _ in reference.statuses(entry)}
    assert listed, (
        f"{entry.name} answers with a status and lists none: add statuses = [[name, when], ...] to the table "
        f"[{entry.name}] of {FILES[entry.page]}, then run: {COMMAND}"
    )
    said = set(re.findall(r"\berrS(?:ec|SL)\w+", reference.prose(entry.thing, entry.name)))
    forgotten = said - listed - set(entry.facts.get("mentions", ()))
    assert not forgotten, (
        f"the docstring of {entry.name} speaks of {forgotten}, which its statuses do not list; list what it answers "
        "with, and put what it only speaks of into mentions"
    )
    for name in listed:
        assert "*" in name or "'s code" in name or hasattr(st, name), (
            f"{entry.name}: there is no status {name}"
        )


#: Statuses of Apple's table that no call here can answer with, and why.
NEVER = {
    ("SSLRead", "errSSLClosedNoNotify"): "documented, but Apple's code never answers with it either",
    (
        "SSLGetClientCertificateState",
        "errSSLInternal",
    ): "Apple's answer to an impossible number in its own state",
}


@pytest.mark.parametrize("entry", of(lambda entry: "returns" in (entry.row or {})))
def test_no_status_of_the_published_table_gets_lost(entry: Entry) -> None:
    assert entry.row
    rows = [row["status"] for row in entry.row["returns"] if not row.get("not_a_status_code")]
    for name in rows:
        if name not in reference.VOID and name != "callback code" and (entry.name, name) not in NEVER:
            assert name in {listed for listed, _ in reference.statuses(entry)}, name


@pytest.mark.parametrize("entry", of(lambda entry: "returns" in (entry.row or {}) and entry.facts))
def test_what_replaces_the_published_table_has_a_reason(entry: Entry) -> None:
    replaced = {"states", "side"} & entry.facts.keys()
    if "statuses" in entry.facts:
        bare = Entry(entry.name, entry.module, entry.thing, entry.page, {}, entry.row)
        replaced |= {"statuses"} if reference.statuses(bare) else set()
    reworded = entry.facts.get("reworded")
    assert not replaced or "because" in entry.facts or reworded, (
        f"[{entry.name}] replaces {', '.join(sorted(replaced))} of the published table: say why in because, or set "
        "reworded = true where only the words differ"
    )


def test_every_source_belongs_to_a_function() -> None:
    names = {entry.name for entry in ENTRIES}
    left = set(reference.facts()) - names
    assert not left, f"there are no such functions any more: {left}; remove them from {SOURCE}"
    known = {
        "example",
        "states",
        "side",
        "statuses",
        "because",
        "default",
        "text",
        "reworded",
        "mentions",
        "file",
    }
    for name, facts in reference.facts().items():
        assert facts.keys() <= known, name


@pytest.mark.parametrize("entry", of(lambda entry: entry.example))
def test_the_example_runs(entry: Entry, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    names: dict[str, Any] = {}
    exec(compile((SOURCE / "setup.py").read_text(encoding="utf-8"), "setup.py", "exec"), names)
    test = doctest.DocTestParser().get_doctest(entry.example, names, entry.name, FILES[entry.page], 0)
    assert test.examples
    report: list[str] = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_the_page_is_what_its_sources_say(name: str) -> None:
    assert (PAGES / name).read_text(encoding="utf-8") == reference.pages()[name], f"run: {COMMAND}"


def test_no_page_is_left_over() -> None:
    assert {file.name for file in PAGES.glob("*.md")} == set(reference.pages())


def test_the_links_of_the_pages_lead_somewhere() -> None:
    pages = reference.pages()
    for name, text in pages.items():
        for target, anchor in re.findall(r"\]\(([\w./-]*)#?([\w-]*)\)", text):
            assert (PAGES / (target or name)).resolve().exists(), (name, target)
            if anchor:
                headings = {
                    line[3:].lower() for line in pages[target or name].splitlines() if line.startswith("## ")
                }
                assert anchor in headings, (name, target, anchor)
