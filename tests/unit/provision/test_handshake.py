"""A server that is none costs one timeout at the most, and what it showed is the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.hostkeys import check_one
from tests.unit.provision.doors import (
    Door,
    behind,
    boasts,
    closes,
    drips,
    floods,
    greets,
    mumbles,
    reach,
    silent,
    steers,
    web,
)


@pytest.mark.parametrize(
    ("door", "kind", "says"),
    [
        (closes, "refused", "it closes the connection before it greets"),
        (web, "refused", "it is no SSH server on that port: it says 'HTTP/1.0 400 Bad'"),
        (drips, "refused", "it is no SSH server on that port: it says 'S"),
        (floods, "refused", "it is no SSH server on that port: it says 'AAA"),
        (silent, "silent", "it does not answer (timed out)"),
        (greets, "silent", "its SSH server greets (SSH-2.0-x), and then says no more (timed out)"),
        (mumbles, "silent", "its SSH server greets (SSH-2.0-x), and then speaks nonsense"),
        (boasts, "other", "its SSH server speaks nonsense (a packet of"),
        (steers, "other", "Incompatible version (1.5?[31m?31m instead of 2.0)"),
    ],
)
def test_what_stands_behind_the_port_is_said(tmp_path: Path, door: Door, kind: str, says: str) -> None:
    with behind(door) as port:
        found = check_one(reach(tmp_path, "127.0.0.1", port), 1)
    assert (found.state, found.kind) == ("unreachable", kind)
    assert found.reason.startswith(says)
