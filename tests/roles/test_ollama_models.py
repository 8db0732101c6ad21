"""Models that are altered, unwanted, too large, wrong, slow; what the user pulled himself stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from provision.catalogue import full_name
from tests.lab.layout import LAB_JSON
from tests.roles.bed import LEDGER, Bed

pytestmark = pytest.mark.lab
MODELS_DIR = "/var/lib/ollama/models"
DERIVED = "ministral-3:14b-32k"
QWEN = "qwen3-coder-32k"
LFM = "lfm2.5-thinking:latest"


def wanted(bed: Bed, *names: str) -> list[dict[str, Any]]:
    """The wanted models of these names."""
    everything: list[dict[str, Any]] = bed.variables["ollama_models_wanted"]
    return [dict(model) for model in everything if full_name(model["name"]) in map(full_name, names)]


def changed_wanted(bed: Bed, name: str, **fields: Any) -> list[dict[str, Any]]:
    """All wanted models, one of them changed."""
    everything: list[dict[str, Any]] = bed.variables["ollama_models_wanted"]
    return [{**model, **fields} if model["name"] == name else dict(model) for model in everything]


@pytest.fixture
def bare(bed: Bed) -> Iterator[Bed]:
    """The host with an empty store; full again afterwards."""
    assert bed.play("ollama_models", ollama_models_wanted=[]).failure == ""
    assert bed.tags() == {}
    yield bed
    assert bed.play("ollama_models").failure == ""


def test_only_what_is_wanted_is_offered(bed: Bed) -> None:
    names = {full_name(model["name"]) for model in bed.variables["ollama_models_wanted"]}
    assert set(bed.tags()) == names
    assert bed.play("ollama_models").changed == ()


def test_a_model_that_is_no_longer_wanted_goes_and_the_users_own_stay(bed: Bed) -> None:
    bed.api("/api/copy", {"source": DERIVED, "destination": "the-users:own"})
    bed.api("/api/generate", {"model": DERIVED, "prompt": "hi", "stream": False})
    played = bed.play("ollama_models", ollama_models_wanted=wanted(bed, QWEN))
    assert played.failure == ""
    assert set(bed.tags()) == {full_name(QWEN), "the-users:own"}
    assert [model["name"] for model in bed.api("/api/ps")["models"]] == []
    bed.api("/api/delete", {"model": "the-users:own"}, "DELETE")
    assert bed.play("ollama_models").failure == ""


def test_a_base_that_the_user_pulled_himself_stays(bed: Bed) -> None:
    (model,) = wanted(bed, DERIVED)
    bed.play("ollama_models", ollama_models_wanted=[])
    bed.api("/api/pull", {"model": model["source"], "insecure": True, "stream": False})
    bed.api("/api/copy", {"source": model["source"], "destination": model["base"]})
    bed.api("/api/delete", {"model": model["source"]}, "DELETE")
    assert bed.play("ollama_models").failure == ""
    assert model["base"] in bed.tags()
    bed.api("/api/delete", {"model": model["base"]}, "DELETE")
    assert bed.play("ollama_models").changed == ()


def test_a_model_altered_by_hand_is_made_again(bed: Bed) -> None:
    before = bed.tags()[DERIVED]
    bed.api(
        "/api/create", {"model": DERIVED, "from": DERIVED, "parameters": {"num_ctx": 512}, "stream": False}
    )
    assert bed.tags()[DERIVED] != before
    assert bed.play("ollama_models").failure == ""
    assert bed.tags()[DERIVED] == before


def test_a_model_deleted_by_hand_comes_back(bed: Bed) -> None:
    before = bed.tags()
    bed.api("/api/delete", {"model": LFM}, "DELETE")
    assert bed.play("ollama_models").failure == ""
    assert bed.tags() == before


def test_a_blob_cut_short_is_fetched_again(bed: Bed) -> None:
    """Ollama itself would say success to a pull over it."""
    blob = bed.run(f"ls -S {MODELS_DIR}/blobs/* | head -1")
    size = bed.run(f"stat -c %s {blob}")
    bed.run(f"truncate -s 1000 {blob}")
    assert bed.play("ollama_models").failure == ""
    assert bed.run(f"stat -c %s {blob}") == size
    assert bed.play("ollama_models").changed == ()


def test_a_lost_ledger_is_written_again(bed: Bed) -> None:
    before = {name: entry["digest"] for name, entry in bed.ledger()["models"].items()}
    bed.run(f"rm {LEDGER}")
    assert bed.play("ollama_models").failure == ""
    assert {name: entry["digest"] for name, entry in bed.ledger()["models"].items()} == before
    # Nobody remembers who pulled it, so it counts as the user's own.
    assert bed.ledger()["models"][LFM]["pulled_by_us"] is False
    bed.api("/api/delete", {"model": LFM}, "DELETE")
    assert bed.play("ollama_models").failure == ""


def test_another_context_is_derived_again(bed: Bed) -> None:
    played = bed.play("ollama_models", ollama_models_wanted=changed_wanted(bed, DERIVED, num_ctx=16384))
    assert played.failure == ""
    shown = bed.api("/api/show", {"model": DERIVED})
    assert "16384" in shown["parameters"]
    assert bed.play("ollama_models").failure == ""


def test_a_model_that_the_source_does_not_have_is_named(bare: Bed) -> None:
    source = "mirror.lab:8081/library/no-such:model"
    played = bare.play("ollama_models", ollama_models_wanted=changed_wanted(bare, DERIVED, source=source))
    assert source in played.failure
    assert "no such model" in played.failure


def test_a_mirror_that_is_down_is_named(bare: Bed) -> None:
    source = "mirror.lab:9/library/ministral-3:14b"
    played = bare.play("ollama_models", ollama_models_wanted=changed_wanted(bare, DERIVED, source=source))
    assert "connection refused" in played.failure
    assert source in played.failure


def test_a_wrong_digest_is_removed_and_both_are_named(bare: Bed) -> None:
    (model,) = wanted(bare, DERIVED)
    pinned = "f" * 64
    played = bare.play(
        "ollama_models", ollama_models_wanted=changed_wanted(bare, DERIVED, base_digest=pinned)
    )
    assert pinned in played.failure
    assert model["base_digest"] in played.failure
    assert bare.tags() == {}
    assert bare.ledger() == {"models": {}, "pulled": []}


def test_too_little_space_is_refused_before_the_first_byte(bare: Bed) -> None:
    played = bare.play("ollama_models", ollama_models_wanted=changed_wanted(bare, DERIVED, size_bytes=10**15))
    assert "Nothing was pulled" in played.failure
    assert "GB free" in played.failure
    assert bare.run(f"ls {MODELS_DIR}/blobs") == ""


def test_a_disk_that_fills_while_pulling_says_what_to_do(bare: Bed) -> None:
    bare.run(
        f"mount -t tmpfs -o size=6m,uid=$(id -u ollama),gid=$(id -g ollama) tmpfs {MODELS_DIR}"
        " && systemctl restart ollama"
    )
    played = bare.play(
        "ollama_models",
        ollama_models_wanted=[{**model, "size_bytes": 1} for model in wanted(bare, DERIVED)],
        ollama_models_margin_bytes=0,
    )
    bare.run(f"systemctl stop ollama && umount {MODELS_DIR} && systemctl start ollama")
    assert "is full" in played.failure
    assert "Free space there" in played.failure
    assert bare.play("ollama").failure == ""


def test_a_slow_pull_says_how_far_it_is_and_goes_on(bare: Bed) -> None:
    mirror = json.loads(LAB_JSON.read_text(encoding="utf-8"))["mirror"]["slow_models"]
    source = f"{mirror.removeprefix('http://')}/ministral-3:14b"
    (model,) = wanted(bare, DERIVED)
    played = bare.play(
        "ollama_models", ollama_models_wanted=[{**model, "source": source}], ollama_models_slice_s=1
    )
    assert played.failure == ""
    assert played.retries, "the pull was too quick to be cut into slices"
    assert all("GB" in message and "MB/s" in message for message in played.retries)
    assert set(bare.tags()) == {DERIVED}


def test_a_model_may_be_served_unpinned(bare: Bed) -> None:
    name = LFM
    (model,) = wanted(bare, LFM)
    unpinned = [{**model, "base_digest": None}]
    assert bare.play("ollama_models", ollama_models_wanted=unpinned).failure == ""
    assert bare.play("ollama_models", ollama_models_wanted=unpinned).changed == ()
    before = bare.tags()
    bare.api("/api/create", {"model": name, "from": name, "parameters": {"num_ctx": 512}, "stream": False})
    assert bare.play("ollama_models", ollama_models_wanted=unpinned).failure == ""
    assert bare.tags() == before
