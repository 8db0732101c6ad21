"""One JSONC file that we share with its user: merged, shown, and given back as it was. Pure."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from provision.fleet.workstation.ledger import Back
from router.jsonc import JsoncError
from router.merge import Memory, Merge, merge_named
from router.opencode import RouterSettings
from router.view import diff, owned_view

if TYPE_CHECKING:  # a workstation's own Python has not all that it needs: see merging
    from provision.fleet.workstation.reading import Folders, FoundFile

NOTHING = RouterSettings(settings=())
MODE = "600"


class Refused(Exception):  # noqa: N818 - told in a Look or an outcome, never raised at a user
    """The user's file cannot be written to; `problem` and `remedy` are safe to show."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class FileChange:
    """One file to replace; `new` None removes it."""

    found: FoundFile
    mode: str
    new: bytes | None = field(repr=False)
    backup: str

    @property
    def new_sha256(self) -> str:
        return "-" if self.new is None else sha256(self.new).hexdigest()


@dataclass(frozen=True)
class SharedPlan:
    """What happens to one file of the user's."""

    changes: tuple[FileChange, ...]
    sha256: str
    """Of the file afterwards."""
    memory: Memory
    back: Back
    shown: str
    kept: tuple[str, ...]


def writable(file: FoundFile, folders: Folders) -> None:
    """Raise Refused unless it is a plain file of the user's, or nothing yet."""
    if file.kind == "symlink":
        raise Refused(
            f"{file.path} is a symbolic link, and writing to it would replace the link by a file",
            "put a plain file in its place; what manages your dotfiles can leave this one out",
        )
    if file.kind in ("other", "unreadable", "large"):
        why = {"other": "is no plain file", "unreadable": "cannot be read", "large": "is over 8 MiB"}
        raise Refused(f"{file.path} {why[file.kind]}", "look at that file and put it in order")
    if file.uid is not None and file.uid != folders.uid:
        raise Refused(
            f"{file.path} belongs to uid {file.uid}, not to its user (uid {folders.uid})",
            f"sudo chown {folders.uid} {file.path}",
        )


def not_barred(changes: Iterable[FileChange]) -> None:
    """Raise Refused where a folder lets nothing be written of what has to be."""
    barred = dict.fromkeys(one.found.barred for one in changes if one.found.barred is not None)
    if barred:
        raise Refused(
            f"nothing can be written in {' and '.join(barred)}",
            f"make it a folder that its user can write to: ls -ld {shlex.join(barred)}",
        )


def text_of(file: FoundFile) -> str | None:
    """Return a file's text, None where there is none; Refused where it is not UTF-8."""
    if file.kind != "file":
        return None
    try:
        return (file.content or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        line = (file.content or b"")[: error.start].count(b"\n") + 1
        raise Refused(f"{file.path}: line {line} is not UTF-8", "save that file as UTF-8") from None


def broken(path: str, error: JsoncError) -> Refused:
    """Name a text that does not parse."""
    return Refused(f"{path}: {error}", "mend that place; until then the file is left as it is")


def share(
    file: FoundFile, desired: RouterSettings, memory: Memory | None, back: Back | None
) -> tuple[SharedPlan, Merge]:
    """Return what publishing does to the file; Refused where it does not parse."""
    text = text_of(file)
    memory = None if text is None else memory
    try:
        merged = merge_named(text, desired, memory)
    except JsoncError as error:
        raise broken(file.path, error) from None
    new = merged.text.encode("utf-8")
    changes: tuple[FileChange, ...] = ()
    if file.content != new or file.mode != MODE:
        changes = (FileChange(file, MODE, new, f"{file.path}.astraeus.bak"),)
    before, after = (owned_view(one, memory, merged.desired) for one in (text, merged.text))
    shown = diff(before, after, file.path)
    if file.kind == "file" and file.mode != MODE:
        shown += f"{file.path}: mode {file.mode} becomes {MODE}\n"
    way = _way_back(file, text, memory, merged, back)
    plan = SharedPlan(changes, sha256(new).hexdigest(), merged.memory, way, shown, merged.kept)
    return plan, merged


def _way_back(
    file: FoundFile, text: str | None, memory: Memory | None, merged: Merge, back: Back | None
) -> Back:
    """Keep what stands there without us; the text itself only where merging cannot be undone to the byte."""
    new = sha256(merged.text.encode("utf-8")).hexdigest()
    if text is None:
        return Back(sha256=new, made=True)
    known = back is not None and back.sha256 == file.sha256
    if back is not None and known and (back.made or back.original is not None or file.sha256 == new):
        return back.model_copy(update={"sha256": new})
    without = text if memory is None else merge_named(text, NOTHING, memory).text
    mode = file.mode if back is None else back.mode
    exact = merge_named(merged.text, NOTHING, merged.memory).text == without
    packed = None if exact else base64.b64encode(without.encode("utf-8")).decode()
    return Back(sha256=new, mode=None if mode == MODE else mode, original=packed)


def give_back(file: FoundFile, memory: Memory, back: Back | None) -> tuple[FileChange, ...]:
    """Return the change that takes ours out: the bytes of before, where the user changed nothing since."""
    text = text_of(file)
    if text is None:
        return ()
    untouched = back is not None and back.sha256 == file.sha256
    mode = MODE if back is None or back.mode is None else back.mode
    if back is not None and untouched and back.original is not None:
        new: bytes | None = base64.b64decode(back.original)
    else:
        try:
            without = merge_named(text, NOTHING, memory).text
        except JsoncError as error:
            raise broken(file.path, error) from None
        empty = is_bare(without, "", "{}")
        new = None if back is not None and back.made and empty else without.encode("utf-8")
    if new == file.content and mode == file.mode:
        return ()
    return (FileChange(file, mode, new, f"{file.path}.astraeus.bak"),)


def is_bare(text: str, *forms: str) -> bool:
    """Whether a text is one of these but for white space: a comment in it, of either kind, is the user's."""
    return "".join(text.split()) in forms


def said(path: str, sentences: Sequence[str]) -> tuple[str, ...]:
    """Name the file that sentences are about."""
    return tuple(f"{path}: {one}" for one in sentences)
