"""A stranger that is missing is never passed over in silence."""

from __future__ import annotations

import pytest
import strangers
from _pytest.outcomes import Failed, Skipped
from strangers import STRANGERS, Tlslite, text, tool


def test_a_missing_program_fails_where_ci_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed, match="no-such-tool is missing"):
        tool("no-such-tool")


def test_a_missing_program_is_skipped_with_its_name_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(Skipped, match="no-such-tool is not installed"):
        tool("no-such-tool")


def test_a_missing_library_is_treated_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Tlslite()
    stranger.missing = True
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed), stranger.connect(1, strangers.Options()):
        pass


def test_every_stranger_is_named_once() -> None:
    assert [stranger.name for stranger in STRANGERS] == ["openssl", "gnutls", "python", "tlslite"]


@pytest.mark.parametrize("n", [0, 1, 2, 91, 16_384, 65_536, 200_000])
def test_text_has_its_length_and_ends_a_line(n: int) -> None:
    assert len(text(n)) == n
    assert n == 0 or text(n).endswith(b"\n")
    assert set(text(n)) <= set(b"0123456789\n")
