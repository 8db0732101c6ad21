"""The import arrows of the design: values move forward, the router knows no hosts, engines are one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A module imports from earlier lines and its own; `provision.fleet` runs on other machines' behalf.
ORDER = (
    ("model", "errors", "paths", "foreign", "cidr", "streams", "__init__"),
    (
        "catalogue",
        "rolevars",
        "yamldoc",
        "rundir",
        "progress",
        "report",
        "terminal",
        "faults",
        "parallel",
        "lastword",
        "machineflags",
        "siteedit",
        "vram",
        "residency",
        "fit",
        "cards",
        "placement",
        "capacity",
    ),
    ("driverfacts",),
    (
        "drivertable",
        "sentences",
        "forms",
        "outcomes",
        "facts",
        "fleet",
        "handshake",
        "matchexec",
        "proxy",
        "openfiles",
    ),
    ("site",),
    ("sitefile", "networks", "bundle", "hostvars", "endpoints", "sshconfig", "profiles", "unreached"),
    ("ssh", "disk", "pool", "smoke"),
    ("fitting",),
    ("orders",),
    ("addresses", "shjoin"),
    ("knownhosts",),
    ("expected", "hostquery", "hostkeys"),
    ("engines",),
    ("drift", "survey", "drivercards"),
    ("findings", "drivers"),
    ("driversteps",),
    ("driverquestions", "gpuquestions", "ollamaquestions"),
    ("hostquestions", "workstationquestions", "prove"),
    ("preflight", "plan"),
    ("operation",),
    ("ending",),
    ("looking", "converge", "proving", "publishing", "dynamic"),
    ("deploy", "withdrawing", "diagnosis"),
    ("commands", "capacitycommand"),
    ("routercommands", "onboarding", "doctor", "joining"),
    ("options",),
    ("stationcli",),
    ("cli",),
    ("__main__",),
)
LINE = {module: number for number, line in enumerate(ORDER) for module in line}
ENGINE_PROGRAMS = {"ansible", "pyinfra", "ansible_playbook"}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file names in an import, wherever it stands in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def rooms(path: Path) -> set[str]:
    """First names below `provision` that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("provision.")}


def test_the_router_knows_no_hosts() -> None:
    found = {name: imports(path) for name, path in modules("router")}
    assert found
    wrong = {
        name: used
        for name, all_used in found.items()
        if (used := {u for u in all_used if u.split(".")[0] in ENGINE_PROGRAMS | {"provision"}})
    }
    assert wrong == {}


def test_every_module_has_its_place_in_the_order() -> None:
    there = {name.split(".")[1] for name, _ in modules("provision")} - {"sitetests"}
    assert there == set(LINE)


@pytest.mark.parametrize("name", [name for name, _ in modules("provision") if ".sitetests" not in name])
def test_no_arrow_points_back(name: str) -> None:
    path = dict(modules("provision"))[name]
    own = name.split(".")[1]
    back = {room for room in rooms(path) if room in LINE and LINE[room] > LINE[own]}
    assert back == set(), f"{name} imports from later rooms"


def test_only_the_engine_rooms_know_the_engines() -> None:
    inside = ("provision.engines", "provision.fleet", "provision.sitetests")
    for name, path in modules("provision"):
        if not name.startswith(inside):
            used = {module for module in imports(path) if module.split(".")[0] in ENGINE_PROGRAMS}
            assert used == set(), name


def test_only_named_modules_start_programs() -> None:
    starting = {name for name, path in modules("provision") if imports(path) & {"subprocess", "os.system"}}
    outside = {name for name in starting if not name.startswith(("provision.engines", "provision.fleet"))}
    assert outside == {"provision.matchexec", "provision.proxy", "provision.smoke"}


def test_the_installed_product_needs_no_test_and_no_development_tool() -> None:
    for package in ("provision", "router"):
        for name, path in modules(package):
            if ".sitetests" not in name:
                used = {module.split(".")[0] for module in imports(path)}
                assert used.isdisjoint({"tests", "pytest", "testinfra", "molecule", "shared"}), name


def test_the_planners_are_pure() -> None:
    """What decides reads no file of a user's, opens no connection and tells no time."""
    for module in (
        "plan",
        "drift",
        "preflight",
        "hostquestions",
        "drivercards",
        "drivers",
        "driversteps",
        "driverquestions",
        "gpuquestions",
        "ollamaquestions",
        "workstationquestions",
        "networks",
        "cidr",
        "hostvars",
        "disk",
        "endpoints",
        "orders",
        "vram",
        "residency",
        "fit",
        "placement",
        "capacity",
        "fitting",
    ):
        used = {name.split(".")[0] for name in imports(ROOT / "provision" / f"{module}.py")}
        assert used.isdisjoint({"subprocess", "socket", "httpx", "os", "time", "random", "paramiko"}), module
        assert asks_the_disk(ROOT / "provision" / f"{module}.py") == set(), module


def asks_the_disk(path: Path) -> set[str]:
    """Calls that look at this machine's own files."""
    looking = {"open", "is_file", "is_dir", "exists", "stat", "read_text", "read_bytes", "iterdir", "glob"}
    called = {node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    names = {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in called}
    return names & looking
