"""doctor judges a host by the site as it is described, and by what fits on its cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provision.doctor import examined
from provision.engines.openssh import OffList
from provision.engines.vitals import Vitals
from provision.prove import Proof
from provision.survey import Survey
from tests.unit.provision.bed import site, with_cards
from tests.unit.provision.stage import Calls, operation, replace


def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **host: Any) -> tuple[dict[str, str], Calls]:
    """What its checks found, and how it was proven."""
    of = site(hosts=[{"name": "gpu.local", **host}], workstations=[])
    replace(monkeypatch, "provision.looking.survey", Survey(hosts={"gpu.local": with_cards(16380)}))
    replace(monkeypatch, "provision.doctor.vitals", Vitals())
    replace(monkeypatch, "provision.doctor.probe_host", OffList(verdict="closed", detail=""))
    proven = replace(monkeypatch, "provision.doctor.prove_host", Proof(host="gpu.local", url="", checks=()))
    checks = examined(operation(tmp_path, site=of))["gpu.local"]
    return {check.what: check.verdict for check in checks}, proven


def test_a_model_by_name_that_does_not_fit_is_wrong_and_a_default_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, _ = examine(tmp_path, monkeypatch, models=["qwen3-coder-32k", "lfm2.5-thinking"])
    default, proven = examine(tmp_path, monkeypatch)
    assert (named["GPU memory"], default["GPU memory"]) == ("wrong", "ok")
    plan = proven.calls[0][0][1]
    assert [model.name for model in plan.variables.ollama_models.ollama_models_wanted] == [
        "ministral-3:14b-32k",
        "lfm2.5-thinking:latest",
    ]


def test_an_accepted_offload_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks, proven = examine(tmp_path, monkeypatch, accept_offload=True)
    assert checks["GPU memory"] == "ok"
    assert proven.calls[0][0][1].offloaded == ("qwen3-coder-32k",)
