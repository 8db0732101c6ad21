"""A person is asked on a terminal only; stdout belongs to results."""

from __future__ import annotations

import io
from typing import Any

import pytest

from provision.terminal import Terminal


class Teletype(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a terminal at which that line is typed."""

    def at(line: str) -> tuple[Terminal, Teletype]:
        shown = Teletype()
        monkeypatch.setattr("sys.stdin", Teletype(line))
        monkeypatch.setattr("sys.stderr", shown)
        return Terminal(quiet=True), shown

    return at


@pytest.mark.parametrize(
    ("line", "answer"),
    [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False), ("yo\n", False)],
)
def test_only_yes_is_yes(on_a_terminal: Any, line: str, answer: bool) -> None:  # noqa: FBT001 - a table's column
    terminal, shown = on_a_terminal(line)
    assert terminal.agrees("Go on?") is answer
    assert "Go on? [y/N]" in shown.getvalue()


def test_nobody_is_asked_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    terminal = Terminal(quiet=True)
    assert not terminal.agrees("Go on?")
    assert terminal.secret("Password: ") is None
    assert capsys.readouterr() == ("", "")


def test_results_go_to_stdout_unless_a_document_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(quiet=True).present("plan")
    Terminal(quiet=True, presents=False).present("plan")
    Terminal(quiet=True).say("note")
    assert capsys.readouterr() == ("plan\n", "note\n")


def test_nothing_that_is_shown_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(quiet=True).present("a\x1b[2J\n\tb")
    Terminal(quiet=True).say("c\x9b")
    assert capsys.readouterr() == ("a?[2J\n\tb\n", "c?\n")
