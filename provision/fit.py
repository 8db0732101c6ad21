"""What one host's cards can serve, and the server settings that follow from it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

from provision.catalogue import Model
from provision.model import Frozen
from provision.residency import Cards, ResidentSet, Server, fits_alone, resident_sets, spills
from provision.rolevars import CacheType
from provision.vram import slots_of

CHOSEN_CACHES: tuple[CacheType, ...] = ("f16", "q8_0")
"""Those that answers do not suffer from; a smaller one is only taken when a person says so."""


class Wishes(Frozen):
    """What a person has said of the server's settings; None leaves it to the arithmetic."""

    slots: int | None = None
    cache: CacheType | None = None
    most_loaded: int | None = None
    accept_offload: bool = False
    """Whether models are served that do not fit, a part of them on the processor."""


class Fit(Frozen):
    """What is served by some cards, and how."""

    cards: Cards
    server: Server
    most_loaded: int
    served: tuple[str, ...]
    left_out: tuple[str, ...]
    """Models that do not fit, even alone."""
    offloaded: tuple[str, ...]
    """Those of the served ones of which a part runs on the processor, as was accepted."""
    elsewhere: tuple[str, ...] = ()
    """Models that other hosts serve in its place, so that less swaps."""
    resident: tuple[ResidentSet, ...]
    """Sets of two or more that stay loaded together."""
    spills: bool
    """Whether Ollama may load one beside others where it then does not fit; only by wish."""

    @property
    def swapping(self) -> tuple[tuple[str, str], ...]:
        """Pairs of which each one's loading puts out the other."""
        together = [set(some.models) for some in self.resident]
        return tuple(
            (one, other)
            for number, one in enumerate(self.served)
            for other in self.served[number + 1 :]
            if not any({one, other} <= some for some in together)
        )


def fit(
    models: Sequence[Model],
    cards: Cards,
    *,
    context_tokens: int,
    users: int,
    most_slots: int,
    wishes: Wishes,
) -> Fit:
    """Choose the settings at which the most models fit, then the most stay loaded, then most are answered.

    Among equals the exact cache wins. Monotone in users: more of them never get fewer slots.
    """
    return _chosen(tuple(models), cards, context_tokens, min(users, most_slots), wishes)


@lru_cache(maxsize=4096)
def _chosen(models: tuple[Model, ...], cards: Cards, context_tokens: int, users: int, wishes: Wishes) -> Fit:
    """Kept, as the hosts of a site are alike."""
    slots = (wishes.slots,) if wishes.slots else range(1, max(1, users) + 1)
    caches = (wishes.cache,) if wishes.cache else CHOSEN_CACHES
    candidates = [
        _at(models, cards, Server(context_tokens=context_tokens, slots=count, cache=cache), wishes)
        for count, cache in product(slots, caches)
    ]
    return max(candidates, key=lambda one: _worth(one, models, caches))


def _worth(found: Fit, models: Sequence[Model], caches: Sequence[CacheType]) -> tuple[int, ...]:
    always = [some for some in found.resident if some.order is None]
    served = [model for model in models if model.name in found.served]
    return (
        len(found.served) - len(found.offloaded),
        len(always),
        len(found.resident),
        max((slots_of(model, found.server.slots) for model in served), default=0),
        -caches.index(found.server.cache),
        -found.server.slots,
    )


def _at(models: Sequence[Model], cards: Cards, server: Server, wishes: Wishes) -> Fit:
    fitting = [model for model in models if fits_alone(model, server, cards)]
    rest = tuple(model.name for model in models if model not in fitting)
    offloaded = rest if wishes.accept_offload else ()
    most = wishes.most_loaded or (1 if offloaded else _most_loaded(fitting, server, cards))
    resident = resident_sets(fitting, server, cards) if not offloaded else ()
    served = fitting if not offloaded else list(models)
    return Fit(
        cards=cards,
        server=server,
        most_loaded=most,
        served=tuple(model.name for model in served),
        left_out=() if offloaded else rest,
        offloaded=offloaded,
        resident=tuple(some for some in resident if len(some.models) <= most),
        spills=spills(fitting, server, cards, most),
    )


def _most_loaded(models: Sequence[Model], server: Server, cards: Cards) -> int:
    """As many as stay loaded together, and never so many that one of them would not fit."""
    largest = max((len(some.models) for some in resident_sets(models, server, cards)), default=1)
    return next(
        most for most in range(largest, 0, -1) if most == 1 or not spills(models, server, cards, most)
    )


def slots_together(models: Sequence[Model], slots: int, most_loaded: int) -> int:
    """Requests that a server answers at once, on all the models that it keeps loaded."""
    each = sorted((slots_of(model, slots) for model in models), reverse=True)
    return sum(each[:most_loaded])
