"""The questions to a host's graphics cards. Pure; a question yields what it finds wrong."""

from __future__ import annotations

from provision.catalogue import Model
from provision.findings import Case, Findings
from provision.fit import Fit
from provision.fitting import WayOut, memory_for, needs_text, processor_share, ways_out, wishes_of
from provision.residency import fits_alone


def gpu_memory(case: Case) -> Findings:
    """Something must fit on the cards, and everything that was asked for by name.

    What is served by default and does not fit is left out, which the plan says.
    """
    found = case.fit
    if found is None:
        return
    asked = [case.catalogue.model(name) for name in found.left_out]
    if case.site.host(case.host.name).models is None:
        smallest = min(asked, key=lambda model: model.size_bytes, default=None)
        asked = [smallest] if smallest is not None and not found.served else []
    none = "" if found.served else "none of its models fits: "
    for model in asked:
        yield case.blocks(f"{none}{model.name} {_needs(case, model)}", _ways_out(case, model, found))
    if found.spills:
        yield case.warns(
            f"max_loaded_models: {found.most_loaded} lets Ollama load models beside others where they do not "
            "fit: a part of them then runs on the processor",
            "leave it out in the site: then as many are kept as fit",
        )


def _needs(case: Case, model: Model) -> str:
    asked = case.site.host(case.host.name)
    found = case.fits[case.host.name]
    return needs_text(model, wishes_of(asked, case.site), found)


def _ways_out(case: Case, model: Model, found: Fit) -> str:
    fitting, share = ", ".join(found.served), processor_share(model, found)
    slow = f"about {share} % of it on the processor, several times slower, and no other model beside it"
    ways = [
        *([WayOut(words=f"models: [{fitting}]", meaning="serve what fits")] if fitting else []),
        *ways_out(model, found),
        WayOut(words="accept_offload: true", meaning=slow),
        *([] if fitting else [WayOut(words="accelerator: cpu", meaning="its processor serves")]),
    ]
    first, *rest = ways
    also = "".join(f"; or `{way.words}` ({way.meaning})" for way in rest)
    return f"{first.meaning}: {case.by_site(first.words)}{also}; or {_others(case, model, found)}"


def _others(case: Case, model: Model, found: Fit) -> str:
    """Where else it fits."""
    able = [
        name
        for name, other in case.fits.items()
        if name != case.host.name and fits_alone(model, other.server, other.cards)
    ]
    if able:
        return f"let {able[0]} serve it (`models:` of that host)"
    return f"use a host with a card of {memory_for(model, found)} GiB or more for it"
