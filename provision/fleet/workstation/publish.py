"""Equips a workstation with OpenCode where it has none, and publishes: one pyinfra operation."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial

from pyinfra.api.command import FunctionCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.api.state import State
from pyinfra.context import host

from provision.fleet.workstation.equip import equip_values, fault, plan_equip
from provision.fleet.workstation.exchange import Broken, converse
from provision.fleet.workstation.facts import files_of, look_at
from provision.fleet.workstation.intent import Intent, intend
from provision.fleet.workstation.loopback import (
    APPLY_S,
    INSTALL_S,
    Act,
    loopback_fault,
    loopback_left_to_do,
    loopback_values,
)
from provision.fleet.workstation.orders import emit, note_write, order_of, run_name, was_written
from provision.fleet.workstation.plugin import plan_plugin, plugin_fault, plugin_values
from provision.fleet.workstation.proxy import ProxyPlan
from provision.fleet.workstation.reading import FoundFile, folders_of
from provision.fleet.workstation.replace import replace_lines, replace_values, replaced
from provision.fleet.workstation.routed import proxy_plan, routed, service_paths
from provision.fleet.workstation.scripts import script
from provision.fleet.workstation.shapes import EquipPlan, Look, OpenCode, Order, Published
from provision.fleet.workstation.sharedfile import Refused
from provision.fleet.workstation.undoing import UNTOUCHED, undone

GRACE_S = 120


@dataclass
class Work:
    """One machine on its way through the operation."""

    machine: str
    order: Order
    look: Look
    intent: Intent
    equip: EquipPlan
    opencode: OpenCode | None
    plugin: EquipPlan | None = None
    installed: bool = False
    plugin_at: str | None = None
    proxy: ProxyPlan | None = None
    haproxy: str | None = None
    left_to_do: tuple[str, ...] = ()

    def outcome(self, **more: object) -> Published:
        """Return the outcome so far."""
        values = {
            "machine": self.machine,
            "status": "changed" if self.installed or self.plugin_at or self.haproxy else "ok",
            "path": self.intent.path,
            "sha256": self.intent.sha256,
            "kept": self.intent.change.kept,
            "opencode": self.opencode,
            "installed": self.installed,
            "plugin": self.plugin_at,
            "haproxy": self.haproxy,
            "left_to_do": self.left_to_do,
        }
        return Published.model_validate({**values, **more})

    def failed(self, problem: str, remedy: str, evidence: str = "", *, changed: str = UNTOUCHED) -> Published:
        """Return that it failed; what was installed before stays told."""
        said = {"problem": problem, "remedy": remedy, "evidence": evidence, "changed": changed}
        return self.outcome(status="failed", **said)

    @property
    def moves_router(self) -> bool:
        """Whether what runs there as the loopback router must become another, or must begin or end."""
        service = service_paths(folders_of(self.look))
        ordered = self.proxy is not None and self.proxy.how != "impossible" and not self.proxy.runs
        return ordered or any(change.found.path in service for change in self.intent.files)


@operation()
def publish() -> Generator[FunctionCommand, None, None]:
    """Write what differs; yields nothing where nothing does, and with --dry writes nothing."""
    executing = bool(host.state.is_executing)
    work = _prepared(host, executing=executing)
    if work is None:
        if executing:
            yield FunctionCommand(_fail, (), {})
        return
    if work.equip.how in ("npm", "package"):
        yield FunctionCommand(_equip, (work,), {})
    if work.plugin is not None and work.plugin.how in ("npm", "package"):
        yield FunctionCommand(_plugin, (work,), {})
    if work.proxy is not None and work.proxy.how == "install":
        yield FunctionCommand(_haproxy, (work,), {})
    if work.intent.files:
        yield FunctionCommand(write_files, (work,), {})
    if work.moves_router:
        yield FunctionCommand(start_router, (work,), {})
    elif executing and not work.intent.files:
        emit("publish", work.outcome())


def _prepared(host: Host, *, executing: bool) -> Work | None:
    machine = host.data.machine

    def prepare() -> Work | Published:
        order = order_of(machine)
        if order is None:
            raise Broken("the run's folder holds no order for it")
        look = look_at(host, order)
        proxy = proxy_plan(order, look)
        if proxy is not None and proxy.foreign:
            return _failed(machine, proxy.foreign, "end it there, or name another `router: {port: …}`")
        order = routed(order, look)
        try:
            intent = intend(_found(host, look, order), folders_of(look), order)
        except Refused as refused:
            return _failed(machine, refused.problem, refused.remedy)
        equip = plan_equip(look, order.equip)
        if equip.how in ("declined", "impossible"):
            return _failed(machine, equip.said, "put OpenCode there, or let the site install it")
        plugin = plan_plugin(look, order.plugin) if order.plugin is not None else None
        if plugin is not None and plugin.how == "impossible":
            return _failed(machine, f"the plugin cannot come there: {plugin.said}", "then run again")
        return Work(machine, order, look, intent, equip, look.opencode, plugin, proxy=proxy)

    done = _guarded(partial(_failed, machine), prepare)
    if isinstance(done, Work):
        return done
    if executing:
        emit("publish", done)
    return None


def _found(host: Host, look: Look, order: Order) -> Mapping[str, FoundFile]:
    """Return the user's files; none is asked for where the look saw none: what came since is refused."""
    if look.untouched and not was_written(host.data.machine):
        return {path: FoundFile(path) for path in look.untouched}
    return files_of(host, look, order)


