"""What the hosts of a site can serve, by what was seen of their cards; the site with that filled in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import ceil
from typing import get_args

from provision.catalogue import Catalogue, Model, full_name
from provision.disk import models_there
from provision.facts import HostFacts
from provision.fit import CHOSEN_CACHES, Fit, Wishes, fit
from provision.model import Frozen
from provision.placement import shared
from provision.residency import RESERVED_BYTES, Cards, Server, fits_alone, usable
from provision.rolevars import CacheType
from provision.site import Host, Serving, Site
from provision.vram import GIB, margin, used


def cards_of(host: Host, facts: HostFacts) -> Cards | None:
    """Bytes that models can use on each card; None where the processor serves, or memory cannot be known."""
    sizes = [gpu.memory_mib for gpu in facts.graphics.gpus]
    if host.accelerator == "cpu" or not sizes or None in sizes:
        return None
    return tuple(usable(size) for size in sizes if size is not None)


def users_of(site: Site) -> int:
    """How many may ask at once: the workstations."""
    return max(1, len(site.consumers))


def wishes_of(host: Host, site: Site) -> Wishes:
    """What the site says of a host's settings."""
    serving = site.serving_of(host)
    return Wishes(
        slots=serving.num_parallel,
        cache=serving.kv_cache_type,
        most_loaded=serving.max_loaded_models or None,
        accept_offload=host.accept_offload,
    )


def fits(
    site: Site, catalogue: Catalogue, seen: Mapping[str, HostFacts], *, users: int | None = None
) -> dict[str, Fit]:
    """What each host's cards can serve of what it shall, for hosts that were seen and whose cards are known.

    Hosts that serve by default share the models. Where one of these was not seen, nothing is moved: the
    others go on with what they have.
    """
    cards = {
        host.name: known
        for host in site.hosts
        if host.name in seen and (known := cards_of(host, seen[host.name])) is not None
    }
    fitting = {
        host.name: partial(
            fit,
            cards=cards[host.name],
            context_tokens=catalogue.context_tokens,
            users=users or users_of(site),
            most_slots=catalogue.most_slots,
            wishes=wishes_of(host, site),
        )
        for host in site.hosts
        if host.name in cards
    }
    sharing = _sharing(site)
    found = {
        host.name: fitting[host.name](_asked(host, catalogue, seen[host.name], keep=host.name in sharing))
        for host in site.hosts
        if host.name in fitting
    }
    if sharing <= seen.keys() and len(sharing & fitting.keys()) > 1:
        together = {name: one for name, one in fitting.items() if name in sharing}
        found |= _beside(site, found, shared(catalogue.models, catalogue.default_models, together))
    return found


def _sharing(site: Site) -> frozenset[str]:
    """Hosts that share the default models, if there are several."""
    names = frozenset(
        host.name
        for host in site.hosts
        if host.models is None and host.accelerator != "cpu" and not host.accept_offload
    )
    return names if len(names) > 1 else frozenset()


def _asked(host: Host, catalogue: Catalogue, facts: HostFacts, *, keep: bool) -> list[Model]:
    """What a host shall serve; one that shares, and is looked at without the others, what it has of that."""
    there = models_there(facts) if keep and facts.ollama.kind == "ours" else frozenset()
    kept = [name for name in host.served if full_name(name) in there]
    return [catalogue.model(name) for name in kept or host.served]


def _beside(site: Site, found: Mapping[str, Fit], together: Mapping[str, Fit]) -> dict[str, Fit]:
    """What the sharing hosts leave out, without what hosts that do not share serve."""
    others = {
        name
        for host in site.hosts
        if host.name not in together
        for name in (found[host.name].served if host.name in found else host.served)
    }
    return {
        host: one.model_copy(update={"left_out": tuple(name for name in one.left_out if name not in others)})
        if one.served
        else one
        for host, one in together.items()
    }


def fitted(site: Site, found: Mapping[str, Fit]) -> Site:
    """The site as it can be kept: each host with the models that fit and the settings that follow.

    A host on which nothing fits stays as it is described. Fitting what is fitted changes nothing.
    """
    return site.model_copy(
        update={
            "hosts": tuple(
                _fitted(host, site, found[host.name])
                if host.name in found and found[host.name].served
                else host
                for host in site.hosts
            )
        }
    )


