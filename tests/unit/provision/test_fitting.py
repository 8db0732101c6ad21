"""What was seen of a host's cards becomes what it can serve."""

from __future__ import annotations

import pytest

from provision.facts import ListedModel
from provision.fit import Fit
from provision.fitting import (
    cards_of,
    fits,
    fitted,
    memory_for,
    processor_share,
    unfit,
    users_of,
    ways_out,
)
from provision.residency import usable
from tests.unit.provision.bed import BARE, CATALOGUE, SITE, site, with_cards


def test_cards_are_those_whose_memory_is_known() -> None:
    host = SITE.hosts[0]
    assert cards_of(host, with_cards(16380, 24564)) == (usable(16380), usable(24564))
    assert cards_of(host, with_cards(16380, None)) is None
    assert cards_of(host, with_cards()) is None
    by_processor = site(hosts=[{"name": "gpu.local", "accelerator": "cpu"}])
    assert cards_of(by_processor.hosts[0], with_cards(16380)) is None
    assert fits(by_processor, CATALOGUE, {"gpu.local": with_cards(16380)}) == {}


def test_the_users_are_the_workstations() -> None:
    assert users_of(site(workstations=[])) == 1
    many = site(workstations=[{"name": f"laptop{number}"} for number in range(5)])
    assert users_of(many) == 5
    found = fits(many, CATALOGUE, {"gpu.local": with_cards(81559)})["gpu.local"]
    assert found.server.slots == CATALOGUE.most_slots


def test_only_what_the_host_shall_serve_is_fitted() -> None:
    small = site(hosts=[{"name": "gpu.local", "models": ["lfm2.5-thinking", "qwen3-coder-32k"]}])
    found = fits(small, CATALOGUE, {"gpu.local": with_cards(16380)})["gpu.local"]
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


def sharing(**hosts: int) -> dict[str, Fit]:
    of = site(hosts=[{"name": name} for name in hosts])
    return fits(of, CATALOGUE, {name: with_cards(mib) for name, mib in hosts.items()})


def test_hosts_share_the_models_so_that_nothing_swaps() -> None:
    found = sharing(a=24564, b=24564)
    assert found["a"].served == ("qwen3-coder-32k",)
    assert found["b"].served == ("ministral-3:14b-32k", "lfm2.5-thinking:latest")
    assert found["a"].elsewhere == found["b"].served
    assert all(one.swapping == () and one.left_out == () for one in found.values())
    of = site(hosts=[{"name": "a"}, {"name": "b"}])
    seen = {name: with_cards(24564) for name in "ab"}
    once = fitted(of, found)
    assert fitted(once, fits(once, CATALOGUE, seen)) == once


def test_what_fits_on_none_of_them_is_left_out_by_all_and_tiny_cards_say_so() -> None:
    found = sharing(a=16380, b=16380, c=2048)
    assert found["a"].left_out == found["b"].left_out == ("qwen3-coder-32k",)
    assert (found["c"].served, len(found["c"].left_out)) == ((), 3)


def test_a_host_with_models_by_name_does_not_share_and_what_it_serves_is_not_missed() -> None:
    of = site(hosts=[{"name": "a"}, {"name": "b"}, {"name": "big", "models": ["qwen3-coder-32k"]}])
    seen = {"a": with_cards(16380), "b": with_cards(16380), "big": with_cards(24564)}
    found = fits(of, CATALOGUE, seen)
    assert found["big"].served == ("qwen3-coder-32k",)
    assert found["a"].left_out == found["b"].left_out == ()
    assert found["a"].served != found["b"].served


def test_nothing_is_moved_where_not_every_host_was_looked_at() -> None:
    of = site(hosts=[{"name": "a"}, {"name": "b"}])
    there = {"lfm2.5-thinking:latest": ListedModel(digest="d", size_bytes=1)}
    ours = BARE.ollama.model_copy(update={"kind": "ours", "models": there})
    alone = fits(of, CATALOGUE, {"a": with_cards(24564).model_copy(update={"ollama": ours})})
    assert alone["a"].served == ("lfm2.5-thinking:latest",)
    assert len(fits(of, CATALOGUE, {"a": with_cards(24564)})["a"].served) == 3
