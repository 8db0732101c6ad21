"""The site: hosts that serve, workstations that consume, networks that are admitted. Pure description."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from provision.catalogue import load_catalogue
from provision.cidr import Network, admittable
from provision.fleet.workstation.platforms import PLATFORMS
from provision.model import Frozen
from provision.rolevars import Accelerator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?")
# Site files are shared, and their text reaches ssh options and Ansible's templates: no free string may be
# read as code there, or carry a password into the run's folder.
USER = r"^[A-Za-z0-9_][A-Za-z0-9_.@-]*$"
HOP = r"([A-Za-z0-9_][A-Za-z0-9_.@-]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[0-9]{1,5})?"
# What steers a terminal: control characters and marks that turn the direction of the text after them.
_STEERS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
PATH = rf"^[^{_STEERS}{{}}%-][^{_STEERS}{{}}%]*$"
URL = rf"^https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[0-9]{{1,5}})?(/[^\s{_STEERS}{{}}@]*)?$"
MIRROR = URL.replace("(/[^", "(/[^/")
KEEP_ALIVE = r"^(-1|[0-9]+(s|m|h)?)$"
LOCAL = "localhost"
MAX_PORT = 65535
MAX_NAME = 240
"""A run keeps files of a machine's name, with an ending; DNS itself would allow 253 characters."""
MAX_LABEL = 63
"""Of DNS: what stands between two dots."""

NO_PROFILE = "none"
"""Provider entries and nothing of agents."""
DEFAULT_PROFILE = "hybrid-cloud-ollama"
PROFILE = rf"^([a-z0-9]+(-[a-z0-9]+)*|[^{_STEERS}{{}}%-][^{_STEERS}{{}}%]*\.ya?ml)$"

FORMS = {
    USER: "a login name",
    f"^{HOP}(,{HOP})*$": "hops such as ops@bastion:22",
    PATH: "a path",
    URL: "an http or https URL, without user and password",
    PROFILE: "the name of a shipped profile, a path that ends in .yaml, or `none`",
    KEEP_ALIVE: "a time such as 30m, or -1",
    MIRROR: "the http or https URL of a mirror with one namespace at most, without user and password",
    f"{URL}|{PATH}": "an http or https URL without user and password, or a path",
}
"""What each pattern means, for messages."""


def _machine_name(value: str) -> str:
    if len(value) > MAX_NAME:
        raise ValueError(f"{value[:20]!r}… has {len(value)} characters; a name has {MAX_NAME} at most")
    if any(not 0 < len(label) <= MAX_LABEL for label in value.split(".")):
        raise ValueError(f"{value!r} is not a name: between its dots stand 1 to {MAX_LABEL} characters")
    if not NAME.fullmatch(value) or (":" in value and not _is_ipv6(value)):
        raise ValueError(
            f"{value!r} is not a host name, an address or an alias of ~/.ssh/config (a port stands in `ssh:`)"
        )
    return value


def _host_name(value: str) -> str:
    if value.lower() == LOCAL:
        raise ValueError(
            f"{value!r} cannot serve others: give the machine the name or address by which they reach it"
        )
    return value


def _is_ipv6(value: str) -> bool:
    try:
        return ip_address(value).version == 6  # noqa: PLR2004 - the IP version
    except ValueError:
        return False


def _known_model(value: str) -> str:
    known = load_catalogue().model_names
    full = value if value in known else f"{value}:latest"
    if full not in known:
        raise ValueError(f"unknown model {value!r}; the catalogue has {', '.join(known)}")
    return full


def _platform(value: str) -> str:
    if value not in PLATFORMS:
        raise ValueError(f"unknown platform {value!r}; OpenCode has {', '.join(PLATFORMS)}")
    return value


def _package(value: str) -> str:
    known = tuple(load_catalogue().plugin.packages)
    if value not in known:
        raise ValueError(f"unknown package {value!r}; the plugin has {', '.join(known)}")
    return value


def _base_tag(value: str) -> str:
    known = tuple(model.base for model in load_catalogue().models)
    if value not in known:
        raise ValueError(f"unknown base tag {value!r}; the catalogue has {', '.join(known)}")
    return value


def _url(value: str) -> str:
    """What the pattern lets through and still leads nowhere."""
    if not value.startswith(("http://", "https://")):
        return value
    try:
        parts = urlsplit(value)
        port = parts.port
        if "[" in parts.netloc:
            ip_address(parts.hostname or "")
    except ValueError as error:
        raise ValueError(f"{value!r} is not a URL: {error}") from None
    if port == 0:
        raise ValueError(f"{value!r} is not a URL: no server has port 0")
    return value


def _hops(value: str) -> str:
    for hop in value.split(","):
        port = re.search(r":([0-9]+)$", hop)
        if port and not 1 <= int(port[1]) <= MAX_PORT:
            raise ValueError(f"{hop!r} has a port that does not exist")
    return value


def _some(value: tuple[Network, ...]) -> tuple[Network, ...]:
    if not value:
        raise ValueError("an empty list admits nobody; name a network, or leave the key out")
    return value


MachineName = Annotated[str, AfterValidator(_machine_name)]
Platform = Annotated[str, AfterValidator(_platform)]
Package = Annotated[str, AfterValidator(_package)]
BaseTag = Annotated[str, AfterValidator(_base_tag)]
ModelName = Annotated[str, AfterValidator(_known_model)]
Admitted = Annotated[tuple[Annotated[Network, BeforeValidator(admittable)], ...], AfterValidator(_some)]
Url = Annotated[str, Field(pattern=URL), AfterValidator(_url)]


