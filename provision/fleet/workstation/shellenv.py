"""Gives shells OLLAMA_HOST for the plain `ollama` client, and takes it back. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from provision.fleet.workstation.reading import Folders, FoundFile

MARK = "# astraeus-provision"
_HEAD = "# Written by astraeus-provision; `client_env: false` in the site file takes it out."
_FOREIGN = re.compile(r"^(?!.*# astraeus-provision$).*\bOLLAMA_HOST\b", re.MULTILINE)
RC_FILES = (".profile", ".bash_profile", ".bashrc", ".zshrc")


@dataclass(frozen=True)
class ShellEdit:
    """One file's new content; None removes it."""

    file: FoundFile
    content: bytes | None
    shown: str


@dataclass(frozen=True)
class ShellPlan:
    """The edits, what stays the user's, and what is ours afterwards."""

    edits: tuple[ShellEdit, ...] = ()
    kept: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    """Start-up files that did not exist before us."""


def plan_shells(
    found: Mapping[str, FoundFile], folders: Folders, ollama_host: str | None, made: tuple[str, ...]
) -> ShellPlan:
    """Return what has to change so that shells have OLLAMA_HOST, or no longer have it from us."""
    own = f"{folders.config_home}/astraeus-provision/env.sh"
    fish = f"{folders.config_home}/fish/conf.d/astraeus-provision.fish"
    edits: list[ShellEdit] = []
    kept: list[str] = []
    value = None if ollama_host is None else shlex.quote(ollama_host)
    for path, line in ((own, f"export OLLAMA_HOST={value}"), (fish, f"set -gx OLLAMA_HOST {value}")):
        wanted = value is not None and (path == own or folders.shell.endswith("/fish"))
        edits += _own_file(found[path], f"{_HEAD}\n{line}\n" if wanted else None)
    still_made = []
    for name in RC_FILES:
        file = found[f"{folders.home}/{name}"]
        edit, said = _rc(file, _source_line(own), wanted=value is not None and _reads(name, file, folders))
        kept += said
        if edit is not None:
            if edit.content is not None and edit.content.strip() == b"" and file.path in made:
                edit = ShellEdit(file, None, f"- {file.path}\n")
            edits.append(edit)
        if value is not None and (file.path in made or (file.kind == "absent" and edit is not None)):
            still_made.append(file.path)
    return ShellPlan(tuple(edits), tuple(kept), tuple(still_made))


def _source_line(own: str) -> str:
    quoted = shlex.quote(own)
    return f"if [ -r {quoted} ]; then . {quoted}; fi {MARK}"


def _reads(name: str, file: FoundFile, folders: Folders) -> bool:
    """Is this a file that some shell of the user's reads? One is made only for the shell in use."""
    if file.kind != "absent":
        return True
    shell = folders.shell.rsplit("/", 1)[-1]
    return name == {"bash": ".bashrc", "zsh": ".zshrc", "fish": None}.get(shell, ".profile")


def _own_file(file: FoundFile, wanted: str | None) -> list[ShellEdit]:
    if wanted is None:
        ours = file.kind == "file" and (file.content or b"").startswith(_HEAD.encode())
        return [ShellEdit(file, None, f"- {file.path}\n")] if ours else []
    if file.kind == "file" and file.content == wanted.encode():
        return []
    return [ShellEdit(file, wanted.encode(), f"+ {file.path}: {wanted.splitlines()[-1]}\n")]


def _rc(file: FoundFile, line: str, *, wanted: bool) -> tuple[ShellEdit | None, list[str]]:
    text = (file.content or b"").decode("utf-8", "surrogateescape")
    rest = [one for one in text.splitlines(keepends=True) if not one.rstrip("\r\n").endswith(MARK)]
    has = len(rest) != len(text.splitlines())
    if not wanted and not has:
        return None, []
    if file.kind not in ("file", "absent"):
        return None, [f"{file.path} is left alone ({file.kind}); to have OLLAMA_HOST there, add: {line}"]
    if wanted and not has and _FOREIGN.search(text):
        return None, [f"{file.path} names OLLAMA_HOST itself; it is left alone"]
    if not wanted:
        new = "".join(rest)
        return ShellEdit(file, new.encode("utf-8", "surrogateescape"), f"- {file.path}: {line}\n"), []
    if any(one.rstrip("\r\n") == line for one in text.splitlines()):
        return None, []
    before = "".join(rest)
    new = before + ("" if not before or before.endswith("\n") else "\n") + line + "\n"
    return ShellEdit(file, new.encode("utf-8", "surrogateescape"), f"+ {file.path}: {line}\n"), []
