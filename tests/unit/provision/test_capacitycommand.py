"""`capacity` from its words to what it prints; hosts are looked at, nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provision.capacitycommand import say_capacity
from provision.errors import PreflightError, SiteError
from provision.facts import Unreached
from provision.sitefile import remember
from provision.survey import Survey
from tests.unit.provision.bed import BARE, site
from tests.unit.provision.stage import replace, way


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(
        "provision.capacitycommand.reaches", lambda site: {h.name: way(h.name) for h in site.hosts}
    )


def said(capsys: pytest.CaptureFixture[str], *hosts: str, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"gpus": (), "count": None, "users": None, "site": None, **more}
    assert say_capacity(hosts, given.pop("gpus"), as_json=True, **given) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_card_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, gpus=("RTX 4090",), count=2, users=5)
    assert (found["ok"], found["users"], found["exit_code"], found["failures"]) == (True, 5, 0, [])
    (host,) = found["hosts"]
    assert len(host["fit"]["cards"]) == 2
    assert say_capacity((), ("RTX 4090",), count=None, users=None, site=None, as_json=False) == 0
    assert "1 user;" in capsys.readouterr().out


def test_a_host_is_looked_at_and_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(site(hosts=[{"name": "gpu.local"}, {"name": "other"}]))
    looked = replace(monkeypatch, "provision.capacitycommand.survey", Survey(hosts={"gpu.local": BARE}))
    found = said(capsys, "ops@gpu.local")
    assert [host["name"] for host in found["hosts"]] == ["gpu.local"]
    assert found["hosts"][0]["cards"] == ["NVIDIA RTX 4090 (24564 MiB)"]
    assert looked.calls[0][1]["only"] == ["gpu.local"]


def test_the_remembered_site_s_hosts_are_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(site(workstations=[{"name": name} for name in "abc"]))
    replace(monkeypatch, "provision.capacitycommand.survey", Survey(hosts={"gpu.local": BARE}))
    assert (said(capsys)["users"], said(capsys, users=9)["users"]) == (3, 9)


def test_every_host_that_does_not_tell_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    remember(site(hosts=[{"name": "off"}, {"name": "bare"}, {"name": "cpu", "accelerator": "cpu"}]))
    bare = BARE.model_copy(update={"graphics": BARE.graphics.model_copy(update={"gpus": ()})})
    silent = Unreached(kind="silent", reason="timed out")
    seen = Survey(hosts={"bare": bare, "cpu": BARE}, unreachable={"off": silent})
    replace(monkeypatch, "provision.capacitycommand.survey", seen)
    with pytest.raises(PreflightError) as caught:
        say_capacity((), (), count=None, users=None, site=None, as_json=False)
    assert [part.problem.partition(":")[0] for part in caught.value.parts] == ["off", "bare", "cpu"]
    assert all(part.remedy for part in caught.value.parts)


@pytest.mark.parametrize(
    ("hosts", "more", "problem"),
    [
        (("a",), {"gpus": ("T4",)}, "--gpu is for cards that are not at hand"),
        ((), {"gpus": ("T4",), "site": Path("x.yml")}, "--gpu is for cards that are not at hand"),
        ((), {"count": 2}, "--count counts cards of --gpu"),
        ((), {}, "capacity of what?"),
        ((), {"gpus": ("RTX 9",)}, "no card that is known"),
    ],
)
def test_what_cannot_be_meant_is_refused(hosts: tuple[str, ...], more: dict[str, Any], problem: str) -> None:
    given: dict[str, Any] = {"gpus": (), "count": None, "users": None, "site": None, **more}
    with pytest.raises(SiteError, match=problem):
        say_capacity(hosts, given.pop("gpus"), as_json=False, **given)
