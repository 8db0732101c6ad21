"""A command with a deadline neither waits for it nor takes the script's folder along."""

from __future__ import annotations

import subprocess
from pathlib import Path

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
