"""`router uninstall`: ours goes out of the workstations' files, and what was there comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provision.ending import Declined, Present, ended
from provision.engines import workstations
from provision.errors import ProvisionError, PublishError
from provision.fleet.workstation.shapes import Look
from provision.operation import Operation
from provision.progress import step
from provision.report import Report
from provision.sitefile import Described
from provision.survey import Survey, survey


def withdraw(operation: Operation, described: Described, keep: Callable[[], None] | None = None) -> Report:
    """Take ours out on the workstations of the limit; PublishError names those that kept it.

    `keep` is called at the end of a run that changed things, where all of them are done.
    """

    def road(present: Present) -> None:
        names = [one.name for one in operation.site.consumers if one.name in operation.limit]
        with step(operation.terminal.progress, f"Look at {len(names)} machines"):
            seen = survey(
                operation.site,
                operation.catalogue,
                operation.run.root,
                ways=operation.ways,
                log=operation.log,
                only=names,
            )
        looks = seen.workstations
        failed = _unready(operation, seen)
        text = _text(names, looks, failed)
        present({"workstations": {name: _files(looks.get(name)) for name in names}})
        operation.terminal.present(text)
        going = [name for name in names if name not in failed and _files(looks.get(name))]
        if operation.goal.mutates and going:
            if not operation.yes and not operation.terminal.agrees("Take these out?", text):
                raise Declined
            failed |= _carried_out(operation, going)
        elif not operation.goal.mutates:
            for name in going:
                operation.outcomes.add("withdraw", name, "changed", *_files(looks.get(name)))
        if failed:
            raise PublishError(list(failed.values()))
        if operation.goal.mutates and keep is not None:
            keep()

    return ended(operation, described, road)


def _files(look: Look | None) -> tuple[str, ...]:
    return () if look is None or look.change is None else look.change.files


def _failure(
    operation: Operation, name: str, problem: str, remedy: str, evidence: str = ""
) -> ProvisionError:
    then = f"{remedy or 'mend that'}; then: {operation.command}"
    return ProvisionError(f"{name}: {problem}", remedy=then, evidence=evidence)


def _unready(operation: Operation, seen: Survey) -> dict[str, ProvisionError]:
    """Who was not reached, or has files that must be left: whether ours is in them is not known."""
    why = {name: (one.reason, "") for name, one in seen.unreachable.items()}
    why |= {name: (f"its host key is {key.state}", "") for name, key in seen.keys.items()}
    looks = seen.workstations.items()
    why |= {name: (look.problem, "") for name, look in looks if look.problem}
    why |= {name: (look.refused, look.remedy) for name, look in looks if look.refused}
    return {name: _failure(operation, name, *said) for name, said in why.items()}


def _text(names: list[str], looks: Mapping[str, Look], failed: Mapping[str, ProvisionError]) -> str:
    lines = ["What goes (~ given back, - removed)"]
    for name in names:
        lines.append(f"  {name} (workstation)")
        if name in failed:
            lines.append(f"    nothing: {failed[name].problem.removeprefix(f'{name}: ')}")
            continue
        look = looks.get(name)
        shown = "" if look is None or look.change is None else look.change.diff
        lines += [f"    {line}" for line in shown.splitlines()] or ["    nothing of ours"]
    return "\n".join(lines)


def _carried_out(operation: Operation, names: list[str]) -> dict[str, ProvisionError]:
    failed: dict[str, ProvisionError] = {}
    with step(operation.terminal.progress, f"Take out on {', '.join(names)}"):
        done = workstations.withdraw(operation.run.root, names, log=operation.log, tell=operation.tell)
    for name, outcome in done.items():
        if outcome.status == "failed":
            failed[name] = _failure(operation, name, outcome.problem, outcome.remedy, outcome.evidence)
            continue
        operation.outcomes.add("withdraw", name, "changed", *outcome.files, *outcome.removed)
        operation.outcomes.add("withdraw", name, "warning", *outcome.kept)
        operation.outcomes.add("withdraw", name, "left", *outcome.left)
    return failed
