"""What the README and the docs tell people to type exists, and the files that they point at are right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from provision.cli import app
from provision.errors import ExitCode
from provision.site import Site
from provision.sitefile import load_site

ROOT = Path(__file__).resolve().parents[2]
PROSE = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*"))]
COMMAND = re.compile(r"astraeus-provision((?: +[^\s`|)]+)+)")


def prose(path: Path) -> str:
    """A text without the blocks that show output: fences that name no language, or `text`."""
    kept, inside = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = "" if inside else line[3:] or "text"
        elif inside != "text":
            kept.append(line)
    return "\n".join(kept)


def typed() -> Iterator[tuple[str, list[str]]]:
    """Every command line of the product in the prose, as words."""
    for path in PROSE:
        for match in COMMAND.finditer(prose(path)):
            yield f"{path.name}: {match[0]}", match[1].split()


def resolved(words: list[str]) -> tuple[Any, list[str]]:
    """The command that these words name, and what is left of them."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def test_commands_are_found() -> None:
    assert len(list(typed())) > 5


@pytest.mark.parametrize(
    ("where", "words"), list(typed()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_command_in_the_prose_exists_with_its_options(where: str, words: list[str]) -> None:
    command, rest = resolved(words)
    if not words[0].startswith("-"):
        assert command.name not in {None, typer.main.get_command(app).name}, where
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    asked = {word.partition("=")[0].rstrip(".,;:") for word in rest if word.startswith("-")}
    assert asked <= known | {"--help", "-h"}, where


def test_every_option_of_the_main_command_is_in_the_readme() -> None:
    text = PROSE[0].read_text(encoding="utf-8")
    command, _ = resolved(["lan"])
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    assert {name for name in options if name not in text} <= {"--verbose"}


def test_every_make_target_in_the_prose_exists() -> None:
    targets = set(
        re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {
        name
        for path in PROSE
        for name in re.findall(r"(?:`|^)make ([a-z0-9-]+)", path.read_text(), re.MULTILINE)
    }
    assert {"demo", "test"} <= named
    assert named <= targets


def test_links_lead_somewhere() -> None:
    for path in PROSE:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_exit_codes_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| (\d+) \| (?!-)", PROSE[0].read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(code) for code in rows} == {int(code) for code in ExitCode}


@pytest.mark.parametrize("path", sorted((ROOT / "inventories").glob("*.yml")), ids=lambda path: path.name)
def test_an_example_site_is_right_and_explains_what_it_says(path: Path) -> None:
    load_site(path)
    text = path.read_text(encoding="utf-8")
    blocks = [block for block in text.split("\n\n") if re.search(r"^[a-z_]+:", block, re.MULTILINE)]
    assert all("#" in block for block in blocks)


def test_the_example_of_the_lan_has_every_key() -> None:
    text = (ROOT / "inventories" / "lan.yml").read_text(encoding="utf-8")
    for key in Site.model_json_schema(by_alias=True)["properties"]:
        assert re.search(rf"^{key}:", text, re.MULTILINE), key


def test_the_example_job_is_yaml() -> None:
    job = yaml.safe_load((ROOT / "docs" / "ci.yml").read_text(encoding="utf-8"))
    (body,) = job.values()
    assert any("provision.sitetests" in line for line in body["script"])
