"""The shipped catalogue holds together."""

from __future__ import annotations

import re

import pytest

from provision.catalogue import full_name, load_catalogue

CATALOGUE = load_catalogue()


def test_every_archive_is_pinned_or_says_that_it_is_not() -> None:
    for archive in CATALOGUE.ollama.archives.values():
        assert archive.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
    assert CATALOGUE.ollama.archive_url("x86_64").endswith(
        f"/v{CATALOGUE.ollama.version}/ollama-linux-amd64.tar.zst"
    )
    with pytest.raises(KeyError):
        CATALOGUE.ollama.archive_url("riscv64")


def test_derived_models_are_told_from_those_served_as_they_are() -> None:
    assert {model.name: model.is_derived for model in CATALOGUE.models} == {
        "ministral-3:14b-32k": True,
        "qwen3-coder-32k": True,
        "lfm2.5-thinking:latest": False,
    }
    assert {model.base for model in CATALOGUE.models if model.is_derived}.isdisjoint(CATALOGUE.model_names)


def test_defaults_are_models_of_the_catalogue() -> None:
    assert set(CATALOGUE.default_models) <= set(CATALOGUE.model_names)
    assert CATALOGUE.model("qwen3-coder-32k").base == "qwen3-coder:30b"
    with pytest.raises(KeyError):
        CATALOGUE.model("qwen3-coder:30b")


def test_a_full_name_has_its_tag() -> None:
    assert (full_name("a"), full_name("a:b")) == ("a:latest", "a:b")
