"""The person at the other end: asked on a terminal only; results go to stdout, the rest to stderr."""

from __future__ import annotations

import getpass
import sys

from provision.foreign import printable
from provision.progress import Progress, SilentProgress, progress_on
from provision.streams import note, result


class Terminal:
    """stdin, stdout and stderr of one command."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False, presents: bool = True) -> None:
        """Quiet keeps progress away; without presents stdout is left to one JSON document."""
        self._presents = presents
        self.interactive = sys.stdin.isatty() and sys.stderr.isatty()
        self.progress: Progress = SilentProgress() if quiet else progress_on(sys.stderr, verbose=verbose)

    def say(self, text: str) -> None:
        """A note on stderr that stays."""
        with self.progress.paused():
            note(text)

    def present(self, text: str) -> None:
        """A part of the result on stdout, for a person."""
        if self._presents:
            with self.progress.paused():
                result(text)

    def agrees(self, question: str, about: str = "") -> bool:
        """Ask yes or no; only `y` and `yes` are yes. False where nobody can be asked.

        What the question is about is shown on stderr where stdout does not show it to the person.
        """
        if not self.interactive:
            return False
        if about and not (self._presents and sys.stdout.isatty()):
            self.say(about)
        with self.progress.paused():
            note(f"{question} [y/N] ", end="")
            return sys.stdin.readline().strip().lower() in ("y", "yes")

    def secret(self, prompt: str) -> str | None:
        """Ask for a password without echo; None where nobody can be asked."""
        if not self.interactive:
            return None
        with self.progress.paused():
            return getpass.getpass(printable(prompt), stream=sys.stderr)
