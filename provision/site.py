"""The site: hosts that serve, workstations that consume, networks that are admitted. Pure description."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from provision.catalogue import load_catalogue
from provision.forms import (
    DEFAULT_PROFILE,
    HERE,
    HOP,
    INTEGRITY,
    KEEP_ALIVE,
    LOCAL,
    LOOPBACK,
    MIRROR,
    PATH,
    URL,
    USER,
    Admitted,
    BaseTag,
    CloudName,
    MachineName,
    ModelName,
    Package,
    Platform,
    Port,
    ProfileName,
    RouterPort,
    Sha256,
    Url,
    hops,
    host_name,
    leads_somewhere,
)
from provision.model import Frozen
from provision.rolevars import Accelerator, CacheType
from router.loopback import MOST_S


class Ssh(Frozen):
    """How to reach a machine; what is unset comes from ~/.ssh/config, then from OpenSSH's defaults."""

    hostname: MachineName | None = None
    port: Port | None = None
    user: Annotated[str, Field(pattern=USER)] | None = None
    identity: Annotated[str, Field(pattern=PATH)] | None = None
    jump: Annotated[str, Field(pattern=f"^{HOP}(,{HOP})*$"), AfterValidator(hops)] | None = None
    """As ProxyJump: `user@bastion:port`."""


class Serving(Frozen):
    """Server settings that a site, or one host of it, may tune; what is unset follows from the cards."""

    num_parallel: Annotated[StrictInt, Field(ge=1, le=64)] | None = None
    """Requests at once on one model."""
    max_loaded_models: Annotated[StrictInt, Field(ge=0, le=16)] | None = None
    """0 is as good as unset."""
    kv_cache_type: CacheType | None = None
    """How exactly the context is kept; q8_0 takes about half of f16, q4_0 about a quarter."""
    keep_alive: Annotated[str, Field(pattern=KEEP_ALIVE)] | None = None
    """How long an idle model stays loaded; unset or -1: until another one needs its place."""


class Host(Frozen):
    """A machine that serves models."""

    name: Annotated[MachineName, AfterValidator(host_name)]
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
    serving: Serving = Serving()
    """What differs from the site's."""
    accept_offload: StrictBool = False
    """Whether models are served that do not fit on its cards: a part of each then runs on the processor."""

    @property
    def served(self) -> tuple[str, ...]:
        """Catalogue names this host serves, in the catalogue's order."""
        names = load_catalogue().model_names
        return names if self.models is None else tuple(name for name in names if name in self.models)

    @property
    def is_here(self) -> bool:
        """Whether it is the machine that runs the command, and serves that machine alone."""
        return self.name == HERE

    @property
    def address(self) -> str:
        """The name or address that workstations use."""
        return self.advertise or (LOOPBACK if self.is_here else self.name)


class Workstation(Frozen):
    """A machine whose OpenCode uses the hosts."""

    name: MachineName
    """`localhost` is the machine this runs on, over a local connection."""
    ssh: Ssh = Ssh()
    profile: ProfileName | None = None
    """Who thinks where; None takes the site's."""


class ArchiveSource(Frozen):
    """Where an Ollama archive comes from instead of upstream; always with its sha256."""

    source: Annotated[str, Field(pattern=f"{URL}|{PATH}"), AfterValidator(leads_somewhere)]
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


class OpenCodeSource(Frozen):
    """How a workstation without OpenCode gets the pinned one."""

    install: StrictBool = True
    npm_registry: Url | None = None
    """For npm; None is npm's own setting."""
    packages: dict[Platform, ArchiveSourceWithIntegrity] = {}
    """For machines without Node: platform (`linux-x64`) to tarball URL and npm integrity."""


class ArchiveSourceWithIntegrity(Frozen):
    """An npm tarball."""

    url: Url
    integrity: Annotated[str, Field(pattern=INTEGRITY)]


OpenCodeSource.model_rebuild()


class CloudSource(Frozen):
    """A cloud provider reached by another way than its own: a gateway of the team's."""

    base_url: Annotated[str, Field(pattern=URL)]


class Router(Frozen):
    """What workstations get beyond provider entries: agents and their plugin."""

    profile: ProfileName = DEFAULT_PROFILE
    plugin: StrictBool = True
    """False: plain OpenCode agents, without the plugin."""
    packages: dict[Package, Annotated[str, Field(pattern=URL)]] = {}
    """URLs of the plugin's npm tarballs, for machines without npm; their hashes are in the catalogue."""
    clouds: dict[CloudName, CloudSource] = {}
    loopback: StrictBool = True
    """Whether each workstation pools the hosts behind a router of its own; False: it asks them directly."""
    port: RouterPort | None = None
    """Of that router, on 127.0.0.1; None takes the catalogue's."""
    first_byte_s: dict[ModelName, Annotated[StrictInt, Field(ge=1, le=MOST_S)]] = {}
    """How long a model may take to begin its answer; otherwise its size says."""


Pattern = Literal["lan", "local"]


class Site(Frozen):
    """All of it; `schema: 1` is the file's version."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    pattern: Pattern = "lan"
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    workstations: tuple[Workstation, ...] | None = None
    """None is the machine that runs the command; an empty list is nobody."""
    admit: Admitted | None = None
    ollama: OllamaSource = OllamaSource()
    models: ModelSource = ModelSource()
    serving: Serving = Serving()
    opencode: OpenCodeSource = OpenCodeSource()
    router: Router = Router()
    client_env: StrictBool = False
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

    @model_validator(mode="after")
    def _is_of_its_pattern(self) -> Site:
        if self.pattern == "lan":
            if any(host.is_here for host in self.hosts):
                raise ValueError(f"{HERE!r} is the host of a site with `pattern: local`; name it otherwise")
            return self
        (host, *others) = self.hosts
        if others or not host.is_here:
            raise ValueError(f"a local site has one host, {HERE!r}: the machine that runs the command")
        if any(station.name != LOCAL for station in self.consumers):
            raise ValueError(f"a local site has no workstation but {LOCAL!r}: it serves no other machine")
        if (self.admit, host.admit, host.advertise, host.ssh) != (None, None, None, Ssh()):
            raise ValueError("a local site admits nobody and is reached by nobody: no admit, advertise, ssh")
        return self

    def host(self, name: str) -> Host:
        """The host of that name (KeyError if there is none)."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    def serving_of(self, host: Host) -> Serving:
        """A host's settings: its own over the site's."""
        return self.serving.model_copy(update=host.serving.model_dump(exclude_none=True))

    @property
    def consumers(self) -> tuple[Workstation, ...]:
        """The workstations, with the default filled in."""
        return (Workstation(name=LOCAL),) if self.workstations is None else self.workstations
