"""The smoke commands of a workstation: one script, and the facts that it compares with. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib.resources import files
from typing import Literal

from router.clouds import CLOUDS
from router.loopback import Loopback
from router.permissions import refused_by_plugin
from router.profile import POOL, is_local
from router.render import DISPLAY
from router.resolve import Resolved, ResolvedAgent

SCRIPT = "smoke.sh"
FACTS = "expected.tsv"
"""Both in ~/.local/share/astraeus-provision."""
PARTS = ("json", "ask", "tell", "here", "local", "live", "routing", "bottleneck", "main")
OWN_URLS: Mapping[str, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
    "google": "https://generativelanguage.googleapis.com/v1beta",
}
"""Where a cloud answers that nobody gave another address."""
NONE = "-"
"""Stands for nothing: shells run empty fields together."""

Tools = Literal["yes", "may fail", "no"]


def smoke_script(common: str) -> str:
    """Return the whole script: what it shares with others on a workstation, and the parts of its own."""
    folder = files("router") / "smokes"
    parts = (folder.joinpath(f"{part}.sh").read_text("utf-8") for part in PARTS)
    head = "#!/bin/sh\n# Written by astraeus-provision; it is written anew from the site.\n"
    return head + common + "".join(parts)


def expectations(
    resolved: Resolved | None,
    hosts: Loopback,
    *,
    routed: bool,
    pool: Mapping[str, str],
    shown: Collection[str],
    opencode: str,
    plugin: str | None,
    config: str,
    context_tokens: int,
    tools: Mapping[str, Tools],
    cloud_urls: Mapping[str, str],
) -> str:
    r"""Return the facts: a line each, a word and its fields, all between tabs; `-` for an empty field.

    `opencode VERSION` · `plugin VERSION` (only with it) · `router PORT` (only where there is one) ·
    `context TOKENS` · `config PATH` · `model NAME PROVIDER/MODEL TOOLS FIRST_BYTE_S` ·
    `host NAME URL MODEL,…` · `agent NAME SHOWN PLACE COST trusted|untrusted MAY,… LINK>…` ·
    `cloud PROVIDER VARIABLE,… URL` · last `end LINES`, how many stand before it: a part is not taken for all

    Args:
        resolved: The profile as the site keeps it; None where the user wants no agents of ours.
        hosts: What the loopback router pools, or would.
        routed: Whether this workstation has the loopback router; without, OpenCode asks the hosts.
        pool: The pool's models, each as `provider/model` in this user's file.
        shown: The agents that are ours here, by the names under which OpenCode lists them.
        opencode: OpenCode's version.
        plugin: The plugin's version; None without.
        config: OpenCode's configuration file, absolute.
        context_tokens: What each host's models take.
        tools: By model of the pool: whether it makes structured tool calls.
        cloud_urls: Clouds that the site has elsewhere.
    """
    lines: list[tuple[str, ...]] = [("opencode", opencode)]
    if plugin is not None:
        lines.append(("plugin", plugin))
    if routed:
        lines.append(("router", str(hosts.port)))
    lines += [("context", str(context_tokens)), ("config", config)]
    lines += [
        ("model", name, ref, tools.get(name, "yes"), str(hosts.first_byte_s.get(name, NONE)))
        for name, ref in pool.items()
    ]
    lines += [("host", one.name, one.url, ",".join(one.models) or NONE) for one in hosts.upstreams]
    if resolved is not None:
        lines += _agents(resolved, pool, shown, with_plugin=plugin is not None)
        lines += [
            (
                "cloud",
                name,
                ",".join(CLOUDS.providers[name].keys),
                cloud_urls.get(name) or OWN_URLS.get(name, NONE),
            )
            for name in resolved.clouds
        ]
    lines.append(("end", str(len(lines))))
    return "".join("\t".join(_field(field) for field in line) + "\n" for line in lines)


def _agents(
    resolved: Resolved, pool: Mapping[str, str], shown: Collection[str], *, with_plugin: bool
) -> Iterator[tuple[str, ...]]:
    for agent in resolved.agents:
        name = DISPLAY.get(agent.name, agent.name) if with_plugin else agent.name
        if name in shown:
            yield (
                "agent",
                agent.name,
                name,
                agent.place,
                agent.cost,
                "trusted" if agent.trusted else "untrusted",
                ",".join(_may(agent, with_plugin=with_plugin)) or NONE,
                ">".join(_named(link, pool) for link in agent.chain),
            )


def _may(agent: ResolvedAgent, *, with_plugin: bool) -> list[str]:
    """What it really may: the plugin's own denials stand."""
    refused = refused_by_plugin(agent) if with_plugin else ()
    return [one for one in agent.may if one not in refused]


def _named(link: str, pool: Mapping[str, str]) -> str:
    return pool[link.removeprefix(f"{POOL}/")] if is_local(link) else link


def _field(text: str) -> str:
    if not text or any(character in text for character in "\t\r\n"):
        raise ValueError(f"{text!r} cannot be a field: it is empty, or holds a tab or a line break")
    return text
