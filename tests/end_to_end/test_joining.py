"""A machine joins with a bundle alone: no login of the admin's, the hosts proven from where they are used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.installed import installed, run, said
from tests.end_to_end.product import PROGRAM, Product
from tests.end_to_end.road import CONFIG, SERVER, USERS_OWN, write_config
from tests.end_to_end.sites import Sites, host
from tests.lab.lab import LabMachine

pytestmark = pytest.mark.lab

BUNDLE = "/home/dev/team.bundle"
SCRIPT = "/home/dev/join.sh"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LabMachine]:
    with installed(tmp_path / "own") as machine:
        write_config(machine, USERS_OWN, "0640")
        yield machine


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[LabMachine]:
    with installed(tmp_path / "bare", "bare") as machine:
        yield machine


def script(machine: LabMachine, words: str, code: int) -> str:
    done = machine.run(f"sh {SCRIPT} {words}", user="dev", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return str(done.stdout + done.stderr)


def test_a_machine_joins_with_a_bundle_and_gets_an_answer(
    own: LabMachine, server: LabMachine, product: Product, sites: Sites, tmp_path: Path
) -> None:
    server.trust()
    profile = tmp_path / "ours.yaml"
    profile.write_text("extends: hybrid-cloud-ollama\ncloud_fallback: false\n")
    site = sites("team", [host(SERVER)], ["laptop1"], router={"profile": str(profile)})
    product.lan(site, "--limit", SERVER).must(0)
    bundle = tmp_path / "team.bundle"
    made = product("site", "export", "--site", site, "--out", bundle).must(0)
    checksum = made.stdout.rpartition("--sha256 ")[2].strip()
    assert "ops" not in bundle.read_text(), "no login is in it"

    own.write(BUNDLE, bundle.read_text().replace("11434", "11435") + " ", owner="dev")
    refused = run(own, f"join {BUNDLE} --yes", 2)
    assert "altered" in str(refused["failures"])
    own.write(BUNDLE, bundle.read_text(), owner="dev")
    run(own, f"join {BUNDLE} --yes --sha256 {'0' * 64}", 2)
    assert own.read(CONFIG) == USERS_OWN

    dry = run(own, f"join {BUNDLE} --dry-run", 0)
    assert said(dry, "localhost", "changed")
    assert own.read(CONFIG) == USERS_OWN

    joined = run(own, f"join {BUNDLE} --yes --sha256 {checksum}", 0)
    proven = said(joined, "localhost", "proven")
    assert any(SERVER in text and "digest" in text for text in proven)
    assert any("agents have their models" in text for text in proven)
    assert any("OpenCode answered" in text for text in proven)
    assert any(checksum in text for text in joined["notes"])

    again = run(own, f"join {BUNDLE} --yes", 0)
    assert said(again, "localhost", "changed") == []

    server.run("systemctl stop ollama.service")
    try:
        failed = run(own, f"join {BUNDLE} --yes", 5)
        assert "no connection" in str(failed["failures"])
    finally:
        server.run("systemctl start ollama.service")


def test_a_machine_without_the_program_joins_with_one_sh_file(
    bare: LabMachine, server: LabMachine, product: Product, sites: Sites, tmp_path: Path
) -> None:
    server.trust()
    site = sites("team", [host(SERVER)], ["laptop1"], router={"profile": "hybrid-cloud-ollama"})
    product.lan(site, "--limit", SERVER).must(0)
    file = tmp_path / "join.sh"
    made = product("site", "export", "--sh", "--site", site, "--out", file).must(0)
    checksum = made.stdout.rpartition("sha256 ")[2].split()[0]
    assert "ops@" not in file.read_text(), "no login is in it"

    bare.write(SCRIPT, file.read_text()[:-30], owner="dev")
    assert "altered" in script(bare, "--yes", 2)
    bare.write(SCRIPT, file.read_text(), owner="dev")
    assert checksum in script(bare, "--dry-run", 0)
    bare.run(f"test ! -e {CONFIG}")

    server.run("systemctl stop ollama.service")
    try:
        assert f"{SERVER}: GET http" in script(bare, "--yes", 5)
    finally:
        server.run("systemctl start ollama.service")
    bare.run(f"test ! -e {CONFIG}")

    joined = script(bare, "--yes", 0)
    assert "agents have their models in its own OpenCode" in joined
    assert "OpenCode answered with ollama/" in joined
    assert "nothing to change" in script(bare, "", 0)
    script(bare, "--uninstall --yes", 0)
    bare.run("test ! -e /home/dev/.config/opencode && test ! -e /home/dev/.omo")


def test_the_sh_file_keeps_a_configuration_that_is_there(
    own: LabMachine, server: LabMachine, product: Product, sites: Sites, tmp_path: Path
) -> None:
    server.trust()
    site = sites("team", [host(SERVER)], ["laptop1"])
    product.lan(site, "--limit", SERVER).must(0)
    file = tmp_path / "join.sh"
    product("site", "export", "--sh", "--site", site, "--out", file).must(0)
    own.write(SCRIPT, file.read_text(), owner="dev")
    assert "takes Python 3.10 or newer" in script(own, "--yes", 3)
    assert own.read(CONFIG) == USERS_OWN
    own.run(f"ln -s {PROGRAM.with_name('python3')} /usr/local/bin/python3")
    script(own, "--yes", 0)
    assert own.read(CONFIG) != USERS_OWN
    script(own, "--uninstall --yes", 0)
    assert own.read(CONFIG) == USERS_OWN
