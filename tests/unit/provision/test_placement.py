"""Models over several hosts: each is served, all stay loaded where that can be, wanted ones twice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from provision.cards import card
from provision.catalogue import Model, load_catalogue
from provision.fit import Fit, Wishes, fit
from provision.placement import placed, shared
from provision.residency import usable

CATALOGUE = load_catalogue()
MINISTRAL, CODER, THINKING = CATALOGUE.model_names
WANTED = [CATALOGUE.model(name) for name in CATALOGUE.default_models]


def over(*cards: str) -> list[set[str]]:
    hosts = {
        str(number): partial(
            fit,
            cards=(usable(card(name).memory_mib),),
            context_tokens=CATALOGUE.context_tokens,
            users=3,
            most_slots=CATALOGUE.most_slots,
            wishes=Wishes(),
        )
        for number, name in enumerate(cards)
    }
    return [set(models) for models in placed(WANTED, hosts).values()]


@pytest.mark.parametrize(
    ("cards", "wanted"),
    [
        (("RTX 4090", "RTX 4090"), [{CODER}, {MINISTRAL, THINKING}]),
        (("RTX 4090",) * 3, [{CODER}, {MINISTRAL, THINKING}, {CODER}]),
        (("RTX A4000", "RTX 4090"), [{MINISTRAL, THINKING}, {CODER}]),
        (("RTX A4000", "RTX A4000"), [{MINISTRAL}, {THINKING}]),
        (("RTX 4060", "H100 80GB"), [{THINKING}, {CODER, MINISTRAL, THINKING}]),
        (("H100 80GB", "H100 80GB"), [{CODER, MINISTRAL, THINKING}] * 2),
    ],
)
def test_who_serves_what(cards: tuple[str, ...], wanted: list[set[str]]) -> None:
    assert over(*cards) == wanted


def test_each_is_served_wherever_it_fits_at_all() -> None:
    names = ("RTX 4060", "RTX A4000", "RTX 4090", "A100 40GB", "H100 80GB")
    for one in names:
        for other in names:
            served = set.union(*over(one, other))
            alone = set.union(*(set(*over(name)) for name in (one, other)))
            assert served == alone


def test_sharing_says_what_the_others_serve() -> None:
    def one(models: Sequence[Model]) -> Fit:
        return fit(
            models,
            (usable(16380),),
            context_tokens=CATALOGUE.context_tokens,
            users=1,
            most_slots=CATALOGUE.most_slots,
            wishes=Wishes(),
        )

    found = shared(CATALOGUE.models, CATALOGUE.default_models, {"a": one, "b": one})
    assert {name: (has.served, has.elsewhere, has.left_out) for name, has in found.items()} == {
        "a": ((MINISTRAL,), (THINKING,), (CODER,)),
        "b": ((THINKING,), (MINISTRAL,), (CODER,)),
    }
