"""Profiles as data: what is refused, and why; names and limits that would not mean what they say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provision.profiles import load_profile
from router.profile import SHIPPED_AGENTS, TAKEN, Profile, shipped


def parsed(agents: dict[str, Any] | None = None, **more: Any) -> Profile:
    chosen = {"explore": {"models": ["openai/gpt-4o"]}} if agents is None else agents
    return Profile.model_validate(
        {"schema": 1, "name": "x", "agents": chosen, "small_model": "openai/gpt-4o-mini", **more}
    )


@pytest.mark.parametrize("name", TAKEN)
def test_an_agent_of_others_cannot_be_redefined(name: str) -> None:
    agent = {"models": ["openai/gpt-4o"], "description": "x", "prompt": "x"}
    with pytest.raises(ValidationError, match="give yours another name"):
        parsed({name: agent})


def test_an_agent_of_one_s_own_needs_to_be_described() -> None:
    agent = {"models": ["openai/gpt-4o"], "description": "Writes verse.", "prompt": "You write verse."}
    assert parsed({"poet": agent}).agents["poet"].may == ()
    with pytest.raises(ValidationError, match="needs a `description` and a `prompt`"):
        parsed({"poet": {**agent, "prompt": ""}})


@pytest.mark.parametrize(
    "chain", [["ollama/a", "ollama/a:latest"], ["ollama/a:latest", "openai/gpt-4o", "ollama/a"]]
)
def test_a_model_with_and_without_latest_is_the_same_model(chain: list[str]) -> None:
    with pytest.raises(ValidationError, match="twice"):
        parsed({"explore": {"models": chain}})


def test_limits_are_of_providers_that_there_are() -> None:
    assert parsed(provider_limits={"ollama": 2, "google": 3}).provider_limits == {"ollama": 2, "google": 3}
    with pytest.raises(ValidationError, match="unknown provider 'gogle'"):
        parsed(provider_limits={"gogle": 3})
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        parsed(provider_limits={"google": 0})


@pytest.mark.parametrize("field", ["agent", "models", "fallback"])
def test_a_misspelt_key_is_refused(field: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        parsed(**{field: {}})


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_profile_holds_the_twelve_agents_in_order(name: str) -> None:
    chosen = load_profile(name)
    assert chosen is not None
    assert chosen.profile.name == name
    assert set(chosen.profile.agents) == set(SHIPPED_AGENTS)
    assert next(iter(chosen.profile.agents)) == "sisyphus"
    assert chosen.profile.cloud_fallback
    assert chosen.profile.small_model == "ollama/ministral-3:14b-32k"
