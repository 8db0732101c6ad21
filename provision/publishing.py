"""Publish and confirm: workstations get what was proven, and keep only what their own OpenCode confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provision.engines import workstations
from provision.errors import ProvisionError, PublishError
from provision.fleet.workstation.shapes import Confirmed, Look, Outcome, Published
from provision.operation import Goal, Operation
from provision.orders import orders
from provision.plan import Plan, WorkstationPlan
from provision.progress import step
from provision.report import Failure
from provision.ssh import CONNECT_TIMEOUT_S
from provision.survey import write_inventory

STARTED = "started the loopback router"


def publish_and_confirm(operation: Operation, plan: Plan, looks: Mapping[str, Look]) -> tuple[Failure, ...]:
    """Bring workstations to their state as far as the goal goes; the failures name those that kept theirs."""
    stations = plan.workstations
    # A later look at hosts alone has narrowed the run's inventory.
    write_inventory(operation.run.root, operation.site, operation.ways, timeout_s=CONNECT_TIMEOUT_S)
    for station in stations:
        operation.outcomes.add("publish", station.name, "warning", *station.kept)
    match operation.goal:
        case Goal.DRY_RUN:
            for station in stations:
                operation.outcomes.add("publish", station.name, "changed", *station.actions)
            return ()
        case Goal.VERIFY:
            stale = [_stale(operation, station) for station in stations if station.actions]
            return (*stale, *_confirmed(operation, [s for s in stations if not s.actions], afresh=True))
        case Goal.APPLY:
            published, failures = _published(operation, [station for station in stations if station.actions])
            unchanged = [station for station in stations if not station.actions]
            # What an interrupted run left was never confirmed, though nothing differs now.
            doubtful = [station for station in unchanged if looks[station.name].unconfirmed]
            unchanged = [station for station in unchanged if station not in doubtful]
            if not any(host.converge for host in plan.hosts):
                unchanged = _still_good(operation, unchanged, looks)
            failures += _confirmed(operation, unchanged, afresh=False)
            failures += _confirmed(operation, [*published, *doubtful], afresh=True)
            return tuple(failures)


def _still_good(
    operation: Operation, stations: Sequence[WorkstationPlan], looks: Mapping[str, Look]
) -> list[WorkstationPlan]:
    """Confirm by this run's own look who had nothing to change and reached every host; returns the others."""
    others = []
    for station in stations:
        reach = looks[station.name].reach
        if reach and all(answer == "200" for answer in reach.values()):
            texts = [f"its files are as published, and {url} answers there" for url in reach]
            operation.outcomes.add("confirm", station.name, "proven", *texts)
        else:
            others.append(station)
    return others


def _stale(operation: Operation, station: WorkstationPlan) -> Failure:
    return Failure(
        problem=f"{station.name}: it is not as the site describes it",
        evidence="\n".join(station.actions),
        remedy=operation.again(station.name, verb=operation.deploys),
    )


def _failure(outcome: Outcome) -> Failure:
    return Failure(
        problem=f"{outcome.machine}: {outcome.problem}",
        evidence=outcome.evidence,
        changed=outcome.changed,
        remedy=outcome.remedy,
    )


def _published(
    operation: Operation, stations: Sequence[WorkstationPlan]
) -> tuple[list[WorkstationPlan], list[Failure]]:
    if not stations:
        return [], []
    names = [station.name for station in stations]
    with step(operation.terminal.progress, f"Publish to {', '.join(names)}") as summary:
        try:
            done = workstations.publish(operation.run.root, names, log=operation.log, tell=operation.tell)
        except BaseException:  # Ctrl-C: what was written is written all the same
            _keep(operation, workstations.written(operation.run.root))
            raise
        _keep(operation, done)
        summary.append(f"{sum(outcome.status == 'changed' for outcome in done.values())} written")
    failures = [_failure(outcome) for outcome in done.values() if outcome.status == "failed"]
    good = [station for station in stations if done[station.name].status != "failed"]
    return good, failures


