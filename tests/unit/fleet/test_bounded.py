"""A command with a deadline neither waits for it nor takes the script's folder along."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import in_session, running, within

pytestmark = pytest.mark.programs

COMMON = Path("provision/fleet/workstation/sh/common.sh")
CALLS = 60
"""A watch that acted by its parent's traps was met in one call of seven."""

SCRIPT = """
scratch
n=0
while [ $n -lt {calls} ]; do
    bounded 90 true || exit 3
    [ -d "$scratch_dir" ] || exit 4
    n=$((n + 1))
done
bounded 90 sh -c 'exit 5'; [ $? = 5 ] || exit 6
bounded 0.1 sleep 90; [ $? = 124 ] || exit 7
"""


def test_a_quick_command_never_waits_for_its_deadline(sh: list[str], tmp_path: Path) -> None:
    script = COMMON.read_text() + SCRIPT.format(calls=CALLS)
    done = subprocess.run(
        [*sh, "-s"],
        input=script.encode(),
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


BROKEN_OFF = """
scratch
{call}
echo it goes on
"""


IN_THE_SCRIPT, IN_A_SUBSHELL = "bounded 60 sh -c 'sleep 77; true'", "x=$(bounded 60 sleep 77)"


# A shell that waits for a subshell hears only afterwards of a signal that it alone was sent.
@pytest.mark.parametrize(
    ("call", "end"), [(IN_THE_SCRIPT, os.kill), (IN_THE_SCRIPT, os.killpg), (IN_A_SUBSHELL, os.killpg)]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_script_that_is_broken_off_leaves_nothing_running(
    call: str, number: signal.Signals, end: Callable[[int, int], None], sh: list[str], tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_text(COMMON.read_text() + BROKEN_OFF.format(call=call))
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    env = {"HOME": str(tmp_path), "TMPDIR": str(scratch), "PATH": "/usr/bin:/bin"}
    started = in_session([*sh, str(script)], env)
    assert within(10, lambda: {"sleep 77 ", "sleep 60 "} <= {*running(started.pid)})
    end(started.pid, number)
    said, _ = started.communicate(timeout=10)  # some shells name the signal
    assert (started.returncode, said) == (129, "")
    assert running(started.pid) == []
    assert list(scratch.iterdir()) == []
