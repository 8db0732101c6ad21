"""The story: describe, look, judge, plan, agree, converge, prove, publish, confirm, report."""

from __future__ import annotations

import time
from contextlib import suppress

from provision.converge import converge, look_again
from provision.errors import ExitCode, PreflightError
from provision.faults import as_error
from provision.looking import Seen, look
from provision.operation import Goal, Operation
from provision.plan import Plan, make_plan, plan_text
from provision.proving import prove_hosts
from provision.publishing import publish_and_confirm, say_unfinished
from provision.report import Failure, Report
from provision.sitefile import Described, remember


class _Declined(Exception):  # noqa: N818 - an answer, not an error
    """The person said no."""


def deploy(operation: Operation, described: Described) -> Report:
    """Run the whole road as far as the goal goes; every ending, Ctrl-C too, is a Report."""
    begun = time.monotonic()
    plan: Plan | None = None
    failures: tuple[Failure, ...] = ()
    code = ExitCode.DONE
    try:
        seen = look(operation)
        plan = _planned(operation, seen)
        _agreed(operation, plan)
        unfinished = _carried_out(operation, plan, seen)
        if operation.goal.mutates:
            remember(described.site)
        say_unfinished(operation, plan, unfinished)
    except _Declined:
        code, failures = ExitCode.INTERRUPTED, (Failure(problem="You said no. Nothing was changed."),)
    except PreflightError as error:
        code, failures = error.exit_code, tuple(Failure.of(part) for part in error.parts)
    except Exception as error:  # noqa: BLE001 - what was done so far is said, whatever happens
        told = as_error(error, operation.run.root, operation.outcomes.changed_text())
        code, failures = told.exit_code, (Failure.of(told),)
    except KeyboardInterrupt:
        done = operation.outcomes.changed_text()
        code = ExitCode.INTERRUPTED
        failures = (Failure(problem="Interrupted.", changed=done, remedy=f"run again: {operation.command}"),)
    operation.terminal.progress.close()
    report = Report(
        command=operation.command,
        ok=code is ExitCode.DONE,
        exit_code=int(code),
        seconds=round(time.monotonic() - begun, 1),
        run_dir=str(operation.run.root),
        site=described.origin,
        notes=described.notes,
        plan=None
        if plan is None
        else plan.model_dump(mode="json", exclude={"hosts": {"__all__": {"variables"}}}),
        machines=operation.outcomes.reports(_machines(operation)),
        failures=failures,
    )
    with suppress(OSError):  # on a full disk the report is still told
        operation.run.write("report.json", report.model_dump(mode="json"))
    return report


def _planned(operation: Operation, seen: Seen) -> Plan:
    plan = make_plan(
        operation.site,
        operation.catalogue,
        seen.survey.hosts,
        seen.survey.workstations,
        seen.skipped,
        operation.limit,
    )
    operation.run.write("plan.json", plan.model_dump(mode="json"))
    if operation.goal is not Goal.VERIFY:
        operation.terminal.present(plan_text(plan))
    return plan


def _agreed(operation: Operation, plan: Plan) -> None:
    """On a terminal a person is asked once; a run that changes nothing never asks."""
    if not operation.goal.mutates or operation.yes or not plan.changes:
        return
    if not operation.terminal.agrees("Carry out this plan?", plan_text(plan)):
        raise _Declined


def _carried_out(operation: Operation, plan: Plan, seen: Seen) -> tuple[Failure, ...]:
    """Everything up to the goal; what workstations could not be brought to is returned, hosts raise."""
    facts = dict(seen.survey.hosts)
    if operation.goal is not Goal.VERIFY:
        converge(operation, plan.hosts, seen.sudo_passwords)
    if operation.goal.mutates:
        facts = look_again(operation, plan.hosts, facts, seen.sudo_passwords)
    if operation.goal is not Goal.DRY_RUN:
        prove_hosts(operation, plan.hosts, facts, seen.sudo_passwords)
    return publish_and_confirm(operation, plan, seen.survey.workstations)


def _machines(operation: Operation) -> dict[str, str]:
    return {
        **{host.name: "host" for host in operation.site.hosts if host.name in operation.limit},
        **{
            station.name: "workstation"
            for station in operation.site.consumers
            if station.name in operation.limit
        },
    }
