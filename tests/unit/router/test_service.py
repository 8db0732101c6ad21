"""The files that run the loopback router: what systemd and launchd make of them."""

from __future__ import annotations

import os
import plistlib
import subprocess
from pathlib import Path

import pytest

from router import service
from router.loopback import Loopback, Upstream, haproxy_config
from router.service import launchd_agent, service_files, systemd_unit
from tests.programs import need

POOL = Loopback(
    port=11600,
    upstreams=(Upstream(name="gpu", host="gpu.local", port=11434, models=("m",), slots=1),),
    first_byte_s={"m": 30},
)
HOME = "/home/de v"


@pytest.mark.parametrize(
    ("system", "unit"),
    [
        ("Linux", ".config/systemd/user/astraeus-router.service"),
        ("Darwin", "Library/LaunchAgents/astraeus-router.plist"),
    ],
)
def test_each_system_gets_its_own_files(system: str, unit: str) -> None:
    files = service_files(POOL, system=system, haproxy="/usr/sbin/haproxy", home=HOME)  # type: ignore[arg-type]
    assert [(file.place, file.path, file.executable) for file in files] == [
        ("data", "router/haproxy.cfg", False),
        ("data", "router/router.sh", True),
        ("home", unit, False),
    ]
    assert files[0].text == haproxy_config(POOL)
    assert f"{HOME}/.local/share/astraeus-provision/router/router.sh" in files[2].text
    assert "gpu.local" not in files[2].text, "another host is no reason to start it anew"


def test_a_unit_quotes_what_systemd_would_expand() -> None:
    unit = systemd_unit("/home/a b/r.sh", "/usr/sbin/haproxy", '/x%y$z"\\.cfg')
    assert r'ExecStart="/bin/sh" "/home/a b/r.sh" "/usr/sbin/haproxy" "/x%%y$$z\"\\.cfg"' in unit


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    need("systemd-analyze")
    unit = tmp_path / "astraeus-router.service"
    unit.write_text(systemd_unit("/home/a b/r.sh", "/usr/sbin/haproxy", "/x%y.cfg"))
    tmp_path.chmod(0o700)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(unit)],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "astraeus" in line]) == (0, [])


def test_a_unit_changes_with_its_script(monkeypatch: pytest.MonkeyPatch) -> None:
    before = systemd_unit("/r.sh", "/haproxy", "/cfg")
    assert before == systemd_unit("/r.sh", "/haproxy", "/cfg")
    monkeypatch.setattr(service, "supervisor", lambda: "another script")
    assert systemd_unit("/r.sh", "/haproxy", "/cfg") != before


def test_an_agent_of_macos_is_kept_alive() -> None:
    agent = plistlib.loads(launchd_agent("/a & b/r.sh", "/haproxy", "/cfg").encode())
    assert agent["ProgramArguments"] == ["/bin/sh", "/a & b/r.sh", "/haproxy", "/cfg"]
    assert (agent["RunAtLoad"], agent["KeepAlive"]) == (True, True)
