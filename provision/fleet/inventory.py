"""The pyinfra inventory of a run: groups `hosts` and `workstations`, read from $ASTRAEUS_RUN/inventory.json.

A workstation with `"local": true` is this machine over pyinfra's local connector, which names it `@local`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from provision.fleet.host.sudoword import sudo_variable
from provision.fleet.workstation.invoke import LOCAL_NAME


def _group(machines: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (LOCAL_NAME if data.get("local") else name, {**data, "machine": name})
        for name, data in machines.items()
    ]


# pyinfra keeps byte code from being written; ours would be compiled anew by every phase of every run.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

_run = json.loads((Path(os.environ["ASTRAEUS_RUN"]) / "inventory.json").read_text(encoding="utf-8"))
hosts = [
    (name, {**data, **({"_stdin": word} if (word := os.environ.get(sudo_variable(name))) else {})})
    for name, data in _group(_run.get("hosts", {}))
]
workstations = _group(_run.get("workstations", {}))
