"""Calls at the same time, on threads that never keep the program from ending, so that Ctrl-C works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class _Call(threading.Thread, Generic[T]):
    """One call; its result, or what it raised, is there once it was joined."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._results: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error

    def result_in(self, seconds: float, otherwise: T) -> T:
        self.join(seconds)
        return otherwise if self.is_alive() else self.result()

    def result(self) -> T:
        self.join()
        if self._error is not None:
            raise self._error
        return self._results[0]


def later(calls: Sequence[Callable[[], T]]) -> Callable[[], list[T]]:
    """Begin all calls; the function returned waits for their results, in order, or raises the first error."""
    threads = [_Call(call) for call in calls]
    for thread in threads:
        thread.start()
    return lambda: [thread.result() for thread in threads]


def in_time(calls: Sequence[Callable[[], T]], limit_s: float, otherwise: T) -> list[T]:
    """The results of all calls, in order; `otherwise` for those that are not there within the limit."""
    deadline = time.monotonic() + limit_s
    threads = [_Call(call) for call in calls]
    for thread in threads:
        thread.start()
    return [thread.result_in(max(0.0, deadline - time.monotonic()), otherwise) for thread in threads]


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The results of all calls, in order; raises the first error."""
    return later(calls)()
