"""The person at the other end: asked on a terminal only; results go to stdout, the rest to stderr."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable

from provision.progress import Progress, SilentProgress, progress_on


class Terminal:
    """stdin, stdout and stderr of one command."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        """Quiet keeps even progress away, as the dynamic inventory needs it."""
        self.interactive = sys.stdin.isatty() and sys.stderr.isatty()
        self.progress: Progress = SilentProgress() if quiet else progress_on(sys.stderr, verbose=verbose)

    def say(self, text: str) -> None:
        """A note on stderr that stays."""
        with self.progress.paused():
            print(text, file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """A result on stdout."""
        with self.progress.paused():
            print(text, flush=True)

    def agrees(self, question: str) -> bool:
        """Ask yes or no; only `y` and `yes` are yes. False where nobody can be asked."""
        if not self.interactive:
            return False
        with self.progress.paused():
            print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
            return sys.stdin.readline().strip().lower() in ("y", "yes")

    def secret(self, prompt: str) -> str | None:
        """Ask for a password without echo; None where nobody can be asked."""
        return self._ask(prompt, getpass.getpass)

    def _ask(self, prompt: str, ask: Callable[[str], str]) -> str | None:
        if not self.interactive:
            return None
        with self.progress.paused():
            return ask(prompt)


def operator_user() -> str | None:
    """The user behind sudo, if the command runs under it as root."""
    user = os.environ.get("SUDO_USER", "")
    return user if os.geteuid() == 0 and user not in ("", "root") else None
