"""What the roles leave on a host, from its role variables: the expected side of the live comparison.

Each role states it in `meta/live.yml`, as expressions over its own variables and templates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import yaml

from provision.catalogue import Catalogue, full_name
from provision.fleet.host.script import LiveQuery
from provision.hostvars import archive_for, host_vars
from provision.model import Frozen
from provision.paths import data_root
from provision.rolevars import FIREWALL_MANAGERS, FirewallManager, HostVars, LanFirewallVars, WantedModel
from provision.site import Host, Site

ROLES_SEEN_LIVE = ("lan_firewall", "ollama", "ollama_models")
MAX_DEPTH = 10
_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - configuration files, not HTML
)


class ExpectedFile(Frozen):
    """A file or folder with its ownership; sha256 is None where only its being there matters."""

    path: str
    kind: str
    owner: str
    group: str
    mode: str
    sha256: str | None


class ExpectedUnit(Frozen):
    """A unit that must be enabled and active; exe is the program its main process runs."""

    name: str
    exe: str | None
    environment: Mapping[str, str]


class ExpectedUfw(Frozen):
    """Our rules in ufw's own files."""

    files: tuple[str, ...]
    comment: str
    port: int
    admit: tuple[str, ...]


class ExpectedLive(Frozen):
    """All that a host must show."""

    files: tuple[ExpectedFile, ...]
    links: Mapping[str, str]
    units: tuple[ExpectedUnit, ...]
    nft_table: str | None
    ledger: str
    """Path of the file in which ollama_models keeps the digests of what it pulled and derived."""
    version: str
    models: tuple[WantedModel, ...]
    models_dir: str
    absent: tuple[str, ...]
    """Paths that must not be there."""
    closed_by: FirewallManager | None
    """Who keeps the port closed; None where nobody has to."""
    ufw: ExpectedUfw | None

    @property
    def query(self) -> LiveQuery:
        """What has to be asked of the host."""
        return LiveQuery(
            files=tuple(file.path for file in self.files) + self.absent,
            links=tuple(self.links),
            units=tuple(unit.name for unit in self.units),
            nft_table=self.nft_table is not None,
            models=tuple(full_name(model.name) for model in self.models),
            ledger=self.ledger,
            texts=(
                *(f"{self.models_dir}/{manifest_path(model.name)}" for model in self.models),
                *(self.ufw.files if self.ufw else ()),
            ),
            folders=(f"{self.models_dir}/blobs",),
        )


class _Scope:
    """A role's variables and templates, rendered through each other as Ansible does it."""

    def __init__(self, role: str, given: Mapping[str, object]) -> None:
        self.role = role
        root = data_root() / "roles" / role
        self.spec: dict[str, Any] = _yaml(root / "meta/live.yml") or {}
        self._values: dict[str, Any] = {}
        for name in ("defaults/main.yml", "vars/main.yml"):
            self._values |= _yaml(root / name) or {}
        self._values |= given

    def value(self, expression: Any, depth: int = 0) -> Any:
        """A value with every expression in it resolved."""
        if isinstance(expression, list | tuple):
            return [self.value(item, depth) for item in expression]
        if not isinstance(expression, str) or "{{" not in expression or depth > MAX_DEPTH:
            return expression
        return self.value(self._rendered(expression, depth), depth + 1)

    def template(self, name: str) -> str:
        """A template of the role, as Ansible would write it."""
        text = (data_root() / "roles" / self.role / "templates" / name).read_text(encoding="utf-8")
        return self._rendered(text, 0)

    def _rendered(self, text: str, depth: int) -> str:
        template, names = _compiled(text)
        known = {name: self.value(self._values[name], depth + 1) for name in names if name in self._values}
        return template.render(known)


@cache
def _compiled(text: str) -> tuple[jinja2.Template, frozenset[str]]:
    """A text of the roles as a template, and the names in it: compiled once, not for each host of a site."""
    names = jinja2.meta.find_undeclared_variables(_ENVIRONMENT.parse(text))
    return _ENVIRONMENT.from_string(text), frozenset(names)


