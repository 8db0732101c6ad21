"""The small plugin of ours for what the other cannot: chains of called agents, patterns of reading. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from pydantic import JsonValue

PLACE = "opencode/plugins/astraeus-chain.js"


def chain_plugin(chains: Mapping[str, Sequence[str]], reads: Mapping[str, JsonValue]) -> str:
    """Return the plugin's source.

    Args:
        chains: `provider/model` in order, by agent as OpenCode knows it.
        reads: What may be read by patterns, by the other plugin's agents.
    """
    source = (files("router") / "chain.js").read_text("utf-8")
    for name, value in (
        ("CHAINS", {agent: list(chain) for agent, chain in chains.items()}),
        ("READS", dict(reads)),
    ):
        empty = f"const {name} = {{}}\n"
        if empty not in source:
            raise ValueError(f"chain.js has no place for {name}")
        source = source.replace(empty, f"const {name} = {json.dumps(value, indent=2)}\n")
    return source
