"""The dynamic inventory says what a run would tell Ansible, in the form that Ansible asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.converge import inventory_host
from provision.dynamic import inventory_for
from provision.engines import ansible
from provision.errors import PreflightError
from provision.facts import Unreached
from provision.sitefile import Described
from provision.survey import Survey
from tests.unit.provision.bed import BARE, SITE, site, with_cards
from tests.unit.provision.stage import operation, plan, replace

DESCRIBED = Described(site=SITE, origin="flags only")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_it_lists_hosts_with_all_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(monkeypatch, "provision.dynamic.survey", Survey(hosts={"gpu.local": BARE}))
    found = inventory_for(DESCRIBED, None)
    assert found[ansible.GROUP] == {"hosts": ["gpu.local"]}
    variables = found["_meta"]["hostvars"]["gpu.local"]
    assert inventory_for(DESCRIBED, "gpu.local") == variables
    assert asked.calls[0][1]["only"] == ["gpu.local"]


def test_it_is_the_same_truth_as_the_run_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, "provision.dynamic.survey", Survey(hosts={"gpu.local": BARE}))
    replace(monkeypatch, "provision.dynamic.reaches", operation(tmp_path).ways)
    run = operation(tmp_path)
    (host,) = plan().hosts
    assert inventory_for(DESCRIBED, "gpu.local") == inventory_host(run, host, password_given=False)


def test_a_host_that_cannot_be_looked_at_is_an_error_not_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    two = Described(site=site(hosts=[{"name": "gpu.local"}, {"name": "off"}]), origin="")
    silent = Unreached(kind="silent", reason="timed out")
    seen = Survey(hosts={"gpu.local": BARE}, unreachable={"off": silent})
    replace(monkeypatch, "provision.dynamic.survey", seen)
    with pytest.raises(PreflightError) as caught:
        inventory_for(two, None)
    assert [part.problem.partition(":")[0] for part in caught.value.parts] == ["off"]


def test_an_unknown_host_has_no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, "provision.dynamic.survey", Survey())
    assert inventory_for(DESCRIBED, "nobody") == {}


def test_no_run_is_kept_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(monkeypatch, "provision.dynamic.survey", Survey(hosts={"gpu.local": BARE}))
    inventory_for(DESCRIBED, None)
    assert not (tmp_path / "astraeus-provision/runs").exists()
    assert not Path(asked.calls[0][0][2]).exists()


def test_a_host_gets_what_fits_on_its_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, "provision.dynamic.survey", Survey(hosts={"gpu.local": with_cards(16380)}))
    found = inventory_for(DESCRIBED, "gpu.local")
    assert [model["name"] for model in found["ollama_models_wanted"]] == [
        "ministral-3:14b-32k",
        "lfm2.5-thinking:latest",
    ]
    assert (found["ollama_kv_cache_type"], found["ollama_max_loaded_models"]) == ("q8_0", 2)