@cache
def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None


def expected_live(variables: HostVars) -> ExpectedLive:
    """What the roles leave on a host with these variables."""
    given = variables.flat()
    firewall = variables.lan_firewall
    scopes = {role: _Scope(role, given) for role in ROLES_SEEN_LIVE}
    closing = scopes.pop("lan_firewall")
    ruling = {} if firewall is None else closing.spec["managers"][firewall.lan_firewall_manager]
    specs = [(closing, ruling), *((scope, scope.spec) for scope in scopes.values())]
    table = ruling.get("nft_table")
    return ExpectedLive(
        files=tuple(_file(scope, item) for scope, spec in specs for item in spec.get("files", ())),
        links={
            scope.value(link["path"]): scope.value(link["target"])
            for scope, spec in specs
            for link in spec.get("links", ())
        },
        units=tuple(_unit(scope, item) for scope, spec in specs for item in spec.get("units", ())),
        nft_table=None if table is None else closing.template(table),
        ledger=str(scopes["ollama_models"].value(scopes["ollama_models"].spec["ledger"])),
        version=variables.ollama.ollama_version,
        models=variables.ollama_models.ollama_models_wanted,
        models_dir=variables.ollama_models.ollama_models_dir,
        absent=tuple(scope.value(path) for scope, spec in specs for path in spec.get("absent", ())),
        closed_by=None if firewall is None else firewall.lan_firewall_manager,
        ufw=None if firewall is None or "ufw_rules" not in ruling else _ufw(ruling, firewall),
    )


def _ufw(ruling: Mapping[str, Any], firewall: LanFirewallVars) -> ExpectedUfw:
    return ExpectedUfw(
        files=tuple(ruling["ufw_rules"]),
        comment=ruling["ufw_comment"],
        port=firewall.lan_firewall_port,
        admit=firewall.lan_firewall_admit,
    )


def _file(scope: _Scope, item: Mapping[str, Any]) -> ExpectedFile:
    sha256 = None
    if "template" in item:
        sha256 = hashlib.sha256(scope.template(item["template"]).encode()).hexdigest()
    return ExpectedFile(
        path=scope.value(item["path"]),
        kind=item.get("kind", "regular file"),
        owner=scope.value(item.get("owner", "root")),
        group=scope.value(item.get("group", "root")),
        mode=str(item["mode"]).lstrip("0"),
        sha256=sha256,
    )


def _unit(scope: _Scope, item: Mapping[str, Any]) -> ExpectedUnit:
    environment: dict[str, str] = {}
    if "environment" in item:
        for line in scope.template(item["environment"]).splitlines():
            name, _, value = line.removeprefix("Environment=").partition("=")
            if line.startswith("Environment=") and name.startswith("OLLAMA_"):
                environment[name] = value
    return ExpectedUnit(name=item["name"], exe=scope.value(item.get("exe")), environment=environment)


def live_query(host: Host, site: Site, catalogue: Catalogue) -> LiveQuery:
    """What to ask before anything is known of the host: for every architecture and firewall it might have."""
    arches = catalogue.ollama.archives.keys() | {str(arch) for arch in site.ollama.archives}
    archives = [archive for arch in sorted(arches) if (archive := archive_for(arch, site, catalogue))]
    queries = [
        expected_live(host_vars(host, site, catalogue, archive=archive, admit=(), firewall=manager)).query
        for archive in archives
        for manager in (FIREWALL_MANAGERS[:1] if host.is_here else FIREWALL_MANAGERS)
    ]
    if not queries:
        return LiveQuery()
    files = dict.fromkeys(path for query in queries for path in query.files)
    texts = dict.fromkeys(path for query in queries for path in query.texts)
    return queries[0].model_copy(update={"files": tuple(files), "texts": tuple(texts)})


def manifest_path(name: str) -> str:
    """Path of a library model's manifest under the models folder."""
    return f"manifests/registry.ollama.ai/library/{full_name(name).replace(':', '/')}"
