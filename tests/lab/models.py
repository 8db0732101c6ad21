"""Hand-made stand-ins for the catalogue's models, under their real names, as a store a mirror can serve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from provision.catalogue import load_catalogue
from tests.lab import fixture_model
from tests.lab.fixture_model import SPACE, Behaviour, write_model
from tests.lab.products import key, product
from tests.lab.shell import step
from tests.lab.temptations import LFM, QWEN, rules

ANSWER = " the model is ready"
WORDS = tuple(SPACE + word for word in ANSWER.split())


def _behaviour(base: str) -> tuple[Behaviour, str]:
    """How the stand-in of a base model behaves, and Ollama's dialect for it."""
    if base.startswith("lfm"):
        thinking = ("<think>", f"{SPACE}so", "</think>", *WORDS)
        return Behaviour(base, thinking, rules(LFM), result_mark="<|im_start|>tool"), LFM
    return Behaviour(base, WORDS, rules(QWEN)), QWEN


def bases() -> tuple[str, ...]:
    """The base tags of the catalogue."""
    return tuple(dict.fromkeys(model.base for model in load_catalogue().models))


def store() -> Path:
    """A folder like OLLAMA_MODELS with the three base models."""

    def build(folder: Path) -> None:
        with step("making the three models", "5 s"):
            for base in bases():
                _seed(folder, base)

    sources = [Path(path).read_bytes() for path in (__file__, fixture_model.__file__)]
    said = [repr(_behaviour(base)) for base in bases()]
    return product("models", key(*said, *sources), build)


def digests() -> dict[str, str]:
    """Base tag to the sha256 of its manifest, which is the digest that Ollama shows."""
    return {base: hashlib.sha256(_manifest(store(), base).read_bytes()).hexdigest() for base in bases()}


def _manifest(folder: Path, base: str) -> Path:
    name, _, tag = base.partition(":")
    return folder / "manifests" / "registry.ollama.ai" / "library" / name / tag


def _seed(folder: Path, base: str) -> None:
    behaviour, dialect = _behaviour(base)
    weights = folder / "model.gguf"
    write_model(weights, behaviour)
    model = _blob(folder, weights.read_bytes())
    weights.unlink()
    params = _blob(folder, json.dumps({"temperature": 0}).encode())
    settings = {
        # With these Ollama renders the prompt itself, and the model has the ability `tools`.
        "renderer": dialect,
        "parser": dialect,
        "model_format": "gguf",
        "model_family": "llama",
        "model_families": ["llama"],
        "model_type": "260K",
        "file_type": "F16",
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [model["digest"], params["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            **_blob(folder, json.dumps(settings).encode()),
        },
        "layers": [
            {"mediaType": "application/vnd.ollama.image.model", **model},
            {"mediaType": "application/vnd.ollama.image.params", **params},
        ],
    }
    target = _manifest(folder, base)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(manifest))


def _blob(folder: Path, data: bytes) -> Mapping[str, str | int]:
    digest = hashlib.sha256(data).hexdigest()
    (folder / "blobs").mkdir(exist_ok=True)
    (folder / "blobs" / f"sha256-{digest}").write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}
