"""What is rendered is what the pinned OpenCode and plugin accept: by their schemas, and by reading it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from router.merge import merge_named
from router.opencode import RouterSettings, Setting
from router.profile import AgentProfile
from router.render import Rendered, render
from tests.unit.router import real
from tests.unit.router.random_profiles import PLUGIN, POOL_MODELS, random_rendering
from tests.unit.router.test_resolve import profile, resolved

pytestmark = pytest.mark.programs

SEEDS = range(120)


@pytest.fixture(scope="module")
def opencode() -> Draft202012Validator:
    return Draft202012Validator(real.config_schema())


@pytest.fixture(scope="module")
def omo() -> Draft202012Validator:
    return Draft202012Validator(real.plugin_schema())


def written(settings: Sequence[Setting]) -> Any:
    return json.loads(merge_named(None, RouterSettings(settings=tuple(settings)), None).text)


def faults(validator: Draft202012Validator, value: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


def heads(of: Rendered, folder: str) -> Mapping[str, Any]:
    """The front matter of the files in a folder, with the body where OpenCode puts it."""
    found = {}
    for file in of.files:
        if file.path.startswith(f"opencode/{folder}/"):
            _, head, body = file.text.split("---\n", 2)
            entry = {**yaml.safe_load(head), {"agents": "prompt", "commands": "template"}[folder]: body}
            found[file.path.rsplit("/", 1)[1].removesuffix(".md")] = entry
    return found


@pytest.mark.parametrize("plugin", [PLUGIN, None])
def test_any_profile_on_any_pool_is_valid_by_their_own_schemas(
    opencode: Draft202012Validator, omo: Draft202012Validator, plugin: str | None
) -> None:
    rendered = 0
    for seed in SEEDS:
        of = random_rendering(seed, plugin)
        if of is None:
            continue
        rendered += 1
        config = written(of.opencode)
        assert not set(config) & {"agent", "command"}
        config |= {"agent": heads(of, "agents"), "command": heads(of, "commands")}
        assert faults(opencode, config) == [], seed
        if plugin is None:
            assert of.omo == ()
            continue
        whole = written(of.omo)
        assert set(whole) == {"_migrations", "[opencode]"}
        assert faults(omo, whole["[opencode]"]) == [], seed
    assert rendered > len(SEEDS) // 2


def test_the_schemas_do_refuse_what_is_wrong(
    opencode: Draft202012Validator, omo: Draft202012Validator
) -> None:
    assert faults(opencode, {"permision": {}})
    assert faults(opencode, {"agent": {"x": {"permission": {"read": "perhaps"}}}})
    assert faults(omo, {"agents": {"explore": {"models": ["a/b"]}}})
    assert faults(omo, {"agents": {"explore": {"permission": {"read": {"*": "allow"}}}}})
    assert faults(omo, {"background_task": {"provider_limits": {}}})


def pool_providers() -> dict[str, Any]:
    """The pool as it is in a user's file; without, the plugin would leave agents out."""
    limit = {"context": 32768, "output": 8192}
    entry = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": "http://127.0.0.1:9/v1"},
        "models": {name: {"name": name, "tool_call": True, "limit": limit} for name in POOL_MODELS},
    }
    return {"ollama": entry, "ollama-b": entry}


def with_a_poet(plugin: str | None) -> Rendered:
    """A shipped profile with an agent of one's own and without one that the plugin would bring."""
    poet = AgentProfile(models=("openai/gpt-4o",), description="Writes verse.", prompt="You write verse.")
    base = profile("hybrid-claude-ollama")
    agents = {name: agent for name, agent in base.agents.items() if name != "librarian"}
    found = resolved(base.model_copy(update={"agents": {**agents, "poet": poet}}))
    return render(
        found,
        {name: f"ollama-b/{name}" for name in POOL_MODELS},
        plugin=plugin,
        opencode=real.CATALOGUE.opencode.version,
    )


@pytest.mark.parametrize("with_plugin", [True, False], ids=["plugin", "reduced"])
def test_opencode_gives_every_agent_its_model_and_no_other_model_to_anybody(
    tmp_path: Path, *, with_plugin: bool
) -> None:
    of = with_a_poet(f"file://{real.plugin()}" if with_plugin else None)
    config = tmp_path / ".config"
    for file in of.files:
        assert file.place == "config"
        (config / file.path).parent.mkdir(parents=True, exist_ok=True)
        (config / file.path).write_text(file.text)
    settings = {**written(of.opencode), "provider": pool_providers()}
    (config / "opencode" / "opencode.json").write_text(json.dumps(settings))
    if with_plugin:
        (tmp_path / ".omo").mkdir()
        (tmp_path / ".omo" / "omo.jsonc").write_text(json.dumps(written(of.omo)))
    shown = json.loads(real.ask(tmp_path, "debug", "config", **real.KEYS))["agent"]
    models = {name: agent["model"] for name, agent in shown.items() if agent.get("model")}
    expected = {name: one.model for name, one in of.agents.items()}
    others = {name: model for name, model in models.items() if name not in expected}
    assert {name: models.get(name) for name in expected} == expected
    # The only one that cannot be disabled has a model of the profile.
    assert set(others) == ({"Sisyphus-Junior"} if with_plugin else set())
    assert set(others.values()) <= set(expected.values())
    reading = shown["explore"]["permission"]["read"]
    assert (reading["*"], reading["*.env"], reading["*.env.*"]) == ("allow", "deny", "deny")
