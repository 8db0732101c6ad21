"""What a run shows while it works, on stderr: a live list of steps on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from provision.foreign import printable
from provision.streams import note

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


class Progress(Protocol):
    """Where steps are told."""

    def begin(self, title: str) -> None: ...

    def tell(self, text: str) -> None: ...

    def end(self, *, ok: bool, summary: str) -> None: ...

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Clear the way for a question."""
        yield

    def close(self) -> None: ...


class PlainProgress:
    """One line for each event, with the seconds since the run began."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._start = time.monotonic()
        self._last = ""

    def _line(self, text: str) -> None:
        note(f"[{time.monotonic() - self._start:7.1f} s] {printable(text)}", to=self._stream)

    def begin(self, title: str) -> None:
        self._line(title)

    def tell(self, text: str) -> None:
        if text != self._last:
            self._last = text
            self._line(f"  {text}")

    def end(self, *, ok: bool, summary: str) -> None:
        self._line(f"  {'done' if ok else 'FAILED'}{': ' + summary if summary else ''}")

    @contextmanager
    def paused(self) -> Iterator[None]:
        yield

    def close(self) -> None:
        pass


class _Row:
    def __init__(self, title: str) -> None:
        self.title = printable(title)
        self.begun = time.monotonic()
        self.took_s: float | None = None
        self.ok: bool | None = None
        self.note = ""


class LiveProgress:
    """The steps as a list that redraws itself."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        from rich.live import Live  # noqa: PLC0415 - rich is slow to import, and `--help` must not pay

        self._console = console
        self._verbose = verbose
        self._rows: list[_Row] = []
        self._live = Live(self, console=console, refresh_per_second=8, transient=False)
        self._live.start()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        spinner = "⠋⠙⠹⠸⠼⠴⠦⠧"[int(time.monotonic() * 8) % 8]
        for row in self._rows:
            mark = {True: ("✔", "green"), False: ("✘", "red"), None: (spinner, "cyan")}[row.ok]
            took = time.monotonic() - row.begun if row.took_s is None else row.took_s
            table.add_row(
                Text(mark[0], style=mark[1]), Text(row.title), f"{took:.1f} s", Text(row.note, style="dim")
            )
        yield table

    def begin(self, title: str) -> None:
        self._rows.append(_Row(title))

    def tell(self, text: str) -> None:
        if self._rows:
            self._rows[-1].note = printable(text)
        if self._verbose:
            self._console.print(f"  {printable(text)}", style="dim", markup=False, highlight=False)

    def end(self, *, ok: bool, summary: str) -> None:
        row = self._rows[-1]
        row.took_s = time.monotonic() - row.begun
        row.ok = ok
        row.note = printable(summary)

    @contextmanager
    def paused(self) -> Iterator[None]:
        self._live.stop()
        try:
            yield
        finally:
            self._rows = [row for row in self._rows if row.ok is None]
            self._live.start()

    def close(self) -> None:
        self._live.stop()


class SilentProgress(PlainProgress):
    """Nothing is shown."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def _line(self, text: str) -> None:
        pass


def progress_on(stream: TextIO, *, verbose: bool) -> Progress:
    """The live view where the stream is a terminal, plain lines elsewhere."""
    if not stream.isatty():
        return PlainProgress(stream)
    from rich.console import Console  # noqa: PLC0415

    return LiveProgress(Console(file=stream), verbose=verbose)


@contextmanager
def step(progress: Progress, title: str) -> Iterator[list[str]]:
    """A step that ends well unless an exception leaves it; the last entry of the list is its summary."""
    progress.begin(title)
    summary: list[str] = []
    try:
        yield summary
    except BaseException:
        progress.end(ok=False, summary=summary[-1] if summary else "")
        raise
    progress.end(ok=True, summary=summary[-1] if summary else "")
