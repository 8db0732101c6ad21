"""The cloud models that profiles may name: prices, sizes, and the variables that carry a provider's key."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

import yaml

from router.endpoint import Frozen

Cost = Literal["free", "low", "medium", "high"]
LOW_USD, MEDIUM_USD = 3.0, 12.0
"""Below the first a million tokens out are cheap, below the second not yet dear."""


class Cloud(Frozen):
    """One provider."""

    keys: tuple[str, ...]
    """Environment variables that may carry its key."""


class CloudModel(Frozen):
    """One model: tokens of context, US dollars for a million tokens in and out."""

    context: int
    usd_in: float
    usd_out: float

    @property
    def cost(self) -> Cost:
        if self.usd_out < LOW_USD:
            return "low"
        return "medium" if self.usd_out < MEDIUM_USD else "high"


class Clouds(Frozen):
    """All of them, by provider and by `provider/model`."""

    providers: Mapping[str, Cloud]
    models: Mapping[str, CloudModel]


CLOUDS = Clouds.model_validate(yaml.safe_load((files("router") / "clouds.yaml").read_text("utf-8")))
