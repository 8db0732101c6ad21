"""What can be talked to: a URL with models proven behind it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/[^\s]*[^\s/])?$")]


class Frozen(BaseModel):
    """An immutable value that takes no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OfferedModel(Frozen):
    """One model as an endpoint serves it; `context` is the server's real num_ctx."""

    name: Name
    title: str
    context: int = Field(gt=0)
    output: int = Field(gt=0)
    tool_call: bool
    reasoning: bool


class Endpoint(Frozen):
    """One server; `url` has no path behind it, as in http://gpu-server.local:11434."""

    name: Name
    url: BaseUrl
    models: tuple[OfferedModel, ...]
