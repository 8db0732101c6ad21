"""The dynamic inventory: the same truth for people who live in Ansible, surveyed when it is asked for."""

from __future__ import annotations

from typing import Any

from provision.catalogue import load_catalogue
from provision.engines import ansible
from provision.errors import PreflightError, ProvisionError
from provision.fitting import fits, fitted
from provision.plan import variables_for
from provision.rundir import RunDir
from provision.sitefile import Described
from provision.ssh import ansible_host_vars
from provision.survey import reaches, survey


def inventory_for(described: Described, host: str | None) -> dict[str, Any]:
    """Ansible's script form, with all host variables; one host's variables if it is named.

    PreflightError when a host cannot be looked at: its variables depend on what is there.
    Ansible asks at every play, and no run is kept of that: it would push out those that changed something.
    """
    site, catalogue = described.site, load_catalogue()
    ways = reaches(site)
    names = [one.name for one in site.hosts if host in (None, one.name)]
    with RunDir.passing() as run:
        seen = survey(site, catalogue, run.root, ways=ways, log=run.log_command, only=names)
    site = fitted(site, fits(site, catalogue, seen.hosts))
    variables: dict[str, dict[str, Any]] = {}
    missing: list[ProvisionError] = []
    for name in names:
        facts = seen.hosts.get(name)
        roles = None if facts is None else variables_for(site.host(name), site, catalogue, facts)
        if facts is None or roles is None:
            missing.append(
                ProvisionError(
                    f"{name}: its variables cannot be told, as it could not be looked at or is not ready",
                    remedy=f"`astraeus-provision {site.pattern} --dry-run` names every finding",
                )
            )
            continue
        variables[name] = {
            **ansible.connection_vars(
                ansible_host_vars(ways[name]), is_root=ways[name].user == "root", password_of=None
            ),
            **roles.flat(),
        }
    if missing:
        raise PreflightError(missing)
    if host is not None:
        return variables.get(host, {})
    return {ansible.GROUP: {"hosts": list(variables)}, "_meta": {"hostvars": variables}}
