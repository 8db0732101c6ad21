"""pyinfra's phases on workstations: publish, confirm, put back; who gave no outcome was not reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from provision.engines.pyinfra import COMPLAINT, complaints, pyinfra
from provision.fleet.workstation.invoke import LOCAL_NAME, arguments, fresh, outcomes
from provision.fleet.workstation.shapes import Confirmed, Outcome, Phase, Published, PutBack, Withdrawn
from provision.foreign import printable
from provision.forms import LOCAL

O = TypeVar("O", bound=Outcome)  # noqa: E741 - the usual letter of a type variable

Log = Callable[[str], None]


def publish(run_dir: Path, names: Sequence[str], *, log: Log, tell: Log) -> dict[str, Published]:
    """Equip and publish; one outcome for each name."""
    return _phase("publish", Published, run_dir, names, log=log, tell=tell)


def written(run_dir: Path) -> dict[str, Published]:
    """What this run's publish has told so far; more than nothing where it was broken off."""
    told = outcomes(run_dir, "publish")
    return {name: outcome for name, outcome in told.items() if isinstance(outcome, Published)}


def confirm(run_dir: Path, names: Sequence[str], *, log: Log, tell: Log) -> dict[str, Confirmed]:
    """Ask each workstation's own OpenCode; one outcome for each name."""
    return _phase("confirm", Confirmed, run_dir, names, log=log, tell=tell)


def put_back(run_dir: Path, names: Sequence[str], *, log: Log, tell: Log) -> dict[str, PutBack]:
    """Undo this run's publish; one outcome for each name."""
    return _phase("putback", PutBack, run_dir, names, log=log, tell=tell)


def withdraw(run_dir: Path, names: Sequence[str], *, log: Log, tell: Log) -> dict[str, Withdrawn]:
    """Take ours out again; one outcome for each name."""
    return _phase("withdraw", Withdrawn, run_dir, names, log=log, tell=tell)


def _telling(phase: Phase, tell: Log) -> Log:
    """Of pyinfra's talk, what says how far a machine is."""
    finished = {"publish": "written", "confirm": "answered", "putback": "put back", "withdraw": "taken out"}[
        phase
    ]
    words = {
        "Connected": "connected",
        "Ready": finished if phase == "confirm" else "",
        "Success": finished,
        "Error: executed": f"not {finished}; the report says why",
    }

    def line(said: str) -> None:
        match = COMPLAINT.match(said)
        if match is None:
            return
        text = printable(match["said"].strip())
        known = next((word for start, word in words.items() if text.startswith(start)), text)
        if known and not text.startswith("Loading"):
            tell(f"{LOCAL if match['name'] == LOCAL_NAME else match['name']}: {known}")

    return line


def _phase(
    phase: Phase, shape: type[O], run_dir: Path, names: Sequence[str], *, log: Log, tell: Log
) -> dict[str, O]:
    fresh(run_dir, phase)
    local = LOCAL if LOCAL in names else None
    done = pyinfra(run_dir, *arguments(phase, names, local=local), log=log, on_stderr=_telling(phase, tell))
    told = {name: outcome for name, outcome in outcomes(run_dir, phase).items() if isinstance(outcome, shape)}
    said = complaints(done.stderr)
    for name in names:
        if name not in told:
            why = said.get(LOCAL_NAME if name == LOCAL else name)
            told[name] = shape(
                machine=name,
                status="failed",
                problem=f"not reached to {phase}" if why is None else why.reason,
                evidence="" if why is not None else done.evidence,
                remedy=f"see whether `ssh {name}` works, then run again",
            )
    return {name: told[name] for name in names}
