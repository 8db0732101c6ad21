"""The survey on real machines of the lab: what it sees, what a fault costs, and that it writes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.catalogue import load_catalogue
from provision.engines.openssh import sudo_password_works
from provision.facts import HostFacts
from provision.fleet.host.script import LiveQuery
from provision.knownhosts import record
from provision.networks import Admission, admitted
from provision.preflight import blocking, preflight
from provision.site import Site
from provision.survey import Survey, reaches, survey
from tests.lab import molecule
from tests.lab.layout import SSH
from tests.lab.shell import podman
from tests.lab.tree import Entry, changes, tree

VARIANTS = ("server-nopython", "server-unknownos", "server-nosystemd", "server-ufw", "server-firewalld")
PORT = load_catalogue().ollama.port


class Bed:
    """Own machines, one for each variant, and an operator's own ~/.ssh."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.address: dict[str, str] = {}
        for variant in VARIANTS:
            name = f"look-{variant.removeprefix('server-')}"
            molecule.create(state / variant, variant, [name], molecule.keeper())
            inventory = yaml.safe_load((state / variant / "hosts.yml").read_text())
            for name, values in inventory["all"]["hosts"].items():
                self.address[name.removeprefix("mol-look-")] = values["lab_team_address"]

    def close(self) -> None:
        for variant in VARIANTS:
            molecule.destroy(self.state / variant)

    def known_hosts(self) -> str:
        return "".join((self.state / variant / "known_hosts").read_text() for variant in VARIANTS)

    def run(self, name: str, script: str) -> str:
        return podman("exec", f"mol-look-{name}", "sh", "-c", script).stdout

    def tree(self, name: str) -> dict[str, Entry]:
        process = podman("inspect", "--format={{.State.Pid}}", f"mol-look-{name}").stdout.strip()
        return tree(Path(f"/proc/{process}/root"))

    def site(self, *names: str, user: str = "ops", **ssh: Any) -> Site:
        hosts = [
            {
                "name": name,
                "accelerator": "cpu",
                "ssh": {
                    "hostname": self.address[name],
                    "user": user,
                    "identity": str(SSH / "id_ed25519"),
                    **ssh,
                },
            }
            for name in names
        ]
        return Site.model_validate({"hosts": hosts, "workstations": []})


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    made = Bed(tmp_path_factory.mktemp("bed"))
    yield made
    made.close()


