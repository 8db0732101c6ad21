"""Says what OpenCode's configuration must hold: (endpoints, default model) in, paths and values out. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue

from router.endpoint import Endpoint, Frozen, OfferedModel

SCHEMA_URL = "https://opencode.ai/config.json"
TIMEOUT_MS = 300_000
"""Ollama answers only when the model is loaded, and a closed connection aborts the load."""


class Setting(Frozen):
    """One value at one path.

    own: ours, always set. offer: set only while the user chose nothing else. fill: set where nothing stands,
    and left there.
    """

    path: tuple[str, ...]
    value: JsonValue
    policy: Literal["own", "offer", "fill"] = "own"


class RouterSettings(Frozen):
    """All that we want in one configuration file, and the `provider/model` pairs that it offers."""

    settings: tuple[Setting, ...]
    offered: tuple[str, ...] = ()


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
    return RouterSettings(settings=tuple(wanted), offered=offered)


def provider_ids(endpoints: Sequence[Endpoint]) -> tuple[str, ...]:
    """Name the providers: `ollama`, then `ollama-<slug>`; two equal slugs are numbered."""
    ids: list[str] = []
    for end in endpoints:
        slug = re.sub(r"[^a-z0-9]+", "-", end.name.lower()).strip("-") or "host"
        wanted, count = f"ollama-{slug}" if ids else "ollama", 1
        while wanted in ids:
            count += 1
            wanted = f"ollama-{slug}-{count}"
        ids.append(wanted)
    return tuple(ids)


def remarks(config: JsonValue, wanted: RouterSettings) -> tuple[str, ...]:
    """Say what in the user's own settings will keep OpenCode from using ours."""
    if not isinstance(config, dict):
        return ()
    ours = sorted({pair.split("/", 1)[0] for pair in wanted.offered})
    enabled, disabled = config.get("enabled_providers"), config.get("disabled_providers")
    found: list[str] = []
    for provider in ours:
        if isinstance(enabled, list) and provider not in enabled:
            found.append(f"enabled_providers leaves out {provider}: OpenCode will not offer its models")
        if isinstance(disabled, list) and provider in disabled:
            found.append(f"disabled_providers names {provider}: OpenCode will not offer its models")
    return tuple(found)


def _provider(provider: str, end: Endpoint) -> list[Setting]:
    base = ("provider", provider)
    values: list[tuple[tuple[str, ...], JsonValue]] = [
        (("npm",), "@ai-sdk/openai-compatible"),
        (("name",), f"Ollama ({end.name})"),
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
