"""Looks at a workstation: what the machine is by a pyinfra fact, the user's files by a channel nobody prints.

Reads; never changes a machine. What leaves this module holds neither foreign settings nor secrets.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.context import host

from provision.fleet.workstation.equip import plan_equip
from provision.fleet.workstation.exchange import Broken, as_user, command, converse, ended
from provision.fleet.workstation.intent import (
    asked_files,
    base_urls,
    config_of,
    intend,
    remembered_files,
)
from provision.fleet.workstation.ledger import unpack
from provision.fleet.workstation.loopback import PLACES
from provision.fleet.workstation.orders import last_look, order_of, save_look
from provision.fleet.workstation.plugin import plan_plugin
from provision.fleet.workstation.reading import Folders, FoundFile, folders_of, read_found, read_look
from provision.fleet.workstation.routed import proxy_plan, routed
from provision.fleet.workstation.scripts import script
from provision.fleet.workstation.shapes import Change, ConfigFile, Look, Order
from provision.fleet.workstation.sharedfile import Refused, text_of
from provision.fleet.workstation.withdrawal import withdraw
from router.jsonc import JsoncError, require_object
from router.loopback import STATUS_PATH
from router.smoke import FACTS


class WorkstationState(FactBase[dict[str, Any]]):
    """A workstation as the survey wants it: a Look."""

    def command(self) -> str:
        try:
            user = as_user(host).get("_sudo_user")
        except Broken:
            return "echo end"  # process() is asked only where something was said; it finds the same fault
        text = command(_look_script(order_of(host.data.machine)))
        return f"sudo -H -n -u {shlex.quote(user)} sh -c {shlex.quote(text)}" if user else text

    def process(self, output: list[str]) -> dict[str, Any]:
        try:
            as_user(host)
            look = judged(host, read_look(ended(output)), order_of(host.data.machine))
            save_look(host.data.machine, look)
        except Broken as broken:
            look = Look(problem=broken.said)
        except Exception as error:  # noqa: BLE001 - one machine's oddity must not end the look at all others
            look = Look(problem=f"its answers could not be read ({type(error).__name__})")
        return look.model_dump(mode="json")


def look_at(host: Host, order: Order | None) -> Look:
    """Return this run's look at the machine, or take one."""
    look = last_look(host.data.machine)
    return look if look is not None else read_look(converse(host, _look_script(order)))


def files_of(host: Host, look: Look, order: Order | None) -> dict[str, FoundFile]:
    """Fetch the user's files, for merging in memory."""
    folders = folders_of(look)
    # The facts say, where nothing is ordered and the ledger was lost, that files of ours are there.
    wanted = [f"{folders.data}/{FACTS}"] if order is None else asked_files(order, folders)
    found = _fetched(host, look, order, wanted)
    # What an earlier publish made, and this one wants no longer.
    ledger = unpack(found[folders.ledger].content)
    left = [path for path in remembered_files(ledger, folders) if path not in found]
    return found | _fetched(host, look, order, left) if left else found


def _fetched(host: Host, look: Look, order: Order | None, wanted: Sequence[str]) -> dict[str, FoundFile]:
    values = {
        "CONFIG_HOME": look.config_home,
        "STATE_HOME": look.state_home,
        "SHELLS": "yes" if order is not None and order.ollama_host is not None else "no",
        "FILES": "\n".join(wanted),
    }
    return read_found(converse(host, script("read", values)))


def judged(host: Host, look: Look, order: Order | None) -> Look:
    """Add to a look what publishing and equipping would do."""
    if look.problem:
        raise Broken(look.problem)
    if not look.home.startswith("/"):
        raise Broken("it has no home folder")
    plan = None if order is None else proxy_plan(order, look)
    if order is not None:
        order = routed(order, look)
    found = files_of(host, look, order)
    folders = folders_of(look)
    config = describe(config_of(found, folders))
    more: dict[str, Any] = {"config": config}
    if all(file.kind == "absent" for file in found.values()):
        more["untouched"] = tuple(found)
    more.update(_decided(found, folders, order))
    if order is not None:
        more["equip"] = plan_equip(look, order.equip)
        if order.plugin is not None:
            more["plugin_equip"] = plan_plugin(look, order.plugin)
        more["loopback"] = plan
        urls = base_urls(order.router).values()
        more["reach"] = {url: said for url, said in look.reach.items() if url in urls}
        more["lacking"] = lacking_keys(look, order)
    return look.model_copy(update=more)


def describe(file: FoundFile) -> ConfigFile:
    """Return the configuration file as it may be shown."""
    fault = None
    if file.kind == "file":
        try:
            require_object(text_of(file) or "")
        except JsoncError as error:
            fault = str(error)
        except Refused as refused:
            fault = refused.problem
    return ConfigFile(
        path=file.path,
        kind="unreadable" if file.kind == "large" else file.kind,
        mode=file.mode,
        uid=file.uid,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        broken=fault,
    )


def lacking_keys(look: Look, order: Order) -> dict[str, tuple[str, ...]]:
    """Return the cloud providers of the agents that have neither a key in the environment nor a login."""
    if order.agents is None:
        return {}
    return {
        cloud: names
        for cloud, names in order.keys.items()
        if cloud not in look.logins and not set(names) & set(look.keys)
    }


def _decided(found: dict[str, FoundFile], folders: Folders, order: Order | None) -> dict[str, Any]:
    """Return what publishing would do, or taking ours out where nothing is ordered."""
    try:
        if order is not None:
            return {"change": intend(found, folders, order).change}
        plan = withdraw(found, folders)
    except Refused as refused:
        return {"refused": refused.problem, "remedy": refused.remedy}
    return {"change": Change() if plan is None else plan.change}


def _look_script(order: Order | None) -> str:
    pooled = None if order is None else order.pooled
    ways = [] if order is None else [order.router, *([] if pooled is None else [pooled.router])]
    urls = sorted({url for way in ways for url in base_urls(way).values()})
    names = order.names if order is not None else ()
    keys = order.keys if order is not None and order.agents is not None else {}
    plugin = order.plugin.packages if order is not None and order.plugin is not None else ()
    values = {
        "NAMES": " ".join(names),
        "URLS": " ".join(urls),
        "KEYS": " ".join(key for names in keys.values() for key in names),
        "CLOUDS": " ".join(keys),
        "PLUGIN": " ".join(plugin),
        "PORT": str(order.hosts.port if order is not None and order.hosts is not None and pooled else 0),
        "STATUS_PATH": STATUS_PATH,
        "PLACES": PLACES,
    }
    return script("look", values)
