"""What the command line says of machines: who comes, who goes, and what contradicts itself. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from provision.errors import SiteError

NOBODY = "none"
"""On the command line, instead of workstations."""


def machine_named(text: str) -> dict[str, Any]:
    """`user@name` as a machine of the site."""
    user, _, name = text.rpartition("@")
    return {"name": name, **({"ssh": {"user": user}} if user else {})}


def added(machines: Sequence[dict[str, Any]], named: Sequence[str]) -> list[dict[str, Any]]:
    """The machines after `--host` or `--workstation`: one that is known keeps what is known of it."""
    result = list(machines)
    for text in named:
        machine = machine_named(text)
        for index, known in enumerate(result):
            if known["name"] == machine["name"]:
                result[index] = {
                    **known,
                    **({"ssh": {**known.get("ssh", {}), **machine["ssh"]}} if "ssh" in machine else {}),
                }
                break
        else:
            result.append(machine)
    return result


def stations_after(known: Sequence[dict[str, Any]], named: Sequence[str]) -> list[dict[str, Any]]:
    """The workstations after `--workstation`; SiteError where nobody is named beside somebody."""
    if list(named) == [NOBODY]:
        return []
    if NOBODY in [machine_named(text)["name"].lower() for text in named]:
        raise SiteError(
            f"--workstation {' --workstation '.join(named)}: `{NOBODY}` is said alone and once",
            remedy=f"name the workstations, or say `--workstation {NOBODY}` where there shall be none",
        )
    return added(known, named)


def refuse_contradictions(hosts: Sequence[str], removed: Sequence[str]) -> None:
    """SiteError for a host that is to come and to go."""
    both = [name for name in removed if name in [machine_named(text)["name"] for text in hosts]]
    if both:
        raise SiteError(
            f"--host {both[0]} --remove-host {both[0]}: one says that it serves, the other that it does not",
            remedy="say one of them; `--host USER@NAME` alone changes how a host of the site is reached",
        )


def refuse_nobody(removed: Sequence[str], described_by: Sequence[str]) -> NoReturn:
    """SiteError for a site without a host; described_by is the option that names the same site again."""
    if not removed:
        raise SiteError("no host is named", remedy="name one: astraeus-provision lan --host gpu-server.local")
    gone = " ".join(f"--remove-host {name}" for name in removed)
    site = "".join(f" {shlex.quote(word)}" for word in described_by)
    raise SiteError(
        f"{gone}: no host is left. Nothing was contacted.",
        remedy=f"name what serves in its place: `astraeus-provision lan{site} --host OTHER {gone}`; or give "
        f"up the site: `astraeus-provision router uninstall{site}` gives the workstations' files back",
    )
