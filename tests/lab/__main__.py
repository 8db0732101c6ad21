"""The lab's command line: up, down, status, fresh, enter, molecule-hosts."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.lab import bringup, molecule
from tests.lab.images import PARENTS
from tests.lab.layout import CACHE, ENTER, STATE
from tests.lab.shell import LabError


def parser() -> argparse.ArgumentParser:
    """What one may type."""
    root = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="build what is missing and start every machine")
    commands.add_parser("down", help="stop and remove every machine; built things stay")
    commands.add_parser("status", help="what runs")
    fresh = commands.add_parser("fresh", help="make a machine anew")
    fresh.add_argument("name")
    fresh.add_argument("--image", choices=sorted(PARENTS))
    fresh.add_argument("--new-host-key", action="store_true")
    enter = commands.add_parser("enter", help="run a command inside the lab")
    enter.add_argument("words", nargs=argparse.REMAINDER, metavar="CMD")
    hosts = commands.add_parser("molecule-hosts", help="extra machines for a molecule run, with an inventory")
    hosts.add_argument("--state", type=Path, required=True, help="folder for hosts.yml and known_hosts")
    hosts.add_argument("--image", choices=sorted(PARENTS), default="server")
    hosts.add_argument("--destroy", action="store_true")
    hosts.add_argument("names", nargs="*", metavar="NAME")
    return root


def main(words: list[str]) -> int:
    """Run one command; the exit code is 0, or 7 when the lab cannot go on."""
    asked = parser().parse_args(words)
    if os.geteuid() != 0:
        settings = [f"ASTRAEUS_CACHE={CACHE}", f"ASTRAEUS_LAB_STATE={STATE}"]
        ready = os.environ.get("ASTRAEUS_LAB_OLLAMA")
        settings += [f"ASTRAEUS_LAB_OLLAMA={ready}"] if ready else []
        os.execvp("sudo", ["sudo", "env", *settings, sys.executable, "-m", "tests.lab", *words])
    try:
        return _do(asked)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 7
    except KeyboardInterrupt:
        print("lab: stopped; what was built so far is kept", file=sys.stderr)
        return 130


def _do(asked: argparse.Namespace) -> int:
    if asked.command == "up":
        bringup.up()
    elif asked.command == "down":
        bringup.down()
    elif asked.command == "fresh":
        bringup.fresh(asked.name, asked.image, new_host_key=asked.new_host_key)
    elif asked.command == "enter":
        os.execv(ENTER, [str(ENTER), *asked.words])
    elif asked.command == "molecule-hosts":
        if asked.destroy:
            molecule.destroy(asked.state)
        else:
            molecule.create(asked.state, asked.image, asked.names)
    else:
        states = bringup.status()
        for name, state in states.items():
            print(f"{name:20} {state}")
        return 0 if states and set(states.values()) == {"running"} else 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
