"""A run's folder under the XDG state folder: what was described, seen, planned, run and what came of it.

Only its owner can read it, and no secret is ever written to it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provision.errors import EngineError
from provision.paths import state_root

KEPT_RUNS = 50


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An OSError names the file that was to be written: a full disk's own says nothing."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_atomic(path: Path, content: str, *, mode: int = 0o600) -> None:
    """Write a file so that it is there whole or not at all; OSError names it."""
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Part of the name: with the whole of it a long name would become one that no folder takes.
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class RunDir:
    """The paths of one run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def create(cls, verb: str) -> RunDir:
        """Make a new run folder; EngineError when the state folder cannot be written."""
        runs = state_root() / "runs"
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        try:
            runs.mkdir(parents=True, exist_ok=True, mode=0o700)
            root = Path(tempfile.mkdtemp(prefix=f"{stamp}-{verb}-", dir=runs))
            for name in ("router", "query"):
                (root / name).mkdir(mode=0o700)
            old = sorted(path for path in runs.iterdir() if path.is_dir())[:-KEPT_RUNS]
        except OSError as error:
            raise EngineError(
                f"{runs}: the run's folder cannot be written: {error.strerror}",
                remedy="free or repair that folder, or set XDG_STATE_HOME",
            ) from None
        for path in old:
            shutil.rmtree(path, ignore_errors=True)
        return cls(root)

    @classmethod
    @contextmanager
    def passing(cls) -> Iterator[RunDir]:
        """A folder for a question that is answered and forgotten; EngineError when none can be made."""
        try:
            folder = tempfile.TemporaryDirectory(prefix="astraeus-", ignore_cleanup_errors=True)
        except OSError as error:
            raise EngineError(
                f"no temporary folder can be made: {error.strerror}",
                remedy="free the disk, or set TMPDIR to a folder that can be written",
            ) from None
        with folder as name:
            root = Path(name)
            for below in ("router", "query"):
                (root / below).mkdir(mode=0o700)
            yield cls(root)

    def write(self, name: str, value: Any) -> Path:
        """Write a value as indented JSON under that name."""
        path = self.root / name
        write_atomic(path, json.dumps(value, indent=2, sort_keys=True, default=str) + "\n")
        return path

    def log_command(self, line: str) -> None:
        """Keep an exact command line, ready to paste."""
        self._append("commands.log", line)

    def log_outcome(self, outcome: Mapping[str, Any]) -> None:
        """Keep one outcome as a JSON line."""
        self._append("outcomes.jsonl", json.dumps(outcome, sort_keys=True, default=str))

    def _append(self, name: str, line: str) -> None:
        path = self.root / name
        with _naming(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                file.write(line + "\n")
