#!/usr/bin/python3
"""Install a distribution package where a file of it is missing; needs no python3-apt and no facts."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: os_package
short_description: Install a distribution package where a file of it is missing
description:
  - Calls apt-get or dnf itself. The apt module cannot look in check mode on a host without python3-apt.
options:
  name: {description: The package., type: str, required: true}
  path: {description: The file that tells that the package is there., type: path, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: Says that the package would be installed.}
"""
EXAMPLES = """
- name: Install zstd
  os_package: {name: zstd, path: /usr/bin/zstd}
"""
RETURN = """
msg: {description: What was or would be installed., type: str, returned: changed}
"""

APT_ENV = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def install_commands(module: AnsibleModule, name: str) -> list[list[list[str]]]:
    """Alternatives, each a list of commands; the second refreshes the package lists first."""
    apt = module.get_bin_path("apt-get")
    if apt is not None:
        wait = [apt, "-o", "DPkg::Lock::Timeout=120", "-q", "-y"]
        install = [*wait, "install", "--no-install-recommends", name]
        return [[install], [[*wait, "update"], install]]
    for tool in ("dnf", "yum"):
        dnf = module.get_bin_path(tool)
        if dnf is not None:
            return [[[dnf, "-q", "-y", "install", name]]]
    return []


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    name, path = module.params["name"], module.params["path"]
    if Path(path).exists():
        module.exit_json(changed=False)
    if module.check_mode:
        module.exit_json(changed=True, msg=f"package {name} would be installed")

    said = "neither apt-get nor dnf is here"
    for commands in install_commands(module, name):
        for command in commands:
            rc, out, err = module.run_command(command, environ_update=APT_ENV)
            said = (err or out).strip()
            if rc != 0:
                break
        if Path(path).exists():
            module.exit_json(changed=True, msg=f"package {name} was installed")
    tail = "\n".join(said.splitlines()[-5:])
    module.fail_json(msg=f"package {name} could not be installed ({path} is missing): {tail}")


if __name__ == "__main__":
    main()
