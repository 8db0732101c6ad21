"""Profiles: which agent thinks with which models, and what it may do. Pure types over shipped data."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints, model_validator

from router.clouds import CLOUDS
from router.endpoint import Frozen

POOL = "ollama"
"""The provider of a profile that means the site's own hosts, whatever id that has in a user's file."""

Capability = Literal["edit", "fetch", "shell", "delegate"]
"""What an agent may do beyond reading."""


class ProfileError(ValueError):
    """A profile that this site cannot keep; `agent` is the one that it fails at."""

    def __init__(self, agent: str, message: str) -> None:
        super().__init__(message)
        self.agent = agent


def is_local(model: str) -> bool:
    """Whether a model reference means the pool."""
    return model.startswith(f"{POOL}/")


def _known(model: str) -> str:
    if not is_local(model) and model not in CLOUDS.models:
        raise ValueError(f"unknown model {model!r}; `{POOL}/…` is the site's own, clouds have {_listed()}")
    return model


def _listed() -> str:
    return ", ".join(CLOUDS.models)


def _once(models: tuple[str, ...]) -> tuple[str, ...]:
    """Return the chain; a name of the pool without a tag is the same model as that with `:latest`."""
    same = [model.removesuffix(":latest") if is_local(model) else model for model in models]
    for at, model in enumerate(models):
        if same.index(same[at]) < at:
            raise ValueError(f"{model!r} stands in the chain twice")
    return models


def _free(name: str) -> str:
    if name in TAKEN:
        raise ValueError(
            f"{name!r} is an agent of OpenCode's or of its plugin's own: give yours another name"
        )
    return name


def _provider(name: str) -> str:
    if name != POOL and name not in CLOUDS.providers:
        raise ValueError(f"unknown provider {name!r}; there are {', '.join((POOL, *CLOUDS.providers))}")
    return name


def _plain(text: str) -> str:
    for character in text:
        if unicodedata.category(character) == "Cc" and character not in "\n\t":
            raise ValueError(
                f"has the control character U+{ord(character):04X}; a text may have newline and tab alone"
            )
    return text


NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
AGENT = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
MODEL = r"^[a-z0-9-]+/[A-Za-z0-9._:/-]+$"
FORMS = {
    NAME: "a name: small letters and digits, with single dashes between them, such as our-team",
    AGENT: "an agent's name: small letters and digits, with single dashes between them, such as tdd-guide",
    MODEL: f"a model: a provider and its model, such as openai/gpt-4o, or {POOL}/… for the site's own",
}
"""What each pattern means, for messages."""

ModelRef = Annotated[str, StringConstraints(pattern=MODEL), AfterValidator(_known)]
Chain = Annotated[tuple[ModelRef, ...], Field(min_length=1), AfterValidator(_once)]
AgentName = Annotated[str, StringConstraints(pattern=AGENT, max_length=64), AfterValidator(_free)]
ProviderName = Annotated[str, AfterValidator(_provider)]
Text = Annotated[str, AfterValidator(_plain)]


class AgentProfile(Frozen):
    """One agent: its chain of models, the first asked first."""

    models: Chain
    may: tuple[Capability, ...] = ()
    description: Text | None = None
    """When to call it; needed for an agent that is not shipped."""
    prompt: Text | None = None
    """What it is told; the shipped agents have texts of their own, and the plugin's are told this as well."""


class Profile(Frozen):
    """All of it; `schema: 1` is the file's version."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    name: Annotated[str, StringConstraints(pattern=NAME)]
    title: Text = ""
    agents: Annotated[Mapping[AgentName, AgentProfile], Field(min_length=1)]
    small_model: ModelRef
    """For titles and summaries."""
    cloud_fallback: StrictBool = True
    """False: local agents have no cloud link, and nothing of their sessions leaves the site."""
    provider_limits: Mapping[ProviderName, Annotated[StrictInt, Field(ge=1, le=64)]] = {}
    """Background tasks at once, by provider; the pool's own limit is never above what the pool has."""

    model_config = {**Frozen.model_config, "populate_by_name": True}

    @model_validator(mode="after")
    def _strangers_are_described(self) -> Profile:
        for name, agent in self.agents.items():
            if name not in SHIPPED_AGENTS and not (agent.description and agent.prompt):
                known = ", ".join(SHIPPED_AGENTS)
                raise ValueError(
                    f"agent {name!r} is not one of {known}: it needs a `description` and a `prompt`"
                )
        return self


BUILT_IN = ("sisyphus", "oracle", "librarian", "explore")
"""Agents that the plugin brings."""
CUSTOM = (
    "tdd-guide",
    "code-reviewer",
    "security",
    "build-error-resolver",
    "refactor-cleaner",
    "document-writer",
    "doc-updater",
    "journalist",
)
"""Agents that we bring."""
SHIPPED_AGENTS = (*BUILT_IN, *CUSTOM)
UNUSED = ("hephaestus", "prometheus", "atlas", "metis", "momus", "multimodal-looker")
"""The plugin's agents that no profile knows: they would ask models of the plugin's choice."""
TAKEN = (*UNUSED, "sisyphus-junior", "build", "plan", "general", "compaction", "summary", "title")
"""Names that would change what others do."""


def shipped() -> tuple[str, ...]:
    """Names of the profiles that come with the program."""
    folder = files("router") / "profiles"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir()))


Profile.model_rebuild()
