"""`onboard` and `offboard`: a workstation comes into a site or goes out of it, and the site file follows."""

from __future__ import annotations

import difflib
import json
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from provision.catalogue import load_catalogue
from provision.commands import run_on, someone_can_be_asked
from provision.deploy import deploy
from provision.errors import EngineError, ExitCode, SiteError
from provision.foreign import printable
from provision.forms import LOCAL
from provision.machineflags import machine_named
from provision.model import Frozen
from provision.operation import Goal, Operation
from provision.orders import orders
from provision.report import Report
from provision.rundir import write_atomic
from provision.site import Site
from provision.siteedit import UneditableError, with_workstation, without_workstation
from provision.sitefile import Described, describe_deployed, from_flags, remember
from provision.streams import result
from provision.withdrawing import withdraw


class SiteChange(Frozen):
    """What becomes of the site when the workstation is done; without a file it is only remembered."""

    site: Site
    file: Path | None = None
    before: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        """What a person is shown before it happens; empty where the file stays as it is."""
        if self.before == self.after:
            return ""
        name = printable(str(self.file))
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), name, name, lineterm="", n=1
        )
        return "\n".join(["in the end the site file becomes:", *(f"  {line}" for line in lines)])

    def carried_out(self) -> str:
        """Write and remember it, and say where it stands; EngineError where the file cannot be written."""
        remember(self.site)
        if self.file is None or self.before == self.after:
            return "the remembered site"
        try:
            if self.file.read_bytes().decode() != self.before:
                raise EngineError(
                    f"{self.file}: it was changed by somebody else meanwhile, so it stays as it is",
                    remedy="run the same command again",
                )
            write_atomic(self.file, self.after, mode=stat.S_IMODE(self.file.stat().st_mode))
        except (OSError, UnicodeDecodeError) as error:
            raise EngineError(
                f"{self.file}: cannot be written: {error}",
                changed="The workstation is done.",
                remedy="let this user write it, and run the same command again",
            ) from None
        return printable(str(self.file))


