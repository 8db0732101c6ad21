"""Times that can be compared: each way in turn, A B A B, and the ratio taken pair by pair."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """Something to be timed; what `ready` does before each time is not counted."""

    name: str
    act: Callable[[], object]
    ready: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Spread:
    """Seconds or ratios of a series."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(min(values), statistics.median(values), max(values))


@dataclass(frozen=True)
class Comparison:
    """Two ways in one run; `ours` is held to a goal against `theirs`, where there is one."""

    title: str
    ours: str
    theirs: str
    ours_s: tuple[float, ...]
    theirs_s: tuple[float, ...]
    goal: float | None

    @property
    def ratio(self) -> Spread:
        return Spread.of([mine / other for mine, other in zip(self.ours_s, self.theirs_s, strict=True)])

    @property
    def met(self) -> bool:
        """Whether the median of the pairs' ratios is within the goal."""
        return self.goal is None or self.ratio.median <= self.goal


def seconds(way: Way) -> float:
    """How long one time takes."""
    way.ready()
    begun = time.perf_counter()
    way.act()
    return time.perf_counter() - begun


def compare(
    title: str, ours: Way, theirs: Way, *, pairs: int, goal: float | None = None, warm: int = 1
) -> Comparison:
    """Time both ways in turn; the first `warm` pairs fill caches and do not count."""
    times: list[tuple[float, float]] = []
    for number in range(warm + pairs):
        one, other = seconds(ours), seconds(theirs)
        counted = number >= warm
        note = "" if counted else " (warming up)"
        print(
            f"{title}: {ours.name} {one:.3f} s, {theirs.name} {other:.3f} s, ratio {one / other:.2f}{note}",
            file=sys.stderr,
            flush=True,
        )
        if counted:
            times.append((one, other))
    mine, others = zip(*times, strict=True)
    return Comparison(title, ours.name, theirs.name, tuple(mine), tuple(others), goal)
