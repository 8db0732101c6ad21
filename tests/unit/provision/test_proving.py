"""The gate: proofs and the probe off the list become outcomes, or one error that names all that was wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from provision.engines.openssh import OffList
from provision.errors import ProofError
from provision.operation import Goal
from provision.plan import HostPlan
from provision.prove import Check, Expected, Proof
from provision.proving import prove_hosts
from tests.unit.provision.bed import BARE, CATALOGUE, converged
from tests.unit.provision.stage import operation, plan, replace, texts

FACTS = {"gpu.local": converged()}
CLOSED = OffList(verdict="closed", detail="192.0.2.2: timed out")
GOOD = Check(what="version", verdict="ok", detail="1")


def proof(*checks: Check) -> Proof:
    return Proof(host="gpu.local", url="http://gpu.local", checks=checks)


@pytest.fixture(autouse=True)
def names_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provision.proving.resolves", lambda _: True)


def test_what_holds_is_kept_with_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weak = Check(what="lfm tool call", verdict="warning", detail="none")
    asked = replace(monkeypatch, "provision.proving.prove", proof(GOOD, weak))
    replace(monkeypatch, "provision.proving.probe_off_list", CLOSED)
    run = operation(tmp_path)
    prove_hosts(run, plan(converged()).hosts, FACTS, {})
    assert texts(run, "gpu.local", "proven") == ["version: 1", "closed off the list: 192.0.2.2: timed out"]
    assert texts(run, "gpu.local", "warnings") == ["lfm tool call: none"]
    wanted: Expected = asked.calls[0][0][0]
    assert wanted.version == CATALOGUE.ollama.version
    assert wanted.on_gpu
    assert all(model.digest for model in wanted.models)


def test_every_wrong_answer_and_an_open_port_are_told_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = Check(what="context", verdict="failed", detail="is 4096, expected 32768")
    replace(monkeypatch, "provision.proving.prove", proof(GOOD, bad))
    replace(
        monkeypatch, "provision.proving.probe_off_list", OffList(verdict="open", detail="open to 192.0.2.2")
    )
    with pytest.raises(ProofError) as caught:
        prove_hosts(operation(tmp_path), plan(converged()).hosts, FACTS, {})
    assert caught.value.problem == "gpu.local: context at http://gpu.local: is 4096, expected 32768"
    assert "its port is open to 192.0.2.2" in caught.value.evidence
    assert "No workstation was touched" in caught.value.changed
    assert "verify" in caught.value.remedy


def test_a_probe_that_could_not_run_proves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "provision.proving.prove", proof(GOOD))
    replace(
        monkeypatch, "provision.proving.probe_off_list", OffList(verdict="unknown", detail="no namespaces")
    )
    run = operation(tmp_path)
    prove_hosts(run, plan(converged()).hosts, FACTS, {})
    assert "not proven" in texts(run, "gpu.local", "warnings")[0]


def test_an_operator_off_the_list_asks_through_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    @contextmanager
    def tunnel(way: object, port: int, log: object) -> Iterator[Path]:
        opened.append(f"{port}")
        yield tmp_path / "socket"

    monkeypatch.setattr("provision.proving.tunnel", tunnel)
    asked = replace(monkeypatch, "provision.proving.prove", proof(GOOD))
    replace(monkeypatch, "provision.proving.probe_off_list", CLOSED)
    (host,) = plan(converged()).hosts
    off = host.model_copy(update={"admission": host.admission.model_copy(update={"operator": False})})
    prove_hosts(operation(tmp_path), [off], FACTS, {})
    assert opened == [str(CATALOGUE.ollama.port)]
    assert asked.calls[0][0][1].endswith("(through SSH)")
    prove_hosts(operation(tmp_path), [host], FACTS, {})
    assert len(opened) == 1
    monkeypatch.setattr("provision.proving.resolves", lambda _: False)
    prove_hosts(operation(tmp_path), [host], FACTS, {})
    assert len(opened) == 2
    assert isinstance(asked.calls[-1][0][2], httpx.Client)


def test_the_password_goes_only_to_hosts_that_want_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "provision.proving.prove", proof(GOOD))
    probe = replace(monkeypatch, "provision.proving.probe_off_list", CLOSED)
    hosts: tuple[HostPlan, ...] = plan(converged()).hosts
    for given in ({"another": "secret"}, {"gpu.local": "open-sesame"}):
        prove_hosts(operation(tmp_path), hosts, FACTS, given)
    assert [call[0][2] for call in probe.calls] == [None, "open-sesame"]


def test_verify_is_red_where_a_host_differs_though_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "provision.proving.prove", proof(GOOD))
    replace(monkeypatch, "provision.proving.probe_off_list", CLOSED)
    with pytest.raises(ProofError, match="differs from the site"):
        prove_hosts(operation(tmp_path, Goal.VERIFY), plan(BARE).hosts, FACTS, {})


def test_verify_only_warns_where_our_host_does_not_show_its_live_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "provision.proving.prove", proof(GOOD))
    replace(monkeypatch, "provision.proving.probe_off_list", CLOSED)
    hidden = converged().model_copy(update={"live": None})
    going = operation(tmp_path, Goal.VERIFY)
    prove_hosts(going, plan(hidden).hosts, FACTS, {})
    assert "not compared with the site: no root there" in texts(going, "gpu.local", "warnings")


def test_a_difference_is_told_by_verify_as_it_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "provision.proving.prove", proof(GOOD))
    replace(monkeypatch, "provision.proving.probe_off_list", CLOSED)
    altered = converged()
    assert altered.live is not None
    altered = altered.model_copy(update={"live": altered.live.model_copy(update={"nft_table": None})})
    with pytest.raises(ProofError) as told:
        prove_hosts(operation(tmp_path, Goal.VERIFY), plan(altered).hosts, FACTS, {})
    assert (
        str(told.value).splitlines()[0] == "gpu.local: differs from the site: the firewall table is missing"
    )


def test_nothing_is_proven_where_there_is_no_host(tmp_path: Path) -> None:
    prove_hosts(operation(tmp_path), (), {}, {})
