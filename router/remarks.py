"""What is said about a user's own settings: what keeps ours from working, keys in the file itself. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pydantic import JsonValue

from router.mask import shown
from router.opencode import RouterSettings


def remarks(config: JsonValue, wanted: RouterSettings, ids: Collection[str] = ()) -> tuple[str, ...]:
    """Say what in the user's own settings keeps OpenCode from using ours, or names what we took out.

    `ids` are providers that were ours before.
    """
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
    for path, value in _model_names(config):
        provider, _, model = value.partition("/")
        if provider in {*ours, *ids} and not _has(config, provider, model):
            found.append(f"{'.'.join(path)} names {value}, which is no longer offered")
    return tuple(found)


def _model_names(config: Mapping[str, JsonValue]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return the user's choices of a model, each as it may be shown."""
    for key in ("model", "small_model"):
        value = config.get(key)
        if isinstance(value, str):
            yield (key,), shown(value)
    for key in ("agent", "mode", "command"):
        entries = config.get(key)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            value = entry.get("model") if isinstance(entry, dict) else None
            if isinstance(value, str):
                yield (key, shown(name), "model"), shown(value)


def _has(config: Mapping[str, JsonValue], provider: str, model: str) -> bool:
    node: JsonValue = dict(config)
    for key in ("provider", provider, "models", model):
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def literal_keys(config: JsonValue) -> tuple[str, ...]:
    """Name the providers whose key stands in the file itself; the key is never shown or copied."""
    providers = config.get("provider") if isinstance(config, dict) else None
    found = []
    for name, entry in providers.items() if isinstance(providers, dict) else ():
        options = entry.get("options") if isinstance(entry, dict) else None
        key = options.get("apiKey") if isinstance(options, dict) else None
        if isinstance(key, str) and key and not key.startswith(("{env:", "{file:")):
            found.append(
                f"provider.{shown(name)}.options.apiKey is a key in the file itself; safer is {{env:NAME}}"
            )
    return tuple(found)
