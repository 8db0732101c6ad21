"""The host under a scenario: a bare machine of the lab, with role variables from our own typed models."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import yaml

from provision.catalogue import load_catalogue
from provision.hostvars import archive_for, host_vars
from provision.sitefile import load_site
from tests.lab import molecule
from tests.lab.layout import LAB_JSON

GROUP = "ollama_hosts"


def role_variables(firewall: str) -> dict[str, object]:
    """What the product would give a host of the lab's site."""
    lab = json.loads(LAB_JSON.read_text(encoding="utf-8"))
    site, catalogue = load_site(Path(lab["site"])), load_catalogue()
    archive = archive_for("x86_64", site, catalogue)
    if archive is None:
        raise SystemExit("the lab's site has no archive")
    team = lab["networks"]["lab-team"]
    variables = host_vars(
        site.hosts[0],
        site,
        catalogue,
        archive=archive,
        admit=(team["cidr"], team["cidr6"]),
        firewall=firewall,  # type: ignore[arg-type]  # a scenario's own word; pydantic checks it
    )
    return {
        **variables.flat(),
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_remote_tmp": "/dev/shm/.astraeus-ansible",
    }


def up(state: Path) -> None:
    name = f"{os.environ['ASTRAEUS_ROLE'].replace('_', '-')}-{os.environ['MOLECULE_SCENARIO_NAME']}"
    kept_by = molecule.keeper() if molecule.KEEPER in os.environ else None  # by hand the machine stays
    molecule.create(state, os.environ.get("ASTRAEUS_IMAGE", "server"), [name], kept_by)
    hosts = yaml.safe_load((state / "hosts.yml").read_text(encoding="utf-8"))
    hosts["all"]["children"] = {GROUP: {"hosts": dict.fromkeys(hosts["all"]["hosts"])}}
    (state / "hosts.yml").write_text(yaml.safe_dump(hosts, sort_keys=False), encoding="utf-8")
    (state / "group_vars").mkdir(exist_ok=True)
    variables = role_variables(os.environ.get("ASTRAEUS_FIREWALL", "nftables"))
    (state / "group_vars/all.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")


def main() -> None:
    verb, state = sys.argv[1], Path(sys.argv[2])
    if verb == "up":
        up(state)
    else:
        molecule.destroy(state)


if __name__ == "__main__":
    main()
