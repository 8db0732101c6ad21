"""The limit of open files grows with the site, as far as the system lets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import resource
from provision.openfiles import room_for
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
room_for({connections})
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "left"),
    [(256, 1024, 100, 728), (256, 512, 400, 512), (900, 1024, 10, 900)],
)
def test_the_limit_is_raised_where_it_is_too_low(soft: int, hard: int, connections: int, left: int) -> None:
    code = CODE.format(soft=soft, hard=hard, connections=connections)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == left
