"""One 4 kB router file to many workstations: our publish step against a plain paramiko thread pool."""

from __future__ import annotations

from tests.benchmarks.bed import machines
from tests.benchmarks.fleet import Fleet
from tests.benchmarks.record import Section
from tests.benchmarks.timing import Comparison, Way, compare

GOALS = {20: None, 50: 2.0}
COMPARED = """Publishing a router file of {size} bytes to {counts} systemd laptops over SSH: the whole
publish step of `lan` (`provision.engines.workstations.publish`: pyinfra's start, one session with each
machine, merging, files staged, checked, backed up, fsynced, renamed, and remembered for putting back)
after a survey that is not counted. Against `python paramiko_pool.py`: 64 threads, one session with each
machine, `put.sh` (mktemp, cat, compare, chmod, mv; no fsync, no backup, no merge). *First*: the file is
not there. *Again*: it is there and right; `lan` itself would not even start this step then, its survey
knows."""

SPENT = """Where it goes: here pyinfra's and pydantic's start, while the laptops idle; then connecting, which is
key exchange and login on both sides and takes the pool as long; then the script on each laptop, which costs
about three times `put.sh`: two files instead of one, sums, fsync, folders, the record for putting back."""
TAKES = """one pyinfra process for the whole run (connections and start are paid once, a publish is then one
command on open connections), or one that is started while the hosts are proven; both cost the plain command
line of each phase, ready to paste."""


def measure(pairs: int = 5) -> Section:
    """Time publishing to 20 and to 50 workstations."""
    places = machines("fleet", "laptop", [f"ws{number:02d}" for number in range(1, max(GOALS) + 1)])
    found: list[Comparison] = []
    size = 0
    for count in GOALS:
        fleet = Fleet(places[:count])
        size = len(fleet.content)
        found += [_first(fleet, count, pairs), _again(fleet, count, pairs)]
    counts = " and to ".join(str(count) for count in GOALS)
    return Section(
        "publish", COMPARED.format(size=size, counts=counts), tuple(found), remarks=(SPENT,), if_missed=TAKES
    )


def _first(fleet: Fleet, count: int, pairs: int) -> Comparison:
    ours = Way("publish", lambda: fleet.publish("changed"), fleet.look)
    plain = Way("paramiko pool", lambda: fleet.put("changed"))
    return compare(f"{count} first", ours, plain, pairs=pairs, goal=GOALS[count])


def _again(fleet: Fleet, count: int, pairs: int) -> Comparison:
    ours = Way("publish", lambda: fleet.publish("ok"))
    plain = Way("paramiko pool", lambda: fleet.put("ok"))
    return compare(f"{count} again", ours, plain, pairs=pairs, goal=GOALS[count])
