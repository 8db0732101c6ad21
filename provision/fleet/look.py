"""The one fact of a survey: each machine gets the look of its class, so one pyinfra process sees all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pyinfra.api.facts import FactBase
from pyinfra.context import host

from provision.fleet.answers import answers_folder


def _look() -> FactBase[dict[str, Any]]:
    """The look of the class that the machine in context belongs to."""
    if "hosts" in host.groups:
        from provision.fleet.host.facts import HostState  # noqa: PLC0415 - a survey of hosts needs no more

        return HostState()
    from provision.fleet.workstation.facts import WorkstationState  # noqa: PLC0415

    return WorkstationState()


class State(FactBase[dict[str, Any]]):
    """What the machine's own look sees."""

    def command(self) -> str:
        return str(_look().command())

    def process(self, output: list[str]) -> dict[str, Any]:
        """Kept at once: what one machine said stays, also where another never comes to an end."""
        answer = dict(_look().process(output))
        folder = answers_folder(Path(os.environ["ASTRAEUS_RUN"]))
        if folder.is_dir():
            (folder / host.data.machine).write_text(json.dumps(answer), encoding="utf-8")
        return answer
