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
BY_NAME = ("write", "apply_patch")
REFUSED: Mapping[str, tuple[Capability, ...]] = {
    "oracle": ("delegate",),
    "librarian": ("delegate",),
    "explore": ("delegate",),
}
"""What the plugin denies its own agents, whatever its configuration says."""
REFUSED_DELEGATED: Mapping[str, tuple[Capability, ...]] = {
    "oracle": ("edit",),
    "librarian": ("edit",),
    "explore": ("edit",),
}
"""What it takes from them beside that whenever another agent calls them."""


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
    if agent.trusted:
        wanted = permission(agent)
        # The plugin denies its advisers these by name, where OpenCode's own `edit` covers them.
        return wanted | dict.fromkeys(BY_NAME, wanted["edit"])
    denied: dict[str, JsonValue] = {
        tool: "deny" for one, tools in TOOLS.items() if one not in agent.may for tool in tools
    }
    if "edit" in denied:
        denied |= dict.fromkeys(BY_NAME, "deny")
    # The plugin puts the tools that it knows by name first, where a "*" takes them back: a grant comes behind
    # it, under a name that the plugin does not know.
    may = [one for one in agent.may if one not in refused_by_plugin(agent)]
    granted: dict[str, JsonValue] = {f"{tool}*": "allow" for one in may for tool in TOOLS[one]}
    return {"*": "deny", **dict.fromkeys(READING, "allow"), **denied, **granted}


def refused_by_plugin(agent: ResolvedAgent) -> tuple[Capability, ...]:
    """Return what the profile grants and the plugin does not."""
    return tuple(one for one in agent.may if one in REFUSED.get(agent.name, ()))


def refused_when_delegated(agent: ResolvedAgent) -> tuple[Capability, ...]:
    """Return what the profile grants and the plugin takes back where another agent calls this one."""
    return tuple(one for one in agent.may if one in REFUSED_DELEGATED.get(agent.name, ()))
