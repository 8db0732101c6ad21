"""The smoke script and the facts that it compares with, as files of a workstation. Pure."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.resources import files

from provision.fleet.workstation.reading import Folders
from provision.fleet.workstation.shapes import Order
from router.naming import Naming
from router.render import WholeFile
from router.smoke import FACTS, SCRIPT, expectations, smoke_script


def pool_of(naming: Naming) -> dict[str, str]:
    """Return the pool's models, each as `provider/model` in this machine's file."""
    pool: dict[str, str] = {}
    for offered in naming.settings.offered:
        pool.setdefault(offered.split("/", 1)[1], offered)
    return pool


def smoke_paths(order: Order, folders: Folders) -> tuple[str, ...]:
    """Return where they are, or will be."""
    return () if order.smoke is None else tuple(f"{folders.data}/{name}" for name in (SCRIPT, FACTS))


def smoke_files(order: Order, naming: Naming, shown: Collection[str], config: str) -> tuple[WholeFile, ...]:
    """Return both; `shown` are the agents that are ours there, `config` is OpenCode's configuration file."""
    if order.smoke is None or order.hosts is None:
        return ()
    facts = expectations(
        order.agents,
        order.hosts,
        routed=order.routed,
        pool=pool_of(naming),
        shown=shown,
        opencode=order.equip.version,
        plugin=None if order.plugin is None else order.plugin.version,
        config=config,
        context_tokens=order.smoke.context_tokens,
        tools=order.smoke.tools,
        cloud_urls=order.clouds,
    )
    return (
        WholeFile(place="data", path=SCRIPT, text=_script(), executable=True),
        WholeFile(place="data", path=FACTS, text=facts),
    )


@cache
def _script() -> str:
    folder = files("provision.fleet.workstation") / "sh"
    return smoke_script("".join((folder / f"{part}.sh").read_text("utf-8") for part in ("common", "copy")))
