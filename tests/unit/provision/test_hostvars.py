"""Role variables come from the site over the catalogue."""

from __future__ import annotations

import pytest

from provision.hostvars import archive_for, unpinned
from tests.unit.provision.bed import CATALOGUE, site, variables

SHA = "5" * 64


def test_the_catalogue_s_archive_is_the_default_and_the_site_s_wins() -> None:
    pinned = archive_for("x86_64", site(), CATALOGUE)
    assert pinned is not None
    assert pinned.source == CATALOGUE.ollama.archive_url("x86_64")
    own = site(ollama={"archives": {"x86_64": {"source": "/srv/ollama.tar.zst", "sha256": SHA}}})
    found = archive_for("x86_64", own, CATALOGUE)
    assert found is not None
    assert (found.source, found.sha256, found.size_bytes) == ("/srv/ollama.tar.zst", SHA, None)


def test_no_pin_is_never_guessed() -> None:
    archives = {"x86_64": CATALOGUE.ollama.archives["x86_64"].model_copy(update={"sha256": None})}
    unread = CATALOGUE.model_copy(
        update={"ollama": CATALOGUE.ollama.model_copy(update={"archives": archives})}
    )
    assert archive_for("x86_64", site(), unread) is None
    assert archive_for("riscv64", site(), CATALOGUE) is None


@pytest.mark.parametrize(
    ("mirror", "source", "insecure"),
    [
        (None, "qwen3-coder:30b", False),
        ("http://mirror.lan:8081/library", "mirror.lan:8081/library/qwen3-coder:30b", True),
        ("https://mirror.lan", "mirror.lan/library/qwen3-coder:30b", False),
    ],
)
def test_models_come_from_the_library_or_the_mirror(
    mirror: str | None, source: str, *, insecure: bool
) -> None:
    sections = {} if mirror is None else {"models": {"mirror": mirror}}
    wanted = {model.name: model for model in variables(site(**sections)).ollama_models.ollama_models_wanted}
    assert (wanted["qwen3-coder-32k"].source, wanted["qwen3-coder-32k"].insecure) == (source, insecure)


def test_one_number_is_the_context_everywhere() -> None:
    found = variables()
    derived = [m.num_ctx for m in found.ollama_models.ollama_models_wanted if m.num_ctx is not None]
    assert {found.ollama.ollama_context_length, *derived} == {CATALOGUE.context_tokens}
    assert len(derived) == 2


def test_a_site_s_digest_beats_the_catalogue_s_and_a_missing_one_is_named() -> None:
    assert set(unpinned(site(), CATALOGUE)) == {"lfm2.5-thinking:latest"}
    pinned = site(models={"digests": {"lfm2.5-thinking:latest": SHA}})
    assert unpinned(pinned, CATALOGUE) == {}
    wanted = variables(pinned).ollama_models.ollama_models_wanted
    assert [model.base_digest for model in wanted if model.base == "lfm2.5-thinking:latest"] == [SHA]


def test_flat_variables_name_their_role() -> None:
    flat = variables().flat()
    assert (
        flat["ollama_port"]
        == flat["ollama_models_port"]
        == flat["lan_firewall_port"]
        == CATALOGUE.ollama.port
    )
    assert all(name.startswith(("ollama_", "lan_firewall_")) for name in flat)
