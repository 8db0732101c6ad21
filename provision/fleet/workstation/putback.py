"""Makes a workstation's files again what they were before what was not confirmed: one pyinfra operation."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra.api.command import FunctionCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.api.state import State
from pyinfra.context import host

from provision.fleet.workstation.exchange import Broken, converse
from provision.fleet.workstation.facts import look_at
from provision.fleet.workstation.orders import emit, order_of, run_name, was_written
from provision.fleet.workstation.reading import folders_of
from provision.fleet.workstation.replace import NO_RECORD, NOT_UNDONE, replace_values, replaced
from provision.fleet.workstation.scripts import script
from provision.fleet.workstation.shapes import PutBack
from provision.fleet.workstation.undoing import router_fault

LOST = "what this run wrote stays, as its record of what to put back is not there"


@operation()
def putback() -> Generator[FunctionCommand, None, None]:
    """Undo the publish of this run, or of the earlier one that was never confirmed."""
    if host.state.is_executing:
        yield FunctionCommand(put_back, (), {})


def put_back(state: State, host: Host) -> bool:
    """Put back what the record there tells of; without it, what this run wrote cannot be undone."""
    del state
    machine = host.data.machine
    try:
        look = look_at(host, order_of(machine))
        earlier = None if look.unconfirmed_run == NOT_UNDONE else look.unconfirmed_run
        values = replace_values("putback", folders_of(look), run_name(), earlier)
        paths, wrong = replaced(converse(host, script("replace", values)))
        if wrong is None:
            fault = router_fault(host, look, paths)
            outcome = PutBack(machine=machine, status="changed", files=paths)
            if fault is not None:
                failed = _failed(machine, fault, "mend that and run again")
                outcome = failed.model_copy(update={"files": paths})
        elif wrong.code == NO_RECORD and was_written(machine):
            outcome = _failed(machine, LOST, "what stood there before lies beside each file (.astraeus.bak)")
        elif wrong.code == NO_RECORD:
            outcome = PutBack(machine=machine, status="ok")
        else:
            outcome = _failed(machine, wrong.problem, wrong.remedy, wrong.evidence)
    except Broken as broken:
        outcome = _failed(machine, broken.said, "its backup lies beside the router file (.astraeus.bak)")
    except Exception as error:  # noqa: BLE001 - pyinfra would end all machines and print what it saw
        outcome = _failed(machine, f"a fault in this program ({type(error).__name__})", "report it, please")
    emit("putback", outcome)
    return outcome.status != "failed"


def _failed(machine: str, problem: str, remedy: str, evidence: str = "") -> PutBack:
    return PutBack(machine=machine, status="failed", problem=problem, remedy=remedy, evidence=evidence)
