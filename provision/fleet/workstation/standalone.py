"""The sh file by which a machine becomes a workstation without this program: order in, text out. Pure.

It carries the parts that publishing runs over SSH, and the files of a fresh configuration as publishing
writes them; a folder of that machine stands in them as a token.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import product

from provision.fleet.workstation import equip, plugin, replace
from provision.fleet.workstation.equip import platforms, sha512_hex
from provision.fleet.workstation.intent import (
    NAMES,
    Intent,
    asked_files,
    base_urls,
    intend,
    plugin_path,
    rendered_for,
)
from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.scripts import parts_of
from provision.fleet.workstation.shapes import Look, Order
from provision.fleet.workstation.sharedfile import FileChange
from provision.model import Frozen
from router.naming import Naming, pair, renamed
from router.omo import CHAIN
from router.smoke import FACTS

HEAD = "# astraeus-provision workstation script, form 1, sha256 {} of all below this line"
TOKENS = {name: f"/__ASTRAEUS_{name}__" for name in ("HOME", "CONFIG", "STATE")}
FOLDERS = Folders(
    home=TOKENS["HOME"], config_home=TOKENS["CONFIG"], state_home=TOKENS["STATE"], shell="", uid=0
)
PARTS = ("look", "equip", "plugin", "replace", "confirm", "withdraw")
OWN = ("tell", "decide", "files", "prove", "undo", "main")
FAULTS = {"equip": equip.FAULTS, "plugin": plugin.FAULTS, "replace": replace.FAULTS}
OPTIONAL = "optional"
SHAPE = "provision/fleet/workstation/pydantic_shape.py"
SENT = (
    "pydantic.py",
    *(f"provision/{name}.py" for name in ("__init__", "model", "fleet/__init__")),
    *(
        f"provision/fleet/workstation/{name}.py"
        for name in ("__init__", "ledger", "places", "sharedfile", "tuifile", "merging")
    ),
    *(
        f"router/{name}.py"
        for name in (
            *("__init__", "chain", "endpoint", "jsonc", "jsonc_edit", "mask", "merge"),
            *("naming", "opencode", "plugins", "remarks", "tree", "view"),
        )
    ),
    "router/chain.js",
)
"""What `merging` needs of this program, on a Python that has nothing else."""


class Promise(Frozen):
    """What a host must answer."""

    name: str
    address: str
    url: str
    version: str
    digests: Mapping[str, str | None]
    """By model as it lists it, the sha256 (hex); None where nobody has pinned it."""


def standalone(order: Order, promises: Iterable[Promise]) -> tuple[str, str]:
    """Return the file's text, and its checksum."""
    promises = tuple(promises)
    full, lean = (_fresh(order, without=without) for without in (False, True))
    merging = merging_order(order, full)
    order = full.order
    body = "".join(
        (
            _own("check"),
            "".join(f"{name}={shlex.quote(value)}\n" for name, value in _values(order, promises).items()),
            'put() { cat >"$work/$1"; }\n',
            *(_put(f"parts/{name}.sh", text) for name, text in _parts()),
            *(_put(f"files/{name}", text) for name, text in _payload(order, promises, full, lean).items()),
            *_merging(merging),
            '. "$work/parts/common.sh"\n',
            *(_own(name) for name in OWN),
        )
    )
    checksum = hashlib.sha256(body.encode()).hexdigest()
    return f"#!/bin/sh\n{HEAD.format(checksum)}\n{body}", checksum


def _merging(order: Mapping[str, object]) -> Iterator[str]:
    """Yield what is sent along for a machine on which a configuration is there already."""
    folders = dict.fromkeys(f"py/{name.rpartition('/')[0]}".rstrip("/") for name in SENT)
    yield "".join(f'mkdir -p "$work/{folder}"\n' for folder in folders)
    for name in SENT:
        package, _, path = name.replace("pydantic.py", SHAPE).partition("/")
        yield _put(f"py/{name}", (files(package) / path).read_text("utf-8"))
    yield _put("files/merge.json", json.dumps(order, indent=1) + "\n")


