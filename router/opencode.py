"""Says what OpenCode's configuration must hold: (endpoints, default model) in, paths and values out. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from router.endpoint import Endpoint, Frozen, OfferedModel

SCHEMA_URL = "https://opencode.ai/config.json"
FIRST = "ollama"
"""The first provider's id; OpenCode's own documentation calls a user's local Ollama so, too: see naming."""
TIMEOUT_MS = 300_000
"""Ollama answers only when the model is loaded, and a closed connection aborts the load."""


class Setting(Frozen):
    """One value at one path.

    own: ours, always set. offer: set only while the user chose nothing else. fill: the same, and what the
    user chose is not worth a word. member: an item that the array there must hold, beside those of others.
    """

    path: tuple[str, ...]
    value: JsonValue
    policy: Literal["own", "offer", "fill", "member"] = "own"
    packages: tuple[str, ...] = ()
    """Of a member: other entries for these give way to it, and come back when it goes."""


class RouterSettings(Frozen):
    """All that we want in one configuration file, and the `provider/model` pairs that it offers."""

    settings: tuple[Setting, ...]
    offered: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    """Of the endpoints, by provider id."""


def settings(endpoints: Sequence[Endpoint], default_model: str | None) -> RouterSettings:
    """Return the settings for OpenCode; the default is taken at the first endpoint that serves it."""
    named = tuple(zip(provider_ids(endpoints), endpoints, strict=True))
    offered = tuple(f"{provider}/{model.name}" for provider, end in named for model in end.models)
    # OpenCode itself adds $schema at its next start; ours is the file that it has no reason to write to.
    wanted = [Setting(path=("$schema",), value=SCHEMA_URL, policy="fill")]
    if default_model is not None:
        serving = [pair for pair in offered if pair.split("/", 1)[1] == default_model]
        if not serving:
            raise ValueError(f"no endpoint serves the default model {default_model!r}")
        wanted.append(Setting(path=("model",), value=serving[0], policy="offer"))
    for provider, end in named:
        wanted.extend(_provider(provider, end))
    names = {provider: end.name for provider, end in named}
    return RouterSettings(settings=tuple(wanted), offered=offered, names=names)


def provider_ids(endpoints: Sequence[Endpoint]) -> tuple[str, ...]:
    """Name the providers where all ids are free: `ollama`, then `ollama-<slug>`, numbered if equal."""
    ids: list[str] = []
    for end in endpoints:
        base = f"{FIRST}-{slug(end.name)}"
        wanted, count = base if ids else FIRST, 1
        while wanted in ids:
            count += 1
            wanted = f"{base}-{count}"
        ids.append(wanted)
    return tuple(ids)


def slug(name: str) -> str:
    """Return a host's name as it may stand in an id."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "host"


def label(name: str) -> str:
    """Return what OpenCode shows for an endpoint's provider."""
    return f"Ollama ({name})"


def _provider(provider: str, end: Endpoint) -> list[Setting]:
    base = ("provider", provider)
    values: list[tuple[tuple[str, ...], JsonValue]] = [
        (("npm",), "@ai-sdk/openai-compatible"),
        (("name",), label(end.name)),
        (("options", "baseURL"), f"{end.url}/v1"),
        (("options", "headerTimeout"), TIMEOUT_MS),
        (("options", "chunkTimeout"), TIMEOUT_MS),
    ]
    values += [(("models", model.name), _model(model)) for model in end.models]
    return [Setting(path=base + path, value=value) for path, value in values]


def _model(model: OfferedModel) -> JsonValue:
    return {
        "name": model.title,
        "tool_call": model.tool_call,
        "reasoning": model.reasoning,
        "limit": {"context": model.context, "output": model.output},
        "cost": {"input": 0, "output": 0},
    }
