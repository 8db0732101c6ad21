"""With a person at a terminal: questions, host keys, the sudo password, and Ctrl-C in the middle."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.product import Product, Ran, read_until
from tests.end_to_end.road import CONFIG, write_config
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.end_to_end.terminal import Person
from tests.lab.lab import Lab, LabMachine
from tests.lab.layout import SSH
from tests.lab.shell import run

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def bare(lab: Lab) -> LabMachine:
    machine = lab.machine("gpu-two.local")
    machine.fresh()
    machine.trust()
    return machine


def person(product: Product, *words: str | Path) -> Person:
    return Person(product.argv(*words), product.environment)


def last_report(product: Product) -> Ran:
    return Ran(0, "", "", 0.0, product.runs[-1])


def fingerprint(machine: LabMachine) -> str:
    return machine.run("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]


def test_an_unknown_key_is_refused_without_a_terminal(
    bare: LabMachine, product: Product, sites: Sites
) -> None:
    bare.forget()
    ran = product.lan(sites.small()).must(3)
    assert f"{bare.name}: its host key is not known" in ran.failures
    assert fingerprint(bare) in ran.failures
    assert bare.name not in (SSH / "known_hosts").read_text()
    bare.trust()


def test_an_unknown_key_is_shown_and_kept_when_accepted(
    bare: LabMachine, product: Product, sites: Sites
) -> None:
    site = sites.small()
    bare.forget()
    with person(product, "lan", "--site", site) as no:
        no.sees(fingerprint(bare))
        no.sees("Is this its key? [y/N]")
        no.types("n")
        assert no.waits() == 3
    assert bare.name not in (SSH / "known_hosts").read_text()
    with person(product, "lan", "--site", site) as yes:
        yes.sees(fingerprint(bare))
        yes.sees("[y/N]")
        yes.types("yes")
        yes.sees("Carry out this plan? [y/N]")
        yes.types("n")
        assert yes.waits() == 130, yes.shown
    kept = [line for line in (SSH / "known_hosts").read_text().splitlines() if line.startswith(bare.name)]
    key = bare.read("/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    assert [line.split()[2] for line in kept] == [key]
    bare.trust()


def test_saying_no_changes_nothing(bare: LabMachine, product: Product, sites: Sites) -> None:
    before = bare.tree_hash()
    with person(product, "lan", "--site", sites.small()) as no:
        no.sees("Ollama")
        no.sees("Carry out this plan? [y/N]")
        no.types("")
        assert no.waits() == 130
        no.sees("Nothing was changed")
    assert bare.tree_hash() == before


class Watcher(threading.Thread):
    """Looks at every process of the lab's kernel, operator and hosts alike, for a secret in its arguments."""

    def __init__(self, secret: str) -> None:
        super().__init__(daemon=True)
        self._secret = secret.encode()
        self._over = threading.Event()
        self.seen: set[bytes] = set()
        self.looks = 0

    def run(self) -> None:
        while not self._over.wait(0.02):
            self.looks += 1
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    words = entry.read_bytes()
                except OSError:
                    continue
                if self._secret in words:
                    self.seen.add(words)

    def stop(self) -> None:
        self._over.set()
        self.join()


@contextmanager
def watching(secret: str) -> Iterator[Watcher]:
    watcher = Watcher(secret)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.stop()


def test_the_watcher_would_see_a_secret() -> None:
    with (
        watching("astraeus-not-so-secret") as watcher,
        subprocess.Popen(["tail", "-f", "/dev/null", "--", "astraeus-not-so-secret"]) as tail,
    ):
        for _ in range(500):
            watcher.join(0.02)
            if watcher.seen:
                break
        tail.kill()
    assert watcher.seen


