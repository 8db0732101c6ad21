"""The plan: what will change where, in order, with bytes and reasons. Pure: values in, a value out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from provision.capacity import fit_lines
from provision.catalogue import Catalogue
from provision.disk import DiskNeed, disk_need
from provision.drift import NOT_COMPARED, NOT_SEEN, drift
from provision.expected import ExpectedLive, expected_live
from provision.facts import HostFacts
from provision.fit import Fit
from provision.fitting import unfit
from provision.fleet.workstation.loopback import LOST
from provision.fleet.workstation.shapes import Look
from provision.hostvars import archive_for, host_vars, unpinned
from provision.model import Frozen
from provision.networks import Admission, admitted, public_networks
from provision.rolevars import FirewallManager, HostVars
from provision.site import Host, Site


def size_text(size_bytes: int) -> str:
    """Decimal units, as downloads are told: `18.6 GB`, `10 MB`."""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.0f} MB"  # noqa: PLR2004


class HostPlan(Frozen):
    """One host's part."""

    name: str
    variables: HostVars
    admission: Admission
    need: DiskNeed
    actions: tuple[str, ...]
    """What will change, in order; empty when its live state is as expected."""
    differences: tuple[str, ...]
    """What `verify` tells: how its live state is not the site's, as far as it could be seen."""
    converge: bool
    """Whether Ansible goes there; it also does where the live state cannot be compared."""
    python_first: bool
    serves: tuple[str, ...] = ()
    """What fits on its cards, what stays loaded there, and the settings that follow."""
    offloaded: tuple[str, ...] = ()
    """Models of which a part runs on the processor, as the site accepts."""

    @property
    def expected(self) -> ExpectedLive:
        return expected_live(self.variables)


class WorkstationPlan(Frozen):
    """One workstation's part."""

    name: str
    actions: tuple[str, ...]
    diff: str
    """Of what is ours in the router file; never a foreign value, never a secret."""
    kept: tuple[str, ...]
    """What of the user's own stays against the site's wish."""


class Skipped(Frozen):
    """A workstation that is left as it is."""

    reason: str
    remedy: str


class Plan(Frozen):
    """All of it: converge, prove, publish, confirm, in this order."""

    hosts: tuple[HostPlan, ...]
    workstations: tuple[WorkstationPlan, ...]
    skipped: Mapping[str, Skipped]
    """Workstations that sleep or cannot be written to; they are told how to be finished later."""
    warnings: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return any(host.actions for host in self.hosts) or any(w.actions for w in self.workstations)

    @property
    def fetch_bytes(self) -> int:
        return sum(host.need.fetch_bytes for host in self.hosts)


def firewall_of(facts: HostFacts) -> FirewallManager:
    """The manager that is active there; our own nftables table where none is."""
    managers: tuple[Literal["firewalld", "ufw"], ...] = ("firewalld", "ufw")
    return next((manager for manager in managers if manager in facts.firewalls), "nftables")


def variables_for(host: Host, site: Site, catalogue: Catalogue, facts: HostFacts) -> HostVars | None:
    """Role variables by what was seen; None where preflight has findings that make them impossible."""
    archive = archive_for(facts.arch, site, catalogue)
    admission = admitted(host, site, facts)
    if archive is None or not isinstance(admission, Admission):
        return None
    return host_vars(
        host,
        site,
        catalogue,
        archive=archive,
        admit=admission.cidrs,
        firewall=firewall_of(facts),
        models_dir=disk_need(host, site, catalogue, facts).models_dir,
        sizes=facts.base_bytes,
    )


def make_plan(
    site: Site,
    catalogue: Catalogue,
    hosts: Mapping[str, HostFacts],
    workstations: Mapping[str, Look],
    skipped: Mapping[str, Skipped],
    limit: Collection[str],
    remarks: Sequence[str] = (),
    fits: Mapping[str, Fit] | None = None,
) -> Plan:
    """Decide; hosts out of the limit are proven, not changed. Preflight has found nothing that blocks.

    The site is the fitted one, and fits is what it was fitted by.
    """
    found = fits or {}
    planned = [
        _host_plan(
            host, site, catalogue, hosts[host.name], found.get(host.name), may_change=host.name in limit
        )
        for host in site.hosts
        if host.name in hosts
    ]
    return Plan(
        hosts=tuple(plan for plan in planned if plan is not None),
        workstations=tuple(
            _workstation_plan(station.name, workstations[station.name], catalogue)
            for station in site.consumers
            if station.name in limit and station.name in workstations and station.name not in skipped
        ),
        skipped={name: why for name, why in skipped.items() if name in limit},
        warnings=(
            *_warnings(site, catalogue, [plan for plan in planned if plan is not None]),
            *unfit(found, catalogue),
            *_unpooled(workstations, limit),
            *remarks,
        ),
    )


def _host_plan(
    host: Host, site: Site, catalogue: Catalogue, facts: HostFacts, found: Fit | None, *, may_change: bool
) -> HostPlan | None:
    variables = variables_for(host, site, catalogue, facts)
    admission = admitted(host, site, facts)
    if variables is None or not isinstance(admission, Admission):
        return None
    need = disk_need(host, site, catalogue, facts)
    drifted = drift(expected_live(variables), facts)
    differences = tuple(text for text in drifted if text != NOT_COMPARED)
    if facts.ollama.kind == "ours":
        actions = tuple(text if text == NOT_SEEN else f"mend: {text}" for text in differences)
    else:
        actions = differences = _from_nothing(variables, facts, need)
    return HostPlan(
        name=host.name,
        variables=variables,
        admission=admission,
        need=need,
        actions=actions if may_change else (),
        differences=differences if may_change else (),
        converge=may_change and bool(drifted),
        python_first=facts.python is None,
        serves=() if found is None else fit_lines(found),
        offloaded=() if found is None else found.offloaded,
    )


