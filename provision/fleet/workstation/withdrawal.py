"""Decides what gives a workstation's files back as they would be without us: as files. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provision.fleet.workstation.intent import shell_changes
from provision.fleet.workstation.ledger import unpack
from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.shapes import Change
from provision.fleet.workstation.sharedfile import (
    NOTHING,
    FileChange,
    give_back,
    said,
    text_of,
    writable,
)
from provision.fleet.workstation.shellenv import ShellPlan, plan_shells
from provision.fleet.workstation.tuifile import plan_tui
from provision.fleet.workstation.wholefile import plan_whole
from router.merge import merge_named


@dataclass(frozen=True)
class Withdrawal:
    """All that taking ours out writes on one machine."""

    files: tuple[FileChange, ...]
    change: Change


def withdraw(found: Mapping[str, FoundFile], folders: Folders) -> Withdrawal | None:
    """Return what gives the user's files back as they would be without us; None where nothing is ours."""
    ledger = unpack(found[folders.ledger].content)
    if ledger is None:
        return None
    file = found.get(ledger.file, FoundFile(ledger.file))
    shared = [(file, ledger.memory)]
    if ledger.plugin_file is not None and ledger.plugin_file in found:
        shared.append((found[ledger.plugin_file], ledger.plugin_memory))
    changes: list[FileChange] = []
    kept: list[str] = []
    for one, memory in shared:
        writable(one, folders)
        changes += give_back(one, memory, ledger.backs.get(one.path))
        kept += said(one.path, merge_named(text_of(one), NOTHING, memory).kept)
    whole = plan_whole(found, (), ledger.whole, folders)
    shells = ShellPlan()
    if f"{folders.config_home}/astraeus-provision/env.sh" in found:
        shells = plan_shells(found, folders, None, ledger.made)
    changes += plan_tui(found, folders, None)
    changes += [*whole.changes, *shell_changes(shells, folders)]
    changes.append(FileChange(found[folders.ledger], "600", None, f"{folders.ledger}.bak"))
    shown = "".join(f"{'-' if one.new is None else '~'} {one.found.path}\n" for one in changes)
    change = Change(
        files=tuple(one.found.path for one in changes), diff=shown, kept=(*kept, *whole.kept, *shells.kept)
    )
    return Withdrawal(tuple(changes), change)