def _fitted(host: Host, site: Site, found: Fit) -> Host:
    serving = Serving(
        num_parallel=found.server.slots,
        max_loaded_models=found.most_loaded,
        kv_cache_type=found.server.cache,
        keep_alive=site.serving_of(host).keep_alive,
    )
    return host.model_copy(update={"models": found.served, "serving": serving})


def needs_text(model: Model, wishes: Wishes, found: Fit) -> str:
    """What a model needs that does not fit, and what there is: `needs 21.2 GiB (f16 cache) …`."""
    caches = (wishes.cache,) if wishes.cache else CHOSEN_CACHES
    at = found.server
    sizes = " or ".join(
        f"{used(model, at.context_tokens, at.slots, cache).total / GIB:.1f} GiB ({cache} cache)"
        for cache in caches
    )
    beside = margin(model) / GIB
    free = f" and {beside:.1f} free beside it" if beside else ""
    count = "1 request" if at.slots == 1 else f"{at.slots} requests"
    has = sum(found.cards) / GIB
    return f"needs {sizes} of GPU memory with {count} at a time{free}; {has:.1f} GiB are usable"


def processor_share(model: Model, found: Fit) -> int:
    """Percent of a model that does not fit on the cards and would run on the processor."""
    at, cards = found.server, len(found.cards)
    need = used(model, at.context_tokens, at.slots, at.cache, cards=cards).total
    missing = need + margin(model, cards=cards) - sum(found.cards)
    return min(100, max(1, ceil(100 * missing / need)))


class WayOut(Frozen):
    """Something that the site can say of a host so that a model is served all the same."""

    words: str
    meaning: str


def ways_out(model: Model, found: Fit) -> tuple[WayOut, ...]:
    """Smaller settings at which it fits on the same cards; the smallest change of each kind."""
    at = found.server
    smaller = get_args(CacheType)[get_args(CacheType).index(at.cache) + 1 :]

    def fits_at(slots: int, cache: CacheType) -> bool:
        server = Server(context_tokens=at.context_tokens, slots=slots, cache=cache)
        return fits_alone(model, server, found.cards)

    ways = []
    fewer = next((count for count in range(at.slots - 1, 0, -1) if fits_at(count, at.cache)), None)
    if fewer is not None:
        ways.append(WayOut(words=f"serving: {{num_parallel: {fewer}}}", meaning="fewer requests at once"))
    cache = next((cache for cache in smaller if fits_at(at.slots, cache)), None)
    if cache is not None:
        ways.append(WayOut(words=f"serving: {{kv_cache_type: {cache}}}", meaning="a less exact cache"))
    both = next((cache for cache in smaller if fits_at(1, cache)), None)
    if not ways and both is not None:
        words = f"serving: {{num_parallel: 1, kv_cache_type: {both}}}"
        ways.append(WayOut(words=words, meaning="one request at a time and a less exact cache"))
    return tuple(ways)


def memory_for(model: Model, found: Fit) -> int:
    """GiB that one card must have for it, at the smallest settings that are chosen by themselves."""
    need = used(model, found.server.context_tokens, 1, CHOSEN_CACHES[-1]).total
    return ceil((need + margin(model) + RESERVED_BYTES) / GIB)


def unfit(found: Mapping[str, Fit], catalogue: Catalogue) -> tuple[str, ...]:
    """What the hosts' cards leave out, and what an accepted offload costs, for the plan."""
    said = []
    for host, one in found.items():
        for model in (catalogue.model(name) for name in one.left_out):
            ways = "".join(f"; it would with `{way.words}`" for way in ways_out(model, one)[:1])
            needs = needs_text(model, Wishes(cache=one.server.cache), one)
            said.append(f"{host}: {model.name} is left out, it does not fit: it {needs}{ways}")
        said += [
            f"{host}: {name} does not fit and is served all the same (accept_offload): about "
            f"{processor_share(catalogue.model(name), one)} % of it runs on the processor, several times "
            "slower, and no other model stays loaded beside it"
            for name in one.offloaded
        ]
    return tuple(said)