def _from_nothing(variables: HostVars, facts: HostFacts, need: DiskNeed) -> tuple[str, ...]:
    actions = ["install python3, which Ansible needs"] if facts.python is None else []
    firewall = variables.lan_firewall
    if firewall is not None:
        actions.append(
            f"firewall ({firewall.lan_firewall_manager}): port {firewall.lan_firewall_port} for "
            f"{', '.join(firewall.lan_firewall_admit)}, closed to all others"
        )
    if facts.ollama.kind == "unit":
        actions.append(f"replace {facts.ollama.unit_path}; it is kept, and so are the models it has")
    elif facts.ollama.command is not None:
        actions.append(f"replace {facts.ollama.command}; it is kept")
    server = variables.ollama
    actions.append(
        f"Ollama {server.ollama_version} as a systemd service on {server.ollama_bind}:{server.ollama_port}, "
        f"context {server.ollama_context_length} (fetch {size_text(need.archive_bytes)})"
    )
    for model in variables.ollama_models.ollama_models_wanted:
        if model.name not in need.missing:
            continue
        how = f"pull {model.source} ({size_text(model.size_bytes)})"
        context = f", make {model.name} of it with num_ctx {model.num_ctx}" if model.num_ctx else ""
        actions.append(how + context)
    return tuple(actions)


def _workstation_plan(name: str, look: Look, catalogue: Catalogue) -> WorkstationPlan:
    actions: list[str] = []
    ways = {"npm": "with npm", "package": "from its platform package"}
    if look.equip is not None and look.equip.how in ways:
        actions.append(
            f"install OpenCode {catalogue.opencode.version} for {look.user} {ways[look.equip.how]}"
        )
    if look.plugin_equip is not None and look.plugin_equip.how in ways:
        package = catalogue.plugin.package
        version = catalogue.plugin.packages[package].version
        actions.append(f"install the plugin {package} {version} for {look.user} (licence SUL-1.0)")
    proxy = look.loopback
    if proxy is not None and proxy.how == "install":
        actions.append(f"install HAProxy with {proxy.installer}, for the loopback router")
    change = look.change
    actions += [f"write {path}" for path in (change.files if change is not None else ())]
    if proxy is not None and proxy.how != "impossible" and not proxy.runs:
        actions.append("start the loopback router with its settings")
    return WorkstationPlan(
        name=name,
        actions=tuple(actions),
        diff="" if change is None else change.diff,
        kept=() if change is None else change.kept,
    )


def _warnings(site: Site, catalogue: Catalogue, plans: list[HostPlan]) -> tuple[str, ...]:
    warnings = [f"{base} is unpinned: {meaning}" for base, meaning in unpinned(site, catalogue).items()]
    for plan in plans:
        public = public_networks(plan.admission.networks)
        warnings += [
            f"{plan.name}: {net} is public, and everybody in it may use the models" for net in public
        ]
    return tuple(warnings)


def _unpooled(looks: Mapping[str, Look], limit: Collection[str]) -> tuple[str, ...]:
    return tuple(
        f"{name}: no loopback router: {look.loopback.said}. Its OpenCode asks the hosts directly: {LOST}"
        for name, look in looks.items()
        if name in limit and look.loopback is not None and look.loopback.how == "impossible"
    )


def plan_text(plan: Plan) -> str:
    """The plan as a person reads it before saying yes."""
    stations = ", ".join([*(workstation.name for workstation in plan.workstations), *plan.skipped]) or "none"
    lines = [f"Plan (workstations: {stations})"]
    for host in plan.hosts:
        lines.append(f"  {host.name} (host)")
        lines.append(f"    admits {', '.join(host.admission.cidrs) or 'nobody'} ({host.admission.reason})")
        lines += [f"    {line}" for line in host.serves]
        lines += [f"    {number}. {action}" for number, action in enumerate(host.actions, 1)]
        if not host.actions:
            lines.append("    no changes")
        if host.need.fetch_bytes:
            about = "about " if host.need.estimated else ""
            places = ", ".join(
                f"{size_text(size)} in {path}" for path, size in host.need.by_path.items() if size
            )
            fetch = f"{about}{size_text(host.need.fetch_bytes)}"
            lines.append(f"    fetches {fetch}, needs {about}{places}")
    shown: dict[str, str] = {}
    for workstation in plan.workstations:
        lines.append(f"  {workstation.name} (workstation)")
        lines += [f"    {number}. {action}" for number, action in enumerate(workstation.actions, 1)]
        if not workstation.actions:
            lines.append("    no changes")
        lines += [f"    kept: {text}" for text in workstation.kept]
        first = shown.setdefault(workstation.diff, workstation.name)
        if workstation.diff and first != workstation.name:
            lines.append(f"    | the same as for {first}")
        else:
            lines += [f"    | {line}" for line in workstation.diff.splitlines()]
    lines += [f"  {name} (workstation): skipped, {why.reason}" for name, why in plan.skipped.items()]
    lines += [f"  warning: {text}" for text in plan.warnings]
    return "\n".join(lines)
