"""Why a server did not go along, found out by asking it in other ways.

In: a place, the settings that failed. Out: :class:`Advice`, the flags with which it goes along. Promise: only after a
failure; at most six further connections, one after the other, each for three seconds at most; a server that answers
one of the questions is asked no more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import securetransport as st

from .asking import Answer, Place, all_suites, ask, is_anonymous
from .options import SUITE_NAMES, VERSIONS, TlsSettings, default_suites
from .problems import Problem

__all__ = ["Advice", "find"]

_PATIENCE = 3.0
_ORDER = list(VERSIONS)
_OLDEST = _ORDER[0]

#: One of each kind, so that the hello stays below 256 bytes.
_FEW = (
    st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    st.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    st.TLS_RSA_WITH_AES_128_CBC_SHA,
    st.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
    st.TLS_RSA_WITH_RC4_128_SHA,
)


@dataclasses.dataclass(frozen=True)
class Advice:
    """What is the matter with the server, and what to do about it: two halves of a sentence."""

    finding: str
    remedy: str


@dataclasses.dataclass(frozen=True)
class _Question:
    """A hello that differs from the one that failed, and what it means when it is answered."""

    lowest: str
    highest: str | None
    suites: tuple[int, ...]
    meaning: str


def _questions(settings: TlsSettings, spoke: bool) -> Iterator[_Question]:
    """From the least change to the greatest. Who said nothing at all does not mind the suites."""
    everything = all_suites()
    if spoke:
        yield _Question(settings.min_version, settings.max_version, everything, "suite")
    yield _Question(_OLDEST, None, everything, "version")
    yield _Question(_OLDEST, None, _FEW, "length")
    for version in ("tls1.1", "tls1.0", "ssl3"):
        yield _Question(_OLDEST, version, _FEW, "newer")


def find(
    place: Place,
    settings: TlsSettings,
    credentials: list[Any] | None = None,
    patience: float = _PATIENCE,
    spoke: bool = True,
) -> Advice | None:
    """Ask until the server answers with a version and a suite; ``None`` when it never does.

    ``spoke``: whether the hello that failed was answered by anything.
    """
    for question in _questions(settings, spoke):
        try:
            answer = ask(
                *(place, question.lowest, question.highest, question.suites, min(_PATIENCE, patience)),
                credentials=credentials,
            )
        except Problem:
            break  # it takes no further connections
        if answer.version is not None and answer.suite is not None:
            return _advice(question.meaning, settings, answer)
    return None


def _advice(meaning: str, settings: TlsSettings, answer: Answer) -> Advice:
    assert answer.version is not None
    assert answer.suite is not None
    spoken = _ORDER.index(answer.version)
    below = spoken < _ORDER.index(settings.min_version)
    above = settings.max_version is not None and spoken > _ORDER.index(settings.max_version)
    name = answer.facts["version"]
    if "_PSK_" in answer.suite:
        return Advice(f"wants a pre-shared key ({answer.suite})", "this command has no flag for one")
    flags = " ".join(_flags(meaning, settings, answer.version, answer.suite, below, above))
    if meaning == "newer":
        extensions = "with extensions or " if answer.version == _OLDEST else ""
        return Advice(f"answers no hello {extensions}of newer versions than {name}", f"add {flags}")
    if meaning == "length":
        return Advice("answers no hello that is long", f"offer {flags} and no other suite")
    if below or above:
        return Advice(f"speaks only {name}", f"add {flags}")
    return Advice("accepts none of the cipher suites offered", f"add {flags}")


def _flags(
    meaning: str, settings: TlsSettings, version: str, suite: str, below: bool, above: bool
) -> Iterator[str]:
    """What has to be added to the flags that failed."""
    if below:
        yield f"--min-version {version}"
    if above or meaning == "newer":
        yield f"--max-version {version}"
    named = settings.suites != default_suites(settings.min_version)
    offered = settings.suites if named or not below else default_suites(version)
    if SUITE_NAMES[suite] not in offered or meaning == "length":
        yield f"--cipher {suite}"
    if is_anonymous(suite):
        yield "--insecure"
