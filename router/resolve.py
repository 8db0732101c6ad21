"""A profile as a site can keep it: (profile, served models) in, each agent's real chain out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from router.clouds import CLOUDS, Cost
from router.endpoint import Frozen
from router.profile import BUILT_IN, POOL, Capability, Profile, ProfileError, is_local

Place = Literal["gpu", "cloud"]


class ResolvedAgent(Frozen):
    """One agent with the links that are there."""

    name: str
    chain: tuple[str, ...]
    may: tuple[Capability, ...] = ()
    place: Place
    """Where its first link thinks."""
    cost: Cost
    """Of its first link."""
    custom: bool
    """Brought by us, not by the plugin."""
    trusted: bool
    """Meant for a cloud model: local ones are trusted less, and so is a cloud that steps in for them."""
    loosened: tuple[Capability, ...] = ()
    """What a local agent may beyond reading."""
    description: str | None = None
    prompt: str | None = None


class Resolved(Frozen):
    """A profile that can be kept."""

    profile: str
    agents: tuple[ResolvedAgent, ...]
    small_model: str
    """For titles and summaries, which are made in every session."""
    cloud_fallback: bool
    warnings: tuple[str, ...] = ()
    pool_limit: int
    """Background tasks at once on the pool, for one OpenCode."""
    provider_limits: Mapping[str, int] = {}
    """The same for clouds."""

    @property
    def clouds(self) -> tuple[str, ...]:
        """Cloud providers that some agent may ask."""
        links = [link for agent in self.agents for link in agent.chain if not is_local(link)]
        if not is_local(self.small_model):
            links.append(self.small_model)
        return tuple(sorted({link.partition("/")[0] for link in links}))


def resolve(
    profile: Profile,
    offered: Collection[str],
    *,
    named: Collection[str] = (),
    pool_slots: int,
    workstations: int,
) -> Resolved:
    """Drop the links that nobody serves; ProfileError where that is more than a profile can bear.

    Args:
        profile: What was asked for.
        offered: Models that the pool serves, as Ollama names them.
        named: Models of the pool that a person asked for by name: their absence is an error.
        pool_slots: Requests that the pool answers at once.
        workstations: How many share it.
    """
    served = {_tagged(f"{POOL}/{name}"): f"{POOL}/{name}" for name in offered}
    warnings: list[str] = []
    agents = []
    for name, agent in profile.agents.items():
        local_first = is_local(agent.models[0])
        chain = []
        for link in agent.models:
            if not is_local(link):
                if not local_first or profile.cloud_fallback:
                    chain.append(link)
            elif _tagged(link) in served:
                chain.append(served[_tagged(link)])
            elif (model := link.removeprefix(f"{POOL}/")) in named:
                raise ProfileError(name, f"no host serves {model}, which the profile names")
        missing = [link for link in agent.models if is_local(link) and _tagged(link) not in served]
        if not chain:
            raise ProfileError(name, f"no link is left of {' → '.join(agent.models)}")
        if missing:
            models = ", ".join(link.removeprefix(f"{POOL}/") for link in missing)
            then = f"; it begins with {chain[0]}" if agent.models[0] in missing else ""
            warnings.append(f"{name}: no host serves {models}{then}")
        agents.append(_agent(profile, name, tuple(chain), local=local_first))
    small = _small_model(profile, agents, served, warnings)
    warnings += _said(profile, agents)
    limits = dict(profile.provider_limits)
    own = limits.pop(POOL, None)
    share = max(1, pool_slots // workstations)
    return Resolved(
        profile=profile.name,
        agents=tuple(agents),
        small_model=small,
        cloud_fallback=profile.cloud_fallback,
        warnings=tuple(warnings),
        pool_limit=share if own is None else min(share, own),
        provider_limits=limits,
    )


def _tagged(link: str) -> str:
    """Return a link of the pool with its tag: a name without one means `latest`."""
    return link if ":" in link else f"{link}:latest"


def _agent(profile: Profile, name: str, chain: tuple[str, ...], *, local: bool) -> ResolvedAgent:
    """An agent that was meant for the pool stays as little trusted where only its cloud links are left."""
    agent = profile.agents[name]
    place: Place = "gpu" if is_local(chain[0]) else "cloud"
    return ResolvedAgent(
        name=name,
        chain=chain,
        may=agent.may,
        place=place,
        cost="free" if place == "gpu" else CLOUDS.models[chain[0]].cost,
        custom=name not in BUILT_IN,
        trusted=not local,
        loosened=agent.may if local else (),
        description=agent.description,
        prompt=agent.prompt,
    )


def _small_model(
    profile: Profile, agents: Collection[ResolvedAgent], served: Mapping[str, str], warnings: list[str]
) -> str:
    """Return who makes titles and summaries: of every session, so a local one keeps them on the site."""
    small = profile.small_model
    local = next((agent.chain[0] for agent in agents if agent.place == "gpu"), None)
    guarded = local is not None and not profile.cloud_fallback
    if is_local(small) and _tagged(small) in served:
        return served[_tagged(small)]
    if not is_local(small) and not guarded:
        return small
    # Never nobody: OpenCode would choose a model by itself.
    clouds = (link for agent in agents for link in agent.chain if not is_local(link))
    other = local or min(clouds, key=lambda link: CLOUDS.models[link].usd_out)
    warnings.append(f"titles and summaries: not {small}, but {other} makes them")
    return other


def _said(profile: Profile, agents: Collection[ResolvedAgent]) -> list[str]:
    said = [
        f"{agent.name} is local and may {', '.join(agent.loosened)}: the profile loosens it"
        for agent in agents
        if agent.loosened
    ]
    if not profile.cloud_fallback:
        names = ", ".join(agent.name for agent in agents if agent.place == "cloud") or "none"
        said.append(f"local agents have no cloud link (cloud_fallback is false); these use clouds: {names}")
    return said
