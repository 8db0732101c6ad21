"""Merges into a user's own files on her machine, with her Python alone: what `standalone` sends for it.

Nothing but the standard library and what is sent along (`pydantic_shape` for pydantic) may be imported.
`merge FOLDER`, `giveback FOLDER PATH`: FOLDER holds the order as `merge.json`, and takes what is to be
written; a refusal is `problem<tab>remedy` on stdout, and exit code 3.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from provision.fleet.workstation.ledger import Back, Ledger
from provision.fleet.workstation.sharedfile import MODE, Refused, give_back, share, text_of, writable
from provision.fleet.workstation.tuifile import plan_tui, tui_path
from router.chain import PLACE, Chains, chain_plugin
from router.jsonc import JsoncError, load
from router.merge import Memory, Written, named, owned_ids
from router.naming import renamed
from router.opencode import RouterSettings, Setting
from router.remarks import literal_keys, remarks

REFUSED = 3


@dataclass(frozen=True)
class Found:
    """A file as it is, in the form that publishing has it."""

    path: str
    kind: Literal["absent", "file", "symlink", "other", "unreadable", "large"] = "absent"
    mode: str | None = None
    uid: int | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Here:
    """What is asked of this machine's folders."""

    uid: int
    home: str
    config_home: str
    ledger: str


def look(path: str) -> Any:
    """Read a file as publishing would over SSH; Any, for it stands in a FoundFile's place."""
    try:
        about = os.lstat(path)
    except OSError:
        return Found(path)
    kind = {stat.S_IFREG: "file", stat.S_IFLNK: "symlink"}.get(stat.S_IFMT(about.st_mode), "other")
    mode = f"{stat.S_IMODE(about.st_mode):o}"
    if kind != "file":
        return Found(path, kind, mode, about.st_uid)  # type: ignore[arg-type]
    try:
        content = Path(path).read_bytes()
    except OSError:
        return Found(path, "unreadable", mode, about.st_uid)
    return Found(path, "file", mode, about.st_uid, len(content), sha256(content).hexdigest(), content)


def merge(folder: Path, order: dict[str, Any]) -> None:
    """Write into the folder what publishing would write: `merged`, a row for each file, and what it says."""
    both = [one for one in map(look, order["configs"]) if one.kind != "absent"]
    if len(both) > 1:
        raise Refused("both opencode.json and opencode.jsonc are there", "make one of them, and run it again")
    file = both[0] if both else look(order["configs"][-1])
    here = _here(order)
    writable(file, here)
    ledger = remembered(order["ledger"])
    known = ledger is not None and ledger.file == file.path
    memory = ledger.memory if ledger is not None and known else None
    backs = {} if ledger is None else ledger.backs
    desired = RouterSettings(
        settings=_settings(order["router"]), offered=order["offered"], names=order["names"]
    )
    try:
        naming = named(text_of(file), renamed(desired, order["ids"]), memory)
    except JsoncError as error:
        raise Refused(f"{file.path}: {error}", "mend that place, and run it again") from None
    ids = {token: naming.ids[real] for token, real in order["ids"].items()}
    order = json.loads(_named(json.dumps(order), ids))
    settings = (*naming.settings.settings, *_settings(order["opencode"]))
    main, merged = share(
        file, naming.settings.model_copy(update={"settings": settings}), memory, backs.get(file.path)
    )
    config = load(merged.text)
    kept = [
        *naming.said,
        *main.kept,
        *remarks(config, merged.desired, owned_ids(memory)),
        *literal_keys(config),
    ]
    changes = list(main.changes)
    told, plugin = {file.path: main.back}, None
    if order["omo"]:
        theirs = look(order["plugin_file"])
        writable(theirs, here)
        before = ledger.plugin_memory if ledger is not None and ledger.plugin_file else None
        wanted = RouterSettings(settings=_settings(order["omo"]))
        plugin = share(theirs, wanted, before, backs.get(theirs.path))[0]
        changes += plugin.changes
        kept += [f"~/.omo/omo.jsonc: {one}" for one in plugin.kept]
        told[theirs.path] = plugin.back
    written = {one.path for one in plugin.memory.written} if plugin is not None else set()
    whole = Whole(folder, order, file.path, written, {} if ledger is None else ledger.whole)
    ours = plugin is not None and bool(written)
    packed = Ledger(
        file=file.path,
        memory=main.memory,
        plugin_file=order["plugin_file"] if ours else None,
        plugin_memory=Memory() if plugin is None else plugin.memory,
        backs=told if ours else {file.path: main.back},
        whole=whole.sums,
    ).packed()
    rows = [(one.found, one.mode, one.new, one.backup) for one in changes] + whole.rows
    there = look(order["ledger"])
    if there.content != packed:
        rows.append((there, MODE, packed, f"{order['ledger']}.bak"))
    _tell(folder, order, rows, [*kept, *whole.kept], whole.agents)
    (folder / "config").write_text(f"{file.path}\n")


