"""The report as a person reads it."""

from __future__ import annotations

from provision.errors import ConvergeError
from provision.report import Failure, MachineReport, Report, report_text

MACHINES = (
    MachineReport(machine="gpu", kind="host", changed=("unit", "drop-in"), proven=("version: 1",)),
    MachineReport(machine="laptop", kind="workstation", warnings=("old shell",), left=("log in anew",)),
)


def report(**changes: object) -> Report:
    base = Report(
        command="c",
        ok=True,
        exit_code=0,
        seconds=3.21,
        run_dir="/runs/1",
        site="flags only",
        machines=MACHINES,
    )
    return base.model_copy(update=changes)


def test_it_says_per_machine_what_changed_was_proven_and_is_left() -> None:
    assert report_text(report()).splitlines() == [
        "gpu (host)",
        "  changed: unit",
        "  changed: drop-in",
        "  proven: version: 1",
        "laptop (workstation)",
        "  nothing changed",
        "  warning: old shell",
        "  left to do: log in anew",
        "",
        "2 changes made in 3.2 s: ok",
        "run directory: /runs/1",
    ]


def test_a_dry_run_says_would() -> None:
    text = report_text(report(), dry_run=True)
    assert "would change: unit" in text
    assert "2 changes would be made" in text
    assert "nothing changed" not in text


def test_machines_that_are_not_ready_end_in_what_was_found() -> None:
    bare = tuple(MachineReport(machine=one.machine, kind=one.kind) for one in MACHINES)
    found = (Failure(problem="gpu: no card"), Failure(problem="gpu: no disk"))
    text = report_text(report(ok=False, exit_code=3, machines=bare, failures=found))
    assert text.splitlines() == [
        "gpu: no card",
        "",
        "gpu: no disk",
        "",
        "2 findings, nothing was changed, in 3.2 s: exit 3 (not_ready)",
        "run directory: /runs/1",
    ]


def test_one_change_is_one() -> None:
    one = (MACHINES[0].model_copy(update={"changed": ("unit",)}),)
    assert "\n1 change made in" in report_text(report(machines=one))


def test_a_failure_is_told_with_evidence_what_was_changed_and_what_to_do() -> None:
    error = ConvergeError(
        "gpu: it burns", evidence="smoke\nfire", changed="Already changed: gpu", remedy="water"
    )
    text = report_text(report(ok=False, exit_code=4, failures=(Failure.of(error),)))
    assert "gpu: it burns\n    | smoke\n    | fire\nAlready changed: gpu\n-> water" in text
    assert "exit 4 (converge)" in text


def test_no_machine_s_words_forge_a_line_of_the_report() -> None:
    odd = MachineReport(machine="gpu", kind="host", warnings=("a\n  proven: all\x1b[2J",), left=("b\n0",))
    shown = report_text(
        Report(command="c", ok=True, exit_code=0, seconds=1.0, run_dir="/r", site="s", machines=(odd,))
    )
    assert "  warning: a?  proven: all?[2J" in shown.splitlines()
    assert "  left to do: b?0" in shown.splitlines()
