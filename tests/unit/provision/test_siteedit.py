"""A workstation comes into a site file and goes out of it; every other byte stays."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from provision.siteedit import UneditableError, with_workstation, without_workstation

NEW = {"name": "new", "ssh": {"user": "dev"}}
HERE = {"name": "localhost"}
HEAD = "# ours\nhosts: [{name: gpu}] # one\n"
FILES = {
    "no list": HEAD,
    "no list, no last newline": HEAD.rstrip("\n"),
    "empty list": f"{HEAD}workstations: [] # nobody\nadmit: [10.0.0.0/8]\n",
    "block": f"{HEAD}workstations:\n  # hers\n  - name: a # first\n    ssh: {{user: x}} # why\n"
    "  # the second\n  - name: b\n\n# behind\nadmit: [10.0.0.0/8]\n",
    "block without indentation": f"{HEAD}workstations:\n- name: a\n- name: b\nadmit: [10.0.0.0/8]\n",
    "block to the end": f"{HEAD}workstations:\n  - name: a\n    ssh:\n      user: x",
    "block, item below its dash": f"{HEAD}workstations:\n  -\n    # hers - really\n    name: a\n",
    "flow": f"{HEAD}workstations: [{{name: a}}, {{name: b}}]\n",
    "flow over lines": f"{HEAD}workstations: [\n  {{name: a}},  # hers\n  {{name: b}}\n]\nadmit: []\n",
    "block of flows": f"{HEAD}workstations:\n  - {{name: a, ssh: {{user: x}}}}\n  - {{name: b}}  # b\n",
    "windows": f"{HEAD}workstations:\n  - name: a\nadmit: [10.0.0.0/8]\n".replace("\n", "\r\n"),
    "in the middle": "workstations:\n    - name: a\n\n\nhosts: [{name: gpu}]\n",
}


def names(text: str) -> list[str]:
    data: Any = yaml.safe_load(text)
    return [one["name"] for one in data.get("workstations") or []]


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_it_comes_last_and_every_other_line_stays(text: str) -> None:
    before = () if "workstations" in text else (HERE,)
    edited = with_workstation(text, NEW, before)
    assert names(edited) == [*names(text), *(one["name"] for one in before), "new"]
    data: Any = yaml.safe_load(edited)
    assert data["workstations"][-1] == NEW
    assert {key: data[key] for key in data if key != "workstations"} == {
        key: value for key, value in yaml.safe_load(text).items() if key != "workstations"
    }
    for comment in [line.partition("#")[2] for line in text.splitlines() if "#" in line]:
        assert comment in edited
    assert ("\r" in edited) == ("\r" in text)
    assert edited.count("\n") == edited.count("\r\n") or "\r" not in text


@pytest.mark.parametrize("text", [one for name, one in FILES.items() if "no list" not in name])
def test_what_came_goes_and_the_same_bytes_are_there(text: str) -> None:
    whole = text if text.endswith("\n") else f"{text}\n"
    assert without_workstation(with_workstation(whole, NEW), "new") == whole


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_one_goes_and_the_others_stay(text: str, name: str) -> None:
    if name not in names(text):
        with pytest.raises(UneditableError, match=f"{name} does not stand"):
            without_workstation(text, name)
        return
    left = without_workstation(text, name)
    data: Any = yaml.safe_load(left)
    assert data["workstations"] is not None
    assert names(left) == [one for one in names(text) if one != name]
    assert data["hosts"] == [{"name": "gpu"}]
    assert "# behind" in left or "# behind" not in text


def test_the_last_one_leaves_an_empty_list() -> None:
    left = without_workstation(f"{HEAD}workstations: # who\n  - name: a\nadmit: []\n", "a")
    assert left == f"{HEAD}workstations: [] # who\nadmit: []\n"


def test_a_list_that_is_another_s_alias_is_left_alone() -> None:
    text = "hosts: &x [{name: gpu}]\nworkstations: *x\n"
    with pytest.raises(UneditableError, match="alias"):
        with_workstation(text, NEW)


def test_nothing_behind_the_key_is_nobody_s_to_fill() -> None:
    with pytest.raises(UneditableError, match="no list"):
        with_workstation(f"{HEAD}workstations: # who\n", NEW)
