"""Model names: how Ollama completes them, and where it keeps their manifests."""

from __future__ import annotations

DEFAULT_REGISTRY = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"


def full(name: str) -> str:
    """The name as /api/tags lists it: with its tag."""
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def manifest_path(name: str) -> str:
    """Path of the name's manifest under the models folder."""
    path, tag = full(name).rsplit(":", 1)
    parts = path.split("/")
    if len(parts) == 1:
        parts.insert(0, DEFAULT_NAMESPACE)
    if len(parts) == 2:  # noqa: PLR2004 - namespace and model
        parts.insert(0, DEFAULT_REGISTRY)
    return "/".join(["manifests", *parts, tag])
