"""Endpoints are declared by the site: names, URLs, models."""

from __future__ import annotations

from provision.endpoints import default_model, endpoint, endpoints
from tests.unit.provision.bed import CATALOGUE, SITE, site


def test_a_host_is_found_by_its_name_or_what_it_advertises() -> None:
    port = CATALOGUE.ollama.port
    assert endpoint(SITE.hosts[0], CATALOGUE).url == f"http://gpu.local:{port}"
    for advertise, url in (("10.0.0.1", f"http://10.0.0.1:{port}"), ("fd00::1", f"http://[fd00::1]:{port}")):
        host = site(hosts=[{"name": "gpu.local", "advertise": advertise}]).hosts[0]
        assert endpoint(host, CATALOGUE).url == url


def test_models_carry_what_the_client_must_know() -> None:
    offered = {model.name: model for model in endpoint(SITE.hosts[0], CATALOGUE).models}
    assert tuple(offered) == CATALOGUE.model_names
    assert {model.context for model in offered.values()} == {CATALOGUE.context_tokens}
    thinking = offered["lfm2.5-thinking:latest"]
    assert (thinking.reasoning, thinking.tool_call, offered["qwen3-coder-32k"].reasoning) == (
        True,
        True,
        False,
    )


def test_the_default_is_the_first_choice_that_is_served() -> None:
    assert default_model(SITE, CATALOGUE) == CATALOGUE.default_models[0]
    fewer = site(
        hosts=[{"name": "a", "models": ["lfm2.5-thinking"]}, {"name": "b", "models": ["ministral-3:14b-32k"]}]
    )
    assert default_model(fewer, CATALOGUE) == "ministral-3:14b-32k"
    assert [one.name for one in endpoints(fewer, CATALOGUE)] == ["a", "b"]
