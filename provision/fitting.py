"""What the hosts of a site can serve, from what was seen of their cards. Pure."""

from __future__ import annotations

from provision.catalogue import Catalogue
from provision.facts import HostFacts
from provision.fit import Fit, Wishes, fit
from provision.residency import Cards, usable
from provision.site import Host, Site


def cards_of(host: Host, facts: HostFacts) -> Cards | None:
    """Bytes that models can use on each card; None where the processor serves, or memory cannot be known."""
    sizes = [gpu.memory_mib for gpu in facts.graphics.gpus]
    if host.accelerator == "cpu" or not sizes or None in sizes:
        return None
    return tuple(usable(size) for size in sizes if size is not None)


def users_of(site: Site) -> int:
    """How many may ask at once: the workstations."""
    return max(1, len(site.consumers))


def fit_of(
    host: Host, site: Site, catalogue: Catalogue, facts: HostFacts, *, users: int | None = None
) -> Fit | None:
    """What its cards can serve of what it shall; None where that cannot be told."""
    cards = cards_of(host, facts)
    if cards is None:
        return None
    return fit(
        [catalogue.model(name) for name in host.served],
        cards,
        context_tokens=catalogue.context_tokens,
        users=users or users_of(site),
        most_slots=catalogue.most_slots,
        wishes=Wishes(),
    )
