"""GPU memory of one model, against figures that were worked out by hand and read in logs of real servers."""

from __future__ import annotations

from typing import get_args

import pytest

from provision.catalogue import Model, load_catalogue
from provision.rolevars import CacheType
from provision.vram import GIB, KIB, MIB, margin, predicted, slots_of, surcharge, used

CATALOGUE = load_catalogue()
MINISTRAL, CODER, THINKING = CATALOGUE.models
CONTEXTS = tuple(size * KIB for size in (4, 8, 16, 32, 64, 128, 256))
GIB_BY_CONTEXT: dict[tuple[str, CacheType], tuple[float, ...]] = {
    (MINISTRAL.name, "f16"): (10.5, 11.4, 12.6, 15.1, 20.6, 31.1, 52.6),
    (MINISTRAL.name, "q8_0"): (10.2, 10.8, 11.4, 12.8, 15.9, 21.7, 33.8),
    (CODER.name, "f16"): (18.2, 18.9, 19.7, 21.2, 24.7, 31.1, 44.6),
    (CODER.name, "q8_0"): (18.1, 18.6, 19.0, 19.8, 21.9, 25.4, 33.3),
    (THINKING.name, "f16"): (1.3, 1.5, 1.6, 1.8, 2.6, 4.1),
}


@pytest.mark.parametrize(("name", "cache"), GIB_BY_CONTEXT)
def test_real_use_by_context(name: str, cache: CacheType) -> None:
    wanted = GIB_BY_CONTEXT[name, cache]
    for tokens, gib in zip(CONTEXTS, wanted, strict=False):
        assert used(CATALOGUE.model(name), tokens, 1, cache).total / GIB == pytest.approx(gib, rel=0.03)


@pytest.mark.parametrize(
    ("model", "gib"),
    [
        (MINISTRAL, (9.27, 10.06, 11.62, 14.74, 20.99, 33.49, 58.49)),
        (CODER, (17.47, 17.66, 18.04, 18.79, 20.29, 23.29, 29.29)),
        (THINKING, (0.70, 0.71, 0.74, 0.81, 0.93, 1.17, 1.17)),
    ],
    ids=lambda value: value.name if isinstance(value, Model) else "",
)
def test_what_ollama_predicts_by_context(model: Model, gib: tuple[float, ...]) -> None:
    for tokens, wanted in zip(CONTEXTS, gib, strict=True):
        assert predicted(model, tokens, 1) / GIB == pytest.approx(wanted, rel=0.03)


def test_the_parts_are_those_of_a_real_server_s_log() -> None:
    """llama-server's own lines for this architecture at 32k; its buffers were told at a batch of 512."""
    assert used(CODER, 32 * KIB, 1, "q8_0").cache == 1632 * MIB
    assert used(CODER, 32 * KIB, 1, "q4_0").cache == 864 * MIB
    assert used(CODER, 4 * KIB, 1, "f16").buffers == 300.75 * MIB
    told_on_processor = 166.92 * MIB
    on_processor = CODER.size_bytes - used(CODER, 32 * KIB, 1, "f16").weights
    assert on_processor == pytest.approx(told_on_processor, rel=0.001)


def test_slots_share_nothing_but_the_weights() -> None:
    one, two = used(CODER, 16 * KIB, 1, "f16"), used(CODER, 16 * KIB, 2, "f16")
    assert (two.cache, two.weights) == (2 * one.cache, one.weights)
    assert used(THINKING, 16 * KIB, 4, "f16") == used(THINKING, 16 * KIB, 1, "f16")
    assert (slots_of(CODER, 4), slots_of(THINKING, 4)) == (4, 1)


def test_no_context_is_longer_than_the_model_was_trained_for() -> None:
    trained = THINKING.architecture.train_context_tokens
    assert used(THINKING, 10 * trained, 1, "f16") == used(THINKING, trained, 1, "f16")


def test_each_further_card_costs_its_own_buffers_and_process() -> None:
    one, two = used(CODER, 32 * KIB, 1, "f16"), used(CODER, 32 * KIB, 1, "f16", cards=2)
    assert two.total - one.total == one.buffers + one.process
    assert (margin(CODER), margin(CODER, cards=2)) == (GIB, 2 * GIB)
    assert (margin(MINISTRAL), margin(MINISTRAL, cards=2)) == (0, GIB)


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.name)
@pytest.mark.parametrize("cache", get_args(CacheType))
def test_more_context_or_more_slots_never_take_less(model: Model, cache: CacheType) -> None:
    for slots in range(1, 9):
        before = (0, 0)
        for tokens in range(512, 70 * KIB, 1536):
            now = (used(model, tokens, slots, cache).total, predicted(model, tokens, slots))
            assert now[0] >= before[0]
            assert now[1] >= before[1]
            more = used(model, tokens, slots + 1, cache).total, predicted(model, tokens, slots + 1)
            assert more[0] >= now[0]
            assert more[1] >= now[1]
            assert surcharge(model, tokens, slots + 1) >= surcharge(model, tokens, slots)
            before = now


def test_a_smaller_cache_type_takes_less() -> None:
    for model in CATALOGUE.models:
        sizes = [used(model, 32 * KIB, 1, cache).total for cache in get_args(CacheType)]
        assert sizes == sorted(set(sizes), reverse=True)
