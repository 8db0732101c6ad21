"""Role variables of one host, from the site, the catalogue and what was seen there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from provision.catalogue import Catalogue, Model, full_name
from provision.forms import LOOPBACK
from provision.model import Frozen
from provision.rolevars import (
    FirewallManager,
    HostVars,
    LanFirewallVars,
    OllamaModelsVars,
    OllamaVars,
    WantedModel,
)
from provision.site import Host, Serving, Site

MODELS_DIR = "/var/lib/ollama/models"
COMMAND = "/usr/local/bin/ollama"
RELEASES = "/opt/astraeus/ollama"
"""Both as the role `ollama` has them by default."""
BIND_LAN = "0.0.0.0"  # noqa: S104 - the pattern's meaning; the firewall admits


FOR_EVER = "-1"
"""Of `keep_alive`."""


class Archive(Frozen):
    """Where one host's Ollama comes from."""

    source: str
    sha256: str
    size_bytes: int | None


def archive_for(arch: str, site: Site, catalogue: Catalogue) -> Archive | None:
    """The archive for that `uname -m`, or None where there is none or nobody has read its sha256."""
    override = {str(key): value for key, value in site.ollama.archives.items()}.get(arch)
    if override is not None:
        return Archive(source=override.source, sha256=override.sha256, size_bytes=None)
    pinned = catalogue.ollama.archives.get(arch)
    if pinned is None or pinned.sha256 is None:
        return None
    return Archive(
        source=catalogue.ollama.archive_url(arch), sha256=pinned.sha256, size_bytes=pinned.size_bytes
    )


def base_digest(model: Model, site: Site) -> str | None:
    """The pin of the model's base manifest: the site's, else the catalogue's, else None."""
    return site.models.digests.get(model.base, model.base_digest)


def _source(model: Model, site: Site) -> tuple[str, bool]:
    if site.models.mirror is None:
        return model.base, False
    mirror = urlsplit(site.models.mirror)
    namespace = mirror.path.strip("/") or "library"
    return f"{mirror.netloc}/{namespace}/{model.base}", mirror.scheme == "http"


def wanted_models(
    host: Host, site: Site, catalogue: Catalogue, sizes: Mapping[str, int]
) -> tuple[WantedModel, ...]:
    """What the host serves, in the catalogue's order; sizes are the source's own word, where it gave one."""
    wanted = []
    for name in host.served:
        model = catalogue.model(name)
        source, insecure = _source(model, site)
        wanted.append(
            WantedModel(
                name=model.name,
                base=model.base,
                num_ctx=catalogue.context_tokens if model.is_derived else None,
                base_digest=base_digest(model, site),
                source=source,
                insecure=insecure,
                size_bytes=sizes.get(full_name(model.name), model.size_bytes),
            )
        )
    return tuple(wanted)


def host_vars(
    host: Host,
    site: Site,
    catalogue: Catalogue,
    *,
    archive: Archive,
    admit: tuple[str, ...],
    firewall: FirewallManager,
    models_dir: str = MODELS_DIR,
    sizes: Mapping[str, int] | None = None,
) -> HostVars:
    """Everything the roles need for that host."""
    port = catalogue.ollama.port
    serving = site.serving_of(host)
    return HostVars(
        ollama=OllamaVars(
            ollama_version=catalogue.ollama.version,
            ollama_archive=archive.source,
            ollama_archive_sha256=archive.sha256,
            ollama_bind=LOOPBACK if host.is_here else BIND_LAN,
            ollama_port=port,
            ollama_context_length=catalogue.context_tokens,
            ollama_num_parallel=num_parallel(serving),
            ollama_max_loaded_models=serving.max_loaded_models or 0,
            ollama_kv_cache_type=serving.kv_cache_type or "f16",
            ollama_keep_alive=serving.keep_alive or FOR_EVER,
            ollama_models_dir=models_dir,
            ollama_accelerator=host.accelerator,
            ollama_adopt=host.existing_ollama == "adopt",
        ),
        ollama_models=OllamaModelsVars(
            ollama_models_port=port,
            ollama_models_dir=models_dir,
            ollama_models_wanted=wanted_models(host, site, catalogue, sizes or {}),
        ),
        lan_firewall=None
        if host.is_here
        else LanFirewallVars(lan_firewall_port=port, lan_firewall_admit=admit, lan_firewall_manager=firewall),
    )


def num_parallel(serving: Serving) -> int:
    """Requests at once on one model; one where neither a person nor the cards have said more."""
    return serving.num_parallel or 1


def unpinned(site: Site, catalogue: Catalogue) -> Mapping[str, str]:
    """Base tags that a host of the site serves and nobody has pinned, with what that means."""
    served = {name for host in site.hosts for name in host.served}
    return {
        model.base: "its digest is taken as found at the first pull and held from then on"
        for model in catalogue.models
        if model.name in served and base_digest(model, site) is None
    }
