"""The order to workstations: what their files say, how OpenCode gets there, what confirms it."""

from __future__ import annotations

from provision.orders import order
from tests.unit.provision.bed import CATALOGUE, SITE, site

TWO = site(hosts=[{"name": "a"}, {"name": "b", "models": ["lfm2.5-thinking"], "advertise": "10.0.0.2"}])


def test_each_provider_is_asked_one_model_that_it_serves() -> None:
    asked = order(TWO, CATALOGUE).confirm.models
    assert [text.partition("/")[2] for text in asked] == ["qwen3-coder-32k", "lfm2.5-thinking:latest"]
    assert len({text.partition("/")[0] for text in asked}) == 2


def test_names_that_must_resolve_are_those_that_are_advertised() -> None:
    assert order(TWO, CATALOGUE).names == ("a", "10.0.0.2")


def test_ollama_host_is_given_only_where_the_site_says_so() -> None:
    assert order(SITE, CATALOGUE).ollama_host is None
    assert order(site(client_env=True), CATALOGUE).ollama_host == f"gpu.local:{CATALOGUE.ollama.port}"


def test_opencode_is_the_pinned_one_from_where_the_site_says() -> None:
    package = {"url": "http://mirror/x.tgz", "integrity": "sha512-" + "A" * 86 + "=="}
    own = site(
        opencode={"npm_registry": "http://mirror/npm/", "packages": {"linux-x64": package}, "install": False}
    )
    equip = order(own, CATALOGUE).equip
    assert (equip.version, equip.registry, equip.install) == (
        CATALOGUE.opencode.version,
        "http://mirror/npm/",
        False,
    )
    assert equip.packages["linux-x64"].url == "http://mirror/x.tgz"


def test_an_order_holds_no_machine_of_the_operator() -> None:
    assert "ssh" not in order(SITE, CATALOGUE).model_dump_json()
