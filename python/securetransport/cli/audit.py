"""``securetransport audit``: which versions and suites a server accepts.

In: a host and flags. Out: a table or JSON. Promise: one connection at a time, one for each suite that is accepted in
a version and at most a dozen more a version; each ends in good order, and none carries data.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

import securetransport as st

from . import output
from .asking import Answer, Place, all_suites, ask, is_anonymous
from .connect import parse_place
from .options import (
    SUITE_NAMES,
    VERSIONS,
    ClientCert,
    ClientKey,
    HostPort,
    Json,
    MaxVersion,
    MinVersion,
    Port,
    ServerName,
    load_credentials,
    read_settings,
)
from .problems import Exit, Problem, explain_client, status_name

__all__ = ["audit"]

_PATIENCE = 5.0
#: Suites of a question to servers that do not answer a long hello.
_FEW = 16


@dataclasses.dataclass
class _Version:
    """What was found out about a version."""

    version: str
    accepted: list[Answer] = dataclasses.field(default_factory=list)
    #: Whether the server goes by its own order of suites; ``None`` where there is nothing to choose.
    own_order: bool | None = None
    #: How the last question ended, which no suite came back to.
    ended: str = ""


def audit(
    place: HostPort,
    port: Port = None,
    servername: ServerName = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
    min_version: MinVersion = "ssl3",
    max_version: MaxVersion = None,
    delay: Annotated[
        float, typer.Option("--delay", min=0, metavar="SECONDS", help="Pause between connections.")
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """List the versions and cipher suites that a server accepts, weak ones included."""
    with output.reporting(as_json):
        host, number = parse_place(place, port)
        settings = read_settings(min_version, max_version, None, None)
        credentials = load_credentials(client_cert, client_key) if client_cert else None
        where = Place(host, number, servername or host)
        auditor = _Auditor(where, credentials, delay)
        found = []
        for version in _range(settings.min_version, settings.max_version):
            with output.waiting(f"Asking {output.clean(where.where)} for {version}"):
                found.append(auditor.ask_for(version))
        if not any(one.accepted for one in found):
            raise auditor.nothing(settings.versions)
        if as_json:
            output.print_json({"ok": True, **_document(where, auditor.connections, found)})
        else:
            _show(where, auditor.connections, found)


def _range(lowest: str, highest: str | None) -> list[str]:
    """Versions from new to old, as far as this library speaks them."""
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    order = list(VERSIONS)
    wanted = order[order.index(lowest) : order.index(highest or order[-1]) + 1]
    spoken = [v for v in wanted if st.SSLSetProtocolVersionMax(context, VERSIONS[v]) == st.errSecSuccess]
    return spoken[::-1]


class _Auditor:
    """Asks, one question after the other."""

    def __init__(self, place: Place, credentials: list[Any] | None, delay: float) -> None:
        self.place, self.credentials, self.delay = place, credentials, delay
        self.connections = 0
        self.last: Answer | None = None

    def _ask(self, version: str, suites: list[int]) -> Answer:
        if self.connections and self.delay:
            time.sleep(self.delay)
        self.connections += 1
        self.last = ask(self.place, version, version, suites, _PATIENCE, self.credentials)
        return self.last

    def ask_for(self, version: str) -> _Version:
        """Which suites are accepted, in the order in which the server chooses them."""
        found = _Version(version)
        everything = list(all_suites())
        self._drain(found, everything)
        silent = not found.accepted and self.last is not None and self.last.alert is None
        if silent and self.last is not None and self.last.status != st.errSSLBadConfiguration:
            # It may only dislike the length of the hello.
            for start in range(0, len(everything), _FEW):
                if not self._drain(found, everything[start : start + _FEW]):
                    break
        if len(found.accepted) > 1:
            # The one that it chose last comes first now.
            numbers = [SUITE_NAMES[one.suite] for one in reversed(found.accepted) if one.suite]
            found.own_order = self._ask(version, numbers).suite == found.accepted[0].suite
        return found

    def _drain(self, found: _Version, suites: list[int]) -> bool:
        """Ask until none of the suites comes back any more; whether the server said so or anything came back."""
        left = list(suites)
        while left:
            answer = self._ask(found.version, left)
            number = SUITE_NAMES.get(answer.suite or "")
            if answer.version != found.version or number not in left:
                found.ended = answer.alert or status_name(answer.status)
                return answer.alert is not None or len(left) < len(suites) or _unusable(answer)
            found.accepted.append(answer)
            left.remove(number)
        return True

    def nothing(self, versions: str) -> Problem:
        """Why nothing at all was accepted."""
        if self.last is None:
            return Problem(Exit.USAGE, "There is no version to ask for.")
        return explain_client(self.last.status, self.place.where, self.last.facts, versions, tried=True)


def _unusable(answer: Answer) -> bool:
    """Whether none of the suites exists in that version, so that no hello was sent."""
    return answer.status == st.errSSLBadConfiguration


def _remarks(answer: Answer) -> list[str]:
    """What is weak about a suite, in words."""
    suite, bits = answer.suite or "", answer.facts.get("dh_bits")
    exchange = suite.partition("_WITH_")[0]
    return [
        *(["no encryption"] if "_NULL_" in suite else []),
        *(["nobody proves anything"] if is_anonymous(suite) else []),
        *(["RC4"] if "_RC4_" in suite else []),
        *(["3DES"] if "_3DES_" in suite else []),
        *(["pre-shared key"] if "_PSK" in exchange else []),
        *([f"group of {bits} bits"] if bits and bits < 2048 else []),
        *([] if "DHE" in exchange or "_anon" in exchange else ["no forward secrecy"]),
    ]


def _document(place: Place, connections: int, found: list[_Version]) -> dict[str, Any]:
    facts = ("group", "dh_bits", "extended_master_secret", "encrypt_then_mac", "secure_renegotiation")
    return {
        "host": place.host,
        "port": place.port,
        "servername": place.name,
        "connections": connections,
        "versions": [
            {
                "version": one.version,
                "own_order": one.own_order,
                "ended": one.ended,
                "suites": [
                    {
                        "suite": answer.suite,
                        "remarks": _remarks(answer),
                        **{name: answer.facts.get(name) for name in facts},
                    }
                    for answer in one.accepted
                ],
            }
            for one in found
        ],
    }


def _rows(found: list[_Version]) -> Iterator[tuple[str, str | Text]]:
    for one in found:
        if not one.accepted:
            yield one.version, f"not accepted ({one.ended})"
            continue
        order = {True: "the server's order", False: "the client's order", None: "nothing to choose"}
        yield one.version, f"{len(one.accepted)} suites, {order[one.own_order]}"
        for answer in one.accepted:
            remarks = _remarks(answer)
            weak = any(remark != "no forward secrecy" for remark in remarks)
            words = f"{answer.suite}{': ' if remarks else ''}{', '.join(remarks)}"
            yield "", output.verdict(False, words) if weak else words


def _show(place: Place, connections: int, found: list[_Version]) -> None:
    title = f"{output.clean(place.where)} accepts (asked by {connections} connections)"
    output.rows(title, _rows(found), output.console())
