"""The bundle as one plain sh file, for machines without this program: no loopback router there."""

from __future__ import annotations

from collections.abc import Mapping

from provision.bundle import bundled
from provision.catalogue import Catalogue, full_name
from provision.endpoints import endpoint
from provision.fleet.workstation.standalone import Promise, standalone
from provision.forms import LOCAL
from provision.orders import orders
from provision.site import Host, Site

WITHOUT = "by it OpenCode asks the hosts directly: a loopback router comes with `join` or `onboard`"
WITHOUT_SHELLS = (
    "OLLAMA_HOST is not given to shells by it (`client_env`): that comes with `join` or `onboard`"
)


def sh_file(
    site: Site, digests: Mapping[str, Mapping[str, str]], catalogue: Catalogue
) -> tuple[str, str, tuple[str, ...]]:
    """Return the file's text, its checksum, and what it leaves out, in sentences."""
    router = site.router.model_copy(update={"loopback": False})
    # The profile is read here; whoever joins needs no file of it.
    bare = bundled(site, digests).site.model_copy(update={"router": router, "client_env": False})
    promises = [_promise(host, digests.get(host.name, {}), catalogue) for host in bare.hosts]
    text, checksum = standalone(orders(bare, catalogue)[LOCAL], promises)
    return text, checksum, (WITHOUT, *((WITHOUT_SHELLS,) if site.client_env else ()))


def _promise(host: Host, digests: Mapping[str, str], catalogue: Catalogue) -> Promise:
    served = (full_name(name) for name in host.served)
    return Promise(
        name=host.name,
        address=host.address,
        url=endpoint(host, catalogue).url,
        version=catalogue.ollama.version,
        digests={name: digests.get(name) for name in served},
    )
