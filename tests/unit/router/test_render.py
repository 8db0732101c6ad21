"""What a workstation's agents are written as: models, chains, permissions, nothing that nobody named."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from router.clouds import CLOUDS
from router.merge import merge_named
from router.opencode import RouterSettings
from router.permissions import flat_permission, refused_by_plugin, refused_when_delegated
from router.profile import SHIPPED_AGENTS
from router.prompts import READ_ONLY
from router.render import Rendered, WholeFile, render
from router.resolve import Resolved
from tests.unit.router.random_profiles import PLUGIN, random_rendering
from tests.unit.router.test_resolve import ALL, LOCAL, profile, resolved

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


def test_our_own_plugin_knows_every_chain_and_whose_the_other_knows() -> None:
    (file,) = [file for file in rendered().files if file.path.endswith("astraeus-chain.js")]
    start = file.text.index("const CHAINS = ") + len("const CHAINS = ")
    chains = json.JSONDecoder().raw_decode(file.text[start:])[0]
    assert chains["journalist"] == [
        "ollama-b/lfm2.5-thinking:latest",
        "google/gemini-flash-latest",
        "openai/gpt-4o-mini",
    ]
    assert chains["explore"][0] == "ollama-b/ministral-3:14b-32k"
    assert "Sisyphus - ultraworker" in chains
    ours = json.JSONDecoder().raw_decode(file.text.partition("const OURS = ")[2])[0]
    assert "journalist" in ours
    assert "explore" not in ours, "the plugin knows its own agents' chains"
    assert 'const POOL = "ollama-b"\n' in file.text
    reads = json.JSONDecoder().raw_decode(file.text.partition("const READS = ")[2])[0]
    assert {name: patterns["*.env"] for name, patterns in reads.items()} == {"explore": "deny"}
    assert "explore" in next(f.text for f in rendered(plugin=None).files if f.path.endswith("chain.js"))


def test_without_cloud_fallback_no_setting_of_a_user_s_opens_a_way_to_a_cloud() -> None:
    def policies(*, cloud_fallback: bool) -> dict[tuple[str, ...], tuple[str, Any]]:
        found = rendered(resolved(profile(cloud_fallback=cloud_fallback)))
        return {one.path: (one.policy, one.value) for one in (*found.opencode, *found.omo)}

    open_, closed = policies(cloud_fallback=True), policies(cloud_fallback=False)
    assert open_["small_model",] == ("offer", "ollama-b/ministral-3:14b-32k")
    assert closed["small_model",] == ("own", "ollama-b/ministral-3:14b-32k")
    for name, model in LOCAL.items():
        place = ("[opencode]", "agents", name)
        assert open_[*place, "fallback_models"][0] == "offer"
        assert closed[*place, "fallback_models"] == ("own", [])
        assert closed[*place, "model"] == ("own", f"ollama-b/{model}")
    assert closed["[opencode]", "agents", "oracle", "model"][0] == "offer"


def test_an_orchestrator_that_thinks_with_gpt_stays_the_orchestrator() -> None:
    assert "no-sisyphus-gpt" in value(rendered().omo)["[opencode]"]["disabled_hooks"]


def test_what_is_granted_to_a_local_agent_of_the_plugin_comes_behind_what_is_denied() -> None:
    agents = {**profile().agents}
    agents["explore"] = agents["explore"].model_copy(update={"may": ("fetch", "delegate")})
    (found,) = [one for one in resolved(profile(agents=agents)).agents if one.name == "explore"]
    permission = flat_permission(found)
    assert next(iter(permission)) == "*"
    assert [tool for tool, rule in permission.items() if rule == "allow"] == [
        *("read", "grep", "glob", "list"),
        *("webfetch*", "websearch*"),
    ]
    assert {permission[tool] for tool in ("*", "edit", "write", "apply_patch", "bash")} == {"deny"}
    assert refused_by_plugin(found) == ("delegate",)


def test_what_the_plugin_takes_from_its_own_agents_is_known() -> None:
    agents = {one.name: one for one in resolved(profile()).agents}
    assert refused_when_delegated(agents["oracle"]) == ("edit",)
    assert refused_when_delegated(agents["librarian"]) == ("edit",)
    for name in ("sisyphus", "tdd-guide", "explore"):
        assert refused_when_delegated(agents[name]) == ()
    assert {refused_by_plugin(one) for one in agents.values()} == {()}


def test_texts_of_a_profile_reach_also_the_plugin_s_agents() -> None:
    agents = {**profile().agents}
    for name in ("oracle", "explore"):
        agents[name] = agents[name].model_copy(update={"prompt": "Speak plainly.", "description": "Knows."})
    omo = value(rendered(resolved(profile(agents=agents))).omo)["[opencode]"]["agents"]
    assert (omo["oracle"]["prompt_append"], omo["oracle"]["description"]) == ("Speak plainly.", "Knows.")
    assert omo["explore"]["prompt_append"] == f"Speak plainly.\n\n{READ_ONLY}"
    assert "prompt_append" not in omo["librarian"]


@pytest.mark.parametrize(
    ("command", "argument"),
    [("local-smoke", "local"), ("routing-smoke", "routing"), ("analyze-bottleneck", "bottleneck")],
)
@pytest.mark.parametrize("plugin", [PLUGIN, None])
def test_the_slash_commands_run_the_published_script(command: str, argument: str, plugin: str | None) -> None:
    files = {file.path: file for file in rendered(plugin=plugin).files}
    file = files[f"opencode/commands/{command}.md"]
    _, head, body = file.text.split("---\n", 2)
    assert list(yaml.safe_load(head)) == ["description"]
    assert f'!`sh "$HOME/.local/share/astraeus-provision/smoke.sh" {argument}`' in body
    assert ("<auto-slash-command>" in body) == (plugin is not None), "the plugin would run it twice"
    assert sum(path.startswith("opencode/commands/") for path in files) == 3


def test_any_profile_names_only_models_that_are_there() -> None:
    known = {*(f"{id_}/{name}" for id_ in ("ollama", "ollama-b") for name in ALL), *CLOUDS.models}
    for seed in range(200):
        out = random_rendering(seed, PLUGIN if seed % 2 else None)
        if out is None:
            continue
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
