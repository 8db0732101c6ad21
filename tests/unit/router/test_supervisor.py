"""The script that runs HAProxy: what it hears while it is busy with names is not lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from router.service import supervisor
from tests.programs import missing
from tests.unit.router.standins import Host, ask, running, start, until
from tests.unit.router.station import SHELLS, in_shell
from tests.unit.router.test_loopback import BIG, SMALL, pool, pooling, upstream

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


def test_the_script_ends_when_haproxy_does(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", loopback.port))
        taken.listen()
        process = start(tmp_path, loopback)
        assert process.wait(10) != 0
    assert "cannot bind" in (tmp_path / "log").read_text().lower()


def test_it_starts_without_a_name_and_follows_it_to_another_address(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    moved = Host("127.0.0.2", hosts[0].port)
    name = "gpu.lab.invalid"
    names = tmp_path / "hosts"
    names.write_text("")
    as_its_hosts = ("unshare", "-rm", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(names))
    if subprocess.run([*as_its_hosts, "true"], capture_output=True, check=False).returncode:
        missing("right to make a mount namespace")
    loopback = pooling(upstream(hosts[0].port, SMALL, BIG, host=name), upstream(hosts[1].port, BIG))
    with running(tmp_path, loopback, *as_its_hosts):
        assert ask(loopback, SMALL)[0] == 503
        assert ask(loopback, BIG)[0] == 200
        names.write_text(f"127.0.0.1 {name}\n")
        until(lambda: ask(loopback, SMALL)[0] == 200, within_s=10)
        assert moved.asked == []
        names.write_text(f"127.0.0.2 {name}\n")
        until(lambda: ask(loopback, SMALL)[0] == 200 and moved.asked != [], within_s=10)
        names.write_text("")  # a resolver that is away for a moment
        time.sleep(2)
        assert ask(loopback, SMALL)[0] == 200
    moved.stop()
