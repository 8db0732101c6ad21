"""The questions to a host's graphics cards. Pure; a question yields what it finds wrong."""

from __future__ import annotations

from provision.findings import Case, Findings
from provision.fit import Wishes, fit
from provision.residency import usable
from provision.vram import GIB, used


def graphics(case: Case) -> Findings:
    """A GPU whose driver answers, unless the site says that the processor shall do it."""
    found = case.facts.graphics
    if case.host.accelerator == "cpu":
        return
    by_cpu = case.by_site("accelerator: cpu")
    others = sorted({card.vendor for card in found.pci} - {"nvidia"})
    match found.driver:
        case "missing":
            yield case.blocks(
                "it has an NVIDIA GPU, but no driver",
                f"install the driver (with nvidia-smi) and reboot; if its processor shall serve: {by_cpu}",
            )
        case "broken":
            yield case.blocks(
                f"its NVIDIA driver does not answer: {found.message}",
                "reboot it or repair its driver until `nvidia-smi` lists the GPU; if its processor shall "
                f"serve: {by_cpu}",
            )
        case "absent":
            seen = f"; it has a graphics card by {', '.join(others)}" if others else ""
            yield case.blocks(
                f"it has no NVIDIA GPU{seen}",
                f"if its processor shall serve: {by_cpu}",
            )
        case _:
            return


def driver_age(case: Case) -> Findings:
    """A driver that is too old runs the models on the processor, and says so nowhere."""
    if case.host.accelerator == "cpu":
        return
    oldest = case.catalogue.ollama.oldest_driver
    for driver in sorted({gpu.driver for gpu in case.facts.graphics.gpus}):
        major = driver.partition(".")[0]
        if major.isdigit() and int(major) < oldest:
            yield case.blocks(
                f"its NVIDIA driver {driver} is too old for Ollama {case.catalogue.ollama.version}",
                f"install driver {oldest} or newer and reboot",
            )


def gpu_memory(case: Case) -> Findings:
    """Every model must fit on the cards alone; Ollama would put the rest on the processor."""
    sizes = [gpu.memory_mib for gpu in case.facts.graphics.gpus]
    known = [size for size in sizes if size is not None]
    if case.host.accelerator == "cpu" or not known or len(known) < len(sizes):
        return
    served = [case.catalogue.model(name) for name in case.host.served]
    found = fit(
        served,
        tuple(usable(size) for size in known),
        context_tokens=case.catalogue.context_tokens,
        users=1,
        most_slots=case.catalogue.most_slots,
        wishes=Wishes(slots=case.site.serving.num_parallel, cache="f16"),
    )
    fitting = ", ".join(found.served)
    for model in served:
        if model.name in found.left_out:
            needs = used(model, found.server.context_tokens, found.server.slots, found.server.cache).total
            yield case.blocks(
                f"{model.name} needs about {needs / GIB:.1f} GiB of GPU memory, it has "
                f"{sum(found.cards) / GIB:.1f}",
                f"to serve what fits: {case.by_site(f'models: [{fitting}]')}"
                if fitting
                else "none of its models fits: use a host with more GPU memory; if its processor shall "
                f"serve: {case.by_site('accelerator: cpu')}",
            )
