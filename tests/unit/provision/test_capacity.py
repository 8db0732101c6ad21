"""The document of `capacity`: the cards that teams have, with the figures that were worked out for them."""

from __future__ import annotations

import pytest

from provision.capacity import Capacity, capacity, capacity_text, mib_text
from provision.capacitycommand import by_name
from provision.catalogue import load_catalogue
from provision.vram import GIB

CATALOGUE = load_catalogue()
MINISTRAL, CODER, THINKING = CATALOGUE.model_names


def of(*gpus: str, count: int = 1, users: int = 3) -> Capacity:
    return capacity(by_name(gpus, count, CATALOGUE, users), CATALOGUE, users)


@pytest.mark.parametrize(
    ("gpu", "fitting", "together", "swaps"),
    [
        ("RTX 4060 Ti 16GB", {MINISTRAL, THINKING}, {(MINISTRAL, THINKING): False}, ()),
        ("RTX A4000", {MINISTRAL, THINKING}, {(MINISTRAL, THINKING): False}, ()),
        (
            "RTX 4090",
            {MINISTRAL, CODER, THINKING},
            {(MINISTRAL, THINKING): True, (CODER, THINKING): False},
            ((MINISTRAL, CODER),),
        ),
        (
            "A100 40GB",
            {MINISTRAL, CODER, THINKING},
            {
                (MINISTRAL, CODER): True,
                (MINISTRAL, THINKING): True,
                (CODER, THINKING): True,
                (MINISTRAL, CODER, THINKING): False,
            },
            (),
        ),
    ],
)
def test_what_fits_on_the_usual_cards(
    gpu: str, fitting: set[str], together: dict[tuple[str, ...], bool], swaps: tuple[tuple[str, str], ...]
) -> None:
    (host,) = of(gpu).hosts
    assert set(host.fit.served) == fitting
    assert {some.models: some.order is None for some in host.fit.resident} == together
    assert host.swaps == swaps
    assert host.fit.server.cache == "q8_0"
    assert {model.name: round(model.uses / GIB, 1) for model in host.models} == {
        MINISTRAL: pytest.approx(12.8, rel=0.03),
        CODER: pytest.approx(19.8, rel=0.03),
        THINKING: pytest.approx(1.6, rel=0.03),
    }
    for model in host.models:
        assert (model.name in fitting) == any(model.slots_by_cache.values())


def test_two_hosts_share_the_models_so_that_nothing_swaps() -> None:
    found = of("RTX 4090", "RTX 4090")
    assert [host.fit.served for host in found.hosts] == [(CODER,), (MINISTRAL, THINKING)]
    assert [host.swaps for host in found.hosts] == [(), ()]
    assert [len(host.models) for host in found.hosts] == [3, 3]
    text = capacity_text(found)
    assert "host 1 with RTX 4090: " in text
    assert f"other hosts serve, so that less swaps: {MINISTRAL}, {THINKING}" in text
    assert all(not host.fit.elsewhere for host in of("H100 80GB", "H100 80GB").hosts)


def test_the_arithmetic_adds_up_in_what_a_person_reads() -> None:
    lines = capacity_text(of("RTX 4090")).splitlines()
    (row,) = [line for line in lines if CODER in line and "at once" in line]
    sizes = [float(word) for word in row.replace("=", "+").split("at once")[0].split() if "." in word][:6]
    assert sizes[0] == pytest.approx(sum(sizes[1:]), abs=0.3)
    assert any(line.split()[:3] == [CODER, "q8_0", "18.1"] for line in lines)
    assert any("swap, each puts out the other" in line for line in lines)
    assert any("OLLAMA_NUM_PARALLEL=1 OLLAMA_MAX_LOADED_MODELS=2" in line for line in lines)


def test_what_fits_nowhere_is_said_and_needs_no_settings() -> None:
    text = capacity_text(of("2GiB"))
    assert "serves none of them" in text
    assert f"does not fit, not even alone: {THINKING}" in text
    assert "settings" not in text


def test_alike_cards_are_counted() -> None:
    assert mib_text([("A", 1), ("A", 1), ("B", 2)]) == ("2 x A (1 MiB)", "B (2 MiB)")
    assert of("RTX 4090", count=2).hosts[0].cards == ("2 x RTX 4090 (24564 MiB)",)
