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
    for machine in report.machines:
        lines.append(f"{machine.machine} ({machine.kind})")
        verb = "would change" if dry_run else "changed"
        lines += [f"  {verb}: {printable(item)}" for item in machine.changed]
        if not machine.changed and not dry_run:
            lines.append("  nothing changed")
        lines += [f"  proven: {printable(item)}" for item in machine.proven]
        lines += [f"  warning: {printable(item)}" for item in machine.warnings]
        lines += [f"  left to do: {printable(item)}" for item in machine.left]
    for failure in report.failures:
        lines += ["", str(failure.as_error())]
    would = "would be made" if dry_run else "made"
    verdict = "ok" if report.ok else f"exit {report.exit_code} ({ExitCode(report.exit_code).name.lower()})"
    lines += ["", f"{report.changes} changes {would} in {report.seconds:.1f} s: {verdict}"]
    lines.append(f"run directory: {report.run_dir}")
    return "\n".join(lines)
