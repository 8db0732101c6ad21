"""Names our providers in one user's file: an id that the user gave something else is never ours. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeGuard

from pydantic import JsonValue

from router.endpoint import Frozen
from router.opencode import FIRST, RouterSettings, Setting, label, slug

Owned = Mapping[str, JsonValue]
"""Ids that we wrote, each with the label that we gave it."""


class Naming(Frozen):
    """The settings under the ids of this file, and what the user is told about them, in sentences."""

    settings: RouterSettings
    ids: Mapping[str, str] = {}
    """From the ids that the settings came with."""
    said: tuple[str, ...] = ()


def name_providers(
    providers: JsonValue, desired: RouterSettings, owned: Owned, elsewhere: Collection[str] = ()
) -> Naming:
    """Keep the id that an endpoint has in this file; give the others one that is free.

    `providers` is what the file holds under `provider`; `elsewhere` are ids that the user's other files use.
    """
    there = providers if isinstance(providers, dict) else {}
    ours = {key: given for key, given in owned.items() if isinstance(given, str)}
    ours |= {
        key: str(entry["name"])
        for key, entry in there.items()
        if key not in owned and _signed(entry, desired)
    }
    foreign = {key for key in (*there, *elsewhere) if key not in owned and key not in ours}
    labels = {given: key for key, given in ours.items()}
    ids = {wanted: labels[label(name)] for wanted, name in desired.names.items() if label(name) in labels}
    for wanted, name in desired.names.items():
        if wanted not in ids:
            ids[wanted] = _free(wanted, name, foreign | set(ids.values()))
    said = tuple(
        f"provider.{wanted} stays as the user has it; {name} is offered as {ids[wanted]}"
        for wanted, name in desired.names.items()
        if wanted in foreign
    )
    return Naming(settings=renamed(desired, ids), ids=ids, said=said)


def renamed(desired: RouterSettings, ids: Mapping[str, str]) -> RouterSettings:
    """Return the same settings under other provider ids, all of them at once."""
    return RouterSettings(
        settings=tuple(_renamed(setting, ids) for setting in desired.settings),
        offered=tuple(pair(one, ids) for one in desired.offered),
        names={ids[key]: name for key, name in desired.names.items()},
    )


def pair(text: str, ids: Mapping[str, str]) -> str:
    """Return a `provider/model` pair under the provider's other id."""
    provider, slash, model = text.partition("/")
    return ids.get(provider, provider) + slash + model


def _renamed(setting: Setting, ids: Mapping[str, str]) -> Setting:
    path, value = setting.path, setting.value
    if path[0] == "provider":
        path = (path[0], ids.get(path[1], path[1]), *path[2:])
    elif path == ("model",):
        value = pair(str(value), ids)
    return setting.model_copy(update={"path": path, "value": value})


def _free(wanted: str, name: str, taken: Collection[str]) -> str:
    base, count = f"{FIRST}-{slug(name)}", 1
    while wanted in taken:
        wanted = base if count == 1 else f"{base}-{count}"
        count += 1
    return wanted


def _signed(entry: JsonValue, desired: RouterSettings) -> TypeGuard[dict[str, JsonValue]]:
    """An entry under the label and the URL of an endpoint is ours, from a memory that was lost."""
    options = entry.get("options") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(options, dict):
        return False
    values = {setting.path[1:]: setting.value for setting in desired.settings}
    return any(
        entry.get("name") == label(name) and options.get("baseURL") == values[(key, "options", "baseURL")]
        for key, name in desired.names.items()
    )
