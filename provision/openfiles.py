"""How many connections this process and its children may hold open."""

from __future__ import annotations

import resource

SPARE = 128
EACH = 6
"""Files for one connection at the most: a proxy's pipes, and their other ends while it starts."""


def room_for(connections: int) -> None:
    """Raise the limit of open files as far as these need it and the system allows; macOS begins at 256."""
    wanted = SPARE + EACH * connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    )
