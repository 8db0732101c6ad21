"""The models: what is offered, from which base, with which context."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from provision.catalogue import full_name
from provision.rolevars import OllamaModelsVars

Ask = Callable[..., dict[str, Any]]
LEDGER = "/var/lib/astraeus/ollama-models.json"


@pytest.fixture(scope="module")
def tags(ask: Ask, ollama_models: OllamaModelsVars) -> dict[str, str]:
    """Every offered name with its digest."""
    listed = ask(ollama_models.ollama_models_port, "/api/tags")["models"]
    return {model["name"]: model["digest"] for model in listed}


@pytest.fixture(scope="module")
def ledger(host: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.file(LEDGER).content_string)
    return found


def test_every_wanted_model_is_offered(tags: dict[str, str], ollama_models: OllamaModelsVars) -> None:
    wanted = {full_name(model.name) for model in ollama_models.ollama_models_wanted}
    assert wanted <= set(tags)


def test_models_are_as_we_made_them(tags: dict[str, str], ledger: dict[str, Any]) -> None:
    assert {name: entry["digest"] for name, entry in ledger["models"].items()} == {
        name: tags.get(name) for name in ledger["models"]
    }


def test_we_remember_exactly_what_is_wanted(ledger: dict[str, Any], ollama_models: OllamaModelsVars) -> None:
    assert set(ledger["models"]) == {full_name(model.name) for model in ollama_models.ollama_models_wanted}


def test_bases_have_the_pinned_digest(ledger: dict[str, Any], ollama_models: OllamaModelsVars) -> None:
    pinned = {
        full_name(model.name): model.base_digest
        for model in ollama_models.ollama_models_wanted
        if model.base_digest is not None
    }
    assert {name: ledger["models"][name]["base_digest"] for name in pinned} == pinned


def test_bases_that_we_pulled_are_gone(tags: dict[str, str], ledger: dict[str, Any]) -> None:
    assert ledger["pulled"] == []
    made = {entry["base"] for name, entry in ledger["models"].items() if entry["base"] != name}
    assert not [name for name in tags if name.count("/") > 1], "a name of the mirror was left over"
    assert made.isdisjoint(tags)


def test_derived_models_have_the_context(ask: Ask, ollama_models: OllamaModelsVars) -> None:
    for model in ollama_models.ollama_models_wanted:
        if model.num_ctx is not None:
            shown = ask(ollama_models.ollama_models_port, "/api/show", {"model": model.name})
            found = re.search(r"^num_ctx\s+(\d+)$", shown["parameters"], re.MULTILINE)
            assert found is not None, f"{model.name} has no num_ctx"
            assert int(found[1]) == model.num_ctx


def test_the_ledger_is_readable_and_roots(host: Any) -> None:
    file = host.file(LEDGER)
    assert (file.user, oct(file.mode)) == ("root", oct(0o644))