def test_the_sudo_password_is_asked_once_and_written_nowhere(
    bare: LabMachine, lab: Lab, product: Product, sites: Sites
) -> None:
    asking = host("gpu-two.local", models=[SMALL_MODEL], ssh={"user": "asks"})
    site = sites("asks", [asking])
    refused = product.lan(site).must(3)
    assert "sudo asks asks for a password" in refused.failures
    with watching(lab.sudo_password) as watcher, person(product, "lan", "--site", site) as dev:
        dev.sees("sudo password of asks")
        dev.types(lab.sudo_password)
        dev.sees("Carry out this plan? [y/N]")
        dev.types("y")
        assert dev.waits() == 0, dev.shown
    assert dev.shown.count("sudo password") == 1
    assert lab.sudo_password not in dev.shown
    assert watcher.looks > 20
    assert watcher.seen == set()
    secret = lab.sudo_password.encode()
    kept = [path for path in product.state.rglob("*") if path.is_file()]
    assert [path for path in kept if secret in path.read_bytes()] == []
    ran = last_report(product)
    assert ran.of("gpu-two.local")
    assert any("closed off the list" in text for text in ran.of("gpu-two.local", "proven"))
    places = "/etc/systemd /var/log /var/lib/ollama /opt/astraeus /tmp /var/tmp /dev/shm /home /root"
    assert bare.run(f"grep -rlF {lab.sudo_password} {places}", check=False).stdout == ""
    assert lab.sudo_password not in bare.run("journalctl --no-pager -q").stdout


def test_a_wrong_sudo_password_is_named(bare: LabMachine, product: Product, sites: Sites) -> None:
    site = sites("asks", [host("gpu-two.local", models=[SMALL_MODEL], ssh={"user": "asks"})])
    with person(product, "lan", "--site", site) as dev:
        dev.sees("sudo password of asks")
        dev.types("wrong")
        assert dev.waits() == 3
        dev.sees("sudo does not take that password")


def leftovers(machine: LabMachine) -> str:
    """Processes of a run that is over, on the operator's machine and on the host."""
    mine = run(["ps", "-A", "-o", "args="]).stdout
    lines = [
        line for line in mine.splitlines() if "ansible-playbook" in line and str(machine.place.name) in line
    ]
    return "\n".join(lines)


def test_ctrl_c_while_converging_says_what_was_done_and_a_rerun_heals(
    lab: Lab, product: Product, sites: Sites
) -> None:
    machine = lab.machine("gpu-two.local")
    machine.fresh()
    machine.trust()
    url = lab.pins["archive_url"].replace(lab.mirror["files"], lab.mirror["slow_files"])
    slow = sites.small("slow", ollama=sites.archive(url=url))
    with person(product, "lan", "--site", slow, "--yes") as dev:
        dev.sees("Fetch the archive")
        dev.presses_ctrl_c()
        assert dev.waits(timeout_s=60) == 130, dev.shown
    assert "Traceback" not in dev.shown
    ran = last_report(product)
    assert "Interrupted" in ran.failures
    assert "Already changed: gpu-two.local" in ran.failures
    assert "astraeus-provision lan" in ran.failures
    assert leftovers(machine) == ""
    found = machine.run("find /opt/astraeus /usr/local/bin -type f -o -type l", check=False).stdout
    assert "ollama" not in [Path(line).name for line in found.splitlines()], found
    healed = product.lan(sites.small()).must(0)
    assert healed.changes > 0
    assert product.lan(sites.small()).must(0).changes == 0


def test_a_signal_without_a_terminal_is_the_same(lab: Lab, product: Product, sites: Sites) -> None:
    """The user of a CI job that is cancelled; on workstations a file is old or new, never half."""
    laptop = lab.machine("laptop1")
    site = sites("one", [host("gpu-two.local", models=[SMALL_MODEL])], ["laptop1"])
    product.lan(site).must(0)
    old = '{"theme": "mine"}\n'
    write_config(laptop, old)
    process = product.start("lan", "--site", site, "--yes")
    progress = read_until(process, "Publish to laptop1")
    process.send_signal(signal.SIGINT)
    ran = product.latest(process, progress)
    assert ran.code == 130, ran.said
    assert "Traceback" not in ran.said
    assert "Interrupted" in ran.stdout
    now = laptop.read(CONFIG)
    assert now == old or "gpu-two.local" in json.loads(now)["provider"]["ollama"]["name"]
    assert [
        name
        for name in laptop.run("ls -A .config/opencode", user="dev").stdout.split()
        if name.startswith(".")
    ] == []
    assert product.lan(site).must(0).of("laptop1", "proven")
    assert "gpu-two.local" in laptop.read(CONFIG)
