"""The small plugin of ours for what the other one and OpenCode cannot: chains, patterns of reading. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from importlib.resources import files

from pydantic import JsonValue

from router.endpoint import Frozen

PLACE = "opencode/plugins/astraeus-chain.js"


class Chains(Frozen):
    """What the plugin knows."""

    by_agent: Mapping[str, tuple[str, ...]]
    """`provider/model` in order, by agent as OpenCode knows it."""
    ours: tuple[str, ...]
    """The agents among them that the other plugin knows nothing of."""
    pool: str
    """The provider that stands for the site's hosts; empty without any."""
    plugged: bool
    """Whether the other plugin is there."""
    routed: bool
    """Whether the loopback router answers for the hosts."""
    reads: Mapping[str, JsonValue]
    """What may be read by patterns, by the other plugin's agents."""

    def without(self, agents: Collection[str]) -> Chains:
        """Leave agents alone whose chain is their user's."""
        left = {agent: chain for agent, chain in self.by_agent.items() if agent not in agents}
        return self.model_copy(update={"by_agent": left})


def chain_plugin(chains: Chains) -> str:
    """Return the plugin's source."""
    source = (files("router") / "chain.js").read_text("utf-8")
    values: tuple[tuple[str, str, JsonValue], ...] = (
        ("CHAINS", "{}", {agent: list(chain) for agent, chain in chains.by_agent.items()}),
        ("OURS", "[]", list(chains.ours)),
        ("POOL", '""', chains.pool),
        ("PLUGGED", "false", chains.plugged),
        ("ROUTED", "false", chains.routed),
        ("READS", "{}", dict(chains.reads)),
    )
    for name, empty, value in values:
        place = f"const {name} = {empty}\n"
        if place not in source:
            raise ValueError(f"chain.js has no place for {name}")
        source = source.replace(place, f"const {name} = {json.dumps(value, indent=2)}\n")
    return source
