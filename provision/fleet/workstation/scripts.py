"""The scripts that run on a workstation, put together of their parts. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib.resources import files

_NEEDS = {"equip": ("tarball",), "plugin": ("tarball",), "confirm": ("copy",)}


def script(name: str, values: Mapping[str, str] | None = None) -> str:
    """Return sh/<name>.sh behind the settings that it expects and the parts that it needs."""
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in (values or {}).items())
    return head + parts_of("common") + parts_of(name)


def parts_of(name: str) -> str:
    """Return sh/<name>.sh behind the parts that it needs."""
    folder = files("provision.fleet.workstation") / "sh"
    return "".join((folder / f"{part}.sh").read_text("utf-8") for part in (*_NEEDS.get(name, ()), name))
