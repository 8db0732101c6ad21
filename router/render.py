"""Everything that a workstation's agents need: (resolved profile, pool) in, settings and files out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import yaml
from pydantic import JsonValue

from router.chain import PLACE, Chains, chain_plugin
from router.commands import commands
from router.endpoint import Frozen
from router.omo import CHAIN, model_path, omo_settings
from router.opencode import Setting
from router.permissions import READING, permission
from router.plugins import OMO
from router.profile import POOL, is_local
from router.prompts import READ_ONLY, prompt
from router.resolve import Resolved, ResolvedAgent

MARK = "Written by astraeus-provision; a file that you change is yours from then on."
DISPLAY = {"sisyphus": "Sisyphus - ultraworker"}
"""Agents that OpenCode lists under another name once the plugin is there."""


class WholeFile(Frozen):
    """A file that is ours alone."""

    place: Literal["config", "home", "data"]
    """$XDG_CONFIG_HOME, the home, or ~/.local/share/astraeus-provision."""
    path: str
    text: str
    executable: bool = False
    optional: bool = False
    """Not worth a word where the user has one of her own."""


class Expected(Frozen):
    """An agent's model, and where it is written: what the user has there instead is hers to have."""

    model: str
    setting: tuple[str, ...] | None = None
    """In the plugin's configuration."""
    file: str | None = None
    """Below $XDG_CONFIG_HOME."""


class Rendered(Frozen):
    """What publishing writes beside the providers."""

    opencode: tuple[Setting, ...]
    omo: tuple[Setting, ...]
    """For ~/.omo/omo.jsonc; none without the plugin."""
    files: tuple[WholeFile, ...]
    agents: Mapping[str, Expected]
    """By the names under which OpenCode lists them."""
    chains: Chains | None = None

    def leaving(self, settings: Collection[tuple[str, ...]]) -> Rendered:
        """Return it without the chains of agents whose own chain, one of these settings, is their user's."""
        if self.chains is None:
            return self
        hers = {
            name
            for name, agent in self.agents.items()
            if agent.setting is not None and (*agent.setting[:-1], CHAIN) in settings
        }
        mine = _chain_file(self.chains.without(hers))
        return self.model_copy(
            update={"files": tuple(mine if file.path == mine.path else file for file in self.files)}
        )


def render(
    resolved: Resolved, pool: Mapping[str, str], *, plugin: str | None, opencode: str, routed: bool = True
) -> Rendered:
    """Return the files of a profile.

    Args:
        resolved: The profile as the site keeps it.
        pool: The pool's models, each as `provider/model` in this user's file.
        opencode: OpenCode's version.
        plugin: The entry of the plugin in OpenCode's configuration; None for OpenCode's own agents alone.
        routed: Whether the loopback router answers for the pool: the plugin understands its words.
    """
    chains = {agent.name: tuple(_named(link, pool) for link in agent.chain) for agent in resolved.agents}
    own = [agent for agent in resolved.agents if plugin is None or agent.custom]
    provider = next(iter(pool.values())).partition("/")[0] if pool else None
    others = [agent for agent in resolved.agents if agent not in own]
    shown = {agent.name: agent.name for agent in own}
    shown |= {agent.name: DISPLAY.get(agent.name, agent.name) for agent in others}
    agents = {
        agent.name: Expected(model=chains[agent.name][0], file=_agent_path(agent.name)) for agent in own
    } | {
        shown[agent.name]: Expected(model=chains[agent.name][0], setting=model_path(agent.name))
        for agent in others
    }
    reads = {shown[agent.name]: READING["read"] for agent in others if not agent.trusted}
    moves = Chains(
        by_agent={shown[agent.name]: chains[agent.name] for agent in resolved.agents},
        ours=tuple(agent.name for agent in own),
        pool=provider or "",
        plugged=plugin is not None,
        routed=routed,
        reads=reads,
    )
    return Rendered(
        opencode=_opencode(resolved, chains, pool, plugin),
        omo=() if plugin is None else omo_settings(resolved, chains, provider),
        files=(
            *(_agent_file(agent, chains[agent.name][0]) for agent in own),
            _chain_file(moves),
            *(
                WholeFile(place="config", path=path, text=text)
                for path, text in commands(with_plugin=plugin is not None).items()
            ),
            *seed(opencode),
        ),
        agents=agents,
        chains=moves,
    )


def _chain_file(chains: Chains) -> WholeFile:
    return WholeFile(place="config", path=PLACE, text=chain_plugin(chains))


def _named(link: str, pool: Mapping[str, str]) -> str:
    return pool[link.removeprefix(f"{POOL}/")] if is_local(link) else link


def _opencode(
    resolved: Resolved, chains: Mapping[str, tuple[str, ...]], pool: Mapping[str, str], plugin: str | None
) -> tuple[Setting, ...]:
    offers: dict[tuple[str, ...], JsonValue] = {
        ("autoupdate",): False,
        ("share",): "disabled",
        ("permission", "webfetch"): "ask",
        ("permission", "external_directory"): "ask",
    }
    small = Setting(
        path=("small_model",),
        value=_named(resolved.small_model, pool),
        # What must not leave the site does not depend on what a user had there before.
        policy="offer" if resolved.cloud_fallback else "own",
    )
    if "sisyphus" in chains:
        offers[("model",)] = chains["sisyphus"][0]
        if plugin is None:
            offers[("default_agent",)] = "sisyphus"
    settings = [Setting(path=path, value=value, policy="offer") for path, value in offers.items()] + [small]
    if plugin is not None:
        settings.append(Setting(path=("plugin",), value=plugin, policy="member", packages=OMO))
    return tuple(settings)


def _agent_path(name: str) -> str:
    return f"opencode/agents/{name}.md"


def _agent_file(agent: ResolvedAgent, model: str) -> WholeFile:
    shipped = prompt(agent.name) if agent.prompt is None or agent.description is None else None
    description = agent.description or (shipped.description if shipped is not None else "")
    text = agent.prompt or (shipped.text if shipped is not None else "")
    head: dict[str, JsonValue] = {
        "description": description,
        "mode": "primary" if agent.name == "sisyphus" else "all",
        "model": model,
        "permission": permission(agent),
    }
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=1000)
    body = text.strip() + ("" if agent.trusted else f"\n\n{READ_ONLY}")
    return WholeFile(
        place="config", path=_agent_path(agent.name), text=f"---\n# {MARK}\n{front}---\n{body}\n"
    )


def seed(version: str) -> tuple[WholeFile, ...]:
    """Without these OpenCode asks the package registry before it starts, for a minute where there is none."""
    name = "@opencode-ai/plugin"
    package = f'{{"dependencies":{{"{name}":"{version}"}}}}\n'
    lock = (
        '{"name":"opencode","lockfileVersion":3,"requires":true,'
        f'"packages":{{"":{{"dependencies":{{"{name}":"{version}"}}}}}}}}\n'
    )
    return (
        WholeFile(place="config", path="opencode/package.json", text=package, optional=True),
        WholeFile(place="config", path="opencode/package-lock.json", text=lock, optional=True),
        WholeFile(
            place="config", path="opencode/node_modules/.astraeus-provision", text=f"{MARK}\n", optional=True
        ),
    )
