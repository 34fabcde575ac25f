"""Which rows of the published tables have a test.

In: the tables in ``reference``, marks ``@pytest.mark.contract(row, ...)`` on tests, the list of rows that nothing
can reach. Out: ``pytest --contract-report``. Promise: a mark that names no row stops the collection, and a marked
test fails unless the function it names was called in it and answered with the status it names.

A row of ``functions.json`` is named ``"SSLRead errSSLWouldBlock"``; where a function has several rows with one
status, its condition follows: ``"SSLSetSessionOption errSecParam (option number not 0..9)"``. A function of
``security_types.json`` is a row by its name alone. A row that records a defect is tested in its corrected form:
``@pytest.mark.contract(row, instead="errSSLClosedAbort")`` says what the call answers here. With ``elsewhere=True``
another process makes the call, and the test itself looks at the answer.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
UNREACHED = HERE / "contract_unreached.toml"


@dataclass(frozen=True)
class Row:
    """One thing that a function may answer, and when."""

    function: str
    #: The name of the status; empty where the row is the whole function.
    status: str
    #: Its number; ``None`` where the answer is no status.
    code: int | None
    when: str
    table: str


def _functions() -> Iterator[tuple[str, Row]]:
    table = "functions.json"
    for function in json.loads((HERE / "reference" / table).read_text(encoding="utf-8")):
        name, returns = function["name"], function["returns"]
        shared = Counter(row["status"] for row in returns)
        for row in returns:
            for status, code in row.get("matches", {row["status"]: row.get("value")}).items():
                condition = f" ({row['when']})" if shared[row["status"]] > 1 else ""
                yield f"{name} {status}{condition}", Row(name, status, code, row["when"], table)


def _security() -> Iterator[tuple[str, Row]]:
    table = "security_types.json"
    groups = json.loads((HERE / "reference" / table).read_text(encoding="utf-8"))["functions"]
    for group, functions in groups.items():
        if group != "sec_protocol_options":  # left out: nothing here takes them
            for function in functions:
                yield function["name"], Row(function["name"], "", None, "", table)


#: Every row by its name, in the order of the tables.
ROWS: dict[str, Row] = {**dict(_functions()), **dict(_security())}


def named(function: str, status: str, condition: str = "") -> str:
    """The name of the one row with this beginning of its condition."""
    found = [
        name
        for name, row in ROWS.items()
        if (row.function, row.status) == (function, status) and row.when.startswith(condition)
    ]
    assert len(found) == 1, (function, status, condition, found)
    return found[0]


def unreached() -> dict[str, dict[str, str]]:
    """The rows that no test can reach: kind, row, reason."""
    return tomllib.loads(UNREACHED.read_text(encoding="utf-8"))


def marks(item: pytest.Item) -> Iterator[tuple[str, Row, str | None]]:
    """The rows that a test proves here: name, row, and the status that stands in for a void one."""
    for mark in item.iter_markers("contract"):
        for name in () if mark.kwargs.get("elsewhere") else mark.args:
            yield name, ROWS[name], mark.kwargs.get("instead")


def disagreements(covered: set[str], listed: dict[str, dict[str, str]]) -> list[str]:
    """What is wrong between the rows, those with a test, and those that are listed as out of reach."""
    given = [name for rows in listed.values() for name in rows]
    return [
        *(
            f"{name}: has no test and is not listed"
            for name in ROWS
            if name not in covered and name not in given
        ),
        *(f"{name}: is listed as out of reach and has a test" for name in given if name in covered),
        *(f"{name}: is listed and is no row" for name in given if name not in ROWS),
        *(f"{name}: is listed twice" for name, n in Counter(given).items() if n > 1),
    ]


# --- the proof of a mark -----------------------------------------------------------------------------------


def _modules() -> list[ModuleType]:
    import securetransport
    from securetransport import cf, legacy, sec_protocol, security, spi

    return [securetransport, legacy, spi, security, cf, sec_protocol]


def _watched(function: Callable[..., Any], seen: set[Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        seen.add(None)  # it was called, whatever comes back
        answer = function(*arguments, **named)
        status = answer[0] if isinstance(answer, tuple) and answer else answer
        if isinstance(status, int):
            seen.add(int(status))
        return answer

    return call


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Watches the functions that a marked test names, and fails it where a status was never seen."""
    wanted = list(marks(item))
    if not wanted:
        return (yield)
    seen: dict[str, set[Any]] = defaultdict(set)
    restore: list[tuple[ModuleType, str, Any]] = []
    for function in {row.function for _, row, _ in wanted}:
        for module in _modules():
            if function in vars(module):
                restore.append((module, function, getattr(module, function)))
                setattr(module, function, _watched(getattr(module, function), seen[function]))
    try:
        result = yield
    finally:
        for module, function, original in restore:
            setattr(module, function, original)
    for name, row, instead in wanted:
        if row.function in seen:  # else it is left out, and the test says so
            code = ROWS_BY_STATUS[instead] if instead else row.code
            assert code in seen[row.function], f"the test never saw {name}" + (
                f" as {instead}" if instead else ""
            )
    return result


ROWS_BY_STATUS = {row.status: row.code for row in ROWS.values() if row.code is not None}


# --- the report ------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--contract-report",
        action="store_true",
        help="run nothing; list the rows of the published tables that have no test (-v: the tests of every row)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "contract(*rows, instead=None, elsewhere=False): the test shows these rows of the tables"
    )


REPORT = pytest.StashKey[dict[str, list[str]]]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tests: dict[str, list[str]] = defaultdict(list)
    for item in items:
        for mark in item.iter_markers("contract"):
            unknown = [name for name in mark.args if name not in ROWS]
            if unknown or not mark.args:
                raise pytest.UsageError(f"{item.nodeid}: no row of the tables is named {unknown}")
            for name in mark.args:
                tests[name].append(item.nodeid)
    if config.getoption("--contract-report"):
        config.stash[REPORT] = tests
        config.hook.pytest_deselected(items=list(items))
        items.clear()


def report(tests: dict[str, list[str]], every: bool) -> list[str]:
    """The report, line by line."""
    lines, listed = [], unreached()
    for table in dict.fromkeys(row.table for row in ROWS.values()):
        rows = [name for name, row in ROWS.items() if row.table == table]
        lines.append(f"{table}: {sum(name in tests for name in rows)} of {len(rows)} rows have a test")
    if every:
        for name in ROWS:
            lines.extend(f"{name}: {test}" for test in tests.get(name, []))
    for kind, reasons in listed.items():
        lines.append(f"no test can reach, {kind}:")
        lines.extend(f"  {name}: {reason}" for name, reason in reasons.items())
    wrong = disagreements(set(tests), listed)
    return [
        *lines,
        "what is to be mended:" if wrong else "nothing is to be mended",
        *(f"  {w}" for w in wrong),
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tests = config.stash.get(REPORT, None)
    if tests is not None:
        terminalreporter.section("contract report")
        for line in report(tests, config.get_verbosity() > 0):
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    tests = session.config.stash.get(REPORT, None)
    if tests is not None:
        session.exitstatus = 1 if disagreements(set(tests), unreached()) else 0
