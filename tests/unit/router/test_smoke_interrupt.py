"""A smoke command that somebody breaks off leaves nothing running and nothing behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.processes import in_session, running, within
from tests.unit.router.station import SHELLS, SISYPHUS, Station, in_shell, write

pytestmark = pytest.mark.programs


def broken_off(station: Station, shell: str, script: Path, until: str, number: signal.Signals) -> None:
    """Send the signal as soon as something runs whose command has this in it."""
    words = [*in_shell(shell), str(script), "routing", "--live", "--json"]
    started = in_session(words, station.env)
    assert within(30, lambda: any(until in one for one in running(started.pid))), running(started.pid)
    os.killpg(started.pid, number)
    said, wrong = started.communicate(timeout=20)
    assert (started.returncode, said) == (129, "")
    assert wrong in ("", "Terminated\n"), "some shells name what ended a job"
    assert within(1, lambda: not running(started.pid)), running(started.pid)
    assert not list((station.root / "tmp").iterdir())


@pytest.mark.parametrize("shell", SHELLS)
def test_while_opencode_is_asked_for_its_configuration(shell: str, station: Station) -> None:
    script = station.publish()
    write(station.root / "bin/opencode", "#!/bin/sh\nsleep 77\ntrue\n")
    broken_off(station, shell, script, "sleep 77", signal.SIGINT)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_agents_are_asked(shell: str, number: signal.Signals, station: Station) -> None:
    station.live = {SISYPHUS: None, "explore": None, "security": None}
    script = station.publish()
    broken_off(station, shell, script, "/message", number)
