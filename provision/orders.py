"""What each workstation shall become: router settings, OpenCode, and the question that confirms it."""

from __future__ import annotations

from provision.catalogue import Catalogue
from provision.endpoints import default_model, endpoints
from provision.fleet.workstation.shapes import Confirm, Equip, Order, Package
from provision.site import Site
from router.opencode import provider_ids, settings


def order(site: Site, catalogue: Catalogue) -> Order:
    """The same for every workstation of a site."""
    served = endpoints(site, catalogue)
    host_url = served[0].url.removeprefix("http://")
    return Order(
        router=settings(served, default_model(site, catalogue)),
        equip=Equip(
            install=site.opencode.install,
            package=catalogue.opencode.package,
            version=catalogue.opencode.version,
            registry=site.opencode.npm_registry,
            packages={
                platform: Package(url=package.url, integrity=package.integrity)
                for platform, package in site.opencode.packages.items()
            },
        ),
        ollama_host=host_url if site.client_env else None,
        names=tuple(host.advertise or host.name for host in site.hosts),
        confirm=Confirm(models=_asked(site, catalogue)),
    )


def _asked(site: Site, catalogue: Catalogue) -> tuple[str, ...]:
    """One model of each provider: the first of the catalogue's defaults that it serves."""
    served = endpoints(site, catalogue)
    asked = []
    for provider, endpoint in zip(provider_ids(served), served, strict=True):
        offered = {model.name for model in endpoint.models}
        model = next((name for name in catalogue.default_models if name in offered), None)
        if model is not None:
            asked.append(f"{provider}/{model}")
    return tuple(asked)
