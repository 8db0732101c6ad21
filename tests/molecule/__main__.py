"""Run molecule scenarios, two at a time: `python -m tests.molecule [ROLE[/SCENARIO] ...]`, inside the lab."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 2
LOG_LINES = 120


@dataclass(frozen=True)
class Scenario:
    """One folder roles/ROLE/molecule/NAME."""

    role: str
    name: str

    def __str__(self) -> str:
        return f"{self.role}/{self.name}"


@dataclass(frozen=True)
class Run:
    """How a scenario went."""

    scenario: Scenario
    ok: bool
    took_s: float
    log: str


def scenarios(asked: list[str]) -> list[Scenario]:
    """All of them, or those asked for; an unknown name is refused."""
    found = [
        Scenario(path.parents[2].name, path.parent.name)
        # The long ones come late in the alphabet; started first, they leave no processor idle at the end.
        for path in sorted(ROOT.glob("roles/*/molecule/*/molecule.yml"), reverse=True)
    ]
    for word in asked:
        if not any(word in (str(one), one.role) for one in found):
            raise SystemExit(f"no such scenario: {word}; there are {', '.join(map(str, found))}")
    return [one for one in found if not asked or {str(one), one.role} & set(asked)]


def run(scenario: Scenario) -> Run:
    started = time.monotonic()
    bin_dir = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{bin_dir}:{os.environ['PATH']}",
        "ASTRAEUS_ROOT": str(ROOT),
        "ASTRAEUS_ROLE": scenario.role,
        "ANSIBLE_NOCOLOR": "1",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["molecule", "-c", str(ROOT / "tests/molecule/base.yml"), "test", "-s", scenario.name],
        cwd=ROOT / "roles" / scenario.role,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    result = Run(scenario, done.returncode == 0, time.monotonic() - started, done.stdout)
    print(f"molecule {scenario}: {'ok' if result.ok else 'FAILED'} in {result.took_s:.0f} s", flush=True)
    return result


def main() -> int:
    chosen = scenarios(sys.argv[1:])
    print(f"molecule: {len(chosen)} scenarios, {AT_ONCE} at a time (all: about 4 minutes)", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = list(pool.map(run, chosen))
    failed = [one for one in runs if not one.ok]
    for one in failed:
        print(f"\n--- molecule {one.scenario}\n" + "\n".join(one.log.splitlines()[-LOG_LINES:]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
