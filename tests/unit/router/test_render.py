"""What a workstation's agents are written as: models, chains, permissions, nothing that nobody named."""

from __future__ import annotations

import json
import random
from typing import Any

import yaml

from router.clouds import CLOUDS
from router.merge import merge_named
from router.opencode import RouterSettings
from router.profile import POOL, SHIPPED_AGENTS, Profile
from router.render import Rendered, WholeFile, render
from router.resolve import Resolved
from tests.unit.router.test_resolve import ALL, LOCAL, profile, resolved

PLUGIN = "file:///home/dev/plugin"
POOL_AS = {model: f"ollama-b/{model}" for model in ALL}


def rendered(of: Resolved | None = None, plugin: str | None = PLUGIN) -> Rendered:
    return render(of or resolved(profile()), POOL_AS, plugin=plugin, opencode="1.0")


def value(settings: Any) -> Any:
    return json.loads(merge_named(None, RouterSettings(settings=settings), None).text)


def agent_files(of: Rendered) -> dict[str, dict[str, Any]]:
    files = {}
    for file in of.files:
        if file.path.startswith("opencode/agents/"):
            _, head, body = file.text.split("---\n", 2)
            files[file.path[16:-3]] = {**yaml.safe_load(head), "body": body}
    return files


def test_custom_agents_are_files_and_built_in_ones_the_plugin_s_settings() -> None:
    found = rendered()
    files, omo = agent_files(found), value(found.omo)
    assert sorted(files) == sorted(set(SHIPPED_AGENTS) - {"sisyphus", "oracle", "librarian", "explore"})
    assert omo["_migrations"] == ["2026-07-opencode-config-unification", "2026-08-reasoning-unification"]
    agents = omo["[opencode]"]["agents"]
    assert agents["explore"]["model"] == "ollama-b/ministral-3:14b-32k"
    assert agents["explore"]["fallback_models"] == ["google/gemini-flash-latest", "google/gemini-2.5-pro"]
    assert files["refactor-cleaner"]["model"] == "ollama-b/qwen3-coder-32k"
    assert agents["refactor-cleaner"] == {
        "fallback_models": ["google/gemini-flash-latest", "openai/gpt-4o-mini"]
    }
    assert omo["[opencode]"]["background_task"]["providerConcurrency"]["ollama-b"] == 3


def test_local_agents_only_read_and_are_told_so() -> None:
    found = rendered()
    for name, file in agent_files(found).items():
        if name in LOCAL:
            assert next(iter(file["permission"])) == "*"
            assert file["permission"]["*"] == "deny"
            allowed = {tool for tool, rule in file["permission"].items() if rule != "deny"}
            assert allowed == {"read", "grep", "glob", "list"}
            assert file["permission"]["read"]["*.env"] == "deny"
            assert "You can only read" in file["body"]
        else:
            assert file["permission"]["edit"] == "allow"
            assert file["permission"]["task"] == "deny"
            assert "You can only read" not in file["body"]
    explore = value(found.omo)["[opencode]"]["agents"]["explore"]
    assert next(iter(explore["permission"])) == "*"
    for tool in ("edit", "write", "bash", "webfetch", "task", "*"):
        assert explore["permission"][tool] == "deny"
    assert "You can only read" in explore["prompt_append"]


def test_a_loosened_agent_may_that_and_nothing_else() -> None:
    agents = {**profile().agents}
    agents["journalist"] = agents["journalist"].model_copy(update={"may": ("fetch",)})
    permission = agent_files(rendered(resolved(profile(agents=agents))))["journalist"]["permission"]
    assert (permission["*"], permission["webfetch"]) == ("deny", "allow")
    assert "edit" not in permission


def test_without_the_plugin_every_agent_is_a_file() -> None:
    found = rendered(plugin=None)
    files = agent_files(found)
    assert set(files) == set(SHIPPED_AGENTS)
    assert found.omo == ()
    assert (files["sisyphus"]["mode"], files["sisyphus"]["permission"]["task"]) == ("primary", "allow")
    opencode = value(found.opencode)
    assert opencode["default_agent"] == "sisyphus"
    assert "plugin" not in opencode


def test_no_agent_of_the_plugin_s_own_choice_is_left() -> None:
    omo = value(rendered().omo)["[opencode]"]
    assert {"hephaestus", "prometheus", "atlas", "metis", "momus"} <= set(omo["disabled_agents"])
    assert all(category == {"disable": True} for category in omo["categories"].values())
    assert omo["model_fallback"] is False
    assert "call_omo_agent" in omo["disabled_tools"]


def test_our_own_plugin_knows_the_chains_of_agents_that_the_other_does_not() -> None:
    (file,) = [file for file in rendered().files if file.path.endswith("astraeus-chain.js")]
    start = file.text.index("const CHAINS = ") + len("const CHAINS = ")
    chains = json.JSONDecoder().raw_decode(file.text[start:])[0]
    assert chains["journalist"] == [
        "ollama-b/lfm2.5-thinking:latest",
        "google/gemini-flash-latest",
        "openai/gpt-4o-mini",
    ]
    assert "explore" not in chains
    assert "explore" in next(f.text for f in rendered(plugin=None).files if f.path.endswith("chain.js"))


def test_any_profile_names_only_models_that_are_there() -> None:
    known = {*POOL_AS.values(), *CLOUDS.models}
    for seed in range(200):
        rng = random.Random(seed)
        offered = tuple(rng.sample(ALL, rng.randint(1, len(ALL))))
        try:
            found = resolved(_random_profile(rng), offered)
        except ValueError:
            continue
        out = render(found, {m: POOL_AS[m] for m in offered}, plugin=rng.choice([None, PLUGIN]), opencode="1")
        assert {one.model for one in out.agents.values()} <= known, seed
        for setting in (*out.opencode, *out.omo):
            if setting.path[-1] in ("model", "small_model"):
                assert setting.value in known, (seed, setting)
            if setting.path[-1] == "fallback_models":
                assert isinstance(setting.value, list)
                assert set(map(str, setting.value)) <= known, (seed, setting)
        for file in out.files:
            assert isinstance(file, WholeFile)
            assert not file.path.startswith("/")
            assert ".." not in file.path


def _random_profile(rng: random.Random) -> Profile:
    models = [*(f"{POOL}/{name}" for name in ALL), *CLOUDS.models]
    names = rng.sample(SHIPPED_AGENTS, rng.randint(1, len(SHIPPED_AGENTS)))
    agents = {
        name: {
            "models": rng.sample(models, rng.randint(1, 4)),
            "may": rng.sample(["edit", "fetch"], rng.randint(0, 2)),
        }
        for name in names
    }
    small, fallback = rng.choice(models), rng.random() < 0.7
    return Profile.model_validate(
        {"name": "x", "agents": agents, "small_model": small, "cloud_fallback": fallback}
    )
