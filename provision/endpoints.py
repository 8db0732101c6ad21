"""The endpoints a site declares: known before anything is touched, so that a dry run can show the files."""

from __future__ import annotations

from provision.catalogue import Catalogue
from provision.site import Host, Site
from router.endpoint import Endpoint, OfferedModel


def endpoint(host: Host, catalogue: Catalogue) -> Endpoint:
    """Where workstations find that host, and what it offers."""
    address = host.address
    bracketed = f"[{address}]" if ":" in address else address
    return Endpoint(
        name=host.name,
        url=f"http://{bracketed}:{catalogue.ollama.port}",
        models=tuple(
            OfferedModel(
                name=model.name,
                title=model.title,
                context=catalogue.context_tokens,
                output=catalogue.output_tokens,
                tool_call="tools" in model.abilities,
                reasoning="thinking" in model.abilities,
            )
            for model in (catalogue.model(name) for name in host.served)
        ),
    )


def endpoints(site: Site, catalogue: Catalogue) -> tuple[Endpoint, ...]:
    """One endpoint for each host, in the site's order."""
    return tuple(endpoint(host, catalogue) for host in site.hosts)


def default_model(site: Site, catalogue: Catalogue) -> str | None:
    """What OpenCode uses when nothing else is said: the catalogue's first choice that a host serves."""
    served = {name for host in site.hosts for name in host.served}
    return next((name for name in catalogue.default_models if name in served), None)
