"""The catalogue: typed view of catalogue.yaml, where versions, pins, the port and the models live once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from provision.model import Frozen

Ability = Literal["completion", "tools", "vision", "thinking"]
VOLTA = 7.0
"""Its compute capability."""
CATALOGUE_PATH = Path(__file__).with_name("catalogue.yaml")


class Archive(Frozen):
    """A release archive for one architecture; sha256 and size_bytes are None where nobody has read them."""

    file: str
    sha256: str | None
    size_bytes: int | None


class OllamaRelease(Frozen):
    """The pinned server."""

    version: str
    port: int
    url: str
    oldest_driver: int
    oldest_driver_before_volta: int
    oldest_capability: float
    unpacked_gib: float
    archives: Mapping[str, Archive]

    def archive_url(self, arch: str) -> str:
        """The upstream URL of the archive for `uname -m` arch (KeyError if there is none)."""
        return self.url.format(version=self.version, file=self.archives[arch].file)

    def oldest_driver_for(self, capability: float) -> int:
        """The first NVIDIA branch that it uses for cards of that compute capability."""
        return self.oldest_driver if capability >= VOLTA else self.oldest_driver_before_volta


class OpenCodeRelease(Frozen):
    """The pinned client."""

    version: str
    package: str


class PinnedPackage(Frozen):
    """An npm package at its pin."""

    version: str
    integrity: str
    """`sha512-` and base64, as npm writes it."""


class PluginRelease(Frozen):
    """The pinned plugin, and what it needs at run time."""

    package: str
    packages: Mapping[str, PinnedPackage]


class Architecture(Frozen):
    """What decides how much GPU memory a model uses, as its GGUF's metadata has it."""

    layers: int
    attention_layers: int
    """Those that keep keys and values for every token; the others keep a state of fixed size."""
    heads: int
    kv_heads: int
    head_dim: int
    embedding: int
    vocabulary: int
    train_context_tokens: int
    untied_embedding_bits: float | None = None
    """Of each weight of a token embedding that stays off the GPU; None: it is the output's too."""
    projector_bytes: int = 0
    """Of what reads pictures, within the model's size."""
    state_bytes: int = 0
    """Of the layers without attention, for each request at once."""
    one_sequence: bool = False
    """Whether Ollama answers one request at a time on it, whatever its setting says."""


class Model(Frozen):
    """A model that a host can serve; derived when its name is not its base's."""

    name: str
    base: str
    title: str
    base_digest: str | None
    size_bytes: int
    architecture: Architecture
    abilities: frozenset[Ability]
    tool_call_may_fail: bool = False

    @property
    def is_derived(self) -> bool:
        """Whether the name is made on the host, from the base, with our context."""
        return self.name != self.base


class Catalogue(Frozen):
    """All of it."""

    ollama: OllamaRelease
    opencode: OpenCodeRelease
    plugin: PluginRelease
    router_port: int
    context_tokens: int
    output_tokens: int
    most_slots: int
    """Requests at once on one model that are worth their memory."""
    models: tuple[Model, ...]
    default_models: tuple[str, ...]

    @property
    def model_names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    def model(self, name: str) -> Model:
        """The model of that name (KeyError if there is none)."""
        for model in self.models:
            if model.name == name:
                return model
        raise KeyError(name)


@cache
def load_catalogue(path: Path = CATALOGUE_PATH) -> Catalogue:
    """Read the shipped catalogue."""
    return Catalogue.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def full_name(name: str) -> str:
    """The name as Ollama lists it: with its tag."""
    return name if ":" in name else f"{name}:latest"
