"""How the phases are run: pyinfra's arguments behind the inventory, and what they leave to read.

    look      fact provision.fleet.look.State --json            (the survey; answers are Looks on stdout)
    publish   -y --limit M … deploys/publish.py       equips, publishes; with --dry nothing
    confirm   --dry --limit M … deploys/confirm.py              changes nothing anywhere
    putback   -y --limit M … deploys/putback.py       undoes this run's publish
    withdraw  -y --limit M … deploys/withdraw.py      takes ours out of the user's files

The working folder is the run's folder, and ASTRAEUS_RUN names it. pyinfra's own exit status and JSON say
less than the outcomes: machines that are asked and not in them were not reached. Must not import pyinfra.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import TypeAdapter

from provision.fleet.workstation.shapes import Confirmed, Outcome, Phase, Published, PutBack, Withdrawn

LOCAL_NAME = "@local"
"""What pyinfra calls this machine over its local connection."""
_DEPLOYS = Path(__file__).parent / "deploys"
_SHAPES: Mapping[Phase, type[Outcome]] = {
    "publish": Published,
    "confirm": Confirmed,
    "putback": PutBack,
    "withdraw": Withdrawn,
}


def arguments(phase: Phase, machines: Collection[str], *, local: str | None = None) -> tuple[str, ...]:
    """Return pyinfra's arguments behind its inventory; `local` is the machine that pyinfra calls @local."""
    limits = [word for name in machines for word in ("--limit", LOCAL_NAME if name == local else name)]
    way = ["--dry"] if phase == "confirm" else ["-y"]
    return (*way, *limits, str(_DEPLOYS / f"{phase}.py"))


def fresh(run_dir: Path, phase: Phase) -> None:
    """Forget what an earlier try of this phase left; call it before the phase runs."""
    _path(run_dir, phase).unlink(missing_ok=True)


def outcomes(run_dir: Path, phase: Phase) -> dict[str, Outcome]:
    """Return what the phase did, by machine; who is missing was not reached."""
    path = _path(run_dir, phase)
    if not path.is_file():
        return {}
    reader: TypeAdapter[Outcome] = TypeAdapter(_SHAPES[phase])
    told = [reader.validate_json(line) for line in path.read_text("utf-8").splitlines()]
    return {outcome.machine: outcome for outcome in told}


def _path(run_dir: Path, phase: Phase) -> Path:
    return run_dir / "workstations" / f"{phase}.jsonl"
