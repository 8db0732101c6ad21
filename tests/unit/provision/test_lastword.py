"""A command that ends early tells it once: a sentence, or the document that --json promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from provision.errors import PreflightError, ProvisionError, SiteError
from provision.lastword import last_word

ERRORS: dict[str, tuple[BaseException, int, str]] = {
    "a description": (SiteError("site.yml:1: no", remedy="mend it"), 2, "site.yml:1: no"),
    "findings": (PreflightError([ProvisionError("a: x"), ProvisionError("b: y")]), 3, "a: x"),
    "a fault": (ValueError("odd"), 7, "a fault in this program: ValueError: odd"),
    "a full disk": (OSError(28, "No space left on device", "/x"), 7, "/x: No space left on device"),
    "Ctrl-C": (KeyboardInterrupt(), 130, "Interrupted."),
    "a wrong option": (typer.BadParameter("no such thing"), 2, "no such thing"),
}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.parametrize("case", ERRORS)
def test_as_a_document(capsys: pytest.CaptureFixture[str], case: str) -> None:
    error, code, words = ERRORS[case]
    assert last_word(error, as_json=True) == code
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert (document["ok"], document["exit_code"]) == (False, code)
    assert words in document["failures"][0]["problem"]
    assert len(document["failures"]) == (2 if case == "findings" else 1)


@pytest.mark.parametrize("case", ERRORS)
def test_as_a_sentence(capsys: pytest.CaptureFixture[str], case: str) -> None:
    error, code, words = ERRORS[case]
    assert last_word(error, as_json=False) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
