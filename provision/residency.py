"""Which models stay on a host's cards together, by Ollama's own rules of placing and evicting. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, permutations

from provision.catalogue import Model
from provision.model import Frozen
from provision.rolevars import CacheType
from provision.vram import MIB, margin, predicted, surcharge, used

RESERVED_BYTES = 300 * MIB
"""Of each card, for the driver and whatever else is on it."""
TRUSTED_PERCENT = 80
"""Of what is free, Ollama fills so much with what it predicts (sched.go)."""

Cards = tuple[int, ...]
"""Bytes that are free on each card of one host."""


def usable(memory_mib: int) -> int:
    """Bytes of a card that models can use, from the total that nvidia-smi tells."""
    return max(0, memory_mib * MIB - RESERVED_BYTES)


class Server(Frozen):
    """One server's settings, as far as memory goes."""

    context_tokens: int
    slots: int
    cache: CacheType


class ResidentSet(Frozen):
    """Models that stay loaded together."""

    models: tuple[str, ...]
    order: tuple[str, ...] | None
    """The order of loading that it takes; None: any."""


def _trusts(wanted: int, free: int) -> bool:
    return wanted <= free * TRUSTED_PERCENT // 100


def _placed(model: Model, server: Server, cards: Cards) -> Cards | None:
    """What is free once it is loaded where Ollama puts it; None where a part of it would not fit."""
    context, slots, cache = server.context_tokens, server.slots, server.cache
    roomiest = max(range(len(cards)), key=lambda index: cards[index])
    one_card = len(cards) == 1 or _trusts(predicted(model, context, slots), cards[roomiest])
    if one_card:
        need = used(model, context, slots, cache).total
        if need + margin(model) > cards[roomiest]:
            return None
        return tuple(free - need if index == roomiest else free for index, free in enumerate(cards))
    need = used(model, context, slots, cache, cards=len(cards)).total
    free = sum(cards)
    if need + margin(model, cards=len(cards)) > free:
        return None
    return tuple(one - need * one // free for one in cards)


def _admitted(model: Model, server: Server, cards: Cards, *, whole_batch: bool) -> bool:
    """Whether Ollama loads it beside others.

    Where it is tight, Ollama reads in smaller batches before it evicts; no promise counts on that.
    """
    wanted = predicted(model, server.context_tokens, server.slots)
    one_card = len(cards) == 1 or _trusts(wanted, max(cards))
    if whole_batch:
        wanted += surcharge(model, server.context_tokens, server.slots)
    return _trusts(wanted, max(cards) if one_card else sum(cards))


def fits_alone(model: Model, server: Server, cards: Cards) -> bool:
    """Whether all of it is on the cards when nothing else is."""
    return bool(cards) and _placed(model, server, cards) is not None


def stays(order: Sequence[Model], server: Server, cards: Cards) -> bool:
    """Whether all of these are loaded at last, when they are loaded in that order."""
    for number, model in enumerate(order):
        if number and not _admitted(model, server, cards, whole_batch=True):
            return False
        after = _placed(model, server, cards)
        if after is None:
            return False
        cards = after
    return True


def resident_sets(models: Collection[Model], server: Server, cards: Cards) -> Iterator[ResidentSet]:
    """Every set of two or more that stays loaded, in any order of loading or in the one that it takes."""
    for size in range(2, len(models) + 1):
        for some in combinations(models, size):
            orders = list(permutations(some))
            good = [order for order in orders if stays(order, server, cards)]
            if good:
                yield ResidentSet(
                    models=tuple(model.name for model in some),
                    order=None if len(good) == len(orders) else tuple(model.name for model in good[0]),
                )


def spills(models: Collection[Model], server: Server, cards: Cards, most_loaded: int) -> bool:
    """Whether some sequence of requests makes Ollama load one that then does not fit beside the others.

    Ollama evicts whom it likes; every choice of it is looked at.
    """
    seen: set[frozenset[str]] = set()
    states: list[tuple[dict[str, Cards], Cards]] = [({}, cards)]
    while states:
        loaded, free = states.pop()
        key = frozenset(f"{name}:{taken}" for name, taken in loaded.items())
        if key in seen:
            continue
        seen.add(key)
        for model in models:
            if model.name in loaded:
                continue
            if len(loaded) < most_loaded and (
                not loaded or _admitted(model, server, free, whole_batch=False)
            ):
                after = _placed(model, server, free)
                if after is None:
                    return True
                taken = tuple(had - has for had, has in zip(free, after, strict=True))
                states.append(({**loaded, model.name: taken}, after))
                continue
            for victim, taken in loaded.items():
                left = {name: use for name, use in loaded.items() if name != victim}
                states.append((left, tuple(has + use for has, use in zip(free, taken, strict=True))))
    return False
