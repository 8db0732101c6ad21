"""The product as its user runs it: a command inside the lab, what it said, its report and its run folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.lab.layout import ENTER

PROGRAM = Path(sys.executable).with_name("astraeus-provision")
FAR_TOO_LONG_S = 240.0


@dataclass(frozen=True)
class Ran:
    """One command that ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    run_dir: Path | None = None
    """Of the run that it began; None where it was refused before."""

    @property
    def said(self) -> str:
        return f"{self.stdout}\n{self.stderr}"

    @cached_property
    def report(self) -> dict[str, Any]:
        """What `--json` prints, from the run folder."""
        if self.run_dir is None:
            raise AssertionError(f"there was no run:\n{self.said}")
        report: dict[str, Any] = json.loads((self.run_dir / "report.json").read_text())
        return report

    def of(self, machine: str, kind: str = "changed") -> list[str]:
        """What one machine's report says: changed, proven, warnings, left."""
        found = [entry[kind] for entry in self.report["machines"] if entry["machine"] == machine]
        if not found:
            raise AssertionError(f"the report has no {machine}:\n{self.said}")
        return list(found[0])

    def planned(self, machine: str) -> list[str]:
        """What the plan wants to do there."""
        plan = self.report["plan"] or {"hosts": [], "workstations": []}
        for entry in (*plan["hosts"], *plan["workstations"]):
            if entry["name"] == machine:
                return list(entry["actions"])
        raise AssertionError(f"the plan has no {machine}:\n{self.said}")

    @property
    def changes(self) -> int:
        return sum(len(entry["changed"]) for entry in self.report["machines"])

    @property
    def commands(self) -> str:
        """Every command line that the run logged."""
        if self.run_dir is None:
            return ""
        log = self.run_dir / "commands.log"
        return log.read_text() if log.exists() else ""

    @property
    def failures(self) -> str:
        """Every failure as one text: problem, evidence, what was changed, remedy."""
        return "\n".join("\n".join(failure.values()) for failure in self.report["failures"])

    def must(self, code: int) -> Ran:
        """The same, or a failed test that shows what was said; a traceback is never said."""
        assert self.code == code, f"exit {self.code}, expected {code}\n{self.said}"
        assert "Traceback (most recent call last)" not in self.said, self.said
        return self


@dataclass(frozen=True)
class Product:
    """The installed product with a state folder of its own."""

    state: Path
    program: Path = PROGRAM
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        # Without bytecode every program that a run starts would compile all it imports.
        foreign = {"ASTRAEUS_SITE", "PYTHONDONTWRITEBYTECODE"}
        kept = {key: value for key, value in os.environ.items() if key not in foreign}
        return {**kept, "XDG_STATE_HOME": str(self.state), **self.env}

    @property
    def runs(self) -> list[Path]:
        return sorted(
            (self.state / "astraeus-provision" / "runs").glob("*"), key=lambda one: one.stat().st_mtime_ns
        )

    def __call__(self, *words: str | Path, cwd: Path | None = None, timeout_s: float = FAR_TOO_LONG_S) -> Ran:
        """Run a command without a terminal."""
        before = set(self.runs)
        began = time.monotonic()
        done = subprocess.run(
            self.argv(*words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            env=self.environment,
            cwd=cwd,
        )
        new = [run for run in self.runs if run not in before]
        took = time.monotonic() - began
        return Ran(done.returncode, done.stdout, done.stderr, took, new[-1] if new else None)

    def argv(self, *words: str | Path) -> list[str]:
        return [str(word) for word in (ENTER, self.program, *words)]

    def lan(self, site: Path, *words: str | Path) -> Ran:
        """`lan` with that site file, not asking."""
        return self("lan", "--site", site, "--yes", *words)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Begin a command without a terminal, to interfere while it works."""
        return subprocess.Popen(
            self.argv(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def latest(self, process: subprocess.Popen[str], stderr: str = "") -> Ran:
        """Wait for the end of a started command."""
        out, err = process.communicate(timeout=FAR_TOO_LONG_S)
        return Ran(process.returncode, out, stderr + err, 0.0, self.runs[-1] if self.runs else None)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Read a started command's progress until it says the words (or ends: a failed test)."""
    if process.stderr is None:
        raise AssertionError("its progress is not read")
    seen: list[str] = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return "".join(seen)
    raise AssertionError(f"it ended and never said {words!r}:\n{''.join(seen)}")


def without(text: str, words: Sequence[str]) -> list[str]:
    """Those of the words that the text lacks."""
    return [word for word in words if word not in text]
