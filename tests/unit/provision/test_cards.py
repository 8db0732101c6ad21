"""Cards by name: as makers, shops and nvidia-smi write them, and by their memory."""

from __future__ import annotations

import pytest

from provision.cards import card, known_cards
from provision.errors import SiteError


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("RTX 4060 Ti 16GB", 16380),
        ("rtx 4060 ti 16 gb", 16380),
        ("NVIDIA GeForce RTX 4090", 24564),
        ("4090", 24564),
        ("NVIDIA RTX A4000", 16376),
        ("NVIDIA A100-SXM4-40GB", 40960),
        ("NVIDIA H100 80GB HBM3", 81559),
        ("NVIDIA RTX 6000 Ada Generation", 49140),
        ("V100 32GB", 32510),
        ("24GiB", 24576),
        ("7.5 gib", 7680),
        ("24564MiB", 24564),
    ],
)
def test_a_card_is_known_by_its_names(text: str, mib: int) -> None:
    assert card(text).memory_mib == mib


@pytest.mark.parametrize(
    ("text", "problem", "named"),
    [
        ("RTX 4060 Ti", "more than one card", ("RTX 4060 Ti 8GB", "RTX 4060 Ti 16GB")),
        ("A100", "more than one card", ("A100 40GB", "A100 80GB")),
        ("RTX 4096", "no card that is known", ("RTX 4090",)),
        ("RTX 4090 Laptop GPU", "no card that is known", ()),
        ("24GB", "no card that is known", ()),
        ("", "no card that is known", ()),
        ("\x1b[31m", "no card that is known", ()),
    ],
)
def test_an_unknown_card_is_told_with_the_nearest_and_the_way_out(
    text: str, problem: str, named: tuple[str, ...]
) -> None:
    with pytest.raises(SiteError, match=problem) as caught:
        card(text)
    assert all(name in caught.value.remedy for name in named)
    assert "--gpu 24GiB" in caught.value.remedy
    assert "\x1b" not in str(caught.value)


def test_every_card_of_the_table_finds_itself() -> None:
    for name, mib in known_cards().items():
        assert (card(name).name, card(name).memory_mib) == (name, mib)
