"""A profile as a site can keep it: missing models, no clouds, limits; the shipped ones against the table."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provision.catalogue import load_catalogue
from provision.profiles import load_profile
from router.clouds import CLOUDS
from router.profile import POOL, Profile, ProfileError, shipped
from router.resolve import Resolved, resolve

ALL = load_catalogue().model_names
# The table of who thinks where: first models of the agents of the volume, the same in both profiles.
LOCAL = {
    "explore": "ministral-3:14b-32k",
    "build-error-resolver": "qwen3-coder-32k",
    "refactor-cleaner": "qwen3-coder-32k",
    "document-writer": "lfm2.5-thinking:latest",
    "doc-updater": "lfm2.5-thinking:latest",
    "journalist": "lfm2.5-thinking:latest",
}
CLOUD = {
    "hybrid-cloud-ollama": {
        "sisyphus": "openai/gpt-5.2",
        "oracle": "openai/gpt-5.2",
        "tdd-guide": "openai/gpt-4o",
        "code-reviewer": "openai/gpt-4o",
        "security": "openai/gpt-5.2",
        "librarian": "google/gemini-flash-latest",
    },
    "hybrid-claude-ollama": {
        "sisyphus": "anthropic/claude-sonnet-4-5",
        "oracle": "anthropic/claude-opus-4-5",
        "tdd-guide": "anthropic/claude-sonnet-4-5",
        "code-reviewer": "anthropic/claude-sonnet-4-5",
        "security": "anthropic/claude-opus-4-5",
        "librarian": "google/gemini-flash-latest",
    },
}


def profile(name: str = "hybrid-cloud-ollama", **changes: Any) -> Profile:
    chosen = load_profile(name)
    assert chosen is not None
    return chosen.profile.model_copy(update=changes)


def resolved(of: Profile, offered: tuple[str, ...] = ALL, **more: Any) -> Resolved:
    return resolve(of, offered, **{"pool_slots": 6, "workstations": 2, **more})


@pytest.mark.parametrize("name", sorted(CLOUD))
def test_a_shipped_profile_is_the_table(name: str) -> None:
    agents = {agent.name: agent for agent in resolved(profile(name)).agents}
    assert {one: agents[one].chain[0] for one in agents} == {
        **CLOUD[name],
        **{agent: f"{POOL}/{model}" for agent, model in LOCAL.items()},
    }
    for one, agent in agents.items():
        assert agent.place == ("gpu" if one in LOCAL else "cloud")
        assert agent.trusted == (one not in LOCAL)
        assert agent.cost == ("free" if one in LOCAL else CLOUDS.models[agent.chain[0]].cost)
        assert len(agent.chain) >= 2
        wanted = {"edit", "fetch", "delegate"} if one == "sisyphus" else {"edit", "fetch"}
        assert set(agent.may) == (set() if one in LOCAL else wanted)
    assert agents["explore"].chain[1:] == ("google/gemini-flash-latest", "google/gemini-2.5-pro")
    assert agents["journalist"].chain[1:] == ("google/gemini-flash-latest", "openai/gpt-4o-mini")


def test_both_profiles_are_shipped() -> None:
    assert set(shipped()) == set(CLOUD)


def test_a_model_that_nobody_serves_gives_way_to_the_next_link_with_a_word() -> None:
    found = resolved(profile(), ("lfm2.5-thinking:latest",))
    agents = {agent.name: agent for agent in found.agents}
    assert agents["explore"].chain == ("google/gemini-flash-latest", "google/gemini-2.5-pro")
    assert (agents["explore"].place, agents["explore"].trusted) == ("cloud", False)
    assert any("explore: no host serves ministral-3:14b-32k" in text for text in found.warnings)
    assert found.small_model == f"{POOL}/lfm2.5-thinking:latest"


@pytest.mark.parametrize("offered", ["qwen3-coder-32k", "qwen3-coder-32k:latest"])
@pytest.mark.parametrize("said", ["qwen3-coder-32k", "qwen3-coder-32k:latest"])
def test_a_model_is_named_as_it_is_served_whether_the_tag_latest_is_said_or_not(
    offered: str, said: str
) -> None:
    explore = profile().agents["explore"].model_copy(update={"models": (f"{POOL}/{said}",)})
    of = profile(agents={"explore": explore}, small_model=f"{POOL}/{said}")
    found = resolved(of, (offered,), named={said})
    assert found.agents[0].chain == (f"{POOL}/{offered}",)
    assert found.small_model == f"{POOL}/{offered}"
    assert found.warnings == ()


def test_a_model_that_was_asked_for_by_name_is_an_error() -> None:
    with pytest.raises(ProfileError, match="no host serves qwen3-coder-32k") as caught:
        resolved(profile(), ("lfm2.5-thinking:latest",), named={"qwen3-coder-32k"})
    assert caught.value.agent == "build-error-resolver"


def test_without_cloud_fallback_local_agents_have_no_cloud_link() -> None:
    found = resolved(profile(cloud_fallback=False, small_model="openai/gpt-4o-mini"))
    for agent in found.agents:
        assert (agent.name in LOCAL) == all(link.startswith(f"{POOL}/") for link in agent.chain)
    assert found.small_model == f"{POOL}/ministral-3:14b-32k"
    assert any("these use clouds: sisyphus, oracle, tdd-guide" in text for text in found.warnings)
    with pytest.raises(ProfileError, match="no link is left"):
        resolved(profile(cloud_fallback=False), ("lfm2.5-thinking:latest",))


def test_titles_have_a_model_of_the_profile_whoever_is_missing() -> None:
    agents = {"oracle": profile().agents["oracle"], "librarian": profile().agents["librarian"]}
    # No local agent: nothing to keep on the site, and no model that OpenCode would choose by itself.
    assert resolved(profile(agents=agents), ()).small_model == "openai/gpt-4o-mini"
    keeping = profile(agents=agents, cloud_fallback=False, small_model="google/gemini-2.5-flash")
    found = resolved(keeping, ())
    assert found.small_model == "google/gemini-2.5-flash"
    assert not any("titles" in text for text in found.warnings)


def test_a_later_link_that_is_missing_changes_no_beginning() -> None:
    agents = {**profile().agents}
    models = ("openai/gpt-4o", f"{POOL}/qwen3-coder-32k")
    agents["tdd-guide"] = agents["tdd-guide"].model_copy(update={"models": models})
    found = resolved(profile(agents=agents), ("ministral-3:14b-32k",))
    assert "tdd-guide: no host serves qwen3-coder-32k" in found.warnings
    assert any(text.endswith("it begins with google/gemini-flash-latest") for text in found.warnings)


@pytest.mark.parametrize(
    ("slots", "stations", "own", "limit"), [(6, 2, None, 3), (1, 50, None, 1), (6, 1, 2, 2), (2, 1, 9, 2)]
)
def test_the_pool_s_slots_are_shared_and_never_exceeded(
    slots: int, stations: int, own: int | None, limit: int
) -> None:
    limits = {} if own is None else {POOL: own}
    found = resolved(profile(provider_limits=limits), pool_slots=slots, workstations=stations)
    assert found.pool_limit == limit
    assert POOL not in found.provider_limits


def test_a_loosened_local_agent_is_said() -> None:
    agents = {**profile().agents}
    agents["explore"] = agents["explore"].model_copy(update={"may": ("fetch",)})
    found = resolved(profile(agents=agents))
    assert any("explore is local and may fetch" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("agents", "said"),
    [
        ({"explore": {"models": ["openai/gpt-99"]}}, "unknown model"),
        ({"explore": {"models": []}}, "at least 1 item"),
        ({"explore": {"models": ["openai/gpt-4o", "openai/gpt-4o"]}}, "twice"),
        (
            {"explore": {"models": ["openai/gpt-4o"], "may": ["fly"]}},
            "'shell' or 'delegate'",
        ),
        ({"poet": {"models": ["openai/gpt-4o"]}}, "needs a `description` and a `prompt`"),
        ({"Bad Name": {"models": ["openai/gpt-4o"]}}, "pattern"),
    ],
)
def test_a_wrong_profile_is_refused(agents: dict[str, Any], said: str) -> None:
    data = {"schema": 1, "name": "x", "agents": agents, "small_model": "openai/gpt-4o-mini"}
    with pytest.raises(ValidationError, match=said):
        Profile.model_validate(data)
