"""Profiles by name or by file: read, `extends` resolved, checked; a mistake is told with file and line."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from provision.errors import SiteError
from provision.forms import NO_PROFILE
from provision.model import Frozen
from provision.sentences import NO_VALUE, validated
from provision.yamldoc import Words, YamlDocument, read_yaml
from router.profile import FORMS, POOL, Profile, shipped

WORDS = Words(
    noun="profile",
    missing="check `profile:` in the site file",
    empty="a profile needs at least `extends:` with the name of a shipped one",
    begins="begin with `extends:` or `agents:`",
    schema="`astraeus-provision router schema` describes every key",
)


class Chosen(Frozen):
    """A profile, and the pool's models that a person asked for by name in a file of her own."""

    profile: Profile
    named: frozenset[str] = frozenset()


@cache
def load_profile(name: str) -> Chosen | None:
    """Return a shipped profile or the one in a file; None for `none`. SiteError where it is none or wrong."""
    if name == NO_PROFILE:
        return None
    own = _document(name)
    data = own.data if isinstance(own.data, dict) else {}
    base: dict[str, Any] = {}
    if "extends" in data:
        base = _extended(own, data["extends"])
    merged = _merged(base, {key: value for key, value in data.items() if key != "extends"})
    profile = validated(own, merged, Profile, FORMS)
    named = frozenset() if name in shipped() else _named(data)
    return Chosen(profile=profile, named=named)


def _document(name: str) -> YamlDocument:
    if name in shipped():
        return read_yaml(Path(str(files("router") / "profiles" / f"{name}.yaml")), WORDS)
    path = Path(name)
    if path.suffix not in {".yaml", ".yml"}:
        raise SiteError(
            f"profile {name!r} is unknown",
            remedy=f"shipped are {', '.join(shipped())}; a file of your own ends in .yaml; `none` is none",
        )
    return read_yaml(path, WORDS)


def _extended(own: YamlDocument, name: Any) -> dict[str, Any]:
    if name not in shipped():
        said = NO_VALUE if name is None else f"{name!r} is no shipped profile"
        raise SiteError(
            f"{own.shown}:{own.line(('extends',))}: extends: {said}",
            remedy=f"shipped are {', '.join(shipped())}",
        )
    data = _document(name).data
    return dict(data)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Agents are merged field by field, all else is replaced."""
    merged = {**base, **own}
    agents = own.get("agents")
    if isinstance(agents, dict) and isinstance(base.get("agents"), dict):
        together = dict(base["agents"])
        for agent, fields in agents.items():
            known = together.get(agent)
            if isinstance(fields, dict) and isinstance(known, dict):
                together[agent] = {**known, **fields}
            else:
                together[agent] = fields
        merged["agents"] = together
    return merged


def _named(data: dict[str, Any]) -> frozenset[str]:
    agents = data.get("agents")
    lists = [
        fields.get("models")
        for fields in (agents.values() if isinstance(agents, dict) else ())
        if isinstance(fields, dict)
    ]
    names = [
        model for models in lists if isinstance(models, list) for model in models if isinstance(model, str)
    ]
    return frozenset(name.removeprefix(f"{POOL}/") for name in names if name.startswith(f"{POOL}/"))
