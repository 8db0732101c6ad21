"""Measures what it costs, inside the lab: `tests/lab/enter python -m tests.benchmarks [NAME …]`."""

from __future__ import annotations

import argparse
import os
import sys

from tests.benchmarks import bed, faults, loopback, publish, record, rerun, start
from tests.lab.layout import STATE
from tests.lab.shell import LabError

BENCHMARKS = {
    "faults": faults.measure,
    "help": start.measure,
    "loopback": loopback.measure,
    "rerun": rerun.measure,
    "publish": publish.measure,
}


def main(words: list[str]) -> int:
    """Run the named ones, or all; 1 when a goal is missed, 7 when the lab cannot go on."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--pairs", type=int, metavar="N", help="how often both ways are timed")
    parser.add_argument("--keep", action="store_true", help="leave the machines up for the next time")
    asked = parser.parse_args(words)
    unknown = set(asked.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    if os.environ.get("ASTRAEUS_LAB_INSIDE") != str(STATE):
        print("run it inside the lab: tests/lab/enter python -m tests.benchmarks", file=sys.stderr)
        return 7
    bed.enter_home()
    met = True
    try:
        for name in asked.names or BENCHMARKS:
            before = record.load()
            section = BENCHMARKS[name](**({"pairs": asked.pairs} if asked.pairs else {}))
            text = record.text(section, load_before=before)
            print(text, flush=True)
            record.write([text])
            met &= all(one.met for one in section.comparisons)
    except LabError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 7
    finally:
        if not asked.keep:
            bed.destroy()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
