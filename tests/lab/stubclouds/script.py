"""What the clouds do: each model's mode, a script of answers, and a record of every request."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from .messages import Answer, Call, Json, Question

EVERY = "*"
OK = 200
UNAUTHORIZED = 401
FAILURES = range(400, 600)


@dataclass(frozen=True)
class Step:
    """One answer, given once: to the first question that it is for.

    It is for an agent, never for a title or a summary, which offer no tools. Steps stand in a queue, so
    those for the same questions are given in their order.
    """

    match: str = ""
    """Stands in something that the user said."""
    model: str = ""
    """`provider/model`; empty for any."""
    calls: tuple[Call, ...] = ()
    text: str = ""
    unoffered: bool = False
    """Call the tools even where they are not offered."""

    def is_for(self, model: str, question: Question) -> bool:
        """Whether to answer it with this; tools that are not offered tell one agent from another."""
        offered = self.unoffered or {call.name for call in self.calls} <= set(question.tools)
        asked = self.model in {"", model} and any(self.match in text for text in question.said)
        return bool(question.tools) and offered and asked


@dataclass(frozen=True)
class Request:
    """One line of the record."""

    time: float
    """Seconds since the epoch at which it had come."""
    provider: str
    """`web` for a page, which is no model."""
    model: str
    tools: tuple[str, ...]
    """Names of those offered."""
    user: str
    """The last text of the user's."""
    results: tuple[str, ...]
    """What tools gave back."""
    key: bool
    """Whether a key came with it; the key itself is nowhere."""
    status: int
    called: tuple[str, ...]
    """Tools that the answer calls."""
    body: str

    @property
    def reference(self) -> str:
        """`provider/model`."""
        return f"{self.provider}/{self.model}"


class Clouds:
    """All of it, for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[str, int] = {}
        self._steps: list[Step] = []
        self._requests: list[Request] = []

    def reset(self) -> None:
        """Every model answers, no script, nothing recorded."""
        with self._lock:
            self._statuses.clear()
            self._steps.clear()
            self._requests.clear()

    def set_mode(self, model: str, how: str) -> None:
        """`ok`, or the status to fail with, for `provider/model` or EVERY (ValueError for another word)."""
        status = OK if how == "ok" else int(how)
        if how != "ok" and status not in FAILURES:
            raise ValueError(f"{how} is neither ok nor the status of a failure")
        with self._lock:
            self._statuses[model] = status

    def append(self, steps: Iterable[Step]) -> None:
        """More of the script."""
        with self._lock:
            self._steps += steps

    def status(self, model: str, *, key: bool) -> int:
        """What to answer with; without a key no cloud says anything."""
        if not key:
            return UNAUTHORIZED
        with self._lock:
            return self._statuses.get(model, self._statuses.get(EVERY, OK))

    def answer(self, model: str, question: Question) -> Answer:
        """The next step for the question, or a text that says who speaks."""
        with self._lock:
            step = next((one for one in self._steps if one.is_for(model, question)), None)
            if step is None:
                return Answer(f"stub {model} answers")
            self._steps.remove(step)
        return Answer(step.text, step.calls)

    def record(self, request: Request) -> None:
        """Remember a request."""
        with self._lock:
            self._requests.append(request)

    @property
    def requests(self) -> list[Request]:
        """All since the last reset, in the order of their coming."""
        with self._lock:
            return sorted(self._requests, key=lambda one: one.time)

    @property
    def left(self) -> list[Step]:
        """Steps that no question has taken."""
        with self._lock:
            return list(self._steps)


def step_from(written: Json) -> Step:
    """A step from JSON (TypeError for a field that it has not)."""
    calls = tuple(Call(**call) for call in written.get("calls", ()))
    return Step(**{**written, "calls": calls})
