"""Which models stay together: on each card size and context that was worked out, and by every order."""

from __future__ import annotations

from itertools import permutations

import pytest

from provision.catalogue import load_catalogue
from provision.residency import RESERVED_BYTES, Server, fits_alone, resident_sets, spills, stays, usable
from provision.rolevars import CacheType
from provision.vram import GIB, KIB, MIB, used

CATALOGUE = load_catalogue()
MINISTRAL, CODER, THINKING = CATALOGUE.models
CONTEXTS = tuple(size * KIB for size in (4, 8, 16, 32, 64, 128))
# All three resident at 4k … 128k: A in any order of loading, o in some, - never. By card in MiB.
TABLE: dict[int, tuple[str, str]] = {
    8188: ("------", "------"),
    12282: ("------", "------"),
    16380: ("------", "------"),
    24564: ("------", "------"),
    40960: ("AAAo--", "AAAo--"),
    49140: ("AAAA--", "AAAAo-"),
    81559: ("AAAAAo", "AAAAAA"),
    143771: ("AAAAAA", "AAAAAA"),
}


def at(tokens: int = 32 * KIB, cache: CacheType = "f16", slots: int = 1) -> Server:
    return Server(context_tokens=tokens, slots=slots, cache=cache)


def together(server: Server, *mib: int, count: int = 3) -> dict[frozenset[str], str]:
    cards = tuple(usable(one) for one in mib)
    found = resident_sets(CATALOGUE.models, server, cards)
    return {
        frozenset(some.models): "A" if some.order is None else "o"
        for some in found
        if len(some.models) == count
    }


@pytest.mark.parametrize("mib", TABLE)
def test_all_three_by_card_and_context(mib: int) -> None:
    caches: tuple[CacheType, ...] = ("f16", "q8_0")
    for cache, wanted in zip(caches, TABLE[mib], strict=True):
        rows = [next(iter(together(at(tokens, cache), mib).values()), "-") for tokens in CONTEXTS]
        assert "".join(rows) == wanted, cache


def test_pairs_on_16_gb() -> None:
    pair = frozenset({MINISTRAL.name, THINKING.name})
    by_context = {
        cache: "".join(together(at(tokens, cache), 16380, count=2).get(pair, "-") for tokens in CONTEXTS[:4])
        for cache in ("f16", "q8_0")
    }
    assert by_context == {"f16": "AAo-", "q8_0": "AAoo"}
    coders = [some for some in together(at(4 * KIB, "q4_0"), 16380, count=2) if CODER.name in some]
    assert coders == []


@pytest.mark.parametrize(
    ("mib", "cache", "fitting"),
    [
        (8188, "f16", {THINKING.name}),
        (12282, "q8_0", {THINKING.name}),
        (12282, "q4_0", {THINKING.name, MINISTRAL.name}),
        (16380, "f16", {THINKING.name, MINISTRAL.name}),
        (16380, "q4_0", {THINKING.name, MINISTRAL.name}),
        (24564, "f16", {THINKING.name, MINISTRAL.name, CODER.name}),
    ],
)
def test_what_fits_alone(mib: int, cache: CacheType, fitting: set[str]) -> None:
    found = {model.name for model in CATALOGUE.models if fits_alone(model, at(cache=cache), (usable(mib),))}
    assert found == fitting
    assert not fits_alone(THINKING, at(), ())


def test_a_model_that_leaves_too_little_beside_it_does_not_fit() -> None:
    need = used(CODER, 32 * KIB, 1, "f16").total
    assert not fits_alone(CODER, at(), (need + GIB - 1,))
    assert fits_alone(CODER, at(), (need + GIB,))
    assert fits_alone(MINISTRAL, at(), (used(MINISTRAL, 32 * KIB, 1, "f16").total,))


def test_two_small_cards_hold_what_one_does_not() -> None:
    assert not fits_alone(CODER, at(), (usable(16376),))
    assert fits_alone(CODER, at(), (usable(16376), usable(16376)))


def test_nothing_stays_that_does_not_really_fit() -> None:
    for mib in range(6000, 90000, 1700):
        for slots in (1, 2, 4):
            for cache in ("f16", "q8_0", "q4_0"):
                server = at(cache=cache, slots=slots)
                for size in (1, 2, 3):
                    for order in permutations(CATALOGUE.models, size):
                        need = sum(used(model, 32 * KIB, slots, cache).total for model in order)
                        if need > mib * MIB - RESERVED_BYTES:
                            assert not stays(order, server, (usable(mib),))


def test_more_memory_never_keeps_fewer() -> None:
    before: set[frozenset[str]] = set()
    for mib in range(8000, 90000, 500):
        now = set(together(at(), mib, count=2)) | set(together(at(), mib))
        assert before <= now
        before = now


def test_ollama_is_seen_to_load_what_does_not_fit_beside_the_others() -> None:
    """With the exact cache the small model is let in beside the large one, and a part of it has no room."""
    pair = (CODER, THINKING)
    assert spills(pair, at(), (usable(24564),), 2)
    assert not spills(pair, at(), (usable(24564),), 1)
    assert not spills(pair, at(cache="q8_0"), (usable(24564),), 2)
    assert not spills(CATALOGUE.models, at(), (usable(81559),), 3)
