"""The story: describe, look, judge, plan, agree, converge, prove, publish, confirm, report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from provision.converge import converge, look_again
from provision.ending import Declined, Present, ended
from provision.looking import Seen, look
from provision.operation import Goal, Operation
from provision.orders import remarks
from provision.plan import Plan, make_plan, plan_text
from provision.proving import prove_hosts
from provision.publishing import publish_and_confirm, say_unfinished
from provision.report import Failure, Report
from provision.sitefile import Described, remember


def deploy(operation: Operation, described: Described, keep: Callable[[bool], None] | None = None) -> Report:
    """Run the whole road as far as the goal goes; every ending, Ctrl-C too, is a Report.

    `keep` is told at the end of a run that changes things whether each workstation is finished; without it
    the site is remembered.
    """

    def road(present: Present) -> None:
        seen = look(operation)
        fitted = replace(operation, site=seen.site)
        plan = _planned(fitted, seen)
        present(plan.model_dump(mode="json", exclude={"hosts": {"__all__": {"variables"}}}))
        agreed(fitted, plan)
        unfinished = _carried_out(fitted, plan, seen)
        if operation.goal.mutates:
            if keep is None:
                remember(described.site)
            else:
                keep(not unfinished and not plan.skipped)
        say_unfinished(fitted, plan, unfinished)

    return ended(operation, described, road)


def _planned(operation: Operation, seen: Seen) -> Plan:
    plan = make_plan(
        operation.site,
        operation.catalogue,
        seen.survey.hosts,
        seen.survey.workstations,
        seen.skipped,
        operation.limit,
        remarks(operation.site, operation.limit, operation.catalogue),
        seen.fits,
    )
    operation.run.write("plan.json", plan.model_dump(mode="json"))
    if operation.goal is not Goal.VERIFY:
        operation.terminal.present(plan_text(plan))
    return plan


def agreed(operation: Operation, plan: Plan) -> None:
    """Ask a person once, on a terminal, where something changes; Declined where she says no."""
    if not operation.goal.mutates or operation.yes or not plan.changes:
        return
    if not operation.terminal.agrees("Carry out this plan?", plan_text(plan)):
        raise Declined


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
