"""The small plugin of ours for what the other one and OpenCode cannot: chains, patterns of reading. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from pydantic import JsonValue

PLACE = "opencode/plugins/astraeus-chain.js"


def chain_plugin(
    chains: Mapping[str, Sequence[str]], ours: Sequence[str], pool: str, reads: Mapping[str, JsonValue]
) -> str:
    """Return the plugin's source.

    Args:
        chains: `provider/model` in order, by agent as OpenCode knows it.
        ours: The agents among them that the other plugin knows nothing of.
        pool: The provider that stands for the site's hosts.
        reads: What may be read by patterns, by the other plugin's agents.
    """
    source = (files("router") / "chain.js").read_text("utf-8")
    values: tuple[tuple[str, str, JsonValue], ...] = (
        ("CHAINS", "{}", {agent: list(chain) for agent, chain in chains.items()}),
        ("OURS", "[]", list(ours)),
        ("POOL", '""', pool),
        ("READS", "{}", dict(reads)),
    )
    for name, empty, value in values:
        place = f"const {name} = {empty}\n"
        if place not in source:
            raise ValueError(f"chain.js has no place for {name}")
        source = source.replace(place, f"const {name} = {json.dumps(value, indent=2)}\n")
    return source
