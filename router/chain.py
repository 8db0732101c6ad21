"""The small plugin of ours by which an agent that is called directly goes on with the next link. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

PLACE = "opencode/plugins/astraeus-chain.js"
_EMPTY = "const CHAINS = {}\n"


def chain_plugin(chains: Mapping[str, Sequence[str]]) -> str:
    """Return the plugin's source with these chains of `provider/model`, by agent as OpenCode knows it."""
    source = (files("router") / "chain.js").read_text("utf-8")
    if _EMPTY not in source:
        raise ValueError("chain.js has no place for the chains")
    told = json.dumps({agent: list(chain) for agent, chain in chains.items()}, indent=2)
    return source.replace(_EMPTY, f"const CHAINS = {told}\n")