def merging_order(order: Order, full: Intent) -> dict[str, object]:
    """Return what `merging` is told: provider ids are tokens, until the user's file says which are free."""
    ids = {f"__ASTRAEUS_PROVIDER_{number}__": name for number, name in enumerate(order.router.names)}
    tokens = {name: token for token, name in ids.items()}
    models = tuple(pair(model, tokens) for model in order.confirm.models)
    order = order.model_copy(
        update={
            "router": renamed(order.router, tokens),
            "confirm": order.confirm.model_copy(update={"models": models}),
        }
    )
    rendered = rendered_for(order, Naming(settings=order.router), FOLDERS)
    agents = {name: one.model_dump(mode="json") for name, one in rendered.agents.items()}
    for one in agents.values():
        one["file"] = one["file"] and f"{FOLDERS.config_home}/{one['file']}"
    configs = [f"{FOLDERS.config_home}/opencode/{name}" for name in NAMES]
    shared = {*configs, plugin_path(FOLDERS), FOLDERS.ledger}
    same = {_text(one): f"{number}" for number, one in enumerate(full.files)}
    whole = [
        {
            "path": one.found.path,
            "mode": one.mode,
            "text": None if (text := _text(one)) in same else text,
            "file": same.get(text),
            "optional": _kind(one.found.path) == OPTIONAL,
            "by_path": _kind(one.found.path) == "ours",
            "facts": one.found.path.endswith(f"/{FACTS}"),
        }
        for one in _fresh(order, without=False).files
        if one.found.path not in shared
    ]
    router = order.router.model_dump(mode="json", exclude_defaults=True)
    return {
        "configs": configs,
        "home": FOLDERS.home,
        "config_home": FOLDERS.config_home,
        "ledger": FOLDERS.ledger,
        "plugin_file": plugin_path(FOLDERS),
        "ids": ids,
        "router": router["settings"],
        "offered": router["offered"],
        "names": router["names"],
        "opencode": [one.model_dump(mode="json", exclude_defaults=True) for one in rendered.opencode],
        "omo": [one.model_dump(mode="json", exclude_defaults=True) for one in rendered.omo],
        "chains": None if rendered.chains is None else rendered.chains.model_dump(mode="json"),
        "chain_key": CHAIN,
        "agents": agents,
        "whole": whole,
        "asked": _asked(order),
    }


def _asked(order: Order) -> str:
    urls = base_urls(order.router)
    return " ".join(f"{model}>{urls[model.split('/', 1)[0]]}" for model in order.confirm.models)


def _fresh(order: Order, *, without: bool) -> Intent:
    """Return what publishing writes where nothing is, or `without` what may be there without a word."""
    folders = FOLDERS
    paths = [f"{folders.config_home}/opencode/{name}" for name in NAMES]
    found = {path: FoundFile(path) for path in (*paths, folders.ledger, *asked_files(order, folders))}
    if without:
        found |= {
            path: FoundFile(path, kind="file", content=b"", sha256="-")
            for path in found
            if _kind(path) == OPTIONAL
        }
    return intend(found, folders, order)


def _kind(path: str) -> str:
    """Tell whose a file is: ours by its folder, shared with its user, or ours as long as she has none."""
    if path == FOLDERS.ledger:
        return "ledger"
    if path.startswith(f"{FOLDERS.data}/"):
        return "ours"
    name = path.removeprefix(f"{FOLDERS.config_home}/opencode/")
    seeds = ("package.json", "package-lock.json", "node_modules/.astraeus-provision")
    return OPTIONAL if name in seeds else "hers"