@pytest.fixture
def home(bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    (tmp_path / ".ssh" / "known_hosts").write_text(bed.known_hosts())
    return tmp_path


def looked(site: Site, home: Path, live: Mapping[str, LiveQuery] | None = None, **more: Any) -> Survey:
    run = home / "run"
    run.mkdir(exist_ok=True)
    lines: list[str] = []
    seen = survey(site, load_catalogue(), run, ways=reaches(site), log=lines.append, live=live, **more)
    (run / "commands.log").write_text("\n".join(lines))
    return seen


def problems(site: Site, seen: Survey, name: str) -> str:
    found = blocking(preflight(site, load_catalogue(), seen))
    return "\n".join(finding.problem for finding in found if finding.machine == name)


def test_every_kind_of_host_in_one_look(bed: Bed, home: Path) -> None:
    site = bed.site(*bed.address)
    seen = looked(site, home)
    assert seen.unreachable == {}
    hosts = seen.hosts
    assert hosts.keys() == bed.address.keys()
    assert hosts["nopython"].python is None
    assert hosts["ufw"].python is not None
    assert hosts["ufw"].firewalls == {"ufw"}
    assert hosts["firewalld"].firewalls == {"firewalld"}
    assert hosts["nosystemd"].systemd is None
    assert "not run by systemd" in problems(site, seen, "nosystemd")
    assert "is not known here" in problems(site, seen, "unknownos")
    one = hosts["nopython"]
    assert (one.os.id, one.arch, one.package_manager, one.sudo) == ("debian", "x86_64", "apt-get", "nopasswd")
    assert str(one.reached_address) == bed.address["nopython"]
    decision = admitted(site.host("nopython"), site, one)
    assert isinstance(decision, Admission)
    assert "10.213.10.0/24" in decision.cidrs
    assert decision.operator
    assert one.disks["/opt"].free_bytes > 0
    assert abs(one.clock_skew_s or 0) < 30


def test_a_look_writes_nothing_on_the_host(bed: Bed, home: Path) -> None:
    before = bed.tree("nopython")
    live = LiveQuery(files=("/etc/passwd",), units=("ollama.service",), nft_table=True, models=("m",))
    facts = looked(bed.site("nopython"), home, {"nopython": live}).hosts["nopython"]
    assert facts.live is not None
    assert facts.live.files["/etc/passwd"].sha256
    assert changes(before, bed.tree("nopython")) == []


def test_sudo_that_asks_and_sudo_that_refuses(bed: Bed, home: Path) -> None:
    for user in ("asks", "nosudo"):
        site = bed.site("nopython", user=user)
        seen = looked(site, home, {"nopython": LiveQuery(files=("/etc/passwd",))})
        assert seen.hosts["nopython"].sudo == "password"
        assert seen.hosts["nopython"].live is None
        assert f"sudo asks {user} for a password" in problems(site, seen, "nopython")
    asks = reaches(bed.site("nopython", user="asks"))["nopython"]
    assert sudo_password_works(asks, "lab-pass")
    assert not sudo_password_works(asks, "wrong")
    assert not sudo_password_works(reaches(bed.site("nopython", user="nosudo"))["nopython"], "lab-pass")


def test_a_dead_machine_costs_one_timeout_and_spoils_nothing(bed: Bed, home: Path) -> None:
    site = bed.site("nopython", "ufw", "firewalld")
    begun = time.monotonic()
    assert looked(site, home).unreachable == {}
    awake = time.monotonic() - begun
    podman("pause", "mol-look-ufw", "mol-look-firewalld")
    try:
        begun = time.monotonic()
        seen = looked(site, home, timeout_s=4)
        took = time.monotonic() - begun
    finally:
        podman("unpause", "mol-look-ufw", "mol-look-firewalld")
    assert seen.hosts.keys() == {"nopython"}
    assert {name: why.kind for name, why in seen.unreachable.items()} == {
        "ufw": "silent",
        "firewalld": "silent",
    }
    assert took < awake + 4 + 3


def test_an_unknown_key_is_shown_and_once_accepted_it_is_known(bed: Bed, home: Path) -> None:
    (home / ".ssh" / "known_hosts").unlink()
    site = bed.site("nopython")
    seen = looked(site, home)
    key = seen.keys["nopython"]
    assert (key.state, seen.hosts, seen.unreachable) == ("unknown", {}, {})
    shown = podman(
        "exec", "mol-look-nopython", "ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub"
    ).stdout
    assert key.fingerprint in shown
    assert key.fingerprint in problems(site, seen, "nopython")
    record(reaches(site)["nopython"], key.key_type, key.key)
    later = looked(site, home)
    assert seen.merged(later).hosts.keys() == {"nopython"}
    assert seen.merged(later).keys == {}


def test_a_changed_key_is_refused_with_file_and_line(bed: Bed, home: Path) -> None:
    known = (home / ".ssh" / "known_hosts").read_text().splitlines()
    other = next(line for line in known if "look-ufw" in line).split()
    (home / ".ssh" / "known_hosts").write_text(f"{bed.address['nopython']} {other[1]} {other[2]}\n")
    site = bed.site("nopython")
    seen = looked(site, home)
    assert (seen.keys["nopython"].state, seen.keys["nopython"].line) == ("changed", 1)
    assert seen.hosts == {}
    assert "KEY CHANGED" in problems(site, seen, "nopython")
    assert f"{home}/.ssh/known_hosts line 1" in problems(site, seen, "nopython")


def test_a_login_that_is_refused(bed: Bed, home: Path) -> None:
    site = bed.site("nopython", user="nobody-there")
    seen = looked(site, home)
    assert seen.unreachable["nopython"].kind == "login"


def test_through_a_jump_host(bed: Bed, home: Path) -> None:
    (home / ".ssh" / "config").write_text("")
    # The jump is OpenSSH's own business, and that reads root's own configuration.
    command = (
        f"ssh -i {SSH}/id_ed25519 -o UserKnownHostsFile={home}/.ssh/known_hosts -o StrictHostKeyChecking=yes "
        f"-W %h:%p ops@{bed.address['ufw']}"
    )
    (home / ".ssh" / "config").write_text(f"Host nopython\n  ProxyCommand {command}\n")
    facts = looked(bed.site("nopython"), home).hosts["nopython"]
    assert str(facts.operator_address) == bed.address["ufw"]


def server(bed: Bed, program: str, body: str) -> None:
    """Something of that name listens on Ollama's port and answers every GET with the body."""
    code = (
        "import http.server as h\n"
        "class A(h.BaseHTTPRequestHandler):\n"
        " def do_GET(s): s.send_response(200); s.end_headers(); s.wfile.write(b'''" + body + "''')\n"
        f"h.HTTPServer(('0.0.0.0', {PORT}), A).serve_forever()\n"
    )
    bed.run(
        "ufw",
        f'install -m 755 "$(readlink -f /usr/bin/python3)" /usr/local/bin/{program} && '
        f"cat > /srv/serve.py <<'E'\n{code}E\n",
    )


def port_answers(bed: Bed) -> bool:
    url = f"http://127.0.0.1:{PORT}/api/version"
    return "yes" in bed.run("ufw", f"curl -fsS -m 1 {url} >/dev/null && echo yes || true")


@pytest.fixture
def clean_port(bed: Bed) -> Iterator[None]:
    yield
    bed.run(
        "ufw",
        "systemctl stop intruder 2>/dev/null; systemctl stop ollama 2>/dev/null; pkill -x ollama; "
        "rm -f /etc/systemd/system/ollama.service; systemctl daemon-reload",
    )
    wait_until(lambda: not port_answers(bed))


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.usefixtures("clean_port")
def test_who_is_on_the_port(bed: Bed, home: Path) -> None:
    site = bed.site("ufw")

    def facts() -> HostFacts:
        wait_until(lambda: port_answers(bed))
        return looked(site, home).hosts["ufw"]

    server(bed, "intruder", "{}")
    bed.run("ufw", "systemd-run --unit=intruder /usr/local/bin/intruder /srv/serve.py")
    found = facts()
    assert found.ollama.kind == "none"
    assert found.port_taken
    assert (found.port_owner.unit, found.port_owner.process) == ("intruder.service", "intruder")
    bed.run("ufw", "systemctl stop intruder")

    server(bed, "ollama", '{"version":"0.1.2"}')
    podman("exec", "--detach", "mol-look-ufw", "/usr/local/bin/ollama", "/srv/serve.py")
    found = facts()
    assert (found.ollama.kind, found.ollama.version, found.port_owner.process) == (
        "process",
        "0.1.2",
        "ollama",
    )
    bed.run("ufw", "pkill -x ollama")

    bed.run(
        "ufw",
        'printf \'[Service]\\nEnvironment="OLLAMA_MODELS=/srv/models"\\n'
        "ExecStart=/usr/local/bin/ollama /srv/serve.py\\n' > /etc/systemd/system/ollama.service && "
        "systemctl daemon-reload && systemctl start ollama",
    )
    found = facts()
    assert (found.ollama.kind, found.ollama.models_dir) == ("unit", "/srv/models")
    assert found.ollama.unit_path == "/etc/systemd/system/ollama.service"
    assert found.port_owner.unit == "ollama.service"
    bed.run(
        "ufw", "sed -i '1i # Written by astraeus-provision (role ollama).' /etc/systemd/system/ollama.service"
    )
    assert facts().ollama.kind == "ours"