ProfileName = Annotated[str, Field(pattern=PROFILE)]
"""A shipped profile, a file of one's own (relative: to the site file), or `none`."""


class Ssh(Frozen):
    """How to reach a machine; what is unset comes from ~/.ssh/config, then from OpenSSH's defaults."""

    hostname: MachineName | None = None
    port: Annotated[int, Field(ge=1, le=MAX_PORT)] | None = None
    user: Annotated[str, Field(pattern=USER)] | None = None
    identity: Annotated[str, Field(pattern=PATH)] | None = None
    jump: Annotated[str, Field(pattern=f"^{HOP}(,{HOP})*$"), AfterValidator(_hops)] | None = None
    """As ProxyJump: `user@bastion:port`."""


class Host(Frozen):
    """A machine that serves models."""

    name: Annotated[MachineName, AfterValidator(_host_name)]
    ssh: Ssh = Ssh()
    accelerator: Accelerator = "nvidia"
    models: Annotated[tuple[ModelName, ...], Field(min_length=1)] | None = None
    """Catalogue names; None serves all of them."""
    advertise: MachineName | None = None
    """Name or address that workstations use; None is the host's own name."""
    existing_ollama: Literal["refuse", "adopt"] = "refuse"
    """What to do with an ollama.service that we did not install."""
    admit: Admitted | None = None
    """Networks that reach the port; None takes the site's, then the host's own private subnet."""

    @property
    def served(self) -> tuple[str, ...]:
        """Catalogue names this host serves, in the catalogue's order."""
        names = load_catalogue().model_names
        return names if self.models is None else tuple(name for name in names if name in self.models)


class Workstation(Frozen):
    """A machine whose OpenCode uses the hosts."""

    name: MachineName
    """`localhost` is the machine this runs on, over a local connection."""
    ssh: Ssh = Ssh()
    profile: ProfileName | None = None
    """Who thinks where; None takes the site's."""


class ArchiveSource(Frozen):
    """Where an Ollama archive comes from instead of upstream; always with its sha256."""

    source: Annotated[str, Field(pattern=f"{URL}|{PATH}"), AfterValidator(_url)]
    """URL, or a path on the machine that runs the command (relative: to the site file)."""
    sha256: Sha256

    @property
    def is_url(self) -> bool:
        return self.source.startswith(("http://", "https://"))


class OllamaSource(Frozen):
    """Overrides of the catalogue's archives, by `uname -m`."""

    archives: dict[Literal["x86_64", "aarch64"], ArchiveSource] = {}


class ModelSource(Frozen):
    """A LAN mirror instead of the public library, and digests that override the catalogue's pins."""

    mirror: Annotated[Url, Field(pattern=MIRROR)] | None = None
    """`http://mirror.lan:8081/library`: scheme, host, optional port, namespace (default `library`)."""
    digests: dict[BaseTag, Sha256] = {}
    """Base tag to sha256 of its manifest."""


class Serving(Frozen):
    """Server settings that a site may tune."""

    num_parallel: Annotated[int, Field(ge=1, le=64)] = 1
    max_loaded_models: Annotated[int, Field(ge=0, le=16)] = 0
    """0 lets Ollama decide: three for each GPU."""
    keep_alive: Annotated[str, Field(pattern=KEEP_ALIVE)] = "-1"
    """-1 keeps a model loaded."""


class OpenCodeSource(Frozen):
    """How a workstation without OpenCode gets the pinned one."""

    install: bool = True
    npm_registry: Url | None = None
    """For npm; None is npm's own setting."""
    packages: dict[Platform, ArchiveSourceWithIntegrity] = {}
    """For machines without Node: platform (`linux-x64`) to tarball URL and npm integrity."""


class ArchiveSourceWithIntegrity(Frozen):
    """An npm tarball."""

    url: Url
    integrity: Annotated[str, Field(pattern=r"^sha512-[A-Za-z0-9+/]{86}==$")]


OpenCodeSource.model_rebuild()


class CloudSource(Frozen):
    """A cloud provider reached by another way than its own: a gateway of the team's."""

    base_url: Annotated[str, Field(pattern=URL)]


class Router(Frozen):
    """What workstations get beyond provider entries: agents and their plugin."""

    profile: ProfileName = DEFAULT_PROFILE
    plugin: bool = True
    """False: plain OpenCode agents, without the plugin."""
    packages: dict[Package, Annotated[str, Field(pattern=URL)]] = {}
    """URLs of the plugin's npm tarballs, for machines without npm; their hashes are in the catalogue."""
    clouds: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")], CloudSource] = {}


class Site(Frozen):
    """All of it; `schema: 1` is the file's version."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    pattern: Literal["lan"] = "lan"
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    workstations: tuple[Workstation, ...] | None = None
    """None is the machine that runs the command; an empty list is nobody."""
    admit: Admitted | None = None
    ollama: OllamaSource = OllamaSource()
    models: ModelSource = ModelSource()
    serving: Serving = Serving()
    opencode: OpenCodeSource = OpenCodeSource()
    router: Router = Router()
    client_env: bool = False
    """Whether workstation shells get OLLAMA_HOST for the plain `ollama` client."""

    model_config = {**Frozen.model_config, "populate_by_name": True}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Site:
        machines: tuple[Host | Workstation, ...] = (*self.hosts, *self.consumers)
        names = [machine.name for machine in machines]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is named twice; every machine has one name")
        return self

    def host(self, name: str) -> Host:
        """The host of that name (KeyError if there is none)."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    @property
    def consumers(self) -> tuple[Workstation, ...]:
        """The workstations, with the default filled in."""
        return (Workstation(name=LOCAL),) if self.workstations is None else self.workstations
