"""The questions to a host's graphics cards. Pure; a question yields what it finds wrong."""

from __future__ import annotations

from provision.findings import Case, Findings

MIB_PER_GIB = 1024


def gpu_memory(case: Case) -> Findings:
    """Every model must fit on the cards alone; Ollama would put the rest on the processor."""
    sizes = [gpu.memory_mib for gpu in case.facts.graphics.gpus]
    known = [size for size in sizes if size is not None]
    if case.host.accelerator == "cpu" or not known or len(known) < len(sizes):
        return
    has_gib = sum(known) / MIB_PER_GIB
    served = [case.catalogue.model(name) for name in case.host.served]
    fitting = ", ".join(model.name for model in served if model.gpu_gib <= has_gib)
    for model in served:
        if model.gpu_gib > has_gib:
            yield case.blocks(
                f"{model.name} needs about {model.gpu_gib:.1f} GiB of GPU memory, it has {has_gib:.1f}",
                f"to serve what fits: {case.by_site(f'models: [{fitting}]')}"
                if fitting
                else "none of its models fits: use a host with more GPU memory; if its processor shall "
                f"serve: {case.by_site('accelerator: cpu')}",
            )
