"""What a workstation remembers of us: ~/.local/state/astraeus-provision/router.json, for its owner only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import ValidationError

from provision.model import Frozen
from router.merge import Memory


class Back(Frozen):
    """What gives a file back as it would be without us."""

    sha256: str
    """Of what we wrote last: as long as the file is that, the way back is exact."""
    made: bool = False
    """There was none before us."""
    mode: str | None = None
    """Before us, where it was not 600."""
    original: str | None = None
    """In base64, where taking out what we wrote would not give the same bytes."""


class Ledger(Frozen):
    """The router file we wrote to, what we wrote there, and the files that we made."""

    version: Literal[1] = 1
    file: str
    memory: Memory = Memory()
    made: tuple[str, ...] = ()
    """Shell files."""
    plugin_file: str | None = None
    plugin_memory: Memory = Memory()
    backs: Mapping[str, Back] = {}
    """By path, of the files that we share with the user."""
    whole: Mapping[str, str] = {}
    """Files that are ours alone: path to the sha256 of what we wrote."""

    def packed(self) -> bytes:
        """Return the bytes; equal ledgers are equal bytes; few, as a shell reads them one by one."""
        told = {"version": self.version, **self.model_dump(mode="json", exclude_defaults=True)}
        return (json.dumps(told, separators=(",", ":"), ensure_ascii=True) + "\n").encode()


def unpack(content: bytes | None) -> Ledger | None:
    """Read a ledger; one that cannot be read is as good as none."""
    if content is None:
        return None
    try:
        return Ledger.model_validate_json(content)
    except ValidationError:
        return None
