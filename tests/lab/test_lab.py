"""The lab tests itself: what other tests take for granted is true."""

from __future__ import annotations

import base64
import hashlib
import urllib.parse

import pytest

from provision.catalogue import load_catalogue
from tests.lab.lab import Lab, LabMachine
from tests.lab.opencode import tarball_url
from tests.lab.tree import changes

pytestmark = pytest.mark.lab


def ssh(lab: Lab, target: str, line: str = "id -un") -> tuple[int, str]:
    """Log in as the operator, without a terminal."""
    options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=2"]
    done = lab.enter(["ssh", *options, target, line], check=False, timeout_s=30)
    return done.returncode, done.stdout.strip() or done.stderr


def test_the_operator_logs_in_everywhere(lab: Lab) -> None:
    users = {machine.name: ssh(lab, machine.name) for machine in lab.machines}
    assert users == {machine.name: (0, machine.place.user) for machine in lab.machines}


def test_sudo_is_as_the_user_s_name_says(spare: LabMachine, lab: Lab) -> None:
    assert ssh(lab, f"ops@{spare.name}", "sudo -n id -un") == (0, "root")
    assert ssh(lab, f"asks@{spare.name}", "sudo -n id -un")[0] == 1
    assert ssh(lab, f"asks@{spare.name}", f"echo {lab.sudo_password} | sudo -S -p '' id -un") == (0, "root")
    assert ssh(lab, f"nosudo@{spare.name}", f"echo {lab.sudo_password} | sudo -S -p '' id -un")[0] == 1


def test_the_outsider_reaches_the_server_on_its_own_network_only(lab: Lab) -> None:
    outsider, server = lab.machine("outsider"), lab.machine("gpu-server.local")
    knock = "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/22'"
    assert outsider.run(knock.format(server.other_address), check=False).returncode == 0
    assert outsider.run(knock.format(server.address), check=False).returncode != 0


def test_a_machine_made_anew_keeps_address_and_key_unless_told_otherwise(lab: Lab, spare: LabMachine) -> None:
    spare.write("/etc/left-behind", "x")
    spare.fresh()
    assert spare.run("test -e /etc/left-behind", check=False).returncode == 1
    assert ssh(lab, spare.name)[0] == 0
    spare.fresh(new_host_key=True)
    code, said = ssh(lab, spare.name)
    assert (code, "Host key verification failed" in said) == (255, True)
    spare.trust()
    assert ssh(lab, spare.name)[0] == 0
    spare.forget()
    assert "Host key verification failed" in ssh(lab, spare.name)[1]


def test_an_ssh_login_with_sudo_leaves_only_login_records(lab: Lab, spare: LabMachine) -> None:
    before = spare.tree_hash()
    assert len(before) > 5000
    assert ssh(lab, spare.name, "sudo -n id -un") == (0, "root")
    assert changes(before, spare.tree_hash()) == []
    ssh(lab, spare.name, "touch left-behind")
    assert [line.split()[1] for line in changes(before, spare.tree_hash())] == ["/home/ops/left-behind"]


def test_a_sleeping_machine_answers_nothing_and_wakes(lab: Lab, spare: LabMachine) -> None:
    spare.pause()
    assert ssh(lab, spare.name)[0] == 255
    spare.unpause()
    assert ssh(lab, spare.name) == (0, "ops")


def test_a_reboot_keeps_files_and_brings_ssh_back(lab: Lab, spare: LabMachine) -> None:
    spare.write("/etc/kept", "x")
    spare.reboot()
    assert spare.read("/etc/kept") == "x"
    assert ssh(lab, spare.name) == (0, "ops")


