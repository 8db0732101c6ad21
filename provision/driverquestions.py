"""The questions to a host's NVIDIA driver; what they advise is the decision of `drivers`. Pure."""

from __future__ import annotations

from provision.drivercards import Refusal, elsewhere, sorted_out
from provision.drivers import decide
from provision.driversteps import advice
from provision.drivertable import load_driver_table
from provision.findings import Case, Findings

_NOT_ON_PCI = frozenset({"wsl", "jetson"})
"""Machines that show no card on a PCI bus, and yet have one."""


def graphics(case: Case) -> Findings:
    """A GPU whose driver answers, unless the site says that the processor shall do it."""
    found = case.facts.graphics
    if case.host.accelerator == "cpu":
        return
    by_cpu = f"if its processor shall serve: {case.by_site('accelerator: cpu')}"
    match found.driver:
        case "missing":
            reason, remedy = _driver(case)
            yield case.blocks(f"it has an NVIDIA GPU, but no driver{reason}", f"{remedy}{by_cpu}")
        case "broken":
            reason, remedy = _driver(case)
            yield case.blocks(
                f"its NVIDIA driver does not answer: {found.message}{reason}",
                f"reboot it; if `nvidia-smi` still lists no GPU: {remedy}{by_cpu}",
            )
        case "absent":
            refusal = elsewhere(case.facts.driver)
            if refusal is not None and refusal.kind in _NOT_ON_PCI:
                yield case.blocks(
                    f"no NVIDIA GPU answers there; {refusal.reason}", f"{refusal.remedy}; {by_cpu}"
                )
                return
            others = sorted({card.vendor for card in found.pci} - {"nvidia"})
            seen = f"; it has a graphics card by {', '.join(others)}" if others else ""
            yield case.blocks(f"it has no NVIDIA GPU{seen}", by_cpu)
        case _:
            return


def driver_age(case: Case) -> Findings:
    """A driver that is too old runs the models on the processor, and says so nowhere."""
    if case.host.accelerator == "cpu":
        return
    ollama = case.catalogue.ollama
    cards, _ = sorted_out(case.facts.graphics.pci, load_driver_table(), ollama)
    oldest = max(
        (ollama.oldest_driver_for(card.architecture.capability) for card in cards),
        default=ollama.oldest_driver,
    )
    for driver, branch in _branches(case).items():
        if branch < oldest:
            reason, remedy = _driver(case)
            yield case.blocks(
                f"its NVIDIA driver {driver} is too old for Ollama {ollama.version}{reason}",
                f"its cards need driver {oldest} or newer: {remedy}"
                f"if its processor shall serve: {case.by_site('accelerator: cpu')}",
            )


def undriven_cards(case: Case) -> Findings:
    """A driver that is too new leaves an old card out, and says so nowhere."""
    if case.host.accelerator == "cpu":
        return
    cards, _ = sorted_out(case.facts.graphics.pci, load_driver_table(), case.catalogue.ollama)
    for driver, branch in _branches(case).items():
        for name, last in {card.shown: card.architecture.branches[1] for card in cards}.items():
            if last is not None and branch > last:
                yield case.warns(
                    f"its NVIDIA driver {driver} does not drive its card {name}",
                    f"{last} is the last branch that does; the others serve without it",
                )


def instances(case: Case) -> Findings:
    """MIG divides a card; what it has in all is then no process's."""
    if case.host.accelerator == "cpu":
        return
    for gpu in case.facts.graphics.gpus:
        if gpu.mig:
            yield case.warns(
                f"MIG is on for its {gpu.name} ({gpu.uuid}): Ollama gets an instance, not the whole card",
                f"if that is not meant: `nvidia-smi -i {gpu.uuid} -mig 0` there, as root, then reboot it",
            )


def _branches(case: Case) -> dict[str, int]:
    """Versions of the driver that answers, each with its branch."""
    versions = sorted({gpu.driver for gpu in case.facts.graphics.gpus})
    majors = {version: version.partition(".")[0] for version in versions}
    return {version: int(major) for version, major in majors.items() if major.isdigit()}


def _driver(case: Case) -> tuple[str, str]:
    """What to add to a problem and to its remedy: the driver to install, or why none."""
    decision = decide(case.facts, load_driver_table(), case.catalogue.ollama)
    if isinstance(decision, Refusal):
        return f"; {decision.reason}", f"{decision.remedy}; "
    return "", f"{advice(decision, case.host.name)}\n   then run this again; "
