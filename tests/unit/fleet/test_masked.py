"""A unit that its user masked is never to run: the way out of it is told, and nothing is started."""

from __future__ import annotations

from pathlib import Path

from provision.fleet.workstation.loopback import loopback_fault
from tests.unit.fleet.homes import Home, Served
from tests.unit.fleet.machines import Machine


def test_a_unit_that_its_user_masked_is_named_with_its_remedy(
    laptop: Home, tmp_path: Path, served: Served, sh: list[str]
) -> None:
    machine = Machine(laptop, tmp_path / "tools", served)
    machine.has_haproxy()
    machine.is_so("masked")
    wrong = loopback_fault(machine.does("apply", sh), "dev")
    assert wrong is not None
    assert "systemctl --user unmask astraeus-router" in wrong[1]
    assert machine.asked("enable", "restart", "reload") == []
