"""Every published constant has its published name and value, and there is none besides."""

from __future__ import annotations

import enum
import json
import re
from pathlib import Path
from typing import Any

import pytest

import securetransport
from securetransport import spi
from securetransport.constants import messages

REFERENCE = Path(__file__).parent.parent / "reference"


def load(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


ENUMS = load("enums")
SUITES = load("ciphersuites")
RESULTS = load("result_codes")
SEC_ERRORS = load("sec_errors")
KEYS = load("key_constants")
TYPES = load("security_types")
FLAGS = {
    "SecTrustOptionFlags",
    "SecRevocationPolicyFlags",
    "SecItemImportExportFlags",
    "SecKeyImportExportFlags",
    "SecKeyUsage",
}
ENGINE_NAMES = {"errSSLSuccess", "errSSLParam", "errSSLAllocate", "errSSLUnimplemented"}


def is_public(name: str) -> bool:
    return bool(ENUMS["enum_info"][name]["public"])


def enum_members(public: bool) -> dict[str, int]:
    return {
        member: value
        for name, members in ENUMS["enums"].items()
        if is_public(name) is public
        for member, value in members.items()
    }


def key_rows(public: bool) -> dict[str, str]:
    sections = ("algorithms", "key_exchange_parameters", "key_types", "key_classes", "attributes")
    rows = [row for section in sections for row in KEYS[section]]
    wanted = {row["name"]: row["value"] for row in rows if bool(row.get("private")) is not public}
    if not public:
        wanted |= {row["name"]: row["value"] for row in KEYS["private_algorithms"]}
    return wanted


def public_constants() -> dict[str, object]:
    wanted: dict[str, object] = dict(enum_members(public=True))
    wanted |= SUITES["constants"]
    wanted |= {row["name"]: row["value"] for row in RESULTS["errSSL"] + RESULTS["errSec"]}
    wanted |= {name: row["value"] for name, row in RESULTS["aliases"].items() if name not in ENGINE_NAMES}
    wanted |= {row["name"]: row["value"] for row in SEC_ERRORS["sec_errors"]}
    wanted |= {name: row["string_value"] for name, row in ENUMS["session_configs"].items()}
    for group in TYPES["string_constants"].values():
        if isinstance(group, dict):
            wanted |= group
    wanted |= TYPES["numeric_constants"]
    wanted |= key_rows(public=True)
    wanted["kSecRandomDefault"] = None
    return wanted


def private_constants() -> dict[str, object]:
    wanted: dict[str, object] = dict(enum_members(public=False))
    wanted |= {name: value for name, value in ENUMS["constants"].items() if name.isupper()}
    wanted |= {name: RESULTS["aliases"][name]["value"] for name in ENGINE_NAMES}
    wanted |= {row["name"]: row["value"] for row in SUITES["suites"] if row["name"] == "TLS_FALLBACK_SCSV"}
    return wanted | key_rows(public=False)


def test_every_public_constant_is_a_top_level_name_with_its_published_value() -> None:
    missing = {name for name in public_constants() if not hasattr(securetransport, name)}
    assert not missing
    for name, value in public_constants().items():
        assert getattr(securetransport, name) == value, name


def test_there_is_no_public_constant_that_the_tables_do_not_have() -> None:
    known = public_constants()
    numbers = securetransport.constants
    offered = {name for name in numbers.__all__ if not isinstance(getattr(numbers, name), type)}
    assert offered == set(known)
    assert set(numbers.__all__) - offered == {name for name in ENUMS["enums"] if is_public(name)}


def test_every_private_constant_is_in_spi_and_nowhere_else() -> None:
    for name, value in private_constants().items():
        assert getattr(spi, name) == value, name
        assert not hasattr(securetransport, name), name
    types = {name for name in ENUMS["enums"] if not is_public(name)}
    plain = {name for name in spi.__all__ if isinstance(getattr(spi, name), int | str | type)}
    assert plain == set(private_constants()) | types


@pytest.mark.parametrize("name", sorted(ENUMS["enums"]))
def test_an_enumeration_has_exactly_its_members(name: str) -> None:
    home = securetransport if is_public(name) else spi
    kind = getattr(home, name)
    assert issubclass(kind, enum.IntFlag if name in FLAGS else enum.IntEnum)
    assert {member: int(value) for member, value in kind.__members__.items()} == ENUMS["enums"][name]
    for member, value in ENUMS["enums"][name].items():
        found = getattr(home, member)
        assert found is kind[member]
        assert found == value
        assert hash(found) == hash(value)
        assert str(found) == str(value)


@pytest.mark.parametrize("number", [77777, -1, 2**31, 2**40])
@pytest.mark.parametrize("name", sorted(ENUMS["enums"]))
def test_a_number_without_a_name_is_still_a_number_of_its_kind(name: str, number: int) -> None:
    kind = getattr(securetransport if is_public(name) else spi, name)
    assert kind(number) == number or number < 0
    assert isinstance(kind(number), kind)
    assert str(number) in repr(kind(number)) or number < 0
    assert hash(kind(number)) == hash(int(kind(number)))


def test_suites_are_plain_numbers_of_sixteen_bits() -> None:
    for name, value in SUITES["constants"].items():
        assert type(getattr(securetransport, name)) is int
        assert 0 <= value <= 0xFFFF


def test_every_result_code_has_one_sentence_of_its_own() -> None:
    rows = RESULTS["errSSL"] + RESULTS["errSec"] + SEC_ERRORS["sec_errors"]
    sentences = {row["value"]: messages.status_sentence(row["value"]) for row in rows}
    for value, sentence in sentences.items():
        assert sentence is not None, value
        assert sentence.endswith("."), value
        assert sentence[0].isupper(), value
    assert len(set(sentences.values())) == len(sentences)
    assert messages.status_sentence(-12345) is None


def _stems(text: str) -> set[str]:
    """The first letters of the words that say something, whatever their endings."""
    idle = {
        "with",
        "that",
        "this",
        "from",
        "cannot",
        "could",
        "which",
        "does",
        "have",
        "some",
        "other",
        "error",
    }
    return {word[:4] for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in idle}


#: Sentences that say what the table says in other words altogether.
IN_OTHER_WORDS = {"errSSLInternal", "errSSLInappropriateFallback", "errSecInternal"}


@pytest.mark.contract("SecCopyErrorMessageString")
def test_no_message_is_generic_and_no_two_are_alike_unless_the_number_is_the_same() -> None:
    """Of every name of the tables, older spellings among them, as a caller gets it."""
    rows = {row["name"]: row for row in RESULTS["errSSL"] + RESULTS["errSec"] + SEC_ERRORS["sec_errors"]}
    named = {name: row["value"] for name, row in (rows | RESULTS["aliases"]).items()}
    named = {name: value for name, value in named.items() if name.startswith(("errSec", "errSSL"))}
    assert len(named) > 450
    by_sentence: dict[str, set[int]] = {}
    for name, value in named.items():
        sentence = securetransport.SecCopyErrorMessageString(value, None)
        assert sentence is not None
        assert len(sentence.split()) >= 5 or value == 0, f"{name}: {sentence}"
        assert "OSStatus" not in sentence, name
        assert not re.search(r"\berr(Sec|SSL)|unknown error|unspecified", sentence), sentence
        if name in rows and name not in IN_OTHER_WORDS:
            parts = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name[6:])
            said = _stems(rows[name]["meaning"] + " " + parts)
            assert _stems(sentence) & said, f"{name}: {sentence}"
        plain = " ".join(re.findall(r"[a-z0-9]+", sentence.lower()))
        by_sentence.setdefault(plain, set()).add(value)
    assert [values for values in by_sentence.values() if len(values) > 1] == []


def test_a_result_code_is_reported_under_its_current_name() -> None:
    rows = RESULTS["errSSL"] + RESULTS["errSec"] + SEC_ERRORS["sec_errors"]
    for row in rows:
        if "alias_of" not in row:
            assert messages.status_name(row["value"]) == row["name"]
    assert messages.status_name(-12345) == "-12345"
