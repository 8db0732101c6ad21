"""Decides what publishing writes: (what was found, an Order) in, files with their new bytes out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provision.fleet.workstation.ledger import Back, Ledger, unpack
from provision.fleet.workstation.pluginlist import plugins_beside
from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.recall import lost, recalled
from provision.fleet.workstation.shapes import Change, Order
from provision.fleet.workstation.sharedfile import (
    FileChange,
    Refused,
    SharedPlan,
    broken,
    give_back,
    not_barred,
    said,
    share,
    text_of,
    writable,
)
from provision.fleet.workstation.shellenv import ShellPlan, plan_shells
from provision.fleet.workstation.smokefiles import pool_of, smoke_files, smoke_paths
from provision.fleet.workstation.tuifile import plan_tui, tui_path
from provision.fleet.workstation.wholefile import WholePlan, place_of, plan_whole
from router.jsonc import JsoncError, load
from router.jsonc_edit import get_path
from router.merge import Memory, named, owned_ids
from router.naming import Naming, pair
from router.opencode import RouterSettings, Setting
from router.remarks import literal_keys, remarks
from router.render import Rendered, render

NAMES = ("opencode.jsonc", "opencode.json")
PLUGIN_FILE = ".omo/omo.jsonc"
NO_AGENTS = Rendered(opencode=(), omo=(), files=(), agents={})


@dataclass(frozen=True)
class Intent:
    """All that publishing writes on one machine; what it shows is in `change`."""

    path: str
    sha256: str
    """Of the router file afterwards."""
    files: tuple[FileChange, ...]
    change: Change
    order: Order
    """With the provider ids of this machine's file."""


def base_urls(router: RouterSettings) -> dict[str, str]:
    """Return each provider's base URL."""
    return {
        setting.path[1]: str(setting.value)
        for setting in router.settings
        if setting.path[:1] == ("provider",) and setting.path[2:] == ("options", "baseURL")
    }


def config_of(found: Mapping[str, FoundFile], folders: Folders) -> FoundFile:
    """Return the file that OpenCode would take last: opencode.jsonc where it exists."""
    both = [found[f"{folders.config_home}/opencode/{name}"] for name in NAMES]
    return next((file for file in both if file.kind != "absent"), both[-1])


def plugin_entry(order: Order, folders: Folders) -> str | None:
    """Return the plugin as OpenCode's configuration names it."""
    return None if order.plugin is None else f"file://{folders.plugin(order.plugin.version)}"


def rendered_for(order: Order, naming: Naming, folders: Folders) -> Rendered:
    """Return the agents' part, with the provider ids of this machine's file."""
    if order.agents is None:
        return NO_AGENTS
    pool = pool_of(naming)
    rendered = render(
        order.agents,
        pool,
        plugin=plugin_entry(order, folders),
        opencode=order.equip.version,
        routed=order.routed,
    )
    clouds = [
        Setting(path=("provider", name, "options", "baseURL"), value=url, policy="offer")
        for name, url in order.clouds.items()
    ]
    return rendered.model_copy(update={"opencode": (*rendered.opencode, *clouds)})


def asked_files(order: Order, folders: Folders) -> tuple[str, ...]:
    """Return the paths, beside OpenCode's own and the ledger, whose state decides what is written."""
    rendered = rendered_for(order, Naming(settings=order.router), folders)
    whole = (place_of(file, folders) for file in (*rendered.files, *order.files))
    omo = (plugin_path(folders), tui_path(folders)) if rendered.omo else ()
    return (*omo, *whole, *smoke_paths(order, folders))


def remembered_files(ledger: Ledger | None, folders: Folders) -> tuple[str, ...]:
    """Return the paths of what we wrote there earlier, and of what came of it."""
    if ledger is None:
        return ()
    plugin = () if ledger.plugin_file is None else (ledger.plugin_file, tui_path(folders))
    return (ledger.file, *plugin, *ledger.whole)


