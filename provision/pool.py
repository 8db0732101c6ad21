"""The hosts as one pool behind each workstation's loopback router, and how many requests it takes at once."""

from __future__ import annotations

from provision.catalogue import Catalogue
from provision.endpoints import endpoints
from provision.fit import slots_together
from provision.hostvars import num_parallel
from provision.site import Host, Site
from router.endpoint import Endpoint
from router.loopback import Loopback, Upstream, first_byte_s

LOOPBACK = "127.0.0.1"
POOL_NAME = "GPU pool"
LOADED = 3
"""Models that Ollama keeps loaded for each GPU where it is left to it."""


def slots(host: Host, site: Site, catalogue: Catalogue) -> int:
    """Requests that a host answers at once, on all the models that it keeps loaded."""
    serving = site.serving_of(host)
    served = [catalogue.model(name) for name in host.served]
    return slots_together(served, num_parallel(serving), serving.max_loaded_models or LOADED)


def pool_slots(site: Site, catalogue: Catalogue) -> int:
    """The same of all hosts together."""
    return sum(slots(host, site, catalogue) for host in site.hosts)


def router_port(site: Site, catalogue: Catalogue) -> int:
    """The loopback router's port on each workstation."""
    return site.router.port or catalogue.router_port


def pooled_endpoint(site: Site, catalogue: Catalogue) -> Endpoint:
    """All hosts' models behind the loopback router."""
    models = {model.name: model for end in endpoints(site, catalogue) for model in end.models}
    ordered = tuple(models[name] for name in catalogue.model_names if name in models)
    return Endpoint(name=POOL_NAME, url=f"http://{LOOPBACK}:{router_port(site, catalogue)}", models=ordered)


def loopback(site: Site, catalogue: Catalogue) -> Loopback:
    """What the loopback router pools, and how long each model may take to begin its answer."""
    served = {name for host in site.hosts for name in host.served}
    return Loopback(
        port=router_port(site, catalogue),
        upstreams=tuple(
            Upstream(
                name=host.name,
                host=host.advertise or host.name,
                port=catalogue.ollama.port,
                models=host.served,
                slots=slots(host, site, catalogue),
            )
            for host in site.hosts
        ),
        first_byte_s={
            name: site.router.first_byte_s.get(name) or first_byte_s(catalogue.model(name).size_bytes)
            for name in catalogue.model_names
            if name in served
        },
    )
