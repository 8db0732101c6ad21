"""The plugin's own configuration, ~/.omo/omo.jsonc: models, chains, and nothing that phones home. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from router.opencode import Setting
from router.permissions import flat_permission
from router.profile import BUILT_IN, UNUSED
from router.prompts import READ_ONLY
from router.resolve import Resolved, ResolvedAgent

SECTION = "[opencode]"
CHAIN = "fallback_models"
"""An agent's key for the models that it goes on with."""
MIGRATIONS = ("2026-07-opencode-config-unification", "2026-08-reasoning-unification")
"""Without the second the plugin rewrites chains into a key that it then ignores, and asks other models."""
CATEGORIES = (
    "visual-engineering",
    "ultrabrain",
    "deep",
    "artistry",
    "quick",
    "unspecified-low",
    "unspecified-high",
    "writing",
)
"""The plugin's other way to choose a model, for the same reason."""
QUIET: Mapping[tuple[str, ...], JsonValue] = {
    ("telemetry",): False,
    ("auto_update",): False,
    ("model_capabilities", "auto_refresh_on_start"): False,
    ("codegraph", "enabled"): False,
    ("model_fallback",): False,
    ("sisyphus_agent", "planner_enabled"): False,
}
NO_SERVERS = ("websearch", "context7", "grep_app")
NO_HOOKS = (
    "auto-update-checker",
    "startup-toast",
    "ast-grep-sg-provision",
    "codegraph-bootstrap",
    "comment-checker",
    # It hands the questions of an orchestrator that thinks with GPT to an agent that is not there.
    "no-sisyphus-gpt",
)
RETRIED = (400, 401, 403, 404, 408, 429, 500, 502, 503, 504)
COOLDOWN_S = 60
ANSWER_S = 30


def omo_settings(
    resolved: Resolved, chains: Mapping[str, tuple[str, ...]], pool_provider: str | None
) -> tuple[Setting, ...]:
    """Return the settings; chains are `provider/model` as they are in this user's file."""
    settings = [_member(("_migrations",), name, section=False) for name in MIGRATIONS]
    settings += [_setting(path, value) for path, value in QUIET.items()]
    settings += [_member(("disabled_mcps",), name) for name in NO_SERVERS]
    settings += [_member(("disabled_hooks",), name) for name in NO_HOOKS]
    settings.append(_member(("disabled_tools",), "call_omo_agent"))
    names = {agent.name for agent in resolved.agents}
    unused = [name for name in (*UNUSED, *BUILT_IN) if name not in names]
    settings += [_member(("disabled_agents",), name) for name in unused]
    settings += [_setting(("categories", name, "disable"), value=True) for name in CATEGORIES]
    for agent in resolved.agents:
        guarded = not (resolved.cloud_fallback or agent.trusted)
        settings += _agent(agent, chains[agent.name], guarded=guarded)
    # It cannot be disabled, and would ask a model of the plugin's choice.
    chain = chains.get("sisyphus", chains[resolved.agents[0].name])
    settings.append(_setting(("agents", "sisyphus-junior", "model"), chain[0]))
    settings.append(_setting(("agents", "sisyphus-junior", CHAIN), list(chain[1:])))
    fallback: dict[str, JsonValue] = {
        "enabled": True,
        "retry_on_errors": list(RETRIED),
        "max_fallback_attempts": max(len(chain) for chain in chains.values()),
        "cooldown_seconds": COOLDOWN_S,
        "timeout_seconds": ANSWER_S,
        "notify_on_fallback": True,
    }
    settings += [_setting(("runtime_fallback", key), value) for key, value in fallback.items()]
    limits = dict(resolved.provider_limits)
    if pool_provider is not None:
        limits[pool_provider] = resolved.pool_limit
    settings += [
        _setting(("background_task", "providerConcurrency", name), limit) for name, limit in limits.items()
    ]
    return tuple(settings)


def model_path(agent: str) -> tuple[str, ...]:
    """Where one of the plugin's own agents has its model."""
    return (SECTION, "agents", agent, "model")


def _agent(agent: ResolvedAgent, chain: tuple[str, ...], *, guarded: bool) -> list[Setting]:
    values: dict[str, JsonValue] = {}
    if guarded or not agent.custom:
        values["model"] = chain[0]
    if not agent.custom:
        values["permission"] = flat_permission(agent)
        told = [text for text in (agent.prompt, None if agent.trusted else READ_ONLY) if text]
        if told:
            values["prompt_append"] = "\n\n".join(told)
        if agent.description:
            values["description"] = agent.description
    # Set even where it is empty: without it the plugin would take a chain of its own.
    values[CHAIN] = list(chain[1:])
    # What must not leave the site does not depend on what a user had there before.
    fixed = ("model", CHAIN) if guarded else ()
    return [
        _setting(("agents", agent.name, key), value, "own" if key in fixed else "offer")
        for key, value in values.items()
    ]


def _setting(path: tuple[str, ...], value: JsonValue, policy: Literal["own", "offer"] = "offer") -> Setting:
    """The user's own choice stands, as in all of the plugin's configuration."""
    return Setting(path=(SECTION, *path), value=value, policy=policy)


def _member(path: tuple[str, ...], value: JsonValue, *, section: bool = True) -> Setting:
    return Setting(path=(SECTION, *path) if section else path, value=value, policy="member")
