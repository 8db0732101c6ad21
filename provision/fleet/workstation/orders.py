"""The run's folder as a workstation's code uses it: orders in, looks and outcomes out, no secrets."""

from __future__ import annotations

import os
from pathlib import Path

from provision.fleet.workstation.shapes import Look, Order, Outcome, Phase
from provision.rundir import write_atomic


def _run() -> Path:
    return Path(os.environ["ASTRAEUS_RUN"])


def run_name() -> str:
    """Name this run; a publish can be put back only within it."""
    return _run().name


def order_of(machine: str) -> Order | None:
    """Return what the machine shall become, where that is decided yet."""
    path = _run() / "router" / f"{machine}.json"
    return Order.model_validate_json(path.read_bytes()) if path.is_file() else None


def save_look(machine: str, look: Look) -> None:
    """Keep a look for the later phases of this run."""
    write_atomic(_run() / "workstations" / f"{machine}.look.json", look.model_dump_json(indent=1) + "\n")


def last_look(machine: str) -> Look | None:
    """Return this run's look, where there was one."""
    path = _run() / "workstations" / f"{machine}.look.json"
    return Look.model_validate_json(path.read_bytes()) if path.is_file() else None


def note_write(machine: str) -> None:
    """Remember that this run began to write to the machine: its look is older than its files."""
    (_run() / "workstations" / f"{machine}.written").touch(mode=0o600)


def was_written(machine: str) -> bool:
    """Whether this run began to write to the machine."""
    return (_run() / "workstations" / f"{machine}.written").exists()


def emit(phase: Phase, outcome: Outcome) -> None:
    """Append an outcome; one write, so that lines of machines at work together never mix."""
    path = _run() / "workstations" / f"{phase}.jsonl"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, (outcome.model_dump_json() + "\n").encode())
    finally:
        os.close(handle)
