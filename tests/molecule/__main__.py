"""Every role on real hosts: `python -m tests.molecule [ROLE[/SCENARIO] ...]`, inside the lab, two at a time.

A role's scenarios are molecule's; its scenario `faults` is tests/roles/test_ROLE.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab.molecule import KEEPER, keeper

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
AT_ONCE = 2
LOG_LINES = 120
FAULTS = "faults"


@dataclass(frozen=True)
class Scenario:
    """One way of trying a role."""

    role: str
    name: str

    def __str__(self) -> str:
        return f"{self.role}/{self.name}"

    @property
    def command(self) -> list[str]:
        if self.name == FAULTS:
            return [sys.executable, "-m", "pytest", "-q", f"tests/roles/test_{self.role}.py"]
        base = str(ROOT / "tests/molecule/base.yml")
        return [str(BIN / "molecule"), "-c", base, "test", "-s", self.name]

    @property
    def folder(self) -> Path:
        return ROOT if self.name == FAULTS else ROOT / "roles" / self.role


@dataclass(frozen=True)
class Run:
    """How a scenario went."""

    scenario: Scenario
    ok: bool
    log: str


def scenarios(asked: list[str]) -> list[Scenario]:
    """All of them, or those asked for; an unknown name is refused. The long ones come first."""
    faults = [
        Scenario(path.stem.removeprefix("test_"), FAULTS)
        for path in sorted(ROOT.glob("tests/roles/test_*.py"))
    ]
    molecule = [
        Scenario(path.parents[2].name, path.parent.name)
        for path in sorted(ROOT.glob("roles/*/molecule/*/molecule.yml"), reverse=True)
    ]
    found = [*faults, *molecule]
    for word in asked:
        if not any(word in (str(one), one.role) for one in found):
            raise SystemExit(f"no such scenario: {word}; there are {', '.join(map(str, found))}")
    return [one for one in found if not asked or {str(one), one.role} & set(asked)]


def run(scenario: Scenario) -> Run:
    started = time.monotonic()
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ASTRAEUS_ROOT": str(ROOT),
        "ASTRAEUS_ROLE": scenario.role,
        "ANSIBLE_NOCOLOR": "1",
        "NO_COLOR": "1",
        KEEPER: str(keeper()),
    }
    done = subprocess.run(
        scenario.command,
        cwd=scenario.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    ok = done.returncode == 0
    took_s = time.monotonic() - started
    print(f"molecule {scenario}: {'ok' if ok else 'FAILED'} in {took_s:.0f} s", flush=True)
    return Run(scenario, ok, done.stdout)


def main() -> int:
    chosen = scenarios(sys.argv[1:])
    usually = "all: usually 10 minutes, the three `faults` most of it"
    print(f"molecule: {len(chosen)} scenarios, {AT_ONCE} at a time ({usually})", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [one for one in pool.map(run, chosen) if not one.ok]
    for one in failed:
        print(f"\n--- molecule {one.scenario}\n" + "\n".join(one.log.splitlines()[-LOG_LINES:]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
