"""The script that runs HAProxy: what it hears while it is busy with names is not lost."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from router.service import supervisor
from tests.unit.router.standins import until
from tests.unit.router.station import SHELLS, in_shell

pytestmark = pytest.mark.programs

GETENT = """#!/bin/sh
echo "$2" >>'@told'
[ ! -e '@slow' ] || { : >'@busy'; sleep 1; }
cat '@address'
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_configuration_is_read_also_while_a_name_moves(tmp_path: Path, shell: str) -> None:
    files = {name: tmp_path / name for name in ("told", "slow", "busy", "address", "config", "getent")}
    text = GETENT
    for name, path in files.items():
        text = text.replace(f"@{name}", str(path))
    files["getent"].write_text(text)
    files["getent"].chmod(0o755)
    files["told"].write_text("")
    files["address"].write_text("10.0.0.1\n")
    files["config"].write_text("# names: one\n")
    haproxy = tmp_path / "haproxy"
    haproxy.write_text("#!/bin/sh\ntrap : USR2\nwhile :; do sleep 0.2; done\n")
    haproxy.chmod(0o755)
    script = supervisor().replace("every_s=3", "every_s=1")
    process = subprocess.Popen(
        [*in_shell(shell), "-c", script, "router", str(haproxy), str(files["config"])],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        start_new_session=True,
    )
    try:
        until(lambda: "one" in files["told"].read_text())
        files["address"].write_text("10.0.0.2\n")
        files["slow"].touch()
        until(files["busy"].exists)
        files["config"].write_text("# names: other\n")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        files["slow"].unlink()
        until(lambda: "other" in files["told"].read_text(), within_s=6)
    finally:
        process.terminate()
        assert process.wait(10) == 0
