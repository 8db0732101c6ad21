"""What an agent may do, as OpenCode's and the plugin's permissions say it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from router.profile import Capability
from router.resolve import ResolvedAgent

READING: Mapping[str, JsonValue] = {
    # The last match wins, and a plain "allow" would open .env files to the model.
    "read": {"*": "allow", "*.env": "deny", "*.env.*": "deny", "*.env.example": "allow"},
    "grep": "allow",
    "glob": "allow",
    "list": "allow",
}
TOOLS: Mapping[Capability, tuple[str, ...]] = {
    "edit": ("edit",),
    "fetch": ("webfetch", "websearch"),
    "shell": ("bash",),
    "delegate": ("task",),
}
FLAT = ("read", "grep", "glob", "list")
REFUSED: Mapping[str, tuple[Capability, ...]] = {
    "oracle": ("delegate",),
    "librarian": ("delegate",),
    "explore": ("delegate",),
}
"""What the plugin denies its own agents, whatever its configuration says."""


def permission(agent: ResolvedAgent) -> dict[str, JsonValue]:
    """Return an OpenCode agent's permissions; an untrusted one has nothing but what is named."""
    granted: dict[str, JsonValue] = {tool: "allow" for one in agent.may for tool in TOOLS[one]}
    if not agent.trusted:
        return {"*": "deny", **READING, **granted}
    refused: dict[str, JsonValue] = {
        tool: "deny" for one, tools in TOOLS.items() if one not in agent.may for tool in tools
    }
    if "shell" not in agent.may:
        refused["bash"] = "ask"
        refused["interactive_bash"] = "deny"
    return {**refused, **granted}


def flat_permission(agent: ResolvedAgent) -> dict[str, JsonValue]:
    """Return the same for one of the plugin's own agents: its form has no patterns."""
    wanted = permission(agent)
    # The plugin denies its advisers these by name, where OpenCode's own `edit` covers them.
    wanted |= dict.fromkeys(("write", "apply_patch"), wanted.get("edit", "deny"))
    if agent.trusted:
        return wanted
    denied: dict[str, JsonValue] = {
        tool: "deny" for one, tools in TOOLS.items() if one not in agent.may for tool in tools
    }
    return {**wanted, **dict.fromkeys(FLAT, "allow"), **denied}


def refused_by_plugin(agent: ResolvedAgent) -> tuple[Capability, ...]:
    """Return what the profile grants and the plugin does not."""
    return tuple(one for one in agent.may if one in REFUSED.get(agent.name, ()))
