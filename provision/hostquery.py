"""What a survey asks of one host, from the site and the catalogue. Pure."""

from __future__ import annotations

from provision.catalogue import Catalogue, full_name
from provision.disk import PREFIX
from provision.fleet.host.script import HostQuery, LiveQuery
from provision.hostvars import COMMAND, MODELS_DIR, RELEASES
from provision.site import Host, Site

PUBLIC_LIBRARY = "https://registry.ollama.ai/library"
"""Where Ollama itself pulls from when no mirror is named."""


def _parts(url: str) -> tuple[str, str, str]:
    """Scheme, host with port, path; any text has them, where urlsplit fails at some."""
    scheme, _, rest = url.partition("://")
    netloc, _, path = rest.partition("/")
    return scheme, netloc, path


def _host(url: str) -> str:
    netloc = _parts(url)[1].lower()
    return netloc[1:].partition("]")[0] if netloc.startswith("[") else netloc.partition(":")[0]


def manifest_url(base: str, site: Site) -> str:
    """Where the manifest of a base tag lies; it says how big the model is."""
    scheme, netloc, path = _parts(site.models.mirror or PUBLIC_LIBRARY)
    namespace = path.strip("/") or "library"
    name, _, tag = full_name(base).partition(":")
    return f"{scheme}://{netloc}/v2/{namespace}/{name}/manifests/{tag}"


def archive_urls(site: Site, catalogue: Catalogue) -> dict[str, str]:
    """Architecture to archive URL; one that the operator's machine provides is not among them."""
    overrides = {str(arch): source for arch, source in site.ollama.archives.items()}
    urls = {}
    for arch in sorted(catalogue.ollama.archives.keys() | overrides.keys()):
        override = overrides.get(arch)
        if override is None:
            urls[arch] = catalogue.ollama.archive_url(arch)
        elif override.is_url:
            urls[arch] = override.source
    return urls


def source_names(
    site: Site, catalogue: Catalogue, arch: str, *, archive: bool = True, models: bool = True
) -> tuple[str, ...]:
    """Names that a host of that architecture must resolve to fetch the archive, the models, or both."""
    urls = [archive_urls(site, catalogue).get(arch) if archive else None]
    urls.append((site.models.mirror or PUBLIC_LIBRARY) if models else None)
    names = [_host(url) for url in urls if url]
    return tuple(dict.fromkeys(name for name in names if name))


def host_query(host: Host, site: Site, catalogue: Catalogue, live: LiveQuery | None = None) -> HostQuery:
    """The whole question to one host."""
    archives = archive_urls(site, catalogue)
    names = [name for arch in archives for name in source_names(site, catalogue, arch)]
    return HostQuery(
        port=catalogue.ollama.port,
        version=catalogue.ollama.version,
        disks=(PREFIX, MODELS_DIR),
        models_dir=MODELS_DIR,
        command=COMMAND,
        releases=RELEASES,
        names=tuple(dict.fromkeys(names)),
        archives=archives,
        manifests={full_name(name): manifest_url(catalogue.model(name).base, site) for name in host.served},
        live=live,
    )
