"""What was seen of a host's cards becomes what it can serve."""

from __future__ import annotations

from provision.facts import Gpu, Graphics, HostFacts
from provision.fitting import cards_of, fit_of, users_of
from provision.residency import usable
from tests.unit.provision.bed import BARE, CATALOGUE, SITE, site


def with_cards(*mib: int | None) -> HostFacts:
    gpus = tuple(Gpu(name="card", uuid=str(n), memory_mib=one, driver="580.1") for n, one in enumerate(mib))
    return BARE.model_copy(update={"graphics": Graphics(gpus=gpus, driver="answers")})


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
