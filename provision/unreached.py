"""Why a machine was not reached, in words a person uses; both roads to it say the same."""

from __future__ import annotations

from provision.facts import Unreached, UnreachedKind
from provision.foreign import printable
from provision.handshake import ANOTHER, CLOSES, GREETS, NONSENSE

SILENT = Unreached(kind="silent", reason="it does not answer (timed out)")
NO_NAME = Unreached(kind="name", reason="its name does not resolve")
REFUSED = Unreached(kind="refused", reason="it refuses the connection: no SSH server on that port")
_SEEN: dict[str, UnreachedKind] = {CLOSES: "refused", ANOTHER: "refused", GREETS: "silent", NONSENSE: "other"}


def seen(said: str) -> Unreached | None:
    """What the guarded handshake saw, wherever it stands in what an engine said."""
    for start, kind in _SEEN.items():
        if start in said:
            return Unreached(kind=kind, reason=printable(said[said.index(start) :]))
    return None