def _keep(operation: Operation, published: Mapping[str, Published]) -> None:
    for outcome in published.values():
        if outcome.installed and outcome.opencode is not None:
            text = f"installed OpenCode {outcome.opencode.version} at {outcome.opencode.path}"
            operation.outcomes.add("publish", outcome.machine, "changed", text)
        if outcome.plugin is not None:
            text = f"installed the plugin at {outcome.plugin}"
            operation.outcomes.add("publish", outcome.machine, "changed", text)
        if outcome.haproxy is not None:
            text = f"installed HAProxy at {outcome.haproxy}"
            operation.outcomes.add("publish", outcome.machine, "changed", text)
        if outcome.started:
            operation.outcomes.add("publish", outcome.machine, "changed", STARTED)
        if outcome.status != "failed":
            operation.outcomes.add("publish", outcome.machine, "changed", *_wrote(outcome.files))
            operation.outcomes.add("publish", outcome.machine, "left", *outcome.left_to_do)


def _wrote(files: Sequence[str]) -> list[str]:
    return [f"wrote {path}" for path in files]


def _confirmed(operation: Operation, stations: Sequence[WorkstationPlan], *, afresh: bool) -> list[Failure]:
    """Ask each workstation's own OpenCode; what it does not confirm is put back, where we wrote it."""
    if not stations:
        return []
    names = [station.name for station in stations]
    wanted = orders(operation.site, operation.catalogue)
    how = {"session": afresh, "settle": afresh and operation.goal.mutates}
    for name in names:
        confirm = wanted[name].confirm.model_copy(update=how)
        asked = wanted[name].model_copy(update={"confirm": confirm})
        operation.run.write(f"router/{name}.json", asked.model_dump(mode="json"))
    with step(operation.terminal.progress, f"Confirm on {', '.join(names)}") as summary:
        done = workstations.confirm(operation.run.root, names, log=operation.log, tell=operation.tell)
        for outcome in done.values():
            if outcome.status != "failed":
                operation.outcomes.add("confirm", outcome.machine, "proven", *_said(outcome))
        failed = [outcome for outcome in done.values() if outcome.status == "failed"]
        summary.append(f"{len(done) - len(failed)} confirmed")
    if failed and afresh and operation.goal.mutates:
        return _put_back(operation, failed)
    return [_failure(outcome) for outcome in failed]


def _said(outcome: Confirmed) -> list[str]:
    texts = [f"{outcome.agents} agents have their models in its own OpenCode"] if outcome.agents else []
    for answer in outcome.answers:
        if answer.how == "session":
            texts.append(
                f"OpenCode answered with {answer.model} in {answer.seconds:.1f} s: {answer.text.strip()!r}"
            )
        else:
            texts.append(f"{answer.model}: its file is unchanged and the server lists the model")
    return texts


def _put_back(operation: Operation, failed: Sequence[Confirmed]) -> list[Failure]:
    names = [outcome.machine for outcome in failed]
    with step(operation.terminal.progress, f"Put back {', '.join(names)}"):
        restored = workstations.put_back(operation.run.root, names, log=operation.log, tell=operation.tell)
    failures = []
    for outcome in failed:
        back = restored[outcome.machine]
        if back.files:
            operation.outcomes.taken_back("putback", outcome.machine, *_wrote(back.files), STARTED)
        state = {
            "changed": "Its files were put back as they were.",
            "ok": "None of its files had to be put back.",
            "failed": f"Its files were put back as they were, but {back.problem}: {back.remedy}"
            if back.files
            else f"Its files could NOT be put back: {back.problem}. {back.remedy}",
        }[back.status]
        failures.append(_failure(outcome).model_copy(update={"changed": state}))
    return failures


def say_unfinished(operation: Operation, plan: Plan, failures: Sequence[Failure]) -> None:
    """PublishError naming every workstation that kept its old file, and the command that finishes it."""
    parts = [failure.as_error() for failure in failures]
    for name, why in plan.skipped.items():
        remedy = f"{why.remedy}; then: {operation.again(name)}"
        operation.outcomes.add("publish", name, "left", f"{why.reason}; {remedy}")
        parts.append(ProvisionError(f"{name}: {why.reason}; it keeps its old file", remedy=remedy))
    if parts and operation.goal is not Goal.DRY_RUN:
        raise PublishError(parts)
