"""The site as a file, and the site that flags, file and memory add up to."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from provision.errors import SiteError
from provision.foreign import printable
from provision.forms import FORMS, HERE, PATH
from provision.machineflags import added, refuse_contradictions, refuse_nobody, stations_after
from provision.model import Frozen
from provision.paths import remembered_site
from provision.rundir import write_atomic
from provision.sentences import complaints, sentence, validated
from provision.site import ArchiveSource, Host, Pattern, Site, Workstation
from provision.yamldoc import MissingFileError, YamlDocument, read_yaml

_COMMENTS = {
    "schema": "Version of this file's form.",
    "pattern": "lan: shared servers, admitted networks only. local: this machine serves itself.",
    "hosts": "Machines that serve. models: catalogue names (unset: what fits). accelerator: nvidia or cpu.",
    "workstations": "Machines whose OpenCode uses the hosts. `localhost`: where this runs; []: nobody.",
    "admit": "Networks that reach the port. Unset: each host's own private subnet.",
    "ollama": "Where the Ollama archive comes from; always with its sha256.",
    "models": "A LAN mirror of the model library, and digests that override the catalogue's.",
    "serving": "Server settings; what is unset follows from the hosts' cards.",
    "opencode": "How a workstation without OpenCode gets it.",
    "router": "What workstations get beyond provider entries: agents and their plugin.",
    "client_env": "Whether workstation shells get OLLAMA_HOST for the plain `ollama` client.",
}


def load_site(path: Path) -> Site:
    """Read and validate a site file; SiteError names file, line and the nearest valid key."""
    document = read_yaml(path)
    site = validated(document, document.data, Site, FORMS, _twins(document))
    return _with_absolute_paths(site, document, path.absolute().parent)


def _twins(document: YamlDocument) -> list[tuple[int, str]]:
    """Two machines of one name, with the second one's line, which the model alone could not name."""
    seen: dict[str, int] = {}
    found = []
    for kind in ("hosts", "workstations"):
        machines = document.data.get(kind)
        for index, machine in enumerate(machines if isinstance(machines, list) else []):
            name = machine.get("name") if isinstance(machine, dict) else None
            if not isinstance(name, str):
                continue
            line = document.line((kind, index, "name"))
            if name in seen:
                words = f"is named twice (first on line {seen[name]}); every machine has one name"
                found.append((line, f"{kind}.{index}: {name!r} {words}"))
            seen.setdefault(name, line)
    return found


def _with_absolute_paths(site: Site, document: YamlDocument, folder: Path) -> Site:
    """Local archives and profiles of one's own are named relative to the site file."""
    archives = {}
    for arch, archive in site.ollama.archives.items():
        place = ("ollama", "archives", arch, "source")
        try:
            archives[arch] = archive if archive.is_url else _absolute(archive, folder)
        except ValueError as error:
            raise SiteError(f"{_where(document, place)}: {error}") from None
    stations = site.workstations
    if stations is not None:
        stations = tuple(
            one.model_copy(
                update={"profile": _absolute_profile(one.profile, document, ("workstations", at), folder)}
            )
            if one.profile is not None
            else one
            for at, one in enumerate(stations)
        )
    profile = _absolute_profile(site.router.profile, document, ("router",), folder)
    return site.model_copy(
        update={
            "ollama": site.ollama.model_copy(update={"archives": archives}),
            "router": site.router.model_copy(update={"profile": profile}),
            "workstations": stations,
        }
    )


def _absolute_profile(name: str, document: YamlDocument, of: tuple[int | str, ...], folder: Path) -> str:
    if not name.endswith((".yaml", ".yml")):
        return name
    place = (*of, "profile")
    try:
        return _whole_path(name, folder)
    except ValueError as error:
        raise SiteError(f"{_where(document, place)}: {error}") from None


def _where(document: YamlDocument, place: Sequence[int | str]) -> str:
    """File, line and key."""
    return f"{document.shown}:{document.line(place)}: {'.'.join(str(step) for step in place)}"


def _absolute(archive: ArchiveSource, folder: Path) -> ArchiveSource:
    """With its whole path."""
    return archive.model_copy(update={"source": _whole_path(archive.source, folder)})


def _whole_path(name: str, folder: Path) -> str:
    """A file's whole path, which must be as harmless as what was written; ValueError says what is not."""
    try:
        whole = str(folder / Path(name).expanduser())
    except RuntimeError as error:
        raise ValueError(f"{name!r}: whose home that is cannot be told ({error})") from None
    if not re.fullmatch(PATH, whole):
        raise ValueError(
            f"{whole!r} cannot be used: its folder has a `%`, a brace or a control character in its name; "
            "put the file elsewhere and name its whole path"
        )
    return whole


def site_yaml(site: Site) -> str:
    """The site as annotated YAML that load_site reads back to an equal value."""
    data = site.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    data = {"schema": site.schema_, "pattern": site.pattern, **data}
    if site.workstations is not None:
        data["workstations"] = data.get("workstations", [])
    chunks = ["# A site of astraeus-provision; check it with `astraeus-provision site check FILE`."]
    for key, comment in _COMMENTS.items():
        if key in data:
            body = yaml.safe_dump({key: data[key]}, sort_keys=False, allow_unicode=True, width=110)
            chunks.append(f"# {comment}\n{body.rstrip()}")
    return "\n\n".join(chunks) + "\n"


def save_site(site: Site, path: Path) -> None:
    """Write the site out, whole or not at all; a link stays and what it leads to is written."""
    shown = printable(str(path))
    try:
        target = Path(os.path.realpath(path))  # not resolve(), which raises for links that lead in a circle
        if path.is_symlink() and target.is_symlink():
            raise SiteError(f"{shown}: is a link that leads in a circle")
        if target.exists() and not target.is_file():
            what = "a folder" if target.is_dir() else "no plain file, and would be replaced by one"
            raise SiteError(f"{shown}: is {what}", remedy="name a file")
        write_atomic(target, site_yaml(site))
    except OSError as error:
        raise SiteError(f"{shown}: cannot be written: {error.strerror}") from None


