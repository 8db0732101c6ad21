"""Times that can be compared: each way in turn, A B A B, and the ratio taken pair by pair."""

from __future__ import annotations

import resource
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
class Took:
    """One time: seconds on the clock, and seconds of this machine's processor outside the lab's machines."""

    clock_s: float
    processor_s: float


@dataclass(frozen=True)
class Comparison:
    """Two ways in one run; `ours` is held to a goal against `theirs`, where there is one."""

    title: str
    ours: str
    theirs: str
    ours_took: tuple[Took, ...]
    theirs_took: tuple[Took, ...]
    goal: float | None

    @property
    def ratio(self) -> Spread:
        pairs = zip(self.ours_took, self.theirs_took, strict=True)
        return Spread.of([mine.clock_s / other.clock_s for mine, other in pairs])

    @property
    def met(self) -> bool:
        """Whether the median of the pairs' ratios is within the goal."""
        return self.goal is None or self.ratio.median <= self.goal


def took(way: Way) -> Took:
    """How long one time takes."""
    way.ready()
    before, begun = _processor_s(), time.perf_counter()
    way.act()
    return Took(time.perf_counter() - begun, _processor_s() - before)


def _processor_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def compare(
    title: str, ours: Way, theirs: Way, *, pairs: int, goal: float | None = None, warm: int = 1
) -> Comparison:
    """Time both ways in turn; the first `warm` pairs fill caches and do not count."""
    times: list[tuple[Took, Took]] = []
    for number in range(warm + pairs):
        one, other = took(ours), took(theirs)
        counted = number >= warm
        print(
            f"{title}: {ours.name} {one.clock_s:.3f} s, {theirs.name} {other.clock_s:.3f} s, "
            f"ratio {one.clock_s / other.clock_s:.2f}{'' if counted else ' (warming up)'}",
            file=sys.stderr,
            flush=True,
        )
        if counted:
            times.append((one, other))
    mine, others = zip(*times, strict=True)
    return Comparison(title, ours.name, theirs.name, tuple(mine), tuple(others), goal)
