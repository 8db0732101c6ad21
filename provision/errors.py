"""The error tree; the exit code says how far a run got.

ProvisionError(problem, remedy, evidence)      nothing else may leave the package
├─ SiteError        2   a description is wrong: file, line, key        nothing was contacted
├─ PreflightError   3   machines are not ready, all findings at once   nothing was changed
├─ ConvergeError    4   machine, task, message, its journal            hosts may be half-way, a rerun heals
├─ ProofError       5   probed URL, expected, got                      hosts changed, no workstation touched
├─ PublishError     6   workstations that kept their old file          the rest are done
├─ EngineError      7   an engine could not start or spoke nonsense
└─ BrokenOffError 130   Ctrl-C, before there was a run to report     nothing was changed
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Process exit codes; every command keeps to them."""

    DONE = 0
    DESCRIPTION = 2
    NOT_READY = 3
    CONVERGE = 4
    PROOF = 5
    PUBLISH = 6
    ENGINE = 7
    INTERRUPTED = 130


class ProvisionError(Exception):
    """Something a person has to know: what happened, the evidence, what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.ENGINE

    def __init__(self, problem: str, *, remedy: str = "", evidence: str = "", changed: str = "") -> None:
        """Problem names the machine first; changed says what was already done."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.evidence = evidence
        self.changed = changed

    def __str__(self) -> str:
        lines = [self.problem]
        if self.evidence:
            lines += [f"    | {line}" for line in self.evidence.strip().splitlines()]
        if self.changed:
            lines.append(self.changed)
        if self.remedy:
            lines.append(f"-> {self.remedy}")
        return "\n".join(lines)


class SiteError(ProvisionError):
    """The description is wrong."""

    exit_code = ExitCode.DESCRIPTION


class PreflightError(ProvisionError):
    """Machines are not ready; the parts are the findings, each with its remedy."""

    exit_code = ExitCode.NOT_READY

    def __init__(self, parts: Sequence[ProvisionError]) -> None:
        super().__init__("\n".join(str(part) for part in parts), changed="Nothing was changed.")
        self.parts = tuple(parts)


class ConvergeError(ProvisionError):
    """A host could not be brought to its state."""

    exit_code = ExitCode.CONVERGE


class ProofError(ProvisionError):
    """A converged host does not answer as it must."""

    exit_code = ExitCode.PROOF


class PublishError(ProvisionError):
    """Some workstations kept their old file; the parts are these, each with its remedy."""

    exit_code = ExitCode.PUBLISH

    def __init__(self, parts: Sequence[ProvisionError]) -> None:
        super().__init__("\n".join(str(part) for part in parts))
        self.parts = tuple(parts)


class EngineError(ProvisionError):
    """Ansible, pyinfra or OpenSSH could not run at all."""

    exit_code = ExitCode.ENGINE


class BrokenOffError(ProvisionError):
    """A person or the system broke it off before there was anything to report."""

    exit_code = ExitCode.INTERRUPTED
