"""The order to workstations: what their files say, how OpenCode gets there, what confirms it."""

from __future__ import annotations

import pytest

from provision.errors import SiteError
from provision.fleet.workstation.shapes import Order
from provision.orders import orders, remarks
from provision.site import Site
from tests.unit.provision.bed import CATALOGUE, SITE, site

TWO = site(hosts=[{"name": "a"}, {"name": "b", "models": ["lfm2.5-thinking"], "advertise": "10.0.0.2"}])


def order(of: Site) -> Order:
    """The order of the site's first workstation."""
    return next(iter(orders(of, CATALOGUE).values()))


def test_each_provider_is_asked_one_model_that_it_serves() -> None:
    asked = order(TWO).confirm.models
    assert [text.partition("/")[2] for text in asked] == ["qwen3-coder-32k", "lfm2.5-thinking:latest"]
    assert len({text.partition("/")[0] for text in asked}) == 2


def test_names_that_must_resolve_are_those_that_are_advertised() -> None:
    assert order(TWO).names == ("a", "10.0.0.2")


def test_ollama_host_is_given_only_where_the_site_says_so() -> None:
    assert order(SITE).ollama_host is None
    assert order(site(client_env=True)).ollama_host == f"gpu.local:{CATALOGUE.ollama.port}"


def test_opencode_is_the_pinned_one_from_where_the_site_says() -> None:
    package = {"url": "http://mirror/x.tgz", "integrity": "sha512-" + "A" * 86 + "=="}
    own = site(
        opencode={"npm_registry": "http://mirror/npm/", "packages": {"linux-x64": package}, "install": False}
    )
    equip = order(own).equip
    assert (equip.version, equip.registry, equip.install) == (
        CATALOGUE.opencode.version,
        "http://mirror/npm/",
        False,
    )
    assert equip.packages["linux-x64"].url == "http://mirror/x.tgz"


def test_every_workstation_gets_its_own_profile_and_its_keys() -> None:
    stations = [
        {"name": "a", "profile": "hybrid-claude-ollama"},
        {"name": "b"},
        {"name": "c", "profile": "none"},
    ]
    mixed = site(workstations=stations, router={"profile": "hybrid-cloud-ollama"})
    found = orders(mixed, CATALOGUE)
    assert found["a"].agents is not None
    assert found["b"].agents is not None
    assert (found["a"].agents.profile, found["b"].agents.profile) == (
        "hybrid-claude-ollama",
        "hybrid-cloud-ollama",
    )
    assert (found["c"].agents, found["c"].plugin, found["c"].keys) == (None, None, {})
    assert found["b"].keys.keys() == {"openai", "google"}
    assert found["b"].plugin is not None
    assert found["b"].plugin.packages.keys() == CATALOGUE.plugin.packages.keys()


def test_what_a_profile_cannot_keep_is_for_the_plan_or_an_error() -> None:
    small = site(
        hosts=[{"name": "a", "models": ["lfm2.5-thinking"]}], router={"profile": "hybrid-cloud-ollama"}
    )
    said = remarks(small, {"laptop"}, CATALOGUE)
    assert any("explore: no host serves ministral-3:14b-32k" in text for text in said)
    assert remarks(small, {"a"}, CATALOGUE) == ()
    with pytest.raises(SiteError, match="there is no such file"):
        orders(site(router={"profile": "/nowhere/own.yaml"}), CATALOGUE)


def test_an_order_holds_no_machine_of_the_operator() -> None:
    assert "ssh" not in order(SITE).model_dump_json()
