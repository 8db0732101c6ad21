"""stdin, stdout and stderr, whatever this program was started with: closed, full, unread, in ASCII."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from provision.errors import EngineError
from provision.foreign import printable


class OutputError(EngineError):
    """stdout takes nothing more; it can be told on stderr alone."""


def prepare() -> None:
    """See to it that all three are there and take any text."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        # Closed by who started this; a file that is opened later shall not be taken for it.
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            setattr(sys, name, open(number, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if name == "stdin" else "backslashreplace")


def result(text: str, end: str = "\n") -> None:
    """A result on stdout; a reader that has gone is no error, any other failure is an OutputError."""
    try:
        print(printable(text, lines=True), end=end, flush=True)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise OutputError(
            f"stdout cannot be written: {error.strerror}",
            remedy="make room where it goes, then run this again",
        ) from None


def note(text: str, end: str = "\n", to: TextIO | None = None) -> None:
    """Something beside the result, on stderr; where that cannot be written, nobody wants to know."""
    stream = to or sys.stderr
    try:
        print(printable(text, lines=True), end=end, file=stream, flush=True)
    except OSError:
        _silence(stream)


def finish() -> None:
    """Write what is left, so that Python's own end has nothing to complain of."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _silence(stream)


def _silence(stream: TextIO) -> None:
    """What is still written there goes nowhere."""
    with suppress(OSError, ValueError):  # a stand-in without a descriptor
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, stream.fileno())
        os.close(handle)
