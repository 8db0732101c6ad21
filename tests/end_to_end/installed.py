"""A machine on which the product itself is installed, and what it says when it is run there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.product import PROGRAM
from tests.lab import layout, molecule
from tests.lab.lab import LabMachine

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def installed(folder: Path, name: str = "own") -> Iterator[LabMachine]:
    """A laptop of its own that sees this checkout, and the Python that runs it."""
    seen = {ROOT: str(ROOT), Path(sys.base_prefix): sys.base_prefix}
    if sys.base_prefix == "/usr":
        del seen[Path("/usr")]
    molecule.create(folder, "laptop-node", [name], molecule.keeper(), seen)
    place = layout.Machine(f"mol-{name}", "dev", "laptop-node", 0, container_name=f"mol-{name}")
    machine = LabMachine(place)
    machine.run("chmod a+x /root")  # on the way to a Python that may lie in root's home
    try:
        yield machine
    finally:
        molecule.destroy(folder)


def run(machine: LabMachine, words: str, code: int, user: str = "dev") -> dict[str, Any]:
    env = "PYTHONDONTWRITEBYTECODE=1" + (" SUDO_USER=dev HOME=/root" if user == "root" else "")
    done = machine.run(f"{env} {PROGRAM} {words} --json", user=user, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def said(report: dict[str, Any], machine: str, kind: str) -> list[str]:
    found: list[str] = next(one[kind] for one in report["machines"] if one["machine"] == machine)
    return found
