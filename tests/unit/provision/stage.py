"""A run without machines: an Operation whose engines are stand-ins that replay what they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provision.fitting import fits, fitted
from provision.operation import Goal, Operation
from provision.outcomes import Outcomes
from provision.plan import Plan, Skipped, make_plan
from provision.progress import SilentProgress
from provision.rundir import RunDir
from provision.site import Site
from provision.ssh import Reach
from provision.terminal import Terminal
from tests.unit.provision.bed import BARE, CATALOGUE, SITE, changed_look

NAMES = ("gpu.local", "laptop")


class Person(Terminal):
    """Answers from a list; keeps what was shown."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.shown: list[str] = []
        self.asked: list[str] = []
        self.interactive = bool(answers)
        self.progress = SilentProgress()

    def say(self, text: str) -> None:
        self.shown.append(text)

    def present(self, text: str) -> None:
        self.shown.append(text)

    def agrees(self, question: str, about: str = "") -> bool:
        self.asked.append(question)
        return self.interactive and self.answers.pop(0) == "y"

    def secret(self, prompt: str) -> str | None:
        self.asked.append(prompt)
        return self.answers.pop(0) if self.interactive else None


def way(name: str) -> Reach:
    return Reach(alias=name, hostname=name, port=22, user="ops", known_hosts_files=("/nowhere",))


def operation(
    folder: Path, goal: Goal = Goal.APPLY, *, person: Person | None = None, **changes: Any
) -> Operation:
    """One run of the base site."""
    root = folder / "run"
    for name in ("", "router", "query"):
        (root / name).mkdir(parents=True, exist_ok=True)
    run = RunDir(root)
    given: dict[str, Any] = {
        "goal": goal,
        "described_by": (),
        "command": "astraeus-provision lan --host gpu.local",
        "site": SITE,
        "catalogue": CATALOGUE,
        "ways": {name: way(name) for name in NAMES},
        "limit": frozenset(NAMES),
        "run": run,
        "terminal": person or Person(),
        "outcomes": Outcomes(run),
        "yes": True,
        "verbose": False,
    }
    return Operation(**{**given, **changes})


def plan(
    facts: Any = BARE, look: Any = None, skipped: dict[str, Skipped] | None = None, of: Site = SITE
) -> Plan:
    looks = {"laptop": look or changed_look()}
    hosts = {"gpu.local": facts}
    found = fits(of, CATALOGUE, hosts)
    site = fitted(of, found)
    return make_plan(site, CATALOGUE, hosts, looks, skipped or {}, frozenset(NAMES), fits=found)


def texts(run: Operation, machine: str, kind: str) -> list[str]:
    (report,) = run.outcomes.reports({machine: "machine"})
    return list(getattr(report, kind))


class Calls:
    """Stands in for a function: keeps how it was called, answers from a list (exceptions are raised)."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls.append((args, kwargs))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


def replace(monkeypatch: pytest.MonkeyPatch, target: str, *answers: Any) -> Calls:
    calls = Calls(*answers)
    monkeypatch.setattr(target, calls)
    return calls
