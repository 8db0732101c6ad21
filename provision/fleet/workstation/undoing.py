"""Takes back what this run wrote to a workstation and could not finish, and says what is known of it."""

from __future__ import annotations

from collections.abc import Collection

from pyinfra.api.host import Host

from provision.fleet.workstation.exchange import Broken, converse, script
from provision.fleet.workstation.loopback import APPLY_S, loopback_fault, loopback_values
from provision.fleet.workstation.orders import run_name
from provision.fleet.workstation.reading import folders_of
from provision.fleet.workstation.replace import NO_RECORD, replace_values, replaced
from provision.fleet.workstation.routed import service_paths
from provision.fleet.workstation.shapes import Look

UNTOUCHED = "its router file was not changed"
PUT_BACK = "its files were put back as they were"


def undone(host: Host, look: Look, *, written: bool) -> str:
    """Put this run's files back as far as that can be done; `written` says that they surely are there."""
    folders = folders_of(look)
    wrote = "its files were written" if written else "its files may be written"
    try:
        values = replace_values("putback", folders, run_name())
        paths, wrong = replaced(converse(host, script("replace", values)))
    except Broken as broken:
        return f"{wrote} and are not confirmed; they could not be put back: {broken.said}"
    if wrong is not None and wrong.code == NO_RECORD and not written:
        return UNTOUCHED
    if wrong is not None:
        return f"{wrote} and are not confirmed; they could not be put back: {wrong.problem}"
    fault = router_fault(host, look, paths)
    return PUT_BACK if fault is None else f"{PUT_BACK}, but the loopback router does not run by them: {fault}"


def router_fault(host: Host, look: Look, paths: Collection[str]) -> str | None:
    """Let the loopback router run with what is there again, or end where nothing is; say what kept it.

    `paths` are what was put back: where nothing of the router's is among them, nothing is to be done.
    """
    if service_paths(folders_of(look)).isdisjoint(paths):
        return None
    values = loopback_values("apply", look.proxy, system=look.os, home=look.home)
    try:
        fault = loopback_fault(converse(host, script("loopback", values), deadline_s=APPLY_S), look.user)
    except Broken as broken:
        return broken.said
    return None if fault is None else fault[0]
