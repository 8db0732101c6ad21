"""What is in a models folder: whole, cut short, and left over by a pull that was broken off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.module_utils.astraeus_models import serve, store
from ansible.module_utils.astraeus_models.decide import Wanted

KIB = 1024


def blob(models: Path, name: str, kib: int) -> str:
    """A blob that occupies so much; its digest as manifests write it."""
    path = models / "blobs" / f"sha256-{name * 64}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x01" * kib * KIB)
    return f"sha256:{name * 64}"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """One model that is served, one blob whose pull is done and one whose pull is not, of another."""
    manifest = tmp_path / "manifests/registry.ollama.ai/library/m/latest"
    manifest.parent.mkdir(parents=True)
    layers = [{"digest": blob(tmp_path, name, 512), "size": 512 * KIB} for name in "ab"]
    manifest.write_text(json.dumps({"config": layers[0], "layers": layers[1:]}))
    blob(tmp_path, "c", 256)
    with (tmp_path / "blobs" / f"sha256-{'d' * 64}-partial").open("wb") as partial:
        partial.write(b"\x01" * 128 * KIB)
        partial.truncate(10**9)
    return tmp_path


def test_what_a_broken_off_pull_left_is_counted_whole_blobs_too(models: Path) -> None:
    assert store.left_bytes(models) == (256 + 128) * KIB
    assert store.left_bytes(models / "absent") == 0


def test_a_pull_is_not_refused_for_bytes_that_are_there(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "free_bytes", lambda _: 100 * KIB)
    fits = Wanted("m", "m", None, None, "m", insecure=False, size_bytes=484 * KIB)
    serve.check_space(models, [fits], 0)
    with pytest.raises(serve.ServeError, match="Nothing was pulled"):
        serve.check_space(models, [Wanted(**{**vars(fits), "size_bytes": 485 * KIB})], 0)
