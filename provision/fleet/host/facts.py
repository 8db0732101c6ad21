"""The pyinfra fact that looks at a host: the script goes out, its text comes back."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from pyinfra.api.facts import FactBase
from pyinfra.context import host

from provision.fleet.host.script import HostQuery, command


def _query(machine: str) -> HostQuery:
    path = Path(os.environ["ASTRAEUS_RUN"]) / "query" / f"{machine}.json"
    return HostQuery.model_validate(json.loads(path.read_text(encoding="utf-8")))


class HostState(FactBase[dict[str, Any]]):
    """Everything we want to know about a host, in one round trip."""

    def command(self) -> str:
        return command(_query(host.data.machine))

    def process(self, output: list[str]) -> dict[str, Any]:
        return {"text": "\n".join(output), "received_epoch": time.time()}
