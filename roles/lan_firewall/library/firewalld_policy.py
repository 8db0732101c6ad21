#!/usr/bin/python3
"""Make firewalld's running policy equal to its file; reload it only where it has no such policy yet."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: firewalld_policy
short_description: Make firewalld's running policy equal to its file
description:
  - Rules of a policy that runs are changed as it runs. A new policy exists only after a reload, which keeps
    established connections.
  - A reload drops what was only said to the running firewalld; where there is such a thing, it is refused.
options:
  name: {description: The policy., type: str, required: true}
  file: {description: Its file on the host., type: path, required: true}
  content: {description: What stands, or will stand, in it; empty for no policy., type: str, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: Says that rules would be changed.}
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


def live_rules(module: AnsibleModule, client: str, name: str) -> list[str] | None:
    """The running policy's rules, sorted; None where there is no such policy."""
    _, out, _ = module.run_command([client, "--get-policies"], check_rc=True)
    if name not in out.split():
        return None
    _, out, _ = module.run_command([client, "--policy", name, "--list-rich-rules"], check_rc=True)
    return sorted(re.sub(r"\s+", " ", line).strip() for line in out.splitlines() if line.strip())


def change(module: AnsibleModule, client: str, name: str, live: list[str], wanted: list[str]) -> None:
    """Change the running policy: what is missing comes before what is too much goes."""
    for verb, rules in (("add", set(wanted) - set(live)), ("remove", set(live) - set(wanted))):
        for rule in sorted(rules):
            module.run_command([client, "--policy", name, f"--{verb}-rich-rule={rule}"], check_rc=True)


def reload(module: AnsibleModule, client: str, name: str) -> None:
    """Have firewalld read the policy, unless that would cost the host other rules."""
    lost = only_running(module, client, name)
    if lost:
        module.fail_json(
            msg="firewalld must be reloaded, and would forget what only its running part knows: "
            f"{'; '.join(lost)}. It was not reloaded. Keep that with `firewall-cmd --runtime-to-permanent`, "
            "or drop it with `firewall-cmd --reload`, then run again."
        )
    if not module.check_mode:
        module.run_command([client, "--reload"], check_rc=True)


def rules_of(listing: str) -> set[tuple[str, str]]:
    """Each setting of a listing with its zone or policy; interfaces are bound only while it runs."""
    found, name = set(), ""
    for line in listing.splitlines():
        head, *rest = line.split() or [""]
        if line[:1].isspace():
            if head != "interfaces:":
                found.add((name, " ".join([head, *sorted(rest)])))
        elif not rest or rest[0].startswith("("):
            name = head
            found.add((name, "is there"))
        else:
            found.add(("direct rule", line))
    return found - {("", "is there")}


def only_running(module: AnsibleModule, client: str, name: str) -> list[str]:
    """What firewalld runs with and a reload would take away, one line for each setting."""
    lost = []
    for what in (["--list-all-zones"], ["--list-all-policies"], ["--direct", "--get-all-rules"]):
        _, running, _ = module.run_command([client, *what], check_rc=True)
        _, permanent, _ = module.run_command([client, "--permanent", *what], check_rc=True)
        lost += sorted(rules_of(running) - rules_of(permanent))
    return [f"{owner}: {line}" for owner, line in lost if owner != name]


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
    if wanted == (live or []):
        module.exit_json(changed=False)
    if not module.check_mode and content and not Path(module.params["file"]).exists():
        module.fail_json(msg=f"{module.params['file']} is missing")
    if live is None:
        reload(module, client, name)
    elif not module.check_mode:
        change(module, client, name, live, wanted)
    if not module.check_mode and (live_rules(module, client, name) or []) != wanted:
        module.fail_json(msg=f"firewalld was told, but runs other rules than {module.params['file']}")
    module.exit_json(
        changed=True,
        msg="firewalld is reloaded" if live is None else "the running policy is changed",
        diff={"before": "\n".join(live or []) + "\n", "after": "\n".join(wanted) + "\n"},
    )


if __name__ == "__main__":
    main()