def _fail(state: State, host: Host) -> bool:
    """Mark the machine as failed; its outcome is told already."""
    del state, host  # pyinfra gives both or neither
    return False


def _equip(state: State, host: Host, work: Work) -> bool:
    del state

    def equip() -> Work | Published:
        settings = work.order.equip
        values = equip_values(work.look, settings, work.equip.how)
        lines = converse(host, script("equip", values), deadline_s=settings.deadline_s + GRACE_S)
        wrong = fault(lines)
        if wrong is not None:
            return work.failed(wrong[0], wrong[1], wrong[2])
        said = dict(lines)
        work.installed = "installed" in said
        link = said["installed"] if work.installed else said["present"]
        work.opencode = OpenCode(path=link, version=settings.version, ours=True)
        if work.installed and "local_bin_in_path" not in said:
            work.left_to_do = (f"put {work.look.home}/.local/bin into PATH, so that `opencode` is found",)
        return work

    return _told(_guarded(work.failed, equip))


def _plugin(state: State, host: Host, work: Work) -> bool:
    del state

    def install() -> Work | Published:
        if work.order.plugin is None:
            return work
        settings = work.order.equip
        values = plugin_values(work.order.plugin, settings.registry, settings.deadline_s)
        lines = converse(host, script("plugin", values), deadline_s=settings.deadline_s + GRACE_S)
        wrong = plugin_fault(lines)
        if wrong is not None:
            return work.failed(wrong[0], wrong[1], wrong[2])
        work.plugin_at = dict(lines)["installed"]
        return work

    return _told(_guarded(work.failed, install))


def _haproxy(state: State, host: Host, work: Work) -> bool:
    del state

    def install() -> Work | Published:
        lines = converse(host, _service(work, "install"), deadline_s=INSTALL_S + GRACE_S)
        wrong = loopback_fault(lines, work.look.user)
        if wrong is not None:
            return work.failed(wrong[0], wrong[1], wrong[2])
        work.haproxy = dict(lines).get("installed")
        return work

    return _told(_guarded(work.failed, install))


def start_router(state: State, host: Host, work: Work) -> bool:
    """Let what was written be what runs; where it does not start, the files go back as they were."""
    del state

    def apply() -> Work | Published:
        lines = converse(host, _service(work, "apply"), deadline_s=APPLY_S)
        wrong = loopback_fault(lines, work.look.user)
        if wrong is not None:
            return work.failed(*wrong, changed=_undone(host, work))
        work.left_to_do = (*work.left_to_do, *loopback_left_to_do(lines, work.look.user))
        files = tuple(change.found.path for change in work.intent.files)
        emit("publish", work.outcome(status="changed", files=files, started="started" in dict(lines)))
        return work

    return _told(_guarded(work.failed, apply, lambda: _undone(host, work)))


def _undone(host: Host, work: Work) -> str:
    return undone(host, work.look, written=True) if work.intent.files else UNTOUCHED


def _service(work: Work, act: Act) -> str:
    look = work.look
    return script("loopback", loopback_values(act, look.proxy, system=look.os, home=look.home))


def write_files(state: State, host: Host, work: Work) -> bool:
    """Replace the files as one; where that breaks off, they go back as they were."""
    del state

    def write() -> Work | Published:
        note_write(work.machine)
        values = replace_values("replace", folders_of(work.look), run_name())
        lines = converse(host, script("replace", values), replace_lines(work.intent.files))
        paths, wrong = replaced(lines)
        if wrong is not None:
            return work.failed(wrong.problem, wrong.remedy, wrong.evidence)
        emit("publish", work.outcome(status="changed", files=paths))
        return work

    return _told(_guarded(work.failed, write, lambda: undone(host, work.look, written=False)))


def _told(done: Work | Published) -> bool:
    if isinstance(done, Published):
        emit("publish", done)
        return False
    return True


def _failed(machine: str, problem: str, remedy: str, *, changed: str = UNTOUCHED) -> Published:
    return Published(machine=machine, status="failed", problem=problem, remedy=remedy, changed=changed)


def _guarded(
    failed: Callable[..., Published],
    act: Callable[[], Work | Published],
    changed: Callable[[], str] = lambda: UNTOUCHED,
) -> Work | Published:
    """Turn every fault into an outcome: one machine's must not end the others', nor print what it saw.

    `changed` says what became of the router file where the act broke off.
    """
    try:
        return act()
    except Broken as broken:
        again = "run again; what was not finished is done then"
        return failed(broken.said, again, changed=changed())
    except Exception as error:  # noqa: BLE001 - pyinfra would end all machines and print the user's files
        said = f"a fault in this program ({type(error).__name__})"
        return failed(said, "report it, please", changed=changed())
