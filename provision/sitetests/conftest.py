"""Hosts and expected values: from a site, or from any inventory that testinfra is given.

The site is the file that $ASTRAEUS_SITE names, else the remembered one. It is no option of pytest's: those of
a package that `--pyargs` names are read too late.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from provision.rolevars import LanFirewallVars, OllamaModelsVars, OllamaVars, RoleVars

GROUP = "ollama_hosts"
_Vars = TypeVar("_Vars", bound=RoleVars)


def pytest_configure(config: pytest.Config) -> None:
    """Turn the site into a dynamic inventory, unless testinfra was given hosts."""
    if config.option.hosts:
        return
    site = os.environ.get("ASTRAEUS_SITE", "")
    if site and not Path(site).is_file():
        raise pytest.UsageError(f"ASTRAEUS_SITE={site}: there is no such file")
    command = [sys.executable, "-m", "provision", "inventory"]
    command += ["--site", str(Path(site).resolve())] if site else []
    folder = tempfile.TemporaryDirectory(prefix="astraeus-sitetests-")
    config.add_cleanup(folder.cleanup)
    script = Path(folder.name) / "inventory"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    # testinfra runs `ansible-inventory` by name; of an environment that is not activated too.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    config.option.ansible_inventory = str(script)
    config.option.hosts = f"ansible://{GROUP}"


def _of_role(model: type[_Vars], variables: dict[str, Any]) -> _Vars:
    return model.model_validate({name: variables[name] for name in model.model_fields if name in variables})


Ask = Callable[..., dict[str, Any]]


# The roles see to it that this Python is there; nobody does for other clients.
ASK = """
import sys, urllib.request
url, body = sys.argv[1], sys.argv[2].encode() if len(sys.argv) > 2 else None
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(url, body, timeout=60).read().decode())
"""


@pytest.fixture(scope="module")
def ask(host: Any) -> Ask:
    """Ask the server on the host's own loopback: (port, path, body) to what it answered."""

    def asking(port: int, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        words = [f"http://127.0.0.1:{port}{path}", *([] if body is None else [json.dumps(body)])]
        answer = host.check_output(shlex.join(["/usr/bin/python3", "-c", ASK, *words]))
        found: dict[str, Any] = json.loads(answer)
        return found

    return asking


@pytest.fixture(scope="module")
def variables(host: Any) -> dict[str, Any]:
    """The host's inventory variables."""
    found: dict[str, Any] = host.ansible.get_variables()
    return found


@pytest.fixture(scope="module")
def ollama(variables: dict[str, Any]) -> OllamaVars:
    return _of_role(OllamaVars, variables)


@pytest.fixture(scope="module")
def ollama_models(variables: dict[str, Any]) -> OllamaModelsVars:
    return _of_role(OllamaModelsVars, variables)


@pytest.fixture(scope="module")
def lan_firewall(variables: dict[str, Any]) -> LanFirewallVars:
    if "lan_firewall_port" not in variables:
        pytest.skip("this host's server listens on loopback only")
    return _of_role(LanFirewallVars, variables)
