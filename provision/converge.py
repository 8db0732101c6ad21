"""Converge: Ansible on the hosts that need it, and a second look whether they now are as expected."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from provision.drift import NOT_COMPARED, drift
from provision.engines import ansible
from provision.errors import ConvergeError, ProvisionError
from provision.facts import HostFacts
from provision.operation import Operation
from provision.plan import HostPlan
from provision.progress import step
from provision.ssh import ansible_host_vars
from provision.survey import survey

FULL_BYTES = 1 << 20
"""A disk with less free is full: no module of Ansible's fits on it."""


def inventory_host(operation: Operation, plan: HostPlan, *, password_given: bool) -> dict[str, object]:
    """A host's variables for Ansible: how to get there, and what it shall be."""
    way = operation.ways[plan.name]
    connection = ansible.connection_vars(
        ansible_host_vars(way), is_root=way.user == "root", password_of=plan.name if password_given else None
    )
    return {**connection, **plan.variables.flat()}


def converge(
    operation: Operation,
    plans: Sequence[HostPlan],
    sudo_passwords: Mapping[str, str],
) -> None:
    """Bring hosts to their state, or show what would change; ConvergeError names each that failed."""
    check = not operation.goal.mutates
    for plan in plans:
        if check and plan.python_first:
            operation.outcomes.add("converge", plan.name, "changed", *plan.actions)
            note = "Ansible's own check needs python3 there; the plan above is all that can be said before"
            operation.outcomes.add("converge", plan.name, "warning", note)
    going = [plan for plan in plans if plan.converge and not (check and plan.python_first)]
    if not going:
        return
    hosts = {
        plan.name: inventory_host(operation, plan, password_given=plan.name in sudo_passwords)
        for plan in going
    }
    operation.run.write("ansible.json", ansible.inventory(hosts))
    verb = "Check" if check else "Converge"
    with step(operation.terminal.progress, f"{verb} {', '.join(hosts)}") as summary:
        played = ansible.play(
            f"{operation.site.pattern}.yml",
            operation.run.root,
            log=operation.log,
            tell=operation.tell,
            changed=lambda name, text: operation.outcomes.add("converge", name, "changed", text),
            check=check,
            verbose=operation.verbose,
            become_passwords={name: sudo_passwords[name] for name in hosts if name in sudo_passwords},
        )
        count = 0
        for name, outcome in played.hosts.items():
            count += len(outcome.changed)
            if check and outcome.diff:
                operation.terminal.present(f"{name}:\n{outcome.diff}")
        failed = {name: outcome.failure for name, outcome in played.hosts.items() if outcome.failure}
        if failed:
            raise _failure(operation, failed, _full_disks(operation, failed, sudo_passwords))
        missing = hosts.keys() - played.hosts.keys()
        if missing:
            raise _failure(operation, dict.fromkeys(missing, "Ansible said nothing about it"))
        summary.append(f"{count} changes")


def _full_disks(
    operation: Operation, names: Collection[str], sudo_passwords: Mapping[str, str]
) -> tuple[str, ...]:
    """Ask hosts that failed for their disks: a full one breaks Ansible off in ways that do not say so."""
    try:
        seen = survey(
            operation.site,
            operation.catalogue,
            operation.run.root,
            ways=operation.ways,
            log=operation.log,
            only=names,
            sudo_passwords=sudo_passwords,
        )
    except ProvisionError:
        return ()
    return tuple(
        f"{name}: no space left on the disk of {path} ({disk.free_bytes} bytes)"
        for name, facts in seen.hosts.items()
        for path, disk in facts.disks.items()
        if disk.free_bytes < FULL_BYTES
    )


def _failure(operation: Operation, failed: Mapping[str, str], more: Sequence[str] = ()) -> ConvergeError:
    lines = [f"{name}: {text}" if not text.startswith(f"{name}:") else text for name, text in failed.items()]
    head, *evidence = "\n".join([*lines, *more]).splitlines()
    return ConvergeError(
        head,
        evidence="\n".join(evidence),
        changed=operation.outcomes.changed_text(),
        remedy=f"mend the cause, then run again; it goes on where it stopped: {operation.command}",
    )


def look_again(
    operation: Operation,
    plans: Sequence[HostPlan],
    before: Mapping[str, HostFacts],
    sudo_passwords: Mapping[str, str],
) -> dict[str, HostFacts]:
    """The facts of every host after Ansible; ConvergeError where one still differs from what was asked."""
    converged = [plan for plan in plans if plan.converge]
    facts = dict(before)
    if not converged:
        return facts
    seen = survey(
        operation.site,
        operation.catalogue,
        operation.run.root,
        ways=operation.ways,
        log=operation.log,
        live={plan.name: plan.expected.query for plan in converged},
        only=[plan.name for plan in converged],
        sudo_passwords=sudo_passwords,
    )
    for plan in converged:
        if plan.name not in seen.hosts:
            raise ConvergeError(
                f"{plan.name}: it does not answer after Ansible was there",
                evidence=seen.unreachable[plan.name].reason if plan.name in seen.unreachable else "",
                changed=operation.outcomes.changed_text(),
                remedy=f"see whether `ssh {plan.name}` works, then run again",
            )
        after = seen.hosts[plan.name]
        facts[plan.name] = after
        differences = [text for text in drift(plan.expected, after) if text != NOT_COMPARED]
        if after.live is not None and differences:
            raise ConvergeError(
                f"{plan.name}: Ansible reported success, but the host still differs",
                evidence="\n".join(differences),
                changed=operation.outcomes.changed_text(),
                remedy="something else on the host changes it back; find that, then run again: "
                + operation.command,
            )
    return facts
