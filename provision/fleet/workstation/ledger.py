"""What a workstation remembers of us: ~/.local/state/astraeus-provision/router.json, for its owner only."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import ValidationError

from provision.model import Frozen
from router.merge import Memory


class Ledger(Frozen):
    """The router file we wrote to, what we wrote there, and the shell files that we made."""

    version: Literal[1] = 1
    file: str
    memory: Memory = Memory()
    made: tuple[str, ...] = ()

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
