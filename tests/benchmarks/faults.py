"""How soon the next link answers when a host fails: the end-to-end tests' own seconds, as a table."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.record import Section
from tests.lab.shell import run

TESTS = "tests/end_to_end/test_faults.py"
WAYS = (
    ("explore", "direct"),
    ("explore", "delegated"),
    ("build-error-resolver", "direct"),
    ("build-error-resolver", "delegated"),
)


def measure(pairs: int = 1) -> Section:
    """Run the fault table that often, and take the medians (LabError where a test fails)."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        words = [sys.executable, "-m", "pytest", "-q", TESTS, "-k", "next_link"]
        for _ in range(pairs):
            run(words, env={**os.environ, "ASTRAEUS_FAULT_FIGURES": str(figures)}, timeout_s=1800)
        rows = [json.loads(line) for line in figures.read_text().splitlines()]
    return section(rows)


def section(rows: Iterable[Mapping[str, Any]]) -> Section:
    """The table of these figures."""
    seconds: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        seconds.setdefault((row["fault"], row["agent"], row["way"]), []).append(row["seconds"])
    lines = [f"| fault | {' | '.join(' '.join(way) for way in WAYS)} |", f"|{'---|' * (len(WAYS) + 1)}"]
    for fault in dict.fromkeys(fault for fault, _, _ in seconds):
        cells = [f"{statistics.median(seconds[(fault, *way)]):.2f} s" for way in WAYS]
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    return Section(
        "faults",
        "Seconds from the agent's own question (OpenCode's time of its first message) to the moment at which "
        "the next link has it, as the stub clouds note it; four questions at once, real OpenCode, plugin and "
        "HAProxy on a lab laptop. *hangs* includes the first-byte limit, which these tests set to 15 s. Faults "
        "that a real Ollama cannot be brought to are a stand-in's.",
        (),
        remarks=("\n".join(lines),),
    )
