"""Takes ours out of a workstation's files again: one pyinfra operation."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra.api.command import FunctionCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.api.state import State
from pyinfra.context import host

from provision.fleet.workstation.exchange import Broken, converse, script
from provision.fleet.workstation.facts import files_of, look_at
from provision.fleet.workstation.loopback import REMOVE_S, loopback_fault, loopback_values
from provision.fleet.workstation.orders import emit, run_name
from provision.fleet.workstation.reading import clean, folders_of
from provision.fleet.workstation.replace import replace_lines, replace_values, replaced
from provision.fleet.workstation.shapes import Withdrawn
from provision.fleet.workstation.sharedfile import Refused
from provision.fleet.workstation.withdrawal import programs_left, withdraw

GONE_DEADLINE_S = 60


@operation()
def withdrawal() -> Generator[FunctionCommand, None, None]:
    """Give the user's files back, and take away what is ours alone."""
    if host.state.is_executing:
        yield FunctionCommand(_withdraw, (), {})


def _withdraw(state: State, host: Host) -> bool:
    del state
    machine = host.data.machine
    try:
        outcome = withdrawn(host, machine)
    except Refused as refused:
        outcome = _failed(machine, refused.problem, refused.remedy)
    except Broken as broken:
        outcome = _failed(machine, broken.said, "see that it can be reached")
    except Exception as error:  # noqa: BLE001 - pyinfra would end all machines and print what it saw
        outcome = _failed(machine, f"a fault in this program ({type(error).__name__})", "report it, please")
    emit("withdraw", outcome)
    return outcome.status != "failed"


def withdrawn(host: Host, machine: str) -> Withdrawn:
    """Take ours out; where it breaks off or fails, the ledger tells the next run what is left to do."""
    look = look_at(host, None)
    folders = folders_of(look)
    plan = withdraw(files_of(host, look, None), folders)
    if plan is None:
        return Withdrawn(machine=machine, status="ok")
    paths: tuple[str, ...] = ()
    wrong = None
    if plan.files:
        values = replace_values("replace", folders, run_name())
        paths, wrong = replaced(converse(host, script("replace", values), replace_lines(plan.files)))
    if wrong is None:
        # Nothing is to be confirmed of it, and nothing of it can be put back.
        values = replace_values("settle", folders, run_name())
        _, wrong = replaced(converse(host, script("replace", values)))
    if wrong is not None:
        return _failed(machine, wrong.problem, wrong.remedy, wrong.evidence)
    if plan.ends_router:
        end = loopback_values("remove", look.proxy, system=look.os, home=look.home)
        said = converse(host, script("loopback", end), deadline_s=REMOVE_S)
        fault = loopback_fault(said, look.user)
        if fault is not None:
            return _failed(machine, *fault)
    values = {
        "CONFIG_HOME": look.config_home,
        "STATE": folders.ledger.rsplit("/", 1)[0],
        "BACKUPS": "\n".join(plan.backups),
    }
    gone = converse(host, script("withdraw", values), deadline_s=GONE_DEADLINE_S)
    stuck = dict(gone).get("failed")
    if stuck is not None:
        return _failed(machine, f"{clean(stuck)} could not be removed", "look at its owner and mode")
    return Withdrawn(
        machine=machine,
        status="changed",
        files=tuple(path for path in paths if path != folders.ledger),
        removed=tuple(clean(value) for key, value in gone if key == "removed"),
        kept=plan.change.kept,
        left=programs_left(look, plan),
    )


def _failed(machine: str, problem: str, remedy: str, evidence: str = "") -> Withdrawn:
    return Withdrawn(machine=machine, status="failed", problem=problem, remedy=remedy, evidence=evidence)
