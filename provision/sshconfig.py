"""OpenSSH's client configuration, read by paramiko: user's file, then the system's, with Include.

paramiko parses Host and Match but drops Include, so that is expanded here before it sees the text.
"""

from __future__ import annotations

import glob
import io
import re
from collections.abc import Iterator
from pathlib import Path

import paramiko

from provision.errors import SiteError
from provision.foreign import printable
from provision.matchexec import bounded

SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")
MAX_INCLUDE_DEPTH = 16
PLAIN_CRITERIA = frozenset({"all", "canonical", "final"})
VALUED_CRITERIA = frozenset({"exec", "host", "originalhost", "user", "localuser"})
_SETTING = re.compile(r"^(\w+)(?:\s*=\s*|\s+)(.+)$")
_WORD = re.compile(r'"([^"]*)"|(\S+)')


def user_config() -> Path:
    """`~/.ssh/config`."""
    return Path.home() / ".ssh" / "config"


def expanded(text: str) -> Path:
    """With `~` and `~user` for their homes; ValueError where there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"{text}: there is no such user, or it has no home") from None


def there(path: Path) -> bool:
    """Whether it is a file; False too where that cannot be told, as in a folder that is closed to us."""
    try:
        return path.is_file()
    except OSError:
        return False


def _without_comment(line: str) -> str:
    line = line.strip()
    if line.startswith("#"):
        return ""
    quoted = False
    for position, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == "#" and not quoted and line[position - 1].isspace():
            return line[:position].rstrip()
    return line


def _included(words: str, base: Path) -> Iterator[Path]:
    for match in _WORD.finditer(words):
        pattern = expanded(match.group(1) or match.group(2))
        # glob: absolute patterns, which Path.glob refuses
        yield from (Path(name) for name in sorted(glob.glob(str(base / pattern))))  # noqa: PTH207


def _strange_criteria(line: str) -> str:
    """A criterion that paramiko would take for always true."""
    words = iter([match.group(1) or match.group(2) for match in _WORD.finditer(line)][1:])
    for word in words:
        criterion = word.lstrip("!").lower()
        if criterion not in PLAIN_CRITERIA | VALUED_CRITERIA:
            return criterion
        if criterion in VALUED_CRITERIA:
            next(words, None)
    return ""


def _lines(path: Path, base: Path, depth: int = 0) -> Iterator[str]:
    """Every line with Include replaced by what it names; the block that was open is opened again after it."""
    if depth > MAX_INCLUDE_DEPTH:
        raise SiteError(
            f"{path}: Include goes deeper than {MAX_INCLUDE_DEPTH} files", remedy="it may include itself"
        )
    block = "Host *"
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = _without_comment(raw)
        setting = _SETTING.match(line)
        key = setting.group(1).lower() if setting else ""
        if setting and key == "include":
            for name in _included(setting.group(2), base):
                if there(name):
                    yield from _lines(name, base, depth + 1)
            yield block
            continue
        if key == "match" and (strange := _strange_criteria(line)):
            raise SiteError(
                f"{path}: `Match {printable(strange)}` is not understood here, "
                "and guessing could reach another machine",
                remedy="write that block as `Host` or as `Match host`, `user` or `exec`",
            )
        if key in {"host", "match"}:
            block = line
        if line:
            yield line


def read_config(overrides: str = "", files: tuple[Path, ...] | None = None) -> paramiko.SSHConfig:
    """The whole configuration; overrides come first, so they win. SiteError names a file it cannot parse."""
    bounded()
    config = paramiko.SSHConfig()
    if overrides:
        config.parse(io.StringIO(overrides))
    for path in (user_config(), SYSTEM_CONFIG) if files is None else files:
        try:
            if not path.is_file():
                continue
            config.parse(io.StringIO("\n".join(_lines(path, path.parent))))
        except (OSError, UnicodeDecodeError, paramiko.SSHException, ValueError) as error:
            raise SiteError(
                f"{path}: this SSH configuration cannot be read: {printable(str(error))}",
                remedy=f"correct it (`ssh -G -F {path} somehost` shows what OpenSSH makes of it)",
            ) from None
    return config
