"""The smoke script's copy of a home holds what the configuration reads in the user's own."""

from __future__ import annotations

import pytest

from tests.unit.fleet.test_copy import AGENT, furnish
from tests.unit.router.station import SHELLS, Station, failed

pytestmark = pytest.mark.programs
READ = """read_settings() {
(cd "$copy/.config/opencode" && cat ./.key "$copy/.secrets/openai" ../../above agents/mine.md >'@seen')
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_smoke_script_asks_in_a_home_that_is_whole(shell: str, station: Station) -> None:
    station.config_text = furnish(station.home).read_text()
    seen = station.root / "seen"
    checks = station.checks(
        "local",
        shell=shell,
        script=lambda text: text.replace("read_settings() {\n", READ.replace("@seen", str(seen))),
    )
    assert not failed(checks)
    assert seen.read_text() == "hidden" + "of .secrets/openai" + "of above" + AGENT