def site_schema() -> str:
    """JSON Schema of the site file, for editors."""
    schema = Site.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "astraeus-provision site"
    return json.dumps(schema, indent=2) + "\n"


class Flags(Frozen):
    """What the command line says about the site."""

    hosts: tuple[str, ...] = ()
    remove_hosts: tuple[str, ...] = ()
    workstations: tuple[str, ...] = ()
    admit: tuple[str, ...] = ()
    site: Path | None = None
    pattern: Pattern | None = None
    """What the command deploys; None takes a site of any pattern."""


class Described(Frozen):
    """The site that a run works on, where it came from, and what to tell about that."""

    site: Site
    origin: str
    option: tuple[str, ...] = ()
    """How a later command names the same site."""
    notes: tuple[str, ...] = ()


def describe_deployed(site: Path | None) -> Described:
    """The site of a command that begins none; SiteError where no file is named and nothing is remembered."""
    flags = Flags(site=site)
    if _base(flags)[0] is None:
        raise SiteError(
            "no site is remembered: no `lan` of this user has succeeded here, and no --site is given. "
            "Nothing was contacted.",
            remedy="deploy one first: `astraeus-provision lan --host NAME`; or name a file: --site FILE",
        )
    return describe(flags)


def describe(flags: Flags) -> Described:
    """Flags beat `--site`, that beats the remembered site, that beats defaults."""
    refuse_contradictions(flags.hosts, flags.remove_hosts)
    base, origin = _base(flags)
    option = () if flags.site is None else ("--site", str(flags.site))
    notes: list[str] = []
    if base is not None and flags.pattern not in {None, base.pattern}:
        notes += _another_pattern(base, flags)
        base, origin = None, "flags only"
    data: dict[str, Any] = (
        {}
        if base is None
        else base.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    )
    before = [host["name"] for host in data.get("hosts", [])]
    for name in flags.remove_hosts:
        if name not in before:
            raise SiteError(
                f"--remove-host {name}: the site has no such host",
                remedy=f"it has {', '.join(before) or 'none'}",
            )
    kept = [host for host in data.get("hosts", []) if host["name"] not in flags.remove_hosts]
    if flags.pattern == "local":
        data = {**data, "pattern": flags.pattern, "hosts": data.get("hosts") or [{"name": HERE}]}
        return Described(site=from_flags(data), origin=origin, option=option, notes=tuple(notes))
    data["hosts"] = added(kept, flags.hosts)
    new = [host["name"] for host in data["hosts"] if host["name"] not in before]
    if new and kept:
        stay = ", ".join(host["name"] for host in kept)
        notes.append(f"{', '.join(new)} is added; {stay} stays (take it out with --remove-host)")
    stations = stations_after(data.get("workstations", []), flags.workstations)
    if flags.workstations or (base is not None and base.workstations is not None):
        data["workstations"] = stations
    if flags.admit:
        data["admit"] = list(flags.admit)
        own = [host["name"] for host in data["hosts"] if host.pop("admit", None) is not None]
        if own:
            notes.append(f"--admit stands for {', '.join(own)} too, in place of what the site says for them")
    if not data["hosts"]:
        refuse_nobody(flags.remove_hosts, option)
    return Described(site=from_flags(data), origin=origin, option=option, notes=tuple(notes))


def _another_pattern(base: Site, flags: Flags) -> list[str]:
    """What becomes of the remembered site; SiteError where a file was named."""
    hosts = ", ".join(host.name for host in base.hosts)
    if flags.site is not None:
        raise SiteError(
            f"{printable(str(flags.site))}: is a site of the {base.pattern} pattern ({hosts})",
            remedy=f"deploy it with `astraeus-provision {base.pattern} --site FILE`",
        )
    note = (
        f"the site remembered so far ({base.pattern}: {hosts}) is not this one, which takes its place; "
        f"`astraeus-provision {base.pattern} --dry-run --save FILE` writes it down before"
    )
    return [note]


def _base(flags: Flags) -> tuple[Site | None, str]:
    if flags.site is not None:
        return load_site(flags.site), f"site file {printable(str(flags.site))}"
    remembered = remembered_site()
    try:
        return load_site(remembered), f"remembered site of the last successful run ({remembered})"
    except MissingFileError:
        return None, "flags only"


def from_flags(data: dict[str, Any]) -> Site:
    """Return the site that flags changed; SiteError names what of it is wrong."""
    try:
        return Site.model_validate(data)
    except ValidationError as error:
        lines = [f"command line: {sentence(item, Site, FORMS)}" for item in complaints(error)]
        raise SiteError("\n".join(lines)) from None


def remember(site: Site) -> None:
    """Keep the site of a successful run, the default workstation written out, so that a later flag adds."""
    explicit = (
        site if site.workstations is not None else site.model_copy(update={"workstations": site.consumers})
    )
    write_atomic(Path(os.path.realpath(remembered_site())), site_yaml(explicit))


def limited(site: Site, limit: Sequence[str]) -> frozenset[str]:
    """Names of the machines a run touches; all of them without --limit."""
    machines: tuple[Host | Workstation, ...] = (*site.hosts, *site.consumers)
    names = [machine.name for machine in machines]
    unknown = [name for name in limit if name not in names]
    if unknown:
        raise SiteError(
            f"--limit {unknown[0]}: the site has no such machine", remedy=f"it has {', '.join(names)}"
        )
    return frozenset(limit or names)
