"""Faults put in by hand: `doctor` names each as the cause, and its command makes it right again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.product import Product
from tests.end_to_end.road import CONFIG
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.lab import Lab, LabMachine

pytestmark = pytest.mark.lab

OURS = "astraeus-provision "
CLOCK = "/usr/local/bin/date"
CLOCK_STAND_IN = """#!/bin/sh
[ "$*" = +%s ] && exec /bin/date -d '+1 hour' +%s
exec /bin/date "$@"
"""


@dataclass(frozen=True)
class Bench:
    """A host and a laptop as the site describes them."""

    product: Product
    site: Path
    host: LabMachine
    laptop: LabMachine

    def doctor(self, code: int, *words: str) -> dict[str, Any]:
        ran = self.product("doctor", "--site", self.site, "--json", *words)
        assert ran.code == code, ran.said
        machines: dict[str, Any] = json.loads(ran.stdout)["machines"]
        return machines

    def mended(self, machine: str, cause: str) -> None:
        """Have doctor name a fault, do what it says, and have it say that nothing is wrong."""
        told = self.doctor(5)[machine]
        assert told["cause"] == cause
        (repair,) = [one["repair"] for one in told["checks"] if one["what"] == cause]
        assert repair.startswith(OURS), repair
        self.product(*shlex.split(repair.removeprefix(OURS)), "--yes").must(0)
        assert self.doctor(0)[machine]["cause"] is None


@pytest.fixture(scope="module")
def bench(
    lab: Lab, two: LabMachine, laptop2: LabMachine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("doctor")
    for machine in (two, laptop2):
        machine.fresh()
        machine.trust()
    sites = Sites(lab, folder)
    site = sites("doctor", [host(two.name, models=[SMALL_MODEL])], [laptop2.name])
    one = Bench(Product(folder / "state"), site, two, laptop2)
    one.product.lan(site).must(0)
    yield one
    for machine in (two, laptop2):
        machine.fresh()
        machine.trust()


def test_where_all_is_well_nothing_is_wrong_or_written(bench: Bench) -> None:
    before = {one.name: one.tree_hash() for one in (bench.host, bench.laptop)}
    machines = bench.doctor(0)
    assert set(machines) == {bench.host.name, bench.laptop.name}
    assert [one["cause"] for one in machines.values()] == [None, None]
    assert {one.name: one.tree_hash() for one in (bench.host, bench.laptop)} == before
    assert set(bench.doctor(0, "--host", bench.host.name)) == {bench.host.name}
    assert set(bench.doctor(0, "--workstation", bench.laptop.name)) == {bench.laptop.name}


HOST_FAULTS = {
    "service": "systemctl disable --now ollama.service",
    "files": "echo >>/etc/systemd/system/ollama.service.d/10-astraeus.conf",
    "firewall": "nft flush ruleset",
    "server and models": f"ollama rm {SMALL_MODEL}",
}


@pytest.mark.parametrize("cause", HOST_FAULTS)
def test_a_fault_of_the_host_is_named_and_its_command_mends_it(bench: Bench, cause: str) -> None:
    bench.host.run(HOST_FAULTS[cause])
    bench.mended(bench.host.name, cause)


STATION_FAULTS = {
    "published files": f"sed -i s/32768/4096/ {CONFIG}",
    "OpenCode itself": "rm -r /home/dev/.local/bin/opencode /home/dev/.local/share/astraeus-provision",
}


@pytest.mark.parametrize("cause", STATION_FAULTS)
def test_a_fault_of_the_workstation_is_named_and_its_command_mends_it(bench: Bench, cause: str) -> None:
    bench.laptop.run(STATION_FAULTS[cause])
    bench.mended(bench.laptop.name, cause)


def test_what_a_person_has_to_mend_is_told_and_seen_when_it_is_done(bench: Bench) -> None:
    bench.host.write(CLOCK, CLOCK_STAND_IN, mode="0755")
    told = bench.doctor(5)[bench.host.name]
    assert told["cause"] == "clock"
    bench.host.run(f"rm {CLOCK}")

    own = bench.laptop.read(CONFIG)
    bench.laptop.write(CONFIG, "{ broken", owner="dev", mode="0600")
    told = bench.doctor(5)[bench.laptop.name]
    assert told["cause"] == "OpenCode's configuration"
    assert "line 1" in json.dumps(told)
    bench.laptop.write(CONFIG, own, owner="dev", mode="0600")

    hosts = bench.laptop.read("/etc/hosts")
    lines = [line for line in hosts.splitlines() if bench.host.name not in line]
    bench.laptop.run("cat >/etc/hosts", stdin="\n".join([*lines, ""]))
    assert bench.doctor(5)[bench.laptop.name]["cause"] == "names of the hosts"
    bench.laptop.run("cat >/etc/hosts", stdin=hosts)

    bench.laptop.stop()
    assert bench.doctor(5)[bench.laptop.name]["cause"] == "reached"
    bench.laptop.start()
    assert [one["cause"] for one in bench.doctor(0).values()] == [None, None]


def test_a_person_reads_the_cause_first(bench: Bench) -> None:
    bench.host.run("systemctl stop ollama.service")
    ran = bench.product("doctor", "--site", bench.site).must(5)
    wrong = [line for line in ran.stdout.splitlines() if line.startswith(("  CAUSE", "  WRONG"))]
    assert wrong[0].startswith("  CAUSE    service: ollama.service is inactive")
    assert len(wrong) > 1, "what follows from it is shown too"
    bench.host.run("systemctl start ollama.service")


def test_here_is_a_machine_of_the_site_or_an_error(bench: Bench) -> None:
    refused = bench.product("doctor", "--site", bench.site, "--here").must(2)
    assert "smoke local" in refused.said
