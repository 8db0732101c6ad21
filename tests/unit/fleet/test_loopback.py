"""HAProxy comes where its user may install it, and runs as the user's service or says why it does not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from provision.fleet.workstation.loopback import (
    LOST,
    foreign_on_port,
    loopback_fault,
    loopback_left_to_do,
    plan_loopback,
)
from provision.fleet.workstation.proxy import Proxy
from provision.fleet.workstation.reading import read_proxy
from router.loopback import Loopback, config_hash
from tests.unit.fleet.homes import Home, Served
from tests.unit.fleet.machines import CURL, SYSTEMCTL, Lines, Machine

pytestmark = pytest.mark.programs

OURS = "astraeus-router abc"
LOOPBACK = Loopback(port=11600, upstreams=(), first_byte_s={})


@pytest.mark.parametrize(
    ("proxy", "system", "how", "said"),
    [
        (Proxy(path="/usr/sbin/haproxy", version="2.6.12"), "Linux", "present", ""),
        (Proxy(path="/usr/sbin/haproxy", version="2.4"), "Darwin", "present", ""),
        (Proxy(path="/usr/sbin/haproxy", version="10.0.1"), "Linux", "present", ""),
        (
            Proxy(path="/h", version="2.2.9", installer="apt", root=True),
            "Linux",
            "impossible",
            "2.4 is needed",
        ),
        (Proxy(path="/h", version=None), "Linux", "impossible", "unknown version"),
        (Proxy(installer="dnf", root=True), "Linux", "install", ""),
        (Proxy(installer="zypper"), "Linux", "impossible", "sudo zypper install haproxy"),
        (Proxy(), "Linux", "impossible", "no package manager"),
        (Proxy(path="/h", version="2.6"), "FreeBSD", "impossible", "FreeBSD"),
        (Proxy(path="/h", version="2.6", manager=False), "Linux", "impossible", "service manager"),
    ],
)
def test_how_haproxy_comes(proxy: Proxy, system: str, how: str, said: str) -> None:
    plan = plan_loopback(proxy, system, LOOPBACK)
    assert plan.how == how
    assert said in plan.said
    assert bool(plan.said) == (how == "impossible")


def test_the_plan_knows_whether_the_router_runs_as_it_should() -> None:
    ours = f"200 astraeus-router {config_hash(LOOPBACK)}"
    running = plan_loopback(Proxy(path="/h", version="2.6", port=ours), "Linux", LOOPBACK)
    assert (running.runs, running.foreign) == (True, "")
    older = plan_loopback(Proxy(path="/h", version="2.6", port=f"200 {OURS}"), "Linux", LOOPBACK)
    assert (older.runs, older.foreign) == (False, "")
    taken = plan_loopback(Proxy(path="/h", version="2.6", port="200 <html>"), "Linux", LOOPBACK)
    assert (taken.runs, taken.foreign) == (False, "another process answers on port 11600")


def test_the_plan_names_the_program_before_it_is_there() -> None:
    lines = [
        ("haproxy_installer", "brew"),
        ("haproxy_root", "1"),
        ("haproxy_would_be", "/opt/homebrew/bin/haproxy"),
    ]
    assert plan_loopback(read_proxy(lines), "Darwin", LOOPBACK).haproxy == "/opt/homebrew/bin/haproxy"
    assert plan_loopback(Proxy(installer="apt", root=True), "Linux", LOOPBACK).haproxy == "/usr/sbin/haproxy"


def test_what_is_lost_without_it_is_named() -> None:
    assert "noticed late" in LOST
    assert "new address" in LOST


def test_a_look_tells_what_is_there() -> None:
    lines = [("haproxy", "/usr/sbin/haproxy"), ("haproxy_version", "2.6.12"), ("haproxy_port", f"200 {OURS}")]
    assert read_proxy(lines) == Proxy(path="/usr/sbin/haproxy", version="2.6.12", port=f"200 {OURS}")
    assert read_proxy([("haproxy_installer", "apt"), ("haproxy_root", "1")]) == Proxy(
        installer="apt", root=True
    )
    assert read_proxy([("haproxy_installer", "emerge"), ("os", "Linux")]) == Proxy()


@pytest.mark.parametrize(
    ("port", "foreign"),
    [
        ("", False),
        ("free", False),
        (f"200 {OURS}", False),
        ("200 <html>", True),
        ("404", True),
        ("000 curl 52", True),
    ],
)
def test_another_process_on_the_port_is_seen(port: str, foreign: bool) -> None:  # noqa: FBT001
    assert bool(foreign_on_port(Proxy(port=port), 11600)) == foreign


@pytest.fixture
def machine(laptop: Home, tmp_path: Path, served: Served) -> Machine:
    return Machine(laptop, tmp_path / "tools", served)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def fault_of(lines: Lines) -> str:
    wrong = loopback_fault(lines, "dev")
    assert wrong is not None
    assert all(wrong[:2])
    return " | ".join(wrong)


def test_a_haproxy_that_is_there_is_left_alone(machine: Machine, sh: list[str]) -> None:
    machine.has_haproxy()
    assert machine.does("install", sh) == [("present", str(machine.tools / "haproxy"))]
    assert machine.calls == []


def test_the_package_is_installed_and_its_own_service_switched_off(machine: Machine, sh: list[str]) -> None:
    machine.is_so("may_sudo")
    apt = "case $* in *install*) [ -e updated ] && cp apt-get haproxy ;; *) echo >updated ;; esac"
    machine.has("apt-get", apt)
    assert machine.does("install", sh) == [("installed", str(machine.tools / "haproxy"))]
    assert machine.asked("disable") == [
        "sudo systemctl disable --now haproxy.service",
        "disable --now haproxy.service",
    ]


def test_without_root_nothing_is_tried(machine: Machine) -> None:
    assert "without root" in fault_of(machine.does("install"))
    assert machine.calls == ["sudo true"]


def test_a_package_manager_that_fails_is_heard(machine: Machine) -> None:
    machine.is_so("may_sudo")
    machine.has("apt-get", "echo E: no such package; exit 100")
    assert "E: no such package" in fault_of(machine.does("install"))
    assert machine.asked("disable") == [], "nothing was installed"


def test_names_that_are_not_looked_up_in_time_are_named(machine: Machine, sh: list[str]) -> None:
    machine.has_haproxy()
    machine.config.write_text(machine.config.read_text().replace("# names:", "# names: gpu1.lab gpu2.lab"))
    machine.has("haproxy", "sleep 9")
    assert "not looked up there in time" in fault_of(machine.does("apply", sh))
    assert "gpu1.lab gpu2.lab" in fault_of(machine.does("apply", sh))
    assert machine.asked("restart") == []


def test_it_is_enabled_started_and_heard(machine: Machine, sh: list[str]) -> None:
    machine.has_haproxy()
    machine.is_so("may_linger")
    machine.has("curl", CURL)
    machine.is_so("says", machine.ours)
    machine.has("systemctl", 'case "$*" in *restart*) echo >started ;; esac\n' + SYSTEMCTL)
    lines = machine.does("apply", sh)
    assert ("started", "astraeus-router") in lines
    unit = machine.laptop.home / ".config/systemd/user/astraeus-router.service"
    assert machine.asked("enable") == [f"--user enable -q {unit}"]
    assert machine.asked("daemon-reload") != []


def test_a_new_configuration_is_read_by_what_runs(machine: Machine) -> None:
    machine.has_haproxy()
    machine.is_so("active")
    machine.answers("astraeus-router other")
    thread = machine.answers_after("reload")
    lines = machine.does("apply")
    thread.join()
    assert ("started", "astraeus-router") in lines
    assert machine.asked("enable") != []
    assert machine.asked("restart") == []


@pytest.mark.parametrize("changed", ["no", "yes"])
def test_what_runs_already_is_left_alone_unless_its_unit_changed(machine: Machine, changed: str) -> None:
    machine.has_haproxy()
    machine.is_so("active")
    machine.is_so("enabled")
    machine.answers(machine.ours)
    machine.is_so("changed", changed)
    lines = machine.does("apply")
    assert ({"no": "running", "yes": "started"}[changed], "astraeus-router") in lines
    assert len(machine.asked("restart")) == (changed == "yes")
    assert machine.asked("reload", "enable") == []


def test_another_process_on_the_port_is_named_and_nothing_started(machine: Machine, sh: list[str]) -> None:
    machine.has_haproxy()
    machine.has("ss", """echo 'LISTEN 0 5 127.0.0.1:11600 0.0.0.0:* users:(("python3",pid=7,fd=3))'""")
    wrong = fault_of(machine.does("apply", sh))
    assert "another process" in wrong
    assert '"python3",pid=7' in wrong
    assert machine.asked("enable", "restart", "reload") == []


def test_another_users_router_with_other_settings_is_told_as_that(machine: Machine) -> None:
    machine.has_haproxy()
    machine.answers("astraeus-router other")
    assert "another user's loopback router" in fault_of(machine.does("apply"))
    assert machine.asked("enable", "restart", "reload") == []


def test_another_users_router_with_the_same_settings_serves(machine: Machine) -> None:
    machine.has_haproxy()
    machine.answers(machine.ours)
    assert ("started", "astraeus-router") in machine.does("apply")
    assert machine.asked("restart") != [], "ours waits for the port"


def test_a_router_that_does_not_come_up_is_told(machine: Machine) -> None:
    machine.has_haproxy(port=free_port())
    machine.has("ss", "true")
    assert "did not answer" in fault_of(machine.does("apply"))


def test_a_configuration_that_haproxy_refuses_starts_nothing(machine: Machine) -> None:
    machine.has_haproxy()
    machine.is_so("bad_config")
    assert "bad line" in fault_of(machine.does("apply"))
    assert machine.calls == []


def test_without_a_service_manager_the_remedy_is_named(machine: Machine) -> None:
    machine.has_haproxy()
    machine.is_so("no_manager")
    wrong = fault_of(machine.does("apply"))
    assert "no service manager" in wrong
    assert "enable-linger dev" in wrong


def test_lingering_is_asked_for_and_its_refusal_only_said(machine: Machine) -> None:
    machine.has_haproxy()
    machine.answers(machine.ours)
    lines = machine.does("apply")
    assert ("lingers", "no") in lines
    assert loopback_fault(lines, "dev") is None
    assert "enable-linger dev" in loopback_left_to_do(lines, "dev")[0]
    assert not machine.mark.exists()


def test_lingering_that_we_asked_for_ends_with_us(machine: Machine) -> None:
    machine.has_haproxy()
    machine.is_so("may_linger")
    machine.answers(machine.ours)
    lines = machine.does("apply")
    assert ("lingers", "ours") in lines
    assert loopback_left_to_do(lines, "dev") == ()
    assert machine.mark.exists()
    machine.does("remove")
    assert machine.asked("disable-linger") != []
    assert not machine.mark.exists()
    before = len(machine.asked("disable-linger"))
    machine.does("remove")
    assert len(machine.asked("disable-linger")) == before, "who lets it be on is its user"


def test_what_was_put_back_to_nothing_does_not_run(machine: Machine) -> None:
    machine.has_haproxy()
    machine.config.unlink()
    machine.is_so("active")
    assert machine.does("apply") == [("stopped", "astraeus-router")]
    assert machine.asked("restart", "enable") == []


def test_removing_stops_it_and_takes_its_link(machine: Machine, sh: list[str]) -> None:
    machine.is_so("active")
    wants = machine.laptop.home / ".config/systemd/user/default.target.wants"
    wants.mkdir(parents=True)
    (wants / "astraeus-router.service").symlink_to("/gone")
    assert machine.does("remove", sh) == [("stopped", "astraeus-router")]
    assert machine.asked("disable") == ["--user disable -q --now astraeus-router.service"]
    assert not wants.exists()


def test_a_router_that_does_not_end_is_said(machine: Machine) -> None:
    machine.is_so("active")
    machine.is_so("stuck")
    assert "could not be ended" in fault_of(machine.does("remove"))


def test_removing_what_never_was_is_quiet(machine: Machine) -> None:
    machine.is_so("no_manager")
    assert machine.does("remove") == []
