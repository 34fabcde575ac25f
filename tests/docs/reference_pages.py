"""Writes ``docs/reference``: a page for each part of the API, an entry for each function and class.

In: the package (signatures and docstrings say how a function is called and what it does), ``tests/reference`` (what
is known of Apple's functions: states, statuses, C prototypes) and ``docs/reference/source/*.toml`` (examples, the
statuses of functions that Apple's tables do not have, and where this library decided otherwise, with the reason).
Out: Markdown. Promise: a fact has one source, and the same sources give the same pages.

    python tests/docs/reference_pages.py     # writes the pages; the tests compare them
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import pkgutil
import re
import sys
import tomllib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import securetransport
from securetransport import adapters
from securetransport.constants import results
from securetransport.constants.messages import status_sentence

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference"
SOURCE = PAGES / "source"
TABLES = ROOT / "tests" / "reference"
COMMAND = "python tests/docs/reference_pages.py"

#: The public modules, in the order in which a name is looked for.
MODULES = (
    "securetransport",
    "securetransport.legacy",
    "securetransport.spi",
    "securetransport.extensions",
    *(
        f"securetransport.adapters.{found.name}"
        for found in pkgutil.iter_modules(adapters.__path__)
        if not found.name.startswith("_")
    ),
)

#: Page, title, and the modules that its functions are written in.
TOPICS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("contexts", "Contexts, handshakes and the end", ("functions.session",)),
    ("transfer", "Moving bytes", ("functions.io",)),
    ("configuration", "Versions, suites, protocols, certificate", ("functions.config",)),
    ("peer", "The peer's name and trust", ("functions.peer",)),
    ("client-authentication", "Client authentication", ("functions.authentication",)),
    ("resumption", "Resumption", ("functions.resumption",)),
    ("datagrams", "Datagrams", ("functions.datagram", "functions.media")),
    ("metadata", "What a handshake found out", ("sec_protocol",)),
    (
        "certificates",
        "Certificates, identities, files",
        (
            "security.certificate",
            "security.identity",
            "security.import_export",
            "security.base",
            "security.wrappers",
        ),
    ),
    ("keys", "Keys", ("security.key",)),
    ("trust", "Trust and policies", ("security.trust", "security.policy")),
    ("core-foundation", "Core Foundation", ("cf.base", "cf.collections", "cf.scalars", "cf.error")),
    ("legacy", "Functions that were deprecated first", ("legacy",)),
    ("spi", "Private functions", ("functions.private", "functions.private_sessions", "functions.suites")),
    ("extensions", "What Apple never had", ("extensions",)),
    ("adapters", "Ready-made callbacks and stores", ("adapters",)),
    ("endpoints", "Clients and servers over datagrams", ("adapters.datagram",)),
)

#: Where native functions and classes, and those made by another function, belong.
PLACED = {
    "SSLContext": "contexts",
    "SSLHandshake": "contexts",
    "SSLRead": "transfer",
    "SSLWrite": "transfer",
    "SSLReadFunc": "transfer",
    "SSLWriteFunc": "transfer",
    "SSLSessionTicketKeys": "extensions",
    "SecCertificate": "certificates",
    "SecCertificateGetTypeID": "certificates",
    "SecIdentity": "certificates",
    "SecIdentityGetTypeID": "certificates",
    "SecKey": "keys",
    "SecKeyGetTypeID": "keys",
    "SecPolicy": "trust",
    "SecPolicyGetTypeID": "trust",
    "SecTrust": "trust",
    "SecTrustGetTypeID": "trust",
    "sec_protocol_metadata_t": "metadata",
    "CFBoolean": "core-foundation",
    "CFData": "core-foundation",
    "CFString": "core-foundation",
}

#: Rows of the tables that hold nowhere, and why.
VOID = {"errSecAllocate": "memory that runs out is Python's MemoryError"}


class Missing(Exception):
    """Something that a page needs is not there; the sentence says what to write, and where."""


@dataclass(frozen=True)
class Entry:
    """One function or class and everything a page says of it."""

    name: str
    module: str
    thing: Any
    page: str
    facts: dict[str, Any]
    row: dict[str, Any] | None

    @property
    def is_class(self) -> bool:
        return inspect.isclass(self.thing)

    @property
    def example(self) -> str:
        return str(self.facts.get("example", ""))


# --- the sources -------------------------------------------------------------------------------------------


@cache
def facts() -> dict[str, dict[str, Any]]:
    """What the files in ``source`` say, by name."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(SOURCE.glob("*.toml")):
        for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if name in found:
                raise Missing(f"{name} stands twice below {SOURCE}; remove one of the two.")
            found[name] = {**entry, "file": file.name}
    return found


