"""Roles and their typed contract say the same; what the model gives has no second value in a role."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import yaml

from provision.hostvars import COMMAND, RELEASES
from provision.model import Frozen
from provision.rolevars import LanFirewallVars, OllamaModelsVars, OllamaVars, RoleVars
from provision.site import Host

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.parent.parent.name for path in ROOT.glob("roles/*/tasks/main.yml"))
CONTRACTS = (OllamaVars, OllamaModelsVars, LanFirewallVars)
SCALARS = {str: "str", int: "int", bool: "bool", float: "float"}


def load(role: str, name: str) -> dict[str, Any]:
    path = ROOT / "roles" / role / name
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


def options(role: str) -> dict[str, Any]:
    found: dict[str, Any] = load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return found


def spec_of(annotation: Any) -> dict[str, Any]:
    """What argument_specs must say of a field of this type."""
    if get_origin(annotation) in (Union, types.UnionType):
        (inner,) = (arg for arg in get_args(annotation) if arg is not type(None))
        return {**spec_of(inner), "required": False}
    if get_origin(annotation) is Literal:
        return {"type": "str", "choices": list(get_args(annotation)), "required": True}
    if get_origin(annotation) is tuple:
        element = spec_of(get_args(annotation)[0])
        nested = {"options": element["options"]} if "options" in element else {}
        return {"type": "list", "elements": element["type"], "required": True, **nested}
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return {"type": "dict", "options": spec_of_model(annotation), "required": True}
    return {"type": SCALARS[annotation], "required": True}


def spec_of_model(model: type[Frozen]) -> dict[str, Any]:
    return {name: spec_of(field.annotation) for name, field in model.model_fields.items()}


def bare(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec without its prose."""
    kept: dict[str, Any] = {key: spec[key] for key in ("type", "elements", "choices") if key in spec}
    kept["required"] = bool(spec.get("required", False))
    if "options" in spec:
        kept["options"] = {name: bare(option) for name, option in spec["options"].items()}
    return kept


def test_every_role_with_variables_of_ours_is_compared() -> None:
    compared = {contract.role for contract in CONTRACTS}
    assert {role for role in ROLES if options(role)} == compared


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.role)
def test_typed_fields_are_the_roles_arguments(contract: type[RoleVars]) -> None:
    defaults = load(contract.role, "defaults/main.yml")
    given = {name: bare(spec) for name, spec in options(contract.role).items() if name not in defaults}
    assert given == {name: bare(spec) for name, spec in spec_of_model(contract).items()}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.role)
def test_no_default_shadows_what_the_model_gives(contract: type[RoleVars]) -> None:
    assert not set(load(contract.role, "defaults/main.yml")) & set(contract.model_fields)


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_own_variables_are_described_and_optional(role: str) -> None:
    described = options(role)
    for name in load(role, "defaults/main.yml"):
        assert name in described, f"{name} has no entry in argument_specs"
        assert not described[name].get("required", False), f"{name} has a default and is required"


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_their_roles_name(role: str) -> None:
    assert [name for name in options(role) if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_tried_on_a_host(role: str) -> None:
    assert list((ROOT / "roles" / role / "molecule").glob("*/molecule.yml"))


def test_the_port_is_guarded_before_something_listens_on_it() -> None:
    for name in ("lan.yml", "verify.yml"):
        (play,) = yaml.safe_load((ROOT / "playbooks" / name).read_text(encoding="utf-8"))
        order = [role["role"] for role in play["roles"]]
        assert order == ["python3", "lan_firewall", "ollama", "ollama_models"]
        assert set(play) <= {
            "name",
            "hosts",
            "become",
            "gather_facts",
            "any_errors_fatal",
            "check_mode",
            "diff",
            "roles",
        }


def test_no_role_kills_the_server_alone() -> None:
    """KillMode=process leaves runners behind that hold the GPU's memory."""
    for path in ROOT.glob("roles/*/templates/*"):
        assert "KillMode" not in path.read_text(encoding="utf-8"), path


def test_no_task_swallows_a_failure() -> None:
    swallowing = re.compile(r"ignore_errors|failed_when: false|ignore_unreachable")
    for path in (*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml")):
        assert swallowing.search(path.read_text(encoding="utf-8")) is None, path


def test_the_look_asks_for_the_command_where_the_role_puts_it() -> None:
    defaults = load("ollama", "defaults/main.yml")
    assert (defaults["ollama_command"], defaults["ollama_prefix"]) == (COMMAND, RELEASES)


def test_a_refusal_names_the_key_that_the_site_has() -> None:
    text = (ROOT / "roles/ollama/tasks/foreign.yml").read_text(encoding="utf-8")
    assert "`existing_ollama: adopt`" in text
    assert "Nothing was changed" not in text
    assert "existing_ollama" in Host.model_fields
