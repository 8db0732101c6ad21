"""All that a profile writes, word by word: tests/cases/router. Written anew by running this module."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from provision.profiles import load_profile
from router.chain import PLACE
from router.merge import merge_named
from router.opencode import RouterSettings, Setting
from router.render import Rendered, render
from router.resolve import resolve
from tests.unit.router.random_profiles import PLUGIN, POOL_MODELS

FOLDER = Path(__file__).resolve().parents[2] / "cases" / "router"
# Name of the case: profile, what is changed in it, models that the hosts serve, plugin.
CASES: dict[str, tuple[str, dict[str, Any], Sequence[str], str | None]] = {
    "hybrid-cloud-ollama": ("hybrid-cloud-ollama", {}, POOL_MODELS, PLUGIN),
    "hybrid-claude-ollama": ("hybrid-claude-ollama", {}, POOL_MODELS, PLUGIN),
    "without-cloud-fallback": ("hybrid-cloud-ollama", {"cloud_fallback": False}, POOL_MODELS, PLUGIN),
    "without-two-models": ("hybrid-claude-ollama", {}, ["lfm2.5-thinking:latest"], PLUGIN),
    "without-plugin": ("hybrid-cloud-ollama", {}, POOL_MODELS, None),
}


def told(case: str) -> str:
    """Everything in one text: what is said, settings by policy, files."""
    name, changes, offered, plugin = CASES[case]
    chosen = load_profile(name)
    assert chosen is not None
    profile = chosen.profile.model_copy(update=changes)
    found = resolve(profile, offered, pool_slots=4, workstations=2)
    of = render(found, {model: f"ollama/{model}" for model in offered}, plugin=plugin, opencode="1.0")
    return "\n".join(_sections(found.warnings, of))


def _sections(warnings: Sequence[str], of: Rendered) -> Iterator[str]:
    yield from ("=== said", *warnings)
    for title, settings in (("opencode.json", of.opencode), ("omo.jsonc", of.omo)):
        for policy in ("own", "offer", "fill", "member"):
            some = tuple(setting for setting in settings if setting.policy == policy)
            if some:
                yield f"=== {title}: {policy}"
                yield _json(some)
    for file in of.files:
        yield f"=== {file.place}: {file.path}{' (optional)' if file.optional else ''}"
        # The rest of our plugin is the same for everybody.
        yield file.text.partition("\nconst named")[0] if file.path == PLACE else file.text
    yield "=== models"
    yield json.dumps({name: one.model_dump() for name, one in of.agents.items()}, indent=1)
    yield ""


def _json(settings: Sequence[Setting]) -> str:
    return merge_named(None, RouterSettings(settings=tuple(settings)), None).text


@pytest.mark.parametrize("case", CASES)
def test_a_profile_is_written_word_by_word_as_before(case: str) -> None:
    assert told(case) == (FOLDER / f"{case}.txt").read_text("utf-8")


def test_every_case_is_asked_for() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in CASES:
        (FOLDER / f"{one}.txt").write_text(told(one), "utf-8")