def onboard(
    target: str,
    *,
    profile: str | None,
    site: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """`onboard`: proves the hosts, changes none, brings one workstation to its state, and keeps it."""
    goal = Goal.DRY_RUN if dry_run else Goal.APPLY
    described = describe_deployed(site)
    entry = machine_named(target) | ({} if profile is None else {"profile": _whole(profile)})
    name = entry["name"]
    change = _coming(described.site, entry, site)
    someone_can_be_asked(goal, yes=yes)
    after = described.model_copy(update={"site": change.site, "notes": (*described.notes, *_notes(change))})
    others = _who_changes_too(described.site, change.site)

    def act(operation: Operation, of: Described) -> Report:
        def keep(finished: bool) -> None:  # noqa: FBT001 - deploy's form
            if finished:
                _told(operation, name, f"added to {change.carried_out()}")
                operation.outcomes.add("site", name, "left", *others)

        return deploy(operation, of, keep)

    return run_on(after, frozenset({name}), goal, act, yes=yes, as_json=as_json, verbose=verbose, alone=True)


def offboard(
    target: str,
    *,
    forget: bool,
    site: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """`offboard`: gives the workstation's files back and takes it out of the site."""
    goal = Goal.DRY_RUN if dry_run else Goal.APPLY
    described = describe_deployed(site)
    name = machine_named(target)["name"]
    change = _going(described.site, name, site)
    if forget:
        return _forgotten(name, change, dry_run=dry_run, as_json=as_json)
    someone_can_be_asked(goal, yes=yes)
    before = described.model_copy(update={"notes": (*described.notes, *_notes(change))})

    def act(operation: Operation, of: Described) -> Report:
        def keep() -> None:
            _told(operation, name, f"taken out of {change.carried_out()}")

        return withdraw(operation, of, keep)

    return run_on(before, frozenset({name}), goal, act, yes=yes, as_json=as_json, verbose=verbose, alone=True)


def _forgotten(name: str, change: SiteChange, *, dry_run: bool, as_json: bool) -> int:
    """Without a word to the machine, which may be gone for good."""
    where = "the site (a dry run)" if dry_run else change.carried_out()
    text = f"{name}: taken out of {where}; what it has of ours stays on it"
    if as_json:
        report = {"ok": True, "exit_code": 0, "notes": _notes(change), "text": text, "failures": []}
        result(json.dumps(report, indent=2))
    else:
        result("\n".join([*_notes(change), text]))
    return int(ExitCode.DONE)


def _coming(site: Site, entry: dict[str, Any], file: Path | None) -> SiteChange:
    """The site with it; SiteError where the site has it in another way."""
    known = {one.name: one for one in site.consumers}.get(entry["name"])
    if known is not None and site.workstations is not None:
        user, profile = entry.get("ssh", {}).get("user", known.ssh.user), entry.get("profile", known.profile)
        if (user, profile) != (known.ssh.user, known.profile):
            has = [f"user {known.ssh.user}"] if known.ssh.user else []
            has += [f"profile {known.profile}"] if known.profile else []
            raise SiteError(
                f"{known.name} is in the site already, with {' and '.join(has) or 'nothing of its own'}. "
                "Nothing was contacted.",
                remedy="change that in the site file, then: astraeus-provision router apply "
                f"--limit {known.name} --site FILE",
            )
        return SiteChange(site=site)
    first = [{"name": LOCAL}] if site.workstations is None else []
    data = _data(site)
    data["workstations"] = [*(data.get("workstations") or first), entry]
    return _changed(from_flags(data), file, partial(with_workstation, entry=entry, before=first))


def _going(site: Site, name: str, file: Path | None) -> SiteChange:
    names = [one.name for one in site.consumers]
    if name not in names:
        raise SiteError(
            f"{name} is no workstation of the site. Nothing was contacted.",
            remedy=f"it has {', '.join(names) or 'none'}",
        )
    if site.workstations is None:
        raise SiteError(
            f"{name} is in the site because no workstation is named there. Nothing was contacted.",
            remedy="write `workstations: []` into the site file; `astraeus-provision router uninstall` gives "
            "the files back",
        )
    data = _data(site)
    data["workstations"] = [one for one in data["workstations"] if one["name"] != name]
    return _changed(from_flags(data), file, partial(without_workstation, name=name))


def _data(site: Site) -> dict[str, Any]:
    return site.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


def _changed(site: Site, file: Path | None, edit: Callable[[str], str]) -> SiteChange:
    """The change of a site file, made and not yet written; SiteError where it could not be."""
    if file is None:
        return SiteChange(site=site)
    target, shown = Path(os.path.realpath(file)), printable(str(file))
    try:
        before = target.read_bytes().decode()
        after = edit(before)
    except UneditableError as error:
        raise SiteError(
            f"{shown}: {error}, so it is not for a program to change. Nothing was contacted.",
            remedy="change its `workstations:` by hand, then: astraeus-provision router apply --site FILE",
        ) from None
    if not os.access(target, os.W_OK) or not os.access(target.parent, os.W_OK):
        raise SiteError(
            f"{shown}: this user cannot write it or its folder. Nothing was contacted.",
            remedy="let this user write both, or add the workstation there by hand",
        )
    return SiteChange(site=site, file=target, before=before, after=after)


def _notes(change: SiteChange) -> tuple[str, ...]:
    return (change.text,) if change.text else ()


def _who_changes_too(before: Site, after: Site) -> list[str]:
    """Whose share of the hosts is another with one more: to be told here, not to be written."""
    catalogue = load_catalogue()
    old, new = orders(before, catalogue), orders(after, catalogue)
    stale = [name for name, order in new.items() if name in old and old[name] != order]
    if not stale:
        return []
    return [f"{', '.join(stale)}: the share of the hosts is another now: astraeus-provision router apply"]


def _told(operation: Operation, name: str, text: str) -> None:
    operation.outcomes.add("site", name, "changed", text)


def _whole(profile: str) -> str:
    """A profile of one's own is named from here, not from the site file's folder."""
    is_file = profile.endswith((".yaml", ".yml"))
    return str(Path(profile).expanduser().absolute()) if is_file else profile
