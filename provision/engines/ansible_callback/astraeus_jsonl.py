"""A stdout callback for Ansible: one JSON object per event, for a parent program. Loaded by Ansible alone.

Events: play, task, start, ok, skipped, retry, failed, unreachable, stats. Module arguments are never told,
a diff is told unless the task is no_log.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.executor.task_result import CallbackTaskResult
from ansible.inventory.host import Host
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: astraeus_jsonl
type: stdout
short_description: one JSON object per event on stdout
description: Events for a parent program.
"""

EVIDENCE_LINES = 20
# What a built-in module says of its success ("OK (18715023 bytes)") tells less than the task's name.
TELLING_BUILTINS = ("debug", "fail", "assert")


def bare_name(task: Task) -> str:
    """Without the role's name, which a person reading the plan does not need."""
    return str(task.get_name()).rpartition(" : ")[2]


def is_hidden(result: Mapping[str, Any]) -> bool:
    return bool(result.get("_ansible_no_log") or "censored" in result)


def parts(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results of a loop's items, or the one result."""
    items = result.get("results")
    if isinstance(items, list) and items and all(isinstance(item, dict) for item in items):
        yield from items
    else:
        yield result


def diffs(result: Mapping[str, Any]) -> list[Any]:
    """Every part of the diff, flat."""
    found: list[Any] = []
    for part in parts(result):
        diff = None if is_hidden(part) else part.get("diff")
        if isinstance(diff, list):
            found += diff
        elif diff:
            found.append(diff)
    return found


def text_of(part: Mapping[str, Any]) -> str:
    return str(part.get("msg") or "").strip()


def evidence(part: Mapping[str, Any]) -> str:
    """What one failed result says: its message, the URL it was about, what a program printed."""
    lines = [text_of(part)]
    url = part.get("url")
    if url and str(url) not in lines[0]:
        lines[0] += f" ({url})"
    if "rc" in part:
        printed = f"{part.get('stdout') or ''}\n{part.get('stderr') or ''}".strip().splitlines()
        lines += printed[-EVIDENCE_LINES:]
    return "\n".join(line for line in lines if line)


def failure(result: Mapping[str, Any]) -> str:
    """Why it failed; of a loop, what its failed items say."""
    if is_hidden(result):
        return "(the task hides its output)"
    failed = [part for part in parts(result) if part.get("failed")] or [result]
    return "\n".join(filter(None, (evidence(part) for part in failed))) or str(result.get("msg", ""))


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible ships no types
    """Writes the events."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "astraeus_jsonl"

    def _write(self, event: str, **fields: Any) -> None:
        line = {"event": event, "time": round(time.time(), 3), **fields}
        sys.stdout.write(json.dumps(line, default=str) + "\n")
        sys.stdout.flush()

    def _tell(self, event: str, outcome: CallbackTaskResult, **fields: Any) -> None:
        self._write(event, host=outcome.host.get_name(), task=bare_name(outcome.task), **fields)

    def v2_playbook_on_play_start(self, play: Play) -> None:
        self._write("play", name=play.get_name())

    def v2_playbook_on_task_start(
        self,
        task: Task,
        is_conditional: bool,  # noqa: ARG002, FBT001 - Ansible's signature
    ) -> None:
        self._write("task", task=bare_name(task))

    def v2_playbook_on_handler_task_start(self, task: Task) -> None:
        self._write("task", task=bare_name(task))

    def v2_runner_on_start(self, host: Host, task: Task) -> None:
        self._write("start", host=host.get_name(), task=bare_name(task))

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        data = result.result
        builtin = result.task.resolved_action or result.task.action
        is_telling = (
            not builtin.startswith("ansible.builtin.") or builtin.rpartition(".")[2] in TELLING_BUILTINS
        )
        message = text_of(data) if is_telling and not is_hidden(data) else ""
        self._tell("ok", result, changed=bool(data.get("changed")), message=message, diff=diffs(data))

    def v2_runner_on_failed(
        self,
        result: CallbackTaskResult,
        ignore_errors: bool = False,  # noqa: FBT001, FBT002 - Ansible's signature
    ) -> None:
        data = result.result
        self._tell(
            "failed",
            result,
            changed=bool(data.get("changed")),
            message=failure(data),
            diff=diffs(data),
            ignored=bool(ignore_errors),
        )

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._tell("unreachable", result, message=str(result.result.get("msg", "")))

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._tell("skipped", result)

    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        data = result.result
        message = "" if is_hidden(data) else text_of(data)
        self._tell("retry", result, attempt=data.get("attempts"), message=message)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write("stats", stats={host: stats.summarize(host) for host in sorted(stats.processed)})
