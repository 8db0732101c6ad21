"""The clouds that profiles may name: as the pinned OpenCode knows them, and what they cost."""

from __future__ import annotations

import pytest

from router.clouds import CLOUDS, CloudModel
from tests.unit.router import real

pytestmark = pytest.mark.programs


def test_every_model_belongs_to_a_provider_whose_key_is_known() -> None:
    assert {name.partition("/")[0] for name in CLOUDS.models} == set(CLOUDS.providers)
    assert all(cloud.keys for cloud in CLOUDS.providers.values())


@pytest.mark.parametrize(
    ("usd_out", "cost"), [(0.6, "low"), (3, "medium"), (10, "medium"), (14, "high"), (25, "high")]
)
def test_a_model_s_class_comes_from_its_price(usd_out: float, cost: str) -> None:
    assert CloudModel(context=1, usd_in=1, usd_out=usd_out).cost == cost


def test_sizes_and_prices_are_those_that_opencode_knows() -> None:
    known = real.models()
    assert len(known) > len(CLOUDS.models)
    found = {
        name: (known[name]["limit"]["context"], known[name]["cost"]["input"], known[name]["cost"]["output"])
        for name in CLOUDS.models
    }
    assert found == {name: (one.context, one.usd_in, one.usd_out) for name, one in CLOUDS.models.items()}
    assert all(known[name]["capabilities"]["toolcall"] for name in CLOUDS.models), "agents need tools"
