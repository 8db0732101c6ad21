"""Which model an Ollama host of the lab was asked for, and when: its own journal, at level DEBUG, says so.

Without that level there is no model in the journal, only times and paths. `expires_at` of /api/ps moves with
each question, also where a model stays forever, but tells the last one alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.lab.lab import LabMachine

# /run is the machine's until it is restarted; the product's own drop-in sorts before it.
DROP_IN = "/run/systemd/system/ollama.service.d/90-lab.conf"
DEBUG = "[Service]\nEnvironment=OLLAMA_DEBUG=1\n"
# One such line for every question that a model answered or broke off; a refused one has none.
ENDED = re.compile(
    r"^time=(?P<time>\S+) level=DEBUG .*msg=\"after processing request finished event\""
    r" runner\.name=\"?(?:[^\s\"/]+/)*(?P<model>[^\s\"/]+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Asked:
    """A question that a host has answered."""

    time: float
    """Seconds since the epoch at which it ended."""
    model: str
    """As the host lists it, with its tag."""


def log_questions(host: LabMachine) -> None:
    """Have the host's Ollama log them until the machine is made anew; where it runs, it is restarted."""
    if host.run(f"test -e {DROP_IN}", check=False).returncode != 0:
        host.write(DROP_IN, DEBUG)
        host.run("systemctl daemon-reload && systemctl try-restart ollama.service")


def questions(host: LabMachine, since: float = 0) -> tuple[Asked, ...]:
    """What ended after that time, in order; those from before `log_questions` are not known."""
    journal = host.run(f"journalctl --unit=ollama --output=cat --since=@{math.floor(since)}").stdout
    return tuple(one for one in read(journal) if one.time >= since)


def read(journal: str) -> Iterator[Asked]:
    """The questions in a server's log."""
    for line in ENDED.finditer(journal):
        yield Asked(datetime.fromisoformat(line["time"]).timestamp(), line["model"])
