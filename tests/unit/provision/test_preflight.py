"""Preflight as data: each file of tests/cases/preflight changes the good machine and says what is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.catalogue import load_catalogue
from provision.facts import HostFacts, Unreached
from provision.fleet.workstation.shapes import Look
from provision.hostkeys import HostKey
from provision.preflight import blocking, preflight
from provision.site import Site
from provision.survey import Survey

CASES = Path(__file__).parents[2] / "cases" / "preflight"
BASE = yaml.safe_load((CASES / "_base.yaml").read_text())


def merged(base: Any, change: Any) -> Any:
    """The change laid over the base, mapping by mapping."""
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
    return change


def cases() -> list[Path]:
    return sorted(path for path in CASES.glob("*.yaml") if not path.name.startswith("_"))


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_preflight(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    assert case.keys() <= {
        "site",
        "host",
        "workstation",
        "unreachable",
        "keys",
        "passwords",
        "unpin",
        "finds",
    }
    site = Site.model_validate(merged(BASE["site"], case.get("site", {})))
    catalogue = load_catalogue()
    if "unpin" in case:
        archives = dict(catalogue.ollama.archives)
        archives[case["unpin"]] = archives[case["unpin"]].model_copy(update={"sha256": None})
        release = catalogue.ollama.model_copy(update={"archives": archives})
        catalogue = catalogue.model_copy(update={"ollama": release})
    # Not merged: a key of the machine is replaced as a whole, so that a case shows all of it.
    hosts = {"gpu.local": HostFacts.model_validate(BASE["host"] | case.get("host", {}))}
    workstations = {"laptop": Look.model_validate(BASE["workstation"] | case.get("workstation", {}))}
    gone = case.get("unreachable", {})
    survey = Survey(
        hosts={name: facts for name, facts in hosts.items() if name not in gone},
        workstations={name: look for name, look in workstations.items() if name not in gone},
        unreachable={name: Unreached.model_validate(why) for name, why in gone.items()},
        keys={name: HostKey.model_validate(key) for name, key in case.get("keys", {}).items()},
    )
    found = preflight(site, catalogue, survey, passwords=case.get("passwords", ()))
    assert [(finding.machine, finding.severity) for finding in found] == [
        (wanted["machine"], wanted["severity"]) for wanted in case["finds"]
    ], "\n".join(finding.problem for finding in found)
    for finding, wanted in zip(found, case["finds"], strict=True):
        assert wanted["problem"] in finding.problem
        assert wanted["remedy"] in finding.remedy
        assert finding.remedy


def test_what_stops_and_what_is_left_out_are_told_apart() -> None:
    survey = Survey(
        hosts={"gpu.local": HostFacts.model_validate(BASE["host"] | {"sudo": "none"})},
        unreachable={"laptop": Unreached(kind="silent", reason="it sleeps")},
    )
    found = preflight(Site.model_validate(BASE["site"]), load_catalogue(), survey)
    assert [finding.machine for finding in blocking(found)] == ["gpu.local"]
    assert [(one.machine, one.problem) for one in found if one.severity == "skips"] == [
        ("laptop", "it sleeps")
    ]


ABSENT = {"gpus": [], "pci": [], "driver": "absent"}
SMALL = {
    "gpus": [{"name": "RTX 2060", "uuid": "GPU-1", "memory_mib": 16380, "driver": "570.10"}],
    "driver": "answers",
}


@pytest.mark.parametrize(
    "graphics", [ABSENT, SMALL, {**ABSENT, "driver": "missing"}, {**ABSENT, "driver": "broken"}]
)
def test_what_only_a_site_file_can_say_is_told_with_the_way_to_say_it(graphics: dict[str, Any]) -> None:
    hosts = [{"name": "gpu.local", "models": ["qwen3-coder-32k", "lfm2.5-thinking"]}]
    site, catalogue = Site.model_validate({**BASE["site"], "hosts": hosts}), load_catalogue()
    survey = Survey(hosts={"gpu.local": HostFacts.model_validate(BASE["host"] | {"graphics": graphics})})
    by_flags = preflight(site, catalogue, survey)
    by_file = preflight(site, catalogue, survey, site_file="team/site.yml")
    said = "models: [" if graphics is SMALL else "accelerator: cpu`"
    for finding in by_flags:
        assert "run `lan` again with `--save site.yaml`, add `" in finding.remedy
        assert said in finding.remedy
        assert "under gpu.local in that file, then run `lan` with `--site site.yaml`" in finding.remedy
    for finding in by_file:
        assert "under gpu.local in team/site.yml, then run this again" in finding.remedy
        assert "--save" not in finding.remedy
    assert by_flags
    assert by_file
