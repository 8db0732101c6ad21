"""Each fault is seen by its check, and the first that is wrong is the cause."""

from __future__ import annotations

from typing import Any

import pytest

from provision.diagnosis import Check, first_wrong, host_checks, station_checks, unreached
from provision.drift import drift, drift_parts
from provision.engines.openssh import OffList
from provision.engines.vitals import Vitals
from provision.facts import Disk, Graphics, HostFacts
from provision.findings import Case, Finding
from provision.fitting import fits, fitted
from provision.fleet.workstation.proxy import ProxyPlan
from provision.fleet.workstation.shapes import Change, Confirmed, EquipPlan, Look
from provision.prove import Check as Answer
from provision.prove import Proof
from tests.unit.provision.bed import CATALOGUE, LOOK, SITE, converged, expected

AGAIN = "astraeus-provision lan --limit gpu.local"
WELL = Vitals(restarts=0, compute="library=CUDA name=CUDA0")
GOOD = Proof(host="gpu.local", url="u", checks=(Answer(what="version", verdict="ok", detail="1"),))
CLOSED = OffList(verdict="closed", detail="timed out")


def facts(**more: Any) -> HostFacts:
    return converged().model_copy(update=more)


def host(
    of: HostFacts, *, vitals: Vitals | None = WELL, proof: Proof = GOOD, off: OffList = CLOSED
) -> list[Check]:
    room = fits(SITE, CATALOGUE, {"gpu.local": of})
    case = Case(host=fitted(SITE, room).hosts[0], site=SITE, catalogue=CATALOGUE, facts=of, fits=room)
    return list(host_checks(case, vitals, proof, off, AGAIN))


def cause(checks: list[Check]) -> Check:
    found = first_wrong(checks)
    assert found is not None
    return found


def live(**more: Any) -> HostFacts:
    of = facts()
    assert of.live is not None
    return of.model_copy(update={"live": of.live.model_copy(update=more)})


def test_a_host_that_is_well_has_nothing_wrong() -> None:
    checks = host(facts())
    assert {check.what for check in checks if check.verdict != "ok"} == set()
    assert {"GPU errors since boot", "GPU in Ollama", "files", "closed off the list"} <= {
        check.what for check in checks
    }


@pytest.mark.parametrize(
    ("checks", "what", "found", "repair"),
    [
        (host(facts(clock_skew_s=4000.0)), "clock", "67 minutes ahead", "timedatectl"),
        (
            host(facts(graphics=Graphics(driver="broken", message="NVML: 18"))),
            "NVIDIA driver",
            "NVML: 18",
            "reboot",
        ),
        (host(facts(), vitals=Vitals(xid="NVRM: Xid 79")), "GPU errors since boot", "Xid 79", "reboot"),
        (host(facts(), vitals=Vitals(hot="0, 92, Active")), "GPU heat", "92", "nvidia-smi -q"),
        (
            host(facts(disks={"/": Disk(path="/", mount="/", free_bytes=10)})),
            "room",
            "/ has 0 MB left",
            "du -xh",
        ),
        (host(live(units={})), "service", "not installed", AGAIN),
        (host(live(files={})), "files", "is missing", AGAIN),
        (host(live(nft_table=None)), "firewall", "the firewall table is missing", AGAIN),
        (host(live(models={})), "server and models", "is not there", AGAIN),
        (host(facts(), vitals=Vitals(restarts=9)), "service since boot", "9 times", "journalctl -u ollama"),
        (
            host(facts(), vitals=Vitals(compute="library=cpu")),
            "GPU in Ollama",
            "without the card",
            "restart ollama",
        ),
        (
            host(facts(), off=OffList(verdict="open", detail="open from 192.0.2.2")),
            "closed off the list",
            "192.0.2.2",
            AGAIN,
        ),
        (
            host(
                facts(),
                proof=Proof(
                    host="gpu.local",
                    url="u",
                    checks=(
                        Answer(what="m answer", verdict="failed", detail="only 40 % of it is on the GPU"),
                    ),
                ),
            ),
            "m answer",
            "only 40 %",
            AGAIN,
        ),
    ],
)
def test_each_fault_of_a_host_is_named_with_its_repair(
    checks: list[Check], what: str, found: str, repair: str
) -> None:
    (seen,) = [check for check in checks if check.what == what]
    assert seen.verdict == "wrong"
    assert found in seen.found
    assert repair in seen.repair


def test_the_cause_stands_before_what_follows_from_it() -> None:
    dead = Proof(
        host="g", url="u", checks=(Answer(what="version", verdict="failed", detail="no connection"),)
    )
    assert cause(host(live(units={}), proof=dead)).what in {"files", "service"}
    assert cause(host(facts(graphics=Graphics(driver="missing")), proof=dead)).what == "NVIDIA driver"


def test_without_root_the_live_state_is_unknown_and_not_wrong() -> None:
    checks = {check.what: check.verdict for check in host(facts(live=None))}
    assert checks["live state"] == "unknown"
    assert "files" not in checks


def test_what_differs_is_told_by_what_it_is_of() -> None:
    of = live(nft_table=None)
    parts = drift_parts(expected(), of)
    assert [text for texts in parts.values() for text in texts] == list(drift(expected(), of))
    assert list(parts) == ["files", "service", "firewall", "server and models"]


def station(look: Look, confirmed: Confirmed | None = None) -> list[Check]:
    return list(station_checks("laptop", look, confirmed, AGAIN))


def test_a_workstation_that_is_well() -> None:
    good = Confirmed(machine="laptop", status="ok", agents=12)
    assert first_wrong(station(LOOK, good)) is None
    assert "12 agents" in station(LOOK, good)[-1].found


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"problem": "the look broke off"}, "login"),
        ({"names": {"gpu.local": None}}, "names of the hosts"),
        ({"refused": "x does not parse", "remedy": "mend it"}, "OpenCode's configuration"),
        ({"equip": EquipPlan(how="npm")}, "OpenCode itself"),
        ({"plugin_equip": EquipPlan(how="package")}, "plugin itself"),
        ({"loopback": ProxyPlan(how="install")}, "HAProxy itself"),
        ({"reach": {"http://gpu.local:11434/v1": "timed out"}}, "way to http://gpu.local:11434/v1"),
        ({"loopback": ProxyPlan(how="present", runs=False)}, "loopback router"),
        ({"change": Change(files=("/home/dev/x.json",))}, "published files"),
    ],
)
def test_each_fault_of_a_workstation_is_the_cause(changed: dict[str, Any], what: str) -> None:
    found = cause(station(LOOK.model_copy(update=changed)))
    assert found.what == what
    assert found.repair


def test_what_its_own_opencode_says_comes_last() -> None:
    failed = Confirmed(
        machine="laptop", status="failed", problem="OpenCode knows no agent", evidence="explore"
    )
    checks = station(LOOK, failed)
    assert (checks[-1].what, checks[-1].verdict) == ("its own OpenCode", "wrong")
    assert "explore" in checks[-1].found


def test_a_machine_that_told_nothing_has_one_check() -> None:
    silent = Finding(machine="gpu", problem="it does not answer", remedy="wake it")
    assert (unreached("gpu", silent).verdict, unreached("gpu", silent).repair) == ("wrong", "wake it")
