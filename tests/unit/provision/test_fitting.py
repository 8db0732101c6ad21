"""What was seen of a host's cards becomes what it can serve."""

from __future__ import annotations

import pytest

from provision.fitting import (
    cards_of,
    fit_of,
    fits,
    fitted,
    memory_for,
    processor_share,
    unfit,
    users_of,
    ways_out,
)
from provision.residency import usable
from tests.unit.provision.bed import CATALOGUE, SITE, site, with_cards


def test_cards_are_those_whose_memory_is_known() -> None:
    host = SITE.hosts[0]
    assert cards_of(host, with_cards(16380, 24564)) == (usable(16380), usable(24564))
    assert cards_of(host, with_cards(16380, None)) is None
    assert cards_of(host, with_cards()) is None
    by_processor = site(hosts=[{"name": "gpu.local", "accelerator": "cpu"}])
    assert cards_of(by_processor.hosts[0], with_cards(16380)) is None
    assert fit_of(by_processor.hosts[0], by_processor, CATALOGUE, with_cards(16380)) is None


def test_the_users_are_the_workstations() -> None:
    assert users_of(site(workstations=[])) == 1
    many = site(workstations=[{"name": f"laptop{number}"} for number in range(5)])
    assert users_of(many) == 5
    found = fit_of(many.hosts[0], many, CATALOGUE, with_cards(81559))
    assert found is not None
    assert found.server.slots == CATALOGUE.most_slots


def test_only_what_the_host_shall_serve_is_fitted() -> None:
    small = site(hosts=[{"name": "gpu.local", "models": ["lfm2.5-thinking", "qwen3-coder-32k"]}])
    found = fit_of(small.hosts[0], small, CATALOGUE, with_cards(16380))
    assert found is not None
    assert (found.served, found.left_out) == (("lfm2.5-thinking:latest",), ("qwen3-coder-32k",))


def test_fitting_what_is_fitted_changes_nothing() -> None:
    for mib in (12282, 16380, 24564, 40960, 81559):
        for wishes in ({}, {"num_parallel": 2}, {"kv_cache_type": "q4_0", "keep_alive": "30m"}):
            of = site(serving=wishes)
            seen = {"gpu.local": with_cards(mib)}
            once = fitted(of, fits(of, CATALOGUE, seen))
            assert fitted(once, fits(once, CATALOGUE, seen)) == once
            assert once.serving_of(once.hosts[0]).keep_alive == wishes.get("keep_alive")


def test_a_host_s_own_word_beats_the_site_s() -> None:
    of = site(
        serving={"num_parallel": 3, "keep_alive": "24h"},
        hosts=[{"name": "gpu.local", "serving": {"num_parallel": 2}}],
    )
    (host,) = fitted(of, fits(of, CATALOGUE, {"gpu.local": with_cards(81559)})).hosts
    assert (host.serving.num_parallel, host.serving.keep_alive) == (2, "24h")


def test_where_nothing_is_known_or_fits_the_site_stays_as_it_is() -> None:
    assert fitted(SITE, {}) == SITE
    assert fitted(SITE, fits(SITE, CATALOGUE, {"gpu.local": with_cards(2048)})) == SITE
    assert fits(SITE, CATALOGUE, {"gpu.local": with_cards(None)}) == {}


@pytest.mark.parametrize(
    ("mib", "serving", "name", "words"),
    [
        (12282, {}, "ministral-3:14b-32k", ["serving: {kv_cache_type: q4_0}"]),
        (16380, {}, "qwen3-coder-32k", []),
        (
            24564,
            {"num_parallel": 2, "kv_cache_type": "f16"},
            "qwen3-coder-32k",
            ["serving: {num_parallel: 1}", "serving: {kv_cache_type: q8_0}"],
        ),
        (
            12282,
            {"num_parallel": 6},
            "ministral-3:14b-32k",
            ["serving: {num_parallel: 1, kv_cache_type: q4_0}"],
        ),
    ],
)
def test_smaller_settings_at_which_a_model_fits(
    mib: int, serving: dict[str, object], name: str, words: list[str]
) -> None:
    of = site(serving=serving)
    found = fits(of, CATALOGUE, {"gpu.local": with_cards(mib)})["gpu.local"]
    assert name in found.left_out
    assert [way.words for way in ways_out(CATALOGUE.model(name), found)] == words


def test_what_an_offload_costs_and_what_would_do_without() -> None:
    of = site(hosts=[{"name": "gpu.local", "accept_offload": True}])
    found = fits(of, CATALOGUE, {"gpu.local": with_cards(16380)})
    coder = CATALOGUE.model("qwen3-coder-32k")
    assert 20 <= processor_share(coder, found["gpu.local"]) <= 35
    assert memory_for(coder, found["gpu.local"]) in (21, 22)
    (said,) = unfit(found, CATALOGUE)
    assert said.startswith("gpu.local: qwen3-coder-32k does not fit and is served all the same")
