"""Ansible as a subprocess: the only place that knows its command lines and reads our callback's events."""

from __future__ import annotations

import difflib
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from provision.engines.process import run
from provision.errors import EngineError
from provision.fleet.host.sudoword import sudo_environment, sudo_variable
from provision.foreign import printable
from provision.model import Frozen
from provision.paths import data_root

GROUP = "ollama_hosts"
# Memory, so that a dry run writes to no disk; sticky, so that no other user moves Ansible's folders in it.
REMOTE_TMP = "/dev/shm"  # noqa: S108
CALLBACKS = Path(__file__).with_name("ansible_callback")


class HostOutcome(Frozen):
    """What a playbook did to one host."""

    changed: tuple[str, ...] = ()
    """Names of the tasks that changed something, in order."""
    failure: str = ""
    """The failed task's message; empty when all went well."""
    diff: str = ""


class Playbook(Frozen):
    """What a playbook did."""

    hosts: Mapping[str, HostOutcome]
    events: int


def program() -> list[str]:
    """ansible-playbook of the very installation that runs this."""
    beside = Path(sys.executable).with_name("ansible-playbook")
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "ansible", "playbook"]


def connection_vars(
    host_vars: Mapping[str, Any], *, is_root: bool, password_of: str | None
) -> dict[str, Any]:
    """Connection variables as both the run's inventory and the dynamic one need them."""
    become: dict[str, Any] = {"ansible_become": not is_root}
    if password_of is not None:
        variable = sudo_variable(password_of)
        become["ansible_become_password"] = "{{ lookup('ansible.builtin.env', '" + variable + "') }}"
    return {
        **host_vars,
        **become,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_remote_tmp": REMOTE_TMP,
    }


def inventory(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """An inventory in Ansible's own JSON form."""
    return {"all": {"children": {GROUP: {"hosts": {name: dict(values) for name, values in hosts.items()}}}}}


def play(
    playbook: str,
    run_dir: Path,
    *,
    log: Callable[[str], None],
    tell: Callable[[str], None],
    changed: Callable[[str, str], None],
    check: bool = False,
    verbose: bool = False,
    become_passwords: Mapping[str, str] | None = None,
) -> Playbook:
    """Run a playbook of ours on the run's `ansible.json`.

    Each change is told (host, what) as it happens: when the run is broken off, it has happened all the same.
    Failures of hosts are told in the result; EngineError is raised only when Ansible itself could not work.
    """
    root = data_root()
    argv = [*program(), "-i", str(run_dir / "ansible.json"), str(root / "playbooks" / playbook)]
    argv += ["--check", "--diff"] if check else []
    reading = _Reading(tell, changed, verbose=verbose)
    with tempfile.TemporaryDirectory(prefix="astraeus-") as control:
        done = run(
            argv,
            env={
                "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
                "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
                "ANSIBLE_STDOUT_CALLBACK": "astraeus_jsonl",
                "ANSIBLE_SSH_CONTROL_PATH_DIR": control,
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_DEPRECATION_WARNINGS": "False",
            },
            hidden_env=sudo_environment(become_passwords or {}),
            on_stdout=reading.line,
            log=log,
        )
    if not reading.events or (done.returncode != 0 and not reading.explains):
        raise EngineError(
            f"ansible-playbook {playbook} did not work (exit {done.returncode})",
            evidence="\n".join([*reading.noise[-20:], done.evidence]).strip(),
            remedy="the exact command is in the run directory's commands.log; run it by hand",
        )
    return Playbook(hosts=reading.outcomes(), events=reading.events)


class _Reading:
    """Events as they come, gathered by host."""

    def __init__(
        self, tell: Callable[[str], None], changes: Callable[[str, str], None], *, verbose: bool
    ) -> None:
        self._tell = tell
        self._changes = changes
        self._verbose = verbose
        self._changed: dict[str, list[str]] = {}
        self._failure: dict[str, str] = {}
        self._diff: dict[str, list[str]] = {}
        self.noise: list[str] = []
        self.events = 0

    @property
    def explains(self) -> bool:
        """Whether the events say why the exit code is not 0."""
        return bool(self._failure)

    def line(self, text: str) -> None:
        try:
            event = json.loads(text)
            kind = event["event"]
        except (ValueError, KeyError, TypeError):
            self.noise.append(printable(text))
            return
        self.events += 1
        if event.get("message"):  # of the machine: its programs' words stand in it
            event["message"] = printable(str(event["message"]), lines=True)
        host = event.get("host", "")
        task = event.get("task", "")
        if kind == "start":
            self._tell(f"{host}: {task}")
        elif kind == "skipped":
            self._tell(f"{host}: {task}: not needed")
        elif kind == "retry":
            self._tell(f"{host}: {event.get('message') or task}")
        elif kind == "ok":
            self._ok(host, task, event)
        elif kind in ("failed", "unreachable") and not event.get("ignored"):
            message = event.get("message") or "no message"
            self._failure[host] = f"{task}: {message}" if kind == "failed" else message
        if kind == "stats":
            for name in event.get("stats", {}):
                self._changed.setdefault(name, [])

    def _ok(self, host: str, task: str, event: Mapping[str, Any]) -> None:
        changed = self._changed.setdefault(host, [])
        if event.get("changed"):
            changed.append(event.get("message") or task)
            self._changes(host, changed[-1])
            diff = diff_text(event.get("diff"))
            if diff:
                self._diff.setdefault(host, []).append(diff)
        elif self._verbose and event.get("message"):
            self._tell(f"{host}: {task}: {event['message']}")

    def outcomes(self) -> dict[str, HostOutcome]:
        names = {*self._changed, *self._failure}
        return {
            name: HostOutcome(
                changed=tuple(self._changed.get(name, ())),
                failure=self._failure.get(name, ""),
                diff="\n".join(self._diff.get(name, ())),
            )
            for name in sorted(names)
        }


def diff_text(diff: Any) -> str:
    """Ansible's structured diff as unified text."""
    parts = diff if isinstance(diff, list) else [diff] if isinstance(diff, dict) else []
    lines: list[str] = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        if "prepared" in part:
            lines += str(part["prepared"]).splitlines()
            continue
        before, after = (_lines(part.get(side, "")) for side in ("before", "after"))
        lines += difflib.unified_diff(
            before,
            after,
            str(part.get("before_header", "before")),
            str(part.get("after_header", "after")),
            lineterm="",
        )
    return "\n".join(lines)


def _lines(side: Any) -> list[str]:
    text = side if isinstance(side, str) else json.dumps(side, indent=2, sort_keys=True)
    return text.splitlines()
