"""What is wrong with a machine, as an ordered list of checks: the first that is wrong is the cause. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from provision.drift import drift_parts
from provision.driverquestions import driver_age, graphics, instances, undriven_cards
from provision.engines.openssh import OffList
from provision.engines.vitals import Vitals
from provision.expected import expected_live
from provision.findings import Case, Finding, Findings
from provision.fleet.workstation.shapes import Confirmed, Look
from provision.gpuquestions import gpu_memory
from provision.hostquestions import (
    clock,
    disk,
    firewall,
    networks,
    operating_system,
    privileges,
    python,
)
from provision.model import Frozen
from provision.ollamaquestions import existing_ollama, models_folder
from provision.plan import size_text, variables_for
from provision.prove import Proof
from provision.workstationquestions import WORKSTATION_QUESTIONS

Verdict = Literal["ok", "warning", "wrong", "unknown"]
FULL_BYTES = 1 << 30
"""With less left the next model, or the next journal, does not fit."""
FLAPS = 3
"""A service that was restarted more often is kept alive, not healthy."""


class Check(Frozen):
    """One question and its answer."""

    machine: str
    what: str
    verdict: Verdict
    found: str
    expected: str = ""
    repair: str = ""
    """The command, or the thing to do, that makes it right; empty where nothing is wrong."""


HOST_FIRST: Mapping[str, Callable[[Case], Findings]] = {
    "operating system": operating_system,
    "root rights": privileges,
    "python3": python,
    "clock": clock,
    "NVIDIA driver": graphics,
    "driver's age": driver_age,
    "cards without a driver": undriven_cards,
    "MIG": instances,
}
HOST_THEN: Mapping[str, Callable[[Case], Findings]] = {
    "GPU memory": gpu_memory,
    "disk": disk,
    "Ollama's owner": existing_ollama,
    "models folder": models_folder,
    "firewall manager": firewall,
    "admitted networks": networks,
}
STATION_TITLES = {
    "look_failed": "login",
    "operating_system": "operating system",
    "config_file": "OpenCode's configuration",
    "overruled": "OPENCODE_CONFIG",
    "opencode": "OpenCode",
    "plugin": "plugin",
    "router_port": "router's port",
    "cloud_keys": "cloud keys",
    "names": "names of the hosts",
}


def host_checks(
    case: Case, vitals: Vitals | None, proof: Proof | None, off_list: OffList | None, again: str
) -> Iterator[Check]:
    """Check a host that was reached; `again` is the command that brings it to its state."""
    name = case.host.name
    yield Check(machine=name, what="reached", verdict="ok", found="it answers")
    for what, question in HOST_FIRST.items():
        yield _asked(name, what, list(question(case)))
    yield from _card_health(case, vitals)
    for what, question in HOST_THEN.items():
        yield _asked(name, what, list(question(case)))
    yield _room(case)
    yield from _live(case, again)
    yield from _service_health(name, vitals)
    yield from _card_seen(case, vitals, again)
    yield from _proven(name, proof, again)
    yield from _closed(name, off_list, again)


def station_checks(name: str, look: Look, confirmed: Confirmed | None, again: str) -> Iterator[Check]:
    """Check a workstation that was reached."""
    yield Check(machine=name, what="reached", verdict="ok", found="it answers")
    for question in WORKSTATION_QUESTIONS:
        what = STATION_TITLES[question.__name__]
        yield _asked(name, what, list(question(name, look)))
    if look.problem or look.refused:
        return
    yield from _equipment(name, look, again)
    for url, answer in look.reach.items():
        good = answer == "200"
        yield Check(
            machine=name,
            what=f"way to {url}",
            verdict="ok" if good else "wrong",
            found="it answers there" if good else answer,
            expected="" if good else "200",
            repair="" if good else f"see the host's own checks; if these are right: {again}",
        )
    proxy = look.loopback
    if proxy is not None and proxy.how != "impossible":
        right, wrong = "it runs with its settings", "it does not run with its settings"
        yield _state(name, "loopback router", proxy.runs, right, wrong, again)
    files = () if look.change is None else look.change.files
    yield _state(
        name, "published files", not files, "as published", f"not as published: {', '.join(files)}", again
    )
    if confirmed is not None:
        good = confirmed.status != "failed"
        agents = f"; {confirmed.agents} agents have their models" if confirmed.agents else ""
        yield _state(
            name,
            "its own OpenCode",
            good,
            f"it knows every provider's models{agents}",
            " ".join(filter(None, [confirmed.problem, confirmed.evidence])),
            confirmed.remedy or again,
        )


def _equipment(name: str, look: Look, again: str) -> Iterator[Check]:
    """What a run would install is missing now."""
    proxy = look.loopback
    needs = {
        "OpenCode": look.equip is not None and look.equip.how in {"npm", "package"},
        "plugin": look.plugin_equip is not None and look.plugin_equip.how in {"npm", "package"},
        "HAProxy": proxy is not None and proxy.how == "install",
    }
    for what, is_missing in needs.items():
        if is_missing:
            yield Check(
                machine=name, what=f"{what} itself", verdict="wrong", found="it is not there", repair=again
            )


def unreached(name: str, finding: Finding) -> Check:
    """A machine that told nothing."""
    return Check(
        machine=name,
        what="reached",
        verdict="wrong",
        found=finding.problem,
        expected="a login by SSH",
        repair=finding.remedy,
    )


def first_wrong(checks: list[Check]) -> Check | None:
    """The cause: what comes behind may follow from it."""
    return next((check for check in checks if check.verdict == "wrong"), None)


def _asked(name: str, what: str, findings: list[Finding]) -> Check:
    if not findings:
        return Check(machine=name, what=what, verdict="ok", found="right")
    worst = next((one for one in findings if one.severity != "warns"), findings[0])
    return Check(
        machine=name,
        what=what,
        verdict="warning" if worst.severity == "warns" else "wrong",
        found=worst.problem,
        repair=worst.remedy,
    )


def _state(name: str, what: str, good: bool, right: str, wrong: str, repair: str) -> Check:  # noqa: FBT001
    if good:
        return Check(machine=name, what=what, verdict="ok", found=right)
    return Check(machine=name, what=what, verdict="wrong", found=wrong, expected=right, repair=repair)


def _card_health(case: Case, vitals: Vitals | None) -> Iterator[Check]:
    """What the kernel and the card itself say of hardware."""
    name = case.host.name
    if case.host.accelerator == "cpu" or vitals is None:
        return
    yield _state(
        name,
        "GPU errors since boot",
        not vitals.xid,
        "the kernel logged none",
        vitals.xid,
        "stop its work and reboot it; if it comes again, see to power, riser and seat of the card: "
        "journalctl -k -b | grep Xid",
    )
    yield _state(
        name,
        "GPU heat",
        not vitals.hot,
        "it is not slowed down by heat",
        f"it is slowed down by heat: {vitals.hot}",
        "see to its fans and air; nvidia-smi -q -d TEMPERATURE,PERFORMANCE",
    )


def _room(case: Case) -> Check:
    full = [one for one in case.facts.disks.values() if one.free_bytes < FULL_BYTES]
    found = ", ".join(f"{one.mount} has {size_text(one.free_bytes)} left" for one in full)
    return _state(
        case.host.name,
        "room",
        not full,
        "its disks have room",
        found,
        "free room there: du -xh --max-depth=2 / | sort -h | tail",
    )


def _live(case: Case, again: str) -> Iterator[Check]:
    """Its files, service, rules and models against what the roles would make of it."""
    variables = variables_for(case.host, case.site, case.catalogue, case.facts)
    if variables is None:
        return
    if case.facts.live is None:
        yield Check(
            machine=case.host.name,
            what="live state",
            verdict="unknown",
            found="it cannot be seen without root",
            repair="run this on a terminal, where it asks for the sudo password once",
        )
        return
    for what, differences in drift_parts(expected_live(variables), case.facts).items():
        yield _state(case.host.name, what, not differences, "as in the site", "; ".join(differences), again)


def _service_health(name: str, vitals: Vitals | None) -> Iterator[Check]:
    if vitals is None or vitals.restarts is None:
        return
    yield _state(
        name,
        "service since boot",
        vitals.restarts <= FLAPS,
        f"restarted {vitals.restarts} times by systemd",
        f"systemd had to restart it {vitals.restarts} times",
        "see why in its journal: journalctl -u ollama -b -p warning",
    )


def _card_seen(case: Case, vitals: Vitals | None, again: str) -> Iterator[Check]:
    """Ollama looks for cards once, when it starts."""
    if case.host.accelerator == "cpu" or vitals is None or not vitals.compute:
        return
    yield _state(
        case.host.name,
        "GPU in Ollama",
        "library=cpu" not in vitals.compute.lower(),
        "it found the card when it started",
        f"it started without the card: {vitals.compute}",
        f"sudo systemctl restart ollama; if it stays so: {again}",
    )


def _proven(name: str, proof: Proof | None, again: str) -> Iterator[Check]:
    if proof is None:
        return
    verdicts: Mapping[str, Verdict] = {"ok": "ok", "warning": "warning", "failed": "wrong"}
    for check in proof.checks:
        verdict = verdicts[check.verdict]
        repair = f"see journalctl -u ollama -n 50 there; then: {again}" if verdict == "wrong" else ""
        yield Check(machine=name, what=check.what, verdict=verdict, found=check.detail, repair=repair)


def _closed(name: str, off_list: OffList | None, again: str) -> Iterator[Check]:
    if off_list is None:
        return
    verdicts: Mapping[str, Verdict] = {"closed": "ok", "open": "wrong", "unknown": "unknown"}
    verdict = verdicts[off_list.verdict]
    yield Check(
        machine=name,
        what="closed off the list",
        verdict=verdict,
        found=off_list.detail,
        repair=again if verdict == "wrong" else "",
    )
