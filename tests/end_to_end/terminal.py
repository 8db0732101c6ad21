"""A terminal with a person at it: types answers when a prompt appears, keeps all that was shown."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 120.0


class Person:
    """A command on a pseudo-terminal."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> None:
        self._ours, theirs = pty.openpty()
        self.shown = ""
        self._read_up_to = 0
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *argv],  # the terminal is theirs, so that Ctrl-C means something
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**env, "TERM": "xterm", "COLUMNS": "160"},
            cwd=cwd,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)

    def sees(self, words: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the words are shown, after those that were waited for before."""
        deadline = time.monotonic() + timeout_s
        while (found := self.shown.find(words, self._read_up_to)) < 0:
            if not self._read(deadline):
                raise AssertionError(f"{words!r} was never shown:\n{self.shown}")
        self._read_up_to = found + len(words)

    def types(self, text: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{text}\n".encode())

    def presses_ctrl_c(self) -> None:
        os.write(self._ours, b"\x03")

    def waits(self, timeout_s: float = PATIENCE_S) -> int:
        """Until the command has ended; its exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(min(deadline, time.monotonic() + 0.2))
        while self._read(time.monotonic()):  # what was said last
            pass
        return self.process.wait(timeout=0.1)

    def _read(self, deadline: float) -> bool:
        """Take what is shown next; False at the end or when patience is over."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        data = b""
        with suppress(OSError):  # Linux ends a terminal whose other side is closed with EIO
            data = os.read(self._ours, 65536)
        self.shown += data.decode(errors="replace")
        return bool(data)
