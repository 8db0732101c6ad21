"""What `router …` does, from parsed flags to an exit code: the workstations' part of the road alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from provision.commands import run_on, someone_can_be_asked
from provision.deploy import deploy
from provision.errors import SiteError
from provision.operation import Goal
from provision.sitefile import Described, describe_deployed, limited
from provision.withdrawing import withdraw
from router.profile import Profile


def _stations(described: Described, limit: Sequence[str]) -> frozenset[str]:
    """Workstations of the site, or those named; a host is none."""
    stations = frozenset(station.name for station in described.site.consumers)
    names = limited(described.site, limit) if limit else stations
    if names - stations:
        raise SiteError(
            f"--limit {min(names - stations)}: it is no workstation of the site",
            remedy=f"workstations are {', '.join(sorted(stations)) or 'none'}",
        )
    return names


def apply_router(
    site: Path | None, *, limit: Sequence[str], dry_run: bool, yes: bool, as_json: bool, verbose: bool
) -> int:
    """`router apply` and `router diff`: proves the hosts, changes none, and publishes."""
    goal = Goal.DRY_RUN if dry_run else Goal.APPLY
    described = describe_deployed(site)
    names = _stations(described, limit)
    someone_can_be_asked(goal, yes=yes)
    word = "diff" if dry_run else "apply"
    return run_on(described, names, goal, deploy, yes=yes, as_json=as_json, verbose=verbose, router=word)


def uninstall_router(
    site: Path | None, *, limit: Sequence[str], dry_run: bool, yes: bool, as_json: bool, verbose: bool
) -> int:
    """`router uninstall`: gives the workstations' files back."""
    goal = Goal.DRY_RUN if dry_run else Goal.APPLY
    described = describe_deployed(site)
    names = _stations(described, limit)
    someone_can_be_asked(goal, yes=yes)
    return run_on(
        described, names, goal, withdraw, yes=yes, as_json=as_json, verbose=verbose, router="uninstall"
    )


def profile_schema() -> str:
    """JSON Schema of profile files, for editors; `extends` is resolved before."""
    schema = Profile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "astraeus-provision profile"
    schema["properties"]["extends"] = {"type": "string", "description": "A shipped profile to begin from."}
    schema.pop("required", None)
    return json.dumps(schema, indent=2) + "\n"
