#!/usr/bin/python3
"""Make firewalld's running policy equal to its file; reload firewalld where they differ."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: firewalld_policy
short_description: Make firewalld's running policy equal to its file
description:
  - A policy exists only after a reload. The reload keeps established connections.
options:
  name: {description: The policy., type: str, required: true}
  file: {description: Its file on the host., type: path, required: true}
  content: {description: What stands, or will stand, in it; empty for no policy., type: str, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: Says that firewalld would be reloaded.}
  diff_mode: {support: full, description: Shows the running rules before and after.}
"""
EXAMPLES = """
- name: Have firewalld run the policy
  firewalld_policy:
    name: astraeus
    file: /etc/firewalld/policies/astraeus.xml
    content: "{{ lookup('ansible.builtin.template', 'astraeus.xml.j2') }}"
"""
RETURN = """
msg: {description: What was or would be done., type: str, returned: changed}
"""


def wanted_rules(content: str) -> list[str]:
    """The policy's rules as `firewall-cmd --list-rich-rules` prints them, sorted."""
    rules = []
    for rule in ET.fromstring(content).iter("rule") if content else ():  # noqa: S314 - our own template
        parts = [f'rule priority="{rule.get("priority")}"']
        if rule.get("family"):
            parts.append(f'family="{rule.get("family")}"')
        parts += [f'source address="{source.get("address")}"' for source in rule.iter("source")]
        parts += [
            f'port port="{port.get("port")}" protocol="{port.get("protocol")}"' for port in rule.iter("port")
        ]
        parts.append("accept" if rule.find("accept") is not None else "drop")
        rules.append(" ".join(parts))
    return sorted(rules)


def live_rules(module: AnsibleModule, client: str, name: str) -> list[str]:
    """The running policy's rules, sorted; none where there is no such policy."""
    _, out, _ = module.run_command([client, "--get-policies"], check_rc=True)
    if name not in out.split():
        return []
    _, out, _ = module.run_command([client, "--policy", name, "--list-rich-rules"], check_rc=True)
    return sorted(re.sub(r"\s+", " ", line).strip() for line in out.splitlines() if line.strip())


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "file": {"type": "path", "required": True},
            "content": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    name, content = module.params["name"], module.params["content"]
    client = module.get_bin_path("firewall-cmd")
    state = module.run_command([client, "--state"])[1].strip() if client else ""
    if state != "running":
        if not content:
            module.exit_json(changed=False)
        module.fail_json(
            msg="firewalld does not run, so its policy guards nothing. Start it, then run again."
        )

    wanted, live = wanted_rules(content), live_rules(module, client, name)
    if wanted == live:
        module.exit_json(changed=False)
    if not module.check_mode:
        if content and not Path(module.params["file"]).exists():
            module.fail_json(msg=f"{module.params['file']} is missing")
        module.run_command([client, "--reload"], check_rc=True)
        if live_rules(module, client, name) != wanted:
            module.fail_json(msg=f"firewalld was reloaded, but runs other rules than {module.params['file']}")
    module.exit_json(
        changed=True,
        msg="firewalld is reloaded",
        diff={"before": "\n".join(live) + "\n", "after": "\n".join(wanted) + "\n"},
    )


if __name__ == "__main__":
    main()
