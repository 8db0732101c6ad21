"""What every step of a run needs: the site, the way to each machine, the run's folder, the person."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from provision.catalogue import Catalogue
from provision.outcomes import Outcomes
from provision.rundir import RunDir
from provision.site import Site
from provision.ssh import Reach
from provision.terminal import Terminal


class Goal(Enum):
    """How far a run goes."""

    APPLY = "apply"
    DRY_RUN = "dry run"
    VERIFY = "verify"

    @property
    def mutates(self) -> bool:
        return self is Goal.APPLY


@dataclass(frozen=True)
class Operation:
    """One run; its outcomes and files grow, everything else stays."""

    goal: Goal
    command: str
    described_by: tuple[str, ...]
    """`--site FILE` where the site came from a file, for the commands that remedies name."""
    site: Site
    catalogue: Catalogue
    ways: Mapping[str, Reach]
    limit: Collection[str]
    run: RunDir
    terminal: Terminal
    outcomes: Outcomes
    yes: bool
    verbose: bool
    alone: bool = False
    """Whether its own command alone finishes it: the site that others read does not have its machine yet."""
    stations_only: bool = False
    """Whether it is one of `router …`: hosts are proven, and never changed."""

    @property
    def site_file(self) -> str | None:
        """The file that describes the site; None where flags or the memory do."""
        return self.described_by[1] if self.described_by else None

    @property
    def deploys(self) -> str:
        """The command that brings the site, or its workstations alone, to their state."""
        return "router apply" if self.stations_only else self.site.pattern

    def again(self, *limit: str, verb: str = "") -> str:
        """The command that finishes the machines named, or proves them where this run only verifies."""
        if self.alone:
            return self.command
        verb = verb or ("verify" if self.goal is Goal.VERIFY else self.deploys)
        limits = [word for name in limit for word in ("--limit", name)]
        return shlex.join(["astraeus-provision", *verb.split(), *self.described_by, *limits])

    def tell(self, text: str) -> None:
        self.terminal.progress.tell(text)

    def log(self, line: str) -> None:
        self.run.log_command(line)
