"""Which host serves which models, so that each is served and, where it can be, all stay loaded. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from provision.catalogue import Model
from provision.fit import Fit

Fitting = Callable[[Sequence[Model]], Fit]
"""What one host makes of some models."""


def placed(models: Sequence[Model], hosts: Mapping[str, Fitting]) -> dict[str, tuple[str, ...]]:
    """Model names by host; models come with the most wanted first. One that fits nowhere is with none.

    The largest are placed first, each where it disturbs least, and close together. Then every one that still
    stays loaded beside what a host already has is put there too: those that are wanted most, twice first.
    """
    chosen: dict[str, list[Model]] = {name: [] for name in hosts}

    def disturbs(name: str, model: Model) -> tuple[int, int]:
        return _swaps(hosts[name], [*chosen[name], model]), -len(chosen[name])

    for model in sorted(models, key=lambda one: -one.size_bytes):
        able = [name for name, fitting in hosts.items() if fitting([model]).served]
        if able:
            chosen[min(able, key=lambda name: disturbs(name, model))].append(model)
    adding = True
    while adding:
        adding = False
        for model in models:
            free = [
                name
                for name, fitting in hosts.items()
                if model not in chosen[name]
                and fitting([model]).served
                and _swaps(fitting, [*chosen[name], model]) == 0
            ]
            if free:
                chosen[min(free, key=lambda name: len(chosen[name]))].append(model)
                adding = True
    return {name: tuple(model.name for model in models if model in there) for name, there in chosen.items()}


def _swaps(fitting: Fitting, models: Sequence[Model]) -> int:
    """How much of a set does not stay loaded in any order: 0 where all of it does."""
    if len(models) <= 1:
        return 0
    found = fitting(models)
    names = {model.name for model in models}
    orders = [some.order for some in found.resident if set(some.models) == names]
    if orders:
        return 0 if orders[0] is None else 1
    return 1 + len(found.swapping) + len(found.left_out)


def shared(models: Sequence[Model], wanted: Sequence[str], hosts: Mapping[str, Fitting]) -> dict[str, Fit]:
    """What each of several hosts serves, where they share the models; wanted names the most wanted first.

    A host on which nothing fits says so of all models; what fits nowhere is left out on every host.
    """
    by_name = {model.name: model for model in models}
    places = placed([by_name[name] for name in wanted], hosts)
    found = {
        name: fitting([model for model in models if model.name in places[name]] or models)
        for name, fitting in hosts.items()
    }
    served = {name for one in found.values() for name in one.served}
    return {
        name: one.model_copy(
            update={
                "left_out": tuple(model.name for model in models if model.name not in served),
                "elsewhere": tuple(
                    model.name for model in models if model.name in served and model.name not in one.served
                ),
            }
        )
        if one.served
        else one
        for name, one in found.items()
    }
