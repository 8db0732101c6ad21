"""Progress on stderr: plain lines with times, or a live view on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from provision.progress import LiveProgress, PlainProgress, progress_on, step


class Teletype(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_say_the_seconds_and_repeat_nothing() -> None:
    stream = io.StringIO()
    progress = progress_on(stream, verbose=False)
    with step(progress, "Look at 2 machines") as summary:
        progress.tell("gpu: task")
        progress.tell("gpu: task")
        summary.append("2 answered")
    lines = stream.getvalue().splitlines()
    assert all(re.match(r"\[ +\d+\.\d s\] ", line) for line in lines)
    assert [line.partition("] ")[2] for line in lines] == [
        "Look at 2 machines",
        "  gpu: task",
        "  done: 2 answered",
    ]


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt()])
def test_a_step_that_is_left_by_an_exception_failed(error: BaseException) -> None:
    stream = io.StringIO()
    with pytest.raises(type(error)), step(PlainProgress(stream), "Converge"):
        raise error
    assert stream.getvalue().endswith("FAILED\n")


def test_a_terminal_gets_a_live_view_with_marks_and_times() -> None:
    stream = Teletype()
    progress = progress_on(stream, verbose=False)
    assert isinstance(progress, LiveProgress)
    with step(progress, "Converge gpu"):
        progress.tell("Fetch the archive")
        shown = Console(file=(still := io.StringIO()), width=100)
        shown.print(progress)
    progress.close()
    assert re.search(r"Converge gpu +\d+\.\d s +Fetch the archive", still.getvalue())
    assert "✔" in stream.getvalue()


def test_a_question_clears_the_live_view() -> None:
    stream = Teletype()
    progress = progress_on(stream, verbose=False)
    progress.begin("Look")
    progress.end(ok=True, summary="")
    with progress.paused():
        stream.write("QUESTION")
    progress.close()
    assert "QUESTION" in stream.getvalue()


@pytest.mark.parametrize("kind", [io.StringIO, Teletype])
def test_what_a_machine_says_is_one_line_that_steers_nothing(kind: type[io.StringIO]) -> None:
    stream = kind()
    progress = progress_on(stream, verbose=True)
    with step(progress, "Look \x1b]0;x\a") as summary:
        progress.tell("gpu: \x1b]0;y\a\nforged")
        summary.append("z\x9b")
    progress.close()
    shown = stream.getvalue()
    assert [part for part in ("\x1b]0", "\a", "\x9b") if part in shown] == []
    assert "gpu: ?]0;y??forged" in shown