def intend(found: Mapping[str, FoundFile], folders: Folders, order: Order) -> Intent:
    """Return what has to be written; Refused where a file of the user's must be left as it is."""
    file = config_of(found, folders)
    _no_odd_folder(file.path, folders)
    writable(file, folders)
    writable(found[folders.ledger], folders)
    ledger = unpack(found[folders.ledger].content)
    memory = ledger.memory if ledger is not None and ledger.file == file.path else None
    moved = _moved(found, ledger, file.path)
    naming = _named(file, order.router, memory, _elsewhere(found, folders, file, moved))
    rendered = rendered_for(order, naming, folders)
    back = None if ledger is None else ledger.backs.get(file.path)
    ours = (*plugins_beside(found, file, memory, rendered.opencode), *rendered.opencode)
    wanted = naming.settings.model_copy(update={"settings": (*naming.settings.settings, *ours)})
    kept = list(naming.said)
    if lost(found, folders):
        memory, back = recalled(file, wanted)
        kept.append(f"{folders.ledger} was lost: of the user's files, what equals ours is taken as ours")
    main, merged = share(file, wanted, memory, back)
    config = load(merged.text)
    kept += [*main.kept, *remarks(config, merged.desired, owned_ids(memory)), *literal_keys(config)]
    plugin = _plugin_plan(found, folders, rendered, ledger)
    if plugin is not None:
        written_there = {one.path for one in plugin.memory.written}
        rendered = rendered.leaving([one.path for one in rendered.omo if one.path not in written_there])
    written = ledger.whole if ledger is not None else {}
    wanted_files = (*rendered.files, *order.files)
    agents = _own_agents(rendered, plugin, plan_whole(found, wanted_files, written, folders), folders)
    smoke = smoke_files(order, naming, agents, file.path)
    whole = plan_whole(found, (*wanted_files, *smoke), written, folders)
    shells = ShellPlan()
    if f"{folders.config_home}/astraeus-provision/env.sh" in found:
        shells = plan_shells(found, folders, order.ollama_host, ledger.made if ledger is not None else ())
    changes = [*moved, *plan_tui(found, folders, plugin_entry(order, folders))]
    changes += [*main.changes, *(plugin.changes if plugin is not None else ()), *whole.changes]
    changes += shell_changes(shells, folders)
    changes += _remembered(found[folders.ledger], file.path, main, plugin, whole, shells, folders)
    not_barred(changes)
    shown = "".join(f"- ours in {one.found.path}\n" for one in moved)
    shown += main.shown + ("" if plugin is None else plugin.shown) + whole.shown
    shown += "".join(edit.shown for edit in shells.edits)
    plugin_kept = () if plugin is None else said(f"~/{PLUGIN_FILE}", plugin.kept)
    change = Change(
        files=tuple(one.found.path for one in changes),
        diff=shown,
        kept=(*kept, *plugin_kept, *whole.kept, *shells.kept),
    )
    return Intent(file.path, main.sha256, tuple(changes), change, _as_named(order, naming, agents))


def plugin_path(folders: Folders) -> str:
    """Return where the plugin reads its own configuration."""
    return f"{folders.home}/{PLUGIN_FILE}"


def _plugin_plan(
    found: Mapping[str, FoundFile], folders: Folders, rendered: Rendered, ledger: Ledger | None
) -> SharedPlan | None:
    """Return what happens to the plugin's own configuration; None where it is none of our business."""
    path = plugin_path(folders)
    known = ledger is not None and ledger.plugin_file == path
    if not rendered.omo and not known:
        return None
    file = found[path]
    writable(file, folders)
    memory = ledger.plugin_memory if ledger is not None and known else None
    back = None if ledger is None else ledger.backs.get(path)
    if rendered.omo:
        wanted = RouterSettings(settings=rendered.omo)
        if lost(found, folders):
            memory, back = recalled(file, wanted)
        return share(file, wanted, memory, back)[0]
    changes = give_back(file, memory or Memory(), back)
    return SharedPlan(changes, "-", Memory(), Back(sha256="-"), f"- ours in {path}\n" if changes else "", ())