@cache
def published() -> dict[str, dict[str, Any]]:
    """The rows of Apple's functions, by name."""
    rows = {row["name"]: row for row in json.loads((TABLES / "functions.json").read_text(encoding="utf-8"))}
    others = json.loads((TABLES / "security_types.json").read_text(encoding="utf-8"))["functions"]
    for row in (row for group in others.values() for row in group):
        rows.setdefault(row["name"], row)
    return rows


@cache
def native_signatures() -> dict[str, tuple[list[str], str]]:
    """Parameters and result of native functions, out of the stubs."""
    tree = ast.parse((Path(securetransport.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))
    return {node.name: _of_stub(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


def _of_stub(node: ast.FunctionDef) -> tuple[list[str], str]:
    listed = [*node.args.posonlyargs, *node.args.args]
    defaults = [None] * (len(listed) - len(node.args.defaults)) + [ast.unparse(d) for d in node.args.defaults]
    parameters = [
        ast.unparse(arg) + ("" if default is None else f" = {default}")
        for arg, default in zip(listed, defaults, strict=True)
    ]
    return parameters, ast.unparse(node.returns) if node.returns else "Any"


def public(module: str) -> Iterator[tuple[str, Any]]:
    """The callables that a module offers its callers; of several names of one class the first."""
    namespace = importlib.import_module(module)
    seen: list[Any] = []
    published_here = [name for name in vars(namespace) if name.startswith("_") and name in published()]
    for name in [*(getattr(namespace, "__all__", None) or vars(namespace)), *published_here]:
        thing = getattr(namespace, name)
        if name.startswith("__") or not callable(thing):
            continue
        if not getattr(thing, "__module__", "").startswith("securetransport") and name not in PLACED:
            continue
        if getattr(namespace, "__all__", None) is None and thing.__module__ != module:
            continue
        if inspect.isclass(thing) and (thing in seen or issubclass(thing, enum.Enum)):
            continue
        seen.append(thing)
        yield name, thing


@cache
def entries() -> tuple[Entry, ...]:
    """Every public function and class, by page and name."""
    by_module = {f"securetransport.{part}": page for page, _, parts in TOPICS for part in parts}
    found: dict[str, Entry] = {}
    for module in MODULES:
        for name, thing in public(module):
            if name in found or (name.startswith("_") and name not in published()):
                continue
            written = getattr(thing, "__module__", "")
            page = PLACED.get(name) or by_module.get(written) or by_module.get(written.rpartition(".")[0])
            if page is None:
                raise Missing(
                    f"{module}.{name} is written in {written or 'nowhere'}, which has no page. In "
                    "tests/docs/reference_pages.py add that module to a row of TOPICS, or the name to PLACED if "
                    "it is native."
                )
            found[name] = Entry(name, module, thing, page, facts().get(name, {}), published().get(name))
    order = {page: at for at, (page, _, _) in enumerate(TOPICS)}
    return tuple(sorted(found.values(), key=lambda entry: (order[entry.page], entry.name.lower())))


@cache
def enumerations() -> tuple[tuple[str, str, type[enum.Enum]], ...]:
    """Every enumeration: module, name, class."""
    found: dict[str, tuple[str, str, type[enum.Enum]]] = {}
    for module in MODULES:
        for name, thing in vars(importlib.import_module(module)).items():
            if (
                inspect.isclass(thing)
                and issubclass(thing, enum.Enum)
                and thing.__module__.startswith("securetrans")
            ):
                found.setdefault(name, (module, name, thing))
    return tuple(sorted(found.values(), key=lambda row: (MODULES.index(row[0]), row[1].lower())))


# --- what an entry says ------------------------------------------------------------------------------------


def _is_only_a_name(thing: Any) -> bool:
    """Classes that nobody makes by hand: they come out of functions, or are there to be caught or described."""
    return inspect.isclass(thing) and (
        thing.__module__ in ("builtins", "securetransport", "securetransport._native")
        or issubclass(thing, BaseException)
        or getattr(thing, "_is_protocol", False)
    )


def signature(thing: Any, name: str, width: int = 110) -> str:
    """A call with its types, on as many lines as it needs."""
    if _is_only_a_name(thing) or not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return name
    if name in native_signatures():
        parameters, result = native_signatures()[name]
    else:
        try:
            found = inspect.signature(thing)
        except (TypeError, ValueError):
            return name
        parameters = _parameters(found)
        result = None if inspect.isclass(thing) else _type(found.return_annotation)
    end = "" if result is None else f" -> {result}"
    line = f"{name}({', '.join(parameters)}){end}"
    if len(line) <= width:
        return line
    return f"{name}(\n    " + ",\n    ".join(parameters) + f",\n){end}"


def _parameters(found: inspect.Signature) -> list[str]:
    """Each parameter with its type and default, and the mark before those that go by name only."""
    parts, marked = [], False
    for name, parameter in found.parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and not marked:
            parts.append("*")
            marked = True
        typed = parameter.annotation is not parameter.empty
        text = f"{name}: {_type(parameter.annotation)}" if typed else name
        equals = " = " if typed else "="
        parts.append(text if parameter.default is parameter.empty else f"{text}{equals}{parameter.default!r}")
    return parts


def _type(annotation: Any) -> str:
    """A type as the source spells it."""
    if annotation is inspect.Signature.empty:
        return "Any"
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def prose(thing: Any, name: str) -> str:
    """The docstring as Markdown."""
    text = inspect.getdoc(thing) or ""
    if name in native_signatures():
        text = text.partition("\n\n")[2]  # the first line repeats the call
    text = re.sub(r":\w+:`\.?([^`]+)`", r"`\1`", text)
    return text.replace("``", "`").strip()


def states(entry: Entry) -> str | None:
    """In which states of its context the function may be called; ``None`` where there is no context."""
    if "states" in entry.facts:
        return str(entry.facts["states"])
    if entry.row is None or "legal_states" not in entry.row:
        return None
    text = str(entry.row["legal_states"])
    if text.startswith("Only while no session is active"):
        return "Only while no session is active: before the first SSLHandshake, or after the end."
    text = re.sub(r"^Not checked( \(doc: not while active\))?", "Any state", text)
    return None if text in ("Always.", "Stateless.") else text


def statuses(entry: Entry) -> list[tuple[str, str]]:
    """Every status and when it comes, corrected."""
    if "statuses" in entry.facts:
        return [(name, when) for name, when in entry.facts["statuses"]]
    found = []
    for row in (entry.row or {}).get("returns", ()):
        external = "external record layer" in row["when"]
        if row.get("not_a_status_code") or row["status"] in VOID or external:
            continue
        found.append((row["status"], _plainly(row["when"])))
    return found


def _plainly(when: str) -> str:
    """A condition of the table in this library's words."""
    when = re.sub(r"^context (is NULL|or (an output )?pointer (is )?NULL)", "the context is None", when)
    when = re.sub(r"\bNULL\b", "None", when)
    when = when.replace("a session is active (state Handshake or Connected)", "a session is active")
    return when[:1].upper() + when[1:].rstrip(".") + "."


def needs_statuses(entry: Entry) -> bool:
    """Whether the function answers with a status or an error object."""
    if entry.is_class or not inspect.isroutine(entry.thing):
        return False
    text = signature(entry.thing, entry.name, width=1000).rpartition("-> ")[2]
    return (
        text.startswith("tuple[int,")
        or "CFError" in text
        or (text == "int" and entry.name.startswith(("SSLSet", "SecTrustSet")))
    )


def _number(status: str) -> str:
    value = getattr(securetransport, status, None)
    return "" if value is None else f" ({int(value)})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


_SIDES = {"server": "servers", "client": "clients"}


def origin(entry: Entry) -> str:
    """Where the name comes from: the module to import it from, its C prototype, its dates."""
    place = f"In `{entry.module}`."
    row = entry.row
    if row is None:
        return (
            f"{place} Apple has no such {'class' if entry.is_class else 'function'}."
            if _is_ours(entry)
            else place
        )
    if "c_params" in row:
        parameters = ", ".join(f"{p['ctype']} {p['name']}" for p in row["c_params"]).replace("* ", "*")
        prototype = f"{row['c_return']} {row['name']}({parameters or 'void'})"
    else:
        prototype = row.get("signature", "")
    dates = _dates(row)
    return f"{place} In C: `{prototype}`{dates}."


def _dates(row: dict[str, Any]) -> str:
    since = (row.get("introduced") or {}).get("macos") or row.get("introduced_macos")
    until = (row.get("deprecated") or {}).get("macos") or row.get("deprecated_macos")
    words = [f"since macOS {since}" if since else "", f"deprecated in {until}" if until else ""]
    said = ", ".join(word for word in words if word)
    return f", {said}" if said else ""


def _is_ours(entry: Entry) -> bool:
    return entry.module.startswith(("securetransport.extensions", "securetransport.adapters"))


def members(entry: Entry) -> Iterator[str]:
    """The methods and properties of a class, each with its sentence."""
    if not entry.is_class or entry.thing.__module__ in (
        "builtins",
        "securetransport._native",
        "securetransport",
    ):
        return
    for name, member in vars(entry.thing).items():
        if name.startswith("_") or isinstance(member, types.MemberDescriptorType):
            continue
        if isinstance(member, property):
            yield f"- `{name}`: {prose(member, '')}"
        elif callable(member) or isinstance(member, (classmethod, staticmethod)):
            bound = getattr(entry.thing, name)
            text = inspect.getdoc(bound)
            if text:
                yield f"- `{signature(bound, name, width=1000)}`: {' '.join(prose(bound, '').split())}"


# --- pages -------------------------------------------------------------------------------------------------


def render(entry: Entry) -> str:
    """An entry in Markdown."""
    parts = [f"## {entry.name}", f"```python\n{signature(entry.thing, entry.name)}\n```"]
    if "text" in entry.facts:
        parts.append(entry.facts["text"].strip())
    else:
        parts.append(prose(entry.thing, entry.name))
    listed = list(members(entry))
    if listed:
        parts.append("\n".join(listed))
    when = states(entry)
    side = entry.facts.get("side", (entry.row or {}).get("side", "")).split(" ")[0]
    if when:
        on = f" Concerns {_SIDES[side]}." if side in _SIDES else ""
        parts.append(f"**States:** {when}{on}")
    rows = statuses(entry)
    if rows:
        table = "\n".join(f"| `{name}`{_number(name)} | {_cell(text)} |" for name, text in rows)
        parts.append(f"| status | when |\n|---|---|\n{table}")
    if "because" in entry.facts:
        parts.append(f"**Unlike Apple's:** {entry.facts['because']}")
    default = entry.facts.get("default", (entry.row or {}).get("default"))
    if default:
        parts.append(f"**Default:** {default.replace('NULL', 'None').rstrip('.')}.")
    if entry.example:
        parts.append(f"```python\n{entry.example.strip()}\n```")
    parts.append(origin(entry))
    return "\n\n".join(part for part in parts if part)


_WRITTEN = f"<!-- Written by `{COMMAND}`; change the sources, not this page. -->"


def page(name: str, title: str) -> str:
    """One page."""
    mine = [entry for entry in entries() if entry.page == name]
    links = ", ".join(f"[{entry.name}](#{entry.name.lower()})" for entry in mine)
    head = f"# {title}\n\n{_WRITTEN}\n\n[How to read this](README.md). On this page: {links}."
    return "\n\n".join([head, *map(render, mine)]) + "\n"


def enumeration_page() -> str:
    """All enumerations with their numbers."""
    parts = [
        f"# Enumerations\n\n{_WRITTEN}\n\nEvery member is a name of its module too and equals its number; a number "
        "without a name is taken and stays a number."
    ]
    for module, name, thing in enumerations():
        rows = "\n".join(
            f"| `{label}` | {int(member.value)} |" for label, member in thing.__members__.items()
        )
        parts.append(
            f"## {name}\n\n{prose(thing, '')} In `{module}`.\n\n| member | number |\n|---|---|\n{rows}"
        )
    return "\n\n".join(parts) + "\n"


def status_page() -> str:
    """All statuses with their numbers and sentences."""
    by_number: dict[int, list[str]] = {}
    for name, value in vars(results).items():
        if name.startswith("err"):
            by_number.setdefault(int(value), []).append(name)
    rows = []
    for number, names in sorted(by_number.items(), reverse=True):
        listed = ", ".join(f"`{name}`" for name in names)
        rows.append(f"| {listed} | {number} | {_cell(status_sentence(number) or '')} |")
    return (
        f"# Statuses\n\n{_WRITTEN}\n\nEvery status with what `SecCopyErrorMessageString` says of it, all names "
        "of `securetransport`. Which of them a function answers with, and when, stands in its entry.\n\n"
        "| status | number | in words |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def index() -> str:
    """The front page."""
    opening = (SOURCE / "opening.md").read_text(encoding="utf-8")
    setup = (SOURCE / "setup.py").read_text(encoding="utf-8")
    listed = "\n".join(
        f"| [{title}]({name}.md) | {sum(entry.page == name for entry in entries())} |"
        for name, title, _ in TOPICS
    )
    names = "\n".join(
        f"- [{entry.name}]({entry.page}.md#{entry.name.lower()})"
        for entry in sorted(entries(), key=lambda entry: entry.name.lower())
    )
    opening = opening.replace("<!-- setup -->", f"```python\n{setup.strip()}\n```")
    numbers = len({int(value) for name, value in vars(results).items() if name.startswith("err")})
    table = (
        f"| page | entries |\n|---|---|\n{listed}\n| [Enumerations](enumerations.md) | {len(enumerations())} |\n"
        f"| [Statuses](statuses.md) | {numbers} |"
    )
    return f"{opening.replace('<!-- pages -->', table).strip()}\n\n## Every name\n\n{names}\n"


def pages() -> dict[str, str]:
    """File name -> text of everything that is generated."""
    made = {f"{name}.md": page(name, title) for name, title, _ in TOPICS}
    return {
        "README.md": index(),
        "enumerations.md": enumeration_page(),
        "statuses.md": status_page(),
        **made,
    }


def main() -> int:
    """Write what has changed."""
    for name, text in pages().items():
        file = PAGES / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"wrote {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
