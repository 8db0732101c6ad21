"""A run's folder, and pyinfra itself run with it on a laptop that is a folder here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from provision.engines.pyinfra import INVENTORY
from provision.fleet.workstation.invoke import arguments, fresh, outcomes
from provision.fleet.workstation.shapes import Look, Phase
from provision.forms import LOCAL
from tests.unit.fleet.homes import Home, order

SECRET = "sk-live-0123456789"
USERS = f'{{\n  // mine\n  "provider": {{ "paid": {{ "options": {{ "apiKey": "{SECRET}" }} }} }}\n}}\n'
FAKE = """#!/bin/sh
[ "$1" != --version ] || { echo 1.2.3; exit; }
echo '{"type":"text","part":{"text":"ready"}}'
"""


class Run:
    """A run's folder and the laptop that it is about."""

    def __init__(self, root: Path, laptop: Home, url: str) -> None:
        self.root = root
        self.laptop = laptop
        self.said = ""
        for name in ("router", "workstations"):
            (root / name).mkdir(parents=True)
        machines = {"hosts": {}, "workstations": {LOCAL: {"local": True}}}
        (root / "inventory.json").write_text(json.dumps(machines))
        self.url = url

    def order(self, *models: str, settle: bool = False) -> None:
        wanted = order(*models, url=self.url)
        confirm = wanted.confirm.model_copy(update={"settle": settle})
        text = wanted.model_copy(update={"confirm": confirm}).model_dump_json()
        (self.root / "router" / f"{LOCAL}.json").write_text(text)

    def pyinfra(self, *words: str) -> str:
        home = str(self.laptop.home)
        done = subprocess.run(
            [sys.executable, "-m", "pyinfra", str(INVENTORY), *words],
            env={
                **os.environ,
                "HOME": home,
                "SHELL": "/bin/sh",
                "ASTRAEUS_RUN": str(self.root),
                "PYTHONPATH": str(INVENTORY.parents[2]),
                "PYINFRA_PROGRESS": "off",
            },
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        self.said += done.stdout + done.stderr
        return done.stdout

    def look(self) -> Look:
        answers = json.loads(self.pyinfra("-vvv", "--debug", "fact", "provision.fleet.look.State", "--json"))
        return Look.model_validate(answers["provision.fleet.look.State"]["@local"])

    def phase(self, phase: Phase, *more: str) -> dict[str, object]:
        fresh(self.root, phase)
        self.pyinfra("-vvv", "--debug", *more, *arguments(phase, [LOCAL], local=LOCAL))
        return dict(outcomes(self.root, phase))
