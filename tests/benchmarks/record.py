"""RESULTS.md: a section for each benchmark, with its date and circumstances; others keep theirs."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from provision import __version__
from tests.benchmarks.timing import Comparison, Spread, Took

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("ansible-core", "pyinfra", "paramiko", "gevent", "pydantic", "typer")
HEAD = """# What it costs

`make bench` (or `tests/lab/enter python -m tests.benchmarks [name …]` with the lab up) measures this anew
and writes its own sections. Both ways of a comparison run in turn, A B A B, in one run, the machines of
the lab included on the same cores; a ratio is taken pair by pair, and the median pair is held to the goal.
The load is the last minute's average: after 50 laptops at once it is the benchmark's own.
"""


@dataclass(frozen=True)
class Section:
    """What one benchmark found."""

    name: str
    compared: str
    """What was run against what, and what is counted."""
    comparisons: tuple[Comparison, ...]
    remarks: tuple[str, ...] = ()
    if_missed: str = ""
    """Why a goal is missed, and what it would take."""


def load() -> float:
    """Processes that want a core, averaged over the last minute."""
    return os.getloadavg()[0]


def text(section: Section, *, load_before: float) -> str:
    """The section as Markdown."""
    comparisons = section.comparisons
    lines = [f"## {section.name}", "", section.compared, "", _circumstances(load_before), ""]
    if comparisons:
        lines += ["| | min | median | max | of which processor here |", "|---|---|---|---|---|"]
    for one in comparisons:
        lines.append(_times(f"{one.title}: {one.ours}", one.ours_took))
        lines.append(_times(f"{one.title}: {one.theirs}", one.theirs_took))
        goal = "" if one.goal is None else f" (goal ≤ {one.goal:g}: {'met' if one.met else '**missed**'})"
        lines.append(_row(f"{one.title}: ratio{goal}", one.ratio, "", ""))
    lines += ["", f"{len(comparisons[0].ours_took)} pairs each."] if comparisons else []
    lines += [part for remark in section.remarks for part in ("", remark)]
    if section.if_missed and not all(one.met for one in comparisons):
        lines += ["", f"What it would take: {section.if_missed}"]
    return "\n".join(lines) + "\n"


def write(texts: Sequence[str]) -> None:
    """Put sections into RESULTS.md, each in the place of its forerunner."""
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    sections = {_name(part): part.rstrip() + "\n" for part in re.split(r"(?m)^(?=## )", old)[1:]}
    sections |= {_name(part): part for part in texts}
    RESULTS.write_text("\n".join([HEAD, *(sections[name] for name in sorted(sections))]), encoding="utf-8")


def _name(section: str) -> str:
    return section.partition("\n")[0].removeprefix("## ")


def _times(title: str, times: Sequence[Took]) -> str:
    processor_s = Spread.of([one.processor_s for one in times]).median
    return _row(title, Spread.of([one.clock_s for one in times]), " s", f"{processor_s:.2f} s")


def _row(title: str, spread: Spread, unit: str, more: str) -> str:
    cells = [f"{value:.2f}{unit}" for value in (spread.low, spread.median, spread.high)]
    return f"| {' | '.join((title, *cells, more))} |"


def _circumstances(load_before: float) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({_processor()}), Linux {platform.release()}, "
        f"load {load_before:.1f} before and {load():.1f} after; Python {platform.python_version()}, "
        f"astraeus-provision {__version__}, {versions}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
