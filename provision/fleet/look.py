"""The one fact of a survey: each machine gets the look of its class, so one pyinfra process sees all."""

from __future__ import annotations

from typing import Any

from pyinfra.api.facts import FactBase
from pyinfra.context import host


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
        return dict(_look().process(output))
