"""The models folder itself. Ollama never verifies a blob that is already there, so we look."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ansible.module_utils.astraeus_models.names import manifest_path

DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")


def blob_sizes(models_dir: Path, name: str) -> dict[Path, int]:
    """Every blob that the name's manifest names, with its size; empty where the manifest cannot be read."""
    try:
        manifest = json.loads((models_dir / manifest_path(name)).read_text(encoding="utf-8"))
        layers = [manifest["config"], *manifest["layers"]]
        blobs = models_dir / "blobs"
        return {blobs / str(layer["digest"]).replace(":", "-"): int(layer["size"]) for layer in layers}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def wrong_blobs(models_dir: Path, name: str) -> list[Path]:
    """The blobs that are missing or have another size than the manifest says."""
    wrong = []
    for path, size in blob_sizes(models_dir, name).items():
        try:
            if path.stat().st_size != size:
                wrong.append(path)
        except FileNotFoundError:
            wrong.append(path)
    return wrong


def broken_names(models_dir: Path, names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if wrong_blobs(models_dir, name))


def drop_wrong_blobs(models_dir: Path, name: str) -> None:
    """Take wrong blobs away, so that the next pull fetches them again."""
    for path in wrong_blobs(models_dir, name):
        path.unlink(missing_ok=True)


def left_bytes(models_dir: Path) -> int:
    """What unfinished pulls occupy: blobs that no manifest names, whole ones too; partial ones have holes."""
    named = set()
    for manifest in (models_dir / "manifests").rglob("*"):
        if manifest.is_file():
            named |= set(DIGEST.findall(manifest.read_text(encoding="utf-8", errors="replace")))
    blobs = (models_dir / "blobs").glob("sha256-*")
    return sum(path.stat().st_blocks * 512 for path in blobs if path.name.partition("-")[2] not in named)


def free_bytes(models_dir: Path) -> int:
    """Free space where the folder is or will be."""
    path = models_dir
    while not path.exists():
        path = path.parent
    usage = os.statvfs(path)
    return usage.f_bavail * usage.f_frsize
