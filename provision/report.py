"""What came of a run: per machine what changed, what was proven, what is left; and the exit code."""

from __future__ import annotations

from provision.errors import ExitCode, ProvisionError
from provision.foreign import printable
from provision.model import Frozen


class MachineReport(Frozen):
    """One machine's part."""

    machine: str
    kind: str
    """`host` or `workstation`."""
    changed: tuple[str, ...] = ()
    proven: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """What is left to do, with the command that does it."""


class Failure(Frozen):
    """Something that went wrong, as a person needs to read it."""

    problem: str
    evidence: str = ""
    changed: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, error: ProvisionError) -> Failure:
        return cls(problem=error.problem, evidence=error.evidence, changed=error.changed, remedy=error.remedy)

    def as_error(self) -> ProvisionError:
        """The same, for printing in one form."""
        return ProvisionError(self.problem, evidence=self.evidence, changed=self.changed, remedy=self.remedy)


class Report(Frozen):
    """The one document of `--json`."""

    command: str
    ok: bool
    exit_code: int
    seconds: float
    run_dir: str
    site: str
    """Where the site came from."""
    notes: tuple[str, ...] = ()
    plan: dict[str, object] | None = None
    machines: tuple[MachineReport, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def changes(self) -> int:
        return sum(len(machine.changed) for machine in self.machines)


def report_text(report: Report, *, dry_run: bool = False) -> str:
    """The report as a person reads it on stdout."""
    lines: list[str] = []
    quiet = dry_run or report.exit_code == ExitCode.NOT_READY
    for machine in report.machines:
        said = _machine(machine, changed="would change" if dry_run else "changed", quiet=quiet)
        if said or report.ok:
            lines += [f"{machine.machine} ({machine.kind})", *said]
    for failure in report.failures:
        lines += ["", str(failure.as_error())]
    verdict = "ok" if report.ok else f"exit {report.exit_code} ({ExitCode(report.exit_code).name.lower()})"
    lines += ["", f"{_counted(report, dry_run=dry_run)} in {report.seconds:.1f} s: {verdict}"]
    lines.append(f"run directory: {report.run_dir}")
    return "\n".join(lines).lstrip("\n")


def counted(number: int, what: str) -> str:
    """A number of things: `1 change`, `2 changes`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _machine(machine: MachineReport, *, changed: str, quiet: bool) -> list[str]:
    parts = {
        changed: machine.changed,
        "proven": machine.proven,
        "warning": machine.warnings,
        "left to do": machine.left,
    }
    said = [f"  {word}: {printable(item)}" for word, items in parts.items() for item in items]
    return said if machine.changed or quiet else ["  nothing changed", *said]


def _counted(report: Report, *, dry_run: bool) -> str:
    if report.exit_code == ExitCode.NOT_READY:
        return f"{counted(len(report.failures), 'finding')}, nothing was changed,"
    return f"{counted(report.changes, 'change')} {'would be made' if dry_run else 'made'}"
