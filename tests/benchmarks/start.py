"""`--help` against the cost of typer itself."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.record import Section
from tests.benchmarks.timing import Way, compare
from tests.lab.shell import run

GOAL = 1.5


def measure(pairs: int = 20) -> Section:
    """Time `astraeus-provision --help`."""
    program = Path(sys.executable).with_name("astraeus-provision")
    ours = Way("astraeus-provision --help", lambda: run([program, "--help"]))
    theirs = Way("python -c 'import typer'", lambda: run([sys.executable, "-c", "import typer"]))
    return Section(
        "help",
        "`astraeus-provision --help` against `python -c 'import typer'`, both of the same environment.",
        (compare("help", ours, theirs, pairs=pairs, goal=GOAL, warm=2),),
        if_missed="less at import time: `python -X importtime -m provision --help` names it.",
    )