def test_a_small_disk_is_full_soon(spare: LabMachine) -> None:
    spare.fresh(small_disks_mib={"/var/lib/ollama": 8})
    done = spare.run("head -c 9M /dev/zero > /var/lib/ollama/x", check=False)
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize(
    ("image", "line", "answer"),
    [
        ("server-ufw", "ufw status | head -1", "Status: active"),
        ("server-firewalld", "firewall-cmd --state", "running"),
        ("server-nopython", "command -v python3 || echo none", "none"),
        ("server-unknownos", ". /etc/os-release; echo $ID", "marsos"),
        ("server-nosystemd", "test -d /run/systemd/system || echo none", "none"),
    ],
)
def test_a_variant_is_what_it_is_called(
    lab: Lab, spare: LabMachine, image: str, line: str, answer: str
) -> None:
    spare.fresh(image)
    assert spare.run(line).stdout.strip() == answer
    assert ssh(lab, spare.name) == (0, "ops")


def test_the_mirror_has_what_lab_json_says(lab: Lab) -> None:
    laptop, pins = lab.machine("laptop1"), lab.pins
    assert (
        laptop.run(f"curl -sf {pins['archive_url']} | sha256sum").stdout.split()[0] == pins["archive_sha256"]
    )
    url = urllib.parse.urlsplit(lab.mirror["models"])
    for base, digest in pins["models"].items():
        name, _, tag = base.partition(":")
        manifest = f"{url.scheme}://{url.netloc}/v2{url.path}/{name}/manifests/{tag}"
        assert laptop.run(f"curl -sf {manifest} | sha256sum").stdout.split()[0] == digest


def test_a_file_laid_into_extra_is_served(lab: Lab) -> None:
    text = hashlib.sha256(b"anything").hexdigest()
    file = lab.extra / "anything"
    file.write_text(text)
    assert lab.machine("laptop2").run(f"curl -sf {lab.mirror['files']}/extra/anything").stdout == text
    file.unlink()


def test_the_plugin_s_packages_are_those_of_the_catalogue(lab: Lab) -> None:
    laptop = lab.machine("laptop2")
    for package, pinned in load_catalogue().plugin.packages.items():
        line = f"curl -sf {tarball_url(package)} | sha512sum"
        sha512 = bytes.fromhex(laptop.run(line).stdout.split()[0])
        assert "sha512-" + base64.b64encode(sha512).decode() == pinned.integrity
        assert lab.pins["npm"][package] == pinned.integrity


@pytest.mark.parametrize("name", ["laptop1", "laptop2"])
def test_a_developer_has_a_service_manager_of_her_own(lab: Lab, name: str) -> None:
    assert ssh(lab, name, "systemctl --user is-system-running --wait") == (0, "running")
    line = "systemd-run --user --quiet --wait --pipe id -un"
    assert ssh(lab, name, line) == (0, "dev")


def test_who_may_become_root_installs_haproxy(lab: Lab, spare: LabMachine) -> None:
    spare.fresh("laptop-node")
    developer = f"dev@{spare.name}"
    assert ssh(lab, developer, "command -v haproxy || echo none") == (0, "none")
    assert ssh(lab, developer, "sudo -n apt-get install -y -qq haproxy >/dev/null 2>&1; echo $?") == (0, "0")
    assert ssh(lab, developer, "/usr/sbin/haproxy -v | head -n 1 | cut -c1-7") == (0, "HAProxy")


def test_who_may_not_has_it_already_and_keeps_services_running_without(lab: Lab, spare: LabMachine) -> None:
    spare.fresh("laptop-haproxy")
    developer = f"dev@{spare.name}"
    assert ssh(lab, developer, "/usr/sbin/haproxy -v | head -n 1 | cut -c1-7") == (0, "HAProxy")
    assert ssh(lab, developer, "sudo -n id -un")[0] == 1
    assert ssh(lab, developer, "loginctl enable-linger && loginctl show-user dev -P Linger") == (0, "yes")


def test_a_laptop_without_either_can_have_neither(lab: Lab, spare: LabMachine) -> None:
    spare.fresh("laptop")
    developer = f"dev@{spare.name}"
    assert ssh(lab, developer, "PATH=$PATH:/usr/sbin; command -v haproxy || echo none") == (0, "none")
    assert ssh(lab, developer, "sudo -n id -un")[0] == 1
    assert ssh(lab, developer, "loginctl enable-linger")[0] == 1
