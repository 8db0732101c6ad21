"""Decides by a look whether a workstation's OpenCode asks the hosts, or its own loopback router. Pure."""

from __future__ import annotations

from typing import Literal, cast

from provision.fleet.workstation.loopback import plan_loopback
from provision.fleet.workstation.proxy import ProxyPlan
from provision.fleet.workstation.reading import Folders
from provision.fleet.workstation.shapes import Look, Order
from router.service import AGENT, CONFIG, DATA, SCRIPT, UNIT, service_files


def proxy_plan(order: Order, look: Look) -> ProxyPlan | None:
    """Return how the loopback router would come there; None where the order has none."""
    if order.pooled is None or order.hosts is None:
        return None
    return plan_loopback(look.proxy, look.os, order.hosts)


def routed(order: Order, look: Look) -> Order:
    """Return the order as this machine can have it: behind its loopback router, or past it."""
    plan = proxy_plan(order, look)
    if plan is None or plan.how == "impossible" or order.pooled is None or order.hosts is None:
        return order
    system = cast("Literal['Linux', 'Darwin']", look.os)
    files = service_files(order.hosts, system=system, haproxy=plan.haproxy, home=look.home)
    return order.model_copy(
        update={
            "router": order.pooled.router,
            "routed": True,
            "files": (*order.files, *files),
            "confirm": order.confirm.model_copy(update={"models": order.pooled.models}),
        }
    )


def service_paths(folders: Folders) -> frozenset[str]:
    """Return the files on which the running router depends, on either system."""
    data = (f"{folders.home}/{DATA}/{name}" for name in (CONFIG, SCRIPT))
    return frozenset((*data, *(f"{folders.home}/{name}" for name in (UNIT, AGENT))))
