"""Decides what gives a workstation's files back as they would be without us: as files. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provision.fleet.workstation.intent import NAMES, plugin_path, shell_changes
from provision.fleet.workstation.ledger import Ledger, unpack
from provision.fleet.workstation.places import DATA
from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.recall import lost
from provision.fleet.workstation.routed import service_paths
from provision.fleet.workstation.shapes import Change, Look
from provision.fleet.workstation.sharedfile import (
    MODE,
    NOTHING,
    FileChange,
    Refused,
    give_back,
    not_barred,
    said,
    text_of,
    writable,
)
from provision.fleet.workstation.shellenv import ShellPlan, plan_shells
from provision.fleet.workstation.tuifile import plan_tui, without_plugin
from provision.fleet.workstation.wholefile import plan_whole
from router.merge import merge_named


@dataclass(frozen=True)
class Withdrawal:
    """All that taking ours out does on one machine; the ledger goes when the rest is done."""

    files: tuple[FileChange, ...]
    change: Change
    ends_router: bool
    """The loopback router was ours."""
    backups: tuple[str, ...]
    """Ours beside the files that we shared."""


def withdraw(found: Mapping[str, FoundFile], folders: Folders) -> Withdrawal | None:
    """Return what gives the user's files back as they would be without us; None where nothing is ours.

    Refused where a file has to be left, or where the ledger does not tell what is ours.
    """
    there = found[folders.ledger]
    ledger = unpack(there.content)
    if ledger is None:
        if there.kind == "absent" and not lost(found, folders):
            return None
        if there.kind == "absent":
            raise Refused(
                f"{there.path} is gone, and files of ours are there: it said what else is ours",
                "`astraeus-provision router apply` takes what equals ours as ours again",
            )
        raise Refused(
            f"{there.path} cannot be read: it says what is ours there",
            "look at its owner and mode; where it is broken, `router apply` writes it anew",
        )
    file = found.get(ledger.file, FoundFile(ledger.file))
    shared = [(file, ledger.memory)]
    if ledger.plugin_file is not None and ledger.plugin_file in found:
        shared.append((found[ledger.plugin_file], ledger.plugin_memory))
    changes: list[FileChange] = []
    kept: list[str] = []
    for one, memory in shared:
        if not memory.written and one.path not in ledger.backs:
            continue  # given back by a run that broke off later
        writable(one, folders)
        changes += give_back(one, memory, ledger.backs.get(one.path))
        kept += said(one.path, merge_named(text_of(one), NOTHING, memory).kept)
    changes = _without_plugin(changes, found, folders)
    whole = plan_whole(found, (), ledger.whole, folders)
    shells = ShellPlan()
    if f"{folders.config_home}/astraeus-provision/env.sh" in found:
        shells = plan_shells(found, folders, None, ledger.made)
    changes += plan_tui(found, folders, None)
    changes += [*whole.changes, *shell_changes(shells, folders)]
    shown = "".join(f"{'-' if one.new is None else '~'} {one.found.path}\n" for one in changes)
    change = Change(
        files=(*(one.found.path for one in changes), there.path),
        diff=f"{shown}- {there.path}\n",
        kept=(*kept, *whole.kept, *shells.kept),
    )
    # What the user does from here on is hers, whenever the rest is done.
    done = Ledger(file=ledger.file, plugin_file=ledger.plugin_file, whole=ledger.whole).packed()
    if there.content != done:
        changes.append(FileChange(there, "600", done, f"{there.path}.bak"))
    not_barred(changes)
    configs = (ledger.file, *(f"{folders.config_home}/opencode/{name}" for name in NAMES))
    return Withdrawal(
        tuple(changes),
        change,
        ends_router=not service_paths(folders).isdisjoint(ledger.whole),
        backups=tuple(f"{path}.astraeus.bak" for path in dict.fromkeys((*configs, plugin_path(folders)))),
    )


def _without_plugin(
    changes: Sequence[FileChange], found: Mapping[str, FoundFile], folders: Folders
) -> list[FileChange]:
    """Let no configuration of OpenCode's name the plugin that goes, whoever wrote that."""
    after = {one.found.path: one for one in changes}
    for path in (f"{folders.config_home}/opencode/{name}" for name in NAMES):
        file = found[path]
        one = after.get(path, FileChange(file, file.mode or MODE, file.content, f"{path}.astraeus.bak"))
        if one.new is not None and without_plugin(one.new, folders) != one.new:
            writable(file, folders)
            after[path] = replace(one, new=without_plugin(one.new, folders))
    return list(after.values())


def programs_left(look: Look, plan: Withdrawal) -> tuple[str, ...]:
    """Name the programs that stay for whoever uses them by now, each with the command that removes it."""
    left = []
    if look.opencode is not None and look.opencode.ours:
        link, folder = look.opencode.path, f"{look.home}/{DATA}"
        # The link alone would be in the way of the next OpenCode.
        goes = [folder] if link.startswith(f"{folder}/") else [folder, link]
        left.append(f"OpenCode, which came with us, stays; it goes with: rm -r {shlex.join(goes)}")
    if plan.ends_router:
        left.append(
            "HAProxy stays, as others may use it; if it came with us, it goes as a package does: "
            "sudo apt-get remove haproxy, or as that system does it"
        )
    return tuple(left)
