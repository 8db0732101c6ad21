"""The pyinfra engine, a subprocess: the only place that knows its command lines and its complaints."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from provision.engines.process import Completed, run
from provision.errors import EngineError
from provision.facts import Unreached
from provision.fleet.answers import given, kept
from provision.fleet.host.sudoword import sudo_environment
from provision.fleet.workstation.invoke import LOCAL_NAME
from provision.foreign import printable
from provision.forms import LOCAL
from provision.unreached import NO_NAME, REFUSED, SILENT, seen

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
INVENTORY = PACKAGE_ROOT / "provision" / "fleet" / "inventory.py"
STATE_FACT = "provision.fleet.look.State"
FACT_TIMEOUT_S = 60
MAX_AT_ONCE = 512
"""pyinfra's own default, 20 for each processor, makes the dead of a large site wait for each other."""
COMPLAINT = re.compile(r"^\s*\[(?P<name>[^\]]+)\]\s+(?P<said>.+)$")
_CONNECTION = re.compile(r"(SSH|SSH host key|Authentication|EOF) error|Could not (connect|resolve)")
_INNER = re.compile(r"[^(]* \((?P<why>.*)\)")
_WORDS = {
    ("authentication", "private key"): Unreached(
        kind="login", reason="it refuses the login: no key or agent of yours opens it"
    ),
    ("host key",): Unreached(kind="host key", reason="its host key is not the one on file"),
    ("resolve", "name or service"): NO_NAME,
    ("timed out", "timeout", "banner"): SILENT,
    ("refused", "unable to connect to port"): REFUSED,
}
_NO_MACHINE = "No hosts remaining"


def program() -> list[str]:
    """The pyinfra of the very installation that runs this, wherever it lies."""
    return [sys.executable, "-m", "provision.fleet"]


def environment(run_dir: Path) -> dict[str, str]:
    """What our pyinfra code needs: the run, and the package that it is part of."""
    path = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]))
    return {"ASTRAEUS_RUN": str(run_dir), "PYTHONPATH": path, "PYINFRA_PROGRESS": "off", "NO_COLOR": "1"}


def pyinfra(
    run_dir: Path,
    *arguments: str,
    log: Callable[[str], None],
    timeout_s: float | None = None,
    on_stderr: Callable[[str], None] | None = None,
    hidden_env: Mapping[str, str] | None = None,
) -> Completed:
    """Run pyinfra on the run's inventory; in the run's folder, so that no config.py of the user's is read."""
    return run(
        [*program(), str(INVENTORY), *arguments],
        log=log,
        env=environment(run_dir),
        hidden_env=hidden_env,
        cwd=run_dir,
        timeout_s=timeout_s,
        on_stderr=on_stderr,
    )


def unreached(said: str) -> Unreached:
    """A complaint of pyinfra about a connection, as a kind and in a person's words."""
    inner = _INNER.fullmatch(said)
    why = (inner and inner["why"]) or said
    known = seen(why)
    if known is not None:
        return known
    low = said.lower()
    for words, usual in _WORDS.items():
        if any(word in low for word in words):
            return usual
    return Unreached(kind="other", reason=printable(why))


def complaints(stderr: str) -> dict[str, Unreached]:
    """What pyinfra said about each machine that it could not connect to."""
    found: dict[str, Unreached] = {}
    for line in stderr.splitlines():
        match = COMPLAINT.match(line)
        if match and _CONNECTION.match(match["said"]):
            found.setdefault(match["name"], unreached(match["said"]))
    return found


def answers(completed: Completed) -> dict[str, dict[str, Any]]:
    """The facts that came back, by machine; EngineError when pyinfra itself failed."""
    text = completed.stdout.strip()
    if not text and _NO_MACHINE in completed.stderr + completed.stdout:
        return {}
    try:
        facts = json.loads(text[text.index("{") :])
        by_machine: Mapping[str, Any] = facts.get(STATE_FACT, {})
    except (ValueError, AttributeError):
        if _NO_MACHINE in text:
            return {}
        raise EngineError(
            "the survey could not run: pyinfra spoke no JSON",
            evidence=completed.evidence,
            remedy="the program or its installation is at fault; the command is in the run's commands.log",
        ) from None
    return {
        LOCAL if name == LOCAL_NAME else name: answer
        for name, answer in by_machine.items()
        if isinstance(answer, dict)
    }


def gather(
    run_dir: Path,
    asked: Collection[str],
    *,
    log: Callable[[str], None],
    timeout_s: float = 120,
    sudo_passwords: Mapping[str, str] | None = None,
) -> tuple[dict[str, dict[str, Any]], dict[str, Unreached]]:
    """Look at all machines of the run's inventory at once: who answered, and why the others did not."""
    with kept(run_dir):
        completed = pyinfra(
            run_dir,
            "fact",
            STATE_FACT,
            "--json",
            "--parallel",
            str(min(len(asked), MAX_AT_ONCE)),
            "--data",
            f"_timeout={FACT_TIMEOUT_S}",
            log=log,
            timeout_s=timeout_s,
            hidden_env=sudo_environment(sudo_passwords or {}),
        )
        found = given(run_dir) if completed.timed_out else answers(completed)
    said = complaints(completed.stderr)
    broken_off = Unreached(
        kind="other",
        reason=f"the look at it did not end within {timeout_s:.0f} s"
        if completed.timed_out
        else "it was reached, but the look at it broke off",
    )
    missing = {
        name: said.get(LOCAL_NAME if name == LOCAL else name, broken_off)
        for name in asked
        if name not in found
    }
    return found, missing
