"""Decides what publishing writes: (what was found, an Order) in, files with their new bytes out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from provision.fleet.workstation.ledger import Ledger, unpack
from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.shapes import Change, ConfigFile, Order
from provision.fleet.workstation.shellenv import ShellPlan, plan_shells
from router.jsonc import JsoncError, require_object
from router.jsonc_edit import get_path
from router.merge import Memory, Merge, merge
from router.naming import pair
from router.opencode import RouterSettings
from router.view import diff, owned_view

NAMES = ("opencode.jsonc", "opencode.json")
NOTHING = RouterSettings(settings=())


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
class Intent:
    """All that publishing writes on one machine; what it shows is in `change`."""

    path: str
    sha256: str
    """Of the router file afterwards."""
    files: tuple[FileChange, ...]
    change: Change
    order: Order
    """With the provider ids of this machine's file."""


def base_urls(router: RouterSettings) -> dict[str, str]:
    """Return each provider's base URL."""
    return {
        setting.path[1]: str(setting.value)
        for setting in router.settings
        if setting.path[:1] == ("provider",) and setting.path[2:] == ("options", "baseURL")
    }


def config_of(found: Mapping[str, FoundFile], folders: Folders) -> FoundFile:
    """Return the file that OpenCode would take last: opencode.jsonc where it exists."""
    both = [found[f"{folders.config_home}/opencode/{name}"] for name in NAMES]
    return next((file for file in both if file.kind != "absent"), both[-1])


def describe(file: FoundFile) -> ConfigFile:
    """Return the configuration file as it may be shown."""
    broken = None
    if file.kind == "file":
        try:
            require_object(_text(file))
        except JsoncError as error:
            broken = str(error)
        except Refused as refused:
            broken = refused.problem
    return ConfigFile(
        path=file.path,
        kind="unreadable" if file.kind == "large" else file.kind,
        mode=file.mode,
        uid=file.uid,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        broken=broken,
    )


def intend(found: Mapping[str, FoundFile], folders: Folders, order: Order) -> Intent:
    """Return what has to be written; Refused where the user's file must be left as it is."""
    file = config_of(found, folders)
    _writable(file, folders)
    ledger = unpack(found[folders.ledger].content)
    memory = ledger.memory if ledger is not None and ledger.file == file.path else None
    text = _text(file) if file.kind == "file" else None
    changes = _moved(found, ledger, file.path)
    merged = _merged(file.path, text, order.router, memory, _elsewhere(found, folders, file, changes))
    new = merged.text.encode("utf-8")
    if file.content != new or file.mode != "600":
        changes.append(FileChange(file, "600", new, f"{file.path}.astraeus.bak"))
    shells = ShellPlan()
    if f"{folders.config_home}/astraeus-provision/env.sh" in found:
        shells = plan_shells(found, folders, order.ollama_host, ledger.made if ledger is not None else ())
    state = folders.ledger.rsplit("/", 1)[0]
    changes += [
        FileChange(edit.file, edit.file.mode or "644", edit.content, f"{state}/before.{number}")
        for number, edit in enumerate(shells.edits)
    ]
    packed = Ledger(file=file.path, memory=merged.memory, made=shells.made).packed()
    if found[folders.ledger].content != packed:
        changes.append(FileChange(found[folders.ledger], "600", packed, f"{folders.ledger}.bak"))
    before = owned_view(text, memory, merged.desired)
    shown = diff(before, owned_view(merged.text, memory, merged.desired), file.path)
    if file.kind == "file" and file.mode != "600":
        shown += f"{file.path}: mode {file.mode} becomes 600\n"
    paths = tuple(one.found.path for one in changes)
    shown += "".join(edit.shown for edit in shells.edits)
    change = Change(files=paths, diff=shown, kept=(*merged.kept, *shells.kept))
    return Intent(file.path, sha256(new).hexdigest(), tuple(changes), change, _named(order, merged))


def _named(order: Order, merged: Merge) -> Order:
    models = tuple(pair(model, merged.ids) for model in order.confirm.models)
    confirm = order.confirm.model_copy(update={"models": models})
    return order.model_copy(update={"router": merged.desired, "confirm": confirm})


def _elsewhere(
    found: Mapping[str, FoundFile], folders: Folders, file: FoundFile, moved: Sequence[FileChange]
) -> frozenset[str]:
    """Return the provider ids of the user's other file, which OpenCode reads as well."""
    contents = {one.path: one.content for one in found.values()} | {one.found.path: one.new for one in moved}
    ids: set[str] = set()
    for name in NAMES:
        path = f"{folders.config_home}/opencode/{name}"
        content = contents.get(path)
        if path == file.path or content is None:
            continue
        try:
            providers = get_path(content.decode("utf-8"), ("provider",))[1]
        except (UnicodeDecodeError, JsoncError):
            continue  # OpenCode cannot read it either
        ids |= set(providers) if isinstance(providers, dict) else set()
    return frozenset(ids)


def _writable(file: FoundFile, folders: Folders) -> None:
    if file.kind == "symlink":
        raise Refused(
            f"{file.path} is a symbolic link, and publishing would replace the link by a file",
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
    for path in (file.path, folders.ledger):
        if any(character in path for character in "\t\n\r"):
            raise Refused("a folder's name holds a tab or a line break", "set XDG_CONFIG_HOME to another")


def _text(file: FoundFile) -> str:
    try:
        return (file.content or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        line = (file.content or b"")[: error.start].count(b"\n") + 1
        raise Refused(f"{file.path}: line {line} is not UTF-8", "save that file as UTF-8") from None


def _merged(
    path: str,
    text: str | None,
    router: RouterSettings,
    memory: Memory | None,
    elsewhere: frozenset[str],
) -> Merge:
    try:
        return merge(text, router, memory, elsewhere)
    except JsoncError as error:
        raise Refused(f"{path}: {error}", "mend that place; until then the file is left as it is") from None


def _moved(found: Mapping[str, FoundFile], ledger: Ledger | None, path: str) -> list[FileChange]:
    """Take ours out of the file we wrote to before the user began another (opencode.jsonc beats .json)."""
    if ledger is None or ledger.file == path:
        return []
    old = found.get(ledger.file)
    if old is None or old.kind != "file":
        return []
    text = merge(_text(old), NOTHING, ledger.memory).text.encode("utf-8")
    return [] if text == old.content else [FileChange(old, "600", text, f"{old.path}.astraeus.bak")]
