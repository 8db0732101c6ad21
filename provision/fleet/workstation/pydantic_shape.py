"""As much of pydantic as merging needs, for a workstation's own Python (3.10 on): values without a check.

It is sent there as `pydantic`; what it holds was checked where it was made.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

JsonValue = Any


class ValidationError(ValueError):
    """Never raised: nothing is validated."""


def ConfigDict(**_: Any) -> None:  # noqa: N802 - pydantic's name
    """Take what a model's behaviour would be."""


def Field(**_: Any) -> None:  # noqa: N802 - pydantic's name
    """Take a field's limits."""


def StringConstraints(**_: Any) -> None:  # noqa: N802 - pydantic's name
    """Take a text's limits."""


class BaseModel:
    """A value of named fields."""

    def __init__(self, **values: Any) -> None:
        for name in self._fields():
            setattr(self, name, values[name] if name in values else getattr(type(self), name))

    @classmethod
    def _fields(cls) -> list[str]:
        return [name for one in reversed(cls.__mro__) for name in inspect.get_annotations(one)]

    def model_copy(self, *, update: Mapping[str, Any]) -> Any:
        return type(self)(**{**{name: getattr(self, name) for name in self._fields()}, **update})

    def model_dump(self, *, mode: str, exclude_defaults: bool) -> dict[str, Any]:
        """Return plain values, as JSON has them, without those that nobody gave."""
        del mode, exclude_defaults  # the one way that is asked for
        missing = object()
        return {
            name: _plain(value)
            for name in self._fields()
            if (value := getattr(self, name)) != getattr(type(self), name, missing)
        }

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
