"""What goes to a workstation's code and what comes back: JSON in the run's folder, without a secret in it.

In:  $ASTRAEUS_RUN/router/<machine>.json    an Order
Out: the survey's answer                     a Look
     $ASTRAEUS_RUN/workstations/<phase>.jsonl  one Published, Confirmed, PutBack or Withdrawn
Must not import pyinfra.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from provision.fleet.workstation.proxy import Proxy, ProxyPlan
from provision.model import Frozen
from router.loopback import Loopback
from router.opencode import RouterSettings
from router.render import WholeFile
from router.resolve import Resolved
from router.smoke import Tools

Phase = Literal["publish", "confirm", "putback", "withdraw"]


class Package(Frozen):
    """OpenCode's platform package as npm packs it."""

    url: str
    integrity: str
    """`sha512-` and base64, as npm writes it."""


class Equip(Frozen):
    """How OpenCode gets onto a workstation that has none."""

    install: bool = True
    package: str
    """npm's."""
    version: str
    registry: str | None = None
    """For npm; None takes the user's own."""
    packages: Mapping[str, Package] = {}
    """By platform (`linux-x64`), for workstations without npm."""
    deadline_s: int = 900


class PluginPackage(Frozen):
    """One npm package of the plugin, at its pin."""

    version: str
    integrity: str
    url: str | None = None
    """Of its tarball, for workstations without npm."""


class Plugin(Frozen):
    """The plugin, and what it needs at run time; the first package is itself."""

    version: str
    packages: Mapping[str, PluginPackage]


class Confirm(Frozen):
    """What a workstation's own OpenCode has to show."""

    models: tuple[str, ...] = ()
    """`provider/model`, each asked once."""
    agents: Mapping[str, str] = {}
    """Agents as OpenCode lists them, each with the model that it must have."""
    session: bool = True
    """False: the file did not change; its sha256 and each server's own list of models are enough."""
    settle: bool = False
    """Whether success is marked there: what was published is then no longer put back."""
    prompt: str = "Answer with the one word: ready"
    deadline_s: int = 300


class Pooled(Frozen):
    """OpenCode's providers where the loopback router is the one address that it knows."""

    router: RouterSettings
    models: tuple[str, ...]
    """`provider/model`, each asked once to confirm."""


class Smoke(Frozen):
    """What the published smoke script is told beside the rest of an order."""

    context_tokens: int
    tools: Mapping[str, Tools]
    """By model of the pool: whether it makes structured tool calls."""


class Order(Frozen):
    """All that a workstation shall become."""

    router: RouterSettings
    """With each host's own address."""
    hosts: Loopback | None = None
    """The pool: what a loopback router there knows."""
    pooled: Pooled | None = None
    """What comes in the place of `router` behind a loopback router; None where the site wants none."""
    routed: bool = False
    """Whether it came."""
    smoke: Smoke | None = None
    """None: no smoke script is published."""
    agents: Resolved | None = None
    plugin: Plugin | None = None
    keys: Mapping[str, tuple[str, ...]] = {}
    """Cloud providers that the agents use, each with the environment variables that may carry its key."""
    clouds: Mapping[str, str] = {}
    """Cloud providers reached by another base URL than their own."""
    files: tuple[WholeFile, ...] = ()
    """Files of ours alone that do not depend on the providers' ids."""
    equip: Equip
    ollama_host: str | None = None
    """Given to shells as OLLAMA_HOST; None takes it back where it was ours."""
    names: tuple[str, ...] = ()
    """Names that it must be able to resolve."""
    confirm: Confirm = Confirm()


class OpenCode(Frozen):
    """An OpenCode found there."""

    path: str
    version: str | None
    ours: bool


class ConfigFile(Frozen):
    """OpenCode's configuration file as it is."""

    path: str
    kind: Literal["absent", "file", "symlink", "other", "unreadable"] = "absent"
    mode: str | None = None
    """Octal, as in 600."""
    uid: int | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    broken: str | None = None
    """Line, column and what is wrong, where it does not parse."""


class Change(Frozen):
    """What publishing would do; never shows what is not ours."""

    files: tuple[str, ...] = ()
    """Paths that would be written; empty where nothing changes."""
    diff: str = ""
    kept: tuple[str, ...] = ()
    """What stays as the user has it against the site's wish, in sentences."""