def _values(order: Order, promises: tuple[Promise, ...]) -> dict[str, str]:
    chosen = _plugin_values(order)
    values = {
        "OPENCODE": order.equip.version,
        "INSTALL": "yes" if order.equip.install else "no",
        "NPM_PACKAGE": order.equip.package,
        "REGISTRY": order.equip.registry or "",
        "DEADLINE_S": str(order.equip.deadline_s),
        "OPENCODE_ROOM_MIB": str(equip.ROOM_MIB),
        "PLUGIN": "" if order.plugin is None else " ".join(order.plugin.packages),
        "PLUGIN_VERSION": chosen.get("VERSION", ""),
        "PLUGIN_PACKAGES": chosen.get("PACKAGES", ""),
        "PLUGIN_ROOM_MIB": str(plugin.ROOM_MIB),
        "KEYS": " ".join(key for names in order.keys.values() for key in names),
        "CLOUDS": " ".join(order.keys),
        "NO_PROXY_HOSTS": ",".join(one.address for one in promises),
        "MODELS": _asked(order),
        "AGENTS": "yes" if order.confirm.agents else "no",
        "PROMPT": order.confirm.prompt,
        "CONFIRM_S": str(order.confirm.deadline_s),
    }
    return values | {f"{name}_TOKEN": token for name, token in TOKENS.items()}


def _plugin_values(order: Order) -> Mapping[str, str]:
    settings = order.equip
    if order.plugin is None:
        return {}
    return plugin.plugin_values(order.plugin, settings.registry, settings.deadline_s)


def _parts() -> Iterator[tuple[str, str]]:
    yield "common", parts_of("common") + (files("router") / "smokes" / "json.sh").read_text("utf-8")
    for name in PARTS:
        yield name, parts_of(name)


def _payload(order: Order, promises: tuple[Promise, ...], full: Intent, lean: Intent) -> dict[str, str]:
    """Return the files of this script's own, by name: what it goes by, and what it writes."""
    payload = {
        "platforms": _table(_platforms()),
        "packages": _table(
            (name, sha512_hex(one.integrity), one.url) for name, one in order.equip.packages.items()
        ),
        "faults": _table(
            (part, code, *said) for part, faults in FAULTS.items() for code, said in faults.items()
        ),
        "hosts": _table((one.name, one.url, one.version) for one in promises),
        "models": _table(
            (one.name, model, digest or "-") for one in promises for model, digest in one.digests.items()
        ),
        "agents": _table((model, name) for name, model in order.confirm.agents.items()),
        "clouds": _table((name, " ".join(keys)) for name, keys in order.keys.items()),
        "ledger-lean": _text(lean.files[-1]),
    }
    rows = []
    for number, change in enumerate(full.files):
        kind = _kind(change.found.path)
        name = "ledger" if kind == "ledger" else f"{number}"
        payload[name] = _text(change)
        rows.append((name, kind, change.mode, change.new_sha256, change.found.path, change.backup))
    return payload | {"table": _table(rows)}


def _platforms() -> Iterator[tuple[str, ...]]:
    """Yield os, arch, libc, whether it has AVX2, and the packages that run there, the best first."""
    systems = (("Linux", "glibc"), ("Linux", "musl"), ("Darwin", "none"))
    for (system, libc), arch, avx2 in product(
        systems, ("x86_64", "amd64", "aarch64", "arm64"), (False, True)
    ):
        look = Look.model_validate({"os": system, "libc": libc, "arch": arch, "avx2": avx2})
        if names := platforms(look):
            yield system, arch, libc, str(int(avx2)), " ".join(names)


def _text(change: FileChange) -> str:
    return (change.new or b"").decode("utf-8")


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def _own(name: str) -> str:
    return (files("provision.fleet.workstation") / "sh" / "alone" / f"{name}.sh").read_text("utf-8")


def _put(path: str, text: str) -> str:
    """Return the lines that write a file there; its end is a line that is nowhere in it."""
    if text and not text.endswith("\n"):
        raise ValueError(f"{path} has no line end at its end")
    end = f"END_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return f"put {path} <<'{end}'\n{text}{end}\n"
