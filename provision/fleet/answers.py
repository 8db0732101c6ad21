"""Where a look leaves each machine's answer as it comes. Must not import pyinfra."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def answers_folder(run_dir: Path) -> Path:
    """One file for each machine, under its name in the site."""
    return run_dir / "answers"


@contextmanager
def kept(run_dir: Path) -> Iterator[None]:
    """The folder is there while the look runs, and no longer."""
    folder = answers_folder(run_dir)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def given(run_dir: Path) -> dict[str, dict[str, Any]]:
    """What was answered so far; half an answer is none."""
    found = {}
    for path in answers_folder(run_dir).iterdir():
        try:
            answer = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if isinstance(answer, dict):
            found[path.name] = answer
    return found
