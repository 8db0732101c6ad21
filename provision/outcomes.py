"""What happens to each machine, as it happens: kept as JSON lines, and the raw material of the report."""

from __future__ import annotations

from typing import Literal

from provision.model import Frozen
from provision.report import MachineReport, counted
from provision.rundir import RunDir

Kind = Literal["changed", "proven", "warning", "left", "undone"]


class Outcome(Frozen):
    """One thing that came of a step on one machine."""

    step: str
    machine: str
    kind: Kind
    text: str


class Outcomes:
    """All of a run, in order."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._kept: list[Outcome] = []

    def add(self, step: str, machine: str, kind: Kind, *texts: str) -> None:
        """Keep one outcome for each text."""
        for text in texts:
            outcome = Outcome(step=step, machine=machine, kind=kind, text=text)
            self._kept.append(outcome)
            self._run.log_outcome(outcome.model_dump())

    def taken_back(self, step: str, machine: str, *texts: str) -> None:
        """Changes that were undone again are none; the log keeps both."""
        undone = [one for one in self._kept if one.machine == machine and one.text in texts]
        undone = [one for one in undone if one.kind == "changed"]
        self._kept = [one for one in self._kept if one not in undone]
        self.add(step, machine, "undone", *(one.text for one in undone))

    def changed_text(self) -> str:
        """What was already changed, for the message of an error that follows."""
        by_machine: dict[str, int] = {}
        for outcome in self._kept:
            if outcome.kind == "changed":
                by_machine[outcome.machine] = by_machine.get(outcome.machine, 0) + 1
        if not by_machine:
            return "Nothing was changed."
        told = ", ".join(f"{name} ({counted(count, 'change')})" for name, count in by_machine.items())
        return f"Already changed: {told}; a rerun goes on from there."

    def reports(self, machines: dict[str, str]) -> tuple[MachineReport, ...]:
        """One report for each machine, named to its class."""

        def texts(machine: str, kind: Kind) -> tuple[str, ...]:
            return tuple(o.text for o in self._kept if o.machine == machine and o.kind == kind)

        return tuple(
            MachineReport(
                machine=name,
                kind=kind,
                changed=texts(name, "changed"),
                proven=texts(name, "proven"),
                warnings=texts(name, "warning"),
                left=texts(name, "left"),
            )
            for name, kind in machines.items()
        )