class Whole:
    """The files that are ours alone, as far as their user has none in their place."""

    def __init__(
        self,
        folder: Path,
        order: dict[str, Any],
        config: str,
        written: set[tuple[str, ...]],
        ours: Mapping[str, str],
    ) -> None:
        self.folder = order["ledger"].rsplit("/", 1)[0]
        self.rows: list[tuple[Any, str, bytes, str]] = []
        self.sums: dict[str, str] = {}
        self.kept: list[str] = []
        files = {one["path"]: one for one in order["whole"]}
        if any(one["optional"] and os.path.lexists(path) and path not in ours for path, one in files.items()):
            files = {path: one for path, one in files.items() if not one["optional"]}
        self.agents = {
            name: one["model"] for name, one in order["agents"].items() if _path(one["setting"]) in written
        }
        for number, (path, one) in enumerate(files.items()):
            text = one["text"] or (folder / one["file"]).read_text(encoding="utf-8")
            if path.endswith(f"/{PLACE}"):
                text = chain_plugin(_chains(order, written))
            elif one["facts"]:  # the last of them: by now it is known which agents are ours
                text = _facts(text, config, self.agents)
            self._take(number, look(path), one, text.encode(), ours)
            self.agents.update(
                {
                    name: agent["model"]
                    for name, agent in order["agents"].items()
                    if agent["file"] == path and path in self.sums
                }
            )

    def _take(
        self, number: int, there: Any, one: dict[str, Any], new: bytes, ours: Mapping[str, str]
    ) -> None:
        digest = sha256(new).hexdigest()
        mine = there.kind == "file" and (one["by_path"] or there.sha256 in {ours.get(there.path), digest})
        if there.kind != "absent" and not mine:
            self.kept.append(f"{there.path} is the user's own and stays; ours is not written")
            return
        self.sums[there.path] = digest
        if there.content != new or there.mode != one["mode"]:
            self.rows.append((there, one["mode"], new, f"{self.folder}/whole.{number}"))


def remembered(path: str) -> Ledger | None:
    """Return what was written there earlier; None where nothing is told."""
    try:
        told = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return None
    backs = {name: Back(**one) for name, one in told.pop("backs", {}).items()}
    memories = {key: _memory(told.pop(key, {})) for key in ("memory", "plugin_memory")}
    return Ledger(**{**told, **memories, "backs": backs})


def giveback(path: str, order: dict[str, Any]) -> bytes | None:
    """Return a shared file without ours, as `router uninstall` leaves it; None where none is left."""
    ledger, file, here = remembered(order["ledger"]), look(path), _here(order)
    if path == tui_path(here):
        changes = plan_tui({path: file}, here, None)
        return changes[0].new if changes else bytes(file.content)
    if ledger is None or path not in {ledger.file, ledger.plugin_file}:
        raise Refused(f"{path} was changed since", "take ours out of it yourself, and run it again")
    memory = ledger.memory if path == ledger.file else ledger.plugin_memory
    changes = give_back(file, memory, ledger.backs.get(path))
    return changes[0].new if changes else file.content


def _here(order: dict[str, Any]) -> Any:
    return Here(os.getuid(), order["home"], order["config_home"], order["ledger"])


def _memory(told: dict[str, Any]) -> Memory:
    written = (
        Written(**{**one, "path": _path(one["path"]), "aside": tuple(one.get("aside", ()))})
        for one in told.get("written", ())
    )
    return Memory(written=tuple(written), created=tuple(_path(one) for one in told.get("created", ())))


def _settings(told: list[dict[str, Any]]) -> tuple[Setting, ...]:
    return tuple(Setting(**{**one, "path": _path(one["path"])}) for one in told)


def _path(told: list[str] | None) -> tuple[str, ...]:
    return tuple(told or ())


def _named(text: str, ids: Mapping[str, str]) -> str:
    for token, name in ids.items():
        text = text.replace(token, name)
    return text


def _chains(order: dict[str, Any], written: set[tuple[str, ...]]) -> Chains:
    """Without those of agents whose own chain is their user's."""
    left = {_path(one["path"]) for one in order["omo"]} - written
    hers = {
        name
        for name, one in order["agents"].items()
        if one["setting"] is not None and (*one["setting"][:-1], order["chain_key"]) in left
    }
    return Chains(**order["chains"]).without(hers)


def _facts(text: str, config: str, agents: Mapping[str, str]) -> str:
    rows = [line.split("\t") for line in text.splitlines()]
    kept = [row for row in rows if row[0] != "agent" or row[2] in agents]
    for row in kept:
        if row[0] == "config":
            row[1] = config
        elif row[0] == "end":  # by how many lines it is whole
            row[1] = str(int(row[1]) - len(rows) + len(kept))
    return "".join("\t".join(row) + "\n" for row in kept)


def _tell(
    folder: Path,
    order: dict[str, Any],
    rows: list[tuple[Any, str, Any, str]],
    kept: list[str],
    agents: Mapping[str, str],
) -> None:
    table = []
    for number, (found, mode, new, backup) in enumerate(rows):
        (folder / f"merged-{number}").write_bytes(new)
        fields = (f"merged-{number}", mode, found.sha256 or "-", found.mode or "-", found.path, backup)
        table.append("\t".join(fields) + "\n")
    (folder / "merged").write_text("".join(table))
    (folder / "kept").write_text("".join(f"{one}\n" for one in dict.fromkeys(kept)))
    (folder / "agents").write_text("".join(f"{model}\t{name}\n" for name, model in agents.items()))
    (folder / "asked").write_text(order["asked"] + "\n")


def main(act: str, where: str, path: str = "") -> int:
    """Do one of the two; the exit code."""
    folder = Path(where)
    order = json.loads((folder / "merge.json").read_text(encoding="utf-8"))
    try:
        if act == "merge":
            merge(folder, order)
        else:
            new = giveback(path, order)
            if new is not None:
                (folder / "given").write_bytes(new)
    except Refused as refused:
        sys.stdout.write(f"{refused.problem}\t{refused.remedy}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