def _remembered(
    file: FoundFile,
    path: str,
    main: SharedPlan,
    plugin: SharedPlan | None,
    whole: WholePlan,
    shells: ShellPlan,
    folders: Folders,
) -> list[FileChange]:
    backs = {path: main.back}
    ours = plugin is not None and bool(plugin.memory.written)
    if plugin is not None and ours:
        backs[plugin_path(folders)] = plugin.back
    packed = Ledger(
        file=path,
        memory=main.memory,
        made=shells.made,
        plugin_file=plugin_path(folders) if ours else None,
        plugin_memory=Memory() if plugin is None else plugin.memory,
        backs=backs,
        whole=whole.whole or {},
    ).packed()
    return [] if file.content == packed else [FileChange(file, "600", packed, f"{folders.ledger}.bak")]


def shell_changes(shells: ShellPlan, folders: Folders) -> list[FileChange]:
    """Return what is written to shells' start-up files."""
    state = folders.ledger.rsplit("/", 1)[0]
    return [
        FileChange(edit.file, edit.file.mode or "644", edit.content, f"{state}/before.{number}")
        for number, edit in enumerate(shells.edits)
    ]


def _own_agents(
    rendered: Rendered, plugin: SharedPlan | None, whole: WholePlan, folders: Folders
) -> dict[str, str]:
    """Return the agents whose model is ours to confirm: not those that the user gave another."""
    settings = {one.path for one in plugin.memory.written} if plugin is not None else set()
    files = whole.whole or {}
    return {
        name: agent.model
        for name, agent in rendered.agents.items()
        if agent.setting in settings or f"{folders.config_home}/{agent.file}" in files
    }


def _as_named(order: Order, naming: Naming, agents: Mapping[str, str]) -> Order:
    models = tuple(pair(model, naming.ids) for model in order.confirm.models)
    confirm = order.confirm.model_copy(update={"models": models, "agents": agents})
    return order.model_copy(update={"router": naming.settings, "confirm": confirm})


def _named(
    file: FoundFile, router: RouterSettings, memory: Memory | None, elsewhere: frozenset[str]
) -> Naming:
    try:
        return named(text_of(file), router, memory, elsewhere)
    except JsoncError as error:
        raise broken(file.path, error) from None


def _elsewhere(
    found: Mapping[str, FoundFile], folders: Folders, file: FoundFile, moved: Sequence[FileChange]
) -> frozenset[str]:
    """Return the provider ids of the user's other file, which OpenCode reads as well."""
    contents = {one.path: one.content for one in found.values()} | {one.found.path: one.new for one in moved}
    ids: set[str] = set()
    for name in NAMES:
        path = f"{folders.config_home}/opencode/{name}"
        content = contents.get(path)
        if path == file.path or content is None:
            continue
        try:
            providers = get_path(content.decode("utf-8"), ("provider",))[1]
        except (UnicodeDecodeError, JsoncError):
            continue  # OpenCode cannot read it either
        ids |= set(providers) if isinstance(providers, dict) else set()
    return frozenset(ids)


def _no_odd_folder(path: str, folders: Folders) -> None:
    for one in (path, folders.ledger):
        if any(character in one for character in "\t\n\r"):
            raise Refused("a folder's name holds a tab or a line break", "set XDG_CONFIG_HOME to another")


def _moved(found: Mapping[str, FoundFile], ledger: Ledger | None, path: str) -> tuple[FileChange, ...]:
    """Give back the file we wrote to before the user began another (opencode.jsonc beats .json)."""
    if ledger is None or ledger.file == path or ledger.file not in found:
        return ()
    return give_back(found[ledger.file], ledger.memory, ledger.backs.get(ledger.file))
