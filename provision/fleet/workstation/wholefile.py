"""Files that are ours alone: written whole, taken away whole. Pure.

Beside the user's own settings, one that she changed is hers. In our own folder, and where the router's
service is, they are ours by their path, and say so: they are written anew from the site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.routed import service_paths
from provision.fleet.workstation.sharedfile import FileChange
from router.render import MARK, WholeFile


@dataclass(frozen=True)
class WholePlan:
    """What happens to all of them, and what is ours afterwards."""

    changes: tuple[FileChange, ...] = ()
    whole: Mapping[str, str] | None = None
    shown: str = ""
    kept: tuple[str, ...] = ()


def place_of(file: WholeFile, folders: Folders) -> str:
    """Return the absolute path of a file on that workstation."""
    roots = {
        "config": folders.config_home,
        "home": folders.home,
        "data": folders.data,
    }
    return f"{roots[file.place]}/{file.path}"


def plan_whole(
    found: Mapping[str, FoundFile], wanted: Iterable[WholeFile], ours: Mapping[str, str], folders: Folders
) -> WholePlan:
    """Return what has to be written or removed; settings that the user made or changed stay hers."""
    changes: list[FileChange] = []
    whole: dict[str, str] = {}
    kept: list[str] = []
    shown: list[str] = []
    backup = folders.ledger.rsplit("/", 1)[0]
    places = {place_of(file, folders): file for file in wanted}
    optional = [path for path, file in places.items() if file.optional]
    if any(found[path].kind != "absent" and path not in ours for path in optional):
        places = {path: file for path, file in places.items() if not file.optional}
    for number, (path, file) in enumerate(places.items()):
        there, new = found[path], file.text.encode("utf-8")
        digest, mode = sha256(new).hexdigest(), "700" if file.executable else "600"
        if there.kind != "absent" and not _is_ours(there, ours, digest, folders):
            kept.append(_theirs(there, ours))
            continue
        whole[path] = digest
        if there.content != new or there.mode != mode:
            changes.append(FileChange(there, mode, new, f"{backup}/whole.{number}"))
            shown.append(f"{'+' if there.kind == 'absent' else '~'} {path}\n")
    for number, path in enumerate(sorted(set(ours) - set(places))):
        there = found.get(path, FoundFile(path))
        if there.kind == "absent":
            continue
        if _is_ours(there, ours, "", folders):
            changes.append(FileChange(there, there.mode or "600", None, f"{backup}/gone.{number}"))
            shown.append(f"- {path}\n")
        else:
            kept.append(f"{path} was changed by its user and stays; it is no longer ours")
    return WholePlan(tuple(changes), whole, "".join(shown), tuple(kept))


def _is_ours(there: FoundFile, ours: Mapping[str, str], digest: str, folders: Folders) -> bool:
    if there.kind != "file":
        return False
    by_path = there.path.startswith(f"{folders.data}/") or there.path in service_paths(folders)
    return by_path or there.sha256 in {ours.get(there.path), digest}


def _theirs(there: FoundFile, ours: Mapping[str, str]) -> str:
    if there.kind != "file":
        return f"{there.path} is no plain file ({there.kind}) and stays; ours is not written"
    if there.path not in ours and MARK.encode() in (there.content or b""):
        return (
            f"{there.path} is ours by its first lines, and may have been changed since: it stays; "
            "remove it and run again for what the site says now"
        )
    return f"{there.path} is the user's own and stays; ours is not written"
