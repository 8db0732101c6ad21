"""One slice of a pull: it goes on where the last one was aborted, and says how far it is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.astraeus_models.api import Api, ApiError

ATTEMPTS = 4
FIRST_PAUSE_S = 1.0
TRANSIENT = (
    "connection refused",
    "connection reset",
    "context canceled",
    "broke off",
    "no route to host",
    "timeout",
    "timed out",
    "temporary failure",
    "server misbehaving",
    "unexpected eof",
    ": eof",
    "max retries exceeded",
)
SERVER_FAULT = re.compile(r"\b50[0-4]\b")


@dataclass
class Progress:
    """How far a pull is, summed over its blobs."""

    completed: dict[str, int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)
    first_bytes: int | None = None
    first_s: float = 0.0

    def note(self, event: dict[str, Any], now_s: float) -> None:
        digest = event.get("digest")
        if not isinstance(digest, str):
            return
        self.completed[digest] = int(event.get("completed", 0))
        self.total[digest] = int(event.get("total", 0))
        if self.first_bytes is None:
            self.first_bytes, self.first_s = self.bytes, now_s

    @property
    def bytes(self) -> int:
        return sum(self.completed.values())

    def say(self, now_s: float) -> str:
        speed = (self.bytes - (self.first_bytes or 0)) / max(now_s - self.first_s, 0.001)
        return f"{self.bytes / 1e9:.1f} of {sum(self.total.values()) / 1e9:.1f} GB, {speed / 1e6:.0f} MB/s"


def is_transient(error: str) -> bool:
    return any(word in error.lower() for word in TRANSIENT) or SERVER_FAULT.search(error) is not None


def is_abortable(event: dict[str, Any]) -> bool:
    """Whether bytes of a blob are coming; verifying and writing are never cut."""
    return "digest" in event and int(event.get("completed", 0)) < int(event.get("total", 0))


def pull_slice(
    api: Api,
    source: str,
    *,
    insecure: bool,
    deadline_s: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Pull until done or until the deadline; the text says how far, empty when done."""
    for attempt in range(1, ATTEMPTS + 1):
        progress = Progress()
        events: Iterator[dict[str, Any]] = api.stream("/api/pull", {"model": source, "insecure": insecure})
        try:
            for event in events:
                now_s = clock()
                progress.note(event, now_s)
                if now_s > deadline_s and is_abortable(event):
                    return progress.say(now_s)
        except ApiError as error:
            if attempt == ATTEMPTS or not is_transient(str(error)):
                raise
            pause(FIRST_PAUSE_S * 2 ** (attempt - 1))
        else:
            return ""
    return ""
