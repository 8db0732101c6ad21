"""What each workstation shall become: providers, agents, OpenCode, and the question that confirms it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from provision.catalogue import Catalogue, Model
from provision.endpoints import default_model, endpoints
from provision.errors import SiteError
from provision.fleet.workstation.shapes import (
    Confirm,
    Equip,
    Order,
    Package,
    Plugin,
    PluginPackage,
    Pooled,
    Smoke,
)
from provision.pool import loopback, pool_slots, pooled_endpoint
from provision.profiles import load_profile
from provision.site import Site
from router.clouds import CLOUDS
from router.endpoint import Endpoint
from router.opencode import provider_ids, settings
from router.permissions import refused_by_plugin, refused_when_delegated
from router.profile import ProfileError
from router.resolve import Resolved, resolve
from router.smoke import Tools


def orders(site: Site, catalogue: Catalogue) -> dict[str, Order]:
    """Return the order of every workstation; SiteError where a profile is wrong or fits no host."""
    base = _base(site, catalogue)
    names = {station.name: station.profile or site.router.profile for station in site.consumers}
    by_profile = {name: _with_agents(base, name, site, catalogue) for name in dict.fromkeys(names.values())}
    return {station: by_profile[profile] for station, profile in names.items()}


def resolved(name: str, site: Site, catalogue: Catalogue) -> Resolved | None:
    """Return a profile as it can be kept by the site's hosts; None for `none`."""
    chosen = load_profile(name)
    if chosen is None:
        return None
    offered = {model for host in site.hosts for model in host.served}
    try:
        return resolve(
            chosen.profile,
            offered,
            named=chosen.named,
            pool_slots=pool_slots(site, catalogue),
            workstations=max(1, len(site.consumers)),
        )
    except ProfileError as error:
        where = f"profile {name}: " + (f"agent {error.agent}: " if error.agent else "")
        raise SiteError(
            f"{where}{error}",
            remedy=f"the hosts serve {', '.join(sorted(offered))}; name one of these, or let a host serve it",
        ) from None


def remarks(site: Site, limit: Collection[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Say what of the profiles of these workstations the plan must show."""
    names = [one.profile or site.router.profile for one in site.consumers if one.name in limit]
    said = []
    for name in dict.fromkeys(names):
        agents = resolved(name, site, catalogue)
        if agents is None:
            continue
        texts = list(agents.warnings)
        if site.router.plugin:
            texts += [
                f"{one.name} may {', '.join(refused)}, and the plugin refuses that to its own agent"
                for one in agents.agents
                if (refused := refused_by_plugin(one))
            ]
            texts += [
                f"{one.name} may {', '.join(refused)} when it is asked directly; the plugin refuses it to an "
                "agent that another one calls"
                for one in agents.agents
                if (refused := refused_when_delegated(one))
            ]
        said += [f"profile {name}: {text}" for text in texts]
    return tuple(said)


def _with_agents(base: Order, profile: str, site: Site, catalogue: Catalogue) -> Order:
    agents = resolved(profile, site, catalogue)
    if agents is None:
        return base.model_copy(update={"clouds": {}})
    plugin = _plugin(site, catalogue) if site.router.plugin else None
    keys = {name: CLOUDS.providers[name].keys for name in agents.clouds}
    return base.model_copy(update={"agents": agents, "plugin": plugin, "keys": keys})


def _base(site: Site, catalogue: Catalogue) -> Order:
    served = endpoints(site, catalogue)
    default = default_model(site, catalogue)
    return Order(
        router=settings(served, default),
        clouds={name: cloud.base_url for name, cloud in site.router.clouds.items()},
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
        hosts=loopback(site, catalogue),
        pooled=_pooled(site, catalogue) if site.router.loopback else None,
        smoke=Smoke(
            context_tokens=catalogue.context_tokens,
            tools={model.name: _calls_tools(model) for model in catalogue.models},
        ),
        ollama_host=served[0].url.removeprefix("http://") if site.client_env else None,
        names=tuple(host.address for host in site.hosts),
        confirm=Confirm(models=_asked(served, catalogue)),
    )


def _plugin(site: Site, catalogue: Catalogue) -> Plugin:
    release = catalogue.plugin
    urls: Mapping[str, str] = site.router.packages
    return Plugin(
        version=release.packages[release.package].version,
        packages={
            name: PluginPackage(version=package.version, integrity=package.integrity, url=urls.get(name))
            for name, package in release.packages.items()
        },
    )


def _pooled(site: Site, catalogue: Catalogue) -> Pooled:
    pool = (pooled_endpoint(site, catalogue),)
    return Pooled(router=settings(pool, default_model(site, catalogue)), models=_asked(pool, catalogue))


def _calls_tools(model: Model) -> Tools:
    if "tools" not in model.abilities:
        return "no"
    return "may fail" if model.tool_call_may_fail else "yes"


def _asked(served: Sequence[Endpoint], catalogue: Catalogue) -> tuple[str, ...]:
    """One model of each provider: the first of the catalogue's defaults that it serves."""
    asked = []
    for provider, endpoint in zip(provider_ids(served), served, strict=True):
        offered = {model.name for model in endpoint.models}
        model = next((name for name in catalogue.default_models if name in offered), None)
        if model is not None:
            asked.append(f"{provider}/{model}")
    return tuple(asked)