class EquipPlan(Frozen):
    """How OpenCode would come there."""

    how: Literal["present", "npm", "package", "declined", "impossible"]
    said: str = ""
    """Why, where it is declined or impossible; of one that is present, that it has another version."""


class Look(Frozen):
    """A workstation as the survey finds it. `problem` is set where the look itself failed."""

    problem: str = ""
    os: str = ""
    """`uname -s`."""
    os_name: str = ""
    arch: str = ""
    libc: Literal["glibc", "musl", "none"] = "none"
    avx2: bool = False
    user: str = ""
    uid: int = -1
    home: str = ""
    shell: str = ""
    config_home: str = ""
    state_home: str = ""
    opencode_config: str | None = None
    """$OPENCODE_CONFIG of a login shell: a file that overrules ours."""
    node: str | None = None
    npm: str | None = None
    opencode: OpenCode | None = None
    plugins: tuple[str, ...] = ()
    """Versions of the plugin that we put there, whole."""
    legacy: tuple[str, ...] = ()
    """Settings files of an older form of the plugin."""
    keys: tuple[str, ...] = ()
    """Of the environment variables asked for, those that a login shell has."""
    logins: tuple[str, ...] = ()
    """Cloud providers that OpenCode was logged in to."""
    link_in_the_way: bool = False
    """~/.local/bin/opencode is something that cannot be run."""
    local_bin_in_path: bool = False
    proxy: Proxy = Proxy()
    free_disk_mib: int | None = None
    names: Mapping[str, str | None] = {}
    """Asked names, each with its address or None."""
    reach: Mapping[str, str] = {}
    """Providers' base URLs, each with the HTTP status or what went wrong."""
    config: ConfigFile | None = None
    untouched: tuple[str, ...] = ()
    """The files that publishing is about, where none of them is there: they need not be read again."""
    unconfirmed_run: str | None = None
    """The run whose files lie there though OpenCode never answered through them; `-`: it cannot be undone."""
    change: Change | None = None
    """None where no Order lies in the run's folder, or where the file must be left as it is (`refused`)."""
    refused: str = ""
    remedy: str = ""
    equip: EquipPlan | None = None
    plugin_equip: EquipPlan | None = None
    """None where no plugin is ordered."""
    loopback: ProxyPlan | None = None
    """None where no loopback router is ordered."""
    lacking: Mapping[str, tuple[str, ...]] = {}
    """Cloud providers of the agents for which no key was found, each with the variables that may carry it."""

    @property
    def unconfirmed(self) -> bool:
        return self.unconfirmed_run is not None


class Outcome(Frozen):
    """What a phase did on one machine."""

    machine: str
    status: Literal["ok", "changed", "failed"]
    problem: str = ""
    evidence: str = ""
    changed: str = ""
    """What was done already, where it failed."""
    remedy: str = ""


class Published(Outcome):
    """The router file and what goes with it."""

    path: str = ""
    sha256: str = ""
    """Of the router file as it is now."""
    files: tuple[str, ...] = ()
    """All that was written."""
    kept: tuple[str, ...] = ()
    opencode: OpenCode | None = None
    installed: bool = False
    plugin: str | None = None
    """Where the plugin was put, where it was."""
    haproxy: str | None = None
    """Where HAProxy was installed, where it was."""
    started: bool = False
    """Whether the loopback router was started, or given its new settings."""
    left_to_do: tuple[str, ...] = ()


class Answer(Frozen):
    """A model's answer on the workstation."""

    model: str
    how: Literal["session", "listed"]
    text: str = ""
    seconds: float = 0.0


class Confirmed(Outcome):
    """What the workstation's own OpenCode showed."""

    answers: tuple[Answer, ...] = ()
    agents: int = 0
    """How many of them OpenCode gave the model that they must have."""
    sha256: str = ""


class Withdrawn(Outcome):
    """Whether ours is out of the user's files."""

    files: tuple[str, ...] = ()
    """Written or removed."""
    removed: tuple[str, ...] = ()
    """Folders that went with them."""
    kept: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Programs that stay, each with the command that removes it."""


class PutBack(Outcome):
    """Whether the files are again as they were before the last publish."""

    files: tuple[str, ...] = ()
