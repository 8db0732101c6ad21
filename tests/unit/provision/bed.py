"""A site with one host and one laptop, seen bare and seen converged: what the pure modules are tried on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from provision.catalogue import full_name, load_catalogue
from provision.driverfacts import Gpu
from provision.expected import ExpectedLive, expected_live, manifest_path
from provision.facts import Graphics, HostFacts, LedgerEntry, Live, LiveFile, LiveModel, LiveUnit
from provision.fitting import fits, fitted
from provision.fleet.workstation.shapes import Change, Look
from provision.plan import variables_for
from provision.rolevars import HostVars
from provision.site import Site

CASES = Path(__file__).parents[2] / "cases" / "preflight"
BASE: dict[str, Any] = yaml.safe_load((CASES / "_base.yaml").read_text())
CATALOGUE = load_catalogue()
SITE = Site.model_validate(BASE["site"])
HOST = SITE.hosts[0]
BARE = HostFacts.model_validate(BASE["host"])
LOOK = Look.model_validate(
    {**BASE["workstation"], "opencode": {"path": "/usr/bin/opencode", "version": "1", "ours": False}}
)
DIGEST = "d" * 64


def site(**sections: Any) -> Site:
    """The base site with other sections."""
    return Site.model_validate({**BASE["site"], **sections})


def variables(of: Site = SITE, facts: HostFacts = BARE) -> HostVars:
    """Of the site's first host, with what fits on its cards."""
    able = fitted(of, fits(of, CATALOGUE, {of.hosts[0].name: facts}))
    found = variables_for(able.hosts[0], able, CATALOGUE, facts)
    if found is None:
        raise AssertionError("the base host has no findings")
    return found


def expected(of: Site = SITE) -> ExpectedLive:
    return expected_live(variables(of))


def live(wanted: ExpectedLive) -> Live:
    """A host that is exactly as expected."""
    files = {
        file.path: LiveFile(
            kind=file.kind,
            mode=file.mode,
            owner=file.owner,
            group=file.group,
            size_bytes=1,
            sha256=file.sha256,
        )
        for file in wanted.files
    }
    state = {"UnitFileState": "enabled", "ActiveState": "active", "NeedDaemonReload": "no"}
    units = {
        unit.name: LiveUnit(properties=state, exe=unit.exe, environment=unit.environment)
        for unit in wanted.units
    }
    names = {full_name(model.name): model for model in wanted.models}
    manifest = {"config": {"digest": "sha256:c", "size": 1}, "layers": [{"digest": "sha256:l", "size": 2}]}
    return Live(
        files=files,
        links=wanted.links,
        units=units,
        texts={f"{wanted.models_dir}/{manifest_path(name)}": json.dumps(manifest) for name in names},
        sizes={f"{wanted.models_dir}/blobs/sha256-c": 1, f"{wanted.models_dir}/blobs/sha256-l": 2},
        nft_table=wanted.nft_table,
        models={
            name: LiveModel(digest=DIGEST, size_bytes=3, num_ctx=model.num_ctx)
            for name, model in names.items()
        },
        ledger={
            name: LedgerEntry(base_digest=model.base_digest or DIGEST, digest=DIGEST)
            for name, model in names.items()
        },
    )


def converged(of: Site = SITE) -> HostFacts:
    """The base host after our own Ansible."""
    found = live(expected(of))
    ollama = {"kind": "ours", "active": True, "version": CATALOGUE.ollama.version, "models": found.models}
    return BARE.model_copy(
        update={"live": found, "ollama": BARE.ollama.model_copy(update=ollama), "port_taken": True}
    )


def with_cards(*mib: int | None) -> HostFacts:
    """The base host with other cards."""
    gpus = tuple(Gpu(name="card", uuid=str(n), memory_mib=one, driver="580.1") for n, one in enumerate(mib))
    return BARE.model_copy(update={"graphics": Graphics(gpus=gpus, driver="answers")})


def changed_look(diff: str = "+ x") -> Look:
    """A laptop whose file is to be written."""
    return LOOK.model_copy(update={"change": Change(files=("/home/dev/opencode.json",), diff=diff)})
