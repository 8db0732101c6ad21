"""What a host's look says becomes typed facts; the look itself is run with the shells that are here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provision.facts import HostFacts
from provision.fleet.host.reading import read_host
from provision.fleet.host.script import HostQuery, LiveQuery, command, look_script
from tests.programs import need


def facts(*lines: str, received: float = 1000.0) -> HostFacts:
    text = "\n".join([*lines, "epoch=1000", "complete=yes"])
    found = read_host({"text": text, "received_epoch": received})
    assert found is not None
    return found


def test_nothing_is_concluded_from_half_a_look() -> None:
    assert read_host({"text": "sudo=root\nsystem=Linux"}) is None
    assert read_host({}) is None


def test_what_is_not_said_is_unknown() -> None:
    found = facts()
    assert (found.sudo, found.systemd, found.python, found.graphics.driver) == (
        "unknown",
        None,
        None,
        "absent",
    )
    assert (found.ram_bytes, found.default_interface, found.live) == (None, None, None)


def test_noise_of_a_login_shell_does_no_harm() -> None:
    found = facts("Welcome:", " to this machine", "TERM=dumb", "sudo=nopasswd", "systemd=252")
    assert (found.sudo, found.systemd) == ("nopasswd", 252)


def test_system() -> None:
    found = facts(
        "os_release:",
        ' PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"',
        ' ID="rocky"',
        ' ID_LIKE="rhel centos fedora"',
        " VERSION_ID='9.4'",
        ' BROKEN="',
        "system=Linux",
        "python=/usr/bin/python3 Python 3.9.18",
        "ram_kib=2048",
    )
    assert (found.os.id, found.os.like, found.os.version) == ("rocky", ("rhel", "centos", "fedora"), "9.4")
    assert (found.python, found.ram_bytes) == ("3.9.18", 2097152)


@pytest.mark.parametrize(
    ("said", "sudo"),
    [
        ("sudo: a password is required", "password"),
        ("sudo: sorry, you must have a tty to run sudo", "password"),
        ("Sorry, user a is not allowed to execute '/usr/bin/true' as root on gpu.", "none"),
        ("a is not in the sudoers file.", "none"),
    ],
)
def test_sudo(said: str, sudo: str) -> None:
    assert facts("sudo=refused", f"sudo_says={said}").sudo == sudo


NVIDIA = "pci=0000:01:00.0 0x10de 0x2684"


def test_a_gpu_whose_driver_answers() -> None:
    found = facts(
        f"{NVIDIA} nvidia",
        "pci=0000:00:02.0 0x8086 0x4680 i915",
        "nvidia_smi_rc=0",
        "nvidia_smi:",
        " NVIDIA GeForce RTX 4090, GPU-abc, 24564, 580.95.05",
        " NVIDIA Odd, GPU-def, [N/A], 580.95.05",
    ).graphics
    assert found.driver == "answers"
    assert [(gpu.uuid, gpu.memory_mib) for gpu in found.gpus] == [("GPU-abc", 24564), ("GPU-def", None)]
    assert [(card.vendor, card.driver) for card in found.pci] == [("nvidia", "nvidia"), ("intel", "i915")]


@pytest.mark.parametrize(
    ("lines", "driver"),
    [
        ([NVIDIA], "missing"),
        ([f"{NVIDIA} nouveau"], "missing"),
        ([NVIDIA, "nvidia_smi_rc=9", "nvidia_smi:", " NVIDIA-SMI has failed"], "broken"),
        ([NVIDIA, "nvidia_smi_rc=0", "nvidia_smi:", " "], "broken"),
        ([NVIDIA, "nvidia_smi_rc=124", "nvidia_smi:", " "], "broken"),
        (["pci=0000:01:00.0 0x1002 0x744c amdgpu"], "absent"),
    ],
)
def test_a_driver_that_does_not(lines: list[str], driver: str) -> None:
    found = facts(*lines).graphics
    assert (found.driver, found.gpus) == (driver, ())
    assert bool(found.message) == (driver == "broken")


LISTENING = ["listening:", " 00000000", 'api_version={"version":"0.30.1"}', 'api_tags={"models":[]}']


def test_ollama_in_a_docker_container_behind_its_proxy() -> None:
    found = facts(
        *LISTENING,
        "port_pid=12",
        "port_process=docker-proxy",
        "port_cgroup:",
        " 0::/system.slice/docker.service",
        "docker:",
        " 0123456789abcdef web nginx:1 0.0.0.0:80->80/tcp",
        " fedcba9876543210 llm ollama/ollama:0.30.1 0.0.0.0:11434->11434/tcp",
    )
    assert (found.ollama.kind, found.ollama.container, found.ollama.version) == ("docker", "llm", "0.30.1")
    assert found.port_owner.container == "llm"


def test_ollama_in_a_container_with_the_hosts_network() -> None:
    identity = "fedcba9876543210" * 4
    found = facts(
        *LISTENING,
        "port_pid=12",
        "port_process=ollama",
        "port_cgroup:",
        f" 0::/system.slice/docker-{identity}.scope",
        f"ollama_process=12 0::/system.slice/docker-{identity}.scope",
        "docker:",
        f" {identity} llm my/own:1 ",
    )
    assert (found.ollama.kind, found.ollama.container) == ("docker", "llm")


def test_a_sandboxed_server_that_hides_its_sockets_is_named_all_the_same() -> None:
    found = facts(*LISTENING, "ollama_process=77 1:name=systemd:/ 0::/system.slice/ollama.service ")
    assert (found.port_owner.unit, found.port_owner.pid) == ("ollama.service", 77)


def test_addresses_and_who_sees_whom() -> None:
    found = facts(
        "ssh_connection=::ffff:192.168.7.2 50000 192.168.7.10 22",
        "addresses:",
        r" 1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever",
        r" 2: eth0@if3    inet 192.168.7.10/24 brd 192.168.7.255 scope global eth0\ ",
        r" 3: wg0    inet 10.9.0.1 peer 10.9.0.2/32 scope global wg0\ ",
        "routes:",
        " default via 192.168.7.1 dev eth0 proto dhcp",
    )
    assert (str(found.operator_address), str(found.reached_address)) == ("192.168.7.2", "192.168.7.10")
    assert [(entry.interface, str(entry.address)) for entry in found.addresses][1:] == [
        ("eth0", "192.168.7.10/24"),
        ("wg0", "10.9.0.1/32"),
    ]
    assert found.default_interface == "eth0"


def test_a_clock_that_is_wrong() -> None:
    assert facts(received=1400.0).clock_skew_s == -400


def test_sizes_at_the_source() -> None:
    found = facts(
        "sources:",
        " archive>1422416084",
        ' a:b>{"config":{"size":5},"layers":[{"size":100},{"size":20}]}',
        " gone:b>",
        " odd:b><html>",
    )
    assert (found.archive_bytes, found.base_bytes) == (1422416084, {"a:b": 125})


def test_the_live_part() -> None:
    found = facts(
        'api_version={"version":"1"}',
        'api_tags={"models":[{"name":"a:b","digest":"d1","size":7}]}',
        "live=yes",
        "live_stat:",
        " regular file|644|root|root|12|/etc/with | bar",
        "live_sha256:",
        f" {'f' * 64}  /etc/with | bar",
        "live_links:",
        " /usr/local/bin/ollama|/opt/x",
        " /gone|",
        "live_units:",
        " Id=a.service",
        " ActiveState=active",
        " ",
        " Id=b.service",
        " ActiveState=inactive",
        "live_exe=a.service /opt/x/ollama",
        "live_environ:",
        " a.service OLLAMA_HOST=0.0.0.0:11434",
        "live_parameters:",
        r' a:b|"parameters":"stop  \"<|x|>\"\nnum_ctx   32768"',
    ).live
    assert found is not None
    assert found.files["/etc/with | bar"].sha256 == "f" * 64
    assert found.links == {"/usr/local/bin/ollama": "/opt/x"}
    assert found.units["a.service"].environment == {"OLLAMA_HOST": "0.0.0.0:11434"}
    assert found.units["b.service"].properties["ActiveState"] == "inactive"
    assert found.models is not None
    assert (found.models["a:b"].digest, found.models["a:b"].num_ctx) == ("d1", 32768)
    assert found.ledger is None


QUERY = HostQuery(
    port=1,
    version="0",
    disks=("/opt/a/b", "/"),
    names=("localhost", "no-such-name.invalid"),
    live=LiveQuery(files=("/etc/hosts", "/it's; $(touch /tmp/never)"), links=("/bin",)),
)


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox"])
def test_the_look_runs_in_every_shell_here(shell: str) -> None:
    need(shell)
    argv = ["busybox", "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(
        [*argv, "-c", command(QUERY)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    found = read_host({"text": done.stdout, "received_epoch": 0.0})
    assert found is not None
    assert found.os.system == "Linux"
    assert found.disks["/opt/a/b"].free_bytes > 0
    assert found.resolves == {"localhost": True, "no-such-name.invalid": False}
    assert not Path("/tmp/never").exists()


def test_what_a_broken_off_pull_left_is_seen_by_root_alone(tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "blobs").mkdir(parents=True)
    (models / "manifests/x").mkdir(parents=True)
    digests = [name * 64 for name in "abc"]
    (models / "manifests/x/1").write_text(f'{{"config":{{"digest":"sha256:{digests[0]}"}},"layers":[]}}')
    for path in (digests[0], digests[1], f"{digests[2]}-partial"):
        (models / "blobs" / f"sha256-{path}").write_bytes(b"x" * 65536)
    query = QUERY.model_copy(update={"disks": (str(models), str(tmp_path / "absent")), "live": None})
    done = subprocess.run(["sh", "-c", command(query)], capture_output=True, text=True, check=True)
    found = read_host({"text": done.stdout, "received_epoch": 0.0})
    assert found is not None
    is_root = "as_root=0" in done.stdout
    assert found.disks[str(models)].left_bytes == (131072 if is_root else 0)
    assert found.disks[str(tmp_path / "absent")].left_bytes == 0


FAKE = {
    "id": '#!/bin/sh\n[ "$1" = -u ] && echo ${FAKE_UID:-1000} || echo ops\n',
    "sudo": "#!/bin/sh\n"
    '[ "$1" = -n ] && { echo "sudo: a password is required" >&2; exit 1; }\n'
    'IFS= read -r word; echo "$*" >> $FAKE_LOG\n'
    '[ "$word" = "open sesame" ] && FAKE_UID=0 exec sh\nexit 1\n',
}


@pytest.mark.parametrize(("word", "sees"), [("open sesame\n", True), ("", False)])
def test_with_a_password_the_look_is_root_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, *, sees: bool
) -> None:
    for name, text in FAKE.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    done = subprocess.run(
        ["sh", "-c", command(QUERY)], input=word, capture_output=True, text=True, check=True
    )
    found = read_host({"text": done.stdout, "received_epoch": 0.0})
    assert found is not None
    assert (found.sudo, found.live is not None) == ("password", sees)
    assert not sees or (tmp_path / "log").read_text() == "-k -S -p  sh\n"


def test_the_look_is_posix() -> None:
    need("dash")
    subprocess.run(["dash", "-n"], input=look_script(QUERY), text=True, check=True)
