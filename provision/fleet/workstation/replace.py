"""Speaks replace.sh's language: files to replace out, what became of them back. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from provision.fleet.workstation.reading import Folders, Lines, clean
from provision.fleet.workstation.sharedfile import FileChange

Act = Literal["replace", "putback", "settle"]
NO_RECORD = "norecord"
NOT_UNDONE = "-"
"""The run of a record whose files cannot be made what they were before."""


@dataclass(frozen=True)
class Fault:
    """Why nothing was replaced."""

    problem: str
    remedy: str
    evidence: str = ""
    code: str = ""


FAULTS: Mapping[str, tuple[str, str]] = {
    "symlink": ("{0} is a symbolic link", "put a plain file in its place and run again"),
    "other": ("{0} is no plain file", "look at it and put it in order"),
    "unreadable": ("{0} cannot be read", "look at its owner and mode"),
    "changed": ("{0} was changed by someone else meanwhile", "run again: the new content will be merged"),
    "busy": ("another run is writing to its files", "run again when that one has ended"),
    "write": (
        "a file could not be written",
        "free room on that disk, or mend its permissions, and run again",
    ),
    NO_RECORD: ("there is nothing of this run to put back", "nothing needs to be done"),
}


def replace_values(act: Act, folders: Folders, run: str, earlier: str | None = None) -> dict[str, str]:
    """Return the settings of replace.sh."""
    return {"ACT": act, "RECORD": folders.record, "RUN": run, "EARLIER": earlier or ""}


def replace_lines(changes: Sequence[FileChange]) -> list[str]:
    """Return what replace.sh reads: paths, sums and contents; by stdin alone."""
    lines: list[str] = []
    for change in changes:
        found = change.found
        lines += [found.path, change.mode, found.sha256 or "-", found.mode or "-", change.new_sha256]
        lines += [change.backup, base64.b64encode(change.new or b"").decode()]
    return [*lines, "go"]


def replaced(lines: Lines) -> tuple[tuple[str, ...], Fault | None]:
    """Return the paths that were written, or why none was."""
    paths = tuple(clean(value) for key, value in lines if key == "changed")
    for key, value in lines:
        if key == "failed":
            code, _, said = clean(value).partition(" ")
            problem, remedy = FAULTS.get(code, ("the files could not be replaced", "see what it said"))
            complaints = [f"{one} {rest}" for one, rest in lines if one not in ("changed", "failed")]
            shown = [] if "{0}" in problem else [said]
            evidence = "\n".join(clean(line) for line in (*shown, *complaints))
            return (), Fault(problem.format(said), remedy, evidence, code)
    return paths, None
