"""The settings that follow from the cards: the most models, then the most resident, then the most answers."""

from __future__ import annotations

from typing import Any

import pytest

from provision.catalogue import load_catalogue
from provision.fit import Fit, Wishes, fit, slots_together
from provision.residency import fits_alone, usable

CATALOGUE = load_catalogue()
MINISTRAL, CODER, THINKING = CATALOGUE.model_names


def settled(*mib: int, users: int = 3, models: tuple[str, ...] = CATALOGUE.model_names, **wishes: Any) -> Fit:
    return fit(
        [CATALOGUE.model(name) for name in models],
        tuple(usable(one) for one in mib),
        context_tokens=CATALOGUE.context_tokens,
        users=users,
        most_slots=CATALOGUE.most_slots,
        wishes=Wishes(**wishes),
    )


@pytest.mark.parametrize(
    ("mib", "cache", "slots", "most_loaded", "left_out"),
    [
        ((8188,), "f16", 1, 1, (MINISTRAL, CODER)),
        ((16380,), "q8_0", 1, 2, (CODER,)),
        ((24564,), "q8_0", 1, 2, ()),
        ((40960,), "q8_0", 1, 3, ()),
        ((49140,), "f16", 1, 3, ()),
        ((81559,), "f16", 4, 3, ()),
        ((16376, 16376), "q8_0", 2, 2, ()),
    ],
)
def test_settings_by_card(
    mib: tuple[int, ...], cache: str, slots: int, most_loaded: int, left_out: tuple[str, ...]
) -> None:
    found = settled(*mib, users=10)
    assert (found.server.cache, found.server.slots, found.most_loaded) == (cache, slots, most_loaded)
    assert found.left_out == left_out
    assert not found.spills


def test_what_swaps_is_told_from_what_stays() -> None:
    found = settled(24564)
    assert found.swapping == ((MINISTRAL, CODER),)
    assert {some.models: some.order for some in found.resident} == {
        (MINISTRAL, THINKING): None,
        (CODER, THINKING): (CODER, THINKING),
    }


def test_one_model_alone_may_use_the_room_for_more_answers() -> None:
    assert (settled(24564, models=(CODER,)).server.slots, settled(24564, users=1).server.slots) == (2, 1)


def test_more_users_never_get_fewer_slots_and_nothing_fits_that_was_refused() -> None:
    for mib in range(6000, 100000, 2900):
        before = 0
        for users in range(1, 8):
            found = settled(mib, users=users)
            assert before <= found.server.slots <= max(users, 1)
            before = found.server.slots
            fitting = {
                model.name for model in CATALOGUE.models if fits_alone(model, found.server, (usable(mib),))
            }
            assert set(found.served) == fitting
            assert set(found.served).isdisjoint(found.left_out)
            assert not found.spills


def test_a_person_s_word_is_kept() -> None:
    asked = settled(24564, slots=2, cache="q4_0", most_loaded=1)
    assert (asked.server.slots, asked.server.cache, asked.most_loaded) == (2, "q4_0", 1)
    assert asked.resident == ()
    assert settled(24564, slots=4, cache="f16").left_out == (MINISTRAL, CODER)
    assert settled(24564, cache="f16", most_loaded=3).spills


def test_an_accepted_offload_serves_what_does_not_fit_and_keeps_nothing_beside_it() -> None:
    found = settled(16380, accept_offload=True)
    assert (found.served, found.left_out, found.offloaded) == (CATALOGUE.model_names, (), (CODER,))
    assert (found.most_loaded, found.resident) == (1, ())
    assert settled(81559, accept_offload=True).offloaded == ()


def test_answers_at_once_are_those_of_the_models_that_stay_loaded() -> None:
    assert slots_together(CATALOGUE.models, 4, 3) == 9
    assert slots_together(CATALOGUE.models, 4, 1) == 4
    assert slots_together(CATALOGUE.models, 1, 2) == 2


def test_no_more_are_kept_loaded_than_never_spill() -> None:
    """With the exact cache Ollama would let the small model in beside the large one, where it has no room."""
    found = settled(24564, cache="f16")
    assert (found.most_loaded, found.resident, found.spills) == (1, (), False)
