"""What the catalogue says stands nowhere else in what is shipped."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from provision.catalogue import CATALOGUE_PATH, load_catalogue

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load_catalogue()
SHIPPED = ("provision", "router", "roles", "playbooks", "inventories")
KINDS = {".py", ".yml", ".yaml", ".j2", ".sh", ".json", ".cfg", ""}
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)

FACTS: dict[str, tuple[str, ...]] = {
    "Ollama's version": (CATALOGUE.ollama.version,),
    "OpenCode's version": (CATALOGUE.opencode.version,),
    "OpenCode's package": (CATALOGUE.opencode.package,),
    "the port": (str(CATALOGUE.ollama.port),),
    "the context": (str(CATALOGUE.context_tokens),),
    "models": tuple(name for model in CATALOGUE.models for name in (model.name, model.base)),
    "pins": tuple(
        pin
        for pin in (
            *(archive.sha256 for archive in CATALOGUE.ollama.archives.values()),
            *(model.base_digest for model in CATALOGUE.models),
        )
        if pin
    ),
}
# An example site names models, as users' sites do; nothing reads its values.
PROFILES = ROOT / "router" / "profiles"  # they choose among the catalogue's models
EXAMPLES = ROOT / "inventories"
MOLECULE = "molecule"


DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def python_values(text: str) -> str:
    """All constants of a Python file, one a line; docstrings and Ansible's documentation are prose."""
    tree = ast.parse(text)
    prose = set()
    for node in ast.walk(tree):
        names = {getattr(one, "id", "") for one in node.targets} if isinstance(node, ast.Assign) else set()
        if isinstance(node, ast.Expr) or (isinstance(node, ast.Assign) and names & DOCUMENTATION):
            prose.add(node.value)
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in prose)
    return "\n".join(str(node.value) for node in constants)


def values(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    return python_values(text) if path.suffix == ".py" else COMMENT.sub("", text)


@cache
def shipped() -> tuple[tuple[Path, str], ...]:
    return tuple(
        (path, values(path))
        for room in SHIPPED
        for path in sorted((ROOT / room).rglob("*"))
        if path.is_file() and path.suffix in KINDS and path != CATALOGUE_PATH and MOLECULE not in path.parts
    )


def test_there_is_something_to_look_at() -> None:
    assert len(shipped()) > 80


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_the_catalogue_stands_nowhere_else(fact: str) -> None:
    found = []
    for path, text in shipped():
        if any(path.is_relative_to(folder) for folder in (EXAMPLES, PROFILES)) and fact == "models":
            continue
        found += [
            f"{path.relative_to(ROOT)}: {value}"
            for value in FACTS[fact]
            if re.search(rf"(?<![\w.@]){re.escape(value)}(?![\w.]*\d)", text)
        ]
    assert found == []


def test_the_catalogue_file_says_each_once() -> None:
    text = CATALOGUE_PATH.read_text(encoding="utf-8")
    for value in (CATALOGUE.ollama.version, str(CATALOGUE.ollama.port), str(CATALOGUE.context_tokens)):
        assert len(re.findall(rf"(?<!\d){re.escape(value)}(?!\d)", COMMENT.sub("", text))) == 1
