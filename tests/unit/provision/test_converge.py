"""Converge: Ansible only where it is needed, failures told by machine, and a second look afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provision.converge import converge, look_again
from provision.engines.ansible import HostOutcome, Playbook
from provision.errors import ConvergeError
from provision.facts import Unreached
from provision.fleet.host.sudoword import sudo_variable
from provision.operation import Goal
from provision.survey import Survey
from tests.unit.provision.bed import BARE, converged
from tests.unit.provision.stage import Calls, Person, operation, plan, replace, texts

FACTS = {"gpu.local": BARE}


def ansible(monkeypatch: pytest.MonkeyPatch, **outcome: Any) -> Calls:
    """Ansible, which tells each change as it happens and then what came of it all."""
    calls = Calls(Playbook(hosts={"gpu.local": HostOutcome(**outcome)}, events=3))

    def play(*args: Any, **kwargs: Any) -> Any:
        for text in outcome.get("changed", ()):
            kwargs["changed"]("gpu.local", text)
        return calls(*args, **kwargs)

    monkeypatch.setattr("provision.engines.ansible.play", play)
    replace(monkeypatch, "provision.converge.survey", Survey())
    return calls


def test_a_converged_host_is_not_visited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play = ansible(monkeypatch)
    run = operation(tmp_path)
    converge(run, plan(converged()).hosts, {})
    assert play.calls == []
    assert look_again(run, plan(converged()).hosts, FACTS, {}) == FACTS


def test_what_ansible_changed_is_kept_and_its_inventory_has_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = ansible(monkeypatch, changed=("Write the unit",))
    asks = BARE.model_copy(update={"sudo": "password"})
    run = operation(tmp_path)
    converge(run, plan(asks).hosts, {"gpu.local": "open-sesame"})
    assert texts(run, "gpu.local", "changed") == ["Write the unit"]
    assert play.calls[0][1]["become_passwords"] == {"gpu.local": "open-sesame"}
    assert not play.calls[0][1]["check"]
    inventory = (run.run.root / "ansible.json").read_text()
    assert "open-sesame" not in inventory
    (host,) = json.loads(inventory)["all"]["children"].values()
    assert host["hosts"]["gpu.local"]["ansible_become_password"].startswith("{{ lookup(")
    assert sudo_variable("gpu.local") in host["hosts"]["gpu.local"]["ansible_become_password"]
    assert host["hosts"]["gpu.local"]["ollama_port"] > 0


def test_a_dry_run_checks_and_shows_the_diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play = ansible(monkeypatch, changed=("unit",), diff="+ line")
    person = Person()
    converge(operation(tmp_path, Goal.DRY_RUN, person=person), plan().hosts, {})
    assert play.calls[0][1]["check"]
    assert person.shown == ["gpu.local:\n+ line"]


def test_a_dry_run_without_python_tells_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play = ansible(monkeypatch)
    run = operation(tmp_path, Goal.DRY_RUN)
    converge(run, plan(BARE.model_copy(update={"python": None})).hosts, {})
    assert play.calls == []
    assert "install python3, which Ansible needs" in texts(run, "gpu.local", "changed")
    assert "needs python3" in texts(run, "gpu.local", "warnings")[0]


def test_a_failure_names_the_machine_what_was_done_and_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = "Fetch the archive: sha256 differs\njournal line"
    ansible(monkeypatch, changed=("a", "b"), failure=failure)
    run = operation(tmp_path)
    with pytest.raises(ConvergeError) as caught:
        converge(run, plan().hosts, {})
    assert caught.value.problem == "gpu.local: Fetch the archive: sha256 differs"
    assert caught.value.evidence == "journal line"
    assert "gpu.local (2 changes)" in caught.value.changed
    assert run.command in caught.value.remedy


def test_a_full_disk_is_named_whatever_ansible_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ansible(monkeypatch, failure="Data could not be sent")
    full = {path: disk.model_copy(update={"free_bytes": 0}) for path, disk in BARE.disks.items()}
    seen = Survey(hosts={"gpu.local": BARE.model_copy(update={"disks": full})})
    replace(monkeypatch, "provision.converge.survey", seen)
    with pytest.raises(ConvergeError) as caught:
        converge(operation(tmp_path), plan().hosts, {})
    assert caught.value.problem == "gpu.local: Data could not be sent"
    assert "gpu.local: no space left on the disk of /" in caught.value.evidence


def test_what_was_done_before_ctrl_c_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(*args: Any, changed: Any, **kwargs: Any) -> None:
        changed("gpu.local", "Write the unit")
        raise KeyboardInterrupt

    monkeypatch.setattr("provision.engines.ansible.play", play)
    run = operation(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        converge(run, plan().hosts, {})
    assert texts(run, "gpu.local", "changed") == ["Write the unit"]


def test_a_host_of_which_ansible_says_nothing_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, "provision.engines.ansible.play", Playbook(hosts={}, events=3))
    with pytest.raises(ConvergeError, match=r"gpu\.local: Ansible said nothing"):
        converge(operation(tmp_path), plan().hosts, {})


def test_the_second_look_sees_what_ansible_did_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, hosts = operation(tmp_path), plan().hosts
    replace(monkeypatch, "provision.converge.survey", Survey(hosts={"gpu.local": converged()}))
    assert look_again(run, hosts, FACTS, {})["gpu.local"].live is not None
    live = converged().live
    if live is None:
        raise AssertionError
    opened = converged().model_copy(update={"live": live.model_copy(update={"nft_table": None})})
    replace(monkeypatch, "provision.converge.survey", Survey(hosts={"gpu.local": opened}))
    with pytest.raises(ConvergeError, match="still differs") as caught:
        look_again(run, hosts, FACTS, {})
    assert "the firewall table is missing" in caught.value.evidence
    gone = Survey(unreachable={"gpu.local": Unreached(kind="silent", reason="timed out")})
    replace(monkeypatch, "provision.converge.survey", gone)
    with pytest.raises(ConvergeError, match="does not answer after Ansible") as caught:
        look_again(run, hosts, FACTS, {})
    assert caught.value.evidence == "timed out"
